/** W5: M fibers take by one pattern in a loop, one fiber puts N tuples: how fast, and how evenly. */
import { Deferred, Effect, Fiber } from "effect"
import { promise as fastq } from "fastq"
import PQueue from "p-queue"
import type { Size } from "../measure.js"
import { compare, each, run, sized, timed } from "../measure.js"
import { lindaSpace, taken } from "../peers.js"
import type { Row } from "../report.js"
import type { Subject } from "../subjects.js"
import { fx, ours } from "../subjects.js"

interface Outcome {
  readonly rate: number
  /** The difference between the most and the fewest takes of a fiber, as a share of the mean. */
  readonly spread: number
}

const share = (subject: Subject, m: number, n: number): Promise<Outcome> =>
  run(Effect.gen(function*() {
    const space = yield* subject.make
    const taken = new Float64Array(m)
    const all = yield* Deferred.make<void>()
    let total = 0
    const taker = (j: number) =>
      Effect.whileLoop({
        // No yields: whether the takers get their turns is up to the space.
        while: () => true,
        body: () => space.in(["task", subject.any]),
        step: () => {
          taken[j]!++
          if (++total === n) {
            Deferred.unsafeDone(all, Effect.void)
          }
        }
      })
    const fibers: Array<Fiber.RuntimeFiber<void>> = []
    yield* each(m, (j) => Effect.map(Effect.fork(taker(j)), (fiber) => fibers.push(fiber)))
    yield* Effect.yieldNow()
    const ms = yield* timed(
      Effect.zipRight(each(n, (i) => space.out(["task", i])), Deferred.await(all))
    )
    yield* Fiber.interruptAll(fibers)
    return { rate: 1000 * n / ms, spread: (Math.max(...taken) - Math.min(...taken)) / (n / m) }
  }))

/** Queues of jobs, which are what others share tasks by: so many run at a time, and do nothing. */
const queues = {
  fastq: async (m: number, n: number): Promise<number> => {
    const queue = fastq(() => Promise.resolve(), m)
    const start = performance.now()
    const all = Array.from({ length: n }, (_, i) => queue.push(i))
    await Promise.all(all)
    return 1000 * n / (performance.now() - start)
  },
  "p-queue": async (m: number, n: number): Promise<number> => {
    const queue = new PQueue({ concurrency: m })
    const start = performance.now()
    const all = Array.from({ length: n }, () => queue.add(() => Promise.resolve()))
    await Promise.all(all)
    return 1000 * n / (performance.now() - start)
  }
}

/** A space that is slow gets fewer tasks. */
const byLinda = async (Linda: NonNullable<ReturnType<typeof lindaSpace>>, m: number, n: number): Promise<number> => {
  const space = Linda()
  const share = Math.floor(n / m)
  const taker = async () => {
    for (let i = 0; i < share; i++) {
      await taken(space, { type: "task" })
    }
  }
  const all = Array.from({ length: m }, taker)
  const start = performance.now()
  for (let i = 0; i < share * m; i++) {
    space.write({ type: "task", i })
  }
  await Promise.all(all)
  return 1000 * share * m / (performance.now() - start)
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  for (const m of [10, 100, 1000].map((full) => sized(size, full))) {
    const n = size === "full" ? 100_000 : 10 * m
    const spreads: Array<number> = []
    const rates = await compare(size, {
      ours: async () => {
        const { rate, spread } = await share(ours, m, n)
        spreads.push(spread)
        return rate
      },
      fx: async () => (await share(fx, m, n)).rate
    })
    rows.push({
      workload: "W5",
      what: `outs/s, M = ${m.toLocaleString("en-US")}`,
      unit: "/s",
      ours: rates.ours,
      floor: { name: "F-fx", value: rates.fx },
      must: ["at least", 0.4],
      go: ["at least", 0.7]
    }, {
      workload: "W5",
      what: `worst spread, M = ${m.toLocaleString("en-US")}`,
      unit: "%",
      ours: 100 * Math.max(...spreads),
      must: ["at most", 10],
      go: ["at most", 1]
    })
    const Linda = size === "full" && m <= 100 ? lindaSpace() : undefined
    const others: Record<string, () => Promise<number>> = {
      fastq: () => queues.fastq(m, n),
      "p-queue": () => queues["p-queue"](m, n)
    }
    if (Linda !== undefined) {
      others.linda = () => byLinda(Linda, m, Math.min(n, 5000))
    }
    const peers = await compare(size, others)
    for (const [name, value] of Object.entries(peers)) {
      rows.push({
        workload: "W5",
        what: `outs/s, M = ${m.toLocaleString("en-US")}`,
        unit: "/s",
        ours: rates.ours,
        floor: { name, value }
      })
    }
  }
  return rows
}
