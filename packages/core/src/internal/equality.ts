/**
 * The one equality of the library (clause S2), and the hash that agrees with it.
 *
 * Primitives are compared as `Map` keys are, `Date`s by time, implementors of `Equal` by `Equal.equals`, plain arrays and
 * plain objects by content, views on buffers by kind and bytes, and everything else by reference. Index and scan give the
 * same answer because the index only proposes: what it finds by hash is compared again by {@link equals}.
 *
 * @internal
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import { isPlainObject } from "./brand.js"

export { isPlainObject }

/** The own enumerable keys of a plain object, symbols included: the keys that make up its content. */
export const contentKeys = (value: object): ReadonlyArray<PropertyKey> => {
  const keys: Array<PropertyKey> = Object.keys(value)
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
      keys.push(symbol)
    }
  }
  return keys
}

const bytes = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

const sameBytes = (self: ArrayBufferView, that: ArrayBufferView): boolean => {
  if (Object.getPrototypeOf(self) !== Object.getPrototypeOf(that) || self.byteLength !== that.byteLength) {
    return false
  }
  const left = bytes(self)
  const right = bytes(that)
  return left.every((byte, index) => byte === right[index])
}

/** Structural, strict equality of two fields (clause S2). Total: cyclic values are compared as the trees they unfold to. */
export const equals = (self: unknown, that: unknown): boolean => {
  if (typeof self !== "object" || typeof that !== "object") {
    return self === that || self !== self && that !== that
  }
  try {
    return compare(self, that, 0, { pairs: undefined })
  } catch {
    // A getter or an `Equal` that throws: equal to nothing.
    return false
  }
}

/**
 * The pairs of deep objects that were met: each is compared once and equal from then on, for any difference ends the whole
 * comparison. Without this, cyclic values would never end, and values that share parts would take exponential time.
 */
interface Met {
  pairs: Map<object, Set<object>> | undefined
}
const shallow = 8

const compare = (self: unknown, that: unknown, depth: number, met: Met): boolean => {
  if (self === that) {
    return true
  }
  if (typeof self !== "object" || typeof that !== "object" || self === null || that === null) {
    return self !== self && that !== that
  }
  if (Equal.isEqual(self) || Equal.isEqual(that)) {
    return Equal.equals(self, that)
  }
  if (depth > shallow) {
    met.pairs ??= new Map()
    const partners = met.pairs.get(self) ?? new Set()
    if (partners.has(that)) {
      return true
    }
    met.pairs.set(self, partners.add(that))
  }
  if (Array.isArray(self) || Array.isArray(that)) {
    return Array.isArray(self) && Array.isArray(that) && compareArrays(self, that, depth + 1, met)
  }
  if (self instanceof Date) {
    return that instanceof Date && compare(self.getTime(), that.getTime(), depth, met)
  }
  if (ArrayBuffer.isView(self)) {
    return ArrayBuffer.isView(that) && sameBytes(self, that)
  }
  return isPlainObject(self) && isPlainObject(that) && comparePlain(self, that, depth + 1, met)
}

const compareArrays = (
  self: ReadonlyArray<unknown>,
  that: ReadonlyArray<unknown>,
  depth: number,
  met: Met
): boolean => {
  if (self.length !== that.length) {
    return false
  }
  for (let i = 0; i < self.length; i++) {
    if (!compare(self[i], that[i], depth, met)) {
      return false
    }
  }
  return true
}

const comparePlain = (
  self: Record<PropertyKey, unknown>,
  that: Record<PropertyKey, unknown>,
  depth: number,
  met: Met
): boolean => {
  const keys = contentKeys(self)
  return keys.length === contentKeys(that).length &&
    keys.every((key) =>
      Object.prototype.propertyIsEnumerable.call(that, key) && compare(self[key], that[key], depth, met)
    )
}

const mix = (value: number): number => {
  const mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b)
  return mixed ^ (mixed >>> 16)
}

/** By what a table finds the values of some fields: equal values have equal keys. */
export type Key = number | string

/**
 * The key of a single field: the {@link hash}. A long text is its own, for V8 keeps the hash of a text with it; a short
 * one is hashed faster than a table looks at the texts of others. Longer than that, V8's hash is the length.
 */
export const key = (value: unknown): Key =>
  typeof value === "string" && value.length > 32 && value.length < 16_384 ? value : hash(value)

/** Adds the hash of one more field to the hash of the fields before it. A 32-bit integer. */
export const combine = (hash: number, next: number): number => (Math.imul(hash, 31) + next) | 0

const hashString = (value: string): number => {
  let hash = value.length
  for (let i = 0; i < value.length; i++) {
    hash = (Math.imul(hash, 31) + value.charCodeAt(i)) | 0
  }
  return mix(hash)
}

const double = new Float64Array(1)
const words = new Int32Array(double.buffer)

const hashNumber = (value: number): number => {
  if ((value | 0) === value) {
    return mix(value | 0)
  }
  if (value !== value) {
    return 0x3c4e
  }
  double[0] = value
  return mix(words[0]! ^ words[1]!)
}

/** A hash looks this deep into nested values and at this many members of each: it proposes, equality decides. */
const hashDepth = 2
const hashWidth = 16

/** A 32-bit hash of a field: equal fields (by {@link equals}) have equal hashes. Total, for cyclic values too. */
export const hash = (value: unknown): number => {
  switch (typeof value) {
    case "string":
      return hashString(value)
    case "number":
      return hashNumber(value)
    case "boolean":
      return value ? 0x2b5a : 0x51d3
    case "undefined":
      return 0x6c07
    case "bigint":
      return hashString(value.toString(36))
    case "symbol":
      return hashString(value.description ?? "")
    case "function":
      return Hash.random(value)
    default:
      return value === null ? 0x1f3b : safely(value as object)
  }
}

/** Of a long view the first and the last bytes. */
const hashBytes = (view: Uint8Array): number => {
  let hash = view.length
  for (let i = 0; i < view.length; i++) {
    hash = combine(hash, view[i]!)
    if (i === 63 && view.length > 128) {
      i = view.length - 65
    }
  }
  return mix(hash)
}

/** A getter or a `Hash` that throws: then equality alone decides. */
const safely = (value: object): number => {
  try {
    return hashObject(value, hashDepth)
  } catch {
    return 0
  }
}

const hashMember = (value: unknown, depth: number): number =>
  typeof value === "object" && value !== null ? (depth === 0 ? 0 : hashObject(value, depth - 1)) : hash(value)

const hashObject = (value: object, depth: number): number => {
  if (Equal.isEqual(value)) {
    return Hash.hash(value)
  }
  if (Array.isArray(value)) {
    let result = combine(0x7a11, value.length)
    for (let i = 0; i < value.length && i < hashWidth; i++) {
      result = combine(result, hashMember(value[i], depth))
    }
    return result
  }
  if (value instanceof Date) {
    return hashNumber(value.getTime())
  }
  if (ArrayBuffer.isView(value)) {
    return hashBytes(bytes(value))
  }
  if (!isPlainObject(value)) {
    return Hash.random(value)
  }
  const keys = contentKeys(value)
  let result = keys.length
  // A sum, because equal objects may list their keys in different orders.
  for (const key of keys) {
    result = (result + mix(combine(hash(key), hashMember(value[key], depth)))) | 0
  }
  return result
}
