/**
 * What a subscription sees of a space.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * One thing that happened to the tuples of a pattern:
 *
 * - `Out`: the tuple was put, be it stored or handed to a waiting operation at once.
 * - `In`: it was taken.
 * - `Requeue`: a taken tuple came back, because its taker failed or was interrupted.
 * - `Expire`: its time to live ended, or was ended.
 * - `Evict`: it was the oldest, and made room in a space with the strategy `"sliding"`.
 * - `Missed`: the subscription's buffer was full, and so many events before the next one were dropped.
 *
 * @since 0.1.0
 * @category models
 */
export type SpaceEvent<T> =
  | { readonly _tag: "Out"; readonly tuple: T }
  | { readonly _tag: "In"; readonly tuple: T }
  | { readonly _tag: "Requeue"; readonly tuple: T }
  | { readonly _tag: "Expire"; readonly tuple: T }
  | { readonly _tag: "Evict"; readonly tuple: T }
  | { readonly _tag: "Missed"; readonly count: number }

/**
 * The kinds of events that can be subscribed to.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "Out" | "In" | "Requeue" | "Expire" | "Evict"

interface Definition extends Data.TaggedEnum.WithGenerics<1> {
  readonly taggedEnum: SpaceEvent<this["A"]>
}

/**
 * Constructors of events, and the ways to tell them apart.
 *
 * @since 0.1.0
 * @category constructors
 */
export const { $is, $match, Evict, Expire, In, Missed, Out, Requeue } = Data.taggedEnum<Definition>()
