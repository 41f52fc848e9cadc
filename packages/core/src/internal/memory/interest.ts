/**
 * Interests: operations that wait, and subscriptions that watch; and the tables in which a tuple finds those it
 * concerns.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type { InterestSnapshot } from "../../TupleSpace.js"
import type { Deadline } from "../deadlines.js"
import type { Key } from "../pattern/hash.js"
import type { Outlook } from "../pattern/outlook.js"
import type { Pattern } from "../pattern/pattern.js"
import type { ProcessRecord } from "../process.js"
import type { AnyFiber } from "../runtime.js"
import type { Watcher } from "../watcher.js"
import type { Entry } from "./entry.js"
import type { Miss, Shortage } from "./miss.js"
import type { Item, Ordered } from "./ordered.js"
import { HashTable, next } from "./ordered.js"

/**
 * Who owns the tuple that an operation waits for is decided here and nowhere else:
 *
 * - `waiting`: nobody yet; the interest is in the tables and can be served.
 * - `delivered`: the operation, whose fiber has not run since. If it never will, it gives `entries` back.
 * - `done`: it is over. `entries` are the caller's, or there are none.
 */
export type State = "waiting" | "delivered" | "done"

export type Kind = InterestSnapshot["kind"]

/** An entry that was offered, in order of arrival, to takers up to and including number `seq`. */
export interface Offer {
  readonly entry: Entry
  readonly seq: number
}

/** What an operation that waits decides to take, and what it succeeds with then. The store delivers it. */
export interface Served {
  readonly entries: ReadonlyArray<Entry>
  readonly value: unknown
}

/** Who takes, who reads, who watches, who waits for room. Who waits until something is absent stands elsewhere too. */
export type Table = "takers" | "readers" | "watchers" | "puts"

/** A registered operation or subscription. */
export class Interest implements Item {
  live = false
  state: State = "waiting"
  /** The tuples handed over and not yet accepted. */
  entries: ReadonlyArray<Entry> = []
  /** What the operation succeeds with once it is delivered. */
  value: unknown = undefined
  /** How the waiting fiber is woken; set as soon as it waits. */
  resume: ((exit: Effect.Effect<void, any>) => void) | undefined = undefined
  /** What it is woken with. */
  exit: Effect.Effect<void, any> | undefined = undefined
  timeout: Deadline | undefined = undefined
  /** The mailbox of a subscription. */
  watcher: Watcher | undefined = undefined
  /** What a put that waits was short of when it was last tried. */
  needs: Shortage = "room"
  /** The stored entries that a waiting transaction was woken to look at. */
  offered: Array<Offer> = []
  /** What a join that waits can hope for, as far as that is known. */
  outlook: Outlook<Entry> | undefined = undefined
  /** What a transaction waits for in several spaces: whichever is served first wakes it, the others then pass it by. */
  wait: { woken: boolean } | undefined = undefined
  /** What it waits for, as it is shown, if its patterns do not say all. */
  shown: ReadonlyArray<unknown> | undefined = undefined
  /** As what it is found by what leaves, if it waits until something is absent. */
  absentee: Absentee | undefined = undefined
  /** The lists it stands in. */
  readonly buckets: Array<Bucket> = []

  constructor(
    readonly kind: Kind,
    readonly table: Table,
    readonly patterns: ReadonlyArray<Pattern>,
    readonly seq: number,
    readonly since: number,
    readonly fiber: AnyFiber | undefined,
    readonly process: ProcessRecord | undefined,
    /**
     * What the interest takes if this entry comes, which matches its pattern number `index`; without an entry, what it
     * takes of what is stored. A put that waits for room tries again then. The entry is not stored, and nothing is
     * taken here.
     */
    readonly offer: (this: Interest, entry: Entry | undefined, index: number) => Served | Miss
  ) {}

  /** The number of the first of its patterns that matches, or -1. Throws what a predicate throws. */
  match(entry: Entry): number {
    if (this.wait?.woken === true) {
      return -1
    }
    const { patterns } = this
    for (let index = 0; index < patterns.length; index++) {
      // Equal patterns of a join are one object, and most often neighbours.
      if ((index === 0 || patterns[index] !== patterns[index - 1]) && patterns[index]!.admits(entry)) {
        return index
      }
    }
    return -1
  }

  /** Whether a transaction that was woken would have matched the entry. A predicate that throws is its own affair. */
  mayMatch(entry: Entry): boolean {
    try {
      return this.patterns.some((pattern) => pattern.admits(entry))
    } catch {
      return false
    }
  }
}

