/**
 * D3: how soon a blocked `in` of another process has what is put: half of a round trip, there and back. The floor is a
 * round trip by NOTIFY between connections of the same two processes. Before each there is time enough for both sides
 * to wait.
 */
import { Postgres } from "@effect-linda/sql"
import type { Scope } from "effect"
import { Effect, Fiber } from "effect"
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Connection } from "../durable/client.js"
import { connected, idleListeners } from "../durable/client.js"
import { elsewhere, programOf } from "../durable/elsewhere.js"
import { rounds } from "../durable/rounds.js"
import type { Size } from "../measure.js"
import { median, quantile, run } from "../measure.js"
import type { Row } from "../report.js"

const pause = 10

type RoundTrip = (i: number) => Promise<number>

/** Milliseconds from `out` until a fiber that waited for the answer has it. */
const byTuples = (connection: Connection): Effect.Effect<RoundTrip, never, Scope.Scope> =>
  Effect.gen(function*() {
    const space = yield* Postgres.make({ connection, space: "ping-pong" })
    yield* elsewhere(yield* programOf("echo.ts"), "ours", JSON.stringify(connection))
    return (i: number) =>
      Effect.runPromise(Effect.gen(function*() {
        const answer = yield* Effect.fork(Effect.map(space.in(["pong", i]), () => performance.now()))
        yield* Effect.sleep(pause)
        const begun = performance.now()
        yield* space.out(["ping", i])
        return (yield* Fiber.join(answer)) - begun
      }))
  }).pipe(Effect.orDie)

const byNotify = (connection: Connection): Effect.Effect<RoundTrip, never, Scope.Scope> =>
  Effect.gen(function*() {
    const client = yield* Effect.acquireRelease(
      Effect.promise(() => connected(connection)),
      (client) => Effect.promise(() => client.end())
    )
    yield* Effect.promise(() => client.query("LISTEN pong"))
    yield* elsewhere(yield* programOf("echo.ts"), "bare", JSON.stringify(connection))
    return async () => {
      const answer = once(client, "notification").then(() => performance.now())
      await setTimeout(pause)
      const begun = performance.now()
      await client.query("NOTIFY ping")
      return await answer - begun
    }
  })

const ways = async (roundTrip: RoundTrip, n: number) => {
  const taken: Array<number> = []
  for (let i = 0; i < n; i++) {
    taken.push(await roundTrip(i) / 2)
  }
  return { p50: median(taken), p99: quantile(taken, 0.99) }
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = size === "full" ? 150 : 5
  const server = await start()
  const connection = server.connection()
  const rows = await run(Effect.gen(function*() {
    const [tuples, notify] = yield* Effect.all([byTuples(connection), byNotify(connection)], { concurrency: 2 })
    const both = () => rounds(size, { ours: () => ways(tuples, n), notify: () => ways(notify, n) })
    const alone = yield* Effect.promise(both)
    const end = yield* Effect.promise(() => idleListeners(connection, 60))
    const crowded = yield* Effect.promise(both)
    yield* Effect.promise(end)
    const row = { workload: "D3", unit: "ms" }
    return [[alone, ""], [crowded, ", beside 60 idle listeners"]].flatMap(([took, beside]): ReadonlyArray<Row> => {
      const { notify, ours } = took as typeof alone
      return [
        {
          ...row,
          what: `from \`out\` to a blocked \`in\` elsewhere${beside}, p50`,
          ours: ours.p50,
          floor: { name: "NOTIFY", value: notify.p50 },
          must: ["at most", 3]
        },
        {
          ...row,
          what: `from \`out\` to a blocked \`in\` elsewhere${beside}, p99`,
          ours: ours.p99,
          floor: { name: "NOTIFY", value: notify.p99 }
        }
      ]
    })
  }))
  await server.stop()
  return rows
}
