/**
 * Tuples in somebody's hands, tuples for a time, and tuples that come at one.
 *
 * It knows how a hold begins, and its two ends: the tuple is consumed, or it is back (S8); what becomes of a tuple
 * whose time is over, wherever it is then (S15); and how one comes whose time has come (S20). Who holds what, and for
 * how long, is known to whoever took it.
 *
 * @internal
 */
import type { Tuple } from "../../Tuple.js"
import { priorityOf } from "../places.js"
import { Delivery } from "./delivery.js"
import type { Entry, Extra, Scheduled } from "./entry.js"
import { extraOf } from "./entry.js"
import type { Interest } from "./interest.js"

export class Holds extends Delivery {
  /** Fibers between the end of their wait and its last step, and how to give back what they were handed. */
  readonly leaving = new Map<unknown, () => void>()

  /** Takes entries away for somebody who may give them back. */
  takeHeld(entries: ReadonlyArray<Entry>): void {
    this.take(entries)
    for (const entry of entries) {
      this.hold(entry)
    }
  }

  /** The outcome of a delivered interest, whose entries are the caller's from now on. */
  accept(interest: Interest): unknown {
    this.rollBack()
    this.arrive(interest)
    this.consume(interest.entries)
    return interest.value
  }

  /** Ends a hold: the entries are consumed. */
  consume(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.release(entry)
      this.departs(entry)
      if (entry.extra !== undefined) {
        entry.extra.entry = undefined
      }
    }
  }

  /**
   * Ends a hold: the entries are back at their old place, or behind all others of their priority, and are offered to
   * those who wait (S8).
   */
  giveBack(entries: ReadonlyArray<Entry>, place: "place" | "back" = "place"): void {
    for (const entry of entries) {
      this.release(entry)
      const expiry = entry.extra?.expiry
      if (expiry !== undefined && expiry.at <= this.now()) {
        entry.extra!.entry = undefined
        this.departs(entry)
        this.tell("Expire", entry)
      } else {
        this.offerOrStore(place === "place" ? entry : this.renumber(entry), "Requeue")
      }
    }
  }

  /** Ends a hold: the entries come at a time, as if they were put then; if they live so long. */
  putOff(entries: ReadonlyArray<Entry>, at: number): void {
    for (const entry of entries) {
      this.release(entry)
      this.departs(entry)
      const extra = entry.extra ?? extraOf(undefined)
      const ttl = extra.expiry === undefined ? Infinity : extra.expiry.at - at
      extra.entry = undefined
      extra.expiry = undefined
      if (ttl > 0) {
        this.schedule(entry.tuple, extra, entry.failure, priorityOf(entry.seq), at, ttl)
      } else {
        this.tell("Expire", entry)
      }
    }
  }

  /** The same tuple as the youngest of its priority. */
  private renumber(entry: Entry): Entry {
    const youngest = this.entry(entry.tuple, entry.extra, entry.failure, priorityOf(entry.seq))
    this.stayUnseen(entry, youngest)
    return youngest
  }

  /** Makes a deadline at which the entry is gone. */
  expireAt(extra: Extra, at: number): void {
    extra.expiry = {
      at,
      index: -1,
      fire: () => {
        const entry = extra.entry
        if (entry?.live === true) {
          this.drop(entry, "Expire")
        }
      }
    }
  }

  /** Puts a tuple that comes at a time, in milliseconds of the space's clock, and lives so long from then. */
  schedule(tuple: Tuple, extra: Extra, failure: boolean, priority: number, at: number, ttl: number): void {
    const deadline = { at, index: -1, rank: this.nextSchedule(), fire: () => this.come(scheduled) }
    const scheduled: Scheduled = { tuple, extra, failure, priority, ttl, deadline }
    this.addScheduled(scheduled)
  }

  /** Its time has come, and it is put as any other; but there must be room for it, as for what comes back. */
  private come(scheduled: Scheduled): void {
    const { deadline: { at }, extra, failure, priority, ttl, tuple } = scheduled
    this.removeScheduled(scheduled)
    if (ttl < Infinity) {
      this.expireAt(extra, at + ttl)
    }
    this.offerOrStore(this.entry(tuple, extra, failure, priority, at), "Out")
  }

  /** Sets the time at which a tuple comes. `false` if it is not to come any more. */
  reschedule(extra: Extra, at: number): boolean {
    const { scheduled } = extra
    if (scheduled === undefined) {
      return false
    }
    this.removeScheduled(scheduled)
    scheduled.deadline.at = at
    this.addScheduled(scheduled)
    this.sweep()
    return true
  }

  /** Gives a tuple so long to live, from now on or from when it comes; `-Infinity` ends it. `false` if it is gone. */
  renew(extra: Extra, ttl: number): boolean {
    const { entry, scheduled } = extra
    if (scheduled !== undefined) {
      scheduled.ttl = ttl
      if (ttl < 0) {
        this.removeScheduled(scheduled)
      }
      return true
    }
    if (entry === undefined || !this.has(entry)) {
      return false
    }
    const at = this.now() + ttl
    if (entry.live) {
      this.remove(entry)
      this.expireAt(extra, at)
      this.insert(entry)
      this.sweep()
    } else {
      this.expireAt(extra, at)
    }
    return true
  }
}
