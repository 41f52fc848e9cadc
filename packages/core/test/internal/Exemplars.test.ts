import { TupleSpace } from "@effect-linda/core"
import { Schedule, Scheduler } from "@effect-linda/testkit"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

/** How often the scheduler is asked whether a fiber has to yield, while a space is made. */
const stepsToMake = (): number => {
  let steps = 0
  const scheduler = Scheduler.make(Schedule.fromDeviations(0))
  const { shouldYield } = scheduler
  scheduler.shouldYield = (fiber) => {
    steps++
    return shouldYield.call(scheduler, fiber)
  }
  Scheduler.run(scheduler, Effect.scoped(TupleSpace.make()))
  return steps
}

describe("Exemplars", () => {
  it("the first space of a process is made in as many steps as any other: a schedule repeats what it found", () => {
    const first = stepsToMake()
    assert.isAbove(first, 0)
    assert.strictEqual(stepsToMake(), first)
  })
})
