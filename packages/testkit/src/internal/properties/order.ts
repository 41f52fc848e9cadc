/**
 * Properties: order.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect } from "vitest"
import { properties } from "./property.js"

export const order = properties("Order", (property) => {
  property(
    "S4 a tuple goes to every reader that waits, wherever it waits, then to the taker that has waited longest",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const kinds = random.array(random.between(1, 8), () => random.pick(["rd", "in", "rdAny", "inAny"] as const))
        const operations = {
          rd: () => space.rd(["t", P.number]),
          in: () => space.in(["t", P.number]),
          rdAny: () => Effect.map(space.rdAny([["u"], ["t", P.number]]), ({ tuple }) => tuple),
          inAny: () => Effect.map(space.inAny([["t", P.number], ["u"]]), ({ tuple }) => tuple)
        }
        const fibers: Array<Effect.Effect.Success<ReturnType<typeof start>>> = []
        const start = (kind: typeof kinds[number]) =>
          Effect.map(Effect.fork<unknown, never, never>(operations[kind]()), (fiber) => ({ kind, fiber }))
        for (const kind of kinds) {
          fibers.push(yield* start(kind))
          // in this order they come to wait
          yield* sim.still
        }
        const puts = random.between(1, 4)
        yield* Effect.forEach(
          random.array(puts, (index) => index),
          (index) => Effect.zipRight(space.out(["t", index]), sim.pause),
          { discard: true }
        )
        yield* sim.still
        const results = (takes: boolean) =>
          fibers.filter(({ kind }) => kind.startsWith("in") === takes).map(({ fiber }) => fiber.unsafePoll())
        expect(results(false)).toEqual(results(false).map(() => Exit.succeed(["t", 0])))
        const takers = results(true)
        expect(takers).toEqual(takers.map((_, index) => index < puts ? Exit.succeed(["t", index]) : null))
        const stored = random.array(Math.max(puts - takers.length, 0), (index) => ["t", index + takers.length])
        expect(yield* space.collect(["t", P.number])).toEqual(stored)
      })
  )

  property(
    "S5 the oldest of the stored matches is taken, whatever was taken and put back before",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const size = random.between(2, 20)
        const keys = random.array(size, () => random.below(3))
        yield* space.outAll(keys.map((key, index) => [key, index] as const))
        const holders = yield* Effect.forEach(
          random.array(random.below(6), () => random.below(3)),
          (key) => Effect.fork(space.inWith([key, P.number], () => Effect.never))
        )
        yield* sim.still
        for (const holder of random.shuffle(holders)) {
          holder.unsafeInterruptAsFork(holder.id())
          yield* sim.pause
        }
        yield* sim.still
        for (const key of [0, 1, 2]) {
          const expected = keys.flatMap((each, index) => each === key ? [[key, index]] : [])
          expect(yield* space.inUpTo([key, P.number], size)).toEqual(expected)
        }
      })
  )

  property(
    "S21 the oldest of the highest priority is taken, whatever was taken and put back before, in place or behind",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const size = random.between(2, 20)
        const all = random.array(size, (index) => ({ priority: random.between(-2, 2), index }))
        for (const { index, priority } of all) {
          yield* random.chance(0.5) ? space.out(["t", index], { priority }) : space.outAll([["t", index]], { priority })
        }
        const ordered = <A extends typeof all[number]>(some: ReadonlyArray<A>) =>
          [...some].sort((one, other) => other.priority - one.priority || one.index - other.index)
        const holders = yield* Effect.forEach(
          random.array(random.below(Math.min(size, 6)), () => random.pick(["place", "back"] as const)),
          (requeue) =>
            Effect.zipLeft(
              Effect.map(
                Effect.fork(space.inWith(["t", P.number], () => Effect.never, { requeue })),
                (fiber) => ({ requeue, fiber })
              ),
              sim.still
            )
        )
        const held = ordered(all).slice(0, holders.length).map((each, index) => ({ ...each, ...holders[index]! }))
        const left = ordered(all).slice(held.length).map((each) => ({ ...each, tuple: each.index }))
        let next = size
        for (const { fiber, index, priority, requeue } of random.shuffle(held)) {
          fiber.unsafeInterruptAsFork(fiber.id())
          yield* sim.still
          left.push({ priority, index: requeue === "back" ? next++ : index, tuple: index })
        }
        const expected = ordered(left).map(({ tuple }) => ["t", tuple])
        expect(yield* space.inUpTo(["t", P.number], size)).toEqual(expected)
      })
  )

  property("S5 waiters that come and go do not disturb the order of the others", (sim) =>
    Effect.gen(function*() {
      const { random } = sim
      const space = yield* sim.space()
      const fibers = []
      for (let i = random.between(2, 8); i > 0; i--) {
        fibers.push(
          yield* Effect.fork<unknown, never, never>(
            random.chance(0.5) ? space.in(["t", P.any]) : space.in([P.any, P.number])
          )
        )
        yield* sim.still
      }
      const left = fibers.filter(() => random.chance(0.6))
      for (const fiber of random.shuffle(fibers.filter((fiber) => !left.includes(fiber)))) {
        fiber.unsafeInterruptAsFork(fiber.id())
      }
      yield* sim.still
      yield* space.outAll(left.map((_, index) => ["t", index] as const))
      yield* sim.still
      expect(left.map((fiber) => fiber.unsafePoll())).toEqual(left.map((_, index) => Exit.succeed(["t", index])))
    }))
})
