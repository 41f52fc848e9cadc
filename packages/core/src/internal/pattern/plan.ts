/**
 * What a join asks for, read once: how many tuples of which patterns, and which variables connect them.
 *
 * @internal
 */
import type { Pattern } from "./pattern.js"

/** What is joined. */
export interface Entry {
  readonly tuple: ReadonlyArray<unknown>
  readonly failure: boolean
  readonly seq: number
}

/**
 * Finds the oldest entry behind `after` that passes the test, among those with the literals of the pattern, testing
 * them in order.
 */
export type First<E extends Entry> = (pattern: Pattern, test: (entry: E) => boolean, after?: number) => E | undefined

/** Where a join looks. */
export interface Source<E extends Entry> {
  readonly first: First<E>
  /** How many entries have the literals of the pattern: no fewer than that. */
  readonly sizeOf: (pattern: Pattern) => number
  readonly isStored: (entry: E) => boolean
}

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
  private shared: ReadonlyMap<string, ReadonlyArray<number>> | undefined

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

  /** The demands in which a variable stands. */
  get users(): ReadonlyMap<string, ReadonlyArray<number>> {
    return this.shared ??= usersOf(this.demands)
  }

  /** The demands that variables connect with this one, nearest first. */
  connectedTo(demand: number): ReadonlySet<number> {
    const connected = new Set([demand])
    // Those that are added meanwhile come too.
    for (const each of connected) {
      for (const name of this.demands[each]!.pattern.names) {
        for (const other of this.users.get(name)!) {
          connected.add(other)
        }
      }
    }
    return connected
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
export const few = 8

/** With so many of the same literals a pattern is compared. */
const most = 64

const usersOf = (demands: ReadonlyArray<Demand>): ReadonlyMap<string, ReadonlyArray<number>> => {
  const users = new Map<string, Array<number>>()
  demands.forEach(({ pattern }, demand) => {
    for (const name of pattern.names) {
      const others = users.get(name)
      if (others === undefined) {
        users.set(name, [demand])
      } else {
        others.push(demand)
      }
    }
  })
  return users
}

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
