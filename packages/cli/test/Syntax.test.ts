import { Pattern as P } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { namesIn, patternOf } from "../src/internal/pattern.js"
import type { List, Node } from "../src/internal/syntax.js"
import { Mistake, parse, parseTuple, print, types } from "../src/internal/syntax.js"

const matches = (text: string, tuple: ReadonlyArray<unknown>): boolean =>
  P.matches(patternOf(parse(text)) as any)(tuple as any)

const mistakeOf = (text: string, parser: (text: string) => unknown = parse): string => {
  try {
    parser(text)
  } catch (error) {
    if (error instanceof Mistake) {
      return error.message
    }
    throw error
  }
  return assert.fail(`${text} is no mistake`)
}

const names = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/)
  .filter((name) => !["space", "tuples"].includes(name.toLowerCase()))
const hole = fc.record({
  kind: fc.constant("hole" as const),
  name: fc.option(names, { nil: undefined }),
  type: fc.constantFrom(...types)
})
const value = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: "binary" })
).map((value) => ({ kind: "value" as const, value }))
const { list } = fc.letrec<{ node: Node; list: Node }>((tie) => ({
  node: fc.oneof({ maxDepth: 4 }, value, hole, tie("list"), tie("list").map((list) => list)),
  list: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant("array" as const), items: fc.array(tie("node")), isOpen: fc.boolean() }),
    fc.record({
      kind: fc.constant("object" as const),
      members: fc.uniqueArray(fc.tuple(fc.string(), tie("node")), { selector: ([key]) => key }),
      isOpen: fc.boolean()
    })
  )
}))
const patterns = fc.array(fc.oneof(value, hole, list), { minLength: 1 })
  .chain((items) => fc.boolean().map((isOpen): List => ({ kind: "array", items, isOpen })))

