/**
 * Values that resist: that are deep, that cannot be read or printed, that are much alike (S1, S2, S3, S13).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as List from "effect/List"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { cases } from "./case.js"
import { assert, empty, fresh, refusalOf, same, start } from "./kit.js"

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** An object whose `n` throws when it is read. */
const throwing = (): object => ({
  get n(): number {
    throw new Error("this cannot be read")
  }
})

const throwingError = (key: string): Error =>
  Object.defineProperty(new Error("e"), key, {
    get: () => {
      throw new Error("this cannot be printed")
    }
  })

const cyclicError = (): Error => {
  const error = new Error("cyclic")
  return Object.assign(error, { cause: error })
}

/** Errors that cannot be printed as they are. */
const unprintable: ReadonlyArray<readonly [name: string, error: () => unknown]> = [
  ["a bigint", () => 5n],
  ["an object with a bigint in it", () => ({ _tag: "NotFound", id: 1n })],
  ["an error whose cause holds a bigint", () => new Error("m", { cause: { id: 1n } })],
  ["an error that is its own cause", cyclicError],
  ["a toJSON that throws", () => ({
    toJSON: () => {
      throw new Error("no")
    }
  })],
  ["a toString that throws and a bigint", () => ({
    id: 1n,
    toString: () => {
      throw new Error("no")
    }
  })],
  ["a message that throws", () => throwingError("message")],
  ["a stack that throws", () => throwingError("stack")],
  ["a name that throws", () => throwingError("name")],
  ["a cause that throws", () => throwingError("cause")],
  ["a symbol as name", () => Object.assign(new Error("m"), { name: Symbol("name") })],
  ["a stack that is no text", () => Object.assign(new Error("m"), { stack: 1 })],
  ["a symbol", () => Symbol("s")],
  ["undefined", () => undefined],
  ["a function", () => () => 1],
  ["an object that cannot be read", throwing],
  ["a proxy that was revoked", revoked],
  ["an object without prototype", () => Object.create(null)]
]

const nested = (depth: number, around: (value: unknown) => unknown): unknown => {
  let value: unknown = 0
  for (let i = 0; i < depth; i++) {
    value = around(value)
  }
  return value
}

const deepest = 30_000

/** Ways to nest. */
const nestings: ReadonlyArray<readonly [name: string, around: (value: any) => unknown]> = [
  ["arrays", (value) => [value]],
  ["objects", (value) => ({ i: 1, next: value })],
  ["Options", Option.some],
  ["Eithers", Either.right],
  ["Lists", (value) => List.make(value)],
  ["Chunks", Chunk.of],
  ["Data", (value) => Data.struct({ value })],
  ["Data arrays", (value) => Data.array([value])]
]

/** Makers of values that differ in a place that is easily overlooked, by number. */
const alike: ReadonlyArray<readonly [name: string, make: (i: number) => unknown]> = [
  ["four levels deep", (i) => ({ a: { b: { c: { d: i } } } })],
  ["eight levels deep", (i) => [[[[[[[[i]]]]]]]]],
  ["behind the 16th member of an array", (i) => [...Array.from({ length: 40 }, () => 0), i]],
  ["in the last of many keys", (i) => ({ ...Object.fromEntries(Array.from({ length: 40 }, (_, k) => [k, 0])), z: i })],
  [
    "in the middle of bytes",
    (i) => Uint8Array.from({ length: 400 }, (_, k) => k === 200 ? i % 256 : k === 201 ? i >> 8 : 0)
  ],
  [
    "texts that share a hash elsewhere",
    (i) => Array.from({ length: 8 }, (_, bit) => i & (1 << bit) ? "Aa" : "BB").join("")
  ],
  ["bigints", (i) => 10n ** 40n + BigInt(i)],
  ["Dates", (i) => new Date(i)],
  ["halves", (i) => i + 0.5]
]

