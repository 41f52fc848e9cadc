import { Pattern as P } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import * as SqlClient from "@effect/sql/SqlClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
import pg from "pg"
import type { Server } from "./postgres/server.js"
import { start } from "./postgres/server.js"

let server: Server
beforeAll(async () => {
  server = await start()
}, 60_000)
afterAll(() => server.stop())
let names = 0
const fresh = () => `faults ${++names}`
const same = (a: unknown, b: unknown) => assert.deepStrictEqual(a, b)
const open = (space: string, options: any = {}) => Postgres.make({ connection: server.connection(), space, ...options })
const within = <A, E, R>(e: Effect.Effect<A, E, R>, what: string) =>
  Effect.flatMap(
    Effect.timeoutOption(Effect.disconnect(e), "3 seconds"),
    Option.match({
      onNone: () => Effect.die(new Error(`HANG: ${what}`)),
      onSome: (a) => Effect.succeed(a)
    })
  )
const admin = Effect.acquireRelease(
  Effect.promise(async () => {
    const c = new pg.Client(server.connection())
    await c.connect()
    return c
  }),
  (c) => Effect.promise(() => c.end())
)
const q = (c: pg.Client, text: string, values: any[] = []) => Effect.promise(() => c.query(text, values))
const lockSpace = (c: pg.Client, name: string) =>
  Effect.gen(function*() {
    const { rows: [{ id }] } = yield* q(c, "SELECT id FROM linda.spaces WHERE name = $1", [name])
    yield* q(c, "BEGIN")
    yield* q(c, "SELECT pg_advisory_xact_lock(hashtext('linda'), $1::int)", [id])
    return id as number
  })

