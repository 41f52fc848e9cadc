import { Pattern as P } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import * as SqlClient from "@effect/sql/SqlClient"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import pg from "pg"
import { fresh, same, within } from "./kit.js"
import type { Pooler } from "./postgres/pooler.js"
import { pooler } from "./postgres/pooler.js"
import { useServer } from "./postgres/useServer.js"
import { clients } from "./shared.js"

// Behind what gives each transaction another connection: nothing of a session lasts, and no notification comes.

const server = useServer()
const size = 4
let shared: Pooler
beforeAll(async () => {
  shared = await pooler({ ...server().connection(), size })
  return () => shared.stop()
})

const through = ({ port }: Pooler, database?: string) => ({ ...server().connection(database), port })

const open = (space: string, options?: { readonly lease?: string }) =>
  Effect.suspend(() =>
    Postgres.make({ connection: through(shared), poll: "20 millis", space, ...options } as Postgres.Options)
  )

const ask = (connection: pg.ClientConfig, texts: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const client = new pg.Client(connection)
    await client.connect()
    const answers: Array<ReadonlyArray<Record<string, unknown>>> = []
    for (const text of texts) {
      answers.push((await client.query(text)).rows)
    }
    await client.end()
    return answers
  })

clients("D19 several clients behind a pooler that shares connections by transaction", open)

describe("D19 behind a pooler that shares connections by transaction", () => {
  it.scopedLive("D19 all connections are used, and none is left otherwise than it was", () =>
    Effect.gen(function*() {
      const space = yield* open(fresh())
      const used = shared.transactions.slice()
      const taker = yield* Effect.fork(space.in(["t", 19]))
      for (let i = 0; i < 20; i++) {
        yield* space.out(["t", i])
      }
      yield* Postgres.transaction(space)(
        Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.zipRight(space.out(["u"]), sql`SELECT 1`))
      )
      same(yield* within(Fiber.join(taker), "the take"), ["t", 19])
      const text = `SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement,
        current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('extra_float_digits') AS digits,
        (SELECT count(*)::int FROM pg_listening_channels()) AS channels,
        (SELECT count(*)::int FROM pg_prepared_statements) AS statements,
        (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks`
      const rows = yield* ask(through(shared), Array.from({ length: 2 * size }, () => text))
      const untouched = { lock: "0", statement: "0", idle: "0", digits: "1", channels: 0, statements: 0, locks: 0 }
      rows.forEach((row) => same(row, [untouched]))
      assert.isTrue(shared.transactions.every((count, index) => count > used[index]!))
    }))

  for (const level of ["repeatable read", "serializable"]) {
    it.scopedLive(
      `D3 D19 a put and a take that wait for the same lock meet under ${level}, and no time is over`,
      () =>
        Effect.gen(function*() {
          const database = `pooled_${level.replace(" ", "_")}`
          yield* ask(server().connection(), [
            `CREATE DATABASE ${database}`,
            `ALTER DATABASE ${database} SET default_transaction_isolation = '${level}'`,
            `ALTER DATABASE ${database} SET statement_timeout = '100ms'`,
            `ALTER DATABASE ${database} SET lock_timeout = '100ms'`,
            `ALTER DATABASE ${database} SET extra_float_digits = '-10'`
          ])
          const own = yield* Effect.acquireRelease(
            Effect.promise(() => pooler({ ...server().connection(database), size })),
            (own) => Effect.sync(() => own.stop())
          )
          const make = Postgres.make({ connection: through(own, database), poll: "20 millis" })
          const [one, two] = yield* Effect.all([make, make], { concurrency: "unbounded" })
          const admin = yield* Effect.acquireRelease(
            Effect.promise(async () => {
              const admin = new pg.Client(server().connection(database))
              await admin.connect()
              await admin.query("SET lock_timeout = 0")
              await admin.query("BEGIN")
              await admin.query("SELECT pg_advisory_xact_lock(hashtext('linda'), id) FROM linda.spaces")
              return admin
            }),
            (admin) => Effect.promise(() => admin.end())
          )
          const taker = yield* Effect.fork(two.in(["t", P.number]))
          yield* Effect.sleep("200 millis")
          const put = yield* Effect.fork(one.out(["t", 0.1 + 0.2]))
          yield* Effect.sleep("200 millis")
          yield* Effect.promise(() => admin.query("COMMIT"))
          yield* within(Fiber.join(put), "the put")
          same(yield* within(Fiber.join(taker), "the take"), ["t", 0.1 + 0.2])
        }),
      20_000
    )
  }

  it.scopedLive("D19 one that polls and one that is told serve each other", () =>
    Effect.gen(function*() {
      const name = fresh()
      const polling = yield* open(name)
      const told = yield* Postgres.make({ connection: server().connection(), space: name })
      for (const [from, to] of [[polling, told], [told, polling]] as const) {
        const taker = yield* Effect.fork(to.in(["t", P.number]))
        yield* Effect.sleep("100 millis")
        yield* from.out(["t", 1])
        same(yield* within(Fiber.join(taker), "the take"), ["t", 1])
      }
    }))

  it.scopedLive("O1 D19 what an outbox commits comes to one that polls", () =>
    Effect.gen(function*() {
      const name = fresh()
      const space = yield* open(name)
      const taker = yield* Effect.fork(space.in(["t", P.number]))
      yield* Effect.sleep("100 millis")
      const outbox = yield* Postgres.outbox({ space: name })
      const { params, sql } = yield* outbox.statement([["t", 1]])
      yield* Effect.promise(async () => {
        const client = new pg.Client(through(shared))
        await client.connect()
        await client.query(sql, [...params])
        await client.end()
      })
      same(yield* within(Fiber.join(taker), "the take"), ["t", 1])
    }))

  it.scopedLive("D19 what was under way when the pooler drops its clients happens once", () =>
    Effect.gen(function*() {
      const name = fresh()
      const space = yield* open(name)
      const total = 60
      const puts = yield* Effect.fork(Effect.forEach(
        Array.from({ length: total }, (_, i) => i),
        (i) => space.out(["t", i]),
        { concurrency: 4 }
      ))
      for (let i = 0; i < 3; i++) {
        yield* Effect.sleep("60 millis")
        shared.drop()
      }
      yield* within(Fiber.join(puts), "the puts")
      const all = (yield* space.collect(["t", P.number])).map(([, n]) => n)
      same(all.sort((one, other) => one - other), Array.from({ length: total }, (_, i) => i))
    }))
})
