/**
 * The laws of a tuple space as tests: every clause of the semantics, over any engine.
 *
 * This module, and no other of the testkit, needs `vitest` and `@effect/vitest`.
 *
 * @since 0.1.0
 */
import * as OptionsOf from "@effect-linda/core/Options"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { groups as laws } from "./internal/properties/groups.js"
import type { Property } from "./internal/properties/property.js"
import type { Case } from "./internal/suite/case.js"
import { Engine } from "./internal/suite/case.js"
import { groups as cases } from "./internal/suite/groups.js"
import type { Space } from "./internal/suite/kit.js"
import * as Simulation from "./Simulation.js"

/**
 * What an engine may lack:
 *
 * - `"options"`: spaces can be made with a capacity and a selection. Assumed if `layer` is a function.
 * - `"transactions"`: `transact` runs STM.
 * - `"spaces"`: a transaction is over several spaces.
 * - `"turns"`: a transaction, or an exchange, is one of the takers. What it puts meets those who wait at once, and one
 *   that waits has its turn among them.
 * - `"references"`: fields may be functions, symbols and instances of classes, and come back as the same object.
 * - `"clock"`: time is Effect's `Clock` and nothing else, and so a `TestClock` moves it. Assumed if `time` is `"test"`.
 * - `"quiescence"`: the space knows its processes and what they wait for, so that `awaitQuiescent` can tell.
 * - `"telemetry"`: operations make spans and metrics.
 * - `"guards"`: `Query.all` has members that are read, or absent, and `Query.any` can prefer its first.
 *
 * @since 0.1.0
 * @category models
 */
export type Capability =
  | "options"
  | "transactions"
  | "spaces"
  | "turns"
  | "references"
  | "clock"
  | "quiescence"
  | "telemetry"
  | "guards"

/**
 * The engine to test.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How the tests are grouped in the report. */
  readonly name: string
  /** Builds a space, a new one each time; from options, if spaces of this engine have them. */
  readonly layer: EngineLayer | ((options: TupleSpace.Options) => EngineLayer)
  /** `"test"`: the engine keeps time by Effect's `Clock`, and the tests move it. `"live"`: time goes by itself. */
  readonly time: "test" | "live"
  /** What the engine lacks, each with the reason, which is printed beside the tests that are skipped for it. */
  readonly lacks?: { readonly [K in Capability]?: string } | undefined
  /**
   * Tests to skip, by an id (`"X05"`) or the beginning of a name, each with the reason. One that names no test is an
   * error.
   */
  readonly skip?: Readonly<Record<string, string>> | undefined
  /**
   * How long to let things go by themselves before something is said to wait, with `time: "live"`: by default 15 ms. A
   * space that takes longer to answer three times is given that time.
   */
  readonly patience?: Duration.DurationInput | undefined
  /** What else must hold of a space that is not used any more: run on each, at the end of its test. */
  readonly after?: ((space: TupleSpace.TupleSpace<Tuple, SpaceError>) => Effect.Effect<void, unknown>) | undefined
}

const midst = "a store answers later: what is run in the midst of a transaction waits for the end of that"

/**
 * What every space lacks that is made by `SpaceStore.make`, whatever the store: options for its tests. `lacks` is for
 * the suite and for the properties, `skip` for the suite, `skipProperties` for the properties.
 *
 * @since 0.1.0
 * @category models
 */
export const onStore = {
  lacks: {
    spaces: "a transaction of a store is of one space",
    turns: "what a transaction puts meets others when it commits, and one that waits is told of what nobody took",
    references: "a store keeps data: functions, symbols and objects without a schema are refused"
  },
  skip: {
    "Q01 a process that sleeps and then waits":
      "whether a fiber that sleeps by a TestClock and has children is blocked, depends on who slept first",
    "S17 N06 suspend": "a mailbox is its reader's own: an out does not wait for it",
    "S8 S17 suspend": "a mailbox is its reader's own: an out does not wait for it",
    "S1-S8 S11 S18": "who reads a join is told of a tuple only if nobody takes it in the same step",
    "S1-S8 S11 S20": "what comes by itself goes first to those who wait for what the store can decide about",
    "S10 S16 an operation of the space within a transaction on it": midst,
    "S10 S16 a transact within a transact": midst,
    "V08 interests with kind, pattern and age": "what is handed over is consumed before anybody can look"
  },
  skipProperties: {
    "S17 a stream shows what is there and what comes":
      "a tuple that an in had taken when the stream began, and gives back as it is interrupted, is not shown",
    "S8 every tuple is in the space, held, or gone: whatever is interrupted, whenever":
      "a put that is interrupted on its way to the store may have happened"
  }
} as const

