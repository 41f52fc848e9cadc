/**
 * Joins: distinct tuples for several patterns at once.
 *
 * Without variables between the patterns this is a matching in a bipartite graph, and is found by augmenting paths. Equal patterns share
 * their candidates, and are one {@link Demand} of so many. A demand needs to know no more than its oldest matches, as many as
 * the join has patterns: if distinct tuples can be found at all, they can be found among these. With variables it is a search with
 * backtracking, in which the variables bound so far are looked up by index as if they were literals.
 *
 * If there are not enough, the demands that are short tell what has to come first ({@link Lack}; Hall 1935): some demands have
 * fewer candidates between them than they need. A join that waits counts what comes for these, and does not search before
 * there could be enough. However it is short, a search is followed by as many tuples that it does not look at.
 *
 * @internal
 */
import type { Pattern } from "./pattern.js"
import type { Bindings } from "./term.js"

/** What is joined. */
interface Entry {
  readonly tuple: ReadonlyArray<unknown>
}

/** Finds the oldest entry that passes the test, among those with the literals of the pattern, testing them in order. */
type First<E extends Entry> = (pattern: Pattern, test: (entry: E) => boolean) => E | undefined

/** So many tuples of one pattern. */
export interface Demand {
  readonly pattern: Pattern
  readonly count: number
}

/** What is to be joined, read once. */
export class Plan {
  /** Those that are equal are the same object. */
  readonly patterns: ReadonlyArray<Pattern>
  readonly demands: ReadonlyArray<Demand>
  /** The number of the demand that each pattern belongs to. */
  readonly demandOf: ReadonlyArray<number>
  /** Whether no variable stands in two of the patterns. */
  readonly isPlain: boolean

  constructor(patterns: ReadonlyArray<Pattern>) {
    const distinct: Array<Pattern> = []
    const counts: Array<number> = []
    const demandOf: Array<number> = []
    const numberOf = numbering(patterns.length, distinct)
    for (const pattern of patterns) {
      const number = numberOf(pattern)
      demandOf.push(number)
      counts[number] = (counts[number] ?? 0) + 1
    }
    this.demandOf = demandOf
    this.demands = distinct.map((pattern, number) => ({ pattern, count: counts[number]! }))
    this.patterns = distinct.length === patterns.length ? patterns : demandOf.map((number) => distinct[number]!)
    this.isPlain = !shareVariables(this.demands)
  }
}

/** Finds the number of a pattern among the distinct ones, to which it adds those that are new. */
const numbering = (size: number, distinct: Array<Pattern>): (pattern: Pattern) => number => {
  const isLong = size > few
  /** The numbers of those with the same key. */
  const buckets = new Map<unknown, Array<number>>()
  const all: Array<number> = []
  return (pattern) => {
    let bucket = all
    if (isLong) {
      bucket = buckets.get(pattern.key) ?? []
      buckets.set(pattern.key, bucket)
    }
    // One that is not found among many unlike it is one of its own: that costs time, and changes nothing else.
    const last = Math.max(0, bucket.length - most)
    for (let i = bucket.length - 1; i >= last; i--) {
      if (distinct[bucket[i]!]!.isLike(pattern)) {
        return bucket[i]!
      }
    }
    bucket.push(distinct.length)
    return distinct.push(pattern) - 1
  }
}

/** So few patterns are compared with each other. */
const few = 8

/** With so many of the same literals a pattern is compared. */
const most = 64

const shareVariables = (demands: ReadonlyArray<Demand>): boolean => {
  const names = new Set<string>()
  for (const { count, pattern } of demands) {
    for (const name of pattern.names) {
      if (count > 1 || names.has(name)) {
        return true
      }
      names.add(name)
    }
  }
  return false
}

/** Why a join is not complete: some of its demands have too few candidates between them. */
export class Lack {
  constructor(
    private readonly patterns: ReadonlyArray<Pattern>,
    /** How many more have to come, at least. Less than that may be stored by now, and never more. */
    private missing: number,
    /** The first of these demands: where to look first. */
    readonly at: number
  ) {}

  /** Counts an entry that comes. Whether there could be enough now. */
  isMadeBy(entry: { readonly tuple: ReadonlyArray<unknown>; readonly failure: boolean }): boolean {
    if (this.missing > 0 && this.patterns.some((pattern) => pattern.admits(entry))) {
      this.missing--
    }
    return this.missing <= 0
  }
}

