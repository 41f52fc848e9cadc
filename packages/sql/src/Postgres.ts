/**
 * Spaces in PostgreSQL: shared by as many programs, on as many machines, as the server has room for.
 *
 * @since 0.1.0
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Tuple } from "@effect-linda/core/Tuple"
import { TupleSpace } from "@effect-linda/core/TupleSpace"
import type { SqlClient } from "@effect/sql/SqlClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ClientConfig } from "pg"
import { withSql } from "./internal/postgres/sql.js"
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

/** By which connection the transactions of a space go. */
const stores = new WeakMap<object, internal.PostgresStore>()

/**
 * Opens a space.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <T extends Tuple = Tuple>(
  options: Options = {}
): Effect.Effect<TupleSpace<T, SpaceError>, SpaceError, Scope.Scope> =>
  Effect.flatMap(
    internal.make(options),
    (store) =>
      Effect.tap(SpaceStore.make<T>(store, options), (space) => Effect.sync(() => void stores.set(space, store)))
  )

/**
 * Provides a space.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<TupleSpace<Tuple, SpaceError>, SpaceError> =>
  Layer.scoped(TupleSpace, make(options))

/**
 * As `SpaceStore.transaction`, with SQL of one's own in the same transaction of the database: what the effect does with the
 * `SqlClient` that it gets, and what it takes and puts, happens as a whole or not at all. So an effect on tables of the same database can follow
 * from a tuple exactly once.
 *
 * @since 0.1.0
 * @category transactions
 */
export const transaction =
  <T extends Tuple>(space: TupleSpace<T, SpaceError>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SpaceError, Exclude<R, SqlClient>> =>
    Effect.suspend(() => {
      const store = stores.get(space)
      return store === undefined
        ? Effect.fail(
          new SpaceError({ reason: "Unsupported", message: "only a space of this module has transactions with SQL" })
        )
        : SpaceStore.transaction(space)(withSql(store.connection)(effect))
    })
