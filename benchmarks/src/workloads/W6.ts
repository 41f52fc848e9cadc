/** W6: ping-pong between two fibers. */
import { Effect, Fiber } from "effect"
import type { Size } from "../measure.js"
import { compare, each, quantile, run, sized } from "../measure.js"
import type { Row } from "../report.js"
import type { Subject } from "../subjects.js"
import { fx, ours } from "../subjects.js"

/** The round trips, in microseconds. */
const roundTrips = (subject: Subject, n: number): Promise<Float64Array> =>
  run(Effect.gen(function*() {
    const space = yield* subject.make
    const took = new Float64Array(n)
    const echo = each(n, () => Effect.flatMap(space.in(["ping", subject.any]), () => space.out(["pong", 0])))
    const fiber = yield* Effect.fork(echo)
    yield* each(n, (i) =>
      Effect.suspend(() => {
        const start = performance.now()
        return Effect.map(
          Effect.zipRight(space.out(["ping", i]), space.in(["pong", subject.any])),
          () => took[i] = 1000 * (performance.now() - start)
        )
      }))
    yield* Fiber.join(fiber)
    return took
  }))

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = sized(size, 50_000)
  const slow: Record<"ours" | "fx", Array<number>> = { ours: [], fx: [] }
  const sample = (name: "ours" | "fx", subject: Subject) => async () => {
    const took = await roundTrips(subject, n)
    slow[name].push(quantile(took, 0.99))
    return quantile(took, 0.5)
  }
  const p50 = await compare(size, { ours: sample("ours", ours), fx: sample("fx", fx) })
  return [
    {
      workload: "W6",
      what: "a round trip, p50",
      unit: "µs",
      ours: p50.ours,
      must: ["at most", 25],
      go: ["at most", 5]
    },
    { workload: "W6", what: "a round trip, p50", unit: "µs", ours: p50.ours, floor: { name: "F-fx", value: p50.fx } },
    {
      workload: "W6",
      what: "a round trip, p99",
      unit: "µs",
      ours: quantile(slow.ours, 0.5),
      floor: { name: "F-fx", value: quantile(slow.fx, 0.5) }
    }
  ]
}
