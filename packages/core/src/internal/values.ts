/**
 * Values on their way out of the process: to the other end of a link, or into a store. What structured clone carries
 * faithfully goes as it is; what it would strip of its class, or of anything else, without a word is coded, if there is
 * a way, and refused by name otherwise.
 *
 * @internal
 */

import * as Cause from "effect/Cause"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { SpaceError } from "../SpaceError.js"
import type { Tuple } from "../Tuple.js"
import { Undecoded } from "../Undecoded.js"
import {
  className,
  copyOf,
  isA,
  isArray,
  isArrayBuffer,
  isDate,
  isDetached,
  isError,
  isMap,
  isPlainObject,
  isRegExp,
  isSet,
  isSharedArrayBuffer,
  isSpaceError,
  read,
  viewName
} from "./brand.js"
import type { Known } from "./classes.js"
import { classesOf, classOf } from "./classes.js"
import type { Each, Fields } from "./coders.js"
import { coders, define, formerCoders, isEffects } from "./coders.js"
import { readText, views, write } from "./encoding.js"
import { isFailure, markFailure } from "./failure.js"
import { messageOf, nameOf, show, stackOf } from "./print.js"
import { interruption } from "./runtime.js"

/** Where values go. */
export type Medium = "link" | "store"

/** What to say of what cannot go there. */
const words = {
  link: {
    cannot: "cannot leave its thread",
    symbols: "its keys that are symbols cannot leave their thread",
    secret: "a Redacted is a secret, which does not leave its thread",
    who: "both ends"
  },
  store: {
    cannot: "cannot be stored",
    symbols: "its keys that are symbols cannot be stored",
    secret: "a Redacted is a secret, which is never written into a store",
    who: "every program that uses the space"
  }
} as const

/** The key of an object that stands for something else. */
const coded = "@effect-linda/core/coded"

/** Before the identifier of a class of the user's: Effect's own data have names without it. */
const classPrefix = "class:"

/** Deeper than this is taken for cyclic: what crosses is data, of which there is an end. */
const deepest = 100

/** More objects than this are taken for parts that are shared again and again. */
const most = 2_000_000

/** More places without a member than this are no array. */
const mostHoles = 1_000_000

/** Longer views are not searched for keys of their own, for that makes a text of each position. */
const searched = 4096

/** Longer arrays are not searched for keys that are not enumerable, which takes five times as long. */
const searchedWell = 64

const port = (globalThis as { readonly MessagePort?: abstract new() => object }).MessagePort

/** What structured clone carries, or its members do: whether a value is one, and what prototypes of ours say so. */
const kinds: ReadonlyArray<readonly [name: string, is: (value: object) => boolean]> = [
  ["Array", isArray],
  ["Map", isMap],
  ["Set", isSet],
  ["Date", isDate],
  ["RegExp", isRegExp],
  ["ArrayBuffer", isArrayBuffer],
  ["SharedArrayBuffer", isSharedArrayBuffer],
  ["MessagePort", (value) => port !== undefined && value instanceof port],
  ...[
    "Int8Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float32Array",
    "Float64Array",
    "BigInt64Array",
    "BigUint64Array",
    "DataView",
    // Node's, which arrives as the `Uint8Array` that it is one of.
    "Buffer"
  ].map((name) => [name, ArrayBuffer.isView] as const)
]

const byName = new Map(kinds)

/** By the prototype: what has another one is of a class of the user's. */
const kindOf = (value: object, prototype: object): string | undefined => {
  const name = className(prototype)
  const is = name === undefined ? undefined : byName.get(name)
  return is?.(value) === true && Object.hasOwn(prototype, "constructor") ? name : undefined
}

/** Says what is wrong with a code, and, once it is known, where. */
class Unreadable {
  where = ""
  constructor(readonly cause: unknown) {}

  get why(): string {
    return messageOf(this.cause)
  }
}

const unreadable = (error: unknown, segment: string): Unreadable => {
  const result = error instanceof Unreadable ? error : new Unreadable(error)
  result.where = segment + result.where
  return result
}

