/**
 * D5: 64 callers of single operations on a space in SQLite. The floor is the driver in a loop, with 64 statements in
 * each transaction, on a table that is made like ours, with its indexes; what it takes is gone at once, and nobody has
 * to confirm it.
 */
import { Sqlite } from "@effect-linda/sql"
import { Effect } from "effect"
import Libsql from "libsql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { persistedQueue } from "../durable/persistedQueue.js"
import { queueing, rounds } from "../durable/rounds.js"
import type { Size } from "../measure.js"
import { clocked, run } from "../measure.js"
import type { Limit, Row } from "../report.js"

const callers = 64

const ours = (filename: string, n: number) =>
  run(
    Sqlite.make({ filename }).pipe(
      Effect.flatMap((space) => queueing(space, callers, n)),
      Effect.orDie
    )
  )

/** What makes the table of tuples, and its indexes. */
const definitions = async (filename: string): Promise<ReadonlyArray<string>> => {
  await run(Effect.orDie(Sqlite.make({ filename })))
  const database = new Libsql(filename)
  const rows = database.prepare("SELECT sql FROM sqlite_master WHERE tbl_name = 'linda_tuples' AND sql IS NOT NULL")
    .all() as ReadonlyArray<{ readonly sql: string }>
  database.close()
  return rows.map(({ sql }) => sql)
}

const bare = (filename: string, definitions: ReadonlyArray<string>, n: number) => {
  const database = new Libsql(filename)
  database.exec("PRAGMA journal_mode = WAL")
  database.exec("PRAGMA synchronous = FULL")
  for (const definition of definitions) {
    database.exec(definition)
  }
  const insert = database.prepare(
    "INSERT INTO linda_tuples (space, arity, shape, fields, k0, k1, k2) VALUES (1, 3, 'sns', ?, ?, ?, ?)"
  )
  const remove = database.prepare(
    `DELETE FROM linda_tuples
      WHERE id = (SELECT id FROM linda_tuples WHERE space = 1 AND k0 = ? AND arity = 3 ORDER BY id LIMIT 1) RETURNING *`
  )
  const [begin, commit] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")]
  const grouped = (statement: (i: number) => void): number => {
    const millis = clocked(() => {
      for (let from = 0; from < n; from += callers) {
        begin.run()
        for (let i = from; i < Math.min(n, from + callers); i++) {
          statement(i)
        }
        commit.run()
      }
    })
    return 1000 * n / millis
  }
  // Like hashes: large, and in no order.
  const key = (i: number) => Math.imul(i + 1, 0x9e3779b1)
  const put = grouped((i) => insert.run(JSON.stringify(["job", i, "payload"]), key(-2), key(i), key(-3)))
  const take = grouped(() => {
    if (remove.all(key(-2)).length !== 1) {
      throw new Error("nothing to take")
    }
  })
  database.close()
  return { put, take }
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = size === "full" ? 10_000 : 128
  const folder = mkdtempSync(join(tmpdir(), "linda-D5-"))
  const made = await definitions(join(folder, "made.db"))
  let round = 0
  const rates = await rounds(size, {
    ours: () => ours(join(folder, `ours${round++}.db`), n),
    bare: async () => bare(join(folder, `bare${round++}.db`), made, n),
    queue: () => persistedQueue(join(folder, `queue${round++}.db`), callers, n / 4)
  })
  rmSync(folder, { recursive: true })
  const row = (what: "out" | "inWith", floor: string, value: number, must: Limit): Row => ({
    workload: "D5",
    what: `\`${what}\`, 64 callers`,
    unit: "/s",
    ours: rates.ours[what],
    floor: { name: floor, value },
    must
  })
  return [
    row("out", "INSERT, 64 a commit", rates.bare.put, ["at least", 0.6]),
    row("out", "PersistedQueue, offer", rates.queue.offer, ["at least", 4]),
    row("inWith", "DELETE … RETURNING, 64 a commit", rates.bare.take, ["at least", 0.6])
  ]
}
