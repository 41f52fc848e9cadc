/**
 * Schedules at work.
 *
 * @internal
 */
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Random from "../Random.js"
import type { Schedule } from "../Schedule.js"

export class ScheduleImpl implements Schedule {
  /** Where the latest run deviated, and to what: from there the schedule shrinks. */
  latest: ReadonlyMap<number, number> = new Map()

  constructor(readonly seed: number, readonly chosen: ReadonlyMap<number, number> | undefined) {}

  get deviations() {
    return Option.fromNullable(this.chosen)
  }

  toString(): string {
    const chosen = Array.from(this.chosen ?? [], ([decision, choice]) => `${decision}=${choice}`)
    return this.chosen === undefined ? String(this.seed) : `${this.seed}:${chosen.join(",")}`
  }

  /** What fast-check prints for a counterexample. */
  [FastCheck.toStringMethod](): string {
    return `Schedule.parse("${this}")`
  }
}

/** The decisions of one run, one after the other. */
export class Decisions {
  private readonly random: Random.Random
  private readonly taken = new Map<number, number>()
  private count = 0
  /** How probable a forced yield is: none in some runs, few in most, at nearly every operation in some. */
  private readonly yields: number

  constructor(private readonly schedule: ScheduleImpl) {
    this.random = Random.make(schedule.seed)
    this.yields = this.random.pick([0, 0.02, 0.1, 0.3, 0.3, 0.5, 0.8, 1])
    schedule.latest = this.taken
  }

  /** Which of so many. */
  pick(limit: number): number {
    return limit === 1 ? 0 : this.decide(() => this.random.below(limit)) % limit
  }

  /** Whether to yield. */
  yield(): boolean {
    return this.decide(() => this.random.chance(this.yields) ? 1 : 0) !== 0
  }

  private decide(draw: () => number): number {
    const decision = this.count++
    const { chosen } = this.schedule
    const choice = chosen === undefined ? draw() : chosen.get(decision) ?? 0
    if (choice !== 0) {
      this.taken.set(decision, choice)
    }
    return choice
  }
}
