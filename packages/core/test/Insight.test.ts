import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { describe, it } from "@effect/vitest"
import { Effect, Metric, MetricState } from "effect"
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
        { arity: 3, positions: [0, 1], keys: 20, bytes: 896 },
        { arity: 3, positions: [2], keys: 2, bytes: 776 }
      ])
    }))

  it.scoped("explain tells which index a pattern would use, and how many tuples that leaves", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const even = (n: number) => n % 2 === 0
      same(yield* space.explain(["t", P.any]), { lookups: [], candidates: 0 })
      yield* space.outAll(Array.from({ length: 20 }, (_, i) => ["t", i, i % 2] as const))
      yield* space.outAll([["t"], ["t", 7]])
      const lookup = { arity: 3, positions: [0, 2], isBuilt: false, candidates: 10 }
      same(yield* space.explain(["t", P.number, 1]), { lookups: [lookup], candidates: 10 })
      same((yield* space.inspect).indexes, [])
      yield* space.rd(["t", P.number, 1])
      same(yield* space.explain(["t", even, 1]), { lookups: [{ ...lookup, isBuilt: true }], candidates: 10 })
      same(yield* space.explain(["t", P.any, 2]), {
        lookups: [{ ...lookup, isBuilt: true, candidates: 0 }],
        candidates: 0
      })
      same(yield* space.explain([P.any, even, P.any]), {
        lookups: [{ arity: 3, positions: [], isBuilt: true, candidates: 20 }],
        candidates: 20
      })
      same((yield* space.explain(["t", P.rest(P.any)])).lookups, [
        { arity: 3, positions: [0], isBuilt: false, candidates: 20 },
        { arity: 1, positions: [], isBuilt: true, candidates: 1 },
        { arity: 2, positions: [], isBuilt: true, candidates: 1 }
      ])
    }))

  it.scoped("a predicate over many tuples shows in the metrics", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make({ name: "looked at", metrics: "1 seconds" })
      yield* space.outAll(Array.from({ length: 1000 }, (_, i) => ["t", i] as const))
      yield* space.rdp(["t", 999])
      yield* space.rdp(["t", (n: number) => n === 999])
      yield* space.inp(["u"])
      const found = (yield* Metric.snapshot).flatMap(({ metricKey, metricState }) =>
        metricKey.name === "tuplespace_candidates" && MetricState.isHistogramState(metricState) &&
          Array.from(metricKey.tags).some(({ value }) => value === "looked at")
          ? [metricState]
          : []
      )
      same(found.map(({ count, max, min, sum }) => ({ count, max, min, sum })), [
        { count: 2, max: 1000, min: 1, sum: 1001 }
      ])
    }))
})
