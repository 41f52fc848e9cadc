/** What others do on the same server: queues of jobs, called one by one and in batches made by hand; and the bare driver. */
import { run as runWorker } from "graphile-worker"
import { makeWorkerUtils } from "graphile-worker"
import pg from "pg"
import PgBoss from "pg-boss"

export type Connection = pg.ClientConfig

/** Runs so many callers, who share `n` calls. */
export const callers = async (count: number, n: number, call: (i: number) => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  let next = 0
  const loop = async () => {
    while (next < n) {
      await call(next++)
    }
  }
  await Promise.all(Array.from({ length: count }, loop))
  return 1000 * n / (performance.now() - start)
}

/** Jobs a second, put and taken. */
export interface Rates {
  readonly put: number
  readonly take: number
}

const batch = 256

const payload = (i: number) => ({ i, text: "payload" })

export const pgBoss = async (connection: Connection, n: number, count: number): Promise<Rates & { batched: Rates }> => {
  const boss = new PgBoss({ ...connection, max: 10, supervise: false, schedule: false } as PgBoss.ConstructorOptions)
  await boss.start()
  await boss.createQueue("jobs")
  const put = await callers(count, n, (i) => boss.send("jobs", payload(i)))
  const take = await callers(count, n, async () => {
    const [job] = await boss.fetch("jobs")
    await boss.complete("jobs", job!.id)
  })
  const batches = Math.ceil(n / batch)
  const jobs = Array.from({ length: batch }, (_, i) => ({ name: "jobs", data: payload(i) }))
  const putBatched = await callers(4, batches, () => boss.insert(jobs))
  const takeBatched = await callers(4, batches, async () => {
    const taken = await boss.fetch("jobs", { batchSize: batch })
    await boss.complete("jobs", taken.map(({ id }) => id))
  })
  await boss.stop({ graceful: false })
  return { put, take, batched: { put: putBatched * batch, take: takeBatched * batch } }
}

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

export const graphileWorker = async (
  connection: Connection,
  n: number,
  count: number
): Promise<Rates & { batched: number }> => {
  const { Logger } = await import("graphile-worker")
  const logger = new Logger(() => (level) => silent[level as keyof typeof silent])
  const pgPool = new pg.Pool({ ...connection, max: 10 })
  pgPool.on("error", () => {})
  const utils = await makeWorkerUtils({ pgPool, logger })
  await utils.migrate()
  const put = await callers(count, n, (i) => utils.addJob("bench", payload(i)))
  const worked = async (): Promise<number> => {
    let left = n
    const start = performance.now()
    const runner = await new Promise<Awaited<ReturnType<typeof runWorker>>>((resolve) => {
      let begun: Awaited<ReturnType<typeof runWorker>>
      const done = () => begun === undefined ? setTimeout(done, 1) : resolve(begun)
      void runWorker({
        pgPool,
        logger,
        concurrency: count,
        noHandleSignals: true,
        taskList: { bench: () => void (--left === 0 && done()) }
      }).then((runner) => {
        begun = runner
      })
    })
    const rate = 1000 * n / (performance.now() - start)
    await runner.stop()
    return rate
  }
  const take = await worked()
  const batched = await callers(4, Math.ceil(n / batch), () =>
    pgPool.query(
      `SELECT count(*) FROM graphile_worker.add_jobs((
        SELECT array_agg(('bench', json_build_object('i', i, 'text', 'payload'), null, null, null, null, null, null)
          ::graphile_worker.job_spec) FROM generate_series(1, ${batch}) i))`
    ))
  await utils.release()
  await pgPool.end()
  return { put, take, batched: batched * batch }
}

/** Named statements, each connection one at a time. */
export const bareDriver = async (connection: Connection, n: number, count: number): Promise<Rates> => {
  const clients = await Promise.all(Array.from({ length: count }, async () => {
    const client = new pg.Client(connection)
    await client.connect()
    return client
  }))
  await clients[0]!.query(
    "CREATE TABLE IF NOT EXISTS bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, n int, data text)"
  )
  await clients[0]!.query("CREATE INDEX IF NOT EXISTS bare_kind ON bare (kind, id)")
  const free = [...clients]
  const using = async (use: (client: pg.Client) => Promise<unknown>) => {
    const client = free.pop()!
    await use(client)
    free.push(client)
  }
  const put = await callers(
    count,
    n,
    (i) =>
      using((client) =>
        client.query({
          name: "put",
          text: "INSERT INTO bare (kind, n, data) VALUES ($1, $2, $3)",
          values: ["job", i, "payload"]
        })
      )
  )
  const take = await callers(count, n, () =>
    using((client) =>
      client.query({
        name: "take",
        text:
          `DELETE FROM bare WHERE id = (SELECT id FROM bare WHERE kind = $1 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
          RETURNING *`,
        values: ["job"]
      })
    ))
  await Promise.all(clients.map((client) => client.end()))
  return { put, take }
}

/** The median of a round trip by NOTIFY between two connections, in milliseconds. */
export const bareNotify = async (connection: Connection, n: number): Promise<number> => {
  const [one, other] = [new pg.Client(connection), new pg.Client(connection)]
  await Promise.all([one.connect(), other.connect()])
  await one.query("LISTEN one")
  await other.query("LISTEN other")
  other.on("notification", () => {
    // the last one may be under way when the connection ends
    other.query("NOTIFY one").catch(() => {})
  })
  const times: Array<number> = []
  for (let i = 0; i < n; i++) {
    const start = performance.now()
    const back = new Promise((resolve) => one.once("notification", resolve))
    await one.query("NOTIFY other")
    await back
    times.push(performance.now() - start)
  }
  await Promise.all([one.end(), other.end()])
  return times.sort((a, b) => a - b)[times.length >> 1]!
}

/** Connections that listen and are told nothing. */
export const idleListeners = async (connection: Connection, count: number): Promise<() => Promise<void>> => {
  const clients = await Promise.all(Array.from({ length: count }, async (_, i) => {
    const client = new pg.Client(connection)
    await client.connect()
    await client.query(`LISTEN idle_${i}`)
    return client
  }))
  return async () => void (await Promise.all(clients.map((client) => client.end())))
}
