/**
 * What patterns match (S3): through a space, which has to say what `Pattern.matches` says.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { cases } from "./case.js"
import { assert, fresh, same } from "./kit.js"

/** Which of the tuples a pattern matches, by their indexes. */
const matched = (pattern: ReadonlyArray<unknown>, tuples: ReadonlyArray<ReadonlyArray<unknown>>) =>
  tuples.flatMap((tuple, i) => P.matches(pattern as any)(tuple as any) ? [i] : [])

/** Asks a space of its own. */
const matcher = Effect.map(fresh(), (space) => {
  /** Whether a pattern matches a tuple. */
  const matches = (pattern: ReadonlyArray<unknown>, tuple: ReadonlyArray<unknown>) =>
    Effect.gen(function*() {
      yield* space.out(tuple as any)
      const found = yield* space.count(pattern as any)
      yield* space.collect([P.rest(P.any)])
      same(matched(pattern, [tuple]).length, found, "as P.matches says")
      return found === 1
    })

  /** Fails unless a field of a pattern matches all of the values, or none. */
  const decides = (all: boolean) => (formal: unknown, values: ReadonlyArray<unknown>) =>
    Effect.gen(function*() {
      const tuples = values.map((value, i) => [i, value] as const)
      yield* space.outAll(tuples)
      const found = yield* space.copyCollect([P.number, formal])
      yield* space.collect([P.rest(P.any)])
      same(found.map(([i]) => i), all ? values.map((_, i) => i) : [], Inspectable.toStringUnknown(formal, 0))
      same(matched([P.number, formal], tuples), found.map(([i]) => i), "as P.matches says")
    })

  return { matches, accepts: decides(true), rejects: decides(false) }
})

class Animal {
  constructor(readonly name: string) {}
}
class Dog extends Animal {}
class Cat extends Animal {}

const even = (n: number): boolean => n % 2 === 0
const odd = (n: number): boolean => !even(n)

