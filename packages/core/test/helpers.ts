import type { Tuple } from "@effect-linda/core"
import { TupleSpace } from "@effect-linda/core"
import { assert } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import type { Fiber, Scope } from "effect"
import { Cause, Clock, Effect, Exit, Option } from "effect"
import type { Memory } from "../src/internal/memory/engine.js"

/** Deep, strict equality of values whose types need not be the same. */
export const same = (actual: unknown, expected: unknown, message?: string): void =>
  deepStrictEqual(actual, expected, message)

/** What is behind a space in memory, for tests that look whether it is left clean. */
export const memoryOf = (space: object): Memory => (space as any)[Symbol.for("@effect-linda/core/Memory")]

/** A space of its own for a test, which has to leave nothing that waits, is held or runs. */
export const fresh = <T extends Tuple.Tuple = Tuple.Tuple>(
  options?: TupleSpace.Options
): Effect.Effect<TupleSpace.TupleSpace<T>, never, Scope.Scope> =>
  Effect.tap(
    TupleSpace.make<T>(options),
    (space) => Effect.addFinalizer((exit) => Exit.isSuccess(exit) ? clean(space) : Effect.void)
  )

/** Fails if somebody waits, if a tuple is held, or if a process runs. */
export const clean = <T extends Tuple.Tuple>(space: TupleSpace.TupleSpace<T>) =>
  Effect.gen(function*() {
    const { held, interests, processes } = yield* space.inspect
    same({ held, interests, processes }, { held: 0, interests: [], processes: [] })
    swept(space)
  })

/**
 * Fails if anything is left behind the space in memory that nobody uses any more, whether `inspect` shows it or not.
 */
export const swept = (space: object): void => {
  const { store } = memoryOf(space)
  assert.strictEqual(store.takers.size + store.readers.size + store.watchers.size + store.puts.size, 0)
  assert.strictEqual(store.absentees.size + store.absentees.toArray().length + (store as any).departed.length, 0)
  assert.strictEqual(store.held.size, 0)
  if (store.count === 0) {
    assert.strictEqual(store.deadlines.size, store.scheduled.size)
    for (const shelf of store.shelves.byArity.values()) {
      assert.strictEqual(shelf.all.size, 0)
      for (const index of (shelf as any).indexes) {
        assert.isTrue(index.table.isEmpty)
      }
    }
  }
}

/** Fails if anything at all is left in the space. */
export const empty = <T extends Tuple.Tuple>(space: TupleSpace.TupleSpace<T>) =>
  Effect.gen(function*() {
    yield* clean(space)
    same((yield* space.inspect).tuples, [])
    assert.strictEqual(memoryOf(space).store.count, 0)
  })

/** A clock that shows a time which nobody has been woken for: as if the thread had been blocked until then. */
export const clockOfBlocked = Effect.map(Effect.clock, (clock) => {
  let blocked = 0n
  return {
    clock: {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + Number(blocked),
      unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos() + blocked * 1_000_000n,
      currentTimeMillis: clock.currentTimeMillis,
      currentTimeNanos: clock.currentTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    } satisfies Clock.Clock as Clock.Clock,
    block: (millis: bigint): void => {
      blocked += millis
    }
  }
})

/** Lets all other fibers go as far as they can. */
export const settle: Effect.Effect<void> = Effect.repeatN(Effect.yieldNow(), 100)

/** Starts an effect, and lets it go as far as it can. */
export const start = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Fiber.RuntimeFiber<A, E>, never, R> =>
  Effect.zipLeft(Effect.fork(effect), settle)

/** Whether a fiber has not ended yet, once all others have gone as far as they can. */
export const isWaiting = (fiber: Fiber.RuntimeFiber<any, any>): Effect.Effect<boolean> =>
  Effect.zipRight(Effect.repeatN(settle, 10), Effect.sync(() => fiber.unsafePoll() === null))

/** How many wait. */
export const waiters = (space: { readonly inspect: Effect.Effect<TupleSpace.Inspection, any> }) =>
  Effect.map(space.inspect, ({ interests }) => interests.length)

/** The defect that an effect dies with. */
export const defectOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<any, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    assert.isTrue(Exit.isFailure(exit), "it should have died")
    const defect = Exit.isFailure(exit) ? Cause.dieOption(exit.cause) : Option.none()
    assert.isTrue(Option.isSome(defect), `it should have died: ${String(exit)}`)
    return Option.getOrThrow(defect)
  })

/** Whether an effect ends interrupted. */
export const isInterrupted = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<boolean, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
