/**
 * Values on their way in: what the encoder of another program has made, as it was there.
 *
 * @internal
 */
import { SpaceError } from "../../SpaceError.js"
import { Undecoded } from "../../Undecoded.js"
import type { Known } from "../classes.js"
import type { Fields } from "../coders.js"
import { coders, define, formerCoders } from "../coders.js"
import { messageOf } from "../print.js"
import { brief, byPosition, classPrefix, coded } from "./words.js"

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

/** Decodes values of the classes that this program knows. */
export class Decoder {
  private readonly decoders: ReadonlyMap<string, (coded: any) => unknown>

  constructor(classes: ReadonlyArray<Known>) {
    this.decoders = new Map([
      ...formerCoders,
      ...Array.from(coders, ([name, { decode }]) => [name, decode] as const),
      ...classes.flatMap(({ decode, former, identifier }) =>
        [identifier, ...former].flatMap((name) => [
          [classPrefix + name, decode] as const,
          // As the format before this one has it.
          ...(byPosition.test(name) ? [[name, decode] as const] : [])
        ])
      )
    ])
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
      return this.decodeMembers(value)
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
    return coded in value ? this.decodeCode(value) : this.decodeRecord(value as Record<string, unknown>)
  }

  private decodeMembers(value: ReadonlyArray<unknown>): ReadonlyArray<unknown> {
    let result = value
    let i = 0
    try {
      for (; i < value.length; i++) {
        const member: unknown = typeof value[i] === "object" ? this.decodeAny(value[i]) : value[i]
        if (member !== value[i] && typeof member === "object") {
          result = result === value ? value.slice() : result
          ;(result as Array<unknown>)[i] = member
        }
      }
    } catch (error) {
      throw unreadable(error, `[${i}]`)
    }
    return result
  }

  private decodeRecord(record: Record<string, unknown>): object {
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

  /** What stands for something else. */
  private decodeCode(code: object): unknown {
    const { [coded]: name, own, value: inner } = code as { [coded]: string; value: unknown; own?: Fields }
    const decoded = this.decodeNamed(name, this.decodeAny(inner))
    for (const [key, enumerable, value] of own ?? []) {
      try {
        define(decoded as object, key, enumerable, this.decodeAny(value))
      } catch (error) {
        throw unreadable(error, `.${key}`)
      }
    }
    return decoded
  }

  private decodeNamed(name: string, inner: any): unknown {
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

  /** The same, or {@link Undecoded}. */
  decodeOr(value: unknown, where: string): unknown {
    try {
      return this.decode(value, where)
    } catch (error) {
      return new Undecoded(value, messageOf(error))
    }
  }
}
