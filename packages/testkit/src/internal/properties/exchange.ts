/**
 * Properties: exchanges.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import * as Transaction from "@effect-linda/core/Transaction"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import { expect } from "vitest"
import type { Simulation } from "../../Simulation.js"
import { properties } from "./property.js"

type Space = TupleSpace<Tuple>

const number = ["n", P.number] as const
const numbers = Q.all([number, number])

const totalOf = (tuples: ReadonlyArray<readonly [string, number]>) => tuples.reduce((sum, [, n]) => sum + n, 0)

/** All numbers at one instant. */
const look = (space: Space) =>
  STM.all({
    n: all(space, number),
    moved: all(space, ["moved", P.number])
  })

const all = (space: Space, pattern: readonly [string, typeof P.number]) =>
  STM.map(
    Transaction.rdp(space, Q.batch(pattern, { max: Infinity })),
    Option.getOrElse((): ReadonlyArray<readonly [string, number]> => [])
  )

/** Exchanges numbers for others of the same sum, or tries to. */
interface Rule {
  readonly effect: Effect.Effect<unknown, unknown>
  /** With how many numbers it does not wait. */
  readonly needs: number
}

const rule = (sim: Simulation, space: Space): Rule => {
  const { random } = sim
  const timeout = random.between(0, 3)
  switch (random.below(6)) {
    case 0:
      return { needs: 1, effect: space.exchange(number, ([, n]) => [["n", n - 1], ["n", 1]]) }
    case 1:
      return {
        needs: 0,
        effect: space.exchange(numbers, ([[, one], [, other]]) => [["n", one + other]], { timeout })
      }
    case 2:
      return {
        needs: 2,
        effect: space.exchange(Q.batch(number, { min: 2, max: 3 }), (found) => [["n", totalOf(found)]])
      }
    case 3:
      return {
        needs: 2,
        effect: Effect.catchAllCause(
          space.exchange(numbers, () => {
            throw new Error("no")
          }),
          () => Effect.void
        )
      }
    case 4:
      return {
        needs: 1,
        effect: space.exchange(
          Q.any({ moved: ["moved", P.number], n: number }),
          ({ key, tuple: [, n] }) => key === "n" ? [["moved", n]] : [["n", n]]
        )
      }
    default:
      return { needs: 2, effect: space.exchange(numbers, ([[, one], [, other]]) => [["n", one + other]]) }
  }
}

export const exchanges = properties("Exchange", (property) => {
  const inOne = property.needing("transactions")

  inOne(
    "S22 what is exchanged for as much is never more or less, whatever is interrupted, late or throws",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space: Space = yield* sim.space()
        const rules: Array<{ readonly needs: number; readonly fiber: Fiber.RuntimeFiber<unknown, unknown> }> = []
        let put = 0
        const total = Effect.map(space.transact(look(space)), ({ moved, n }) => totalOf(n) + totalOf(moved))
        for (let step = random.between(3, 20); step > 0; step--) {
          if (rules.length > 0 && random.chance(0.2)) {
            const { fiber } = random.pick(rules)
            fiber.unsafeInterruptAsFork(fiber.id())
          } else if (random.chance(0.4)) {
            const n = random.between(0, 9)
            put += n
            yield* space.out(["n", n])
          } else {
            const { effect, needs } = rule(sim, space)
            rules.push({ needs, fiber: yield* Effect.fork(random.chance(0.3) ? Effect.repeatN(effect, 2) : effect) })
          }
          yield* sim.pause
          expect(yield* total).toBe(put)
        }
        yield* sim.over
        expect(yield* total).toBe(put)
        const waiting = rules.filter(({ fiber }) => fiber.unsafePoll() === null)
        const inspection = yield* space.inspect
        const stored = yield* space.count(number)
        // no lost wake-up
        expect(waiting.filter(({ needs }) => needs <= stored)).toEqual([])
        expect(inspection.held).toBe(0)
        expect(inspection.interests.length).toBe(waiting.length)
        for (const { fiber } of waiting) {
          fiber.unsafeInterruptAsFork(fiber.id())
        }
        yield* sim.over
        expect((yield* space.inspect).interests).toEqual([])
        expect(yield* total).toBe(put)
      })
  )

  inOne(
    "S22 of those who compete for one lock never two have it, whoever is interrupted, whenever",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space: Space = yield* sim.space()
        yield* space.out(["free"])
        const inside = new Set<number>()
        let entered = 0
        const fibers: Array<Fiber.RuntimeFiber<unknown, unknown>> = []
        const unlock = (id: number) => space.exchange(["held", id], () => [["free"]], { timeout: 0 })
        /** Whoever is interrupted may have it without knowing: then it is freed all the same. */
        const work = (id: number) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.ensuring(
              Effect.flatMap(restore(space.exchange(["free"], () => [["held", id]])), () => {
                entered++
                inside.add(id)
                expect(inside.size).toBe(1)
                return Effect.ensuring(
                  restore(random.chance(0.5) ? sim.pause : Effect.sleep(1)),
                  Effect.sync(() => inside.delete(id))
                )
              }),
              Effect.ignore(unlock(id))
            )
          )
        for (let step = random.between(2, 12); step > 0; step--) {
          if (fibers.length > 0 && random.chance(0.3)) {
            const fiber = random.pick(fibers)
            fiber.unsafeInterruptAsFork(fiber.id())
          } else {
            fibers.push(yield* Effect.fork(work(step)))
          }
          yield* random.chance(0.5) ? sim.pause : Effect.void
          const { free, held } = yield* space.transact(STM.all({
            free: Transaction.count(space, ["free"]),
            held: Transaction.count(space, ["held", P.number])
          }))
          expect(free + held).toBe(1)
        }
        yield* sim.over
        expect(fibers.filter((fiber) => fiber.unsafePoll() === null)).toEqual([])
        const failures = fibers.flatMap((fiber) => {
          const exit = fiber.unsafePoll()!
          return Exit.isFailure(exit) && !Exit.isInterrupted(exit) ? [String(exit.cause)] : []
        })
        expect(failures).toEqual([])
        expect(yield* space.collect([P.rest(P.any)])).toEqual([["free"]])
        expect(entered).toBeGreaterThanOrEqual(fibers.filter((fiber) => Exit.isSuccess(fiber.unsafePoll()!)).length)
      })
  )
})