/** An interest by what it waits to be rid of: found by tuples that leave as others are by those that come. */
export class Absentee extends Interest {
  constructor(readonly owner: Interest, patterns: ReadonlyArray<Pattern>) {
    const { fiber, kind, offer, process, seq, since, table } = owner
    super(kind, table, patterns, seq, since, fiber, process, offer)
  }
}

/** The interests with literals at the same positions, by the values they want there. */
interface Group<I extends Interest> {
  readonly mask: number
  readonly positions: ReadonlyArray<number>
  readonly table: HashTable<I>
}

interface Bucket {
  readonly group: Pick<Group<Interest>, "mask"> & { readonly table: Pick<HashTable<Interest>, "remove"> }
  readonly key: Key
}

/** Which interests a tuple can concern: those for its arity, those with a rest, those for failures. */
export const failures = 0
const open = -1
/** The shelf on which a pattern looks: an arity, that of failures, or a negative number for all arities. */
export const shelfOf = (pattern: Pattern): number => pattern.failure ? failures : pattern.open ? open : pattern.arity

/** Interests by shelf, then by their literals: a tuple looks up one key for each set of positions in use. */
export class Interests<I extends Interest = Interest> {
  size = 0
  private readonly groups = new Map<number, Array<Group<I>>>()
  /** What {@link next} found besides the interest: the number of the pattern, or the defect of a predicate. */
  index = 0
  defect: { readonly error: unknown } | undefined = undefined

  add(interest: I): void {
    interest.live = true
    this.size++
    for (const pattern of interest.patterns) {
      const group = this.groupOf(pattern)
      const { key } = pattern
      // Two patterns may share a bucket: a list holds nobody twice.
      if (!interest.buckets.some((bucket) => bucket.group === group && bucket.key === key)) {
        interest.buckets.push({ group, key })
        group.table.add(key, interest)
      }
    }
  }

  remove(interest: I): void {
    interest.live = false
    this.size--
    for (const { group, key } of interest.buckets) {
      group.table.remove(key)
    }
    interest.buckets.length = 0
  }

  /**
   * The first interest behind `seq`, in order of arrival, that the entry matches, or one whose predicate threw. Meant
   * to be called again and again while interests come and go.
   */
  next(entry: Entry, seq: number): I | undefined {
    this.defect = undefined
    if (this.size === 0) {
      return undefined
    }
    const ofShelf = this.groups.get(entry.failure ? failures : entry.tuple.length)
    const others = entry.failure ? undefined : this.groups.get(open)
    const first = ofShelf === undefined ? undefined : this.nextOf(ofShelf, entry, seq, undefined)
    return others === undefined ? first : this.nextOf(others, entry, seq, first)
  }

  toArray(): Array<I> {
    const interests = new Set<I>()
    for (const groups of this.groups.values()) {
      for (const group of groups) {
        for (const interest of group.table.toArray()) {
          interests.add(interest)
        }
      }
    }
    return Array.from(interests).sort((self, that) => self.seq - that.seq)
  }

  private nextOf(
    groups: ReadonlyArray<Group<I>>,
    entry: Entry,
    seq: number,
    best: I | undefined
  ): I | undefined {
    for (const group of groups) {
      const items = group.table.isEmpty ? undefined : group.table.get(entry.keyAt(group.positions))
      if (items !== undefined) {
        best = this.nextIn(items, entry, seq, best)
      }
    }
    return best
  }

  /** Of one list, unless `best` comes before it. */
  private nextIn(
    items: I | Ordered<I>,
    entry: Entry,
    seq: number,
    best: I | undefined
  ): I | undefined {
    let index = -1
    let defect: { readonly error: unknown } | undefined
    const found = next(items, seq, (interest) => {
      if (best !== undefined && interest.seq >= best.seq) {
        return true
      }
      try {
        index = interest.match(entry)
      } catch (error) {
        defect = { error }
      }
      return index >= 0 || defect !== undefined
    })
    if (found === undefined || best !== undefined && found.seq >= best.seq) {
      return best
    }
    this.index = index
    this.defect = defect
    return found
  }

  private groupOf(pattern: Pattern): Group<I> {
    const shelf = shelfOf(pattern)
    const groups = this.groups.get(shelf) ?? []
    let group = groups.find((candidate) => candidate.mask === pattern.mask)
    if (group === undefined) {
      group = { mask: pattern.mask, positions: pattern.literals, table: new HashTable() }
      // Groups that were left empty are dropped here and not before, for they are often filled again at once.
      this.groups.set(shelf, [...groups.filter((candidate) => !candidate.table.isEmpty), group])
    }
    return group
  }
}
