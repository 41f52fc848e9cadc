import type { SpaceError, Tuple } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import type { Outbox } from "@effect-linda/sql"
import { Postgres, Sqlite } from "@effect-linda/sql"
import * as SqlClient from "@effect/sql/SqlClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Deferred, Effect, Exit, Fiber, Option, Schema, Stream } from "effect"
import Libsql from "libsql"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { bundle } from "./bundle.js"
import { kill } from "./crash/storm.js"
import type { Space } from "./kit.js"
import { fresh, grants, same, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { postgresClient, sqliteClient } from "./sqlClient.js"

const server = useServer()
const folder = mkdtempSync(join(tmpdir(), "linda-outbox-"))
// inside the package, so that the bundle finds the drivers
const bundles = mkdtempSync(join(import.meta.dirname, "..", "build-outbox-"))
let mover: string
beforeAll(async () => {
  mover = await bundle(bundles, new URL("./crash/mover.ts", import.meta.url))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
  rmSync(bundles, { recursive: true })
})

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number }) {}

type Options = Omit<Sqlite.Options, "filename" | "open" | "prefix">

interface Engine {
  readonly options: object
  readonly open: (space: string, options?: Options) => Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>
  readonly outbox: (options: Outbox.Options) => Effect.Effect<Outbox.Outbox<Tuple.Tuple>, SpaceError.SpaceError>
  /** A client of the user's, and how to run a statement by a driver that knows no SqlClient. */
  readonly client: Effect.Effect<SqlClient.SqlClient, never, Scope.Scope>
  readonly run: (statement: Outbox.Statement) => Promise<unknown>
}

const filename = join(folder, "space.db")

const openFile = () => {
  const database = new Libsql(filename)
  database.exec("PRAGMA busy_timeout = 5000")
  return database
}

const engines: Readonly<Record<string, () => Engine>> = {
  SQLite: () => ({
    options: { sqlite: { filename } },
    open: (space, options) => Sqlite.make({ filename, space, ...options }),
    outbox: Sqlite.outbox,
    client: sqliteClient(openFile),
    run: async ({ params, sql }) => {
      const database = openFile()
      database.prepare(sql).run(...params)
      database.close()
    }
  }),
  PostgreSQL: () => ({
    options: { postgres: { connection: server().connection() } },
    open: (space, options) => Postgres.make({ connection: server().connection(), space, ...options }),
    outbox: Postgres.outbox,
    client: postgresClient(server().connection()),
    run: async ({ params, sql }) => {
      const client = new pg.Client(server().connection())
      await client.connect()
      await client.query(sql, [...params])
      await client.end()
    }
  })
}

/** Until so many wait in a space. */
const waiting = (space: Space, count: number) =>
  within(
    Effect.repeat(space.inspect, { until: ({ interests }) => interests.length === count }),
    `${count} who wait`
  )

/** Long enough for what might come, and does not. */
const quiet = Effect.sleep("100 millis")

