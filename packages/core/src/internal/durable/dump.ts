/**
 * All that is in a store, written down and put.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { SpaceError } from "../../SpaceError.js"
import type { NewRow, Query, Row } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Dumped } from "../texts.js"
import { decoded, raw, storable } from "../texts.js"
import type { Verbs } from "../verbs.js"
import type { Ground } from "./ground.js"
import { page } from "./query.js"

/** All tuples of an arity, or of all that are as large: of failures too. */
const queryFor = (arity: number, open = false): Query => ({
  arity,
  open,
  shape: open ? "" : "_".repeat(Math.abs(arity)),
  literals: []
})

const everything = queryFor(-(2 ** 31), true)

/** What there is, and by what time the lives of tuples end. */
interface Start {
  readonly arities: ReadonlyArray<number>
  readonly now: () => number
}

/** A tuple of another arity that is put later is none of those that were there. */
const started = (ground: Ground): Effect.Effect<Start, SpaceError> => {
  const { session } = ground
  return ground.operation("export", (access) =>
    Effect.zipWith(
      access.exclusively((run) => run([{ op: "inspect" }, { op: "held", query: everything }])),
      Clock.currentTimeMillis,
      ({ replies: [inspected, held] }, millis) => {
        const [now, since] = [inspected.now ?? millis, session.now()]
        return {
          arities: Array.from(new Set([...inspected.tuples, ...held].map(({ arity }) => arity))),
          now: () => now + session.now() - since
        }
      }
    ))
}

/** The oldest tuples behind a place, stored or held, and whether there are more. */
const pageAfter = (
  ground: Ground,
  { arities }: Start,
  after: number
): Effect.Effect<readonly [rows: ReadonlyArray<Row>, isLast: boolean], SpaceError> =>
  ground.operation("export", (access) =>
    Effect.map(
      access.exclusively((run) =>
        // As one, so that none is missed that is taken or given back meanwhile.
        run([
          { op: "held", query: everything },
          ...arities.map((arity) => ({ op: "scan", query: queryFor(arity), after, limit: page }) as const)
        ])
      ),
      ({ replies: [held, ...stored] }) => {
        const rows = [...stored.flat(), ...held.filter(({ id }) => id > after)].sort((one, other) => one.id - other.id)
        return [rows.slice(0, page), rows.length <= page && stored.every(({ length }) => length < page)]
      }
    ))

export const dump = (ground: Ground): Verbs<SpaceError>["dump"] => () =>
  Stream.unwrap(
    Effect.map(started(ground), (start) =>
      start.arities.length === 0 ?
        Stream.empty :
        Stream.paginateChunkEffect(0, (after) =>
          Effect.map(pageAfter(ground, start, after), ([rows, isLast]) => {
            const now = start.now()
            return [
              // One that is held, and whose time is over, is gone when it comes back.
              Chunk.fromIterable(
                rows.filter(({ expires }) => expires === null || expires > now).map((row): Dumped => ({
                  fields: row.fields,
                  shape: row.shape,
                  failure: row.arity < 0,
                  ttl: row.expires === null ? null : row.expires - now,
                  attempts: row.attempts
                }))
              ),
              isLast ? Option.none() : Option.some(rows[rows.length - 1]!.id)
            ]
          })))
  )

/** Whether it is of the protocol of this program. */
const isKnown = ({ reader }: Ground, tuple: Tuple): boolean => {
  try {
    reader.check(tuple)
    return true
  } catch {
    return false
  }
}

export const load = (ground: Ground): Verbs<SpaceError>["load"] => (_, all) =>
  ground.operation("import", (access) => {
    const rows = all.map((dumped) => {
      const { attempts, ttl } = dumped
      const { values } = ground.reader
      const tuple = decoded(values, dumped)
      const stored = storable(dumped, tuple ?? raw(values, dumped))
      // Whoever waits is asked only about what this program can read.
      const isReadable = tuple !== undefined && isKnown(ground, tuple)
      return (): NewRow => ({
        ...stored,
        ttl,
        leased: false,
        meta: null,
        attempts,
        accepted: isReadable ? ground.session.offers.accepts(tuple) : []
      })
    })
    return Effect.asVoid(access.perform(() => ({ op: "put", rows: rows.map((row) => row()) })))
  })
