/**
 * Transactions of STM on a space that is made of a store: what is stored is read inside a transaction of the store, the
 * STM decides in memory, and what it has decided is written as one batch.
 *
 * An STM is synchronous, and a store answers later. So the STM runs on *facts*, what the store has said so far, and on
 * what the run itself has taken and put, which is in a `TRef` and so rolls back wherever STM does. A run that asks for
 * what is not known yet comes to nothing: the fact is fetched, and the STM runs again. No run is in the middle of
 * anything when the store is asked, and nothing of STM is committed but by the last of them.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import { SpaceError } from "../../SpaceError.js"
import type { Command, NewRow, Query, Row } from "../../SpaceStore.js"
import type { Transaction } from "../../Transaction.js"
import type { Tuple } from "../../Tuple.js"
import { unsupported } from "../arguments.js"
import { isSpaceError } from "../brand.js"
import type { Restore } from "../handOver.js"
import type { Pattern } from "../pattern/pattern.js"
import type { AnyFiber } from "../runtime.js"
import { withFiber } from "../runtime.js"
import type { Party } from "../stm/operations.js"
import { currentParking, Parking } from "../stm/parking.js"
import * as Running from "../stm/run.js"
import type { Verbs } from "../verbs.js"
import type { Missed } from "./access.js"
import { Retry, transaction, transactionOf } from "./access.js"
import type { Held, Seen } from "./facts.js"
import { Facts } from "./facts.js"
import { attempted } from "./finding.js"
import type { Ground } from "./ground.js"
import { matches } from "./interpreter.js"
import { encodeTuple } from "./query.js"
import { isRead } from "./reader.js"
import type { Session } from "./session.js"
import { settling } from "./session.js"

/** Something that a run has done. */
type Act = { readonly took: Seen } | { readonly put: Seen; readonly row: () => NewRow }

/** What a run has done, which never changes: STM goes back to an earlier one where it rolls back. */
interface Done {
  readonly acts: ReadonlyArray<Act>
  readonly taken: HashSet.HashSet<number>
}

const nothingDone: Done = { acts: [], taken: HashSet.empty() }

/** The run of a transaction of a store. */
class Run extends Running.Run {
  /** What it looked for in vain. */
  readonly missed = new Set<Pattern>()
  /** What its conditions look at in the space, if they do not hold. */
  readonly watched = new Set<Pattern>()
  isUsed = false

  constructor(readonly on: Session, readonly facts: Facts, readonly done: TRef.TRef<Done>) {
    super()
    facts.begin()
  }
}

/** There is no such tuple; or it is not known. */
const miss = Symbol()

/** What cannot be decoded, and should be taken. It is a defect of the STM, so that no branch of it goes on. */
class Unread {
  constructor(readonly id: number, readonly error: SpaceError) {}
}

/** What a run comes to that has been done. */
interface Decision<A> {
  readonly value: A
  readonly done: Done
}

