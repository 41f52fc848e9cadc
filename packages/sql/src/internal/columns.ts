/**
 * What is kept of a tuple in a table, and by which names, in every database.
 *
 * @internal
 */
import type { Sql } from "./sql.js"
import { join, sql } from "./sql.js"

/** The positions whose fields have keys, by which tuples are found. */
const positions = [0, 1, 2, 3, 4, 5, 6, 7]

/** The same for each of them. */
export const ofEach = (text: (position: number) => Sql, separator?: string): Sql => join(positions.map(text), separator)

/** The columns of the first keys, as many as a tuple has: by default all. */
export const keysOf = (count = positions.length): ReadonlyArray<Sql> =>
  positions.slice(0, count).map((position) => sql`k${position}`)

/** By how many keys a tuple has. */
export const byKeys = <A>(of: (keys: ReadonlyArray<Sql>) => A): ReadonlyArray<A> =>
  [0, ...positions.map((position) => position + 1)].map((count) => of(keysOf(count)))

/** What every tuple has, */
export const plain = [sql`arity`, sql`shape`, sql`fields`]

/** and what few have. */
export const rare = [sql`expires`, sql`lease`, sql`meta`, sql`attempts`]

/** What is kept of a tuple, stored or held, beside its id and its space, in this order. */
export const columns: ReadonlyArray<Sql> = [...plain, ...keysOf(), ...rare]
