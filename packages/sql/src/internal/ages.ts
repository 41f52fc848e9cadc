/**
 * Since when tuples are there: not by a time for each, but by marks of when some of the ids were given, as in core. A
 * mark is a row of a table: space, id, at.
 *
 * @internal
 */
import { arrivals } from "@effect-linda/core/SpaceStore"
import type { Sql } from "./sql.js"
import { sql } from "./sql.js"

/** Marks are at least so many milliseconds apart. */
const apart = 1000

/** There are no more of them: then those go that are closer to each other than this part of their age. */
export const mostMarks = 4000
const precision = 0.01

/** When the last mark was made. */
export const lastMark = (ages: Sql, space: Sql): Sql =>
  sql`SELECT m.at FROM ${ages} m WHERE m.space = ${space} ORDER BY m.id DESC LIMIT 1`

/** Whether a mark of that time is good enough for what comes now. */
export const isRecent = (at: Sql, now: Sql): Sql => sql`${at} > ${now} - ${apart} AND ${at} <= ${now}`

export const countMarks = (ages: Sql, space: Sql): Sql =>
  sql`SELECT count(*) AS n FROM ${ages} m WHERE m.space = ${space}`

/** Every other one of those goes that make little of a difference at their age. */
export const thinMarks = (ages: Sql, space: Sql, now: Sql): Sql =>
  sql`DELETE FROM ${ages} WHERE space = ${space} AND id IN (
    SELECT s.id FROM (
      SELECT m.id, m.at, lead(m.at) OVER (ORDER BY m.id) - lag(m.at) OVER (ORDER BY m.id) AS gap,
          row_number() OVER (ORDER BY m.id) AS n
        FROM ${ages} m WHERE m.space = ${space}
    ) s WHERE s.n % 2 = 0 AND s.gap < ${precision} * (${now} - s.at)
  )`

/** The number of a tuple in the order of arrival: that of its place, without its priority. */
export const arrivalOf = (id: Sql): Sql => sql`(${id} & ${arrivals - 1})`

/** How long ago an id was given, if it is not older than the first mark. */
export const ageOf = (ages: Sql, space: Sql, id: Sql, now: Sql): Sql =>
  sql`SELECT ${now} - m.at FROM ${ages} m WHERE m.space = ${space} AND m.id <= ${id} ORDER BY m.id DESC LIMIT 1`
