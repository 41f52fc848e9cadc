/**
 * Spaces in PostgreSQL: shared by as many programs, on as many machines, as the server has room for.
 *
 * @since 0.1.0
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- a protocol of any type */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Tuple } from "@effect-linda/core/Tuple"
import { TupleSpace } from "@effect-linda/core/TupleSpace"
import { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { outboxOf } from "./internal/outbox.js"
import { classify, Lost, stateOf, unavailable } from "./internal/postgres/failures.js"
import { isClient, read, schemaOf } from "./internal/postgres/options.js"
import { withSql } from "./internal/postgres/sqlClient.js"
import * as internal from "./internal/postgres/store.js"
import type { Sql } from "./internal/sql.js"
import { quoted, sql } from "./internal/sql.js"
import type * as Outbox from "./Outbox.js"

/**
 * Text, or bytes.
 *
 * @since 0.1.0
 * @category models
 */
export type Secret = string | Uint8Array

/**
 * How a connection is encrypted, and whom it trusts: what is asked for most of what Node's `tls.connect` takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tls {
  /** Whom to trust, beside or instead of what the machine trusts. */
  readonly ca?: Secret | ReadonlyArray<Secret> | undefined
  /** The certificate of this client, */
  readonly cert?: Secret | ReadonlyArray<Secret> | undefined
  /** its key, */
  readonly key?: Secret | ReadonlyArray<Secret | object> | undefined
  /** both in one, */
  readonly pfx?: Secret | ReadonlyArray<Secret | object> | undefined
  /** and what opens them. */
  readonly passphrase?: string | undefined
  /** Whether to refuse a server whose certificate nobody vouches for. By default true. */
  readonly rejectUnauthorized?: boolean | undefined
  /** The name that the certificate has to have. By default that of the host. */
  readonly servername?: string | undefined
  readonly ciphers?: string | undefined
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3" | undefined
  readonly maxVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3" | undefined
}

/**
 * Where the server is, and as whom to connect: the options of a client of the driver `pg`. Its types need not be
 * installed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** `"postgres://user:password@host:port/database"`. */
  readonly connectionString?: string | Redacted.Redacted | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly database?: string | undefined
  readonly user?: string | undefined
  readonly password?: string | Redacted.Redacted | (() => string | Promise<string>) | undefined
  readonly ssl?: boolean | Tls | undefined
  readonly sslnegotiation?: "postgres" | "direct" | undefined
  readonly enableChannelBinding?: boolean | undefined
  /** Options of the session: `"-c search_path=app"`. */
  readonly options?: string | undefined
  readonly application_name?: string | undefined
  readonly fallback_application_name?: string | undefined
  readonly client_encoding?: string | undefined
  readonly connectionTimeoutMillis?: number | undefined
  readonly query_timeout?: number | undefined
  readonly statement_timeout?: number | false | undefined
  readonly lock_timeout?: number | undefined
  /** In milliseconds; 0 for none. By default as long as the lease. */
  readonly idle_in_transaction_session_timeout?: number | undefined
  readonly keepAlive?: boolean | undefined
  readonly keepAliveInitialDelayMillis?: number | undefined
  /** Makes the socket, a stream of Node: for tunnels. */
  readonly stream?: (() => object | undefined) | undefined
}

/**
 * What is asked for of a `PgClient` of `@effect/sql-pg`: the service of that name is one. That package, and its types,
 * need not be installed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Client extends SqlClient {
  readonly "~@effect/sql-pg/PgClient": "~@effect/sql-pg/PgClient"
  /** Where its pool connects to, and as whom. */
  readonly config: {
    readonly url?: Redacted.Redacted | undefined
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly database?: string | undefined
    readonly username?: string | undefined
    readonly password?: Redacted.Redacted | undefined
    readonly ssl?: boolean | object | undefined
    readonly stream?: (() => object) | undefined
    readonly connectTimeout?: Duration.DurationInput | undefined
    readonly applicationName?: string | undefined
    readonly types?: object | undefined
  }
}

