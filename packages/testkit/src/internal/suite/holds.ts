/**
 * What a use is told of its hold, and how it gives up (S8, S19).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import type { Hold } from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { cases } from "./case.js"
import { assert, defectOf, empty, fresh, same, start } from "./kit.js"

const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

/** Fails if one of them is no positive integer, or not greater than the one before. */
const growing = (tokens: ReadonlyArray<number>): void =>
  tokens.forEach((token, index) => {
    assert.isTrue(Number.isSafeInteger(token) && token > 0, `${token} is a positive integer`)
    assert.isTrue(index === 0 || token > tokens[index - 1]!, `${token} is greater than ${tokens[index - 1]}`)
  })

export const holds = cases("Holding: the hold", (test) => {
  test("S19 a use is told how often uses of its tuple have failed before, but not how often they were interrupted", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2]])
      const failing = (_: unknown, { attempts }: Hold) => Effect.fail(attempts)
      const counts: Array<unknown> = [
        yield* Effect.flip(space.inWith(["t", 1], failing)),
        yield* Effect.flip(space.inWith(["t", 1], failing, { requeue: "back" }))
      ]
      yield* defectOf(space.inWith(["t", 1], () => Effect.die("bug")))
      const fiber = yield* start(space.inWith(["t", 1], () => Effect.never))
      yield* Fiber.interrupt(fiber)
      counts.push(yield* Effect.flip(space.inWith(["t", (n: unknown) => n === 1], failing)))
      counts.push(yield* space.inWith(["t", 1], (_, { attempts }) => Effect.succeed(attempts)))
      counts.push(yield* space.inWith(["t", 2], (_, { attempts }) => Effect.succeed(attempts)))
      same(counts, [0, 1, 3, 4, 0])
      yield* empty(space)
    }))

  test("S19 a token is greater than that of each earlier hold, whatever has become of it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tokens: Array<number> = []
      const note = (_: unknown, { token }: { readonly token: number }) => Effect.sync(() => void tokens.push(token))
      const noteAnd = (end: Effect.Effect<unknown, string>) => (tuple: unknown, hold: Hold) =>
        Effect.zipRight(note(tuple, hold), end)
      yield* space.outAll([["t", 1], ["t", 2]])
      yield* space.withPermit(["t", 1], note)
      yield* space.withPermit(["t", P.number], note)
      yield* space.withPermit(["t", (n: unknown) => n === 2], note)
      yield* Effect.flip(space.inWith(["t", 1], noteAnd(Effect.fail("no"))))
      const held = yield* start(space.inWith(["t", 1], noteAnd(Effect.never)))
      const served = yield* start(space.inWith(["t", 1], note))
      const predicate = yield* start(space.withPermit(["t", (n: unknown) => n === 3], note))
      yield* space.inWith(["t", 2], note)
      yield* Fiber.interrupt(held)
      yield* Fiber.join(served)
      yield* space.out(["t", 3])
      yield* Fiber.join(predicate)
      yield* space.inWith(["t", P.number], noteAnd(Effect.void))
      assert.strictEqual(tokens.length, 9)
      growing(tokens)
      yield* empty(space)
    }))

  test("S19 no two holds have one token: of many at once, as it is there and as it comes", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tokens = new Set<number>()
      const go = yield* Deferred.make<void>()
      yield* space.outAll(numbers(10).map((n) => ["t", n] as const))
      const fibers = yield* Effect.forEach(
        numbers(20),
        (n) =>
          start(space.inWith([
            "t",
            n % 4 < 2 ? P.number : (m: unknown) => typeof m === "number"
          ], (_, { token }) => Effect.zipRight(Effect.sync(() => tokens.add(token)), Deferred.await(go))))
      )
      yield* space.outAll(numbers(10).map((n) => ["t", 10 + n] as const))
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(Fiber.all(fibers))
      assert.strictEqual(tokens.size, 20)
      yield* empty(space)
    }))

  test("S19 who gives up is not tried again: its tuple is dead, whatever maxAttempts says", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      const deadLetter = ([, n]: readonly ["t", number], cause: Cause.Cause<unknown>) =>
        ["dead", n, Chunk.toReadonlyArray(Cause.failures(cause))] as const
      const giveUp = (_: unknown, hold: Hold) => hold.giveUp("poison" as const)
      const often = { deadLetter, maxAttempts: 5, requeue: "back" } as const
      assert.strictEqual(yield* Effect.flip(space.inWith(["t", P.number], giveUp, { deadLetter })), "poison")
      assert.strictEqual(yield* Effect.flip(space.inWith(["t", P.number], giveUp, often)), "poison")
      // Without a letter it is dropped.
      assert.strictEqual(yield* Effect.flip(space.inWith(["t", 3], giveUp)), "poison")
      same(yield* space.collect([P.rest(P.any)]), [["dead", 1, ["poison"]], ["dead", 2, ["poison"]]])
      yield* empty(space)
    }))

  test("S19 a use that has given up and goes on: it succeeds, fails otherwise, or is interrupted", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      const options = { deadLetter: ([, n]: readonly ["t", number]) => ["dead", n] as const }
      const thenDo = (then: Effect.Effect<number, string>) => (_: unknown, hold: Hold) =>
        Effect.catchAll(hold.giveUp("poison"), () => then)
      assert.strictEqual(yield* space.inWith(["t", 1], thenDo(Effect.succeed(5)), options), 5)
      assert.strictEqual(yield* Effect.flip(space.inWith(["t", 2], thenDo(Effect.fail("other")), options)), "other")
      const fiber = yield* start(space.inWith(["t", 3], thenDo(Effect.never), options))
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      // The next use of it has not given up.
      yield* Effect.flip(space.inWith(["t", 3], () => Effect.fail("no"), options))
      same(yield* space.collect([P.rest(P.any)]), [["t", 3], ["dead", 2]])
      yield* empty(space)
    }))

  test("S19 a dead letter that throws when its use gives up is a defect, and the tuple is back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const boom = new Error("boom")
      const use = (_: unknown, hold: Hold) => hold.giveUp("poison")
      const work = space.inWith(["t", 1], use, {
        deadLetter: () => {
          throw boom
        }
      })
      const exit = yield* Effect.exit(work)
      assert.isTrue(Exit.isFailure(exit) && Chunk.contains(Cause.defects(exit.cause), boom))
      same(yield* space.inWith(["t", 1], (_, { attempts }) => Effect.succeed(attempts)), 1)
      yield* empty(space)
    }))
})
