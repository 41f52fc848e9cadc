/**
 * What an exchange on a store finds, where only this program can decide: as the other operations find it, and ahead
 * where that is far. Otherwise its transaction would read all that it looks at under the lock.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Row, Run } from "../../StoreCommand.js"
import { Plan } from "../pattern/plan.js"
import { presentIn } from "../pattern/query.js"
import type { Asked } from "../queries.js"
import type { Far, From, Sought } from "./ahead.js"
import type { Seen } from "./facts.js"
import { storedAs } from "./facts.js"
import { each } from "./finding.js"
import { Gathering, questionsOf } from "./gathering.js"
import type { Found } from "./known.js"
import { Passed } from "./passed.js"
import type { Reader } from "./reader.js"
import { askedBy, oldestOf } from "./wishes.js"

/** How what a query finds is looked for before an STM asks for it. */
export interface Finding {
  readonly query: Asked
  readonly sought: Sought
  readonly look: (run: Run, from: From) => Effect.Effect<Found | undefined, Far | SpaceError>
}

/** Nothing, if the store can decide alone. */
export const findingOf = (reader: Reader, query: Asked): Finding | undefined => {
  const patterns = presentIn(query)
  const queries = patterns.map((pattern) => reader.query(pattern))
  if (query.form !== "all" && queries.every(([, exact]) => exact)) {
    return undefined
  }
  const asked = askedBy(patterns, queries)
  const seenOf = (rows: ReadonlyArray<Row>): ReadonlyArray<Seen> =>
    rows.map((row) => storedAs(row, (row) => reader.read(row)))
  if (query.form === "all") {
    const plan = new Plan(query.patterns, query.roles)
    const questions = questionsOf(reader, plan)
    return {
      query,
      sought: { ...asked, findings: () => new Gathering(reader, plan, questions) },
      look: (run, { gathering = new Gathering(reader, plan, questions), isBounded }) =>
        Effect.map(
          gathering.look(run, { isBounded, stops: true, outlook: undefined, offered: undefined }),
          (chosen) => {
            const seen = chosen && seenOf(chosen.map(({ row }) => row))
            return seen && { index: 0, seen, taken: plan.takenOf(seen) }
          }
        )
    }
  }
  const sought = { ...asked, findings: () => new Passed({ ...asked, tuple: (row) => reader.read(row) }) }
  const found = (index: number, rows: ReadonlyArray<Row>): Found => {
    const seen = seenOf(rows)
    return { index, seen, taken: seen }
  }
  if (query.form === "any") {
    const isFirst = query.prefer === "first"
    return {
      query,
      sought,
      look: (run, from) =>
        Effect.map(
          oldestOf(reader, run, patterns, queries, from, isFirst),
          (oldest) => oldest === null ? undefined : found(oldest.index, oldest.rows)
        )
    }
  }
  const [least, most] = query.form === "batch" ? [query.min, query.max] : [1, 1]
  return {
    query,
    sought,
    look: (run, from) =>
      Effect.suspend(() => {
        const rows: Array<Row> = []
        return Effect.map(
          each(reader, run, patterns[0]!, queries[0]!, (row) => rows.push(row) >= most, from),
          () => rows.length < least ? undefined : found(0, rows)
        )
      })
  }
}
