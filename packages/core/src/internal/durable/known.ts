/**
 * What a query finds among the facts that a run of an STM on a store has, and among what the run itself has put.
 *
 * What the run has put is younger than all that is stored, and has no priority. If what the facts say is not enough to
 * tell what is found, they are noted to lack the rest.
 *
 * @internal
 */
import * as HashSet from "effect/HashSet"
import type { NewRow, Query as StoreQuery, Row } from "../../StoreCommand.js"
import * as Join from "../pattern/join.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Demand } from "../pattern/plan.js"
import { Plan } from "../pattern/plan.js"
import type { Several } from "../pattern/query.js"
import { valuesOf } from "../pattern/semijoin.js"
import { endOf } from "../places.js"
import type { Asked } from "../queries.js"
import type { Question } from "./absent.js"
import { Absent, fewValues } from "./absent.js"
import type { Facts, Rows, Seen } from "./facts.js"
import { Gathered, queriesFor } from "./gathered.js"
import { matches } from "./query.js"
import type { Reader } from "./reader.js"
import { isRead } from "./reader.js"
import type { Candidate } from "./wanted.js"

/** Something that a run has done. */
type Act = { readonly took: Seen } | { readonly put: Seen; readonly row: () => NewRow }

/** What a run has done, which never changes: STM goes back to an earlier one where it rolls back. */
export interface Done {
  readonly acts: ReadonlyArray<Act>
  readonly taken: HashSet.HashSet<number>
}

export const nothingDone: Done = { acts: [], taken: HashSet.empty() }

/** The place of what a run puts first: one of the last without a priority, which no tuple will ever have. */
export const firstOwn = endOf(0) - 2 ** 32

/** There is no such tuple; or it is not known. */
export const miss = Symbol()

/** What was found, and by which pattern of a choice; and what of it `in` takes. */
export interface Found {
  readonly index: number
  readonly seen: ReadonlyArray<Seen>
  readonly taken: ReadonlyArray<Seen>
}

export class Known {
  constructor(
    private readonly reader: Reader,
    private readonly facts: Facts,
    private readonly done: Done
  ) {}

  /** What a query finds, as the operation of a space finds it (S5, S11, S18). */
  find(query: Asked): Found | typeof miss {
    const { found } = this.facts
    if (found?.query === query) {
      return found.found ?? miss
    }
    switch (query.form) {
      case "one":
        return this.batch(1, 1, query)
      case "any":
        return this.any(query)
      case "all":
        return this.all(query)
      case "batch":
        return this.batch(query.min, query.max, query.pattern)
    }
  }

  /** How many match. */
  count(pattern: Pattern): number | typeof miss {
    const [query, exact] = this.reader.query(pattern)
    const more = this.own(pattern).length
    if (!exact) {
      const all = this.first(pattern, Infinity)
      return all === miss ? miss : all.length
    }
    const stored = this.facts.count(query)
    if (stored.value === undefined) {
      this.facts.lack(stored)
      return miss
    }
    const isWanted = this.suits(pattern)
    const fewer = this.done.acts.filter((act) => "took" in act && !act.took.isOwn && isWanted(act.took)).length
    return stored.value - fewer + more
  }

  /** The first choice of all, by the first of the patterns that it matches; or of the first of them that has one. */
  private any({ patterns, prefer }: Several): Found | typeof miss {
    let first: Found | undefined
    for (const [index, pattern] of patterns.entries()) {
      // All of them are asked for together.
      const seen = this.first(pattern, 1)
      if (seen !== miss && seen.length > 0 && (first === undefined || seen[0]!.id < first.seen[0]!.id)) {
        first = { index, seen, taken: seen }
        if (prefer === "first") {
          break
        }
      }
    }
    return this.facts.isLacking || first === undefined ? miss : first
  }

  private batch(min: number, max: number, pattern: Pattern): Found | typeof miss {
    const seen = this.first(pattern, max)
    return seen === miss || seen.length < min ? miss : { index: 0, seen, taken: seen }
  }

  private all({ patterns, roles }: Several): Found | typeof miss {
    const plan = new Plan(patterns, roles)
    const gathered = new Gathered(this.reader)
    const byPlace = new Map<number, Seen>()
    const add = (pattern: Pattern, all: ReadonlyArray<Seen>): void => {
      for (const seen of all) {
        byPlace.set(seen.id, seen)
        gathered.add(pattern, seen.row, seen.reading)
      }
    }
    if (
      !this.gather(plan, gathered, add) || plan.demands.some(({ count, pattern }) => gathered.of(pattern).size < count)
    ) {
      return miss
    }
    const absent = plan.absences.length === 0 ? undefined : new Absent(this.reader, plan, gathered)
    const count = (question: Question, seen: Seen, isHeld: boolean): void => {
      byPlace.set(seen.id, seen)
      absent!.meets(question, seen.row, seen.reading, isHeld)
    }
    if (absent !== undefined && !this.gatherAbsent(plan, absent, count)) {
      return miss
    }
    const chosen = Join.find(plan, (absent ?? gathered).source)
    const seenOf = (some: ReadonlyArray<Candidate>) => some.map(({ row }) => byPlace.get(row.id)!)
    return chosen === undefined ? miss : { index: 0, seen: seenOf(chosen), taken: seenOf(plan.takenOf(chosen)) }
  }

