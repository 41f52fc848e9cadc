/**
 * D1: 64 callers of single operations on a space in PostgreSQL, beside queues of jobs on the same server: called one by
 * one, and in batches made by hand. One by one the queues get a quarter as many jobs, as they are slower; a shorter
 * queue is no disadvantage to them.
 */
import { Postgres } from "@effect-linda/sql"
import { Effect } from "effect"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Connection } from "../durable/client.js"
import { batch, graphile, pgBoss } from "../durable/postgres.js"
import { queueing, rounds } from "../durable/rounds.js"
import type { Size } from "../measure.js"
import { run } from "../measure.js"
import type { Limit, Row } from "../report.js"

const callers = 64

const ours = (connection: Connection, n: number) =>
  run(
    Postgres.make({ connection }).pipe(
      Effect.flatMap((space) => queueing(space, callers, n)),
      Effect.orDie
    )
  )

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = size === "full" ? 10_000 : 256
  const batches = Math.ceil(n / batch)
  const server = await start()
  const connection = server.connection()
  const rates = await rounds(size, {
    ours: () => ours(connection, n),
    boss: () => pgBoss(connection, callers, n / 4, batches),
    graphile: () => graphile(connection, callers, n / 4, batches)
  })
  await server.stop()
  const row = (what: "out" | "inWith", floor: string, value: number, must: Limit): Row => ({
    workload: "D1",
    what: `\`${what}\`, 64 callers`,
    unit: "/s",
    ours: rates.ours[what],
    floor: { name: floor, value },
    must
  })
  const beyond: Limit = ["at least", 8]
  const nearly: Limit = ["at least", 0.85]
  return [
    row("out", "pg-boss, send", rates.boss.send, beyond),
    row("out", "graphile-worker, addJob", rates.graphile.addJob, beyond),
    row("out", "pg-boss, insert of 256", rates.boss.insert, nearly),
    row("out", "graphile-worker, add_jobs of 256", rates.graphile.addJobs, nearly),
    row("inWith", "pg-boss, fetch and complete", rates.boss.fetch, beyond),
    row("inWith", "graphile-worker, its runner", rates.graphile.run, beyond),
    row("inWith", "pg-boss, fetch and complete 256", rates.boss.fetchBatch, nearly)
  ]
}
