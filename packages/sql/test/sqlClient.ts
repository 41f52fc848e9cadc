import type { Sqlite } from "@effect-linda/sql"
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as Statement from "@effect/sql/Statement"
import type { Scope } from "effect"
import { Effect, Stream } from "effect"
import pg from "pg"

/** Clients of databases such as a user has them, of `@effect/sql-pg` and others: without what those have beside. */

type Rows = ReadonlyArray<any>

const connectionOf = (run: (sql: string, params: ReadonlyArray<unknown>) => Promise<Rows>): Connection => {
  const execute = (sql: string, params: ReadonlyArray<unknown>): Effect.Effect<Rows, SqlError> =>
    Effect.tryPromise({
      try: () => run(sql, params),
      catch: (cause) => new SqlError({ cause, message: "Failed to execute statement" })
    })
  return {
    execute,
    executeRaw: execute,
    executeUnprepared: execute,
    executeValues: (sql, params) => Effect.map(execute(sql, params), (rows) => rows.map((row) => Object.values(row))),
    executeStream: (sql, params) => Stream.fromIterableEffect(execute(sql, params))
  }
}

type Client = Effect.Effect<SqlClient.SqlClient, never, Scope.Scope>

/** One with a pool, of which a transaction has a connection. */
export const postgresClient = (config: pg.PoolConfig): Client =>
  Effect.gen(function*() {
    const pool = yield* Effect.acquireRelease(
      Effect.sync(() => new pg.Pool(config)),
      (pool) => Effect.promise(() => pool.end())
    )
    const of = (client: pg.Pool | pg.PoolClient) =>
      connectionOf(async (sql, params) => (await client.query(sql, [...params])).rows)
    return yield* SqlClient.make({
      acquirer: Effect.succeed(of(pool)),
      transactionAcquirer: Effect.map(
        Effect.acquireRelease(Effect.promise(() => pool.connect()), (client) => Effect.sync(() => client.release())),
        of
      ),
      compiler: Statement.makeCompiler({
        dialect: "pg",
        placeholder: (index) => `$${index}`,
        onIdentifier: Statement.defaultEscape("\""),
        onRecordUpdate: () => ["", []],
        onCustom: () => ["", []]
      }),
      spanAttributes: []
    })
  }).pipe(Effect.provide(Reactivity.layer))

/** One with a connection, which is that of its transactions. */
export const sqliteClient = (open: () => Sqlite.Database): Client =>
  Effect.gen(function*() {
    const database = yield* Effect.acquireRelease(
      Effect.sync(open),
      (database) => Effect.sync(() => void database.close())
    )
    const turn = yield* Effect.makeSemaphore(1)
    const connection = connectionOf(async (sql, params) => {
      const statement = database.prepare(sql)
      return /^\s*SELECT/i.test(sql) ? statement.all(...params) : (statement.run(...params), [])
    })
    return yield* SqlClient.make({
      acquirer: Effect.succeed(connection),
      transactionAcquirer: Effect.as(Effect.acquireRelease(turn.take(1), () => turn.release(1)), connection),
      compiler: Statement.makeCompilerSqlite(),
      spanAttributes: []
    })
  }).pipe(Effect.provide(Reactivity.layer))
