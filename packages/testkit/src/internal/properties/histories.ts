/**
 * Properties: linearizability.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as History from "../../History.js"
import { check, draw } from "../suite/history.js"
import { properties } from "./property.js"

export const histories = properties("Linearizability", (property) => {
  property(
    "O27 what clients do at the same time is linearizable, also if some are interrupted",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const recorder = History.recorder(yield* sim.space())
        const programs = draw(sim.schedule.seed, random.between(2, 4), random.between(1, 5))
        const clients = yield* Effect.forEach(
          programs,
          (each) => Effect.fork(Effect.forEach(each, (operation) => recorder.perform(operation), { discard: true }))
        )
        if (random.chance(0.3)) {
          yield* sim.pause
          const client = random.pick(clients)
          client.unsafeInterruptAsFork(client.id())
        }
        yield* sim.still
        yield* Fiber.interruptAll(clients)
        check(yield* recorder.history)
      })
  )
})
