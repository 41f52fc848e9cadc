/**
 * Properties: joins.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { properties } from "./property.js"

export const joins = properties("Joins", (property) => {
  property("S11 joins over the same tuples in any order never deadlock", (sim) =>
    Effect.gen(function*() {
      const { random } = sim
      const space = yield* sim.space()
      const forks = random.between(2, 4)
      const names = random.array(forks, (index) => index)
      const rounds = yield* Effect.forEach(random.array(random.between(2, 5), (index) => index), () => {
        const wanted = random.shuffle(names).slice(0, random.between(1, forks))
        return Effect.fork(Effect.repeatN(
          Effect.gen(function*() {
            const taken = yield* space.inAll(wanted.map((name) => ["fork", name] as const) as any)
            expect(taken).toEqual(wanted.map((name) => ["fork", name]))
            yield* sim.pause
            yield* Effect.forEach(random.shuffle(taken as any), (tuple) => space.out(tuple as any), { discard: true })
          }),
          2
        ))
      })
      yield* Effect.forEach(names, (name) => Effect.zipRight(sim.pause, space.out(["fork", name])), { discard: true })
      // Would be reported as stuck.
      yield* Fiber.join(Fiber.all(rounds))
      expect(yield* space.count(["fork", P.number])).toBe(forks)
    }))

  property("S11 five philosophers dine, some of them killed at the table", (sim) =>
    Effect.gen(function*() {
      const { random } = sim
      const space = yield* sim.space()
      yield* space.outAll(random.array(5, (index) => ["fork", index] as const))
      const eating = new Set<number>()
      const dine = (seat: number) => {
        const left = seat
        const right = (seat + 1) % 5
        return Effect.acquireUseRelease(
          space.inAll(random.chance(0.5) ? [["fork", left], ["fork", right]] : [["fork", right], ["fork", left]]),
          () => {
            expect(eating.has((seat + 4) % 5) || eating.has((seat + 1) % 5)).toBe(false)
            eating.add(seat)
            return sim.pause
          },
          (forks) => {
            eating.delete(seat)
            return space.outAll(forks)
          }
        )
      }
      const seats = [0, 1, 2, 3, 4]
      const meals = yield* Effect.forEach(seats, (seat) => Effect.fork(Effect.repeatN(dine(seat), 2)))
      yield* sim.pause
      const victim = random.pick(meals)
      yield* Fiber.interrupt(victim)
      yield* Effect.forEach(meals, Fiber.await)
      expect(yield* space.count(["fork", P.number])).toBe(5)
    }))

  property("S11 a join holds nothing while it waits, and takes distinct tuples", (sim) =>
    Effect.gen(function*() {
      const { random } = sim
      const space = yield* sim.space()
      const wanted = random.between(2, 4)
      const join = yield* Effect.fork(space.inAll(random.array(wanted, () => ["t", P.number] as const) as any))
      yield* sim.still
      for (let i = 0; i < wanted; i++) {
        yield* sim.still
        expect(yield* space.count(["t", P.number])).toBe(i)
        expect(join.unsafePoll()).toBe(null)
        yield* space.out(["t", i])
      }
      expect(yield* Fiber.join(join)).toEqual(random.array(wanted, (index) => ["t", index]))
      expect(yield* space.count(["t", P.number])).toBe(0)
    }))
})