for (const [name, make] of Object.entries(engines)) {
  describe(`O outboxes, in ${name}`, () => {
    /** A table of the user's, and a client of it. */
    const shop = Effect.gen(function*() {
      const engine = make()
      const space = fresh()
      // The tables of the space are there from now on.
      yield* Effect.scoped(engine.open(space))
      const sql = yield* engine.client
      const orders = `orders_${space.replace(/\W/g, "_")}`
      yield* sql.unsafe(`CREATE TABLE ${orders} (n INTEGER)`)
      const outbox = yield* engine.outbox({ space })
      return {
        ...engine,
        space,
        outbox,
        open: (options?: Options) => engine.open(space, options),
        sql,
        ordered: Effect.map(
          sql.unsafe<{ n: number }>(`SELECT n FROM ${orders} ORDER BY n`),
          (rows) => rows.map(({ n }) => Number(n))
        ),
        order: (n: number) => sql.unsafe(`INSERT INTO ${orders} (n) VALUES (${n})`),
        /** As a transaction of the user's. */
        commit: <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
          Effect.provideService(sql.withTransaction(effect), SqlClient.SqlClient, sql)
      }
    })

    it.scopedLive("O1 what is committed comes to who waits, in whichever program, and rows of the user's with it", () =>
      Effect.gen(function*() {
        const { commit, open, order, ordered, outbox } = yield* shop
        const [one, other] = [yield* open(), yield* open()]
        const takers = yield* Effect.forEach([one, other], (space) => Effect.fork(space.in(["job", P.number])))
        const reader = yield* Effect.fork(other.rd(["job", 2]))
        const seen = yield* Effect.fork(Stream.runHead(one.subscribe(["job", 2], { events: ["Out"] })))
        yield* waiting(one, 4)
        yield* commit(Effect.zipRight(order(1), outbox.out(["job", 1])))
        yield* commit(Effect.zipRight(order(2), outbox.out(["job", 2])))
        const taken = yield* within(Fiber.join(Fiber.all(takers)), "the takes")
        same(new Set(taken.map(([, n]) => n)), new Set([1, 2]))
        same(yield* within(Fiber.join(reader), "the read"), ["job", 2])
        same(Option.isSome(yield* within(Fiber.join(seen), "the event")), true)
        same(yield* ordered, [1, 2])
        same(yield* one.count([P.rest(P.any)]), 0)
      }))

    it.scopedLive("O1 what only the program can decide about is asked of each, also of the one that moves it", () =>
      Effect.gen(function*() {
        const { commit, open, outbox } = yield* shop
        const one = yield* open()
        const even = yield* Effect.fork(one.in(["n", (n: number) => n % 2 === 0]))
        const join = yield* Effect.fork(one.inAll([["x", P.ref("i")], ["y", P.ref("i")]]))
        yield* waiting(one, 2)
        yield* commit(outbox.outAll([["n", 1], ["n", 2], ["x", 1], ["y", 2], ["x", 2]]))
        same(yield* within(Fiber.join(even), "the predicate"), ["n", 2])
        same(yield* within(Fiber.join(join), "the join"), [["x", 2], ["y", 2]])
        same(yield* one.collect([P.rest(P.any)]), [["n", 1], ["x", 1]])
      }))

    it.scopedLive("O1 every operation after the commit finds it, and what is put after it is behind it", () =>
      Effect.gen(function*() {
        const { commit, open, outbox } = yield* shop
        const space = yield* open()
        for (let i = 0; i < 20; i++) {
          yield* commit(outbox.out(["t", 2 * i]))
          yield* space.out(["t", 2 * i + 1])
          same(yield* space.count(["t", P.number]), 2 * i + 2)
        }
        same(yield* space.collect(["t", P.number]), Array.from({ length: 40 }, (_, i) => ["t", i]))
      }))

    it.scopedLive("O2 what is rolled back never was", () =>
      Effect.gen(function*() {
        const { commit, open, order, ordered, outbox } = yield* shop
        const space = yield* open()
        const taker = yield* Effect.fork(space.in(["job", P.number]))
        const failed = commit(Effect.zipRight(order(1), Effect.zipRight(outbox.out(["job", 1]), Effect.fail("no"))))
        same(yield* Effect.flip(failed), "no")
        yield* quiet
        same(yield* ordered, [])
        yield* commit(outbox.out(["job", 2]))
        same(yield* within(Fiber.join(taker), "the take"), ["job", 2])
        same(yield* space.count([P.rest(P.any)]), 0)
      }))

    it.scopedLive("O3 without a transaction it is put by itself; a statement goes by any driver", () =>
      Effect.gen(function*() {
        const { open, outbox, run, sql } = yield* shop
        const space = yield* open()
        const taker = yield* Effect.fork(space.in(["job", 2]))
        yield* Effect.provideService(outbox.out(["job", 1]), SqlClient.SqlClient, sql)
        same(yield* space.in(["job", 1]), ["job", 1])
        const statement = yield* outbox.statement([["job", 2], ["job", 3]])
        yield* Effect.promise(() => run(statement))
        same(yield* within(Fiber.join(taker), "the take"), ["job", 2])
        same(yield* space.inp(["job", 3]), Option.some(["job", 3]))
      }))

    it.scopedLive("O4 with no program there, it comes when the space is opened, once", () =>
      Effect.gen(function*() {
        const { commit, open, outbox } = yield* shop
        yield* commit(Effect.zipRight(outbox.out(["t", 1]), outbox.outAll([["t", 2], ["t", 3]])))
        for (let i = 0; i < 2; i++) {
          yield* Effect.scoped(Effect.gen(function*() {
            const space = yield* open()
            same(yield* space.copyCollect(["t", P.number]), [["t", 1], ["t", 2], ["t", 3]])
          }))
        }
      }))

    it.scopedLive("O5 tuples of a transaction keep their order, whatever others do meanwhile", () =>
      Effect.gen(function*() {
        const { commit, open, outbox } = yield* shop
        const space = yield* open()
        const many = (who: number) =>
          commit(Effect.forEach(Array.from({ length: 20 }, (_, i) => i), (i) => outbox.out(["t", who, i])))
        yield* Effect.all([many(1), many(2), many(3)], { concurrency: "unbounded" })
        for (const who of [1, 2, 3]) {
          same(
            (yield* space.copyCollect(["t", who, P.number])).map(([, , i]) => i),
            Array.from({ length: 20 }, (_, i) => i)
          )
        }
      }))

    it.scopedLive("O5 more than goes in a batch comes with the next ones, in order", () =>
      Effect.gen(function*() {
        const { commit, open, outbox } = yield* shop
        const size = 5_001
        const part = (from: number) => Array.from({ length: size }, (_, i) => ["t", from + i] as const)
        const space = yield* open()
        const last = yield* Effect.fork(space.in(["last"]))
        yield* quiet
        yield* commit(Effect.gen(function*() {
          yield* outbox.outAll(part(0))
          yield* outbox.outAll(part(size))
          for (let i = 0; i < 40; i++) {
            yield* outbox.out(["more", i])
          }
          yield* outbox.out(["last"])
        }))
        yield* within(Fiber.join(last), "the last")
        const all = yield* space.collect(["t", P.number])
        same([all.length, all.every(([, n], index) => n === index)], [2 * size, true])
        same(yield* space.count(["more", P.number]), 40)
      }))

    it.scopedLive("O6 a time to live begins when the tuple comes into the space", () =>
      Effect.gen(function*() {
        const { commit, open, outbox } = yield* shop
        yield* commit(outbox.out(["t", 1], { ttl: "700 millis" }))
        yield* Effect.sleep("800 millis")
        const space = yield* open()
        same(yield* space.rdp(["t", 1]), Option.some(["t", 1]))
        yield* Effect.sleep("800 millis")
        same(yield* space.rdp(["t", 1]), Option.none())
        const taker = yield* Effect.fork(space.in(["t", 2]))
        yield* waiting(space, 1)
        yield* commit(Effect.zipRight(outbox.out(["t", 2], { ttl: 0 }), outbox.out(["t", 3], { ttl: 0 })))
        same(yield* within(Fiber.join(taker), "the take"), ["t", 2])
        same(yield* space.rdp(["t", 3]), Option.none())
      }))

    it.scopedLive("O7 what is no tuple of the space is refused as the space does; classes are stored as such", () =>
      Effect.gen(function*() {
        const { commit, open, space: name } = yield* shop
        const protocol = Schema.Union(
          Schema.Tuple(Schema.Literal("job"), Schema.Int),
          Schema.Tuple(Schema.Literal("at"), Schema.typeSchema(Point))
        )
        const options = { space: name, schemas: [Point], protocol }
        const outbox = yield* make().outbox(options)
        for (
          const [tuple, message] of [
            [["job", 0.5], /field 1: Expected an integer.*the protocol of the space "test/],
            [["job", () => 1], /field 1/],
            [[], /a non-empty array/]
          ] as ReadonlyArray<readonly [Tuple.Tuple, RegExp]>
        ) {
          const error = yield* Effect.flip(commit(outbox.out(tuple)))
          same((error as SpaceError.SpaceError).reason, "InvalidTuple")
          assert.match(error.message, message)
        }
        const bad = yield* Effect.flip(commit(outbox.out(["job", 1], { ttl: -1 })))
        same((bad as SpaceError.SpaceError).reason, "InvalidOption")
        const unknown = yield* Effect.flip(make().outbox({ spaces: "x" } as object))
        assert.match(unknown.message, /^spaces: there is no such option here, but "(schema|prefix)", "space"/)

        const space = yield* open({ schemas: [Point], protocol })
        yield* commit(outbox.out(["at", new Point({ x: 1 })]))
        const [, point] = yield* space.in(["at", new Point({ x: 1 })])
        assert.instanceOf(point, Point)
      }))

    it.scopedLive("O7 a statement that the database does not do is a SpaceError, and its SqlError the cause", () =>
      Effect.gen(function*() {
        const { commit } = yield* shop
        const elsewhere = yield* name === "SQLite"
          ? Sqlite.outbox({ prefix: "nowhere_" })
          : Postgres.outbox({ schema: "nowhere" })
        const error = yield* Effect.flip(commit(elsewhere.out(["t"])))
        same((error as SpaceError.SpaceError).reason, "Unsupported")
        assert.match(error.message, /there is no .*nowhere.*open a space of it once/)
        same(((error as SpaceError.SpaceError).cause as { readonly _tag: string })._tag, "SqlError")
      }))

    it("O8 kill -9 of those who move: nothing lost, nothing twice", async () => {
      const engine = make()
      const name = fresh()
      const config = JSON.stringify({
        [Object.keys(engine.options)[0]!]: { ...Object.values(engine.options)[0], space: name, lease: 1_000 }
      })
      await Effect.runPromise(Effect.scoped(engine.open(name)))
      const start = async () => {
        const child = spawn(process.execPath, [mover, config], { stdio: ["ignore", "pipe", "inherit"] })
        await once(child.stdout, "data")
        return child
      }
      const total = 60
      const done = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
        const sql = yield* engine.client
        const outbox = yield* engine.outbox({ space: name })
        const children = yield* Effect.promise(() => Promise.all([start(), start()]))
        for (let n = 0; n < total; n++) {
          yield* Effect.provideService(sql.withTransaction(outbox.out(["left", n])), SqlClient.SqlClient, sql)
          if (n % 20 === 19) {
            const child = children[Math.floor(n / 20) % 2]!
            yield* Effect.promise(() => kill(child))
            children[Math.floor(n / 20) % 2] = yield* Effect.promise(start)
          }
        }
        children.forEach((child) => child.kill("SIGKILL"))
        yield* Effect.sleep("1500 millis")
        const space = yield* engine.open(name)
        const left = yield* space.collect(["left", P.number])
        return [...left, ...yield* space.collect(["done", P.number])].map(([, n]) => n)
      })))
      same(done.sort((one, other) => one - other), Array.from({ length: total }, (_, n) => n))
    })
  })
}

