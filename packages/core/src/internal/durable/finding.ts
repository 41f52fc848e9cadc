/**
 * What is in the store now: looked for, decoded, and taken.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Found, Query, Row, Run, Take } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import { isSpaceError } from "../brand.js"
import type { Pattern } from "../pattern/pattern.js"
import { beginning } from "../places.js"
import type { Access } from "./access.js"
import type { Making } from "./agenda.js"
import type { From, Sought } from "./ahead.js"
import { Far, near, searching } from "./ahead.js"
import { restoring, settling } from "./back.js"
import type { Ground } from "./ground.js"
import type { Range } from "./passed.js"
import { Passed, whole } from "./passed.js"
import { page, unlimited } from "./query.js"
import type { Reader, Reading } from "./reader.js"
import { isRead } from "./reader.js"
import type { Leaving, Session } from "./session.js"
import type { Met, Read } from "./wanted.js"

export const nothing: Read = { index: 0, rows: [], tuples: [] }

// ---------------------------------------------------------------------------------------------------------------------
// Decoding
// ---------------------------------------------------------------------------------------------------------------------

/** Undoes what an operation has done so far, for these tuples cannot be decoded. */
export class Unread {
  constructor(readonly ids: ReadonlyArray<number>, readonly error: SpaceError) {}
}

/** Decodes what was found. */
export const readOf = (reader: Reader, { alsoRead, index, rows }: Met): Read | Unread => {
  const ids: Array<number> = []
  let error: SpaceError | undefined
  const decode = (some: ReadonlyArray<Row>, isTaken: boolean): ReadonlyArray<Tuple> => {
    const tuples: Array<Tuple> = []
    for (const row of some) {
      const reading = reader.read(row)
      if (isRead(reading)) {
        tuples.push(reading)
      } else {
        error ??= reading
        if (isTaken) {
          ids.push(row.id)
        }
      }
    }
    return tuples
  }
  const tuples = decode(rows, true)
  const others = alsoRead && decode(alsoRead, false)
  return error === undefined ? { index, rows, tuples, others } : new Unread(ids, error)
}

const decoded = (reader: Reader, found: Found): Effect.Effect<Read, Unread> => {
  const read = readOf(reader, found)
  return read instanceof Unread ? Effect.fail(read) : Effect.succeed(read)
}

/** Counts a failed attempt of tuples that are stored. */
export const attempted = (
  session: Session,
  ids: ReadonlyArray<number>,
  ending: (hold: number, row: Row) => Making = (hold) => settling(hold, {}, true)
): Effect.Effect<void, SpaceError> =>
  session.exclusively((run) =>
    Effect.forEach(ids, (id) => {
      const hold = session.nextId()
      return Effect.flatMap(
        run([{ op: "claim", hold, ids: [id], waiter: null, final: false }]),
        ({ replies: [rows] }) => rows === null ? Effect.void : run([session.made(ending(hold, rows[0]!))])
      )
    }, { discard: true })
  )

/**
 * What fails on tuples that cannot be decoded has changed nothing. If it would have taken them, that counts as an
 * attempt.
 */
const readable = <A>(
  { session }: Ground,
  access: Access,
  takes: boolean,
  effect: Effect.Effect<A, SpaceError | Unread>
): Effect.Effect<A, SpaceError> =>
  Effect.catchAll(effect, (error) => {
    if (isSpaceError(error)) {
      return Effect.fail(error)
    }
    const counted = takes ? Effect.uninterruptible(access.afterwards(attempted(session, error.ids))) : Effect.void
    return Effect.zipRight(counted, Effect.fail(error.error))
  })

// ---------------------------------------------------------------------------------------------------------------------
// Looking
// ---------------------------------------------------------------------------------------------------------------------

export type Visit = (row: Row, reading: Reading) => boolean

/**
 * Calls with a page of what a query finds up to a place. Returns its last place, if that was not enough and there may
 * be more.
 */
export const visitPage = (
  reader: Reader,
  run: Run,
  query: Query,
  visit: Visit,
  after: number,
  upTo = Infinity,
  limit = page
): Effect.Effect<number | undefined, SpaceError> =>
  Effect.map(
    run([{ op: "scan", query, after, limit }]),
    ({ replies: [rows] }) =>
      rows.some((row) => row.id > upTo || visit(row, reader.read(row))) || rows.length < limit
        ? undefined
        : rows[limit - 1]!.id
  )

/**
 * Calls with what matches, in the order of choice, until it says that this is enough. That may be a tuple that cannot
 * be decoded, if the pattern asks by types and literals alone.
 */
