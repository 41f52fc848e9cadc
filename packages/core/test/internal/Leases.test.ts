import { TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { outLeased } from "../../src/internal/memory/put.js"
import { Leases } from "../../src/internal/remote/leases.js"
import { memoryOf, same } from "../helpers.js"

describe("Leases", () => {
  it.scoped("N5 those of tuples that are gone are let go, whatever has become of the tuples", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const memory = memoryOf(space)
      const leases = new Leases()
      const put = (i: number) =>
        Effect.map(
          outLeased(memory)(["t", i % 4, i], { ttl: 10, after: 0, at: undefined, priority: 0 }),
          (lease) => leases.set(i, lease)
        )
      for (let i = 0; i < 1000; i++) {
        yield* put(i)
        yield* i % 4 === 0
          ? space.in(["t", 0, i])
          : i % 4 === 1
          ? space.inWith(["t", 1, i], () => Effect.void)
          : Effect.void
        if (i % 100 === 99) {
          yield* TestClock.adjust(10)
        }
      }
      assert.isAtMost(leases.size, 2 * 100)
      for (let i = 1000; i < 1100; i++) {
        yield* put(i)
        yield* space.collect(["t", i % 4, i])
      }
      assert.isAtMost(leases.size, 2 * 16)
    }))

  it.scoped("N2 those of tuples that are there are kept, also while they are held", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const memory = memoryOf(space)
      const leases = new Leases()
      for (let i = 0; i < 100; i++) {
        leases.set(i, yield* outLeased(memory)(["t", i], { ttl: 10, after: 0, at: undefined, priority: 0 }))
      }
      same(leases.size, 100)
      yield* space.inWith(["t", 1], () => Effect.map(leases.get(1)!.renew(50), (renewed) => assert.isTrue(renewed)))
      same(yield* leases.get(2)!.renew(50), true)
      yield* TestClock.adjust(20)
      same([leases.get(2) !== undefined, yield* leases.get(3)!.renew(50)], [true, false])
    }))
})
