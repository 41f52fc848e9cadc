/**
 * What is equal (S2): as a space finds it, among few tuples and among many, and as a waiter is served.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { cases, type Test } from "./case.js"
import { assert, empty, fresh, same, type Space, start } from "./kit.js"
import { ballast } from "./operations.js"

type Pairs = ReadonlyArray<readonly [name: string, self: unknown, that: unknown]>

const f = () => 1
const symbol = Symbol("s")
const regexp = /x/
const map = new Map([[1, 2]])
class Point {
  constructor(readonly x: number) {}
}
const point = new Point(1)
class Money extends Data.Class<{ readonly amount: number }> {}

const cycle = (length: number, end: unknown = 0): ReadonlyArray<unknown> => {
  const first: Array<unknown> = [end]
  let list = first
  for (let i = 1; i < length; i++) {
    list = [end, list]
  }
  first.push(list)
  return list
}

const knot = (name: string): Record<string, unknown> => {
  const object: Record<string, unknown> = { name }
  object["self"] = object
  return object
}

/** Equal data. */
const equal: Pairs = [
  ["the same string", "a", "a"],
  ["NaN", NaN, NaN],
  ["zeros of both signs", 0, -0],
  ["1 and 1.0", 1, 1.0],
  ["bigints", 10n ** 30n, 10n ** 30n],
  ["undefined", undefined, undefined],
  ["null", null, null],
  ["dates of one time", new Date(5), new Date(5)],
  ["invalid dates", new Date(NaN), new Date(NaN)],
  ["arrays", [1, "2", [3]], [1, "2", [3]]],
  ["empty arrays", [], []],
  ["a hole and undefined", [, 1], [undefined, 1]], // eslint-disable-line no-sparse-arrays
  ["frozen and not frozen", Object.freeze([1]), [1]],
  ["objects", { a: 1, b: { c: [2] } }, { a: 1, b: { c: [2] } }],
  ["objects with their keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["an own key named __proto__", JSON.parse("{\"__proto__\":1}"), JSON.parse("{\"__proto__\":1}")],
  ["deep NaN", { a: [NaN] }, { a: [NaN] }],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["bytes of different buffers", new Uint8Array([0, 1, 2]).subarray(1), new Uint8Array([1, 2])],
  ["floats", new Float64Array([1.5]), new Float64Array([1.5])],
  ["data views", new DataView(new ArrayBuffer(4)), new DataView(new ArrayBuffer(4))]
]

/** Equal values that are not plain data. */
const equalReferences: Pairs = [
  ["a symbol", symbol, symbol],
  ["registered symbols", Symbol.for("x"), Symbol.for("x")],
  ["a function", f, f],
  ["symbol keys", { [symbol]: 1 }, { [symbol]: 1 }],
  ["Options", Option.some(1), Option.some(1)],
  ["Eithers", Either.right("x"), Either.right("x")],
  ["Data", Data.struct({ a: 1 }), Data.struct({ a: 1 })],
  ["Data arrays", Data.array([1, 2]), Data.array([1, 2])],
  ["Data classes", new Money({ amount: 1 }), new Money({ amount: 1 })],
  ["Equal inside plain", { a: [Option.some(1)] }, { a: [Option.some(1)] }],
  ["Chunks", Chunk.make(1, 2), Chunk.make(1, 2)],
  ["HashMaps", HashMap.make([1, 2], [3, 4]), HashMap.make([3, 4], [1, 2])],
  ["Durations", Duration.seconds(1), Duration.millis(1000)],
  ["an instance", point, point],
  ["a regular expression", regexp, regexp],
  ["a Map", map, map],
  ["cycles", cycle(1), cycle(1)],
  ["cycles that unfold to the same tree", cycle(2), cycle(3)],
  ["long cycles", cycle(150), cycle(150)],
  ["knots", knot("a"), knot("a")]
]

/** Different data. */
const different: Pairs = [
  ["number and string", 1, "1"],
  ["number and boolean", 1, true],
  ["number and bigint", 1, 1n],
  ["string and bigint", "1", 1n],
  ["null and undefined", null, undefined],
  ["zero and false", 0, false],
  ["empty string and zero", "", 0],
  ["NaN and undefined", NaN, undefined],
  ["dates", new Date(5), new Date(6)],
  ["date and number", new Date(5), 5],
  ["date and invalid date", new Date(5), new Date(NaN)],
  ["date and object", new Date(5), {}],
  ["arrays of different lengths", [1], [1, 2]],
  ["arrays of different members", [1, 2], [1, 3]],
  ["array and object", [], {}],
  ["array and array-like", ["a"], { 0: "a", length: 1 }],
  ["null and object", null, {}],
  ["an extra key", { a: 1 }, { a: 1, b: 2 }],
  ["other keys", { a: 1 }, { b: 1 }],
  ["a missing and an undefined key", { a: undefined }, { b: undefined }],
  ["bytes", new Uint8Array([1]), new Uint8Array([2])],
  ["bytes of other lengths", new Uint8Array([1]), new Uint8Array([1, 0])],
  ["the same bytes as other types", new Uint8Array([1, 0]), new Uint16Array([1])],
  ["signed and unsigned bytes", new Uint8Array([1]), new Int8Array([1])],
  ["bytes and array", new Uint8Array([1]), [1]],
  ["deep", { a: { b: { c: { d: 1 } } } }, { a: { b: { c: { d: 2 } } } }]
]

