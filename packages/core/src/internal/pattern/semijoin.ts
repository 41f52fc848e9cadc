/**
 * How a search finds the candidates of a demand that has many: through another demand that has few.
 *
 * The entries of the few say which values a variable can have, and the many are looked up by these: a semi-join
 * (Bernstein & Chiu, Using Semi-Joins to Solve Relational Queries, 1981). So it goes from demand to demand, along the
 * variables that they share. It leaves out only what is in no complete join, and what it finds is tried in order of age
 * like the others. So a search takes the same with it as without.
 *
 * @internal
 */
import type { Pattern } from "./pattern.js"
import type { Entry, Plan, Role, Source } from "./plan.js"
import { few } from "./plan.js"
import type { Bindings } from "./term.js"
import { lookup } from "./term.js"

/** A demand on a route from one that has few candidates to one that has many. */
interface Stop {
  readonly demand: number
  /** Where the route goes on, and the variable by whose values what is there is looked up. */
  readonly next: { readonly stop: Stop; readonly by: string } | undefined
}

/** What is known where a route begins. */
interface Place {
  /** Whether a variable has a value already. */
  readonly isKnown: (name: string) => boolean
  readonly sizeOf: (demand: number) => number
}

/** From the demand with the fewest candidates, of so many that are near, to this one; nothing, if it has the fewest. */
const routeTo = (
  { demands, users }: Plan,
  demand: number,
  { isKnown, sizeOf }: Place,
  most: number
): Stop | undefined => {
  const stops: Array<Stop> = [{ demand, next: undefined }]
  const passed = new Set([demand])
  // Those that are added meanwhile come too.
  for (const stop of stops) {
    const { pattern } = demands[stop.demand]!
    for (const by of pattern.names) {
      if (isKnown(by) || !pattern.isFoundBy(by)) {
        continue
      }
      for (const other of users.get(by)!) {
        if (stops.length < most && !passed.has(other)) {
          passed.add(other)
          stops.push({ demand: other, next: { stop, by } })
        }
      }
    }
  }
  let best: Stop | undefined
  let fewest = stops.length === 1 ? 0 : sizeOf(demand)
  for (const stop of stops) {
    const size = stop.next === undefined || fewest === 0 ? fewest : sizeOf(stop.demand)
    if (size < fewest) {
      best = stop
      fewest = size
    }
  }
  return best
}

/**
 * The entries of a demand that agree with the bindings and with some entry of another, oldest first. Nothing, if no
 * other has fewer, or if more than so many would have to be looked at.
 */
const through = <E extends Entry>(
  plan: Plan,
  { first, sizeOf }: Source<E>,
  demand: number,
  bindings: Bindings | undefined,
  most: number
): ReadonlyArray<E> | undefined => {
  const { demands } = plan
  const place: Place = {
    isKnown: (name) => lookup(bindings, name) !== undefined,
    sizeOf: (other) => sizeOf(demands[other]!.pattern.given(bindings))
  }
  const start = routeTo(plan, demand, place, most)
  if (start === undefined || place.sizeOf(start.demand) > most) {
    return undefined
  }
  let looks = 0
  const gather = (demand: number, bound: Bindings | undefined, found: Set<E>): void => {
    const { pattern } = demands[demand]!
    first(pattern.given(bound), (entry) => {
      if (pattern.bind(entry.tuple, bound) !== false) {
        found.add(entry)
      }
      return ++looks > most
    })
  }
  let found = new Set<E>()
  gather(start.demand, bindings, found)
  for (let stop: Stop = start; stop.next !== undefined && looks <= most; stop = stop.next.stop) {
    const { pattern } = demands[stop.demand]!
    const { by, stop: { demand } } = stop.next
    const values = valuesOf(pattern, by, found, bindings)
    if (values === undefined) {
      return undefined
    }
    found = new Set()
    for (const value of values) {
      gather(demand, { name: by, value, next: bindings }, found)
    }
  }
  return looks > most ? undefined : Array.from(found).sort(byAge)
}

/** The values that a variable has in entries of a pattern; nothing, if one of these agrees with any value. */
export const valuesOf = (
  pattern: Pattern,
  name: string,
  entries: Iterable<Pick<Entry, "tuple">>,
  bindings?: Bindings
): ReadonlySet<unknown> | undefined => {
  const values = new Set<unknown>()
  for (const { tuple } of entries) {
    const known = lookup(pattern.bind(tuple, bindings) || undefined, name)
    if (known === undefined) {
      // The variable stands in an array that has no members.
      return undefined
    }
    values.add(known.value)
  }
  return values
}

