import { TupleSpace } from "@effect-linda/core"
import { Sqlite } from "@effect-linda/sql"
import { Simulation } from "@effect-linda/testkit"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { demonstrations } from "../src/recipes.js"

const seeds = 50

const textOf = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8")

describe("recipes", () => {
  for (const [name, demonstration] of Object.entries(demonstrations)) {
    it.scopedLive(`${name}: in memory`, () => Effect.flatMap(TupleSpace.make(), demonstration))

    it.scopedLive(`${name}: in SQLite`, () => Effect.flatMap(Sqlite.make({ filename: ":memory:" }), demonstration))

    it(`${name}: under ${seeds} schedules`, () =>
      Simulation.check((sim) => Effect.flatMap(sim.space(), demonstration), { seeds }))
  }

  it("stand on the page as they are here", () => {
    const blocks = textOf("../../docs/recipes.md").split("```ts ignore\n").slice(1).map((text) => text.split("```")[0]!)
    const source = textOf("../src/recipes.ts")
    expect(blocks.length).toBeGreaterThan(15)
    for (const block of blocks.flatMap((text) => text.trim().split("\n\n"))) {
      expect(source).toContain(block)
    }
  })
})
