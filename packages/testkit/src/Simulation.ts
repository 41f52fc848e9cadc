/**
 * Programs run under schedules: a property of a concurrent program is checked under many, and a failure names the seed
 * that repeats it, and the fewest deviations from an ordinary run that make it fail. Several programs that work on one
 * space, and come to harm, are a fleet.
 *
 * @since 0.1.0
 */
import * as OptionsOf from "@effect-linda/core/Options"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Fleets from "./internal/fleet/fleet.js"
import { SchedulerImpl } from "./internal/scheduler.js"
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
  /**
   * Programs that work on one space of a store in memory, and come to harm. They begin at once, and end with the scope.
   * Fails as `InvalidOption`.
   */
  readonly fleet: <T extends Tuple = Tuple>(
    options: FleetOptions<T>
  ) => Effect.Effect<Fleet<T>, SpaceError, Scope.Scope>
}

/**
 * What a program does: it is given its space, as its own client of the store, and its number. When it fails, its
 * program ends, and another takes its place a second later, up to ten times; when it dies, the simulation fails with
 * that, so that it may make assertions.
 *
 * @since 0.1.0
 * @category fleets
 */
export type Worker<T extends Tuple = Tuple> = (
  space: TupleSpace.TupleSpace<T, SpaceError>,
  program: number
) => Effect.Effect<unknown, unknown, Scope.Scope>

/**
 * What can happen to a program of a fleet, beside any batch that it sends: before it, between it and its answer, or
 * soon after.
 *
 * - `"kill"`: none of its fibers does anything more, no finalizer runs. What it held is back when its lease is over.
 *   Another program takes its place.
 * - `"stop"`: it stands still for one and a half leases, and then goes on as if nothing had happened.
 * - `"end"`: it is interrupted and closes its scope, as on `SIGTERM`. Another program takes its place.
 * - `"resend"`: the batch or its answer is lost, and sent again under its number, as between PostgreSQL and its client.
 *   It happens once.
 * - `"lose"`: the store cannot be reached for one and a half leases. What was under way fails as `Unavailable`; it may
 *   have happened.
 *
 * @since 0.1.0
 * @category fleets
 */
export type Fault = "kill" | "stop" | "end" | "resend" | "lose"

/**
 * One version of the programs of a fleet.
 *
 * @since 0.1.0
 * @category fleets
 */
export interface Version<T extends Tuple = Tuple> {
  readonly workers: ReadonlyArray<Worker<T>>
  /** Options of the spaces of its programs: schemas, a protocol. */
  readonly space?: SpaceStore.Options<T> | undefined
}

/**
 * Options of a fleet.
 *
 * @since 0.1.0
 * @category fleets
 * @example
 * ```ts
 * import { Pattern as P } from "@effect-linda/core"
 * import { Simulation } from "@effect-linda/testkit"
 * import { Effect } from "effect"
 *
 * const property = (sim: Simulation.Simulation) =>
 *   Effect.gen(function*() {
 *     const done = new Set<number>()
 *     const worker: Simulation.Worker = (space) =>
 *       Effect.forever(space.inWith(["job", P.number], ([, n]) => Effect.sync(() => done.add(n))))
 *     const fleet = yield* sim.fleet({ workers: [worker], faults: ["kill", "stop"] })
 *     yield* fleet.space.outAll([["job", 1], ["job", 2]])
 *     yield* fleet.quiet
 *     if (done.size !== 2) throw new Error("a job was never done")
 *   })
 *
 * Simulation.check(property, { seeds: 50 })
 * ```
 */
export interface FleetOptions<T extends Tuple = Tuple> extends Version<T> {
  /** How many programs there are of each worker. By default 2. */
  readonly programs?: number | undefined
  /** What happens to them: up to four times in a run. By default everything; with an empty list nothing. */
  readonly faults?: ReadonlyArray<Fault> | undefined
  /** For how long a program that is silent is not taken for dead. By default 30 seconds, as elsewhere. */
  readonly lease?: Duration.DurationInput | undefined
}

