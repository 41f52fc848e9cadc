import { Arbitrary } from "@effect-linda/testkit"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Data, Duration, Either, FastCheck as fc, Option, Schema } from "effect"
import { decodeField, encodeField, keyOf } from "../../src/internal/durable/encoding.js"
import * as Equality from "../../src/internal/equality.js"
import { Values } from "../../src/internal/remote/values.js"

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number, at: Schema.Date }) {}

const values = new Values([Point], "store")
const text = (value: unknown) => encodeField(values, value, 0)
const there = (value: unknown) => decodeField(values, text(value), 0)

describe("Encoding", () => {
  it("S2 what comes back is equal, whatever it was", () => {
    const samples = [
      "",
      "a \u0000 \ud800 \"\\ é",
      0,
      -0,
      1.5,
      1e300,
      NaN,
      Infinity,
      -Infinity,
      true,
      null,
      undefined,
      12345678901234567890n,
      new Date(0),
      new Date(NaN),
      [],
      [1, [2, [undefined, null]]],
      {},
      { b: 1, a: { c: [] } },
      { "@d": 1, "@@": 2, __proto__: null, "": 3, 2: 1, 10: 2 },
      JSON.parse("{\"__proto__\": 1}"),
      new Uint8Array([1, 2, 255]),
      new Float64Array([0.5, NaN]),
      Option.some(1),
      Option.none(),
      Either.left("no"),
      Chunk.make(1, 2),
      Duration.seconds(3),
      Data.struct({ a: 1, b: Option.some(2n) }),
      Data.array([1, 2]),
      new Point({ x: 1, at: new Date(5) })
    ]
    for (const sample of samples) {
      assert.isTrue(Equality.equals(there(sample), sample), text(sample))
      assert.strictEqual(text(there(sample)), text(sample))
    }
    assert.deepStrictEqual(there(new Map([[{ a: 1 }, new Set([1n])]])), new Map([[{ a: 1 }, new Set([1n])]]))
    assert.deepStrictEqual(there(/a\/b/gi), /a\/b/gi)
    assert.strictEqual((there(new TypeError("no")) as Error).message, "no")
    assert.instanceOf(there(new TypeError("no")), TypeError)
    assert.instanceOf(there(new Point({ x: 1, at: new Date(5) })), Point)
  })

  it("S2 two fields are equal exactly if their texts are", () => {
    const field = Arbitrary.field()
    fc.assert(
      fc.property(field, field, (one, other) => {
        assert.strictEqual(text(one) === text(other), Equality.equals(one, other))
        assert.isTrue(Equality.equals(there(one), one))
      }),
      { numRuns: 20_000 }
    )
  })

  it("S2 the keys of a record are in order, whatever the order in which they were set", () => {
    assert.strictEqual(text({ b: 1, a: 2, 10: 3, 9: 4 }), text({ 9: 4, a: 2, 10: 3, b: 1 }))
  })

  it("S16 what cannot be stored is refused by name", () => {
    for (
      const [value, message] of [[() => 1, /field 0/], [Symbol("s"), /field 0/], [
        { a: new Blob([]) },
        /field 0.a/
      ]] as const
    ) {
      assert.throws(() => text(value), message)
    }
  })

  it("a key is an integer of 53 bits, and tells positions apart", () => {
    fc.assert(fc.property(fc.string(), (string) => {
      const key = keyOf(0, string)
      assert.isTrue(Number.isSafeInteger(key) && key >= 0)
      assert.notStrictEqual(key, keyOf(1, string))
    }))
  })
})
