import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { isDeepStrictEqual } from "node:util"
import { Decoder, Malformed } from "../src/internal/clone/decoder.js"
import { Encoder, Uncarried } from "../src/internal/clone/encoder.js"

const large = 64 * 1024 * 1024
const encoder = new Encoder()
const decoder = new Decoder()
const encode = (value: unknown, limit = large) => encoder.encode(value, limit)
const roundTrip = (value: unknown) => decoder.decode(encode(value))

/** What structured clone makes of a value: with its class, its holes, its order, and what is the same within it. */
const isAsCloned = (value: unknown): boolean => {
  const [one, other] = [roundTrip(value), structuredClone(value)]
  return isDeepStrictEqual(one, other) && Object.getPrototypeOf(Object(one)) === Object.getPrototypeOf(Object(other))
}

const primitive = fc.oneof(
  fc.constantFrom(undefined, null, true, false, NaN, -0, 0, Infinity, -Infinity, Number.MAX_SAFE_INTEGER, 5e-324),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 2000n), max: 2n ** 2000n }),
  fc.string({ unit: "binary" }),
  fc.string({ maxLength: 300 }),
  // halves of pairs too
  fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units))
)

const leaf = fc.oneof(
  { weight: 4, arbitrary: primitive },
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.float64Array(),
  fc.float32Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map(({ buffer }) => buffer),
  fc.uint8Array().map(({ buffer }) => new DataView(buffer)),
  fc.constantFrom(/a+/giu, /[/]\n/, Object(1), Object("s"), Object(false), Object(1n)),
  fc.tuple(fc.string(), fc.constantFrom(Error, RangeError, TypeError, SyntaxError)).map(([message, Kind]) =>
    new Kind(message)
  )
)

const data = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 20 }),
    fc.sparseArray(tie("value"), { maxLength: 20 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__"), fc.constant("constructor")), tie("value"), {
      maxKeys: 20
    }),
    fc.array(fc.tuple(tie("value"), tie("value"))).map((entries) => new Map(entries)),
    fc.array(tie("value")).map((members) => new Set(members))
  )
})).value

describe("Clone: values in frames", () => {
  it("what structured clone carries crosses, as it does there", () =>
    fc.assert(fc.property(data, (value) => isAsCloned(value)), { numRuns: 300 }))

  it("lengths at which heads change", () => {
    for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 257, 65535, 65536, 65537]) {
      for (
        const value of [
          "a".repeat(length),
          "é".repeat(length),
          "\ud800".repeat(length),
          Array.from({ length }, (_, index) => index),
          Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, index])),
          new Uint8Array(length).fill(7),
          new Float64Array(length).fill(-0),
          new Set(Array.from({ length }, (_, index) => index)),
          2n ** BigInt(length)
        ]
      ) {
        assert.isTrue(isAsCloned(value), `${Object.prototype.toString.call(value)} of ${length}`)
      }
    }
    for (let bits = 0; bits <= 64; bits++) {
      for (const value of [2 ** bits, 2 ** bits - 1, -(2 ** bits), -(2 ** bits) - 1]) {
        assert.isTrue(isAsCloned(value), String(value))
      }
    }
  })

  it("what is the same stays the same, and cycles close", () => {
    const shared = [new Date(0)]
    const all: Record<string, unknown> = { shared, again: [shared, shared[0]] }
    all["self"] = all
    const map = new Map<unknown, unknown>([["shared", shared]])
    map.set(map, new Set([map]))
    all["map"] = map
    const error = new Error("e")
    error.cause = [error]
    all["error"] = error
    const back = roundTrip(all) as any
    assert.strictEqual(back.self, back)
    assert.strictEqual(back.again[0], back.shared)
    assert.strictEqual(back.again[1], back.shared[0])
    assert.strictEqual(back.map.get("shared"), back.shared)
    assert.isTrue((back.map.get(back.map) as Set<unknown>).has(back.map))
    assert.strictEqual(back.error.cause[0], back.error)
  })

  it("what structured clone refuses is refused", () => {
    for (const value of [() => 1, Symbol("s"), new WeakMap(), Promise.resolve(), new SharedArrayBuffer(1)]) {
      assert.throws(() => encode([value]), Uncarried, /is no data/)
    }
    assert.throws(() => encode(new Uint8Array(new SharedArrayBuffer(1))), Uncarried, /threads share/)
  })

  it("what is too large is refused before it takes memory", () => {
    assert.throws(() => encode("a".repeat(1001), 1000), Uncarried, /more than 1000 bytes/)
    assert.throws(() => encode(new Array(1_000_000_000), 1000), Uncarried, /more than 1000 bytes/)
    assert.strictEqual(encode("a".repeat(997), 1000).length, 1000)
    let deep: unknown = 1
    for (let depth = 0; depth < 2000; depth++) deep = [deep]
    assert.throws(() => encode(deep), Uncarried, /deeper/)
    // and a refusal leaves nothing behind
    assert.isTrue(isAsCloned({ a: [1] }))
  })

  it("of what is no frame nothing is believed, and nothing is thrown but what says so", () => {
    const bad = [
      [],
      [0xc1],
      [0xdd, 0xff, 0xff, 0xff, 0xff],
      [0xdf, 0xff, 0xff, 0xff, 0xff],
      [0xdb, 0xff, 0xff, 0xff, 0xff],
      [0xc6, 0xff, 0xff, 0xff, 0xff],
      [0xc9, 0xff, 0xff, 0xff, 0xff, 3],
      [0xd4, 99, 0],
      [0xd4, 6, 200],
      [0xd6, 8, 0, 0, 0, 1],
      [0xa2, 0xc3, 0x28],
      [0x81, 1, 1],
      [1, 2],
      Array.from({ length: 5000 }, () => 0x91)
    ]
    for (const bytes of bad) {
      assert.throws(() => decoder.decode(Uint8Array.from(bytes)), Malformed)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decoder.decode(bytes)
          return true
        } catch (error) {
          return error instanceof Malformed
        }
      }),
      { numRuns: 2000 }
    )
    fc.assert(
      fc.property(data, fc.nat(), fc.nat(255), (value, place, byte) => {
        const bytes = encode(value)
        bytes[place % bytes.length] = byte
        try {
          decoder.decode(bytes)
          return true
        } catch (error) {
          return error instanceof Malformed
        }
      }),
      { numRuns: 300 }
    )
  })
})