/** Whether it is a value that needs no second look. */
const goesAsIs = (value: unknown): boolean => {
  const type = typeof value
  return !(type === "object" && value !== null || type === "function" || type === "symbol")
}

/** The name of a class in the format before this one. */
const byPosition = /^schema \d+$/

/** Encodes and decodes values. All ends need the same schemas. */
export class Values {
  private readonly classes: ReadonlyArray<Known>
  private readonly decoders: ReadonlyMap<string, (coded: any) => unknown>
  /** How classes that have been renamed stand in a text. */
  private readonly ambiguous: ReadonlyArray<string>
  private left = most

  /** Throws a `SpaceError` if the schemas cannot be told apart. */
  constructor(schemas: ReadonlyArray<Schema.Schema<any, any>> = [], private readonly medium: Medium = "link") {
    this.classes = classesOf(schemas)
    this.ambiguous = this.classes.flatMap(({ former, identifier }) =>
      former.size === 0 ? [] : [JSON.stringify(classPrefix + identifier)]
    )
    this.decoders = new Map([
      ...formerCoders,
      ...Array.from(coders, ([name, { decode }]) => [name, decode] as const),
      ...this.classes.flatMap(({ decode, former, identifier }) =>
        [identifier, ...former].flatMap((name) => [
          [classPrefix + name, decode] as const,
          // As the format before this one has it.
          ...(byPosition.test(name) ? [[name, decode] as const] : [])
        ])
      )
    ])
  }

  /**
   * Whether there may be equal values with another text, for they hold an instance of a class that had another
   * identifier. It may say so of what only looks like one.
   */
  isAmbiguous(text: string): boolean {
    return this.ambiguous.some((name) => text.includes(name))
  }

