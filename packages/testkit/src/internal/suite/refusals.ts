/**
 * Input that means nothing (S16): refused, and nothing has happened.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import { assert, empty, fresh, refusalOf, same } from "./kit.js"

const revoked = (target: object = {}): any => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** A record whose member throws when it is read. */
const throwing = (name: string): any =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get: () => {
      throw new Error("this cannot be read")
    }
  })

/** Whatever a caller without types can give where something else is meant. */
const atoms: ReadonlyArray<unknown> = [null, 5, true, 1n, Symbol("s"), () => 1]
const wrong: ReadonlyArray<unknown> = [...atoms, "text", [], revoked(), revoked([])]

/** What no operation takes for a record of options: for `undefined` there are none. */
const noOptions: ReadonlyArray<unknown> = [...atoms, "text", []]

const noDuration: ReadonlyArray<unknown> = [
  null,
  -1,
  NaN,
  -Infinity,
  "soon",
  "-1 seconds",
  true,
  {},
  [1],
  [-1, 0],
  -1n,
  () => 1,
  Symbol("s"),
  revoked(),
  revoked([])
]

const noCount: ReadonlyArray<unknown> = [null, 0, -1, 1.5, NaN, "1", 1n, {}, [], () => 1, Symbol("s"), revoked()]

type Call = (space: any, value: any) => Effect.Effect<unknown, any, any>

/** Every argument of every operation: how to give it, what is wrong with it, and the reason of the refusal. */
const misuses: ReadonlyArray<readonly [name: string, reason: string, values: ReadonlyArray<unknown>, call: Call]> = [
  ...["in", "rd", "inp", "rdp", "collect", "copyCollect", "count", "explain"].map((name) =>
    [
      `the pattern of ${name}`,
      "InvalidPattern",
      [undefined, ...wrong, {}],
      (space: any, value: any) => space[name](value)
    ] as const
  ),
  ["the tuple of out", "InvalidTuple", [undefined, ...wrong, {}], (space, value) => space.out(value)],
  [
    "the tuples of outAll",
    "InvalidTuple",
    [undefined, ...atoms, "text", {}, { length: 1 }, [null], [["a"], []], revoked(), revoked([])],
    (space, value) => space.outAll(value)
  ],
  [
    "the tuple of outIfAbsent",
    "InvalidTuple",
    [undefined, ...wrong],
    (space, value) => space.outIfAbsent(["a"], value)
  ],
  ["the fields of evalTuple", "InvalidTuple", [undefined, ...wrong], (space, value) => space.evalTuple(value)],
  ...["inAny", "rdAny", "inAll"].map((name) =>
    [
      `the patterns of ${name}`,
      "InvalidPattern",
      [undefined, ...atoms, "text", revoked(), [null], [["a"], undefined], { a: 5 }, throwing("a"), [revoked()]],
      (space: any, value: any) => space[name](value)
    ] as const
  ),
  ...(["in", "rd"] as const).map((name) =>
    [
      "the options of " + name,
      "InvalidOption",
      noOptions,
      (space: any, value: any) => space[name](["a"], value)
    ] as const
  ),
  ...(["inAny", "rdAny", "inAll"] as const).map((name) =>
    [
      "the options of " + name,
      "InvalidOption",
      noOptions,
      (space: any, value: any) => space[name]([["a"]], value)
    ] as const
  ),
  ...(["inWith", "withPermit"] as const).flatMap((name) => [
    [
      "the use of " + name,
      "InvalidOption",
      [undefined, null, 5, "text", {}, [], revoked()],
      (space: any, value: any) => space[name](["a"], value)
    ] as const,
    [
      "the options of " + name,
      "InvalidOption",
      noOptions,
      (space: any, value: any) => space[name](["a"], () => Effect.void, value)
    ] as const
  ]),
  [
    "the options of inScoped",
    "InvalidOption",
    noOptions,
    (space, value) => Effect.scoped(space.inScoped(["a"], value))
  ],
  ["the options of out", "InvalidOption", noOptions, (space, value) => space.out(["a"], value)],
  [
    "the options of subscribe",
    "InvalidOption",
    noOptions,
    (space, value) => Stream.runDrain(space.subscribe(["a"], value))
  ],
  ["the options of stream", "InvalidOption", noOptions, (space, value) => Stream.runDrain(space.stream(["a"], value))],
  ["the options of eval", "InvalidOption", noOptions, (space, value) => space.eval(Effect.void, value)],
  ["timeout", "InvalidOption", noDuration, (space, timeout) => space.in(["a"], { timeout })],
  [
    "timeout of inWith",
    "InvalidOption",
    noDuration,
    (space, timeout) => space.inWith(["a"], () => Effect.void, { timeout })
  ],
  ["ttl", "InvalidOption", noDuration, (space, ttl) => space.out(["a"], { ttl })],
  [
    "maxAttempts",
    "InvalidOption",
    noCount,
    (space, maxAttempts) => space.inWith(["a"], () => Effect.void, { maxAttempts })
  ],
  [
    "requeue",
    "InvalidOption",
    [null, 5, "front", [], revoked()],
    (space, requeue) => space.inWith(["a"], () => Effect.void, { requeue })
  ],
  [
    "deadLetter",
    "InvalidOption",
    [null, 5, "text", []],
    (space, deadLetter) => space.inWith(["a"], () => Effect.void, { deadLetter })
  ],
  [
    "capacity of a mailbox",
    "InvalidOption",
    noCount,
    (space, capacity) => Stream.runDrain(space.stream(["a"], { capacity }))
  ],
  [
    "strategy of a mailbox",
    "InvalidOption",
    [null, 5, "wait", [], revoked()],
    (space, strategy) => Stream.runDrain(space.stream(["a"], { strategy }))
  ],
  [
    "events",
    "InvalidOption",
    [null, 5, "Out", [], ["Put"], [undefined, "Out"], [null], {}, new Set(["Out"]), revoked([])],
    (space, events) => Stream.runDrain(space.subscribe(["a"], { events }))
  ],
  ["an option that cannot be read", "InvalidOption", ["timeout"], (space, name) => space.in(["a"], throwing(name))],
  ["an option that cannot be read", "InvalidOption", ["ttl"], (space, name) => space.out(["a"], throwing(name))],
  ["options that cannot be read", "InvalidOption", [revoked()], (space, value) => space.rd(["a"], value)],
  [
    "the n of inUpTo",
    "InvalidOption",
    [undefined, ...noCount.filter((value) => value !== 0)],
    (space, n) => space.inUpTo(["a"], n)
  ],
  [
    "the f of replace",
    "InvalidOption",
    [undefined, null, 5, "text", {}, revoked()],
    (space, f) => space.replace(["a"], f)
  ],
  [
    "the other of collectInto",
    "InvalidOption",
    [undefined, ...wrong, {}, { outAll: 1 }],
    (space, other) => space.collectInto(["a"], other)
  ],
  [
    "the other of copyCollectInto",
    "InvalidOption",
    [undefined, ...wrong, {}],
    (space, other) => space.copyCollectInto(["a"], other)
  ],
  ["the effect of eval", "InvalidOption", [undefined, ...wrong, {}], (space, effect) => space.eval(effect)],
  [
    "the name of a process",
    "InvalidOption",
    [null, 5, Symbol("s"), {}, []],
    (space, name) => space.eval(Effect.void, { name })
  ],
  [
    "the name of a process",
    "InvalidOption",
    [null, 5, Symbol("s"), {}, []],
    (space, name) => space.evalTuple(["a"], { name })
  ]
]

