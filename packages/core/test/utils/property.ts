/**
 * Properties of concurrent programs, each run under many seeds. A failure names its seed; `LINDA_SEED=17` runs that one
 * alone, `LINDA_SEEDS=10000` runs so many.
 */
import { it } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, Exit } from "effect"
import { inspect } from "node:util"
import type { Tuple } from "../../src/Tuple.js"
import * as TupleSpace from "../../src/TupleSpace.js"
import { Random, run, SeededScheduler } from "./SeededScheduler.js"

const env = (name: string): number | undefined =>
  process.env[name] === undefined ? undefined : Number(process.env[name])

export const onlySeed = env("LINDA_SEED")
export const seedsOf = (standard: number): number => env("LINDA_SEEDS") ?? standard

/** One run of a program: where its randomness comes from, and how it makes its spaces. */
export class Simulation {
  readonly scheduler: SeededScheduler
  /** Draws what the program does; how it is interleaved is drawn elsewhere, and does not depend on it. */
  readonly random: Random
  private readonly spaces: Array<TupleSpace.TupleSpace<Tuple>> = []

  constructor(readonly seed: number) {
    this.scheduler = new SeededScheduler(seed)
    this.random = new Random(seed ^ 0x5eed)
  }

  /** A space, whose state is shown if the run gets stuck. */
  space(options?: TupleSpace.Options): Effect.Effect<TupleSpace.TupleSpace<Tuple>, never, Scope.Scope> {
    return Effect.tap(TupleSpace.make<Tuple>(options), (space) => Effect.sync(() => this.spaces.push(space)))
  }

  /** Goes on when all other fibers wait. */
  get still() {
    return this.scheduler.still
  }

  /** Goes on when all other fibers wait, and no time will help them. */
  get over() {
    return this.scheduler.over
  }

  /** Lets others run: none, some, or all that can. */
  get pause(): Effect.Effect<void> {
    const times = this.random.pick([0, 0, 1, 1, 2, 3, 5, 8])
    return times === 8 ? this.still : Effect.repeatN(Effect.yieldNow(), times)
  }

  run<A, E>(effect: Effect.Effect<A, E, Scope.Scope>): A {
    const describe = () =>
      this.spaces.map((space) => {
        const exit = Effect.runSyncExit(space.inspect)
        return Exit.isSuccess(exit) ? inspect(exit.value, { depth: 5, breakLength: 120 }) : "a closed space"
      }).join("\n")
    return run(this.scheduler, Effect.scoped(effect), describe)
  }
}

type Body<A, E> = (simulation: Simulation) => Effect.Effect<A, E, Scope.Scope>

/** Runs the program under one seed, and names the seed if that fails. */
export const runSeed = <A, E>(seed: number, body: Body<A, E>): A => {
  try {
    const simulation = new Simulation(seed)
    return simulation.run(Effect.suspend(() => body(simulation)))
  } catch (error) {
    throw new Error(`LINDA_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

const seedsFrom = (seeds: number): ReadonlyArray<number> =>
  onlySeed === undefined ? Array.from({ length: seedsOf(seeds) }, (_, index) => index + 1) : [onlySeed]

/** A test that holds under all seeds. */
export const property = <A, E>(name: string, body: Body<A, E>, seeds = 300): void => {
  it(name, { timeout: 1_000 * seedsOf(seeds) }, () => {
    for (const seed of seedsFrom(seeds)) {
      runSeed(seed, body)
    }
  })
}
