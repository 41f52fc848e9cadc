/**
 * Joins: distinct tuples for several patterns at once.
 *
 * Without variables between the patterns this is a matching in a bipartite graph, and is found by augmenting paths.
 * Equal patterns share their candidates, and are one {@link Demand} of so many. A demand needs to know no more than its
 * oldest matches, as many as the join has patterns: if distinct tuples can be found at all, they can be found among
 * these. With variables it is a search with backtracking, in which the variables bound so far are looked up by index as
 * if they were literals.
 *
 * A join that waits keeps an {@link Outlook}: as large a matching as there can be of what it knows, whatever the
 * variables are. What comes augments it. While it is too small, the join cannot be complete, and does not search. So a
 * put costs it no more than to ask its patterns, and seldom that.
 *
 * @internal
 */
import type { Pattern } from "./pattern.js"
import type { Bindings } from "./term.js"

/** What is joined. */
interface Entry {
  readonly tuple: ReadonlyArray<unknown>
  readonly failure: boolean
  readonly seq: number
}

/**
 * Finds the oldest entry behind `after` that passes the test, among those with the literals of the pattern, testing
 * them in order.
 */
type First<E extends Entry> = (pattern: Pattern, test: (entry: E) => boolean, after?: number) => E | undefined

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
const few = 8

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

/**
 * What a join can hope for: a matching of its demands with entries that it knows, as large as can be. It may know
 * entries that are gone, but none that is stored may be unknown to it: then it says no only if that is certain.
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

  constructor(private readonly plan: Plan) {
    this.short = new Map(plan.demands.map(({ count }, demand) => [demand, count]))
  }

  /** Whether there could be enough. */
  get isBright(): boolean {
    return this.short.size === 0
  }

  /** Counts an entry that comes. Whether there could be enough then. */
  comes(entry: E): boolean {
    if (!this.isBright && !this.owners.has(entry)) {
      this.place(entry)
    }
    return this.isBright
  }

  private place(entry: E): void {
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
      demands = Array.from(this.plan.demands.keys()).filter((demand) =>
        this.plan.demands[demand]!.pattern.admits(entry)
      )
      this.admitting.set(entry, demands)
    }
    return demands
  }

  /** Looks at what is stored: forgets what is gone, and finds as much instead as there is. `isKept`: for later, too. */
  look(candidatesOf: CandidatesOf<E>, isStored: (entry: E) => boolean, isKept: boolean): boolean {
    for (const [entry, demand] of this.owners) {
      if (!isStored(entry)) {
        this.owners.delete(entry)
        this.lacks(demand, (this.short.get(demand) ?? 0) + 1)
      }
    }
    this.sated.clear()
    this.admitting.clear()
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
}

/** The candidates of a demand, oldest first. */
type CandidatesOf<E extends Entry> = (demand: number) => ReadonlyArray<E>

