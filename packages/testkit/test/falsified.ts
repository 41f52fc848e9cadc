import { Simulation } from "@effect-linda/testkit"
import { assert } from "@effect/vitest"

/** What a simulation finds that has to fail. */
export const falsified = (
  body: Simulation.Body<unknown, unknown>,
  options?: Simulation.CheckOptions
): Simulation.Falsified => {
  try {
    Simulation.check(body, options)
  } catch (error) {
    assert.instanceOf(error, Simulation.Falsified)
    return error
  }
  return assert.fail("it should have failed")
}
