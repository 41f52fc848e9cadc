/**
 * Properties: transactions that wait for state of STM as well as for tuples.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Transaction from "@effect-linda/core/Transaction"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import * as TMap from "effect/TMap"
import * as TQueue from "effect/TQueue"
import * as TRef from "effect/TRef"
import { expect } from "vitest"
import type { Simulation } from "../../Simulation.js"
import { properties } from "./property.js"

type Space = TupleSpace<Tuple>
type Step = STM.STM<void, never, Transaction.Transaction>

const kinds = ["a", "b", "c"] as const
/** Those that somebody may wait for to take. What a transaction puts of these may be gone at once, to a taker (S4). */
const taken = ["a", "b"] as const
type Kind = typeof kinds[number]
const item = (kind: Kind) => [kind, P.any] as const

/** What the programs of these properties share, and what it was when everything stood still. */
interface World {
  readonly space: Space
  readonly gate: TRef.TRef<number>
  readonly seats: TMap.TMap<Kind, number>
  readonly queue: TQueue.TQueue<number>
}

interface Seen {
  readonly stored: Readonly<Record<Kind, number>>
  readonly gate: number
  readonly seats: Readonly<Record<Kind, boolean>>
  readonly queued: number
}

/** A step that may have to wait, and the model of it: what it leaves of a world, or nothing if it has to wait there. */
interface Part {
  readonly name: string
  readonly step: Step
  readonly model: (seen: Seen) => Seen | undefined
}

const storing = (seen: Seen, kind: Kind, by: number): Seen => ({
  ...seen,
  stored: { ...seen.stored, [kind]: seen.stored[kind] + by }
})

const part = (sim: Simulation, { gate, queue, seats, space }: World): Part => {
  const { random } = sim
  const kind = random.pick(kinds)
  const n = random.between(1, 3)
  const when = (name: string, condition: STM.STM<boolean, never, any>, holds: (seen: Seen) => boolean): Part => ({
    name,
    step: Transaction.check(condition) as Step,
    model: (seen) => holds(seen) ? seen : undefined
  })
  switch (random.below(10)) {
    case 0: {
      const wanted = random.pick(taken)
      return {
        name: `in ${wanted}`,
        step: STM.asVoid(Transaction.in(space, item(wanted))),
        model: (seen) => seen.stored[wanted] > 0 ? storing(seen, wanted, -1) : undefined
      }
    }
    case 1:
      return { name: "out c", step: Transaction.out(space, ["c", n]), model: (seen) => storing(seen, "c", 1) }
    case 2:
      return when(
        `fewer than ${n} of ${kind}`,
        STM.map(Transaction.count(space, item(kind)), (count) => count < n),
        (seen) => seen.stored[kind] < n
      )
    case 3:
      return when(
        `no ${kind}`,
        STM.map(Transaction.rdp(space, item(kind)), Option.isNone),
        (seen) => seen.stored[kind] === 0
      )
    case 4:
      return when(
        `at least ${n} of all`,
        STM.map(Transaction.count(space, [P.string, P.rest(P.any)]), (count) => count >= n),
        (seen) => seen.stored.a + seen.stored.b + seen.stored.c >= n
      )
    case 5:
      return when(`the gate is at ${n}`, STM.map(TRef.get(gate), (value) => value >= n), (seen) => seen.gate >= n)
    case 6:
      // What it asks depends on what it has done itself.
      return {
        name: `withdraw ${n}`,
        step: STM.zipRight(
          TRef.update(gate, (value) => value - n),
          Transaction.check(STM.map(TRef.get(gate), (value) => value >= 0))
        ),
        model: (seen) => seen.gate >= n ? { ...seen, gate: seen.gate - n } : undefined
      }
    case 7:
      return when(`${kind} has a seat`, TMap.has(seats, kind), (seen) => seen.seats[kind])
    case 8:
      return when(
        `${kind} has a seat if the gate is open`,
        STM.flatMap(TRef.get(gate), (value) => value > 0 ? TMap.has(seats, kind) : STM.succeed(false)),
        (seen) => seen.gate > 0 && seen.seats[kind]
      )
    default:
      return {
        name: "take",
        step: STM.flatMap(Transaction.take(queue), (id) => Transaction.out(space, ["c", id])),
        model: (seen) => seen.queued > 0 ? storing({ ...seen, queued: seen.queued - 1 }, "c", 1) : undefined
      }
  }
}

