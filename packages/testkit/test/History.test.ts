import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { History, type Model } from "@effect-linda/testkit"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Option } from "effect"

const t = ["t"] as const
const out: Model.Operation = { _tag: "out", tuple: t }
const inp: Model.Operation = { _tag: "inp", pattern: t }
const take: Model.Operation = { _tag: "in", pattern: t }
const count: Model.Operation = { _tag: "count", pattern: t }

const entry = (operation: Model.Operation, start: number, end: number, result: unknown): History.Entry => ({
  operation,
  start,
  end,
  result: Option.some(result)
})

const pending = (operation: Model.Operation, start: number): History.Entry => ({
  operation,
  start,
  end: Infinity,
  result: Option.none()
})

const histories: ReadonlyArray<readonly [name: string, linearizable: boolean, history: History.History]> = [
  ["nothing", true, []],
  ["one after the other", true, [entry(out, 0, 1, undefined), entry(inp, 2, 3, Option.some(t))]],
  ["taken before it was put", false, [entry(inp, 0, 1, Option.some(t)), entry(out, 2, 3, undefined)]],
  ["taken while it was put", true, [entry(inp, 1, 2, Option.some(t)), entry(out, 0, 3, undefined)]],
  ["not found although it was there", false, [entry(out, 0, 1, undefined), entry(inp, 2, 3, Option.none())]],
  ["not found while it was put", true, [entry(out, 0, 3, undefined), entry(inp, 1, 2, Option.none())]],
  ["taken twice", false, [
    entry(out, 0, 1, undefined),
    entry(inp, 2, 4, Option.some(t)),
    entry(take, 3, 5, t)
  ]],
  ["waited for", true, [entry(take, 0, 3, t), entry(out, 1, 2, undefined)]],
  ["put by one that never ended", true, [pending(out, 0), entry(take, 1, 2, t)]],
  ["put by one that has not started", false, [entry(take, 0, 1, t), pending(out, 2)]],
  ["taken by one that was interrupted", true, [
    entry(out, 0, 1, undefined),
    pending(take, 2),
    entry(count, 3, 4, 0)
  ]],
  ["handed to one that was interrupted, and back in its place", true, [
    entry({ _tag: "out", tuple: ["a"] }, 0, 1, undefined),
    entry({ _tag: "out", tuple: ["b"] }, 2, 3, undefined),
    pending({ _tag: "in", pattern: ["a"] }, 4),
    entry({ _tag: "rd", pattern: [P.any] }, 5, 6, ["b"]),
    entry({ _tag: "rd", pattern: [P.any] }, 7, 8, ["a"])
  ]],
  ["there again after it was taken", false, [
    entry(out, 0, 1, undefined),
    entry(inp, 2, 3, Option.some(t)),
    entry(count, 4, 5, 1)
  ]],
  ["read in two orders", false, [
    entry({ _tag: "out", tuple: ["a"] }, 0, 10, undefined),
    entry({ _tag: "out", tuple: ["b"] }, 1, 11, undefined),
    entry({ _tag: "copyCollect", pattern: [P.any] }, 2, 4, [["a"], ["b"]]),
    entry({ _tag: "copyCollect", pattern: [P.any] }, 3, 5, [["b"], ["a"]])
  ]],
  ["a join that waits takes what completes it, of tuples that are put all at once", true, [
    entry({ _tag: "inAll", patterns: [[P.any], ["a"]] }, 0, 3, [["b"], ["a"]]),
    entry({ _tag: "outAll", tuples: [["a"], ["b"], ["a"]] }, 1, 2, undefined)
  ]],
  ["a join that came after them takes the oldest", false, [
    entry({ _tag: "outAll", tuples: [["a"], ["b"], ["a"]] }, 0, 1, undefined),
    entry({ _tag: "inAll", patterns: [[P.any], ["a"]] }, 2, 3, [["b"], ["a"]])
  ]],
  ["some of what was put all at once", false, [
    entry({ _tag: "outAll", tuples: [["a"], ["b"]] }, 0, 3, undefined),
    entry({ _tag: "count", pattern: [P.any] }, 1, 2, 1)
  ]],
  ["the younger of two", false, [
    entry({ _tag: "outAll", tuples: [["t", 1], ["t", 2]] }, 0, 1, undefined),
    entry({ _tag: "in", pattern: ["t", P.number] }, 2, 3, ["t", 2])
  ]]
]

describe("History", () => {
  for (const [name, linearizable, history] of histories) {
    it(`${linearizable ? "can have happened" : "cannot have happened"}: ${name}`, () => {
      assert.strictEqual(Option.isSome(History.linearize(history)), linearizable)
    })
  }

  it("gives the order", () => {
    const put = entry(out, 0, 3, undefined)
    const looked = entry(inp, 1, 2, Option.none())
    deepStrictEqual(History.linearize([put, looked]), Option.some([looked, put]))
  })

  it("is quick where many operations overlap", () => {
    const puts = Array.from({ length: 9 }, (_, index) => entry(out, index, 100 + index, undefined))
    const takes = Array.from({ length: 9 }, (_, index) => entry(inp, 20 + index, 120 + index, Option.some(t)))
    assert.isTrue(Option.isSome(History.linearize([...puts, ...takes])))
    const one = entry(inp, 30, 130, Option.some(t))
    assert.isTrue(Option.isNone(History.linearize([...puts, ...takes, one])))
  })

  it.scoped("records what is done, and what never ends", () =>
    Effect.gen(function*() {
      const recorder = History.recorder(yield* TupleSpace.make())
      yield* recorder.perform(out)
      yield* recorder.perform(take)
      const fiber = yield* Effect.fork(recorder.perform(take))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* recorder.history, [
        entry(out, 0, 1, undefined),
        entry(take, 2, 3, ["t"]),
        pending(take, 4)
      ])
      assert.strictEqual(
        History.format(yield* recorder.history),
        "0-1 out [\"t\"]: undefined\n2-3 in [\"t\"]: [\"t\"]\n4- in [\"t\"]: has not ended"
      )
    }))
})
