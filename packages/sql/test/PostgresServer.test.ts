import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, SpaceStore, TupleSpace } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import * as SqlClient from "@effect/sql/SqlClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Exit, Fiber, Layer, Logger, Option } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import pg from "pg"
import { isHopeless } from "../src/internal/postgres/failures.js"
import { migrations } from "../src/internal/postgres/migrations.js"
import { bundle } from "./bundle.js"
import { clockSet, fresh, grants, same, within } from "./kit.js"
import type { Edit } from "./postgres/proxy.js"
import { proxy } from "./postgres/proxy.js"
import { start } from "./postgres/server.js"
import { useServer } from "./postgres/useServer.js"

// inside the package, so that the bundle finds the drivers
const folder = mkdtempSync(join(import.meta.dirname, "..", "build-server-"))
afterAll(() => rmSync(folder, { recursive: true }))
let holder: string
beforeAll(async () => {
  holder = await bundle(folder, new URL("crash/holder.ts", import.meta.url))
})

const server = useServer()

/** A connection of the test's own, past all spaces. */
const connect = (database?: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const admin = new pg.Client(server().connection(database))
      await admin.connect()
      return admin
    }),
    (admin) => Effect.promise(() => admin.end())
  )

const query = (admin: pg.Client, text: string, values: Array<unknown> = []) =>
  Effect.promise(() => admin.query(text, values))

let databases = 0

/** A database of the test's own, for which the server is told these settings. */
const databaseOf = (settings: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const database = `told_${++databases}`
    const admin = yield* connect()
    yield* query(admin, `CREATE DATABASE ${database}`)
    for (const [name, value] of Object.entries(settings)) {
      yield* query(admin, `ALTER DATABASE ${database} SET ${name} = '${value}'`)
    }
    return database
  })

/** Keeps all batches of a space waiting, until the transaction that this begins ends. */
const lockSpace = (admin: pg.Client, name: string) =>
  Effect.zipRight(
    query(admin, "BEGIN"),
    query(admin, "SELECT pg_advisory_xact_lock(hashtext('linda'), id) FROM linda.spaces WHERE name = $1", [name])
  )

const proxied = (edit?: Edit) =>
  Effect.acquireRelease(
    Effect.promise(() => proxy(server().port, edit)),
    (proxy) => Effect.sync(() => proxy.stop())
  )

describe("Configuration, in PostgreSQL", () => {
  it.live("a space is opened by secrets, and says none of them", () =>
    Effect.gen(function*() {
      const { database, host, port, user } = server().connection()
      const url = `postgres://${user}:secret@${host}:${port}/${database}`
      const layerOf = (url: string) =>
        Layer.provide(
          Postgres.layerConfig({
            connection: { connectionString: Config.redacted("DATABASE_URL") },
            space: Config.succeed(fresh()),
            retry: Config.duration("RETRY")
          }),
          Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["DATABASE_URL", url], ["RETRY", "1 millis"]])))
        )
      const count = Effect.flatMap(TupleSpace.TupleSpace, (space) => space.count([P.any]))
      same(yield* Effect.provide(count, layerOf(url)), 0)
      const error = yield* Effect.flip(Effect.provide(count, layerOf(url.replace(String(port), "1"))))
      assert.notInclude(String(error), "secret")
    }))
})