export const transactions = (
  ground: Ground
): { readonly party: Party; readonly transact: Verbs<SpaceError>["transact"] } => {
  const { reader, session } = ground

  /** Not by its class: copies of the library have one each. */
  const isOwn = (run: Running.Run): run is Run => run.on === session

  /** The run that a step on this space is part of. */
  const running = (name: string): Run => {
    const run = Running.running(name)
    if (!isOwn(run)) {
      throw unsupported(
        `Transaction.${name} on the space "${session.store.name}", which is made of a store: a transaction of such a ` +
          "space is by its own transact, and of that space alone"
      )
    }
    run.isUsed = true
    return run
  }

  const read = (row: Row) => reader.read(row)

  /** Whether a pattern asks for a tuple; one that cannot be decoded, by types and literals alone. */
  const suits = (pattern: Pattern, [query, exact]: readonly [Query, boolean]) => ({ reading, row }: Seen): boolean =>
    matches(query, row) && (isRead(reading) ? pattern.matches(reading) : exact)

  /** What the run has put and not taken. */
  const own = ({ acts, taken }: Done): ReadonlyArray<Seen> =>
    acts.flatMap((act) => "put" in act && !HashSet.has(taken, act.put.id) ? [act.put] : [])

  /** The oldest that matches: what the run has put is younger than all that is stored. */
  const find = ({ facts }: Run, done: Done, pattern: Pattern): Seen | typeof miss => {
    const asked = reader.query(pattern)
    const [query, exact] = asked
    const rows = facts.rows(query, read, exact ? few : many)
    const isWanted = suits(pattern, asked)
    const stored = rows.seen.find((seen) => !HashSet.has(done.taken, seen.id) && isWanted(seen))
    if (stored === undefined && !rows.isWhole) {
      facts.lack(rows)
      return miss
    }
    return stored ?? own(done).find(isWanted) ?? miss
  }

  const count = ({ facts }: Run, done: Done, pattern: Pattern): number | typeof miss => {
    const asked = reader.query(pattern)
    const [query, exact] = asked
    const isWanted = suits(pattern, asked)
    const more = own(done).filter(isWanted).length
    if (!exact) {
      const rows = facts.rows(query, read, many)
      if (!rows.isWhole) {
        facts.lack(rows)
        return miss
      }
      return rows.seen.filter((seen) => !HashSet.has(done.taken, seen.id) && isWanted(seen)).length + more
    }
    const stored = facts.count(query)
    if (stored.value === undefined) {
      facts.lack(stored)
      return miss
    }
    const fewer = done.acts.filter((act) => "took" in act && act.took.id > 0 && isWanted(act.took)).length
    return stored.value - fewer + more
  }

  /** Applies a step within the transaction that is under way. One that misses is waited for if it is `awaited`. */
  const step = <A>(
    name: keyof Party,
    f: (run: Run, done: Done) => readonly [A | typeof miss, Done],
    awaited?: Pattern
  ): STM.STM<A, never, Transaction> =>
    STM.flatMap(
      STM.suspend(() => {
        const run = running(name)
        return TRef.modify(run.done, (done) => {
          const stepped = f(run, done)
          if (stepped[0] === miss && awaited !== undefined && !run.isAsking) {
            run.missed.add(awaited)
          }
          return stepped
        })
      }),
      (result) => result === miss ? STM.retry : STM.succeed(result as A)
    )

  /** A step that only looks, which a condition may do as well, also when it is read to be parked. */
  const look = <A>(
    name: keyof Party,
    pattern: Pattern,
    f: (run: Run, done: Done) => A | typeof miss,
    isAwaited: boolean
  ): STM.STM<A, never, Transaction> =>
    STM.suspend(() => {
      const run = currentParking()?.run
      if (run === undefined) {
        return step(name, (run, done) => [f(run, done), done], isAwaited ? pattern : undefined)
      }
      if (!isOwn(run)) {
        return STM.retry
      }
      run.isUsed = true
      run.watched.add(pattern)
      const seen = f(run, nothingDone)
      return seen === miss ? STM.retry : STM.succeed(seen)
    })

  const tupleOf = ({ reading }: Seen): Tuple => {
    if (!isRead(reading)) {
      throw reading
    }
    return reading
  }

  const taking = (run: Run, done: Done, pattern: Pattern): readonly [Tuple | typeof miss, Done] => {
    const found = find(run, done, pattern)
    if (found === miss) {
      return [miss, done]
    }
    if (!isRead(found.reading)) {
      throw new Unread(found.id, found.reading)
    }
    if (found.row.expires !== null) {
      const held = run.facts.hold(found.id, () => session.nextId())
      if (held.state !== "held") {
        run.facts.lack(held)
        return [miss, done]
      }
    }
    return [
      found.reading,
      { acts: [...done.acts, { took: found }], taken: HashSet.add(done.taken, found.id) }
    ]
  }

  const reading = (run: Run, done: Done, pattern: Pattern): Tuple | typeof miss => {
    const found = find(run, done, pattern)
    return found === miss ? miss : tupleOf(found)
  }

  /** Nothing, if there is no such tuple; a miss, if that is not known. */
  const orNone = (run: Run, found: Tuple | typeof miss): Option.Option<Tuple> | typeof miss =>
    found !== miss ? Option.some(found) : run.facts.isLacking ? miss : Option.none()

  const party: Party = {
    in: (pattern) => step("in", (run, done) => taking(run, done, pattern), pattern),
    rd: (pattern) => look("rd", pattern, (run, done) => reading(run, done, pattern), true),
    inp: (pattern) =>
      step("inp", (run, done) => {
        const [found, next] = taking(run, done, pattern)
        return [orNone(run, found), next]
      }),
    rdp: (pattern) => look("rdp", pattern, (run, done) => orNone(run, reading(run, done, pattern)), false),
    count: (pattern) => look("count", pattern, (run, done) => count(run, done, pattern), false),
    out: (tuple) =>
      step("out", (_, done) => {
        const row = ground.prepared(tuple)
        const id = -done.acts.length - 1
        // As whoever takes it will have it.
        const encoded = encodeTuple(reader.values, tuple)
        const stored = { ...encoded, id, expires: null, lease: null, meta: null, attempts: 0 }
        return [undefined, {
          acts: [...done.acts, { put: { id, row: stored, reading: reader.read(stored) }, row }],
          taken: done.taken
        }]
      })
  }

  /** Runs the STM once on these facts. It commits what it has decided; or nothing, and says why. */
  const decide = <A, E, R>(
    stm: STM.STM<A, E, R>,
    facts: Facts,
    parked: Array<Parking>,
    waiter: AnyFiber
  ): Effect.Effect<Decision<A> | Missed | "lacks", E | SpaceError, R> =>
    Effect.suspend(() => {
      let run: Run | undefined
      const attempt = STM.flatMap(TRef.make(nothingDone), (done) =>
        STM.flatMap(
          STM.catchAll(
            STM.suspend(() => {
              Running.runNow(run = new Run(session, facts, done))
              return stm
            }),
            // What it has concluded from what is not known does not count.
            (error) => facts.isLacking ? STM.retry : STM.fail(error)
          ),
          (value): STM.STM<Decision<A>> =>
            facts.isLacking ? STM.retry : STM.map(TRef.get(done), (done) => {
              Running.runNow(undefined)
              return { value, done }
            })
        ))
      const ended = Running.orMissing(attempt, (): Came => {
        Running.runNow(undefined)
        return new Came(facts.isLacking ? "lacks" : missedBy(run!, parked, waiter))
      })
      return Effect.catchAllCause(
        STM.commit(ended),
        (cause): Effect.Effect<Missed | "lacks", E> => {
          Running.runNow(undefined)
          return cause._tag === "Fail" && cause.error instanceof Came
            ? Effect.succeed(cause.error.to)
            : facts.isLacking
            ? Effect.succeed("lacks" as const)
            : Effect.failCause(cause as Cause.Cause<E>)
        }
      )
    })

  /** What a run has missed, and is parked on from now on. Reading that may show that facts are lacking. */
  const missedBy = (run: Run, parked: Array<Parking>, waiter: AnyFiber): Missed | "lacks" => {
    const { conditions, facts, missed, watched } = run
    const parking = conditions.length === 0 ? undefined : new Parking(conditions, run, [], waiter)
    if (parking !== undefined) {
      parked.push(parking)
    }
    return facts.isLacking ? "lacks" : {
      ...asked(missed),
      watched: run.isUsed ? asked(watched) : undefined,
      parking,
      concerns: (row) => {
        const reading = reader.read(row)
        return !isRead(reading) || [...missed, ...watched].some((pattern) => mayMatch(pattern, reading))
      }
    }
  }

  const asked = (patterns: ReadonlySet<Pattern>) => ({
    patterns: Array.from(patterns),
    queries: Array.from(patterns, (pattern) => reader.query(pattern)[0])
  })

  /** What has been decided, in the order in which it was: others see the events in this order. */
  const commandsOf = ({ acts, taken }: Done, facts: Facts): ReadonlyArray<Command> => {
    const gone = new Set<Held>()
    const commands = acts.flatMap((act): ReadonlyArray<Command> => {
      if ("put" in act) {
        return HashSet.has(taken, act.put.id) ? [] : [{ op: "put", rows: [act.row()] }]
      }
      const held = facts.holdOf(act.took.id)
      if (held !== undefined) {
        gone.add(held)
        return [{ op: "settle", holds: [held.hold], how: "gone", failed: false, accepted: {}, put: [] }]
      }
      return act.took.id < 0
        ? []
        : [{ op: "claim", hold: session.nextId(), ids: [act.took.id], waiter: null, final: true }]
    })
    return [...released(facts.held.filter((held) => !gone.has(held))), ...commands]
  }

  /** Gives back what was held and is not taken after all. */
  const released = (held: ReadonlyArray<Held>): ReadonlyArray<Command> =>
    held.filter(({ state }) => state === "held").map(({ hold }) => settling(hold))

  const transact: Verbs<SpaceError>["transact"] = <A, E, R>(stm: STM.STM<A, E, R>) => {
    /** Decided by STM, and so for good. The store may have to begin anew, and the STM may not. */
    let decided: Decision<A> | undefined
    let last: Facts | undefined
    const body = (restore: Restore): Effect.Effect<A, E | SpaceError, R> =>
      withFiber((fiber) => {
        const { afterwards, parked, run } = transactionOf(fiber, session)!
        let facts = last = new Facts(decided === undefined ? last : undefined)
        const write = ({ done, value }: Decision<A>): Effect.Effect<A, SpaceError> => {
          const commands = commandsOf(done, facts)
          return commands.length === 0 ? Effect.succeed(value) : Effect.flatMap(
            run(commands),
            ({ replies }) => replies.includes(null) ? Effect.fail(tooLate) : Effect.succeed(value)
          )
        }
        const release = Effect.suspend(() => {
          const commands = released(facts.held)
          return commands.length === 0 ? Effect.void : run(commands)
        })
        const again = Effect.suspend(() => {
          facts = last = new Facts(facts)
          return go
        })
        const go: Effect.Effect<A, E | SpaceError, R> = Effect.flatMap(
          Effect.suspend(() => restore(facts.fetch(run))),
          () =>
            facts.isStale ? Effect.zipRight(release, again) : Effect.flatMap(
              decide(stm, facts, parked, fiber),
              (came): Effect.Effect<A, E | SpaceError, R> => {
                if (came === "lacks") {
                  return go
                }
                if ("value" in came) {
                  return write(decided = came)
                }
                return came.patterns.length === 0 && came.parking === undefined
                  ? Running.vainRetry
                  : Effect.die(new Retry(came))
              }
            )
        )
        // As a part of another transaction it may fail, and that may go on.
        const done = decided === undefined ? Effect.tapErrorCause(go, () => Effect.ignore(release)) : write(decided)
        return Effect.catchAllDefect(done, (defect) =>
          defect instanceof Unread
            ? Effect.zipRight(
              defect.id > 0 ? afterwards(attempted(session, [defect.id])) : Effect.void,
              Effect.fail(defect.error)
            )
            : Effect.die(defect))
      })
    return Effect.catchAllDefect(
      transaction(session, body),
      // What is a defect of the STM, which has no errors of the library's, is a failure of the operation.
      (defect) => isSpaceError(defect) ? Effect.fail(defect) : Effect.die(defect)
    ) as Effect.Effect<A, E | SpaceError, Exclude<R, Transaction>>
  }

  return { party, transact: (stm) => Effect.suspend(() => transact(stm)) }
}

/** How a run that comes to nothing goes on. */
class Came {
  constructor(readonly to: Missed | "lacks") {}
}

/** A pattern whose code throws ends its transaction, when that has looked. */
const mayMatch = (pattern: Pattern, tuple: Tuple): boolean => {
  try {
    return pattern.matches(tuple)
  } catch {
    return true
  }
}

const tooLate = new SpaceError({
  reason: "Unavailable",
  message:
    "the store has had to begin a transaction anew after its STM had been committed, and tuples are gone that it took"
})

/** How many rows are asked for at first: by a query that says all, and by one that finds too much. */
const few = 8
const many = 256
