/**
 * Properties: quiescence.
 *
 * @internal
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { expect } from "vitest"
import { properties } from "./property.js"

export const quiescence = properties("Quiescence", (property) => {
  property.needing("quiescence")(
    "K2 awaitQuiescent hears of the last move, also if it comes between its look and its wait",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const gate = yield* Deferred.make<void>()
        yield* space.eval(Deferred.await(gate))
        const report = yield* Effect.fork(space.awaitQuiescent)
        yield* sim.pause
        yield* Deferred.succeed(gate, undefined)
        yield* sim.over
        expect(report.unsafePoll()).toEqual(Exit.succeed({ state: "done", blocked: [] }))
      }),
    ["191"]
  )

  property.needing("quiescence")(
    "S12 K2 awaitQuiescent ends when the space is closed, also if that comes between its look and its wait",
    (sim) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const space = yield* Scope.extend(sim.space(), scope)
        yield* space.eval(Effect.never)
        const report = yield* Effect.fork(space.awaitQuiescent)
        yield* sim.pause
        yield* Scope.close(scope, Exit.void)
        yield* sim.over
        const exit = report.unsafePoll()
        expect(exit !== null && Exit.isInterrupted(exit)).toBe(true)
      }),
    ["975"]
  )
})
