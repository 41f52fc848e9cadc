/**
 * Values on their way out: what structured clone carries faithfully goes as it is, and what would lose its class is
 * coded. What cannot go is refused by name.
 *
 * @internal
 */
import * as Redacted from "effect/Redacted"
import { Undecoded } from "../../Undecoded.js"
import { copyOf, isA, isError, isPlainObject, isSpaceError, read } from "../brand.js"
import type { Known } from "../classes.js"
import { classOf } from "../classes.js"
import type { Each, Fields } from "../coders.js"
import { coders, isEffects } from "../coders.js"
import { readText, write } from "../encoding.js"
import { messageOf, show } from "../print.js"
import { goesAsIs, kindOf, ownBuffer, refuseDetached, refuseExtras, refuseOwnKeys, searched } from "./kinds.js"
import type { Medium } from "./words.js"
import { classPrefix, coded, refusal, words } from "./words.js"

/** Deeper than this is taken for cyclic: what crosses is data, of which there is an end. */
const deepest = 100

/** More objects than this are taken for parts that are shared again and again. */
const most = 2_000_000

/** What an error has besides its fields. */
const explaining: ReadonlySet<PropertyKey> & Iterable<"cause" | "stack"> = new Set(["cause", "stack"] as const)

/** The name of what Effect has made by a prototype, without a class. */
const effectName = (value: object): string | undefined => {
  const marks = [value, Object.getPrototypeOf(value) ?? value].flatMap(Object.getOwnPropertySymbols)
  const names = marks.flatMap(({ description }) => /^effect\/([A-Z]\w+)$/.exec(description ?? "")?.[1] ?? [])
  return names.find((name) => name !== "Equal" && name !== "Hash" && name !== "Effect")
}

/** Structured clone forgets where the search goes on. */
const encodeRegExp = (value: RegExp, where: string): unknown => {
  refuseExtras(value, where, 1)
  const { flags, lastIndex, source } = value
  return lastIndex === 0 ? value : { [coded]: "regExp", value: [source, flags, lastIndex] }
}

const encodeView = (value: ArrayBufferView, kind: string, where: string): ArrayBufferView => {
  const length = kind === "DataView" ? 0 : (value as Uint8Array).length
  if (length <= searched) {
    refuseExtras(value, where, length)
  }
  refuseDetached(value.buffer, where)
  return ownBuffer(value)
}

/** Encodes values for a medium. */
export class Encoder {
  private left = most

  constructor(private readonly classes: ReadonlyArray<Known>, private readonly medium: Medium) {}

  /** Throws a `SpaceError` that names the place of what cannot go. */
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
    return kind === undefined ? this.encodeCoded(value, where, depth) : this.encodeKind(kind, value, where, depth)
  }

  /** What structured clone carries, or its members. */
  private encodeKind(kind: string, value: object, where: string, depth: number): unknown {
    switch (kind) {
      case "Array":
        return this.encodeMembers(value as ReadonlyArray<unknown>, where, depth)
      case "Map":
        return this.encodeMap(value as Map<unknown, unknown>, where, depth)
      case "Set":
        return this.encodeSet(value as Set<unknown>, where, depth)
      case "RegExp":
        return encodeRegExp(value as RegExp, where)
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
      default:
        return encodeView(value as ArrayBufferView, kind, where)
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

  private encodeMap(value: Map<unknown, unknown>, where: string, depth: number): Map<unknown, unknown> {
    refuseExtras(value, where)
    return new Map(Array.from(value, ([key, member], index) => [
      this.encodeAny(key, `${where}, entry ${index}[0]`, depth + 1),
      this.encodeAny(member, `${where}, entry ${index}[1]`, depth + 1)
    ]))
  }

  private encodeSet(value: Set<unknown>, where: string, depth: number): Set<unknown> {
    refuseExtras(value, where)
    return new Set(
      Array.from(value, (member, index) => this.encodeAny(member, `${where}, member ${index}`, depth + 1))
    )
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

  private encodeCoded(value: object, where: string, depth: number): unknown {
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
}
