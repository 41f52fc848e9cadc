/**
 * D4: what `inp` costs among a thousand stored tuples, and among a million. What it takes is put back, for which the
 * clock stands still. The first field is the same in all tuples, the one in the middle is another in each.
 */
import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import type { Scope } from "effect"
import { Effect, Option } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Figures } from "../durable/rounds.js"
import { rounds } from "../durable/rounds.js"
import type { Size } from "../measure.js"
import { median, run } from "../measure.js"
import type { Row } from "../report.js"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

const chunk = 10_000

const load = (space: Space, count: number) =>
  Effect.gen(function*() {
    for (let from = 0; from < count; from += chunk) {
      const length = Math.min(chunk, count - from)
      yield* space.outAll(Array.from({ length }, (_, i): Tuple.Tuple => ["job", from + i, "payload"]))
    }
  })

type Look = (space: Space, i: number) => Effect.Effect<Option.Option<Tuple.Tuple>, SpaceError.SpaceError>

const looks: Readonly<Record<string, Look>> = {
  "the first field": (space) => space.inp(["job", P.any, P.any]),
  "the one in the middle": (space, i) => space.inp([P.any, i, P.any]),
  "both": (space, i) => space.inp(["job", i, P.any]),
  "both, which none has": (space, i) => space.inp(["job", -1 - i, P.any])
}

const names = Object.keys(looks)

/** The medians of `n` looks by each pattern, in milliseconds. */
const look = (space: Space, count: number, n: number): Promise<Figures> =>
  Effect.runPromise(
    Effect.gen(function*() {
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

const measured = (
  size: Size,
  engine: string,
  make: (which: "few" | "many") => Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>
): Promise<ReadonlyArray<Row>> =>
  run(
    Effect.gen(function*() {
      const [few, many, n] = size === "full" ? [1_000, 1_000_000, 100] : [50, 100, 5]
      const spaces = { few: yield* make("few"), many: yield* make("many") }
      yield* load(spaces.few, few)
      const begun = performance.now()
      yield* load(spaces.many, many)
      const loaded = 1000 * many / (performance.now() - begun)
      const took = yield* Effect.promise(() =>
        rounds(size, { few: () => look(spaces.few, few, n), many: () => look(spaces.many, many, n) })
      )
      const stored = many.toLocaleString("en-US")
      return [
        { workload: "D4", what: `${engine}, \`outAll\` of ${stored}`, unit: "/s", ours: loaded },
        ...names.map((name): Row => ({
          workload: "D4",
          what: `${engine}, \`inp\` by ${name}, of ${stored}`,
          unit: "ms",
          ours: took.many[name]!,
          floor: { name: `of ${few.toLocaleString("en-US")}`, value: took.few[name]! },
          must: ["at most", 2]
        }))
      ]
    }).pipe(Effect.orDie)
  )

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const server = await start()
  const postgres = await measured(
    size,
    "PostgreSQL",
    (schema) => Postgres.make({ connection: server.connection(), schema })
  )
  await server.stop()
  const folder = mkdtempSync(join(tmpdir(), "linda-D4-"))
  const sqlite = await measured(size, "SQLite", (which) => Sqlite.make({ filename: join(folder, `${which}.db`) }))
  rmSync(folder, { recursive: true })
  return [...postgres, ...sqlite]
}
