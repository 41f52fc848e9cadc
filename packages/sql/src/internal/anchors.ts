/**
 * How those who wait are found by the tuples they wait for.
 *
 * Those who wait for the same stand in one line, which is looked at once.
 *
 * Each query has one anchor: a mask, the positions of its literals that have keys, and a hash, the sum of these keys. A
 * tuple is looked up once for each mask that is in use. Queries without such literals are found by their arity, or, if
 * they are open, always.
 *
 * @internal
 */
import { lineOf } from "@effect-linda/core/SpaceStore"
import type { Query, Row, Waiter } from "@effect-linda/core/StoreCommand"
import { createHash } from "node:crypto"

export interface Anchor {
  readonly mask: number
  readonly hash: number
}

/** Queries without literals. */
export const byArity = 0
export const always = -1

/** Sums of up to eight such numbers are exact. */
const part = 2 ** 50

export const anchorOf = ({ arity, literals, open }: Query): Anchor => {
  let mask = 0
  let hash = 0
  for (const { key, position } of literals) {
    if (key !== null) {
      mask |= 1 << position
      hash += key % part
    }
  }
  return mask > 0 ? { mask, hash } : open ? { mask: always, hash: 0 } : { mask: byArity, hash: arity }
}

/** The hash by which a tuple is looked up under a mask, if it has fields at all these positions. */
export const hashUnder = (mask: number, { arity, keys }: Pick<Row, "arity" | "keys">): number | undefined => {
  if (mask <= byArity) {
    return mask === always ? 0 : arity
  }
  if (mask >= 1 << keys.length) {
    return undefined
  }
  let hash = 0
  for (let position = 0; position < keys.length; position++) {
    if ((mask & 1 << position) !== 0) {
      hash += keys[position]! % part
    }
  }
  return hash
}

/** A name of the line of a waiter that is short, however long what it waits for is. */
export const shortLineOf = (
  waiter: Pick<Waiter, "exact" | "kind" | "line" | "queries">,
  client: string
): string => {
  const name = lineOf(client, waiter)
  return waiter.exact ? createHash("sha256").update(name).digest("base64") : name
}