describe("O outboxes and locks", () => {
  it.scopedLive("O9 in PostgreSQL a transaction of the user's and the space do not wait for each other", () =>
    Effect.gen(function*() {
      const engine = engines["PostgreSQL"]!()
      const name = fresh()
      const sql = yield* engine.client
      const outbox = yield* engine.outbox({ space: name })
      const isIn = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      // Before the space is there: who opens it does not wait either.
      const slow = yield* Effect.fork(Effect.provideService(
        sql.withTransaction(Effect.gen(function*() {
          yield* outbox.out(["slow"])
          yield* Deferred.succeed(isIn, undefined)
          yield* Deferred.await(goOn)
        })),
        SqlClient.SqlClient,
        sql
      ))
      yield* within(Deferred.await(isIn), "the put")
      const space = yield* within(engine.open(name), "the opening")
      yield* within(space.out(["a"]), "an operation of the space")
      same(yield* space.copyCollect([P.string]), [["a"]])
      const admin = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const admin = new pg.Client(server().connection())
          await admin.connect()
          await admin.query("BEGIN")
          await admin.query("SELECT pg_advisory_xact_lock(hashtext('linda'), id) FROM linda.spaces WHERE name = $1", [
            name
          ])
          return admin
        }),
        (admin) => Effect.promise(() => admin.end())
      )
      const quick = Effect.provideService(sql.withTransaction(outbox.out(["quick"])), SqlClient.SqlClient, sql)
      yield* within(quick, "a put by the outbox while the space is locked")
      yield* Effect.promise(() => admin.query("COMMIT"))
      // By when they come into the space: if both are committed by then, the one that was put first comes first.
      yield* within(space.rd(["quick"]), "what was put while the space was locked")
      yield* Deferred.succeed(goOn, undefined)
      same(Exit.isSuccess(yield* Fiber.await(slow)), true)
      same(yield* space.collect([P.string]), [["a"], ["quick"], ["slow"]])
    }))

  it.scopedLive("O9 in SQLite a transaction of the user's has the file, and batches wait for its end", () =>
    Effect.gen(function*() {
      const engine = engines["SQLite"]!()
      const name = fresh()
      const space = yield* engine.open(name)
      const sql = yield* engine.client
      const outbox = yield* engine.outbox({ space: name })
      const isIn = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const slow = yield* Effect.fork(Effect.provideService(
        sql.withTransaction(Effect.gen(function*() {
          yield* outbox.out(["slow"])
          yield* Deferred.succeed(isIn, undefined)
          yield* Deferred.await(goOn)
        })),
        SqlClient.SqlClient,
        sql
      ))
      yield* within(Deferred.await(isIn), "the put")
      const put = yield* Effect.fork(space.out(["a"]))
      yield* quiet
      same(Option.isNone(yield* Fiber.poll(put)), true)
      yield* Deferred.succeed(goOn, undefined)
      yield* within(Fiber.join(slow), "the transaction")
      yield* within(Fiber.join(put), "the batch")
      same(yield* space.collect([P.string]), [["slow"], ["a"]])
    }))
})

