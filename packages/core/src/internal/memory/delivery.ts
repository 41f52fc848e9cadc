/**
 * Who gets a tuple, and how it is woken.
 *
 * It knows the order in which a tuple that comes is offered (S4), and hands over what an operation decides to take.
 * This is the one place where an interest changes its state before its fiber runs, and so where a tuple changes its
 * owner.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Entry } from "./entry.js"
import { Events } from "./events.js"
import type { Interests, Served } from "./interest.js"
import { Interest } from "./interest.js"
import { isMiss, shortageOf } from "./miss.js"

export class Delivery extends Events {
  /** Called with every interest that is served, if somebody measures. */
  onServed: ((interest: Interest) => void) | undefined = undefined
  /** Stored entries that a woken transaction is to look at before anybody who comes later. */
  readonly offered = new Set<Entry>()
  /** Transactions that were woken to look at a tuple, and have not done so yet. */
  protected readonly woken = new Set<Interest>()
  /** How many takers were handed a tuple, and have not run since. */
  protected arriving = 0

  /**
   * S4: every reader and subscription that the tuple concerns gets it, then the first taker in order of arrival, and if
   * there is none it is stored, in its place.
   */
  protected offerOrStore(entry: Entry, event: "Out" | "Requeue"): void {
    this.tell(event, entry)
    if (this.readers.size > 0) {
      this.serve(this.readers, entry, -1)
    }
    if (this.takers.size === 0 || !this.serve(this.takers, entry, -1)) {
      this.insert(entry)
      this.changed(entry)
    }
  }

  /** Offers an entry to the interests behind `cursor`: to every reader, or to takers until one has it. */
  protected serve(interests: Interests, entry: Entry, cursor: number): boolean {
    for (;;) {
      const interest = interests.next(entry, cursor)
      if (interest === undefined) {
        return false
      }
      cursor = interest.seq
      const { defect, index } = interests
      if (defect !== undefined) {
        this.fail(interest, Effect.die(defect.error))
      } else if (interest.kind === "transact") {
        // It does not have it yet: the entry is stored, and nobody behind is offered it until the transaction has run.
        this.wakeFor(interest, entry)
        return false
      } else if (this.offer(interest, entry, index)) {
        this.tell("In", entry)
        return true
      }
    }
  }

  /**
   * Serves an interest with an entry that has just come, and says whether that is gone now: whoever reads it leaves it
   * to others. If one of the predicates throws, that is the end of the interest and of nothing else (S3).
   */
  private offer(interest: Interest, entry: Entry, index: number): boolean {
    try {
      const outcome = interest.offer(entry, index)
      if (isMiss(outcome)) {
        return false
      }
      this.deliver(interest, outcome, entry)
      // A join may be complete without this entry, by others that were held back for a transaction.
      return outcome.entries.includes(entry)
    } catch (error) {
      this.fail(interest, Effect.die(error))
      return false
    }
  }

  /** Serves an interest from what is stored, if that can be done now. Throws what a predicate throws. */
  attempt(interest: Interest): boolean {
    const outcome = interest.offer(undefined, 0)
    if (isMiss(outcome)) {
      interest.needs = shortageOf(outcome)
      return false
    }
    this.deliver(interest, outcome)
    return true
  }

  /**
   * Hands entries to an interest, together with what its operation succeeds with. All are stored but for the one that
   * has come.
   */
  private deliver(interest: Interest, { entries, value }: Served, come?: Entry): void {
    for (const entry of entries) {
      if (entry !== come) {
        this.takeOne(entry)
      }
    }
    interest.entries = entries
    interest.value = value
    if (entries.length > 0) {
      this.arriving++
      if (this.log.recording) {
        this.log.add(() => this.arriving--)
      }
    }
    for (const entry of entries) {
      this.hold(entry)
    }
    this.end(interest, "delivered", Effect.void)
  }

  /** Wakes a transaction to look at an entry that it may want. */
  private wakeFor(interest: Interest, entry: Entry): void {
    this.wakeToLook(interest)
    this.offerTo(interest, entry, interest.seq)
  }

  /** Wakes a transaction to look again: it has nothing yet. */
  protected wakeToLook(interest: Interest): void {
    const wait = interest.wait!
    this.end(interest, "delivered", Effect.void)
    wait.woken = true
    this.woken.add(interest)
    if (this.log.recording) {
      this.log.add(() => {
        wait.woken = false
        this.woken.delete(interest)
      })
    }
  }

  /**
   * Wakes a transaction to look again whether there is room for it. Until it has done so, it keeps its place before
   * the others.
   */
  protected wakeForRoom(interest: Interest): void {
    const wait = interest.wait!
    interest.state = "delivered"
    interest.exit = Effect.void
    wait.woken = true
    this.post(interest)
    if (this.log.recording) {
      this.log.add(() => {
        interest.state = "waiting"
        interest.exit = undefined
        wait.woken = false
      })
    }
  }

  /** Lets a transaction have a look at a stored entry before anybody who comes later. */
  protected offerTo(interest: Interest, entry: Entry, seq: number): void {
    interest.offered.push({ entry, seq })
    this.offered.add(entry)
    if (this.log.recording) {
      this.log.add(() => {
        interest.offered.pop()
        this.offered.delete(entry)
      })
    }
  }

  /** Ends the wait of an interest: with what it was handed, or with the exit that it is to end with. */
  private end(interest: Interest, state: "delivered" | "done", exit: Effect.Effect<void, any>): void {
    interest.state = state
    interest.exit = exit
    if (this.log.recording) {
      this.log.add(() => {
        interest.state = "waiting"
        interest.exit = undefined
      })
    }
    // One that is served before it is registered has nobody to wake.
    if (interest.live) {
      this.leave(interest)
      this.post(interest)
    }
  }

  fail(interest: Interest, exit: Effect.Effect<void, any>): void {
    if (interest.watcher !== undefined) {
      this.endWatch(interest, interest.watcher, exit as Effect.Effect<never>)
    } else {
      this.end(interest, "done", exit)
    }
  }

  /** Fails a waiting interest when its time is over. */
  timeoutAt(interest: Interest, at: number, late: () => Cause.TimeoutException): void {
    interest.timeout = {
      at,
      index: -1,
      fire: () => this.fail(interest, Effect.fail(late()))
    }
  }

  /** The fiber of a delivered interest runs: its entries are its own to hold. */
  arrive(interest: Interest): void {
    if (interest.state === "delivered" && interest.entries.length > 0) {
      this.arriving--
    }
    interest.state = "done"
  }

  /** Whether somebody waits for such an entry, or watches. */
  isAwaited(entry: Entry): boolean {
    return [this.readers, this.watchers, this.takers].some((interests) => interests.next(entry, -1) !== undefined)
  }

  /** Wakes those whom a step concerns, once it is final. */
  protected flush(): void {
    if (this.outbox.length > 0 && this.log.length === 0) {
      const outbox = this.outbox
      this.outbox = []
      for (const addressee of outbox) {
        if (addressee instanceof Interest) {
          if (addressee.state === "delivered") {
            this.onServed?.(addressee)
          }
          addressee.resume?.(addressee.exit!)
        } else {
          addressee.wake()
        }
      }
    }
    this.setAlarm()
  }

  protected override clear(): void {
    super.clear()
    this.woken.clear()
    this.offered.clear()
    this.arriving = 0
  }
}
