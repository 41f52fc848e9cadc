/**
 * The timeout of an operation, which says of what it is one (S9).
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Timeout } from "../TupleSpace.js"
import { Guard } from "./pattern/query.js"

/** The error of a wait that may end without a tuple. */
export type Late = Cause.TimeoutException

/** An operation that has waited in vain. */
interface Waited {
  readonly space: string
  readonly operation: string
  readonly patterns: ReadonlyArray<unknown>
  /** For how many milliseconds. */
  readonly timeout: number
}

/** Made when the time is over, and not before. Its fields are own ones, so that they cross a link. */
export const timedOut = ({ operation, patterns, space, timeout }: Waited): Timeout => {
  const texts = patterns.map(textOf)
  const unmet = patterns.some((pattern) => pattern instanceof Guard) ? "not met" : "no tuple"
  const within = timeout > 0 ? `within ${Duration.format(Duration.millis(timeout))}` : "now"
  return Object.assign(
    new Cause.TimeoutException(`${operation}(${texts.join(", ")}) of space "${space}": ${unmet} ${within}`),
    { space, operation, patterns: texts }
  )
}

/** It is printed in a step: whatever a pattern holds, this does not throw. */
const textOf = (pattern: unknown): string => {
  try {
    return String(pattern)
  } catch {
    return "a pattern that cannot be shown"
  }
}

/** How long something waits, and what it fails with then. */
export interface Limit {
  /** Milliseconds. Zero does not wait. */
  readonly timeout: number
  readonly late: () => Late
}

/** The limit of an operation. */
export const limitOf = (waited: Waited): Limit => ({ timeout: waited.timeout, late: () => timedOut(waited) })

/** When something ends that still waits, and with what. */
export interface End {
  readonly at: number
  readonly late: () => Late
}

export const endOf = ({ late, timeout }: Limit, now: number): End => ({ at: now + timeout, late })

/** Nothing, if the time is over. */
export const unlessLate = <A, E, R>(
  found: Effect.Effect<Option.Option<A>, E | Late, R>
): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.catchAll(found, (error) => isTimeout(error) ? Effect.succeedNone : Effect.fail(error as E))

export const isTimeout = (u: unknown): u is Timeout =>
  Cause.isTimeoutException(u) && "space" in u && "operation" in u && "patterns" in u
