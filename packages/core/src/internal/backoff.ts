/**
 * When a tuple comes back whose use has failed (S19): what a schedule says after so many failures.
 *
 * A tuple carries the number of its failures and nothing else, through databases and from one program to the next. So a
 * schedule has no state here: it is run from its beginning, as often as the use has failed, on a clock that jumps.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as Decision from "effect/ScheduleDecision"
import * as Intervals from "effect/ScheduleIntervals"
import { runner } from "./runtime.js"

/** A schedule of retries. Its input is why the use has failed. */
export type Retry = Schedule.Schedule<unknown, Cause.Cause<any>>

/**
 * In how many milliseconds the tuple comes back, by this failure and the number of earlier ones. Nothing, if the
 * schedule is done, or has it wait without end.
 */
export type DelayOf = (cause: Cause.Cause<unknown>, attempts: number) => number | undefined

/** A schedule runs with the clock and the chance of who holds, also where a hold ends and nothing can wait. */
export const delaysOf = (schedule: Retry): Effect.Effect<DelayOf> =>
  Effect.map(runner, (run): DelayOf => (cause, attempts) => run(delayOf(schedule, cause, attempts)))

const delayOf = (
  schedule: Retry,
  cause: Cause.Cause<unknown>,
  attempts: number
): Effect.Effect<number | undefined> => {
  const step = (now: number, state: unknown, left: number): Effect.Effect<number | undefined> =>
    Effect.flatMap(schedule.step(now, cause, state), ([next, , decision]) => {
      if (Decision.isDone(decision)) {
        return Effect.succeed(undefined)
      }
      const at = Math.max(now, Intervals.start(decision.intervals))
      return left > 0 ? step(at, next, left - 1) : Effect.succeed(at < Infinity ? at - now : undefined)
    })
  return Effect.flatMap(Clock.currentTimeMillis, (now) => step(now, schedule.initial, attempts))
}