/**
 * What every space lacks that is at the other end of a link, whatever the engine there: options for its tests.
 *
 * @since 0.1.0
 * @category models
 */
export const onLink = {
  lacks: {
    transactions: "STM is in the memory of the space",
    turns: "what an exchange makes of what it finds is asked elsewhere, and its turn passes on meanwhile",
    references: "functions and symbols stay in their thread",
    quiescence: "what runs elsewhere cannot be seen to rest",
    telemetry: "operations make their spans where the space is"
  },
  skip: {
    "S5 the order of arrival holds between all kinds": "a waiter whose predicate is elsewhere does not keep its turn"
  }
} as const

/**
 * Provides a space on the engine that is tested.
 *
 * @since 0.1.0
 * @category models
 */
export type EngineLayer = Layer.Layer<TupleSpace.TupleSpace<Tuple, SpaceError>, unknown>

/** Lets everything else on a scheduler that takes turns go as far as it can. */
const yields = Effect.repeatN(Effect.yieldNow(), 100)

/** Lets things go by themselves for so long; for longer on a machine that has so much else to do that it is late. */
const patiently = (patience: Duration.Duration): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.timed(Effect.sleep(patience)),
    ([took]) => Duration.greaterThan(took, Duration.times(patience, 1.5)) ? patiently(patience) : Effect.void
  )

/** Waits until a space has answered, and so has done all that came before; but not if it cannot answer now. */
const answers = (space: Space, patience: Duration.Duration): Effect.Effect<unknown> =>
  Effect.exit(space.rdp([null])).pipe(
    Effect.withTracerEnabled(false),
    Effect.disconnect,
    Effect.timeoutOption(Duration.times(patience, 10))
  )

/** Lets things go by themselves: what happens on a space takes some steps, and each of them an answer of the space. */
const settling = (spaces: Iterable<Space>, patience: Duration.Duration): Effect.Effect<void> =>
  Effect.repeatN(
    Effect.zipRight(
      patiently(Duration.times(patience, 1 / 3)),
      Effect.suspend(() => Effect.forEach(spaces, (space) => answers(space, patience), { discard: true }))
    ),
    2
  )

const engineOf = ({ after, layer, patience = "15 millis", time }: Options): Engine => {
  const layerOf = typeof layer === "function" ? layer : () => layer
  const spaces = new Set<Space>()
  return {
    make: (options = {}) =>
      Effect.map(
        Layer.build(Layer.fresh(layerOf(options))),
        (context) => Context.get(context, TupleSpace.TupleSpace)
      ).pipe(
        Effect.tap((space) =>
          Effect.acquireRelease(Effect.sync(() => spaces.add(space)), () => Effect.sync(() => spaces.delete(space)))
        )
      ),
    settle: time === "test" ? yields : settling(spaces, Duration.decode(patience)),
    pass: (duration) => time === "test" ? Effect.zipRight(yields, TestClock.adjust(duration)) : Effect.sleep(duration),
    after: after ?? (() => Effect.void)
  }
}

/** Why a case is skipped, if it is. */
const reasonToSkip = (
  { lacks = {}, layer, skip = {}, time }: Pick<Options, "lacks" | "layer" | "skip" | "time">
) => {
  const lacking: { readonly [K in Capability]?: string } = {
    ...(typeof layer === "function" ? {} : { options: "its spaces have no options" }),
    ...(time === "test" ? {} : { clock: "its time goes by itself" }),
    ...lacks
  }
  return ({ name, needs }: Pick<Case, "name" | "needs">): string | undefined => {
    const lack = needs.find((capability) => lacking[capability] !== undefined)
    const named = Object.keys(skip).find((key) => isCalled(name, key))
    return named !== undefined ? skip[named] : lack !== undefined ? lacking[lack] : undefined
  }
}

