/**
 * The stored tuples of one arity, with an index for each set of literal positions that is asked for.
 *
 * An index is a hash table over the fields at those positions. The first operation that needs it builds it, later tuples are
 * entered as they come, and it is dropped when keeping it up has cost more than building it again would: so only the
 * indexes in use cost anything, and no pattern of use costs more than about twice the best choice made in hindsight. A tuple
 * is entered when the next ones come, or somebody looks past it: of those that are taken at once the indexes never hear.
 *
 * @internal
 */
import type { Lookup } from "../TupleSpace.js"
import type { Entry } from "./entry.js"
import { HashTable, Ordered } from "./ordered.js"
import type { Pattern } from "./pattern.js"

/** So few tuples are scanned faster than hashed. */
const scanned = 8
/** So many tuples may wait to be entered. */
const mostFresh = 8
/** An index is cold when it was kept up this many times the size of its shelf without being used. */
const patience = 4
const leastPatience = 4096

interface Index {
  readonly mask: number
  readonly positions: ReadonlyArray<number>
  readonly table: HashTable<Entry>
  /** Changes entered since it was last used. */
  idle: number
}

export class Shelf {
  readonly all = new Ordered<Entry>()
  private indexes: Array<Index> = []
  /** Entries that are in no index yet. */
  private readonly fresh: Array<Entry> = []

  add(entry: Entry): void {
    entry.live = true
    this.all.add(entry)
    if (this.indexes.length > 0 && this.fresh.push(entry) > mostFresh) {
      this.enterFresh()
    }
  }

  remove(entry: Entry): void {
    entry.live = false
    this.all.remove()
    if (this.indexes.length === 0) {
      return
    }
    const place = this.fresh.indexOf(entry)
    if (place >= 0) {
      const last = this.fresh.pop()!
      if (last !== entry) {
        this.fresh[place] = last
      }
    }
    for (const index of this.indexes) {
      index.idle++
      if (place < 0) {
        index.table.remove(entry.hashAt(index.positions))
      }
    }
    this.dropCold()
  }

  /** A list that holds, in order, every entry which has the literals of the pattern. */
  candidates(pattern: Pattern): Entry | Ordered<Entry> | undefined {
    if (pattern.mask === 0 || this.all.size <= scanned) {
      return this.all
    }
    const { positions, table } = this.indexFor(pattern)
    const entered = table.get(pattern.hash)
    if (this.fresh.length === 0) {
      return entered
    }
    const fresh = this.fresh.filter((entry) => entry.hashAt(positions) === pattern.hash)
    if (fresh.length === 1 && entered === undefined) {
      return fresh[0]
    }
    this.enterFresh()
    return fresh.length === 0 ? entered : table.get(pattern.hash)
  }

  /** Enters those that are not entered yet. */
  private enterFresh(): void {
    for (const index of this.indexes) {
      index.idle += this.fresh.length
      for (const entry of this.fresh) {
        index.table.add(entry.hashAt(index.positions), entry)
      }
    }
    this.fresh.length = 0
    this.dropCold()
  }

  /** How {@link candidates} would find the pattern's, and how many they are. Builds no index. */
  explain(pattern: Pattern): Omit<Lookup, "arity"> {
    if (pattern.mask === 0 || this.all.size <= scanned) {
      return { positions: [], isBuilt: true, candidates: this.all.size }
    }
    this.enterFresh()
    const index = this.indexes.find(({ mask }) => mask === pattern.mask)
    const found = index?.table.get(pattern.hash)
    return {
      positions: pattern.literals,
      isBuilt: index !== undefined,
      candidates: index === undefined
        ? this.all.toArray().filter((entry) => entry.hashAt(pattern.literals) === pattern.hash).length
        : found instanceof Ordered
        ? found.size
        : Number(found !== undefined)
    }
  }

  /** The positions that are indexed now, for `inspect` and tests. */
  get indexed(): ReadonlyArray<ReadonlyArray<number>> {
    return this.indexes.map((index) => index.positions)
  }

  private indexFor(pattern: Pattern): Index {
    for (const index of this.indexes) {
      if (index.mask === pattern.mask) {
        index.idle = 0
        return index
      }
    }
    this.enterFresh()
    const index: Index = { mask: pattern.mask, positions: pattern.literals, table: new HashTable(), idle: 0 }
    for (const entry of this.all.toArray()) {
      index.table.add(entry.hashAt(index.positions), entry)
    }
    this.indexes.push(index)
    return index
  }

  private dropCold(): void {
    const limit = Math.max(leastPatience, patience * this.all.size)
    if (this.indexes.some((index) => index.idle > limit)) {
      this.indexes = this.indexes.filter((index) => index.idle <= limit)
      if (this.indexes.length === 0) {
        this.fresh.length = 0
      }
    }
  }
}
