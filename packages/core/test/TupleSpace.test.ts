import { Pattern as P, SpaceError, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { defectOf, empty, fresh, memoryOf, same } from "./helpers.js"

// What holds for every engine is in the testkit's suite, which Conformance.test.ts runs; this is about spaces in memory
// alone.

describe("TupleSpace in memory", () => {
  it.scoped("S3 S16 a predicate that uses the space dies with a clear message, and the space is whole", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["a", 1])
      for (
        const reentrant of [
          space.out(["b"]),
          space.inp(["a", P.any]),
          space.inspect
        ] as ReadonlyArray<Effect.Effect<unknown>>
      ) {
        const error = yield* defectOf(space.in(["a", () => {
          const exit = Effect.runSyncExit(reentrant)
          if (exit._tag === "Failure" && exit.cause._tag === "Die") {
            throw exit.cause.defect
          }
          return true
        }]))
        assert.instanceOf(error, SpaceError.SpaceError)
        assert.strictEqual(error.reason, "Reentrant")
        assert.match(error.message, /a predicate used the space that was matching with it: predicates must be pure/)
      }
      same(yield* space.collect([P.rest(P.any)]), [["a", 1]])
      yield* empty(space)
    }))

  it.scoped("S3 a predicate may use another space", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const other = yield* fresh()
      yield* space.outAll([["a", 1], ["a", 2]])
      yield* other.out(["wanted", 2])
      const wanted = (n: number): boolean => Option.isSome(Effect.runSync(other.rdp(["wanted", n])))
      same(yield* space.in(["a", wanted]), ["a", 2])
    }))

  it.effect("S16 make refuses options out of their range", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [TupleSpace.Options, RegExp]> = [
        [{ capacity: 0 }, /^capacity: 0 is no integer from 1 on$/],
        [{ capacity: 2.5 }, /^capacity: 2\.5 is no integer/],
        [{ strategy: "blocking" as any }, /^strategy: "blocking" is none of "suspend", "dropping", "sliding"$/],
        [{ selection: "best" as any }, /^selection: "best" is none of "fifo", "lifo", "random"$/],
        [{ metrics: -1 }, /^metrics: -1 is no duration$/]
      ]
      for (const [options, message] of cases) {
        assert.match((yield* defectOf(Effect.scoped(TupleSpace.make(options)))).message, message)
      }
    }))

  it.effect("S12 V09 nothing is left behind a closed space", () =>
    Effect.gen(function*() {
      const space = yield* Effect.scoped(Effect.tap(TupleSpace.make(), (space) => space.out(["a"])))
      assert.strictEqual(memoryOf(space).store.shelves.byArity.size, 0)
    }))
})
