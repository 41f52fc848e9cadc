import type { Tuple } from "@effect-linda/core"
import { Pattern as P, Process } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc, Option, Schema } from "effect"
import type { Pattern } from "../../src/internal/pattern/pattern.js"
import { compile } from "../../src/internal/pattern/pattern.js"
import { canMeet, isWithin, narrowed } from "../../src/internal/pattern/within.js"

/** Few enough values that patterns often have to do with each other. */
const values: ReadonlyArray<unknown> = [
  0,
  1,
  2,
  NaN,
  "a",
  "ab",
  "b",
  true,
  null,
  1n,
  new Date(0),
  new Date(5),
  { x: 0 },
  { x: 1, y: "a" },
  { x: { x: 0 } },
  [1],
  [1, "a"],
  [],
  Option.some(1)
]

const odd = (value: unknown) => value === 1 || value === "a"

const { field } = fc.letrec<{ field: unknown }>((tie) => {
  const field = tie("field")
  const leaf = fc.oneof(
    fc.constantFrom(...values).map((value) => P.literal(value)),
    fc.constantFrom<unknown>(P.any, P.number, P.string, P.boolean, P.bigint, P.date),
    fc.constantFrom<unknown>(
      P.between(0, 1),
      P.between(0, 9),
      P.between("a", "b"),
      P.between(new Date(0), new Date(3))
    ),
    fc.constantFrom<unknown>(P.matching(/a/), P.when(odd), P.schema(Schema.Number), P.between(1n, 2n))
  )
  return {
    field: fc.oneof(
      { maxDepth: 2, depthSize: "small" },
      { weight: 6, arbitrary: leaf },
      { weight: 1, arbitrary: fc.tuple(field, field).map((fields) => P.oneOf(...fields as [unknown, unknown])) },
      { weight: 1, arbitrary: field.map((field) => P.not(field)) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom("x", "y"), field).map(([name, field]) => P.ref(name, field)) },
      { weight: 1, arbitrary: field.map((x) => ({ x })) },
      { weight: 1, arbitrary: fc.tuple(field, field).map(([x, y]) => ({ x, y })) },
      { weight: 1, arbitrary: field.map((x) => P.partial({ x })) },
      { weight: 1, arbitrary: field.map((one) => [one]) },
      { weight: 1, arbitrary: fc.tuple(field, field).map(([one, rest]) => [one, P.rest(rest)]) }
    )
  }
})

const pattern: fc.Arbitrary<Pattern> = fc.oneof(
  { weight: 12, arbitrary: fc.array(field, { minLength: 1, maxLength: 3 }).map(compile) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.array(field, { maxLength: 2 }), field).map(([fields, rest]) =>
      compile([...fields, P.rest(rest)])
    )
  },
  { weight: 1, arbitrary: field.map((error) => compile(Process.failure(error as never))) }
)

const tuples: ReadonlyArray<Tuple.Tuple> = [
  ...values.map((one) => [one] as const),
  ...values.flatMap((one) => values.map((other) => [one, other] as const)),
  ...values.flatMap((one, index) => [[one, one, one] as const, [one, values[index * 7 % values.length], 1] as const])
]

const admits = (pattern: Pattern) => (tuple: Tuple.Tuple) => pattern.admits({ tuple, failure: pattern.failure })

const numRuns = 10_000

const shown = (...patterns: ReadonlyArray<Pattern>) => patterns.map(String).join(" and ")

