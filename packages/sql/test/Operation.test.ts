import type { SpaceStore } from "@effect-linda/core"
import { Pattern as P, Sharded } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Stream } from "effect"
import { join } from "node:path"
import { same } from "./kit.js"
import { start } from "./postgres/server.js"
import { useAdmin, useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("operation")

const server = useServer()
const admin = useAdmin(server)

const postgres = (options: Postgres.Options = {}) => Postgres.make({ connection: server().connection(), ...options })

describe("SQLite", () => {
  it.scopedLive("a space is there again when its file is opened again, with the order of age", () =>
    Effect.gen(function*() {
      const sqlite = { filename: join(folder, "again.db") }
      yield* Effect.scoped(
        Effect.flatMap(
          Sqlite.make(sqlite),
          (space) => Effect.zipRight(space.outAll([["t", 1], ["t", 2]]), space.in(["t", 1]))
        )
      )
      const space = yield* Sqlite.make(sqlite)
      yield* space.out(["t", 1])
      same(yield* space.collect(["t", P.number]), [["t", 2], ["t", 1]])
    }))

  it.scopedLive("S19 the tokens of holds go on where they were when a file, or a space on a server, is opened again", () =>
    Effect.gen(function*() {
      const hold = (space: Effect.Effect.Success<ReturnType<typeof Sqlite.make>>) =>
        space.withPermit(["t"], (_, { token }) => Effect.succeed(token))
      const filename = join(folder, "tokens.db")
      const make = [Sqlite.make({ filename }), postgres({ space: "tokens" })] as const
      for (const open of make) {
        yield* Effect.scoped(Effect.flatMap(open, (space) => space.out(["t"])))
        const tokens: Array<number> = []
        for (let time = 0; time < 3; time++) {
          tokens.push(
            ...yield* Effect.scoped(Effect.flatMap(open, (space) => Effect.all([hold(space), hold(space)])))
          )
        }
        same(tokens, [...new Set(tokens)].sort((one, other) => one - other))
        assert.strictEqual(tokens.length, 6)
      }
    }))

  it.scopedLive("another driver, tables with another prefix, and errors that say what is wrong", () =>
    Effect.gen(function*() {
      const filename = join(folder, "prefix.db")
      const space = yield* Sqlite.make({ filename, prefix: "jobs_" })
      yield* space.out(["t"])
      const wrong = yield* Effect.flip(Sqlite.make({ filename, prefix: "jobs;" }))
      assert.match(wrong.message, /prefix.*plain identifier/)
      const missing = yield* Effect.flip(Sqlite.make({ filename: join(folder, "no", "such", "folder.db") }))
      assert.strictEqual(missing.reason, "Unavailable")
    }))

  it.scopedLive("a file of a later version is left alone", () =>
    Effect.gen(function*() {
      const { default: Libsql } = yield* Effect.promise(() => import("libsql"))
      const filename = join(folder, "later.db")
      yield* Effect.scoped(Sqlite.make({ filename }))
      const database = new Libsql(filename)
      database.exec("INSERT INTO linda_migrations VALUES (999, 'later')")
      database.close()
      assert.match((yield* Effect.flip(Sqlite.make({ filename }))).message, /version 999.*update @effect-linda\/sql/)
    }))
})

describe("PostgreSQL", () => {
  it.scopedLive("several programs that begin at the same time make the tables once", () =>
    Effect.gen(function*() {
      const spaces = yield* Effect.all(
        Array.from({ length: 5 }, () => postgres({ schema: "at_once" })),
        { concurrency: "unbounded" }
      )
      yield* spaces[0]!.out(["t"])
      yield* spaces[4]!.in(["t"])
    }))

  it.scopedLive("tables of a later version are left alone, and a server that is not there is named", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(postgres({ schema: "later" }))
      yield* Effect.promise(() => admin().query("INSERT INTO later.migrations VALUES (999, 'later')"))
      assert.match((yield* Effect.flip(postgres({ schema: "later" }))).message, /version 999/)
      const nobody = Postgres.make({ connection: { host: "127.0.0.1", port: 1 }, retry: "100 millis" })
      assert.strictEqual((yield* Effect.flip(nobody)).reason, "Unavailable")
      assert.match((yield* Effect.flip(postgres({ schema: "a-b" }))).message, /schema.*plain identifier/)
    }))

  it.scopedLive(
    "a connection that is cut: what waits, what is on its way and what is held goes on",
    () =>
      Effect.gen(function*() {
        const [space, other] = [yield* postgres({ space: "cut" }), yield* postgres({ space: "cut" })]
        const waiter = yield* Effect.fork(space.in(["t", P.number]))
        const stream = yield* Effect.fork(Stream.runCollect(Stream.take(space.stream(["n", P.number]), 50)))
        yield* space.out(["held"])
        yield* space.inWith(["held"], () =>
          Effect.gen(function*() {
            yield* Effect.sleep("100 millis")
            const puts = yield* Effect.fork(
              Effect.forEach(
                Array.from({ length: 50 }, (_, i) => i),
                (i) => Effect.zipRight(space.out(["n", i]), Effect.sleep(5))
              )
            )
            for (let i = 0; i < 5; i++) {
              yield* Effect.sleep("50 millis")
              yield* Effect.promise(() =>
                admin().query(
                  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE query LIKE '%linda.run%' AND pid <> pg_backend_pid()`
                )
              )
            }
            yield* Fiber.join(puts)
          }))
        yield* other.out(["t", 1])
        same(yield* Fiber.join(waiter), ["t", 1])
        assert.strictEqual((yield* Fiber.join(stream)).length, 50)
        same(
          (yield* other.collect(["n", P.number])).map(([, n]) => n),
          Array.from({ length: 50 }, (_, i) => i)
        )
        same(yield* other.inp(["held"]), Option.none())
      }),
    30_000
  )

  it.scopedLive(
    "a server that is away for longer than one waits for it: what waits goes on waiting",
    () =>
      Effect.gen(function*() {
        const away = yield* Effect.acquireRelease(
          Effect.promise(() => start()),
          (away) => Effect.promise(() => away.stop())
        )
        const impatient = { connection: away.connection(), lease: "2 seconds", retry: "10 millis" } as const
        const space = yield* Postgres.make(impatient)
        const waiter = yield* Effect.fork(space.in(["t", P.number]))
        yield* Effect.sleep("200 millis")
        const puts = yield* Effect.fork(Effect.exit(Effect.forever(space.out(["noise"]))))
        yield* Effect.sleep("50 millis")
        yield* Effect.promise(() => away.crash())
        const failed = yield* Fiber.join(puts)
        assert.isTrue(Exit.isFailure(failed))
        // The next sign of life finds the server again.
        yield* Effect.sleep("1 seconds")
        const other = yield* Postgres.make({ connection: away.connection() })
        yield* other.out(["t", 1])
        same(yield* Fiber.join(waiter), ["t", 1])
      }),
    30_000
  )

  it.scopedLive("keys that are equal by chance do not make tuples equal", () =>
    Effect.gen(function*() {
      const store = yield* Postgres.store({ connection: server().connection(), space: "collisions" })
      const row = (text: string) => ({
        fields: ["\"t\"", text],
        shape: "ss",
        arity: 2,
        keys: [7, 7],
        ttl: null,
        leased: false,
        meta: null,
        accepted: []
      })
      const query = (text: string): SpaceStore.Query => ({
        arity: 2,
        open: false,
        shape: "ss",
        literals: [{ position: 0, text: "\"t\"", key: 7 }, { position: 1, text, key: 7 }]
      })
      const taking = (hold: number, text: string) =>
        ({ op: "take", holds: [hold], queries: [query(text)], limit: 1, final: false, wait: "{}" }) as const
      yield* store.run([{ op: "put", rows: ["\"a\"", "\"b\""].map(row) }])
      const { replies } = yield* store.run([taking(1, "\"b\""), taking(2, "\"c\"")])
      same(replies[0][0]?.rows[0]?.fields, ["\"t\"", "\"b\""])
      same(replies[1], [null])
      const { mail } = yield* store.run([{ op: "put", rows: ["\"d\"", "\"c\""].map(row) }])
      same(mail.map(({ row, waiter }) => [waiter, row.fields[1]]), [[2, "\"c\""]])
    }))

  it.scopedLive("SQL of one's own in the transaction of a take: both or neither", () =>
    Effect.gen(function*() {
      yield* Effect.promise(() => admin().query("CREATE TABLE orders (id int PRIMARY KEY)"))
      const space = yield* postgres({ space: "orders" })
      yield* space.outAll([["order", 1], ["order", 2]])
      const record = Postgres.transaction(space)(Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const [, id] = yield* space.in(["order", P.number])
        yield* sql`INSERT INTO orders ${sql.insert({ id })}`
        const [{ n }] = yield* sql<{ readonly n: number }>`SELECT count(*)::int AS n FROM orders`.pipe(
          Effect.map((rows) => rows as readonly [{ readonly n: number }])
        )
        return n
      }))
      assert.strictEqual(yield* record, 1)
      yield* Effect.promise(() => admin().query("INSERT INTO orders VALUES (2)"))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(record)))
      same(yield* space.collect([P.string, P.number]), [["order", 2]])
      // and the connection is of use again
      yield* space.out(["order", 3])
      assert.strictEqual(yield* record, 3)
    }))

  it.scopedLive("a pattern of 10,000 waiters, each for its own reply", () =>
    Effect.gen(function*() {
      const space = yield* postgres({ space: "replies" })
      const count = 2_000
      const waiters = yield* Effect.forEach(
        Array.from({ length: count }, (_, i) => i),
        (i) => Effect.fork(space.in(["reply", i, P.any]))
      )
      yield* Effect.sleep("500 millis")
      yield* space.outAll(Array.from({ length: count }, (_, i) => ["reply", count - 1 - i, "ok"] as const))
      const replies = yield* Fiber.join(Fiber.all(waiters))
      assert.isTrue(replies.every(([, i], index) => i === index))
    }), 60_000)
})

describe("a space split over two databases", () => {
  const split = (name: string) =>
    Effect.gen(function*() {
      yield* Effect.promise(() => admin().query(`CREATE DATABASE ${name}`).catch(() => {}))
      const one = yield* postgres({ space: name })
      const other = yield* Postgres.make({ connection: server().connection(name), space: name })
      return { one, other, space: Sharded.make([one, other]) }
    })
  const letters = Array.from("abcdefghijklmnop")

  it.scopedLive("tuples are spread, and found by their first field and without it", () =>
    Effect.gen(function*() {
      const { one, other, space } = yield* split("spread")
      yield* space.outAll(letters.map((letter, i) => [letter, i] as const))
      const counts = [yield* one.count([P.any, P.any]), yield* other.count([P.any, P.any])]
      assert.isTrue(counts.every((count) => count > 2) && counts[0]! + counts[1]! === letters.length)
      same(yield* space.in(["c", P.number]), ["c", 2])
      same(yield* space.rdp([P.string, 3]), Option.some(["d", 3]))
      same(yield* space.in([P.string, 3]), ["d", 3])
      assert.strictEqual(yield* space.count([P.any, P.any]), letters.length - 2)
      assert.strictEqual((yield* space.collect([P.any, P.number])).length, letters.length - 2)
      same(yield* space.inp([P.any, P.any]), Option.none())
    }))

  it.scopedLive("what waits in both takes one, puts back the other, and leaves nothing", () =>
    Effect.gen(function*() {
      const { one, other, space } = yield* split("waits")
      for (let round = 0; round < 20; round++) {
        const taker = yield* Effect.fork(space.in([P.string, round]))
        yield* Effect.sleep(Math.random() * 10)
        yield* Effect.all([one.out(["x", round]), other.out(["y", round])], { concurrency: 2 })
        assert.strictEqual((yield* Fiber.join(taker))[1], round)
        assert.strictEqual(
          (yield* one.collect([P.string, round])).length + (yield* other.collect([P.string, round])).length,
          1
        )
      }
      const late = yield* Effect.exit(space.in([P.string, -1], { timeout: "50 millis" }))
      assert.isTrue(Exit.isFailure(late))
      const stopped = yield* Effect.fork(space.inWith([P.string, -1], () => Effect.void))
      yield* Effect.sleep("50 millis")
      yield* Fiber.interrupt(stopped)
      same((yield* space.inspect).interests, [])
      assert.strictEqual((yield* space.inspect).held, 0)
    }), 30_000)

  it.scopedLive("holds, streams, choices; and what would need both at once is refused", () =>
    Effect.gen(function*() {
      const { space } = yield* split("holds")
      const stream = yield* Effect.fork(Stream.runCollect(Stream.take(space.stream([P.string, P.number]), 16)))
      yield* Effect.sleep("100 millis")
      yield* space.outAll(letters.map((letter, i) => [letter, i] as const))
      assert.strictEqual((yield* Fiber.join(stream)).length, 16)
      const failed = yield* Effect.exit(space.inWith([P.string, 5], () => Effect.fail("no")))
      same(failed, Exit.fail("no"))
      same(yield* Effect.scoped(space.inScoped([P.string, 5])), ["f", 5])
      const back = Effect.scoped(Effect.zipRight(space.inScoped([P.string, 6]), Effect.fail("no")))
      same(yield* Effect.exit(back), Exit.fail("no"))
      same(yield* space.inAny({ six: [P.string, 6], none: ["a", -1] }), { key: "six", tuple: ["g", 6] })
      same(yield* space.rdAny([["g", P.number], ["h", P.number]]), { index: 1, tuple: ["h", 7] })
      const choice = yield* space.inAny({ h: ["h", P.number], none: ["zz", -1] })
      same(choice, { key: "h", tuple: ["h", 7] })
      const none = yield* Effect.exit(space.inAll([["a", P.number], ["a", P.number]], { timeout: 0 }))
      assert.isTrue(Exit.isFailure(none))
      const refused = yield* Effect.flip(space.inAll(letters.slice(0, 5).map((letter) => [letter, P.number]) as never))
      assert.strictEqual((refused as { readonly reason: string }).reason, "Unsupported")
      same(yield* space.replace(["a", P.number], ([a, n]) => [a, n + 100]), Option.some(["a", 0]))
    }), 30_000)
})
