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
import * as Either from "effect/Either"
import * as STM from "effect/STM"
import * as TQueue from "effect/TQueue"
import * as TRef from "effect/TRef"
import { SpaceError } from "../../SpaceError.js"
import type { Transaction } from "../../Transaction.js"
import { invalidOption, unsupported } from "../arguments.js"
import { passes } from "../brand.js"
import type { Pattern } from "../pattern/pattern.js"
import { show } from "../print.js"
import type { AnyFiber } from "../runtime.js"
import { withFiber } from "../runtime.js"
import { checkQueue } from "./dequeue.js"
import type { Memory } from "./engine.js"
import type { Interest, Served } from "./interest.js"
import type { Savepoint } from "./log.js"
import { currentParking, Parking } from "./parking.js"
import type { Miss, Shortage, Store } from "./store.js"
import { CLOSED, isMiss, MISS, shortageOf } from "./store.js"
import { interestOf, suspended } from "./wait.js"

/** One run of a transaction. */
export class Run {
  readonly spaces = new Set<Memory>()
  /** The places that it holds among those who wait, if it has waited before. */
  constructor(readonly places: ReadonlyMap<Store, number>) {}
  /** What it looked for in vain: patterns, or room. */
  readonly missed = new Map<Store, { readonly patterns: Array<Pattern>; shortage: Shortage | undefined }>()
  /** The conditions that it asked for in vain. */
  readonly conditions: Array<STM.STM<boolean>> = []
  /** Whether it is asking for a condition, which may only look. */
  isAsking = false
}

/** The run that is under way: a transaction runs synchronously, so there is never a second. */
let current: Run | undefined

/** Why a step of a transaction could not be done. */
type Missed = Pattern | "room"

/** What a condition may do. */
const looks: ReadonlySet<string> = new Set(["rd", "rdp", "count", "check"])

/** Whether a condition is being read: in a run, or to be parked. */
const isAsking = (): boolean => currentParking() !== undefined || current?.isAsking === true

/** The run that an operation of a transaction is part of. */
const running = (name: string): Run => {
  if (isAsking() && !looks.has(name)) {
    throw unsupported(
      `Transaction.${name} changes something, which a condition of Transaction.check must not: use ` +
        "Transaction.rdp or Transaction.count there"
    )
  }
  if (current === undefined) {
    throw unsupported("an operation of Transaction was committed by itself: give it to `transact`")
  }
  return current
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
        const misses = allMissed.get(memory.store) ?? { patterns: [], shortage: undefined }
        allMissed.set(memory.store, misses)
        if (missed === "room") {
          misses.shortage = shortageOf(stepped[0])
        } else {
          misses.patterns.push(missed)
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
  pattern: Pattern,
  f: (store: Store) => A | MISS,
  name: string
): STM.STM<A, never, Transaction> =>
  STM.suspend(() =>
    currentParking()?.look(memory.store, pattern, () => f(memory.store)) ?? step(memory, pattern, f, name)
  )

/** Waits until a condition holds. */
export const check = <R>(condition: STM.STM<boolean, never, R>): STM.STM<void, never, R | Transaction> => {
  if (!passes(STM.isSTM, condition)) {
    return STM.die(invalidOption(`condition: ${show(condition)} is no STM`))
  }
  const answer = STM.map(condition, (holds) => {
    if (typeof holds !== "boolean") {
      throw invalidOption(`condition: it gave ${show(holds)}, which is no boolean`)
    }
    return holds
  })
  return STM.suspend(() => {
    if (isAsking()) {
      // A condition within a condition is a part of it.
      return STM.flatMap(answer, (holds) => holds ? STM.void : STM.retry)
    }
    running("check").isAsking = true
    // One that retries does not hold. By `orTry`, for `orElse` would forget what the condition has read.
    return STM.flatMap(STM.orTry(answer, () => STM.succeed(false)), (holds): STM.STM<void, never, R> => {
      current!.isAsking = false
      return holds ? STM.void : STM.flatMap(
        STM.context<R>(),
        (context) => missing(STM.provideContext(condition, context))
      )
    })
  })
}

const missing = (condition: STM.STM<boolean>): STM.STM<never> =>
  STM.suspend(() => {
    current!.conditions.push(condition)
    return STM.retry
  })

/**
 * Takes from a queue, waiting until there is something. By operations that leave the queue whole if the transaction
 * comes to nothing (F1).
 */
export const take = <A>(queue: TQueue.TDequeue<A>): STM.STM<A, never, Transaction> => {
  if (!passes(TQueue.isTDequeue, queue)) {
    return STM.die(
      invalidOption(`queue: ${show(queue)} is no TDequeue: give a TQueue, or what a TPubSub is subscribed by`)
    )
  }
  return STM.suspend(() => {
    running("take")
    return STM.flatMap(
      STM.zipRight(checkQueue(queue), TQueue.takeUpTo(queue, 1)),
      (taken) =>
        taken.length > 0 ? STM.succeed(taken[0]!) : missing(STM.map(TQueue.isEmpty(queue), (isEmpty) => !isEmpty))
    )
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
        current = run
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
              current = undefined
              isOver = true
              return STM.retry
            }))
          : orMissing(attempt, () => {
            current = undefined
            return onMiss(run)
          })
      ),
      (cause) => {
        current = undefined
        return cause._tag === "Die" && cause.defect === CLOSED ? Effect.interrupt : Effect.failCause(cause)
      }
    )
  })

