/**
 * Putting what comes from another space, so that nothing is lost on the way: what there is no room for stays where it was (S14).
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Tuple } from "../Tuple.js"
import type { Destination } from "../TupleSpace.js"

const Key = Symbol.for("@effect-linda/core/Destination")

/** Puts those of the tuples that there is room for, waiting where a put waits for room; says which, by their indices. */
export type PutFitting = (tuples: ReadonlyArray<Tuple>) => Effect.Effect<ReadonlyArray<number>, any>

/** The members of a space that make it known as a destination of that kind. */
export const destination = (putFitting: PutFitting): object => ({ [Key]: putFitting })

/** Puts tuples into a destination. One that only knows `outAll` takes all of them. */
export const putFitting = <E>(
  other: Destination<any, E>,
  tuples: ReadonlyArray<Tuple>
): Effect.Effect<ReadonlyArray<number>, E> =>
  Effect.suspend(() =>
    (other as { readonly [Key]?: PutFitting })[Key]?.(tuples) ??
      Effect.as(other.outAll(tuples), tuples.map((_, index) => index))
  )
