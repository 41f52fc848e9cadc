/**
 * Putting what comes from another space, so that nothing is lost on the way: what there is no room for stays where it
 * was (S14).
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Restore } from "../SpaceStore.js"
import type { Tuple } from "../Tuple.js"
import type { Destination } from "../TupleSpace.js"
import type { Held, TakeNow } from "./hold.js"
import { consumed } from "./hold.js"
import type { Pattern } from "./pattern/pattern.js"

/** Under which a space says how it takes tuples that are moved to it. */
export const Receiver: unique symbol = Symbol.for("@effect-linda/core/Destination")

/**
 * Puts those of the tuples that there is room for, waiting where a put waits for room; says which, by their indices. A
 * space that can tell calls `onArrival` in the very step that puts them: an interruption that comes then finds them
 * there. Each has its priority, or none has one.
 */
export type PutFitting = (
  tuples: ReadonlyArray<Tuple>,
  onArrival?: (arrived: ReadonlyArray<number>) => void,
  priorities?: ReadonlyArray<number>
) => Effect.Effect<ReadonlyArray<number>, any>

/** A space that may say so. */
export interface Receiving {
  readonly [Receiver]?: PutFitting | undefined
}

/** For who has room for all. */
export const fitting = (
  outAll: (tuples: ReadonlyArray<Tuple>, priorities?: ReadonlyArray<number>) => Effect.Effect<void, any>
): PutFitting =>
(tuples, onArrival, priorities) =>
  Effect.map(outAll(tuples, priorities), () => {
    const arrived = tuples.map((_, index) => index)
    onArrival?.(arrived)
    return arrived
  })

/** Puts tuples into a destination. One that only knows `outAll` takes all of them. */
export const putFitting = <E>(
  other: Destination<any, E>,
  tuples: ReadonlyArray<Tuple>,
  onArrival?: (arrived: ReadonlyArray<number>) => void,
  priorities?: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<number>, E> =>
  Effect.suspend(() => {
    const put = (other as Receiving)[Receiver] ?? fitting((tuples) => other.outAll(tuples))
    return put(tuples, onArrival, priorities)
  })

/** Moves or copies what matches to another space, and says how many arrived. */
export type Move<E> = <E2>(
  name: "collectInto" | "copyCollectInto",
  pattern: Pattern,
  other: Destination<any, E2>
) => Effect.Effect<number, E | E2>

/** How an engine copies, and how it takes to hold. */
interface Source<E> {
  readonly copyCollect: (pattern: Pattern, limit: number) => Effect.Effect<ReadonlyArray<Tuple>, E>
  readonly takeNow: TakeNow<E>
}

/** The verb of moving, for an engine that knows no better way: what moves is held meanwhile, and what stays is back. */
export const moves = <E>({ copyCollect, takeNow }: Source<E>): Move<E> => (name, pattern, other) =>
  name === "copyCollectInto"
    ? Effect.map(
      Effect.flatMap(copyCollect(pattern, Infinity), (all) => putFitting(other, all)),
      ({ length }) => length
    )
    : takeNow({ name, pattern, limit: Infinity, isFinal: false }, moveHeld(other))

/** Moves what is held. */
const moveHeld = <E, E1>(other: Destination<any, E>) => (held: Held<E1>, restore: Restore) =>
  Effect.suspend(() => {
    let arrived: ReadonlyArray<number> = []
    const onArrival = (indices: ReadonlyArray<number>) => {
      arrived = indices
    }
    const put = putFitting(other, held.tuples, onArrival, held.priorities)
    const settled = (arrived: ReadonlyArray<number>) =>
      held.isOver() ? Effect.void : Effect.tap(
        arrived.length === 0 ? Effect.void : held.end(consumed, arrived),
        () => arrived.length < held.tuples.length ? held.end({ how: "place", failed: false }) : Effect.void
      )
    return Effect.flatMap(Effect.exit(restore(put)), (exit): Effect.Effect<number, E | E1> => {
      if (Exit.isSuccess(exit)) {
        return Effect.as(settled(exit.value), exit.value.length)
      }
      // How the move has failed matters more than how the hold has ended.
      return Effect.zipRight(Effect.exit(settled(arrived)), Effect.failCause(exit.cause))
    })
  })
