/**
 * What programs do in the storm: each way is done again and again until the round is over, and written down where it is
 * to be checked. `checks.ts` says what has to be true then.
 */
import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { Pattern as P, SpaceStore, Transaction } from "@effect-linda/core"
import { Cause, Effect, Exit, Option, Scope, STM, Stream } from "effect"
import type { Chance } from "./chance.js"
import type { Log } from "./log.js"
import { now, Unlucky } from "./log.js"
import * as Windows from "./windows.js"

export type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

/** How many accounts there are, and what is in each at first. */
export const accounts = 8
export const balance = 100

/** What is in the space when a round begins. */
export const provisions: ReadonlyArray<Tuple.Tuple> = [
  ["lock"],
  ...Array.from({ length: accounts }, (_, account): Tuple.Tuple => ["account", account, balance])
]

/** The serial number of the tuple that ends subscriptions: the last of all. */
export const last = -1
/** The number of tuples that only end a wait. */
export const nothing = 0

/** What a program knows, in one run of it. */
export interface Run {
  readonly space: Space
  /** Whether the space is on a store: a space in memory has no transactions but those of `STM`. */
  readonly isStored: boolean
  readonly chance: Chance
  readonly log: Log
  /** A number that nobody else has, in the whole storm. */
  readonly unique: () => number
  /**
   * Whether its process may be killed. Then it does not take for good with a timeout: what the store does for one that
   * is too late goes back when it comes, and so does not if the program is dead by then.
   */
  readonly mayDie: boolean
  /** Whose queue it fills, and whose it empties, being the only one. */
  readonly own: number
  readonly neighbour: number
  /** Who waits for an answer. */
  readonly calls: Set<number>
  isOver: boolean
}

type Way = (run: Run) => Effect.Effect<unknown, unknown>

/** What some do some of the time, so that others may. */
const pause = ({ chance }: Run, most: number): Effect.Effect<void> =>
  Effect.suspend(() => Effect.sleep(chance.between(0, most)))

/** The end of a scope dies with what a use would have failed with. */
const orLapsed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, unknown, R> =>
  Effect.catchAllDefect(effect, (defect) => Effect.fail(defect))

/** Again and again, whatever becomes of it. */
const forever = (run: Run, way: Way, most = 20): Effect.Effect<void> =>
  Effect.whileLoop({
    while: () => !run.isOver,
    body: () =>
      Effect.zipRight(
        Effect.catchAllCause(Effect.suspend(() => way(run)), (cause) =>
          // what it has failed with is written down already
          Cause.isInterrupted(cause) ? Effect.interrupt : Effect.sleep(most)),
        pause(run, most)
      ),
    step: () => {}
  })

// ---------------------------------------------------------------------------------------------------------------------
// Conservation
// ---------------------------------------------------------------------------------------------------------------------

const kinds = ["moved", "used", "taken"] as const

/** Puts some numbers. */
const put: Way = ({ chance, log, space, unique }) => {
  const kind = chance.oneOf(kinds)
  const ids = Array.from({ length: chance.happens(0.2) ? 3 : 1 }, unique)
  const tuples = ids.map((id) => [kind, id] as const)
  return log.noted("put", [kind, ids], ids.length > 1 ? space.outAll(tuples) : space.out(tuples[0]!))
}

const done = (kind: string, id: number) => [kind, id, "done"] as const

/** Exactly once, by `STM`. */
const moveBySTM: Way = ({ log, space }) =>
  log.noted(
    "move",
    "STM",
    space.transact(STM.flatMap(
      Transaction.inp(space, ["moved", P.number]),
      Option.match({
        onNone: () => STM.succeed(0),
        onSome: ([kind, id]) => STM.as(Transaction.out(space, done(kind, id)), id)
      })
    )),
    (id) => id
  )