  /** The fields of a tuple. Throws a `SpaceError` that names the field that cannot cross. */
  encodeAll(fields: ReadonlyArray<unknown>, where = "field "): ReadonlyArray<unknown> {
    let result = fields
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]
      if (!goesAsIs(field)) {
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
      // Two answers in one message may share a tuple, which has been decoded then.
      for (let i = 0; i < wire.length && !Object.isFrozen(wire); i++) {
        if (typeof wire[i] === "object" && wire[i] !== null) {
          wire[i] = this.decode(wire[i], `field ${i}`)
        }
      }
      return Object.freeze(wire) as unknown as Tuple
    }
    const [error, trace, process] = wire.failure
    return markFailure(Object.freeze([this.decodeError(error), trace, process]))
  }

  /** The same, with what cannot be decoded as it is. */
  decodeRaw(wire: ReadonlyArray<unknown>): Tuple {
    return Object.freeze(wire.map((field, index) => this.decodeOr(field, `field ${index}`))) as unknown as Tuple
  }

  private decodeOr(value: unknown, where: string): unknown {
    try {
      return this.decode(value, where)
    } catch (error) {
      return new Undecoded(value, messageOf(error))
    }
  }

  encode(value: unknown, where: string): unknown {
    this.left = most
    try {
      return this.encodeAny(value, where, 0)
    } catch (error) {
      // A getter, a proxy, a schema that throws.
      throw isSpaceError(error)
        ? error
        : refusal(where, `it cannot be read: ${messageOf(error)}`)
    }
  }

  private encodeAny(value: unknown, where: string, depth: number): unknown {
    switch (typeof value) {
      case "function":
      case "symbol":
        throw refusal(
          where,
          `${show(value)} ${words[this.medium].cannot}: put data that says what to do, not code or symbols`
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
    if (--this.left < 0) {
      throw refusal(where, `it has more than ${most} parts, or some of them again and again`)
    }
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Array.prototype && Array.isArray(value)) {
      return this.encodeMembers(value, where, depth)
    }
    if (isPlainObject(value)) {
      return this.encodeRecord(value, where, depth)
    }
    const kind = prototype === null ? undefined : kindOf(value, prototype)
    switch (kind) {
      case undefined:
        return this.code(value, where, depth)
      case "Array":
        return this.encodeMembers(value as ReadonlyArray<unknown>, where, depth)
      case "Map":
        refuseExtras(value, where)
        return new Map(Array.from(value as Map<unknown, unknown>, ([key, member], index) => [
          this.encodeAny(key, `${where}, entry ${index}[0]`, depth + 1),
          this.encodeAny(member, `${where}, entry ${index}[1]`, depth + 1)
        ]))
      case "Set":
        refuseExtras(value, where)
        return new Set(
          Array.from(
            value as Set<unknown>,
            (member, index) => this.encodeAny(member, `${where}, member ${index}`, depth + 1)
          )
        )
      case "RegExp": {
        refuseExtras(value, where, 1)
        const { flags, lastIndex, source } = value as RegExp
        return lastIndex === 0 ? value : { [coded]: "regExp", value: [source, flags, lastIndex] }
      }
      case "ArrayBuffer":
        refuseDetached(value as ArrayBuffer, where)
        refuseExtras(value, where)
        return value
      case "Date":
        refuseExtras(value, where)
        return value
      case "SharedArrayBuffer":
      case "MessagePort":
        if (this.medium === "store") {
          throw refusal(where, `a ${kind} ${words.store.cannot}: it is of this process alone`)
        }
        return value
      default: {
        const length = kind === "DataView" ? 0 : (value as Uint8Array).length
        if (length <= searched) {
          refuseExtras(value, where, length)
        }
        refuseDetached((value as ArrayBufferView).buffer, where)
        return ownBuffer(value as ArrayBufferView)
      }
    }
  }

  private encodeMembers(value: ReadonlyArray<unknown>, where: string, depth: number): ReadonlyArray<unknown> {
    const { length } = value
    refuseOwnKeys(value, where)
    // A copy, for structured clone refuses a proxy, and does not say where it is. Texts are made of what is read.
    let result = this.medium === "link" ? copyOf(value) : value
    for (let i = 0; i < length; i++) {
      const member = value[i]
      if (!goesAsIs(member)) {
        const encoded = this.encodeAny(member, `${where}[${i}]`, depth + 1)
        if (encoded !== member) {
          result = result === value ? value.slice() : result
          ;(result as Array<unknown>)[i] = encoded
        }
      }
    }
    return result
  }

  /** Always a copy, so that what a getter gives is read once, and a proxy is none any more. */
  private encodeRecord(value: object, where: string, depth: number): object {
    const result: Record<string, unknown> = { ...value }
    const keys = Object.keys(result)
    const own = Reflect.ownKeys(value)
    if (own.length !== keys.length) {
      const key = own.find((key) => typeof key === "symbol" || !keys.includes(key))
      throw refusal(
        where,
        typeof key === "symbol" ? words[this.medium].symbols : `its key ${key}, which is not enumerable, would be lost`
      )
    }
    if (coded in result) {
      throw refusal(where, `the key ${coded} is taken`)
    }
    for (const key of keys) {
      const member = result[key]
      if (!goesAsIs(member)) {
        result[key] = this.encodeAny(member, `${where}.${key}`, depth + 1)
      }
    }
    return result
  }

  private code(value: object, where: string, depth: number): unknown {
    if (value instanceof Undecoded) {
      return this.medium === "store"
        ? value
        : value.letter === undefined
        ? value.encoded
        : readText(value.encoded as string)
    }
    const known = classOf(this.classes, value)
    if (known !== undefined) {
      if ("length" in known) {
        throw refusal(
          where,
          `${show(value)} fits several schemas: ${known.map(({ identifier }) => JSON.stringify(identifier)).join(", ")}`
        )
      }
      return this.encodeInstance(known, value, where, depth)
    }
    if (Redacted.isRedacted(value)) {
      throw refusal(where, words[this.medium].secret)
    }
    for (const [name, coder] of coders) {
      if (coder.is(value)) {
        return { [coded]: name, value: coder.encode(value, this.each(where, depth)) }
      }
    }
    const base = this.classes.find(({ prototype: base }) => base !== undefined && isA(value, base))
    throw refusal(
      where,
      `an instance of ${effectName(value) ?? show(value)} would lose its class: give ${
        words[this.medium].who
      } a Schema of it ` +
        `(the option "schemas"${base === undefined ? "" : `: that of ${base.identifier} is for no subclass`}), ` +
        `or put plain data`
    )
  }

  private encodeInstance(known: Known, value: object, where: string, depth: number): object {
    const { encoded, own } = this.bySchema(known, value, where, depth)
    const code = { [coded]: classPrefix + known.identifier, value: this.encodeAny(encoded, where, depth + 1) }
    return own.length === 0 ? code : { ...code, own }
  }

  /** What its schema makes of it; and what else of it is kept. Refuses what would be lost. */
  private bySchema(
    { decode, encode, fields, identifier, kept, prototype }: Known,
    value: object,
    where: string,
    depth: number
  ): { readonly encoded: unknown; readonly own: Fields } {
    try {
      const encoded = encode(value)
      if (encoded === value) {
        throw new Error("it is left as it is")
      }
      const isOfClass = prototype !== undefined
      const explains = isError(value)
      const extra = ArrayBuffer.isView(value) && value.byteLength > searched
        ? []
        : Reflect.ownKeys(value).filter((key) =>
          !fields.has(key) && !isEffects(value, key) && !(explains && explaining.has(key))
        )
      const type = Object.getPrototypeOf(value)
      const known = kept.get(type)
      const isKnown = isOfClass ? extra.length === 0 : known !== undefined && extra.every((key) => known.has(key))
      let declared = fields
      if (!isKnown || explains && !isOfClass) {
        const back: any = decode(encoded)
        if (!isOfClass && Object.getPrototypeOf(back) !== type) {
          throw new Error("it would come back as an instance of another class")
        }
        for (const key of extra) {
          // What a constructor makes anew is not lost. What other schemas make of a field is their affair.
          if (!Object.hasOwn(back, key) || isOfClass && !this.isSame(read(value, key), back[key], depth)) {
            throw refusal(
              where,
              `its own key ${String(key)} would be lost: the Schema ${JSON.stringify(identifier)} does not declare it`
            )
          }
        }
        if (!isOfClass) {
          kept.set(type, new Set([...known ?? [], ...extra]))
          declared = new Set(Object.hasOwn(back, "cause") ? ["cause"] : [])
        }
      }
      return { encoded, own: explains ? this.explanation(value, declared, where, depth) : [] }
    } catch (error) {
      throw isSpaceError(error) ? error : refusal(
        where,
        `the Schema ${JSON.stringify(identifier)} cannot encode it: ${
          error instanceof Error ? error.message : show(error)
        }`
      )
    }
  }

  /** What explains an error, and is no field that its schema declares. */
  private explanation(error: Error, declared: ReadonlySet<PropertyKey>, where: string, depth: number): Fields {
    // Where texts are compared, errors with the same fields are equal, wherever they were made.
    return [...explaining].flatMap((key): Fields => {
      const descriptor = declared.has(key) || key === "stack" && this.medium === "store"
        ? undefined
        : Object.getOwnPropertyDescriptor(error, key)
      return descriptor === undefined
        ? []
        : [[key, descriptor.enumerable === true, this.encodeAny(error[key], `${where}.${key}`, depth + 1)]]
    })
  }

  /** Whether what a class has made anew is what it was. Of functions it is the text, for they see the instance. */
  private isSame(one: unknown, other: unknown, depth: number): boolean {
    if (Object.is(one, other)) {
      return true
    }
    if (typeof one === "function" && typeof other === "function") {
      return one.name === other.name && String(one) === String(other)
    }
    try {
      const [left, right] = [one, other].map((value) => write(this.encodeAny(value, "", depth + 1)))
      return left === right
    } catch {
      return false
    }
  }

  private each(where: string, depth: number): Each {
    const encode: Each["encode"] = (member, segment) => this.encodeAny(member, where + segment, depth + 1)
    return {
      encode,
      loosely: (member, segment) => {
        try {
          return encode(member, segment)
        } catch {
          return messageOf(member)
        }
      },
      refuse: (why) => {
        throw refusal(where, why)
      },
      compared: this.medium === "store"
    }
  }

  /**
   * What `encode` has made of a value, which stays as it is. Throws a `SpaceError` that names the place of what this
   * program does not know.
   */
  decode(value: unknown, where = "the value"): unknown {
    try {
      return this.decodeAny(value)
    } catch (error) {
      const { cause, where: path, why } = unreadable(error, where)
      throw new SpaceError({ reason: "Undecodable", message: `${brief(path)}: ${why}`, cause })
    }
  }

  private decodeAny(value: unknown): unknown {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
      return value
    }
    if (Array.isArray(value)) {
      let result = value
      let i = 0
      try {
        for (; i < value.length; i++) {
          const member: unknown = typeof value[i] === "object" ? this.decodeAny(value[i]) : value[i]
          if (member !== value[i] && typeof member === "object") {
            result = result === value ? value.slice() : result
            result[i] = member
          }
        }
      } catch (error) {
        throw unreadable(error, `[${i}]`)
      }
      return result
    }
    if (value instanceof Map) {
      return new Map(this.decodeAny(Array.from(value)) as Array<[unknown, unknown]>)
    }
    if (value instanceof Set) {
      return new Set(this.decodeAny(Array.from(value)) as Array<unknown>)
    }
    if (value instanceof Undecoded || Object.getPrototypeOf(value) !== Object.prototype) {
      return value
    }
    if (coded in value) {
      const { [coded]: name, own, value: inner } = value as { [coded]: string; value: unknown; own?: Fields }
      const decoded = this.decodeCoded(name, this.decodeAny(inner))
      for (const [key, enumerable, value] of own ?? []) {
        try {
          define(decoded as object, key, enumerable, this.decodeAny(value))
        } catch (error) {
          throw unreadable(error, `.${key}`)
        }
      }
      return decoded
    }
    const record = value as Record<string, unknown>
    let result = record
    let at = ""
    try {
      for (at of Object.keys(record)) {
        const member = typeof record[at] === "object" ? this.decodeAny(record[at]) : record[at]
        if (member !== record[at] && typeof member === "object") {
          result = result === record ? { ...record } : result
          // Its own key already: an assignment, also to `__proto__`, is one to the field.
          result[at] = member
        }
      }
    } catch (error) {
      throw unreadable(error, `.${at}`)
    }
    return result
  }

  private decodeCoded(name: string, inner: any): unknown {
    if (name === "regExp") {
      return Object.assign(new RegExp(inner[0], inner[1]), { lastIndex: inner[2] })
    }
    const decode = this.decoders.get(name)
    if (decode !== undefined) {
      try {
        return decode(inner)
      } catch (error) {
        const what = name.startsWith(classPrefix)
          ? `the Schema ${JSON.stringify(name.slice(classPrefix.length))} cannot decode it`
          : `it is no ${name}`
        throw new Error(`${what}: ${messageOf(error)}`, { cause: error })
      }
    }
    if (name.startsWith(classPrefix)) {
      const identifier = JSON.stringify(name.slice(classPrefix.length))
      throw new Error(
        `it is of the class ${identifier}, of which this program has no Schema: add it to the option "schemas"; ` +
          `of a class that has another identifier now, SpaceStore.renamed(${identifier}, …)`
      )
    }
    throw new Error(
      byPosition.test(name)
        ? `it is of a class that was stored by its position in "schemas" (${
          JSON.stringify(name)
        }), before classes were ` +
          `stored by identifier. Nobody can tell which: if you know, say so by SpaceStore.renamed(${
            JSON.stringify(name)
          }, …)`
        : `it is ${JSON.stringify(name)}, of a later version: update @effect-linda/core in this program`
    )
  }

  /** An error or defect: crosses as well as it can, whatever it is. */
  encodeError(error: unknown, depth = 0): unknown {
    try {
      return { value: this.encode(error, "the error") }
    } catch {
      return isError(error)
        ? {
          name: nameOf(error),
          message: messageOf(error),
          stack: stackOf(error),
          data: this.dataOf(error),
          ...(depth < 8 && has(error, "cause") ? { cause: this.encodeError(read(error, "cause"), depth + 1) } : {})
        }
        : { value: messageOf(error) }
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
    for (const key of new Set([...keysOf(error), ...(has(error, "_tag") ? ["_tag"] : [])])) {
      const value = read(error, key)
      try {
        data[key] = this.encode(value, key)
      } catch {
        data[key] = messageOf(value)
      }
    }
    return data
  }

  /** What it was, or {@link Undecoded}: what went wrong is told in any case. */
  decodeError(coded: any): unknown {
    if ("value" in coded) {
      return this.decodeOr(coded.value, "the error")
    }
    const data = this.decodeOr(coded.data, "the error")
    const error = Object.assign(new Error(coded.message), data instanceof Undecoded ? { data } : data)
    for (const key of ["name", "stack"]) {
      Object.defineProperty(error, key, { value: coded[key], configurable: true, writable: true })
    }
    if ("cause" in coded) {
      Object.defineProperty(error, "cause", {
        value: this.decodeError(coded.cause),
        configurable: true,
        writable: true
      })
    }
    return error
  }
}

