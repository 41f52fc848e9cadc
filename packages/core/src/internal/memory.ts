/**
 * What a space in memory shows to the other modules of the library.
 *
 * @internal
 */
import type * as TRef from "effect/TRef"
import type { Savepoint, Store } from "./store.js"

/** A store, and the `TRef` by which transactions on it commit and roll back. */
export interface Memory {
  readonly store: Store
  readonly ref: TRef.TRef<Savepoint>
}

export const Memory: unique symbol = Symbol.for("@effect-linda/core/Memory")

/** The memory behind a space, if there is one. */
export const memoryOf = (space: object): Memory | undefined => (space as { readonly [Memory]?: Memory })[Memory]
