/**
 * How an operation waits: who owns the tuple at every point between the step that finds none and the fiber's next step.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { Pattern } from "../pattern/pattern.js"
import * as Process from "../process.js"
import type { Entry } from "./entry.js"
import type { Kind, Served, Table } from "./interest.js"
import { Interest } from "./interest.js"
import type { Parking } from "./parking.js"
import type { Miss, Store } from "./store.js"

/** An operation that may have to wait. */
export interface Request {
  readonly kind: Kind
  readonly table: Table
  readonly patterns: ReadonlyArray<Pattern>
  /** Milliseconds. Zero does not wait. */
  readonly timeout: number
  /** What it fails with when its time is over, if it has a timeout. */
  readonly late?: () => Cause.TimeoutException
  /** What it takes of what is stored. */
  readonly attempt: (interest: Interest) => Served | Miss
  /** What it takes as an entry has just come that matches its pattern number `index`. */
  readonly offer: (interest: Interest, entry: Entry, index: number) => Served | Miss
}

/** Registers a request in the name of a fiber. */
export const interestOf = (
  store: Store,
  request: Request,
  fiber: Fiber.RuntimeFiber<any, any>,
  seq?: number
): Interest =>
  new Interest(
    request.kind,
    request.table,
    request.patterns,
    seq ?? store.nextInterest(),
    store.now(),
    fiber,
    fiber.getFiberRef(Process.current),
    function(entry, index) {
      return entry === undefined ? request.attempt(this) : request.offer(this, entry, index)
    }
  )

export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Waits until the request is served, and returns its interest with the entries handed over. Must run uninterruptibly; the wait
 * itself is interruptible by `restore`. If it ends otherwise, nothing is left of it, and entries on their way are given back.
 */
export const served = (
  store: Store,
  request: Request,
  restore: Restore,
  onInterest?: (interest: Interest) => void
): Effect.Effect<Interest, Cause.TimeoutException> =>
  Effect.withFiberRuntime((fiber) => {
    if (store.closed) {
      return Effect.interrupt
    }
    // A fiber that waits again has not taken the last step of its wait before: that was interrupted.
    store.leaving.get(fiber)?.()
    const interest = store.run(() => {
      const interest = interestOf(store, request, fiber)
      if (store.attempt(interest)) {
        return interest
      }
      if (request.timeout < Infinity) {
        store.timeoutAt(interest, interest.since + request.timeout, () => request.late!())
      }
      if (request.timeout > 0) {
        store.register(interest)
      } else {
        interest.timeout!.fire()
      }
      return interest
    })
    onInterest?.(interest)
    return Effect.matchCauseEffect(restore(suspended(() => store.settle(), [interest])), {
      onFailure: (cause) => {
        store.abandon(interest)
        return Effect.failCause(cause)
      },
      onSuccess: () => Effect.succeed(interest)
    })
  })

/**
 * Suspends the fiber until one of the interests, or the parking, has come to its end. `settle` makes sure of their
 * state.
 */
export const suspended = (
  settle: () => void,
  interests: ReadonlyArray<Interest>,
  parking?: Parking
): Effect.Effect<void, any> =>
  Effect.async<void, any>((resume) => {
    settle()
    const ended = interests.find((interest) => interest.state !== "waiting")
    if (ended !== undefined) {
      resume(ended.exit!)
    } else if (parking?.exit !== undefined) {
      resume(parking.exit)
    } else {
      for (const interest of interests) {
        interest.resume = resume
      }
      if (parking !== undefined) {
        parking.resume = resume
      }
    }
  })

/**
 * Waits until the request is served, and returns its result. The entries become the caller's as {@link handOver} says.
 */
export const result = (
  store: Store,
  request: Request,
  onEnd?: (exit: Exit.Exit<Interest, unknown>) => void
): Effect.Effect<any, Cause.TimeoutException> =>
  handOver(
    store.leaving,
    (restore) => {
      const wait = served(store, request, restore)
      return onEnd === undefined
        ? wait
        : Effect.onError(wait, (cause) => Effect.sync(() => onEnd(Exit.failCause(cause))))
    },
    (interest) => {
      onEnd?.(Exit.succeed(interest))
      return store.accept(interest)
    },
    (interest) => store.abandon(interest)
  )

/** Fibers between the end of a wait and its last step, and how to give back what they were handed. */
export type Leaving = Map<unknown, () => void>

/**
 * Waits for something that is then held for the caller, and makes it the caller's own.
 *
 * That happens in the last step, whose result goes straight to the caller's continuation: there is no point
 * at which an interruption could take the one without the other. Up to that step it is only held: first by `wait`, then
 * by the check that ends the uninterruptible region, and for the instructions between that and the last
 * step by an observer of the fiber, which gives it back if the fiber ends, or waits again, without having made it.
 */
export const handOver = <Held, A, E>(
  leaving: Leaving,
  wait: (restore: Restore) => Effect.Effect<Held, E>,
  accept: (held: Held) => A,
  giveBack: (held: Held) => void
): Effect.Effect<A, E> =>
  Effect.withFiberRuntime((fiber, { runtimeFlags }) =>
    Effect.flatMap(
      Effect.uninterruptibleMask((restore) =>
        Effect.map(wait(restore), (held) => {
          if (
            RuntimeFlags.interruptible(runtimeFlags) && !Cause.isEmpty(fiber.getFiberRef(FiberRef.interruptedCause))
          ) {
            giveBack(held)
          } else {
            guard(leaving, fiber, () => giveBack(held))
          }
          return held
        })
      ),
      (held) =>
        Effect.sync(() => {
          unguard(leaving, fiber)
          return accept(held)
        })
    )
  )

/** From here until {@link unguard}, the end of the fiber gives back what it was handed. */
const guard = (leaving: Leaving, fiber: AnyFiber, giveBack: () => void): void => {
  const end = () => {
    leaving.delete(fiber)
    fiber.removeObserver(end)
    giveBack()
  }
  leaving.set(fiber, end)
  fiber.addObserver(end)
}

const unguard = (leaving: Leaving, fiber: AnyFiber): void => {
  const end = leaving.get(fiber)
  if (end !== undefined) {
    leaving.delete(fiber)
    fiber.removeObserver(end as () => void)
  }
}

type AnyFiber = Fiber.RuntimeFiber<any, any>
