/**
 * Joins: distinct tuples for several patterns at once.
 *
 * Without variables between the patterns this is a matching in a bipartite graph (`matching.ts`). Equal patterns share
 * their candidates, and are one demand of so many (`plan.ts`). With variables it is a search with backtracking,
 * in which the variables bound so far are looked up by index as if they were literals, and many are found through few
 * (`semijoin.ts`). A join that waits keeps an {@link Outlook} (`outlook.ts`), and does not search while that is dark.
 *
 * A join with guards is such a search too: of its members some are only read, and what must not be there is asked as
 * soon as the variables that it shares are bound (`absences.ts`).
 *
 * @internal
 */
import { beginning } from "../places.js"
import { Absences, dueAtFirst } from "./absences.js"
import { assign, collecting } from "./matching.js"
import { Outlook } from "./outlook.js"
import type { Pattern } from "./pattern.js"
import type { Demand, Entry, First, Plan, Source } from "./plan.js"
import { few } from "./plan.js"
import { Trials } from "./semijoin.js"
import type { Bindings } from "./term.js"

/**
 * An entry for each pattern, each in turn getting the oldest that is left to it. Those that are taken are distinct, and
 * none of them is read; what must not be there is not, but for those that are taken. Whoever keeps an outlook gives it,
 * and it is right afterwards.
 */
export const find = <E extends Entry>(
  plan: Plan,
  source: Source<E>,
  outlook?: Outlook<E>
): ReadonlyArray<E> | undefined => {
  const { first, isStored } = source
  const due = dueAtFirst(plan, source)
  const isMatching = plan.isPlain && due?.length === 0
  const found = isMatching ? oldest(plan, first) : undefined
  if (found !== undefined) {
    return found
  }
  if (outlook === undefined && due === undefined) {
    return undefined
  }
  if (outlook === undefined && isPair(plan)) {
    return pair(plan, source)
  }
  const candidatesOf = collecting(plan, first)
  if (!(outlook ?? new Outlook<E>(plan)).refresh(candidatesOf, isStored, outlook !== undefined) || due === undefined) {
    return undefined
  }
  if (isMatching) {
    return assign(plan, candidatesOf)
  }
  return isFeasible(plan, source, new Set()) ? complete(plan, source) : undefined
}

/** The whole search. */
const complete = <E extends Entry>(
  plan: Plan,
  source: Source<E>,
  bindings?: Bindings,
  index?: number,
  fixed?: E
): ReadonlyArray<E> | undefined => {
  const found = search(plan, plan.steps, source, bindings, index, fixed)
  return found && plan.spread(found)
}

/** Whether two are to be taken, which most joins with variables are of. */
const isPair = ({ absences, isPlain, patterns, takes }: Plan): boolean =>
  !isPlain && patterns.length === 2 && takes === 2 && absences.length === 0

/**
 * The same for a join that was not complete before an entry has come, and so is complete with it or not at all. With
 * variables that spares it all combinations of others.
 */