export const each = (
  reader: Reader,
  run: Run,
  pattern: Pattern,
  [query, exact]: readonly [query: Query, exact: boolean],
  visit: (row: Row) => boolean,
  { isBounded, ranges }: From,
  number = 0
): Effect.Effect<void, Far | SpaceError> =>
  Effect.suspend(() => {
    let isVain = true
    let isEnough = false
    const visited: Visit = (row, reading) => {
      const matches = isRead(reading) ? pattern.matches(reading) : exact
      isVain &&= !matches
      isEnough = matches && visit(row)
      return isEnough
    }
    const [first = whole, ...others] = ranges[number] ?? []
    let left = others
    const from = (
      place: number,
      upTo: number,
      limit: number,
      pages: number
    ): Effect.Effect<void, Far | SpaceError> =>
      Effect.flatMap(visitPage(reader, run, query, visited, place, upTo, limit), (last) => {
        if (last !== undefined) {
          return isBounded && isVain && pages === near
            ? Effect.fail(new Far())
            : from(last, upTo, page, pages + Number(limit === page))
        }
        const [next] = left
        left = left.slice(1)
        return next === undefined || isEnough ? Effect.void : into(next, pages)
      })
    // Most often nothing has come there.
    const into = ({ after, upTo }: Range, pages: number) => from(after, upTo, upTo < Infinity ? 1 : page, pages)
    return into(first, 1)
  })

/** What is looked for, for one pattern. */
const soughtBy = (reader: Reader, pattern: Pattern): Sought => {
  const [query, exact] = reader.query(pattern)
  const asked = { patterns: [pattern], queries: [query] }
  const exactly = exact ? [query] : []
  return { ...asked, findings: () => new Passed({ ...asked, exactly, tuple: (row) => reader.read(row) }) }
}

/**
 * Looks for what matches, and does something about it. If that `takes`, what it fails on, since it cannot be decoded,
 * has had an attempt.
 */
export const seeking = <A>(
  ground: Ground,
  access: Access,
  takes: boolean,
  pattern: Pattern,
  body: (run: Run, from: From) => Effect.Effect<A, Far | SpaceError | Unread>,
  leaving?: Leaving<A>
): Effect.Effect<A, SpaceError> =>
  readable(
    ground,
    access,
    takes,
    searching(ground.session, access, soughtBy(ground.reader, pattern), body, leaving)
  )

/** All that match, in the order of choice, up to a limit. */
export const all = (
  reader: Reader,
  run: Run,
  pattern: Pattern,
  from: From,
  limit = Infinity
): Effect.Effect<Read, Far | SpaceError | Unread> =>
  Effect.suspend(() => {
    const rows: Array<Row> = []
    return limit === 0 ? Effect.succeed(nothing) : Effect.flatMap(
      each(reader, run, pattern, reader.query(pattern), (row) => rows.push(row) >= limit, from),
      () => decoded(reader, { index: 0, rows })
    )
  })

/** What matches and stays: all of it, or only the first choice. */
export const copies = (
  ground: Ground,
  access: Access,
  pattern: Pattern,
  limit: number = Infinity
): Effect.Effect<Read, SpaceError> => {
  const { reader } = ground
  const [query, exact] = reader.query(pattern)
  return exact
    ? readable(
      ground,
      access,
      false,
      Effect.flatMap(
        access.perform({ op: "scan", query, after: beginning, limit: Math.min(limit, unlimited) }),
        (rows) => decoded(reader, { index: 0, rows })
      )
    )
    : seeking(ground, access, false, pattern, (run, from) => all(reader, run, pattern, from, limit))
}

// ---------------------------------------------------------------------------------------------------------------------
// Taking
// ---------------------------------------------------------------------------------------------------------------------

/** Takes rows that were found, to hold them or for good: as they are then, if all of them were still there. */
export const claim = (
  run: Run,
  hold: number,
  rows: ReadonlyArray<Row>,
  waiter: number | null,
  final: boolean
): Effect.Effect<ReadonlyArray<Row> | null, SpaceError> =>
  Effect.map(
    run([{ op: "claim", hold, ids: rows.map(({ id }) => id), waiter, final }]),
    ({ replies: [claimed] }) => claimed
  )

/**
 * Looks, and takes what it has found. The time of that may have ended in between, and then it looks again; if it finds
 * the same, it is the waiter that is gone.
 */
export const claimed = <A extends Pick<Read, "rows"> | null, E>(
  look: Effect.Effect<A, E>,
  take: (rows: ReadonlyArray<Row>) => Effect.Effect<ReadonlyArray<Row> | null, SpaceError>,
  before: ReadonlyArray<Row> = []
): Effect.Effect<A | null, E | SpaceError> =>
  Effect.flatMap(look, (found): Effect.Effect<A | null, E | SpaceError> => {
    if (found === null || found.rows.length === 0) {
      return Effect.succeed(found)
    }
    const { rows } = found
    return rows.length === before.length && rows.every(({ id }, index) => id === before[index]!.id)
      ? Effect.succeed(null)
      : Effect.flatMap(take(rows), (taken) =>
        taken !== null ? Effect.succeed({ ...found, rows: taken }) : claimed(look, take, rows))
  })

/** Takes all or, if one of them cannot be decoded, none. */
export const takeAll = (reader: Reader, run: Run, take: Take): Effect.Effect<Read, SpaceError | Unread> =>
  Effect.flatMap(run([take]), ({ replies: [[found = null]] }) => {
    if (found === null) {
      return Effect.succeed(nothing)
    }
    const read = readOf(reader, found)
    // Within a transaction of the user's nobody else undoes it.
    return read instanceof Unread
      ? Effect.zipRight(run([take.final ? restoring(found.rows) : settling(take.holds[0]!)]), Effect.fail(read))
      : Effect.succeed(read)
  })
