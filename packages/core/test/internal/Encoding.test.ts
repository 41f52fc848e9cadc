import { Arbitrary } from "@effect-linda/testkit"
import { assert, describe, it } from "@effect/vitest"
import {
  BigDecimal,
  Cause,
  Chunk,
  Data,
  DateTime,
  Duration,
  Either,
  Exit,
  FastCheck as fc,
  FiberId,
  Hash,
  HashMap,
  HashSet,
  List,
  MutableHashMap,
  Option,
  Order,
  Redacted,
  Schema,
  SortedSet
} from "effect"
import { runInNewContext } from "node:vm"
import { decodeField, encodeField, keyOf } from "../../src/internal/encoding.js"
import * as Equality from "../../src/internal/pattern/equality.js"
import { Values } from "../../src/internal/values.js"
import { SpaceError } from "../../src/SpaceError.js"
import { renamed } from "../../src/SpaceStore.js"

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number, at: Schema.Date }) {}

const values = new Values([Point], "store")
const text = (value: unknown) => encodeField(values, value, 0)
const there = (value: unknown) => decodeField(values, text(value), 0)

const link = new Values([Point])
const across = (value: unknown) => link.decode(structuredClone(link.encode(value, "field 0")))

const failureOf = (body: () => unknown): SpaceError => {
  try {
    body()
  } catch (error) {
    assert.instanceOf(error, SpaceError)
    return error
  }
  throw new Error("it did not fail")
}

