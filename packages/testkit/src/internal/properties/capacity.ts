/**
 * Properties: capacity.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { properties } from "./property.js"

const anyItem = ["t", P.number] as const
const ascending = (numbers: ReadonlyArray<number>) => [...numbers].sort((self, that) => self - that)

export const capacity = properties("Capacity", (property) => {
  property.needing("options")(
    "S14 \"suspend\": never more than fit; blocked puts in order; one that is interrupted leaves nothing",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const capacity = random.between(1, 3)
        const space = yield* sim.space({ capacity })
        const puts: Array<readonly [ids: ReadonlyArray<number>, fiber: Fiber.RuntimeFiber<void>]> = []
        const takers: Array<Fiber.RuntimeFiber<readonly [string, number]>> = []
        let id = 0
        for (let step = random.between(3, 15); step > 0; step--) {
          const choice = random.next()
          if (choice < 0.6) {
            const ids = random.array(random.between(1, Math.min(2, capacity)), () => id++)
            const put = ids.length === 1
              ? space.out(["t", ids[0]])
              : space.outAll(ids.map((each) => ["t", each] as const))
            puts.push([ids, yield* Effect.fork(put)])
            // In this order they come to wait.
            yield* sim.still
          } else if (choice < 0.85) {
            takers.push(yield* Effect.fork(space.in(anyItem)))
          } else if (puts.length > 0) {
            const [, fiber] = random.pick(puts)
            fiber.unsafeInterruptAsFork(fiber.id())
          }
          yield* sim.pause
          expect(yield* space.count(anyItem)).toBeLessThanOrEqual(capacity)
        }
        // Drained, everybody who was not interrupted gets in, and in order.
        const drained: Array<number> = []
        for (;;) {
          yield* sim.still
          const next = yield* space.inp(anyItem)
          if (next._tag === "None") {
            break
          }
          drained.push(next.value[1])
          expect(yield* space.count(anyItem)).toBeLessThanOrEqual(capacity)
        }
        const exits = puts.map(([ids, fiber]) => [ids, fiber.unsafePoll()] as const)
        expect(exits.every(([, exit]) => exit !== null)).toBe(true)
        const taken = takers.flatMap((fiber) => {
          const exit = fiber.unsafePoll()
          return exit !== null && Exit.isSuccess(exit) ? [exit.value[1]] : []
        })
        const all = new Set([...taken, ...drained])
        // One that was interrupted when it had just been let in has put its tuples, but only whole.
        const entered = exits.flatMap(([ids, exit]) =>
          Exit.isSuccess(exit!) || ids.some((id) => all.has(id)) ? ids : []
        )
        expect(ascending([...taken, ...drained])).toEqual(entered)
        expect(drained).toEqual(ascending(drained))
        expect((yield* space.inspect).interests.filter(({ kind }) => kind === "out")).toEqual([])
      })
  )

  property.needing("options")(
    "S14 S8 a put that is interrupted while it waits for room leaves nothing, the others keep their order",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space({ capacity: 1 })
        yield* space.out(["t", 0])
        const puts = yield* Effect.forEach(
          random.array(random.between(1, 6), (index) => index + 1),
          (id) => Effect.zipLeft(Effect.map(Effect.fork(space.out(["t", id])), (fiber) => ({ id, fiber })), sim.still)
        )
        const interrupted = puts.filter(() => random.chance(0.4))
        for (const { fiber } of random.shuffle(interrupted)) {
          fiber.unsafeInterruptAsFork(fiber.id())
        }
        yield* sim.still
        for (const { id } of [{ id: 0 }, ...puts.filter((put) => !interrupted.includes(put))]) {
          expect(yield* space.collect(anyItem)).toEqual([["t", id]])
          yield* sim.still
        }
        expect(yield* space.count(anyItem)).toBe(0)
        expect((yield* space.inspect).interests).toEqual([])
      })
  )

  property.needing("options")(
    "S8 S14 K18 a waiting put that is interrupted as it is let in has put all of its tuples or none, and none comes later",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const capacity = random.between(1, 3)
        const space = yield* sim.space({ capacity })
        const puts: Array<{
          readonly ids: ReadonlyArray<number>
          readonly fiber: Fiber.RuntimeFiber<unknown>
          /** What of it had been put when the fiber had ended. */
          whole?: boolean
        }> = []
        const taken: Array<number> = []
        let id = 0
        const put = Effect.suspend(() => {
          const first = ["t", id++] as const
          const second = ["t", id++] as const
          const [ids, effect] = random.pick<() => readonly [ReadonlyArray<number>, Effect.Effect<unknown>]>([
            () => [[first[1]], space.out(first)],
            () => [[first[1]], space.out(first, { ttl: "1 hour" })],
            () => [[first[1]], space.outIfAbsent(first, first)],
            () => capacity > 1 ? [[first[1], second[1]], space.outAll([first, second])] : [[first[1]], space.out(first)]
          ])()
          return Effect.map(Effect.fork(effect), (fiber) => void puts.push({ ids, fiber }))
        })
        const take = Effect.map(
          space.inp(anyItem),
          (found) => void (found._tag === "Some" && taken.push(found.value[1]))
        )
        const waiter = Effect.fork(Effect.map(space.in(anyItem), ([, id]) => taken.push(id)))
        const interrupt = Effect.sync(() => {
          const waiting = puts.filter(({ fiber }) => fiber.unsafePoll() === null)
          // Most often the one that is the next to be let in, or has just been.
          const next = random.chance(0.7) ? waiting[0] : waiting[random.below(waiting.length)]
          next?.fiber.unsafeInterruptAsFork(next.fiber.id())
        })
        const look = Effect.gen(function*() {
          yield* sim.still
          const present = [...taken, ...(yield* space.copyCollect(anyItem)).map(([, id]) => id)]
          expect(new Set(present).size).toBe(present.length)
          for (const put of puts) {
            const exit = put.fiber.unsafePoll()
            const those = put.ids.filter((id) => present.includes(id))
            const whole = those.length === put.ids.length
            expect(whole || those.length === 0).toBe(true)
            if (exit === null) {
              expect(whole).toBe(false)
            } else {
              put.whole ??= whole
              expect(whole).toBe(put.whole)
              expect(whole || Exit.isInterrupted(exit)).toBe(true)
            }
          }
        })
        for (let round = random.between(1, 5); round > 0; round--) {
          for (let step = random.between(1, 6); step > 0; step--) {
            const choice = random.next()
            yield* choice < 0.45 ? put : choice < 0.55 ? waiter : choice < 0.65 ? interrupt : take
            yield* sim.pause
            if (choice >= 0.65 && random.chance(0.7)) {
              yield* interrupt
            }
          }
          yield* look
        }
        // Drained, all others come, and nothing else.
        for (;;) {
          const before = taken.length
          yield* take
          yield* look
          if (taken.length === before) {
            break
          }
        }
        expect(puts.every(({ whole }) => whole !== undefined)).toBe(true)
        expect(ascending(taken)).toEqual(puts.flatMap(({ ids, whole }) => whole === true ? ids : []))
        expect((yield* space.inspect).interests.filter(({ kind }) => kind !== "in")).toEqual([])
      })
  )

  property.needing("options")(
    "S14 a tuple that is handed to a waiter needs no room, however full the space is",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const strategy = random.pick(["suspend", "dropping", "sliding"] as const)
        const space = yield* sim.space({ capacity: 1, strategy })
        yield* space.out(["t", 0])
        if (random.chance(0.5)) {
          // Put back into a space that has been filled meanwhile: one more than fit.
          yield* Effect.exit(space.inWith(anyItem, () => Effect.zipRight(space.out(["t", 1]), Effect.fail("no"))))
        }
        const before = yield* space.copyCollect(anyItem)
        if (strategy === "suspend" && random.chance(0.5)) {
          yield* Effect.fork(space.out(["t", 2]))
          yield* sim.still
        }
        const taker = yield* Effect.fork(space.in(["u", P.number]))
        const join = yield* Effect.fork(space.inAll([["v"], ["w"]]))
        yield* sim.still
        yield* space.out(["u", 1])
        yield* sim.still
        expect(taker.unsafePoll()).toEqual(Exit.succeed(["u", 1]))
        expect(join.unsafePoll()).toBe(null)
        expect(yield* space.copyCollect(anyItem)).toEqual(before)
      })
  )

  property.needing("options")(
    "S14 \"dropping\" drops what does not fit, \"sliding\" the oldest",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const capacity = random.between(1, 4)
        const strategy = random.pick(["dropping", "sliding"] as const)
        const space = yield* sim.space({ capacity, strategy })
        const model: Array<readonly [string, number]> = []
        const put = (tuple: readonly [string, number]) => {
          if (model.length === capacity && strategy === "sliding") {
            model.shift()
          }
          if (model.length < capacity) {
            model.push(tuple)
          }
        }
        for (let id = 0; id < 20; id++) {
          if (random.chance(0.6)) {
            const tuples = random.array(random.between(1, 3), (index) => ["t", 10 * id + index] as const)
            yield* space.outAll(tuples)
            tuples.forEach(put)
          } else {
            yield* space.inp(anyItem)
            model.shift()
          }
          expect(yield* space.copyCollect(anyItem)).toEqual(model)
        }
      })
  )

  property.needing("options")(
    "S14 K10 collectInto: whatever fits, nothing is lost or doubled, and it says how many arrived",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const strategy = random.pick(["suspend", "dropping", "sliding"] as const)
        const capacity = random.between(1, 4)
        const from = yield* sim.space()
        const to = yield* sim.space({ capacity, strategy })
        const total = random.between(1, 6)
        yield* from.outAll(random.array(total, (index) => ["t", index] as const))
        let moved = 0
        const movers = yield* Effect.forEach(random.array(random.between(1, 3), (index) => index), () =>
          Effect.fork(
            Effect.exit(Effect.forEach(random.array(random.between(1, 3), () => random.below(total)), (least) =>
              Effect.zipRight(
                sim.pause,
                Effect.map(
                  from.collectInto(["t", P.between(least, least + capacity - 1)], to),
                  (count) => moved += count
                )
              )))
          ))
        const taken: Array<number> = []
        for (let takes = random.between(0, 4); takes > 0; takes--) {
          yield* sim.pause
          yield* Effect.fork(
            Effect.map(to.in(anyItem), ([, index]) => taken.push(index))
          )
        }
        yield* sim.over
        const stored = yield* to.copyCollect(anyItem)
        const left = yield* from.copyCollect(anyItem)
        expect(ascending(
          [...stored, ...left].map(([, index]) => index).concat(taken)
        )).toEqual(
          random.array(total, (index) => index)
        )
        expect(stored.length).toBeLessThanOrEqual(capacity)
        expect(moved).toBe(stored.length + taken.length)
        yield* Fiber.interruptAll(movers)
      })
  )
})
