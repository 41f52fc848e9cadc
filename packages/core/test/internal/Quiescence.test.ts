import { Simulation } from "@effect-linda/testkit"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import type { Watched } from "../../src/internal/insight.js"
import { awaitQuiescent } from "../../src/internal/insight.js"
import type { ProcessRecord } from "../../src/internal/process.js"

/**
 * Something to look at, in which this happens at the end of the first look: before the one who looks has come to wait.
 */
const watched = (happens: (space: { closed: boolean; moves: number }) => void): Watched => {
  const space = {
    closed: false,
    moves: 0,
    observers: new Set(),
    onMoved: new Set<() => void>(),
    rollBack: () => {},
    now: () => 0,
    waiting: () => {
      happens(space)
      space.onMoved.forEach((notify) => notify())
      return []
    },
    puts: { size: 0 },
    deadlines: { size: 0 }
  }
  return space
}

const process = Effect.map(
  Effect.fork(Effect.never),
  (fiber): ProcessRecord => ({ id: 0, name: "p", since: 0, fiber, fibers: new Map() })
)

it.scoped("K2 a process that ends between the look and the wait is heard of", () =>
  Effect.gen(function*() {
    const records = new Map([[0, yield* process]])
    yield* Effect.yieldNow()
    const space = watched((space) => {
      if (records.delete(0)) {
        space.moves++
      }
    })
    expect(yield* awaitQuiescent(space, records)).toEqual({ state: "done", blocked: [] })
  }))

it.scoped("S12 K2 a space that closes between the look and the wait is heard of", () =>
  Effect.gen(function*() {
    const records = new Map([[0, yield* process]])
    yield* Effect.yieldNow()
    const space = watched((space) => {
      space.closed = true
    })
    const exit = yield* Effect.exit(awaitQuiescent(space, records))
    expect(Exit.isInterrupted(exit)).toBe(true)
  }))

it("K2 the schedules under which awaitQuiescent once waited for ever", () => {
  Simulation.check((sim) =>
    Effect.gen(function*() {
      const space = yield* sim.space()
      const gate = yield* Deferred.make<void>()
      yield* space.eval(Deferred.await(gate))
      const report = yield* Effect.fork(space.awaitQuiescent)
      yield* sim.pause
      yield* Deferred.succeed(gate, undefined)
      yield* sim.over
      expect(report.unsafePoll()).not.toBe(null)
    }), { schedule: "1215" })
  Simulation.check((sim) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const space = yield* Scope.extend(sim.space(), scope)
      yield* space.eval(Effect.never)
      const report = yield* Effect.fork(space.awaitQuiescent)
      yield* sim.pause
      yield* Scope.close(scope, Exit.void)
      yield* sim.over
      expect(report.unsafePoll()).not.toBe(null)
    }), { schedule: "75706" })
})