/** Operands of formals that mean nothing. */
const formals: ReadonlyArray<readonly [name: string, make: () => unknown]> = [
  ["P.instanceOf of an arrow", () => P.instanceOf((() => 1) as any)],
  ["P.instanceOf of a method", () => P.instanceOf({ method() {} }.method as any)],
  ["P.instanceOf of null", () => P.instanceOf(null as any)],
  ["P.instanceOf of a revoked proxy", () => P.instanceOf(revoked(class {}))],
  ["P.schema of a number", () => P.schema(5 as any)],
  ["P.schema of a revoked proxy", () => P.schema(revoked())],
  ["P.when of a text", () => P.when("text" as any)],
  ["P.between of mixed bounds", () => P.between(1 as any, "2" as any)],
  ["P.between of symbols", () => P.between(Symbol("a") as any, Symbol("b") as any)],
  ["P.between of revoked proxies", () => P.between(revoked(), revoked())],
  ["P.between of invalid dates", () => P.between(new Date(NaN), new Date(NaN))],
  ["P.matching of a text", () => P.matching("a" as any)],
  ["P.matching of a revoked proxy", () => P.matching(revoked())],
  ["P.partial of null", () => P.partial(null as any)],
  ["P.partial of an array", () => P.partial([1] as any)],
  ["P.partial of a revoked proxy", () => P.partial(revoked())],
  ["P.partial that cannot be read", () => P.partial(throwing("x"))],
  ["P.ref without a name", () => P.ref("")],
  ["P.ref of a symbol", () => P.ref(Symbol("s") as any)],
  ["P.oneOf of a revoked proxy", () => P.oneOf(revoked())],
  ["P.not of a constructor", () => P.not(Number)],
  ["P.rest that is not last", () => P.oneOf(P.rest(P.any), 1)],
  ["Process.failure of a revoked proxy", () => Process.failure(revoked())]
]

export const refusals = cases("Bad input", (test) => {
  test("S16 K15 formals of what means nothing are refused when they are made", () =>
    Effect.sync(() => {
      for (const [name, make] of formals) {
        try {
          make()
        } catch (error) {
          assert.instanceOf(error, SpaceError, name)
          assert.strictEqual((error as SpaceError).reason, "InvalidPattern", name)
          continue
        }
        assert.fail(`${name} should be refused`)
      }
    }))

  for (const [name, reason, values, call] of misuses) {
    test(`S16 K15 ${name}: whatever else is given is refused by name, and nothing has happened`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        for (const value of values) {
          const error = yield* refusalOf(call(space, value) as Effect.Effect<unknown>)
          assert.strictEqual(error.reason, reason, error.message)
          assert.notMatch(error.message, /^Cannot|undefined is not|is not a function|is not iterable$/)
        }
        yield* empty(space)
      }))
  }

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

  test("S16 an option that is not there is refused by name: it may be one that was misspelt", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["a"])
      const use = () => Effect.void
      const bad = { timout: 10 } as any
      const operations: ReadonlyArray<Effect.Effect<unknown, unknown, Scope.Scope>> = [
        space.in(["a"], bad),
        space.rd(["a"], bad),
        space.inAny([["a"]], bad),
        space.rdAny([["a"]], bad),
        space.inAll([["a"]], bad),
        space.inWith(["a"], use, { timeout: 10, ...bad }),
        space.withPermit(["a"], use, bad),
        space.inScoped(["a"], bad),
        space.out(["b"], { ttl: 10, ...bad }),
        space.eval(Effect.void, bad),
        space.subscribe(["a"], { scoped: true, ...bad } as { readonly scoped: true }),
        Stream.runHead(space.stream(["a"], bad as {}))
      ]
      for (const operation of operations) {
        const error = yield* refusalOf(Effect.scoped(operation))
        assert.strictEqual(error.reason, "InvalidOption")
        assert.match(error.message, /^timout: there is no such option here, but "/)
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
