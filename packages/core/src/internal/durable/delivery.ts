/**
 * Who gets a tuple that comes into a space, by the tables of a store that is in this process (S4), and who is told of
 * what happens to tuples. For the length of one batch of one client.
 *
 * @internal
 */
import type { ScheduledTables, Standing, Tables } from "../../SpaceStore.js"
import type { EventKind, Mail, NewRow, Row, ScheduledRow, Waiter } from "../../StoreCommand.js"
import { arrivalOf, placeOf, priorityOf } from "../places.js"
import { unlimited } from "./query.js"

/** Those lines of the client's that accept a tuple, if it could tell. */
type Accepted = ReadonlyArray<number> | undefined

/** A tuple on its way into the space: new, or back. One that comes without a place gets the next of its priority. */
type Coming = Omit<Row, "id"> & {
  readonly id: number | null
  readonly priority?: number | undefined
  readonly accepted: Accepted
}

/** A new tuple, which may be of another client: then this one cannot tell who accepts it. */
export type Putting = Omit<NewRow, "accepted"> & { readonly accepted: Accepted }

/** What a client is sent to have it ask when something is due. */
const toAsk: Mail = {
  waiter: 0,
  kind: "hint",
  index: 0,
  row: { id: 0, fields: [], shape: "", arity: 0, keys: [], expires: null, lease: null, meta: null, attempts: 0 },
  final: false,
  event: null,
  from: null
}

export class Delivery {
  private someWait: boolean
  /** Whether somebody watches for what leaves for good, if that is known. */
  private someWatch: boolean | undefined = undefined
  private isMarked = false
  /** When the next tuple comes, and when it was to come as the batch began. */
  private due: number | null
  private readonly known: number | null

  constructor(readonly tables: Tables, readonly client: string, readonly now: number) {
    this.someWait = tables.isWaitedFor()
    this.known = this.due = tables.scheduled?.next() ?? null
  }

  get isWaitedFor(): boolean {
    return this.someWait
  }

  addWaiter(waiter: Waiter): void {
    this.someWait = true
    this.someWatch = undefined
    this.tables.addWaiter(this.client, waiter, this.now)
  }

  /** A tuple that is held from now on, with the number of the hold. */
  numbered(row: Row): Row {
    const { tables } = this
    return tables.token === undefined ? row : { ...row, token: tables.token() }
  }

  /** A tuple has got this place, which is new. `at`: since when it counts as there. */
  mark(id: number, at = this.now): void {
    if (!this.isMarked || at !== this.now) {
      this.isMarked = at === this.now
      this.tables.mark?.(arrivalOf(id), at)
    }
  }

  /** Stores a tuple, in the place that it has or in a new one. */
  private insert(row: Omit<Coming, "accepted" | "priority">, priority: number): Row {
    const { tables } = this
    if (row.id !== null || priority === 0 || tables.arrive === undefined) {
      return tables.insert(row)
    }
    const id = placeOf(tables.arrive(), priority)
    return tables.insert({ ...row, id, lease: row.lease === 0 ? id : row.lease })
  }

