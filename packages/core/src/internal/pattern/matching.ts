/**
 * Which demand of a join each entry is for: a matching in a bipartite graph, found by augmenting paths.
 *
 * A demand needs to know no more than its oldest matches, as many as the join has patterns: if distinct tuples can be
 * found at all, they can be found among these.
 *
 * @internal
 */
import type { Entry, First, Plan } from "./plan.js"

/** The candidates of a demand, oldest first. */
export type CandidatesOf<E extends Entry> = (demand: number) => ReadonlyArray<E>

/** Each list is made when it is needed, and once. */
export const collecting = <E extends Entry>({ demands, patterns }: Plan, first: First<E>): CandidatesOf<E> => {
  const lists: Array<Array<E> | undefined> = []
  return (demand) => {
    let list = lists[demand]
    if (list === undefined) {
      const { pattern } = demands[demand]!
      const found: Array<E> = list = lists[demand] = []
      first(pattern, (entry) => pattern.matches(entry.tuple) && found.push(entry) === patterns.length)
    }
    return list
  }
}

/** Which demand each entry is for, and how to let one demand have another entry. */
export class Matching<E extends Entry> {
  constructor(
    readonly plan: Plan,
    readonly candidatesOf: CandidatesOf<E>,
    readonly owners = new Map<E, number>()
  ) {}

  /**
   * Gives a demand up to so many more entries. Returns how many. `inVain` are demands that were asked and have nothing
   * to give away: that stays so.
   */
  fill(demand: number, count: number, inVain: Set<number>): number {
    const candidates = this.candidatesOf(demand)
    let next = 0
    for (let given = 0; given < count; given++) {
      // Who owns one never gives it up for nothing: what is behind us is owned.
      while (next < candidates.length && this.owners.has(candidates[next]!)) {
        next++
      }
      if (next < candidates.length) {
        this.owners.set(candidates[next]!, demand)
        continue
      }
      const asked = this.augment(demand, isUnowned, never, inVain)
      if (asked !== undefined) {
        asked.forEach((each) => inVain.add(each))
        return given
      }
    }
    return count
  }

  /**
   * Gives a demand one more entry: a free one, or that of another which is content with another. `isFree` says of which
   * entries nobody has to be asked, `isFixed` which are not given away, and `inVain` are not asked. Returns the
   * demands that were asked in vain, or nothing.
   */
  augment(
    demand: number,
    isFree: (entry: E, owner: number | undefined) => boolean,
    isFixed: (entry: E) => boolean,
    inVain: ReadonlySet<number> = nobody
  ): ReadonlySet<number> | undefined {
    const asked = new Map<number, { readonly entry: E; readonly by: number } | undefined>([[demand, undefined]])
    // Those that are added meanwhile come too.
    for (const [each] of asked) {
      for (const entry of this.candidatesOf(each)) {
        if (isFixed(entry)) {
          continue
        }
        const owner = this.owners.get(entry)
        if (isFree(entry, owner)) {
          this.pass(entry, each, asked)
          return undefined
        }
        if (owner !== undefined && !asked.has(owner) && !inVain.has(owner)) {
          asked.set(owner, { entry, by: each })
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

const nobody: ReadonlySet<number> = new Set()

/** For a join that can be complete. */
export const assign = <E extends Entry>(plan: Plan, candidatesOf: CandidatesOf<E>): ReadonlyArray<E> => {
  const matching = new Matching(plan, candidatesOf)
  const inVain = new Set<number>()
  plan.demands.forEach(({ count }, demand) => matching.fill(demand, count, inVain))
  return inOrder(matching)
}

/**
 * Who had to make way may have done so for one that comes after it. Each in turn gets the oldest that leaves enough to
 * those.
 */
const inOrder = <E extends Entry>(matching: Matching<E>): ReadonlyArray<E> => {
  const { candidatesOf, owners, plan } = matching
  const fixed = new Set<E>()
  /** What is before these is fixed, or leaves too little: also to the next pattern of the demand. */
  const cursors = plan.demands.map(() => 0)
  const exchange = (demand: number, entry: E): boolean => {
    const owner = owners.get(entry)
    // The demand has one more than it needs then. It is all the same which it gives away.
    let spare: E | undefined
    const isFree = (other: E, of: number | undefined): boolean => {
      spare = of === demand ? other : undefined
      return of === demand || of === undefined
    }
    if (owner !== undefined && matching.augment(owner, isFree, (other) => other === entry || fixed.has(other))) {
      return false
    }
    if (spare === undefined) {
      owners.delete(candidatesOf(demand).find((other) => owners.get(other) === demand && !fixed.has(other))!)
    }
    owners.set(entry, demand)
    return true
  }
  return plan.demandOf.map((demand) => {
    for (;;) {
      const entry = candidatesOf(demand)[cursors[demand]!++]!
      if (!fixed.has(entry) && (owners.get(entry) === demand || exchange(demand, entry))) {
        fixed.add(entry)
        return entry
      }
    }
  })
}
