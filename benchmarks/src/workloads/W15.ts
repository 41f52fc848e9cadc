/** W15: bytes that an operation allocates, whatever becomes of them. */
import { Effect, Fiber } from "effect"
import { PerformanceObserver } from "node:perf_hooks"
import type { Size } from "../measure.js"
import { collect, each, median, run, turn } from "../measure.js"
import type { Row } from "../report.js"
import type { Space, Subject } from "../subjects.js"
import { fx, ours } from "../subjects.js"

/** So many at a time that the young generation has room for what they allocate: some take 25 kB each. */
const batch = 200

interface Operation {
  /** What has to be there first, and does not count. */
  readonly before?: Effect.Effect<unknown>
  readonly batch: Effect.Effect<unknown>
}

/** Those who wait for a reply, and what replies to all of them. */
const replies = (space: Space) => {
  let fibers: Array<Fiber.RuntimeFiber<unknown>> = []
  const forks = Effect.suspend(() => {
    fibers = []
    return each(batch, (i) => Effect.map(Effect.fork(space.in(["reply", i])), (fiber) => fibers.push(fiber)))
  })
  return {
    waits: Effect.zipRight(forks, turn),
    outs: Effect.zipRight(each(batch, (i) => space.out(["reply", i])), each(batch, (i) => Fiber.join(fibers[i]!)))
  }
}

const operations: Record<string, (space: Space, any: unknown) => Operation> = {
  "a pair of `out` and `in`": (space) => ({
    batch: each(batch, (i) => Effect.flatMap(space.out(["k", i]), () => space.in(["k", i])))
  }),
  "`inp` that finds nothing": (space, any) => ({ batch: each(batch, () => space.inp(["job", -1, any])) }),
  "an `out` to an `in` that waits": (space) => {
    const { outs, waits } = replies(space)
    return { before: waits, batch: outs }
  },
  "an `in` that waits, its fiber, and the `out`": (space) => {
    const { outs, waits } = replies(space)
    return { batch: Effect.zipRight(waits, outs) }
  }
}

/**
 * Bytes for each of a batch: the median of fifteen. One that a collection interrupts looks like less, and may be every
 * one of them, so it is done again.
 */
const allocated = (size: Size, { batch: operations, before = Effect.void }: Operation): Effect.Effect<number> =>
  Effect.gen(function*() {
    let collections = 0
    const observer = new PerformanceObserver((list) => collections += list.getEntries().length)
    observer.observe({ entryTypes: ["gc"] })
    // Collections are told of in later turns of the event loop.
    const told = Effect.zipRight(turn, turn)
    yield* each(size === "full" ? 100 : 1, () => Effect.zipRight(before, operations))
    const rounds = size === "full" ? 15 : 1
    const found: Array<number> = []
    // Who is never left alone fails rather than reports something wrong.
    for (let tries = 0; found.length < rounds && tries < 10 * rounds; tries++) {
      collect()
      yield* before
      yield* told
      const [start, known] = [process.memoryUsage().heapUsed, collections]
      yield* operations
      const end = process.memoryUsage().heapUsed
      yield* told
      if (collections === known) {
        found.push((end - start) / batch)
      }
    }
    observer.disconnect()
    return median(found)
  })

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