describe("D3 D19 what a role, a database or a server is told otherwise, in PostgreSQL", () => {
  for (const level of ["repeatable read", "serializable"]) {
    it.scopedLive(`D3 a put and a take that wait for the same lock meet under ${level}`, () =>
      Effect.gen(function*() {
        const connection = server().connection(yield* databaseOf({ default_transaction_isolation: level }))
        const open = Postgres.make({ connection })
        const [one, two] = [yield* open, yield* open]
        const admin = yield* connect(connection.database)
        yield* lockSpace(admin, "default")
        const taker = yield* Effect.fork(two.in(["t", P.number]))
        yield* Effect.sleep("100 millis")
        const put = yield* Effect.fork(one.out(["t", 1]))
        yield* Effect.sleep("100 millis")
        yield* query(admin, "COMMIT")
        yield* within(Fiber.join(put), "the put")
        same(yield* within(Fiber.join(taker), "the take"), ["t", 1])
      }))
  }

  it.scopedLive("D19 timeouts of the database do not end batches, nor a connection that waits", () =>
    Effect.gen(function*() {
      const connection = server().connection(
        yield* databaseOf({
          statement_timeout: "100ms",
          lock_timeout: "100ms",
          idle_session_timeout: "200ms",
          transaction_timeout: "150ms",
          extra_float_digits: "-10"
        })
      )
      const space = yield* Postgres.make({ connection })
      const admin = yield* connect(connection.database)
      yield* query(admin, "SET idle_session_timeout = 0; SET transaction_timeout = 0")
      const pids = Effect.map(
        query(admin, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"),
        ({ rows }) => rows
      )
      const before = yield* pids
      yield* lockSpace(admin, "default")
      const put = yield* Effect.fork(space.out(["a"]))
      yield* Effect.sleep("500 millis")
      yield* query(admin, "COMMIT")
      yield* within(Fiber.join(put), "the put")
      same(yield* pids, before)
    }))

  it.scopedLive("D3 what the user says by `connection` holds, in whatever way", () =>
    Effect.gen(function*() {
      const shown = (connection: Postgres.Connection) =>
        Effect.scoped(Effect.gen(function*() {
          const space = yield* Postgres.make({
            connection: { ...server().connection(), ...connection },
            space: fresh(),
            lease: "7 seconds"
          })
          return yield* Postgres.transaction(space)(Effect.gen(function*() {
            const sql = yield* SqlClient.SqlClient
            const [row] = yield* sql`SELECT current_setting('statement_timeout') AS statement,
              current_setting('lock_timeout') AS lock, current_setting('default_transaction_isolation') AS isolation,
              current_setting('idle_in_transaction_session_timeout') AS idle`
            return row
          }))
        }))
      const isolation = "read committed"
      same(yield* shown({}), { statement: "7s", lock: "3500ms", isolation, idle: "7s" })
      same(
        yield* shown({ statement_timeout: 5_000, lock_timeout: 6_000, idle_in_transaction_session_timeout: 0 }),
        { statement: "5s", lock: "6s", isolation, idle: "0" }
      )
      same(
        yield* shown({ options: "-c statement_timeout=5s -c default_transaction_isolation=serializable" }),
        { statement: "5s", lock: "3500ms", isolation, idle: "7s" }
      )
    }))
})

describe("D4 programs that are stopped, or cut off, in PostgreSQL", () => {
  const stopped = (millis: number, postgres: Postgres.Options) =>
    Effect.acquireRelease(
      Effect.promise(async () => {
        const child = spawn(process.execPath, [holder, JSON.stringify({ millis, postgres })], {
          stdio: ["ignore", "pipe", "inherit"]
        })
        let said = ""
        child.stdout.on("data", (chunk) => (said += chunk))
        await once(child.stdout, "data")
        child.kill("SIGSTOP")
        return { said: () => said, goOn: () => child.kill("SIGCONT") }
      }),
      ({ goOn }) => Effect.sync(goOn)
    )

  it.scopedLive(
    "D4 one that is stopped in a transaction keeps its space for its lease; then it is done again, once",
    () =>
      Effect.gen(function*() {
        const options = {
          connection: server().connection(),
          space: fresh(),
          lease: "1 seconds",
          retry: "9 seconds"
        } as const
        const space = yield* Postgres.make(options)
        const child = yield* stopped(300, options)
        yield* within(space.out(["free"]), "a put by another", "9 seconds")
        same(yield* space.count(["held"]), 0)
        yield* Effect.sleep("500 millis")
        child.goOn()
        yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => /Success|Failure/.test(child.said()) }).pipe(
          Effect.timeout("5 seconds")
        )
        assert.match(child.said(), /Success/)
        same(yield* space.count(["held"]), 1)
      }),
    20_000
  )

  it.scopedLive("D4 one that is cut off in a transaction keeps its space for its lease", () =>
    Effect.gen(function*() {
      const { port, swallow } = yield* proxied()
      const name = fresh()
      const open = (port: number) =>
        Postgres.make({
          connection: { ...server().connection(), port },
          space: name,
          lease: "1 seconds",
          retry: "9 seconds"
        })
      const far = yield* open(port)
      const near = yield* open(server().port)
      const isIn = yield* Effect.makeLatch()
      yield* Effect.forkScoped(
        SpaceStore.transaction(far)(
          Effect.zipRight(far.out(["x"]), Effect.zipRight(isIn.open, Effect.sleep("4 seconds")))
        )
      )
      yield* isIn.await
      swallow()
      yield* within(near.out(["free"]), "a put by another", "9 seconds")
      same(yield* near.count(["x"]), 0)
    }))

  it.scopedLive("D4 one that does not read its answer keeps its space for its lease", () =>
    Effect.gen(function*() {
      const { pause, port } = yield* proxied()
      const name = fresh()
      const open = (port: number, lease: "1 seconds" | "30 seconds") =>
        Postgres.make({ connection: { ...server().connection(), port }, space: name, lease })
      const near = yield* open(server().port, "30 seconds")
      const far = yield* open(port, "1 seconds")
      yield* near.outAll(Array.from({ length: 30 }, (_, i) => ["big", i, "x".repeat(1_000_000)]))
      const isIn = yield* Effect.makeLatch()
      yield* Effect.forkScoped(
        SpaceStore.transaction(far)(
          Effect.zipRight(far.out(["x"]), Effect.zipRight(isIn.open, far.copyCollect(["big", P.number, P.string])))
        )
      )
      yield* isIn.await
      pause()
      yield* within(near.out(["free"]), "a put by another", "9 seconds")
    }))

  it.scopedLive("D6 D14 how long a server is waited for is not by a clock that somebody sets meanwhile", () =>
    Effect.gen(function*() {
      const { cut, port, refuse } = yield* proxied()
      const space = yield* Postgres.make({ connection: { ...server().connection(), port }, space: fresh() })
      refuse(true)
      cut()
      const put = yield* Effect.fork(space.out(["t"]))
      yield* Effect.sleep("50 millis")
      yield* clockSet(3_600_000)
      yield* Effect.sleep("200 millis")
      refuse(false)
      yield* within(Fiber.join(put), "the put")
    }))

  it.scopedLive("D4 batches that time out do not pile up on the server, and happen once", () =>
    Effect.gen(function*() {
      const name = fresh()
      const connection = { ...server().connection(), application_name: "piling" }
      const space = yield* Postgres.make({ connection, space: name, lease: "200 millis", retry: "20 seconds" })
      const admin = yield* connect()
      yield* lockSpace(admin, name)
      const put = yield* Effect.fork(space.out(["a"]))
      let most = 0
      for (let i = 0; i < 25; i++) {
        yield* Effect.sleep("100 millis")
        const { rows } = yield* query(admin, "SELECT pid FROM pg_stat_activity WHERE application_name = 'piling'")
        yield* query(admin, "SELECT pg_stat_clear_snapshot()")
        most = Math.max(most, rows.length)
      }
      yield* query(admin, "COMMIT")
      yield* Fiber.join(put)
      assert.isAtMost(most, 2)
      yield* Effect.sleep("500 millis")
      same(yield* space.count(["a"]), 1)
    }))

  it.scopedLive(
    "D4 what runs on without a limit, for connections that were given up, does not pile up either",
    () =>
      Effect.gen(function*() {
        const name = fresh()
        const space = yield* Postgres.make({
          connection: {
            ...server().connection(),
            application_name: "running on",
            query_timeout: 200,
            statement_timeout: 60_000,
            lock_timeout: 60_000
          },
          space: name,
          retry: "20 seconds"
        })
        const admin = yield* connect()
        const processes = query(admin, "SELECT pid FROM pg_stat_activity WHERE application_name = 'running on'")
        yield* lockSpace(admin, name)
        const put = yield* Effect.fork(space.out(["a"]))
        const seen = new Set<number>()
        let most = 0
        while (seen.size < 8) {
          yield* query(admin, "SELECT pg_stat_clear_snapshot()")
          const { rows } = yield* processes
          rows.forEach(({ pid }) => seen.add(pid))
          most = Math.max(most, rows.length)
          yield* Effect.sleep("20 millis")
        }
        yield* query(admin, "COMMIT")
        yield* within(Fiber.join(put), "the put")
        // One that waits for the lock, one that ends it, and those that are ending.
        assert.isAtMost(most, 4)
        same(yield* space.count(["a"]), 1)
      }),
    20_000
  )

  it.scopedLive("D4 a process of the server's with the number of one that was given up is not ended", () =>
    Effect.gen(function*() {
      const { Connection } = yield* Effect.promise(() => import("../src/internal/postgres/connection.js"))
      const admin = yield* connect()
      const { rows: [{ pid }] } = yield* query(admin, "SELECT pg_backend_pid() AS pid")
      const connection = new Connection(
        pg.Client,
        { connection: server().connection(), lease: 1_000, poll: Infinity },
        { lost: () => {}, notified: () => {} }
      )
      yield* connection.connect
      yield* connection.setUp([{ pid, start: "1" }])
      yield* connection.close
      same((yield* query(admin, "SELECT 1 AS one")).rows, [{ one: 1 }])
    }))
})

