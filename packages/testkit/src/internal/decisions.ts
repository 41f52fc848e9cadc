/**
 * Schedules at work.
 *
 * @internal
 */
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Random from "../Random.js"
import type { Schedule } from "../Schedule.js"

/** Where a run deviates from an ordinary one, and to what; and at which of its points which faults happen. */
export interface Choices {
  readonly deviations: ReadonlyMap<number, number>
  readonly faults: ReadonlyMap<number, number>
}

export class ScheduleImpl implements Schedule {
  /** What the latest run came to: from there the schedule shrinks. */
  latest: Choices = { deviations: new Map(), faults: new Map() }

  constructor(readonly seed: number, readonly chosen: Choices | undefined) {}

  get deviations() {
    return Option.fromNullable(this.chosen?.deviations)
  }

  get faults() {
    return Option.fromNullable(this.chosen?.faults)
  }

  toString(): string {
    const text = (prefix: string, choices: ReadonlyMap<number, number> = new Map()) =>
      Array.from(choices, ([at, choice]) => `${prefix}${at}=${choice}`)
    const chosen = [...text("", this.chosen?.deviations), ...text("f", this.chosen?.faults)]
    return this.chosen === undefined ? String(this.seed) : `${this.seed}:${chosen.join(",")}`
  }

  /** What fast-check prints for a counterexample. */
  [FastCheck.toStringMethod](): string {
    return `Schedule.parse("${this}")`
  }
}

/** So many faults happen in a run that draws them: it has to come to an end. */
const mostFaults = 4

/** The decisions of one run, one after the other. */
export class Decisions {
  private readonly random: Random.Random
  /** Faults are drawn and counted by themselves, so that they stay while the interleaving shrinks. */
  private readonly misfortune: Random.Random
  private readonly taken = { deviations: new Map<number, number>(), faults: new Map<number, number>() }
  private count = 0
  private points = 0
  /** How probable a forced yield is: none in some runs, few in most, at nearly every operation in some. */
  private readonly yields: number
  /** How probable a fault is where one can be. */
  private readonly mishaps: number

  constructor(private readonly schedule: ScheduleImpl) {
    this.random = Random.make(schedule.seed)
    this.yields = this.random.pick([0, 0.02, 0.1, 0.3, 0.3, 0.5, 0.8, 1])
    this.misfortune = Random.make(schedule.seed ^ 0xfa017)
    this.mishaps = this.misfortune.pick([0.02, 0.05, 0.1, 0.3])
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

  /** Which of so many faults happens, from 1 on; 0 if none does. */
  fault(limit: number): number {
    const point = this.points++
    const { chosen } = this.schedule
    const choice = chosen === undefined ? this.drawFault(limit) : (chosen.faults.get(point) ?? 0) % (limit + 1)
    if (choice !== 0) {
      this.taken.faults.set(point, choice)
    }
    return choice
  }

  private drawFault(limit: number): number {
    return this.taken.faults.size < mostFaults && this.misfortune.chance(this.mishaps)
      ? this.misfortune.between(1, limit)
      : 0
  }

  private decide(draw: () => number): number {
    const decision = this.count++
    const { chosen } = this.schedule
    const choice = chosen === undefined ? draw() : chosen.deviations.get(decision) ?? 0
    if (choice !== 0) {
      this.taken.deviations.set(decision, choice)
    }
    return choice
  }
}
