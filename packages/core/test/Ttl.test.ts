import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { fresh, memoryOf, settle } from "./helpers.js"

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
})
