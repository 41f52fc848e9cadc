/**
 * Concurrent clients, and whether what they saw can have happened one after the other.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Arbitrary from "../../Arbitrary.js"
import * as History from "../../History.js"
import type * as Model from "../../Model.js"
import { cases } from "./case.js"
import { assert, fresh, settle } from "./kit.js"

/** So few different tuples that clients get in each other's way. */
const operations = Arbitrary.operation({ field: FastCheck.constantFrom<unknown>("a", 0), maxArity: 1 })

/** What each of several clients does. */
export const draw = (seed: number, clients: number, each: number): ReadonlyArray<ReadonlyArray<Model.Operation>> =>
  FastCheck.sample(FastCheck.array(operations, { minLength: each, maxLength: each, size: "max" }), {
    seed,
    numRuns: clients
  })

/** Fails if a history cannot have happened. */
export const check = (history: History.History): void =>
  assert.isTrue(Option.isSome(History.linearize(history)), `not linearizable:\n${History.format(history)}`)

export const history = cases("History", (test) => {
  test("O27 what clients do at the same time is linearizable", () =>
    Effect.gen(function*() {
      for (let round = 1; round <= 10; round++) {
        const recorder = History.recorder(yield* fresh())
        const clients = yield* Effect.forEach(draw(round, 4, 5), (each) =>
          Effect.fork(Effect.forEach(each, (operation) => recorder.perform(operation), { discard: true })))
        yield* settle
        yield* Fiber.interruptAll(clients)
        check(yield* recorder.history)
      }
    }))
})
