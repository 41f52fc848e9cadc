/**
 * Effect's own queue in SQLite, on the driver that ours has. Jobs are only put: it takes them by an UPDATE with LIMIT,
 * which SQLite knows if it is compiled so, and that of libsql is not.
 */
import * as PersistedQueue from "@effect/experimental/PersistedQueue"
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as SqlPersistedQueue from "@effect/sql/SqlPersistedQueue"
import * as Statement from "@effect/sql/Statement"
import { Effect, Layer, Schema, Stream } from "effect"
import Libsql from "libsql"
import { run } from "../measure.js"
import { rate } from "./rounds.js"

/** As `@effect/sql-libsql` and its like do it: one connection, statements kept. */
const connectionOf = (database: Libsql.Database): Connection => {
  const statements = new Map<string, Libsql.Statement>()
  const rows = (text: string, params: ReadonlyArray<unknown>) =>
    Effect.try({
      try: (): ReadonlyArray<object> => {
        let statement = statements.get(text)
        if (statement === undefined) {
          statement = database.prepare(text)
          statements.set(text, statement)
        }
        if (statement.reader) {
          return statement.all(...params) as ReadonlyArray<object>
        }
        statement.run(...params)
        return []
      },
      catch: (cause) => new SqlError({ cause, message: "the statement failed" })
    })
  const execute: Connection["execute"] = (text, params, transform) =>
    Effect.map(rows(text, params), (rows) => transform === undefined ? rows : transform(rows))
  return {
    execute,
    executeUnprepared: execute,
    executeRaw: rows,
    executeValues: (text, params) => Effect.map(rows(text, params), (rows) => rows.map((row) => Object.values(row))),
    executeStream: (text, params, transform) => Stream.fromIterableEffect(execute(text, params, transform))
  }
}

const Job = Schema.Tuple(Schema.String, Schema.Number, Schema.String)

/** Jobs a second. */
export const persistedQueue = (filename: string, callers: number, n: number) =>
  run(
    Effect.gen(function*() {
      const database = yield* Effect.acquireRelease(
        Effect.sync(() => new Libsql(filename)),
        (database) => Effect.sync(() => database.close())
      )
      database.exec("PRAGMA journal_mode = WAL")
      database.exec("PRAGMA synchronous = FULL")
      const client = Layer.effect(
        SqlClient.SqlClient,
        SqlClient.make({
          acquirer: Effect.succeed(connectionOf(database)),
          compiler: Statement.makeCompilerSqlite(),
          spanAttributes: []
        })
      )
      const queues = PersistedQueue.layer.pipe(
        Layer.provide(SqlPersistedQueue.layerStore()),
        Layer.provide(client),
        Layer.provide(Reactivity.layer)
      )
      return yield* Effect.gen(function*() {
        const queue = yield* PersistedQueue.make({ name: "jobs", schema: Job })
        const offer = yield* rate(callers, n, (i) => queue.offer(["job", i, "payload"]))
        return { offer }
      }).pipe(Effect.provide(queues))
    }).pipe(Effect.orDie)
  )
