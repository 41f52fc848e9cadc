/** W13: a million pairs of `out` and `in` in one space: what is left of them on the heap. */
import { Effect } from "effect"
import type { Size } from "../measure.js"
import { heapUsed, run, sized } from "../measure.js"
import type { Row } from "../report.js"
import { ours } from "../subjects.js"
import { pairs } from "./W1.js"

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const grown = await run(Effect.gen(function*() {
    const space = yield* ours.make
    // What compilers and pools keep for good is not the space's.
    yield* pairs(space, sized(size, 100_000))
    const before = heapUsed()
    yield* pairs(space, sized(size, 1_000_000))
    const after = heapUsed()
    yield* space.inp(["k", -1])
    return (after - before) / 2 ** 20
  }))
  return [{
    workload: "W13",
    what: "heap after a million pairs, less before",
    unit: "MB",
    ours: grown,
    must: ["at most", 2]
  }]
}