/** Different values, of which one is not plain data. */
const differentReferences: Pairs = [
  ["symbols of one description", Symbol("x"), Symbol("x")],
  ["functions of one text", () => 1, () => 1],
  ["an inherited key", { toString: Object.prototype.toString }, { other: 1 }],
  ["different symbol keys", { [Symbol("a")]: 1 }, { [Symbol("a")]: 1 }],
  ["instances by reference", new Point(1), new Point(1)],
  ["instance and plain", new Point(1), { x: 1 }],
  ["regular expressions by reference", /x/, /x/],
  ["Maps by reference", new Map(), new Map()],
  ["Sets by reference", new Set(), new Set()],
  ["errors by reference", new Error("e"), new Error("e")],
  ["boxed numbers by reference", Object(1), Object(1)],
  ["boxed and bare", Object(1), 1],
  ["ArrayBuffers by reference", new ArrayBuffer(1), new ArrayBuffer(1)],
  ["Options", Option.some(1), Option.none()],
  ["Data and plain", Data.struct({ a: 1 }), { a: 1 }],
  ["Data array and plain", Data.array([1]), [1]],
  ["cycles", cycle(2, 1), cycle(2, 2)],
  ["cycle and finite", cycle(1), [0, [0, 1]]],
  ["knots", knot("a"), knot("b")]
]

/** A value by itself, and inside others. */
const wraps: ReadonlyArray<(value: unknown) => unknown> = [
  (value) => value,
  (value) => [value],
  (value) => ({ a: value }),
  (value) => [{ a: value }]
]

/**
 * Puts both values, and fails unless a literal of each finds so many of them: itself, and the other one if they are
 * equal.
 */
const finds = (space: Space, self: unknown, that: unknown, count: number) =>
  Effect.gen(function*() {
    for (const wrap of wraps) {
      yield* space.outAll([["v", wrap(self)], ["v", wrap(that)]])
      same(yield* space.count(["v", P.literal(wrap(self))]), count, "the first finds")
      same(yield* space.count(["v", P.literal(wrap(that))]), count, "the second finds")
      same((yield* space.collect(["v", P.any])).length, 2)
    }
  })

const testEqual = (test: Test, pairs: Pairs) => {
  for (const [name, self, that] of pairs) {
    test(`S2 M16 M29 equal: ${name}`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* finds(space, self, that, 2)
        yield* ballast(space, 2)
        yield* finds(space, self, that, 2)
        const waiter = yield* start(space.in(["w", P.literal(self)]))
        yield* space.out(["w", that])
        assert.strictEqual((yield* Fiber.join(waiter))[0], "w")
      }))
  }
}

const testDifferent = (test: Test, pairs: Pairs) => {
  for (const [name, self, that] of pairs) {
    test(`S2 M12 not equal: ${name}`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* finds(space, self, that, 1)
        yield* ballast(space, 2)
        yield* finds(space, self, that, 1)
        const waiter = yield* start(space.in(["w", P.literal(self)]))
        yield* space.outAll([["w", that], ["w", self]])
        yield* Fiber.join(waiter)
        assert.isTrue(Option.isSome(yield* space.inp(["w", P.literal(that)])), "the waiter has taken its own")
      }))
  }
}

/** Fails unless each of the values is found by the same ones that it finds, among few and among many. */
const symmetric = (pairs: Pairs) =>
  Effect.gen(function*() {
    const values = pairs.flatMap(([, self, that]) => [self, that])
    const indexed = yield* fresh()
    yield* indexed.outAll(values.map((value, i) => ["v", i, value] as const))
    const found: Array<ReadonlyArray<number>> = []
    for (const value of values) {
      found.push((yield* indexed.copyCollect(["v", P.number, P.literal(value)])).map(([, i]) => i))
    }
    for (const [i, js] of found.entries()) {
      assert.include(js, i, "reflexive")
      assert.isTrue(js.every((j) => found[j]!.includes(i)), "symmetric")
    }
    for (const [i, value] of values.entries()) {
      const matches = P.matches(["v", P.number, P.literal(value)])
      same(values.flatMap((other, j) => matches(["v", j, other]) ? [j] : []), found[i], "as P.matches says")
    }
    yield* indexed.collect([P.rest(P.any)])
    yield* empty(indexed)
  })

export const equality = cases("Equality", (test) => {
  const referring = test.needing("references")

  testEqual(test, equal)
  testEqual(referring, equalReferences)
  testDifferent(test, different)
  testDifferent(referring, differentReferences)

  test("S2 among all data of the tables, equality is symmetric, and what is found among many is what matches", () =>
    symmetric([...equal, ...different]))

  referring(
    "S2 among all values of the tables, equality is symmetric, and what is found among many is what matches",
    () => symmetric([...equal, ...equalReferences, ...different, ...differentReferences])
  )
})
