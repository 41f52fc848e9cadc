/**
 * What the suite is made of: named cases, each the body of a test that asks for an engine.
 *
 * @internal
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { Options, TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Capability } from "../../Conformance.js"

/** How a case gets at the engine under test. */
export interface Engine {
  readonly make: (options?: Options) => Effect.Effect<TupleSpace<Tuple, SpaceError>, unknown, Scope.Scope>
  /** Lets everything else go as far as it can. */
  readonly settle: Effect.Effect<void>
  /** Lets so much time go by. */
  readonly pass: (duration: Duration.DurationInput) => Effect.Effect<void>
  /** What else must hold of a space that nobody uses any more. */
  readonly after: (space: TupleSpace<Tuple, SpaceError>) => Effect.Effect<void, unknown>
}

export const Engine = Context.GenericTag<Engine>("@effect-linda/testkit/Engine")

export type Body = () => Effect.Effect<unknown, unknown, Engine | Scope.Scope>

export interface Case {
  /** The group and the name, which begins with the clauses and ids that it covers. */
  readonly group: string
  readonly name: string
  readonly needs: ReadonlyArray<Capability>
  readonly body: Body
}

/** Defines a case. */
export interface Test {
  (name: string, body: Body): void
  /** For cases that only engines with all these capabilities can pass. */
  readonly needing: (...capabilities: ReadonlyArray<Capability>) => Test
}

/** A group of cases. */
export const cases = (group: string, define: (test: Test) => void): ReadonlyArray<Case> => {
  const defined: Array<Case> = []
  const testNeeding = (needs: ReadonlyArray<Capability>): Test =>
    Object.assign((name: string, body: Body) => void defined.push({ group, name, needs, body }), {
      needing: (...more: ReadonlyArray<Capability>) => testNeeding([...needs, ...more])
    })
  define(testNeeding([]))
  return defined
}
