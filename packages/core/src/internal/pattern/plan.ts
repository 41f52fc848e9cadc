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
  /**
   * Whether nothing passes the test among what has the literals of the pattern, and is stored or held: what is held may
   * come back. Only a join with absent members asks.
   */
  readonly absent: (pattern: Pattern, test: (entry: E) => boolean) => boolean
}

/** What a member of a join is: a tuple to take, one that has to be there, or one that must not be. */
export type Role = "take" | "read" | "absent"

/** So many tuples of one pattern. */
export interface Demand {
  readonly pattern: Pattern
  /** Of those that are read, always 1: equal ones read the same tuple. */
  readonly count: number
  /** Whether they are only read: these may be any that are not taken, and one may be read for several demands. */
  readonly reads: boolean
}

/** What must not be there, but for what the join itself takes. */
export interface Absence {
  readonly pattern: Pattern
  /** Its number among the members. */
  readonly member: number
  /** The variables that it shares with what is taken or read. */
  readonly names: ReadonlyArray<string>
}

/** What is to be joined, read once. */
export class Plan {
  /** Of what is taken or read. Those that are equal, and of the same role, are the same object. */
  readonly patterns: ReadonlyArray<Pattern>
  readonly demands: ReadonlyArray<Demand>
  /** The number of the demand that each of these patterns belongs to. */
  readonly demandOf: ReadonlyArray<number>
  /** The demand of each tuple that is looked for: as `demandOf`, but with one step for all who read the same. */
  readonly steps: ReadonlyArray<number>
  /** What must not be there. */
  readonly absences: ReadonlyArray<Absence>
  /** How many tuples are taken. */
  readonly takes: number
  /** Whether all is taken, no variable stands in two of the patterns, and none in one of these and in an absence. */
  readonly isPlain: boolean
  private shared: ReadonlyMap<string, ReadonlyArray<number>> | undefined

  constructor(members: ReadonlyArray<Pattern>, private readonly roles?: ReadonlyArray<Role>) {
    const distinct: Array<Pattern> = []
    const counts: Array<number> = []
    const demandOf: Array<number> = []
    const patterns = roles === undefined ? members : members.filter((_, index) => roles[index] !== "absent")
    const roleOf = roles?.filter((role) => role !== "absent")
    const ofTaken = numbering(patterns.length, distinct)
    const ofRead = roleOf === undefined ? ofTaken : numbering(patterns.length, distinct)
    for (let index = 0; index < patterns.length; index++) {
      const number = (roleOf?.[index] === "read" ? ofRead : ofTaken)(patterns[index]!)
      demandOf.push(number)
      counts[number] = (counts[number] ?? 0) + 1
    }
    this.demandOf = demandOf
    this.demands = distinct.map((pattern, number) => {
      const reads = roleOf?.[demandOf.indexOf(number)] === "read"
      return { pattern, count: reads ? 1 : counts[number]!, reads }
    })
    this.patterns = distinct.length === patterns.length ? patterns : demandOf.map((number) => distinct[number]!)
    if (roles === undefined) {
      this.steps = demandOf
      this.takes = patterns.length
      this.absences = none
    } else {
      const isRead = (demand: number) => this.demands[demand]!.reads
      this.steps = demandOf.filter((demand, index) => !isRead(demand) || demandOf.indexOf(demand) === index)
      this.takes = demandOf.filter((demand) => !isRead(demand)).length
      this.absences = absencesOf(members, roles, this.demands)
    }
    this.isPlain = this.takes === patterns.length && this.absences.every(({ names }) => names.length === 0) &&
      !shareVariables(this.demands)
  }

  /** Whether some members are not taken. */
  get isGuarded(): boolean {
    return this.roles !== undefined
  }

  /** The numbers of those members whose tuples it finds. */
  get members(): ReadonlyArray<number> {
    const { demandOf, roles } = this
    return roles === undefined
      ? Array.from(demandOf.keys())
      : Array.from(roles.keys()).filter((index) => roles[index] !== "absent")
  }

  /** What was found for each pattern, of what was found for each step. */
  spread<E>(found: ReadonlyArray<E>): ReadonlyArray<E> {
    const { demandOf, demands, steps } = this
    if (found.length === demandOf.length) {
      return found
    }
    let next = 0
    return demandOf.map((demand, index) => {
      const first = demands[demand]!.reads ? demandOf.indexOf(demand) : index
      return first < index ? found[steps.indexOf(demand)]! : found[next++]!
    })
  }

  /** Those that are taken, of what was found for each pattern. */
  takenOf<E>(found: ReadonlyArray<E>): ReadonlyArray<E> {
    const { demandOf, demands, takes } = this
    return takes === demandOf.length ? found : found.filter((_, index) => !demands[demandOf[index]!]!.reads)
  }

  /** The demands in which a variable stands. */
  get users(): ReadonlyMap<string, ReadonlyArray<number>> {
    return this.shared ??= usersOf(this.demands)
  }

  /** Whether what is found for a demand need not agree with anything else: then any that match are as good. */
  isLoose({ count, pattern }: Demand): boolean {
    const { absences, users } = this
    return Array.from(pattern.names).every((name) =>
      count === 1 && users.get(name)!.length === 1 && absences.every(({ names }) => !names.includes(name))
    )
  }

  /** The demands that variables connect with this one, nearest first: also by way of an absence. */
  connectedTo(demand: number): ReadonlySet<number> {
    const connected = new Set([demand])
    // Those that are added meanwhile come too.
    for (const each of connected) {
      for (const name of this.demands[each]!.pattern.names) {
        this.users.get(name)!.forEach((other) => connected.add(other))
        for (const { names } of this.absences) {
          if (names.includes(name)) {
            names.forEach((other) => this.users.get(other)!.forEach((demand) => connected.add(demand)))
          }
        }
      }
    }
    return connected
  }
}

const none: ReadonlyArray<Absence> = []

const absencesOf = (
  members: ReadonlyArray<Pattern>,
  roles: ReadonlyArray<Role>,
  demands: ReadonlyArray<Demand>
): ReadonlyArray<Absence> =>
  members.flatMap((pattern, member) =>
    roles[member] !== "absent" ? [] : [{
      pattern,
      member,
      names: Array.from(pattern.names).filter((name) => demands.some(({ pattern }) => pattern.names.has(name)))
    }]
  )

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
