/** W9: `inp` that matches nothing, by `["job", -1, any]` and by `[any, any, "nope"]`, among few and many tuples. */
import { Effect, Exit, Scope } from "effect"
import { ANY, PlainSpace } from "../floors.js"
import type { Size } from "../measure.js"
import { clocked, compare, each, run, sized, timed } from "../measure.js"
import type { Row } from "../report.js"
import type { Space } from "../subjects.js"
import { fx, ours } from "../subjects.js"
import { fill, job } from "./W2.js"

const misses = (space: Space, n: number, pattern: () => ReadonlyArray<unknown>): Promise<number> =>
  run(Effect.map(timed(each(n, () => space.inp(pattern()))), (ms) => 1000 * n / ms))

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const looks = sized(size, 100_000)
  const rows: Array<Row> = []
  const found: Array<number> = []
  for (const n of [1000, 100_000, 1_000_000].map((full) => sized(size, full))) {
    const scope = await Effect.runPromise(Scope.make())
    const [our, fxs] = await Effect.runPromise(Scope.extend(Effect.all([ours.make, fx.make]), scope))
    const plain = new PlainSpace()
    await run(fill(our, n))
    await run(fill(fxs, n))
    for (let i = 0; i < n; i++) {
      plain.put(job(i))
    }
    for (const last of [false, true]) {
      const pattern = (any: unknown) => () => last ? [any, any, "nope"] : ["job", -1, any]
      const rates = await compare(size, {
        ours: () => misses(our, looks, pattern(ours.any)),
        fx: () => misses(fxs, looks, pattern(fx.any)),
        index: () => {
          const look = pattern(ANY)
          return 1000 * looks / clocked(() => {
            for (let i = 0; i < looks; i++) {
              plain.take(look())
            }
          })
        }
      }, 2)
      const by = last ? "[any, any, \"nope\"]" : "[\"job\", -1, any]"
      const row = {
        workload: "W9",
        what: `misses by ${by}, N = ${n.toLocaleString("en-US")}`,
        unit: "/s",
        ours: rates.ours
      }
      rows.push({ ...row, must: ["at least", 200_000] })
      rows.push({ ...row, floor: { name: "F-fx", value: rates.fx }, go: ["at least", 0.5] })
      rows.push({ ...row, floor: { name: "F-index", value: rates.index } })
      found.push(rates.ours)
    }
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
  return [...rows, {
    workload: "W9",
    what: "misses, the slowest against the fastest",
    unit: "/s",
    ours: Math.min(...found),
    floor: { name: "ours", value: Math.max(...found) },
    // "The same", as far as noise lets us tell.
    must: ["at least", 0.6]
  }]
}
