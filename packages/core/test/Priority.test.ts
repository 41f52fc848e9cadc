import { Pattern as P, SpaceStore, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { fresh, same } from "./helpers.js"

describe("Priority, in memory", () => {
  it.scoped("S21 a move to another space in memory keeps the priority; equals are in the order of arrival", () =>
    Effect.gen(function*() {
      const [space, other] = [yield* fresh(), yield* fresh()]
      yield* other.outAll([["t", "b"], ["t", "c"]])
      yield* other.out(["t", "a"], { priority: 3 })
      yield* space.out(["t", "e"], { priority: -3 })
      yield* space.out(["t", "a too"], { priority: 3 })
      yield* space.out(["t", "d"], { ttl: "1 hour" })
      same(yield* space.copyCollectInto(["t", P.string], other), 3)
      const there = Effect.map(other.collect(["t", P.string]), (found) => found.map(([, name]) => name))
      same(yield* there, ["a", "a too", "b", "c", "d", "e"])
      yield* other.out(["t", "a"], { priority: 2 })
      same(yield* space.collectInto(["t", P.string], other), 3)
      same(yield* there, ["a too", "a", "d", "e"])
    }))

  it.scoped("S21 a move within a space keeps it as well", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1], { priority: 1 })
      yield* space.out(["t", 2], { priority: 1 })
      yield* space.out(["t", 3])
      same(yield* space.collectInto(["t", 1], space), 1)
      same(yield* space.collect(["t", P.number]), [["t", 2], ["t", 1], ["t", 3]])
    }))

  it.scoped("S21 what comes and goes in many priorities leaves the others where they are", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const expected: Array<{ readonly priority: number; readonly n: number }> = []
      const priorities = [0, 5, -5, 3, 1000, -1000, 1]
      for (let n = 0; n < 3_000; n++) {
        const priority = priorities[(n * 7_919) % priorities.length]!
        yield* space.out(["t", n % 3, n], { priority })
        expected.push({ priority, n })
        if (n % 5 === 4) {
          const which = n % 3
          expected.sort((one, other) => other.priority - one.priority || one.n - other.n)
          const index = expected.findIndex((each) => each.n % 3 === which)
          const [{ n: first }] = expected.splice(index, 1) as [typeof expected[number]]
          same(yield* space.inp(["t", which, P.number]), Option.some(["t", which, first]))
        }
      }
      expected.sort((one, other) => other.priority - one.priority || one.n - other.n)
      same((yield* space.collect(["t", P.number, P.number])).map(([, , n]) => n), expected.map(({ n }) => n))
    }))
})

describe("Priority, on a store", () => {
  it.scoped("S21 a store that knows no priorities says so, and puts all others", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const { prioritizes: _, ...store } = yield* open("jobs")
      const space = yield* SpaceStore.make(store)
      const lines = [
        "{\"format\":\"effect-linda tuples\",\"version\":1,\"fields\":2}",
        "{\"tuple\":[\"t\"],\"shape\":\"s\",\"priority\":1}",
        "{\"end\":1}"
      ]
      for (
        const put of [
          space.out(["t"], { priority: 1 }),
          space.out(["t"], { priority: -1, after: "1 hour" }),
          space.outAll([["t"]], { priority: 1 }),
          Stream.run(Stream.fromIterable(lines), TupleSpace.importLines(space))
        ]
      ) {
        const { message, reason } = yield* Effect.flip(put as Effect.Effect<unknown, any>)
        same(reason, "Unsupported")
        assert.include(message, "priority: this store knows no priorities")
      }
      yield* space.out(["t"], { priority: 0 })
      yield* space.outAll([["t"]], { priority: 0 })
      same(yield* space.collect(["t"]), [["t"], ["t"]])
    }))
})
