/** W2: N tuples `["job", i, payload]`, then every one is taken by `["job", i, any]` in random order. */
import { Effect } from "effect"
import { ANY, PlainSpace } from "../floors.js"
import type { Size } from "../measure.js"
import { clocked, collect, compare, each, run, shuffled, sized, timed } from "../measure.js"
import { HandSpace, lindaSpace, taken } from "../peers.js"
import type { Row } from "../report.js"
import type { Space, Subject } from "../subjects.js"
import { fx, naive, ours } from "../subjects.js"

export const job = (i: number): ReadonlyArray<unknown> => ["job", i, `payload-${i}`]

export const fill = (space: Space, n: number): Effect.Effect<void> => each(n, (i) => space.out(job(i)))

/** Takes per second, the building of the index included, and the filling not. */
export const takes = (
  subject: Subject,
  n: number,
  batches: number,
  pattern: (i: number) => ReadonlyArray<unknown>
): Promise<number> => {
  const order = shuffled(n)
  const batch = Effect.scoped(Effect.gen(function*() {
    const space = yield* subject.make
    yield* fill(space, n)
    if (n > 100_000) {
      collect()
    }
    return yield* timed(each(n, (i) => space.in(pattern(order[i]!))))
  }))
  let ms = 0
  return run(Effect.map(each(batches, () => Effect.map(batch, (took) => ms += took)), () => 1000 * n * batches / ms))
}

const plain = (n: number, batches: number): number => {
  const order = shuffled(n)
  let ms = 0
  for (let batch = 0; batch < batches; batch++) {
    const space = new PlainSpace()
    for (let i = 0; i < n; i++) {
      space.put(job(i))
    }
    if (n > 100_000) {
      collect()
    }
    ms += clocked(() => {
      for (let i = 0; i < n; i++) {
        space.take(["job", order[i], ANY])
      }
    })
  }
  return 1000 * n * batches / ms
}

const byHand = async (n: number): Promise<number> => {
  const space = new HandSpace()
  for (let i = 0; i < n; i++) {
    space.out(job(i))
  }
  const order = shuffled(n)
  const start = performance.now()
  for (let i = 0; i < n; i++) {
    await space.in((tuple) => tuple.length === 3 && tuple[0] === "job" && tuple[1] === order[i])
  }
  return 1000 * n / (performance.now() - start)
}

const byLinda = (Linda: NonNullable<ReturnType<typeof lindaSpace>>, n: number) => async (): Promise<number> => {
  const space = Linda()
  for (let i = 0; i < n; i++) {
    space.write({ type: "job", i, payload: `payload-${i}` })
  }
  const order = shuffled(n)
  const start = performance.now()
  for (let i = 0; i < n; i++) {
    await taken(space, { type: "job", i: order[i] })
  }
  return 1000 * n / (performance.now() - start)
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  const found: Array<number> = []
  for (const full of [1000, 10_000, 100_000, 1_000_000]) {
    const n = sized(size, full)
    const batches = Math.max(1, Math.floor(sized(size, 100_000) / n))
    // The largest find all warm, and take long: eleven seconds a turn.
    const [warmUp, runs] = n > 100_000 ? [0, 3] : n > 10_000 ? [1, 5] : [3, 5]
    const by = (subject: Subject) => () => takes(subject, n, batches, (i) => ["job", i, subject.any])
    const rates = await compare(size, { ours: by(ours), fx: by(fx), index: () => plain(n, batches) }, warmUp, runs)
    const row = { workload: "W2", what: `takes/s, N = ${n.toLocaleString("en-US")}`, unit: "/s", ours: rates.ours }
    rows.push({ ...row, floor: { name: "F-index", value: rates.index }, must: ["at least", 0.35] })
    rows.push({ ...row, floor: { name: "F-fx", value: rates.fx }, go: ["at least", 0.8] })
    if (full <= 10_000) {
      const { hand } = await compare(size, { hand: () => byHand(n) })
      rows.push({ ...row, floor: { name: "by hand", value: hand } })
    }
    if (full <= 1000) {
      const baseline = await compare(size, { naive: () => takes(naive, n, 1, (i) => ["job", i, naive.any]) })
      rows.push({ ...row, floor: { name: "naive", value: baseline.naive } })
      const Linda = size === "full" ? lindaSpace() : undefined
      if (Linda !== undefined) {
        const { linda } = await compare(size, { linda: byLinda(Linda, n) })
        rows.push({ ...row, floor: { name: "linda", value: linda } })
      }
    }
    found.push(rates.ours)
  }
  return [
    {
      workload: "W2",
      what: "a take at 1M, against one at 1k",
      unit: "µs",
      ours: 1e6 / found[3]!,
      floor: { name: "ours", value: 1e6 / found[0]! },
      must: ["at most", 4]
    },
    ...rows
  ]
}
