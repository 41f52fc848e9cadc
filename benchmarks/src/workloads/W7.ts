/**
 * W7: a bag of tasks on threads. Each task counts the primes of an interval; who has nothing to do takes the next one.
 * The floor hands them to bare threads by `postMessage`.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import type { Scope } from "effect"
import { Context, Effect, Layer } from "effect"
import type { Size } from "../measure.js"
import { compare, each, run, timed } from "../measure.js"
import type { Row } from "../report.js"
import type { Files } from "../threads/files.js"
import { bundled } from "../threads/files.js"
import { counter } from "../threads/jobs.js"
import { ask, bare, ours } from "../threads/pools.js"

type Task = readonly [from: number, to: number]

/** Tasks of about the same length, since the numbers that they begin at are large. */
const tasks = (count: number, length: number): ReadonlyArray<Task> =>
  Array.from({ length: count }, (_, i): Task => [1e9 + i * length, 1e9 + (i + 1) * length])

type Bag = (all: ReadonlyArray<Task>) => Effect.Effect<unknown>

/** On so many threads of ours, with two processes each, one of which computes while the other waits for an answer. */
const onOurs = (files: Files, threads: number): Effect.Effect<Bag, never, Scope.Scope> =>
  Effect.gen(function*() {
    const space = yield* Effect.map(Layer.build(Layer.fresh(TupleSpace.layer)), Context.get(TupleSpace.TupleSpace))
    const workers = yield* ours(files, { size: threads, concurrency: 2, idle: "1 hour" })
    const start = Effect.provideService(workers.eval(counter, undefined), TupleSpace.TupleSpace, space)
    yield* Effect.orDie(Effect.replicateEffect(start, 2 * threads))
    return (all) =>
      Effect.orDie(Effect.zipRight(
        space.outAll(all.map(([from, to]) => ["task", from, to])),
        each(all.length, () => Effect.orDie(space.in(["primes", P.number])))
      ))
  })

/** On bare threads: each gets its next task when it has answered. */
const onBare = (files: Files, threads: number): Effect.Effect<Bag, never, Scope.Scope> =>
  Effect.map(Effect.replicateEffect(bare(files), threads), (workers) => (all) =>
    Effect.suspend(() => {
      const rest = all.values()
      return Effect.forEach(workers, (worker) =>
        Effect.gen(function*() {
          for (const task of rest) {
            yield* ask(worker, task)
          }
        }), { concurrency: "unbounded" })
    }))

export const measure = (size: Size): Promise<ReadonlyArray<Row>> =>
  run(Effect.gen(function*() {
    const files = yield* Effect.promise(bundled)
    const bags = {
      two: yield* onOurs(files, 2),
      bare: yield* onBare(files, 2),
      one: yield* onOurs(files, 1),
      bareOne: yield* onBare(files, 1)
    }
    const millis = (bag: Bag, all: ReadonlyArray<Task>) => () => Effect.runPromise(timed(bag(all)))
    // Threads have started, and know what they do: this is about processes that live long.
    const many = tasks(size === "full" ? 20_000 : 4, 1)
    const long = tasks(1, 100_000)
    for (const bag of Object.values(bags)) {
      yield* bag(many)
    }
    yield* bags.bareOne(long)
    const perMilli = 100_000 / (yield* timed(bags.bareOne(long)))

    const rows: Array<Row> = []
    for (const [length, must, go] of [[1, 0.9, 0.97], [10, 0.97, 0.99], [100, 0.97, 0.99]] as const) {
      // As many for each thread.
      const all = tasks(size === "full" ? 2 * Math.ceil(750 / length) : 4, Math.round(perMilli * length))
      const took = yield* Effect.promise(() =>
        compare(size, {
          two: millis(bags.two, all),
          bare: millis(bags.bare, all),
          one: millis(bags.one, all),
          bareOne: millis(bags.bareOne, all)
        })
      )
      const row = { workload: "W7", unit: "×", floor: { name: "bare threads", value: took.bareOne / took.bare } }
      const what = `tasks of ${length} ms on two threads, speed-up over one`
      rows.push(
        { ...row, what: `${what} of ours`, ours: took.one / took.two },
        { ...row, what: `${what} bare`, ours: took.bareOne / took.two, must: ["at least", must], go: ["at least", go] }
      )
    }
    return rows
  }))
