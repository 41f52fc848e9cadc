import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import type { Deadline } from "../../src/internal/deadlines.js"
import { Deadlines } from "../../src/internal/deadlines.js"
import { same } from "../helpers.js"

const deadline = (at: number): Deadline => ({ at, index: -1, fire: () => {} })

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Add" as const), at: fc.integer({ min: 0, max: 30 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        _tag: fc.constant("Remove" as const),
        at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
      })
    },
    { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Due" as const), at: fc.integer({ min: 0, max: 30 }) }) }
  ),
  { maxLength: 200, size: "max" }
)

describe("Deadlines", () => {
  it.prop("S9 S15 the heap agrees with a sorted array, and everybody knows its place", [steps], ([program]) => {
    const deadlines = new Deadlines()
    const model: Array<Deadline> = []
    const earliest = () => Math.min(...model.map(({ at }) => at))
    for (const step of program) {
      switch (step._tag) {
        case "Add": {
          const added = deadline(step.at)
          deadlines.add(added)
          model.push(added)
          break
        }
        case "Remove": {
          const [removed] = model.splice(Math.floor(step.at * model.length), 1)
          if (removed !== undefined) {
            deadlines.remove(removed)
            assert.strictEqual(removed.index, -1)
          }
          break
        }
        case "Due": {
          for (let due = deadlines.due(step.at); due !== undefined; due = deadlines.due(step.at)) {
            assert.strictEqual(due.at, earliest())
            assert.strictEqual(due.index, -1)
            assert.isTrue(model.includes(due))
            model.splice(model.indexOf(due), 1)
          }
          assert.isTrue(model.length === 0 || earliest() > step.at)
        }
      }
      assert.strictEqual(deadlines.size, model.length)
      assert.strictEqual(deadlines.earliest, earliest())
      same(
        model.map(({ index }) => index).sort((self, that) => self - that),
        model.map((_, index) => index)
      )
    }
  })

  it("S9 removing what is not there does nothing; clearing forgets all", () => {
    const deadlines = new Deadlines()
    const [a, b] = [deadline(1), deadline(2)]
    deadlines.remove(a)
    deadlines.add(a)
    deadlines.add(b)
    deadlines.clear()
    same([deadlines.size, deadlines.earliest, a.index, b.index], [0, Infinity, -1, -1])
    deadlines.remove(b)
    deadlines.add(b)
    assert.strictEqual(deadlines.due(2), b)
    assert.isUndefined(deadlines.due(1000))
  })

  it("S15 -Infinity is due at once", () => {
    const deadlines = new Deadlines()
    const a = deadline(-Infinity)
    deadlines.add(a)
    assert.strictEqual(deadlines.due(-1), a)
  })
})
