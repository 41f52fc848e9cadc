/**
 * What must not be there, in a search for a join.
 *
 * An absence is asked as soon as the variables are bound that it shares with what is taken or read: once for each way
 * to bind them. What is there and could still be taken by the join itself is *due*: it has to be taken. So the search
 * goes back as soon as more is due than it is going to take.
 *
 * @internal
 */
import type { Absence, Entry, Plan, Source } from "./plan.js"
import type { Bindings } from "./term.js"
import { lookup } from "./term.js"

/**
 * What has to be taken so that something is absent, of what is there; nothing, if that cannot be. `most`: so many can
 * still be taken.
 */
const dueFor = <E extends Entry>(
  { demands }: Plan,
  { absent, isStored }: Source<E>,
  { pattern }: Absence,
  bindings: Bindings | undefined,
  taken: ReadonlySet<E>,
  most: number
): ReadonlyArray<E> | undefined => {
  const due: Array<E> = []
  const canBeTaken = (entry: E) =>
    due.push(entry) <= most && isStored(entry) && demands.some(({ pattern, reads }) => !reads && pattern.admits(entry))
  const isMet = absent(
    pattern.given(bindings),
    (entry) => !taken.has(entry) && pattern.bind(entry.tuple, bindings) !== false && !canBeTaken(entry)
  )
  return isMet ? due : undefined
}

const nothing: ReadonlyArray<never> = []

/**
 * What has to be taken before the search begins: of the absences without shared variables. Nothing, if one of them
 * cannot be.
 */
export const dueAtFirst = <E extends Entry>(plan: Plan, source: Source<E>): ReadonlyArray<E> | undefined =>
  plan.absences.length === 0
    ? nothing
    : dueOf(plan, source, plan.absences.filter(({ names }) => names.length === 0), undefined, new Set(), plan.takes)

/** The same for several, of which each entry is due once. */
const dueOf = <E extends Entry>(
  plan: Plan,
  source: Source<E>,
  absences: ReadonlyArray<Absence>,
  bindings: Bindings | undefined,
  taken: ReadonlySet<E>,
  most: number
): ReadonlyArray<E> | undefined => {
  let all: ReadonlyArray<E> = nothing
  for (const absence of absences) {
    const due = dueFor(plan, source, absence, bindings, taken, most)
    all = due === undefined || due.length === 0 ? all : Array.from(new Set([...all, ...due]))
    if (due === undefined || all.length > most) {
      return undefined
    }
  }
  return all
}

/** The absences of a join, in one search of it: in all of its steps, or in some. */
export class Absences<E extends Entry> {
  /** Those whose variables are bound after so many steps, and not before. */
  private readonly ready: ReadonlyArray<ReadonlyArray<Absence>>
  /** How many the join still takes after so many steps, in these and in others. */
  private readonly toCome: ReadonlyArray<number>
  /** What is due after so many steps. */
  private readonly due: Array<ReadonlyArray<E>> = []

  constructor(
    private readonly plan: Plan,
    steps: ReadonlyArray<number>,
    private readonly source: Source<E>,
    /** What is taken by the steps so far. */
    private readonly taken: ReadonlySet<E>,
    bindings: Bindings | undefined
  ) {
    const { absences, demands, takes } = plan
    const bound = new Set<string>()
    const isReady = ({ names }: Absence) =>
      names.every((name) => bound.has(name) || lookup(bindings, name) !== undefined)
    let waiting = absences
    const ready = () => {
      const now = waiting.filter(isReady)
      waiting = waiting.filter((absence) => !now.includes(absence))
      return now
    }
    let left = takes
    const toCome = [takes]
    const atFirst = ready()
    const later = steps.map((demand) => {
      const { pattern, reads } = demands[demand]!
      pattern.names.forEach((name) => bound.add(name))
      left -= reads ? 0 : 1
      toCome.push(left)
      return ready()
    })
    this.ready = [atFirst, ...later]
    this.toCome = toCome
  }

  /** Whether the search may begin. */
  isMetAtFirst(bindings: Bindings | undefined): boolean {
    return this.isMetAfter(0, nothing, bindings)
  }

  /** Whether it may go on, now that a step, of this number, has chosen an entry. */
  isMet(step: number, entry: E, bindings: Bindings | undefined): boolean {
    const due = this.due[step]!
    const left = due.includes(entry) ? due.filter((other) => !this.taken.has(other)) : due
    return this.isMetAfter(step + 1, left, bindings)
  }

  private isMetAfter(count: number, before: ReadonlyArray<E>, bindings: Bindings | undefined): boolean {
    const { plan, ready, source, taken } = this
    const most = this.toCome[count]!
    const added = dueOf(plan, source, ready[count]!, bindings, taken, most)
    if (added === undefined) {
      return false
    }
    const due = before.length === 0 ? added : Array.from(new Set([...before, ...added]))
    this.due[count] = due
    return due.length <= most
  }
}
