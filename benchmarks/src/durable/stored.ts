/** What a look costs among a thousand stored tuples, and among a million. What it takes is put back meanwhile. */
import type { SpaceError, Tuple } from "@effect-linda/core"
import { Effect, Option } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Size } from "../measure.js"
import { median, run } from "../measure.js"
import type { Row } from "../report.js"
import type { Place, Space } from "./place.js"
import { openAt } from "./place.js"
import type { Figures } from "./rounds.js"
import { rounds } from "./rounds.js"

type Look = (space: Space, i: number) => Effect.Effect<Option.Option<Tuple.Tuple>, SpaceError.SpaceError>

export interface Stored {
  readonly workload: string
  readonly tuple: (i: number) => Tuple.Tuple
  /** By what they are looked for. Those of a name that ends in "none has" find nothing. */
  readonly looks: Readonly<Record<string, Look>>
}

const chunk = 10_000

const load = (space: Space, { tuple }: Stored, count: number) =>
  Effect.gen(function*() {
    for (let from = 0; from < count; from += chunk) {
      yield* space.outAll(Array.from({ length: Math.min(chunk, count - from) }, (_, i) => tuple(from + i)))
    }
  })

/** The medians of `n` looks by each pattern, in milliseconds. */
const look = (space: Space, { looks }: Stored, count: number, n: number): Promise<Figures> =>
  Effect.runPromise(
    Effect.gen(function*() {
      const names = Object.keys(looks)
      const taken: Record<string, Array<number>> = Object.fromEntries(names.map((name) => [name, []]))
      for (let i = 0; i < n; i++) {
        // all over what is stored
        const some = Math.floor((i + 0.5) * count / n)
        for (const name of names) {
          const begun = performance.now()
          const found = yield* looks[name]!(space, some)
          taken[name]!.push(performance.now() - begun)
          if (Option.isSome(found)) {
            yield* space.out(found.value)
          }
          if (Option.isSome(found) === name.endsWith("none has")) {
            return yield* Effect.dieMessage(`by ${name}: ${found}`)
          }
        }
      }
      return Object.fromEntries(names.map((name) => [name, median(taken[name]!)]))
    }).pipe(Effect.orDie)
  )

const measured = (size: Size, stored: Stored, engine: string, placeOf: (which: string) => Place) =>
  run(
    Effect.gen(function*() {
      const { looks, workload } = stored
      const [few, many, n] = size === "full" ? [1_000, 1_000_000, 100] : [50, 100, 5]
      const open = (which: string) => openAt(placeOf(which), { schema: which })
      const spaces = { few: yield* open("few"), many: yield* open("many") }
      yield* load(spaces.few, stored, few)
      const begun = performance.now()
      yield* load(spaces.many, stored, many)
      const loaded = 1000 * many / (performance.now() - begun)
      const took = yield* Effect.promise(() =>
        rounds(size, { few: () => look(spaces.few, stored, few, n), many: () => look(spaces.many, stored, many, n) })
      )
      const count = many.toLocaleString("en-US")
      return [
        { workload, what: `${engine}, \`outAll\` of ${count}`, unit: "/s", ours: loaded },
        ...Object.keys(looks).map((name): Row => ({
          workload,
          what: `${engine}, \`inp\` by ${name}, of ${count}`,
          unit: "ms",
          ours: took.many[name]!,
          floor: { name: `of ${few.toLocaleString("en-US")}`, value: took.few[name]! },
          must: ["at most", 2]
        }))
      ]
    }).pipe(Effect.orDie)
  )

export const inPostgres = async (size: Size, stored: Stored): Promise<ReadonlyArray<Row>> => {
  const server = await start()
  const rows = await measured(size, stored, "PostgreSQL", () => ({ connection: server.connection() }))
  await server.stop()
  return rows
}

export const inSqlite = async (size: Size, stored: Stored): Promise<ReadonlyArray<Row>> => {
  const folder = mkdtempSync(join(tmpdir(), `linda-${stored.workload}-`))
  const rows = await measured(size, stored, "SQLite", (which) => ({ filename: join(folder, `${which}.db`) }))
  rmSync(folder, { recursive: true })
  return rows
}