/**
 * A fleet at work.
 *
 * @since 0.1.0
 * @category fleets
 */
export interface Fleet<T extends Tuple = Tuple> {
  /** The space of the fleet, as a client of its own to which nothing happens. */
  readonly space: TupleSpace.TupleSpace<T, SpaceError>
  /**
   * Goes on when every program waits and no time will help, as `over`, and nothing is held by one that was killed: its
   * lease is over, and others have done what it left. A use that waits for ever is left as it is.
   */
  readonly quiet: Effect.Effect<void>
  /**
   * A rolling restart: one program after the other is told to end, and one of the new version takes its place. In
   * between they work side by side for ten seconds. There have to be as many workers as before; else it fails as
   * `InvalidOption`.
   */
  readonly roll: <U extends Tuple = T>(version: Version<U>) => Effect.Effect<void, SpaceError>
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
export const simulate = <A, E>(schedule: Schedule, body: Body<A, E>, make: MakeSpace = TupleSpace.make): A =>
  told(schedule, body, make, () => {})

/** The same. What happens to fleets is told to `note`, a line each. */
const told = <A, E>(schedule: Schedule, body: Body<A, E>, make: MakeSpace, note: (line: string) => void): A => {
  const scheduler = new SchedulerImpl(schedule)
  const random = Random.make(schedule.seed ^ 0x5eed)
  const inspections: Array<Effect.Effect<TupleSpace.Inspection, SpaceError>> = []
  const failures: Array<unknown> = []
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
    },
    fleet: (options) =>
      Fleets.make({
        scheduler,
        note,
        fail: (error) => {
          failures.push(error)
          scheduler.abort()
        },
        show: (space) => inspections.push(space.inspect)
      }, options)
  }
  const describe = () => inspections.map(snapshotOf).join("\n")
  try {
    return Scheduler.run(scheduler, Effect.scoped(Effect.suspend(() => body(simulation))), describe)
  } catch (error) {
    throw failures.length > 0 ? failures[0] : error
  }
}

/** What a space holds, as text, once nothing runs any more. */
const snapshotOf = (inspect: Effect.Effect<TupleSpace.Inspection, SpaceError>): string => {
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
  /** Makes the spaces, but for those of fleets; by default they are in memory. */
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

const shrunk = <A, E>(
  found: Schedule,
  error: unknown,
  body: Body<A, E>,
  make: MakeSpace = TupleSpace.make
): Falsified => {
  const attempt = (schedule: Schedule) => void simulate(schedule, body, make)
  const { counterexample } = FastCheck.check(FastCheck.property(Schedules.arbitrary(), attempt), {
    examples: [[found]],
    numRuns: 1,
    interruptAfterTimeLimit: shrinkingMillis,
    markInterruptAsFailure: false
  })
  const smallest = counterexample?.[0] ?? found
  // What was found first may be told by another error than the smallest.
  const notes: Array<string> = []
  const again = errorOf(() => told(smallest, body, make, (line) => notes.push(`  ${line}\n`)))
  const cause = smallest === found ? error : again ?? error
  const deviations = Option.match(smallest.deviations, { onNone: () => "all its", onSome: ({ size }) => size })
  const faults = Option.match(smallest.faults, {
    onNone: () => "",
    onSome: ({ size }) => size === 0 ? "" : ` and ${size} fault${size === 1 ? "" : "s"}`
  })
  const message = `${cause instanceof Error ? cause.message : Inspectable.toStringUnknown(cause)}\n${notes.join("")}` +
    `LINDA_SCHEDULE=${found} repeats it, and with ${deviations} deviations from an ordinary run${faults} ` +
    `LINDA_SCHEDULE=${smallest}`
  return new Falsified({ message, found, smallest, cause })
}

const errorOf = (attempt: () => void): unknown => {
  try {
    return attempt()
  } catch (error) {
    return error
  }
}
