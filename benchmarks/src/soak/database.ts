/**
 * Long use of a database: very many puts and takes, many processes, a tuple that is very large, and takes among many.
 * Everything is conserved, nothing is left over, and nothing grows.
 */
import { Effect } from "effect"
import { rests } from "../durable/rests.js"
import { inPostgres, inSqlite } from "../durable/stored.js"
import { table, verdict } from "../report.js"
import { writeResults } from "../results.js"
import type { Engine } from "./arena.js"
import { arena, leftOver } from "./arena.js"
import { crowd } from "./crowd.js"
import { largest } from "./large.js"
import { pairs } from "./pairs.js"

interface Part {
  readonly report: object
  readonly problems: ReadonlyArray<string>
}

/** Whether all was well. */
export const soak = async (engine: Engine, count: number): Promise<boolean> => {
  const place = await arena(engine)
  const parts: Readonly<Record<string, Effect.Effect<Part, unknown>>> = {
    pairs: pairs(place, count),
    crowd: crowd(place, Math.max(20, Math.round(count / 5_000))),
    large: largest(place)
  }
  const reports: Record<string, object> = {}
  const problems: Array<string> = []
  for (const [name, part] of Object.entries(parts)) {
    console.log(`-- ${name}`)
    const outcome = await Effect.runPromise(part)
    reports[name] = outcome.report
    problems.push(...outcome.problems, ...await Effect.runPromise(leftOver(place)))
  }
  await place.close()
  console.log("-- takes by a rest")
  const size = count >= 100_000 ? "full" : "tiny"
  const rows = await (engine === "sqlite" ? inSqlite : inPostgres)(size, rests)
  console.log(table(rows))
  problems.push(...rows.filter((row) => verdict(row) === "short").map(({ what }) => `${what}: too slow among many`))
  writeResults(`soak-${engine}`, { ...reports, rows, problems })
  console.log(problems.length === 0 ? "All is well." : problems.join("\n"))
  return problems.length === 0
}
