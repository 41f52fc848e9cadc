import { Pattern as P } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Entry } from "../../src/internal/memory/entry.js"
import { next } from "../../src/internal/memory/ordered.js"
import { Shelf } from "../../src/internal/memory/shelf.js"
import { compile } from "../../src/internal/pattern/pattern.js"
import { same } from "../helpers.js"

const positionsOf = (shelf: Shelf) => shelf.indexed.map(({ positions }) => positions)

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
/** Few values, so that they meet; some equal without being the same, some of equal hash. */
const value = fc.oneof(
  fc.integer({ min: 0, max: 2 }),
  fc.constantFrom("a", "b", NaN, null, true),
  fc.integer({ min: 0, max: 1 }).map((x) => ({ x })),
  fc.integer({ min: 0, max: 1 }).map((x) => [[[[x]]]])
)
const tuple = fc.tuple(value, value, value)
const pattern = fc.tuple(tuple, fc.integer({ min: 0, max: 7 })).map(([fields, mask]) =>
  compile(fields.map((field, i) => mask & (1 << i) ? field : P.any))
)

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ _tag: fc.constant("Add" as const), tuple }) },
    { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Remove" as const), at: share }) },
    { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Return" as const), at: share }) },
    { weight: 4, arbitrary: fc.record({ _tag: fc.constant("Find" as const), pattern }) }
  ),
  { maxLength: 150, size: "max" }
)

describe("Shelf", () => {
  it.prop("S2 S5 looking up by index and scanning give the same answer, oldest first", [steps], ([program]) => {
    const shelf = new Shelf()
    let stored: Array<Entry> = []
    const gone: Array<Entry> = []
    let seq = 0
    for (const step of program) {
      switch (step._tag) {
        case "Add": {
          const entry = new Entry(step.tuple, seq++, false)
          shelf.add(entry)
          stored.push(entry)
          break
        }
        case "Remove": {
          const [entry] = stored.splice(Math.floor(step.at * stored.length), 1)
          if (entry !== undefined) {
            shelf.remove(entry)
            gone.push(entry)
          }
          break
        }
        case "Return": {
          const [entry] = gone.splice(Math.floor(step.at * gone.length), 1)
          if (entry !== undefined) {
            shelf.add(entry)
            stored = [...stored, entry].sort((self, that) => self.seq - that.seq)
          }
          break
        }
        case "Find": {
          const found: Array<Entry> = []
          next(shelf.candidates(step.pattern), -1, (entry) => {
            if (step.pattern.matches(entry.tuple)) {
              found.push(entry)
            }
            return false
          })
          same(found, stored.filter((entry) => step.pattern.matches(entry.tuple)))
        }
      }
      assert.strictEqual(shelf.all.size, stored.length)
    }
  })

  it("an index is made by the first who needs it, kept up, and dropped when it is cold", () => {
    const shelf = new Shelf()
    const add = (n: number) => {
      const entry = new Entry(["t", n], n, false)
      shelf.add(entry)
      return entry
    }
    for (let i = 0; i < 8; i++) {
      add(i)
    }
    shelf.candidates(compile(["t", 1]))
    same(positionsOf(shelf), [], "so few are scanned")
    add(8)
    shelf.candidates(compile([P.any, 1]))
    shelf.candidates(compile(["t", P.any]))
    same(positionsOf(shelf), [[1], [0]])
    const entry = add(9)
    assert.strictEqual(shelf.candidates(compile([P.any, 9])), entry)
    for (let i = 10; i < 80; i++) {
      shelf.remove(add(i))
      shelf.candidates(compile([P.any, i]))
    }
    same(positionsOf(shelf), [[1]], "one is used all the time, the other was not worth it")
    assert.strictEqual(shelf.candidates(compile(["t", P.any])), shelf.all)
    for (let i = 0; i < 50; i++) {
      shelf.candidates(compile(["t", P.any]))
    }
    same(positionsOf(shelf), [[1], [0]], "but is now")
    for (let i = 80; i < 150; i++) {
      shelf.remove(add(i))
    }
    same(positionsOf(shelf), [])
    assert.strictEqual(shelf.candidates(compile([P.any, 9])), entry)
    same(positionsOf(shelf), [[1]], "what was worth it is made again at once")
  })

  /** A phase of so many changes, with a lookup after every so many. */
  const phase = fc.record({ changes: fc.integer({ min: 1, max: 2000 }), every: fc.integer({ min: 1, max: 1000 }) })

  it.prop(
    "however often it is looked up, an index costs no more than twice what one costs that is always kept, or never made",
    [fc.array(phase, { minLength: 1, maxLength: 10 })],
    ([phases]) => {
      const n = 200
      const entering = 4
      let cost = 0
      class Counted extends Entry {
        override keyAt(positions: ReadonlyArray<number>) {
          cost += entering
          return super.keyAt(positions)
        }
      }
      const shelf = new Shelf()
      let seq = 0
      let queue = Array.from({ length: n }, () => new Counted(["t", seq], seq++, false))
      queue.forEach((entry) => shelf.add(entry))
      const pattern = compile([P.any, -1])
      let lookups = 0
      let changes = 0
      for (const phase of phases) {
        for (let i = 0; i < phase.changes; i++) {
          // The oldest goes, so that each is there for long enough to be entered.
          const entry = new Counted(["t", seq], seq++, false)
          shelf.add(entry)
          shelf.remove(queue[0]!)
          queue = [...queue.slice(1), entry]
          changes += 2
          if (i % phase.every === 0) {
            lookups++
            const candidates = shelf.candidates(pattern)
            cost += candidates === shelf.all ? n : 0
          }
        }
      }
      const kept = entering * (n + changes)
      const never = lookups * n
      // What one costs that is made at once, and given up, comes on top.
      assert.isAtMost(cost, 2 * Math.min(kept, never) + 3 * entering * n)
    }
  )
})
