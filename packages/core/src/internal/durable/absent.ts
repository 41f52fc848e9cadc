/**
 * What must not be there for a join: what the store has of it, stored or held, asked under the lock of its look or of
 * its transaction.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Held, Query, Row, Run, Scan } from "../../StoreCommand.js"
import type { Absence, Plan, Source } from "../pattern/plan.js"
import { valuesOf } from "../pattern/semijoin.js"
import { beginning } from "../places.js"
import { visitPage } from "./finding.js"
import type { Gathered } from "./gathered.js"
import { queriesFor } from "./gathered.js"
import { page } from "./query.js"
import type { Reader, Reading } from "./reader.js"
import { isRead } from "./reader.js"
import type { Candidate } from "./wanted.js"

/** What is asked for one absence. */
export interface Question extends Absence {
  /** Finds all of it. */
  readonly query: Query
  readonly exact: boolean
  /** What is asked of what is stored: all of it, or, for each value that a variable can have, what has that. */
  readonly scans: ReadonlyArray<Query>
}

/** So many values of a variable are looked up, each by itself, before all is read instead. */
export const fewValues = 64

export class Absent {
  private readonly found: Gathered
  /** Those that somebody holds, and that may come back. */
  private readonly held = new Set<Candidate>()
  /** One that keeps the join from being complete as long as it is there. */
  witness: Row | undefined = undefined

  constructor(
    private readonly reader: Reader,
    private readonly plan: Plan,
    /** What there is for the demands of the join. */
    private readonly gathered: Gathered
  ) {
    this.found = gathered.beside()
  }

  /** What has to be asked. Those come first that no choice of the others can change. */
  get questions(): ReadonlyArray<Question> {
    const { absences } = this.plan
    const isOpen = ({ names }: Absence) => names.length > 0
    return [...absences.filter((absence) => !isOpen(absence)), ...absences.filter(isOpen)].map((absence) =>
      this.questionOf(absence)
    )
  }

  /** All of it, for a search among these. */
  get source(): Source<Candidate> {
    const { source } = this.found
    return {
      ...this.gathered.source,
      isStored: (candidate) => !this.held.has(candidate),
      absent: (pattern, test) => source.first(pattern, test) === undefined
    }
  }

  private questionOf(absence: Absence): Question {
    const { names, pattern } = absence
    const [query, exact] = this.reader.query(pattern)
    let scans: ReadonlyArray<Query> | undefined
    for (const name of names) {
      const values = pattern.isFoundBy(name) ? this.valuesOf(name) : undefined
      if (values !== undefined && values.size <= Math.min(fewValues, scans?.length ?? Infinity)) {
        scans = queriesFor(this.reader, pattern, name, values) ?? scans
      }
    }
    return { ...absence, query, exact, scans: scans ?? [query] }
  }

  /** The values that a variable can have: those of the demand that leaves the fewest. */
  private valuesOf(name: string): ReadonlySet<unknown> | undefined {
    let fewest: ReadonlySet<unknown> | undefined
    for (const demand of this.plan.users.get(name)!) {
      const { pattern } = this.plan.demands[demand]!
      const values = valuesOf(pattern, name, this.gathered.of(pattern).values())
      fewest = values !== undefined && values.size < (fewest?.size ?? Infinity) ? values : fewest
    }
    return fewest
  }

  /** Counts a tuple that must not be there. Says whether the join cannot be complete as long as it is. */
  meets({ exact, names, pattern }: Question, row: Row, reading: Reading, isHeld: boolean): boolean {
    if (!(isRead(reading) ? pattern.matches(reading) : exact)) {
      return false
    }
    const candidate = this.found.add(pattern, row, reading)
    if (isHeld) {
      this.held.add(candidate)
    }
    if ((isHeld || !this.canBeTaken(row, reading)) && names.length === 0) {
      this.witness = row
      return true
    }
    return false
  }

  /** Whether the join could take it itself: then it has to know of it, however many older ones there are. */
  private canBeTaken(row: Row, reading: Reading): boolean {
    let can = false
    for (const { pattern, reads } of this.plan.demands) {
      if (!reads && isRead(reading) && pattern.matches(reading)) {
        this.gathered.add(pattern, row, reading)
        can = true
      }
    }
    return can
  }
}

/**
 * Asks the store for all of it; not for the rest, once it is certain that the join is not complete. A tuple that was
 * `offered`, and is held for the join, counts as stored.
 */
export const askFor = (
  reader: Reader,
  run: Run,
  absent: Absent,
  offered: Row | undefined
): Effect.Effect<void, SpaceError> => {
  const ask = (question: Question): Effect.Effect<void, SpaceError> => {
    const { query, scans } = question
    const visit = (row: Row, reading: Reading) => absent.meets(question, row, reading, false)
    const first = [
      { op: "held", query } as Held,
      ...scans.map((query): Scan => ({ op: "scan", query, after: beginning, limit: page }))
    ]
    return Effect.flatMap(run(first), ({ replies }) => {
      const [held, ...stored] = replies as ReadonlyArray<ReadonlyArray<Row>>
      if (
        held!.some((row) => row.id !== offered?.id && absent.meets(question, row, reader.read(row), true)) ||
        offered !== undefined && visit(offered, reader.read(offered)) ||
        stored.some((rows) => rows.some((row) => visit(row, reader.read(row))))
      ) {
        return Effect.void
      }
      const rest = (query: Query, after: number | undefined): Effect.Effect<void, SpaceError> =>
        after === undefined || absent.witness !== undefined
          ? Effect.void
          : Effect.flatMap(visitPage(reader, run, query, visit, after), (last) => rest(query, last))
      return Effect.forEach(scans, (query, index) => rest(query, stored[index]![page - 1]?.id), { discard: true })
    })
  }
  return Effect.forEach(
    absent.questions,
    (question) => absent.witness === undefined ? ask(question) : Effect.void,
    { discard: true }
  )
}
