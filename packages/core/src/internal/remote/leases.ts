/**
 * The leases of a client, by the numbers of the requests that made them. Each is kept for as long as its tuple may be
 * there, and no longer: nobody has to say that a lease is not wanted any more, and no lease ends before its tuple.
 *
 * @internal
 */
import type { Leased } from "../verbs.js"

export class Leases {
  private readonly leases = new Map<number, Leased<unknown>>()
  /** How many there may be until it is worth looking which are left of nothing. */
  private enough = few

  get(id: number): Leased<unknown> | undefined {
    const lease = this.leases.get(id)
    if (lease?.isLeft() === false) {
      this.leases.delete(id)
    }
    return lease
  }

  set(id: number, lease: Leased<unknown>): void {
    if (this.leases.size >= this.enough) {
      for (const [id, lease] of this.leases) {
        if (!lease.isLeft()) {
          this.leases.delete(id)
        }
      }
      this.enough = Math.max(few, 2 * this.leases.size)
    }
    this.leases.set(id, lease)
  }

  /** Its tuple is gone. */
  delete(id: number): void {
    this.leases.delete(id)
  }

  /** How many it knows of. */
  get size(): number {
    return this.leases.size
  }
}

/** So few need not be looked at. */
const few = 16
