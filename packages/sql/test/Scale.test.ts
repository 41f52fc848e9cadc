import type { StoreCommand } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import Libsql from "libsql"
import { join } from "node:path"
import type { Space } from "./kit.js"
import { fresh, same, watched, within } from "./kit.js"
import { useAdmin, useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("scale")

const server = useServer()
const admin = useAdmin(server)

/** Waits until so many wait. */
const awaiting = (space: Space, count: number) =>
  within(
    Effect.repeat(Effect.map(space.inspect, ({ interests }) => interests.length), { until: (n) => n === count }),
    `that ${count} wait`,
    "30 seconds"
  )

const many = <A, E, R>(count: number, effect: (i: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: count }, (_, i) => i), (i) => Effect.fork(effect(i)))

describe("SQLite", () => {
  /** A space of a file, and what it does there while an operation runs. */
  const opened = Effect.gen(function*() {
    const filename = join(folder, `${fresh()}.db`)
    let isSeen = false
    const statements: Array<{ readonly sql: string; readonly rows: number }> = []
    const gave = (sql: string, rows: number) => void (isSeen && statements.push({ sql, rows }))
    const space = yield* Sqlite.make({ filename, open: (filename) => watched(new Libsql(filename), { gave }) })
    const seen = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => {
        statements.length = 0
        isSeen = true
        return Effect.map(effect, (value) => {
          isSeen = false
          return [value, [...statements]] as const
        })
      })
    const database = new Libsql(filename)
    yield* Effect.addFinalizer(() => Effect.sync(() => database.close()))
    /** How SQLite goes about those of the statements that look at tuples. */
    const plans = (statements: ReadonlyArray<{ readonly sql: string }>): ReadonlyArray<string> =>
      // Not those that see to times to live.
      statements.filter(({ sql }) => /FROM linda_tuples WHERE (?!.*expires IS)/s.test(sql)).flatMap(
        ({ sql }) => {
          const parameters = Array.from(sql.matchAll(/\?/g), () => 1)
          return (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as ReadonlyArray<{ detail: string }>)
            .map(({ detail }) => detail)
        }
      )
    return { filename, space, seen, plans, database }
  })

  it.scopedLive("D11 an out looks at one of many who wait for the same", () =>
    Effect.gen(function*() {
      const { seen, space } = yield* opened
      const looked = Effect.map(seen(space.out(["job", 1])), ([, statements]) =>
        statements.filter(({ sql }) =>
          sql.includes("_waiters")
        ).reduce((sum, { rows }) => sum + rows, 0))
      const few = yield* many(3, () => space.in(["job", P.number]))
      yield* awaiting(space, 3)
      const first = yield* looked
      const more = yield* many(300, () => space.in(["job", P.number]))
      yield* awaiting(space, 302)
      assert.strictEqual(yield* looked, first)
      yield* Fiber.interruptAll([...few, ...more])
    }))

  it.scopedLive("D11 a waiter of an earlier program, which knows of no lines, has its turn among the others", () =>
    Effect.gen(function*() {
      const { database, space } = yield* opened
      const first = yield* Effect.fork(space.in(["job", P.number]))
      yield* awaiting(space, 1)
      const reader = yield* Effect.fork(space.rd(["job", P.any]))
      yield* awaiting(space, 2)
      database.exec("UPDATE linda_waiters SET line = NULL; UPDATE linda_anchors SET line = NULL")
      const second = yield* Effect.fork(space.in(["job", P.number]))
      const late = yield* Effect.fork(space.rd(["job", P.any]))
      yield* awaiting(space, 4)
      yield* space.outAll([["job", 1], ["job", 2]])
      same(yield* within(Fiber.join(Fiber.zip(first, second)), "the takers"), [["job", 1], ["job", 2]])
      same(yield* within(Fiber.join(Fiber.zip(reader, late)), "the readers"), [["job", 1], ["job", 1]])
    }))

  const bounded =
    /^SEARCH (?:linda_)?tuples USING INDEX linda_tuples_k\d \(space=\? AND k\d=\? AND arity=\? AND rowid>\?\)$/

  it.scopedLive("D12 D9 a rest behind a literal is looked up by an index, in the order of age", () =>
    Effect.gen(function*() {
      const { plans, seen, space } = yield* opened
      const tuples = Array.from({ length: 600 }, (_, i) => ["job", ...Array.from({ length: i % 3 }, () => i)] as const)
      yield* space.outAll([["other", 1], ...tuples, ["other", 2, 3]])
      const pattern = ["job", P.rest(P.any)] as const
      const [found, statements] = yield* seen(Effect.all([space.rdp(pattern), space.inp(pattern), space.rdp(pattern)]))
      same(found, [Option.some(["job"]), Option.some(["job"]), Option.some(["job", 1])])
      const details = plans(statements)
      assert.isAbove(details.length, 0)
      for (const detail of details) {
        // To the next arity, or to the oldest of one.
        assert.match(detail, /^SEARCH .*\(space=\? AND k0=\? AND arity(=\? AND rowid)?>\?\)$/)
      }
      assert.isTrue(details.some((detail) => bounded.test(detail)), details.join("\n"))
      // A row of each arity, and what tells the arities.
      assert.isBelow(statements.reduce((sum, { rows }) => sum + rows, 0), 50)
      same(yield* space.copyCollect(pattern), tuples.slice(1))
      same(yield* space.inUpTo(["job", P.number, P.rest(P.any)], 3), [["job", 1], ["job", 2, 2], ["job", 4]])
    }))

  it.scopedLive("D12 counting, with literals too, is one statement that gives one row", () =>
    Effect.gen(function*() {
      const { plans, seen, space } = yield* opened
      yield* space.outAll(Array.from({ length: 500 }, (_, i) => ["job", i % 5, `${i}`] as const))
      yield* space.outAll([["\u{1f600} \"a\\", "\u{1f600}", 1], ["\u{1f600} \"a\\", "\u{1f601}"]])
      for (
        const [pattern, count] of [
          [["job", P.any, P.any], 500],
          [["job", 3, P.string], 100],
          [["job", 3, P.rest(P.any)], 100],
          [["job", 3, "8"], 1],
          [["job", P.number, 8], 0],
          [["job", 3, "8", P.rest(P.any)], 1],
          [["jo", P.rest(P.any)], 0],
          [["\u{1f600} \"a\\", "\u{1f600}", P.any], 1],
          [["\u{1f600} \"a\\", P.rest(P.any)], 2],
          [[P.string, P.rest(P.any)], 502]
        ] as const
      ) {
        const [counted, statements] = yield* seen(space.count(pattern))
        assert.strictEqual(counted, count)
        assert.strictEqual((yield* space.explain(pattern)).candidates, count)
        const counting = statements.filter(({ sql }) => sql.includes("count(*)"))
        assert.isTrue(counting.every(({ rows }) => rows === 1), JSON.stringify(statements))
        assert.isTrue(plans(counting).every((detail) => !detail.startsWith("SCAN linda")), plans(counting).join("\n"))
      }
    }))
})