/**
 * A view of a part of a buffer would drag the whole of it along, so that part goes alone; but memory that threads share
 * is to stay so. Node's `Buffer` loses its class.
 */
const ownBuffer = (view: ArrayBufferView): ArrayBufferView => {
  const { buffer, byteLength, byteOffset } = view
  return byteLength === buffer.byteLength || isSharedArrayBuffer(buffer)
    ? view
    : new (views.get(viewName(view))!)(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer)
}

const refuseDetached = (buffer: ArrayBufferLike, where: string): void => {
  if (isDetached(buffer)) {
    throw refusal(where, "its buffer was transferred to somewhere else, and is empty here")
  }
}

/** Refuses an array that has more, or less, than its members. Some holes are as `undefined`. */
const refuseOwnKeys = (array: ReadonlyArray<unknown>, where: string): void => {
  const { length } = array
  const keys = length > searchedWell
    ? [...Object.keys(array), "length", ...Object.getOwnPropertySymbols(array)]
    : Reflect.ownKeys(array)
  // First come the positions, in their order.
  if (keys.length === length + 1 && (length === 0 || keys[length - 1] === String(length - 1))) {
    return
  }
  const own = keys.find((key) => typeof key === "symbol" || key !== "length" && !isPosition(key, length))
  if (own !== undefined) {
    throw refusal(where, `its own key ${String(own)} would be lost`)
  }
  const holes = length + 1 - keys.length
  if (holes > mostHoles) {
    throw refusal(where, `it has ${holes} places without a member`)
  }
}