const isCalled = (name: string, key: string): boolean => name.startsWith(key) || name.split(" ").includes(key)

/**
 * Defines the tests of every clause, in a file of vitest's.
 *
 * @since 0.1.0
 * @category tests
 */
export const suite = (options: Options): void => {
  OptionsOf.only(options, "name", "layer", "time", "lacks", "skip", "patience", "after")
  const engine = engineOf(options)
  const reasonFor = reasonToSkip(options)
  const test = options.time === "test" ? it.scoped : it.scopedLive
  const define = (each: Case): void => {
    const reason = reasonFor(each)
    if (reason === undefined) {
      test(each.name, () => Effect.provideService(each.body(), Engine, engine), patienceWithATest)
    } else {
      it.skip(`${each.name} (skipped: ${reason})`, () => {})
    }
  }
  describe(options.name, () => {
    for (const group of cases) {
      describe(group[0]!.group, () => group.forEach(define))
    }
    skipsOnlyWhatThereIs(options.skip, cases)
  })
}

const skipsOnlyWhatThereIs = (
  skip: Options["skip"] = {},
  groups: ReadonlyArray<ReadonlyArray<{ readonly name: string }>>
) =>
  it("skips only what there is", () => {
    const stale = Object.keys(skip).filter((key) => !groups.flat().some(({ name }) => isCalled(name, key)))
    assert.deepStrictEqual(stale, [])
  })

/**
 * An engine to simulate.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulationOptions extends Pick<Options, "lacks" | "layer" | "name"> {
  /**
   * Properties to skip, by an id or the beginning of a name, each with the reason. One that names no property is an
   * error.
   */
  readonly skip?: Readonly<Record<string, string>> | undefined
  /**
   * Under how many seeds each property is checked. By default 500; the variable `LINDA_SEEDS` of the environment
   * overrides it.
   */
  readonly seeds?: number | undefined
}

/**
 * Defines the tests of what must hold however the fibers of a program are interleaved: nothing lost, nothing twice, no
 * lost wake-up, order, exclusive timeouts, rollback. For engines of which a seeded scheduler can decide everything,
 * since all that happens in them happens on fibers, synchronously, by Effect's `Clock`. A failure names the schedule
 * that repeats it.
 *
 * @since 0.1.0
 * @category tests
 */
export const properties = (options: SimulationOptions): void => {
  OptionsOf.only(options, "name", "layer", "lacks", "skip", "seeds")
  const { lacks, layer, name, seeds = 500, skip } = options
  const { make } = engineOf({ name, layer, time: "test" })
  const reasonFor = reasonToSkip({ lacks, layer, skip, time: "test" })
  const all = Simulation.seeds(seeds)
  const define = ({ body, name, needs, schedules }: Property): void => {
    const reason = reasonFor({ name, needs })
    if (reason !== undefined) {
      it.skip(`${name} (skipped: ${reason})`, () => {})
      return
    }
    it.live(name, () => {
      for (const schedule of schedules) {
        Simulation.check(body, { make, schedule })
      }
      return Effect.forEach(
        Array.from({ length: Math.ceil(all / slice) }, (_, index) => index * slice),
        (done) =>
          Effect.zipRight(
            Effect.sync(() =>
              Simulation.check(body, { make, first: Simulation.firstSeed + done, seeds: Math.min(slice, all - done) })
            ),
            // vitest wants to hear from its workers
            Effect.sleep(0)
          ),
        { discard: true }
      )
    }, millisPerSeed * all)
  }
  describe(name, () => {
    for (const group of laws) {
      describe(`Properties: ${group[0]!.group}`, () => group.forEach(define))
    }
    skipsOnlyWhatThereIs(skip, laws)
  })
}

/** More milliseconds than any engine needs for a case: one that takes so long hangs. */
const patienceWithATest = 120_000

/** So many seeds are checked at a stretch. */
const slice = 50

/** Far more than a run takes, on any machine. */
const millisPerSeed = 500
