import { Pattern as P, Process, SpaceError } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Entry } from "../src/internal/memory/entry.js"
import { compile } from "../src/internal/pattern/pattern.js"
import { same } from "./helpers.js"

// What patterns match is in the testkit's suite, which Conformance.test.ts runs: through a space, and by `P.matches`.

/** The message with which a pattern is refused. */
const refusal = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    assert.instanceOf(error, SpaceError.SpaceError)
    assert.strictEqual(error.reason, "InvalidPattern")
    return error.message
  }
  return assert.fail("it should have been refused")
}

class Dog {}

const even = (n: number): boolean => n % 2 === 0

describe("Pattern: matches", () => {
  it("S1 M26 a pattern keeps the fields it was made of", () => {
    const fields = ["a", P.number]
    const test = P.matches(fields as any)
    fields[0] = "b"
    fields.push("c")
    assert.isTrue(test(["a", 1]))
    assert.isFalse(test(["b", 1]))
  })

  it("S1 M26 a pattern keeps its own copy of nested literals", () => {
    const nested = { list: [1, 2] }
    const test = P.matches(["a", nested])
    nested.list.push(3)
    assert.isTrue(test(["a", { list: [1, 2] }]))
    assert.isFalse(test(["a", { list: [1, 2, 3] }]))
  })

  it("S3 P.matches filters the tuples of an array", () => {
    const tuples = [["sum", 1], ["sum", "x"], ["product", 2]] as const
    const sums = tuples.filter(P.matches(["sum", P.number]))
    same(sums, [["sum", 1]])
  })

  it("S2 tuples are found under the key of the literals that they have", () => {
    const long = "x".repeat(100)
    const entry = new Entry([1, "x", { a: 1 }, long], 0, false)
    for (
      const pattern of [
        [1, P.any, P.any, P.any],
        [P.any, "x", P.any, P.any],
        [P.any, P.any, { a: 1 }, P.any],
        [P.any, P.any, P.any, long],
        [1, P.any, { a: 1 }, P.any],
        [P.any, "x", P.any, long]
      ]
    ) {
      const { key, literals } = compile(pattern)
      assert.strictEqual(entry.keyAt(literals), key)
    }
  })
})

