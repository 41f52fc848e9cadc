import { SpaceStore } from "@effect-linda/core"
import { Simulation } from "@effect-linda/testkit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { same } from "../helpers.js"

describe("A queue", () => {
  it.live("D1 D10 who asks first comes first, and who leaves or is late harms nobody", () =>
    Effect.gen(function*() {
      const queue = SpaceStore.queue(1)
      const order: Array<string> = []
      const patience = (millis: number) => (late: (error: "late") => void) => {
        const timer = setTimeout(() => late("late"), millis)
        return () => clearTimeout(timer)
      }
      const work = (name: string) => Effect.zipRight(Effect.sync(() => void order.push(name)), Effect.sleep("5 millis"))
      const turn = (name: string, millis = 60_000) =>
        Effect.tap(Effect.fork(queue.inTurn(work(name), { patience: patience(millis) })), () => Effect.yieldNow())
      const first = yield* turn("a")
      const all = [yield* turn("b"), yield* turn("late", 1), yield* turn("interrupted"), yield* turn("c")]
      yield* Fiber.interrupt(all[2]!)
      yield* Fiber.join(first)
      const again = yield* turn("d")
      const exits = yield* Effect.forEach([...all, again], Fiber.await)
      same(order.filter((name) => name !== "late"), ["a", "b", "c", "d"])
      same(exits.map(Exit.isSuccess), [true, order.includes("late"), false, true, true])
      same(yield* queue.inTurn(Effect.succeed("free"), { patience: patience(0) }), "free")
    }))

  it.effect("who needs more than is free holds up those behind it, until it leaves", () =>
    Effect.gen(function*() {
      const queue = SpaceStore.queue(2)
      const small = { permits: 1 }
      const one = yield* Effect.fork(queue.inTurn(Effect.never, small))
      const all = yield* Effect.fork(queue.inTurn(Effect.succeed("all")))
      yield* Effect.yieldNow()
      const behind = yield* Effect.fork(queue.inTurn(Effect.succeed("behind"), small))
      yield* Effect.yieldNow()
      assert.isNull(behind.unsafePoll())
      yield* Fiber.interrupt(all)
      same(yield* Fiber.join(behind), "behind")
      yield* Fiber.interrupt(one)
      same(yield* queue.inTurn(Effect.succeed("all")), "all")
    }))

  it("whoever is interrupted, whenever: no permit is lost, and no more run than there are", () =>
    Simulation.check(
      (sim) =>
        Effect.gen(function*() {
          const queue = SpaceStore.queue(2)
          let running = 0
          const work = (permits: number) =>
            queue.inTurn(
              Effect.gen(function*() {
                running += permits
                assert.isAtMost(running, 2)
                yield* Effect.yieldNow()
                running -= permits
              }).pipe(Effect.uninterruptible),
              { permits }
            )
          const fibers = yield* Effect.forEach(
            Array.from({ length: 8 }, () => 1 + sim.random.below(2)),
            (permits) => Effect.fork(work(permits))
          )
          yield* Effect.forEach(
            fibers,
            (fiber) => sim.random.below(2) === 0 ? Effect.fork(Fiber.interrupt(fiber)) : Effect.void
          )
          yield* Effect.forEach(fibers, Fiber.await)
          yield* queue.inTurn(Effect.void)
        }),
      { seeds: 300 }
    ))
})
