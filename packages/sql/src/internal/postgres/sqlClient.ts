/**
 * SQL of the user's own on the connection of a space, in its transactions.
 *
 * @internal
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type pg from "pg"

/** Runs a statement in the transaction that is under way. */
type Query = (config: pg.QueryConfig) => Promise<pg.QueryResult>

const connectionOf = (run: Query): Connection => {
  const query = (
    text: string,
    params: ReadonlyArray<unknown>,
    rowMode?: "array"
  ): Effect.Effect<pg.QueryResult, SqlError> =>
    Effect.tryPromise({
      try: (): Promise<pg.QueryResult> =>
        run({ text, values: [...params], ...(rowMode && { rowMode }) } as pg.QueryConfig),
      catch: (cause) => new SqlError({ cause, message: "the statement failed" })
    })
  const execute: Connection["execute"] = (sql, params, transform) =>
    Effect.map(query(sql, params), ({ rows }) => transform === undefined ? rows : transform(rows))
  return {
    execute,
    executeUnprepared: execute,
    executeRaw: (sql, params) => query(sql, params),
    executeValues: (sql, params) =>
      Effect.map(query(sql, params, "array"), ({ rows }) => rows as unknown as ReadonlyArray<ReadonlyArray<unknown>>),
    executeStream: (sql, params, transform) => Stream.fromIterableEffect(execute(sql, params, transform))
  }
}

/** As that of `@effect/sql-pg`, without its types of parameters. */
const compiler = Statement.makeCompiler({
  dialect: "pg",
  placeholder: (index) => `$${index}`,
  onIdentifier: (value) => `"${value.replaceAll("\"", "\"\"").replaceAll(".", "\".\"")}"`,
  onRecordUpdate: (placeholders, alias, columns, values, returning) => [
    `(values ${placeholders}) AS ${alias}${columns}${returning === undefined ? "" : ` RETURNING ${returning[0]}`}`,
    returning === undefined ? values.flat() : values.flat().concat(returning[1])
  ],
  onCustom: () => ["", []]
})

/**
 * Gives an effect the service that runs statements on this connection: a client of the user's, with its names and its
 * spans, or one of our own. Whichever client the effect has, its statements go by this connection, for that is how
 * clients of Effect find the transaction that they are in. A transaction within is a savepoint.
 */
export const withSql = (run: Query, client?: SqlClient.SqlClient) => {
  const connection = connectionOf(run)
  const made = client === undefined
    ? Effect.provide(
      SqlClient.make({
        acquirer: Effect.succeed(connection),
        compiler,
        spanAttributes: [["db.system.name", "postgresql"]]
      }),
      Reactivity.layer
    )
    : Effect.succeed(client)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, SqlClient.SqlClient>> =>
    Effect.flatMap(made, (sql) =>
      effect.pipe(
        Effect.provideService(SqlClient.SqlClient, sql),
        Effect.provideService(SqlClient.TransactionConnection, [connection, 0] as const)
      )) as Effect.Effect<A, E, Exclude<R, SqlClient.SqlClient>>
}
