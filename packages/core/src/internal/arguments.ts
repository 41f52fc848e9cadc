/**
 * Reading what the caller gave: bad input becomes a `SpaceError` that names it, before anything is touched (S16).
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SpaceError } from "../SpaceError.js"
import type { Tuple } from "../Tuple.js"
import type { HoldOptions } from "../TupleSpace.js"
import type { Pattern } from "./pattern.js"
import { compile, show } from "./pattern.js"

/**
 * Makes an operation of its arguments; bad ones make one that dies with the error that names them. The arguments may be passed on: what
 * is called most does without a closure.
 */
export const reading = <A, E, R, One, Two, Three, Four>(
  make: (one: One, two: Two, three: Three, four: Four) => Effect.Effect<A, E, R>,
  one?: One,
  two?: Two,
  three?: Three,
  four?: Four
): Effect.Effect<A, E, R> => {
  try {
    return make(one!, two!, three!, four!)
  } catch (error) {
    return Effect.die(error)
  }
}

export const invalidOption = (message: string): SpaceError => new SpaceError({ reason: "InvalidOption", message })

/** The space's own frozen copy of a tuple (S1). One that is frozen already, as those from a space are, can be shared. */
export const own = (tuple: unknown): Tuple => {
  if (!Array.isArray(tuple) || tuple.length === 0) {
    throw new SpaceError({
      reason: "InvalidTuple",
      message: `a tuple is a non-empty array of fields, not ${show(tuple)}`
    })
  }
  return (Object.isFrozen(tuple) ? tuple : Object.freeze(tuple.slice())) as unknown as Tuple
}

/** `Duration` would take these for zero. */
const isNegative = (input: Duration.DurationInput): boolean =>
  typeof input === "number" || typeof input === "bigint"
    ? !(input >= 0)
    : typeof input === "string"
    ? input.trimStart().startsWith("-")
    : Array.isArray(input) && !input.every((part) => part >= 0)

/** A duration in milliseconds. */
export const millis = (option: string, input: Duration.DurationInput | undefined): number => {
  if (input === undefined) {
    return Infinity
  }
  const duration = Duration.decodeUnknown(input)
  if (Option.isNone(duration) || isNegative(input)) {
    throw invalidOption(`${option}: ${show(input)} is no duration`)
  }
  return Duration.toMillis(duration.value)
}

/** An integer from `least` on, or infinity for none. */
export const natural = (option: string, input: number | undefined, least: number): number => {
  if (input === undefined || input === Infinity) {
    return Infinity
  }
  if (!Number.isInteger(input) || input < least) {
    throw invalidOption(`${option}: ${show(input)} is no integer from ${least} on`)
  }
  return input
}

/** One of the allowed values, of which the first is the default. */
export const one = <A extends string>(option: string, input: A | undefined, allowed: ReadonlyArray<A>): A => {
  if (input !== undefined && !allowed.includes(input)) {
    throw invalidOption(`${option}: ${show(input)} is none of ${allowed.map(show).join(", ")}`)
  }
  return input ?? allowed[0]!
}

/** The options of operations that hold a tuple. */
export const checkHold = (
  name: "inWith" | "inScoped" | "withPermit",
  options: HoldOptions<Tuple> | undefined
): void => {
  one("requeue", options?.requeue, ["place", "back"])
  natural("maxAttempts", options?.maxAttempts, 1)
  const counting = name === "withPermit" && (["maxAttempts", "deadLetter"] as const).find((key) => options?.[key])
  if (counting) {
    throw invalidOption(
      `${counting}: withPermit always gives its tuple back: use inWith to give up after some attempts`
    )
  }
}

/** The patterns of a choice or a join, and the keys that name their results if they were given as a record. */
export interface Several {
  readonly keys: ReadonlyArray<string> | undefined
  readonly patterns: ReadonlyArray<Pattern>
}

export const several = (patterns: unknown): Several => {
  const list = Array.isArray(patterns)
  const compiled = (list ? patterns : Object.values(patterns as object)).map(compile)
  if (compiled.length === 0) {
    throw new SpaceError({ reason: "InvalidPattern", message: "a choice or a join needs at least one pattern" })
  }
  return { keys: list ? undefined : Object.keys(patterns as object), patterns: compiled }
}