/** Exactly once, in one transaction of the store, which fails now and then when all is done but the end. */
const move: Way = ({ chance, log, space }) =>
  log.noted(
    "move",
    "transaction",
    SpaceStore.transaction(space)(Effect.gen(function*() {
      const [kind, id] = yield* space.in(["moved", P.number], { timeout: 0 })
      yield* Effect.yieldNow()
      yield* space.out(done(kind, id))
      return yield* chance.happens(0.1) ? Effect.fail(new Unlucky()) : Effect.succeed(id)
    })),
    (id) => id
  )

/** Exactly once: held while the work is done, and confirmed in one step with the result. */
const moveAndConfirm: Way = (run) =>
  run.log.noted(
    "move",
    "hold",
    Effect.acquireUseRelease(
      Scope.make(),
      (scope) =>
        Effect.gen(function*() {
          const { space } = run
          const [kind, id] = yield* Scope.extend(space.inScoped(["moved", P.number], { timeout: "50 millis" }), scope)
          yield* pause(run, 20)
          yield* orLapsed(
            SpaceStore.transaction(space)(Effect.zipRight(Scope.close(scope, Exit.void), space.out(done(kind, id))))
          )
          return id
        }),
      Scope.close
    ),
    (id) => id
  )

/** At least once: the result is there before the tuple is gone. */
const use: Way = (run) => {
  const { chance, log, space } = run
  const requeue = chance.oneOf(["place", "back"] as const)
  const isUnlucky = chance.happens(0.2)
  return log.noted(
    "use",
    requeue,
    space.inWith(
      ["used", P.number],
      ([kind, id]) =>
        Effect.zipRight(
          pause(run, 20),
          Effect.if(isUnlucky, {
            onTrue: () => Effect.fail(new Unlucky()),
            onFalse: () => space.out(done(kind, id))
          })
        ),
      { timeout: "100 millis", requeue }
    )
  )
}

const anyTaken = ["taken", P.number] as const

const numbers = (tuples: ReadonlyArray<readonly [string, number]>) => tuples.map(([, id]) => id)

/** At most once, without waiting. The subject is how many it may take. */
const takeNow: Way = ({ chance, log, space }) =>
  chance.oneOf([
    () => log.noted("take", 1, space.inp(anyTaken), (found) => numbers(Option.toArray(found))),
    () => log.noted("take", 3, space.inUpTo(anyTaken, 3), numbers)
  ])()

/** The same, waiting for a while or for ever. */
const take = (mayWait: boolean): Way => ({ chance, log, space }) => {
  const timeout = mayWait ? {} : { timeout: chance.between(0, 150) }
  const any = anyTaken
  return chance.oneOf([
    () => log.noted("take", 1, space.in(any, timeout), (tuple) => numbers([tuple])),
    () => log.noted("take", 2, space.inAll([any, any], timeout), numbers),
    () => log.noted("take", 1, space.in(["taken", (id: number) => id % 2 === 0], timeout), (tuple) => numbers([tuple])),
    () => log.noted("take", 1, space.inAny([["taken", 1], any], timeout), ({ tuple }) => numbers([tuple]))
  ])()
}

/** Nobody sees a tuple twice in one look. */
const look: Way = ({ log, space }) =>
  log.noted(
    "look",
    null,
    Effect.zipRight(space.count(["moved", P.rest(P.any)]), space.copyCollect(["taken", P.number])),
    (tuples) => tuples.map(([, id]) => id)
  )

/** From one account to another, in one step: some fail when they have begun. */
const transferBySTM: Way = ({ chance, log, space }) => {
  const [from, to, amount] = [chance.below(accounts), chance.below(accounts), chance.below(20)]
  return log.noted(
    "transfer",
    [from, to, amount],
    space.transact(STM.gen(function*() {
      const [, , has] = yield* Transaction.in(space, ["account", from, P.number])
      yield* Transaction.out(space, ["account", from, has - amount])
      if (has < amount) {
        return yield* STM.fail(new Unlucky())
      }
      const [, , had] = yield* Transaction.in(space, ["account", to, P.number])
      yield* Transaction.out(space, ["account", to, had + amount])
    }))
  )
}

