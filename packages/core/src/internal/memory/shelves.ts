/**
 * All stored tuples, by arity, and how one is found among them.
 *
 * @internal
 */
import type { PCGRandom } from "effect/Utils"
import type { Explanation } from "../../TupleSpace.js"
import * as Join from "../pattern/join.js"
import type { Outlook } from "../pattern/outlook.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Plan, Source } from "../pattern/plan.js"
import { arrivalOf, beginning, endOf, priorityOf } from "../places.js"
import { Away } from "./away.js"
import type { Entry } from "./entry.js"
import { next, Ordered } from "./ordered.js"
import { Shelf } from "./shelf.js"

export type Selection = "fifo" | "lifo" | "random"

export class Shelves {
  readonly byArity = new Map<number, Shelf>()
  readonly failures = new Shelf()
  /** How many tuples there are, failures aside. */
  count = 0
  /** How many entries have been looked at. */
  examined = 0

  constructor(private readonly selection: Selection, private readonly random: PCGRandom) {}

  add(entry: Entry): void {
    this.shelfOf(entry).add(entry)
    if (!entry.failure) {
      this.count++
    }
  }

  remove(entry: Entry): void {
    this.shelfOf(entry).remove(entry)
    if (!entry.failure) {
      this.count--
    }
  }

  /** The entry that an operation with this pattern gets (S5), some excepted. */
  find(pattern: Pattern, except: ReadonlySet<Entry> = none): Entry | undefined {
    if (!pattern.open) {
      const items = this.candidatesOf(pattern)
      const isList = items instanceof Ordered
      if (isList && this.selection !== "fifo") {
        return this.pick(items, this.testing(pattern, except))
      }
      // Most often the first will do, which can be told without a closure.
      const first = isList ? items.next(beginning, always) : items
      if (first?.live === true && !except.has(first) && this.test(pattern, first)) {
        return first
      }
      return isList && first !== undefined ? items.next(first.seq, this.testing(pattern, except)) : undefined
    }
    const test = this.testing(pattern, except)
    // At random, every match of every arity should have the same chance.
    return this.choose(
      this.selection === "random"
        ? this.findAll(pattern).filter((entry) => !except.has(entry))
        : this.candidates(pattern).flatMap((items) => this.pick(items, test) ?? []).sort(byPlace)
    )
  }

  /** The entries that match, in the order of choice, but no more than `limit`. */
  findAll(pattern: Pattern, limit = Infinity): Array<Entry> {
    const found: Array<Entry> = []
    for (const items of this.candidates(pattern)) {
      next(
        items,
        beginning,
        (entry) => this.test(pattern, entry) && found.push(entry) === limit && !pattern.open
      )
    }
    const ordered = pattern.open ? found.sort(byPlace) : found
    return limit < ordered.length ? ordered.slice(0, limit) : ordered
  }

  /** The entry that a choice between patterns gets, and the number of the first pattern that it matches. */
  findAny(
    patterns: ReadonlyArray<Pattern>,
    except: ReadonlySet<Entry> = none,
    prefer?: "first"
  ): readonly [entry: Entry, index: number] | undefined {
    if (prefer === "first") {
      for (const [index, pattern] of patterns.entries()) {
        const entry = this.find(pattern, except)
        if (entry !== undefined) {
          return [entry, index]
        }
      }
      return undefined
    }
    const found = this.selection === "random"
      ? patterns.flatMap((pattern) => this.findAll(pattern)).filter((entry) => !except.has(entry))
      : patterns.flatMap((pattern) => this.find(pattern, except) ?? [])
    const entry = this.choose(Array.from(new Set(found)).sort(byPlace))
    return entry && [entry, patterns.findIndex((pattern) => pattern.admits(entry))]
  }

  /** Distinct entries for all patterns at once (S11). */
  findJoin(
    plan: Plan,
    except: ReadonlySet<Entry> = none,
    outlook?: Outlook<Entry>,
    away: Away = nowhere
  ): ReadonlyArray<Entry> | undefined {
    return Join.find(plan, this.sourceWithout(except, away), outlook)
  }

  /** The same, for a join that this entry may complete, which has just come. */
  findJoinWith(
    plan: Plan,
    entry: Entry,
    outlook?: Outlook<Entry>,
    away: Away = nowhere
  ): ReadonlyArray<Entry> | undefined {
    return Join.findWith(plan, entry, this.sourceWithout(none, away), outlook)
  }

  /** Whether there are certainly fewer candidates than a join takes. Nobody is asked about them. */
  hasTooFew({ demands, takes }: Plan): boolean {
    const lists = demands.flatMap(({ pattern, reads }) => reads ? [] : this.candidates(pattern))
    return sum(new Set(lists)) < takes
  }

  private sourceWithout(except: ReadonlySet<Entry>, away: Away): Source<Entry> {
    return {
      first: (pattern, test, after) =>
        this.first(pattern, after ?? beginning, (entry) => {
          this.examined++
          return !except.has(entry) && test(entry)
        }),
      sizeOf: (pattern) => sum(this.candidates(pattern)),
      isStored: (entry) => entry.live && !except.has(entry),
      absent: (pattern, test) => this.first(pattern, beginning, test) === undefined && !away.some(pattern, test)
    }
  }

  /**
   * The first entry behind `after` that passes the test, among those with the literals of the pattern. Tests them in
   * order.
   */
  private first(pattern: Pattern, after: number, test: (entry: Entry) => boolean): Entry | undefined {
    return pattern.open
      ? this.findAll(pattern).find((entry) => entry.seq > after && test(entry))
      : next(this.candidatesOf(pattern), after, test)
  }

