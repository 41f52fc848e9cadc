/**
 * Transactions: steps of several spaces, and the user's own STM, as one.
 *
 * The state of each space is reached through a `TRef` of a savepoint, so a branch that STM rolls back is rolled back in the space
 * too. A transaction is never parked (a parked one commits even when its second run fails, and eats what it took): one that cannot go on
 * fails with nothing committed, after registering an interest in what it missed, and its fiber waits for that outside STM.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import { SpaceError } from "../../SpaceError.js"
import type { Transaction } from "../../Transaction.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Memory } from "./engine.js"
import type { Interest, Shortage } from "./interest.js"
import type { Savepoint } from "./log.js"
import type { Store } from "./store.js"
import { CLOSED, MISS } from "./store.js"
import { interestOf, suspended } from "./wait.js"

/** One run of a transaction. */
export class Run {
  readonly spaces = new Set<Memory>()
  /** The places that it holds among those who wait, if it has waited before. */
  constructor(readonly places: ReadonlyMap<Store, number>) {}
  /** What it looked for in vain: patterns, or room. */
  readonly missed = new Map<Store, { readonly patterns: Array<Pattern>; shortage: Shortage | undefined }>()
}

/** The run that is under way: a transaction runs synchronously, so there is never a second. */
let current: Run | undefined

/** Why a step of a transaction could not be done. */
type Missed = Pattern | "room"

/** Applies a step of a space within the transaction that is under way. One that misses makes the transaction wait. */
export const step = <A>(
  memory: Memory,
  missed: Missed,
  f: (store: Store, place?: number) => A | MISS
): STM.STM<A, never, Transaction> =>
  STM.flatMap(
    TRef.modify(memory.ref, (savepoint) => {
      if (current === undefined) {
        throw new SpaceError({
          reason: "Unsupported",
          message: "an operation of Transaction was committed by itself: give it to `transact`"
        })
      }
      const { missed: allMissed, places, spaces } = current
      const isFirst = !spaces.has(memory)
      spaces.add(memory)
      const stepped = memory.store.runIn(savepoint, isFirst, () => f(memory.store, places.get(memory.store)))
      if (stepped[0] === MISS) {
        const misses = allMissed.get(memory.store) ?? { patterns: [], shortage: undefined }
        allMissed.set(memory.store, misses)
        if (missed === "room") {
          misses.shortage = memory.store.shortage
        } else {
          misses.patterns.push(missed)
        }
      }
      return stepped
    }),
    (result) => result === MISS ? STM.retry : STM.succeed(result as A)
  ) as STM.STM<A, never, Transaction>

/** The failure of a run that has to wait. */
class Waiting {
  readonly _tag = "@effect-linda/core/Waiting"
  constructor(readonly interests: ReadonlyArray<Waiter>) {}
}

interface Waiter {
  readonly store: Store
  readonly interest: Interest
}

/** Runs the transaction once: it commits, or fails and leaves nothing. `onMiss` is for a run that has to wait. */
const runOnce = <A, E, R>(
  stm: STM.STM<A, E, R>,
  places: ReadonlyMap<Store, number>,
  after: () => void,
  onMiss: (run: Run) => ReadonlyArray<Waiter>
): Effect.Effect<A, E | Waiting, R> =>
  Effect.suspend(() => {
    const run = new Run(places)
    return Effect.catchAllCause(
      STM.commit(
        STM.orTry(
          STM.flatMap(
            STM.flatMap(
              STM.sync(() => {
                current = run
              }),
              () => stm
            ),
            (value) => finish(run, value, after)
          ),
          () =>
            STM.failSync(() => {
              current = undefined
              return new Waiting(onMiss(run))
            })
        )
      ),
      (cause) => {
        current = undefined
        return cause._tag === "Die" && cause.defect === CLOSED ? Effect.interrupt : Effect.failCause(cause)
      }
    )
  })