const transfer: Way = ({ chance, log, space }) => {
  const [from, to, amount] = [chance.below(accounts), chance.below(accounts), chance.below(20)]
  return log.noted(
    "transfer",
    [from, to, amount],
    SpaceStore.transaction(space)(Effect.gen(function*() {
      const [, , has] = yield* space.in(["account", from, P.number])
      yield* space.out(["account", from, has - amount])
      if (has < amount) {
        return yield* Effect.fail(new Unlucky())
      }
      yield* space.replace(["account", to, P.number], ([, , had]) => ["account", to, had + amount])
    }))
  )
}

/** A tuple for a short time. Its lease is cancelled now and then. */
const brief: Way = ({ chance, log, space, unique }) =>
  log.noted(
    "brief",
    null,
    Effect.flatMap(
      space.out(["brief", unique()], { ttl: chance.between(0, 300) }),
      (lease) => chance.happens(0.2) ? lease.renew("100 millis") : chance.happens(0.2) ? lease.cancel : Effect.void
    )
  )

// ---------------------------------------------------------------------------------------------------------------------
// Order
// ---------------------------------------------------------------------------------------------------------------------

/** Puts one after the other, and the next when it knows what has become of the one before. */
const produce = (kind: string) => (run: Run): Effect.Effect<void> => {
  const producer = run.unique()
  let serial = 0
  return forever(run, ({ log, space }) => {
    const tuple = [kind, run.own, producer, ++serial] as const
    return log.noted("produce", tuple, space.out(tuple))
  }, 40)
}

/** Takes the oldest of those that anybody put in order, and puts it behind all that were taken before. */
const reorder: Way = ({ log, space }) =>
  log.noted(
    "reorder",
    "transaction",
    SpaceStore.transaction(space)(Effect.gen(function*() {
      const [kind, own, producer, serial] = yield* space.in(["order", P.number, P.number, P.number], { timeout: 0 })
      yield* space.out([kind, own, producer, serial, "done"])
    }))
  )

const reorderBySTM: Way = ({ log, space }) =>
  log.noted(
    "reorder",
    "STM",
    space.transact(STM.flatMap(
      Transaction.inp(space, ["order", P.number, P.number, P.number]),
      Option.match({
        onNone: () => STM.void,
        onSome: (tuple) => Transaction.out(space, [...tuple, "done"])
      })
    ))
  )

/** Empties a queue that nobody else empties. */
const consume: Way = ({ log, mayDie, neighbour, space }) => {
  const any = ["queue", neighbour, P.number, P.number] as const
  const taken = mayDie ? space.inp(any) : Effect.asSome(space.in(any, { timeout: "200 millis" }))
  return log.noted("consume", neighbour, taken, Option.match({ onNone: () => null, onSome: ([, , ...which]) => which }))
}

/** What is put, in the order in which it is, as long as it can be watched. */
const watch: Way = ({ log, space, unique }) =>
  log.noted(
    "watch",
    null,
    Effect.scoped(Effect.gen(function*() {
      const opening = unique()
      const events = yield* log.noted(
        "open",
        opening,
        space.subscribe(["feed", P.number, P.number, P.number], { scoped: true })
      )
      yield* Stream.runForEachWhile(events, (event) =>
        Effect.sync(() => {
          if (event._tag === "Missed") {
            throw new Error("events were missed, and the mailbox has no limit")
          }
          const [, , producer, serial] = event.tuple
          log.end(log.begin("saw", opening), "ok", [producer, serial])
          return serial !== last
        }))
    }))
  )

const window: Way = ({ chance, log, space }) => {
  const plain = Windows.draw(now(), chance)
  return log.noted("window", plain, Windows.perform(space, plain), Windows.written)
}

