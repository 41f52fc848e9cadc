/**
 * A tuple in a space, with its place.
 *
 * @internal
 */
import type * as Tracer from "effect/Tracer"
import type { Tuple } from "../../Tuple.js"
import type { Deadline } from "../deadlines.js"
import * as Hash from "../pattern/hash.js"
import type { Item } from "./ordered.js"

/** What few tuples need, kept apart so that the others stay small. */
export interface Extra {
  /** Time to live: when it ends, as an entry of the space's deadlines. */
  expiry: Deadline | undefined
  /** How often the use of it by `inWith` has failed. */
  attempts: number
  /** The span of the `out`. */
  readonly span: Tracer.AnySpan | undefined
  /** The entry this belongs to now: going to the back of the order makes a new one. */
  entry: Entry | undefined
  /** What is still to come of it. */
  scheduled: Scheduled | undefined
}

/** A tuple that comes at a time. Until then it has no place. */
export interface Scheduled {
  readonly tuple: Tuple
  readonly extra: Extra
  readonly failure: boolean
  readonly priority: number
  /** When it comes. */
  readonly deadline: Deadline
  /** How many milliseconds it will live. */
  ttl: number
}

export const extraOf = (span: Tracer.AnySpan | undefined): Extra => ({
  expiry: undefined,
  attempts: 0,
  span,
  entry: undefined,
  scheduled: undefined
})

export class Entry implements Item {
  live = false
  extra: Extra | undefined = undefined
  /** Hashes of fields that are objects, remembered because their content may change behind our back. */
  private hashes: Array<number> | undefined = undefined

  constructor(
    readonly tuple: Tuple,
    /** Its place: see `places.ts`. */
    readonly seq: number,
    readonly failure: boolean
  ) {}

  /** The key of the fields at these positions: the same at every call. */
  keyAt(positions: ReadonlyArray<number>): Hash.Key {
    if (positions.length === 1) {
      const field = this.tuple[positions[0]!]
      return typeof field === "object" && field !== null
        ? this.remembered(positions[0]!, field)
        : Hash.key(field)
    }
    let hash = 0
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i]!
      const field = this.tuple[position]
      hash = Hash.combine(
        hash,
        typeof field === "object" && field !== null ? this.remembered(position, field) : Hash.hash(field)
      )
    }
    return hash
  }

  private remembered(position: number, field: object): number {
    const hashes = this.hashes ??= []
    return hashes[position] ??= Hash.hash(field)
  }
}