/** A pattern of a join, when a search comes to it. */
export interface Step {
  /** Its number among those that were given, whatever they are for. */
  readonly index: number
  /** How many entries have its literals. */
  readonly candidates: number
  /** The variables that have a value by then, of those by whose values it is looked up. */
  readonly by: ReadonlyArray<string>
  /** What it is for, if not all are taken. */
  readonly role?: Role
}

/**
 * The patterns of a join in the order in which a search looks at them whose first candidates are in vain: each as it is
 * given, and before it those through which it is found; what must not be there, as soon as it can be asked for.
 */
export const planOf = (plan: Plan, sizeOf: (pattern: Pattern) => number): ReadonlyArray<Step> => {
  const { demandOf, demands, isGuarded, members } = plan
  const sizes = demands.map(({ pattern }) => sizeOf(pattern))
  const known = new Set<string>()
  const visited = new Set<number>()
  const byFor = (pattern: Pattern) =>
    Array.from(pattern.names).filter((name) => known.has(name) && pattern.isFoundBy(name))
  const visit = (demand: number): ReadonlyArray<Step> => {
    visited.add(demand)
    const { pattern, reads } = demands[demand]!
    const indexes = Array.from(demandOf.keys()).filter((index) => demandOf[index] === demand)
    const steps = indexes.map((index): Step => {
      const by = byFor(pattern)
      pattern.names.forEach((name) => known.add(name))
      const step = { index: members[index]!, candidates: sizes[demand]!, by }
      return isGuarded ? { ...step, role: reads ? "read" : "take" } : step
    })
    return [...steps, ...absent()]
  }
  let absences = plan.absences
  /** What can be asked for by now, and could not before. */
  const absent = (): ReadonlyArray<Step> => {
    const ready = absences.filter(({ names }) => names.every((name) => known.has(name)))
    absences = absences.filter((absence) => !ready.includes(absence))
    return ready.map(({ member, pattern }): Step => ({
      index: member,
      candidates: sizeOf(pattern),
      by: byFor(pattern),
      role: "absent"
    }))
  }
  const place: Place = {
    isKnown: (name) => known.has(name),
    sizeOf: (demand) => sizes[demand]!
  }
  const atFirst = absent()
  const steps = Array.from(demands.keys()).flatMap((demand) =>
    visited.has(demand)
      ? []
      : along(routeTo(plan, demand, place, Infinity) ?? { demand, next: undefined }).flatMap(visit)
  )
  return [...atFirst, ...steps]
}

const along = (start: Stop): ReadonlyArray<number> => {
  const demands: Array<number> = []
  for (let stop: Stop | undefined = start; stop !== undefined; stop = stop.next?.stop) {
    demands.push(stop.demand)
  }
  return demands
}

const byAge = (one: Entry, other: Entry): number => one.seq - other.seq

/** What a step of a search tries: all candidates of its demand until that was in vain for a while, then what agrees. */
export class Trials<E extends Entry> {
  private looks = 0
  /** After so many looks it is tried to find fewer: that may cost as much again. */
  private patience = 1
  private fewer: ReadonlyArray<E> | undefined = undefined

  constructor(
    private readonly plan: Plan,
    private readonly source: Source<E>,
    private readonly demand: number,
    private readonly bindings: Bindings | undefined
  ) {}

  /** Whether one of those behind `after` passes the test, the oldest first. */
  next(test: (entry: E) => boolean, after: number): boolean {
    const given = this.plan.demands[this.demand]!.pattern.given(this.bindings)
    for (let last = after;;) {
      if (this.looks >= this.patience) {
        this.narrow()
      }
      if (this.fewer !== undefined) {
        return this.fewer.some((entry) => entry.seq > last && test(entry))
      }
      let passes = false
      const stopped = this.source.first(given, (entry) => {
        this.looks++
        last = entry.seq
        passes = test(entry)
        return passes || this.looks >= this.patience
      }, last)
      if (passes || stopped === undefined) {
        return passes
      }
    }
  }

  private narrow(): void {
    const { bindings, demand, looks, plan, source } = this
    this.patience = 2 * looks
    this.fewer ??= through(plan, source, demand, bindings, Math.max(few, looks))
  }
}
