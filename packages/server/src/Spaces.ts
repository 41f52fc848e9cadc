/**
 * A directory of named spaces, each made when it is first asked for.
 *
 * @since 0.1.0
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"

/**
 * A space as a server knows it: of tuples of any kind, on any engine.
 *
 * @since 0.1.0
 * @category models
 */
export type AnySpace = TupleSpace.TupleSpace<Tuple, SpaceError>

/**
 * What the directory does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * The space of this name, which is there at least as long as the scope. Fails as `Refused` if there is none of this
   * name.
   */
  readonly get: (name: string) => Effect.Effect<AnySpace, SpaceError, Scope.Scope>
}

/**
 * The directory of spaces.
 *
 * @since 0.1.0
 * @category services
 */
export class Spaces extends Context.Tag("@effect-linda/server/Spaces")<Spaces, Service>() {}

/**
 * Options of a directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * For how long a space stays open that nobody uses. By default for ever, for what is in memory is gone when the space
   * closes. A space in a file or a database can close sooner.
   */
  readonly idle?: Duration.DurationInput | undefined
}

/**
 * Makes a directory of a function that opens the space of a name. Spaces close with the scope of the directory. The
 * names come from clients: check them before you make files of them.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { TupleSpace } from "@effect-linda/core"
 * import { Spaces } from "@effect-linda/server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const spaces = yield* Spaces.make(() => TupleSpace.make())
 *   const jobs = yield* spaces.get("jobs")
 *   yield* jobs.out(["job", 1])
 *   const again = yield* spaces.get("jobs")
 *   return yield* again.in(["job", 1])
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // [ 'job', 1 ]
 * ```
 */
export const make = <E, R>(
  open: (name: string) => Effect.Effect<AnySpace, E, R>,
  options?: Options
): Effect.Effect<Service, never, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.map(
    RcMap.make({
      lookup: (name: string) =>
        Effect.mapError(open(name), (error) =>
          error instanceof SpaceError
            ? error
            : new SpaceError({ reason: "Unavailable", message: `the space "${name}" cannot be opened`, cause: error })),
      idleTimeToLive: options?.idle ?? Duration.infinity
    }) as Effect.Effect<RcMap.RcMap<string, AnySpace, SpaceError>, never, Exclude<R, Scope.Scope> | Scope.Scope>,
    (spaces) => ({ get: (name) => RcMap.get(spaces, name) })
  )

/**
 * A layer of {@link make}.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { TupleSpace } from "@effect-linda/core"
 * import { Spaces } from "@effect-linda/server"
 *
 * const anyName = Spaces.layer(() => TupleSpace.make())
 * ```
 */
export const layer = <E, R>(
  open: (name: string) => Effect.Effect<AnySpace, E, R>,
  options?: Options
): Layer.Layer<Spaces, never, Exclude<R, Scope.Scope>> => Layer.scoped(Spaces, make(open, options))

/**
 * A directory of the one space in the context, whatever name is asked for.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { TupleSpace } from "@effect-linda/core"
 * import { Spaces } from "@effect-linda/server"
 * import { Layer } from "effect"
 *
 * const one = Layer.provide(Spaces.layerOne, TupleSpace.layer)
 * ```
 */
export const layerOne: Layer.Layer<Spaces, never, AnySpace> = Layer.effect(
  Spaces,
  Effect.map(TupleSpace.TupleSpace, (space) => ({ get: () => Effect.succeed(space) }))
)
