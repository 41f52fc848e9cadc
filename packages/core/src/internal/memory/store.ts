/**
 * The state of a space in memory, and the steps that change it.
 *
 * A step is a synchronous function: nothing comes between its parts, since JavaScript runs it to its end. Each is defined once
 * and applied in two ways: *directly* ({@link Store.run}), as the whole of a single operation; or *in a transaction*
 * ({@link Store.runIn}), after which it may be undone.
 *
 * What this rests on: between two steps the state is the committed one, or can be made so by undoing the log. A transaction
 * runs synchronously from its first step to its commit (of STM only a transaction that waits is resumed later, and ours never
 * wait there), so nobody else sees what it does before {@link Store.commit}.
 *
 * What a step means for others (fibers to wake, events to deliver) gathers in an outbox, which is undone with the rest and
 * flushed when the step, or the transaction, is final.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Scheduler } from "effect/Scheduler"
import type { PCGRandom } from "effect/Utils"
import { SpaceError } from "../../SpaceError.js"
import * as SpaceEvent from "../../SpaceEvent.js"
import type { Tuple } from "../../Tuple.js"
import { Deadlines } from "../deadlines.js"
import type { Plan } from "../pattern/join.js"
import { Lack } from "../pattern/join.js"
import { timeOf } from "../timekeeper.js"
import type { Watcher } from "../watcher.js"
import type { Edition } from "./editions.js"
import { Editions } from "./editions.js"
import type { Extra } from "./entry.js"
import { Entry } from "./entry.js"
import type { Shortage } from "./interest.js"
import { failures, Interest, Interests } from "./interest.js"
import type { Savepoint } from "./log.js"
import { Log } from "./log.js"
import type { Parking } from "./parking.js"
import { Queue } from "./queue.js"
import type { Selection } from "./shelves.js"
import { Shelves } from "./shelves.js"

/** Returned by a step that cannot be done now. */
export const MISS = Symbol.for("@effect-linda/core/Store/MISS")
export type MISS = typeof MISS

/** Thrown by every step of a closed space. */
export const CLOSED = Symbol.for("@effect-linda/core/Store/CLOSED")

export interface Options {
  readonly capacity: number
  readonly strategy: "suspend" | "dropping" | "sliding"
  readonly selection: Selection
  readonly random: PCGRandom
  readonly clock: Clock.Clock
}

export class Store {
  readonly takers = new Interests()
  readonly readers = new Interests()
  readonly watchers = new Interests()
  /** Puts that wait for room, in order of arrival. */
  readonly puts = new Queue()
  /** Tuples handed to somebody who may yet give them back. */
  readonly held = new Set<Entry>()
  readonly deadlines = new Deadlines()
  /** Transactions that were woken to look at a tuple, and have not done so yet. */
  private readonly woken = new Set<Interest>()
  shelves: Shelves
  readonly log = new Log()
  closed = false
  /** Called with every interest that is served, if somebody measures. */
  onServed: ((interest: Interest) => void) | undefined = undefined
  /** Called with how many entries a step has looked at, if somebody measures. */
  onLooked: ((looked: number) => void) | undefined = undefined
  /** What the last put that missed was short of. */
  shortage: Shortage = "room"
  /** How often there has been reason to try again the puts that wait. */
  vacancies = 0
  /** How many takers were handed a tuple, and have not run since. */
  private arriving = 0
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
  /** Fibers between the end of their wait and its last step, and how to give back what they were handed. */
  readonly leaving = new Map<unknown, () => void>()
  /** Stored entries that a woken transaction is to look at before anybody who comes later. */
  readonly offered = new Set<Entry>()
  /** Transactions that wait for state of STM, and that the end of this space concerns. */
  readonly parked = new Set<Parking>()
  /** How many of them have conditions that look at this space: while there are none, nobody needs its editions. */
  onlookers = 0
  /** How often a fiber of a process has come to rest. */
  moves = 0
  /** Fibers that wait for quiescence. */
  readonly observers = new Set<unknown>()
  /** Called when a fiber of a process has run, while somebody waits for quiescence. */
  readonly onMoved = new Set<() => void>()
  /** The time for which the timekeeper has set its alarm, and how to wake it earlier. */
  alarm = Infinity
  wakeTimekeeper: (() => void) | undefined = undefined