  put({ attempts = 0, leased, ttl, ...row }: Putting): number {
    const expires = ttl === null ? null : this.now + ttl
    return this.deliver({ ...row, id: null, expires, lease: leased ? 0 : null, attempts }, "Out", null)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Tuples that come later
  // -------------------------------------------------------------------------------------------------------------------

  /** Keeps a tuple until it comes, and returns its number. */
  schedule(row: Omit<ScheduledRow, "lease">): number {
    const lease = this.scheduled.add(row)
    this.due = this.due === null ? row.due : Math.min(this.due, row.due)
    return lease
  }

  /** Sets how long a tuple will live that is still to come; below 0 it does not come. Whether it was to come. */
  renewScheduled(lease: number, ttl: number | null): boolean {
    if (this.due === null) {
      return false
    }
    if (ttl === null || ttl >= 0) {
      return this.scheduled.set(lease, { ttl })
    }
    const isThere = this.scheduled.remove(lease)
    this.due = this.scheduled.next()
    return isThere
  }

  /** Sets when a tuple comes. Whether it was to come. */
  reschedule(lease: number, due: number): boolean {
    const isThere = this.due !== null && this.scheduled.set(lease, { due })
    if (isThere) {
      this.due = this.scheduled.next()
      this.come()
    }
    return isThere
  }

  /** Puts those whose time has come: nobody of this client was asked whether they are for him. */
  come(): void {
    if (this.due === null || this.due > this.now) {
      return
    }
    for (const { due, ttl, ...row } of this.scheduled.take(this.now)) {
      const expires = ttl === null ? null : due + ttl
      this.deliver({ ...row, id: null, expires, accepted: undefined }, "Out", null, due)
    }
    this.due = this.scheduled.next()
    this.expire()
  }

  /** Has the others ask when something is due, who wait and do not know that it is so soon. */
  wakeOthers(): void {
    if (this.due !== null && (this.known === null || this.due < this.known)) {
      this.scheduled.others(this.client).forEach((other) => this.tables.post(other, toAsk))
    }
  }

  /** In how many milliseconds a life ends, or a tuple comes. */
  next(): number | null {
    const [due, expiry] = [this.due ?? Infinity, this.tables.nextExpiry() ?? Infinity]
    const next = Math.min(due, expiry)
    return next === Infinity ? null : Math.max(0, next - this.now)
  }

  private get scheduled(): ScheduledTables {
    return this.tables.scheduled!
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Tuples that come back, and those that end
  // -------------------------------------------------------------------------------------------------------------------

  /** Puts back what was taken, in its old place or behind all others of its priority. */
  giveBack(row: Row, accepted: Accepted, keepsPlace: boolean): void {
    if (row.expires !== null && row.expires <= this.now) {
      this.end(row, row.id)
    } else {
      const id = keepsPlace ? row.id : null
      this.deliver({ ...row, id, priority: priorityOf(row.id), accepted }, "Requeue", row.id)
    }
  }

  /** Has what was taken come in so many milliseconds, as if it were put then, for the rest of its life. */
  putOff(row: Row, after: number): void {
    const { expires, id, lease: _, token: __, ...kept } = row
    const due = this.now + after
    const ttl = expires === null ? null : expires - due
    if (ttl === null || ttl > 0) {
      this.schedule({ ...kept, priority: priorityOf(id), due, ttl })
      this.leave([row])
    } else {
      this.end(row)
    }
  }

  /** Removes those whose life is over. */
  expire(): void {
    for (const row of this.tables.due(this.now)) {
      this.tables.remove([row.id])
      this.end(row)
    }
  }

  private end(row: Row, from: number | null = null): void {
    this.tell("Expire", row, from)
    this.leave([row])
  }

  /** Whether somebody is to be told of what leaves for good. */
  get isWatched(): boolean {
    return this.someWait && (this.someWatch ??= this.tables.isWatched?.() ?? true)
  }

  /** These have left for good: nobody has them any more. */
  leave(rows: ReadonlyArray<Row>): void {
    if (this.isWatched) {
      rows.forEach((row) => this.tell("Gone", row))
    }
  }

  /** Consumes what is held under these numbers. Returns those under which there was something. */
  consume(holds: ReadonlyArray<number>): ReadonlySet<number> {
    const { client, tables } = this
    if (!this.isWatched) {
      return tables.drop(client, holds)
    }
    return new Set(holds.filter((hold) => {
      const rows = tables.unhold(client, hold, null)
      this.leave(rows)
      return rows.length > 0
    }))
  }

  /** Tells the watchers, and nobody else. */
  tell(event: EventKind, row: Row, from: number | null = null, lines = this.waitersFor(row)): void {
    for (const first of lines) {
      if (watches(first, event)) {
        this.post(first, "event", row, event, from)
      }
    }
  }

  /** A join does not want what it was offered: those who wait behind it are asked. */
  handOn(row: Row, waiter: number, accepted: Accepted): void {
    const lines = this.waitersFor(row)
    const join = lines.find((first) => first.client === this.client && first.waiter === waiter)
    this.hand(row, lines.filter((first) => first !== join), accepted, join?.seq ?? 0)
  }

  /** Readers and watchers first, then the first taker; or it is stored. */
  private deliver(
    { accepted, priority = 0, ...coming }: Coming,
    event: "Out" | "Requeue",
    from: number | null,
    since = this.now
  ): number {
    const lines = this.waitersFor(coming)
    const row = this.insert(coming, priority)
    if (coming.id === null) {
      this.mark(row.id, since)
    }
    for (const first of lines) {
      if (watches(first, event)) {
        this.post(first, "event", row, event, from)
      } else if (first.kind === "rd" && this.isFor(first, accepted)) {
        for (const reader of this.tables.waitersIn(first, 0, unlimited)) {
          this.tables.removeWaiter(reader.client, reader.waiter)
          this.post(reader, "served", row)
        }
      }
    }
    this.hand(row, lines, accepted, 0)
    return row.id
  }

  /**
   * A tuple that is stored goes to the first of those who take, of those who have come after that one. If there is
   * none, those look at it about whom we cannot decide.
   */
  private hand(row: Row, lines: ReadonlyArray<Standing>, accepted: Accepted, after: number): void {
    const taker = this.firstTaker(lines, accepted, after)
    if (taker === undefined) {
      for (const first of lines) {
        const isDecided = this.isFor(first, accepted) || first.client === this.client && accepted !== undefined
        if (first.kind === "look" || first.kind !== "watch" && !isDecided) {
          this.post({ ...first, waiter: first.line }, "hint", row)
        }
      }
    } else if (taker.kind === "join") {
      this.tables.hold(taker.client, [[offered(taker.waiter), row.id]], this.now)
      this.post(taker, "offer", row)
    } else {
      this.tables.hold(taker.client, [[taker.waiter, row.id]], this.now)
      this.tell("In", row, null, lines)
      this.tables.removeWaiter(taker.client, taker.waiter)
      this.post(taker, "served", taker.final ? row : this.numbered(row))
    }
  }

  private firstTaker(
    lines: ReadonlyArray<Standing>,
    accepted: Accepted,
    after: number
  ): Standing | undefined {
    let taker: Standing | undefined
    for (const first of lines) {
      if ((first.kind === "in" || first.kind === "join") && this.isFor(first, accepted)) {
        const [next] = first.seq > after ? [first] : this.tables.waitersIn(first, after, 1)
        if (next !== undefined && (taker === undefined || next.seq < taker.seq)) {
          taker = next
        }
      }
    }
    return taker
  }

  /** Whether a tuple is certainly for those in a line whose queries it matches. */
  private isFor(first: Standing, accepted: Accepted): boolean {
    return first.exact || first.client === this.client && accepted?.includes(first.line) === true
  }

  private waitersFor(row: Parameters<Tables["waitersFor"]>[0]): ReadonlyArray<Standing> {
    return this.someWait ? this.tables.waitersFor(row) : []
  }

  private post(
    { client, final, index, waiter }: Standing,
    kind: Mail["kind"],
    row: Row,
    event: EventKind | null = null,
    from: number | null = null
  ): void {
    this.tables.post(client, { waiter, kind, index, row, final, event, from })
  }
}

const watches = ({ events, kind }: Standing, event: EventKind): boolean => kind === "watch" && events.includes(event)

/** Under which number a tuple is held that a join was offered. */
export const offered = (waiter: number): number => -waiter
