/**
 * Properties: joins.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Transaction from "@effect-linda/core/Transaction"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as STM from "effect/STM"
import { expect } from "vitest"
import type { Random } from "../../Random.js"
import { properties } from "./property.js"

type Item = readonly [kind: string, n: number]

/** A pattern, and what it is: whether it matches, given the values of its variables, and which they have then. */
interface Spec<Item, Known> {
  readonly pattern: ReadonlyArray<unknown>
  readonly match: (item: Item, known: Known | undefined) => { readonly known: Known | undefined } | undefined
}

const specOf = (random: Random): Spec<Item, number> => {
  const kind = random.pick(["a", "b"])
  const number = random.below(3)
  const plain = (pattern: ReadonlyArray<unknown>, isMatch: (item: Item) => boolean): Spec<Item, number> => ({
    pattern,
    match: (item, known) => isMatch(item) ? { known } : undefined
  })
  const isLarge = (n: number) => n > 0
  return random.pick<() => Spec<Item, number>>([
    () => plain([kind, P.number], ([other]) => other === kind),
    () => plain([kind, P.number], ([other]) => other === kind),
    () => plain([kind, number], ([other, n]) => other === kind && n === number),
    () => plain([P.string, P.between(0, number)], ([, n]) => n <= number),
    () => plain([P.any, P.any], () => true),
    () => plain([kind, isLarge], ([other, n]) => other === kind && isLarge(n)),
    () => ({
      pattern: [kind, P.ref("n", P.number)],
      match: ([other, own], n) => other === kind && (n === undefined || n === own) ? { known: own } : undefined
    })
  ])()
}

type Fields = readonly [kind: string, n: number, nested: { readonly n: number }]

/** Most are the same: so there are many of one kind and value, and few of others. */
const skewed = (random: Random): number => random.chance(0.8) ? 0 : random.between(1, 3)

const fieldsOf = (random: Random): Fields => [
  random.pick(["a", "a", "a", "a", "b", "c"]),
  skewed(random),
  { n: skewed(random) }
]

/** A pattern with a variable for one of the numbers, or for both. */
const joiningOf = (random: Random): Spec<Fields, ReadonlyMap<string, number>> => {
  const kind = random.pick(["a", "b", "c"])
  const [outer, inner] = random.array(2, () => random.pick(["x", "y", undefined]))
  return {
    pattern: [
      kind,
      outer === undefined ? P.number : P.ref(outer),
      inner === undefined ? P.any : { n: P.ref(inner) }
    ],
    match: ([other, n, nested], known = new Map()) => {
      const own = [[outer, n], [inner, nested.n]] as const
      const bound = new Map(known)
      const agrees = other === kind && own.every(([name, value]) => {
        const agrees = name === undefined || (bound.get(name) ?? value) === value
        return agrees && (name === undefined || bound.set(name, value) !== undefined)
      })
      return agrees ? { known: bound } : undefined
    }
  }
}

interface Stored<Item> {
  readonly place: number
  readonly item: Item
}

