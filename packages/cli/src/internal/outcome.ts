/**
 * How a command ends: its exit code, and what it says of it.
 *
 * @internal
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Option from "effect/Option"

/** What exit codes say, for whoever calls `linda` from a script. */
export const codes = { success: 0, nothing: 1, usage: 2, engine: 3 } as const

/** The reader of the output has gone: what a shell says of a program that a broken pipe ends. */
const broken = 128 + 13

/** There was nothing, or not in time. */
export class Nothing extends Data.TaggedError("Nothing")<{ readonly message: string }> {}

/** The arguments mean nothing. */
export class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

/** The command ends with the exit code of another. */
export class ExitCode extends Data.TaggedError("ExitCode")<{
  readonly code: number
  readonly reason?: string | undefined
}> {}

/** Who reads the output reads no more. */
export class Closed extends Data.TaggedError("Closed") {}

export type Failure =
  | Nothing
  | Usage
  | ExitCode
  | Closed
  | SpaceError
  | Cause.TimeoutException
  | ValidationError.ValidationError

/** What is the caller's fault, of what a space refuses. */
const faults: ReadonlySet<SpaceError["reason"]> = new Set(["InvalidTuple", "InvalidPattern", "InvalidOption"])

/** How a command ends, and what is still to be said. */
export interface Outcome {
  readonly code: number
  readonly message?: string | undefined
}

const outcomeOf = (failure: Failure): Outcome => {
  // @effect/cli has said it already.
  if (ValidationError.isValidationError(failure)) {
    return { code: codes.usage }
  }
  switch (failure._tag) {
    case "Nothing":
      return { code: codes.nothing, message: failure.message === "" ? undefined : failure.message }
    case "Usage":
      return { code: codes.usage, message: failure.message }
    case "ExitCode":
      return { code: failure.code, message: failure.reason }
    case "Closed":
      return { code: broken }
    case "TimeoutException":
      return { code: codes.nothing, message: failure.message }
    case "SpaceError":
      return {
        code: faults.has(failure.reason) ? codes.usage : codes.engine,
        message: failure.message
      }
  }
}

/** How a command ends that has failed, died or been interrupted. */
export const outcomeOfCause = (cause: Cause.Cause<Failure>): Outcome =>
  Option.match(Cause.failureOption(cause), {
    onSome: outcomeOf,
    onNone: () => ({ code: codes.engine, message: Cause.pretty(cause) })
  })
