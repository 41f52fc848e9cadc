/**
 * W7: a bag of tasks on threads. Each task counts the primes of an interval; who has nothing to do takes the next one.
 * The floor hands them to bare threads by `postMessage`.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Effect } from "effect"
import type { Size } from "../measure.js"
import { compare, run, timed } from "../measure.js"
import type { Row } from "../report.js"
import type { Files } from "../threads/files.js"
import { bundled } from "../threads/files.js"
import { counter } from "../threads/jobs.js"
import { ask, bare, ours } from "../threads/pools.js"
import { countPrimes } from "../threads/primes.js"

type Task = readonly [from: number, to: number]

/** Tasks of about the same length, since the numbers that they begin at are large. */
const tasks = (count: number, length: number): ReadonlyArray<Task> =>
  Array.from({ length: count }, (_, i): Task => [1e9 + i * length, 1e9 + (i + 1) * length])

/** Milliseconds for all of them, on so many threads of ours with so many processes each. */
const onOurs = (files: Files, all: ReadonlyArray<Task>, threads: number, processes: number): Promise<number> =>
  run(
    Effect.gen(function*() {
      const workers = yield* ours(files, { size: threads, concurrency: processes })
      for (let i = 0; i < threads * processes; i++) {
        yield* workers.eval(counter, undefined)
      }
      const bag = Effect.gen(function*() {
        yield* TupleSpace.outAll(all.map(([from, to]) => ["task", from, to]))
        for (const _ of all) {
          yield* TupleSpace.in(["primes", P.number])
        }
      })
      // until all have started
      yield* TupleSpace.outAll(all.slice(0, 1).map(([from, to]) => ["task", from, to]))
      yield* TupleSpace.in(["primes", P.number])
      yield* Effect.repeat(Effect.sleep(20), {
        until: () => Effect.map(TupleSpace.inspect, ({ interests }) => interests.length === threads * processes)
      })
      return yield* timed(Effect.orDie(bag))
    }).pipe(Effect.provide(TupleSpace.layer), Effect.orDie)
  )

/** The same on bare threads: each gets its next task when it has answered. */
const onBare = (files: Files, all: ReadonlyArray<Task>, threads: number): Promise<number> =>
  run(Effect.gen(function*() {
    const workers = yield* Effect.all(Array.from({ length: threads }, () => bare(files)))
    const rest = all.values()
    return yield* timed(
      Effect.forEach(workers, (worker) =>
        Effect.gen(function*() {
          for (const task of rest) {
            yield* ask(worker, task)
          }
        }), { concurrency: "unbounded" })
    )
  }))

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const files = await bundled()
  const rows: Array<Row> = []
  // how many numbers take a millisecond
  countPrimes(1e9, 1e9 + 2_000)
  const begun = performance.now()
  countPrimes(1e9, 1e9 + 2_000)
  const perMilli = 2_000 / (performance.now() - begun)
  for (const [millis, must, go] of [[1, 0.9, 0.97], [10, 0.97, 0.99], [100, 0.97, 0.99]] as const) {
    const all = tasks(size === "full" ? Math.ceil(2_000 / millis) : 4, Math.round(perMilli * millis))
    const took = await compare(size, {
      two: () => onOurs(files, all, 2, 2),
      bare: () => onBare(files, all, 2),
      one: () => onOurs(files, all, 1, 2),
      bareOne: () => onBare(files, all, 1)
    }, 0)
    const row = { workload: "W7", unit: "×" }
    const what = `tasks of ${millis} ms on two threads, speed-up`
    const floor = { name: "bare threads", value: took.bareOne / took.bare }
    rows.push({ ...row, what: `${what} over one of ours`, ours: took.one / took.two, floor })
    rows.push({
      ...row,
      what: `${what} over one bare`,
      ours: took.bareOne / took.two,
      floor,
      must: ["at least", must],
      go: ["at least", go]
    })
  }
  return rows
}
