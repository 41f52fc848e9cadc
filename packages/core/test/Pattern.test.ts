import { Pattern as P, Process, SpaceError } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Option, Schema } from "effect"
import { hashAt, show } from "../src/internal/pattern.js"
import { defectOf, fresh, same } from "./helpers.js"

const matches = (pattern: ReadonlyArray<unknown>, tuple: ReadonlyArray<unknown>): boolean =>
  P.matches(pattern as any)(tuple as any)

/** Whether a field of a pattern matches a value. */
const field = (formal: unknown, value: unknown): boolean => matches([formal], [value])

const accepts = (formal: unknown, values: ReadonlyArray<unknown>) => {
  for (const value of values) {
    assert.isTrue(field(formal, value), `${show(formal)} should match ${show(value)}`)
  }
}

const rejects = (formal: unknown, values: ReadonlyArray<unknown>) => {
  for (const value of values) {
    assert.isFalse(field(formal, value), `${show(formal)} should not match ${show(value)}`)
  }
}

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

class Animal {
  constructor(readonly name: string) {}
}
class Dog extends Animal {}
class Cat extends Animal {}

const even = (n: number): boolean => n % 2 === 0
const odd = (n: number): boolean => !even(n)

describe("Pattern: formals", () => {
  it("S3 P.any matches every value", () => {
    accepts(P.any, [0, "", null, undefined, NaN, {}, [], () => 1, Symbol("x"), 1n, new Date(0)])
  })

  it("S3 M07 the formals of primitive types match values of their type and no others", () => {
    const samples: ReadonlyArray<readonly [unknown, unknown]> = [
      [P.string, "x"],
      [P.number, NaN],
      [P.boolean, false],
      [P.bigint, 0n],
      [P.symbol, Symbol("s")],
      [P.date, new Date(NaN)]
    ]
    for (const [formal] of samples) {
      for (const [owner, value] of samples) {
        assert.strictEqual(field(formal, value), owner === formal, `${String(formal)} ${show(value)}`)
      }
      rejects(formal, [null, undefined, {}, []])
    }
    assert.isTrue(matches([P.number, P.number, P.any, P.any], [1, 2, 3, 4]))
  })

  it("S3 P.date does not match numbers and strings that say a date", () => {
    rejects(P.date, [0, "1970-01-01"])
  })

  it("S3 M08 M30 P.instanceOf matches instances of the class and of its subclasses, not of siblings", () => {
    accepts(P.instanceOf(Animal), [new Animal("a"), new Dog("d"), new Cat("c")])
    accepts(P.instanceOf(Dog), [new Dog("d")])
    rejects(P.instanceOf(Dog), [new Animal("a"), new Cat("c"), { name: "d" }, null])
    accepts(P.instanceOf(Error), [new RangeError("r")])
    accepts(P.instanceOf(Array), [[1]])
  })

  it("S3 P.when and a bare predicate mean the same", () => {
    accepts(P.when(even), [2, 0])
    rejects(P.when(even), [1])
    accepts(even, [2])
    rejects(even, [1])
    accepts(P.when(Number.isInteger), [1])
    rejects(Number.isInteger, ["1", 1.5])
  })

  it("S3 M06 predicates in several fields", () => {
    assert.isFalse(matches([even, even, even], [2, 1, 4]))
    assert.isTrue(matches([even, odd, even], [2, 1, 4]))
    assert.isTrue(matches([odd, odd, even], [1, 3, 6]))
    assert.isFalse(matches([even, odd, even], [1, 3, 6]))
  })

  it("S3 P.schema and a bare schema match the type side", () => {
    const Port = Schema.Number.pipe(Schema.between(1, 65535))
    accepts(P.schema(Port), [1, 80])
    rejects(P.schema(Port), [0, "80"])
    accepts(Schema.NumberFromString, [1])
    rejects(Schema.NumberFromString, ["1"])
    class Job extends Schema.Class<Job>("Job")({ id: Schema.Number }) {}
    accepts(Job, [new Job({ id: 1 })])
    rejects(Job, [{ id: 1 }, Job])
    accepts(Schema.Struct({ id: Schema.Number }), [{ id: 1 }])
  })

  it("S3 M20 P.literal takes functions and schemas by identity", () => {
    const other = (n: number): boolean => n % 2 === 0
    accepts(P.literal(even), [even])
    rejects(P.literal(even), [other, 2])
    accepts(P.literal(Schema.String), [Schema.String])
    rejects(P.literal(Schema.String), ["x"])
    accepts(P.literal(String), [String])
    rejects(P.literal(P.any), [1])
  })

  it("S3 P.oneOf matches what any of its fields matches", () => {
    const formal = P.oneOf("a", 1, P.boolean, { x: P.number })
    accepts(formal, ["a", 1, true, { x: 4 }])
    rejects(formal, ["b", 2, null, { x: "4" }, { x: 4, y: 5 }])
  })

  it("S3 P.not matches what its field does not", () => {
    accepts(P.not(P.string), [1, null, undefined, {}])
    rejects(P.not(P.string), ["x"])
    accepts(P.not(1), [2, "1"])
    rejects(P.not(P.not(1)), [2])
    accepts(P.not(P.oneOf(1, 2)), [3])
  })

  it("S3 M10 P.between includes both bounds and matches its own type alone", () => {
    accepts(P.between(1, 10), [1, 5, 10, 1.5])
    rejects(P.between(1, 10), [15, 0, "5", 5n, NaN, null])
    accepts(P.between(1n, 3n), [2n])
    rejects(P.between(1n, 3n), [2, 4n])
    accepts(P.between("b", "d"), ["b", "c", "d"])
    rejects(P.between("b", "d"), ["a", "dd"])
    accepts(P.between(new Date(1), new Date(3)), [new Date(1), new Date(3)])
    rejects(P.between(new Date(1), new Date(3)), [2, new Date(4), new Date(NaN)])
    accepts(P.between(4, 4), [4])
  })

  it("S3 M09 P.matching searches in strings, and does not match anything else", () => {
    assert.isTrue(matches([P.matching(/^rinda/i), P.any, "hello"], ["Rinda", 2, "hello"]))
    assert.isFalse(matches([P.matching(/^rinda/i), P.any, "hello"], [1, 2, "hello"]))
    rejects(P.matching(/1/), [1, { toString: () => "1" }])
  })

  it("S3 P.matching has no memory: flags g and y do not make it differ from match to match", () => {
    for (const expression of [/a/g, /a/y, /a/gy]) {
      const formal = P.matching(expression)
      accepts(formal, ["a", "a", "ba", "a"])
      assert.strictEqual(expression.lastIndex, 0)
    }
  })

  it("S3 M11 M18 a record demands exactly its keys, P.partial at least these", () => {
    accepts({ message: P.string, name: "E" }, [{ message: "m", name: "E" }])
    rejects({ message: P.string, name: "E" }, [
      { message: "m", name: "E", more: 1 },
      { message: "m" },
      null,
      "m",
      ["m"],
      new Map()
    ])
    accepts(P.partial({ message: P.string }), [{ message: "m", more: 1 }, { message: "" }])
    rejects(P.partial({ message: P.string }), [{ more: 1 }, { message: 1 }, null, undefined, "m"])
    rejects({ a: 1 }, [{ a: 1, b: 2 }])
    accepts(P.partial({}), [{}, { x: 1 }, []])
    rejects(P.partial({}), [null, 1])
  })

  it("S3 P.partial matches members that are not enumerable, or inherited", () => {
    class Point {
      get x() {
        return 1
      }
    }
    accepts(P.partial({ x: P.number }), [new Point()])
    accepts(P.partial({ message: P.string }), [new Error("m")])
  })

  it("S3 a record with a formal wants a plain object, and a key that is there though its value is undefined", () => {
    class Point {
      constructor(readonly x: number) {}
    }
    rejects({ x: P.number }, [new Point(1)])
    accepts(P.partial({ x: P.number }), [new Point(1)])
    accepts({ x: P.any }, [{ x: undefined }])
    rejects({ x: P.any }, [{}])
    rejects({ toString: P.any }, [{}])
  })

  it("S3 symbols are keys of records too", () => {
    const key = Symbol("key")
    accepts({ [key]: P.number }, [{ [key]: 1 }])
    rejects({ [key]: P.number }, [{ [key]: "1" }, {}, { [key]: 1, more: 1 }])
  })

  it("S3 M17 plain arrays and records nest", () => {
    assert.isTrue(matches([["x", P.any]], [["x", 9]]))
    assert.isFalse(matches([["x", P.any]], [["y", 9]]))
    assert.isFalse(matches([["x", P.any]], [["x", 9, 10]]))
    assert.isFalse(matches([["x", P.any]], ["x9"]))
    assert.isTrue(matches(["at", { x: P.number, y: [P.any, { z: 1 }] }], ["at", { x: 1, y: [null, { z: 1 }] }]))
    assert.isFalse(matches(["at", { x: P.number, y: [P.any, { z: 1 }] }], ["at", { x: 1, y: [null, { z: 2 }] }]))
  })

  it("S3 P.rest matches all remaining fields, of which there may be none", () => {
    const pattern = ["log", P.rest(P.number)]
    assert.isTrue(matches(pattern, ["log"]))
    assert.isTrue(matches(pattern, ["log", 1, 2, 3]))
    assert.isFalse(matches(pattern, ["log", 1, "2"]))
    assert.isFalse(matches(pattern, ["other", 1]))
    assert.isTrue(matches([P.rest(P.any)], [1, "2"]))
    assert.isTrue(matches([["a", P.rest(P.string)]], [["a", "b"]]))
    assert.isTrue(matches([["a", P.rest(P.string)]], [["a"]]))
    assert.isFalse(matches([["a", P.rest(P.string)]], [["a", 1]]))
    assert.isFalse(matches([["a", P.rest(P.string)]], [[]]))
    assert.isTrue(matches([P.rest(P.ref("x"))], [1, 1, 1]))
    assert.isFalse(matches([P.rest(P.ref("x"))], [1, 1, 2]))
  })

  it("S3 M22 P.ref: equal name, equal value", () => {
    assert.isTrue(matches([P.ref("x"), P.ref("x")], [7, 7]))
    assert.isFalse(matches([P.ref("x"), P.ref("x")], [7, 8]))
    assert.isTrue(matches([P.ref("x"), P.ref("y")], [7, 8]))
    assert.isTrue(matches([P.ref("x", P.number), P.ref("x")], [7, 7]))
    assert.isFalse(matches([P.ref("x", P.number), P.ref("x")], ["7", "7"]))
    assert.isFalse(matches([P.ref("x"), P.ref("x", P.number)], ["7", "7"]))
    assert.isTrue(matches([P.ref("x"), P.ref("x")], [{ a: [1] }, { a: [1] }]))
    assert.isTrue(matches([P.ref("x"), P.ref("x")], [undefined, undefined]))
    assert.isFalse(matches([P.ref("x"), P.ref("x")], [undefined, null]))
  })

  it("S3 P.ref reaches into nested arrays, records, alternatives and negations", () => {
    assert.isTrue(matches([P.ref("x"), { at: [P.ref("x"), P.any] }], [1, { at: [1, 2] }]))
    assert.isFalse(matches([P.ref("x"), { at: [P.ref("x"), P.any] }], [1, { at: [2, 2] }]))
    assert.isFalse(matches([P.ref("x"), { at: P.ref("x") }], [1, 1]))
    assert.isFalse(matches([P.ref("x"), [P.ref("x")]], [1, 1]))
    assert.isTrue(matches([P.ref("x"), P.partial({ at: P.ref("x") })], [1, { at: 1, more: 0 }]))
    assert.isFalse(matches([P.ref("x"), P.partial({ at: P.ref("x") })], [1, { at: 2 }]))
    assert.isTrue(matches([P.ref("x"), P.not(P.ref("x"))], [1, 2]))
    assert.isFalse(matches([P.ref("x"), P.not(P.ref("x"))], [1, 1]))
    assert.isTrue(matches([P.ref("x"), P.oneOf(P.ref("x"), 9)], [1, 9]))
    assert.isFalse(matches([P.ref("x"), P.oneOf(P.ref("x"), 9)], [1, 8]))
    assert.isTrue(matches([P.oneOf(P.ref("x", P.string), P.ref("y")), P.ref("x")], ["a", "a"]))
    assert.isFalse(matches([P.oneOf(P.ref("x", P.string), P.ref("y")), P.ref("x")], ["a", "b"]))
    assert.isTrue(matches([P.oneOf(P.ref("x", P.string), P.ref("y")), P.ref("x")], [1, "b"]))
    assert.isTrue(matches([P.ref("p", [P.ref("x"), P.ref("x")]), P.ref("p")], [[1, 1], [1, 1]]))
  })

  it("S3 the bindings of one match are gone at the next", () => {
    const same = P.matches([P.ref("x"), P.ref("x")])
    assert.isTrue(same([1, 1]))
    assert.isTrue(same([2, 2]))
    assert.isFalse(same([1, 2]))
    assert.isTrue(same([2, 2]))
  })
})

