/**
 * Values on their way to the other end of a link. What structured clone carries faithfully goes as it is; what it would strip
 * of its class without a word is coded, if there is a way, and refused otherwise.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import { Undecoded } from "../../Undecoded.js"
import { readText } from "../durable/encoding.js"
import { isFailure, markFailure } from "../memory.js"
import { show } from "../pattern.js"

/** How the instances of a class cross. */
interface Coder {
  readonly is: (value: object) => boolean
  readonly encode: (value: any) => unknown
  readonly decode: (coded: any) => unknown
}

const dataObject = Object.getPrototypeOf(Data.struct({}))
const dataArray = Object.getPrototypeOf(Data.array([]))

/** Effect's own data, by name. */
const known: Readonly<Record<string, Coder>> = {
  option: {
    is: Option.isOption,
    encode: Option.toArray,
    decode: (values: Array<unknown>) => values.length === 0 ? Option.none() : Option.some(values[0])
  },
  either: {
    is: Either.isEither,
    encode: Either.match({ onLeft: (value) => [0, value], onRight: (value) => [1, value] }),
    decode: ([side, value]) => side === 0 ? Either.left(value) : Either.right(value)
  },
  timeout: {
    is: Cause.isTimeoutException,
    encode: ({ message }: Error) => message,
    decode: (message: string) => new Cause.TimeoutException(message)
  },
  spaceError: {
    is: (value) => value instanceof SpaceError,
    encode: ({ message, reason }: SpaceError) => ({ reason, message }),
    decode: (fields) => new SpaceError(fields)
  },
  chunk: { is: Chunk.isChunk, encode: Chunk.toArray, decode: Chunk.fromIterable },
  duration: {
    is: Duration.isDuration,
    encode: (duration: Duration.Duration) => duration.value,
    decode: (value: Duration.DurationValue) =>
      value._tag === "Millis" ? Duration.millis(value.millis) : value._tag === "Nanos"
        ? Duration.nanos(value.nanos)
        : Duration.infinity
  },
  struct: {
    is: (value) => Object.getPrototypeOf(value) === dataObject,
    encode: (value) => ({ ...value }),
    decode: Data.struct
  },
  array: {
    is: (value) => Object.getPrototypeOf(value) === dataArray,
    encode: (value) => Array.from(value),
    decode: Data.array
  }
}

/** The key of an object that stands for something else. */
const coded = "@effect-linda/core/coded"

/** Deeper than this is taken for cyclic: what crosses is data, of which there is an end. */
const deepest = 100

/** Classes that structured clone carries, and objects that have no class. */
const cloned: ReadonlySet<unknown> = new Set([
  null,
  Object.prototype,
  Date.prototype,
  RegExp.prototype,
  ArrayBuffer.prototype,
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(({ prototype }) => prototype),
  ...["SharedArrayBuffer", "MessagePort"].flatMap((name) => {
    const known = (globalThis as Record<string, unknown>)[name]
    return typeof known === "function" ? [known.prototype] : []
  })
])

/** Encodes and decodes values. Both ends need the same schemas. */
export class Values {
  private readonly coders: ReadonlyArray<readonly [name: string, coder: Coder]>
  private readonly byName: ReadonlyMap<string, Coder>

  /** What is `written` crosses as text, in which a field that nobody could decode stands as it was. */
  constructor(schemas: ReadonlyArray<Schema.Schema<any, any>> = [], private readonly written = false) {
    const users = schemas.map((schema, index): [string, Coder] => {
      const is = Schema.is(schema)
      return [`schema ${index}`, { is, encode: Schema.encodeSync(schema), decode: Schema.decodeSync(schema) }]
    })
    this.coders = [...users, ...Object.entries(known)]
    this.byName = new Map(this.coders)
  }

