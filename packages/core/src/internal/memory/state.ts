/**
 * The lowest room of the store: what is stored, what is held, who waits, what ends when, and whom there is something to
 * tell.
 *
 * It knows the changes of these, each with its inverse, which is logged while the log records. Nothing above changes
 * any of it in another way, so a transaction can always be undone. It does not know why anything changes, nor what that
 * means for others.
 *
 * The rooms are one object in the end, each a class that extends the one below: the steps that are made most often then
 * find all that they need in it. A room calls itself and those below it, and none above.
 *
 * @internal
 */
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type { PCGRandom } from "effect/Utils"
import type { Tuple } from "../../Tuple.js"
import { Ages } from "../ages.js"
import type { Deadline } from "../deadlines.js"
import { Deadlines } from "../deadlines.js"
import type { Waiting } from "../insight.js"
import { arrivalOf, placeOf } from "../places.js"
import { tick, timeOf } from "../timekeeper.js"
import type { Watcher } from "../watcher.js"
import type { Edition } from "./editions.js"
import { Editions } from "./editions.js"
import type { Extra, Scheduled } from "./entry.js"
import { Entry } from "./entry.js"
import type { Absentee, Interest } from "./interest.js"
import { failures, Interests } from "./interest.js"
import { Log } from "./log.js"
import type { Selection } from "./shelves.js"
import { Shelves } from "./shelves.js"
import { WaitingPuts } from "./waitingPuts.js"

export interface Options {
  readonly capacity: number
  readonly strategy: "suspend" | "dropping" | "sliding"
  readonly selection: Selection
  readonly random: PCGRandom
  readonly clock: Clock.Clock
}

/** A transaction that waits, and can be made to run again. */
export interface Parked {
  /** Who waits, and for what of this space. */
  readonly waitingIn: (state: State) => Waiting
  readonly finish: (exit: Effect.Effect<void>) => void
}

/** Who holds tuples for a while. */
export interface Holder {
  readonly entries: ReadonlyArray<Entry>
  /** Since when. */
  readonly since: number
  /** The name of the process that it is, if it is one, and of its fiber. */
  readonly process: string | undefined
  readonly fiber: string | undefined
}

export class State {
  readonly takers = new Interests()
  readonly readers = new Interests()
  readonly watchers = new Interests()
  /** Those of takers and readers who wait until something is absent. */
  readonly absentees = new Interests<Absentee>()
  /** What has left for good in this step, or in this transaction, while somebody waited for such an absence. */
  protected readonly departed: Array<Entry> = []
  /** Puts that wait for room, in order of arrival. */
  readonly puts = new WaitingPuts()
  /** Tuples handed to somebody who may yet give them back. */
  readonly held = new Set<Entry>()
  /** Who holds some of them, longest first. Those on their way to somebody who has waited are nobody's yet. */
  readonly holders = new Set<Holder>()
  readonly ages: Ages
  /** How many of the stored tuples have a time to live. */
  expiring = 0
  /** Tuples that are still to come. */
  readonly scheduled = new Set<Scheduled>()
  readonly deadlines = new Deadlines()
  /** The time for which the timekeeper has set its alarm, and how to wake it earlier. */
  alarm = Infinity
  wakeTimekeeper: (() => void) | undefined = undefined
  shelves: Shelves
  readonly log = new Log()
  /** Who is to be woken, or has an event in the mailbox, once the step or the transaction is final. */
  protected outbox: Array<Interest | Watcher | Edition> = []
  /** Transactions that wait for state of STM, and that the end of this space concerns. */
  readonly parked = new Set<Parked>()
  /** How many of them have conditions that look at this space: while there are none, nobody needs its editions. */
  onlookers = 0
  private allEditions: Editions | undefined = undefined
  /** How many subscriptions have mailboxes that let puts wait. */
  protected suspending = 0
  private tuples = 0
  private interests = 0
  private tokens = 0
  private schedules = 0

  constructor(readonly options: Options) {
    this.shelves = new Shelves(options.selection, options.random)
    this.ages = new Ages(options.clock)
  }

  /** How many tuples are stored, failures aside. */
  get count(): number {
    return this.shelves.count
  }

  now(): number {
    return timeOf(this.options.clock)
  }

  /**
   * A tuple with the next place of its priority in the order of arrival. It is not stored yet. `at`: since when it
   * counts as there.
   */
  entry(tuple: Tuple, extra: Extra | undefined, failure = false, priority = 0, at?: number): Entry {
    const arrival = this.tuples++
    const entry = new Entry(tuple, priority === 0 ? arrival : placeOf(arrival, priority), failure)
    if (at === undefined) {
      this.ages.note(arrival)
    } else {
      this.ages.noteAt(arrival, at)
    }
    if (extra !== undefined) {
      entry.extra = extra
      extra.entry = entry
    }
    return entry
  }

  /** Since when a tuple is there. */
  since({ seq }: Entry): number {
    return this.ages.of(arrivalOf(seq))
  }

  /** The next place in the order of those who wait. */
  nextInterest(): number {
    return this.interests++
  }

  /** The next number of a hold. No rollback takes it back: somebody may have seen it. */
  nextToken(): number {
    return ++this.tokens
  }

  /** The next place in the order of those that come at the same time: behind all that ends then. */
  nextSchedule(): number {
    return ++this.schedules
  }