/** An entry for each pattern, all distinct, each pattern in turn getting the oldest that is left to it; or what is lacking. */
export const find = <E extends Entry>(plan: Plan, first: First<E>, from = 0): ReadonlyArray<E> | Lack | undefined =>
  !plan.isPlain
    ? lackOf(plan, first, from) ?? search(plan.patterns, first)
    : oldest(plan, first) ?? assign(plan, first, from)

/**
 * The same for a join that was not complete before an entry has come, and so is complete with it or not at all. With variables that
 * spares it all combinations of others.
 */
export const findWith = <E extends Entry & { readonly seq: number }>(
  plan: Plan,
  entry: E,
  first: First<E>,
  from = 0
): ReadonlyArray<E> | Lack | undefined => {
  if (plan.isPlain) {
    return find(plan, first, from)
  }
  const lack = lackOf(plan, first, from)
  if (lack !== undefined) {
    return lack
  }
  const { patterns } = plan
  let best: ReadonlyArray<E> | undefined
  patterns.forEach((pattern, index) => {
    const bound = pattern.bind(entry.tuple, undefined)
    if (bound === false || !mayComplete(patterns, index, bound, first)) {
      return
    }
    const found = search(patterns, first, bound, index, entry)
    if (found !== undefined && (best === undefined || comesBefore(found, best))) {
      best = found
    }
  })
  return best
}

/** Whether each of the other patterns has a match, once one of them is bound so. */
const mayComplete = <E extends Entry>(
  patterns: ReadonlyArray<Pattern>,
  index: number,
  bound: Bindings | undefined,
  first: First<E>
): boolean =>
  patterns.every((other, number) =>
    number === index ||
    first(other.given(bound), (candidate) => other.bind(candidate.tuple, bound) !== false) !== undefined
  )

const comesBefore = (
  some: ReadonlyArray<{ readonly seq: number }>,
  others: ReadonlyArray<{ readonly seq: number }>
): boolean => {
  const index = some.findIndex(({ seq }, index) => seq !== others[index]!.seq)
  return index >= 0 && some[index]!.seq < others[index]!.seq
}

/** Looks whether each demand has enough candidates, whatever the others have: that is soon told. */
const lackOf = <E extends Entry>({ demands }: Plan, first: First<E>, from: number): Lack | undefined => {
  for (let i = 0; i < demands.length; i++) {
    const at = (from + i) % demands.length
    const { count, pattern } = demands[at]!
    let found = 0
    first(pattern, (entry) => pattern.matches(entry.tuple) && ++found === count)
    if (found < count) {
      return new Lack([pattern], count - found, at)
    }
  }
  return undefined
}

/** The oldest match of each pattern, if these are distinct: most often they are. */
const oldest = <E extends Entry>(
  { demandOf, demands, patterns }: Plan,
  first: First<E>
): ReadonlyArray<E> | undefined => {
  if (demands.length < demandOf.length || demands.length > few) {
    return undefined
  }
  const chosen: Array<E> = []
  for (const pattern of patterns) {
    const entry = first(pattern, (entry) => pattern.matches(entry.tuple))
    if (entry === undefined || chosen.includes(entry)) {
      return undefined
    }
    chosen.push(entry)
  }
  return chosen
}

/** Which demand each entry is for, and how to let one demand have another entry. */
class Matching<E extends Entry> {
  readonly owners = new Map<E, number>()
  constructor(
    readonly plan: Plan,
    /** The candidates of each demand, oldest first. */
    readonly candidates: ReadonlyArray<ReadonlyArray<E>>
  ) {}

  /**
   * Gives a demand one more entry: a free one, or that of another which is content with another. `isFree` says of which entries nobody
   * has to be asked, `isSettled` which are not given away. Returns the demands that were asked in vain, or nothing.
   */
  augment(
    demands: ReadonlyArray<number>,
    isFree: (entry: E, owner: number | undefined) => boolean,
    isSettled: (entry: E) => boolean
  ): ReadonlySet<number> | undefined {
    const asked = new Map<number, { readonly entry: E; readonly by: number } | undefined>(
      demands.map((demand) => [demand, undefined])
    )
    // Those that are added meanwhile come too.
    for (const [demand] of asked) {
      for (const entry of this.candidates[demand]!) {
        if (isSettled(entry)) {
          continue
        }
        const owner = this.owners.get(entry)
        if (isFree(entry, owner)) {
          this.pass(entry, demand, asked)
          return undefined
        }
        if (owner !== undefined && !asked.has(owner)) {
          asked.set(owner, { entry, by: demand })
        }
      }
    }
    return new Set(asked.keys())
  }

