import { Pattern as P } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { empty, fresh, memoryOf, same, start } from "./helpers.js"

const isNumber = (value: unknown) => typeof value === "number"

/** What a join of so many patterns may be made of. */
const joins: ReadonlyArray<readonly [name: string, patternOf: (index: number) => readonly [string, unknown]]> = [
  ["equal patterns", () => ["t", P.number]],
  ["equal predicates", () => ["t", isNumber]],
  ["equal formals that are made anew", () => ["t", P.oneOf(P.between(0, 2000), P.string)]],
  ["patterns of one tuple each", (index) => ["t", index]]
]

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

  for (const [name, patternOf] of joins) {
    it.scoped(`S11 K3 what a join of ${name} looks at grows with its size, however it is completed`, () =>
      Effect.gen(function*() {
        const looks = (size: number) =>
          Effect.gen(function*() {
            const space = yield* fresh()
            const { store } = memoryOf(space)
            let looked = 0
            store.onExamined = (entries) => {
              looked += entries
            }
            const patterns = Array.from({ length: size }, (_, index) => patternOf(index)) as any
            const join = yield* start(space.inAll(patterns))
            for (let n = 0; n < size; n++) {
              yield* space.out(["t", n])
            }
            assert.strictEqual((yield* Fiber.join(join)).length, size)
            return looked
          })
        assert.isAtMost(yield* looks(1000), 12 * (yield* looks(100)))
      }))
  }
})