/**
 * Options of a space in PostgreSQL.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<T extends Tuple = any> extends SpaceStore.Options<T> {
  /**
   * Where the server is, as the driver `pg` takes it: `{ connectionString: "postgres://…" }` or parts of it. It has to
   * be a connection of one's own, for notifications come by it: with a pooler that shares them by transaction opening
   * fails as `Unsupported`, unless `poll` is given. Timeouts of the session that are not given here are those of the
   * space, whatever the role or the database says (docs/durable.md, Operation).
   */
  readonly connection?: Connection | undefined
  /**
   * The `PgClient` of `@effect/sql-pg` that the program has, instead of an address in `connection`: the space connects
   * as that does (its address, user, password, TLS), by a connection of its own that is not of the pool. And
   * {@link transaction} gives this client, with its names of columns and its spans.
   */
  readonly client?: Client | undefined
  /** The name of the space: one schema carries several. By default `"default"`. */
  readonly space?: string | undefined
  /**
   * The schema of the tables, which is made if need be: up to 40 small letters, digits and `_`. By default `"linda"`.
   */
  readonly schema?: string | undefined
  /**
   * For how long a program can give no sign of life before others take what it holds for given back, and for how long
   * a transaction can do nothing before the server ends it. By default 30 seconds; a program gives a sign three times
   * as often.
   */
  readonly lease?: Duration.DurationInput | undefined
  /**
   * For how long to try again, while the server cannot be reached or refuses for a while, before operations fail as
   * `Unavailable`. By default as long as the lease. It is also how long opening a space tries: what cannot pass, such
   * as a wrong password, fails at once.
   */
  readonly retry?: Duration.DurationInput | undefined
  /**
   * How often to look for what others have sent, where notifications do not come: behind a pooler that shares
   * connections by transaction. Then nothing depends on the session, a batch takes three round trips instead of one,
   * and whoever waits is served as much later. By default notifications are listened to.
   */
  readonly poll?: Duration.DurationInput | undefined
  /** Whose clock tells when a tuple or a lease ends: the server's, which is the default, or Effect's `Clock` here. */
  readonly clock?: "client" | "server" | undefined
  /**
   * Whether opening a space makes the tables that are missing, and brings older ones up to date (`"open"`, which is the
   * default), or somebody does by hand what {@link migrationScript} says (`"hand"`): then opening fails as
   * `Unsupported` until they are of this version.
   */
  readonly migrate?: "open" | "hand" | undefined
}

/**
 * Opens a store. Fails with a `SpaceError`: `Unavailable` if the server is not to be had, `Unsupported` if this role
 * may not make the tables that are missing, if a program of a later version has made them, or behind a pooler that
 * shares connections by transaction.
 *
 * @since 0.1.0
 * @category stores
 */
export const store = (options: Options = {}): Effect.Effect<SpaceStore.SpaceStore, SpaceError, Scope.Scope> =>
  Effect.flatMap(read(options), internal.make)

/** How an effect gets the connection by which the transactions of a space go. */
const connections = new WeakMap<object, ReturnType<typeof withSql>>()

/**
 * Opens a space.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <T extends Tuple = Tuple>(
  options: Options<T> = {}
): Effect.Effect<TupleSpace<T, SpaceError>, SpaceError, Scope.Scope> =>
  Effect.flatMap(read(options), (read) =>
    Effect.flatMap(
      internal.make(read),
      (store) =>
        Effect.tap(
          SpaceStore.make<T>(store, read.ofSpace),
          (space) => Effect.sync(() => void connections.set(space, withSql(store.query, read.client)))
        )
    ))

/**
 * Provides a space.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<TupleSpace<Tuple, SpaceError>, SpaceError> =>
  Layer.scoped(TupleSpace, make(options))

/**
 * Provides a space on the server of the `PgClient` that the program has: that of the layers of `@effect/sql-pg`, which
 * provide it as `SqlClient`. As the option `client` says; fails as `Unsupported` with a client of another database.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { Postgres } from "@effect-linda/sql"
 * import { PgClient } from "@effect/sql-pg"
 * import { Config, Layer } from "effect"
 *
 * const Database = PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })
 * const Jobs = Postgres.layerClient({ space: "jobs" }).pipe(Layer.provideMerge(Database))
 * ```
 */
export const layerClient = (
  options: Omit<Options, "client"> = {}
): Layer.Layer<TupleSpace<Tuple, SpaceError>, SpaceError, SqlClient> =>
  Layer.scoped(
    TupleSpace,
    Effect.flatMap(SqlClient, (client) =>
      isClient(client) ? make({ ...options, client }) : Effect.fail(
        new SpaceError({
          reason: "Unsupported",
          message: "PostgreSQL: the SqlClient of this program is no PgClient of @effect/sql-pg: provide that, or say " +
            "by the option \"connection\" where the server is"
        })
      ))
  )

