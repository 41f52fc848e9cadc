/**
 * What those who watch are told (S17).
 *
 * It knows the ways in which a tuple leaves its shelf, since each of them is an event; which subscriptions an event
 * concerns; and what becomes of it in a mailbox that is full.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as SpaceEvent from "../../SpaceEvent.js"
import type { Tuple } from "../../Tuple.js"
import type { Watcher } from "../watcher.js"
import type { Entry } from "./entry.js"
import type { Interest } from "./interest.js"
import { State } from "./state.js"

export class Events extends State {
  /** How many events have gone into mailboxes that were full and let puts wait. A put that adds one has to. */
  protected overflows = 0

  /** Takes stored entries away. Whoever does so owns them. */
  take(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.takeOne(entry)
    }
  }

  takeOne(entry: Entry): void {
    this.remove(entry)
    this.departs(entry)
    this.tell("In", entry)
  }

  /** Takes a stored entry away that is nobody's from now on. */
  protected drop(entry: Entry, event: "Evict" | "Expire"): void {
    this.remove(entry)
    this.departs(entry)
    this.tell(event, entry)
  }

  protected tell(event: SpaceEvent.Kind, entry: Entry): void {
    if (this.watchers.size === 0) {
      return
    }
    let cursor = -1
    for (;;) {
      const interest = this.watchers.next(entry, cursor)
      if (interest === undefined) {
        return
      }
      cursor = interest.seq
      if (this.watchers.defect !== undefined) {
        this.endWatch(interest, interest.watcher!, Effect.die(this.watchers.defect.error))
        continue
      }
      const watcher = interest.watcher!
      if (event === "Requeue" && watcher.unseen?.has(entry) === true) {
        watcher.unseen.delete(entry)
        if (this.log.recording) {
          this.log.add(() => watcher.unseen!.add(entry))
        }
        this.mail(watcher, SpaceEvent.Out({ tuple: entry.tuple }))
      } else if (watcher.events.has(event)) {
        this.mail(watcher, { _tag: event, tuple: entry.tuple })
      }
    }
  }

  private mail(watcher: Watcher, event: SpaceEvent.SpaceEvent<Tuple>): void {
    let shifted: SpaceEvent.SpaceEvent<Tuple> | undefined
    const overflow = watcher.full && watcher.strategy === "suspend" ? 1 : 0
    this.overflows += overflow
    if (watcher.full && overflow === 0) {
      watcher.missed++
      if (watcher.strategy === "dropping") {
        if (this.log.recording) {
          this.log.add(() => watcher.missed--)
        }
        return
      }
      shifted = watcher.buffer.shift()
    }
    watcher.buffer.push(event)
    this.post(watcher)
    if (this.log.recording) {
      this.log.add(() => {
        this.overflows -= overflow
        watcher.buffer.pop()
        if (shifted !== undefined) {
          watcher.buffer.unshift(shifted)
          watcher.missed--
        }
      })
    }
  }

  /** Ends a subscription: what is in its mailbox is the last that it gets. */
  protected endWatch(interest: Interest, watcher: Watcher, end: Effect.Effect<never>): void {
    watcher.end = end
    if (this.log.recording) {
      this.log.add(() => {
        watcher.end = undefined
      })
    }
    this.leave(interest)
    this.post(watcher)
  }

  /** Streams that have yet to see the one entry have yet to see the other, which is the same tuple. */
  protected stayUnseen(entry: Entry, youngest: Entry): void {
    for (const interest of this.watchers.toArray()) {
      if (interest.watcher!.unseen?.delete(entry) === true) {
        interest.watcher!.unseen.add(youngest)
      }
    }
  }
}
