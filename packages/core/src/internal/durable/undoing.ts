/**
 * What is undone if it does not succeed: if it fails, dies, or is interrupted.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Nobody leaves while it is undone. If that fails, it fails with that. */
export const undoing = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  undo: (cause: Cause.Cause<E>) => Effect.Effect<unknown, E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.exit(restore(effect)),
      (exit): Effect.Effect<A, E | E2> => Exit.isSuccess(exit) ? exit : Effect.zipRight(undo(exit.cause), exit)
    )
  )
