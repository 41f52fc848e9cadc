/**
 * Items in order of their numbers, from which any can be removed in constant time and to which any can be returned at
 * its old place. Tuples wait in such lists to be taken, and interests to be served.
 *
 * A removed item stays in the array as a tombstone, told by its own `live`, until the list is trimmed: so its place is
 * kept for it at no cost, and an item that stands in several lists is hidden in all of them by one assignment.
 *
 * @internal
 */
import type { Key } from "../pattern/hash.js"

export interface Item {
  /** Place in the order. Never changes. */
  readonly seq: number
  /** Whether it is in the lists that it stands in. Set by the owner, before `add` and before `remove`. */
  live: boolean
}

const slack = 32

export class Ordered<A extends Item> {
  /** How many live items there are. */
  size = 0
  private items: Array<A | undefined> = []
  private head = 0
  /** Tombstones walked over since the last sweep: when that has cost as much as a sweep, it is time for one. */
  private walked = 0

  /** A list of two live items. Its array is a literal, since one that is pushed to has room for seventeen. */
  static of<A extends Item>(one: A, other: A): Ordered<A> {
    const list = new Ordered<A>()
    list.items = one.seq < other.seq ? [one, other] : [other, one]
    list.size = 2
    return list
  }

  add(item: A): void {
    const last = this.items.length - 1
    this.size++
    if (last < this.head || this.items[last]!.seq < item.seq) {
      this.items.push(item)
      return
    }
    const index = this.indexOf(item.seq)
    if (this.items[index] === item) {
      return
    }
    if (index === this.head && this.head > 0) {
      this.items[--this.head] = item
    } else {
      this.items.splice(index, 0, item)
    }
  }

  /** To be called once for an item of this list that is no longer live. */
  remove(): void {
    if (--this.size === 0) {
      // To pop the last one keeps a small array for the next, which an assignment of its length would not.
      if (this.items.length === 1) {
        this.items.pop()
      } else {
        this.items = []
      }
      this.head = 0
      return
    }
    while (!this.items[this.head]!.live) {
      this.items[this.head++] = undefined
    }
    while (!this.items[this.items.length - 1]!.live) {
      this.items.pop()
    }
    if (this.items.length - this.head > 2 * this.size + slack) {
      this.sweep()
    } else if (this.head > slack && this.head > this.items.length / 2) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
  }

  /** The first live item behind `seq` that passes the test. Safe against changes to the list between two calls. */
  next(seq: number, test: (item: A) => boolean): A | undefined {
    if (this.walked > this.items.length) {
      this.sweep()
    }
    // The array as it is now: a test that looks into this list itself may sweep it.
    const { items } = this
    const first = items[this.head]
    for (let i = first === undefined || first.seq > seq ? this.head : this.indexOf(seq + 1); i < items.length; i++) {
      const item = items[i]!
      if (!item.live) {
        this.walked++
      } else if (test(item)) {
        return item
      }
    }
    return undefined
  }

  /** The last live item that passes the test, of those up to `seq`. */
  last(test: (item: A) => boolean, seq = Infinity): A | undefined {
    if (this.walked > this.items.length) {
      this.sweep()
    }
    const { head, items } = this
    for (let i = this.endAt(seq) - 1; i >= head; i--) {
      const item = items[i]!
      if (!item.live) {
        this.walked++
      } else if (test(item)) {
        return item
      }
    }
    return undefined
  }

  /** Whatever stands at this share (from 0, below 1) of the list up to `seq`, if it is live. */
  at(share: number, seq = Infinity): A | undefined {
    const item = this.items[this.head + Math.floor(share * (this.endAt(seq) - this.head))]
    return item?.live === true ? item : undefined
  }

  /** The live items at the two ends. */
  get ends(): readonly [first: A, last: A] | undefined {
    return this.size === 0 ? undefined : [this.items[this.head]!, this.items[this.items.length - 1]!]
  }

  /**
   * About how many bytes it takes: an object, an array, and eight for each place, of which there are some more than
   * items.
   */
  get bytes(): number {
    const { length } = this.items
    return 104 + (length > 2 ? 10 * length + 128 : 16)
  }

  /** All live items, in order. */
  toArray(): Array<A> {
    return this.items.filter((item): item is A => item?.live === true)
  }

  private sweep(): void {
    this.items = this.items.filter((item) => item?.live === true)
    this.head = 0
    this.walked = 0
  }

  /** The index behind the items up to `seq`. */
  private endAt(seq: number): number {
    const last = this.items[this.items.length - 1]
    return last === undefined || last.seq <= seq ? this.items.length : this.indexOf(seq + 1)
  }

  /** The index of the first item, live or not, that is not before `seq`. */
  private indexOf(seq: number): number {
    let low = this.head
    let high = this.items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.items[middle]!.seq < seq) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}

/** Ordered lists by key. Most keys have one item, which then stands in the table itself. */
export class HashTable<A extends Item> {
  private readonly lists = new Map<Key, A | Ordered<A>>()

  get(key: Key): A | Ordered<A> | undefined {
    return this.lists.get(key)
  }

  get isEmpty(): boolean {
    return this.lists.size === 0
  }

  /** How many keys there are. */
  get size(): number {
    return this.lists.size
  }

  /** About how many bytes it takes: V8's `Map` has room for a power of two of keys, at 28 bytes. */
  get bytes(): number {
    let bytes = 28 * 2 ** Math.ceil(Math.log2(Math.max(4, this.lists.size)))
    for (const items of this.lists.values()) {
      bytes += items instanceof Ordered ? items.bytes : 0
    }
    return bytes
  }

  toArray(): Array<A> {
    return Array.from(this.lists.values()).flatMap((items) => items instanceof Ordered ? items.toArray() : [items])
  }

  add(key: Key, item: A): void {
    const present = this.lists.get(key)
    if (present === undefined) {
      this.lists.set(key, item)
    } else if (present instanceof Ordered) {
      present.add(item)
    } else {
      this.lists.set(key, Ordered.of(present, item))
    }
  }

  remove(key: Key): void {
    const present = this.lists.get(key)
    if (present instanceof Ordered && present.size > 1) {
      present.remove()
    } else {
      this.lists.delete(key)
    }
  }
}

/** {@link Ordered.next} for what a {@link HashTable} holds under a key. */
export const next = <A extends Item>(
  items: A | Ordered<A> | undefined,
  seq: number,
  test: (item: A) => boolean
): A | undefined => {
  if (items === undefined) {
    return undefined
  }
  if (items instanceof Ordered) {
    return items.next(seq, test)
  }
  return items.live && items.seq > seq && test(items) ? items : undefined
}