/** What an error has besides its fields. */
const explaining: ReadonlySet<PropertyKey> & Iterable<"cause" | "stack"> = new Set(["cause", "stack"] as const)

const isPosition = (key: string, length: number): boolean => {
  const position = Number(key)
  return position < length && String(position) === key && Number.isInteger(position) && position >= 0
}

/** Refuses a value that has more keys of its own than its kind. */
const refuseExtras = (value: object, where: string, expected = 0): void => {
  const keys = Reflect.ownKeys(value)
  if (keys.length > expected) {
    throw refusal(where, `its own key ${String(keys[expected])} would be lost`)
  }
}

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

/** The name of what Effect has made by a prototype, without a class. */
const effectName = (value: object): string | undefined => {
  const marks = [value, Object.getPrototypeOf(value) ?? value].flatMap(Object.getOwnPropertySymbols)
  const names = marks.flatMap(({ description }) => /^effect\/([A-Z]\w+)$/.exec(description ?? "")?.[1] ?? [])
  return names.find((name) => name !== "Equal" && name !== "Hash" && name !== "Effect")
}

/** The place in something cyclic is long. */
const brief = (where: string): string => where.length < 200 ? where : `${where.slice(0, 100)}…${where.slice(-40)}`

const refusal = (where: string, why: string): SpaceError =>
  new SpaceError({ reason: "InvalidTuple", message: `${brief(where)}: ${why}` })
