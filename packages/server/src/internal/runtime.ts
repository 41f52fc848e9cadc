/**
 * What this package uses of Effect's runtime beyond composing effects. Each major version of Effect has it in another
 * form: a port changes this file. The core has such a file of its own.
 *
 * @internal
 */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"

/** Suspends the fiber until `resume` is called. What `register` returns is run if the fiber is interrupted first. */
export const callback = Effect.async

export const makeDeferred = <A, E = never>(): Deferred.Deferred<A, E> => Deferred.unsafeMake(FiberId.none)

/** Completes a deferred, if it is not, within a synchronous step. */
export const complete = <A, E>(deferred: Deferred.Deferred<A, E>, exit: Exit.Exit<A, E>): void =>
  Deferred.unsafeDone(deferred, exit)

/** A latch that what calls back opens and closes. */
export const makeLatch = () => {
  const latch = Effect.unsafeMakeLatch()
  return {
    await: latch.await,
    open: (): void => void latch.unsafeOpen(),
    close: (): void => void latch.unsafeClose()
  }
}

/** The time that a clock shows, within a synchronous step. */
export const millisOf = (clock: Clock.Clock): number => Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)

/** What nobody guesses. Effect's `Random` can be seeded, and this must not be. */
export const secret = (): string => globalThis.crypto.randomUUID()
