/**
 * What a join that waits can hope for: as large a matching as there can be of what it knows, whatever its variables
 * are.
 *
 * What comes augments it. While it is too small, the join cannot be complete, and does not search. So a put costs it no
 * more than to ask its patterns, and seldom that.
 *
 * @internal
 */
import type { CandidatesOf } from "./matching.js"
import { Matching } from "./matching.js"
import type { Entry, Plan } from "./plan.js"

/**
 * What a join can hope for: a matching of what it takes with entries that it knows, as large as can be; and an entry
 * for each demand that reads one, whoever else has that. It may know entries that are gone, but none that is stored may
 * be unknown to it: then it says no only if that is certain.
 */
export class Outlook<E extends Entry> {
  /** Which demand each entry is for. */
  private readonly owners = new Map<E, number>()
  /** The demands that have too few, and how many they lack. */
  private readonly short: Map<number, number>
  /** Demands that have enough, while nobody else could have what they have: more of that helps nobody. */
  private readonly sated = new Set<number>()
  /** The demands whose patterns admit an entry. */
  private readonly admitting = new Map<E, ReadonlyArray<number>>()
  /** The demands that read, and have nothing to read; and what the others have. */
  private readonly unseen = new Set<number>()
  private readonly seen = new Map<number, E>()

  constructor(private readonly plan: Plan) {
    const { demands } = plan
    this.short = new Map()
    demands.forEach(({ count, reads }, demand) => reads ? this.unseen.add(demand) : this.short.set(demand, count))
  }

  /** Whether there could be enough. */
  get isBright(): boolean {
    return this.short.size === 0 && this.unseen.size === 0
  }

  /** Counts an entry that comes. Whether there could be enough then. */
  comes(entry: E): boolean {
    for (const demand of this.unseen) {
      if (this.plan.demands[demand]!.pattern.admits(entry)) {
        this.see(demand, entry)
      }
    }
    if (this.short.size > 0 && !this.owners.has(entry)) {
      this.allot(entry)
    }
    return this.isBright
  }

  private see(demand: number, entry: E): void {
    this.unseen.delete(demand)
    this.seen.set(demand, entry)
  }

  private allot(entry: E): void {
    const { demands } = this.plan
    for (const [demand] of this.short) {
      if (demands[demand]!.pattern.admits(entry)) {
        this.give(entry, demand)
        return
      }
    }
    // Those who could have it have enough. One of them may make way for another, which has too little.
    const reached = new Map<number, E>(
      this.demandsFor(entry).filter((demand) => !this.sated.has(demand)).map((demand) => [demand, entry])
    )
    const owned = reached.size === 0 ? [] : this.owned()
    // Those that are added meanwhile come too.
    for (const [demand] of reached) {
      for (const other of owned[demand]!) {
        for (const next of this.demandsFor(other)) {
          if (this.short.has(next)) {
            this.pass(other, next, reached)
            return
          }
          if (!reached.has(next) && !this.sated.has(next)) {
            reached.set(next, other)
          }
        }
      }
    }
    for (const [demand] of reached) {
      this.sated.add(demand)
    }
  }

  /** Gives an entry to a demand that lacks one, and to its owner the one by which that was reached, and so on. */
  private pass(entry: E, demand: number, reached: ReadonlyMap<number, E>): void {
    let owner = this.owners.get(entry)
    this.give(entry, demand)
    while (owner !== undefined) {
      const next = reached.get(owner)!
      const to: number = owner
      owner = this.owners.get(next)
      this.owners.set(next, to)
    }
  }

  private give(entry: E, demand: number): void {
    this.owners.set(entry, demand)
    this.lacks(demand, this.short.get(demand)! - 1)
  }

  private lacks(demand: number, missing: number): void {
    if (missing > 0) {
      this.short.set(demand, missing)
    } else {
      this.short.delete(demand)
    }
  }

  private owned(): ReadonlyArray<ReadonlyArray<E>> {
    const owned: Array<Array<E>> = this.plan.demands.map(() => [])
    for (const [entry, demand] of this.owners) {
      owned[demand]!.push(entry)
    }
    return owned
  }

  private demandsFor(entry: E): ReadonlyArray<number> {
    let demands = this.admitting.get(entry)
    if (demands === undefined) {
      demands = Array.from(this.plan.demands.keys()).filter((demand) => {
        const { pattern, reads } = this.plan.demands[demand]!
        return !reads && pattern.admits(entry)
      })
      this.admitting.set(entry, demands)
    }
    return demands
  }

  /** Looks at what is stored: forgets what is gone, and finds as much instead as there is. `isKept`: for later, too. */
  refresh(candidatesOf: CandidatesOf<E>, isStored: (entry: E) => boolean, isKept: boolean): boolean {
    for (const [entry, demand] of this.owners) {
      if (!isStored(entry)) {
        this.owners.delete(entry)
        this.lacks(demand, (this.short.get(demand) ?? 0) + 1)
      }
    }
    this.sated.clear()
    this.admitting.clear()
    if (this.plan.takes < this.plan.patterns.length && !this.refreshSeen(candidatesOf, isStored) && !isKept) {
      return false
    }
    const matching = new Matching(this.plan, candidatesOf, this.owners)
    const inVain = new Set<number>()
    for (const [demand, missing] of Array.from(this.short)) {
      this.lacks(demand, missing - matching.fill(demand, missing, inVain))
      if (!isKept && !this.isBright && this.short.has(demand)) {
        return false
      }
    }
    return this.isBright
  }

  /** Whether every demand that reads has something to read. */
  private refreshSeen(candidatesOf: CandidatesOf<E>, isStored: (entry: E) => boolean): boolean {
    const gone = Array.from(this.seen).filter(([, entry]) => !isStored(entry))
    for (const [demand] of gone) {
      this.seen.delete(demand)
      this.unseen.add(demand)
    }
    for (const demand of this.unseen) {
      const [entry] = candidatesOf(demand)
      if (entry !== undefined) {
        this.see(demand, entry)
      }
    }
    return this.unseen.size === 0
  }
}
