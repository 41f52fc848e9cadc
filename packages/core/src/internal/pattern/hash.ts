/**
 * The hash of a field, which agrees with the one equality: equal fields have equal hashes. A loop, as equality is.
 *
 * @internal
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import { bytesOf, isArray, isDate, isPlainObject } from "../brand.js"
import { contentKeys, contentOf } from "./content.js"

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

/**
 * Chosen anew by each program: who does not know them cannot make values that share a hash, and so a bucket of all
 * tables.
 */
const seed = Hash.random({})
const factor = Hash.random({}) | 1

const mix = (value: number): number => {
  const mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b)
  return mixed ^ (mixed >>> 16)
}

const hashString = (value: string): number => {
  let hash = seed ^ value.length
  for (let i = 0; i < value.length; i++) {
    hash = Math.imul(hash ^ value.charCodeAt(i), factor)
    hash ^= hash >>> 15
  }
  return mix(hash)
}

const double = new Float64Array(1)
const words = new Int32Array(double.buffer)

const hashNumber = (value: number): number => {
  if ((value | 0) === value) {
    return mix((value | 0) ^ seed)
  }
  if (value !== value) {
    return 0x3c4e
  }
  double[0] = value
  return mix(Math.imul(mix(words[0]! ^ seed) ^ words[1]!, factor))
}

/** Symbols that are not registered have numbers: their descriptions may all be the same. */
const symbols = new WeakMap<any, number>()
let numbered = 0

const hashSymbol = (value: symbol): number => {
  const registered = Symbol.keyFor(value)
  if (registered !== undefined) {
    return hashString(registered)
  }
  let number = symbols.get(value)
  if (number === undefined) {
    number = mix(++numbered ^ seed)
    try {
      symbols.set(value, number)
    } catch {
      // An engine that cannot hold symbols weakly.
      return hashString(value.description ?? "")
    }
  }
  return number
}

const hashBytes = (view: ArrayBufferView): number => {
  const bytes = bytesOf(view)
  let hash = seed ^ bytes.length
  for (let i = 0; i < bytes.length; i++) {
    hash = Math.imul(hash ^ bytes[i]!, factor)
    hash ^= hash >>> 15
  }
  return mix(hash)
}

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
      return hashSymbol(value)
    case "function":
      return Hash.random(value)
    default:
      return value === null ? 0x1f3b : hashObject(value as object)
  }
}

/** A getter or a `Hash` that throws: then equality alone decides. */
const hashObject = (value: object): number => {
  try {
    return new Walk().run(value)
  } catch {
    return 0
  }
}

/** Down to this level all of a value is looked at, if it is no more than so many members. */
const broad = { levels: 4, members: 2 ** 20 }
/** Of what is below, so many members: a cyclic value has no end. */
const deep = 2 ** 14

/**
 * A walk over the tree that a value unfolds to, level by level. The hash is a sum over all that there is in it, each
 * mixed with the path to it, because equal objects may list their keys in different orders. Where it stops is the same
 * for equal values.
 */
class Walk {
  private sum = 0
  /** The objects of the next level, and the paths to them. */
  private objects: Array<object> | undefined = undefined
  private paths: Array<number> = noPaths
  /** How many members the next level has, as far as that is known before one looks. */
  private ahead = 0

  run(value: object): number {
    this.visit(value, 1)
    let below = 0
    for (let level = 1; this.objects !== undefined; level++) {
      const { objects, paths } = this
      below += level < broad.levels ? 0 : this.ahead
      if (level < broad.levels ? this.ahead > broad.members : below > deep) {
        break
      }
      this.objects = undefined
      this.ahead = 0
      for (let i = 0; i < objects.length; i++) {
        this.visit(objects[i]!, paths[i]!)
      }
    }
    return mix(this.sum)
  }

  private leaf(path: number, hash: number): void {
    const mixed = Math.imul(path ^ hash, factor)
    this.sum = (this.sum + mix(mixed)) | 0
  }

  private member(path: number, value: unknown): void {
    if (typeof value !== "object" || value === null) {
      this.leaf(path, hash(value))
      return
    }
    if (this.objects === undefined) {
      this.objects = []
      this.paths = []
    }
    this.objects.push(value)
    this.paths.push(path)
    this.ahead += isArray(value) ? 1 + value.length : ArrayBuffer.isView(value) ? 1 + value.byteLength / 4 : 2
  }

  private visit(value: object, path: number): void {
    if (Equal.isEqual(value)) {
      this.visitEqual(value, path)
    } else if (isArray(value)) {
      this.visitList(value, path)
    } else if (isPlainObject(value)) {
      this.visitRecord(contentKeys(value), value, path)
    } else if (ArrayBuffer.isView(value)) {
      this.leaf(path, hashBytes(value))
    } else {
      this.leaf(path, isDate(value) ? hashNumber(value.getTime()) : Hash.hash(value))
    }
  }

  private visitEqual(value: Equal.Equal, path: number): void {
    const content = contentOf(value)
    if (content === undefined) {
      this.leaf(path, Hash.hash(value))
      return
    }
    const { keys, members } = content
    if (keys === undefined) {
      this.visitList(members, path)
    } else {
      this.visitRecord(keys, members, path)
    }
  }

  private visitList(members: ReadonlyArray<unknown>, path: number): void {
    this.leaf(path, 0x7a11 + members.length)
    for (let i = 0; i < members.length; i++) {
      this.member(pathTo(path, i), members[i])
    }
  }

  private visitRecord(keys: ReadonlyArray<PropertyKey>, members: any, path: number): void {
    this.leaf(path, keys.length)
    for (const key of keys) {
      this.member(pathTo(path, hash(key)), members[key])
    }
  }
}

const noPaths: Array<number> = []

const pathTo = (path: number, key: number): number => {
  const mixed = Math.imul(path ^ key, factor)
  return mixed ^ (mixed >>> 15)
}
