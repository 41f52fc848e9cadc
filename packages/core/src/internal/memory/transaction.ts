/**
 * Transactions: steps of several spaces, and the user's own STM, as one.
 *
 * The state of each space is reached through a `TRef` of a savepoint, so a branch that STM rolls back is rolled back in
 * the space too. A transaction is never parked (a parked one commits even when its second run fails, and eats what it
 * took): one that cannot go on fails with nothing committed, after registering an interest in what it missed, and its
 * fiber waits for that outside STM.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import { SpaceError } from "../../SpaceError.js"
import type { Transaction } from "../../Transaction.js"
import { unsupported } from "../arguments.js"
import type { Pattern } from "../pattern/pattern.js"
import { absentIn, presentIn, shownBoth } from "../pattern/query.js"
import type { Asked } from "../queries.js"
import type { AnyFiber } from "../runtime.js"
import { withFiber } from "../runtime.js"
import { currentParking, Parking } from "../stm/parking.js"
import * as Running from "../stm/run.js"
import type { End, Late, Limit } from "../timeout.js"
import { endOf } from "../timeout.js"
import type { Memory } from "./engine.js"
import type { Interest, Served } from "./interest.js"
import { shelfOf } from "./interest.js"
import type { Savepoint } from "./log.js"
import type { Miss, Shortage, Store } from "./store.js"
import { CLOSED, isMiss, MISS, shortageOf } from "./store.js"
import { interestOf, suspended } from "./wait.js"

/** One run of a transaction. */
export class Run extends Running.Run {
  readonly on = "memory"
  readonly spaces = new Set<Memory>()
  /** What it looked for in vain: patterns, or room. */
  readonly missed = new Map<Store, Misses>()

  /** The places that it holds among those who wait, if it has waited before. */
  constructor(readonly places: ReadonlyMap<Store, number>) {
    super()
  }
}

/** What a run looked for in vain in one space. */
interface Misses {
  /** What was not there. */
  readonly patterns: Array<Pattern>
  /** What there was that must not be. */
  readonly absent: Array<Pattern>
  shortage: Shortage | undefined
}

/** Why a step of a transaction could not be done. */
type Missed = Asked | "room"

/** Not by its class: copies of the library have one each. */
const isInMemory = (run: Running.Run): run is Run => run.on === "memory"

/** The run that a step in memory is part of. */
const running = (name: string): Run => {
  const run = Running.running(name)
  if (!isInMemory(run)) {
    throw unsupported("a transaction of a space on a store is of that space alone: another has a part in it")
  }
  return run
}

/** Applies a step of a space within the transaction that is under way. One that misses makes the transaction wait. */
export const step = <A>(
  memory: Memory,
  missed: Missed,
  f: (store: Store, place?: number) => A | Miss,
  /** The operation that it is. */
  name = "out"
): STM.STM<A, never, Transaction> =>
  STM.flatMap(
    TRef.modify(memory.ref, (savepoint) => {
      const { isAsking: isCondition, missed: allMissed, places, spaces } = running(name)
      const isFirst = !spaces.has(memory)
      spaces.add(memory)
      const stepped = memory.store.runIn(savepoint, isFirst, () => f(memory.store, places.get(memory.store)))
      // What a condition misses is waited for with the rest of the condition.
      if (isMiss(stepped[0]) && !isCondition) {
        const misses = allMissed.get(memory.store) ?? { patterns: [], absent: [], shortage: undefined }
        allMissed.set(memory.store, misses)
        if (missed === "room") {
          misses.shortage = shortageOf(stepped[0])
        } else {
          misses.patterns.push(...presentIn(missed))
          misses.absent.push(...absentIn(missed))
        }
      }
      return stepped
    }),
    (result) => isMiss(result) ? STM.retry : STM.succeed(result as A)
  ) as STM.STM<A, never, Transaction>

/**
 * A step that only looks, which a condition may do as well: also when it is read to be parked, where there is no
 * transaction under way.
 */
export const look = <A>(
  memory: Memory,
  query: Asked,
  f: (store: Store) => A | MISS,
  name: string
): STM.STM<A, never, Transaction> =>
  STM.suspend(() => {
    const parking = currentParking()
    return parking === undefined ? step(memory, query, f, name) : lookParked(parking, memory.store, query, f)
  })

