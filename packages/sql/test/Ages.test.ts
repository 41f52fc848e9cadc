import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import Libsql from "libsql"
import { join } from "node:path"
import pg from "pg"
import { sql } from "../src/internal/sql.js"
import { tablesOf } from "../src/internal/sqlite/tables.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("ages")

const server = useServer()

/** When the ids from 1 on were given. So many have marks already, and then some more are given. */
const before = 3_990
const count = before + 50
const at = (id: number) => 10_000_000_000 + id * 1000

/** Marks are told apart well enough for the age of each id, and some are gone. */
const check = (marks: ReadonlyArray<readonly [id: number, at: number]>) => {
  assert.isBelow(marks.length, 4_000)
  for (let id = 1, index = 0; id <= count; id++) {
    while (index + 1 < marks.length && marks[index + 1]![0] <= id) {
      index++
    }
    const [age, told] = [at(count) - at(id), at(count) - marks[index]![1]]
    assert.isAtLeast(told, age)
    assert.isAtMost(told, 1.02 * age + 1000)
  }
}

describe("ages of tuples in a store", () => {
  it.scopedLive("V08 in SQLite there are few marks, however long it is used, and one a second at most", () =>
    Effect.gen(function*() {
      const filename = join(folder, "marks.db")
      yield* Sqlite.make({ filename })
      const database = new Libsql(filename)
      database.exec("PRAGMA synchronous = off; DELETE FROM linda_ages; BEGIN IMMEDIATE")
      const { mark } = tablesOf(database, sql`linda_`, { space: 1, name: "default", onMore: () => {} })
      for (let id = 1; id <= before; id++) {
        database.prepare("INSERT INTO linda_ages (space, id, at) VALUES (1, ?, ?)").run(id, at(id))
      }
      for (let id = before + 1; id <= count; id++) {
        mark!(id, at(id))
        mark!(id, at(id) + 999)
      }
      const marks = database.prepare("SELECT id, at FROM linda_ages ORDER BY id").all() as ReadonlyArray<
        { readonly id: number; readonly at: number }
      >
      check(marks.map(({ at, id }) => [id, at]))
      database.exec("ROLLBACK")
      database.close()
    }))

  it.scopedLive("V08 in PostgreSQL there are few marks, however long it is used, and one a second at most", () =>
    Effect.gen(function*() {
      yield* Postgres.make({ connection: server().connection() })
      const client = new pg.Client(server().connection())
      const marks = yield* Effect.promise(async () => {
        await client.connect()
        const times = "99, i, 10000000000 + i * 1000"
        await client.query(`INSERT INTO linda.ages SELECT ${times} FROM generate_series(1, ${before}) i`)
        await client.query(
          `SELECT linda.mark(${times}), linda.mark(${times} + 999) FROM generate_series(${before + 1}, ${count}) i`
        )
        const { rows } = await client.query("SELECT id, at FROM linda.ages WHERE space = 99 ORDER BY id")
        await client.end()
        return rows as ReadonlyArray<{ readonly id: string; readonly at: number }>
      })
      check(marks.map(({ at, id }) => [Number(id), at]))
    }))
})
