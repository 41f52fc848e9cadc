/**
 * Reads options as the library reads its own: for engines, and for what is built on spaces. What is wrong with one
 * becomes a `SpaceError` that names it (S16).
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as internal from "./internal/arguments.js"
import { messageOf as internalMessageOf } from "./internal/print.js"
import type { SpaceError } from "./SpaceError.js"

/**
 * Reads one record of options. An option that nobody asks it for is refused in the end, so ask for all of them. Every
 * method throws the `SpaceError` that names the option, which {@link read} makes the failure.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reader {
  /** A duration in milliseconds, from `least` on, that has an end. */
  readonly millis: (name: string, otherwise: Duration.DurationInput, least?: number) => number
  /** A duration in milliseconds, from `least` on, which may have no end. */
  readonly patience: (name: string, otherwise: Duration.DurationInput, least?: number) => number
  /** An integer from `least` on. */
  readonly integer: (name: string, otherwise: number, least: number) => number
  /** One of these words, of which the first is the default. */
  readonly one: <A extends string>(name: string, allowed: readonly [A, ...ReadonlyArray<A>]) => A
  /** A text, if one is given. */
  readonly text: (name: string) => string | undefined
  /** What passes the test, if anything is given: `what` says what that is. */
  readonly value: <A>(name: string, is: (value: unknown) => value is A, what: string) => A | undefined
  /** A record that has no members but these, if one is given: `what` says what that is. */
  readonly record: (name: string, what: string, names: ReadonlyArray<string>) => object | undefined
  /** These options as they are, for somebody else to read. */
  readonly pick: (...names: ReadonlyArray<string>) => Readonly<Record<string, unknown>>
}

/**
 * Reads a record of options, which may be missing. Fails if it has an option that the function does not ask for.
 *
 * @since 0.1.0
 * @category readers
 * @example
 * ```ts
 * import { Options } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const read = (options?: { readonly lease?: string }) =>
 *   Options.read(options, (reader) => reader.millis("lease", "30 seconds", 1))
 *
 * console.log(Effect.runSync(read())) // 30000
 * console.log(Effect.runSync(Effect.flip(read({ lease: "soon" }))).message)
 * // lease: "soon" is no duration
 * console.log(Effect.runSync(Effect.flip(read({ leese: "1 second" } as object))).message)
 * // leese: there is no such option here, but "lease"
 * ```
 */
export const read = <A>(options: unknown, f: (reader: Reader) => A): Effect.Effect<A, SpaceError> =>
  Effect.suspend(() => internal.failing(() => Effect.succeed(internal.readOptions(options, f))))

/**
 * Throws the `SpaceError` that names an option which is not among these: for functions that read their options
 * themselves.
 *
 * @since 0.1.0
 * @category readers
 */
export const only = (options: unknown, ...names: ReadonlyArray<string>): void => internal.onlyOptions(options, names)

/**
 * What an error says, whatever was thrown: for messages. Never throws itself.
 *
 * @since 0.1.0
 * @category readers
 */
export const messageOf: (error: unknown) => string = internalMessageOf