  /** The fields of a tuple. Throws a `SpaceError` that names the field that cannot cross. */
  encodeAll(fields: ReadonlyArray<unknown>, where = "field "): ReadonlyArray<unknown> {
    let result = fields
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]
      if (typeof field === "object" && field !== null || typeof field === "function" || typeof field === "symbol") {
        const encoded = this.encode(field, `${where}${i}`)
        if (encoded !== field) {
          result = result === fields ? fields.slice() : result
          ;(result as Array<unknown>)[i] = encoded
        }
      }
    }
    return result
  }

  /** A tuple. That of a failed process crosses as well as it can. */
  encodeTuple(tuple: Tuple): unknown {
    return isFailure(tuple)
      ? { failure: [this.encodeError(tuple[0]), tuple[1], tuple[2]] }
      : this.encodeAll(tuple)
  }

  /** A tuple as all ends have it: frozen. Throws a `SpaceError` that names the field that cannot be decoded. */
  decodeTuple(wire: any): Tuple {
    if (Array.isArray(wire)) {
      for (let i = 0; i < wire.length; i++) {
        if (typeof wire[i] === "object" && wire[i] !== null) {
          wire[i] = this.decodeField(wire[i], i)
        }
      }
      return Object.freeze(wire) as unknown as Tuple
    }
    const [error, trace, process] = wire.failure
    return markFailure(Object.freeze([this.decodeError(error), trace, process]))
  }

  private decodeField(field: object, index: number): unknown {
    try {
      return this.decode(field)
    } catch (cause) {
      throw undecodable(`field ${index}: `, cause)
    }
  }

  /** The same, with what cannot be decoded as it is. */
  decodeRaw(wire: ReadonlyArray<unknown>): Tuple {
    return Object.freeze(wire.map((field) => this.decodeOr(field))) as unknown as Tuple
  }

  private decodeOr(value: unknown): unknown {
    try {
      return this.decode(value)
    } catch (cause) {
      return new Undecoded(value, undecodable("", cause).message)
    }
  }

  encode(value: unknown, where: string, depth = 0): unknown {
    switch (typeof value) {
      case "function":
      case "symbol":
        throw refusal(
          where,
          `${show(value)} cannot leave its thread: put data that says what to do, not code or symbols`
        )
      case "object":
        return value === null ? value : this.encodeObject(value, where, depth)
      default:
        return value
    }
  }

  private encodeObject(value: object, where: string, depth: number): unknown {
    if (depth > deepest) {
      throw refusal(where, `it is cyclic, or nested deeper than ${deepest} levels`)
    }
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Array.prototype) {
      return this.encodeMembers(value as ReadonlyArray<unknown>, where, depth)
    }
    if (ArrayBuffer.isView(value)) {
      return ownBuffer(value)
    }
    if (value instanceof Map) {
      const entries = Array.from(value, (entry, index) => this.encode(entry, `${where}, entry ${index}`, depth + 1))
      return prototype === Map.prototype
        ? new Map(entries as Array<[unknown, unknown]>)
        : this.code(value, where, depth)
    }
    if (value instanceof Set) {
      const members = Array.from(value, (member, index) => this.encode(member, `${where}, member ${index}`, depth + 1))
      return prototype === Set.prototype ? new Set(members) : this.code(value, where, depth)
    }
    if (!cloned.has(prototype)) {
      return this.code(value, where, depth)
    }
    return prototype === Object.prototype || prototype === null ? this.encodeRecord(value, where, depth) : value
  }

  private encodeMembers(value: ReadonlyArray<unknown>, where: string, depth: number): ReadonlyArray<unknown> {
    let result = value
    for (let i = 0; i < value.length; i++) {
      const encoded = this.encode(value[i], `${where}[${i}]`, depth + 1)
      if (encoded !== value[i]) {
        result = result === value ? value.slice() : result
        ;(result as Array<unknown>)[i] = encoded
      }
    }
    return result
  }

  private encodeRecord(value: object, where: string, depth: number): object {
    if (Object.getOwnPropertySymbols(value).length > 0) {
      throw refusal(where, "its keys that are symbols cannot leave their thread")
    }
    if (coded in value) {
      throw refusal(where, `the key ${coded} is taken`)
    }
    let result: any = value
    for (const [key, member] of Object.entries(value)) {
      const encoded = this.encode(member, `${where}.${key}`, depth + 1)
      if (encoded !== member) {
        result = result === value ? { ...value } : result
        result[key] = encoded
      }
    }
    return result
  }

  private code(value: object, where: string, depth: number): unknown {
    if (value instanceof Undecoded) {
      return this.written ? value : value.letter === undefined ? value.encoded : readText(value.encoded as string)
    }
    for (const [name, coder] of this.coders) {
      if (coder.is(value)) {
        return { [coded]: name, value: this.encode(coder.encode(value), where, depth + 1) }
      }
    }
    throw refusal(
      where,
      `an instance of ${
        show(value)
      } would lose its class: give both ends a Schema of it (the option "schemas"), or put plain data`
    )
  }

  /** What `encode` has made of a value, which stays as it is. Throws a `SpaceError` if it cannot be decoded. */
  decode(value: unknown): unknown {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
      return value
    }
    if (Array.isArray(value)) {
      let result = value
      for (let i = 0; i < value.length; i++) {
        const member: unknown = typeof value[i] === "object" ? this.decode(value[i]) : value[i]
        if (member !== value[i]) {
          result = result === value ? value.slice() : result
          result[i] = member
        }
      }
      return result
    }
    if (value instanceof Map) {
      return new Map(Array.from(value, ([key, member]) => [this.decode(key), this.decode(member)]))
    }
    if (value instanceof Set) {
      return new Set(Array.from(value, (member) => this.decode(member)))
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      return value
    }
    if (coded in value) {
      const { [coded]: name, value: inner } = value as { [coded]: string; value: unknown }
      const coder = this.byName.get(name)
      if (coder === undefined) {
        throw new SpaceError({ reason: "Undecodable", message: `no "schemas" for ${name}: both ends need the same` })
      }
      const decoded = this.decode(inner)
      try {
        return coder.decode(decoded)
      } catch (cause) {
        throw undecodable(`${name}: `, cause)
      }
    }
    const record = value as Record<string, unknown>
    let result = record
    for (const key of Object.keys(record)) {
      const member = typeof record[key] === "object" ? this.decode(record[key]) : record[key]
      if (member !== record[key]) {
        result = result === record ? { ...record } : result
        Object.defineProperty(result, key, { value: member, configurable: true, enumerable: true, writable: true })
      }
    }
    return result
  }

  /** An error or defect: crosses as well as it can, whatever it is. */
  encodeError(error: unknown): unknown {
    try {
      return { value: this.encode(error, "the error") }
    } catch {
      return error instanceof Error
        ? { name: error.name, message: error.message, stack: error.stack, data: this.dataOf(error) }
        : { value: String(error) }
    }
  }

  /** Everything that went wrong. */
  encodeCause(cause: Cause.Cause<unknown>): ReadonlyArray<unknown> {
    return Cause.match<ReadonlyArray<unknown>, unknown>(cause, {
      onEmpty: ["empty"],
      onFail: (error) => ["fail", this.encodeError(error)],
      onDie: (defect) => ["die", this.encodeError(defect)],
      onInterrupt: () => ["interrupt"],
      onSequential: (left, right) => ["sequential", left, right],
      onParallel: (left, right) => ["parallel", left, right]
    })
  }

  decodeCause([tag, left, right]: ReadonlyArray<any>): Cause.Cause<unknown> {
    switch (tag) {
      case "fail":
        return Cause.fail(this.decodeError(left))
      case "die":
        return Cause.die(this.decodeError(left))
      case "interrupt":
        return Cause.interrupt(FiberId.none)
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
    for (const [key, value] of Object.entries({ ...error, ...("_tag" in error ? { _tag: error._tag } : {}) })) {
      try {
        data[key] = this.encode(value, key)
      } catch {
        data[key] = show(value)
      }
    }
    return data
  }

  /** What it was, or {@link Undecoded}: what went wrong is told in any case. */
  decodeError(coded: any): unknown {
    if ("value" in coded) {
      return this.decodeOr(coded.value)
    }
    const data = this.decodeOr(coded.data)
    const error = Object.assign(new Error(coded.message), data instanceof Undecoded ? { data } : data)
    Object.defineProperties(error, {
      name: { value: coded.name, configurable: true, writable: true },
      stack: { value: coded.stack, configurable: true, writable: true }
    })
    return error
  }
}

/** A view of a part of a buffer would drag the whole of it along, and Node's `Buffer` loses its class. */
const ownBuffer = (view: ArrayBufferView): ArrayBufferView =>
  view.byteLength === view.buffer.byteLength || !(view instanceof Uint8Array) ? view : new Uint8Array(view)

const refusal = (where: string, why: string): SpaceError =>
  new SpaceError({ reason: "InvalidTuple", message: `${where}: ${why}` })

/** Says of a failure to decode where it was. */
export const undecodable = (where: string, cause: unknown): SpaceError =>
  new SpaceError({
    reason: "Undecodable",
    message: `${where}${cause instanceof Error ? cause.message : String(cause)}`,
    cause
  })