/** One to three parts, all of them; or two such, the second if the first has to wait. */
const transaction = (sim: Simulation, world: World): Part => {
  const { random } = sim
  const all = (): Part => {
    const parts = random.array(random.between(1, 3), () => part(sim, world))
    return {
      name: parts.map(({ name }) => name).join(", "),
      step: STM.forEach(parts, ({ step }) => step, { discard: true }),
      model: (seen) => parts.reduce<Seen | undefined>((seen, { model }) => seen && model(seen), seen)
    }
  }
  const first = all()
  if (!random.chance(0.3)) {
    return first
  }
  const second = all()
  return {
    name: `${first.name}; or ${second.name}`,
    step: STM.orElse(first.step, () => second.step),
    model: (seen) => first.model(seen) ?? second.model(seen)
  }
}

const look = ({ gate, queue, seats, space }: World) =>
  Effect.gen(function*() {
    const [a, b, c] = yield* Effect.forEach(kinds, (kind) => space.count(item(kind)))
    return {
      stored: { a: a!, b: b!, c: c! },
      gate: yield* TRef.get(gate),
      seats: {
        a: yield* TMap.has(seats, "a"),
        b: yield* TMap.has(seats, "b"),
        c: yield* TMap.has(seats, "c")
      },
      queued: yield* TQueue.size(queue)
    }
  })

/** Something that may make a condition true, or false again. */
const change = (sim: Simulation, { gate, queue, seats, space }: World): Effect.Effect<unknown> => {
  const { random } = sim
  const kind = random.pick(kinds)
  const wanted = random.pick(taken)
  const tuple = [kind, random.below(9)] as const
  return random.pick<Effect.Effect<unknown>>([
    space.out(tuple),
    space.outAll([tuple, tuple]),
    space.out(tuple, { ttl: random.between(1, 3) }),
    space.inp(item(kind)),
    space.collect(item(kind)),
    space.replace(item(kind), () => ["a", 0]),
    Effect.fork(
      space.inWith(item(wanted), () => Effect.zipRight(sim.pause, Effect.fail("put it back")), { timeout: 1 })
    ),
    Effect.flatMap(
      Effect.fork(space.in(item(wanted))),
      (fiber) => Effect.zipRight(sim.pause, Effect.sync(() => fiber.unsafeInterruptAsFork(fiber.id())))
    ),
    Effect.exit(space.transact(STM.zipRight(Transaction.inp(space, item(kind)), STM.fail("no")))),
    TRef.update(gate, (value) => value + random.below(3)),
    TRef.get(gate),
    TMap.set(seats, kind, 1),
    TMap.remove(seats, kind),
    TQueue.offerAll(queue, [1, 2]),
    Effect.sleep(1)
  ])
}

const world = (sim: Simulation) =>
  Effect.gen(function*() {
    const space = yield* sim.space()
    return {
      space,
      gate: yield* TRef.make(0),
      seats: yield* TMap.empty<Kind, number>(),
      queue: yield* TQueue.unbounded<number>()
    }
  })

