/**
 * Fairness among takers (S5): whose turn it is to take what is stored, and how much of it.
 *
 * It knows the fibers that wait for their turn, and nothing of what they take but how much of it there is.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { AnyFiber, Scheduler } from "../runtime.js"
import { callback, schedule, schedulerOf, withFiber, yieldNow } from "../runtime.js"

/** What is shared. */
interface Stock {
  /** How many tuples there are. */
  readonly count: number
}

export class Turns {
  /** Fibers that wait for their turn, in order, and how to call them. */
  private readonly line = new Map<AnyFiber, () => void>()
  private calling = false
  /** How many tuples each of those who were called has for its turn; one, if there are not enough. */
  private share = 0
  /** The last of those who were called, until it has run. */
  private called: AnyFiber | undefined = undefined
  /** Whose turn it is, and how many more tuples it may take in it. */
  private taking: AnyFiber | undefined = undefined
  private allowance = 0

  constructor(private readonly stock: Stock) {}

  /** Whether somebody waits for its turn, or has been called and has not run. */
  get isUnderWay(): boolean {
    return this.line.size > 0 || this.called !== undefined
  }

  /** Whether it is still this fiber's turn. */
  goesOn(fiber: AnyFiber | undefined): boolean {
    return fiber === undefined || fiber === this.taking && this.allowance-- > 0
  }

  /**
   * Waits for the fiber's turn to take what is stored. While there is contention a fiber does so before it takes: or
   * the first of those that wake would take all that is left of a burst, and the others nothing, time and again.
   */
  readonly turn: Effect.Effect<void> = withFiber<void>((fiber) => {
    if (this.stock.count === 0) {
      // There is nothing to share. But those who have been served may put something, and a yield costs less than to
      // wait for that.
      return yieldNow()
    }
    // Where there are many, none comes so far ahead that it matters, and a yield costs less than to be called.
    const isCrowd = this.line.size >= crowd
    if (isCrowd) {
      this.joinLine(fiber, nothing)
    }
    const comes = isCrowd ? yieldNow() : callback<void>((resume) => {
      this.joinLine(fiber, () => resume(Effect.void))
      return Effect.sync(() => this.line.delete(fiber))
    })
    return Effect.map(comes, () => {
      this.line.delete(fiber)
      if (this.called === fiber) {
        this.called = undefined
      }
      this.taking = fiber
      this.allowance = isCrowd ? 0 : this.share - 1
    })
  })

  private joinLine(fiber: AnyFiber, call: () => void): void {
    this.line.set(fiber, call)
    if (!this.calling) {
      this.calling = true
      this.callLine(schedulerOf(fiber))
    }
  }

  /**
   * Calls those of the line after all that is to run already; they run in this order. Not by yields of their own:
   * Effect has a queue for each fiber, which goes by a timer after many yields, so that some would leave the others far
   * behind. This one is for all, and lets timers be.
   */
  private callLine(scheduler: Scheduler): void {
    schedule(scheduler, () => {
      const line = Array.from(this.line)
      this.line.clear()
      this.share = Math.floor(Math.min(this.stock.count, longestRun) / line.length)
      this.called = line[line.length - 1]?.[0]
      for (const [, resume] of line) {
        resume()
      }
      this.calling = line.length > 0
      if (this.calling) {
        this.callLine(scheduler)
      }
    })
  }

  /** There are no more turns: nobody waits for one. */
  close(): void {
    for (const resume of this.line.values()) {
      resume()
    }
    this.line.clear()
  }
}

const nothing = (): void => {}

/** So many in the line are a crowd. */
const crowd = 256

/** So many tuples are shared at most by those who are called together. */
const longestRun = 1024
