/**
 * The state of a space in memory, and the steps that change it.
 *
 * A step is a synchronous function: nothing comes between its parts, since JavaScript runs it to its end. Each is defined once
 * and applied in two ways:
 *
 * - *directly* ({@link Store.run}), as the whole of a single operation, on the newest state;
 * - *in a transaction* ({@link Store.runIn}), after which it may be undone. Then every change also logs its inverse, and a
 *   savepoint marks how far the log had grown. The transaction keeps the savepoint in a `TRef`: when STM rolls the `TRef` back,
 *   the next step finds the older savepoint there and first undoes everything behind it. (Rerooting, after Baker 1991 and
 *   Conchon & Filliâtre 2007, with the branches that STM abandons dropped for good.)
 *
 * What this rests on: between two steps the state is the committed one, or can be made so by undoing the log. A transaction
 * runs synchronously from its first step to its commit (EFFECT-STM: only a transaction that waits is resumed later, and ours
 * never wait), so nobody else sees what it does before {@link Store.commit}.
 *
 * What a step means for others (fibers to wake, events to deliver) gathers in an outbox, which is undone with the rest and
 * flushed when the step, or the transaction, is final.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PCGRandom } from "effect/Utils"
import { SpaceError } from "../SpaceError.js"
import * as SpaceEvent from "../SpaceEvent.js"
import type { Tuple } from "../Tuple.js"
import { Deadlines } from "./deadlines.js"
import type { Extra } from "./entry.js"
import { Entry } from "./entry.js"
import type { Interest } from "./interest.js"
import { Interests } from "./interest.js"
import * as Join from "./join.js"
import { next, Ordered } from "./ordered.js"
import type { Pattern } from "./pattern.js"
import { Shelf } from "./shelf.js"
import { Watcher } from "./watcher.js"

/** Returned by a step that cannot be done now. */
export const MISS = Symbol.for("@effect-linda/core/Store/MISS")
export type MISS = typeof MISS

/** Thrown by every step of a closed space. */
export const CLOSED = Symbol.for("@effect-linda/core/Store/CLOSED")

export type Selection = "fifo" | "lifo" | "random"