describe("Pattern: literals", () => {
  it("S3 M01 M02 M03 M04 literals, wildcards and arity", () => {
    const tuple = [1, 2, 3, 4]
    assert.isTrue(matches([1, 2, 3, 4], tuple))
    assert.isFalse(matches([2, 3, 3, 4], tuple))
    assert.isTrue(matches([P.any, P.any, P.any, P.any], tuple))
    assert.isFalse(matches([P.any, P.any, P.any, P.any, P.any], tuple))
    assert.isFalse(matches([P.any, P.any, P.any], tuple))
  })

  it("S3 M31 M32 each mix of literals and wildcards matches, and none of those that differ in one field", () => {
    const tuple = [1, "b", true, 4n, { e: 5 }]
    for (let mask = 0; mask < 2 ** tuple.length; mask++) {
      const pattern = tuple.map((value, index) => mask & (1 << index) ? value : P.any)
      assert.isTrue(matches(pattern, tuple))
      tuple.forEach((value, index) => {
        if (mask & (1 << index)) {
          assert.isFalse(matches(pattern, tuple.map((other, i) => i === index ? [value] : other)))
        }
      })
    }
  })

  it("S3 M12 M14 M29 a literal matches by strict structural equality", () => {
    rejects(1, ["1", 1n, true])
    accepts(1, [1.0])
    accepts([1, [2]], [[1, [2]]])
    accepts({ b: 2, a: 1 }, [{ a: 1, b: 2 }])
    accepts(Option.some(1), [Option.some(1)])
    accepts(Data.struct({ a: 1 }), [Data.struct({ a: 1 })])
    accepts(Data.array([1, 2]), [Data.array([1, 2])])
    accepts(new Date(5), [new Date(5)])
    accepts(null, [null])
    rejects(null, [undefined])
    accepts(undefined, [undefined])
  })

  it("S3 S16 a cyclic value is data, and has to be said to be a literal", () => {
    const cyclic = (): Array<unknown> => {
      const array: Array<unknown> = [1]
      array.push(array)
      return array
    }
    const record = (): Record<string, unknown> => {
      const object: Record<string, unknown> = {}
      object["self"] = object
      return object
    }
    accepts(P.literal(cyclic()), [cyclic()])
    rejects(P.literal(cyclic()), [[1, [1, 2]]])
    accepts(P.literal(record()), [record()])
    assert.match(refusal(() => P.matches(["a", cyclic()])), /^field 1(\[1\])+: nested deeper.*cyclic: use P\.literal/)
    assert.match(refusal(() => P.matches(["a", record()])), /^field 1(\.self)+: nested deeper.*cyclic: use P\.literal/)
  })

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

  it("S3 literals behind the thirtieth position, where no index looks, are matched as well", () => {
    const tuple = Array.from({ length: 40 }, (_, i) => i)
    assert.isTrue(matches(tuple, tuple))
    assert.isFalse(matches(tuple, [...tuple.slice(0, 39), 0]))
  })

  it("S3 P.matches filters the tuples of an array", () => {
    const tuples = [["sum", 1], ["sum", "x"], ["product", 2]] as const
    const sums = tuples.filter(P.matches(["sum", P.number]))
    same(sums, [["sum", 1]])
  })

  it("S3 M27 a pattern that is used again and again gives the same answer", () => {
    const test = P.matches(["a", P.ref("x"), P.ref("x", even)])
    for (let i = 0; i < 1000; i++) {
      assert.strictEqual(test(["a", i, i]), even(i))
    }
  })

  it("S2 the hash of a tuple at some positions depends on these alone", () => {
    assert.strictEqual(hashAt([1, "x", { a: 1 }], [0, 2]), hashAt([1, "y", { a: 1 }], [0, 2]))
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

  it("S16 an ordinary function is a predicate, however it was written", () => {
    accepts(function(value: unknown) {
      return value === 1
    }, [1])
    accepts({ is: (value: unknown) => value === 1 }.is, [1])
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

  it.scoped("S16 a pattern that is refused makes an operation that dies, and the space is whole", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["a", 1])
      const error = yield* defectOf(space.in(["a", Number] as never))
      assert.instanceOf(error, SpaceError.SpaceError)
      assert.strictEqual(error.reason, "InvalidPattern")
      assert.match(error.message, /field 1 is the constructor Number.*P\.number/)
      same(yield* space.in(["a", P.number]), ["a", 1])
    }))
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
