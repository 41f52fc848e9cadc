/**
 * Putting what comes from another space, so that nothing is lost on the way: what there is no room for stays where it
 * was (S14).
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Tuple } from "../Tuple.js"
import type { Destination } from "../TupleSpace.js"
import type { Restore } from "./handOver.js"

/** Under which a space says how it takes tuples that are moved to it. */
export const Receiver: unique symbol = Symbol.for("@effect-linda/core/Destination")

/**
 * Puts those of the tuples that there is room for, waiting where a put waits for room; says which, by their indices. A
 * space that can tell calls `onArrival` in the very step that puts them: an interruption that comes then finds them
 * there.
 */
export type PutFitting = (
  tuples: ReadonlyArray<Tuple>,
  onArrival?: (arrived: ReadonlyArray<number>) => void
) => Effect.Effect<ReadonlyArray<number>, any>

/** A space that may say so. */
export interface Receiving {
  readonly [Receiver]?: PutFitting | undefined
}

/** Puts tuples into a destination. One that only knows `outAll` takes all of them. */
export const putFitting = <E>(
  other: Destination<any, E>,
  tuples: ReadonlyArray<Tuple>,
  onArrival?: (arrived: ReadonlyArray<number>) => void
): Effect.Effect<ReadonlyArray<number>, E> =>
  Effect.suspend(() =>
    (other as Receiving)[Receiver]?.(tuples, onArrival) ??
      Effect.as(other.outAll(tuples), tuples.map((_, index) => index))
  )

/** The same for tuples that are held meanwhile: `settle` ends the hold, with the indices of those that have arrived. */
export const moveHeld = <E, E1>(
  other: Destination<any, E>,
  tuples: ReadonlyArray<Tuple>,
  restore: Restore,
  settle: (arrived: ReadonlyArray<number>) => Effect.Effect<void, E1>
): Effect.Effect<number, E | E1> =>
  Effect.suspend(() => {
    let arrived: ReadonlyArray<number> = []
    const put = putFitting(other, tuples, (indices) => {
      arrived = indices
    })
    return Effect.flatMap(Effect.exit(restore(put)), (exit): Effect.Effect<number, E | E1> => {
      if (Exit.isSuccess(exit)) {
        return Effect.as(settle(exit.value), exit.value.length)
      }
      // How the move has failed matters more than how the hold has ended.
      return Effect.zipRight(Effect.exit(settle(arrived)), Effect.failCause(exit.cause))
    })
  })
