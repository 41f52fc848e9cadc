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
import { SpaceError } from "../SpaceError.js"
import type { Transaction } from "../Transaction.js"
import type { Interest } from "./interest.js"
import type { Memory } from "./memory.js"
import type { Pattern } from "./pattern.js"
import type { Savepoint, Store } from "./store.js"
import { CLOSED, MISS } from "./store.js"
import { interestOf, suspended } from "./wait.js"

/** One run of a transaction. */
class Run {
  readonly spaces = new Set<Memory>()
  /** What it looked for in vain: patterns, or room. */
  readonly missed = new Map<Store, { readonly patterns: Array<Pattern>; room: boolean }>()
}

/** The run that is under way: a transaction runs synchronously, so there is never a second. */
let current: Run | undefined

/** Why a step of a transaction could not be done. */
type Missed = Pattern | "room"

/** Applies a step of a space within the transaction that is under way. One that misses makes the transaction wait. */
export const step = <A>(
  memory: Memory,
  missed: Missed,
  f: (store: Store) => A | MISS
): STM.STM<A, never, Transaction> =>
  STM.flatMap(
    TRef.modify(memory.ref, (savepoint) => {
      if (current === undefined) {
        throw new SpaceError({
          reason: "Unsupported",
          message: "an operation of Transaction was committed by itself: give it to `transact`"
        })
      }
      current.spaces.add(memory)
      const stepped = memory.store.runIn(savepoint, () => f(memory.store))
      if (stepped[0] === MISS) {
        const misses = current.missed.get(memory.store) ?? { patterns: [], room: false }
        current.missed.set(memory.store, misses)
        if (missed === "room") {
          misses.room = true
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
  before: () => void,
  after: () => void,
  onMiss: (run: Run) => ReadonlyArray<Waiter>
): Effect.Effect<A, E | Waiting, R> =>
  Effect.suspend(() => {
    const run = new Run()
    return Effect.catchAllCause(
      STM.commit(
        STM.orTry(
          STM.flatMap(
            STM.flatMap(
              STM.sync(() => {
                before()
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

/** The last step of a transaction that has succeeded: what each space has reached becomes final. */
const finish = <A>(run: Run, value: A, after: () => void): STM.STM<A> => {
  const reached: Array<readonly [Store, Savepoint]> = []
  let stm: STM.STM<void> = STM.void
  for (const { ref, store } of run.spaces) {
    stm = STM.flatMap(stm, () =>
      TRef.modify(ref, (savepoint) => {
        store.check(savepoint)
        reached.push([store, savepoint])
        return [undefined, savepoint]
      }))
  }
  return STM.map(stm, () => {
    current = undefined
    for (const [store, savepoint] of reached) {
      store.commit(savepoint)
    }
    after()
    return value
  })
}

const isWaiting = (cause: Cause.Cause<unknown>): boolean => cause._tag === "Fail" && cause.error instanceof Waiting

/** S10. */
export const transact = <A, E, R>(stm: STM.STM<A, E, R>): Effect.Effect<A, E, Exclude<R, Transaction>> =>
  Effect.catchAllCause(
    runOnce(stm, nothing, nothing, () => []),
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
        const passOn = () => {
          for (const { interest, store } of offered) {
            if (!store.closed) {
              store.run(() => store.passOn(interest))
            }
          }
        }
        return Effect.catchAllCause(
          runOnce(
            stm,
            () => {
              for (const { interest, store } of offered) {
                store.run(() => store.restore(interest))
              }
            },
            passOn,
            (run) => {
              const interests = enlist(run, fiber, places)
              passOn()
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
          restore(suspended(waiters[0]!.store, waiters.map((waiter) => waiter.interest))),
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
  const enter = (store: Store, table: "takers" | "puts", patterns: ReadonlyArray<Pattern>) => {
    const place = places.get(store) ?? store.nextInterest()
    places.set(store, place)
    const serve = (interest: Interest, entries: Interest["entries"]): boolean => {
      store.deliver(interest, entries, undefined)
      return true
    }
    const interest = interestOf(
      store,
      {
        kind: "transact",
        table,
        patterns,
        timeout: Infinity,
        attempt: (interest) => serve(interest, []),
        offer: (interest, entry) => serve(interest, [entry])
      },
      fiber,
      place
    )
    interest.wait = wait
    store.run(() => store.register(interest))
    waiters.push({ store, interest })
  }
  for (const [store, { patterns, room }] of run.missed) {
    if (patterns.length > 0) {
      enter(store, "takers", patterns)
    }
    if (room) {
      enter(store, "puts", [])
    }
  }
  return waiters
}
