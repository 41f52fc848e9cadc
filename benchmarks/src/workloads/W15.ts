/** W15: 64 callers of single operations on a space in PostgreSQL, beside queues of jobs on the same server. */
import { Pattern as P } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import { Effect } from "effect"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Connection, Rates } from "../databases/peers.js"
import { graphileWorker, pgBoss } from "../databases/peers.js"
import type { Size } from "../measure.js"
import { compare, run, timed } from "../measure.js"
import type { Limit, Row } from "../report.js"

const ours = (connection: Connection, n: number, callers: number): Promise<Rates> =>
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
          space.inWith(["job", P.number, P.string], () => Effect.void), options))
      )
      return { put: 1000 * n / put, take: 1000 * n / take }
    }).pipe(Effect.orDie)
  )

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = size === "full" ? 10_000 : 256
  const server = await start()
  const connection = server.connection()
  const rates = { ours: {}, boss: {}, worker: {} } as {
    ours: Rates
    boss: Awaited<ReturnType<typeof pgBoss>>
    worker: Awaited<ReturnType<typeof graphileWorker>>
  }
  // The medians of what ours puts; the rest is what was measured beside it.
  const put = await compare(size, {
    ours: async () => (rates.ours = await ours(connection, n, 64)).put,
    boss: async () => (rates.boss = await pgBoss(connection, n / 4, 64)).put,
    worker: async () => (rates.worker = await graphileWorker(connection, n / 4, 64)).put
  })
  await server.stop()
  const row = (what: string, value: number, name: string, floor: number, must?: Limit): Row => ({
    workload: "W15",
    what,
    unit: "/s",
    ours: value,
    floor: { name, value: floor },
    ...(must && { must })
  })
  const eight: Limit = ["at least", 8]
  const most: Limit = ["at least", 0.85]
  return [
    row("`out`", put.ours, "pg-boss, one by one", put.boss, eight),
    row("`out`", put.ours, "graphile-worker, one by one", put.worker, eight),
    row("`out`", put.ours, "pg-boss, batches of 256", rates.boss.batched.put, most),
    row("`out`", put.ours, "graphile-worker, batches of 256", rates.worker.batched, most),
    row("`inWith`", rates.ours.take, "pg-boss, one by one", rates.boss.take, eight),
    row("`inWith`", rates.ours.take, "graphile-worker's runner", rates.worker.take, eight),
    row("`inWith`", rates.ours.take, "pg-boss, batches of 256", rates.boss.batched.take, most)
  ]
}
