/**
 * Puts, and whether there is room for them (S14).
 *
 * It knows the capacity, what a put does that exceeds it, and who waits for room: nobody overtakes those who do, and
 * who needs none does not wait. A put is done as if there was room, for what is handed over needs none, and undone if
 * there was too little.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Entry } from "./entry.js"
import type { Interest } from "./interest.js"
import { Looks } from "./looks.js"
import type { Miss } from "./miss.js"
import { CONGESTED, isMiss, MISS } from "./miss.js"
import type { Options } from "./state.js"

/** What becomes of an entry for which there is no room. */
type Strategy = Options["strategy"] | "exceed"

export class Room extends Looks {
  /** How often there has been reason to try again the puts that wait. */
  vacancies = 0
  /** How often there had been when they were last tried. */
  private admitted = 0
  /** Whether a taker has come since, to whom a put could hand its tuple without needing room. */
  private taker = false
  /** Whether the puts that wait are being tried, and whether one of them is known to need more room than there is. */
  private admitting: "room" | "hand-over" | undefined = undefined
  /** How many tuples there were when the operation, or the transaction, began. */
  private base = 0

  // -------------------------------------------------------------------------------------------------------------------
  // Putting
  // -------------------------------------------------------------------------------------------------------------------

  /**
   * Puts entries, all in one step (S4, S14). Misses if that has to wait for room. `place`: among those who wait for it.
   */
  put(entries: ReadonlyArray<Entry>, place = Infinity): void | Miss {
    return this.isBounded ? this.putBounded(entries, place, this.options.strategy) : this.putRegardless(entries)
  }

  putOne(entry: Entry): void | Miss {
    return this.isBounded ? this.putBounded([entry], Infinity, this.options.strategy) : this.offerOrStore(entry, "Out")
  }

  /** Puts an entry, or misses: it is not dropped for what was there before, unless that has a higher priority. */
  putSurely(entry: Entry): void | Miss {
    const { strategy } = this.options
    return this.isBounded
      ? this.putBounded([entry], Infinity, strategy === "dropping" ? "exceed" : strategy)
      : this.offerOrStore(entry, "Out")
  }

  /** Puts entries again that have just been taken here: there is room for them. */
  putMoved(entries: ReadonlyArray<Entry>, place = Infinity): void | Miss {
    return this.isBounded ? this.putBounded(entries, place, "exceed") : this.putRegardless(entries)
  }

  /** Puts those for which there is room, dropping none and evicting none. Returns which those are, by their indices. */
  putFitting(entries: ReadonlyArray<Entry>, place = Infinity): ReadonlyArray<number> | Miss {
    const left = new Set<Entry>()
    const { strategy } = this.options
    const outcome = this.isBounded
      ? this.putBounded(entries, place, strategy === "suspend" ? strategy : "dropping", left)
      : this.putRegardless(entries)
    return isMiss(outcome) ? outcome : Array.from(entries.keys()).filter((index) => !left.has(entries[index]!))
  }

  /** Puts entries for which there must be room: failures, dead letters. */
  putRegardless(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.offerOrStore(entry, "Out")
    }
  }

  /** Puts a failure, and lets go of the oldest if there are more of them than so many. */
  putFailure(entry: Entry, limit: number): void {
    this.offerOrStore(entry, "Out")
    while (this.shelves.failures.all.size > limit) {
      this.drop(this.shelves.oldestFailure()!, "Evict")
    }
  }

  private get isBounded(): boolean {
    return this.options.capacity < Infinity || this.suspending > 0
  }

  private putBounded(
    entries: ReadonlyArray<Entry>,
    place: number,
    strategy: Strategy,
    dropped?: Set<Entry>
  ): void | Miss {
    const { capacity } = this.options
    // Nobody overtakes those who wait for room, but who needs none does not have to wait.
    const base = this.admitting === undefined ? this.base : this.count
    const isBehind = this.admitting === undefined ? this.puts.isAwaited(place) : this.admitting === "hand-over"
    const limit = isBehind ? base : Math.max(capacity, base)
    const start = this.log.length
    const { overflows } = this
    const { recording } = this.log
    this.log.recording = true
    for (const entry of entries) {
      const before = this.log.length
      const { count } = this
      this.offerOrStore(entry, "Out")
      if (strategy === "suspend" || strategy === "exceed" || this.count <= Math.max(capacity, count)) {
        continue
      }
      if (strategy === "dropping") {
        this.log.undo(before)
        dropped?.add(entry)
      } else {
        while (this.count > capacity) {
          this.drop(this.shelves.least()!, "Evict")
        }
      }
    }
    const isCongested = this.overflows > overflows
    const misses = isCongested || strategy === "suspend" && this.count > limit
    this.log.recording = recording
    if (misses) {
      this.log.undo(start)
      return isCongested ? CONGESTED : MISS
    }
    if (!recording) {
      this.log.forget(start)
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Waiting for room
  // -------------------------------------------------------------------------------------------------------------------

  /** Registers an interest. If it takes, a put that waits for room may be for it. */
  register(interest: Interest): void {
    this.enter(interest)
    if (interest.table === "takers" && interest.kind !== "transact") {
      this.taker = true
      this.vacate()
    }
  }

  /** Takes an interest out of those who wait, if it is there. `vacates`: that may be room for others. */
  protected withdraw(interest: Interest, vacates: boolean): void {
    if (interest.live) {
      this.leave(interest)
      if (vacates) {
        this.vacate()
      }
    }
  }

  /** There may be room now, in the space or in a mailbox, or a taker who needs none. */
  protected vacate(): void {
    this.vacancies++
  }

  /** An operation or a transaction begins, before which there is as much as now. */
  protected measure(): void {
    this.base = this.count
  }

  /** The operation has come to its end: it may have made room for others. */
  protected admit(): void {
    if (this.count < this.base) {
      this.vacate()
    }
    if (this.puts.size > 0 && this.admitted !== this.vacancies) {
      this.admitted = this.vacancies
      this.tryAll()
    }
  }

  /** Tries the puts that wait. */
  private tryAll(): void {
    const { taker } = this
    this.taker = false
    let before: number
    do {
      // A tuple handed to a join takes stored ones with it: that may be room for the puts that were tried before.
      before = this.count
      this.admitting = "room"
      for (const put of this.puts) {
        if (!this.isOver(put) && put.needs === "room") {
          if (!taker) {
            break
          }
          this.admitting = "hand-over"
        }
      }
    } while (this.count < before)
    this.admitting = undefined
  }

  /**
   * Tries a put that waits: whether it does not wait any more. A transaction is woken to do so itself, and waits until
   * it has.
   */
  private isOver(put: Interest): boolean {
    if (put.kind === "transact") {
      if (put.state === "waiting" && !isMiss(put.offer(undefined, 0))) {
        this.wakeForRoom(put)
      }
      return false
    }
    try {
      return this.attempt(put)
    } catch (error) {
      this.fail(put, Effect.die(error))
      return true
    }
  }
}
