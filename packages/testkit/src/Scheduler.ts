/**
 * A scheduler of Effect's that explores interleavings: among the fibers that are ready it picks any, and it makes a
 * fiber yield before any of its operations, as a schedule says. The same schedule gives the same run.
 *
 * Everything happens synchronously, time included: a sleep ends when nothing else can move.
 *
 * Programs must not use `Effect.all` and the like with concurrency: interrupted before the fiber in which it keeps its
 * books has begun, it hangs (effect 3.22.4). A scheduler that starts fibers in order does not let that happen; this one
 * does.
 *
 * @since 0.1.0
 */

/* eslint-disable no-restricted-syntax -- to run effects under a scheduler of its own is what this module is for */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as EffectScheduler from "effect/Scheduler"
import { operationLimit, SchedulerImpl } from "./internal/scheduler.js"
import type { Schedule } from "./Schedule.js"

/**
 * A scheduler that takes its decisions from a schedule, with a clock of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scheduler extends EffectScheduler.Scheduler {
  /** Runs until nothing can move any more, or until it is clear that this never happens. */
  readonly drain: () => void
  /** Whether the run has taken so long that it never ends. */
  readonly isLivelocked: boolean
  /** Goes on when every other fiber waits: for time, or for something that will not come. */
  readonly still: Effect.Effect<void>
  /** Goes on when every other fiber waits and no time will help. */
  readonly over: Effect.Effect<void>
  /** Time that passes when nothing else can happen, one alarm after the other. */
  readonly clock: Clock.Clock
}

/**
 * Makes a scheduler. It is good for one run.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (schedule: Schedule): Scheduler => new SchedulerImpl(schedule)

/**
 * Thrown for a run whose main fiber can never end: everybody waits for everybody, or somebody is busy for ever.
 *
 * @since 0.1.0
 * @category errors
 */
export class Stuck extends Data.TaggedError("Stuck")<{ readonly message: string }> {}

/**
 * Runs an effect to its end, synchronously, and returns its result. Throws what it fails with, or `Stuck`.
 *
 * @since 0.1.0
 * @category running
 */
export const run = <A, E>(
  scheduler: Scheduler,
  effect: Effect.Effect<A, E>,
  describe: () => string = () => ""
): A => {
  const fiber = Effect.runFork(Effect.withClock(effect, scheduler.clock), { scheduler, immediate: false })
  scheduler.drain()
  const exit = fiber.unsafePoll()
  if (exit === null) {
    const why = scheduler.isLivelocked ? `still busy after ${operationLimit} operations` : "nothing can move any more"
    throw new Stuck({ message: `${why}: ${describe()}` })
  }
  if (Exit.isFailure(exit)) {
    throw Cause.squash(exit.cause)
  }
  return exit.value
}
