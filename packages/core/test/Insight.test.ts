import { Pattern as P } from "@effect-linda/core"
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fresh, same } from "./helpers.js"

describe("Insight: in memory", () => {
  it.scoped("V08 indexes are those in use", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(Array.from({ length: 20 }, (_, i) => ["t", i, i % 2] as const))
      same((yield* space.inspect).indexes, [])
      yield* space.rd(["t", 3, P.any])
      yield* space.rd([P.any, P.any, 1])
      yield* space.rd(["t", 4, P.any])
      same((yield* space.inspect).indexes, [
        { arity: 3, positions: [0, 1] },
        { arity: 3, positions: [2] }
      ])
    }))
})
