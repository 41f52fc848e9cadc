/** W1: `out` and `in` of `["k", i]` by one fiber in an empty space; and what the steps below it cost. */
import { Effect } from "effect"
import * as Floors from "../floors.js"
import type { Size } from "../measure.js"
import { clocked, compare, each, run, sized, timed } from "../measure.js"
import { HandSpace, lindaSpace, taken } from "../peers.js"
import type { Row } from "../report.js"
import type { Space, Subject } from "../subjects.js"
import { fx, naive, ours } from "../subjects.js"

/** Microseconds per pair. */
export const pairs = (space: Space, n: number): Effect.Effect<number> =>
  Effect.map(
    timed(each(n, (i) => Effect.flatMap(space.out(["k", i]), () => space.in(["k", i])))),
    (ms) => 1000 * ms / n
  )

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = sized(size, 200_000)
  const fresh = (subject: Subject) => () => run(Effect.flatMap(subject.make, (space) => pairs(space, n)))
  const took = await compare(size, {
    ours: fresh(ours),
    fx: fresh(fx),
    naive: fresh(naive),
    index: () => {
      const space = new Floors.PlainSpace()
      return 1000 * clocked(() => {
        for (let i = 0; i < n; i++) {
          space.put(["k", i])
          space.take(["k", i])
        }
      }) / n
    },
    hand: async () => {
      const space = new HandSpace()
      const start = performance.now()
      for (let i = 0; i < n; i++) {
        space.out(["k", i])
        await space.in((tuple) => tuple.length === 2 && tuple[0] === "k" && tuple[1] === i)
      }
      return 1000 * (performance.now() - start) / n
    },
    commit: () => run(Floors.commit(n)),
    tref: () => run(Floors.tref(n)),
    step: () => run(Floors.step(n))
  }, 2)
  const Linda = size === "full" ? lindaSpace() : undefined
  const peers: Record<string, number> = Linda === undefined ? {} : await compare(size, {
    linda: async () => {
      const space = Linda()
      const few = sized(size, 20_000)
      const start = performance.now()
      for (let i = 0; i < few; i++) {
        space.write({ type: "k", i })
        await taken(space, { type: "k", i })
      }
      return 1000 * (performance.now() - start) / few
    }
  })
  const row = { workload: "W1", what: "a pair", unit: "µs", ours: took.ours }
  return [
    { ...row, floor: { name: "2 F-commit", value: 2 * took.commit }, must: ["at most", 2.5] },
    { ...row, floor: { name: "F-fx", value: took.fx }, go: ["at most", 1] },
    { ...row, floor: { name: "F-index", value: took.index } },
    { ...row, floor: { name: "naive", value: took.naive } },
    { ...row, floor: { name: "by hand", value: took.hand } },
    ...Object.entries(peers).map(([name, value]) => ({ ...row, floor: { name, value } })),
    { ...row, floor: { name: "F-tref", value: took.tref } },
    { ...row, floor: { name: "F-effect", value: took.step } }
  ]
}