const alikeByReference: ReadonlyArray<readonly [name: string, make: (i: number) => unknown]> = [
  ["symbols of one description", () => Symbol()],
  ["keys that are symbols of one description", () => ({ [Symbol("k")]: 1 })],
  ["registered symbols", (i) => Symbol.for(`@effect-linda/testkit/${i}`)],
  ["Maps", () => new Map()],
  ["instances of a class", () => new (class {})()],
  ["functions", () => () => 1],
  [
    "Options of texts that share a hash elsewhere",
    (i) => Option.some(Array.from({ length: 8 }, (_, bit) => i & (1 << bit) ? "Aa" : "BB").join(""))
  ],
  [
    "Data that differs deep inside",
    (i) => Data.struct({ a: Data.struct({ b: Data.array([0, 0, 0, Option.some(i)]) }) })
  ]
]

const found = 200

export const values = cases("Values", (test) => {
  const referring = test.needing("references")

  for (const [name, error] of unprintable) {
    test(`S13 K1 a process that fails or dies with ${name} leaves a failure tuple`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        for (const end of [Cause.fail, Cause.die]) {
          yield* space.eval(Effect.failCause(end(error())), { name: "failing" })
          const tuple = yield* space.in(Process.failure())
          same(tuple.length, 3)
          assert.isString(tuple[1])
          same(tuple[2], "failing")
          yield* space.evalTuple(["x", Effect.failCause(end(error()))], { name: "failing" })
          same((yield* space.in(Process.failure()))[2], "failing")
        }
        yield* empty(space)
      }))
  }

  referring(
    "S13 K1 the error of a failure tuple is the error, also if it cannot be printed",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        for (const [, error] of unprintable) {
          const value = error()
          yield* space.eval(Effect.failCause(Cause.fail(value)))
          assert.isTrue(Object.is((yield* space.in(Process.failure()))[0], value))
        }
        yield* empty(space)
      })
  )

  for (const [name, around] of nestings) {
    referring(
      `S2 K5 equal ${name}, nested ${deepest} deep, are equal, and find each other`,
      () =>
        Effect.gen(function*() {
          const space = yield* fresh()
          const one = nested(deepest, around)
          const literal = ["deep", P.literal(nested(deepest, around))] as const
          const waiter = yield* start(space.in(literal))
          yield* space.out(["deep", one])
          assert.strictEqual((yield* Fiber.join(waiter))[1], one)
          yield* space.outAll(Array.from({ length: 20 }, (_, i) => ["deep", i]))
          yield* space.outAll([["deep", nested(deepest - 1, around)], ["deep", one]])
          assert.strictEqual(Option.getOrThrow(yield* space.inp(literal))[1], one)
          same(yield* space.inp(literal), Option.none())
          yield* space.collect([P.rest(P.any)])
          yield* empty(space)
        })
    )
  }

  test("S2 K5 a list nested 60 deep is found among many, wherever it is", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const list = (end: number) => nested(60, (next) => ({ end, next }))
      yield* space.outAll(Array.from({ length: 30 }, (_, i) => ["deep", list(i)]))
      same(yield* space.count(["deep", P.literal(list(17))]), 1)
      yield* space.collect([P.rest(P.any)])
    }))

  referring(
    "S3 K6 what cannot be read matches no formal that looks into it, and harms nobody",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const fields: ReadonlyArray<unknown> = [
          { n: P.number },
          { n: P.any },
          P.partial({ n: P.any }),
          [P.any],
          [P.number, P.rest(P.any)],
          P.date,
          P.instanceOf(Map),
          P.between(0, 1),
          P.between(new Date(0), new Date(1)),
          P.matching(/a/),
          P.schema(Schema.Struct({ n: Schema.Number })),
          P.oneOf({ n: P.number }, 1),
          P.ref("x", { n: P.ref("y") }),
          { n: 1 }
        ]
        const unreadable = Object.defineProperty([1], 0, {
          get: () => {
            throw new Error("this cannot be read")
          }
        })
        const values = [
          throwing(),
          revoked(),
          unreadable,
          new Proxy({}, {
            get: () => {
              throw new Error("no")
            },
            ownKeys: () => {
              throw new Error("no")
            },
            getPrototypeOf: () => {
              throw new Error("no")
            },
            has: () => {
              throw new Error("no")
            }
          })
        ]
        const waiters = yield* Effect.forEach(fields, (field) => start(space.in(["job", field])))
        const reader = yield* start(space.rd(["job", P.any]))
        for (const value of values) {
          for (const field of fields) {
            assert.isFalse(P.matches(["job", field])(["job", value]))
          }
          yield* space.out(["job", value])
        }
        yield* Fiber.join(reader)
        same((yield* space.inspect).interests.length, fields.length)
        for (const field of fields) {
          same(yield* space.count(["job", field]), 0)
        }
        assert.isNotEmpty((yield* space.inspect).tuples)
        same((yield* space.awaitQuiescent).state, "done")
        yield* Fiber.interruptAll(waiters)
        same((yield* space.collect(["job", P.any])).length, values.length)
        yield* empty(space)
      })
  )

  test("S16 K6 a pattern that cannot be read is refused, and names the field", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const unreadable = Object.defineProperty(["a", 1], 1, {
        get: () => {
          throw new Error("no")
        }
      })
      for (
        const pattern of [["a", throwing()], ["a", revoked()], unreadable, ["a", [throwing()]], ["a", { x: revoked() }]]
      ) {
        const error = yield* refusalOf(space.in(pattern as any))
        assert.strictEqual(error.reason, "InvalidPattern")
        assert.match(error.message, /^field 1.* cannot be read/)
      }
      for (const pattern of [revoked(), Proxy.revocable([], {})]) {
        assert.strictEqual((yield* refusalOf(space.in(pattern as any))).reason, "InvalidPattern")
      }
      const tuple = yield* refusalOf(space.out(unreadable as any))
      assert.strictEqual(tuple.reason, "InvalidTuple")
      assert.match(tuple.message, /^field 1 cannot be read/)
      yield* empty(space)
    }))

  for (
    const [define, kinds] of [[test, alike], [referring, alikeByReference]] as const
  ) {
    for (const [name, make] of kinds) {
      define(`S2 K9 values that are alike are told apart by the index: ${name}`, () =>
        Effect.gen(function*() {
          const space = yield* fresh()
          const values = Array.from({ length: found }, (_, i) => make(i))
          yield* space.outAll(values.map((value, i) => ["v", value, i]))
          for (const i of [0, 7, found - 1]) {
            const pattern = ["v", P.literal(values[i]), P.any] as const
            same((yield* space.copyCollect(pattern)).map(([, , number]) => number), [i])
            assert.isBelow((yield* space.explain(pattern)).candidates, 4)
            const waiter = yield* start(space.in(["w", P.literal(values[i])]))
            yield* space.out(["w", values[i]])
            yield* Fiber.join(waiter)
          }
          yield* space.collect([P.rest(P.any)])
          yield* empty(space)
        }))
    }
  }

  /* eslint-disable no-sparse-arrays */
  test("S2 K11 a hole is as undefined: in tuples, in patterns, beside formals, nested", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tuples: ReadonlyArray<any> = [["h", , 1], ["h", undefined, 1], ["h", [1, , 3], 1], [
        "h",
        [1, undefined, 3],
        1
      ]]
      const patterns: ReadonlyArray<readonly [pattern: any, count: number]> = [
        [["h", , 1], 2],
        [["h", undefined, P.number], 2],
        [[P.string, , P.number], 2],
        [["h", [P.number, , 3], P.any], 2],
        [["h", [1, , P.number], 1], 2],
        [["h", [P.number, undefined, 3], 1], 2],
        [["h", [1, , 3], 1], 2],
        [["h", P.any, 1], 4],
        [["h", [P.number, , 4], 1], 0]
      ]
      for (const [pattern] of patterns) {
        const waiter = yield* start(space.rd(pattern, { timeout: 0 }))
        yield* Effect.ignore(Fiber.join(waiter))
      }
      const waiters = yield* Effect.forEach(patterns.slice(0, 8), ([pattern]) => start(space.rd(pattern)))
      yield* space.outAll(tuples)
      yield* Effect.forEach(waiters, Fiber.join)
      for (const [pattern, count] of patterns) {
        same(yield* space.count(pattern), count)
        same(tuples.filter(P.matches(pattern)).length, count)
      }
      for (const tuple of yield* space.collect(["h", P.any, 1])) {
        assert.isTrue(1 in tuple)
      }
      const holes: any = [["h"], , ["h"]]
      assert.strictEqual((yield* refusalOf(space.outAll(holes))).reason, "InvalidTuple")
      assert.strictEqual((yield* refusalOf(space.inAll(holes))).reason, "InvalidPattern")
      assert.strictEqual((yield* refusalOf(space.inAny(holes))).reason, "InvalidPattern")
      yield* empty(space)
    }))
  /* eslint-enable no-sparse-arrays */

  test("S3 K16 a predicate that is asynchronous is refused", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const generator = function*() {}
      for (const predicate of [async () => true, generator, async function*() {}] as ReadonlyArray<any>) {
        const error = yield* refusalOf(space.in(["a", predicate] as any))
        assert.strictEqual(error.reason, "InvalidPattern")
        assert.match(error.message, /has to answer at once$/)
      }
      assert.throws(() => P.when((async () => true) as any), /has to answer at once$/)
    }))

  test("S3 K16 a predicate that returns a promise ends its operation", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const late: (value: unknown) => boolean = () => Promise.resolve(false) as any
      yield* space.out(["a", 1])
      const error = yield* refusalOf(space.in(["a", late]))
      assert.strictEqual(error.reason, "InvalidPattern")
      assert.match(error.message, /returned a promise: it has to answer at once$/)
      same(yield* space.in(["a", 1]), ["a", 1])
      yield* empty(space)
    }))

  test("S2 N9 proxies of arrays and objects are as what they stand for, wherever they are", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const proxy = (value: object): object => new Proxy(value, {})
      const values: ReadonlyArray<readonly [value: unknown, plain: unknown]> = [
        [proxy([1]), [1]],
        [proxy({ a: proxy([1]) }), { a: [1] }],
        [[proxy([proxy([])])], [[[]]]]
      ]
      for (const [value, plain] of values) {
        yield* space.outAll([["v", value], ["v", value]])
        same((yield* space.in(["v", P.literal(plain)]))[1], plain)
        same((yield* space.in(["v", P.literal(value)]))[1], plain)
      }
      yield* empty(space)
    }))

  test("S1 K17 a frozen tuple with accessors, and one of a subclass of Array, are copied", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      let calls = 0
      const tuple = Object.defineProperty(["a", 0], 1, { get: () => ++calls, enumerable: true })
      class Special extends Array<unknown> {
        override at(): unknown {
          return "changed"
        }
      }
      yield* space.out(Object.freeze(tuple) as any)
      yield* space.out(Object.freeze(Special.from(["b", 1])) as any)
      same(yield* space.rd(["a", P.number]), ["a", 1])
      same(yield* space.in(["a", P.number]), ["a", 1])
      const plain = yield* space.in(["b", 1])
      assert.strictEqual(Object.getPrototypeOf(plain), Array.prototype)
      assert.isTrue(Object.isFrozen(plain))
      yield* empty(space)
    }))

  test("S1 K17 a pattern is read once: Dates, arrays and objects in it may be changed afterwards", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const date = new Date(5)
      const array = [1, { x: date }]
      const fields: ReadonlyArray<readonly [field: unknown, value: unknown]> = [
        [P.between(date, date), new Date(5)],
        [P.oneOf(date, 1), new Date(5)],
        [P.literal(date), new Date(5)],
        [P.ref("d", date), new Date(5)],
        [date, new Date(5)],
        [[P.number, { x: date }], [1, { x: new Date(5) }]],
        [array, [1, { x: new Date(5) }]]
      ]
      const waiters = yield* Effect.forEach(fields, ([field]) => start(space.rd(["d", field])))
      const matching = fields.map(([field]) => P.matches(["d", field]))
      date.setTime(9)
      array.push(2)
      for (const [index, [, value]] of fields.entries()) {
        yield* space.out(["d", value])
        same((yield* Fiber.join(waiters[index]!))[1], value)
        assert.isTrue(matching[index]!(["d", value]))
      }
      yield* space.collect([P.rest(P.any)])
      yield* empty(space)
    }))
})
