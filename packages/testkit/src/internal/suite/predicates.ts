/**
 * Functions of the user that run inside a step (S3): what becomes of one that throws.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { cases } from "./case.js"
import { assert, clean, defectOf, empty, fresh, refusalOf, same, start } from "./kit.js"

export const predicates = cases("Predicates", (test) => {
  test("S3 a predicate that throws ends the operation that brought it, with that defect", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a", 1], ["b", 2]])
      const boom = new Error("boom")
      const bad = () => {
        throw boom
      }
      for (
        const operation of [
          space.in(["a", bad]),
          space.rd(["a", bad]),
          space.inp(["a", bad]),
          space.rdp([P.any, bad]),
          space.inAny([["a", bad], ["b", P.any]]),
          space.inAll([["b", P.any], ["a", bad]]),
          space.collect([P.rest(bad)]),
          space.copyCollect(["a", bad]),
          space.count(["a", bad]),
          space.inUpTo(["a", bad], 1),
          space.outIfAbsent(["a", bad], ["c"]),
          space.replace(["a", bad], () => ["c"]),
          space.inWith(["a", bad], () => Effect.void),
          Effect.scoped(space.inScoped(["a", bad])),
          space.withPermit(["a", bad], () => Effect.void)
        ] as ReadonlyArray<Effect.Effect<unknown, unknown>>
      ) {
        assert.strictEqual(yield* defectOf(operation), boom)
        yield* clean(space)
      }
      same(yield* space.copyCollect([P.any, P.number]), [["a", 1], ["b", 2]])
    }))

  test("S3 a waiter whose predicate throws in somebody else's out dies; that out and the other waiters do not notice", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const boom = new Error("boom")
      const bad = () => {
        throw boom
      }
      const dying = yield* Effect.forEach(
        [
          space.in(["a", bad]),
          space.rd(["a", bad]),
          space.inAny([["z"], ["a", bad]]),
          space.inAll([["a", bad], ["z"]]),
          space.inWith(["a", bad], () => Effect.void),
          space.in([P.rest(bad)])
        ] as ReadonlyArray<Effect.Effect<unknown, unknown>>,
        start
      )
      const reader = yield* start(space.rd(["a", P.number]))
      const taker = yield* start(space.in(["a", P.number]))
      yield* space.out(["a", 1])
      for (const fiber of dying) {
        assert.strictEqual(yield* defectOf(Fiber.join(fiber)), boom)
      }
      same(yield* Fiber.join(reader), ["a", 1])
      same(yield* Fiber.join(taker), ["a", 1])
      yield* empty(space)
    }))

  test("S3 a predicate that throws for one tuple of many leaves all of them", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a", 1], ["a", 2], ["a", 3]])
      const bad = (n: number): boolean => {
        if (n === 2) {
          throw new Error("boom")
        }
        return true
      }
      yield* defectOf(space.collect(["a", bad]))
      assert.strictEqual(yield* space.count(["a", P.any]), 3)
      same(yield* space.in(["a", bad]), ["a", 1])
    }))

  test("S3 an f of replace that throws, or makes no tuple, changes nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a", 1], ["a", 2]])
      const boom = new Error("boom")
      assert.strictEqual(
        yield* defectOf(space.replace(["a", P.number], () => {
          throw boom
        })),
        boom
      )
      assert.strictEqual((yield* refusalOf(space.replace(["a", P.number], () => [] as any))).reason, "InvalidTuple")
      same(yield* space.copyCollect(["a", P.any]), [["a", 1], ["a", 2]])
    }))
})