describe("what goes wrong at an awkward moment, of PostgreSQL", () => {
  const intercept = (f: (text: string, values: any[]) => "lose after" | "lose before" | undefined) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const original = pg.Client.prototype.query as any
        ;(pg.Client.prototype as any).query = function(this: any, ...args: any[]) {
          const text = typeof args[0] === "string" ? args[0] : args[0].text
          const values = args[1] ?? args[0].values ?? []
          const what = f(text ?? "", values)
          if (what === undefined) return original.apply(this, args)
          return (what === "lose after" ? original.apply(this, args) : Promise.resolve()).then(() => {
            this.connection.stream.destroy()
            throw new Error("Connection terminated unexpectedly")
          })
        }
        return original
      }),
      (original) =>
        Effect.sync(() => {
          ;(pg.Client.prototype as any).query = original
        })
    )

  it.scopedLive(
    "P1 the space is busy for longer than a query may last: a batch happens twice",
    () =>
      Effect.gen(function*() {
        const name = fresh()
        const one = yield* open(name, { lease: "1 seconds", retry: "20 seconds" })
        const c = yield* admin
        yield* one.out(["x"])
        yield* lockSpace(c, name)
        const a = yield* Effect.fork(one.out(["a"]))
        yield* Effect.sleep("1200 millis")
        yield* q(c, "COMMIT")
        yield* Fiber.join(a)
        yield* Effect.sleep("500 millis")
        same(yield* one.count(["a"]), 1)
      }) as any,
    20_000
  )

  it.scopedLive("P2 two batches learn that the client has lapsed", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, { lease: "8 seconds" })
      const other = yield* open(name)
      const c = yield* admin
      const taker = yield* Effect.fork(one.in(["w"]))
      yield* Effect.sleep("200 millis")
      const { rows: [{ client }] } = yield* q(c, "SELECT client FROM linda.waiters ORDER BY seq DESC LIMIT 1")
      const space = yield* lockSpace(c, name)
      const a = yield* Effect.fork(one.out(["a"]))
      yield* Effect.sleep("50 millis")
      const b = yield* Effect.fork(one.out(["b"]))
      yield* Effect.sleep("50 millis")
      // What any other client does with one that is silent
      yield* q(c, "UPDATE linda.clients SET until = 0 WHERE id = $1", [client])
      yield* q(c, "SELECT linda.bury($1, 0, 1)", [space])
      yield* q(c, "COMMIT")
      yield* Fiber.join(a)
      yield* Fiber.join(b)
      yield* Effect.sleep("300 millis")
      const { rows } = yield* q(c, "SELECT client, waiter FROM linda.waiters WHERE space = $1", [space])
      const { rows: living } = yield* q(c, "SELECT id FROM linda.clients WHERE space = $1 AND NOT dead", [space])
      const seen = { waiters: rows.length, living: living.length, dead: rows.some((r: any) => r.client === client) }
      yield* other.out(["w"])
      same(seen, { waiters: 1, living: 2, dead: false })
      same(yield* within(Fiber.join(taker), "taker"), ["w"])
      same((yield* other.inspect).interests, [])
      same(yield* other.count([P.any]), 2)
    }) as any, 20_000)

  it.scopedLive("P3 SQL that fails and is forgiven", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      yield* one.out(["t"])
      const exit = yield* Effect.exit(
        Postgres.transaction(one)(Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const t = yield* one.in(["t"])
          yield* Effect.ignore(sql`SELECT 1/0`)
          return t
        }))
      )
      same((yield* one.count(["t"])) + (Exit.isSuccess(exit) ? 1 : 0), 1)
    }) as any)

  it.scopedLive("P3b SQL that fails and is forgiven: a waiter is served by what was rolled back", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name)
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* Effect.sleep("100 millis")
      const exit = yield* Effect.exit(
        Postgres.transaction(one)(Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* one.out(["t"])
          yield* Effect.ignore(sql`SELECT 1/0`)
        }))
      )
      yield* Effect.sleep("100 millis")
      const served = taker.unsafePoll() !== null
      const waits = (yield* one.inspect).interests.length
      yield* Fiber.interrupt(taker)
      // served by a tuple that never was; the server still has the waiter
      same(
        { ok: Exit.isSuccess(exit), served, waits },
        Exit.isSuccess(exit) ? { ok: true, served: true, waits: 0 } : { ok: false, served: false, waits: 1 }
      )
    }) as any)

  it.scopedLive("P4 the answer of the COMMIT of a transaction of SQL alone is lost: it happens twice", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      const c = yield* admin
      yield* q(c, "CREATE TABLE IF NOT EXISTS marks (n int)")
      let lose = true
      yield* intercept((text) => text === "COMMIT" && lose ? (lose = false, "lose after") : undefined)
      yield* Postgres.transaction(one)(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`INSERT INTO marks VALUES (1)`))
      const { rows } = yield* q(c, "SELECT * FROM marks")
      same(rows.length, 1)
    }) as any)

  it.scopedLive("P5 the connection is lost while a join is offered something", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      yield* one.out(["a"])
      const join = yield* Effect.fork(one.inAll([["a"], ["b"]]))
      yield* Effect.sleep("100 millis")
      let lose = true
      yield* intercept((_, values) =>
        lose && String(values[6]).includes("\"scan\"") ? (lose = false, "lose before") : undefined
      )
      yield* one.out(["b"])
      const exit = yield* within(Fiber.await(join), "join")
      same(lose, false)
      assert.isTrue(Exit.isSuccess(exit), String(exit).slice(0, 200))
    }) as any)

  it.scopedLive("P7 a waiter with a predicate before a join of another client", () =>
    Effect.gen(function*() {
      const name = fresh()
      const [a, b] = [yield* open(name), yield* open(name)]
      const even = yield* Effect.fork(b.in(["n", (n: number) => n % 2 === 0]))
      yield* Effect.sleep("100 millis")
      const join = yield* Effect.fork(a.inAll([["n", P.number], ["m"]]))
      yield* Effect.sleep("100 millis")
      yield* a.out(["n", 4])
      same(yield* within(Fiber.join(even), "predicate"), ["n", 4])
      yield* Fiber.interrupt(join)
    }) as any)

  it.scopedLive(
    "P6 an outage that is longer than retry, after the batch that brought the mail",
    () =>
      Effect.gen(function*() {
        const name = fresh()
        const other = yield* open(name)
        const one = yield* open(name, { retry: "100 millis", lease: "2 seconds" })
        const taker = yield* Effect.fork(one.in(["t", P.number]))
        yield* Effect.sleep("200 millis")
        let outage = false
        const connect = pg.Client.prototype.connect as any
        ;(pg.Client.prototype as any).connect = function(this: any) {
          return outage ? Promise.reject(new Error("ECONNREFUSED")) : connect.call(this)
        }
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => {
            ;(pg.Client.prototype as any).connect = connect
          })
        )
        let lose = true
        yield* intercept((text, values) =>
          lose && text.includes(".run(") && values[6] === "[]" ? (lose = false, outage = true, "lose after") : undefined
        )
        yield* other.out(["t", 1])
        yield* Effect.sleep("600 millis")
        same(lose, false)
        outage = false
        yield* other.out(["t", 2])
        const t = yield* within(Fiber.join(taker), "taker")
        void t
      }) as any,
    20_000
  )

  it.scopedLive("the last two batches are answered again, and not done again; older ones are refused", () =>
    Effect.gen(function*() {
      const name = fresh()
      const space = yield* open(name)
      const c = yield* admin
      const { rows: [{ id }] } = yield* q(c, "SELECT id FROM linda.spaces WHERE name = $1", [name])
      const { rows: [client] } = yield* q(
        c,
        "INSERT INTO linda.clients (space, until) VALUES ($1, 1e18) RETURNING id",
        [id]
      )
      const row = { arity: 1, shape: "s", fields: ["\"t\""], keys: [1] }
      const batch = (number: number) =>
        Effect.map(
          q(c, "SELECT linda.run(hashtext('linda'), $1, $2, $3, 1e18, NULL, $4) AS outcome", [
            id,
            client.id,
            number,
            JSON.stringify([{ op: "put", rows: [row] }])
          ]),
          ({ rows: [{ outcome }] }) => outcome
        )
      const [first, second] = [yield* batch(1), yield* batch(2)]
      same([yield* batch(1), yield* batch(2)], [first, second])
      yield* batch(3)
      const refused = yield* Effect.exit(batch(1))
      assert.include(Exit.isFailure(refused) ? Cause.pretty(refused.cause) : "", "sent again")
      assert.strictEqual(yield* space.count([P.string]), 3)
    }))
})
