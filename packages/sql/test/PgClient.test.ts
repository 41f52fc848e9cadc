import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import * as Reactivity from "@effect/experimental/Reactivity"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { Socket } from "node:net"
import pg from "pg"
import { read } from "../src/internal/postgres/options.js"
import { fresh, same, within } from "./kit.js"
import { useAdmin, useServer } from "./postgres/useServer.js"
import { postgresClient } from "./sqlClient.js"

const server = useServer()
const admin = useAdmin(server, "CREATE TABLE orders (order_id int PRIMARY KEY, details jsonb)")

const url = () => {
  const { database, host, port, user } = server().connection()
  return `postgres://${user}:secret@${host}:${port}/${database}`
}

/** What `name` is in the database, as programs of Effect have it. */
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (name: string) => name.replace(/_./g, (letters) => letters[1]!.toUpperCase())

const database = (config: Partial<PgClient.PgClientConfig> = {}) =>
  Layer.unwrapEffect(Effect.sync(() =>
    PgClient.layer({
      url: Redacted.make(url()),
      transformQueryNames: snake,
      transformResultNames: camel,
      maxConnections: 1,
      ...config
    })
  ))

type Order = readonly ["order", id: number]

/** A module of the program that has its client since it was made, and knows nothing of spaces. */
class Orders extends Effect.Service<Orders>()("Orders", {
  effect: Effect.map(SqlClient.SqlClient, (sql) => ({
    insert: (orderId: number) => sql`INSERT INTO orders ${sql.insert({ orderId })}`,
    all: sql<{ readonly orderId: number }>`SELECT order_id FROM orders ORDER BY order_id`.pipe(
      Effect.map((rows) => rows.map(({ orderId }) => orderId))
    ),
    clear: sql`DELETE FROM orders`
  }))
}) {}