  private testing(pattern: Pattern, except: ReadonlySet<Entry>): (entry: Entry) => boolean {
    return except.size === 0
      ? (entry) => this.test(pattern, entry)
      : (entry) => !except.has(entry) && this.test(pattern, entry)
  }

  private test(pattern: Pattern, { tuple }: Entry): boolean {
    this.examined++
    return pattern.matches(tuple)
  }

  /** The oldest entry of all, failures aside. */
  oldest(): Entry | undefined {
    return oldestOf(Array.from(this.byArity.values()).flatMap(({ all }) => firstsOf(all)))
  }

  oldestFailure(): Entry | undefined {
    return oldestOf(firstsOf(this.failures.all))
  }

  /** The oldest entry of the lowest priority, failures aside. */
  least(): Entry | undefined {
    let least: Entry | undefined
    let lowest = Infinity
    for (const { all } of this.byArity.values()) {
      const priority = all.ends === undefined ? Infinity : priorityOf(all.ends[1].seq)
      const first = priority > lowest ? undefined : all.next(endOf(priority + 1), always)
      if (first !== undefined && (least === undefined || priority < lowest || first.seq < least.seq)) {
        least = first
        lowest = priority
      }
    }
    return least
  }

  /** For each shelf that the pattern can match on, a list of the entries there that have its literals. */
  private candidates(pattern: Pattern): Array<Entry | Ordered<Entry> | undefined> {
    return pattern.open
      ? this.fitting(pattern).map(([, shelf]) => shelf.candidates(pattern))
      : [this.candidatesOf(pattern)]
  }

  /** The same, of a pattern that is not open, and so matches on one shelf. */
  private candidatesOf(pattern: Pattern): Entry | Ordered<Entry> | undefined {
    return pattern.failure ? this.failures.candidates(pattern) : this.byArity.get(pattern.arity)?.candidates(pattern)
  }

  /** The shelves that the pattern can match on, by arity. */
  private fitting(pattern: Pattern): ReadonlyArray<readonly [arity: number, shelf: Shelf]> {
    return pattern.failure
      ? [[pattern.arity, this.failures]]
      : Array.from(this.byArity).filter(([arity]) => pattern.fits(arity))
  }

  /** How an operation with the pattern would find its tuples. */
  explain(pattern: Pattern): Explanation {
    const lookups = this.fitting(pattern)
      .filter(([, shelf]) => shelf.all.size > 0)
      .map(([arity, shelf]) => ({ arity, ...shelf.explain(pattern) }))
    return { lookups, candidates: lookups.reduce((sum, { candidates }) => sum + candidates, 0) }
  }

  /** One of these, which are in the order of choice: of those of the highest priority. */
  private choose(entries: ReadonlyArray<Entry>): Entry | undefined {
    const [first] = entries
    if (first === undefined || this.selection === "fifo") {
      return first
    }
    const end = endOf(priorityOf(first.seq))
    const equals = entries.filter(({ seq }) => seq <= end)
    return equals[this.selection === "lifo" ? equals.length - 1 : this.random.integer(equals.length)]
  }

  private pick(items: Entry | Ordered<Entry> | undefined, test: (entry: Entry) => boolean): Entry | undefined {
    if (!(items instanceof Ordered) || this.selection === "fifo") {
      return next(items, beginning, test)
    }
    const end = endOfChoice(items, test)
    if (this.selection === "lifo") {
      return items.last(test, end)
    }
    // A few darts first: each hits every match alike. If they miss, count the matches and choose one.
    for (let dart = 0; dart < 8; dart++) {
      const entry = items.at(this.random.number(), end)
      if (entry !== undefined && test(entry)) {
        return entry
      }
    }
    return this.choose(items.toArray().filter(test))
  }

  private shelfOf(entry: Entry): Shelf {
    if (entry.failure) {
      return this.failures
    }
    let shelf = this.byArity.get(entry.tuple.length)
    if (shelf === undefined) {
      this.byArity.set(entry.tuple.length, shelf = new Shelf())
    }
    return shelf
  }
}

/** How many entries lists have together. */
const sum = (lists: Iterable<Entry | Ordered<Entry> | undefined>): number => {
  let count = 0
  for (const list of lists) {
    count += list instanceof Ordered ? list.size : Number(list !== undefined)
  }
  return count
}

const nowhere = new Away([], [])

const always = (): boolean => true

const none: ReadonlySet<Entry> = new Set()

const byPlace = (self: Entry, that: Entry): number => self.seq - that.seq

/** The oldest of each priority. */
const firstsOf = (items: Ordered<Entry>): ReadonlyArray<Entry> => {
  const firsts: Array<Entry> = []
  let end = beginning
  for (let first = items.next(end, always); first !== undefined; first = items.next(end, always)) {
    firsts.push(first)
    end = endOf(priorityOf(first.seq))
  }
  return firsts
}

const oldestOf = ([first, ...others]: ReadonlyArray<Entry>): Entry | undefined =>
  first && others.reduce((oldest, other) => arrivalOf(other.seq) < arrivalOf(oldest.seq) ? other : oldest, first)

/** Behind the matches of the highest priority that has some: what comes behind is not chosen from. */
const endOfChoice = (items: Ordered<Entry>, test: (entry: Entry) => boolean): number => {
  const ends = items.ends
  if (ends === undefined || priorityOf(ends[0].seq) === priorityOf(ends[1].seq)) {
    return Infinity
  }
  const first = items.next(beginning, test)
  return first === undefined ? beginning : endOf(priorityOf(first.seq))
}