describe("syntax", () => {
  it("what is printed is read again as the same", () => {
    fc.assert(fc.property(patterns, (pattern) => assert.deepStrictEqual(parse(print(pattern)), pattern)))
  })

  it("any JSON is a tuple, and a pattern that matches itself", () => {
    fc.assert(fc.property(fc.array(fc.json({ maxDepth: 4 }), { minLength: 1 }), fc.nat(3), (texts, indent) => {
      const tuple = JSON.parse(`[${texts.join(",")}]`)
      for (const text of [`[${texts.join(",")}]`, JSON.stringify(tuple, null, indent)]) {
        assert.deepStrictEqual(patternOf(parseTuple(text)), tuple)
        assert.isTrue(matches(text, tuple))
      }
    }))
  })

  it("whatever text it is, it is read, or is a mistake with its place in the text", () => {
    const signs = fc.constantFrom(..."[]{},:\"_?. -1e\\ntrue\n\t", "null", "...", "?id", "é", "\u{1f600}")
    fc.assert(
      fc.property(fc.oneof(fc.array(signs).map((all) => all.join("")), fc.string()), (text) => {
        try {
          parse(text)
        } catch (error) {
          assert.instanceOf(error, Mistake)
          assert.isTrue(error.at >= 0 && error.at <= text.length)
          assert.match(error.message, /\n {2,}\^/)
        }
      }),
      { numRuns: 500 }
    )
  })

  for (
    const [type, yes, no] of [
      ["any", [1], undefined],
      ["array", [1], "x"],
      ["bigint", 1n, 1],
      ["boolean", false, 0],
      ["date", new Date(0), "1970"],
      ["integer", 3, 3.5],
      ["null", null, undefined],
      ["number", 3.5, "3"],
      ["object", { a: 1 }, [1]],
      ["string", "", 0]
    ] as const
  ) {
    it(`a hole of type ${type}`, () => {
      for (const hole of [`_:${type}`, `?x:${type}`]) {
        assert.isTrue(matches(`["t", ${hole}]`, ["t", yes]))
        assert.strictEqual(matches(`["t", ${hole}]`, ["t", no]), type === "any")
      }
    })
  }

  it("the rest, of tuples, arrays and objects", () => {
    assert.isTrue(matches("[...]", [1]))
    assert.isTrue(matches("[\"a\", ...]", ["a", 1, 2]))
    assert.isFalse(matches("[\"a\", ...]", ["b", 1]))
    assert.isTrue(matches("[[1, ...]]", [[1, 2]]))
    assert.isFalse(matches("[[1]]", [[1, 2]]))
    assert.isTrue(matches("[{\"a\": 1, ...}]", [{ a: 1, b: 2 }]))
    assert.isFalse(matches("[{\"a\": 1}]", [{ a: 1, b: 2 }]))
  })

  it("holes of one name are one variable, within a pattern and among several", () => {
    assert.isTrue(matches("[?x, {\"y\": ?x}]", [1, { y: 1 }]))
    assert.isFalse(matches("[?x, {\"y\": ?x}]", [1, { y: 2 }]))
    const nodes = ["[\"task\", ?id, [?first, ...]]", "[\"file\", {\"name\": ?name:string, ...}]"].map(parse)
    assert.deepStrictEqual(
      [...namesIn(nodes, [["task", 7, [1, 2]], ["file", { name: "a", size: 3 }]])],
      [["id", 7], ["first", 1], ["name", "a"]]
    )
  })

  it("a mistake shows its place", () => {
    for (
      const [text, message] of [
        [
          "[\"task\", ?id:nmber, _]",
          `a hole is of a type that there is
  ["task", ?id:nmber, _]
               ^ no type \`nmber\`; did you mean \`number\`?`
        ],
        [
          "[\"task\", ]",
          `expected a value here
  ["task", ]
           ^ no comma comes before ]`
        ],
        [
          "[task]",
          `expected a value, a hole (_ or ?name) or ] here
  [task]
   ^ a text is in double quotes: "task"; a hole has a question mark: ?task`
        ],
        [
          "[\"task\", 7",
          `expected ] at the end
  ["task", 7
  ^ this [ is not closed`
        ],
        [
          "[1, ...,  2]",
          `expected ] here
  [1, ...,  2]
         ^ ... stands for the rest, and is the last field`
        ],
        [
          "[1] [2]",
          `expected the end here
  [1] [2]
      ^ each tuple is an argument of its own`
        ],
        [
          "{\"a\": 1}",
          `expected [ here
  {"a": 1}
  ^ a tuple is an array in JSON, such as ["task", 7]`
        ],
        [
          "[{a: 1}]",
          `expected a key here
  [{a: 1}]
    ^ keys are in double quotes: "a"`
        ],
        [
          "[\"\u{1f600}\", ?]",
          `a hole has a name
  ["\u{1f600}", ?]
         ^ such as ?id; _ is a hole without one`
        ],
        [
          "[1,\n 'a']",
          `expected a value, a hole (_ or ?name) here
   'a']
   ^ a text is in double quotes`
        ],
        [
          "[\"task]",
          `expected " at the end
  ["task]
   ^ this text is not closed`
        ],
        ["[]", "a tuple has at least one field\n  []\n  ^"],
        ["[01]", "expected a number as JSON has it\n  [01]\n   ^"],
        ["[1e999]", "this number is too large\n  [1e999]\n   ^"],
        ["", "expected a tuple, and there is nothing\n  \n  ^ a tuple is an array in JSON, such as [\"task\", 7]"],
        [
          "[?space]",
          "a hole cannot be named space\n  [?space]\n    ^ LINDA_SPACE means something else"
        ]
      ] as const
    ) {
      assert.strictEqual(mistakeOf(text), message)
    }
    assert.strictEqual(
      mistakeOf("[\"? _\", _]", parseTuple),
      "a tuple has no holes\n  [\"? _\", _]\n          ^ a value stands here"
    )
    const long = `[${"\"x\", ".repeat(100)}y]`
    assert.match(mistakeOf(long), /^.*\n {2}….{1,60}y\]\n {3,70}\^ a text/)
    assert.include(mistakeOf("[".repeat(200)), "nested more than 100 deep")
  })
})