/** Says the same of a store and of a link. */
const refused = (value: unknown, message: RegExp): void => {
  for (const encode of [() => text(value), () => link.encode(value, "field 0")]) {
    const { message: said, reason } = failureOf(encode)
    assert.strictEqual(reason, "InvalidTuple")
    assert.match(said, message)
  }
}

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
      { numRuns: 5_000 }
    )
  })

  it("S2 the keys of a record are in order, whatever the order in which they were set", () => {
    assert.strictEqual(text({ b: 1, a: 2, 10: 3, 9: 4 }), text({ 9: 4, a: 2, 10: 3, b: 1 }))
  })

  it("V5 Effect's data comes back, and equal data has equal texts whatever its history", () => {
    const pairs: ReadonlyArray<readonly [unknown, unknown]> = [
      [HashMap.make(["a", 1], ["b", 2]), HashMap.make(["b", 2], ["a", 1])],
      [HashSet.make(3, 1, 2), HashSet.make(1, 2, 3)],
      [HashMap.make([HashSet.make(1, 2), 1]), HashMap.make([HashSet.make(2, 1), 1])],
      [List.make(1, 2), List.fromIterable([1, 2])],
      [Chunk.appendAll(Chunk.make(1), Chunk.make(2)), Chunk.make(1, 2)],
      [DateTime.unsafeMake(5), DateTime.unsafeMake(new Date(5))],
      [
        DateTime.unsafeMakeZoned(5, { timeZone: "Europe/Berlin" }),
        DateTime.unsafeMakeZoned(new Date(5), { timeZone: "Europe/Berlin" })
      ],
      [DateTime.zoneMakeOffset(1000), DateTime.zoneMakeOffset(1000)],
      [BigDecimal.unsafeFromString("1.0"), BigDecimal.unsafeFromString("1.000")],
      [Exit.succeed(Option.some(1)), Exit.succeed(Option.some(1))],
      [
        Exit.failCause(Cause.parallel(Cause.fail(1), Cause.die("d"))),
        Exit.failCause(Cause.parallel(Cause.die("d"), Cause.fail(1)))
      ],
      [FiberId.make(1, 2), FiberId.make(1, 2)],
      [new Cause.TimeoutException("t"), new Cause.TimeoutException("t")],
      [new SpaceError({ reason: "Lapsed", message: "m" }), new SpaceError({ reason: "Lapsed", message: "m" })]
    ]
    for (const [one, other] of pairs) {
      assert.isTrue(Equality.equals(one, other), String(one))
      assert.strictEqual(text(one), text(other))
      for (const way of [there, across]) {
        assert.isTrue(Equality.equals(way(one), other), String(one))
      }
      assert.strictEqual(text(there(one)), text(one))
    }
    assert.notStrictEqual(text(DateTime.unsafeMake(5)), text(DateTime.unsafeMakeZoned(5, { timeZone: 0 })))
  })

  it("V4 V5 equal fields have equal texts, others have not, and what comes back is equal", () => {
    const leaf = fc.constantFrom<unknown>(0, 1, -1.5, "a", "b", "", true, null, undefined, 1n, new Date(5))
    const { data, field } = fc.letrec<{ data: unknown; cause: Cause.Cause<unknown>; field: unknown }>((tie) => {
      const member = fc.oneof({ arbitrary: leaf, weight: 3 }, tie("data"))
      const some = fc.array(member, { maxLength: 3 })
      return {
        // Of causes in which sequences happen at the same time the equality is not that of their structure.
        cause: fc.array(
          fc.oneof(
            member.map(Cause.fail),
            fc.constantFrom(Cause.die("d"), Cause.interrupt(FiberId.make(1, 2)))
          ),
          { maxLength: 3 }
        ).map((failures) => failures.reduce(Cause.parallel, Cause.empty as Cause.Cause<unknown>)),
        data: fc.oneof(
          { maxDepth: 2 },
          member.map(Option.some),
          fc.constantFrom(
            Option.none(),
            Duration.millis(1),
            Duration.seconds(1),
            Duration.infinity,
            DateTime.unsafeMake(5),
            DateTime.unsafeMakeZoned(5, { timeZone: "UTC" }),
            BigDecimal.make(10n, 1),
            BigDecimal.make(1n, 0),
            new Point({ x: 1, at: new Date(5) })
          ),
          member.map(Either.left),
          member.map(Either.right),
          member.map(Exit.succeed),
          tie("cause"),
          tie("cause").map(Exit.failCause),
          some.map(Chunk.fromIterable),
          some.map(List.fromIterable),
          some.map(HashSet.fromIterable),
          some.map(Data.array),
          fc.array(fc.tuple(member, member), { maxLength: 3 }).map((entries) => HashMap.fromIterable(entries)),
          member.map((a) => Data.struct({ a }))
        ),
        field: fc.oneof(
          { maxDepth: 2 },
          leaf,
          tie("data"),
          fc.array(tie("field"), { maxLength: 2 }),
          fc.dictionary(fc.constantFrom("a", "@d", "__proto__", "1"), tie("field"), { maxKeys: 2 })
        )
      }
    })
    assert.isDefined(data)
    fc.assert(
      fc.property(field, field, (one, other) => {
        assert.strictEqual(text(one) === text(other), Equality.equals(one, other))
        for (const way of [there, across]) {
          assert.isTrue(Equality.equals(way(one), one))
        }
        assert.strictEqual(text(there(one)), text(one))
      }),
      { numRuns: 5_000 }
    )
  })

  it("V5 causes of any structure come back equal", () => {
    const { cause } = fc.letrec<{ cause: Cause.Cause<unknown> }>((tie) => ({
      cause: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(
          Cause.fail(1),
          Cause.fail(Option.some(1)),
          Cause.die("d"),
          Cause.empty,
          Cause.interrupt(FiberId.none)
        ),
        fc.tuple(tie("cause"), tie("cause")).map(([left, right]) => Cause.sequential(left, right)),
        fc.tuple(tie("cause"), tie("cause")).map(([left, right]) => Cause.parallel(left, right))
      )
    }))
    fc.assert(
      fc.property(cause, (cause) => {
        assert.strictEqual(text(there(cause)), text(cause))
        assert.strictEqual(text(across(cause)), text(cause))
        assert.isTrue(Equality.equals(there(cause), cause))
      }),
      { numRuns: 2_000 }
    )
  })

  it("V4 errors keep all that they carry, whatever made them", () => {
    const errors = [
      new Error("m", { cause: new TypeError("c", { cause: { a: [1n] } }) }),
      Object.assign(new RangeError("m"), { code: "E", more: { at: new Date(5) }, big: 2n }),
      new AggregateError([new Error("one"), "two", Option.some(3)], "all", { cause: undefined }),
      Object.assign(new Error("m"), { name: "Mine" }),
      Object.assign(new Cause.UnknownException(new Error("u"), "m"), { extra: 1 }),
      new Error()
    ]
    for (const error of errors) {
      for (const way of [there, across]) {
        const back = way(error) as Error
        assert.deepStrictEqual(back, error)
        assert.strictEqual(Object.getPrototypeOf(back), Object.getPrototypeOf(error))
        assert.deepStrictEqual(Object.keys(back), Object.keys(error))
        assert.deepStrictEqual(back.cause, error.cause)
        assert.strictEqual("cause" in back, "cause" in error)
        if (!(error instanceof Cause.UnknownException)) {
          assert.strictEqual(back.stack, error.stack)
        }
      }
      assert.strictEqual(text(there(error)), text(error))
    }
    assert.deepStrictEqual((there(errors[2]) as AggregateError).errors, (errors[2] as AggregateError).errors)
    const why = new SpaceError({ reason: "Unavailable", message: "m", cause: new (class Lost extends Error {})("x") })
    assert.match(String((there(why) as SpaceError).cause), /x/)
    refused(Object.assign(new Error("m"), { f: () => 1 }), /^field 0\.f: a?.*function/)
    refused(Object.assign(new Error("m"), { [Symbol("s")]: 1 }), /^field 0: its key Symbol\(s\) would be lost/)
    const cyclic = new Error("c")
    cyclic.cause = cyclic
    refused(cyclic, /^field 0\.cause\.cause.*cyclic/)
  })

  it("V4 what would be lost is refused by name; what nobody can see comes back without", () => {
    const own = { x: 1 }
    const array: Array<unknown> = [1]
    array.length = 2 ** 32 - 1
    let shared: unknown = []
    for (let i = 0; i < 60; i++) {
      shared = [shared, shared]
    }
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const cases: ReadonlyArray<readonly [value: unknown, message: RegExp]> = [
      [Object.assign([1], own), /^field 0: its own key x would be lost/],
      [{ a: [Object.assign(Array.from({ length: 1000 }), own)] }, /^field 0\.a\[0\]: its own key x/],
      ["abc".match(/b/), /^field 0: its own key index/],
      [Object.assign([1], { [Symbol("s")]: 1 }), /its own key Symbol\(s\)/],
      [Object.assign(new Map(), own), /its own key x/],
      [Object.assign(new Set(), own), /its own key x/],
      [Object.assign(new Date(5), own), /its own key x/],
      [Object.assign(/a/, own), /its own key x/],
      [Object.assign(new Uint8Array(2), own), /its own key x/],
      [Object.assign(new DataView(new ArrayBuffer(1)), own), /its own key x/],
      [Object.assign(new ArrayBuffer(1), own), /its own key x/],
      [Object.assign(Data.array([1]), own), /its own key x/],
      [Object.defineProperty({ a: 1 }, "b", { value: 1 }), /its key b, which is not enumerable, would be lost/],
      [{ [Symbol("s")]: 1 }, /its keys that are symbols/],
      [array, /^field 0: it has 4294967294 places without a member/],
      [shared, /^field 0.*: it has more than 2000000 parts/],
      [proxy, /^field 0: it cannot be read: .*revoked/],
      [{ a: { get b() { throw new Error("no") } } }, /^field 0: it cannot be read: no/], // eslint-disable-line
      [new Number(1), /an instance of Number would lose its class/],
      [new (class Mine extends Uint8Array {})(1), /an instance of Mine would lose its class/],
      [new (class Mine extends Map {})(), /an instance of Mine would lose its class/],
      [new (class Mine extends Error {})(), /an instance of Mine would lose its class/],
      [Object.create(Date.prototype), /would lose its class|cannot be read/],
      [SortedSet.make(Order.number)(1), /an instance of SortedSet would lose its class/],
      [MutableHashMap.make(["a", 1]), /an instance of MutableHashMap would lose its class/],
      [Redacted.make("secret"), /^field 0: a Redacted is a secret/],
      [Option.some({ a: [Redacted.make("secret")] }), /^field 0\.value\.a\[0\]: a Redacted is a secret/],
      [HashMap.make(["a", () => 1]), /^field 0, value 0: a function/]
    ]
    for (const [value, message] of cases) {
      refused(value, message)
    }
    let nested: unknown = 1
    for (let i = 0; i < 100; i++) {
      nested = i % 2 === 0 ? [nested] : { a: nested }
    }
    for (const way of [there, across]) {
      assert.deepStrictEqual(way(nested), nested)
      assert.deepStrictEqual(way(Object.freeze({ get a() { return [1] } })), { a: [1] }) // eslint-disable-line
      assert.deepStrictEqual(way(Object.assign(Object.create(null), { a: 1 })), { a: 1 })
      assert.deepStrictEqual(way(Buffer.from("abc")), new Uint8Array(Buffer.from("abc")))
      assert.deepStrictEqual(way(Object.assign(/a/g, { lastIndex: 2 })), Object.assign(/a/g, { lastIndex: 2 }))
      // eslint-disable-next-line no-sparse-arrays
      assert.isTrue(Equality.equals(way([1, , 3]), [1, undefined, 3]))
      const proto = JSON.parse("{\"__proto__\":{\"a\":[1]}}")
      assert.deepStrictEqual(way(proto), proto)
      const huge = Array.from({ length: 100_000 }, (_, i) => i)
      assert.deepStrictEqual(way(huge), huge)
    }
  })

  it("K12 values of another realm are as those of this one", () => {
    const code = "({ a: [new Date(5), /a/g, new Map([[1, new Set([2])]]), new Uint8Array([1]), new RangeError('r')] })"
    for (const way of [there, across]) {
      const { a } = way(runInNewContext(code)) as { readonly a: ReadonlyArray<unknown> }
      assert.deepStrictEqual(a.slice(0, 4), [new Date(5), /a/g, new Map([[1, new Set([2])]]), new Uint8Array([1])])
      assert.instanceOf(a[4], RangeError)
    }
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

  it("V5 the words fit the place", () => {
    const saying = (value: unknown) =>
      [() => text(value), () => link.encode(value, "field 0")].map((encode) => failureOf(encode).message)
    assert.deepStrictEqual(saying(() => 1), [
      "field 0: a function cannot be stored: put data that says what to do, not code or symbols",
      "field 0: a function cannot leave its thread: put data that says what to do, not code or symbols"
    ])
    const [stored, sent] = saying(new (class Mine {})())
    assert.match(stored!, /give every program that uses the space a Schema of it \(the option "schemas"\)/)
    assert.match(sent!, /give both ends a Schema of it \(the option "schemas"\)/)
    assert.match(saying(Redacted.make(1))[0]!, /never written into a store/)
    assert.match(
      failureOf(() => text({ a: new SharedArrayBuffer(1) })).message,
      /^field 0\.a: a SharedArrayBuffer cannot/
    )
  })

  it("V2 classes are known by identifier, in any order, at any depth, and not by those they extend", () => {
    class Far extends Point.extend<Far>("Far")({ z: Schema.Number }) {}
    class Near extends Point {}
    class Tagged extends Schema.TaggedClass<Tagged>("Some/Tagged")("Tagged", { p: Point }) {}
    const at = new Date(5)
    const point = new Point({ x: 1, at })
    const samples = [
      point,
      new Far({ x: 1, at, z: 2 }),
      new Tagged({ p: point }),
      { a: [new Map([[point, Option.some(new Set([new Far({ x: 1, at, z: 2 })]))]])] }
    ]
    const ways = (["store", "link"] as const).map((place) =>
      [new Values([Point, Tagged, Far], place), new Values([Far, Schema.suspend(() => Point), Tagged], place)] as const
    )
    for (const sample of samples) {
      const written = encodeField(ways[0]![0], sample, 0)
      assert.strictEqual(encodeField(ways[0]![1], sample, 0), written)
      assert.deepStrictEqual(decodeField(ways[0]![1], written, 0), sample)
      const sent = structuredClone(ways[1]![0].encode(sample, "field 0"))
      assert.deepStrictEqual(ways[1]![1].decode(sent), sample)
    }
    refused(new Near({ x: 1, at }), /an instance of Near would lose its class.*that of Point is for no subclass/)
  })

  it("V2 an instance of a class loaded a second time is of the class; one of a subclass, of a base or of a sister is not", () => {
    const load = () => {
      const Plain = Schema.Class<any>("Plain")({ x: Schema.Number })
      class Named extends Schema.Class<Named>("Named")({ x: Schema.Number }) {}
      const Tagged = Schema.TaggedClass<any>()("Tagged", { x: Schema.Number })
      const Failed = Schema.TaggedError<any>()("Failed", { x: Schema.Number })
      const Asked = Schema.TaggedRequest<any>()("Asked", {
        failure: Schema.Never,
        success: Schema.Void,
        payload: { x: Schema.Number }
      })
      const Annotated = Schema.Class<any>("Annotated")({ x: Schema.Number }, { identifier: "Other name" })
      return [Plain, Named, Tagged, Failed, Asked, Annotated] as ReadonlyArray<any>
    }
    const classes = load()
    for (const [index, type] of classes.entries()) {
      const ways = [new Values([type], "store"), new Values([type])]
      const again = load()[index]
      class Sub extends type {}
      class Far extends Sub {}
      class Disguised extends type {
        static identifier = type.identifier
      }
      class Again extends again {}
      for (const values of ways) {
        for (const made of [type, again]) {
          const coded: any = values.encode(new made({ x: 1 }), "field 0")
          const back = values.decode(coded)
          assert.strictEqual(Object.getPrototypeOf(back), type.prototype)
        }
        for (const other of [Sub, Far, Disguised, Again, type.extend("Extended")({})]) {
          const { message } = failureOf(() => values.encode(new (other as any)({ x: 1 }), "field 0"))
          assert.match(message, /^field 0: an instance of \w+ would lose its class: .*/)
        }
        assert.match(
          failureOf(() => values.encode([{ a: new (Sub as any)({ x: 1 }) }], "field 0")).message,
          /^field 0\[0\]\.a: an instance of Sub would .*is for no subclass/
        )
        // Neither by hand.
        const odd = Object.create(type.prototype, { constructor: { value: again } })
        assert.throws(() => values.encode(Object.create(odd), "field 0"), SpaceError)
      }
    }
    const Base = Schema.Class<any>("Base")({ x: Schema.Number })
    class One extends Base {}
    class Two extends Base {}
    for (const place of ["store", "link"] as const) {
      const values = new Values([One as any], place)
      for (const other of [Base, Two]) {
        assert.throws(() => values.encode(new (other as any)({ x: 1 }), "field 0"), /would lose its class/)
      }
    }
  })

  it("V4 the message of an error may be anything that crosses, and else is refused by name", () => {
    class Failed extends Schema.TaggedError<Failed>()("Failed", { message: Schema.Unknown }) {}
    const ways = (["store", "link"] as const).map((place) => {
      const values = new Values([Failed], place)
      return (value: unknown) =>
        place === "store"
          ? decodeField(values, encodeField(values, value, 0), 0)
          : values.decode(structuredClone(values.encode(value, "field 0")))
    })
    const makers: ReadonlyArray<(message: any) => Error> = [
      (message) => Object.assign(new Error(), { message }),
      (message) => Object.assign(new TypeError("m"), { message }),
      (message) => Object.defineProperty(new AggregateError([]), "message", { value: message }),
      (message) => Object.assign(new Cause.UnknownException("u"), { message }),
      (message) => Object.assign(new SpaceError({ reason: "Lapsed", message: "m" }), { message }),
      (message) => new Failed({ message }),
      (message) => new Error("m", { cause: Object.assign(new Error(), { message }) }),
      (message) => Object.assign(runInNewContext("new RangeError('m')"), { message })
    ]
    const own = (error: Error): unknown => error.cause instanceof Error ? error.cause.message : error.message
    for (const way of ways) {
      for (const make of makers) {
        for (const message of [{ a: [1n] }, [1], 5, null, undefined, Option.some(1), ""]) {
          assert.deepStrictEqual(own(way(make(message)) as Error), message)
        }
        for (const message of [() => 1, { a: new (class Mine {})() }]) {
          const { message: said, reason } = failureOf(() => way(make(message)))
          assert.strictEqual(reason, "InvalidTuple")
          assert.match(said, /^field 0(\.cause)?\.message/)
        }
      }
    }
  })

  it("V4 an instance with a schema: what else it has is kept, or refused by its key and its class", () => {
    class Note extends Schema.Class<Note>("Note")({
      x: Schema.Number,
      size: Schema.optionalWith(Schema.Number, { default: () => 1 }),
      at: Schema.optional(Schema.Date),
      to: Schema.optionalWith(Schema.String, { as: "Option" })
    }) {
      /** Made anew by the constructor. */
      cache = new Map<string, number>()
      readonly twice = this.x * 2
      readonly method = () => this.x
      readonly bound = this.method.bind(this)
    }
    class Open extends Schema.Class<Open>("Open")(
      Schema.Struct(
        { x: Schema.Number },
        Schema.Record({ key: Schema.String, value: Schema.Number })
      ) as unknown as Schema.Struct<{ x: typeof Schema.Number }>
    ) {}
    class Tagged extends Schema.TaggedClass<Tagged>()("Tagged", { x: Schema.Number }) {}
    class Asked extends Schema.TaggedRequest<Asked>()("Asked", {
      failure: Schema.Never,
      success: Schema.Void,
      payload: { x: Schema.Number }
    }) {}
    class Failed extends Schema.TaggedError<Failed>()("Failed", { m: Schema.String }) {}
    class Said extends Schema.TaggedError<Said>()("Said", {
      message: Schema.String,
      cause: Schema.optional(Schema.Defect)
    }) {}
    const url = Schema.transform(Schema.String, Schema.instanceOf(URL), {
      strict: true,
      decode: (text) => new URL(text),
      encode: (url) => url.href
    }).annotations({ identifier: "URL" })
    class Lost extends Error {}
    const lost = Schema.transform(Schema.String, Schema.instanceOf(Lost), {
      strict: true,
      decode: (text) => new Lost(text),
      encode: (lost) => lost.message
    }).annotations({ identifier: "Lost" })
    class Told extends Error {}
    const told = Schema.transform(Schema.String, Schema.instanceOf(Told), {
      strict: true,
      decode: (text) => new Told(text, { cause: "told" }),
      encode: (told) => told.message
    }).annotations({ identifier: "Told" })
    const schemas = [Note, Open, Tagged, Asked, Failed, Said, url, lost, told]
    const stored = new Values(schemas, "store")
    const sent = new Values(schemas)
    const text = (value: unknown) => encodeField(stored, value, 0)
    const there = (value: unknown) => decodeField(stored, text(value), 0)
    const across = (value: unknown) => sent.decode(structuredClone(sent.encode(value, "field 0")))

    const samples: ReadonlyArray<() => any> = [
      () => new Note({ x: 1, to: Option.some("a") }),
      () => new Note({ x: 1, size: 2, at: new Date(5), to: Option.none() }),
      () => new Note({ x: 1, at: undefined, to: Option.none() }),
      () => new Open({ x: 1, more: 2 } as any),
      () => new Tagged({ x: 1 }),
      () => new Asked({ x: 1 }),
      () => new URL("http://a/"),
      () => new Failed({ m: "x" }),
      () => new Said({ message: "m", cause: new Error("why") }),
      () => new Lost("m"),
      () => new Told("m", { cause: Symbol("any") })
    ]
    for (const way of [there, across]) {
      for (const make of samples) {
        const sample = make()
        Hash.hash(sample)
        const back: any = way(sample)
        assert.strictEqual(Object.getPrototypeOf(back), Object.getPrototypeOf(sample))
        if (!(sample instanceof Error)) {
          assert.strictEqual(text(back), text(sample))
        }
        for (const key of ["note", "constructor", Symbol.for("q"), Symbol("effect/of the user's")]) {
          for (const enumerable of [true, false]) {
            if (sample instanceof Open && typeof key === "string") {
              continue
            }
            if (typeof key === "symbol" && key.description?.startsWith("effect/") && !enumerable) {
              continue
            }
            const more = Object.defineProperty(make(), key, { value: 1, enumerable })
            const { message, reason } = failureOf(() => way([{ a: more }]))
            assert.strictEqual(reason, "InvalidTuple")
            assert.match(
              message,
              /^field 0\[0\]\.a: its own key .+ would be lost: the Schema "\w+" does not declare it$/
            )
            assert.include(message, `key ${String(key)} `)
          }
        }
      }
      assert.strictEqual((way(Object.assign(new Open({ x: 1 } as any), { more: 2 })) as any).more, 2)
      for (const changed of [{ cache: new Map([["a", 1]]) }, { twice: 3 }, { method: () => 5 }, { twice: undefined }]) {
        assert.match(
          failureOf(() => way(Object.assign(new Note({ x: 1, to: Option.none() }), changed))).message,
          /^field 0: its own key (cache|twice|method) would be lost: the Schema "Note"/
        )
      }
    }

    // What explains an error is kept, as that of one without a schema.
    const root = new TypeError("root", { cause: { a: [1n] } })
    for (const way of [there, across]) {
      for (const make of [() => new Failed({ m: "x" }), () => new Lost("m")]) {
        for (const enumerable of [true, false]) {
          const error = Object.defineProperty(make(), "cause", { value: root, enumerable })
          const back = way(error) as Error
          assert.deepStrictEqual(back.cause, root)
          assert.deepStrictEqual(Object.keys(back), Object.keys(error))
          assert.strictEqual(text(back), text(error))
        }
        const error = Object.assign(make(), { cause: [new (class Strange {})()] })
        assert.match(failureOf(() => way(error)).message, /^field 0\.cause\[0\]: an instance of Strange would lose its/)
      }
      assert.strictEqual((way(new Told("m", { cause: Symbol("any") })) as Error).cause, "told")
      assert.strictEqual(((way(new Said({ message: "m", cause: root })) as Said).cause as Error).message, "root")
    }
    const traced = [new Failed({ m: "x" }), new Lost("m"), new Cause.TimeoutException("t")]
    for (const error of traced) {
      assert.strictEqual((across(error) as Error).stack, error.stack)
    }
    // Errors of two places that are equal are so in a store too.
    assert.strictEqual(text(new Failed({ m: "x" })), text(traced[0]))
    assert.throws(() =>
      decodeField(stored, text(Object.assign(new Failed({ m: "x" }), { cause: 1n })).replace("@i", "@z"), 1)
    )
  })

  it("N9 a proxy of an array or an object crosses as a copy; any other is refused, by its place", () => {
    const proxy = (value: object): object => new Proxy(value, {})
    const samples: ReadonlyArray<readonly [value: unknown, plain: unknown]> = [
      [proxy([1]), [1]],
      [proxy([proxy({ a: proxy([1, proxy([])]) })]), [{ a: [1, []] }]],
      [{ a: [1, proxy([2])] }, { a: [1, [2]] }],
      [Option.some(proxy([1])), Option.some([1])],
      [new Map([[1, proxy([1])]]), new Map([[1, [1]]])],
      [new Set([proxy([1])]), new Set([[1]])],
      [proxy(Object.freeze([1, "a"])), [1, "a"]]
    ]
    for (const way of [there, across]) {
      for (const [value, plain] of samples) {
        assert.deepStrictEqual(way(value), plain)
      }
      // eslint-disable-next-line no-sparse-arrays
      assert.isTrue(Equality.equals(way(proxy([1, , 3])), [1, undefined, 3]))
    }
    for (const value of [new Date(5), new Map(), new Set(), /a/, new Uint8Array(1), new ArrayBuffer(1)]) {
      refused([{ a: proxy(value) }], /^field 0\[0\]\.a: an instance of \w+ would lose its class/)
    }
    // eslint-disable-next-line no-sparse-arrays
    assert.strictEqual(1 in (across([1, , 3]) as object), false)
  })

  it("V2 schemas without a class of their own: kept, ambiguous, or refused", () => {
    const url = Schema.transform(Schema.String, Schema.instanceOf(URL), {
      strict: true,
      decode: (text) => new URL(text),
      encode: (url) => url.href
    })
    const known = new Values([url.annotations({ identifier: "URL" })], "store")
    const there = decodeField(known, encodeField(known, new URL("http://a/"), 0), 0)
    assert.deepStrictEqual(there, new URL("http://a/"))
    class Sub extends URL {}
    assert.match(
      failureOf(() => encodeField(known, new Sub("http://a/"), 0)).message,
      /the Schema "URL" cannot encode it: it would come back as an instance of another class/
    )
    const twice = new Values(["one", "two"].map((identifier) => url.annotations({ identifier })), "store")
    assert.match(
      failureOf(() => encodeField(twice, new URL("http://a/"), 0)).message,
      /fits several schemas: "one", "two"/
    )
    const itself = new Values([Schema.instanceOf(URL).annotations({ identifier: "URL" })], "store")
    assert.match(failureOf(() => encodeField(itself, new URL("http://a/"), 0)).message, /it is left as it is/)
    class Small extends Schema.Class<Small>("Small")({ n: Schema.Number.pipe(Schema.lessThan(5)) }) {}
    const small = new Values([Small], "store")
    assert.match(
      failureOf(() => encodeField(small, new Small({ n: 9 }, { disableValidation: true }), 0)).message,
      /^field 0: the Schema "Small" cannot encode it/
    )
  })

  it("V1 V2 what cannot be decoded is Undecodable, with its place and its class", () => {
    const saying = (text: string, known = values): string => {
      const error = failureOf(() => decodeField(known, text, 1))
      assert.strictEqual(error.reason, "Undecodable")
      return error.message
    }
    const point = JSON.stringify({ "@@effect-linda/core/coded": "class:Point", value: { x: 1, at: new Date(5) } })
    const none = new Values([], "store")
    assert.match(
      saying(`{"a":[1,${point}]}`, none),
      /^field 1\.a\[1\]: it is of the class "Point", of which this program/
    )
    assert.match(saying(point.replace("\"x\":1", "\"x\":\"1\"")), /^field 1: the Schema "Point" cannot decode it: /)
    assert.match(saying(point.replace("class:Point", "schema 0")), /by its position in "schemas" \("schema 0"\)/)
    assert.match(saying(point.replace("class:Point", "temporal")), /"temporal", of a later version: update/)
    assert.match(saying("{\"@z\":1}"), /^field 1: it is of a later version \(@z\): update/)
    assert.match(saying("[\"unfinished"), /^field 1: /)
    const was = new Values([renamed("Older", renamed("Old", Point))], "store")
    for (const name of ["class:Point", "class:Old", "class:Older"]) {
      assert.deepStrictEqual(
        decodeField(was, point.replace("class:Point", name), 1),
        new Point({ x: 1, at: new Date(5) })
      )
    }
    assert.match(encodeField(was, new Point({ x: 1, at: new Date(5) }), 0), /class:Point/)
  })

  it("a key is an integer of 53 bits, and tells positions apart", () => {
    fc.assert(fc.property(fc.string(), (string) => {
      const key = keyOf(0, string)
      assert.isTrue(Number.isSafeInteger(key) && key >= 0)
      assert.notStrictEqual(key, keyOf(1, string))
    }))
  })
})
