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
import type { NewRow, NewScheduled, Put, Query, Row, Run, ScheduledRow } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import { failing } from "../arguments.js"
import { beginning, priorityOf } from "../places.js"
import type { Dumped } from "../texts.js"
import { decoded, raw, storable } from "../texts.js"
import type { Verbs } from "../verbs.js"
import type { Ground } from "./ground.js"
import { noSchedules } from "./ground.js"
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

/** What is still to come, if the store has such tuples. */
const scheduledIn = (ground: Ground, run: Run): Effect.Effect<ReadonlyArray<ScheduledRow>, SpaceError> =>
  ground.schedules
    ? Effect.map(run([{ op: "scheduled" }]), ({ replies: [scheduled] }) => scheduled)
    : Effect.succeed([])

/** A tuple of another arity that is put later is none of those that were there. */
const started = (ground: Ground): Effect.Effect<Start, SpaceError> => {
  const { session } = ground
  return ground.operation("export", (access) =>
    Effect.zipWith(
      access.exclusively((run) =>
        Effect.zip(run([{ op: "inspect" }, { op: "held", query: everything }]), scheduledIn(ground, run))
      ),
      Clock.currentTimeMillis,
      ([{ replies: [inspected, held] }, scheduled], millis) => {
        const [now, since] = [inspected.now ?? millis, session.now()]
        return {
          arities: Array.from(new Set([...inspected.tuples, ...held, ...scheduled].map(({ arity }) => arity))),
          now: () => now + session.now() - since
        }
      }
    ))
}

/** What is found of a space at an instant. */
interface Page {
  /** The oldest tuples behind a place, stored or held. */
  readonly rows: ReadonlyArray<Row>
  readonly isLast: boolean
  /** With the last ones comes what is still to come, so that nothing comes in between and is missed. */
  readonly scheduled: ReadonlyArray<ScheduledRow>
}

const pageAfter = (
  ground: Ground,
  { arities }: Start,
  after: number
): Effect.Effect<Page, SpaceError> =>
  ground.operation("export", (access) =>
    access.exclusively((run) =>
      Effect.flatMap(
        // As one, so that none is missed that is taken or given back meanwhile.
        run([
          { op: "held", query: everything },
          ...arities.map((arity) => ({ op: "scan", query: queryFor(arity), after, limit: page }) as const)
        ]),
        ({ replies: [held, ...stored] }) => {
          const rows = [...stored.flat(), ...held.filter(({ id }) => id > after)]
            .sort((one, other) => one.id - other.id)
          const isLast = rows.length <= page && stored.every(({ length }) => length < page)
          return Effect.map(
            isLast ? scheduledIn(ground, run) : Effect.succeed([]),
            (scheduled): Page => ({ rows: rows.slice(0, page), isLast, scheduled })
          )
        }
      )
    ))

export const dump = (ground: Ground): Verbs<SpaceError>["dump"] => () =>
  Stream.unwrap(
    Effect.map(started(ground), (start) =>
      Stream.paginateChunkEffect(beginning, (after) =>
        Effect.map(pageAfter(ground, start, after), ({ isLast, rows, scheduled }) => {
          const now = start.now()
          return [
            Chunk.fromIterable([
              // One that is held, and whose time is over, is gone when it comes back.
              ...rows.filter(({ expires }) =>
                expires === null || expires > now
              ).map((row) =>
                dumpedOf(row, row.expires === null ? null : row.expires - now, 0, priorityOf(row.id))
              ),
              ...scheduled.map((row) => dumpedOf(row, row.ttl, Math.max(0, row.due - now), row.priority ?? 0))
            ]),
            isLast ? Option.none() : Option.some(rows[rows.length - 1]!.id)
          ]
        })))
  )

const dumpedOf = (
  { arity, attempts, fields, shape }: Pick<Row, "arity" | "attempts" | "fields" | "shape">,
  ttl: number | null,
  after: number,
  priority: number
): Dumped => ({ fields, shape, failure: arity < 0, ttl, after, attempts, priority })

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
  ground.operation("import", (access) =>
    failing(() => {
      if (all.some(({ after }) => after > 0) && !ground.schedules) {
        return Effect.fail(noSchedules("after"))
      }
      const rowOf = (dumped: Dumped) => {
        const { attempts, priority, ttl } = dumped
        ground.checkPriority(priority)
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
          priority,
          accepted: isReadable ? ground.session.offers.accepts(tuple) : []
        })
      }
      const rows = all.filter(({ after }) => after === 0).map(rowOf)
      const scheduled = all.filter(({ after }) => after > 0).map((dumped) => {
        const row = rowOf(dumped)
        return (): NewScheduled => ({ ...row(), after: dumped.after, at: null })
      })
      const put = (): Put => ({ op: "put", rows: rows.map((row) => row()) })
      return scheduled.length === 0
        ? Effect.asVoid(access.perform(put))
        : Effect.asVoid(
          access.exclusively((run) => run([put(), { op: "schedule", rows: scheduled.map((row) => row()) }]))
        )
    }))