/** The last steps of a transaction that has succeeded: what each space has reached becomes final, of all in the last of them. */
const finish = <A>(run: Run, value: A, after: () => void): STM.STM<A> => {
  const reached: Array<readonly [Store, Savepoint]> = []
  const end = (): A => {
    current = undefined
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

/** S10. */
export const transact = <A, E, R>(stm: STM.STM<A, E, R>): Effect.Effect<A, E, Exclude<R, Transaction>> =>
  Effect.catchAllCause(
    runOnce(stm, new Map(), nothing, () => []),
    (cause) => isWaiting(cause) ? waiting(stm) : Effect.failCause(cause as Cause.Cause<E>)
  ) as Effect.Effect<A, E, Exclude<R, Transaction>>

const nothing = (): void => {}

/** Runs the transaction again and again, waiting in between for what it missed. */
const waiting = <A, E, R>(stm: STM.STM<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) =>
    Effect.uninterruptibleMask((restore) => {
      // It keeps its place among those who wait, however often it waits.
      const places = new Map<Store, number>()
      const again = (offered: ReadonlyArray<Waiter>): Effect.Effect<A, E, R> => {
        const passOn = (again: ReadonlyArray<Waiter> = []) => {
          for (const { interest, store } of offered) {
            if (!store.closed) {
              const stays = again.some((waiter) => waiter.store === store && waiter.interest.table === "puts")
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
              const interests = enlist(run, fiber, places)
              passOn(interests)
              return interests
            }
          ),
          (cause) => {
            if (cause._tag === "Fail" && cause.error instanceof Waiting) {
              return wait(cause.error.interests)
            }
            passOn()
            return Effect.failCause(cause as Cause.Cause<E>)
          }
        )
      }
      const wait = (waiters: ReadonlyArray<Waiter>): Effect.Effect<A, E, R> => {
        if (waiters.length === 0) {
          return Effect.dieMessage(
            "a transaction retried without having missed a tuple, and nothing here can tell when to run it again: wait for a " +
              "tuple with `Transaction.in` or `Transaction.rd`, or wait for other state with `STM.commit` before `transact`"
          )
        }
        return Effect.matchCauseEffect(
          restore(suspended(
            () => waiters.forEach(({ store }) => store.settle()),
            waiters.map((waiter) => waiter.interest)
          )),
          {
            onFailure: (cause) => {
              for (const { interest, store } of waiters) {
                store.abandon(interest)
              }
              return Effect.failCause(cause)
            },
            onSuccess: () => {
              const offered = waiters.filter(({ interest }) => interest.state === "delivered")
              for (const { interest, store } of waiters) {
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

/** Registers an interest in all that a run missed. The first that is served wakes the fiber; the others then pass. */
const enlist = (run: Run, fiber: Fiber.RuntimeFiber<any, any>, places: Map<Store, number>): ReadonlyArray<Waiter> => {
  const wait = { woken: false }
  const waiters: Array<Waiter> = []
  const enter = (store: Store, patterns: ReadonlyArray<Pattern>, shortage?: Shortage) => {
    const place = places.get(store) ?? store.nextInterest()
    places.set(store, place)
    const { vacancies } = store
    const interest = interestOf(
      store,
      {
        kind: "transact",
        table: shortage === undefined ? "takers" : "puts",
        patterns,
        timeout: Infinity,
        // Room: worth another look once something has changed since none was found. Being woken does not mean being served.
        attempt: (interest) => {
          if (interest.state === "waiting" && store.vacancies > vacancies) {
            store.lookForRoom(interest)
          }
          return false
        },
        offer: (interest, entry) => {
          store.deliver(interest, [], undefined)
          store.offerTo(interest, entry, interest.seq)
          return true
        }
      },
      fiber,
      place
    )
    interest.wait = wait
    interest.needs = shortage ?? "room"
    store.run(() => store.register(interest))
    waiters.push({ store, interest })
  }
  for (const [store, { patterns, shortage }] of run.missed) {
    // What the run has done has to be undone first: it does not count.
    store.settle()
    if (patterns.length > 0) {
      enter(store, patterns)
    }
    if (shortage !== undefined) {
      if (shortage === "room" && store.count === 0 && !store.puts.isAwaited(places.get(store) ?? Infinity)) {
        throw tooLarge(store.options.capacity)
      }
      enter(store, [], shortage)
    }
  }
  return waiters
}

/** For a transaction that misses room in an empty space. */
const tooLarge = (capacity: number): SpaceError =>
  new SpaceError({
    reason: "InvalidOption",
    message: `a transaction puts more tuples than ever fit in a space with capacity ${capacity}`
  })
