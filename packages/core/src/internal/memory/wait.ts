/**
 * How an operation waits: who owns the tuple at every point between the step that finds none and the fiber's next step.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Restore } from "../../SpaceStore.js"
import { handOver } from "../handOver.js"
import type { Pattern } from "../pattern/pattern.js"
import * as Process from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { callback, localOf, withFiber } from "../runtime.js"
import type { Parking } from "../stm/parking.js"
import type { Entry } from "./entry.js"
import type { Kind, Served, Table } from "./interest.js"
import { Absentee, Interest } from "./interest.js"
import type { Miss, Store } from "./store.js"

/** An operation that may have to wait. */
export interface Request {
  readonly kind: Kind
  readonly table: Table
  readonly patterns: ReadonlyArray<Pattern>
  /** What has to be absent, if anything has to. */
  readonly absent?: ReadonlyArray<Pattern>
  /** What is waited for, as it is shown, if the patterns do not say all. */
  readonly shown?: ReadonlyArray<unknown> | undefined
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
  fiber: AnyFiber,
  seq?: number
): Interest => {
  const interest = new Interest(
    request.kind,
    request.table,
    request.patterns,
    seq ?? store.nextInterest(),
    store.now(),
    fiber,
    localOf(fiber, Process.current),
    function(entry, index) {
      return entry === undefined ? request.attempt(this) : request.offer(this, entry, index)
    }
  )
  const { absent, shown } = request
  interest.shown = shown
  if (absent !== undefined && absent.length > 0) {
    interest.absentee = new Absentee(interest, absent)
  }
  return interest
}

/**
 * Waits until the request is served, and returns its interest with the entries handed over. Must run uninterruptibly;
 * the wait itself is interruptible by `restore`. If it ends otherwise, nothing is left of it, and entries on their way
 * are given back.
 */
export const served = (
  store: Store,
  request: Request,
  restore: Restore
): Effect.Effect<Interest, Cause.TimeoutException> =>
  withFiber((fiber) => {
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
    followAnswers(store, interest)
    return Effect.matchCauseEffect(restore(suspended(() => store.rollBack(), [interest])), {
      onFailure: (cause) => {
        store.abandon(interest)
        return Effect.failCause(cause)
      },
      onSuccess: () => Effect.succeed(interest)
    })
  })

/** Looks again at what is stored when somebody who answers for a pattern has answered. */
const followAnswers = (store: Store, interest: Interest): void => {
  const whileWaiting = (step: () => unknown) => {
    if (interest.state === "waiting" && !store.closed) {
      store.run(step)
    }
  }
  for (const { answers } of interest.patterns) {
    answers?.follow(
      () => whileWaiting(() => store.attempt(interest)),
      (defect) => whileWaiting(() => store.fail(interest, Effect.die(defect)))
    )
  }
}

/**
 * Suspends the fiber until one of the interests, or the parking, has come to its end. `rollBack` makes sure of their
 * state.
 */
export const suspended = (
  rollBack: () => void,
  interests: ReadonlyArray<Interest>,
  parking?: Parking
): Effect.Effect<void, any> =>
  callback<void, any>((resume) => {
    rollBack()
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
