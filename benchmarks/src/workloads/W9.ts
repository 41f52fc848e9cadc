/** W9: `inp` that matches nothing, by `["job", -1, any]` and by `[any, any, "nope"]`, among few and many tuples. */
import { Effect } from "effect"
import { ANY, PlainSpace } from "../floors.js"
import type { Size } from "../measure.js"
import { clocked, compare, each, run, sized, timed } from "../measure.js"
import type { Row } from "../report.js"
import type { Space, Subject } from "../subjects.js"
import { fx, ours } from "../subjects.js"
import { fill, job } from "./W2.js"

const misses = (space: Space, n: number, pattern: () => ReadonlyArray<unknown>): Promise<number> =>
  run(Effect.map(timed(each(n, () => space.inp(pattern()))), (ms) => 1000 * n / ms))

const patternsOf = (any: unknown) => [() => ["job", -1, any], () => [any, any, "nope"]]

/** Misses per second by each of the patterns. One subject after the other, so that each has the heap for itself. */
const rates = (size: Size, subject: Subject, n: number, looks: number): Promise<ReadonlyArray<number>> =>
  run(Effect.gen(function*() {
    const space = yield* subject.make
    yield* fill(space, n)
    return yield* Effect.promise(async () => {
      const found: Array<number> = []
      for (const pattern of patternsOf(subject.any)) {
        found.push((await compare(size, { misses: () => misses(space, looks, pattern) }, 2)).misses)
      }
      return found
    })
  }))

const plainRates = async (size: Size, n: number, looks: number): Promise<ReadonlyArray<number>> => {
  const space = new PlainSpace()
  for (let i = 0; i < n; i++) {
    space.put(job(i))
  }
  const found: Array<number> = []
  for (const pattern of patternsOf(ANY)) {
    const look = () =>
      1000 * looks / clocked(() => {
        for (let i = 0; i < looks; i++) {
          space.take(pattern())
        }
      })
    found.push((await compare(size, { look }, 2)).look)
  }
  return found
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const looks = sized(size, 100_000)
  const rows: Array<Row> = []
  const all: Array<number> = []
  for (const n of [1000, 100_000, 1_000_000].map((full) => sized(size, full))) {
    const found = await rates(size, ours, n, looks)
    const floors = await rates(size, fx, n, looks)
    const plain = await plainRates(size, n, looks)
    const names = ["[\"job\", -1, any]", "[any, any, \"nope\"]"]
    for (const [i, name] of names.entries()) {
      const what = `misses by ${name}, N = ${n.toLocaleString("en-US")}`
      const row = { workload: "W9", what, unit: "/s", ours: found[i]! }
      rows.push({ ...row, must: ["at least", 200_000] })
      rows.push({ ...row, floor: { name: "F-fx", value: floors[i]! }, go: ["at least", 0.5] })
      rows.push({ ...row, floor: { name: "F-index", value: plain[i]! } })
    }
    all.push(...found)
  }
  return [...rows, {
    workload: "W9",
    what: "misses, the slowest against the fastest",
    unit: "/s",
    ours: Math.min(...all),
    floor: { name: "ours", value: Math.max(...all) },
    // "The same", as far as noise lets us tell.
    must: ["at least", 0.6]
  }]
}