/** A look of a condition that is parked at a space: the next change on a shelf that it looks at wakes. */
const lookParked = <A>(
  parking: Parking,
  store: Store,
  { patterns }: Asked,
  f: (store: Store) => A | MISS
): STM.STM<A> => {
  if (store.closed) {
    return STM.interrupt
  }
  const read = patterns.map((pattern) => {
    parking.looksAt(store, pattern)
    const shelf = shelfOf(pattern)
    return shelf < 0 ? store.editions.readAll : store.editions.read(shelf)
  })
  return STM.flatMap(STM.forEach(read, identity, { discard: true }), () => {
    const seen = store.look(() => f(store))
    return seen === MISS ? STM.retry : STM.succeed(seen)
  })
}

/** The failure of a run that has to wait. */
class Waiting {
  readonly _tag = "@effect-linda/core/Waiting"
  constructor(readonly interests: ReadonlyArray<Enlistment>, readonly parking: Parking | undefined) {}
}

interface Enlistment {
  readonly store: Store
  readonly interest: Interest
}

/** Runs the transaction once: it commits, or fails and leaves nothing. `onMiss` is for a run that has to wait. */
const runOnce = <A, E, R>(
  stm: STM.STM<A, E, R>,
  places: ReadonlyMap<Store, number>,
  after: () => void,
  onMiss?: (run: Run) => Waiting
): Effect.Effect<A, E | Waiting, R> =>
  Effect.suspend(() => {
    const run = new Run(places)
    let isOver = false
    const attempt = STM.flatMap(
      STM.suspend((): STM.STM<A, E | Waiting, R> => {
        if (isOver) {
          return STM.fail(vain)
        }
        Running.runNow(run)
        return stm
      }),
      (value) => finish(run, value, after)
    )
    return Effect.catchAllCause(
      STM.commit(
        onMiss === undefined
          // It is run once more if it retries, and fails then. To fail at once would wake all who wait for what it has
          // read (F21).
          ? STM.orTry(attempt, () =>
            STM.suspend(() => {
              Running.runNow(undefined)
              isOver = true
              return STM.retry
            }))
          : Running.orMissing(attempt, () => {
            Running.runNow(undefined)
            return onMiss(run)
          })
      ),
      (cause) => {
        Running.runNow(undefined)
        return cause._tag === "Die" && cause.defect === CLOSED ? Effect.interrupt : Effect.failCause(cause)
      }
    )
  })

/**
 * The last steps of a transaction that has succeeded: what each space has reached becomes final, of all in the last of
 * them.
 */
const finish = <A>(run: Run, value: A, after: () => void): STM.STM<A> => {
  const reached: Array<readonly [Store, Savepoint]> = []
  const end = (): A => {
    Running.runNow(undefined)
    for (const [store, savepoint] of reached) {
      store.commit(savepoint)
    }
    after()
    return value
  }
  let stm: STM.STM<A> | undefined
  for (const { ref, store } of run.spaces) {
    const reach = TRef.modify(ref, (savepoint) => {
      store.log.rewind(savepoint)
      reached.push([store, savepoint])
      return [reached.length === run.spaces.size ? end() : value, savepoint]
    })
    stm = stm === undefined ? reach : STM.zipRight(stm, reach)
  }
  return stm ?? STM.sync(end)
}

const isWaiting = (cause: Cause.Cause<unknown>): boolean => cause._tag === "Fail" && cause.error instanceof Waiting