describe("Pattern: what is refused", () => {
  it("S16 constructors are refused with a message that names the formal", () => {
    const cases: ReadonlyArray<readonly [unknown, string, string]> = [
      [String, "String", "P.string"],
      [Number, "Number", "P.number"],
      [Boolean, "Boolean", "P.boolean"],
      [BigInt, "BigInt", "P.bigint"],
      [Symbol, "Symbol", "P.symbol"],
      [Date, "Date", "P.date"],
      [Array, "Array", "P.instanceOf(Array)"],
      [Object, "Object", "P.any"],
      [Function, "Function", "P.instanceOf(Function)"],
      [Dog, "Dog", "P.instanceOf(Dog)"],
      [Map, "Map", "P.instanceOf(Map)"]
    ]
    for (const [constructor, name, formal] of cases) {
      assert.strictEqual(
        refusal(() => P.matches(["a", constructor] as any)),
        `field 1 is the constructor ${name}, which describes nothing here: use ${formal}, ` +
          `or P.literal(${name}) for the constructor itself`
      )
    }
  })

  it("S16 the message says where the constructor stands", () => {
    assert.match(
      refusal(() => P.matches(["a", { b: [1, Number] }] as any)),
      /^field 1\.b\[1\] is the constructor Number/
    )
    assert.match(refusal(() => P.oneOf(1, Number)), /^alternative 1 of P\.oneOf is the constructor Number/)
    assert.match(refusal(() => P.not(Number)), /^the field of P\.not is the constructor Number/)
    assert.match(refusal(() => P.ref("x", Number)), /^the formal of P\.ref\("x"\) is the constructor Number/)
    assert.match(refusal(() => P.rest(Number)), /^the formal of P\.rest is the constructor Number/)
    assert.match(refusal(() => P.partial({ a: Number })), /^P\.partial\.a is the constructor Number/)
    assert.match(refusal(() => Process.failure([Number])), /^the error of Process\.failure\[0\] is the constructor/)
  })

  it("S16 what is no pattern is refused", () => {
    for (
      const [input, shown] of [
        [[], "[]"],
        ["x", "\"x\""],
        [1n, "1n"],
        [null, "null"],
        [undefined, "undefined"],
        [{ a: 1, b: [], c: {} }, "{ a: 1, b: [...], c: {...} }"],
        [() => 1, "a function"],
        [even, "function even"],
        [new Date(5), "Date(5)"],
        [new Map(), "Map"],
        ["y".repeat(80), `"${"y".repeat(56)}..."`]
      ] as ReadonlyArray<readonly [unknown, string]>
    ) {
      assert.strictEqual(
        refusal(() => P.matches(input as any)),
        `a pattern is a non-empty array of fields, not ${shown}`
      )
    }
  })

  it("S16 formals refuse arguments that mean nothing", () => {
    assert.match(refusal(() => P.instanceOf(1 as any)), /P\.instanceOf takes a class, not 1/)
    assert.match(refusal(() => P.when([1, [2]] as any)), /P\.when takes a predicate, not \[1, \[\.\.\.\]\]/)
    assert.match(refusal(() => P.matching("x" as any)), /P\.matching takes a regular expression, not "x"/)
    assert.match(refusal(() => P.partial([1, 2, 3, 4, 5] as any)), /P\.partial takes a record.*an array of 5/)
    assert.match(refusal(() => P.partial(null as any)), /P\.partial takes a record.*null/)
    assert.match(refusal(() => P.ref("")), /P\.ref takes a non-empty name, not ""/)
    assert.match(refusal(() => P.ref(1 as any)), /P\.ref takes a non-empty name, not 1/)
    assert.match(refusal(() => P.between(2, 1)), /P\.between\(2, 1\) is empty/)
    assert.match(refusal(() => P.between(NaN, 1)), /P\.between\(NaN, 1\) is empty/)
    assert.match(refusal(() => P.between(new Date(NaN), new Date(1))), /is empty/)
    assert.match(refusal(() => P.between(new Date(1), 1 as any)), /takes two numbers, bigints, strings or dates/)
    assert.match(refusal(() => P.matches([P.rest(P.any), 1])), /^field 0: P\.rest can only be the last field/)
    assert.match(refusal(() => P.matches([[P.rest(P.any), 1]])), /^field 0\[0\]: P\.rest can only be the last field/)
  })

  it("S16 P.rest is refused where it is not a field of an array", () => {
    refusal(() => P.oneOf(P.rest(P.any)))
    refusal(() => P.not(P.rest(P.any)))
    refusal(() => P.ref("x", P.rest(P.any)))
    refusal(() => P.partial({ x: P.rest(P.any) }))
    refusal(() => P.matches([{ x: P.rest(P.any) }]))
  })

  it("S16 formals refuse arguments of a type that the compiler refuses", () => {
    refusal(() => P.schema("x" as any))
    refusal(() => P.between(1, "5" as any))
    refusal(() => P.between({} as any, {} as any))
  })
})

describe("Pattern: as text", () => {
  it("V08 a formal prints as it was written", () => {
    class Thing {}
    const cases: ReadonlyArray<readonly [unknown, string]> = [
      [P.any, "any"],
      [P.string, "string"],
      [P.date, "date"],
      [P.literal(null), "null"],
      [P.instanceOf(Thing), "instanceOf(Thing)"],
      [P.schema(Schema.String), "schema(string)"],
      [P.when(even), "when(even)"],
      [P.when((n: number) => n > 1), "when"],
      [P.oneOf(1, P.string), "oneOf(1, string)"],
      [P.oneOf(1, P.ref("x")), "oneOf(1, ref(x))"],
      [P.not(P.string), "not(string)"],
      [P.not(P.ref("x")), "not(ref(x))"],
      [P.between(1, 2), "between(1, 2)"],
      [P.matching(/x/g), "matching(/x/g)"],
      [P.partial({ a: 1 }), "partial({ a: 1 })"],
      [P.partial({ a: P.ref("x") }), "partial({ a: ref(x) })"],
      [P.ref("x"), "ref(x)"],
      [P.ref("x", P.number), "ref(x: number)"],
      [P.ref("x", [1, P.ref("y"), { z: P.any }]), "ref(x: [1, ref(y), { z: any }])"],
      [P.not([1, P.any]), "not([1, any])"],
      [P.rest(P.any), "...any"]
    ]
    for (const [formal, text] of cases) {
      assert.strictEqual(String(formal), text)
    }
    assert.strictEqual(String(Process.failure(Thing)), "failure(instanceOf(Thing), any, any)")
  })
})