/** S11, by trying all. */
const assign = <Item, Known>(
  stored: ReadonlyArray<Stored<Item>>,
  [spec, ...others]: ReadonlyArray<Spec<Item, Known>>,
  known?: Known
): ReadonlyArray<Stored<Item>> | undefined => {
  if (spec === undefined) {
    return []
  }
  for (const each of stored) {
    const matched = spec.match(each.item, known)
    const rest = matched && assign(stored.filter((other) => other !== each), others, matched.known)
    if (rest !== undefined) {
      return [each, ...rest]
    }
  }
  return undefined
}

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

  property(
    "S11 a join with variables takes the oldest for each pattern in the order given, among many and few",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const some = random.array(random.between(2, 3), () => joiningOf(random))
        const specs = random.chance(0.2) ? [...some, some[0]!] : some
        let stored = random.array(random.between(0, 40), (place) => ({ place, item: fieldsOf(random) }))
        yield* space.outAll(stored.map(({ item }) => item))
        for (let round = 0; round < 6; round++) {
          const ordered = random.shuffle(specs)
          const join = yield* Effect.fork(space.inAll(ordered.map(({ pattern }) => pattern) as any))
          yield* sim.still
          // One that waits may be complete with one of those that come.
          for (let more = 8; more > 0 && assign(stored, ordered) === undefined; more--) {
            expect(join.unsafePoll()).toBe(null)
            const item = fieldsOf(random)
            stored = [...stored, { place: stored.length, item }]
            yield* space.out(item)
            yield* sim.still
          }
          const taken = assign(stored, ordered)
          if (taken === undefined) {
            yield* Fiber.interrupt(join)
          } else {
            expect(yield* Fiber.join(join)).toEqual(taken.map(({ item }) => item))
            stored = stored.filter((each) => !taken.includes(each))
          }
          expect(yield* space.copyCollect([P.string, P.number, P.any])).toEqual(stored.map(({ item }) => item))
        }
      })
  )

  property.needing("options", "transactions")(
    "S11 K3 joins that wait are complete at once when they can be, whatever else comes, goes, comes back and is undone",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space(random.chance(0.3) ? { capacity: 100 } : {})
        let stored: ReadonlyArray<Stored<Item>> = []
        let waiting: ReadonlyArray<{ readonly id: number; readonly specs: ReadonlyArray<Spec<Item, number>> }> = []
        let place = 0
        const expected = new Map<number, ReadonlyArray<Item>>()
        const fibers: Array<Fiber.RuntimeFiber<unknown>> = []
        const serve = (id: number, taken: ReadonlyArray<Stored<Item>>) => {
          expected.set(id, taken.map(({ item }) => item))
          stored = stored.filter((each) => !taken.includes(each))
          waiting = waiting.filter((join) => join.id !== id)
        }
        const come = (item: Item, at = place++) => {
          stored = [...stored, { place: at, item }].sort((one, other) => one.place - other.place)
          for (const { id, specs } of waiting) {
            const taken = assign(stored, specs)
            if (taken !== undefined) {
              return serve(id, taken)
            }
          }
        }
        const draw = (): Item => [random.pick(["a", "b"]), random.below(3)]
        const oldest = (kind: string) => stored.find(({ item }) => item[0] === kind)
        for (let step = random.between(4, 30); step > 0; step--) {
          const item = draw()
          const kind = random.pick(["a", "b"])
          switch (random.below(8)) {
            case 0:
            case 1: {
              const some = random.array(random.between(1, 3), () => specOf(random))
              const specs = random.shuffle(some.flatMap((spec) => random.array(random.between(1, 2), () => spec)))
              const id = fibers.length
              fibers.push(yield* Effect.fork(space.inAll(specs.map(({ pattern }) => pattern) as any)))
              yield* sim.still
              const taken = assign(stored, specs)
              waiting = [...waiting, { id, specs }]
              if (taken !== undefined) {
                serve(id, taken)
              }
              break
            }
            case 2: {
              const taken = oldest(kind)
              yield* space.inp([kind, P.number])
              stored = stored.filter((each) => each !== taken)
              break
            }
            case 3: {
              // It comes back when it may have been missed.
              const taken = oldest(kind)
              if (taken !== undefined) {
                yield* Effect.exit(
                  space.inWith([kind, P.number], () => Effect.zipRight(space.out(item), Effect.fail(0)))
                )
                stored = stored.filter((each) => each !== taken)
                come(item)
                come(taken.item, taken.place)
              }
              break
            }
            case 4:
            case 5: {
              const fails = random.chance(0.7)
              const taken = oldest(kind)
              yield* Effect.exit(space.transact(
                STM.zipRight(
                  STM.zipRight(Transaction.inp(space, [kind, P.number]), Transaction.out(space, item)),
                  fails ? STM.fail("no") : STM.void
                )
              ))
              if (!fails) {
                stored = stored.filter((each) => each !== taken)
                come(item)
              }
              break
            }
            case 6: {
              const items = random.array(random.between(1, 4), draw)
              yield* space.outAll(items)
              items.forEach((each) => come(each))
              break
            }
            default:
              yield* space.out(item)
              come(item)
          }
          yield* sim.still
          for (const [id, fiber] of fibers.entries()) {
            const exit = fiber.unsafePoll()
            expect(exit === null ? undefined : Exit.getOrElse(exit, String)).toEqual(expected.get(id))
          }
          expect(yield* space.copyCollect([P.string, P.number])).toEqual(stored.map(({ item }) => item))
        }
      })
  )
})