describe("the PgClient of @effect/sql-pg, in PostgreSQL", () => {
  it.scopedLive("a space is opened by it: one service, or the layer that provides it", () =>
    Effect.gen(function*() {
      const space = fresh()
      const client = yield* PgClient.PgClient
      const one = yield* Postgres.make<Order>({ client, space })
      const other = Context.get(yield* Layer.build(Postgres.layerClient({ space })), TupleSpace.TupleSpace)
      const taker = yield* Effect.fork(other.in(["order", P.number]))
      yield* within(Effect.repeat(one.inspect, { until: ({ interests }) => interests.length === 1 }), "the taker")
      yield* one.out(["order", 1])
      same(yield* within(Fiber.join(taker), "the take"), ["order", 1])
      // Spaces have connections of their own: that of the pool is there for the program.
      same(yield* client`SELECT 1 AS one`, [{ one: 1 }])
    }).pipe(Effect.provide(database())))

  it.live("both come from configuration, and say no secret", () =>
    Effect.gen(function*() {
      const count = Effect.flatMap(TupleSpace.TupleSpace, (space) => space.count([P.any]))
      const layer = Postgres.layerClient({ space: fresh() }).pipe(
        Layer.provide(PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })),
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["DATABASE_URL", url()]]))))
      )
      same(yield* Effect.provide(count, layer), 0)
      const broken = Effect.gen(function*() {
        const client = yield* PgClient.PgClient
        const config = { ...client.config, url: Redacted.make(url().replace(/:\d+\//, ":1/")) }
        return yield* Effect.flip(Postgres.make({ client: Object.assign(client, { config }), retry: 0 }))
      })
      const error = yield* broken.pipe(Effect.scoped, Effect.provide(database()))
      same(error.reason, "Unavailable")
      assert.notInclude(String(error), "secret")
    }))

  it.scopedLive("SQL in a transaction of the space goes by the same client, from wherever the program has it", () =>
    Effect.gen(function*() {
      const client = yield* PgClient.PgClient
      const orders = yield* Orders
      const space = yield* Postgres.make<Order>({ client, space: fresh() })
      yield* orders.clear
      yield* space.outAll([["order", 1], ["order", 2], ["order", 3]])
      const record = Postgres.transaction(space)(Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        assert.strictEqual(sql, client)
        const [, orderId] = yield* space.in(["order", P.number])
        yield* orders.insert(orderId)
        yield* (yield* PgClient.PgClient)`UPDATE orders SET details = ${client.json({ deep: true })} WHERE ${
          sql.and([sql`order_id = ${orderId}`])
        }`
        // Only the transaction sees it yet.
        const { rows: [{ count }] } = yield* Effect.promise(() => admin().query("SELECT count(*)::int FROM orders"))
        same((yield* orders.all).length, count + 1)
        return orderId
      }))
      same(yield* record, 1)
      yield* Effect.promise(() => admin().query("INSERT INTO orders VALUES (2)"))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(record)))
      same(yield* space.rdp(["order", 2]).pipe(Effect.flatten), ["order", 2])
      yield* Effect.promise(() => admin().query("DELETE FROM orders WHERE order_id = 2"))
      const undone = Postgres.transaction(space)(Effect.gen(function*() {
        yield* space.in(["order", 2])
        // A transaction of the client's within is a savepoint of this one.
        yield* Effect.ignore(client.withTransaction(Effect.zipRight(orders.insert(9), Effect.fail("no"))))
        yield* client.withTransaction(orders.insert(2))
      }))
      yield* undone
      same(yield* orders.all, [1, 2])
      same(yield* space.collect(["order", P.number]), [["order", 3]])
      same(yield* client`SELECT details FROM orders WHERE order_id = 1`, [{ details: { deep: true } }])
    }).pipe(Effect.provide(Layer.provideMerge(Orders.Default, database()))))

  it.scopedLive("an outbox puts by a transaction of the client's, with its rows or not at all", () =>
    Effect.gen(function*() {
      const client = yield* PgClient.PgClient
      const orders = yield* Orders
      const name = fresh()
      const space = yield* Postgres.make<Order>({ client, space: name })
      const outbox = yield* Postgres.outbox<Order>({ space: name })
      yield* orders.clear
      const order = (id: number) => Effect.zipRight(orders.insert(id), outbox.out(["order", id]))
      const taker = yield* Effect.fork(space.in(["order", P.number]))
      yield* Effect.ignore(client.withTransaction(Effect.zipRight(order(1), Effect.fail("no"))))
      yield* client.withTransaction(order(2))
      same(yield* within(Fiber.join(taker), "the take"), ["order", 2])
      same(yield* orders.all, [2])
      same(yield* space.count(["order", P.number]), 0)
    }).pipe(Effect.provide(Layer.provideMerge(Orders.Default, database()))))

  it.scopedLive("what the client is told of values and sockets holds for a space of it", () =>
    Effect.gen(function*() {
      let sockets = 0
      const types = { getTypeParser: (oid: number) => oid === 20 ? BigInt : (text: string) => text }
      const stream = () => {
        sockets++
        return new Socket()
      }
      const layer = database({ types: types as pg.CustomTypesConfig, stream })
      const client = yield* Effect.map(Layer.build(layer), Context.get(PgClient.PgClient))
      const ofPool = sockets
      const space = yield* Postgres.make({ client, space: fresh() })
      same(sockets, ofPool + 1)
      const big = Postgres.transaction(space)(Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`SELECT 5::int8 AS big`
      ))
      same(yield* big, [{ big: 5n }])
      yield* space.out(["t", 1])
      same(yield* space.in(["t", P.number]), ["t", 1])
    }))

  it.scoped("the configuration of a client is that of the driver, and what is not said there has its default", () =>
    Effect.gen(function*() {
      const pool = yield* Effect.acquireRelease(
        Effect.sync(() => new pg.Pool({ host: "db", port: 5433, user: "me", database: "shop", password: "secret" })),
        (pool) => Effect.promise(() => pool.end())
      )
      const client = yield* PgClient.fromPool({ acquire: Effect.succeed(pool) })
      const there = { host: "db", port: 5433, user: "me", database: "shop", password: "secret" }
      const connection = (yield* read({ client })).connection!
      same({ ...connection, ssl: undefined }, { ...there, ssl: undefined })
      const config: PgClient.PgClientConfig = {
        ...client.config,
        ssl: { ca: "certificate", rejectUnauthorized: true },
        connectTimeout: "2 seconds",
        applicationName: "shop",
        maxConnections: 7
      }
      const told = { client: Object.assign(client, { config }), connection: { keepAlive: false } }
      same((yield* read(told)).connection, {
        ...there,
        ssl: { ca: "certificate", rejectUnauthorized: true },
        connectionTimeoutMillis: 2000,
        application_name: "shop",
        keepAlive: false
      })
    }).pipe(Effect.provide(Reactivity.layer)))

  it.scopedLive("what is no such client is refused, and where a space connects to is said once", () =>
    Effect.gen(function*() {
      const sql = yield* postgresClient(server().connection())
      const layer = Layer.provide(Postgres.layerClient(), Layer.succeed(SqlClient.SqlClient, sql))
      const other = yield* Effect.flip(Layer.build(layer))
      same(other.reason, "Unsupported")
      assert.match(other.message, /the SqlClient of this program is no PgClient of @effect\/sql-pg/)
      const client = yield* PgClient.PgClient
      for (
        const [options, message] of [
          [{ client: sql }, /^client: /],
          [{ client: null }, /^client: /],
          [{ client: {} }, /^client: /],
          [{ client, connection: { host: "elsewhere" } }, /^connection.host: the option "client" has a connection/],
          [{ client, connection: { hots: "elsewhere" } }, /^connection.hots: there is no such option here/]
        ] as ReadonlyArray<readonly [any, RegExp]>
      ) {
        const error: SpaceError.SpaceError = yield* Effect.flip(Effect.scoped(Postgres.make(options)))
        same(error.reason, "InvalidOption")
        assert.match(error.message, message)
      }
    }).pipe(Effect.provide(database())))
})
