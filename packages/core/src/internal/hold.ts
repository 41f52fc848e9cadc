/**
 * What becomes of a tuple that is held while something runs (S8): it is consumed, it is back, or it is dead. Once, for
 * every engine.
 *
 * An engine takes the tuple, lists it as held, and ends the hold as it is told. This module says how.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Tuple } from "../Tuple.js"
import type { Holding } from "./arguments.js"
import { own } from "./arguments.js"
import type { Restore } from "./handOver.js"
import type { Pattern } from "./pattern/pattern.js"
import type { Late, Verbs } from "./verbs.js"

/** How a hold ends. */
export type Ending =
  | { readonly how: "consumed" }
  /** Consumed, with a letter in its place, if there is one. */
  | { readonly how: "dead"; readonly letter: Tuple | undefined }
  /** At its old place, or behind all others. That a use has failed counts as an attempt. */
  | { readonly how: "place" | "back"; readonly failed: boolean }

/** A tuple that is held. */
export interface Held<E> {
  readonly tuple: Tuple
  /** How often its use has failed before. */
  readonly attempts: number
  /** Whether there is nothing left to end: the space is closed, or has undone the take. */
  readonly isOver: () => boolean
  /** Ends the hold. What is wrong with a letter is a defect, and the tuple is still held then. */
  readonly end: (ending: Ending) => Effect.Effect<void, E>
}

export type Name = "inWith" | "inScoped" | "withPermit"

/** Runs uninterruptibly, and has to end the hold. */
export type Use<E, A, E2, R> = (held: Held<E>, restore: Restore) => Effect.Effect<A, E2, R>

/** Takes a tuple, waiting until there is one, and uses it. */
export type Take<E> = <A, E2, R>(
  name: Name,
  pattern: Pattern,
  options: Holding,
  use: Use<E, A, E2, R>
) => Effect.Effect<A, E | E2 | Late, R>

const consumed: Ending = { how: "consumed" }

/**
 * How a hold ends whose use has failed: after the last attempt that is allowed the tuple is dead. Throws what
 * `deadLetter` throws.
 */
export const failed = (
  cause: Cause.Cause<unknown>,
  attempts: number,
  tuple: () => Tuple,
  { deadLetter, maxAttempts, requeue }: Holding
): Ending =>
  attempts + 1 < maxAttempts
    ? { how: requeue, failed: true }
    : { how: "dead", letter: deadLetter === undefined ? undefined : own(deadLetter(tuple(), cause)) }

/** Ends a hold as its use has ended. If there is something wrong with the letter, the tuple is back. */
export const release =
  <E>(held: Held<E>, options: Holding, refuse: Verbs<E>["refuse"]) =>
  (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void, E> =>
    Effect.suspend(() => {
      if (held.isOver()) {
        return Effect.void
      }
      if (Exit.isSuccess(exit)) {
        return held.end(consumed)
      }
      const { cause } = exit
      if (Cause.isInterruptedOnly(cause)) {
        return held.end({ how: options.requeue, failed: false })
      }
      return Effect.catchAllDefect(
        Effect.suspend(() => held.end(failed(cause, held.attempts, () => held.tuple, options))),
        (defect) => Effect.zipRight(held.end({ how: "place", failed: true }), refuse(defect))
      )
    })

/**
 * Ends the hold of a permit, however its use has ended: that is nobody's affair but the user's, and counts as no
 * attempt.
 */
const giveBack = <E>(held: Held<E>, { requeue }: Holding) => (): Effect.Effect<void, E> =>
  Effect.suspend(() => held.isOver() ? Effect.void : held.end({ how: requeue, failed: false }))

/** How a hold has ended is no affair of a use that was interrupted. */
const orInterrupted = <E>(exit: Exit.Exit<unknown, unknown>, end: Effect.Effect<void, E>): Effect.Effect<void, E> =>
  Exit.isInterrupted(exit) ? Effect.ignore(end) : end

/** The result of the use, if the hold has ended well. */
const ending = <A, E2, R, E>(
  use: Effect.Effect<A, E2, R>,
  end: (exit: Exit.Exit<A, E2>) => Effect.Effect<void, E>
): Effect.Effect<A, E | E2, R> =>
  Effect.flatMap(Effect.exit(use), (exit) =>
    Effect.matchCauseEffect(orInterrupted(exit, end(exit)), {
      onSuccess: () => exit,
      onFailure: (cause): Effect.Effect<never, E | E2> =>
        Exit.isSuccess(exit) ? Effect.failCause(cause) : Effect.failCause(Cause.sequential(exit.cause, cause))
    }))

/** The verbs of holding, for an engine that takes to hold. */
export const holds = <E>(
  take: Take<E>,
  refuse: Verbs<E>["refuse"]
): Pick<Verbs<E>, "hold" | "holdScoped"> => ({
  hold: (name, pattern, options, use) =>
    take(name, pattern, options, (held, restore) =>
      ending(
        restore(use(held.tuple)),
        name === "withPermit" ? giveBack(held, options) : release(held, options, refuse)
      )),
  holdScoped: (pattern, options) =>
    take("inScoped", pattern, options, (held) =>
      Effect.as(
        Effect.addFinalizer((exit) => Effect.orDie(orInterrupted(exit, release(held, options, refuse)(exit)))),
        held.tuple
      ))
})
