/** What is on the same server beside ours: queues of jobs, and the bare driver. */
import * as Graphile from "graphile-worker"
import { EventEmitter, once } from "node:events"
import pg from "pg"
import PgBoss from "pg-boss"
import type { Connection } from "./client.js"
import { connected } from "./client.js"
import { rateOf } from "./rounds.js"

/** Connections of a pool: what both queues have unless they are told otherwise. */
const pool = 10

/** Jobs in a batch made by hand, and how many callers have batches under way. */
export const batch = 256
const batchers = 4

const payload = (i: number) => ({ n: i, text: "payload" })

/** Of something that hands out less than it was asked for, no rate is to be had. */
const complete = (expected: number, actual: number): void => {
  if (actual !== expected) {
    throw new Error(`${actual} jobs instead of ${expected}`)
  }
}

/** So that each round begins with empty tables. */
const forget = async (connection: Connection, schema: string): Promise<void> => {
  const client = await connected(connection)
  await client.query(`DROP SCHEMA ${schema} CASCADE`)
  await client.end()
}

/** pg-boss: jobs a second. A queue of its own for each way, since a job that is done stays in its queue for a while. */
export const pgBoss = async (connection: Connection, callers: number, n: number, batches: number) => {
  const boss = new PgBoss({ ...connection, max: pool, supervise: false, schedule: false } as PgBoss.ConstructorOptions)
  boss.on("error", () => {})
  await boss.start()
  await boss.createQueue("single")
  await boss.createQueue("batched")
  const send = await rateOf(callers, n, (i) => boss.send("single", payload(i)))
  const fetch = await rateOf(callers, n, async () => {
    const jobs = await boss.fetch("single")
    complete(1, jobs.length)
    await boss.complete("single", jobs[0]!.id)
  })
  const insert = await rateOf(
    batchers,
    batches,
    (i) => boss.insert(Array.from({ length: batch }, (_, j) => ({ name: "batched", data: payload(i * batch + j) })))
  )
  const fetchBatch = await rateOf(batchers, batches, async () => {
    const jobs = await boss.fetch("batched", { batchSize: batch })
    complete(batch, jobs.length)
    await boss.complete("batched", jobs.map(({ id }) => id))
  })
  await boss.stop({ graceful: false })
  await forget(connection, "pgboss")
  return { send, fetch, insert: insert * batch, fetchBatch: fetchBatch * batch }
}

const logger = new Graphile.Logger(() => () => {})

/** graphile-worker: jobs a second. Its runner takes one job at a time for each that it may run at once. */
export const graphile = async (connection: Connection, callers: number, n: number, batches: number) => {
  const pgPool = new pg.Pool({ ...connection, max: pool })
  pgPool.on("error", () => {})
  const utils = await Graphile.makeWorkerUtils({ pgPool, logger })
  await utils.migrate()

  /** From when the first job is handed out until all are done and gone. */
  const takeAll = async (all: number): Promise<number> => {
    const events: Graphile.WorkerEvents = new EventEmitter()
    const started = once(events, "job:start").then(() => performance.now())
    let left = all
    const ended = new Promise<number>((resolve) =>
      events.on("job:complete", () => --left === 0 && resolve(performance.now()))
    )
    const runner = await Graphile.run({
      pgPool,
      logger,
      events,
      concurrency: callers,
      noHandleSignals: true,
      parsedCronItems: [],
      taskList: { bench: () => {} }
    })
    const millis = await ended - await started
    await runner.stop()
    return 1000 * all / millis
  }

  const addJob = await rateOf(callers, n, (i) => utils.addJob("bench", payload(i)))
  const run = await takeAll(n)
  const addJobs = await rateOf(batchers, batches, (i) =>
    pgPool.query({
      name: "add_jobs",
      text: `SELECT count(*) FROM graphile_worker.add_jobs(
        ARRAY(SELECT json_populate_recordset(NULL::graphile_worker.job_spec, $1::json)))`,
      values: [
        JSON.stringify(
          Array.from({ length: batch }, (_, j) => ({ identifier: "bench", payload: payload(i * batch + j) }))
        )
      ]
    }))
  await utils.release()
  await pgPool.end()
  await forget(connection, "graphile_worker")
  return { addJob, run, addJobs: addJobs * batch }
}

/** Statements a second: each caller has a connection, and each statement is prepared. */
export const bareDriver = async (connection: Connection, callers: number, n: number) => {
  const clients = await Promise.all(Array.from({ length: callers }, () => connected(connection)))
  await clients[0]!.query(`
    CREATE TABLE IF NOT EXISTS bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, n int, data text);
    CREATE INDEX IF NOT EXISTS bare_kind ON bare (kind, id)`)
  const idle = [...clients]
  const using = async (use: (client: pg.Client) => Promise<pg.QueryResult>) => {
    const client = idle.pop()!
    const { rowCount } = await use(client)
    complete(1, rowCount ?? 0)
    idle.push(client)
  }
  const insert = await rateOf(callers, n, (i) =>
    using((client) =>
      client.query({
        name: "insert",
        text: "INSERT INTO bare (kind, n, data) VALUES ($1, $2, $3)",
        values: ["job", i, "payload"]
      })
    ))
  const remove = await rateOf(callers, n, () =>
    using((client) =>
      client.query({
        name: "delete",
        text: `DELETE FROM bare
          WHERE id = (SELECT id FROM bare WHERE kind = $1 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *`,
        values: ["job"]
      })
    ))
  await Promise.all(clients.map((client) => client.end()))
  return { insert, remove }
}
