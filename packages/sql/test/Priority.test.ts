import { Pattern as P } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import Libsql from "libsql"
import { join } from "node:path"
import pg from "pg"
import type { Space } from "./kit.js"
import { fresh, same, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("priority")
const server = useServer()

const filename = () => join(folder, "priority.db")

const engines = {
  SQLite: {
    open: (space: string) => Sqlite.make({ filename: filename(), space }),
    outbox: Sqlite.outbox,
    run: async (sql: string, params: ReadonlyArray<string>): Promise<unknown> => {
      const database = new Libsql(filename())
      database.exec("PRAGMA busy_timeout = 5000")
      const statement = database.prepare(sql)
      const result = /^SELECT/.test(sql) ? statement.all(...params) : statement.run(...params)
      database.close()
      return result
    }
  },
  PostgreSQL: {
    open: (space: string) => Effect.suspend(() => Postgres.make({ connection: server().connection(), space })),
    outbox: Postgres.outbox,
    run: async (sql: string, params: ReadonlyArray<string>): Promise<unknown> => {
      const client = new pg.Client(server().connection())
      await client.connect()
      const { rows } = await client.query(sql, [...params])
      await client.end()
      return rows
    }
  }
}

const names = (space: Space) =>
  Effect.map(space.copyCollect(["t", P.rest(P.any)]), (found) => found.map(([, name]) => name))

for (const [name, { open, outbox, run }] of Object.entries(engines)) {
  describe(`Priority, in ${name}`, () => {
    it.scopedLive("S21 what is put after what has a low priority is before it, by whichever client, for ever", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        yield* one.out(["t", 1])
        yield* other.out(["t", "last"], { priority: -1000 })
        yield* one.out(["t", 2])
        yield* other.outAll([["t", 3], ["t", 4], ["t", 5]])
        yield* one.out(["t", 6], { ttl: "1 hour" })
        same(yield* names(other), [1, 2, 3, 4, 5, 6, "last"])
        // Of another space of the same tables.
        const beside = yield* open(fresh())
        yield* beside.outAll([["t", "a"], ["t", "b"]])
        yield* beside.out(["t", "c"], { priority: -1 })
        yield* beside.out(["t", "d"])
        same(yield* names(beside), ["a", "b", "d", "c"])
        same(yield* one.in(["t", "last"]), ["t", "last"])
        yield* one.out(["t", 7])
        yield* other.out(["t", "first"], { priority: 1000 })
        yield* other.outAll(Array.from({ length: 100 }, (_, n) => ["t", n + 8]))
        same(yield* names(one), ["first", ...Array.from({ length: 107 }, (_, n) => n + 1)])
      }))

    it.scopedLive("S21 a lease of any priority is one of its tuple alone", () =>
      Effect.gen(function*() {
        const space = yield* open(fresh())
        const later = yield* Effect.forEach([1, 2, 3], (n) => space.out(["t", `later ${n}`], { after: "1 hour" }))
        const leases = yield* Effect.forEach(
          [0, -1, 1, 1000, -1000, 0],
          (priority, index) => space.out(["t", index], { priority, ttl: "1 hour" })
        )
        same(yield* names(space), [3, 2, 0, 5, 1, 4])
        assert.isTrue(yield* leases[3]!.cancel)
        assert.isTrue(yield* leases[1]!.renew("2 hours"))
        assert.isTrue(yield* later[1]!.reschedule(0))
        same(yield* names(space), [2, 0, 5, "later 2", 1, 4])
        assert.isTrue(yield* later[0]!.cancel)
        assert.isFalse(yield* leases[3]!.renew("1 hour"))
        assert.isTrue(yield* leases[4]!.cancel)
        same(yield* names(space), [2, 0, 5, "later 2", 1])
      }))

    it.scopedLive("S8 S21 what a client held that has ended is back in the place of its priority", () =>
      Effect.gen(function*() {
        const name = fresh()
        const space = yield* open(name)
        const scope = yield* Scope.make()
        const other = yield* Scope.extend(open(name), scope)
        yield* space.outAll([["t", "high"], ["t", "high too"]], { priority: 1 })
        yield* space.out(["t", "low"], { priority: -1 })
        yield* space.out(["t", "middle"])
        yield* Effect.fork(other.inWith(["t", "high"], () => Effect.never))
        yield* Effect.fork(other.inWith(["t", "low"], () => Effect.never, { requeue: "back" }))
        yield* within(Effect.repeat(space.inspect, { until: ({ held }) => held === 2 }), "two that are held")
        same(yield* names(space), ["high too", "middle"])
        yield* Scope.close(scope, Exit.void)
        same(yield* names(space), ["high", "high too", "middle", "low"])
      }))

    it.scopedLive("S21 who puts with a transaction of the user's says a priority as well", () =>
      Effect.gen(function*() {
        const name = fresh()
        const space = yield* open(name)
        const box = yield* outbox({ space: name })
        const put = (which: string, priority?: number) =>
          Effect.flatMap(
            box.statement([["t", which]], { priority }),
            ({ params, sql }) => Effect.promise(() => run(sql, params))
          )
        yield* put("second")
        yield* put("first", 3)
        yield* put("third", -3)
        yield* put("second too")
        yield* within(Effect.repeat(space.count(["t", P.string]), { until: (count) => count === 4 }), "four")
        same(yield* names(space), ["first", "second", "second too", "third"])
        const { message } = yield* Effect.flip(box.statement([["t", "x"]], { priority: 0.5 }))
        assert.include(message, "priority: 0.5 is no integer from -1000 to 1000")
      }))

    it.scopedLive("S5 S21 who waits while others come is served in order, and what is left is in its places", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [space, other] = [yield* open(name), yield* open(name)]
        const taker = yield* Effect.fork(space.in(["t", P.string, 0]))
        // He waits all the time, and for nothing that comes.
        yield* Effect.fork(space.in(["never"]))
        yield* within(Effect.repeat(space.inspect, { until: ({ interests }) => interests.length === 2 }), "two wait")
        yield* other.out(["t", "b", 1])
        yield* other.out(["t", "c", 0], { priority: -7 })
        yield* other.out(["t", "a", 1], { priority: 7 })
        yield* other.out(["t", "d", 1], { priority: -7 })
        same(yield* within(Fiber.join(taker), "the one for it"), ["t", "c", 0])
        same(yield* names(space), ["a", "b", "d"])
      }))
  })
}
