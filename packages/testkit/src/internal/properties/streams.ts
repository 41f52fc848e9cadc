/**
 * Properties: streams.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Transaction from "@effect-linda/core/Transaction"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { properties } from "./property.js"

export const streams = properties("Streams", (property) => {
  property.needing("transactions")(
    "S17 a stream shows what is there and what comes: no gap, nothing twice, in order",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        let put = 0
        const item = ["t", P.number] as const
        const consumed = new Set<number>()
        const takes = () =>
          random.pick<() => Effect.Effect<unknown, unknown>>([
            () => space.inWith(item, () => Effect.zipRight(sim.pause, Effect.fail("no"))),
            () => space.inWith(item, () => Effect.zipRight(sim.pause, Effect.fail("no")), { requeue: "back" }),
            () => Effect.timeout(space.in(item), 3),
            () => space.in(item),
            () => space.transact(Transaction.rd(space, item)),
            () => Effect.tap(space.inp(item), (found) => found._tag === "Some" && consumed.add(found.value[1]))
          ])()
        const traffic = (steps: number) =>
          Effect.gen(function*() {
            for (; steps > 0; steps--) {
              if (random.chance(0.5)) {
                yield* space.out(["t", put++])
              } else {
                const fiber = yield* Effect.fork(takes())
                if (random.chance(0.4)) {
                  yield* sim.pause
                  fiber.unsafeInterruptAsFork(fiber.id())
                }
              }
              yield* sim.pause
            }
          })
        yield* traffic(random.between(0, 8))
        const seen: Array<number> = []
        const stream = yield* Effect.fork(
          Stream.runForEach(
            space.stream(item),
            ([, id]) => Effect.zipRight(sim.pause, Effect.sync(() => seen.push(id)))
          )
        )
        if (random.chance(0.5)) {
          yield* sim.still
        }
        yield* traffic(random.between(0, 8))
        yield* sim.still
        const last = put
        yield* space.outAll([["t", last], ["t", last + 1]])
        yield* sim.over
        expect(new Set(seen).size).toBe(seen.length)
        // All that is there now was there at the start, or has come since: the stream has seen it.
        const present = (yield* space.copyCollect(item)).map(([, id]) => id)
        expect(present.filter((id) => !seen.includes(id))).toEqual([])
        // (what was held at the start is seen when it comes back)
        expect(seen.filter((id) => id >= last)).toEqual([last, last + 1])
        yield* Fiber.interrupt(stream)
        yield* sim.over
        expect((yield* space.inspect).interests.filter(({ kind }) => kind === "subscribe")).toEqual([])
      })
  )

  property.needing("transactions")(
    "S17 a subscription sees every out, in order, also what is taken at once; suspending loses nothing",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const capacity = random.pick([undefined, 1, 2])
        const seen: Array<number> = []
        yield* Effect.fork(Stream.runForEach(
          space.subscribe(["t", P.number], { capacity }),
          (event) => Effect.zipRight(sim.pause, Effect.sync(() => event._tag === "Out" && seen.push(event.tuple[1])))
        ))
        yield* sim.still
        const puts = random.between(1, 10)
        yield* Effect.fork(Effect.forEach(random.array(puts, (id) => id), (id) =>
          random.chance(0.2)
            ? space.transact(Transaction.out(space, ["t", id]))
            : space.out(["t", id]), { discard: true }))
        for (let i = random.below(5); i > 0; i--) {
          const taker = yield* Effect.fork(space.in(["t", P.number]))
          yield* sim.pause
          if (random.chance(0.5)) {
            taker.unsafeInterruptAsFork(taker.id())
          }
        }
        yield* sim.over
        expect(seen).toEqual(random.array(puts, (id) => id))
      })
  )
})