describe("What patterns have to do with each other", () => {
  it("S23 one that is said to be within another matches nothing else", () => {
    let count = 0
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        if (isWithin(one, other)) {
          count++
          const found = tuples.find((tuple) => admits(one)(tuple) && !admits(other)(tuple))
          assert.isUndefined(found, shown(one, other))
          assert.strictEqual(one.failure, other.failure)
        }
        assert.isTrue(isWithin(one, one), shown(one))
      }),
      { numRuns }
    )
    assert.isAbove(count, numRuns / 500)
  })

  it("S23 two that are said never to match the same do not", () => {
    let count = 0
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        assert.strictEqual(canMeet(one, other), canMeet(other, one))
        if (!canMeet(one, other)) {
          count++
          const found = tuples.find((tuple) =>
            one.failure === other.failure && admits(one)(tuple) && admits(other)(tuple)
          )
          assert.isUndefined(found, shown(one, other))
        }
      }),
      { numRuns }
    )
    assert.isAbove(count, numRuns / 4)
  })

  it("S23 one that is narrowed matches what it does and one of the others does, however often it is narrowed", () => {
    const some = fc.array(pattern, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(pattern, some, some, (one, others, more) => {
        const once = narrowed(one, others)
        const twice = once && narrowed(once, more)
        const isOf = (all: ReadonlyArray<Pattern>, tuple: Tuple.Tuple) =>
          all.some((each) => each.failure === one.failure && admits(each)(tuple))
        for (const tuple of tuples) {
          const isMeant = admits(one)(tuple) && isOf(others, tuple)
          assert.strictEqual(once !== undefined && admits(once)(tuple), isMeant, `${once} of ${shown(one, ...others)}`)
          const isBoth = isMeant && isOf(more, tuple)
          assert.strictEqual(twice !== undefined && admits(twice)(tuple), isBoth, `${twice} of ${shown(one, ...more)}`)
          // In the light of variables that are bound, it binds what it would have.
          if (isMeant) {
            assert.deepStrictEqual(once!.bind(tuple, undefined), one.bind(tuple, undefined))
          }
        }
      }),
      { numRuns: 500 }
    )
  }, 300_000)

  it("S23 the code of one that is narrowed is asked about nothing else", () => {
    const asked: Array<unknown> = []
    const see = (value: unknown) => {
      asked.push(value)
      return true
    }
    const allowed = [["a", P.number], [P.any, "open"]].map(compile)
    const asking = [[see, see], [P.any, see], [see, P.rest(P.any)], [P.rest(see)], [P.ref("x", see), P.ref("x", see)]]
    const hidden: ReadonlyArray<Tuple.Tuple> = [["secret", 1], ["b", 2], ["a", "hidden"], ["b"], ["a", 1, 2]]
    for (const fields of asking) {
      const made = narrowed(compile(fields), allowed)!
      hidden.forEach((tuple) => assert.isFalse(made.matches(tuple)))
    }
    // Also if all that it matches is within: its fields are asked one by one.
    const open = narrowed(compile([see, "open"]), [compile([P.any, "open"])])!
    assert.isFalse(open.matches(["secret", "closed"]))
    assert.deepStrictEqual(asked, [])
    assert.isTrue(open.matches(["known", "open"]))
    assert.deepStrictEqual(asked, ["known"])
  })

  const isKnown: ReadonlyArray<readonly [one: unknown, other: unknown]> = [
    [["a", 1], ["a", P.number]],
    [["a", 1], [P.string, P.rest(P.any)]],
    [["a", P.number], ["a", P.any]],
    [["a", P.number, P.string], ["a", P.rest(P.any)]],
    [["a", P.rest(P.number)], [P.rest(P.any)]],
    [["a", P.rest(P.number)], ["a", P.rest(P.not(P.string))]],
    [[P.between(1, 2)], [P.between(0, 3)]],
    [[P.between(1, 2)], [P.number]],
    [[P.between(new Date(0), new Date(1))], [P.date]],
    [[P.matching(/a/)], [P.string]],
    [[P.oneOf(1, 2)], [P.number]],
    [[P.oneOf(1, "a")], [P.oneOf("a", P.number)]],
    [[P.ref("x", P.number)], [P.oneOf(P.number, "a")]],
    [[1], [P.ref("x", P.number)]],
    [[{ x: 1, y: P.number }], [P.partial({ x: P.number })]],
    [[{ x: P.between(0, 1) }], [{ x: P.number }]],
    [[[1, P.rest(P.number)]], [[P.number, P.rest(P.any)]]],
    [[P.when(odd)], [P.when(odd)]],
    [[P.any], [P.rest(P.any)]],
    [[5], [P.not(P.string)]],
    [[{ x: 1 }], [P.not(P.string)]],
    [Process.failure(P.string), Process.failure()]
  ]

  it.each(isKnown)("S23 %s is within %s, and not the other way round", (one, other) => {
    const [narrow, wide] = [compile(one), compile(other)]
    assert.isTrue(isWithin(narrow, wide), shown(narrow, wide))
    assert.isTrue(canMeet(narrow, wide))
    if (!narrow.isLike(wide)) {
      assert.isFalse(isWithin(wide, narrow), shown(wide, narrow))
    }
  })

  const isNotSo: ReadonlyArray<readonly [one: unknown, other: unknown]> = [
    [["a", P.any], [P.rest(P.ref("x"))]],
    [[1, 2], [P.ref("x"), P.ref("x")]],
    [[P.any, P.any], [P.ref("x"), P.ref("x")]],
    [[[1, 2]], [[P.ref("x"), P.ref("x")]]],
    [[P.between(0, 2)], [P.between(1, 3)]],
    [[P.between(1, 5)], [P.between(0, 3)]],
    [["a", P.rest(P.any)], ["a", P.any]],
    [["a", P.rest(P.any)], ["a"]],
    [["a"], ["a", P.any]],
    [["a", 1], ["a"]],
    [[{ x: 1, y: 2 }], [{ x: P.number }]],
    [[{ x: P.any, y: P.any }], [{ x: P.any }]],
    [[P.partial({ x: 1 })], [{ x: P.number }]],
    [[P.when(odd)], [P.number]],
    [[P.number], [P.when(odd)]],
    [[P.oneOf(1, "a")], [P.number]],
    [[P.any], [P.not("a")]],
    [Process.failure(), [P.rest(P.any)]],
    [[P.any, P.any, P.any], Process.failure()]
  ]

  it.each(isNotSo)("S23 %s is not within %s", (one, other) => {
    const [narrow, wide] = [compile(one), compile(other)]
    assert.isFalse(isWithin(narrow, wide), shown(narrow, wide))
  })

  it("S23 what is left of one is known to indexes and stores, where that says all", () => {
    const left = (fields: unknown, ...others: ReadonlyArray<unknown>) =>
      String(narrowed(compile(fields), others.map(compile)))
    assert.strictEqual(left(["job", P.any], ["job", P.number]), "[\"job\", number]")
    assert.strictEqual(left([P.rest(P.any)], ["job", P.number]), "[\"job\", number]")
    assert.strictEqual(
      left([P.any, 1, P.rest(P.any)], ["job", P.rest(P.number)]),
      "[\"job\", 1, ...any] within [\"job\", ...number]"
    )
    assert.strictEqual(left([P.any, 1], ["job", P.rest(P.number)]), "[\"job\", 1]")
    assert.strictEqual(left([P.ref("x"), 1], ["job", P.number]), "[ref(x), 1] within [\"job\", number]")
    assert.strictEqual(left([P.any, odd], ["job", P.any]), "[\"job\", when(odd)] within [\"job\", any]")
    assert.strictEqual(left([P.any], ["a"], ["b"], ["c", 1]), "[any] within [\"a\"] or [\"b\"]")
    assert.strictEqual(left(["a"], ["a"], [P.any]), "[\"a\"]")
    assert.strictEqual(left(["a"], ["b"], [1], ["a", P.any]), "undefined")
    assert.strictEqual(left([odd], [P.rest(P.any)]), "[when(odd)]")
    assert.strictEqual(left([P.any, P.any], [P.ref("x"), P.ref("x")]), "[any, any] within [ref(x), ref(x)]")
  })

  it("S11 S23 patterns are alike only if they are narrowed alike", () => {
    const [a, b] = [compile(["a", P.rest(P.any)]), compile(["b", P.rest(P.any)])]
    const one = compile([P.any, P.ref("x")])
    const by = (...some: ReadonlyArray<Pattern>) => narrowed(one, some)!
    assert.isTrue(by(a, b).isLike(by(a, b)))
    assert.isFalse(by(a, b).isLike(one))
    assert.isFalse(one.isLike(by(a, b)))
    assert.isFalse(by(a, b).isLike(by(b, a)))
    assert.isFalse(by(a, b).isLike(narrowed(by(a, b), [b, a])!))
    assert.strictEqual(by(a, b).given({ name: "x", value: 1, next: undefined }).matches(["c", 1]), false)
  })
})
