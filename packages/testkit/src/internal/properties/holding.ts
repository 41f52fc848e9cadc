/**
 * Properties: holding.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { properties } from "./property.js"

export const holding = properties("Holding", (property) => {
  property(
    "S8 inWith keeps the order of what it gives back, and consumes what succeeded",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const size = random.between(1, 6)
        yield* space.outAll(random.array(size, (index) => ["t", index] as const))
        const consumed = new Set<number>()
        const workers = yield* Effect.forEach(random.array(random.between(1, 5), (index) => index), () =>
          Effect.fork(space.inWith(["t", P.number], ([, id]) =>
            Effect.zipRight(
              sim.pause,
              random.pick([
                Effect.fail("no"),
                Effect.die("no"),
                Effect.never,
                Effect.interrupt,
                Effect.sync(() =>
                  consumed.add(id)
                )
              ])
            ))))
        for (const worker of random.shuffle(workers)) {
          yield* sim.pause
          worker.unsafeInterruptAsFork(worker.id())
        }
        yield* sim.over
        const expected = random.array(size, (index) => index).filter((index) => !consumed.has(index))
        expect(yield* space.collect(["t", P.number])).toEqual(expected.map((index) => ["t", index]))
        expect((yield* space.inspect).held).toBe(0)
      })
  )

  property("S8 inWith with requeue \"back\" puts what failed behind all others", (sim) =>
    Effect.gen(function*() {
      const { random } = sim
      const space = yield* sim.space()
      const order = random.array(random.between(2, 6), (index) => index)
      yield* space.outAll(order.map((index) => ["t", index] as const))
      for (let round = random.between(1, 4); round > 0; round--) {
        const kill = random.chance(0.3)
        const worker = yield* Effect.fork(
          space.inWith(["t", P.number], () => kill ? Effect.never : Effect.fail("no"), { requeue: "back" })
        )
        yield* sim.still
        yield* Fiber.interrupt(worker)
        order.push(order.shift()!)
      }
      expect(yield* space.collect(["t", P.number])).toEqual(order.map((index) => ["t", index]))
    }))

  property(
    "S8 maxAttempts: the dead letter comes once, after so many failures; interruptions do not count",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const maxAttempts = random.between(1, 3)
        const jobs = random.between(1, 3)
        const failures = new Map<number, number>()
        const requeue = random.pick(["place", "back"] as const)
        const worker = Effect.forever(Effect.exit(space.inWith(["job", P.number], ([, id]) =>
          Effect.zipRight(
            sim.pause,
            Effect.suspend(() => {
              failures.set(id, (failures.get(id) ?? 0) + 1)
              return random.chance(0.5) ? Effect.fail("no") : Effect.die("no")
            })
          ), {
          maxAttempts,
          requeue,
          deadLetter: ([, id]: readonly [string, number]) => ["dead", id] as const
        })))
        yield* space.outAll(random.array(jobs, (index) => ["job", index] as const))
        for (let i = 0; i < 4; i++) {
          const fiber = yield* Effect.fork(worker)
          yield* sim.pause
          fiber.unsafeInterruptAsFork(fiber.id())
        }
        yield* Effect.fork(worker)
        yield* sim.over
        const ids = random.array(jobs, (index) => index)
        const dead = yield* space.collect(["dead", P.number])
        expect(dead.map(([, id]) => id).sort()).toEqual(ids)
        // A use that was interrupted just after it had failed may have counted or not: it can only be more uses than
        // attempts.
        expect(ids.every((id) => failures.get(id)! >= maxAttempts)).toBe(true)
        expect(yield* space.count(["job", P.number])).toBe(0)
        expect((yield* space.inspect).held).toBe(0)
      })
  )

  property(
    "S8 K22 withPermit: so many at a time as there are permits, none lost or doubled, and all get theirs in the end",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const permits = random.between(1, 3)
        yield* space.outAll(random.array(permits, (index) => ["permit", index] as const))
        let holders = 0
        let served = 0
        const requeue = random.pick(["place", "back"] as const)
        const use = (end: Effect.Effect<unknown, string>) =>
          Effect.gen(function*() {
            served++
            expect(++holders).toBeLessThanOrEqual(permits)
            yield* Effect.ensuring(Effect.zipRight(sim.pause, end), Effect.sync(() => holders--))
          })
        const fibers = []
        for (let i = random.between(1, 8); i > 0; i--) {
          const end = random.pick([Effect.void, Effect.fail("no"), Effect.die("no"), Effect.interrupt, Effect.sleep(1)])
          const timeout = random.chance(0.3) ? random.between(0, 3) : Infinity
          fibers.push(
            yield* Effect.fork(
              Effect.exit(space.withPermit(["permit", P.number], () => use(end), { requeue, timeout }))
            )
          )
          yield* sim.pause
          if (random.chance(0.3)) {
            random.pick(fibers).unsafeInterruptAsFork(fibers[0]!.id())
          }
        }
        yield* sim.over
        expect(fibers.every((fiber) => fiber.unsafePoll() !== null)).toBe(true)
        expect(served).toBeLessThanOrEqual(fibers.length)
        const left = yield* space.collect(["permit", P.number])
        expect(left.map(([, index]) => index).sort()).toEqual(random.array(permits, (index) => index))
        expect((yield* space.inspect).held).toBe(0)
      })
  )

  property(
    "S8 K22 withPermit serves in order of arrival, whoever is interrupted meanwhile",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        yield* space.out(["lock"])
        const order: Array<number> = []
        const gone = new Set<number>()
        const gate = yield* Deferred.make<void>()
        yield* Effect.fork(space.withPermit(["lock"], () => Deferred.await(gate)))
        const count = random.between(2, 7)
        const fibers = []
        for (let index = 0; index < count; index++) {
          yield* sim.still
          fibers.push(
            yield* Effect.fork(
              space.withPermit(["lock"], () => Effect.zipRight(Effect.sync(() => order.push(index)), sim.pause))
            )
          )
        }
        yield* sim.still
        yield* Deferred.succeed(gate, undefined)
        for (const [index, fiber] of fibers.entries()) {
          if (random.chance(0.3)) {
            gone.add(index)
            fiber.unsafeInterruptAsFork(fiber.id())
          }
          yield* sim.pause
        }
        yield* sim.over
        expect(order).toEqual([...order].sort((one, other) => one - other))
        for (let index = 0; index < count; index++) {
          expect(gone.has(index) || order.includes(index)).toBe(true)
        }
        expect(yield* space.count(["lock"])).toBe(1)
      })
  )

  property(
    "S8 a tuple that is held is seen by nobody, and by the next when it is back",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        yield* space.out(["t", 0])
        let holders = 0
        const hold = space.inWith(["t", P.number], () =>
          Effect.gen(function*() {
            expect(++holders).toBe(1)
            expect(yield* space.count(["t", P.number])).toBe(0)
            expect((yield* space.rdp(["t", P.number]))._tag).toBe("None")
            yield* sim.pause
            holders--
            return yield* Effect.fail("no")
          }))
        const fibers = yield* Effect.forEach(random.array(4, (index) => index), () => Effect.fork(Effect.exit(hold)))
        const reader = yield* Effect.fork(space.rd(["t", P.number]))
        const exits = yield* Fiber.join(Fiber.all(fibers))
        expect(exits.map((exit) => Exit.isFailure(exit) && exit.cause)).toMatchObject(
          exits.map(() => ({ _tag: "Fail", error: "no" }))
        )
        expect(yield* Fiber.join(reader)).toEqual(["t", 0])
        expect(yield* space.collect(["t", P.number])).toEqual([["t", 0]])
      })
  )
})
