/** W15: bytes that an operation allocates, whatever becomes of them. */
import { Effect, Fiber } from "effect"
import type { Size } from "../measure.js"
import { collect, each, median, run, sized, turn } from "../measure.js"
import type { Row } from "../report.js"
import type { Space, Subject } from "../subjects.js"
import { fx, ours } from "../subjects.js"

/** So many at a time that the young generation has room for what they allocate. */
const batch = 1000

/** Bytes for each of a batch: the median of many, of which those that a collection has interrupted come out as nothing. */
const allocated = (size: Size, operations: Effect.Effect<unknown>): Effect.Effect<number> =>
  Effect.gen(function*() {
    const found: Array<number> = []
    yield* each(sized(size, 50), () => operations)
    for (let round = 0; round < (size === "full" ? 31 : 1); round++) {
      collect()
      const before = process.memoryUsage().heapUsed
      yield* operations
      found.push((process.memoryUsage().heapUsed - before) / batch)
    }
    return median(found)
  })

const operations: Record<string, (space: Space, any: unknown) => Effect.Effect<unknown>> = {
  "a pair of `out` and `in`": (space) =>
    each(batch, (i) => Effect.flatMap(space.out(["k", i]), () => space.in(["k", i]))),
  "`inp` that finds nothing": (space, any) => each(batch, () => space.inp(["job", -1, any])),
  "an `in` that waits, its fiber, and the `out`": (space) =>
    each(batch / 100, () =>
      Effect.gen(function*() {
        const fibers: Array<Fiber.RuntimeFiber<unknown>> = []
        yield* each(100, (i) => Effect.map(Effect.fork(space.in(["reply", i])), (fiber) => fibers.push(fiber)))
        yield* turn
        yield* each(100, (i) => space.out(["reply", i]))
        yield* each(100, (i) => Fiber.join(fibers[i]!))
      }))
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  const bytes = (subject: Subject, name: string) =>
    run(Effect.flatMap(subject.make, (space) => allocated(size, operations[name]!(space, subject.any))))
  for (const name of Object.keys(operations)) {
    rows.push({
      workload: "W15",
      what: `allocated by ${name}`,
      unit: "B",
      ours: await bytes(ours, name),
      floor: { name: "F-fx", value: await bytes(fx, name) }
    })
  }
  return rows
}
