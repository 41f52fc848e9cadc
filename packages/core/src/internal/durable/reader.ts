/**
 * How one program reads what a store keeps: which tuples it can decode, and what becomes of those that it cannot.
 *
 * @internal
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { SpaceError } from "../../SpaceError.js"
import type { Options } from "../../SpaceStore.js"
import type { Query, Row } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import { Undecoded } from "../../Undecoded.js"
import { one } from "../arguments.js"
import { isFailure } from "../failure.js"
import type { Pattern } from "../pattern/pattern.js"
import { decodeRaw, decodeTuple } from "../texts.js"
import { Values } from "../values.js"
import { queryOf } from "./query.js"

/** A tuple, or why this program cannot decode it. */
export type Reading = Tuple | SpaceError

export const isRead = (reading: Reading): reading is Tuple => Array.isArray(reading)

/** Of so many tuples that it could not decode, a program knows that it has met them. */
const remembered = 10_000

/** Letters of fields that every program can decode. */
const certain = /^[snbiuzd]*$/

export class Reader {
  readonly values: Values
  private readonly skips: boolean
  private readonly refusal: ((tuple: Tuple) => string | undefined) | undefined
  private readonly met = new Set<number>()
  /** Called for each tuple that is met for the first time and cannot be decoded. */
  onMet: () => void = () => {}

  constructor(private readonly space: string, { protocol, schemas, undecodable }: Options<any>) {
    this.values = new Values(schemas, "store")
    this.skips = one("undecodable", undecodable, ["fail", "skip"]) === "skip"
    this.refusal = protocol === undefined ? undefined : refusalOf(protocol)
  }

  /**
   * A query that finds all that the pattern matches; if it is exact, nothing else that this program does not pass over.
   */
  query(pattern: Pattern): readonly [query: Query, exact: boolean] {
    const [query, exact] = queryOf(this.values, pattern)
    const isCertain = pattern.failure || this.refusal === undefined && !pattern.open && certain.test(query.shape)
    return [query, exact && (!this.skips || isCertain)]
  }

  /** Throws a `SpaceError` if the protocol does not know the tuple. */
  check(tuple: Tuple): void {
    if (this.refusal !== undefined && !isFailure(tuple)) {
      const why = this.refusal(tuple)
      // What could not be decoded cannot be checked: whoever can decode it does.
      if (why !== undefined && !holdsUndecoded(tuple)) {
        throw new SpaceError({ reason: "InvalidTuple", message: `${why} (the protocol of the space "${this.space}")` })
      }
    }
  }

  read(row: Row): Reading {
    try {
      return this.tuple(row)
    } catch (error) {
      return error as SpaceError
    }
  }

  /** Throws a `SpaceError` if it cannot be decoded. */
  tuple(row: Row): Tuple {
    try {
      const tuple = decodeTuple(this.values, row)
      const why = row.arity < 0 ? undefined : this.refusal?.(tuple)
      if (why !== undefined) {
        throw new Error(`${why} (its protocol)`)
      }
      return tuple
    } catch (error) {
      this.meet(row.id)
      const { cause, message } = error as Error
      throw new SpaceError({
        reason: "Undecodable",
        message: `a tuple of the space "${this.space}" cannot be decoded: ${message}`,
        cause
      })
    }
  }

  /** With what cannot be decoded as it is. */
  raw(row: Row): Tuple {
    return decodeRaw(this.values, row)
  }

  private meet(id: number): void {
    if (!this.met.has(id)) {
      if (this.met.size === remembered) {
        this.met.delete(this.met.values().next().value!)
      }
      this.met.add(id)
      this.onMet()
    }
  }

  /** A tuple that could not be decoded is in its place no more. */
  forget(id: number): void {
    this.met.delete(id)
  }

  /** How many tuples were met that could not be decoded, and of which it is not known that they are gone. */
  get known(): number {
    return this.met.size
  }
}

/** Says which field is not what the protocol says. */
const refusalOf = (protocol: Schema.Schema<any, any>): (tuple: Tuple) => string | undefined => {
  const validate = Schema.validateEither(protocol)
  return (tuple) => {
    const result = validate(tuple)
    if (Either.isRight(result)) {
      return undefined
    }
    const issues = ParseResult.ArrayFormatter.formatErrorSync(result.left)
    // Of the alternatives the one that fits best has got furthest.
    const [first, ...rest] = issues
    const { message, path: [position, ...path] } = rest.reduce(
      (best, issue) => issue.path.length > best.path.length ? issue : best,
      first!
    )
    return position === undefined
      ? message
      : `field ${String(position)}${path.map((key) => `.${String(key)}`).join("")}: ${message}`
  }
}

const holdsUndecoded = (value: unknown, depth = 0): boolean =>
  value instanceof Undecoded ||
  typeof value === "object" && value !== null && depth < 10 &&
    Object.values(value).some((member) => holdsUndecoded(member, depth + 1))
