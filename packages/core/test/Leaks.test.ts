import { Pattern as P } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { empty, fresh, memoryOf, same, settle, waiters } from "./helpers.js"

const times = (n: number, f: (i: number) => Effect.Effect<unknown, unknown>) =>
  Effect.forEach(Array.from({ length: n }, (_, i) => i), f, { discard: true })

describe("Leaks", () => {
  it.scoped("100,000 pairs of out and in leave nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* times(100_000, (i) => Effect.zipRight(space.out(["t", i, { i }]), space.in(["t", i, P.any])))
      yield* empty(space)
      const { store } = memoryOf(space)
      assert.isAtMost((store as any).log.length, 0)
      assert.isAtMost((yield* space.inspect).indexes.length, 1)
    }))

  it.scoped("S8 T06 20,000 interrupted waits leave nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (let round = 0; round < 20; round++) {
        const fibers = yield* Effect.forEach(
          Array.from({ length: 1000 }, (_, i) => i),
          (i): Effect.Effect<Fiber.RuntimeFiber<unknown, unknown>> =>
            Effect.fork<unknown, unknown, never>(
              i % 4 === 0
                ? space.rd(["t", i])
                : i % 4 === 1
                ? space.inAny([["t", i], ["u", P.number]])
                : i % 4 === 2
                ? space.inAll([["t", i], ["t", P.any]])
                : space.in(["t", i])
            )
        )
        yield* settle
        assert.strictEqual(yield* waiters(space), 1000)
        yield* Fiber.interruptAll(fibers)
      }
      yield* empty(space)
      assert.strictEqual(memoryOf(space).store.takers.toArray().length, 0)
    }))

  it.scoped("S9 T13 1,000 timeouts leave no waiter and no deadline", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fibers = yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, i) => i),
        (i) => Effect.fork(Effect.flip(space.in(["t", i], { timeout: 1 + i % 3 })))
      )
      yield* settle
      assert.strictEqual(memoryOf(space).store.deadlines.size, 1000)
      yield* TestClock.adjust(3)
      yield* Fiber.join(Fiber.all(fibers))
      yield* empty(space)
    }))

  it.scoped("S15 1,000 tuples that expire, are renewed or cancelled leave no deadline", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* times(1000, (i) =>
        Effect.flatMap(
          space.out(["t", i], { ttl: 10 }),
          (lease) => i % 3 === 0 ? lease.cancel : i % 3 === 1 ? lease.renew(20) : Effect.void
        ))
      yield* space.collect(["t", P.between(0, 99)])
      yield* TestClock.adjust(20)
      yield* empty(space)
    }))

  it.scoped("S13 1,000 processes that end leave no record", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* times(1000, (i) => space.eval(i % 2 === 0 ? space.out(["t", i]) : space.in(["t", i - 1])))
      same(yield* space.awaitQuiescent, { state: "done", blocked: [] })
      yield* empty(space)
    }))

  it.scoped("S17 1,000 subscriptions that end leave nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (let round = 0; round < 10; round++) {
        const fibers = yield* Effect.forEach(
          Array.from({ length: 100 }, (_, i) => i),
          (i) => Effect.fork(Stream.runDrain(Stream.take(space.stream(["t", P.any]), 1 + i % 2)))
        )
        yield* settle
        yield* space.out(["t", round])
        yield* Fiber.interruptAll(fibers)
        yield* space.in(["t", round])
      }
      yield* empty(space)
    }))

  it.scoped("indexes that are used no more are dropped", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(Array.from({ length: 20 }, (_, i) => ["t", i] as const))
      yield* space.rd([P.any, 7])
      assert.strictEqual((yield* space.inspect).indexes.length, 1)
      yield* times(5000, (i) => Effect.zipRight(space.out(["u", i]), space.in([P.literal("u"), P.number])))
      same((yield* space.inspect).indexes.map(({ keys, positions }) => ({ keys, positions })), [{
        keys: 1,
        positions: [0]
      }])
    }))
})
