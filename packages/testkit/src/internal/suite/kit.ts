/**
 * What cases say, in words that hold for every engine.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { Inspection, Options, TupleSpace } from "@effect-linda/core/TupleSpace"
import { assert, expect } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { Engine } from "./case.js"

export { assert }

/** A space under test. `E` is what every engine can fail with. */
export type Space<T extends Tuple = Tuple> = TupleSpace<T, SpaceError>

/** Deep, strict equality of values whose types need not be the same. Chai alone takes a `none` for any option. */
export const same = (actual: unknown, expected: unknown, message?: string): void => {
  assert.deepStrictEqual(actual, expected, message)
  expect(actual, message).toEqual(expected)
}

/** A space of its own for a case, which has to leave nothing that waits, is held or runs. */
export const fresh = <T extends Tuple = Tuple>(
  options?: Options
): Effect.Effect<Space<T>, unknown, Engine | Scope.Scope> =>
  Effect.flatMap(Engine, (engine) =>
    Effect.tap(
      Effect.map(engine.make(options), (space) => space as unknown as Space<T>),
      (space) =>
        Effect.addFinalizer((exit) => Exit.isSuccess(exit) ? Effect.orDie(clean(space)) : Effect.void).pipe(
          Effect.provideService(Engine, engine)
        )
    ))

/** A space that the case closes itself: not looked at, as `fresh` does, when its scope closes. */
export const closing = (options?: Options): Effect.Effect<Space, unknown, Engine | Scope.Scope> =>
  Effect.flatMap(Engine, ({ make }) => make(options))

/** Fails if somebody waits, if a tuple is held, or if a process runs. */
export const clean = <T extends Tuple>(space: Space<T>): Effect.Effect<void, unknown, Engine> =>
  Effect.gen(function*() {
    const engine = yield* Engine
    yield* engine.settle
    const { held, holders = [], interests, processes } = yield* space.inspect
    same({ held, holders, interests, processes }, { held: 0, holders: [], interests: [], processes: [] })
    yield* engine.after(space as unknown as Space)
  })

/** Fails if anything at all is left in the space. */
export const empty = <T extends Tuple>(space: Space<T>): Effect.Effect<void, unknown, Engine> =>
  Effect.zipRight(clean(space), Effect.map(space.inspect, ({ tuples }) => same(tuples, [])))

/** Takes all that is left. Then nothing waits, is held or runs. */
export const clear = (space: Space): Effect.Effect<void, unknown, Engine> =>
  Effect.zipRight(space.collect([P.rest(P.any)]), empty(space))

/** A predicate that throws when it is asked about this value. */
export const throwingAt = (bad: unknown) => (value: unknown): boolean => {
  if (value === bad) {
    throw new Error("on purpose")
  }
  return true
}

/** Lets all other fibers go as far as they can. */
export const settle: Effect.Effect<void, never, Engine> = Effect.flatMap(Engine, ({ settle }) => settle)

/** Lets all other fibers go on until it is so, or is not to be hoped for any more. */
export const settling = (isSo: () => boolean): Effect.Effect<void, never, Engine> =>
  Effect.asVoid(Effect.repeat(settle, { while: () => !isSo(), times: 50 }))

/** All tuples of a space, which stay there. */
export const all = (space: Space) => space.copyCollect([P.rest(P.any)])

/** Lets so much time go by. */
export const pass = (duration: Duration.DurationInput): Effect.Effect<void, never, Engine> =>
  Effect.flatMap(Engine, ({ pass }) => pass(duration))

/** A clock by which time passes as by the one in force, while what it shows can be set. */
export const clockThatIsSet = Effect.map(Effect.clock, (clock) => {
  let skew = 0
  const millis = () => clock.unsafeCurrentTimeMillis() + skew
  return {
    clock: {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: millis,
      unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanos: clock.currentTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    } satisfies Clock.Clock as Clock.Clock,
    set: (by: Duration.DurationInput, back = false): void => {
      skew = (back ? -1 : 1) * Duration.toMillis(by)
    }
  }
})

/** Starts an effect, and lets it go as far as it can. */
export const start = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Fiber.RuntimeFiber<A, E>, never, R | Engine> => Effect.zipLeft(Effect.fork(effect), settle)

/** Starts an effect, and lets it go on until it waits in the space, where nobody else does. */
export const startWaiting = <T extends Tuple, A, E, R>(
  space: Space<T>,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Fiber.RuntimeFiber<A, E>, SpaceError, R | Engine> =>
  Effect.tap(
    start(effect),
    () =>
      Effect.zipRight(
        Effect.repeat(Effect.zipRight(settle, waiters(space)), { until: (count) => count > 0, times: 50 }),
        settle
      )
  )

/** Whether a fiber has not ended yet, once all others have gone as far as they can. */
export const isWaiting = (fiber: Fiber.RuntimeFiber<any, any>): Effect.Effect<boolean, never, Engine> =>
  Effect.zipRight(Effect.zipRight(settle, settle), Effect.sync(() => fiber.unsafePoll() === null))

/** How many wait. */
export const waiters = (space: { readonly inspect: Effect.Effect<Inspection, any> }) =>
  Effect.map(space.inspect, ({ interests }) => interests.length)

/** The defect that an effect dies with. */
export const defectOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<any, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    const defect = Exit.isFailure(exit) ? Cause.defects(exit.cause) : []
    for (const each of defect) {
      return each
    }
    return assert.fail(`it should have died: ${String(exit)}`)
  })

/** The `SpaceError` that an effect fails or, in an engine that cannot fail, dies with. */
export const refusalOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<SpaceError, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    const errors = Exit.isFailure(exit) ? [...Cause.failures(exit.cause), ...Cause.defects(exit.cause)] : []
    return errors.find((error) => error instanceof SpaceError) ?? assert.fail(`it should be refused: ${String(exit)}`)
  })

/** Whether an effect ends interrupted. */
export const isInterrupted = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<boolean, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
