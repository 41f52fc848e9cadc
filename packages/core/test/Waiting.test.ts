import { Pattern as P } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { empty, fresh, memoryOf, same, start } from "./helpers.js"

describe("Waiting in memory", () => {
  it.scoped("S8 a tuple on its way to a taker is held, and comes back if that is interrupted in the same moment", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t", 1]))
      yield* space.outAll([["t", 1], ["t", 2]])
      assert.strictEqual((yield* space.inspect).held, 1)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(taker)))
      same(yield* space.collect(["t", P.any]), [["t", 1], ["t", 2]])
      yield* empty(space)
    }))

  it.scoped("S9 a wait that is served in time leaves no deadline", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(space.in(["t"], { timeout: 10 }))
      assert.strictEqual(memoryOf(space).store.deadlines.size, 1)
      yield* TestClock.adjust(9)
      yield* space.out(["t"])
      assert.strictEqual(memoryOf(space).store.deadlines.size, 0)
      same(yield* Fiber.join(fiber), ["t"])
      yield* empty(space)
    }))
})
