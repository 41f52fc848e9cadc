/**
 * What a command was given: patterns and tuples, read; the space, opened.
 *
 * @internal
 */
import * as Query from "@effect-linda/core/Query"
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import type { Hold } from "@effect-linda/core/TupleSpace"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Address, Opening, Space } from "./address.js"
import { addressOf, open } from "./address.js"
import { Nothing, Usage } from "./outcome.js"
import { patternOf } from "./pattern.js"
import type { List } from "./syntax.js"
import { Mistake, parse } from "./syntax.js"

const reading = <A>(body: () => A): Effect.Effect<A, SpaceError | Usage> =>
  Effect.try({
    try: body,
    catch: (error) => {
      if (error instanceof Mistake) {
        return new Usage({ message: error.message })
      }
      if (error instanceof SpaceError) {
        return error
      }
      throw error
    }
  })

/** Reads texts, each with the same parser. */
export const readAll = <A>(
  texts: Iterable<string>,
  parser: (text: string) => A
): Effect.Effect<Array<A>, SpaceError | Usage> => reading(() => Array.from(texts, parser))

export const readAddress = (text: string): Effect.Effect<Address, SpaceError | Usage> => reading(() => addressOf(text))

/** Opens the space at an address, uses it, and closes it. */
export const withSpace = <A, E, R>(
  { space, ...opening }: { readonly space: string } & Opening,
  use: (space: Space) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(
    readAddress(space),
    (address) => Effect.scoped(Effect.flatMap(open(address, opening), use))
  )

/** How long those try to reach an engine who do not wait for anything else. */
export const soon = { retry: "5 seconds" } as const

/** What a command looks for: tuples to take, and what has to be there or not beside them. */
export interface Wanted {
  readonly takes: ReadonlyArray<List>
  readonly given: ReadonlyArray<List>
  readonly unless: ReadonlyArray<List>
}

/** Reads what a command looks for. */
export const readWanted = (
  { given, patterns, unless }: {
    readonly patterns: ReadonlyArray<string>
    readonly given: ReadonlyArray<string>
    readonly unless: ReadonlyArray<string>
  }
): Effect.Effect<Wanted, SpaceError | Usage> =>
  Effect.all({ takes: readAll(patterns, parse), given: readAll(given, parse), unless: readAll(unless, parse) })

/** The query of it: a pattern alone, or a join of all. */
export const queryOf = ({ given, takes, unless }: Wanted): Query.Query =>
  takes.length === 1 && given.length === 0 && unless.length === 0
    ? patternOf(takes[0]!)
    : Query.all([
      ...takes.map(patternOf),
      ...given.map((pattern) => Query.read(patternOf(pattern))),
      ...unless.map((pattern) => Query.absent(patternOf(pattern)))
    ])

/** The tuples that were found for it: those that were taken, then those that were only read. */
export const tuplesOf = ({ given, takes, unless }: Wanted, found: unknown): ReadonlyArray<Tuple> =>
  takes.length === 1 && given.length === 0 && unless.length === 0
    ? [found as Tuple]
    : found as ReadonlyArray<Tuple>

/** Ends the hold of all that was taken, as if it had not been: this is no attempt. */
export const giveBack = <E>(
  { takes }: Wanted,
  tuples: ReadonlyArray<Tuple>,
  hold: Hold<E>
): Effect.Effect<void, E> => Effect.forEach(tuples.slice(0, takes.length), hold.giveBack, { discard: true })

/** How long a command waits, for the library. */
export const timeoutOf = (wait: Option.Option<Duration.Duration>): { readonly timeout?: Duration.DurationInput } =>
  Option.isSome(wait) ? { timeout: wait.value } : {}

/** What is said when a command has waited in vain: of a look, nothing. */
export const orNothing = (wait: Option.Option<Duration.Duration>) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(effect, (error) =>
    TupleSpace.isTimeout(error)
      ? new Nothing({
        message: Option.match(wait, {
          onNone: () => "",
          onSome: (wait) => `nothing there within ${Duration.format(wait)}`
        })
      })
      : error)
