/**
 * Since when what has a place in an order of age has been there. Not by a time for each, but by *marks*: when some of
 * the places were given out. Whatever came between two marks is as old as the first of them.
 *
 * @internal
 */
import type * as Clock from "effect/Clock"
import { liveClock, millisOf } from "./runtime.js"
import { timeOf } from "./timekeeper.js"

/** From this place on, and until the next mark, places were given out at this time, in milliseconds. */
export type Mark = readonly [place: number, at: number]

/** By how much of an age marks may be apart. */
const precision = 1 / 100

/** So many marks are kept, whatever their ages. */
const few = 1000

/** When the place was given out, if that is known: if it is not older than the first mark. */
export const givenAt = (marks: ReadonlyArray<Mark>, place: number): number | undefined => {
  let [low, high] = [0, marks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (marks[middle]![0] <= place) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return marks[low - 1]?.[1]
}

/** Drops marks that make little of a difference at their age. */
export const thinned = (marks: ReadonlyArray<Mark>, now: number): Array<Mark> => {
  const kept: Array<Mark> = []
  marks.forEach((mark, index) => {
    const [before, after] = [kept[kept.length - 1], marks[index + 1]]
    if (before === undefined || after === undefined || after[1] - before[1] >= precision * (now - mark[1])) {
      kept.push(mark)
    }
  })
  return kept
}

/** Those of a space in memory. */
export class Ages {
  private marks: Array<Mark> = []
  private most = few
  private tick = NaN
  /** Whether the last mark is of this turn of the event loop. */
  private isFresh = false

  constructor(private readonly clock: Clock.Clock) {}

  /**
   * A place has been given out. This is done for every tuple, and to ask for the time would cost a tenth of an `out`:
   * so that is done once in a turn of the event loop.
   */
  note(place: number): void {
    if (!this.isFresh) {
      this.ask(place)
    }
  }

  /** A place has been given out that counts from a time that has passed: after all places before it. */
  noteAt(place: number, at: number): void {
    this.isFresh = false
    this.tick = NaN
    this.markAt(place, at)
  }

  private ask(place: number): void {
    if (this.clock === liveClock) {
      this.isFresh = true
      void Promise.resolve().then(() => {
        this.isFresh = false
      })
      this.mark(place)
      return
    }
    // That of a test may go on within a turn.
    const tick = millisOf(this.clock)
    if (tick !== this.tick) {
      this.tick = tick
      this.mark(place)
    }
  }

  private mark(place: number): void {
    this.markAt(place, timeOf(this.clock))
  }

  private markAt(place: number, at: number): void {
    this.marks.push([place, at])
    if (this.marks.length > this.most) {
      this.marks = thinned(this.marks, at)
      this.most = 2 * this.marks.length + few
    }
  }

  /** When the place was given out. */
  of(place: number): number {
    return givenAt(this.marks, place)!
  }
}
