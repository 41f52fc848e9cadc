import { Pattern as P, Process } from "@effect-linda/core"
import type { Tuple, TupleSpace } from "@effect-linda/core"
import type { Cause, Effect, Option } from "effect"
import { Data, Schema } from "effect"
import { describe, expect, it } from "tstyche"

declare const space: TupleSpace.TupleSpace

class Animal {
  readonly legs: number = 4
}
class Thing extends Schema.Class<Thing>("Thing")({ id: Schema.Number }) {}

describe("Pattern: what each kind of field infers in an untyped space", () => {
  it("literals keep their literal types", () => {
    expect(space.in(["sum", 1, true, null, undefined, 2n])).type.toBe<
      Effect.Effect<readonly ["sum", 1, true, null, undefined, 2n]>
    >()
    const key: string = "x"
    expect(space.in([key, 1])).type.toBe<Effect.Effect<readonly [string, 1]>>()
    const date = new Date(0)
    expect(space.in(["at", date])).type.toBe<Effect.Effect<readonly ["at", Date]>>()
  })

  it("formals of primitive types", () => {
    expect(space.in([P.any, P.string, P.number, P.boolean, P.bigint, P.symbol, P.date])).type.toBe<
      Effect.Effect<readonly [unknown, string, number, boolean, bigint, symbol, Date]>
    >()
  })

  it("classes, schemas, predicates and refinements", () => {
    const isShort = (value: string): value is "a" | "b" => value.length === 1
    const even = (n: number): boolean => n % 2 === 0
    expect(space.in([P.instanceOf(Animal), P.schema(Schema.NumberFromString), Schema.Number, Thing])).type.toBe<
      Effect.Effect<readonly [Animal, number, number, Thing]>
    >()
    expect(space.in([isShort, even, P.when(even)])).type.toBe<Effect.Effect<readonly ["a" | "b", number, number]>>()
    expect(space.in(["x", (n: number) => n > 1])).type.toBe<Effect.Effect<readonly ["x", number]>>()
  })
  it("P.when of a refinement", () => {
    const isShort = (value: string): value is "a" | "b" => value.length === 1
    expect(space.in([P.when(isShort)])).type.toBe<Effect.Effect<readonly ["a" | "b"]>>()
  })

  it("literal, oneOf, not, between, matching", () => {
    expect(space.in([P.literal("x"), P.oneOf("a", 1, P.boolean), P.not(P.string), P.matching(/x/)])).type.toBe<
      Effect.Effect<readonly ["x", "a" | 1 | boolean, unknown, string]>
    >()
    expect(space.in([P.between(1, 2), P.between(1n, 2n), P.between("a", "b"), P.between(new Date(0), new Date(1))]))
      .type
      .toBe<Effect.Effect<readonly [number, bigint, string, Date]>>()
    expect(P.between).type.not.toBeCallableWith(1, "2")
    expect(P.between).type.not.toBeCallableWith({}, {})
  })

  it("nested arrays, records, partial records, variables and rests", () => {
    expect(space.in(["at", { x: P.number, y: [P.any, { z: 1 }] }])).type.toBe<
      Effect.Effect<readonly ["at", { readonly x: number; readonly y: readonly [unknown, { readonly z: 1 }] }]>
    >()
    expect(space.in([P.partial({ x: P.number, y: "y" })])).type.toBe<
      Effect.Effect<readonly [{ readonly x: number; readonly y: "y" }]>
    >()
    expect(space.in([P.ref("x"), P.ref("y", P.number)])).type.toBe<Effect.Effect<readonly [unknown, number]>>()
    expect(space.in(["log", P.rest(P.number)])).type.toBe<Effect.Effect<readonly ["log", ...Array<number>]>>()
    expect(space.in([["a", P.rest(P.string)]])).type.toBe<
      Effect.Effect<readonly [readonly ["a", ...Array<string>]]>
    >()
  })

  it("P.matches is a type guard", () => {
    const test = P.matches(["sum", P.number])
    const tuple = ["sum", 1] as Tuple.Tuple
    if (test(tuple)) {
      expect(tuple).type.toBeAssignableTo<readonly ["sum", number]>()
    }
  })

  it("an array that is no tuple is no pattern", () => {
    const fields: Array<string> = []
    expect(space.in).type.not.toBeCallableWith(fields)
    expect(space.in).type.not.toBeCallableWith([])
    expect(space.in).type.not.toBeCallableWith("x")
    expect(space.out).type.not.toBeCallableWith([])
  })
})

describe("Pattern: refused constructors say which formal to use", () => {
  it("of the types", () => {
    expect<P.Refuse<typeof String>>().type.toBe<"String is no formal: use P.string">()
    expect<P.Refuse<typeof Number>>().type.toBe<"Number is no formal: use P.number">()
    expect<P.Refuse<typeof Boolean>>().type.toBe<"Boolean is no formal: use P.boolean">()
    expect<P.Refuse<typeof BigInt>>().type.toBe<"BigInt is no formal: use P.bigint">()
    expect<P.Refuse<typeof Symbol>>().type.toBe<"Symbol is no formal: use P.symbol">()
    expect<P.Refuse<typeof Date>>().type.toBe<"Date is no formal: use P.date">()
    expect<P.Refuse<typeof Animal>>().type.toBe<"a class is no formal: use P.instanceOf(Class)">()
    expect<P.Refuse<typeof Thing>>().type.toBe<never>()
  })

  it("in a pattern", () => {
    expect(space.in).type.not.toBeCallableWith(["x", String])
    expect(space.rdp).type.not.toBeCallableWith(["x", Number])
    expect(space.count).type.not.toBeCallableWith(["x", Animal])
    expect(space.inAny).type.not.toBeCallableWith([["x", Date]])
    expect(space.in).type.toBeCallableWith(["x", Thing])
    // @ts-expect-error use P.number
    space.in(["x", Number])
  })
})

describe("Process.failure", () => {
  class Overheated extends Data.TaggedError("Overheated")<{ readonly degrees: number }> {}
  class Jammed extends Schema.TaggedError<Jammed>()("Jammed", { at: Schema.Number }) {}

  it("gives the type of the error", () => {
    expect(space.in(Process.failure())).type.toBe<
      Effect.Effect<readonly [error: unknown, trace: string, process: string]>
    >()
    expect(space.in(Process.failure(Overheated))).type.toBe<
      Effect.Effect<readonly [error: Overheated, trace: string, process: string]>
    >()
    expect(space.in(Process.failure(Jammed))).type.toBe<
      Effect.Effect<readonly [error: Jammed, trace: string, process: string]>
    >()
    expect(space.inp(Process.failure(P.string))).type.toBe<
      Effect.Effect<Option.Option<readonly [error: string, trace: string, process: string]>>
    >()
    expect(space.in(Process.failure((n: number) => n > 1))).type.toBe<
      Effect.Effect<readonly [error: number, trace: string, process: string]>
    >()
    expect(space.in(Process.failure(404))).type.toBe<
      Effect.Effect<readonly [error: 404, trace: string, process: string]>
    >()
  })

  it("is a pattern of every space", () => {
    const typed = null! as TupleSpace.TupleSpace<readonly ["sum", number]>
    expect(typed.in(Process.failure(Error), { timeout: 5 })).type.toBe<
      Effect.Effect<readonly [error: Error, trace: string, process: string], Cause.TimeoutException>
    >()
  })
})
