/** W21: an `inAll` of k equal patterns waits, and k tuples are put, the last of which completes it; k = 100, 1,000. */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Effect, Fiber } from "effect"
import type { Size } from "../measure.js"
import { compare, each, run, sized, timed, turn } from "../measure.js"
import type { Row } from "../report.js"

/** Microseconds per put, of so many joins of so many patterns, one after the other. */
const puts = (joins: number, size: number): Promise<number> =>
  run(Effect.gen(function*() {
    const space = yield* TupleSpace.make()
    const patterns = Array.from({ length: size }, () => ["here", P.number] as const)
    const join = space.inAll(patterns as unknown as [(typeof patterns)[0]])
    const ms = yield* timed(each(joins, () =>
      Effect.gen(function*() {
        const waits = yield* Effect.fork(join)
        yield* turn
        yield* each(size, (i) => space.out(["here", i]))
        yield* Fiber.join(waits)
      })))
    return 1000 * ms / (joins * size)
  }))

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const large = sized(size, 1000)
  const small = Math.ceil(large / 10)
  const took = await compare(size, {
    large: () => puts(sized(size, 20), large),
    small: () => puts(10 * sized(size, 20), small)
  })
  return [
    {
      workload: "W21",
      what: "a put that an inAll of 1,000 equal patterns waits for",
      unit: "µs",
      ours: took.large,
      floor: { name: "ours, of 100", value: took.small },
      must: ["at most", 3],
      go: ["at most", 1.2]
    }
  ]
}
