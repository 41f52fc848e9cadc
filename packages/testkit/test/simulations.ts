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

/** Before each simulation: while one runs nothing else does, and a test runner that waits for a minute gives up. */
export const letOthersRun = (): Promise<void> => new Promise((resume) => setTimeout(resume))
