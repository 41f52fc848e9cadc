/**
 * The stored tuples of one arity, with an index for each set of literal positions that is asked for.
 *
 * An index is a hash table over the fields at those positions. The first operation that needs it builds it, later
 * tuples are entered as they come, and it is dropped when keeping it up has cost more than it has saved of late. If it
 * was not worth building, it is built again only when looking through all tuples instead has cost as much as that. So
 * only indexes in use cost anything, and no pattern of use costs more than about twice the best choice made in
 * hindsight (it is the problem of renting or buying skis). A tuple is entered when the next ones come: of those that
 * are taken at once the indexes hardly hear.
 *
 * @internal
 */
import type { IndexSnapshot, Lookup } from "../../TupleSpace.js"
import type { Key } from "../pattern/hash.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Entry } from "./entry.js"
import { HashTable, Ordered } from "./ordered.js"

/** So few tuples are scanned faster than hashed. */
const scanned = 8
/** So many tuples may wait to be entered. */
const mostFresh = 8
/** To enter an entry in an index, or to remove it, costs as much as to look at so many. */
const upkeep = 4
/**
 * A shelf counts as having so many entries at least: to build an index of few costs hardly anything, but not nothing.
 */
const least = 64
/** So many indexes that were dropped are remembered. */
const mostDropped = 64

/** What an index has saved of late, less what it has cost, or would have: in looks at an entry. */
interface Account {
  credit: number
  /** The number of changes when that was reckoned. */
  at: number
}

interface Index extends Account {
  readonly mask: number
  readonly positions: ReadonlyArray<number>
  readonly table: HashTable<Entry>
  /** What it has still to save before it has been worth building, and giving up. */
  owed: number
}

export class Shelf {
  readonly all = new Ordered<Entry>()
  private indexes: Array<Index> = []
  /** Those that were dropped and not worth building, by mask. */
  private readonly dropped = new Map<number, Account>()
  /** How many entries have come and gone. */
  private changes = 0
  /** Entries that are in no index yet. */
  private readonly fresh: Array<Entry> = []

  add(entry: Entry): void {
    entry.live = true
    this.all.add(entry)
    this.changes++
    if (this.indexes.length > 0) {
      this.fresh.push(entry)
      this.dropCold()
      if (this.fresh.length > mostFresh) {
        this.enterFresh()
      }
    }
  }

  remove(entry: Entry): void {
    entry.live = false
    this.all.remove()
    this.changes++
    if (this.indexes.length === 0) {
      return
    }
    const index = this.fresh.indexOf(entry)
    if (index >= 0) {
      const last = this.fresh.pop()!
      if (last !== entry) {
        this.fresh[index] = last
      }
    } else {
      for (const { positions, table } of this.indexes) {
        table.remove(entry.keyAt(positions))
      }
    }
    this.dropCold()
  }

  /** A list that holds, in order, every entry which has the literals of the pattern. */
  candidates(pattern: Pattern): Entry | Ordered<Entry> | undefined {
    if (pattern.mask === 0 || this.all.size <= scanned) {
      return this.all
    }
    const index = this.indexFor(pattern)
    if (index === undefined) {
      return this.all
    }
    const { positions, table } = index
    if (this.fresh.length > 0) {
      if (table.get(pattern.key) === undefined) {
        const found = this.onlyFresh(positions, pattern.key)
        if (found !== undefined) {
          return found
        }
      }
      this.enterFresh()
    }
    return table.get(pattern.key)
  }

  /**
   * The fresh entry that has the key, if there is just one. A single one is not asked: whether it is a match is told
   * faster.
   */
  private onlyFresh(positions: ReadonlyArray<number>, key: Key): Entry | undefined {
    const { fresh } = this
    if (fresh.length === 1) {
      return fresh[0]
    }
    const [found, ...others] = fresh.filter((entry) => entry.keyAt(positions) === key)
    return others.length === 0 ? found : undefined
  }

  /** Enters those that are not entered yet. */
  private enterFresh(): void {
    for (const { positions, table } of this.indexes) {
      for (const entry of this.fresh) {
        table.add(entry.keyAt(positions), entry)
      }
    }
    this.fresh.length = 0
  }

  /** How {@link candidates} would find the pattern's, and how many they are. Builds no index. */
  explain(pattern: Pattern): Omit<Lookup, "arity"> {
    if (pattern.mask === 0 || this.all.size <= scanned) {
      return { positions: [], isBuilt: true, candidates: this.all.size }
    }
    this.enterFresh()
    const index = this.indexes.find(({ mask }) => mask === pattern.mask)
    const found = index?.table.get(pattern.key)
    return {
      positions: pattern.literals,
      isBuilt: index !== undefined,
      candidates: index === undefined
        ? this.all.toArray().filter((entry) => entry.keyAt(pattern.literals) === pattern.key).length
        : found instanceof Ordered
        ? found.size
        : Number(found !== undefined)
    }
  }

  /** The indexes that there are now, for `inspect` and tests. */
  get indexed(): ReadonlyArray<Omit<IndexSnapshot, "arity">> {
    this.enterFresh()
    return this.indexes.map(({ positions, table }) => ({ positions, keys: table.size, bytes: table.bytes }))
  }

  /** The index for a pattern, if it is there, or worth it. */
  private indexFor(pattern: Pattern): Index | undefined {
    for (const index of this.indexes) {
      if (index.mask === pattern.mask) {
        this.use(index)
        index.owed -= this.all.size
        return index
      }
    }
    const account = this.dropped.get(pattern.mask)
    return account === undefined || this.use(account) >= this.price ? this.build(pattern) : undefined
  }

  private build({ literals, mask }: Pattern): Index {
    this.enterFresh()
    this.dropped.delete(mask)
    const { changes, price } = this
    const index: Index = {
      mask,
      positions: literals,
      table: new HashTable(),
      credit: price,
      at: changes,
      owed: 2 * price
    }
    for (const entry of this.all.toArray()) {
      index.table.add(entry.keyAt(index.positions), entry)
    }
    this.indexes.push(index)
    return index
  }

  /** What it costs to build an index: an account has no more credit than that. */
  private get price(): number {
    return upkeep * Math.max(this.all.size, least)
  }

  private creditOf({ at, credit }: Account): number {
    return Math.max(0, credit - upkeep * (this.changes - at))
  }

  /** Books a lookup: without an index all entries would have to be looked at. Returns the credit. */
  private use(account: Account): number {
    account.credit = Math.min(this.price, this.creditOf(account) + this.all.size)
    account.at = this.changes
    return account.credit
  }

  private dropCold(): void {
    for (const cold of this.indexes) {
      if (this.creditOf(cold) === 0) {
        this.indexes = this.indexes.filter((index) => index !== cold)
        if (cold.owed > 0) {
          this.dropped.set(cold.mask, { credit: 0, at: this.changes })
        }
        if (this.dropped.size > mostDropped) {
          this.dropped.delete(this.dropped.keys().next().value!)
        }
      }
    }
    if (this.indexes.length === 0) {
      this.fresh.length = 0
    }
  }
}
