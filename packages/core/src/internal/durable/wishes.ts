/**
 * What a waiter wants: how it is looked for where the store cannot decide alone, and what becomes of what is found.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Found, Row, Run } from "../../StoreCommand.js"
import { isSpaceError } from "../brand.js"
import type { Policy } from "../hold.js"
import { failed } from "../hold.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Several } from "../pattern/query.js"
import type { Making } from "./agenda.js"
import { everything } from "./ahead.js"
import type { Far, From } from "./ahead.js"
import { restoring, settling } from "./back.js"
import type { Endings } from "./ending.js"
import { attempted, claim, claimed, each, readOf, Unread } from "./finding.js"
import type { Ground } from "./ground.js"
import { Passed } from "./passed.js"
import type { Reader } from "./reader.js"
import type { Wanted } from "./wanted.js"
import { Refusal } from "./wanted.js"

// ---------------------------------------------------------------------------------------------------------------------
// What becomes of it
// ---------------------------------------------------------------------------------------------------------------------

/** Decodes what was read. */
export const reads = ({ reader }: Ground): Wanted["read"] => (_, found) => {
  const read = readOf(reader, found)
  return read instanceof Unread ? refused(read) : read
}

/** Nothing was taken that would have to go back. */
const refused = ({ error }: Unread): Refusal => new Refusal(Cause.fail(error), undefined)

/** Decodes what was taken for good. */
export const takes = ({ reader, session }: Ground): Wanted["read"] => (_, found) => {
  const read = readOf(reader, found)
  if (!(read instanceof Unread)) {
    return read
  }
  if (found.rows.length === 0) {
    return refused(read)
  }
  const cause = Cause.fail(read.error)
  return new Refusal(cause, {
    back: () => [[restoring(found.rows.map((row) => ({ ...row, attempts: row.attempts + 1 })))], cause],
    undo: restoring(found.rows),
    count: attempted(session, read.ids)
  })
}

/** Decodes what is held for a use. */
export const holds = ({ reader, session }: Ground, endings: Endings, options: Policy): Wanted["read"] => {
  const back = (cause: Cause.Cause<unknown>, hold: number, row: Row): readonly [Making, Cause.Cause<unknown>] => {
    try {
      return [endings.ended(hold, [row], failed(cause, row.attempts, () => reader.raw(row), options), true), cause]
    } catch (thrown) {
      const other = isSpaceError(thrown) ? Cause.fail(thrown) : Cause.die(thrown)
      return [endings.ended(hold, [row], { how: "place", failed: true }, true), Cause.sequential(cause, other)]
    }
  }
  return (hold, found) => {
    const read = readOf(reader, found)
    if (!(read instanceof Unread)) {
      return read
    }
    if (found.rows.length === 0) {
      return refused(read)
    }
    const cause = Cause.fail(read.error)
    return new Refusal(cause, {
      back: () => {
        const backs = found.rows.map((row) => back(cause, hold, row))
        return [backs.map(([make]) => make), backs.find(([, other]) => other !== cause)?.[1] ?? cause]
      },
      undo: settling(hold),
      count: attempted(session, read.ids, (hold, row) => back(cause, hold, row)[0])
    })
  }
}

/** Gives what is held for who decides elsewhere what becomes of it: as it is, if it cannot be decoded. */
export const raws = ({ reader }: Ground): Wanted["read"] => (_, found) => {
  const read = readOf(reader, found)
  const raw = (rows: ReadonlyArray<Row>) => rows.map((row) => reader.raw(row))
  return read instanceof Unread
    ? { ...found, tuples: raw(found.rows), others: found.alsoRead && raw(found.alsoRead), unread: read.error }
    : read
}

// ---------------------------------------------------------------------------------------------------------------------
// How it is looked for
// ---------------------------------------------------------------------------------------------------------------------

/** What a waiter wishes, in whatever way it is looked for. */
export interface Wish extends Pick<Wanted, "final" | "kind" | "patterns" | "read" | "shown" | "timeout"> {
  /** Of a join: what its patterns are for. */
  readonly roles?: Several["roles"]
  /** Of a choice. */
  readonly prefer?: Several["prefer"]
}

/** The oldest tuple that matches one of the patterns, or the first of them that any tuple matches. */
export const oneOf = ({ reader }: Ground, wish: Wish, as: "in" | "rd"): Wanted => {
  const { patterns } = wish
  const queries = patterns.map((pattern) => reader.query(pattern))
  const describing = described(reader, wish, queries)
  return {
    ...describing,
    as,
    findings: () => new Passed(describing),
    // The store knows of no preference.
    exact: wish.prefer === undefined && queries.every(([, exact]) => exact),
    attempt: (run, hold, waiter, { from = everything }) => {
      const look = oldestOf(reader, run, patterns, queries, from, wish.prefer === "first")
      return as === "in"
        ? claimed(look, (rows) => claim(run, hold, rows, waiter, wish.final))
        : reading(run, look, waiter)
    }
  }
}

/** Reads what a look finds: that ends the waiter, unless it has been served meanwhile. */
export const reading = <A extends Found, E>(
  run: Run,
  look: Effect.Effect<A | null, E>,
  waiter: number | null
): Effect.Effect<A | null, E | SpaceError> =>
  waiter === null ? look : Effect.flatMap(look, (found) =>
    found === null ? Effect.succeed(null) : Effect.map(
      run([{ op: "cancel", waiters: [waiter] }]),
      ({ replies: [[was]] }) => was === true ? found : null
    ))

/** What the store is asked for patterns. */
export const askedBy = (
  patterns: ReadonlyArray<Pattern>,
  queries: ReadonlyArray<ReturnType<Reader["query"]>>
): Pick<Wanted, "exactly" | "patterns" | "queries"> => ({
  patterns,
  queries: queries.map(([query]) => query),
  exactly: queries.filter(([, exact]) => exact).map(([query]) => query)
})

/** What is the same for all that can be wanted. */
export const described = (
  reader: Reader,
  { final, kind, patterns, read, shown, timeout }: Wish,
  queries: ReadonlyArray<ReturnType<Reader["query"]>>
) => ({
  kind,
  shown,
  ...askedBy(patterns, queries),
  final,
  timeout,
  tuple: (row: Row) => reader.read(row),
  read
})

/** The oldest of what matches one of these, or the first of them that something matches. */
export const oldestOf = (
  reader: Reader,
  run: Run,
  patterns: ReadonlyArray<Pattern>,
  queries: ReadonlyArray<ReturnType<Reader["query"]>>,
  from: From,
  isFirst: boolean
): Effect.Effect<Found | null, Far | SpaceError> =>
  Effect.suspend(() => {
    let oldest: Found | null = null
    return Effect.map(
      Effect.forEach(patterns, (pattern, index) =>
        isFirst && oldest !== null ? Effect.void : each(
          reader,
          run,
          pattern,
          queries[index]!,
          (row) => {
            if (oldest === null || row.id < oldest.rows[0]!.id) {
              oldest = { index, rows: [row] }
            }
            return true
          },
          from,
          index
        ), { discard: true }),
      () => oldest
    )
  })
