import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { deepStrictEqual } from "@effect/vitest/utils"
import type { Duration } from "effect"
import { Cause, Effect } from "effect"

export type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

export const same = (actual: unknown, expected: unknown): void => deepStrictEqual(actual, expected)

let names = 0

/** The name of a space that no other test of the file has. */
export const fresh = (): string => `test ${++names}`

/** Fails instead of hanging, also if what hangs cannot be interrupted, and says what has not come. */
export const within = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  what: string,
  duration: Duration.DurationInput = "3 seconds"
): Effect.Effect<A, E, R> =>
  Effect.timeoutFailCause(Effect.disconnect(effect), {
    duration,
    onTimeout: () => Cause.die(new Error(`hangs: ${what}`))
  })

/** Nothing of this process runs for so many milliseconds, and so nothing says that it lives. */
export const standstill = (millis: number): Effect.Effect<void> =>
  Effect.sync(() => {
    const until = performance.now() + millis
    while (performance.now() < until);
  })