  /**
   * What there is of what must not be there: what is stored or held, and what the run has put; without what it has
   * taken, which has left for it. Says whether that is known.
   */
  private gatherAbsent(plan: Plan, absent: Absent, add: AddAbsent): boolean {
    let isKnown = true
    for (const question of absent.questions) {
      const { names, pattern, query, scans } = question
      // Of what agrees with anything more than the join can take is enough to know.
      const limit = names.length === 0 ? plan.takes + 1 : Infinity
      const held = this.facts.heldRows(query, this.readRow)
      if (held.seen === undefined) {
        this.facts.lack(held)
      }
      const stored = scans.map((scan) => this.first(pattern, limit, scan))
      const all = [...stored, this.own(pattern), this.suiting(this.facts.claimed, pattern)]
      all.forEach((some) => some !== miss && some.forEach((seen) => add(question, seen, false)))
      this.suiting(held.seen ?? [], pattern).forEach((seen) => {
        if (this.facts.holdOf(seen.id) === undefined) {
          add(question, seen, true)
        }
      })
      isKnown &&= held.seen !== undefined && !stored.includes(miss)
    }
    return isKnown
  }

  /**
   * All that match, where variables say what can be taken. That of which there is much is looked up by the values of
   * others, once there is one that is known and has few. Says whether that is known.
   */
  private gather(plan: Plan, gathered: Gathered, add: Add): boolean {
    const known = new Set<Pattern>()
    const isLoose = (demand: Demand) => plan.isLoose(demand)
    // Of what need not agree with anything as many are enough as could be needed.
    for (const { pattern } of plan.demands.filter(isLoose)) {
      const some = this.first(pattern, plan.patterns.length)
      if (some !== miss) {
        add(pattern, some)
      }
    }
    let open: ReadonlyArray<Pattern> = plan.demands.filter((demand) => !isLoose(demand)).map(({ pattern }) => pattern)
    const close = (isKnown: (pattern: Pattern) => boolean): boolean => {
      const before = open.length
      open = open.filter((pattern) => {
        if (isKnown(pattern)) {
          known.add(pattern)
          return false
        }
        return true
      })
      return open.length < before
    }
    close((pattern) => {
      const rows = this.rows(pattern)
      add(pattern, [...this.suiting(rows.seen, pattern), ...this.own(pattern)])
      return rows.isWhole
    })
    const isLookedUp = (pattern: Pattern): boolean => {
      const queries = this.lookupOf(plan, gathered, known, pattern)
      const found = queries?.map((query) => this.first(pattern, Infinity, query)) ?? []
      found.forEach((some) => some !== miss && add(pattern, some))
      return queries !== undefined && !found.includes(miss)
    }
    while (close(isLookedUp)) {
      // What has become known may say where to look for others.
    }
    if (!this.facts.isLacking) {
      open.forEach((pattern) => this.facts.lack(this.rows(pattern)))
    }
    return open.length === 0 && !this.facts.isLacking
  }

  /** What a pattern is looked up by instead: the few values that a variable has in what is known. */
  private lookupOf(
    { demands, users }: Plan,
    gathered: Gathered,
    known: ReadonlySet<Pattern>,
    pattern: Pattern
  ): ReadonlyArray<StoreQuery> | undefined {
    for (const name of pattern.names) {
      const others = pattern.isFoundBy(name) ? users.get(name)! : []
      for (const { pattern: other } of others.map((demand) => demands[demand]!)) {
        const values = known.has(other) ? valuesOf(other, name, gathered.of(other).values()) : undefined
        const queries = values !== undefined && values.size <= fewValues
          ? queriesFor(this.reader, pattern, name, values)
          : undefined
        if (queries !== undefined) {
          return queries
        }
      }
    }
    return undefined
  }

  /** The first that match, up to so many; with a `query` that finds some of them, of these. */
  private first(pattern: Pattern, limit: number, query?: StoreQuery): ReadonlyArray<Seen> | typeof miss {
    const rows = this.rows(pattern, query)
    const stored = this.suiting(rows.seen, pattern, limit)
    if (stored.length < limit && !rows.isWhole) {
      this.facts.lack(rows)
      return miss
    }
    // What the run has put comes before what has a priority below 0, and behind all else.
    return query !== undefined || stored.length === limit && stored[limit - 1]!.id < firstOwn
      ? stored
      : [...stored, ...this.own(pattern)].sort(byPlace).slice(0, limit)
  }

  private rows(pattern: Pattern, narrower?: StoreQuery): Rows {
    const [query, exact] = this.reader.query(pattern)
    return this.facts.rows(narrower ?? query, this.readRow, exact ? few : many)
  }

  /** What matches of these, and the run has not taken: up to so many, and those behind are not asked about. */
  private suiting(some: ReadonlyArray<Seen>, pattern: Pattern, limit = Infinity): ReadonlyArray<Seen> {
    const isWanted = this.suits(pattern)
    const found: Array<Seen> = []
    for (const seen of some) {
      if (found.length === limit) {
        break
      }
      if (!HashSet.has(this.done.taken, seen.id) && isWanted(seen)) {
        found.push(seen)
      }
    }
    return found
  }

  /** What matches of what the run has put and not taken. */
  private own(pattern: Pattern): ReadonlyArray<Seen> {
    const { acts, taken } = this.done
    const isWanted = this.suits(pattern)
    return acts.flatMap((act) => "put" in act && !HashSet.has(taken, act.put.id) && isWanted(act.put) ? [act.put] : [])
  }

  /** Whether a pattern asks for a tuple; one that cannot be decoded, by types and literals alone. */
  private suits(pattern: Pattern): (seen: Seen) => boolean {
    const [query, exact] = this.reader.query(pattern)
    return ({ reading, row }) => matches(query, row) && (isRead(reading) ? pattern.matches(reading) : exact)
  }

  private readonly readRow = (row: Row) => this.reader.read(row)
}

type AddAbsent = (question: Question, seen: Seen, isHeld: boolean) => void

type Add = (pattern: Pattern, all: ReadonlyArray<Seen>) => void

const byPlace = (self: Seen, that: Seen): number => self.id - that.id

/** How many rows are asked for at first: by a query that says all, and by one that finds too much. */
const few = 8
const many = 256
