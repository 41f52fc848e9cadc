/**
 * One space split over several by the first field of its tuples.
 *
 * @since 0.1.0
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- schemas of any types */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as internal from "./internal/sharded/engine.js"
import * as routing from "./internal/sharded/routing.js"
import type { SpaceError } from "./SpaceError.js"
import type { Tuple } from "./Tuple.js"
import type { TupleSpace } from "./TupleSpace.js"

/**
 * Options of a split space.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the whole. By default that of its first part. */
  readonly name?: string | undefined
  /** As for its parts. */
  readonly schemas?: ReadonlyArray<Schema.Schema<any, any>> | undefined
}

/**
 * Makes one space of several, which are best on databases of their own. A tuple lives in the part that the hash of its
 * first field says; so all programs have to name the same parts in the same order.
 *
 * A pattern whose first field is a literal concerns one part, and has all that a space of its engine has. Any other
 * pattern is asked of all parts:
 *
 * - what waits, waits in all of them; it takes what the first has, and puts back what another gave meanwhile; a
 *   predicate that throws, or a part that closes, ends it in all;
 * - the order of age and of arrival holds within each part, and for a choice within each of its patterns;
 * - `collect` and the like take of one part after the other, and see no single instant; and so does `outAll`. If one of
 *   them fails or is interrupted, all that it has taken is back.
 *
 * `inAll`, `Query.all`, a `Query.any` that prefers its first pattern, a `Query.batch` whose `min` is more than 1,
 * `awaitNone`, `outIfAbsent`, `replace` and `exchange` fail as `Unsupported` if they concern several parts. A dead
 * letter is put into the part of its tuple, so it should have the same first field. Processes and their failures belong
 * to the first one. `awaitQuiescent` and transactions are of one part only.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: <T extends Tuple>(
  parts: readonly [TupleSpace<T, SpaceError>, ...ReadonlyArray<TupleSpace<T, SpaceError>>],
  options?: Options
) => TupleSpace<T, SpaceError> = internal.make

/**
 * Which part a tuple is in, by its first field: to move tuples when the number of parts changes.
 *
 * @since 0.1.0
 * @category routing
 */
export const partOf: (first: unknown, parts: number, options?: Options) => Effect.Effect<number, SpaceError> =
  routing.partOf
