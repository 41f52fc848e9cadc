/**
 * Schedules at work.
 *
 * @internal
 */
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Random from "../Random.js"
import type { Schedule } from "../Schedule.js"

/** At which decisions a run deviates from an ordinary one, and to what; and which faults happen in it. */
export interface Choices {
  readonly deviations: ReadonlyMap<number, number>
  readonly faults: ReadonlyMap<string, number>
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
    if (this.chosen === undefined) {
      return String(this.seed)
    }
    const choices = [...this.chosen.deviations, ...this.chosen.faults]
    return `${this.seed}:${choices.map(([at, choice]) => `${at}=${choice}`).join(",")}`
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
  /** Faults are drawn and named by themselves, so that they stay while the interleaving shrinks. */
  private readonly misfortune: Random.Random
  private readonly taken = { deviations: new Map<number, number>(), faults: new Map<string, number>() }
  private count = 0
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

  /** Which of these kinds of faults happens at a place that has this name, and at which of so many moments. */
  fault<Kind extends string>(
    place: string,
    kinds: ReadonlyArray<Kind>,
    moments: number
  ): { readonly kind: Kind; readonly moment: number } | undefined {
    const chosen = this.schedule.chosen?.faults
    const kind = chosen === undefined ? this.drawKind(kinds) : kinds.find((kind) => chosen.has(kind + place))
    if (kind === undefined) {
      return undefined
    }
    const moment = chosen === undefined ? this.misfortune.below(moments) : chosen.get(kind + place)! % moments
    this.taken.faults.set(kind + place, moment)
    return { kind, moment }
  }

  private drawKind<Kind extends string>(kinds: ReadonlyArray<Kind>): Kind | undefined {
    return kinds.length > 0 && this.taken.faults.size < mostFaults && this.misfortune.chance(this.mishaps)
      ? this.misfortune.pick(kinds)
      : undefined
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
