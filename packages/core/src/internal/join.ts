/**
 * Joins: distinct tuples for several patterns at once.
 *
 * Without variables between the patterns this is a matching in a bipartite graph, and is found by augmenting paths. Of k
 * patterns each needs to know no more than its k oldest matches: if k distinct tuples can be found at all, they can be found
 * among these (the others cannot use up more than k - 1 of them). With variables it is a search with backtracking, in which
 * the variables bound so far are looked up by index as if they were literals.
 *
 * @internal
 */
import type { Bindings, Pattern } from "./pattern.js"

/** What is joined. */
interface Entry {
  readonly tuple: ReadonlyArray<unknown>
}

/** Finds the oldest entry that passes the test, among those with the literals of the pattern, testing them in order. */
type First<E extends Entry> = (pattern: Pattern, test: (entry: E) => boolean) => E | undefined

/** An entry for each pattern, all distinct, each pattern in turn getting the oldest that is left to it; or none. */
export const find = <E extends Entry>(
  patterns: ReadonlyArray<Pattern>,
  first: First<E>
): ReadonlyArray<E> | undefined => shareVariables(patterns) ? search(patterns, first) : assign(patterns, first)

/**
 * Whether each of the other patterns has a match once an entry has one of them. A join that waits could not be complete without
 * the entry, so this spares most of those that it does not complete the whole search.
 */
export const mayComplete = <E extends Entry>(
  patterns: ReadonlyArray<Pattern>,
  entry: E,
  first: First<E>
): boolean =>
  patterns.some((pattern) => {
    const bound = pattern.bind(entry.tuple, undefined)
    return bound !== false && patterns.every((other) =>
      other === pattern ||
      first(other.given(bound), (candidate) => other.bind(candidate.tuple, bound) !== false) !== undefined
    )
  })

/** Whether each pattern needs to know no more than its oldest matches, as many as there are patterns. */
export const isPlain = (patterns: ReadonlyArray<Pattern>): boolean => !shareVariables(patterns)

/** Whether a variable stands in two of the patterns. */
const shareVariables = (patterns: ReadonlyArray<Pattern>): boolean => {
  const names = patterns.flatMap((pattern) => Array.from(pattern.names))
  return new Set(names).size < names.length
}

const assign = <E extends Entry>(patterns: ReadonlyArray<Pattern>, first: First<E>): ReadonlyArray<E> | undefined => {
  const candidates: Array<ReadonlyArray<E>> = []
  for (const pattern of patterns) {
    const oldest: Array<E> = []
    first(pattern, (entry) => pattern.matches(entry.tuple) && oldest.push(entry) === patterns.length)
    if (oldest.length === 0) {
      return undefined
    }
    candidates.push(oldest)
  }
  const chosen: Array<E> = []
  const takenBy = new Map<E, number>()
  const give = (index: number, entry: E): true => {
    chosen[index] = entry
    takenBy.set(entry, index)
    return true
  }
  /** Gives the pattern its oldest free candidate, or one whose present owner can be content with another. */
  const satisfy = (index: number, tried: Set<E>): boolean => {
    for (const entry of candidates[index]!) {
      if (!takenBy.has(entry)) {
        return give(index, entry)
      }
    }
    for (const entry of candidates[index]!) {
      if (!tried.has(entry)) {
        tried.add(entry)
        if (satisfy(takenBy.get(entry)!, tried)) {
          return give(index, entry)
        }
      }
    }
    return false
  }
  if (!patterns.every((_, index) => satisfy(index, new Set()))) {
    return undefined
  }
  // Who had to make way may have done so for one that comes after it. Each in turn gets the oldest that leaves enough to those.
  const settled = new Set<E>()
  patterns.forEach((_, index) => {
    for (const entry of candidates[index]!) {
      const owner = takenBy.get(entry)
      if (owner === index) {
        break
      }
      if (!settled.has(entry)) {
        const given = chosen[index]!
        takenBy.delete(given)
        give(index, entry)
        if (owner === undefined || satisfy(owner, new Set(settled).add(entry))) {
          break
        }
        give(owner, entry)
        give(index, given)
      }
    }
    settled.add(chosen[index]!)
  })
  return chosen
}

const search = <E extends Entry>(patterns: ReadonlyArray<Pattern>, first: First<E>): ReadonlyArray<E> | undefined => {
  const chosen: Array<E> = []
  const extend = (bindings: Bindings | undefined): boolean => {
    const pattern = patterns[chosen.length]
    if (pattern === undefined) {
      return true
    }
    return first(pattern.given(bindings), (entry) => {
      const bound = chosen.includes(entry) ? false : pattern.bind(entry.tuple, bindings)
      if (bound === false) {
        return false
      }
      chosen.push(entry)
      if (extend(bound)) {
        return true
      }
      chosen.pop()
      return false
    }) !== undefined
  }
  // A pattern without any match ends the search before it begins.
  return patterns.every((pattern) => first(pattern, (entry) => pattern.matches(entry.tuple)) !== undefined) &&
      extend(undefined)
    ? chosen
    : undefined
}