/** Runs the transaction, and what is to follow if it has to wait. */
const runOr = <A, E, R>(
  stm: STM.STM<A, E, R>,
  orWait: () => Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Transaction>> =>
  Effect.catchAllCause(
    runOnce(stm, new Map(), nothing),
    (cause) => isWaiting(cause) ? orWait() : Effect.failCause(cause as Cause.Cause<E>)
  ) as Effect.Effect<A, E, Exclude<R, Transaction>>

/** S10. */
export const transact = <A, E, R>(stm: STM.STM<A, E, R>) => runOr(stm, () => waiting(stm))

/** A transaction that waits for tuples or room of one space, and no longer than so, by the clock of that. */
export const transactWithin = <A, E, R>(
  { store }: Memory,
  stm: STM.STM<A, E, R>,
  limit: Limit
) =>
  runOr<A, E | Late, R>(
    stm,
    () => limit.timeout > 0 ? waiting(stm, endOf(limit, store.now())) : Effect.fail(limit.late())
  )

const nothing = (): void => {}

/** A first run that misses. The next looks at what it misses. */
const vain = new Waiting([], undefined)

/** Runs the transaction again and again, waiting in between for what it missed. */
const waiting = <A, E, R>(stm: STM.STM<A, E, R>, end?: End): Effect.Effect<A, E, R> =>
  withFiber((fiber) =>
    Effect.uninterruptibleMask((restore) => {
      // It keeps its place among those who wait, however often it waits.
      const places = new Map<Store, number>()
      const again = (offered: ReadonlyArray<Enlistment>): Effect.Effect<A, E, R> => {
        const passOn = (again: ReadonlyArray<Enlistment> = []) => {
          for (const { interest, store } of offered) {
            if (!store.closed) {
              const stays = again.some((one) => one.store === store && one.interest.table === "puts")
              store.run(() => store.passOn(interest, !stays))
            }
          }
        }
        return Effect.catchAllCause(
          runOnce(
            stm,
            places,
            passOn,
            (run) => {
              const parking = park(run, fiber)
              try {
                const interests = enlist(run, fiber, places, end)
                passOn(interests)
                return new Waiting(interests, parking)
              } catch (error) {
                parking?.end()
                throw error
              }
            }
          ),
          (cause) => {
            if (cause._tag === "Fail" && cause.error instanceof Waiting) {
              return wait(cause.error)
            }
            passOn()
            return Effect.failCause(cause as Cause.Cause<E>)
          }
        )
      }
      const wait = ({ interests: enlisted, parking }: Waiting): Effect.Effect<A, E, R> => {
        if (enlisted.length === 0 && parking === undefined) {
          return Running.vainRetry
        }
        return Effect.matchCauseEffect(
          restore(suspended(
            () => enlisted.forEach(({ store }) => store.rollBack()),
            enlisted.map((one) => one.interest),
            parking
          )),
          {
            onFailure: (cause) => {
              parking?.end()
              for (const { interest, store } of enlisted) {
                store.abandon(interest)
              }
              return Effect.failCause(cause)
            },
            onSuccess: () => {
              parking?.end()
              const offered = enlisted.filter(({ interest }) => interest.state === "delivered")
              for (const { interest, store } of enlisted) {
                if (interest.state === "waiting") {
                  store.abandon(interest)
                }
              }
              return again(offered)
            }
          }
        )
      }
      return again([])
    })
  )

/** Parks what a run has asked for in vain, in the step in which it ends and before anything else happens. */
const park = (run: Run, fiber: AnyFiber): Parking | undefined =>
  run.conditions.length === 0
    ? undefined
    : new Parking(run.conditions, run, Array.from(run.spaces, ({ store }) => store), fiber)

/** Registers an interest in all that a run missed. The first that is served wakes the fiber; the others then pass. */
const enlist = (
  run: Run,
  fiber: AnyFiber,
  places: Map<Store, number>,
  end: End | undefined
): ReadonlyArray<Enlistment> => {
  const wait = { woken: false }
  const enlisted: Array<Enlistment> = []
  const enter = (
    store: Store,
    patterns: ReadonlyArray<Pattern>,
    absent: ReadonlyArray<Pattern>,
    shortage?: Shortage
  ) => {
    const place = places.get(store) ?? store.nextInterest()
    places.set(store, place)
    const { vacancies } = store
    const interest = interestOf(
      store,
      {
        kind: "transact",
        table: shortage === undefined ? "takers" : "puts",
        patterns,
        absent,
        shown: shownBoth(patterns, absent),
        timeout: Infinity,
        // Room: worth another look once something has changed since none was found. Being woken does not mean being
        // served.
        attempt: () => store.vacancies > vacancies ? anotherLook : MISS,
        offer: () => anotherLook
      },
      fiber,
      place
    )
    interest.wait = wait
    interest.needs = shortage ?? "room"
    if (end !== undefined && end.at < Infinity) {
      store.timeoutAt(interest, end.at, end.late)
    }
    store.run(() => store.register(interest))
    enlisted.push({ store, interest })
  }
  for (const [store, { absent, patterns, shortage }] of run.missed) {
    // What the run has done has to be undone first: it does not count.
    store.rollBack()
    if (patterns.length > 0 || absent.length > 0) {
      enter(store, patterns, absent)
    }
    if (shortage !== undefined) {
      if (shortage === "room" && store.count === 0 && !store.puts.isAwaited(places.get(store) ?? Infinity)) {
        throw tooLarge(store.options.capacity)
      }
      enter(store, [], [], shortage)
    }
  }
  return enlisted
}

/** What a transaction that waits takes: it has nothing until it has run again. */
const anotherLook: Served = { entries: [], value: undefined }

/** For a transaction that misses room in an empty space. */
const tooLarge = (capacity: number): SpaceError =>
  new SpaceError({
    reason: "InvalidOption",
    message: `a transaction puts more tuples than ever fit in a space with capacity ${capacity}`
  })