// ---------------------------------------------------------------------------------------------------------------------
// Those who wait, and those who have the lock
// ---------------------------------------------------------------------------------------------------------------------

/** Asks for something, and waits until somebody answers, however long that takes. */
const call: Way = (run) => {
  const { calls, chance, isStored, log, space, unique } = run
  const id = unique()
  const answer = ["answer", id] as const
  const wait = chance.oneOf<() => Effect.Effect<unknown, unknown>>([
    () => space.in(answer),
    () => space.rd(answer),
    () => space.inAny([["answer", id], ["nothing", id]]),
    () => space.inAll([["answer", id], ["answer", id, "all"]]),
    () => space.in(["answer", (other: number) => other === id]),
    () => orLapsed(Effect.scoped(space.inScoped(answer))),
    () => space.transact(Transaction.in(space, answer)),
    () => isStored ? SpaceStore.transaction(space)(space.in(answer)) : space.in(answer),
    () => Stream.runDrain(Stream.take(space.stream(answer), 1))
  ])
  return Effect.ensuring(
    Effect.suspend(() => {
      calls.add(id)
      return log.noted("call", id, Effect.zipRight(space.out(["ask", id]), patiently(wait)))
    }),
    Effect.sync(() => calls.delete(id))
  )
}

/** Waits again if the store could not be had for so long that the wait ended. */
const patiently = (wait: () => Effect.Effect<unknown, unknown>): Effect.Effect<unknown, unknown> =>
  Effect.catchIf(Effect.suspend(wait), isPassing, () => Effect.zipRight(Effect.sleep(20), patiently(wait)))

const isPassing = (error: unknown): boolean =>
  error instanceof Object && "reason" in error && (error.reason === "Unavailable" || error.reason === "Lapsed")

/** What answers a call, however it waits. */
export const answers = (id: number): ReadonlyArray<Tuple.Tuple> => [["answer", id], ["answer", id, "all"]]

const answer: Way = ({ log, space }) =>
  log.noted(
    "serve",
    null,
    space.inWith(["ask", P.number], ([, id]) => space.outAll(answers(id)), { timeout: "200 millis" })
  )

/** Who has the lock has it alone. */
const lock: Way = (run) =>
  run.log.noted(
    "lock",
    null,
    run.space.withPermit(["lock"], () =>
      Effect.gen(function*() {
        const since = now()
        yield* pause(run, 20)
        return [since, now()]
      }), { timeout: "200 millis" }),
    (mine) => mine
  )

/** Those of a run that end soon after it is over. */
export const ways = (run: Run): ReadonlyArray<Effect.Effect<void>> => [
  forever(run, put),
  forever(run, put),
  forever(run, moveBySTM, 40),
  ...(run.isStored ? [move, moveAndConfirm, transfer, reorder].map((way) => forever(run, way, 40)) : []),
  forever(run, use),
  forever(run, takeNow),
  forever(run, run.mayDie ? takeNow : take(false)),
  forever(run, look, 100),
  forever(run, transferBySTM, 40),
  forever(run, brief, 40),
  produce("order")(run),
  produce("queue")(run),
  produce("feed")(run),
  forever(run, reorderBySTM),
  forever(run, consume),
  forever(run, window, 150),
  forever(run, answer),
  forever(run, lock, 40)
]

/** What ends those who wait for anything that is put: as many as may wait, of each program. */
export const farewell: ReadonlyArray<Tuple.Tuple> = [
  ["feed", 0, 0, last],
  ...Array.from({ length: 4 }, (): Tuple.Tuple => ["taken", nothing])
]

/** Those that end when they are answered, or have got the last. */
export const waits = (run: Run): ReadonlyArray<Effect.Effect<void>> => [
  forever(run, take(true)),
  forever(run, take(true)),
  forever(run, call, 100),
  forever(run, call, 100),
  forever(run, call, 100),
  forever(run, watch, 100)
]
