/** W17: what a look costs among a thousand tuples in a database, and among a million. */
import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import type { Scope } from "effect"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Size } from "../measure.js"
import { median, run, timed } from "../measure.js"
import type { Row } from "../report.js"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

/** So many tuples of one kind; one in a thousand has the same group. */
const load = (space: Space, from: number, to: number) =>
  Effect.iterate(from, {
    while: (i) => i < to,
    body: (i) => {
      const next = Math.min(to, i + 10_000)
      return Effect.as(
        space.outAll(
          Array.from({ length: next - i }, (_, j) => ["job", (i + j) % 1000, i + j, "payload"] as const)
        ),
        next
      )
    }
  })

/** Medians in milliseconds. */
const looks = (space: Space, n: number, tuples: number) =>
  Effect.gen(function*() {
    const took = (look: (i: number) => Effect.Effect<unknown, SpaceError.SpaceError>) =>
      Effect.map(
        Effect.forEach(Array.from({ length: n }, (_, i) => i), (i) => timed(Effect.orDie(look(i)))),
        median
      )
    const some = (i: number) => Math.floor((i + 0.5) * tuples / n)
    return {
      "by the first field, which all have": yield* took(() => space.inp(["job", P.any, P.any, P.any])),
      "by a field that one in a thousand has": yield* took((i) => space.inp([P.any, i % 1000, P.any, P.any])),
      "by a field that one has": yield* took((i) => space.inp([P.any, P.any, some(i), P.any])),
      "by two fields": yield* took((i) => space.inp(["job", P.any, some(i) + 1, P.any])),
      "for nothing": yield* took(() => space.inp(["job", P.any, -1, P.any]))
    }
  })

const engine = (
  name: string,
  make: Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>,
  size: Size
): Promise<ReadonlyArray<Row>> =>
  run(
    Effect.gen(function*() {
      const space = yield* make
      const [few, many, n] = size === "full" ? [1_000, 1_000_000, 100] : [100, 200, 5]
      yield* load(space, 0, few)
      yield* looks(space, n, few)
      yield* load(space, 0, few)
      const small = yield* looks(space, n, few)
      yield* load(space, few, many)
      const large = yield* looks(space, n, many)
      return Object.entries(large).map(([what, ours]): Row => ({
        workload: "W17",
        what: `${name}: ${what}, of ${many.toLocaleString("en-US")}`,
        unit: "ms",
        ours,
        floor: { name: `of ${few.toLocaleString("en-US")}`, value: small[what as keyof typeof small] },
        must: ["at most", 2]
      }))
    }).pipe(Effect.orDie)
  )

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const server = await start()
  const folder = mkdtempSync(join(tmpdir(), "linda-w17-"))
  const rows = [
    ...await engine("PostgreSQL", Postgres.make({ connection: server.connection() }), size),
    ...await engine("SQLite", Sqlite.make({ filename: join(folder, "space.db") }), size)
  ]
  await server.stop()
  rmSync(folder, { recursive: true })
  return rows
}
