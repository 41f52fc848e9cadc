/**
 * What the leases of a client renew, by the numbers of the requests that made them. That is the space's for as long as
 * the tuple is there, and no longer: nobody has to say that a lease is not wanted any more, and no lease ends before
 * its tuple.
 *
 * @internal
 */
import type { Extra } from "../memory/entry.js"
import type { Store } from "../memory/store.js"

export class Leases {
  private readonly extras = new Map<number, WeakRef<Extra>>()
  /** How many there may be until it is worth looking which are left of nothing. */
  private enough = few

  constructor(private readonly store: Store) {}

  get(id: number): Extra | undefined {
    const extra = this.extras.get(id)?.deref()
    if (extra === undefined || !this.isLeft(extra)) {
      this.extras.delete(id)
    }
    return extra
  }

  set(id: number, extra: Extra): void {
    if (this.extras.size >= this.enough) {
      for (const [id, extra] of this.extras) {
        if (!this.isLeft(extra.deref())) {
          this.extras.delete(id)
        }
      }
      this.enough = Math.max(few, 2 * this.extras.size)
    }
    this.extras.set(id, new WeakRef(extra))
  }

  /** How many it knows of. */
  get size(): number {
    return this.extras.size
  }

  private isLeft(extra: Extra | undefined): boolean {
    return extra?.entry !== undefined && this.store.has(extra.entry)
  }
}

/** So few need not be looked at. */
const few = 16
