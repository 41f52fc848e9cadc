/**
 * Who gets a tuple that comes into a space, by the tables of a store that is in this process (S4), and who is told of
 * what happens to tuples. For the length of one batch of one client.
 *
 * @internal
 */
import type { Tables } from "../../SpaceStore.js"
import type { EventKind, Mail, NewRow, Row, Waiter } from "../../StoreCommand.js"

/** Those waiters of the client's that accept a tuple, if it could tell. */
type Accepted = ReadonlyArray<number> | undefined

/** A tuple on its way into the space: new, or back. */
type Coming = Omit<Row, "id"> & { readonly id: number | null; readonly accepted: Accepted }

/** One of a client who waits for a tuple, with the query that matches it. */
type Matching = ReturnType<Tables["waitersFor"]>[number]

export class Delivery {
  private someWait: boolean
  private isMarked = false

  constructor(readonly tables: Tables, readonly client: string, readonly now: number) {
    this.someWait = tables.isWaitedFor()
  }

  get isWaitedFor(): boolean {
    return this.someWait
  }

  addWaiter(waiter: Waiter): void {
    this.someWait = true
    this.tables.addWaiter(this.client, waiter, this.now)
  }

  /** A tuple has got this place, which is new. */
  mark(id: number): void {
    if (!this.isMarked) {
      this.isMarked = true
      this.tables.mark?.(id, this.now)
    }
  }

  put({ attempts = 0, leased, ttl, ...row }: NewRow): number {
    const expires = ttl === null ? null : this.now + ttl
    return this.deliver({ ...row, id: null, expires, lease: leased ? 0 : null, attempts }, "Out", null)
  }

  /** Puts back what was taken, in its old place or behind all others. */
  giveBack(row: Row, accepted: Accepted, keepsPlace: boolean): void {
    if (row.expires !== null && row.expires <= this.now) {
      this.tell("Expire", row, row.id)
    } else {
      this.deliver({ ...row, id: keepsPlace ? row.id : null, accepted }, "Requeue", row.id)
    }
  }

  /** Removes those whose life is over. */
  expire(): void {
    for (const row of this.tables.due(this.now)) {
      this.tables.remove([row.id])
      this.tell("Expire", row)
    }
  }

  /** Tells the watchers, and nobody else. */
  tell(event: EventKind, row: Row, from: number | null = null): void {
    for (const waiter of this.waitersFor(row)) {
      if (watches(waiter, event)) {
        this.post(waiter, "event", row, event, from)
      }
    }
  }

  /** A join does not want what it was offered: those who wait behind it are asked. */
  handOn(row: Row, waiter: number, accepted: Accepted): void {
    const waiters = this.waitersFor(row)
    const place = waiters.findIndex((other) => other.client === this.client && other.waiter === waiter)
    this.hand(row, waiters.filter((_, index) => index !== place), accepted, waiters.slice(place + 1))
  }

  /** Readers and watchers first, then the first taker; or it is stored. */
  private deliver({ accepted, ...coming }: Coming, event: "Out" | "Requeue", from: number | null): number {
    const waiters = this.waitersFor(coming)
    const row = this.tables.insert(coming)
    if (coming.id === null) {
      this.mark(row.id)
    }
    for (const waiter of waiters) {
      if (watches(waiter, event)) {
        this.post(waiter, "event", row, event, from)
      } else if (waiter.kind === "rd" && this.isFor(waiter, accepted)) {
        this.tables.removeWaiter(waiter.client, waiter.waiter)
        this.post(waiter, "served", row)
      }
    }
    this.hand(row, waiters, accepted)
    return row.id
  }

  /**
   * A tuple that is stored goes to the first of those who take. If there is none, those look at it about whom we cannot
   * decide.
   */
  private hand(
    row: Row,
    waiters: ReadonlyArray<Matching>,
    accepted: Accepted,
    takers: ReadonlyArray<Matching> = waiters
  ): void {
    const taker = takers.find((waiter) =>
      (waiter.kind === "in" || waiter.kind === "join") && this.isFor(waiter, accepted)
    )
    if (taker === undefined) {
      for (const waiter of waiters) {
        const isDecided = this.isFor(waiter, accepted) || waiter.client === this.client && accepted !== undefined
        if (waiter.kind === "look" || waiter.kind !== "watch" && !isDecided) {
          this.post(waiter, "hint", row)
        }
      }
    } else if (taker.kind === "join") {
      this.tables.hold(taker.client, [[offered(taker.waiter), row.id]], this.now)
      this.post(taker, "offer", row)
    } else {
      this.tables.hold(taker.client, [[taker.waiter, row.id]], this.now)
      this.tell("In", row)
      this.tables.removeWaiter(taker.client, taker.waiter)
      this.post(taker, "served", row)
    }
  }

  /** Whether a tuple is certainly for a waiter whose query it matches. */
  private isFor(waiter: Matching, accepted: Accepted): boolean {
    return waiter.exact || waiter.client === this.client && accepted?.includes(waiter.waiter) === true
  }

  private waitersFor(row: Parameters<Tables["waitersFor"]>[0]): ReadonlyArray<Matching> {
    return this.someWait ? this.tables.waitersFor(row) : []
  }

  private post(
    { client, final, index, waiter }: Matching,
    kind: Mail["kind"],
    row: Row,
    event: EventKind | null = null,
    from: number | null = null
  ): void {
    this.tables.post(client, { waiter, kind, index, row, final, event, from })
  }
}

const watches = ({ events, kind }: Matching, event: EventKind): boolean => kind === "watch" && events.includes(event)

/** Under which number a tuple is held that a join was offered. */
export const offered = (waiter: number): number => -waiter
