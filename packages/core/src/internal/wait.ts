/**
 * How an operation waits: who owns the tuple at every point between the step that finds none and the fiber's next step.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { Entry } from "./entry.js"
import type { Kind, Table } from "./interest.js"
import { Interest } from "./interest.js"
import type { Pattern } from "./pattern.js"
import * as Process from "./process.js"
import type { Store } from "./store.js"

/** An operation that may have to wait. */
export interface Request {
  readonly kind: Kind
  readonly table: Table
  readonly patterns: ReadonlyArray<Pattern>
  /** Milliseconds. Zero does not wait. */
  readonly timeout: number
  /** Serves the interest from what is stored, or returns `false`. */
  readonly attempt: (interest: Interest) => boolean
  /** Serves it with an entry that has just come and matches its pattern number `index`, or returns `false`. */
  readonly offer: (interest: Interest, entry: Entry, index: number) => boolean
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

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Waits until the request is served, and returns its interest with the entries handed over. Must run uninterruptibly; the wait
 * itself is interruptible by `restore`. If it ends otherwise, nothing is left of it, and entries on their way are given back.
 */
export const served = (
  store: Store,
  request: Request,
  restore: Restore
): Effect.Effect<Interest, Cause.TimeoutException> =>
  Effect.withFiberRuntime((fiber) => {
    if (store.closed) {
      return Effect.interrupt
    }
    const interest = store.run(() => {
      const interest = interestOf(store, request, fiber)
      if (request.attempt(interest)) {
        return interest
      }
      if (request.timeout < Infinity) {
        store.timeoutAt(interest, interest.since + request.timeout)
      }
      if (request.timeout > 0) {
        store.register(interest)
      } else {
        interest.timeout!.fire()
      }
      return interest
    })
    return Effect.matchCauseEffect(restore(suspended(store, [interest])), {
      onFailure: (cause) => {
        store.abandon(interest)
        return Effect.failCause(cause)
      },
      onSuccess: () => Effect.succeed(interest)
    })
  })

/** Suspends the fiber until one of the interests has come to its end. */
export const suspended = (store: Store, interests: ReadonlyArray<Interest>): Effect.Effect<void, any> =>
  Effect.async<void, any>((resume) => {
    store.settle()
    const ended = interests.find((interest) => interest.state !== "waiting")
    if (ended !== undefined) {
      resume(ended.exit!)
    } else {
      for (const interest of interests) {
        interest.resume = resume
      }
    }
  })

/**
 * Waits until the request is served, and returns its result.
 *
 * The entries become the caller's in the last step, whose result goes straight to the caller's continuation: there is no point
 * at which an interruption could take the one without the other. Up to that step they are only held: first by the handler in
 * {@link served}, then by the check that ends the uninterruptible region, and for the instructions between that and the last
 * step by an observer of the fiber, which returns them if the fiber ends without having made it.
 */
export const result = (
  store: Store,
  request: Request,
  onAccept?: (interest: Interest) => void
): Effect.Effect<any, Cause.TimeoutException> =>
  Effect.withFiberRuntime((fiber, { runtimeFlags }) => {
    let giveBack: () => void
    const wait = Effect.uninterruptibleMask((restore) =>
      Effect.map(served(store, request, restore), (interest) => {
        giveBack = () => store.abandon(interest)
        if (RuntimeFlags.interruptible(runtimeFlags) && !Cause.isEmpty(fiber.getFiberRef(FiberRef.interruptedCause))) {
          giveBack()
        } else {
          fiber.addObserver(giveBack)
        }
        return interest
      })
    )
    return Effect.flatMap(wait, (interest) =>
      Effect.sync(() => {
        fiber.removeObserver(giveBack)
        onAccept?.(interest)
        return store.accept(interest)
      }))
  })