describe("batches of a client that lapses while its connection is lost, in PostgreSQL", () => {
  it.scopedLive(
    "D4 each is sent again by the number of the life in which it was sent first",
    () =>
      Effect.gen(function*() {
        const name = fresh()
        const space = yield* Postgres.make({
          connection: { ...server().connection(), application_name: "lapsing" },
          space: name
        })
        const admin = yield* connect()
        yield* lockSpace(admin, name)
        const first = yield* Effect.fork(space.out(["a"]))
        yield* Effect.sleep("50 millis")
        const second = yield* Effect.fork(space.out(["b"]))
        yield* Effect.sleep("50 millis")
        // What any other client does with one that is silent.
        yield* query(
          admin,
          "UPDATE linda.clients SET until = 0 WHERE space = (SELECT id FROM linda.spaces WHERE name = $1)",
          [
            name
          ]
        )
        yield* query(admin, "SELECT linda.bury(id, 0, 1) FROM linda.spaces WHERE name = $1", [name])
        yield* query(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lapsing'")
        yield* Effect.sleep("100 millis")
        yield* query(admin, "COMMIT")
        yield* within(Fiber.join(first), "the first")
        yield* within(Fiber.join(second), "the second")
        for (let i = 0; i < 6; i++) {
          same(yield* space.count([P.string]), 2)
        }
      }),
    20_000
  )
})

describe("D20 batches that take long, in PostgreSQL", () => {
  /** A database in which to put a tuple takes as many seconds as its second field says. */
  const slow = Effect.gen(function*() {
    const connection = server().connection(yield* databaseOf({}))
    yield* Effect.scoped(Postgres.make({ connection }))
    const admin = yield* connect(connection.database)
    yield* query(
      admin,
      `CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM pg_sleep(NEW.fields[2]::float8);
          RETURN NEW;
        END $$;
      CREATE TRIGGER nap BEFORE INSERT ON linda.tuples FOR EACH ROW WHEN (NEW.fields[1] = '"nap"')
        EXECUTE FUNCTION nap()`
    )
    return connection
  })

  it.scopedLive(
    "D20 one that takes longer than the lease is refused, alone, and says what to change",
    () =>
      Effect.gen(function*() {
        const space = yield* Postgres.make({ connection: yield* slow, lease: "1 seconds", retry: "1 minute" })
        const [napping, other] = yield* within(
          Effect.all([Effect.flip(space.out(["nap", 9])), Effect.exit(space.out(["a"]))], { concurrency: "unbounded" }),
          "the batch"
        )
        same(napping.reason, "Refused")
        assert.match(
          napping.message,
          /a batch takes longer than the lease \(1s\), and was undone: ask for less.*"lease"/
        )
        same(other, Exit.void)
        const inTransaction = yield* Effect.flip(SpaceStore.transaction(space)(space.out(["nap", 9])))
        same(inTransaction.reason, "Refused")
        same(yield* space.collect([P.rest(P.any)]), [["a"]])
      }),
    20_000
  )
})

describe("D6 servers that refuse for a while, in PostgreSQL", () => {
  it.scopedLive("D6 one that is read-only after a failover is waited for", () =>
    Effect.gen(function*() {
      const connection = server().connection(yield* databaseOf({}))
      const space = yield* Postgres.make({ connection, retry: "9 seconds" })
      const admin = yield* connect()
      const taker = yield* Effect.fork(space.in(["t", P.number]))
      yield* Effect.sleep("100 millis")
      yield* query(admin, `ALTER DATABASE ${connection.database} SET default_transaction_read_only = on`)
      yield* query(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [
        connection.database
      ])
      const put = yield* Effect.fork(Effect.exit(space.out(["t", 1])))
      const opening = yield* Effect.fork(Effect.exit(Effect.scoped(Postgres.make({ connection, retry: "9 seconds" }))))
      yield* Effect.sleep("1 seconds")
      yield* query(admin, `ALTER DATABASE ${connection.database} RESET default_transaction_read_only`)
      same(yield* within(Fiber.join(put), "the put"), Exit.void)
      same(yield* within(Fiber.join(taker), "the take"), ["t", 1])
      assert.isTrue(Exit.isSuccess(yield* within(Fiber.join(opening), "the opening")))
    }))

  it.scopedLive("D6 a batch that an operator cancels happens once", () =>
    Effect.gen(function*() {
      const name = fresh()
      const connection = { ...server().connection(), application_name: "cancelled" }
      const space = yield* Postgres.make({ connection, space: name })
      const admin = yield* connect()
      yield* lockSpace(admin, name)
      const put = yield* Effect.fork(space.out(["a"]))
      yield* Effect.sleep("100 millis")
      yield* query(admin, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'cancelled'")
      yield* Effect.sleep("100 millis")
      yield* query(admin, "COMMIT")
      yield* within(Fiber.join(put), "the put")
      same(yield* space.count(["a"]), 1)
    }))

  it.scopedLive("D6 a full queue of notifications is waited for", () =>
    Effect.gen(function*() {
      const small = yield* Effect.acquireRelease(
        Effect.promise(() => start({ max_notify_queue_pages: "64" })),
        (server) => Effect.promise(() => server.stop())
      )
      const clients = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const [slow, loud] = [new pg.Client(small.connection()), new pg.Client(small.connection())]
          await Promise.all([slow.connect(), loud.connect()])
          return { slow, loud }
        }),
        ({ loud, slow }) => Effect.promise(() => Promise.all([slow.end(), loud.end()]))
      )
      const [one, two] = yield* Effect.all([
        Postgres.make({ connection: small.connection(), retry: "9 seconds" }),
        Postgres.make({ connection: small.connection(), retry: "9 seconds" })
      ])
      const taker = yield* Effect.fork(two.in(["t", P.number]))
      yield* Effect.sleep("200 millis")
      // A listener that is in a transaction does not read.
      yield* query(clients.slow, "LISTEN x")
      yield* query(clients.slow, "BEGIN; SELECT 1")
      yield* Effect.ignore(Effect.tryPromise(async () => {
        for (let i = 0; i < 200; i++) {
          await clients.loud.query("SELECT pg_notify('x', repeat($1, 7900) || $2)", ["x", i])
        }
      }))
      const put = yield* Effect.fork(Effect.exit(one.out(["t", 1])))
      yield* Effect.sleep("500 millis")
      yield* query(clients.slow, "COMMIT")
      same(yield* within(Fiber.join(put), "the put"), Exit.void)
      same(yield* within(Fiber.join(taker), "the take"), ["t", 1])
    }))
})

