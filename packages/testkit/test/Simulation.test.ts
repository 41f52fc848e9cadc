import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { History, Schedule, Scheduler, Simulation } from "@effect-linda/testkit"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, FastCheck, Fiber, Option } from "effect"
import { falsified, letOthersRun } from "./simulations.js"

beforeEach(letOthersRun)

/** Two counts that read and write in two steps: whether one is lost depends on who goes when. */
const racy = (sim: Simulation.Simulation) =>
  Effect.gen(function*() {
    const space = yield* sim.space()
    yield* space.out(["sum", 0])
    const add = Effect.flatMap(
      space.rd(["sum", P.number]),
      ([, sum]) => space.replace(["sum", P.number], () => ["sum", sum + 1])
    )
    yield* Fiber.joinAll([yield* Effect.fork(add), yield* Effect.fork(add)])
    const [, sum] = yield* space.in(["sum", P.number])
    if (sum !== 2) {
      throw new Error(`an update was lost: ${sum}`)
    }
  })

const sizeOf = ({ deviations }: Schedule.Schedule) => Option.getOrThrow(deviations).size

const fails = (schedule: Schedule.Schedule): boolean => {
  try {
    Simulation.simulate(schedule, racy)
    return false
  } catch {
    return true
  }
}

describe("Simulation", () => {
  it("finds a race, and shrinks it to the few decisions that matter", () => {
    const { found, message, smallest } = falsified(racy)
    assert.match(message, /an update was lost: 1\nLINDA_SCHEDULE=\d+ repeats it, and with \d deviations/)
    assert.isBelow(sizeOf(smallest), 10)
    assert.isTrue(fails(found))
    assert.isTrue(fails(smallest))
    assert.isFalse(fails(Schedule.fromDeviations(smallest.seed)), "an ordinary run is right")
  })

  it("replays a schedule from its text", () => {
    const { smallest } = falsified(racy)
    assert.isTrue(fails(Schedule.parse(String(smallest))))
    const again = falsified(racy, { schedule: String(smallest) })
    assert.strictEqual(String(again.found), String(smallest))
  })

  it("does the same under the same schedule, and other things under others", () => {
    const trace = (seed: number) =>
      Simulation.simulate(Schedule.fromSeed(seed), (sim) =>
        Effect.gen(function*() {
          const seen: Array<number> = []
          const space = yield* sim.space()
          const fibers = yield* Effect.forEach(
            [1, 2, 3, 4],
            (n) => Effect.fork(Effect.zipRight(space.out([n]), Effect.sync(() => seen.push(n))))
          )
          yield* Fiber.joinAll(fibers)
          return String([seen, yield* space.collect([P.number]), sim.random.next()])
        }))
    const seeds = Array.from({ length: 50 }, (_, seed) => seed)
    assert.deepStrictEqual(seeds.map(trace), seeds.map(trace))
    assert.isAbove(new Set(seeds.map(trace).map((text) => text.slice(0, 7))).size, 10)
  })

  it("shrinks with the rest of a property of fast-check's", () => {
    const { counterexample } = FastCheck.check(
      FastCheck.property(
        Schedule.arbitrary(),
        FastCheck.integer({ min: 2, max: 5 }),
        (schedule, adders) =>
          Simulation.simulate(schedule, () =>
            Effect.gen(function*() {
              let sum = 0
              const add = Effect.flatMap(Effect.sync(() => sum), (read) =>
                Effect.sync(() => {
                  sum = read + 1
                }))
              yield* Fiber.joinAll(yield* Effect.replicateEffect(Effect.fork(add), adders))
              return sum === adders
            }))
      ),
      { seed: 1, numRuns: 100 }
    )
    const [schedule, adders] = counterexample!
    assert.isAtLeast(adders, 2)
    assert.isBelow(sizeOf(schedule), 6)
  })

  it("says who waits for what in a run that is stuck", () => {
    const error = falsified((sim) => Effect.flatMap(sim.space(), (space) => space.in(["nobody", "puts", "this"])))
    assert.instanceOf(error.cause, Scheduler.Stuck)
    assert.match(error.message, /nothing can move any more: .*nobody/s)
  })

  it("ends a run that never ends", () => {
    const error = falsified(() => Effect.forever(Effect.yieldNow()), { seeds: 1 })
    assert.match(error.message, /still busy/)
  })

  it("lets time pass when nothing else can happen", () => {
    const ends = Simulation.simulate(Schedule.fromSeed(1), () =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        yield* Effect.fork(Effect.delay(Deferred.succeed(gate, undefined), "3 days"))
        yield* Deferred.await(gate)
        return yield* Clock.currentTimeMillis
      }))
    assert.strictEqual(ends, 3 * 24 * 3_600_000)
  })

  const onStore = {
    seeds: 50,
    make: () => Effect.flatMap(SpaceStore.memory, ({ open }) => Effect.flatMap(open("space"), SpaceStore.make))
  }

  it("S1 goes on when all is over, also beside a durable space that gives signs of life", () => {
    Simulation.check((sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const late = yield* Effect.fork(space.in(["never"], { timeout: "1 minutes" }))
        const taker = yield* Effect.fork(space.in(["n", P.number]))
        yield* sim.over
        // The timeout is help from time, the sign of life is none.
        assert.isNotNull(late.unsafePoll())
        assert.isNull(taker.unsafePoll())
        yield* space.out(["n", 1])
        yield* Fiber.join(taker)
      }), onStore)
  })

  it("S1 S8 who is interrupted while the store answers leaves its tuple", () => {
    Simulation.check((sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        yield* space.out(["t", 1])
        const fails = () => Effect.zipRight(sim.pause, Effect.fail("no"))
        const worker = yield* Effect.fork(space.inWith(["t", P.number], fails))
        yield* sim.pause
        worker.unsafeInterruptAsFork(worker.id())
        yield* sim.over
        assert.strictEqual(yield* space.count(["t", P.number]), 1)
        assert.strictEqual((yield* space.inspect).held, 0)
      }), { ...onStore, seeds: 300 })
  })

  it("S3 makes spaces of a protocol, and records what is done to them", () => {
    Simulation.check((sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space<readonly ["n", number]>()
        const recorder = History.recorder(space)
        yield* recorder.perform({ _tag: "out", tuple: ["n", 1] })
        const [, n] = yield* space.in(["n", P.any])
        assert.strictEqual(n + 1, 2)
        assert.isTrue(Option.isSome(History.linearize(yield* recorder.history)))
      }), { seeds: 5 })
  })

  it("refuses what is no schedule", () => {
    for (const text of ["", "x", "1:2", "1:2=", "1:2=3,", "1:kill=0", "1:kill2.5"]) {
      assert.throws(() => Schedule.parse(text), /not a schedule/)
    }
    for (const text of ["17", "-3", "17:", "17:4=1,9=2", "17:4=1,kill2.5=0", "17:lose1.0=1"]) {
      assert.strictEqual(String(Schedule.parse(text)), text)
    }
  })
})
