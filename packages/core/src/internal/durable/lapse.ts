/**
 * What is said when a client has given no sign of life for longer than its lease.
 *
 * @internal
 */
import { SpaceError } from "../../SpaceError.js"

/** What a client is told that has been taken for dead. */
export const lapsed = new SpaceError({
  reason: "Lapsed",
  message: "there was no sign of life of this client for longer than its lease: what it held belongs to others again"
})

/** What a use is told whose tuple belongs to others again. */
export const leaseOver = new SpaceError({
  reason: "Lapsed",
  message: "the tuple was held for longer than its lease without a sign of life, and belongs to others again"
})
