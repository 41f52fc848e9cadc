import { SpaceError } from "@effect-linda/core"
import { Arbitrary, Commands, Schedule, Simulation, TestSpace } from "@effect-linda/testkit"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"

const misspelt: any = { sedes: 1 }

/** Whatever takes options, each with the first of those that there are. */
const functions: Record<string, readonly [Effect.Effect<unknown, unknown>, first: string]> = {
  "Arbitrary.tuple": [Effect.sync(() => Arbitrary.tuple(misspelt)), "field"],
  "Arbitrary.operation": [Effect.sync(() => Arbitrary.operation(misspelt)), "chance"],
  "Commands.commands": [Effect.sync(() => Commands.commands(misspelt)), "maxCommands"],
  "Conformance.suite": [Effect.sync(() => Conformance.suite(misspelt)), "name"],
  "Conformance.properties": [Effect.sync(() => Conformance.properties(misspelt)), "name"],
  "Simulation.check": [Effect.sync(() => Simulation.check(() => Effect.void, misspelt)), "seeds"],
  "Simulation.fleet": [
    Effect.sync(() => Simulation.simulate(Schedule.fromDeviations(1), (sim) => sim.fleet(misspelt))),
    "workers"
  ],
  "Fleet.roll": [
    Effect.sync(() =>
      Simulation.simulate(
        Schedule.fromDeviations(1),
        (sim) => Effect.flatMap(sim.fleet({ workers: [() => Effect.void] }), (fleet) => fleet.roll(misspelt))
      )
    ),
    "workers"
  ],
  "TestSpace.make": [Effect.scoped(TestSpace.make(misspelt)), "name"],
  "TestSpace.fail": [
    Effect.scoped(Effect.flatMap(TestSpace.make(), ([, test]) => test.fail("out", misspelt))),
    "times"
  ]
}

describe("Options of the testkit", () => {
  for (const [name, [effect, first]] of Object.entries(functions)) {
    it.effect(`S16 an option that is not there is refused, with those that there are: ${name}`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(effect)
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(error, SpaceError.SpaceError)
        assert.match(String((error as SpaceError.SpaceError).message), new RegExp(`^sedes: .* here, but "${first}"`))
      }))
  }
})
