/**
 * W19: N tuples, each of one of ten priorities, are taken one after the other by a pattern that all of them match; and
 * each by its key, as in W2, with and without priorities.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Effect } from "effect"
import type { Size } from "../measure.js"
import { compare, each, run, shuffled, sized, timed } from "../measure.js"
import type { Row } from "../report.js"

type Space = TupleSpace.TupleSpace<readonly ["job", number, string]>

const tuple = (i: number) => ["job", i, `payload-${i}`] as const

/** Microseconds for a put and for a take, in a space that is filled with tuples of so many priorities. */
const price = (
  n: number,
  priorities: number,
  take: (space: Space, i: number) => Effect.Effect<unknown>
): Promise<{ readonly out: number; readonly take: number }> =>
  run(Effect.gen(function*() {
    const space = yield* TupleSpace.make<readonly ["job", number, string]>()
    const order = shuffled(n)
    // With the same option, so that what differs is the priority.
    const out = yield* timed(each(n, (i) => space.out(tuple(i), { priority: order[i]! % priorities })))
    const taken = yield* timed(each(n, (i) => take(space, order[i]!)))
    return { out: 1000 * out / n, take: 1000 * taken / n }
  }))

const next = (space: Space) => space.in(["job", P.number, P.string])

const byKey = (space: Space, i: number) => space.in(["job", i, P.string])

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = sized(size, 100_000)
  const rows: Array<Row> = []
  for (const [what, take] of [["a take of the next", next], ["a take by key", byKey]] as const) {
    const took = await compare(size, {
      ten: async () => (await price(n, 10, take)).take,
      one: async () => (await price(n, 1, take)).take,
      key: async () => (await price(n, 1, byKey)).take
    })
    const row = { workload: "W19", what: `${what}, of ten priorities`, unit: "µs", ours: took.ten }
    rows.push(
      { ...row, floor: { name: "of one priority", value: took.one } },
      { ...row, floor: { name: "W2: by key, of one", value: took.key }, must: ["at most", 1.5] }
    )
  }
  const put = await compare(size, {
    ten: async () => (await price(n, 10, next)).out,
    one: async () => (await price(n, 1, next)).out
  })
  return [...rows, {
    workload: "W19",
    what: "a put, of ten priorities",
    unit: "µs",
    ours: put.ten,
    floor: { name: "of one priority", value: put.one }
  }]
}