describe("PostgreSQL", () => {
  /** How many rows of a table a statement looks at, undone. */
  const rowsLookedAt = (table: string, statement: string, parameters: ReadonlyArray<unknown>) =>
    Effect.promise(async () => {
      const looked = async (): Promise<number> => {
        const { rows: [row] } = await admin().query(
          `SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int AS n FROM pg_stat_xact_user_tables
            WHERE schemaname = 'linda' AND relname = $1`,
          [table]
        )
        return row.n
      }
      await admin().query("BEGIN")
      try {
        await admin().query("SET LOCAL enable_seqscan = off")
        await admin().query("SET LOCAL enable_bitmapscan = off")
        await admin().query("SET LOCAL plan_cache_mode = force_generic_plan")
        const before = await looked()
        const { rows: [row] } = await admin().query(statement, [...parameters])
        return [Object.values(row)[0], (await looked()) - before] as const
      } finally {
        await admin().query("ROLLBACK")
      }
    })

  const job = { position: 0, text: "\"job\"", key: 1 }
  const query = { arity: 2, open: false, shape: "s_", literals: [job] }
  const row = (text: string, ...rest: ReadonlyArray<string>): StoreCommand.NewRow => ({
    fields: [job.text, text, ...rest],
    shape: `s${"n".repeat(1 + rest.length)}`,
    arity: 2 + rest.length,
    keys: [1, 2, ...rest.map(() => 3)],
    ttl: null,
    leased: false,
    meta: null,
    accepted: []
  })

  const opened = Effect.gen(function*() {
    const space = fresh()
    const store = yield* Postgres.store({ connection: server().connection(), space })
    const { rows: [{ id }] } = yield* Effect.promise(() =>
      admin().query("SELECT id FROM linda.spaces WHERE name = $1", [space])
    )
    return { store, number: id as number }
  })

  it.scopedLive("D11 an out looks at one of many who wait for the same", () =>
    Effect.gen(function*() {
      const { number, store } = yield* opened
      let holds = 0
      const waiting = (count: number, shape: string) =>
        store.run([{
          op: "take",
          holds: Array.from({ length: count }, () => ++holds),
          queries: [{ ...query, shape }],
          limit: 1,
          final: true,
          wait: "{}"
        }])
      const looked = Effect.map(
        Effect.forEach(
          ["waiters", "anchors"],
          (table) =>
            rowsLookedAt(table, "SELECT linda.put($1, 0, 0, $2)", [number, JSON.stringify([row("1"), row("2")])])
        ),
        (counts) => counts.reduce((sum, [, n]) => sum + n, 0)
      )
      yield* waiting(3, "s_")
      yield* waiting(3, "sb")
      const few = yield* looked
      assert.isAbove(few, 0)
      yield* waiting(1_000, "s_")
      yield* waiting(1_000, "sb")
      // Give or take rows that are dead.
      assert.isBelow(yield* looked, few + 10)
      const { mail } = yield* store.run([{ op: "put", rows: [row("1"), row("2")] }])
      same(mail.map(({ kind, row, waiter }) => [kind, waiter, row.fields[1]]), [["served", 1, "1"], ["served", 2, "2"]])
    }))

  it.scopedLive("D12 D9 a rest behind a literal is looked up by an index, in the order of age", () =>
    Effect.gen(function*() {
      const { number, store } = yield* opened
      const rows = Array.from({ length: 900 }, (_, i) => row(`${i}`, ...Array.from({ length: i % 3 }, () => "0")))
      yield* store.run([{ op: "put", rows }])
      const open = { ...query, open: true, shape: "s", arity: 1 }
      const [found, looked] = yield* rowsLookedAt(
        "tuples",
        "SELECT array_agg(fields[2]) FROM linda.find($1, $2, 0, 4)",
        [number, JSON.stringify(open)]
      )
      same(found, ["0", "1", "2", "3"])
      assert.isBelow(looked, 50)
      const { replies: [read, count, others] } = yield* store.run([
        { op: "scan", query: open, after: 0, limit: 2 ** 31 - 1 },
        { op: "count", query: open },
        { op: "count", query: { ...query, literals: [{ ...job, text: "\"bob\"" }] } }
      ])
      same(read.map(({ fields }) => fields[1]), rows.map(({ fields }) => fields[1]))
      same([count, others], [900, 0])
    }))

  it.scopedLive("D11 a waiter of an earlier program, which knows of no lines, has its turn among the others", () =>
    Effect.gen(function*() {
      const name = fresh()
      const space = yield* Postgres.make({ connection: server().connection(), space: name })
      const first = yield* Effect.fork(space.in(["job", P.number]))
      yield* awaiting(space, 1)
      const reader = yield* Effect.fork(space.rd(["job", P.any]))
      yield* awaiting(space, 2)
      yield* Effect.promise(() =>
        admin().query(
          `WITH old AS (
            UPDATE linda.waiters w SET line = NULL, alias = NULL FROM linda.spaces s
              WHERE s.id = w.space AND s.name = '${name}' RETURNING seq
          )
          UPDATE linda.anchors a SET line = NULL FROM old WHERE a.seq = old.seq`
        )
      )
      const second = yield* Effect.fork(space.in(["job", P.number]))
      const late = yield* Effect.fork(space.rd(["job", P.any]))
      yield* awaiting(space, 4)
      yield* space.outAll([["job", 1], ["job", 2]])
      same(yield* within(Fiber.join(Fiber.zip(first, second)), "the takers"), [["job", 1], ["job", 2]])
      same(yield* within(Fiber.join(Fiber.zip(reader, late)), "the readers"), [["job", 1], ["job", 1]])
    }))
})
