/**
 * A test of a fleet of workers. Each takes a job, paints, and says what it has painted. Here its programs are killed,
 * stand still, end, and lose their store, in the simulator: a worker whose job is gone before its work is done loses
 * jobs, and the report says when; one that confirms after its work does not.
 */
import { Pattern as P } from "@effect-linda/core"
import { Schedule, Simulation } from "@effect-linda/testkit"
import { Array as Arr, Console, Effect } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

const jobs = ["sky", "sea"]

/** Ten seconds of work outside of the space. */
const paint = (gallery: Set<string>, what: string) =>
  Effect.zipRight(Effect.sleep("10 seconds"), Effect.sync(() => gallery.add(what)))

type Painter = (gallery: Set<string>) => Simulation.Worker

/** The job is gone when it is taken. */
const hasty: Painter = (gallery) => (space) =>
  Effect.forever(Effect.flatMap(space.in(["job", P.string]), ([, what]) => paint(gallery, what)))

/** The job is gone when it is done: until then it is held, and back if this program is no more. */
const careful: Painter = (gallery) => (space) =>
  Effect.forever(space.inWith(["job", P.string], ([, what]) => paint(gallery, what)))

/** Whatever happens to two painters, all is painted in the end. */
const allIsPainted = (painter: Painter) => (sim: Simulation.Simulation) =>
  Effect.gen(function*() {
    const gallery = new Set<string>()
    const fleet = yield* sim.fleet({ workers: [painter(gallery)] })
    yield* fleet.space.outAll(jobs.map((what) => ["job", what] as const))
    yield* fleet.quiet
    for (const what of jobs) {
      if (!gallery.has(what)) throw new Error(`nobody has painted the ${what}`)
    }
  })

/** A thousand schedules, a hundred at a time: while they run nothing else does, and a test runner wants to be heard. */
const check = (painter: Painter) =>
  Effect.forEach(Arr.range(0, 9), (hundred) =>
    Effect.zipRight(
      Effect.sleep(0),
      Effect.try({
        try: () => Simulation.check(allIsPainted(painter), { first: 1 + 100 * hundred, seeds: 100 }),
        catch: (error) => error as Simulation.Falsified
      })
    ), { discard: true })

export const program = Effect.gen(function*() {
  // while nothing happens, nothing is wrong
  yield* Effect.sync(() => Simulation.simulate(Schedule.fromDeviations(1), allIsPainted(hasty)))

  const falsified = yield* Effect.flip(check(hasty))
  yield* Console.log(`hasty: ${falsified.message}`)

  // what the report names repeats it, wherever it runs
  const again = yield* Effect.flip(Effect.try({
    try: () => Simulation.simulate(Schedule.parse(String(falsified.smallest)), allIsPainted(hasty)),
    catch: (error) => String(error)
  }))
  yield* expectEqual(/^Error: nobody has painted the (sky|sea)$/.test(again), true)

  yield* check(careful)
  yield* Console.log("careful: right under 1,000 schedules")
})

runIfMain(import.meta.url, program)
