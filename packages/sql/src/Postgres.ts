/**
 * Spaces in PostgreSQL: shared by as many programs, on as many machines, as the server has room for.
 *
 * @since 0.1.0
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ClientConfig } from "pg"
import * as internal from "./internal/postgres/store.js"

/**
 * Options of a space in PostgreSQL.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends SpaceStore.Options {
  /**
   * Where the server is, as the driver `pg` takes it: `{ connectionString: "postgres://…" }` or parts of it. It has to be a connection of one's own, for
   * notifications come by it: not one of a pooler that shares them by transaction.
   */
  readonly connection?: ClientConfig | undefined
  /** The name of the space: one schema carries several. By default `"default"`. */
  readonly space?: string | undefined
  /** The schema of the tables, which is made if need be. By default `"linda"`. */
  readonly schema?: string | undefined
  /**
   * For how long a program can give no sign of life before others take what it holds for given back. By default 30 seconds; it gives one
   * three times as often.
   */
  readonly lease?: Duration.DurationInput | undefined
  /** For how long to try to reach the server again before operations fail as `Unavailable`. By default as long as the lease. */
  readonly retry?: Duration.DurationInput | undefined
  /** Whose clock tells when a tuple or a lease ends: the server's, which is the default, or Effect's `Clock` here. */
  readonly clock?: "client" | "server" | undefined
}

/**
 * Opens a store.
 *
 * @since 0.1.0
 * @category stores
 */
export const store = (options: Options = {}): Effect.Effect<SpaceStore.SpaceStore, SpaceError, Scope.Scope> =>
  internal.make(options)

/**
 * Opens a space.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <T extends Tuple = Tuple>(
  options: Options = {}
): Effect.Effect<TupleSpace<T, SpaceError>, SpaceError, Scope.Scope> =>
  Effect.flatMap(store(options), (store) => SpaceStore.make<T>(store, options))

/**
 * Provides a space.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<TupleSpace<Tuple, SpaceError>, SpaceError> =>
  SpaceStore.layer(store(options), options)
