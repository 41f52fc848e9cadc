/** W16: single operations in PostgreSQL beside the bare driver, and how soon a blocked `in` of another program is woken. */
import { Pattern as P } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import { Effect } from "effect"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Connection, Rates } from "../databases/peers.js"
import { bareDriver, bareNotify, idleListeners } from "../databases/peers.js"
import type { Size } from "../measure.js"
import { compare, median, run, timed } from "../measure.js"
import type { Row } from "../report.js"

const callers = 8

const ours = (connection: Connection, n: number): Promise<Rates> =>
  run(
    Effect.gen(function*() {
      const space = yield* Postgres.make({ connection })
      const all = Array.from({ length: n }, (_, i) => i)
      const options = { concurrency: callers, discard: true } as const
      // A connection plans what it does for the first time.
      yield* Effect.forEach(all.slice(0, n / 8), (i) => space.out(["job", i, "payload"]), options)
      yield* Effect.forEach(all.slice(0, n / 8), () =>
        space.inWith(["job", P.number, P.string], () => Effect.void), options)
      const put = yield* timed(
        Effect.orDie(Effect.forEach(all, (i) =>
          space.out(["job", i, "payload"]), options))
      )
      const take = yield* timed(
        Effect.orDie(Effect.forEach(all, () =>
          space.in(["job", P.number, P.string]), options))
      )
      return { put: 1000 * n / put, take: 1000 * n / take }
    }).pipe(Effect.orDie)
  )

/** From the `out` of one client to the end of a blocked `in` of another. Milliseconds. */
const wakeUp = (connection: Connection, n: number): Promise<number> =>
  run(
    Effect.gen(function*() {
      const one = yield* Postgres.make({ connection, space: "wake" })
      const other = yield* Postgres.make({ connection, space: "wake" })
      const times: Array<number> = []
      for (let i = 0; i < n; i++) {
        const woken = yield* Effect.fork(Effect.map(other.in(["wake"]), () => performance.now()))
        yield* Effect.sleep(8)
        const start = performance.now()
        yield* one.out(["wake"])
        times.push((yield* woken) - start)
      }
      return median(times)
    }).pipe(Effect.orDie)
  )

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = size === "full" ? 4_000 : 64
  const server = await start()
  const connection = server.connection()
  const takes = { ours: 0, bare: 0 }
  const puts = await compare(size, {
    ours: async () => {
      const { put, take } = await ours(connection, n)
      takes.ours = take
      return put
    },
    bare: async () => {
      const { put, take } = await bareDriver(connection, n, callers)
      takes.bare = take
      return put
    }
  })
  const wake = () =>
    compare(size, { ours: () => wakeUp(connection, n / 16), bare: () => bareNotify(connection, n / 16) })
  const alone = await wake()
  const end = await idleListeners(connection, 60)
  const crowded = await wake()
  await end()
  await server.stop()
  const row = { workload: "W16" }
  return [
    {
      ...row,
      what: "`out`, 8 callers",
      unit: "/s",
      ours: puts.ours,
      floor: { name: "INSERT, 8 connections", value: puts.bare },
      must: ["at least", 0.6]
    },
    {
      ...row,
      what: "`in`, 8 callers",
      unit: "/s",
      ours: takes.ours,
      floor: { name: "DELETE … RETURNING, 8 connections", value: takes.bare },
      must: ["at least", 0.6]
    },
    {
      ...row,
      what: "a blocked `in` is woken and served",
      unit: "ms",
      ours: alone.ours,
      floor: { name: "NOTIFY, round trip", value: alone.bare },
      must: ["at most", 3]
    },
    {
      ...row,
      what: "the same beside 60 idle listeners",
      unit: "ms",
      ours: crowded.ours,
      floor: { name: "NOTIFY, round trip", value: crowded.bare },
      must: ["at most", 3]
    }
  ]
}
