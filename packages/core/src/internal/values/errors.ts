/**
 * Errors and causes: they cross as well as they can, for what went wrong is told in any case.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import { Undecoded } from "../../Undecoded.js"
import { isError, read } from "../brand.js"
import { messageOf, nameOf, stackOf } from "../print.js"
import { interruption } from "../runtime.js"
import type { Decoder } from "./decoder.js"
import type { Encoder } from "./encoder.js"
import { goesAsIs } from "./kinds.js"

const has = <K extends string>(value: object, key: K): value is { readonly [_ in K]: unknown } => {
  try {
    return key in value
  } catch {
    return false
  }
}

const keysOf = (value: object): ReadonlyArray<string> => {
  try {
    return Object.keys(value)
  } catch {
    return []
  }
}

/** What an error has beside its name, its message and its stack. */
const fieldsOf = (error: Error): ReadonlyArray<readonly [key: string, value: unknown]> =>
  [...new Set([...keysOf(error), ...(has(error, "_tag") ? ["_tag"] : [])])].map((key) => [key, read(error, key)])

const plainDataOf = (error: Error): Record<string, unknown> =>
  Object.fromEntries(fieldsOf(error).map(([key, value]) => [key, goesAsIs(value) ? value : messageOf(value)]))

/** Encodes and decodes what went wrong. */
export class Errors {
  constructor(private readonly encoder: Encoder, private readonly decoder: Decoder) {}

  /** An error or defect: crosses as well as it can, whatever it is. */
  encode(error: unknown, depth = 0): unknown {
    try {
      return { value: this.encoder.encode(error, "the error") }
    } catch {
      return isError(error)
        ? {
          name: nameOf(error),
          message: messageOf(error),
          stack: stackOf(error),
          data: this.dataOf(error),
          ...(depth < 8 && has(error, "cause") ? { cause: this.encode(read(error, "cause"), depth + 1) } : {})
        }
        : { value: messageOf(error) }
    }
  }

  /** Everything that went wrong. */
  encodeCause(cause: Cause.Cause<unknown>): ReadonlyArray<unknown> {
    return this.encodeEach(cause, (error) => this.encode(error))
  }

  /** The same in nothing but texts and numbers, for a medium that has refused what is in it. */
  encodeCausePlainly(cause: Cause.Cause<unknown>): ReadonlyArray<unknown> {
    return this.encodeEach(cause, (error) =>
      isError(error)
        ? { name: nameOf(error), message: messageOf(error), stack: stackOf(error), data: plainDataOf(error) }
        : { value: messageOf(error) })
  }

  private encodeEach(
    cause: Cause.Cause<unknown>,
    encode: (error: unknown) => unknown
  ): ReadonlyArray<unknown> {
    return Cause.match<ReadonlyArray<unknown>, unknown>(cause, {
      onEmpty: ["empty"],
      onFail: (error) => ["fail", encode(error)],
      onDie: (defect) => ["die", encode(defect)],
      onInterrupt: () => ["interrupt"],
      onSequential: (left, right) => ["sequential", left, right],
      onParallel: (left, right) => ["parallel", left, right]
    })
  }

  decodeCause([tag, left, right]: ReadonlyArray<any>): Cause.Cause<unknown> {
    switch (tag) {
      case "fail":
        return Cause.fail(this.decode(left))
      case "die":
        return Cause.die(this.decode(left))
      case "interrupt":
        return interruption
      case "sequential":
        return Cause.sequential(this.decodeCause(left), this.decodeCause(right))
      case "parallel":
        return Cause.parallel(this.decodeCause(left), this.decodeCause(right))
      default:
        return Cause.empty
    }
  }

  private dataOf(error: Error): Record<string, unknown> {
    const data: Record<string, unknown> = {}
    for (const [key, value] of fieldsOf(error)) {
      try {
        data[key] = this.encoder.encode(value, key)
      } catch {
        data[key] = messageOf(value)
      }
    }
    return data
  }

  /** What it was, or {@link Undecoded}: what went wrong is told in any case. */
  decode(coded: any): unknown {
    if ("value" in coded) {
      return this.decoder.decodeOr(coded.value, "the error")
    }
    const data = this.decoder.decodeOr(coded.data, "the error")
    const error = Object.assign(new Error(coded.message), data instanceof Undecoded ? { data } : data)
    for (const key of ["name", "stack"]) {
      Object.defineProperty(error, key, { value: coded[key], configurable: true, writable: true })
    }
    if ("cause" in coded) {
      Object.defineProperty(error, "cause", {
        value: this.decode(coded.cause),
        configurable: true,
        writable: true
      })
    }
    return error
  }
}
