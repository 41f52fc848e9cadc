/**
 * What a store has for a join: candidates for each of its patterns, and how a search finds them by their literals.
 *
 * @internal
 */
import type { Query, Row } from "../../StoreCommand.js"
import { Lookups } from "../pattern/lookups.js"
import type { Pattern } from "../pattern/pattern.js"
import { keyOf } from "../pattern/pattern.js"
import type { Source } from "../pattern/plan.js"
import { beginning } from "../places.js"
import type { Reader, Reading } from "./reader.js"
import { isRead } from "./reader.js"
import type { Candidate } from "./wanted.js"

export class Gathered {
  private readonly candidates = new Map<number, Candidate>()
  private readonly byPattern = new Map<Pattern, Map<number, Candidate>>()

  constructor(
    private readonly reader: Reader,
    /** One for each row that was met, whatever for. */
    private readonly known = new Map<number, Candidate>()
  ) {}

  /** What is found for other patterns, among which a search of these does not look: a row is the same in both. */
  beside(): Gathered {
    return new Gathered(this.reader, this.known)
  }

  /** Counts a row for a pattern: once, however often it is met. */
  add(pattern: Pattern, row: Row, reading: Reading): Candidate {
    const candidate = this.known.get(row.id) ?? candidateOf(this.reader, row, reading)
    this.known.set(row.id, candidate)
    this.candidates.set(row.id, candidate)
    // The store has found it, so it has what the pattern says.
    pattern.terms.forEach(({ kind, value }, index) => {
      if (kind === "literal" && candidate.unread !== undefined) {
        candidate.unread[index] = value
      }
    })
    const found = this.byPattern.get(pattern) ?? new Map<number, Candidate>()
    this.byPattern.set(pattern, found.set(row.id, candidate))
    return candidate
  }

  /** Forgets a row that is gone. */
  remove(id: number): void {
    this.known.delete(id)
    this.candidates.delete(id)
    this.byPattern.forEach((found) => found.delete(id))
  }

  of(pattern: Pattern): ReadonlyMap<number, Candidate> {
    return this.byPattern.get(pattern) ?? nothing
  }

  /** All of it, for a search. */
  get source(): Source<Candidate> {
    const lists = new Lists(
      new Map(Array.from(this.byPattern, ([pattern, found]) => [pattern, sorted(found)])),
      sorted(this.candidates).filter(({ unread }) => unread === undefined)
    )
    return {
      first: (pattern, test, after) => lists.first(pattern, test, after),
      sizeOf: (pattern) => lists.of(pattern).length,
      isStored: () => true,
      absent: () => true
    }
  }
}

/** What finds, for each of these values of a variable, what has it; nothing, if one may be written in several ways. */
export const queriesFor = (
  reader: Reader,
  pattern: Pattern,
  name: string,
  values: Iterable<unknown>
): ReadonlyArray<Query> | undefined => {
  const [{ literals }] = reader.query(pattern)
  const queries = Array.from(values, (value) => reader.query(pattern.given({ name, value, next: undefined }))[0])
  return queries.every((query) => query.literals.length > literals.length) ? queries : undefined
}

const nothing: ReadonlyMap<number, Candidate> = new Map()

const candidateOf = (reader: Reader, row: Row, reading: Reading): Candidate => {
  const unread = isRead(reading) ? undefined : Array.from(reader.raw(row))
  const tuple = isRead(reading) ? reading : unread!
  return { row, tuple, failure: row.arity < 0, seq: row.id, unread }
}

const sorted = (found: ReadonlyMap<number, Candidate>): ReadonlyArray<Candidate> =>
  Array.from(found.values()).sort((one, other) => one.seq - other.seq)

/** Lists of candidates, in the order of choice. */
class Lists {
  private readonly read: Lookups<Candidate>

  constructor(
    private readonly byPattern: ReadonlyMap<Pattern, ReadonlyArray<Candidate>>,
    /** Those that were read. */
    read: ReadonlyArray<Candidate>
  ) {
    this.read = new Lookups(read, ({ tuple }, positions) => keyOf(tuple.map((value) => ({ value })), positions))
  }

  first(pattern: Pattern, test: (candidate: Candidate) => boolean, after = beginning): Candidate | undefined {
    const list = this.of(pattern)
    for (let index = indexBehind(list, after); index < list.length; index++) {
      const candidate = list[index]!
      if (candidate.failure === pattern.failure && test(candidate)) {
        return candidate
      }
    }
    return undefined
  }

  /** Those of a pattern of the join; or of one whose variables have values, which has nothing that cannot be read. */
  of(pattern: Pattern): ReadonlyArray<Candidate> {
    return this.byPattern.get(pattern) ?? this.read.of(pattern)
  }
}

/** The index of the first that is younger than that. */
const indexBehind = (list: ReadonlyArray<Candidate>, after: number): number => {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle]!.seq <= after) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}
