/**
 * A space in memory, as the modules of its operations see it.
 *
 * @internal
 */
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import { read } from "../brand.js"
import type { Savepoint } from "./log.js"
import type { Options } from "./store.js"
import { Store } from "./store.js"

/** A store, and the `TRef` by which transactions on it commit and roll back. */
export interface Memory {
  readonly name: string
  readonly store: Store
  readonly ref: TRef.TRef<Savepoint>
}

export const makeMemory = (name: string, options: Options): STM.STM<Memory> =>
  STM.suspend(() => {
    const store = new Store(options)
    return STM.map(TRef.make(store.log.committed), (ref) => ({ name, store, ref }))
  })

const Key = Symbol.for("@effect-linda/core/Memory")

/** Makes a space known as one in memory. */
export const withMemory = <A extends object>(space: A, memory: Memory): A => Object.assign(space, { [Key]: memory })

/** The memory behind a space, if there is one. */
export const memoryOf = (space: unknown): Memory | undefined =>
  typeof space === "object" && space !== null ? read(space, Key) as Memory | undefined : undefined