  private pass(
    entry: E,
    demand: number,
    asked: ReadonlyMap<number, { readonly entry: E; readonly by: number } | undefined>
  ): void {
    this.owners.set(entry, demand)
    for (let next = asked.get(demand); next !== undefined; next = asked.get(next.by)) {
      this.owners.set(next.entry, next.by)
    }
  }
}

const isUnowned = (_: unknown, owner: number | undefined): boolean => owner === undefined

const never = (): boolean => false

const assign = <E extends Entry>(plan: Plan, first: First<E>, from: number): ReadonlyArray<E> | Lack => {
  const { demandOf, demands } = plan
  const candidates: Array<Array<E>> = []
  for (let i = 0; i < demands.length; i++) {
    const at = (from + i) % demands.length
    const { count, pattern } = demands[at]!
    const found: Array<E> = candidates[at] = []
    first(pattern, (entry) => pattern.matches(entry.tuple) && found.push(entry) === demandOf.length)
    if (found.length < count) {
      return new Lack([pattern], count - found.length, at)
    }
  }
  const matching = new Matching(plan, candidates)
  const { owners } = matching
  const short: Array<number> = []
  let missing = 0
  demands.forEach(({ count }, demand) => {
    const own = candidates[demand]!
    let next = 0
    for (let i = 0; i < count; i++) {
      // Who owns one never gives it up for nothing: what is behind us is owned.
      while (next < own.length && owners.has(own[next]!)) {
        next++
      }
      if (next < own.length) {
        owners.set(own[next]!, demand)
      } else if (matching.augment([demand], isUnowned, never) !== undefined) {
        missing += count - i
        short.push(demand)
        return
      }
    }
  })
  if (missing > 0) {
    const asked = Array.from(matching.augment(short, isUnowned, never)!)
    return new Lack(asked.map((demand) => demands[demand]!.pattern), missing, short[0]!)
  }
  return inOrder(matching)
}

/** Who had to make way may have done so for one that comes after it. Each in turn gets the oldest that leaves enough to those. */
const inOrder = <E extends Entry>(matching: Matching<E>): ReadonlyArray<E> => {
  const { candidates, owners, plan } = matching
  const settled = new Set<E>()
  /** What is before these is settled, or leaves too little: also to the next pattern of the demand. */
  const places = candidates.map(() => 0)
  const exchange = (demand: number, entry: E): boolean => {
    const owner = owners.get(entry)
    // The demand has one more than it needs then. It is all the same which it gives away.
    let spare: E | undefined
    const isFree = (other: E, of: number | undefined): boolean => {
      spare = of === demand ? other : undefined
      return of === demand || of === undefined
    }
    if (owner !== undefined && matching.augment([owner], isFree, (other) => other === entry || settled.has(other))) {
      return false
    }
    if (spare === undefined) {
      owners.delete(candidates[demand]!.find((other) => owners.get(other) === demand && !settled.has(other))!)
    }
    owners.set(entry, demand)
    return true
  }
  return plan.demandOf.map((demand) => {
    for (;;) {
      const entry = candidates[demand]![places[demand]!++]!
      if (!settled.has(entry) && (owners.get(entry) === demand || exchange(demand, entry))) {
        settled.add(entry)
        return entry
      }
    }
  })
}

/** With `fixed` as the one for the pattern of this number, whose variables are bound already. */
const search = <E extends Entry>(
  patterns: ReadonlyArray<Pattern>,
  first: First<E>,
  bindings: Bindings | undefined = undefined,
  index = -1,
  fixed?: E
): ReadonlyArray<E> | undefined => {
  const chosen: Array<E> = []
  const extendBy = (entry: E, bound: Bindings | undefined): boolean => {
    chosen.push(entry)
    if (extend(bound)) {
      return true
    }
    chosen.pop()
    return false
  }
  const extend = (bindings: Bindings | undefined): boolean => {
    const pattern = patterns[chosen.length]
    if (pattern === undefined) {
      return true
    }
    if (chosen.length === index) {
      return extendBy(fixed!, bindings)
    }
    return first(pattern.given(bindings), (entry) => {
      const bound = entry === fixed || chosen.includes(entry) ? false : pattern.bind(entry.tuple, bindings)
      return bound !== false && extendBy(entry, bound)
    }) !== undefined
  }
  return extend(bindings) ? chosen : undefined
}
