/**
 * Properties: conservation.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { expect } from "vitest"
import type { Simulation } from "../../Simulation.js"
import { properties } from "./property.js"

type Item = readonly [kind: string, id: number]
type Space = TupleSpace<Tuple>

const kinds = ["a", "b", "c"] as const
const anyItem = [P.string, P.number] as const
const one = (kind: string) => [kind, P.number] as const

/** Something that a fiber does as its whole program, and how to tell afterwards what it took and what it put. */
interface Act {
  readonly name: string
  readonly effect: Effect.Effect<any, unknown>
  /** Whether it could go on, were these kinds stored. */
  readonly ready: (stored: ReadonlyArray<string>) => boolean
  /** What it has taken, by its result. */
  readonly takes: (result: any) => ReadonlyArray<Item>
  /** What it puts when it succeeds. */
  readonly puts: ReadonlyArray<Item>
}

/** What fibers have taken and put on the side: by the uses of `inWith`, and by `replace`. */
interface Ledger {
  nextId: number
  readonly taken: Array<Item>
  readonly put: Array<Item>
}

const never = () => false
const always = () => true
const nothing = () => []
const single = (tuple: Item) => [tuple]
const all = (tuples: ReadonlyArray<Item>) => tuples
const maybe = (option: Option.Option<Item>) => Option.toArray(option)

const draw = (sim: Simulation, space: Space, ledger: Ledger): Act => {
  const { random } = sim
  const kind = random.pick(kinds)
  const other = random.pick(kinds)
  const item = (): Item => [random.pick(kinds), ledger.nextId++]
  const put = (name: string, effect: Effect.Effect<void>, puts: ReadonlyArray<Item>): Act => //
  ({ name, effect, ready: always, takes: nothing, puts })
  const take = (name: string, effect: Act["effect"], ready: Act["ready"], takes: Act["takes"] = nothing): Act => //
  ({ name, effect, ready, takes, puts: [] })
  const isHere = (stored: ReadonlyArray<string>) => stored.includes(kind)
  const areHere = (stored: ReadonlyArray<string>) =>
    kind === other ? stored.filter((each) => each === kind).length > 1 : isHere(stored) && stored.includes(other)
  const consume = (tuple: Item) => Effect.sync(() => void ledger.taken.push(tuple))
  const use = (tuple: Item): Effect.Effect<void, string> =>
    random.pick([
      Effect.fail("failed"),
      Effect.die("died"),
      Effect.zipRight(sim.pause, Effect.fail("failed later")),
      Effect.zipRight(sim.pause, consume(tuple)),
      Effect.zipRight(Effect.sleep(random.between(0, 3)), consume(tuple))
    ])
  /** Whatever becomes of it, nothing is taken. */
  const lend = () => random.pick([Effect.fail("failed"), Effect.die("died"), sim.pause, Effect.sleep(1)])
  const inScope = (tuple: Item) =>
    Effect.zipRight(
      Effect.addFinalizer((exit) => Exit.isSuccess(exit) ? consume(tuple) : Effect.void),
      random.pick([Effect.fail("failed"), sim.pause, Effect.sleep(1)])
    )
  const replaced = () => {
    const put = item()
    ledger.put.push(put)
    return put
  }
  const soon = random.between(0, 3)
  switch (random.below(18)) {
    case 0:
      return take("in", space.in(one(kind)), isHere, single)
    case 1:
      return take("in with a timeout", space.in(one(kind), { timeout: soon }), never, single)
    case 2:
      return take("inAny", space.inAny([one(kind), one(other)]), (stored) => isHere(stored) || stored.includes(other), (
        { tuple }
      ) => [tuple])
    case 3:
      return take("inAll", space.inAll([one(kind), one(other)]), areHere, all)
    case 4:
      return take("inp", space.inp(one(kind)), never, maybe)
    case 5:
      return take("inUpTo", space.inUpTo(one(kind), soon), never, all)
    case 6:
      return take("collect", space.collect(one(kind)), never, all)
    case 7:
      return take("replace", space.replace(one(kind), replaced), never, maybe)
    case 8:
      return take("inWith", space.inWith(one(kind), use, { requeue: random.pick(["place", "back"]) }), isHere)
    case 9:
      return take("inWith in a race", Effect.raceFirst(space.inWith(one(kind), use), Effect.sleep(soon)), never)
    case 10:
      return take("inWith in a timeout", Effect.timeout(space.inWith(one(kind), use), soon), never)
    case 11:
      return take("inScoped", Effect.scoped(Effect.flatMap(space.inScoped(one(kind)), inScope)), isHere)
    case 12:
      return take("rd", space.rd(one(kind)), isHere)
    case 13:
      return take(
        "withPermit",
        space.withPermit(one(kind), lend, { requeue: random.pick(["place", "back"]) }),
        isHere
      )
    case 14: {
      const puts = [item(), item()]
      return put("outAll", space.outAll(puts), puts)
    }
    default: {
      const puts = [item()]
      return put("out", space.out(puts[0]!), puts)
    }
  }
}

const sorted = (items: Iterable<Item>) => Array.from(items, ([kind, id]) => `${id}${kind}`).sort()

