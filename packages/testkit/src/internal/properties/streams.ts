/**
 * Properties: streams.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Transaction from "@effect-linda/core/Transaction"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { properties } from "./property.js"

type Item = readonly [key: string, id: number]

/** Something that takes: of which keys, how, and what it owns when it has succeeded. */
type Take = readonly [
  of: ReadonlyArray<string>,
  effect: Effect.Effect<any, unknown>,
  takes: (result: any) => ReadonlyArray<Item>
]

const ascending = (numbers: ReadonlyArray<number>) => [...numbers].sort((self, that) => self - that)

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

  for (const capacity of [undefined, 2]) {
    const define = capacity === undefined ? property : property.needing("options")
    define(
      `S8 S17 K19 a watcher that interrupts the fiber whose step it hears of: no tuple is lost or doubled${
        capacity === undefined ? "" : ", where puts wait for room"
      }`,
      (sim) =>
        Effect.gen(function*() {
          const { random } = sim
          const space = yield* sim.space({ capacity })
          const keys = ["a", "b"] as const
          const item = (key: string) => [key, P.number] as const
          const anyItem = [P.string, P.number] as const
          const putters: Array<Fiber.RuntimeFiber<void>> = []
          const takers: Array<{
            readonly of: ReadonlyArray<string>
            readonly fiber: Fiber.RuntimeFiber<any, unknown>
            readonly takes: Take[2]
          }> = []
          const used: Array<number> = []
          const heard: Array<number> = []
          const interrupt = (fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined) =>
            fiber?.unsafeInterruptAsFork(fiber.id())
          // Who waits is served in order: a step of a key is one of the first that takes it and has not ended. Or of
          // any.
          const interruptTaker = (key: string) => {
            const candidates = takers.filter((taker) => taker.of.includes(key) && taker.fiber.unsafePoll() === null)
            interrupt((random.chance(0.7) ? candidates[0] : candidates[random.below(candidates.length)])?.fiber)
          }
          const events = yield* space.subscribe(anyItem, { events: ["Out", "In", "Requeue"], scoped: true })
          yield* Effect.fork(Stream.runForEach(events, (event) =>
            Effect.zipRight(
              random.chance(0.2) ? sim.pause : Effect.void,
              Effect.sync(() => {
                if (event._tag === "Missed") {
                  return
                }
                const [key, id] = event.tuple
                if (event._tag === "Out") {
                  heard.push(id)
                }
                if (random.chance(0.8)) {
                  return event._tag === "Out" ? interrupt(putters[id]) : interruptTaker(key)
                }
              })
            )))
          // The result of a fiber is that of its `in`: whatever came in between could be interrupted, with the tuple.
          const take = Effect.suspend(() => {
            const key = random.pick(keys)
            const requeue = random.pick(["place", "back"] as const)
            const use = ([, id]: Item) =>
              Effect.zipRight(
                sim.pause,
                random.chance(0.4) ? Effect.fail("no") : Effect.sync(() => void used.push(id))
              )
            const [of, effect, takes] = random.pick<() => Take>([
              () => [[key], space.in(item(key)), (tuple) => [tuple]],
              () => [[key], space.in(item(key)), (tuple) => [tuple]],
              () => [keys, space.inAny(keys.map(item)), ({ tuple }) => [tuple]],
              () => [keys, space.inAll(keys.map(item)), (tuples) => tuples],
              () => [[key], space.inWith(item(key), use, { requeue }), () => []],
              () => [[key], space.withPermit(item(key), () => sim.pause, { requeue }), () => []]
            ])()
            return Effect.map(Effect.fork(effect), (fiber) => void takers.push({ of, fiber, takes }))
          })
          const put = Effect.gen(function*() {
            const first = putters.length
            const out = (id: number) => space.out([random.pick(keys), id])
            const putter = yield* Effect.fork(
              random.chance(0.5) ? out(first) : Effect.zipRight(Effect.zipRight(out(first), sim.pause), out(first + 1))
            )
            putters.push(putter, putter)
          })
          for (let step = random.between(3, 20); step > 0; step--) {
            yield* random.chance(0.5) ? put : take
            yield* sim.pause
          }
          yield* sim.over
          const owned = takers.flatMap(({ fiber, takes }) => {
            const exit = fiber.unsafePoll()
            return exit !== null && Exit.isSuccess(exit) ? takes(exit.value).map(([, id]) => id) : []
          })
          const stored = (yield* space.copyCollect(anyItem)).map(([, id]) => id)
          const all = ascending([...stored, ...owned, ...used])
          expect(all).toEqual(ascending(heard))
          expect(new Set(all).size).toBe(all.length)
          // All first puts of those that succeeded, and no second one without the first.
          const missing = putters.flatMap((fiber, id) => {
            const exit = fiber.unsafePoll()
            return id % 2 === 0 && (exit !== null && Exit.isSuccess(exit) || all.includes(id + 1)) ? [id] : []
          }).filter((id) => !all.includes(id))
          expect(missing).toEqual([])
          const inspection = yield* space.inspect
          expect(inspection.held).toBe(0)
          // Who waits has not been forgotten, and nobody else is left.
          const waiting = [...new Set([...putters, ...takers.map(({ fiber }) => fiber)])]
            .filter((fiber) => fiber.unsafePoll() === null)
          expect(inspection.interests.filter(({ kind }) => kind !== "subscribe").length).toBe(waiting.length)
        })
    )
  }
})