  /** Whether a tuple is stored, or held by somebody who may give it back. */
  has(entry: Entry): boolean {
    return entry.live || this.held.has(entry)
  }

  /** Everybody who waits. */
  waiting(): Array<Interest> {
    const interests = new Set([
      ...this.takers.toArray(),
      ...this.readers.toArray(),
      ...this.watchers.toArray(),
      ...this.puts,
      // Who waits for nothing but an absence stands nowhere else.
      ...this.absentees.toArray().map(({ owner }) => owner)
    ])
    return Array.from(interests).sort((self, that) => self.seq - that.seq)
  }

  /** Undoes what a failed transaction has left. To be called before anything here is looked at outside a step. */
  rollBack(): void {
    if (this.log.length > 0) {
      this.log.rewind(this.log.committed)
    }
  }

  /** Ends what is due: tuples whose time is over, waits that have timed out. */
  protected sweep(): void {
    if (this.deadlines.size > 0) {
      tick(this)
    }
  }

  /** Sees that the timekeeper is awake in time. */
  protected setAlarm(): void {
    if (this.deadlines.earliest < this.alarm) {
      this.wakeTimekeeper?.()
    }
  }

  /** Lets go of all tuples. */
  protected clear(): void {
    this.shelves = new Shelves(this.options.selection, this.options.random)
    this.held.clear()
    this.holders.clear()
    this.scheduled.clear()
    this.departed.length = 0
    this.deadlines.clear()
    this.expiring = 0
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Changes, each with its inverse
  // -------------------------------------------------------------------------------------------------------------------

  protected insert(entry: Entry): void {
    this.shelves.add(entry)
    const expiry = entry.extra?.expiry
    if (expiry !== undefined) {
      this.deadlines.add(expiry)
      this.expiring += ends(expiry)
    }
    if (this.log.recording) {
      this.log.add(() => this.remove(entry))
    }
  }

  protected remove(entry: Entry): void {
    this.shelves.remove(entry)
    const expiry = entry.extra?.expiry
    if (expiry !== undefined) {
      this.deadlines.remove(expiry)
      this.expiring -= ends(expiry)
    }
    if (this.log.recording) {
      this.log.add(() => this.insert(entry))
    }
  }

  protected hold(entry: Entry): void {
    this.held.add(entry)
    if (this.log.recording) {
      this.log.add(() => this.held.delete(entry))
    }
  }

  protected release(entry: Entry): void {
    this.held.delete(entry)
    if (this.log.recording) {
      this.log.add(() => this.held.add(entry))
    }
  }

  /** Lists a tuple that is still to come, until it comes or is cancelled. */
  protected addScheduled(scheduled: Scheduled): void {
    this.scheduled.add(scheduled)
    scheduled.extra.scheduled = scheduled
    this.deadlines.add(scheduled.deadline)
    if (this.log.recording) {
      this.log.add(() => this.removeScheduled(scheduled))
    }
  }

  /** Takes it off the list. */
  protected removeScheduled(scheduled: Scheduled): void {
    this.scheduled.delete(scheduled)
    scheduled.extra.scheduled = undefined
    this.deadlines.remove(scheduled.deadline)
    if (this.log.recording) {
      this.log.add(() => this.addScheduled(scheduled))
    }
  }

  protected enter(interest: Interest): void {
    this[interest.table].add(interest)
    if (interest.absentee !== undefined) {
      this.absentees.add(interest.absentee)
    }
    this.suspending += suspends(interest)
    if (interest.timeout !== undefined) {
      this.deadlines.add(interest.timeout)
    }
    if (this.log.recording) {
      this.log.add(() => this.leave(interest))
    }
  }

  protected leave(interest: Interest): void {
    this[interest.table].remove(interest)
    if (interest.absentee !== undefined) {
      this.absentees.remove(interest.absentee)
    }
    this.suspending -= suspends(interest)
    if (interest.timeout !== undefined) {
      this.deadlines.remove(interest.timeout)
    }
    if (this.log.recording) {
      this.log.add(() => this.enter(interest))
    }
  }

  /**
   * An entry is stored no longer, or held no longer and not stored either. It has left for good, unless it is held from
   * now on: somebody may wait for its absence.
   */
  protected departs(entry: Entry): void {
    this.changed(entry)
    if (this.absentees.size > 0) {
      this.departed.push(entry)
      if (this.log.recording) {
        this.log.add(() => this.departed.pop())
      }
    }
  }

  /** An entry is stored that was not, or has departed: a change that conditions may wait for. */
  protected changed(entry: Entry): void {
    if (this.onlookers > 0) {
      const edition = this.editions.of(entry.failure ? failures : entry.tuple.length)
      // Many changes in a row are one.
      if (this.outbox[this.outbox.length - 1] !== edition) {
        this.post(edition)
      }
    }
  }

  get editions(): Editions {
    return this.allEditions ??= new Editions()
  }

  protected post(addressee: Interest | Watcher | Edition): void {
    this.outbox.push(addressee)
    if (this.log.recording) {
      this.log.add(() => this.outbox.pop())
    }
  }
}

/** 1 for a time to live that has an end, otherwise 0. */
const ends = ({ at }: Deadline): number => at < Infinity ? 1 : 0

/** 1 for a subscription whose mailbox lets puts wait, otherwise 0. */
const suspends = ({ watcher }: Interest): number =>
  watcher !== undefined && watcher.strategy === "suspend" && watcher.capacity < Infinity ? 1 : 0