  private tuples = 0
  private interests = 0
  private busy = false
  private outbox: Array<Interest | Watcher | Edition> = []
  private allEditions: Editions | undefined = undefined
  /** Whether the puts that wait are being tried, and whether one of them is known to need more room than there is. */
  private admitting: "room" | "hand-over" | undefined = undefined
  /** Set when a taker has come to whom a put could hand its tuple without needing room. */
  private taker = false
  /** How many tuples there were when the operation, or the transaction, began. */
  private base = 0
  /** How many subscriptions have mailboxes that let puts wait. */
  private suspending = 0
  private admitted = 0
  /** Set by a step that put an event into a full mailbox whose strategy is to wait. */
  private congested = false

  constructor(readonly options: Options) {
    this.shelves = new Shelves(options.selection, options.random)
  }

  /** How many tuples are stored, failures aside. */
  get count(): number {
    return this.shelves.count
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Applying steps
  // -------------------------------------------------------------------------------------------------------------------

  /** Applies a step to the committed state, as an operation of its own. */
  run<A>(step: () => A): A
  run<A, One>(step: (one: One) => A, one: One): A
  run<A, One, Other>(step: (one: One, other: Other) => A, one: One, other: Other): A
  run<A>(step: (one?: unknown, other?: unknown) => A, one?: unknown, other?: unknown): A {
    this.begin()
    this.settle()
    this.busy = true
    try {
      this.base = this.count
      this.sweep()
      const result = step(one, other)
      if (this.count < this.base) {
        this.vacate()
      }
      this.admit()
      return result
    } finally {
      this.busy = false
      this.log.recording = false
      this.onLooked?.(this.shelves.looked)
      this.flush()
    }
  }

  /** Applies a step within a transaction that has come as far as this savepoint. Returns how far it has come then. */
  runIn<A>(savepoint: Savepoint, isFirst: boolean, step: () => A): readonly [A, Savepoint] {
    this.begin()
    if (isFirst) {
      // Time stands still within a transaction: what is due ends before it.
      if (this.deadlines.size > 0) {
        this.run(() => undefined)
      } else {
        this.settle()
      }
      this.base = this.count
    } else {
      this.log.rewind(savepoint)
    }
    this.busy = true
    this.log.recording = true
    try {
      return [step(), this.log.mark(savepoint)]
    } finally {
      this.busy = false
      this.log.recording = false
      this.onLooked?.(this.shelves.looked)
    }
  }

  /** Looks at the committed state. This is no step: nothing that is due ends, and nobody is woken. */
  look<A>(f: () => A): A {
    this.begin()
    this.settle()
    this.busy = true
    try {
      return f()
    } finally {
      this.busy = false
    }
  }

  /** Makes the state at a savepoint the committed one. To be called within the transaction, as the last thing it does. */
  commit(savepoint: Savepoint): void {
    this.log.commit(savepoint)
    if (this.puts.size > 0) {
      this.run(() => this.vacate())
    } else {
      this.flush()
    }
  }

  private begin(): void {
    if (this.busy) {
      throw new SpaceError({
        reason: "Reentrant",
        message: "a predicate used the space that was matching with it: predicates must be pure"
      })
    }
    if (this.closed) {
      throw CLOSED
    }
    this.shelves.looked = 0
  }

  /** Undoes what a failed transaction has left. To be called before anything here is looked at outside a step. */
  settle(): void {
    if (this.log.length > 0) {
      this.log.rewind(this.log.committed)
    }
  }

  private flush(): void {
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
    if (this.deadlines.earliest < this.alarm) {
      this.wakeTimekeeper?.()
    }
  }

  /** Ends what is due: tuples whose time is over, waits that have timed out. */
  private sweep(): void {
    if (this.deadlines.size > 0) {
      const now = this.now()
      for (let due = this.deadlines.due(now); due !== undefined; due = this.deadlines.due(now)) {
        due.fire()
      }
    }
  }

  /** A step of its own, which ends what is due as every step does first. */
  tick(): void {
    this.run(() => undefined)
  }

  /** A fiber of a process has run. */
  moved(fiber: unknown): void {
    if (!this.observers.has(fiber)) {
      this.moves++
      for (const notify of this.onMoved) {
        notify()
      }
    }
  }

  now(): number {
    return timeOf(this.options.clock)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Changes, each with its inverse
  // -------------------------------------------------------------------------------------------------------------------

  private insert(entry: Entry): void {
    this.shelves.add(entry)
    const expiry = entry.extra?.expiry
    if (expiry !== undefined) {
      this.deadlines.add(expiry)
    }
    if (this.log.recording) {
      this.log.add(() => this.remove(entry))
    }
  }

  private remove(entry: Entry): void {
    this.shelves.remove(entry)
    const expiry = entry.extra?.expiry
    if (expiry !== undefined) {
      this.deadlines.remove(expiry)
    }
    if (this.log.recording) {
      this.log.add(() => this.insert(entry))
    }
  }

  private hold(entry: Entry): void {
    this.held.add(entry)
    if (this.log.recording) {
      this.log.add(() => this.held.delete(entry))
    }
  }

  private release(entry: Entry): void {
    this.held.delete(entry)
    if (this.log.recording) {
      this.log.add(() => this.held.add(entry))
    }
  }

  /** An entry is stored that was not, or no longer: a change that conditions may wait for. */
  private changed(entry: Entry): void {
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

  private enter(interest: Interest): void {
    this[interest.table].add(interest)
    this.suspending += suspends(interest)
    if (interest.timeout !== undefined) {
      this.deadlines.add(interest.timeout)
    }
    if (this.log.recording) {
      this.log.add(() => this.leave(interest))
    }
  }

  private leave(interest: Interest): void {
    this[interest.table].remove(interest)
    this.suspending -= suspends(interest)
    if (interest.timeout !== undefined) {
      this.deadlines.remove(interest.timeout)
    }
    if (this.log.recording) {
      this.log.add(() => this.enter(interest))
    }
  }

  private post(addressee: Interest | Watcher | Edition): void {
    this.outbox.push(addressee)
    if (this.log.recording) {
      this.log.add(() => this.outbox.pop())
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

  /** Hands entries to an interest, together with what its operation will succeed with. */
  deliver(interest: Interest, entries: ReadonlyArray<Entry>, value: unknown): void {
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
    if (interest.wait !== undefined) {
      const wait = interest.wait
      wait.woken = true
      this.woken.add(interest)
      if (this.log.recording) {
        this.log.add(() => {
          wait.woken = false
          this.woken.delete(interest)
        })
      }
    }
  }

  fail(interest: Interest, exit: Effect.Effect<void, any>): void {
    const { watcher } = interest
    if (watcher !== undefined) {
      watcher.end = exit as Effect.Effect<never>
      if (this.log.recording) {
        this.log.add(() => {
          watcher.end = undefined
        })
      }
      this.leave(interest)
      this.post(watcher)
    } else {
      this.end(interest, "done", exit)
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Putting
  // -------------------------------------------------------------------------------------------------------------------

  entry(tuple: Tuple, extra: Extra | undefined, failure = false): Entry {
    const entry = new Entry(tuple, this.tuples++, failure)
    if (extra !== undefined) {
      entry.extra = extra
      extra.entry = entry
    }
    return entry
  }

  /** Makes a deadline at which the entry is gone. */
  expireAt(extra: Extra, at: number): void {
    extra.expiry = {
      at,
      place: -1,
      fire: () => {
        const entry = extra.entry
        if (entry?.live === true) {
          this.remove(entry)
          this.changed(entry)
          this.tell("Expire", entry)
        }
      }
    }
  }

  /** Puts entries, all in one step (S4, S14). `MISS` if that has to wait for room. `place`: among those who wait for it. */
  put(entries: ReadonlyArray<Entry>, place = Infinity): void | MISS {
    return this.isBounded ? this.putBounded(entries, place) : this.putRegardless(entries)
  }

  putOne(entry: Entry): void | MISS {
    return this.isBounded ? this.putBounded([entry], Infinity) : this.place(entry, "Out")
  }

  /** Puts an entry, or misses: it is never dropped. */
  putSurely(entry: Entry): void | MISS {
    const { strategy } = this.options
    return this.isBounded
      ? this.putBounded([entry], Infinity, strategy === "dropping" ? "exceed" : strategy)
      : this.place(entry, "Out")
  }

  /** Puts entries again that have just been taken here: there is room for them. */
  putMoved(entries: ReadonlyArray<Entry>, place = Infinity): void | MISS {
    return this.isBounded ? this.putBounded(entries, place, "exceed") : this.putRegardless(entries)
  }

  /** Puts those for which there is room, dropping none and evicting none. Returns which those are, by their indices. */
  putFitting(entries: ReadonlyArray<Entry>, place = Infinity): ReadonlyArray<number> | MISS {
    const left = new Set<Entry>()
    const { strategy } = this.options
    const misses = this.isBounded
      ? this.putBounded(entries, place, strategy === "suspend" ? strategy : "dropping", left) === MISS
      : this.putRegardless(entries)
    return misses === true ? MISS : Array.from(entries.keys()).filter((index) => !left.has(entries[index]!))
  }

  private get isBounded(): boolean {
    return this.options.capacity < Infinity || this.suspending > 0
  }

  /** Whether somebody waits for such an entry, or watches. */
  isAwaited(entry: Entry): boolean {
    return [this.readers, this.watchers, this.takers].some((interests) => interests.next(entry, -1) !== undefined)
  }

  /** Puts a failure, and lets go of the oldest if there are more of them than so many. */
  putFailure(entry: Entry, limit: number): void {
    this.place(entry, "Out")
    while (this.shelves.failures.all.size > limit) {
      this.drop(this.shelves.oldestFailure()!)
    }
  }

  /** Puts entries for which there must be room: failures, dead letters. */
  putRegardless(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.place(entry, "Out")
    }
  }

  private putBounded(
    entries: ReadonlyArray<Entry>,
    place: number,
    /** What becomes of an entry for which there is no room. */
    strategy: Options["strategy"] | "exceed" = this.options.strategy,
    dropped?: Set<Entry>
  ): void | MISS {
    const { capacity } = this.options
    // Nobody overtakes those who wait for room, but who needs none does not have to wait.
    const base = this.admitting === undefined ? this.base : this.count
    const isBehind = this.admitting === undefined ? this.puts.isAwaited(place) : this.admitting === "hand-over"
    const limit = isBehind ? base : Math.max(capacity, base)
    const start = this.log.length
    const { recording } = this.log
    this.log.recording = true
    this.congested = false
    for (const entry of entries) {
      const before = this.log.length
      const congested: boolean = this.congested
      const { count } = this
      this.place(entry, "Out")
      if (strategy === "suspend" || strategy === "exceed" || this.count <= Math.max(capacity, count)) {
        continue
      }
      if (strategy === "dropping") {
        this.log.undo(before)
        this.congested = congested
        dropped?.add(entry)
      } else {
        while (this.count > capacity) {
          this.evict()
        }
      }
    }
    const misses = this.congested || strategy === "suspend" && this.count > limit
    this.shortage = this.congested ? "mailbox" : "room"
    this.log.recording = recording
    if (misses) {
      this.log.undo(start)
    } else if (!recording) {
      this.log.forget(start)
    }
    this.congested = false
    return misses ? MISS : undefined
  }

  private evict(): void {
    this.drop(this.shelves.oldest()!)
  }

  private drop(entry: Entry): void {
    this.remove(entry)
    this.changed(entry)
    this.tell("Evict", entry)
  }

  /**
   * S4: every reader and subscription that the tuple concerns gets it, then the first taker in order of arrival, and if there
   * is none it is stored, in its place.
   */
  private place(entry: Entry, event: "Out" | "Requeue"): void {
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
  private serve(interests: Interests, entry: Entry, cursor: number): boolean {
    for (;;) {
      const interest = interests.next(entry, cursor)
      if (interest === undefined) {
        return false
      }
      cursor = interest.seq
      const { defect, index } = interests
      if (defect !== undefined) {
        this.fail(interest, Effect.die(defect.error))
      } else if (this.offer(interest, entry, index) && interests === this.takers) {
        if (interest.kind === "transact") {
          // It does not have it yet. The entry is stored, and nobody behind it is offered it until the transaction has looked.
          return false
        }
        this.tell("In", entry)
        return true
      }
    }
  }

  /** Offers an entry to an interest. If one of its predicates throws, that is the end of the interest and of nothing else (S3). */
  private offer(interest: Interest, entry: Entry | undefined, index: number): boolean {
    try {
      return interest.offer(entry, index)
    } catch (error) {
      this.fail(interest, Effect.die(error))
      return false
    }
  }

  /** Tries the puts that wait, if there has been a reason to. */
  private admit(): void {
    if (this.puts.size === 0 || this.admitted === this.vacancies) {
      return
    }
    this.admitted = this.vacancies
    const { taker } = this
    this.taker = false
    let before: number
    do {
      // A tuple handed to a join takes stored ones with it: that may be room for the puts that were tried before.
      before = this.count
      this.admitting = "room"
      for (const put of this.puts) {
        if (this.offer(put, undefined, 0) || put.state === "done") {
          continue
        }
        if (put.kind !== "transact") {
          put.needs = this.shortage
        }
        if (put.needs === "room") {
          if (!taker) {
            break
          }
          this.admitting = "hand-over"
        }
      }
    } while (this.count < before)
    this.admitting = undefined
  }

  /** There may be room now, in the space or in a mailbox, or a taker who needs none. */
  private vacate(): void {
    this.vacancies++
  }

  /** A mailbox has been emptied. */
  drained(): void {
    if (this.puts.size > 0) {
      this.run(() => this.vacate())
    }
  }

  private tell(event: SpaceEvent.Kind, entry: Entry): void {
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
        this.fail(interest, Effect.die(this.watchers.defect.error))
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
    if (watcher.full) {
      if (watcher.strategy === "suspend") {
        this.congested = true
      } else {
        watcher.missed++
        if (watcher.strategy === "dropping") {
          if (this.log.recording) {
            this.log.add(() => watcher.missed--)
          }
          return
        }
        shifted = watcher.buffer.shift()
      }
    }
    watcher.buffer.push(event)
    this.post(watcher)
    if (this.log.recording) {
      this.log.add(() => {
        watcher.buffer.pop()
        if (shifted !== undefined) {
          watcher.buffer.unshift(shifted)
          watcher.missed--
        }
      })
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Taking and holding
  // -------------------------------------------------------------------------------------------------------------------

  /** Distinct entries for a join that waits, one that is not stored among those to choose from. Remembers what is lacking. */
  findJoinWith(interest: Interest, plan: Plan, entry: Entry): ReadonlyArray<Entry> | undefined {
    const { lack } = interest
    if (lack !== undefined && !lack.isMadeBy(entry)) {
      return undefined
    }
    this.insert(entry)
    try {
      return this.found(interest, this.shelves.findJoinWith(plan, entry, lack?.at))
    } finally {
      this.remove(entry)
    }
  }

  /** The same of what is stored, but for what a transaction is to look at first. */
  findJoin(interest: Interest, plan: Plan): ReadonlyArray<Entry> | undefined {
    const found = this.found(interest, this.shelves.findJoin(plan, this.offered))
    if (this.offered.size > 0) {
      // What it was not to see is missing in what it lacks.
      interest.lack = undefined
    }
    return found
  }

  private found(
    interest: Interest,
    found: ReadonlyArray<Entry> | Lack | undefined
  ): ReadonlyArray<Entry> | undefined {
    interest.lack = found instanceof Lack ? found : undefined
    if (this.log.recording) {
      // What is undone brings back entries that were not there now.
      this.log.add(() => {
        interest.lack = undefined
      })
    }
    return found instanceof Lack ? undefined : found
  }

  /** Takes stored entries away. Whoever does so owns them. */
  take(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.takeOne(entry)
    }
  }

  takeOne(entry: Entry): void {
    this.remove(entry)
    this.changed(entry)
    this.tell("In", entry)
  }

  /** Takes entries away for somebody who may give them back. */
  takeHeld(entries: ReadonlyArray<Entry>): void {
    this.take(entries)
    for (const entry of entries) {
      this.hold(entry)
    }
  }

  /** Ends a hold: the entries are consumed. */
  consume(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.release(entry)
      if (entry.extra !== undefined) {
        entry.extra.entry = undefined
      }
    }
  }

  /** Ends a hold: the entries are back at their old place, or behind all others, and are offered to those who wait (S8). */
  giveBack(entries: ReadonlyArray<Entry>, place: "place" | "back" = "place"): void {
    for (const entry of entries) {
      this.release(entry)
      const expiry = entry.extra?.expiry
      if (expiry !== undefined && expiry.at <= this.now()) {
        entry.extra!.entry = undefined
        this.tell("Expire", entry)
      } else {
        this.place(place === "place" ? entry : this.renumber(entry), "Requeue")
      }
    }
  }

  /** The same tuple as the youngest. */
  private renumber(entry: Entry): Entry {
    const youngest = this.entry(entry.tuple, entry.extra, entry.failure)
    for (const interest of this.watchers.toArray()) {
      if (interest.watcher!.unseen?.delete(entry) === true) {
        interest.watcher!.unseen.add(youngest)
      }
    }
    return youngest
  }

  /** Lets a transaction look again whether there is room for it. Until it has done so, it keeps its place before the others. */
  lookForRoom(interest: Interest): void {
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

  /**
   * Ends the turn of a transaction that was woken: what it has looked at and left is offered on. That may concern another which
   * was woken and has yet to look, if the one has taken what the other was offered.
   */
  passOn(interest: Interest, leavesQueue = true): void {
    if (interest.live) {
      this.leave(interest)
      if (leavesQueue) {
        this.vacate()
      }
    }
    this.woken.delete(interest)
    for (const { entry, seq } of interest.offered.splice(0)) {
      this.offered.delete(entry)
      if (!entry.live) {
        continue
      }
      const other = this.wokenFor(entry)
      const waiting = this.takers.next(entry, seq)
      if (other !== undefined && (waiting === undefined || other.seq < waiting.seq)) {
        this.offerTo(other, entry, Math.min(seq, other.seq))
      } else {
        this.remove(entry)
        if (this.serve(this.takers, entry, seq)) {
          this.changed(entry)
        } else {
          this.insert(entry)
        }
      }
    }
  }

  /** Lets a transaction have a look at a stored entry before anybody who comes later. */
  offerTo(interest: Interest, entry: Entry, seq: number): void {
    interest.offered.push({ entry, seq })
    this.offered.add(entry)
    if (this.log.recording) {
      this.log.add(() => {
        interest.offered.pop()
        this.offered.delete(entry)
      })
    }
  }

  private wokenFor(entry: Entry): Interest | undefined {
    let first: Interest | undefined
    for (const interest of this.woken) {
      if ((first === undefined || interest.seq < first.seq) && interest.mayMatch(entry)) {
        first = interest
      }
    }
    return first
  }

  /** Whether a tuple is stored, or held by somebody who may give it back. */
  has(entry: Entry): boolean {
    return entry.live || this.held.has(entry)
  }

  /** Sets the time at which a tuple is gone. `false` if it is gone already. */
  renew(extra: Extra, at: number): boolean {
    const { entry } = extra
    if (entry === undefined || !this.has(entry)) {
      return false
    }
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

  // -------------------------------------------------------------------------------------------------------------------
  // Waiting
  // -------------------------------------------------------------------------------------------------------------------

  nextInterest(): number {
    return this.interests++
  }

  /** Registers an interest. If it takes, a put that waits for room may be for it. */
  register(interest: Interest): void {
    this.enter(interest)
    if (interest.table === "takers" && interest.kind !== "transact") {
      this.taker = true
      this.vacate()
    } else if (interest.table === "puts" && interest.kind !== "transact") {
      interest.needs = this.shortage
    }
  }

  /** The fiber of a delivered interest runs: its entries are its own to hold. */
  arrive(interest: Interest): void {
    if (interest.state === "delivered" && interest.entries.length > 0) {
      this.arriving--
    }
    interest.state = "done"
  }

  /** Whether takers were served and have not run, or wait for their turn. */
  get isContended(): boolean {
    return this.arriving > 0 || this.line.size > 0 || this.called !== undefined
  }

  /** Whether it is still this fiber's turn. */
  goesOn(fiber: AnyFiber | undefined): boolean {
    return fiber === undefined || fiber === this.taking && this.allowance-- > 0
  }

  /**
   * Waits for the fiber's turn to take what is stored. While there is contention a fiber does so before it takes: or the first of
   * those that wake would take all that is left of a burst, and the others nothing, time and again.
   */
  readonly turn: Effect.Effect<void> = Effect.withFiberRuntime<void>((fiber) => {
    if (this.count === 0) {
      // There is nothing to share. But those who have been served may put something, and a yield costs less than to wait for that.
      return Effect.yieldNow()
    }
    // Where there are many, none comes so far ahead that it matters, and a yield costs less than to be called.
    const isCrowd = this.line.size >= crowd
    if (isCrowd) {
      this.joinLine(fiber, nothing)
    }
    const comes = isCrowd ? Effect.yieldNow() : Effect.async<void>((resume) => {
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
      this.callLine(fiber.currentScheduler)
    }
  }

  /**
   * Calls those of the line after all that is to run already; they run in this order. Not by yields of their own: Effect has a queue for each
   * fiber, which goes by a timer after many yields, so that some would leave the others far behind. This one is for all, and lets timers be.
   */
  private callLine(scheduler: Scheduler): void {
    scheduler.scheduleTask(() => {
      const line = Array.from(this.line)
      this.line.clear()
      this.share = Math.floor(Math.min(this.count, longestRun) / line.length)
      this.called = line[line.length - 1]?.[0]
      for (const [, resume] of line) {
        resume()
      }
      this.calling = line.length > 0
      if (this.calling) {
        this.callLine(scheduler)
      }
    }, 0)
  }

  /** The outcome of a delivered interest, whose entries are the caller's from now on. */
  accept(interest: Interest): unknown {
    this.settle()
    this.arrive(interest)
    this.consume(interest.entries)
    return interest.value
  }

  /** Ends an interest that nobody waits for any more: leaves nothing behind, gives back what was delivered. */
  abandon(interest: Interest): void {
    if (this.closed) {
      return
    }
    this.run(() => {
      if (interest.state === "delivered") {
        this.giveBack(interest.entries)
      }
      this.arrive(interest)
      this.passOn(interest)
    })
  }

  /** Fails a waiting interest when its time is over. */
  timeoutAt(interest: Interest, at: number, late: () => Cause.TimeoutException): void {
    interest.timeout = {
      at,
      place: -1,
      fire: () => this.fail(interest, Effect.fail(late()))
    }
  }

  /** Everybody who waits. */
  waiting(): Array<Interest> {
    const interests = [...this.takers.toArray(), ...this.readers.toArray(), ...this.watchers.toArray(), ...this.puts]
    return interests.sort((self, that) => self.seq - that.seq)
  }

  /** S12: ends every wait with an interruption and every subscription with its end, and lets go of all tuples. */
  close(): void {
    this.settle()
    this.closed = true
    for (const interest of this.waiting()) {
      this.fail(interest, Effect.interrupt)
    }
    this.flush()
    this.moved(undefined)
    this.shelves = new Shelves(this.options.selection, this.options.random)
    this.held.clear()
    this.woken.clear()
    for (const resume of this.line.values()) {
      resume()
    }
    this.line.clear()
    this.arriving = 0
    this.offered.clear()
    this.deadlines.clear()
    for (const parking of this.parked) {
      parking.finish(Effect.void)
    }
    this.parked.clear()
  }
}

type AnyFiber = Fiber.RuntimeFiber<any, any>

const nothing = (): void => {}

/** So many in the line are a crowd. */
const crowd = 256

/** So many tuples are shared at most by those who are called together. */
const longestRun = 1024

/** 1 for a subscription whose mailbox lets puts wait, otherwise 0. */
const suspends = ({ watcher }: Interest): number =>
  watcher !== undefined && watcher.strategy === "suspend" && watcher.capacity < Infinity ? 1 : 0
