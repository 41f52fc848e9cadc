import { Pattern as P, type TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { clockOfBlocked, defectOf, fresh, memoryOf, same, settle, start } from "./helpers.js"

const fault = (): never => {
  throw new Error("fault")
}

/** Steps that throw, each of a space in which there is `["c"]`. */
const throwing: Record<string, (space: TupleSpace.TupleSpace) => Effect.Effect<unknown, unknown>> = {
  rdp: (space) => space.rdp([P.when(fault)]),
  inp: (space) => space.inp([P.when(fault)]),
  in: (space) => space.in([P.when(fault)]),
  replace: (space) => space.replace(["c"], fault),
  count: (space) => space.count([P.when(fault)])
}

describe("Ttl in memory", () => {
  it.scoped("S15 a tuple that expires is swept away though nobody looks", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const { store } = memoryOf(space)
      for (const ttl of [30, 10, 20, 10]) {
        yield* space.out(["t", ttl], { ttl })
      }
      assert.strictEqual(store.count, 4)
      for (const left of [2, 1, 0]) {
        yield* TestClock.adjust(10)
        yield* settle
        assert.strictEqual(store.count, left)
      }
      assert.strictEqual(store.deadlines.size, 0)
    }))

  it.scoped("S14 S15 a tuple that was dropped leaves no deadline", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1, strategy: "dropping" })
      yield* space.out(["a"])
      yield* space.out(["b"], { ttl: 10 })
      assert.strictEqual(memoryOf(space).store.deadlines.size, 0)
    }))

  for (const [name, throws] of Object.entries(throwing)) {
    it.scoped(`S14 S15 a put goes on when a tuple expires before a step that throws: ${name}`, () =>
      Effect.gen(function*() {
        const { block, clock } = yield* clockOfBlocked
        const space = yield* Effect.withClock(fresh({ capacity: 2 }), clock)
        yield* space.out(["c"])
        yield* space.out(["a"], { ttl: 10 })
        const put = yield* start(space.out(["b"]))
        assert.isNull(put.unsafePoll())
        block(20n)
        assert.strictEqual((yield* defectOf(throws(space))).message, "fault")
        yield* settle
        assert.isNotNull(put.unsafePoll())
        same(yield* space.copyCollect([P.string]), [["c"], ["b"]])
      }))
  }
})
