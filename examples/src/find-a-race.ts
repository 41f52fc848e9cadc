/**
 * A test that finds a race. A ticket office sells by reading how many seats are left and writing one fewer: two clerks
 * who read at the same moment sell the same seat. Run by itself the program is right; under some interleavings it is
 * not, and the test says under which, in the fewest steps.
 */
import type { TupleSpace } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { Schedule, Simulation } from "@effect-linda/testkit"
import { Console, Effect, Fiber } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Sell = (office: TupleSpace.TupleSpace) => Effect.Effect<boolean>

const seats = ["seats", P.number] as const

/** Looks, then writes: between the two, somebody else may have sold. */
const careless: Sell = (office) =>
  Effect.gen(function*() {
    const [, left] = yield* office.rd(seats)
    if (left === 0) {
      return false
    }
    yield* office.replace(seats, () => ["seats", left - 1])
    return true
  })

/** Takes the tuple while it decides: nobody else can. */
const careful: Sell = (office) =>
  Effect.gen(function*() {
    const [, left] = yield* office.in(seats)
    yield* office.out(["seats", Math.max(left - 1, 0)])
    return left > 0
  })

/** Two clerks sell the last seat; only one may. */
const lastSeat = (sell: Sell) => (sim: Simulation.Simulation) =>
  Effect.gen(function*() {
    const office = yield* sim.space()
    yield* office.out(["seats", 1])
    const clerks = yield* Effect.replicateEffect(Effect.fork(sell(office)), 2)
    const sold = (yield* Fiber.join(Fiber.all(clerks))).filter((sold) => sold).length
    if (sold !== 1) {
      throw new Error(`the last seat was sold ${sold} times`)
    }
  })

const check = (sell: Sell) =>
  Effect.try({
    try: () => Simulation.check(lastSeat(sell), { seeds: 200 }),
    catch: (error) => error as Simulation.Falsified
  })

export const program = Effect.gen(function*() {
  // as it would run without a test, nothing is wrong
  yield* Effect.sync(() => Simulation.simulate(Schedule.fromDeviations(1), lastSeat(careless)))

  const falsified = yield* Effect.flip(check(careless))
  yield* Console.log(`careless: ${falsified.message}`)

  // what the report names repeats it, wherever it runs
  const again = yield* Effect.flip(Effect.try({
    try: () => Simulation.simulate(Schedule.parse(String(falsified.smallest)), lastSeat(careless)),
    catch: (error) => String(error)
  }))
  yield* expectEqual(again, "Error: the last seat was sold 2 times")

  yield* check(careful)
  yield* Console.log("careful: right under 200 schedules")
})

runIfMain(import.meta.url, program)
