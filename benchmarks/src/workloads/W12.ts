/** W12: 1,000 fibers wait to read by one pattern, and one tuple comes. From the fork of the fibers to their join. */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Effect, Fiber } from "effect"
import * as Floors from "../floors.js"
import type { Size } from "../measure.js"
import { compare, each, run, sized, timed, turn } from "../measure.js"
import type { Row } from "../report.js"

/** Microseconds per reader. */
const reads = (m: number): Effect.Effect<number> =>
  Effect.scoped(Effect.gen(function*() {
    const space = yield* TupleSpace.make()
    let started = 0
    const fibers: Array<Fiber.RuntimeFiber<unknown>> = []
    const reading = Effect.suspend(() => {
      started++
      return space.rd(["news", P.any])
    })
    const ms = yield* timed(Effect.gen(function*() {
      yield* each(m, () => Effect.map(Effect.fork(reading), (fiber) => fibers.push(fiber)))
      while (started < m) {
        yield* turn
      }
      yield* space.out(["news", 1])
      yield* each(m, (i) => Fiber.join(fibers[i]!))
    }))
    return 1000 * ms / m
  }))

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const m = sized(size, 1000)
  const rounds = sized(size, 20)
  const mean = (once: Effect.Effect<number>) => () => {
    let sum = 0
    return run(Effect.map(each(rounds, () => Effect.map(once, (us) => sum += us)), () => sum / rounds))
  }
  const took = await compare(size, { ours: mean(reads(m)), wait: mean(Floors.wait(m, false)) })
  return [{
    workload: "W12",
    what: `a reader, of ${m.toLocaleString("en-US")}`,
    unit: "µs",
    ours: took.ours,
    floor: { name: "F-wait", value: took.wait },
    must: ["at most", 2]
  }]
}
