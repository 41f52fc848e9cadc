/**
 * D6: how soon the use of a blocked `inWith` of another process begins, after `out` is called. The floor is a statement
 * that inserts a row and notifies, and so commits once, until the other process has the notification. Before each there
 * is time enough for the other process to wait.
 */
import type { Scope } from "effect"
import { Effect } from "effect"
import { setTimeout } from "node:timers/promises"
import { start } from "../../../packages/sql/test/postgres/server.js"
import { now } from "../durable/child.js"
import type { Connection } from "../durable/client.js"
import { connected } from "../durable/client.js"
import { elsewhere, programOf, said } from "../durable/elsewhere.js"
import { openAt } from "../durable/place.js"
import { rounds } from "../durable/rounds.js"
import type { Size } from "../measure.js"
import { median, quantile, run } from "../measure.js"
import type { Row } from "../report.js"

const pause = 10

/** Milliseconds until the other process is awake. */
type WakeUp = (i: number) => Promise<number>

const byTuples = (connection: Connection): Effect.Effect<WakeUp, never, Scope.Scope> =>
  Effect.gen(function*() {
    const space = yield* openAt({ connection }, { space: "wake" })
    const other = yield* elsewhere(yield* programOf("woken.ts"), "ours", JSON.stringify(connection))
    return async (i: number) => {
      const woken = said<number>(other)
      await setTimeout(pause)
      const begun = now()
      await Effect.runPromise(space.out(["wake", i]))
      return await woken - begun
    }
  }).pipe(Effect.orDie)

const byNotify = (connection: Connection): Effect.Effect<WakeUp, never, Scope.Scope> =>
  Effect.gen(function*() {
    const client = yield* Effect.acquireRelease(
      Effect.promise(() => connected(connection)),
      (client) => Effect.promise(() => client.end())
    )
    yield* Effect.promise(() =>
      client.query("CREATE TABLE woken (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text)")
    )
    const other = yield* elsewhere(yield* programOf("woken.ts"), "bare", JSON.stringify(connection))
    return async () => {
      const woken = said<number>(other)
      await setTimeout(pause)
      const begun = now()
      await client.query("INSERT INTO woken (kind) VALUES ('wake'); NOTIFY wake")
      return await woken - begun
    }
  })

const wakeUps = async (wakeUp: WakeUp, n: number) => {
  const taken: Array<number> = []
  for (let i = 0; i < n; i++) {
    taken.push(await wakeUp(i))
  }
  return { p50: median(taken), p99: quantile(taken, 0.99) }
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = size === "full" ? 200 : 5
  const server = await start()
  const connection = server.connection()
  const { notify, ours } = await run(Effect.gen(function*() {
    const [tuples, notify] = yield* Effect.all([byTuples(connection), byNotify(connection)], { concurrency: 2 })
    return yield* Effect.promise(() =>
      rounds(size, { ours: () => wakeUps(tuples, n), notify: () => wakeUps(notify, n) })
    )
  }))
  await server.stop()
  const row = { workload: "D6", unit: "ms" }
  const what = "PostgreSQL, from `out` to the use of a blocked `inWith` elsewhere"
  const floor = "NOTIFY and one commit"
  return [
    {
      ...row,
      what: `${what}, p50`,
      ours: ours.p50,
      floor: { name: floor, value: notify.p50 },
      must: ["at most", 4],
      go: ["at most", 2]
    },
    { ...row, what: `${what}, p99`, ours: ours.p99, floor: { name: floor, value: notify.p99 } }
  ]
}