describe("S16 values that a server refuses, in PostgreSQL", () => {
  it.scopedLive("S16 one is refused, alone, and the space goes on", () =>
    Effect.gen(function*() {
      const connection = server().connection(yield* databaseOf({}))
      const space = yield* Postgres.make({ connection })
      const admin = yield* connect(connection.database)
      yield* query(
        admin,
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'not this one' USING ERRCODE = NEW.fields[2]::json #>> '{}';
          END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON linda.tuples FOR EACH ROW WHEN (NEW.fields[1] = '"bad"')
          EXECUTE FUNCTION refuse()`
      )
      // It cannot be converted, breaks a rule, is too much.
      for (const state of ["22P05", "23514", "54000"]) {
        const [bad, good] = yield* Effect.all(
          [Effect.flip(space.out(["bad", state])), Effect.exit(space.out(["good", state]))],
          { concurrency: "unbounded" }
        )
        same([bad.reason, good], ["Refused", Exit.void])
        assert.match(bad.message, /^PostgreSQL: not this one/)
        same(yield* space.collect([P.string, P.string]), [["good", state]])
      }
    }))
})

describe("D13 roles, in PostgreSQL", () => {
  const role = (admin: pg.Client, name: string) =>
    Effect.acquireRelease(
      query(admin, `CREATE ROLE ${name} LOGIN`),
      () => Effect.ignore(query(admin, `DROP OWNED BY ${name}; DROP ROLE ${name}`))
    )

  it.scopedLive("D13 one that may work with the tables, and make none, opens spaces, also new ones", () =>
    Effect.gen(function*() {
      const connection = server().connection(yield* databaseOf({}))
      const admin = yield* connect(connection.database)
      yield* role(admin, "worker")
      yield* Effect.scoped(Postgres.make({ connection }))
      yield* query(admin, grants("worker"))
      for (const space of ["default", "another"]) {
        const worker = yield* Postgres.make({ connection: { ...connection, user: "worker" }, space })
        const taker = yield* Effect.fork(worker.in(["a"]))
        yield* Effect.sleep("100 millis")
        yield* worker.out(["a"])
        same(yield* within(Fiber.join(taker), "the take"), ["a"])
        same(yield* SpaceStore.transaction(worker)(Effect.zipRight(worker.out(["b"]), worker.in(["b"]))), ["b"])
      }
    }))

  it.scopedLive("D13 one that lacks a right is told at once what is missing, and the remedy", () =>
    Effect.gen(function*() {
      const connection = server().connection(yield* databaseOf({}))
      const admin = yield* connect(connection.database)
      yield* role(admin, "guest")
      const refused = Effect.flip(Effect.scoped(Postgres.make({ connection: { ...connection, user: "guest" } })))
      const remedy = /Open a space of the schema "linda" once as a role that may make tables, and grant this role USAGE/
      const none = yield* refused
      same(none.reason, "Unsupported")
      assert.match(none.message, /permission denied for database.*there are no tables yet, and this role may not make/)
      assert.match(none.message, remedy)
      yield* Effect.scoped(Postgres.make({ connection }))
      const unread = yield* refused
      assert.match(unread.message, /permission denied for schema linda.*this role may not read the tables/)
      assert.match(unread.message, remedy)
      yield* query(admin, grants("guest"))
      const { length } = migrations
      yield* query(admin, "DELETE FROM linda.migrations WHERE number = $1", [length])
      const old = yield* refused
      const versions = `the tables are of version ${length - 1} with fields of format 2, ` +
        `this program needs version ${length} and format 2`
      assert.include(old.message, versions)
      assert.match(old.message, remedy)
    }))

  it.scopedLive("D13 one that may make tables in a schema, and no schema, makes them", () =>
    Effect.gen(function*() {
      const connection = server().connection(yield* databaseOf({}))
      const admin = yield* connect(connection.database)
      yield* role(admin, "maker")
      yield* query(admin, "CREATE SCHEMA linda; GRANT CREATE, USAGE ON SCHEMA linda TO maker")
      const space = yield* Postgres.make({ connection: { ...connection, user: "maker" } })
      yield* space.out(["a"])
      same(yield* space.count(["a"]), 1)
    }))
})

describe("D16 what is kept of a batch, in PostgreSQL", () => {
  it.scopedLive("D16 what a batch only looked at is not kept, and is looked for again if its answer was lost", () =>
    Effect.gen(function*() {
      const space = yield* Postgres.make({ connection: server().connection(), space: fresh() })
      const admin = yield* connect()
      yield* space.outAll(Array.from({ length: 100 }, (_, i) => ["big", i, "x".repeat(10_000)]))
      const kept = Effect.map(
        query(
          admin,
          "SELECT max(coalesce(length(even::text), 0) + coalesce(length(odd::text), 0)) AS n FROM linda.clients"
        ),
        ({ rows: [{ n }] }) => n as number
      )
      const pattern = ["big", P.number, P.string] as const
      same((yield* space.copyCollect(pattern)).length, 100)
      assert.isTrue(Option.isSome(yield* space.rdp(pattern)))
      assert.isBelow(yield* kept, 20_000)

      const { rows: [{ id }] } = yield* query(
        admin,
        `INSERT INTO linda.clients (space, until) SELECT max(id), 1e18 FROM linda.spaces RETURNING id`
      )
      const { rows: [{ id: number }] } = yield* query(admin, "SELECT max(id) AS id FROM linda.spaces")
      const all = { arity: 3, open: false, shape: "___", literals: [] }
      const commands = [
        { op: "scan", query: all, after: 0, limit: 3 },
        { op: "put", rows: [{ arity: 1, shape: "s", fields: ["\"t\""], keys: [1] }] },
        { op: "count", query: { ...all, arity: 1, shape: "_" } },
        { op: "read", waiter: 7, queries: [all], wait: null },
        { op: "held", query: all },
        { op: "inspect" }
      ]
      const run = Effect.map(
        query(admin, "SELECT linda.run(hashtext('linda'), $1, $2, 1, 1e18, NULL, $3) AS outcome", [
          number,
          id,
          JSON.stringify(commands)
        ]),
        ({ rows: [{ outcome }] }) => outcome
      )
      const first = yield* run
      const second = yield* run
      const [inspected, again] = [first.replies[5], second.replies[5]]
      same(second.replies.slice(0, 5), first.replies.slice(0, 5))
      same([again.held, again.tuples.length], [inspected.held, inspected.tuples.length])
      assert.isAbove(again.now, inspected.now)
      same(first.replies[0].length, 3)
      same(first.replies[2], 1)
      const { rows: [{ odd }] } = yield* query(admin, "SELECT odd FROM linda.clients WHERE id = $1", [id])
      same(odd.replies, [null, first.replies[1], null, null, null, null])
    }))
})

describe("D16 D17 programs of an earlier version, in PostgreSQL", () => {
  it.scopedLive("D16 one that runs goes on, also with a lost answer, when a later one makes the functions anew", () =>
    Effect.gen(function*() {
      const connection = server().connection(yield* databaseOf({}))
      const old = yield* connect(connection.database)
      yield* query(old, readFileSync(new URL("./fixtures/format-2.sql", import.meta.url), "utf8"))
      const { rows: [{ id }] } = yield* query(
        old,
        "INSERT INTO linda.clients (space, until) VALUES (1, 1e18) RETURNING id"
      )
      const value = { arity: 3, open: false, shape: "sss", literals: [] }
      const run = (number: number) =>
        Effect.map(
          Effect.promise(() =>
            old.query({
              name: "linda_run",
              text: "SELECT linda.run($1, $2, $3, $4, $5, $6, $7) AS outcome",
              values: [
                0,
                1,
                id,
                number,
                30_000,
                null,
                JSON.stringify([{ op: "scan", query: value, after: 0, limit: 9 }])
              ]
            })
          ),
          ({ rows: [{ outcome }] }) => outcome.replies
        )
      const before = yield* run(1)
      same(before[0].length, 1)
      const young = yield* Postgres.make({ connection, space: "fixture" })
      same(yield* run(1), before)
      same(yield* run(2), before)
      same(yield* run(2), before)
      same(yield* young.count(["value", "string", P.string]), 1)
      const { rows } = yield* query(old, "SELECT number FROM linda.migrations ORDER BY number")
      same(rows, migrations.map((_, index) => ({ number: index + 1 })))
    }))
})

describe("D17 tables that are dropped and made anew under running programs, in PostgreSQL", () => {
  it.scopedLive("D17 what is put goes into the space of that name, or fails", () =>
    Effect.gen(function*() {
      const connection = server().connection(yield* databaseOf({}))
      const admin = yield* connect(connection.database)
      const open = (space: string) => Postgres.make({ connection, space, lease: "3 seconds" })
      const jobs = yield* open("jobs")
      const mails = yield* open("mails")
      yield* jobs.out(["t", 1])
      yield* mails.out(["t", 1])
      yield* query(admin, "DROP SCHEMA linda CASCADE")
      const error = yield* Effect.flip(jobs.out(["t", 2]))
      same(error.reason, "Unavailable")
      const fresh = yield* open("mails") // the first there is now, as "jobs" was before
      yield* jobs.out(["t", 3])
      yield* mails.out(["t", 4])
      const other = yield* open("jobs")
      same(yield* other.copyCollect(["t", P.number]), [["t", 3]])
      same(yield* jobs.copyCollect(["t", P.number]), [["t", 3]])
      same(yield* fresh.copyCollect(["t", P.number]), [["t", 4]])
    }))

  it.scopedLive("D17 an in that waits goes on waiting in the tables made anew", () =>
    Effect.gen(function*() {
      const connection = server().connection(yield* databaseOf({}))
      const admin = yield* connect(connection.database)
      const open = Postgres.make({ connection, lease: "1 seconds" })
      const one = yield* open
      const taker = yield* Effect.fork(one.in(["t", P.number]))
      yield* Effect.sleep("100 millis")
      yield* query(admin, "DROP SCHEMA linda CASCADE")
      const other = yield* open
      yield* Effect.sleep("500 millis")
      yield* other.out(["t", 1])
      same(yield* within(Fiber.join(taker), "the take"), ["t", 1])
    }))
})

describe("D18 servers that are not there, in PostgreSQL", () => {
  const closed = { host: "127.0.0.1", port: 1 }

  it.scopedLive("D18 what cannot pass fails at once", () =>
    Effect.gen(function*() {
      const there = server().connection()
      const cases: ReadonlyArray<readonly [connection: Postgres.Connection, message: RegExp]> = [
        [{ ...there, user: "nobody" }, /role "nobody" does not exist/],
        [{ ...there, database: "nowhere" }, /database "nowhere" does not exist/],
        [{ ...there, ssl: true }, /does not support SSL/],
        [{ ...there, port: 70_000 }, /70000/],
        [{ connectionString: "postgres://host:port:port/" }, /Invalid URL/]
      ]
      for (const [connection, message] of cases) {
        const opening = Effect.flip(Effect.scoped(Postgres.make({ connection, retry: "1 minute" })))
        const error = yield* within(opening, String(message))
        same(error.reason, "Unavailable")
        assert.match(error.message, message)
      }
    }))

  it("D18 what is hopeless, of the errors of connecting", () => {
    const error = (message: string, code?: string) => Object.assign(new Error(message), { code })
    for (
      const hopeless of [
        error("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"),
        error("unable to verify", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        error("certificate has expired", "CERT_HAS_EXPIRED"),
        error("no such name", "ERR_TLS_CERT_ALTNAME_INVALID"),
        error("wrong version number", "EPROTO"),
        error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string")
      ]
    ) {
      assert.isTrue(isHopeless(hopeless), String(hopeless))
    }
    for (
      const passing of [
        ...["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENOTFOUND", "EAI_AGAIN", "ENOENT"].map((code) =>
          error("connect", code)
        ),
        error("Connection terminated unexpectedly"),
        error("timeout expired"),
        error("the database system is starting up", "57P03"),
        undefined
      ]
    ) {
      assert.isFalse(isHopeless(Object.assign(passing ?? {}, passing?.code === "57P03" && { severity: "FATAL" })))
    }
  })

  it.scopedLive("D18 what may pass is tried again, with one warning, until `retry` is over", () =>
    Effect.gen(function*() {
      const warnings: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => warnings.push(String(message)))
      )
      const opening = Effect.scoped(Postgres.make({ connection: closed, retry: "300 millis" }))
      const error = yield* within(Effect.flip(Effect.provide(opening, logger)), "the opening")
      same(error.reason, "Unavailable")
      assert.match(error.message, /ECONNREFUSED/)
      same(warnings.length, 1)
      assert.match(warnings[0]!, /ECONNREFUSED 127\.0\.0\.1:1.*trying again for up to 300ms \(the option "retry"\)/)
    }))

  it.scopedLive("D18 opening is interrupted while it tries again, and while nobody answers", () =>
    Effect.gen(function*() {
      const silent = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const silent = createServer(() => {}).listen(0, "127.0.0.1")
          await once(silent, "listening")
          return silent
        }),
        (silent) => Effect.sync(() => silent.close())
      )
      const { port } = silent.address() as { readonly port: number }
      for (const connection of [closed, { ...closed, port }]) {
        const opening = yield* Effect.fork(Effect.scoped(Postgres.make({ connection, retry: "1 minute" })))
        yield* Effect.sleep("200 millis")
        assert.isTrue(Exit.isInterrupted(yield* within(Fiber.interrupt(opening), "the interruption")))
      }
    }))

  it.scopedLive("D18 an opening that is interrupted leaves no connection behind", () =>
    Effect.gen(function*() {
      const admin = yield* connect()
      for (const millis of [0, 1, 2, 4, 8, 16, 32]) {
        const connection = { ...server().connection(), application_name: "hasty" }
        const opening = yield* Effect.fork(Effect.scoped(Postgres.make({ connection })))
        yield* Effect.sleep(millis)
        yield* within(Fiber.interrupt(opening), "the interruption")
      }
      yield* Effect.sleep("300 millis")
      same((yield* query(admin, "SELECT pid FROM pg_stat_activity WHERE application_name = 'hasty'")).rows, [])
    }))
})

describe("D19 in PostgreSQL", () => {
  it.scopedLive("D19 any word can be the name of a schema", () =>
    Effect.gen(function*() {
      for (const schema of ["user", "order", "default", "select", "_1"]) {
        const open = Postgres.make({ connection: server().connection(), schema })
        const [one, two] = [yield* open, yield* open]
        const taker = yield* Effect.fork(two.in(["t", P.number]))
        yield* Effect.sleep("100 millis")
        yield* one.out(["t", 1])
        same(yield* within(Fiber.join(taker), schema), ["t", 1])
        yield* one.out(["a"], { ttl: "1 hour" })
        yield* one.out(["b"])
        same(yield* one.count([P.string]), 2)
      }
      const kept = yield* Effect.flip(Postgres.store({ schema: "pg_queue" }))
      same(kept.reason, "InvalidOption")
      assert.match(kept.message, /^schema: "pg_queue": PostgreSQL keeps names that begin with pg_ for itself/)
    }))

  it.scopedLive("D19 parsers of the program are for its own SQL, and not for the tables", () =>
    Effect.gen(function*() {
      const oids = [20, 23, 25, 114, 701, 3802]
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const before = oids.map((oid) => pg.types.getTypeParser(oid))
          oids.forEach((oid) => pg.types.setTypeParser(oid, (text: string) => ({ parsed: text })))
          return before
        }),
        (before) =>
          Effect.sync(() =>
            oids.forEach((oid, i) => pg.types.setTypeParser(oid, before[i] as (text: string) => unknown))
          )
      )
      const space = yield* Postgres.make({ connection: server().connection(), space: fresh() })
      const taker = yield* Effect.fork(space.in(["t", P.number]))
      yield* Effect.sleep("100 millis")
      yield* space.out(["t", 1])
      same(yield* within(Fiber.join(taker), "the take"), ["t", 1])
      const rows = yield* Postgres.transaction(space)(
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT 1::int8 AS n`)
      )
      same(rows, [{ n: { parsed: "1" } }])
    }))

  it.scopedLive("D19 a pooler that gives the connection to others is found out at the start", () =>
    Effect.gen(function*() {
      /** The number of the process is the pooler's own; of notifications it knows nothing. */
      const pooled: Edit = (letter, body) =>
        letter === "K" ? Buffer.from(body).fill(1, 0, 4) : letter === "A" ? undefined : body
      const { port } = yield* proxied(pooled)
      const opening = Postgres.make({ connection: { ...server().connection(), port }, space: fresh() })
      const error = yield* Effect.timeout(Effect.flip(opening), "5 seconds")
      same((error as SpaceError.SpaceError).reason, "Unsupported")
      assert.match(
        (error as Error).message,
        /notifications do not come.*Connect to the server itself.*or give the option "poll", such as \{ poll: "100 millis" \}/
      )
    }))

  it.scopedLive("D19 one that keeps it, as in session mode, will do", () =>
    Effect.gen(function*() {
      const { port } = yield* proxied((letter, body) => letter === "K" ? Buffer.from(body).fill(1, 0, 4) : body)
      const space = yield* within(
        Postgres.make({ connection: { ...server().connection(), port }, space: fresh() }),
        "the opening"
      )
      yield* space.out(["a"])
      same(yield* space.count(["a"]), 1)
    }))

  it.scopedLive("D19 the driver never has to queue a statement, which it is going to refuse", () =>
    Effect.gen(function*() {
      let underWay = 0
      let most = 0
      const driver = pg.Client.prototype as unknown as { query: (...parameters: Array<unknown>) => Promise<unknown> }
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const { query } = driver
          driver.query = function(...parameters) {
            most = Math.max(most, ++underWay)
            return query.apply(this, parameters).finally(() => underWay--)
          }
          return query
        }),
        (query) => Effect.sync(() => void (driver.query = query))
      )
      const space = yield* Postgres.make({ connection: server().connection(), space: fresh() })
      yield* Effect.all(Array.from({ length: 50 }, (_, i) => space.out(["a", i])), { concurrency: "unbounded" })
      const rows = yield* Postgres.transaction(space)(
        Effect.flatMap(SqlClient.SqlClient, (sql) =>
          Effect.all(
            [1, 2, 3, 4].map((i) => sql`SELECT ${i}::int AS i`),
            { concurrency: "unbounded" }
          ))
      )
      same(rows, [[{ i: 1 }], [{ i: 2 }], [{ i: 3 }], [{ i: 4 }]])
      same(most, 1)
    }))
})