/**
 * Ends a run that retries, when the journal has been emptied. What is parked then reads the committed state; and the
 * end of the run wakes nobody who waits for what it has read, which would wake this one in turn.
 */
const orMissing = <A, E, R>(
  attempt: STM.STM<A, E, R>,
  onMiss: () => Waiting
): STM.STM<A, E | Waiting, R> =>
  STM.suspend(() => {
    let failed: Either.Either<never, E> | undefined
    const noted = STM.catchAll(attempt, (error) => {
      failed = Either.left(error)
      return STM.fail(error)
    })
    // The alternative succeeds with the failure: one that fails is run twice by `orElse`, which takes its failure for
    // that of the first.
    return STM.flatMap(
      STM.orElse(
        STM.map(noted, Either.right),
        (): STM.STM<Either.Either<A, E | Waiting>> => STM.sync(() => failed ?? Either.left(onMiss()))
      ),
      (outcome) => outcome
    )
  })

/**
 * The last steps of a transaction that has succeeded: what each space has reached becomes final, of all in the last of
 * them.
 */
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
    runOnce(stm, new Map(), nothing),
    (cause) => isWaiting(cause) ? waiting(stm) : Effect.failCause(cause as Cause.Cause<E>)
  ) as Effect.Effect<A, E, Exclude<R, Transaction>>

const nothing = (): void => {}

/** A first run that misses. The next looks at what it misses. */
const vain = new Waiting([], undefined)

/** Runs the transaction again and again, waiting in between for what it missed. */
const waiting = <A, E, R>(stm: STM.STM<A, E, R>): Effect.Effect<A, E, R> =>
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
                const interests = enlist(run, fiber, places)
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
          return Effect.dieMessage(
            "a transaction retried without having missed a tuple, and nothing here can tell when to run it again: " +
              "wait for a tuple with `Transaction.in` or `Transaction.rd`, for state of STM with `Transaction.check`, " +
              "and for a queue with `Transaction.take`"
          )
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
const park = ({ conditions, spaces }: Run, fiber: AnyFiber): Parking | undefined =>
  conditions.length === 0 ? undefined : new Parking(conditions, Array.from(spaces, ({ store }) => store), fiber)

/** Registers an interest in all that a run missed. The first that is served wakes the fiber; the others then pass. */
const enlist = (run: Run, fiber: AnyFiber, places: Map<Store, number>): ReadonlyArray<Enlistment> => {
  const wait = { woken: false }
  const enlisted: Array<Enlistment> = []
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
    store.run(() => store.register(interest))
    enlisted.push({ store, interest })
  }
  for (const [store, { patterns, shortage }] of run.missed) {
    // What the run has done has to be undone first: it does not count.
    store.rollBack()
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