export const formals = cases("Matching: formals", (test) => {
  const referring = test.needing("references")

  test("S3 P.any matches every value", () =>
    Effect.gen(function*() {
      const { accepts } = yield* matcher
      yield* accepts(P.any, [0, "", null, undefined, NaN, {}, [], 1n, new Date(0)])
    }))

  referring("S3 P.any matches functions, symbols and instances", () =>
    Effect.gen(function*() {
      const { accepts } = yield* matcher
      yield* accepts(P.any, [() => 1, Symbol("x"), new Map()])
    }))

  test("S3 M07 the formals of primitive types match values of their type and no others", () =>
    Effect.gen(function*() {
      const { accepts, rejects, matches } = yield* matcher
      const samples: ReadonlyArray<readonly [unknown, unknown]> = [
        [P.string, "x"],
        [P.number, NaN],
        [P.boolean, false],
        [P.bigint, 0n],
        [P.date, new Date(NaN)]
      ]
      for (const [formal] of [...samples, [P.symbol]]) {
        for (const [owner, value] of samples) {
          yield* (owner === formal ? accepts : rejects)(formal, [value])
        }
        yield* rejects(formal, [null, undefined, {}, []])
      }
      assert.isTrue(yield* matches([P.number, P.number, P.any, P.any], [1, 2, 3, 4]))
    }))

  referring(
    "S3 M07 P.symbol matches symbols, and no other formal of a primitive type does",
    () =>
      Effect.gen(function*() {
        const { accepts, rejects } = yield* matcher
        yield* accepts(P.symbol, [Symbol("s")])
        for (const formal of [P.string, P.number, P.boolean, P.bigint, P.date]) {
          yield* rejects(formal, [Symbol("s")])
        }
      })
  )

  test("S3 P.date does not match numbers and strings that say a date", () =>
    Effect.gen(function*() {
      const { rejects } = yield* matcher
      yield* rejects(P.date, [0, "1970-01-01"])
    }))

  test("S3 M08 P.instanceOf matches instances of the classes that are data, and no plain objects", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      yield* accepts(P.instanceOf(Array), [[1]])
      yield* accepts(P.instanceOf(Date), [new Date(0)])
      yield* rejects(P.instanceOf(Date), [{}, 0, null])
      yield* rejects(P.instanceOf(Dog), [{ name: "d" }, null])
    }))

  referring(
    "S3 M08 M30 P.instanceOf matches instances of the class and of its subclasses, not of siblings",
    () =>
      Effect.gen(function*() {
        const { accepts, rejects } = yield* matcher
        yield* accepts(P.instanceOf(Animal), [new Animal("a"), new Dog("d"), new Cat("c")])
        yield* accepts(P.instanceOf(Dog), [new Dog("d")])
        yield* rejects(P.instanceOf(Dog), [new Animal("a"), new Cat("c"), { name: "d" }, null])
        yield* accepts(P.instanceOf(Error), [new RangeError("r")])
      })
  )

  test("S3 P.when and a bare predicate mean the same", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      yield* accepts(P.when(even), [2, 0])
      yield* rejects(P.when(even), [1])
      yield* accepts(even, [2])
      yield* rejects(even, [1])
      yield* accepts(P.when(Number.isInteger), [1])
      yield* rejects(Number.isInteger, ["1", 1.5])
    }))

  test("S3 M06 predicates in several fields", () =>
    Effect.gen(function*() {
      const { matches } = yield* matcher
      assert.isFalse(yield* matches([even, even, even], [2, 1, 4]))
      assert.isTrue(yield* matches([even, odd, even], [2, 1, 4]))
      assert.isTrue(yield* matches([odd, odd, even], [1, 3, 6]))
      assert.isFalse(yield* matches([even, odd, even], [1, 3, 6]))
    }))

  test("S3 P.schema and a bare schema match the type side", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      const Port = Schema.Number.pipe(Schema.between(1, 65535))
      yield* accepts(P.schema(Port), [1, 80])
      yield* rejects(P.schema(Port), [0, "80"])
      yield* accepts(Schema.NumberFromString, [1])
      yield* rejects(Schema.NumberFromString, ["1"])
      yield* accepts(Schema.Struct({ id: Schema.Number }), [{ id: 1 }])
      yield* rejects(Schema.Struct({ id: Schema.Number }), [{ id: "1" }, null])
    }))

  referring("S3 the schema of a class matches its instances alone", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      class Job extends Schema.Class<Job>("Job")({ id: Schema.Number }) {}
      yield* accepts(Job, [new Job({ id: 1 })])
      yield* rejects(Job, [{ id: 1 }, Job])
    }))

  referring("S3 M20 P.literal takes functions and schemas by identity", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      const other = (n: number): boolean => n % 2 === 0
      yield* accepts(P.literal(even), [even])
      yield* rejects(P.literal(even), [other, 2])
      yield* accepts(P.literal(Schema.String), [Schema.String])
      yield* rejects(P.literal(Schema.String), ["x"])
      yield* accepts(P.literal(String), [String])
      yield* rejects(P.literal(P.any), [1])
    }))

  test("S3 P.oneOf matches what any of its fields matches", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      const formal = P.oneOf("a", 1, P.boolean, { x: P.number })
      yield* accepts(formal, ["a", 1, true, { x: 4 }])
      yield* rejects(formal, ["b", 2, null, { x: "4" }, { x: 4, y: 5 }])
    }))

  test("S3 P.not matches what its field does not", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      yield* accepts(P.not(P.string), [1, null, undefined, {}])
      yield* rejects(P.not(P.string), ["x"])
      yield* accepts(P.not(1), [2, "1"])
      yield* rejects(P.not(P.not(1)), [2])
      yield* accepts(P.not(P.oneOf(1, 2)), [3])
    }))

  test("S3 M10 P.between includes both bounds and matches its own type alone", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      yield* accepts(P.between(1, 10), [1, 5, 10, 1.5])
      yield* rejects(P.between(1, 10), [15, 0, "5", 5n, NaN, null])
      yield* accepts(P.between(1n, 3n), [2n])
      yield* rejects(P.between(1n, 3n), [2, 4n])
      yield* accepts(P.between("b", "d"), ["b", "c", "d"])
      yield* rejects(P.between("b", "d"), ["a", "dd"])
      yield* accepts(P.between(new Date(1), new Date(3)), [new Date(1), new Date(3)])
      yield* rejects(P.between(new Date(1), new Date(3)), [2, new Date(4), new Date(NaN)])
      yield* accepts(P.between(4, 4), [4])
    }))

  test("S3 M09 P.matching searches in strings, and does not match anything else", () =>
    Effect.gen(function*() {
      const { rejects, matches } = yield* matcher
      assert.isTrue(yield* matches([P.matching(/^rinda/i), P.any, "hello"], ["Rinda", 2, "hello"]))
      assert.isFalse(yield* matches([P.matching(/^rinda/i), P.any, "hello"], [1, 2, "hello"]))
      yield* rejects(P.matching(/1/), [1, ["1"], { toString: "1" }])
    }))

  referring("S3 M09 P.matching asks no object for its text", () =>
    Effect.gen(function*() {
      const { rejects } = yield* matcher
      yield* rejects(P.matching(/1/), [{ toString: () => "1" }])
    }))

  test("S3 P.matching has no memory: flags g and y do not make it differ from match to match", () =>
    Effect.gen(function*() {
      const { accepts } = yield* matcher
      for (const expression of [/a/g, /a/y, /a/gy]) {
        const formal = P.matching(expression)
        yield* accepts(formal, ["a", "a", "ba", "a"])
        assert.strictEqual(expression.lastIndex, 0)
      }
    }))

  test("S3 M11 M18 a record demands exactly its keys, P.partial at least these", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      yield* accepts({ message: P.string, name: "E" }, [{ message: "m", name: "E" }])
      yield* rejects({ message: P.string, name: "E" }, [
        { message: "m", name: "E", more: 1 },
        { message: "m" },
        null,
        "m",
        ["m"]
      ])
      yield* accepts(P.partial({ message: P.string }), [{ message: "m", more: 1 }, { message: "" }])
      yield* rejects(P.partial({ message: P.string }), [{ more: 1 }, { message: 1 }, null, undefined, "m"])
      yield* rejects({ a: 1 }, [{ a: 1, b: 2 }])
      yield* accepts(P.partial({}), [{}, { x: 1 }, []])
      yield* rejects(P.partial({}), [null, 1])
    }))

  referring("S3 P.partial matches members that are not enumerable, or inherited", () =>
    Effect.gen(function*() {
      const { accepts } = yield* matcher
      class Point {
        get x() {
          return 1
        }
      }
      yield* accepts(P.partial({ x: P.number }), [new Point()])
      yield* accepts(P.partial({ message: P.string }), [new Error("m")])
    }))

  test("S3 a record with a formal wants a key that is there though its value is undefined", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      yield* accepts({ x: P.any }, [{ x: undefined }])
      yield* rejects({ x: P.any }, [{}])
      yield* rejects({ toString: P.any }, [{}])
    }))

  referring("S3 M11 a record with a formal wants a plain object, P.partial any", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      class Point {
        constructor(readonly x: number) {}
      }
      yield* rejects({ x: P.number }, [new Point(1), new Map([["x", 1]])])
      yield* accepts(P.partial({ x: P.number }), [new Point(1)])
    }))

  referring("S3 symbols are keys of records too", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      const key = Symbol("key")
      yield* accepts({ [key]: P.number }, [{ [key]: 1 }])
      yield* rejects({ [key]: P.number }, [{ [key]: "1" }, {}, { [key]: 1, more: 1 }])
    }))

  test("S3 M17 plain arrays and records nest", () =>
    Effect.gen(function*() {
      const { matches } = yield* matcher
      assert.isTrue(yield* matches([["x", P.any]], [["x", 9]]))
      assert.isFalse(yield* matches([["x", P.any]], [["y", 9]]))
      assert.isFalse(yield* matches([["x", P.any]], [["x", 9, 10]]))
      assert.isFalse(yield* matches([["x", P.any]], ["x9"]))
      assert.isTrue(
        yield* matches(["at", { x: P.number, y: [P.any, { z: 1 }] }], ["at", { x: 1, y: [null, { z: 1 }] }])
      )
      assert.isFalse(
        yield* matches(["at", { x: P.number, y: [P.any, { z: 1 }] }], ["at", { x: 1, y: [null, { z: 2 }] }])
      )
    }))

  test("S3 P.rest matches all remaining fields, of which there may be none", () =>
    Effect.gen(function*() {
      const { matches } = yield* matcher
      const pattern = ["log", P.rest(P.number)]
      assert.isTrue(yield* matches(pattern, ["log"]))
      assert.isTrue(yield* matches(pattern, ["log", 1, 2, 3]))
      assert.isFalse(yield* matches(pattern, ["log", 1, "2"]))
      assert.isFalse(yield* matches(pattern, ["other", 1]))
      assert.isTrue(yield* matches([P.rest(P.any)], [1, "2"]))
      assert.isTrue(yield* matches([["a", P.rest(P.string)]], [["a", "b"]]))
      assert.isTrue(yield* matches([["a", P.rest(P.string)]], [["a"]]))
      assert.isFalse(yield* matches([["a", P.rest(P.string)]], [["a", 1]]))
      assert.isFalse(yield* matches([["a", P.rest(P.string)]], [[]]))
      assert.isTrue(yield* matches([P.rest(P.ref("x"))], [1, 1, 1]))
      assert.isFalse(yield* matches([P.rest(P.ref("x"))], [1, 1, 2]))
    }))

  test("S3 M22 P.ref: equal name, equal value", () =>
    Effect.gen(function*() {
      const { matches } = yield* matcher
      assert.isTrue(yield* matches([P.ref("x"), P.ref("x")], [7, 7]))
      assert.isFalse(yield* matches([P.ref("x"), P.ref("x")], [7, 8]))
      assert.isTrue(yield* matches([P.ref("x"), P.ref("y")], [7, 8]))
      assert.isTrue(yield* matches([P.ref("x", P.number), P.ref("x")], [7, 7]))
      assert.isFalse(yield* matches([P.ref("x", P.number), P.ref("x")], ["7", "7"]))
      assert.isFalse(yield* matches([P.ref("x"), P.ref("x", P.number)], ["7", "7"]))
      assert.isTrue(yield* matches([P.ref("x"), P.ref("x")], [{ a: [1] }, { a: [1] }]))
      assert.isTrue(yield* matches([P.ref("x"), P.ref("x")], [undefined, undefined]))
      assert.isFalse(yield* matches([P.ref("x"), P.ref("x")], [undefined, null]))
    }))

  test("S3 P.ref reaches into nested arrays, records, alternatives and negations", () =>
    Effect.gen(function*() {
      const { matches } = yield* matcher
      assert.isTrue(yield* matches([P.ref("x"), { at: [P.ref("x"), P.any] }], [1, { at: [1, 2] }]))
      assert.isFalse(yield* matches([P.ref("x"), { at: [P.ref("x"), P.any] }], [1, { at: [2, 2] }]))
      assert.isFalse(yield* matches([P.ref("x"), { at: P.ref("x") }], [1, 1]))
      assert.isFalse(yield* matches([P.ref("x"), [P.ref("x")]], [1, 1]))
      assert.isTrue(yield* matches([P.ref("x"), P.partial({ at: P.ref("x") })], [1, { at: 1, more: 0 }]))
      assert.isFalse(yield* matches([P.ref("x"), P.partial({ at: P.ref("x") })], [1, { at: 2 }]))
      assert.isTrue(yield* matches([P.ref("x"), P.not(P.ref("x"))], [1, 2]))
      assert.isFalse(yield* matches([P.ref("x"), P.not(P.ref("x"))], [1, 1]))
      assert.isTrue(yield* matches([P.ref("x"), P.oneOf(P.ref("x"), 9)], [1, 9]))
      assert.isFalse(yield* matches([P.ref("x"), P.oneOf(P.ref("x"), 9)], [1, 8]))
      assert.isTrue(yield* matches([P.oneOf(P.ref("x", P.string), P.ref("y")), P.ref("x")], ["a", "a"]))
      assert.isFalse(yield* matches([P.oneOf(P.ref("x", P.string), P.ref("y")), P.ref("x")], ["a", "b"]))
      assert.isTrue(yield* matches([P.oneOf(P.ref("x", P.string), P.ref("y")), P.ref("x")], [1, "b"]))
      assert.isTrue(yield* matches([P.ref("p", [P.ref("x"), P.ref("x")]), P.ref("p")], [[1, 1], [1, 1]]))
    }))

  test("S3 the bindings of one match are gone at the next", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tuples = [[1, 1], [2, 2], [1, 2], [2, 2]] as const
      yield* space.outAll(tuples)
      const pattern = [P.ref("x"), P.ref("x")] as const
      same(yield* space.copyCollect(pattern), [[1, 1], [2, 2], [2, 2]])
      same(matched(pattern, tuples), [0, 1, 3])
    }))
})

