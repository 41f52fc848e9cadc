/** W18: 64 callers of single operations on a space in SQLite, beside the bare driver that commits 64 at a time. */
import { Pattern as P } from "@effect-linda/core"
import { Sqlite } from "@effect-linda/sql"
import { Effect } from "effect"
import Libsql from "libsql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Rates } from "../databases/peers.js"
import type { Size } from "../measure.js"
import { clocked, compare, run, timed } from "../measure.js"
import type { Row } from "../report.js"

const group = 64

const ours = (filename: string, n: number): Promise<Rates> =>
  run(
    Effect.gen(function*() {
      const space = yield* Sqlite.make({ filename })
      const all = Array.from({ length: n }, (_, i) => i)
      const options = { concurrency: group, discard: true } as const
      const put = yield* timed(
        Effect.orDie(Effect.forEach(all, (i) => space.out(["job", i, "payload"]), options))
      )
      const take = yield* timed(
        Effect.orDie(Effect.forEach(all, () => space.inWith(["job", P.number, P.string], () => Effect.void), options))
      )
      return { put: 1000 * n / put, take: 1000 * n / take }
    }).pipe(Effect.orDie)
  )

/** The same rows with the same indexes; taken by DELETE … RETURNING, which leaves nothing to confirm. */
const bare = (filename: string, n: number): Rates => {
  const database = new Libsql(filename)
  database.exec("PRAGMA journal_mode = WAL")
  database.exec("PRAGMA synchronous = FULL")
  database.exec(`CREATE TABLE IF NOT EXISTS bare (
    id INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER, arity INTEGER, shape TEXT, fields TEXT, k0 INTEGER, k1 INTEGER, k2 INTEGER
  )`)
  for (const key of ["k0", "k1", "k2"]) {
    database.exec(`CREATE INDEX IF NOT EXISTS bare_${key} ON bare (space, ${key}, arity)`)
  }
  database.exec("CREATE INDEX IF NOT EXISTS bare_arity ON bare (space, arity)")
  const insert = database.prepare(
    "INSERT INTO bare (space, arity, shape, fields, k0, k1, k2) VALUES (1, 3, 'sns', ?, 1, ?, 3)"
  )
  const remove = database.prepare(
    "DELETE FROM bare WHERE id = (SELECT id FROM bare WHERE space = 1 AND k0 = 1 AND arity = 3 ORDER BY id LIMIT 1) RETURNING *"
  )
  const grouped = (each: (i: number) => void) =>
    clocked(() => {
      for (let i = 0; i < n; i += group) {
        database.exec("BEGIN IMMEDIATE")
        for (let j = i; j < Math.min(n, i + group); j++) {
          each(j)
        }
        database.exec("COMMIT")
      }
    })
  const put = grouped((i) => insert.run(JSON.stringify(["\"job\"", String(i), "\"payload\""]), i))
  const take = grouped(() => remove.all())
  database.close()
  return { put: 1000 * n / put, take: 1000 * n / take }
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = size === "full" ? 10_000 : 128
  const folder = mkdtempSync(join(tmpdir(), "linda-w18-"))
  const takes = { ours: 0, bare: 0 }
  const puts = await compare(size, {
    ours: async () => {
      const { put, take } = await ours(join(folder, "space.db"), n)
      takes.ours = take
      return put
    },
    bare: () => {
      const { put, take } = bare(join(folder, "bare.db"), n)
      takes.bare = take
      return put
    }
  })
  rmSync(folder, { recursive: true })
  const row = { workload: "W18", unit: "/s", must: ["at least", 0.6] } as const
  return [
    { ...row, what: "`out`", ours: puts.ours, floor: { name: "INSERT, 64 a commit", value: puts.bare } },
    {
      ...row,
      what: "`inWith`",
      ours: takes.ours,
      floor: { name: "DELETE … RETURNING, 64 a commit", value: takes.bare }
    }
  ]
}
