/**
 * Input that means nothing (S16): refused, and nothing has happened.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Effect from "effect/Effect"
import { cases } from "./case.js"
import { assert, empty, fresh, refusalOf, same } from "./kit.js"

export const refusals = cases("Bad input", (test) => {
  test("S16 M25 what is no tuple is refused, with the message saying what it is", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const input of [[], undefined, null, "ab", 1, { 0: "a", length: 1 }, new Set([1])]) {
        const error = yield* refusalOf(space.out(input as any))
        assert.strictEqual(error.reason, "InvalidTuple")
        assert.match(error.message, /^a tuple is a non-empty array of fields, not /)
        assert.strictEqual((yield* refusalOf(space.outIfAbsent(["a"], input as any))).reason, "InvalidTuple")
        assert.strictEqual((yield* refusalOf(space.evalTuple(input as never))).reason, "InvalidTuple")
      }
      yield* empty(space)
    }))

  test("S16 what is no pattern is refused by every operation", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const bad = [] as never
      for (
        const operation of [
          space.in(bad),
          space.rd(bad),
          space.inp(bad),
          space.rdp(bad),
          space.inWith(bad, () => Effect.void),
          Effect.scoped(space.inScoped(bad)),
          space.withPermit(bad, () => Effect.void),
          space.inAny([bad]),
          space.rdAny({ a: bad } as any),
          space.inAll([["a"], bad]),
          space.collect(bad),
          space.copyCollect(bad),
          space.collectInto(bad, space),
          space.copyCollectInto(bad, space),
          space.inUpTo(bad, 1),
          space.count(bad),
          space.outIfAbsent(bad, ["a"]),
          space.replace(bad, () => ["a"])
        ] as ReadonlyArray<Effect.Effect<unknown, unknown>>
      ) {
        assert.strictEqual((yield* refusalOf(operation)).reason, "InvalidPattern")
      }
      for (const none of [[], {}] as ReadonlyArray<any>) {
        for (const choice of [space.inAny(none), space.rdAny(none)]) {
          const error = yield* refusalOf(choice)
          assert.strictEqual(error.reason, "InvalidPattern")
          assert.strictEqual(error.message, "a choice needs at least one pattern: without one it could never end")
        }
      }
      yield* empty(space)
    }))

  test("S11 S16 T3 a join of no patterns has nothing to wait for, in an empty space or beside tuples", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const none: ReadonlyArray<P.Pattern> = []
      for (let tuples = 0; tuples < 2; tuples++) {
        same(yield* space.inAll([]), [])
        same(yield* space.inAll({}), {})
        same(yield* space.inAll(none, { timeout: 0 }), [])
        same(yield* space.inAll({}, { timeout: "1 seconds" }), {})
        assert.strictEqual(yield* space.count(["a"]), tuples)
        yield* space.out(["a"])
      }
      same(yield* space.collect([P.any]), [["a"], ["a"]])
      yield* empty(space)
    }))

  test("S11 T3 patterns in a list of any length are joined and chosen from", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["n", 1], ["n", 2], ["n", 3], ["n", 4]])
      const list = [3, 1].map((n) => ["n", n] as const)
      same(yield* space.inAll(list), [["n", 3], ["n", 1]])
      same(yield* space.inAny([["n", 7], ["n", 4]].map(([, n]) => ["n", n] as const)), { index: 1, tuple: ["n", 4] })
      const record: Record<string, readonly ["n", typeof P.number]> = { any: ["n", P.number] }
      same(yield* space.rdAny(record), { key: "any", tuple: ["n", 2] })
      same(yield* space.inAll(record), { any: ["n", 2] })
      yield* empty(space)
    }))

  test("S16 T15 L06 options out of their range are refused by name", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["a"])
      const use = () => Effect.void
      const cases: ReadonlyArray<readonly [Effect.Effect<unknown, unknown>, RegExp]> = [
        [space.in(["a"], { timeout: -1 }), /^timeout: -1 is no duration$/],
        [space.rd(["a"], { timeout: NaN }), /^timeout: NaN is no duration$/],
        [space.inAny([["a"]], { timeout: "soon" as any }), /^timeout: "soon" is no duration$/],
        [space.inAll([["a"]], { timeout: -1 }), /^timeout: -1 is no duration$/],
        [space.inWith(["a"], use, { timeout: -1 }), /^timeout: -1 is no duration$/],
        [space.inWith(["a"], use, { requeue: "front" as any }), /^requeue: "front" is none of "place", "back"$/],
        [space.inWith(["a"], use, { maxAttempts: 0 }), /^maxAttempts: 0 is no integer from 1 on$/],
        [Effect.scoped(space.inScoped(["a"], { maxAttempts: 1.5 })), /^maxAttempts: 1\.5 is no integer from 1 on$/],
        [space.inUpTo(["a"], -1), /^n: -1 is no integer from 0 on$/],
        [space.inUpTo(["a"], NaN), /^n: NaN is no integer from 0 on$/],
        [space.out(["b"], { ttl: -1 }), /^ttl: -1 is no duration$/],
        [space.out(["b"], { ttl: NaN }), /^ttl: NaN is no duration$/]
      ]
      for (const [operation, message] of cases) {
        const error = yield* refusalOf(operation)
        assert.strictEqual(error.reason, "InvalidOption")
        assert.match(error.message, message)
      }
      same(yield* space.collect([P.any]), [["a"]])
      yield* empty(space)
    }))

  test("S16 T15 L06 a negative duration is refused, however it is written", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const duration of ["-1 seconds", -1n, [-1, 0], -0.5] as ReadonlyArray<any>) {
        assert.strictEqual((yield* refusalOf(space.out(["b"], { ttl: duration }))).reason, "InvalidOption")
        assert.strictEqual((yield* refusalOf(space.in(["b"], { timeout: duration }))).reason, "InvalidOption")
      }
      yield* empty(space)
    }))

  test("S16 a pattern that is refused makes an operation that is refused, and the space is whole", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["a", 1])
      const error = yield* refusalOf(space.in(["a", Number] as never))
      assert.strictEqual(error.reason, "InvalidPattern")
      assert.match(error.message, /field 1 is the constructor Number.*P\.number/)
      same(yield* space.in(["a", P.number]), ["a", 1])
    }))

  test("S3 S16 a cyclic value in a pattern is refused, unless it is said to be a literal", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const array: Array<unknown> = [1]
      array.push(array)
      const record: Record<string, unknown> = {}
      record["self"] = record
      const refused = (field: unknown) => Effect.map(refusalOf(space.in(["a", field])), ({ message }) => message)
      assert.match(yield* refused(array), /^field 1(\[1\])+: nested deeper.*cyclic: use P\.literal/)
      assert.match(yield* refused(record), /^field 1(\.self)+: nested deeper.*cyclic: use P\.literal/)
      yield* empty(space)
    }))
})