export const literals = cases("Matching: literals", (test) => {
  const referring = test.needing("references")

  test("S3 M01 M02 M03 M04 literals, wildcards and arity", () =>
    Effect.gen(function*() {
      const { matches } = yield* matcher
      const tuple = [1, 2, 3, 4]
      assert.isTrue(yield* matches([1, 2, 3, 4], tuple))
      assert.isFalse(yield* matches([2, 3, 3, 4], tuple))
      assert.isTrue(yield* matches([P.any, P.any, P.any, P.any], tuple))
      assert.isFalse(yield* matches([P.any, P.any, P.any, P.any, P.any], tuple))
      assert.isFalse(yield* matches([P.any, P.any, P.any], tuple))
    }))

  test("S3 M31 M32 each mix of literals and wildcards matches, and none of those that differ in one field", () =>
    Effect.gen(function*() {
      const { matches } = yield* matcher
      const tuple = [1, "b", true, 4n, { e: 5 }]
      for (let mask = 0; mask < 2 ** tuple.length; mask++) {
        const pattern = tuple.map((value, index) => mask & (1 << index) ? value : P.any)
        assert.isTrue(yield* matches(pattern, tuple))
        for (const [index, value] of tuple.entries()) {
          if (mask & (1 << index)) {
            assert.isFalse(yield* matches(pattern, tuple.map((other, i) => i === index ? [value] : other)))
          }
        }
      }
    }))

  test("S3 M12 M14 M29 a literal matches by strict structural equality", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
      yield* rejects(1, ["1", 1n, true])
      yield* accepts(1, [1.0])
      yield* accepts([1, [2]], [[1, [2]]])
      yield* accepts({ b: 2, a: 1 }, [{ a: 1, b: 2 }])
      yield* accepts(new Date(5), [new Date(5)])
      yield* accepts(null, [null])
      yield* rejects(null, [undefined])
      yield* accepts(undefined, [undefined])
    }))

  referring("S3 M29 a literal matches by the Equal of its value", () =>
    Effect.gen(function*() {
      const { accepts } = yield* matcher
      yield* accepts(Option.some(1), [Option.some(1)])
      yield* accepts(Data.struct({ a: 1 }), [Data.struct({ a: 1 })])
      yield* accepts(Data.array([1, 2]), [Data.array([1, 2])])
    }))

  referring("S3 a cyclic value is data, if it is said to be a literal", () =>
    Effect.gen(function*() {
      const { accepts, rejects } = yield* matcher
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
      yield* accepts(P.literal(cyclic()), [cyclic()])
      yield* rejects(P.literal(cyclic()), [[1, [1, 2]]])
      yield* accepts(P.literal(record()), [record()])
    }))

  test("S3 literals behind the thirtieth position, where no index looks, are matched as well", () =>
    Effect.gen(function*() {
      const { matches } = yield* matcher
      const tuple = Array.from({ length: 40 }, (_, i) => i)
      assert.isTrue(yield* matches(tuple, tuple))
      assert.isFalse(yield* matches(tuple, [...tuple.slice(0, 39), 0]))
    }))

  test("S3 M27 a pattern that is used again and again, on two spaces, gives the same answer", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* fresh(), yield* fresh()]
      const pattern = ["a", P.ref("x"), P.ref("x", even)] as const
      const matches = P.matches(pattern)
      for (let i = 0; i < 100; i++) {
        for (const space of [one, other]) {
          yield* space.out(["a", i, i])
          same(yield* space.inp(pattern), even(i) ? Option.some(["a", i, i]) : Option.none())
          assert.strictEqual(matches(["a", i, i]), even(i))
        }
      }
      same(yield* one.collect([P.rest(P.any)]), yield* other.collect([P.rest(P.any)]))
    }))

  test("S16 an ordinary function is a predicate, however it was written", () =>
    Effect.gen(function*() {
      const { accepts } = yield* matcher
      yield* accepts(function(value: unknown) {
        return value === 1
      }, [1])
      yield* accepts({ is: (value: unknown) => value === 1 }.is, [1])
    }))
})
