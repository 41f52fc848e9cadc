/**
 * What this package uses of Effect's runtime beyond composing effects. Each major version of Effect has it in another
 * form: a port changes this file. The core has such a file of its own.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"

/** A fiber that can be looked at while it runs. */
export type LiveFiber<A, E = never> = Fiber.RuntimeFiber<A, E>

export type AnyFiber = LiveFiber<any, any>

/** Makes an effect of the fiber that runs it. */
export const withFiber = Effect.withFiberRuntime

/** Tells a fiber to end, and does not wait for it. */
export const interruptLater = (fiber: AnyFiber): void => fiber.unsafeInterruptAsFork(fiber.id())

/** How an operation ends that is interrupted by nobody in particular. */
export const interrupted: Exit.Exit<never> = Exit.interrupt(FiberId.none)

/** Suspends the fiber until `resume` is called. What `register` returns is run if the fiber is interrupted first. */
export const callback = Effect.async

export const makeDeferred = <A, E = never>(): Deferred.Deferred<A, E> => Deferred.unsafeMake(FiberId.none)

/** Completes a deferred, if it is not, within a synchronous step. */
export const complete = <A, E>(deferred: Deferred.Deferred<A, E>, exit: Exit.Exit<A, E>): void =>
  Deferred.unsafeDone(deferred, exit)

/** One value for a program, however many copies of a module it loads. */
export { globalValue } from "effect/GlobalValue"

/** The clock of programs, unless they have one of their own. */
export const liveClock: Clock.Clock = Context.get(DefaultServices.liveServices, Clock.Clock)

export const nanosOf = (clock: Clock.Clock): bigint => clock.unsafeCurrentTimeNanos()
