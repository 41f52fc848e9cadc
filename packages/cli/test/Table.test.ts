import { assert, describe, it } from "@effect/vitest"
import { cellOf, durationOf, inert, paintOf, plain, table, wantsColours } from "../src/internal/table.js"

const rowOf = (tuple: ReadonlyArray<unknown>) => tuple.map((field) => cellOf(field, JSON.stringify(field)))

describe("tables", () => {
  it("have columns as wide as what is in them, numbers on the right, cut to the terminal", () => {
    const rows = [rowOf(["task", 7, true]), rowOf(["a", 1234])]
    assert.strictEqual(table(rows, paintOf(false)), "\"task\"     7  true\n\"a\"     1234\n")
    assert.strictEqual(table(rows, paintOf(false), 10), "\"task\"   …\n\"a\"     1…\n")
    const painted = table(rows, paintOf(true))
    assert.include(painted, "\u001b[32m\"task\"")
    assert.strictEqual(plain(painted), table(rows, paintOf(false)))
  })

  it("show no control characters", () => {
    assert.strictEqual(inert("a\u001b[2J\u007f\n"), "a\\u001b[2J\\u007f\\u000a")
  })

  it("have colours in a terminal that wants them", () => {
    const before = { ...process.env }
    try {
      delete process.env["NO_COLOR"]
      process.env["TERM"] = "xterm"
      assert.isTrue(wantsColours({ isTTY: true }))
      assert.isFalse(wantsColours({}))
      process.env["NO_COLOR"] = "1"
      assert.isFalse(wantsColours({ isTTY: true }))
    } finally {
      process.env = before
    }
  })

  it("tell durations in one or two units", () => {
    const all = [5, 900, 1_000, 65_000, 3_600_000, 5_400_000, 90_000_000].map(durationOf)
    assert.deepStrictEqual(all, ["5ms", "900ms", "1s", "1m 5s", "1h", "1h 30m", "1d 1h"])
  })
})
