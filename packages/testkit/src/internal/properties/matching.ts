/**
 * Properties: matching.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { expect } from "vitest"
import type { Random } from "../../Random.js"
import { properties } from "./property.js"

const symbols = [Symbol("s"), Symbol("s")]
const functions = [() => 1, () => 1]
class Point extends Data.Class<{ readonly x: number }> {}

/** Few enough values that they often meet their equals, made anew each time so that identity does not help. */
const leaves: ReadonlyArray<() => unknown> = [
  () => 0,
  () => -0,
  () => 1,
  () => NaN,
  () => Infinity,
  () => 2 ** 40,
  () => 1.5,
  () => "",
  () => "1",
  () => "a",
  () => true,
  () => false,
  () => null,
  () => undefined,
  () => 0n,
  () => 1n,
  () => 2n ** 70n,
  () => symbols[0],
  () => symbols[1],
  () => new Date(0),
  () => new Date(1),
  () => new Date(NaN),
  () => new Uint8Array([1, 2]),
  () => new Uint8Array([2, 1]),
  () => new Int8Array([1, 2]),
  () => new Float64Array([NaN]),
  () => new Point({ x: 1 }),
  () => new Point({ x: 2 }),
  () => Data.struct({ x: 1 }),
  () => Data.tuple(1, 2),
  () => Object.assign(Object.create(null), { x: 1 })
]

const value = (random: Random, depth = 2): unknown => {
  if (depth === 0 || random.chance(0.8)) {
    return random.pick(leaves)()
  }
  const member = () => value(random, depth - 1)
  return random.pick<() => unknown>([
    () => random.array(random.below(3), member),
    () => ({ x: member() }),
    () => ({ x: member(), y: member() }),
    () => ({ y: member(), x: member() }),
    () => ({ [symbols[0]!]: member() })
  ])()
}

const formals = [P.any, P.number, P.string, P.not(P.string), P.between(0, 1), P.oneOf(0, "a", [1]), P.instanceOf(Point)]

/** A pattern of literals and formals; sometimes with variables, sometimes open. */
const pattern = (random: Random, arity: number): Tuple => {
  const fields: Array<unknown> = random.array(
    arity,
    () => random.chance(0.6) ? P.literal(value(random)) : random.pick<unknown>([...formals, P.ref("x")])
  )
  if (random.chance(0.1)) {
    fields.push(P.rest(random.pick(formals)))
  }
  return fields as unknown as Tuple
}

const tuple = (random: Random): Tuple => random.array(random.between(1, 3), () => value(random)) as unknown as Tuple

export const matching = properties("Matching", (property) => {
  property.needing("references")(
    "S2 index lookup and linear scan give the same answer, while indexes come and go",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        let model: Array<Tuple> = []
        // Few patterns, used again and again, build indexes; sizes on both sides of the one from which indexes are
        // used.
        const patterns = random.array(6, () => pattern(random, random.between(1, 3)))
        const put = (count: number) => random.array(count, () => tuple(random))
        for (let step = 0; step < 40; step++) {
          const chosen = random.chance(0.8) ? random.pick(patterns) : pattern(random, random.between(1, 3))
          const matches = P.matches(chosen)
          const scanned = model.filter(matches)
          switch (random.below(6)) {
            case 0: {
              const tuples = put(random.pick([1, 1, 5, 20]))
              yield* space.outAll(tuples)
              model.push(...tuples)
              break
            }
            case 1: {
              const found = yield* space.inp(chosen)
              if (found._tag === "Some") {
                expect(same(found.value as Tuple, scanned[0]!)).toBe(true)
                model.splice(model.indexOf(scanned[0]!), 1)
              } else {
                expect(scanned).toEqual([])
              }
              break
            }
            case 2:
              expect(yield* space.count(chosen)).toBe(scanned.length)
              break
            case 3: {
              const found = yield* space.rdp(chosen)
              expect(found._tag === "Some" ? same(found.value as Tuple, scanned[0]!) : scanned.length === 0).toBe(true)
              break
            }
            case 4: {
              const found = yield* space.copyCollect(chosen)
              expect(found.length).toBe(scanned.length)
              expect(found.every((each, index) => same(each as Tuple, scanned[index]!))).toBe(true)
              break
            }
            default:
              if (random.chance(0.2)) {
                const found = yield* space.collect(chosen)
                expect(found.length).toBe(scanned.length)
                model = model.filter((each) => !matches(each))
              }
          }
        }
      })
  )

  /** The space keeps a copy of the array, but the fields themselves. */
  const same = (self: Tuple, that: Tuple): boolean =>
    self.length === that.length && self.every((field, index) => Object.is(field, that[index]))

  property.needing("references")(
    "S2 every waiter is found by its literals: a tuple finds the same waiters as a scan of them would",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const patterns = random.array(random.between(1, 15), () => pattern(random, random.between(1, 3)))
        const readers = yield* Effect.forEach(patterns, (each) => Effect.fork(space.rd(each)))
        yield* sim.still
        const tuples = random.array(random.between(1, 10), () => tuple(random))
        yield* Effect.forEach(tuples, (each) => space.out(each), { discard: true })
        yield* sim.still
        expect(readers.map((fiber) => fiber.unsafePoll() !== null)).toEqual(
          patterns.map((each) => tuples.some(P.matches(each)))
        )
      })
  )

  property.needing("references")(
    "S2 a table of equals: what is equal is found under any of its equals, and nothing else is",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const values = [...leaves.map((make) => make()), ...functions]
        // Enough that the index is used, each once.
        yield* space.outAll(values.map((each, index) => [each, index] as const))
        for (const [index, make] of [...leaves, ...functions.map((each) => () => each)].entries()) {
          const found = (yield* space.copyCollect([P.literal(make()), P.number])).map(([, id]) => id)
          const expected = values.flatMap((each, id) => id === index || equalByS2(each, make()) ? [id] : [])
          expect([index, found]).toEqual([index, expected])
        }
      })
  )

  /** Only as much of S2 as the table above needs, said another way. */
  const equalByS2 = (self: unknown, that: unknown): boolean =>
    self === that || Equal.isEqual(self) && Equal.equals(self, that)
})
