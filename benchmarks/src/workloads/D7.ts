/**
 * D7: what a space in which nothing happens takes of a core, in a process of its own, in which one fiber waits in each
 * space. Beside it stands a process without a space. All are idle at the same time.
 */
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { start } from "../../../packages/sql/test/postgres/server.js"
import { elsewhere, programOf, said } from "../durable/elsewhere.js"
import type { Size } from "../measure.js"
import { median, run } from "../measure.js"
import type { Limit, Row } from "../report.js"

const rounds = 3

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  // Two thirds of a lease, in which there are two signs of life.
  const [settling, millis, some] = size === "full" ? [5_000, 20_000, 20] : [10, 100, 2]
  const server = await start()
  const folder = mkdtempSync(join(tmpdir(), "linda-D7-"))
  const postgres = { connection: server.connection() }
  const [one, many] = [{ filename: join(folder, "one.db") }, { filename: join(folder, "many.db") }]
  const subjects: ReadonlyArray<readonly [what: string, place: object, spaces: number, must?: Limit]> = [
    ["no space", one, 0],
    ["SQLite, an idle space", one, 1, ["at most", 0.3]],
    [`SQLite, ${some} idle spaces of one file`, many, some],
    ["PostgreSQL, an idle space", postgres, 1, ["at most", 0.1]],
    [`PostgreSQL, ${some} idle spaces`, postgres, some]
  ]
  const shares = await run(Effect.gen(function*() {
    const program = yield* programOf("idle.ts")
    const processes = yield* Effect.forEach(
      subjects,
      ([, place, spaces]) => elsewhere(program, JSON.stringify(place), String(spaces)),
      { concurrency: "unbounded" }
    )
    return yield* Effect.promise(async () => {
      await setTimeout(settling)
      const taken: Array<ReadonlyArray<number>> = []
      for (let round = 0; round < (size === "full" ? rounds : 1); round++) {
        taken.push(
          await Promise.all(processes.map((process) => {
            process.send(millis)
            return said<number>(process)
          }))
        )
      }
      return subjects.map((_, i) => median(taken.map((round) => round[i]!)))
    })
  }))
  await server.stop()
  rmSync(folder, { recursive: true })
  return subjects.map(([what, , , must], i) => ({
    workload: "D7",
    what: `${what}, of a core`,
    unit: "%",
    ours: shares[i]!,
    ...(must && { must })
  }))
}