/** Each list is made when it is needed, and once. */
const collecting = <E extends Entry>({ demands, patterns }: Plan, first: First<E>): CandidatesOf<E> => {
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

/** Where a join looks. */
export interface Place<E extends Entry> {
  readonly first: First<E>
  readonly isStored: (entry: E) => boolean
}

/**
 * An entry for each pattern, all distinct, each pattern in turn getting the oldest that is left to it. Whoever keeps an
 * outlook gives it, and it is right afterwards.
 */
export const find = <E extends Entry>(
  plan: Plan,
  place: Place<E>,
  outlook?: Outlook<E>
): ReadonlyArray<E> | undefined => {
  const { first, isStored } = place
  const found = plan.isPlain ? oldest(plan, first) : undefined
  if (found !== undefined) {
    return found
  }
  const candidatesOf = collecting(plan, first)
  if (!(outlook ?? new Outlook<E>(plan)).look(candidatesOf, isStored, outlook !== undefined)) {
    return undefined
  }
  if (plan.isPlain) {
    return assign(plan, candidatesOf)
  }
  return isFeasible(plan, first, new Set()) ? search(plan, plan.demandOf, first) : undefined
}

/**
 * The same for a join that was not complete before an entry has come, and so is complete with it or not at all. With
 * variables that spares it all combinations of others.
 */
export const findWith = <E extends Entry>(
  plan: Plan,
  entry: E,
  place: Place<E>,
  outlook?: Outlook<E>
): ReadonlyArray<E> | undefined => {
  if (plan.isPlain) {
    return find(plan, place, outlook)
  }
  const { first, isStored } = place
  if (!(outlook ?? new Outlook<E>(plan)).look(collecting(plan, first), isStored, outlook !== undefined)) {
    return undefined
  }
  let best: ReadonlyArray<E> | undefined
  for (const [demand, { pattern }] of plan.demands.entries()) {
    const bound = pattern.admits(entry) && pattern.bind(entry.tuple, undefined)
    if (bound === false) {
      continue
    }
    const connected = plan.connectedTo(demand)
    if (
      search(plan, stepsOf(plan, connected), first, bound, 0, entry) === undefined ||
      !isFeasible(plan, first, connected)
    ) {
      continue
    }
    for (const index of placesFor(plan, demand, entry, first)) {
      const found = search(plan, plan.demandOf, first, bound, index, entry)
      if (found !== undefined && (best === undefined || comesBefore(found, best))) {
        best = found
      }
    }
  }
  return best
}

/**
 * Whether those that variables connect can be found, the connected ones by themselves. What is connected with nothing
 * else would have the search try all combinations of that with the others.
 */
const isFeasible = <E extends Entry>(plan: Plan, first: First<E>, known: ReadonlySet<number>): boolean => {
  const seen = new Set(known)
  return plan.demands.every(({ pattern }, demand) => {
    if (pattern.names.size === 0 || seen.has(demand)) {
      return true
    }
    const connected = plan.connectedTo(demand)
    connected.forEach((each) => seen.add(each))
    return search(plan, stepsOf(plan, connected), first) !== undefined
  })
}

/** A step for each tuple that these demands take. */
const stepsOf = ({ demands }: Plan, some: ReadonlySet<number>): ReadonlyArray<number> =>
  Array.from(some).flatMap((demand) => Array.from({ length: demands[demand]!.count }, () => demand))

/**
 * At which of the places of a demand an entry may be. The oldest choice has equal patterns get theirs in order: the
 * youngest is the last.
 */
const placesFor = <E extends Entry>(
  { demandOf, demands }: Plan,
  demand: number,
  entry: E,
  first: First<E>
): ReadonlyArray<number> => {
  const { pattern } = demands[demand]!
  const isYoungest = first(pattern, ({ tuple }) => pattern.matches(tuple), entry.seq) === undefined
  return isYoungest
    ? [demandOf.lastIndexOf(demand)]
    : Array.from(demandOf.keys()).filter((index) => demandOf[index] === demand)
}

const comesBefore = (some: ReadonlyArray<Entry>, others: ReadonlyArray<Entry>): boolean => {
  const index = some.findIndex(({ seq }, index) => seq !== others[index]!.seq)
  return index >= 0 && some[index]!.seq < others[index]!.seq
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
    const own = this.candidatesOf(demand)
    let next = 0
    for (let given = 0; given < count; given++) {
      // Who owns one never gives it up for nothing: what is behind us is owned.
      while (next < own.length && this.owners.has(own[next]!)) {
        next++
      }
      if (next < own.length) {
        this.owners.set(own[next]!, demand)
        continue
      }
      const asked = this.augment([demand], isUnowned, never, inVain)
      if (asked !== undefined) {
        asked.forEach((each) => inVain.add(each))
        return given
      }
    }
    return count
  }

  /**
   * Gives a demand one more entry: a free one, or that of another which is content with another. `isFree` says of which
   * entries nobody has to be asked, `isSettled` which are not given away, and `inVain` are not asked. Returns the
   * demands that were asked in vain, or nothing.
   */
  augment(
    demands: ReadonlyArray<number>,
    isFree: (entry: E, owner: number | undefined) => boolean,
    isSettled: (entry: E) => boolean,
    inVain: ReadonlySet<number> = nobody
  ): ReadonlySet<number> | undefined {
    const asked = new Map<number, { readonly entry: E; readonly by: number } | undefined>(
      demands.map((demand) => [demand, undefined])
    )
    // Those that are added meanwhile come too.
    for (const [demand] of asked) {
      for (const entry of this.candidatesOf(demand)) {
        if (isSettled(entry)) {
          continue
        }
        const owner = this.owners.get(entry)
        if (isFree(entry, owner)) {
          this.pass(entry, demand, asked)
          return undefined
        }
        if (owner !== undefined && !asked.has(owner) && !inVain.has(owner)) {
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

const nobody: ReadonlySet<number> = new Set()

/** For a join that can be complete. */
const assign = <E extends Entry>(plan: Plan, candidatesOf: CandidatesOf<E>): ReadonlyArray<E> => {
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
  const settled = new Set<E>()
  /** What is before these is settled, or leaves too little: also to the next pattern of the demand. */
  const places = plan.demands.map(() => 0)
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
      owners.delete(candidatesOf(demand).find((other) => owners.get(other) === demand && !settled.has(other))!)
    }
    owners.set(entry, demand)
    return true
  }
  return plan.demandOf.map((demand) => {
    for (;;) {
      const entry = candidatesOf(demand)[places[demand]!++]!
      if (!settled.has(entry) && (owners.get(entry) === demand || exchange(demand, entry))) {
        settled.add(entry)
        return entry
      }
    }
  })
}

/**
 * An entry for each step, which says for which demand: of those that can be found, the oldest for the first step, then
 * for the second, … With `fixed` as the one for the step of this number, whose variables are bound already.
 *
 * The entries of one demand are chosen in order: otherwise the same ones would be tried in every order. Once a variable
 * is bound, those in which it stands have to have enough left that agree with it.
 */
const search = <E extends Entry>(
  { demands, users }: Plan,
  steps: ReadonlyArray<number>,
  first: First<E>,
  bindings: Bindings | undefined = undefined,
  index = -1,
  fixed?: E
): ReadonlyArray<E> | undefined => {
  const chosen: Array<E> = []
  const taken = new Set<E>(fixed === undefined ? [] : [fixed])
  const bounds: Array<Bindings | undefined> = [bindings]
  /** How many steps are left of each demand, and which was the last before each. */
  const left = demands.map(() => 0)
  const lasts = demands.map(() => -1)
  const previous = steps.map((demand, step) => {
    if (step === index) {
      return -1
    }
    const last = lasts[demand]!
    lasts[demand] = step
    left[demand]!++
    return last
  })
  lasts.fill(-1)

  const hasEnough = (demand: number, bound: Bindings | undefined): boolean => {
    const { pattern } = demands[demand]!
    let missing = left[demand]!
    const last = lasts[demand]!
    return missing === 0 ||
      first(
          pattern.given(bound),
          (entry) => !taken.has(entry) && pattern.bind(entry.tuple, bound) !== false && --missing === 0,
          last < 0 ? -1 : chosen[last]!.seq
        ) !== undefined
  }
  /** Whether what has been bound since leaves enough to the others. */
  const suffices = (bound: Bindings | undefined, before: Bindings | undefined): boolean => {
    for (let binding = bound; binding !== undefined && binding !== before; binding = binding.next) {
      if (!users.get(binding.name)!.every((demand) => hasEnough(demand, bound))) {
        return false
      }
    }
    return true
  }

  const choose = (entry: E): void => {
    const step = chosen.push(entry) - 1
    if (step !== index) {
      taken.add(entry)
      left[steps[step]!]!--
      lasts[steps[step]!] = step
    }
  }
  /** Takes back the last choice. Returns behind which entry to go on. */
  const goBack = (): number => {
    const entry = chosen.pop()!
    const step = chosen.length
    bounds.length = step + 1
    if (step === index) {
      return Infinity
    }
    taken.delete(entry)
    left[steps[step]!]!++
    lasts[steps[step]!] = previous[step]!
    return entry.seq
  }
  /** Makes the choice of the next step, behind an entry. */
  const goOn = (after: number): boolean => {
    const step = chosen.length
    const before = bounds[step]
    if (step === index) {
      if (after < Infinity) {
        choose(fixed!)
        bounds.push(before)
      }
      return after < Infinity
    }
    const { pattern } = demands[steps[step]!]!
    return first(pattern.given(before), (entry) => {
      const bound = taken.has(entry) ? false : pattern.bind(entry.tuple, before)
      if (bound === false) {
        return false
      }
      choose(entry)
      if (suffices(bound, before)) {
        bounds.push(bound)
        return true
      }
      goBack()
      return false
    }, after) !== undefined
  }

  if (!suffices(bindings, undefined)) {
    return undefined
  }
  for (let after = -1; chosen.length < steps.length;) {
    if (goOn(after)) {
      const last = previous[chosen.length] ?? -1
      after = last < 0 ? -1 : chosen[last]!.seq
    } else if (chosen.length === 0) {
      return undefined
    } else {
      after = goBack()
    }
  }
  return chosen
}