/** A point in the log of undoable changes. */
export interface Savepoint {
  /** The number of savepoints before it. */
  index: number
  /** The length of the log. */
  depth: number
}

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
  puts: ReadonlySet<Interest> & { delete(interest: Interest): boolean } = new Set<Interest>()
  /** Tuples handed to somebody who may yet give them back. */
  readonly held = new Set<Entry>()
  readonly deadlines = new Deadlines()
  readonly shelves = new Map<number, Shelf>()
  failures = new Shelf()
  /** Stored tuples, failures aside. */
  count = 0
  closed = false
  /** The savepoint of the committed state. */
  committed: Savepoint = { index: 0, depth: 0 }
  /** Called with every interest that is served, if somebody measures. */
  onServed: ((interest: Interest) => void) | undefined = undefined
  /** How often a mailbox has been emptied. */
  drains = 0
  /** How many interests have been registered. */
  registrations = 0
  /** Called when an interest is registered, while somebody waits for quiescence. */
  readonly onRegistered = new Set<() => void>()
  /** The time for which the timekeeper has set its alarm, and how to wake it earlier. */
  alarm = Infinity
  wakeTimekeeper: (() => void) | undefined = undefined

  private tuples = 0
  private interests = 0
  private busy = false
  private tracking = false
  private readonly log: Array<() => void> = []
  private marks: Array<Savepoint> = [this.committed]
  private outbox: Array<Interest | Watcher> = []
  private admitting = false
  /** Set by a step that put an event into a full mailbox whose strategy is to wait. */
  private congested = false

  constructor(readonly options: Options) {}

  // -------------------------------------------------------------------------------------------------------------------
  // Applying steps
  // -------------------------------------------------------------------------------------------------------------------

  /** Applies a step to the committed state, as an operation of its own. */
  run<A>(step: () => A): A {
    this.begin()
    this.settle()
    this.busy = true
    try {
      this.sweep()
      const result = step()
      this.admit()
      return result
    } finally {
      this.busy = false
      this.tracking = false
      this.flush()
    }
  }

  /** Applies a step within a transaction that has come as far as this savepoint. Returns how far it has come then. */
  runIn<A>(savepoint: Savepoint, step: () => A): readonly [A, Savepoint] {
    this.begin()
    if (savepoint === this.committed) {
      this.run(() => undefined)
    } else {
      this.rewind(savepoint)
    }
    this.busy = true
    this.tracking = true
    try {
      const result = step()
      if (this.log.length === savepoint.depth) {
        return [result, savepoint]
      }
      const reached: Savepoint = { index: savepoint.index + 1, depth: this.log.length }
      this.marks.push(reached)
      return [result, reached]
    } finally {
      this.busy = false
      this.tracking = false
    }
  }

  /** Whether a transaction that has come as far as this savepoint can be made final. */
  check(savepoint: Savepoint): void {
    this.rewind(savepoint)
  }

  /** Makes the state at a savepoint the committed one. To be called within the transaction, as the last thing it does. */
  commit(savepoint: Savepoint): void {
    this.rewind(savepoint)
    this.log.length = 0
    savepoint.index = 0
    savepoint.depth = 0
    this.marks = [savepoint]
    this.committed = savepoint
    this.run(() => undefined)
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
  }

  /** Undoes what a failed transaction has left. To be called before anything here is looked at outside a step. */
  settle(): void {
    if (this.log.length > 0) {
      this.rewind(this.committed)
    }
  }

  private rewind(savepoint: Savepoint): void {
    if (this.marks[savepoint.index] !== savepoint) {
      throw new SpaceError({
        reason: "Reentrant",
        message:
          "an operation of the space ran in the midst of a transaction on it: use the operations of Transaction there"
      })
    }
    this.marks.length = savepoint.index + 1
    this.undo(savepoint.depth)
  }

  private undo(depth: number): void {
    while (this.log.length > depth) {
      this.log.pop()!()
    }
  }

  private flush(): void {
    if (this.outbox.length > 0 && this.log.length === 0) {
      const outbox = this.outbox
      this.outbox = []
      for (const addressee of outbox) {
        if (addressee instanceof Watcher) {
          addressee.wake()
        } else {
          if (addressee.state === "delivered") {
            this.onServed?.(addressee)
          }
          addressee.resume?.(addressee.exit!)
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

  now(): number {
    return this.options.clock.unsafeCurrentTimeMillis()
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Changes, each with its inverse
  // -------------------------------------------------------------------------------------------------------------------

  private insert(entry: Entry): void {
    this.shelfOf(entry).add(entry)
    if (!entry.failure) {
      this.count++
    }
    const expiry = entry.extra?.expiry
    if (expiry !== undefined) {
      this.deadlines.add(expiry)
    }
    if (this.tracking) {
      this.log.push(() => this.remove(entry))
    }
  }

  private remove(entry: Entry): void {
    this.shelfOf(entry).remove(entry)
    if (!entry.failure) {
      this.count--
    }
    const expiry = entry.extra?.expiry
    if (expiry !== undefined) {
      this.deadlines.remove(expiry)
    }
    if (this.tracking) {
      this.log.push(() => this.insert(entry))
    }
  }

  private hold(entry: Entry): void {
    this.held.add(entry)
    if (this.tracking) {
      this.log.push(() => this.held.delete(entry))
    }
  }

  private release(entry: Entry): void {
    this.held.delete(entry)
    if (this.tracking) {
      this.log.push(() => this.held.add(entry))
    }
  }

  private enter(interest: Interest): void {
    if (interest.table === "puts") {
      interest.live = true
      // Sorted, for undoing may return one to its place.
      this.puts = new Set([...this.puts, interest].sort((self, that) => self.seq - that.seq))
    } else {
      this[interest.table].add(interest)
    }
    if (interest.timeout !== undefined) {
      this.deadlines.add(interest.timeout)
    }
    if (this.tracking) {
      this.log.push(() => this.leave(interest))
    }
  }

  private leave(interest: Interest): void {
    if (interest.table === "puts") {
      interest.live = false
      this.puts.delete(interest)
    } else {
      this[interest.table].remove(interest)
    }
    if (interest.timeout !== undefined) {
      this.deadlines.remove(interest.timeout)
    }
    if (this.tracking) {
      this.log.push(() => this.enter(interest))
    }
  }

  private post(addressee: Interest | Watcher): void {
    this.outbox.push(addressee)
    if (this.tracking) {
      this.log.push(() => this.outbox.pop())
    }
  }

  /** Ends the wait of an interest: with what it was handed, or with the exit that it is to end with. */
  private end(interest: Interest, state: "delivered" | "done", exit: Effect.Effect<void, any>): void {
    interest.state = state
    interest.exit = exit
    if (this.tracking) {
      this.log.push(() => {
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
    for (const entry of entries) {
      this.hold(entry)
    }
    this.end(interest, "delivered", Effect.void)
    if (interest.wait !== undefined) {
      const wait = interest.wait
      wait.woken = true
      if (this.tracking) {
        this.log.push(() => {
          wait.woken = false
        })
      }
    }
  }

  private fail(interest: Interest, exit: Effect.Effect<void, any>): void {
    if (interest.watcher !== undefined) {
      interest.watcher.end = exit as Effect.Effect<never>
      this.leave(interest)
      this.post(interest.watcher)
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
          this.tell("Expire", entry)
        }
      }
    }
  }

  /** Puts entries, all in one step (S4, S14). `MISS` if that has to wait for room. `place`: among those who wait for it. */
  put(entries: ReadonlyArray<Entry>, place = Infinity): void | MISS {
    return this.options.capacity === Infinity && this.watchers.size === 0
      ? this.putRegardless(entries)
      : this.putBounded(entries, place)
  }

  /** Puts entries for which there must be room: failures, dead letters. */
  putRegardless(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.place(entry, "Out")
    }
  }

  private putBounded(entries: ReadonlyArray<Entry>, place: number): void | MISS {
    const { capacity, strategy } = this.options
    // Nobody overtakes those who wait for room, but who needs none does not have to wait.
    const [first] = this.puts
    const waits = first !== undefined && first.seq < place && !this.admitting
    const limit = waits ? this.count : Math.max(capacity, this.count)
    const start = this.log.length
    const tracked = this.tracking
    this.tracking = true
    this.congested = false
    for (const entry of entries) {
      const before = this.log.length
      const { count } = this
      this.place(entry, "Out")
      if (strategy === "suspend" || this.count <= Math.max(capacity, count)) {
        continue
      }
      if (strategy === "dropping") {
        this.tracking = false
        this.undo(before)
        this.tracking = true
      } else {
        while (this.count > capacity) {
          this.evict()
        }
      }
    }
    const misses = this.congested || strategy === "suspend" && this.count > limit
    this.tracking = false
    if (misses) {
      this.undo(start)
    } else if (!tracked) {
      this.log.length = start
    }
    this.tracking = tracked
    this.congested = false
    return misses ? MISS : undefined
  }

  private evict(): void {
    let oldest: Entry | undefined
    for (const shelf of this.shelves.values()) {
      const first = shelf.all.next(-1, () => true)
      if (first !== undefined && (oldest === undefined || first.seq < oldest.seq)) {
        oldest = first
      }
    }
    this.remove(oldest!)
    this.tell("Evict", oldest!)
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
  private offer(interest: Interest, entry: Entry, index: number): boolean {
    try {
      return interest.offer(entry, index)
    } catch (error) {
      this.fail(interest, Effect.die(error))
      return false
    }
  }

  /** Lets those in who wait for room, as long as there is some. */
  private admit(): void {
    if (this.puts.size === 0 || this.admitting) {
      return
    }
    this.admitting = true
    try {
      for (const put of this.puts) {
        if (!put.offer(undefined, 0)) {
          break
        }
      }
    } finally {
      this.admitting = false
    }
  }

  /** Room has appeared in a mailbox. */
  drained(): void {
    this.drains++
    if (this.puts.size > 0) {
      this.run(() => undefined)
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
        if (this.tracking) {
          this.log.push(() => watcher.unseen!.add(entry))
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
          if (this.tracking) {
            this.log.push(() => watcher.missed--)
          }
          return
        }
        shifted = watcher.buffer.shift()
      }
    }
    watcher.buffer.push(event)
    this.post(watcher)
    if (this.tracking) {
      this.log.push(() => {
        watcher.buffer.pop()
        if (shifted !== undefined) {
          watcher.buffer.unshift(shifted)
          watcher.missed--
        }
      })
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Finding and taking
  // -------------------------------------------------------------------------------------------------------------------

  /** The stored entry that an operation with this pattern gets (S5). */
  find(pattern: Pattern): Entry | undefined {
    if (!pattern.open) {
      const shelf = pattern.failure ? this.failures : this.shelves.get(pattern.arity)
      return shelf === undefined
        ? undefined
        : this.pick(shelf.candidates(pattern), (entry) => pattern.matches(entry.tuple))
    }
    return this.choose(this.findAll(pattern))
  }

  /** All stored entries that match, oldest first. */
  findAll(pattern: Pattern): Array<Entry> {
    const found: Array<Entry> = []
    for (const items of this.candidates(pattern)) {
      next(items, -1, (entry) => {
        if (pattern.matches(entry.tuple)) {
          found.push(entry)
        }
        return false
      })
    }
    return pattern.open ? found.sort((self, that) => self.seq - that.seq) : found
  }

  /** The oldest entry that passes the test, among those with the literals of the pattern. Tests them in order. */
  private first(pattern: Pattern, test: (entry: Entry) => boolean): Entry | undefined {
    return pattern.open ? this.findAll(pattern).find(test) : next(this.candidates(pattern)[0], -1, test)
  }

  /** The entry that a choice between patterns gets, and the number of the first pattern that it matches. */
  findAny(patterns: ReadonlyArray<Pattern>): readonly [entry: Entry, index: number] | undefined {
    const found = this.options.selection === "random"
      ? patterns.flatMap((pattern) => this.findAll(pattern))
      : patterns.flatMap((pattern) => this.find(pattern) ?? [])
    const entry = this.choose(Array.from(new Set(found)).sort((self, that) => self.seq - that.seq))
    return entry && [
      entry,
      patterns.findIndex((pattern) => pattern.failure === entry.failure && pattern.matches(entry.tuple))
    ]
  }

  /** Distinct entries for all patterns at once (S11). */
  findJoin(patterns: ReadonlyArray<Pattern>): ReadonlyArray<Entry> | undefined {
    return Join.find(patterns, (pattern, test) => this.first(pattern, test))
  }

  /** The same, with an entry that is not stored among those to choose from. */
  findJoinWith(patterns: ReadonlyArray<Pattern>, entry: Entry): ReadonlyArray<Entry> | undefined {
    this.insert(entry)
    try {
      return this.findJoin(patterns)
    } finally {
      this.remove(entry)
    }
  }

  private candidates(pattern: Pattern): Array<Entry | Ordered<Entry> | undefined> {
    if (pattern.failure) {
      return [this.failures.candidates(pattern)]
    }
    if (!pattern.open) {
      return [this.shelves.get(pattern.arity)?.candidates(pattern)]
    }
    return Array.from(this.shelves)
      .filter(([arity]) => pattern.fits(arity))
      .map(([, shelf]) => shelf.candidates(pattern))
  }

  private choose(entries: ReadonlyArray<Entry>): Entry | undefined {
    if (entries.length === 0) {
      return undefined
    }
    switch (this.options.selection) {
      case "fifo":
        return entries[0]
      case "lifo":
        return entries[entries.length - 1]
      case "random":
        return entries[this.options.random.integer(entries.length)]
    }
  }

  private pick(items: Entry | Ordered<Entry> | undefined, test: (entry: Entry) => boolean): Entry | undefined {
    if (items === undefined || !(items instanceof Ordered) || this.options.selection === "fifo") {
      return next(items, -1, test)
    }
    if (this.options.selection === "lifo") {
      return items.last(test)
    }
    // A few darts first: each hits every match alike. If they miss, count the matches and choose one.
    for (let dart = 0; dart < 8; dart++) {
      const entry = items.at(this.options.random.number())
      if (entry !== undefined && test(entry)) {
        return entry
      }
    }
    return this.choose(items.toArray().filter(test))
  }

  /** Takes stored entries away. Whoever does so owns them. */
  take(entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.remove(entry)
      this.tell("In", entry)
    }
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
    if (this.tracking) {
      this.log.push(() => {
        interest.state = "waiting"
        interest.exit = undefined
        wait.woken = false
      })
    }
  }

  /** Whether there is as much room as there can ever be. */
  get isEmpty(): boolean {
    return this.count === 0 &&
      !this.watchers.toArray().some(({ watcher }) => watcher!.strategy === "suspend" && watcher!.full)
  }

  /** Ends the turn of a transaction that was woken: what it has looked at and left is offered to the takers behind it. */
  passOn(interest: Interest): void {
    if (interest.live) {
      this.leave(interest)
    }
    const entry = interest.offered
    interest.offered = undefined
    if (entry?.live === true) {
      this.remove(entry)
      if (!this.serve(this.takers, entry, interest.seq)) {
        this.insert(entry)
      }
    }
  }

  /** Sets the time at which a tuple is gone. `false` if it is gone already. */
  renew(extra: Extra, at: number): boolean {
    const { entry } = extra
    if (entry === undefined || !entry.live && !this.held.has(entry)) {
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
    this.registrations++
    this.enter(interest)
    if (interest.table === "takers" && interest.kind !== "transact") {
      for (const put of this.puts) {
        if (interest.state !== "waiting") {
          break
        }
        put.offer(undefined, 0)
      }
    }
    for (const notify of this.onRegistered) {
      notify()
    }
  }

  /** The outcome of a delivered interest, whose entries are the caller's from now on. */
  accept(interest: Interest): unknown {
    this.settle()
    interest.state = "done"
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
      interest.state = "done"
      this.passOn(interest)
    })
  }

  /** Fails a waiting interest when its time is over. */
  timeoutAt(interest: Interest, at: number): void {
    interest.timeout = {
      at,
      place: -1,
      fire: () => this.fail(interest, Effect.fail(new Cause.TimeoutException("the tuple did not come in time")))
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
    for (const notify of this.onRegistered) {
      notify()
    }
    this.shelves.clear()
    this.failures = new Shelf()
    this.held.clear()
    this.deadlines.clear()
    this.count = 0
  }

  private shelfOf(entry: Entry): Shelf {
    if (entry.failure) {
      return this.failures
    }
    let shelf = this.shelves.get(entry.tuple.length)
    if (shelf === undefined) {
      this.shelves.set(entry.tuple.length, shelf = new Shelf())
    }
    return shelf
  }
}
