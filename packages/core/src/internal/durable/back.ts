/**
 * What the store is told when a hold ends, or what was taken goes back.
 *
 * @internal
 */
import type { Restore, Row, Settle } from "../../StoreCommand.js"
import type { Accepts } from "./offers.js"
import type { Reading } from "./reader.js"
import { isRead } from "./reader.js"

/** Which waiters accept the tuples that come back, by the ids of these, where that is known. */
export type Accepted = Readonly<Record<number, ReadonlyArray<number>>>

/** Puts back what is held, in its old place. Nothing happens, if nothing is. */
export const settling = (hold: number, accepted: Accepted = {}, failed = false): Settle => ({
  op: "settle",
  holds: [hold],
  ids: null,
  how: "place",
  failed,
  accepted,
  put: []
})

/** Has what is held be gone for good: all of it, or these. */
export const consuming = (hold: number, ids: Settle["ids"] = null): Settle => ({ ...settling(hold), ids, how: "gone" })

/** Puts back what is not held any more. */
export const restoring = (rows: ReadonlyArray<Row>, accepted: Accepted = {}): Restore => ({
  op: "restore",
  rows: rows.map((row) => ({ ...row, accepted: accepted[row.id] ?? null }))
})

/** Who accepts tuples that come back. Not known for one that cannot be decoded. */
export const acceptedOf = (
  rows: ReadonlyArray<Row>,
  tuple: (row: Row) => Reading,
  accepts: Accepts
): Accepted =>
  Object.fromEntries(rows.flatMap((row) => {
    const read = tuple(row)
    return isRead(read) ? [[row.id, accepts(read)]] : []
  }))
