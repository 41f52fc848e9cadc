/** What is measured: our space, and others that do the same work, by one interface. */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import type { Scope } from "effect"
import { Effect } from "effect"
import { ANY, fxSpace } from "./floors.js"
import { naiveSpace } from "./naive.js"

export type Fields = ReadonlyArray<unknown>

/** As much of a tuple space as the workloads use of all subjects. */
export interface Space {
  readonly out: (tuple: Fields) => Effect.Effect<unknown>
  readonly in: (pattern: Fields) => Effect.Effect<Fields>
  readonly inp: (pattern: Fields) => Effect.Effect<unknown>
}

export interface Subject {
  readonly make: Effect.Effect<Space, never, Scope.Scope>
  /** The wildcard of its patterns. */
  readonly any: unknown
}

export const ours: Subject = {
  // Its types ask for more than those of the others, and are not what is measured.
  make: Effect.map(TupleSpace.make(), (space) => space as unknown as Space),
  any: P.any
}

export const fx: Subject = { make: Effect.sync(fxSpace), any: ANY }

export const naive: Subject = { make: naiveSpace, any: ANY }
