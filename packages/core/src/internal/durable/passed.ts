/**
 * What a look ahead for single tuples finds out: up to which places nothing matches.
 *
 * That stays true until the last look. What is put comes behind all places of its priority: what has come behind those
 * that were passed is looked at by the last look as well. Only a tuple that comes back has an old place, and a watcher
 * tells of that.
 *
 * @internal
 */
import type { Row } from "../../StoreCommand.js"
import { beginning, priorityOf } from "../places.js"
import type { Asking, Findings, Known } from "./ahead.js"
import { longest, shortest } from "./ahead.js"
import { matches } from "./query.js"
import { isRead } from "./reader.js"
import type { Wanted } from "./wanted.js"

/** Places at which something may match: those behind one, up to another. */
export interface Range {
  readonly after: number
  readonly upTo: number
}

/** All places. */
export const whole: Range = { after: beginning, upTo: Infinity }

export class Passed implements Findings {
  readonly events = ["Requeue"] as const
  /** Where something may match, for each of the patterns. */
  private readonly ranges: Array<Array<Range>>
  /** Up to where nothing matches, for all that has come back meanwhile. */
  private readonly back: Array<number>

  constructor(private readonly sought: Pick<Wanted, "exactly" | "patterns" | "queries" | "tuple">) {
    this.ranges = sought.patterns.map(() => [whole])
    this.back = sought.patterns.map(() => Infinity)
  }

  get known(): Known {
    return { ranges: this.ranges.map((_, number) => this.rangesOf(number)) }
  }

  *asking(): Asking {
    this.ranges.forEach((_, number) => {
      this.ranges[number] = this.rangesOf(number)
    })
    this.back.fill(Infinity)
    for (const number of this.ranges.keys()) {
      yield* this.passing(number)
    }
  }

  /** Where something may match, with what has come back. */
  private rangesOf(number: number): Array<Range> {
    const back = this.back[number]!
    const ranges = this.ranges[number]!
    const before = ranges.filter(({ after }) => after < back)
    return before.length === ranges.length
      ? ranges
      : [...before.map(({ after, upTo }) => ({ after, upTo: Math.min(upTo, back) })), { after: back, upTo: Infinity }]
  }

  /** Passes what does not match, up to the first that does. */
  private *passing(number: number): Asking {
    const query = this.sought.queries[number]!
    let limit = shortest
    for (let index = 0; index < this.ranges[number]!.length;) {
      const { after, upTo } = this.ranges[number]![index]!
      const [rows] = yield [{ op: "scan", query, after, limit }]
      const end = rows!.findIndex(({ id }) => id > upTo)
      for (const row of end < 0 ? rows! : rows!.slice(0, end)) {
        if (this.isFor(number, row)) {
          return
        }
        index = this.pass(number, index, row.id)
      }
      if (end < 0 && rows!.length === limit) {
        limit = Math.min(2 * limit, longest)
      } else {
        // The rest is of another range.
        index++
      }
    }
  }

  /**
   * Nothing matches up to this place, which is in a range. What will be put there comes behind the last of a priority:
   * only that stays open.
   */
  private pass(number: number, index: number, place: number): number {
    const ranges = this.ranges[number]!
    const { after, upTo } = ranges[index]!
    const gap = after > beginning && priorityOf(after) === priorityOf(place) ? [] : [{ after, upTo: place - 1 }]
    ranges.splice(index, 1, ...gap, { after: place, upTo })
    return index + gap.length
  }

  private isFor(number: number, row: Row): boolean {
    const { exactly, patterns, queries, tuple } = this.sought
    const reading = tuple(row)
    return isRead(reading) ? patterns[number]!.matches(reading) : exactly.includes(queries[number]!)
  }

  comes(row: Row): void {
    this.sought.queries.forEach((query, number) => {
      if (matches(query, row) && this.mayBeFor(number, row)) {
        this.back[number] = Math.min(this.back[number]!, row.id - 1)
      }
    })
  }

  /** Code that throws ends the operation, when it has come there. */
  private mayBeFor(number: number, row: Row): boolean {
    try {
      return this.isFor(number, row)
    } catch {
      return true
    }
  }
}
