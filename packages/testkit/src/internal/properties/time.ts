/**
 * Properties: time.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect } from "vitest"
import { properties } from "./property.js"

export const time = properties("Time", (property) => {
  property(
    "S15 a tuple is there until its time to live ends, and not a millisecond longer",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const ends = new Map<number, number>()
        for (let id = random.between(1, 8); id > 0; id--) {
          const ttl = random.between(1, 10)
          yield* Effect.sleep(random.below(3))
          const now = yield* Clock.currentTimeMillis
          const lease = yield* space.out(["t", id], { ttl })
          ends.set(id, now + ttl)
          if (random.chance(0.3)) {
            const renewed = random.between(1, 10)
            yield* Effect.fork(Effect.gen(function*() {
              yield* Effect.sleep(random.below(5))
              const now = yield* Clock.currentTimeMillis
              const lives = now < ends.get(id)!
              expect(yield* lease.renew(renewed)).toBe(lives)
              if (lives) {
                ends.set(id, now + renewed)
              }
            }))
          }
        }
        for (let tick = 0; tick < 30; tick++) {
          yield* sim.still
          const now = yield* Clock.currentTimeMillis
          const alive = [...ends].filter(([, end]) => now < end).map(([id]) => id)
          const present = (yield* space.copyCollect(["t", P.number])).map(([, id]) => id)
          expect([now, new Set(present)]).toEqual([now, new Set(alive)])
          yield* Effect.sleep(1)
        }
        expect((yield* space.inspect).tuples).toEqual([])
      })
  )

  property(
    "S20 a tuple comes at its time, and not a millisecond before or after, whatever its lease has said",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        /** When each comes that is still to be seen. */
        const comes = new Map<number, number>()
        const take = Effect.gen(function*() {
          const [, id] = yield* space.in(["t", P.number])
          const now = yield* Clock.currentTimeMillis
          expect([id, now]).toEqual([id, Math.max(comes.get(id)!, began)])
          comes.delete(id)
        })
        const takers = random.between(0, 3)
        let began = yield* Clock.currentTimeMillis
        yield* Effect.forEach(Array.from({ length: takers }), () => Effect.fork(take), { discard: true })
        for (let id = random.between(1, 8); id > 0; id--) {
          const after = random.between(0, 10)
          yield* Effect.sleep(random.below(3))
          comes.set(id, (yield* Clock.currentTimeMillis) + after)
          const lease = yield* space.out(["t", id], { after })
          if (random.chance(0.5)) {
            const again = random.between(0, 10)
            const isCancelled = random.chance(0.3)
            yield* Effect.fork(Effect.gen(function*() {
              yield* Effect.sleep(random.below(8))
              const now = yield* Clock.currentTimeMillis
              const isToCome = now < (comes.get(id) ?? 0)
              if (isCancelled) {
                const isThere = comes.has(id)
                comes.delete(id)
                expect(yield* lease.cancel).toBe(isThere)
              } else {
                if (isToCome) {
                  comes.set(id, now + again)
                }
                expect(yield* lease.reschedule(again)).toBe(isToCome)
              }
            }))
          }
        }
        for (let tick = 0; tick < 30; tick++) {
          yield* sim.still
          // What is due now goes to who takes, if it has not yet.
          yield* space.count(["t", P.number])
          yield* sim.still
          const now = yield* Clock.currentTimeMillis
          const there = [...comes].filter(([, due]) => due <= now).map(([id]) => id)
          const present = (yield* space.copyCollect(["t", P.number])).map(([, id]) => id)
          expect([now, new Set(present)]).toEqual([now, new Set(there)])
          yield* Effect.sleep(1)
        }
        expect((yield* space.inspect).scheduled ?? { count: 0 }).toMatchObject({ count: 0 })
        // Who has waited in vain.
        began = yield* Clock.currentTimeMillis
        for (let id = 100; id < 100 + takers; id++) {
          comes.set(id, began)
          yield* space.out(["t", id])
        }
        yield* sim.over
      })
  )

  property(
    "S9 a wait ends with its tuple or at the exact tick with its timeout, never both, never neither",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const waits = yield* Effect.forEach(
          random.array(random.between(1, 6), () => random.between(0, 10)),
          (timeout) => {
            const operation = random.pick<() => Effect.Effect<unknown, Cause.TimeoutException>>([
              () => space.in(["t", P.number], { timeout }),
              () => space.rd(["t", P.number], { timeout }),
              () => space.inAny([["t", P.number], ["u"]], { timeout }),
              () => space.inAll([["t", P.number]], { timeout }),
              () => space.inWith(["t", P.number], (tuple) => Effect.succeed(tuple), { timeout })
            ])()
            return Effect.map(
              Effect.fork(Effect.zip(Effect.exit(operation), Clock.currentTimeMillis)),
              (fiber) => ({ timeout, fiber })
            )
          }
        )
        const puts = random.between(0, 5)
        for (let id = 0; id < puts; id++) {
          yield* Effect.sleep(random.between(0, 4))
          yield* space.out(["t", id])
        }
        yield* sim.over
        const served = new Set<unknown>()
        for (const { fiber, timeout } of waits) {
          const ended = fiber.unsafePoll()
          if (ended === null || !Exit.isSuccess(ended)) {
            expect.fail("neither the tuple nor the timeout")
          } else if (Exit.isFailure(ended.value[0])) {
            expect(Cause.squash(ended.value[0].cause)).toBeInstanceOf(Cause.TimeoutException)
            expect(ended.value[1]).toBe(timeout)
          } else {
            expect(ended.value[1]).toBeLessThanOrEqual(timeout)
            served.add(ended.value[0].value)
          }
        }
        const inspection = yield* space.inspect
        expect(inspection.interests).toEqual([])
        expect(inspection.held).toBe(0)
      })
  )

  property(
    "S9 a timeout and a tuple in the same tick: whoever comes first, the tuple is not lost",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const at = random.between(1, 3)
        const taker = yield* Effect.fork(space.in(["t"], { timeout: at }))
        const nested = yield* Effect.fork(Effect.timeout(space.inWith(["t"], () => Effect.sleep(random.below(3))), at))
        yield* Effect.fork(Effect.zipRight(Effect.sleep(at), space.out(["t"])))
        yield* Effect.sleep(at)
        if (random.chance(0.3)) {
          taker.unsafeInterruptAsFork(taker.id())
        }
        yield* sim.over
        const ends: ReadonlyArray<Exit.Exit<unknown, unknown> | null> = [taker.unsafePoll(), nested.unsafePoll()]
        expect(ends).not.toContain(null)
        // The nested one can be consumed at the very tick at which the race around it is lost: then nobody says so.
        const consumed = ends.filter((exit) => Exit.isSuccess(exit!)).length
        const left = yield* space.count(["t"])
        expect([0, 1]).toContain(left)
        expect(consumed + left).toBeLessThanOrEqual(1)
        if (Exit.isSuccess(ends[0]!)) {
          expect(left).toBe(0)
        }
        expect((yield* space.inspect).held).toBe(0)
      })
  )
})
