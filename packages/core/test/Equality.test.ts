import { assert, describe, it } from "@effect/vitest"
import { Chunk, Data, Duration, Either, HashMap, Option } from "effect"
import { equals, hash } from "../src/internal/equality.js"

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

const equal: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ["the same string", "a", "a"],
  ["NaN", NaN, NaN],
  ["zeros of both signs", 0, -0],
  ["1 and 1.0", 1, 1.0],
  ["bigints", 10n ** 30n, 10n ** 30n],
  ["undefined", undefined, undefined],
  ["null", null, null],
  ["a symbol", symbol, symbol],
  ["registered symbols", Symbol.for("x"), Symbol.for("x")],
  ["a function", f, f],
  ["dates of one time", new Date(5), new Date(5)],
  ["invalid dates", new Date(NaN), new Date(NaN)],
  ["arrays", [1, "2", [3]], [1, "2", [3]]],
  ["empty arrays", [], []],
  ["a hole and undefined", [, 1], [undefined, 1]], // eslint-disable-line no-sparse-arrays
  ["frozen and not frozen", Object.freeze([1]), [1]],
  ["objects", { a: 1, b: { c: [2] } }, { a: 1, b: { c: [2] } }],
  ["objects with their keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["symbol keys", { [symbol]: 1 }, { [symbol]: 1 }],
  ["an own key named __proto__", JSON.parse("{\"__proto__\":1}"), JSON.parse("{\"__proto__\":1}")],
  ["deep NaN", { a: [NaN] }, { a: [NaN] }],
  ["Options", Option.some(1), Option.some(1)],
  ["Eithers", Either.right("x"), Either.right("x")],
  ["Data", Data.struct({ a: 1 }), Data.struct({ a: 1 })],
  ["Data arrays", Data.array([1, 2]), Data.array([1, 2])],
  ["Data classes", new Money({ amount: 1 }), new Money({ amount: 1 })],
  ["Equal inside plain", { a: [Option.some(1)] }, { a: [Option.some(1)] }],
  ["Chunks", Chunk.make(1, 2), Chunk.make(1, 2)],
  ["HashMaps", HashMap.make([1, 2], [3, 4]), HashMap.make([3, 4], [1, 2])],
  ["Durations", Duration.seconds(1), Duration.millis(1000)],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["bytes of different buffers", new Uint8Array([0, 1, 2]).subarray(1), new Uint8Array([1, 2])],
  ["floats", new Float64Array([1.5]), new Float64Array([1.5])],
  ["data views", new DataView(new ArrayBuffer(4)), new DataView(new ArrayBuffer(4))],
  ["an instance", point, point],
  ["a regular expression", regexp, regexp],
  ["a Map", map, map],
  ["cycles", cycle(1), cycle(1)],
  ["cycles that unfold to the same tree", cycle(2), cycle(3)],
  ["long cycles", cycle(150), cycle(150)],
  ["knots", knot("a"), knot("a")]
]

const different: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ["number and string", 1, "1"],
  ["number and boolean", 1, true],
  ["number and bigint", 1, 1n],
  ["string and bigint", "1", 1n],
  ["null and undefined", null, undefined],
  ["zero and false", 0, false],
  ["empty string and zero", "", 0],
  ["NaN and undefined", NaN, undefined],
  ["symbols of one description", Symbol("x"), Symbol("x")],
  ["functions of one text", () => 1, () => 1],
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
  ["bytes", new Uint8Array([1]), new Uint8Array([2])],
  ["bytes of other lengths", new Uint8Array([1]), new Uint8Array([1, 0])],
  ["the same bytes as other types", new Uint8Array([1, 0]), new Uint16Array([1])],
  ["signed and unsigned bytes", new Uint8Array([1]), new Int8Array([1])],
  ["bytes and array", new Uint8Array([1]), [1]],
  ["cycles", cycle(2, 1), cycle(2, 2)],
  ["cycle and finite", cycle(1), [0, [0, 1]]],
  ["knots", knot("a"), knot("b")],
  ["deep", { a: { b: { c: { d: 1 } } } }, { a: { b: { c: { d: 2 } } } }]
]

describe("Equality", () => {
  for (const [name, self, that] of equal) {
    it(`S2 M16 M29 equal: ${name}`, () => {
      assert.isTrue(equals(self, that))
      assert.isTrue(equals(that, self), "symmetric")
      assert.isTrue(equals(self, self) && equals(that, that), "reflexive")
      assert.strictEqual(hash(self), hash(that), "equal values have equal hashes")
      assert.isTrue(equals([self], [that]) && equals({ a: self }, { a: that }), "nested")
      assert.strictEqual(hash([{ a: self }]), hash([{ a: that }]), "nested, equal hashes")
    })
  }

  for (const [name, self, that] of different) {
    it(`S2 M12 not equal: ${name}`, () => {
      assert.isFalse(equals(self, that))
      assert.isFalse(equals(that, self), "symmetric")
      assert.isTrue(equals(self, self) && equals(that, that), "reflexive")
      assert.isFalse(equals([self], [that]) || equals({ a: self }, { a: that }), "nested")
    })
  }

  it("S2 among all values of the tables, equality is symmetric and agrees with the hash", () => {
    const values = [...equal, ...different].flatMap(([, self, that]) => [self, that])
    for (const self of values) {
      for (const that of values) {
        const same = equals(self, that)
        assert.strictEqual(same, equals(that, self))
        if (same) {
          assert.strictEqual(hash(self), hash(that))
        }
      }
    }
  })

  it("S2 a hash is a 32-bit integer, and tells common values apart", () => {
    const hashes = new Set<number>()
    for (let i = 0; i < 10_000; i++) {
      for (const value of [i, i + 0.5, `${i}`, `key-${i}`, BigInt(i) * 10n ** 12n]) {
        const code = hash(value)
        assert.strictEqual(code | 0, code)
        hashes.add(code)
      }
    }
    assert.isAbove(hashes.size, 49_000)
  })

  it("S2 S3 values that share their parts are compared in time linear in their size", () => {
    const shared = (): unknown => {
      let value: unknown = [1]
      for (let i = 0; i < 40; i++) {
        value = [value, value]
      }
      return value
    }
    assert.isTrue(equals(shared(), shared()))
    const twice: Array<unknown> = []
    twice.push(twice, twice)
    const again: Array<unknown> = []
    again.push(again, again)
    assert.isTrue(equals(twice, again))
  })
})