/**
 * Provides a space whose options are configuration.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { Postgres } from "@effect-linda/sql"
 * import { Config } from "effect"
 *
 * const Jobs = Postgres.layerConfig({
 *   connection: { connectionString: Config.redacted("DATABASE_URL") },
 *   space: Config.succeed("jobs")
 * })
 * ```
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<TupleSpace<Tuple, SpaceError>, ConfigError | SpaceError> =>
  Layer.scoped(TupleSpace, Effect.flatMap(Config.unwrap(options), make))

/**
 * What opening a space with these options would do to the tables first, without doing it: a script of SQL, which is
 * empty if they are of this version. For whoever does that by hand, as one transaction, as the role that is to own the
 * tables: `psql --single-transaction --set=ON_ERROR_STOP=1 --file=script.sql`. It is made for what there is now: what
 * somebody else has done meanwhile it does not do twice, but fails.
 *
 * It only reads, so a role without any right to make tables will do. Fails as opening a space does.
 *
 * @since 0.1.0
 * @category migrations
 */
export const migrationScript = (options: Options = {}): Effect.Effect<string, SpaceError> =>
  Effect.flatMap(read(options), internal.script)

/**
 * Options of an outbox in PostgreSQL.
 *
 * @since 0.1.0
 * @category models
 */
export interface OutboxOptions<T extends Tuple = any> extends Outbox.Options<T> {
  /** The schema of the tables, as for a space. By default `"linda"`. */
  readonly schema?: string | undefined
}

/** What it means that a statement of an outbox fails. */
const unput = (error: SqlError, schema: Sql): SpaceError => {
  const { cause } = error
  // There is no such schema, table or function.
  if (/^(3F000|42P01|42883)$/.test(stateOf(cause) ?? "")) {
    return new SpaceError({
      reason: "Unsupported",
      message: `PostgreSQL: there is no outbox in the schema "${schema}" of this database: open a space of it once, ` +
        "which makes the tables",
      cause: error
    })
  }
  const failure = classify(cause ?? error)
  const { message, reason } = failure instanceof Lost ? unavailable(failure.cause) : failure
  return new SpaceError({ reason, message, cause: error })
}

/**
 * Makes an outbox: puts tuples by transactions of your own, in the same database, past the lock of the space.
 *
 * The tables have to be there: a program that opens a space of the schema makes them.
 *
 * @since 0.1.0
 * @category outboxes
 * @example
 * ```ts
 * import { Postgres } from "@effect-linda/sql"
 * import { SqlClient } from "@effect/sql"
 * import { Effect } from "effect"
 *
 * const order = (item: string) =>
 *   Effect.gen(function*() {
 *     const sql = yield* SqlClient.SqlClient
 *     const jobs = yield* Postgres.outbox<readonly ["deliver", string]>({ space: "jobs" })
 *     yield* sql.withTransaction(Effect.zipRight(
 *       sql`INSERT INTO orders (item) VALUES (${item})`,
 *       jobs.out(["deliver", item])
 *     ))
 *   })
 * ```
 */
export const outbox: <T extends Tuple = Tuple>(
  options?: OutboxOptions<T>
) => Effect.Effect<Outbox.Outbox<T>, SpaceError> = outboxOf({
  tables: (reader) => schemaOf(reader.text("schema") ?? "linda"),
  put: (schema) => sql`SELECT ${quoted(schema)}.outbox_put($1, $2)`,
  failed: unput
})

/**
 * As `SpaceStore.transaction`, with SQL of one's own in the same transaction of the database: what the effect does with
 * the `SqlClient` that it gets, and what it takes and puts, happens as a whole or not at all. So an effect on tables of
 * the same database can follow from a tuple exactly once.
 *
 * @since 0.1.0
 * @category transactions
 */
export const transaction =
  <T extends Tuple>(space: TupleSpace<T, SpaceError>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SpaceError, Exclude<R, SqlClient>> =>
    Effect.suspend(() => {
      const within = connections.get(space)
      return within === undefined
        ? Effect.fail(
          new SpaceError({ reason: "Unsupported", message: "only a space of this module has transactions with SQL" })
        )
        : SpaceStore.transaction(space)(within(effect))
    })
