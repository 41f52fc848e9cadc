/**
 * Tuples that are put by a transaction of your own: committed with its rows, or not at all.
 *
 * `Postgres.outbox` and `Sqlite.outbox` make one. A put by an outbox takes no lock of the space: it is kept beside the
 * space until the transaction has committed, and then moved into it by a program that has the space open, which is told
 * at once. If there is none, the next that opens it does.
 *
 * @since 0.1.0
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- a protocol of any type */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { OutOptions } from "@effect-linda/core/TupleSpace"
import type { SqlClient } from "@effect/sql/SqlClient"
import type * as Effect from "effect/Effect"

/**
 * Puts tuples into a space by transactions of the user's. What is no tuple of the space is refused as the space would,
 * with a `SpaceError`; so is what the database does not do, with its `SqlError` as the cause.
 *
 * From the commit on, every operation of the space finds the tuples. Those of one transaction keep their order, and
 * those of one `outAll` come in one step. A time to live begins when the tuple comes into the space.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outbox<in T extends Tuple> {
  /**
   * Puts a tuple with the transaction of the `SqlClient` that this runs in, such as `sql.withTransaction`; by itself,
   * if there is none.
   */
  readonly out: (tuple: T, options?: PutOptions) => Effect.Effect<void, SpaceError, SqlClient>
  /** Puts tuples in the same way, in their order, all in one step. */
  readonly outAll: (tuples: Iterable<T>, options?: PutOptions) => Effect.Effect<void, SpaceError, SqlClient>
  /**
   * The statement that puts tuples, all in one step, for transactions that no `SqlClient` knows: run it by the client
   * of `pg`, or on the database of SQLite, that the transaction is of.
   */
  readonly statement: (tuples: Iterable<T>, options?: PutOptions) => Effect.Effect<Statement, SpaceError>
}

/**
 * What can be said of the tuples that are put: how long they live, and how urgent they are.
 *
 * @since 0.1.0
 * @category models
 */
export type PutOptions = Pick<OutOptions, "priority" | "ttl">

/**
 * A statement of SQL, and the values of its parameters: `$1`, `$2` in PostgreSQL, `?` in SQLite.
 *
 * @since 0.1.0
 * @category models
 */
export interface Statement {
  readonly sql: string
  readonly params: ReadonlyArray<string>
}

/**
 * Options of an outbox: those by which programs that open the space write what is in it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<T extends Tuple = any> extends Pick<SpaceStore.Options<T>, "protocol" | "schemas"> {
  /** The name of the space. By default `"default"`. */
  readonly space?: string | undefined
}
