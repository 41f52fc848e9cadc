/**
 * Programs run under schedules: a property of a concurrent program is checked under many, and a failure names the seed
 * that repeats it, and the fewest deviations from an ordinary run that make it fail.
 *
 * @since 0.1.0
 */
import * as OptionsOf from "@effect-linda/core/Options"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Random from "./Random.js"
import type { Schedule } from "./Schedule.js"
import * as Schedules from "./Schedule.js"
import * as Scheduler from "./Scheduler.js"

/**
 * One run of a program: where its randomness comes from, and how it makes its spaces.
 *
 * @since 0.1.0
 * @category models
 */
export interface Simulation {
  /** The schedule that it runs under. */
  readonly schedule: Schedule
  /** Draws what the program does; how it is interleaved is drawn elsewhere, and does not depend on it. */
  readonly random: Random.Random
  /** A space in memory, or of the engine under test, whose state is shown if the run gets stuck. */
  readonly space: <T extends Tuple = Tuple>(
    options?: TupleSpace.Options
  ) => Effect.Effect<TupleSpace.TupleSpace<T>, never, Scope.Scope>
  /** Goes on when all other fibers wait. Time has not passed. */
  readonly still: Effect.Effect<void>
  /**
   * Goes on when all other fibers wait, and no time will help them: none but for signs of life, which a durable space
   * gives.
   */
  readonly over: Effect.Effect<void>
  /** Lets others run: none, some, or all that can. Drawn each time it is asked for. */
  readonly pause: Effect.Effect<void>
}

/**
 * How a simulation makes a space.
 *
 * @since 0.1.0
 * @category models
 */
export type MakeSpace = (
  options?: TupleSpace.Options
) => Effect.Effect<TupleSpace.TupleSpace<Tuple, SpaceError>, unknown, Scope.Scope>

/**
 * A program to simulate.
 *
 * @since 0.1.0
 * @category models
 */
export type Body<A, E> = (simulation: Simulation) => Effect.Effect<A, E, Scope.Scope>

/**
 * Runs a program under a schedule, synchronously. Throws what it fails with; if its main fiber can never end, `Stuck`,
 * with what the spaces held then.
 *
 * @since 0.1.0
 * @category running
 */
export const simulate = <A, E>(schedule: Schedule, body: Body<A, E>, make: MakeSpace = TupleSpace.make): A => {
  const scheduler = Scheduler.make(schedule)
  const random = Random.make(schedule.seed ^ 0x5eed)
  const inspections: Array<Effect.Effect<TupleSpace.Inspection>> = []
  const simulation: Simulation = {
    schedule,
    random,
    // An engine that can be simulated is in memory, and has no failures.
    space: <T extends Tuple>(options?: TupleSpace.Options) =>
      Effect.tap(
        Effect.orDie(make(options)) as unknown as Effect.Effect<TupleSpace.TupleSpace<T>, never, Scope.Scope>,
        (space) => Effect.sync(() => inspections.push(space.inspect))
      ),
    still: scheduler.still,
    over: scheduler.over,
    get pause() {
      const times = random.pick([0, 0, 1, 1, 2, 3, 5, 8])
      return times === 8 ? scheduler.still : Effect.repeatN(Effect.yieldNow(), times)
    }
  }
  const describe = () => inspections.map(snapshotOf).join("\n")
  return Scheduler.run(scheduler, Effect.scoped(Effect.suspend(() => body(simulation))), describe)
}

/** What a space holds, as text, once nothing runs any more. */
const snapshotOf = (inspect: Effect.Effect<TupleSpace.Inspection>): string => {
  try {
    return Inspectable.toStringUnknown(Scheduler.run(Scheduler.make(Schedules.fromSeed(0)), inspect))
  } catch {
    return "a closed space"
  }
}

/** A variable of the environment, where there is one. */
const environment = (name: string): string | undefined =>
  (globalThis as { readonly process?: { readonly env: Readonly<Record<string, string | undefined>> } }).process
    ?.env[name]

/**
 * Under how many schedules to check.
 *
 * @since 0.1.0
 * @category models
 */