/** Where puts go to a store, one that is interrupted on its way may have happened or not: these can be spared. */
const traffic = (sim: Simulation, space: Space, sparesPuts = false) =>
  Effect.gen(function*() {
    const { random } = sim
    const ledger: Ledger = { nextId: 0, taken: [], put: [] }
    const acts: Array<{ readonly act: Act; readonly fiber: Fiber.RuntimeFiber<any, unknown> }> = []
    for (let step = random.between(3, 20); step > 0; step--) {
      if (acts.length > 0 && random.chance(0.3)) {
        // Straight from one that may just have been served, and in the order of a race: before or after it runs.
        random.pick(acts).fiber.unsafeInterruptAsFork(acts[0]!.fiber.id())
      } else {
        const act = draw(sim, space, ledger)
        const isSpared = sparesPuts && (act.puts.length > 0 || act.name === "replace")
        const fork = Effect.fork(act.effect)
        acts.push({ act, fiber: yield* isSpared ? Effect.uninterruptible(fork) : fork })
      }
      yield* sim.pause
    }
    yield* sim.over
    const stored = yield* space.copyCollect(anyItem)
    const put = [...ledger.put]
    const taken = [...ledger.taken]
    for (const { act, fiber } of acts) {
      const exit = fiber.unsafePoll()
      if (exit !== null && Exit.isSuccess(exit)) {
        put.push(...act.puts)
        taken.push(...act.takes(exit.value))
      }
    }
    expect(sorted([...taken, ...stored])).toEqual(sorted(put))
    expect(new Set(sorted(taken)).size).toBe(taken.length)

    // no lost wake-up
    const waiting = acts.filter(({ fiber }) => fiber.unsafePoll() === null)
    const present = stored.map(([kind]) => kind)
    expect(waiting.filter(({ act }) => act.ready(present)).map(({ act }) => act.name)).toEqual([])
    const inspection = yield* space.inspect
    expect(inspection.held).toBe(0)
    expect(inspection.interests.length).toBe(waiting.length)

    // nothing is left of who is interrupted
    for (const { fiber } of waiting) {
      fiber.unsafeInterruptAsFork(fiber.id())
    }
    yield* sim.over
    expect((yield* space.inspect).interests).toEqual([])
    expect(sorted(yield* space.copyCollect(anyItem))).toEqual(sorted(stored))
  })

export const conservation = properties("Conservation", (property) => {
  for (const selection of ["fifo", "lifo", "random"] as const) {
    const define = selection === "fifo" ? property : property.needing("options")
    define(
      `S8 every tuple is in the space, held, or gone: whatever is interrupted, whenever (${selection})`,
      (sim) => Effect.flatMap(sim.space({ selection }), (space) => traffic(sim, space))
    )
  }

  property(
    "S8 every tuple is in the space, held, or gone: whatever is interrupted that does not put, whenever",
    (sim) => Effect.flatMap(sim.space(), (space) => traffic(sim, space, true))
  )

  property(
    "S8 an operation that was handed its tuple and is interrupted at once has it back in its old place",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const after = random.below(3)
        const taker = yield* Effect.fork(
          random.pick<() => Effect.Effect<unknown>>([
            () => space.in(["x", P.any]),
            () => space.inAny([["y"], ["x", P.any]]),
            () => space.inAll([["x", P.any]]),
            () => space.inWith(["x", P.any], () => Effect.never)
          ])()
        )
        yield* sim.still
        yield* space.outAll([["x", 0], ...random.array(after, (index) => ["x", index + 1] as const)])
        yield* random.chance(0.5) ? sim.pause : Effect.void
        taker.unsafeInterruptAsFork(taker.id())
        yield* random.chance(0.5) ? sim.still : Effect.void
        yield* sim.still
        const exit = taker.unsafePoll()
        expect(exit).not.toBe(null)
        const expected = random.array(after + 1, (index) => ["x", index])
        expect(yield* space.collect(["x", P.any])).toEqual(Exit.isSuccess(exit!) ? expected.slice(1) : expected)
        expect((yield* space.inspect).held).toBe(0)
      })
  )

  property(
    "S8 who is interrupted in a wait can have the tuple that it was handed in its finalizer",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const taker = yield* Effect.fork(Effect.onInterrupt(space.in(["x"]), () => space.in(["x"])))
        yield* sim.still
        yield* space.out(["x"])
        yield* sim.pause
        taker.unsafeInterruptAsFork(taker.id())
        yield* sim.still
        expect(taker.unsafePoll()).not.toBe(null)
        expect(yield* space.inspect).toMatchObject({ tuples: [], held: 0 })
      })
  )

  property(
    "S8 a tuple that comes back is offered to the next who waits; who saw it before is not told twice",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const reads: Array<string> = []
        const reader = yield* Effect.fork(
          Effect.tap(space.rd(["x"]), () => Effect.sync(() => reads.push("reader")))
        )
        const first = yield* Effect.fork(Effect.zipRight(sim.still, space.in(["x"])))
        yield* sim.still
        yield* sim.still
        const second = yield* Effect.fork(space.in(["x"]))
        yield* sim.still
        yield* space.out(["x"])
        first.unsafeInterruptAsFork(first.id())
        yield* sim.still
        expect(reader.unsafePoll()).toEqual(Exit.succeed(["x"]))
        expect(reads).toEqual(["reader"])
        const exits = [first, second].map((fiber) => fiber.unsafePoll())
        // Exactly one has it: the first, if the interruption came too late.
        expect(exits.filter((exit) => exit !== null && Exit.isSuccess(exit)).length).toBe(1)
        expect((yield* space.inspect).held).toBe(0)
        expect(yield* space.count(["x"])).toBe(0)
      })
  )
})
