/**
 * The end of a space (S12): whoever uses it or waits ends interrupted, and nobody hangs.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { cases } from "./case.js"
import { assert, closing, fresh, isInterrupted, same, settle, waiters } from "./kit.js"

export const close = cases("Closing", (test) => {
  test("S12 V09 every operation on a closed space ends interrupted", () =>
    Effect.gen(function*() {
      const open = yield* fresh()
      const space = yield* Effect.scoped(Effect.tap(fresh(), (space) => space.out(["a"])))
      const operations: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        space.out(["a"]),
        space.out(["a"], { ttl: 1 }),
        space.outAll([["a"]]),
        space.in(["a"]),
        space.rd(["a"], { timeout: 5 }),
        space.inp(["a"]),
        space.rdp(["a"]),
        space.inWith(["a"], () => Effect.void),
        Effect.scoped(space.inScoped(["a"])),
        space.withPermit(["a"], () => Effect.void),
        space.inAny([["a"]]),
        space.rdAny([["a"]]),
        space.inAll([["a"]]),
        space.collect(["a"]),
        space.copyCollect(["a"]),
        space.collectInto(["a"], open),
        space.copyCollectInto(["a"], { outAll: () => Effect.void }),
        space.inUpTo(["a"], 1),
        space.count(["a"]),
        space.outIfAbsent(["a"], ["a"]),
        space.replace(["a"], () => ["a"]),
        space.eval(Effect.void),
        space.evalTuple(["a"]),
        space.inspect
      ]
      for (const operation of operations) {
        assert.isTrue(yield* isInterrupted(operation))
      }
    }))

  test.needing("quiescence")("S12 V09 awaitQuiescent of a closed space ends interrupted", () =>
    Effect.gen(function*() {
      const space = yield* Effect.scoped(fresh())
      assert.isTrue(yield* isInterrupted(space.awaitQuiescent))
    }))

  test("S12 V04 V09 whoever waits when the space closes ends interrupted, all of them", () =>
    Effect.gen(function*() {
      const outside = yield* Effect.scope
      const fibers = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        const blocked: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          space.in(["a"]),
          space.rd(["a"], { timeout: 1000 }),
          space.inWith(["a"], () => Effect.void),
          Effect.scoped(space.inScoped(["a"])),
          space.withPermit(["a"], () => Effect.void),
          space.inAny([["a"], ["b"]]),
          space.rdAny([["a"], ["b"]]),
          space.inAll({ a: ["a"], b: ["b"] })
        ]
        const fibers = yield* Effect.forEach(blocked, (operation) => Effect.forkIn(operation, outside))
        yield* settle
        assert.strictEqual(yield* waiters(space), blocked.length)
        return fibers
      }))
      for (const fiber of fibers) {
        assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
      }
    }))

  test.needing("options")(
    "S12 V04 V09 whoever waits for room when the space closes ends interrupted",
    () =>
      Effect.gen(function*() {
        const outside = yield* Effect.scope
        const fibers = yield* Effect.scoped(Effect.gen(function*() {
          const space = yield* closing({ capacity: 1 })
          yield* space.out(["full"])
          const blocked: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
            space.out(["no room"]),
            space.outIfAbsent(["no room"], ["no room"]),
            space.in(["a"])
          ]
          const fibers = yield* Effect.forEach(blocked, (operation) => Effect.forkIn(operation, outside))
          yield* settle
          assert.strictEqual(yield* waiters(space), blocked.length)
          return fibers
        }))
        for (const fiber of fibers) {
          assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
        }
      })
  )

  test("S12 R14 a space that closes while tuples are held does not hang; the holders end as they end", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const gate = yield* Effect.makeLatch()
      const outside = yield* Effect.scope
      const holders = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        yield* space.outAll([["a", 1], ["a", 2], ["a", 3]])
        const hold = (name: string, use: Effect.Effect<void, string>) =>
          Effect.forkIn(
            space.inWith(["a", P.number], () => Effect.ensuring(use, Effect.sync(() => order.push(name)))),
            outside
          )
        const fibers = [
          yield* hold("succeeds", gate.await),
          yield* hold("fails", Effect.zipRight(gate.await, Effect.fail("no"))),
          yield* hold("waits", Effect.never)
        ]
        yield* settle
        return fibers
      }))
      same(order, [])
      yield* gate.open
      assert.strictEqual((yield* Fiber.await(holders[0]!))._tag, "Success")
      assert.strictEqual((yield* Fiber.await(holders[1]!))._tag, "Failure")
      yield* Fiber.interrupt(holders[2]!)
      same(order, ["succeeds", "fails", "waits"])
    }))
})