export interface CheckOptions {
  /** How many seeds. By default 500, or what the variable `LINDA_SEEDS` of the environment says. */
  readonly seeds?: number | undefined
  /** The first of them. By default 1, or what the variable `LINDA_FIRST_SEED` says. */
  readonly first?: number | undefined
  /** Only this schedule, such as a report names it. The variable `LINDA_SCHEDULE` overrides it. */
  readonly schedule?: string | undefined
  /** Makes the spaces; by default they are in memory. */
  readonly make?: MakeSpace | undefined
}

/**
 * Thrown by `check`: under which schedule the program failed, and the one with the fewest deviations under which it
 * fails as well.
 *
 * @since 0.1.0
 * @category errors
 */
export class Falsified extends Data.TaggedError("Falsified")<{
  readonly message: string
  readonly found: Schedule
  readonly smallest: Schedule
  readonly cause: unknown
}> {}

/**
 * Runs a program under many schedules. It has to succeed under all of them: assertions in it throw. Otherwise throws
 * `Falsified`, which names the seed, and the smallest schedule that fast-check shrinks it to.
 *
 * @since 0.1.0
 * @category running
 * @example
 * ```ts
 * import { Pattern as P } from "@effect-linda/core"
 * import { Simulation } from "@effect-linda/testkit"
 * import { Effect, Fiber } from "effect"
 *
 * Simulation.check((sim) =>
 *   Effect.gen(function*() {
 *     const space = yield* sim.space()
 *     yield* space.out(["sum", 0])
 *     const add = Effect.flatMap(space.in(["sum", P.number]), ([, sum]) => space.out(["sum", sum + 1]))
 *     yield* Fiber.joinAll([yield* Effect.fork(add), yield* Effect.fork(add)])
 *     const [, sum] = yield* space.in(["sum", P.number])
 *     if (sum !== 2) throw new Error(`an update was lost: ${sum}`)
 *   })
 * )
 * ```
 */
export const check = <A, E>(body: Body<A, E>, options: CheckOptions = {}): void => {
  OptionsOf.only(options, "seeds", "first", "schedule", "make")
  const only = environment("LINDA_SCHEDULE") ?? options.schedule
  const first = options.first ?? firstSeed
  const schedules = only === undefined
    ? Array.from({ length: options.seeds ?? seeds(500) }, (_, index) => Schedules.fromSeed(first + index))
    : [Schedules.parse(only)]
  for (const schedule of schedules) {
    try {
      simulate(schedule, body, options.make)
    } catch (error) {
      throw shrunk(schedule, error, body, options.make)
    }
  }
}

/**
 * The first seed to check: 1, unless the variable `LINDA_FIRST_SEED` of the environment says another.
 *
 * @since 0.1.0
 * @category running
 */
export const firstSeed = Number(environment("LINDA_FIRST_SEED") ?? 1)

/**
 * How many seeds to check: what the variable `LINDA_SEEDS` of the environment says, and otherwise so many.
 *
 * @since 0.1.0
 * @category running
 */
export const seeds = (standard: number): number => Number(environment("LINDA_SEEDS") ?? standard)

/** So long may shrinking take. */
const shrinkingMillis = 3_000

const shrunk = <A, E>(found: Schedule, error: unknown, body: Body<A, E>, make?: MakeSpace): Falsified => {
  const attempt = (schedule: Schedule) => void simulate(schedule, body, make)
  const { counterexample } = FastCheck.check(FastCheck.property(Schedules.arbitrary(), attempt), {
    examples: [[found]],
    numRuns: 1,
    interruptAfterTimeLimit: shrinkingMillis,
    markInterruptAsFailure: false
  })
  const smallest = counterexample?.[0] ?? found
  // What was found first may be told by another error than the smallest.
  const cause = smallest === found ? error : errorOf(() => attempt(smallest)) ?? error
  const deviations = Option.match(smallest.deviations, { onNone: () => "all its", onSome: ({ size }) => size })
  const message = `${cause instanceof Error ? cause.message : Inspectable.toStringUnknown(cause)}\n` +
    `LINDA_SCHEDULE=${found} repeats it, and with ${deviations} deviations from an ordinary run LINDA_SCHEDULE=${smallest}`
  return new Falsified({ message, found, smallest, cause })
}

const errorOf = (attempt: () => void): unknown => {
  try {
    return attempt()
  } catch (error) {
    return error
  }
}