export const conditions = properties("Conditions", (property) => {
  const transacting = property.needing("transactions")

  transacting(
    "S10 F3 whoever waits for conditions and tuples would wait in the world as it is: no change is missed",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const shared = yield* world(sim)
        const waiters: Array<Part & { readonly fiber: Fiber.RuntimeFiber<void> }> = []
        for (let step = random.between(3, 20); step > 0; step--) {
          const choice = random.next()
          if (choice < 0.4) {
            const each = transaction(sim, shared)
            waiters.push({ ...each, fiber: yield* Effect.fork(shared.space.transact(each.step)) })
          } else if (choice < 0.5 && waiters.length > 0) {
            const { fiber } = random.pick(waiters)
            fiber.unsafeInterruptAsFork(fiber.id())
          } else {
            yield* change(sim, shared)
          }
          yield* sim.pause
        }
        yield* sim.over
        const seen = yield* look(shared)
        const waiting = waiters.filter(({ fiber }) => fiber.unsafePoll() === null)
        expect(waiting.filter(({ model }) => model(seen) !== undefined).map(({ name }) => name), JSON.stringify(seen))
          .toEqual([])
        for (const { fiber, name } of waiters) {
          const exit = fiber.unsafePoll()
          expect(exit !== null && Exit.isFailure(exit) && exit.cause._tag === "Die" && exit.cause.defect, name)
            .toBe(false)
        }
        for (const { fiber } of waiting) {
          fiber.unsafeInterruptAsFork(fiber.id())
        }
        yield* sim.over
        const { held, interests } = yield* shared.space.inspect
        expect({ held, interests }).toEqual({ held: 0, interests: [] })
        expect(yield* look(shared)).toEqual(seen)
      })
  )

  transacting(
    "S10 a condition that comes to hold while the transaction is about to wait wakes it",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const gate = yield* TRef.make(false)
        yield* space.out(["a", 0])
        const condition = random.pick([
          TRef.get(gate),
          STM.map(Transaction.count(space, item("a")), (count) => count === 0),
          STM.map(Transaction.rdp(space, item("b")), Option.isSome)
        ])
        const fibers = yield* Effect.forEach(
          random.array(random.between(1, 4), () => random.chance(0.5)),
          (isFirst) =>
            Effect.fork(space.transact(
              isFirst
                ? STM.zipRight(Transaction.check(condition), Transaction.in(space, ["go"]))
                : STM.zipRight(Transaction.rdp(space, ["go"]), Transaction.check(condition))
            ))
        )
        yield* Effect.fork(Effect.zipRight(sim.pause, TRef.set(gate, true)))
        yield* Effect.fork(Effect.zipRight(sim.pause, space.in(item("a"))))
        yield* Effect.fork(Effect.zipRight(sim.pause, space.out(["b", 1])))
        yield* Effect.fork(Effect.zipRight(sim.pause, space.outAll(fibers.map(() => ["go"] as const))))
        yield* sim.over
        expect(fibers.map((fiber) => fiber.unsafePoll()?._tag)).toEqual(fibers.map(() => "Success"))
      })
  )

  transacting(
    "S10 of transactions whose conditions exclude each other one goes on, and the others hold nothing",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const free = yield* TRef.make(true)
        const limit = random.between(1, 2)
        let runs = 0
        const enter = (id: number) => {
          const room = random.chance(0.5)
            ? STM.zipRight(
              Transaction.check(STM.map(Transaction.count(space, item("a")), (count) => count < limit)),
              Transaction.out(space, ["a", id])
            )
            : STM.zipRight(
              Transaction.out(space, ["a", id]),
              Transaction.check(STM.map(Transaction.count(space, item("a")), (count) => count <= limit))
            )
          return space.transact(
            STM.zipRight(STM.sync(() => runs++), STM.zipRight(Transaction.check(TRef.get(free)), room))
          )
        }
        let inside = 0
        const visit = (id: number) =>
          Effect.gen(function*() {
            yield* enter(id)
            expect(++inside).toBeLessThanOrEqual(limit)
            yield* sim.pause
            inside--
            yield* space.in(["a", id])
          })
        const fibers = yield* Effect.forEach(random.array(random.between(2, 6), (id) => id), (id) =>
          Effect.zipLeft(Effect.fork(visit(id)), sim.pause))
        yield* sim.over
        expect(fibers.map((fiber) =>
          fiber.unsafePoll()?._tag
        )).toEqual(fibers.map(() => "Success"))
        expect(yield* space.count(item("a"))).toBe(0)
        // Each entry and each exit may wake all the others, once.
        expect(runs).toBeLessThanOrEqual(2 * fibers.length * (2 * fibers.length + 1))
      })
  )

  transacting(
    "S8 S10 whoever is interrupted, whenever, has taken from a queue and a space all or nothing",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const queue = yield* TQueue.unbounded<number>()
        const size = random.between(1, 6)
        const pair = STM.flatMap(
          STM.zip(Transaction.take(queue), Transaction.in(space, ["a", P.number])),
          ([left, [, right]]) => Transaction.out(space, ["pair", left, right])
        )
        const fibers = yield* Effect.forEach(random.array(random.between(1, 6), (index) => index), () =>
          Effect.zipLeft(Effect.fork(space.transact(pair)), sim.pause))
        yield* Effect.fork(Effect.forEach(
          random.array(size, (index) =>
            index),
          (index) => Effect.zipRight(sim.pause, TQueue.offer(queue, index))
        ))
        yield* Effect.fork(Effect.forEach(
          random.array(size, (index) => index),
          (index) => Effect.zipRight(sim.pause, space.out(["a", index]))
        ))
        for (const fiber of random.shuffle(fibers).slice(0, random.below(fibers.length + 1))) {
          yield* sim.pause
          fiber.unsafeInterruptAsFork(fiber.id())
        }
        yield* sim.over
        const pairs = yield* space.collect(["pair", P.number, P.number])
        const left = [
          ...pairs.map(([, one]) => one),
          ...yield* TQueue.takeAll(queue)
        ]
        const right = [...pairs, ...yield* space.collect(["a", P.number])].map((tuple) => tuple[tuple.length - 1])
        const ascending = random.array(size, (index) => index)
        expect(left).toEqual(ascending)
        expect(right).toEqual(ascending)
        const waiting = fibers.filter((fiber) => fiber.unsafePoll() === null)
        // Those who are left wait because one of the two is used up.
        expect(waiting.length === 0 || pairs.length === size).toBe(true)
        for (const fiber of waiting) {
          fiber.unsafeInterruptAsFork(fiber.id())
        }
        yield* sim.over
        expect((yield* space.inspect).interests).toEqual([])
      })
  )

  transacting.needing("spaces")(
    "S10 S12 a space that closes interrupts whoever waits for it by a condition, and nobody else",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const scope = yield* Scope.make()
        const closing = yield* Scope.extend(sim.space(), scope)
        const other = yield* sim.space()
        const gate = yield* TRef.make(false)
        const fibers = yield* Effect.forEach(random.array(random.between(1, 4), () => random.below(3)), (which) =>
          Effect.fork(other.transact(
            which === 0
              ? Transaction.check(STM.map(Transaction.count(closing, item("a")), (count) =>
                count > 0))
              : which === 1
              ? STM.zipRight(Transaction.inp(closing, item("a")), Transaction.check(TRef.get(gate)))
              : STM.orElse(Transaction.in(closing, item("a")), () => Transaction.check(TRef.get(gate)))
          )))
        const stays = yield* Effect.fork(other.transact(Transaction.check(TRef.get(gate))))
        yield* sim.pause
        yield* Scope.close(scope, Exit.void)
        yield* sim.over
        expect(fibers.map((fiber) => {
          const exit = fiber.unsafePoll()
          return exit !== null && Exit.isInterrupted(exit)
        })).toEqual(fibers.map(() =>
          true
        ))
        expect(stays.unsafePoll()).toBe(null)
        yield* TRef.set(gate, true)
        yield* sim.over
        expect(stays.unsafePoll()?._tag).toBe("Success")
      })
  )
})
