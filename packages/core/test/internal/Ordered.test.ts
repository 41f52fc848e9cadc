import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import type { Item } from "../../src/internal/memory/ordered.js"
import { HashTable, next, Ordered } from "../../src/internal/memory/ordered.js"
import { same } from "../helpers.js"

interface Numbered extends Item {
  readonly colour: number
}

type Step =
  | { readonly _tag: "Push"; readonly colour: number }
  | { readonly _tag: "Remove"; readonly at: number }
  | { readonly _tag: "Return"; readonly at: number }
  | { readonly _tag: "Skip"; readonly at: number }

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const steps = (maxLength: number) =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ _tag: fc.constant("Push" as const), colour: fc.integer({ min: 0, max: 3 }) })
      },
      { weight: 4, arbitrary: fc.record({ _tag: fc.constant("Remove" as const), at: share }) },
      { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Return" as const), at: share }) },
      { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Skip" as const), at: share }) }
    ),
    { maxLength, size: "max" }
  )

/** Plays the steps on a sorted array, and on what is tested. */
const play = (program: ReadonlyArray<Step>, add: (item: Numbered) => void, remove: (item: Numbered) => void) => {
  const present: Array<Numbered> = []
  const gone: Array<Numbered> = []
  let seq = 0
  const enter = (item: Numbered) => {
    item.live = true
    add(item)
    present.push(item)
    present.sort((self, that) => self.seq - that.seq)
  }
  return {
    present,
    run: (check: () => void) => {
      for (const step of program) {
        switch (step._tag) {
          case "Push":
            enter({ seq: seq++, live: false, colour: step.colour })
            break
          case "Skip":
            // A number that somebody has drawn and will come with later.
            gone.push({ seq: seq++, live: false, colour: Math.floor(step.at * 4) })
            break
          case "Remove": {
            const [item] = present.splice(Math.floor(step.at * present.length), 1)
            if (item !== undefined) {
              item.live = false
              remove(item)
              gone.push(item)
            }
            break
          }
          case "Return": {
            const [item] = gone.splice(Math.floor(step.at * gone.length), 1)
            if (item !== undefined) {
              enter(item)
            }
          }
        }
        check()
      }
    }
  }
}

describe("Ordered", () => {
  it.prop(
    "S5 S8 a list agrees with a sorted array, whatever is removed and returned",
    [steps(300), share],
    ([program, at]) => {
      const list = new Ordered<Numbered>()
      const model = play(program, (item) => list.add(item), () => list.remove())
      model.run(() => {
        const { present } = model
        assert.strictEqual(list.size, present.length)
        same(list.toArray(), present)
        const isOdd = (item: Numbered): boolean => item.colour % 2 === 1
        const seq = Math.floor(at * 40) - 1
        assert.strictEqual(list.next(-1, () => true), present[0])
        assert.strictEqual(list.next(seq, isOdd), present.find((item) => item.seq > seq && isOdd(item)))
        assert.strictEqual(list.last(isOdd), present.filter(isOdd).at(-1))
        const hit = list.at(at)
        assert.isTrue(hit === undefined || present.includes(hit))
      })
    }
  )

  it("S5 a queue that runs for long does not grow", () => {
    const list = new Ordered<Item>()
    const items: Array<Item> = []
    for (let seq = 0; seq < 20_000; seq++) {
      const item = { seq, live: true }
      items.push(item)
      list.add(item)
      if (seq >= 40) {
        const oldest = items[seq - 40]!
        oldest.live = false
        list.remove()
      }
    }
    assert.strictEqual(list.size, 40)
    assert.isBelow((list as any).items.length, 300)
  })

  it("S5 tombstones in the middle are cleared away", () => {
    const list = new Ordered<Item>()
    const items = Array.from({ length: 1000 }, (_, seq) => ({ seq, live: true }))
    items.forEach((item) => list.add(item))
    items.slice(1, -1).forEach((item) => {
      item.live = false
      list.remove()
    })
    assert.strictEqual(list.size, 2)
    assert.isBelow((list as any).items.length, 50)
    same(list.toArray(), [items[0], items[999]])
  })

  it("next of nothing, of one item and of a list", () => {
    const item = { seq: 3, live: true }
    assert.isUndefined(next(undefined, -1, () => true))
    assert.strictEqual(next(item, 2, () => true), item)
    assert.isUndefined(next(item, 3, () => true))
    assert.isUndefined(next(item, -1, () => false))
    assert.isUndefined(next({ seq: 3, live: false }, -1, () => true))
    const list = new Ordered<Item>()
    list.add(item)
    assert.strictEqual(next(list, -1, () => true), item)
  })
})

describe("HashTable", () => {
  it.prop("S2 S5 a table agrees with lists by colour", [steps(200)], ([program]) => {
    const table = new HashTable<Numbered>()
    const model = play(program, (item) => table.add(item.colour, item), (item) => table.remove(item.colour))
    model.run(() => {
      const { present } = model
      for (let colour = 0; colour < 4; colour++) {
        const mine = present.filter((item) => item.colour === colour)
        const items = table.get(colour)
        same(items === undefined ? [] : items instanceof Ordered ? items.toArray() : [items], mine)
        assert.strictEqual(next(items, -1, () => true), mine[0])
      }
      assert.strictEqual(table.isEmpty, present.length === 0)
      same(table.toArray().sort((self, that) => self.seq - that.seq), present)
    })
  })
})
