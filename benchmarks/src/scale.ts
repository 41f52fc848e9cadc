/**
 * How the cost of an operation grows with what is in a space: tuples that are stored, fibers that wait, subscriptions.
 * It should not. Ten million tuples take four gigabytes.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { collect, each, heapUsed, median, run, shuffled, timed, turn } from "./measure.js"
import { writeResults } from "./results.js"

export interface Curve {
  readonly name: string
  readonly unit: "µs" | "B"
  /** What there are so many of. */
  readonly x: string
  readonly points: ReadonlyArray<{ readonly n: number; readonly value: number }>
}

const operations = 20_000

/** The median of some rounds of so many operations: microseconds for each. */
const perOperation = <R>(
  n: number,
  round: Effect.Effect<number, never, R>
): Effect.Effect<number, never, R> =>
  Effect.map(Effect.replicateEffect(round, 5), (all) => 1000 * median(Array.from(all).slice(1)) / n)

/** The same, where a round has few operations. */
const repeated = <R>(n: number, round: Effect.Effect<number, never, R>): Effect.Effect<number, never, R> => {
  const rounds = Math.max(1, Math.ceil(operations / n))
  const all = Effect.map(Effect.replicateEffect(round, rounds), (all) => all.reduce((sum, ms) => sum + ms, 0))
  return perOperation(n * rounds, all)
}

/** A tuple is taken by its key and put back, among so many: the time, and the bytes that each takes with the index. */
const stored = (n: number) =>
  run(Effect.gen(function*() {
    const before = heapUsed()
    const space = yield* TupleSpace.make<readonly ["job", number]>()
    yield* each(n, (i) => space.out(["job", i]))
    yield* space.rd(["job", 0])
    const bytes = (heapUsed() - before) / n
    const order = shuffled(Math.min(n, 1_000_000))
    const pairs = each(operations, (i) =>
      Effect.flatMap(space.in(["job", order[i % order.length]!]), (tuple) => space.out(tuple)))
    return { time: yield* perOperation(2 * operations, timed(pairs)), bytes }
  }))

/** Every one of so many fibers that wait for a tuple of its own gets it, in random order. */
const waiting = (n: number) =>
  run(Effect.gen(function*() {
    const space = yield* TupleSpace.make<readonly ["reply", number]>()
    const order = shuffled(n)
    const round = Effect.gen(function*() {
      const fibers: Array<Fiber.RuntimeFiber<unknown>> = []
      yield* each(n, (i) => Effect.map(Effect.fork(space.in(["reply", i])), (fiber) => fibers.push(fiber)))
      yield* turn
      const ms = yield* timed(each(n, (i) => space.out(["reply", order[i]!])))
      yield* each(n, (i) => Fiber.join(fibers[i]!))
      return ms
    })
    return yield* repeated(n, round)
  }))

/** The same with a `Deferred` for each of them: what it costs to wake a fiber. */
const woken = (n: number) =>
  run(Effect.gen(function*() {
    const order = shuffled(n)
    const round = Effect.gen(function*() {
      const fibers: Array<Fiber.RuntimeFiber<unknown>> = []
      const deferreds: Array<Deferred.Deferred<number>> = []
      yield* each(n, () => Effect.map(Deferred.make<number>(), (deferred) => deferreds.push(deferred)))
      yield* each(n, (i) => Effect.map(Effect.fork(Deferred.await(deferreds[i]!)), (fiber) => fibers.push(fiber)))
      yield* turn
      const ms = yield* timed(each(n, (i) => Deferred.succeed(deferreds[order[i]!]!, i)))
      yield* each(n, (i) => Fiber.join(fibers[i]!))
      return ms
    })
    return yield* repeated(n, round)
  }))

/**
 * A put that one of so many subscriptions is told of: the same one, since each that is woken costs the stream that it
 * feeds.
 */
const subscribed = (n: number) =>
  run(Effect.gen(function*() {
    const space = yield* TupleSpace.make<readonly ["topic", number]>()
    const fibers: Array<Fiber.RuntimeFiber<void>> = []
    yield* each(n, (i) =>
      Effect.map(
        Effect.fork(Stream.runDrain(space.subscribe(["topic", i], { capacity: 16, strategy: "sliding" }))),
        (fiber) => fibers.push(fiber)
      ))
    while ((yield* space.inspect).interests.length < n) {
      yield* turn
    }
    const topic = Math.floor(n / 2)
    const puts = each(
      operations,
      () => Effect.flatMap(space.out(["topic", topic]), () => space.inp(["topic", P.number]))
    )
    const took = yield* perOperation(operations, timed(puts))
    yield* Fiber.interruptAll(fibers)
    return took
  }))

const curve = async (
  name: string,
  unit: Curve["unit"],
  x: string,
  sizes: ReadonlyArray<number>,
  measure: (n: number) => Promise<number>
): Promise<Curve> => {
  const points: Array<Curve["points"][number]> = []
  for (const n of sizes) {
    collect()
    const value = await measure(n)
    points.push({ n, value: Number(value.toPrecision(4)) })
    console.log(`${name}: ${n.toLocaleString("en-US")} ${x}, ${value.toPrecision(3)} ${unit}`)
  }
  return { name, unit, x, points }
}

const bytes: Record<number, number> = {}

const largest = Number(process.argv[2] ?? 10_000_000)
const upTo = (n: number): ReadonlyArray<number> =>
  [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000].filter((size) => size <= Math.min(n, largest))

const curves: ReadonlyArray<Curve> = [
  await curve("a put that serves one who waits", "µs", "fibers wait", upTo(100_000), waiting),
  await curve("the same by a Deferred", "µs", "fibers wait", upTo(100_000), woken),
  await curve("a put that one subscription is told of, and a take", "µs", "subscriptions", upTo(10_000), subscribed),
  await curve("a take or a put by key", "µs", "tuples", upTo(10_000_000), async (n) => {
    const found = await stored(n)
    bytes[n] = found.bytes
    return found.time
  }),
  await curve("memory of a tuple, with its index", "B", "tuples", upTo(10_000_000).slice(2), async (n) => bytes[n]!)
]
writeResults("scale", { curves })