export const findWith = <E extends Entry>(
  plan: Plan,
  entry: E,
  source: Source<E>,
  outlook?: Outlook<E>
): ReadonlyArray<E> | undefined => {
  if (plan.isPlain) {
    return find(plan, source, outlook)
  }
  const { first, isStored } = source
  if (!(outlook ?? new Outlook<E>(plan)).refresh(collecting(plan, first), isStored, outlook !== undefined)) {
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
      search(plan, stepsOf(plan, connected), source, bound, 0, entry) === undefined ||
      !isFeasible(plan, source, connected)
    ) {
      continue
    }
    for (const index of positionsFor(plan, demand, entry, first)) {
      const found = complete(plan, source, bound, index, entry)
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
const isFeasible = <E extends Entry>(plan: Plan, source: Source<E>, known: ReadonlySet<number>): boolean => {
  const seen = new Set(known)
  return plan.demands.every(({ pattern }, demand) => {
    if (pattern.names.size === 0 || seen.has(demand)) {
      return true
    }
    const connected = plan.connectedTo(demand)
    connected.forEach((each) => seen.add(each))
    const steps = stepsOf(plan, connected)
    // If that is the whole search, it is left to it.
    return isSame(steps, plan.steps) || search(plan, steps, source) !== undefined
  })
}

const isSame = (some: ReadonlyArray<number>, others: ReadonlyArray<number>): boolean =>
  some.length === others.length && some.every((each, index) => each === others[index])

/** A step for each tuple that these demands look for. */
const stepsOf = ({ demands }: Plan, some: ReadonlySet<number>): ReadonlyArray<number> =>
  Array.from(some).flatMap((demand) => Array.from({ length: demands[demand]!.count }, () => demand))

/**
 * At which of the positions of a demand an entry may be. The oldest choice has equal patterns get theirs in order: the
 * youngest is the last.
 */
const positionsFor = <E extends Entry>(
  { demands, steps }: Plan,
  demand: number,
  entry: E,
  first: First<E>
): ReadonlyArray<number> => {
  const { pattern } = demands[demand]!
  const isYoungest = first(pattern, ({ tuple }) => pattern.matches(tuple), entry.seq) === undefined
  return isYoungest
    ? [steps.lastIndexOf(demand)]
    : Array.from(steps.keys()).filter((index) => steps[index] === demand)
}

const comesBefore = (some: ReadonlyArray<Entry>, others: ReadonlyArray<Entry>): boolean => {
  const index = some.findIndex(({ seq }, index) => seq !== others[index]!.seq)
  return index >= 0 && some[index]!.seq < others[index]!.seq
}

/** The search for two: it needs no outlook, and nothing to go back to. */
const pair = <E extends Entry>(plan: Plan, source: Source<E>): ReadonlyArray<E> | undefined => {
  const [one, other] = plan.patterns as readonly [Pattern, Pattern]
  if (source.first(other, ({ tuple }) => other.matches(tuple)) === undefined) {
    return undefined
  }
  let found: ReadonlyArray<E> | undefined
  new Trials(plan, source, 0, undefined).next((entry) => {
    const bound = one.bind(entry.tuple, undefined)
    const partner = bound === false
      ? undefined
      : source.first(other.given(bound), (each) => each !== entry && other.bind(each.tuple, bound) !== false)
    found = partner && [entry, partner]
    return partner !== undefined
  }, beginning)
  return found
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

/**
 * An entry for each step, which says for which demand: of those that can be found, the oldest for the first step, then
 * for the second, … With `fixed` as the one for the step of this number, whose variables are bound already.
 *
 * The entries of one demand are chosen in order: otherwise the same ones would be tried in every order. Once a variable
 * is bound, those in which it stands have to have enough left that agree with it.
 */
const search = <E extends Entry>(
  plan: Plan,
  steps: ReadonlyArray<number>,
  source: Source<E>,
  bindings: Bindings | undefined = undefined,
  index = -1,
  fixed?: E
): ReadonlyArray<E> | undefined => {
  const { demands, users } = plan
  const { first } = source
  const chosen: Array<E> = []
  const taken = new Set<E>()
  /** How many steps read an entry. */
  const readers = new Map<E, number>()
  const claim = (entry: E, demand: number): void => {
    if (demands[demand]!.reads) {
      readers.set(entry, (readers.get(entry) ?? 0) + 1)
    } else {
      taken.add(entry)
    }
  }
  const leave = (entry: E, demand: number): void => {
    if (demands[demand]!.reads) {
      const others = readers.get(entry)! - 1
      if (others === 0) {
        readers.delete(entry)
      } else {
        readers.set(entry, others)
      }
    } else {
      taken.delete(entry)
    }
  }
  const isFree = (entry: E, { reads }: Demand): boolean => !taken.has(entry) && (reads || !readers.has(entry))
  if (fixed !== undefined) {
    claim(fixed, steps[index]!)
  }
  const absences = plan.absences.length === 0 ? undefined : new Absences(plan, steps, source, taken, bindings)
  const bounds: Array<Bindings | undefined> = [bindings]
  const trials: Array<Trials<E>> = []
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
    const asked = demands[demand]!
    const { pattern } = asked
    let missing = left[demand]!
    const last = lasts[demand]!
    return missing === 0 ||
      first(
          pattern.given(bound),
          (entry) => isFree(entry, asked) && pattern.bind(entry.tuple, bound) !== false && --missing === 0,
          last < 0 ? beginning : chosen[last]!.seq
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
      claim(entry, steps[step]!)
      left[steps[step]!]!--
      lasts[steps[step]!] = step
    }
  }
  /** Takes back the last choice. Returns behind which entry to go on. */
  const goBack = (): number => {
    const entry = chosen.pop()!
    const step = chosen.length
    bounds.length = step + 1
    trials.length = step + 1
    if (step === index) {
      return Infinity
    }
    leave(entry, steps[step]!)
    left[steps[step]!]!++
    lasts[steps[step]!] = previous[step]!
    return entry.seq
  }
  /** Makes the choice of the next step, behind an entry. */
  const goOn = (after: number): boolean => {
    const step = chosen.length
    const before = bounds[step]
    if (step === index) {
      if (after === Infinity || absences?.isMet(step, fixed!, before) === false) {
        return false
      }
      choose(fixed!)
      bounds.push(before)
      return true
    }
    const demand = steps[step]!
    const asked = demands[demand]!
    const { pattern } = asked
    const trial = trials[step] ??= new Trials(plan, source, demand, before)
    return trial.next((entry) => {
      const bound = isFree(entry, asked) && pattern.bind(entry.tuple, before)
      if (bound === false) {
        return false
      }
      choose(entry)
      if (suffices(bound, before) && absences?.isMet(step, entry, bound) !== false) {
        bounds.push(bound)
        return true
      }
      goBack()
      return false
    }, after)
  }

  if (!suffices(bindings, undefined) || absences?.isMetAtFirst(bindings) === false) {
    return undefined
  }
  for (let after = beginning; chosen.length < steps.length;) {
    if (goOn(after)) {
      const last = previous[chosen.length] ?? -1
      after = last < 0 ? beginning : chosen[last]!.seq
    } else if (chosen.length === 0) {
      return undefined
    } else {
      after = goBack()
    }
  }
  return chosen
}
