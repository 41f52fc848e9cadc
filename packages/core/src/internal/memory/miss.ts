/**
 * What a step returns that cannot be done now, and what it was short of.
 *
 * @internal
 */

/** There is no such tuple, or no room for the tuples in the space. */
export const MISS = Symbol.for("@effect-linda/core/Store/MISS")
export type MISS = typeof MISS

/** There is no room for what a put would tell in the mailbox of a subscription. */
export const CONGESTED = Symbol.for("@effect-linda/core/Store/CONGESTED")

export type Miss = MISS | typeof CONGESTED

export const isMiss = (outcome: unknown): outcome is Miss => outcome === MISS || outcome === CONGESTED

/** What there was no room in: the space, or the mailbox of a subscription. */
export type Shortage = "room" | "mailbox"

/** What a put that missed was short of. */
export const shortageOf = (miss: Miss): Shortage => miss === CONGESTED ? "mailbox" : "room"
