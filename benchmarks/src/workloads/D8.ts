/**
 * D8: what an `out` costs that one of 5,000 takers gets, who wait with one pattern in another client, beside one of 10.
 * Whoever gets it waits again, behind the others, before the next.
 */
import { Pattern as P } from "@effect-linda/core"
import { Effect, Queue } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Place } from "../durable/place.js"
import { openAt } from "../durable/place.js"
import { rounds } from "../durable/rounds.js"
import type { Size } from "../measure.js"
import { median, run } from "../measure.js"
import type { Row } from "../report.js"

const pause = 10

/** Milliseconds of an `out`. */
const among = (place: Place, space: string, waiters: number) =>
  Effect.gen(function*() {
    const [putter, taker] = [yield* openAt(place, { space }), yield* openAt(place, { space })]
    const taken = yield* Queue.unbounded<number>()
    const take = Effect.flatMap(taker.in(["job", P.number]), ([, i]) => Queue.offer(taken, i))
    yield* Effect.forEach(Array.from({ length: waiters }), () => Effect.forkScoped(Effect.forever(take)))
    const count = Effect.map(putter.inspect, ({ interests }) => interests.length)
    yield* Effect.repeat(Effect.delay(count, pause), { until: (n) => n === waiters })
    return async (n: number) => {
      const all: Array<number> = []
      for (let i = 0; i < n; i++) {
        const begun = performance.now()
        await Effect.runPromise(putter.out(["job", i]))
        all.push(performance.now() - begun)
        await Effect.runPromise(Effect.zipRight(Queue.take(taken), Effect.sleep(pause)))
      }
      return { millis: median(all) }
    }
  })

const measured = async (size: Size, engine: string, place: Place): Promise<Row> => {
  const [few, many, n] = size === "full" ? [10, 5_000, 100] : [2, 20, 5]
  const took = await run(
    Effect.gen(function*() {
      const [ofFew, ofMany] = [yield* among(place, "few", few), yield* among(place, "many", many)]
      return yield* Effect.promise(() => rounds(size, { few: () => ofFew(n), many: () => ofMany(n) }))
    }).pipe(Effect.orDie)
  )
  return {
    workload: "D8",
    what: `${engine}, \`out\` to one of ${many.toLocaleString("en-US")} waiters of one pattern`,
    unit: "ms",
    ours: took.many.millis,
    floor: { name: `to one of ${few}`, value: took.few.millis },
    must: ["at most", 2],
    go: ["at most", 1.1]
  }
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const server = await start()
  const postgres = await measured(size, "PostgreSQL", { connection: server.connection() })
  await server.stop()
  const folder = mkdtempSync(join(tmpdir(), "linda-D8-"))
  const sqlite = await measured(size, "SQLite", { filename: join(folder, "space.db") })
  rmSync(folder, { recursive: true })
  return [postgres, sqlite]
}