describe("O who moves, in PostgreSQL", () => {
  const admins = (statement: string, values: Array<unknown> = []) =>
    Effect.promise(async () => {
      const client = new pg.Client(server().connection())
      await client.connect()
      try {
        return (await client.query(statement, values)).rows
      } finally {
        await client.end()
      }
    })

  const batches = (space: string) =>
    Effect.map(
      admins(
        "SELECT sum(c.seq)::int AS n FROM linda.clients c JOIN linda.spaces s ON s.id = c.space WHERE s.name = $1",
        [space]
      ),
      ([{ n }]) => n as number
    )

  it.scopedLive("O10 one program is sent for it, and the others leave it to that", () =>
    Effect.gen(function*() {
      const engine = engines["PostgreSQL"]!()
      const name = fresh()
      const [one] = [yield* engine.open(name), yield* engine.open(name), yield* engine.open(name)]
      yield* one.out(["a"])
      const outbox = yield* engine.outbox({ space: name })
      const statement = yield* outbox.statement([["b"]])
      yield* quiet
      const before = yield* batches(name)
      yield* Effect.promise(() => engine.run(statement))
      yield* Effect.sleep("500 millis")
      same(yield* batches(name), before + 1)
      same(yield* one.count([P.string]), 2)
    }))

  it.scopedLive("O10 if it does not come, another does", () =>
    Effect.gen(function*() {
      const engine = engines["PostgreSQL"]!()
      const name = fresh()
      const space = yield* engine.open(name)
      yield* admins(
        "INSERT INTO linda.clients (space, until) SELECT id, 1e18 FROM linda.spaces WHERE name = $1",
        [name]
      )
      const taker = yield* Effect.fork(space.in(["b"]))
      yield* quiet
      const outbox = yield* engine.outbox({ space: name })
      const statement = yield* outbox.statement([["b"]])
      yield* Effect.promise(() => engine.run(statement))
      same(yield* within(Fiber.join(taker), "the take"), ["b"])
    }))

  it.scopedLive("O11 a role that may do nothing else can put", () =>
    Effect.gen(function*() {
      const engine = engines["PostgreSQL"]!()
      const name = fresh()
      const space = yield* engine.open(name)
      yield* admins(`CREATE ROLE shop LOGIN; ${grants("shop", "shop")}`)
      const sql = yield* postgresClient({ ...server().connection(), user: "shop" })
      const outbox = yield* engine.outbox({ space: name })
      yield* Effect.provideService(sql.withTransaction(outbox.out(["t"])), SqlClient.SqlClient, sql)
      same(yield* space.in(["t"]), ["t"])
    }))

  it.scopedLive("O12 a transaction of one space puts into another of its schema", () =>
    Effect.gen(function*() {
      const engine = engines["PostgreSQL"]!()
      const [from, to] = [fresh(), fresh()]
      const [jobs, mails] = [yield* engine.open(from), yield* engine.open(to)]
      const outbox = yield* engine.outbox({ space: to })
      yield* jobs.outAll([["job", 1], ["job", 2]])
      const move = Effect.flatMap(jobs.in(["job", P.number]), ([, n]) => outbox.out(["mail", n]))
      yield* Postgres.transaction(jobs)(move)
      yield* Effect.flip(Postgres.transaction(jobs)(Effect.zipRight(move, Effect.fail("no"))))
      same(yield* mails.in(["mail", P.number]), ["mail", 1])
      same(yield* jobs.collect(["job", P.number]), [["job", 2]])
      same(yield* mails.count([P.rest(P.any)]), 0)
    }))
})
