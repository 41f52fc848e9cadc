/**
 * The one equality of the library (clause S2), and the hash that agrees with it.
 *
 * Primitives are compared as `Map` keys are, `Date`s by time, implementors of `Equal` by `Equal.equals`, plain arrays and
 * plain objects by content, views on buffers by kind and bytes, and everything else by reference. Index and scan give the
 * same answer because the index only proposes: what it finds by hash is compared again by {@link equals}.
 *
 * Neither recurses: how deep a value may be must not depend on how much of its stack the caller has used.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as List from "effect/List"
import * as Option from "effect/Option"
import { SpaceError } from "../../SpaceError.js"
import { bytesOf, isArray, isDate, isPlainObject, viewName } from "../brand.js"

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

// ---------------------------------------------------------------------------------------------------------------------
// Equality
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Structural, strict equality of two fields (clause S2): cyclic values are compared as the trees they unfold to. A getter, a proxy or
 * an `Equal` that throws is equal to nothing. Throws only where an `Equal` of the user's has no stack left for an answer.
 */
export const equals = (self: unknown, that: unknown): boolean => {
  if (self === that) {
    return true
  }
  if (typeof self !== "object" || typeof that !== "object" || self === null || that === null) {
    return areNaN(self, that)
  }
  try {
    return new Comparison().run(self, that)
  } catch (error) {
    if (isOverflow(error)) {
      throw new SpaceError({
        reason: "InvalidPattern",
        message:
          "the Equal of a value that is compared needs more stack than there is: compare less deeply nested values"
      })
    }
    return false
  }
}

const areNaN = (self: unknown, that: unknown): boolean => self !== self && that !== that

/** How engines say that the stack is used up. */
const isOverflow = (error: unknown): boolean => error instanceof Error && /call stack|recursion/i.test(error.message)

/** So many pairs are compared before they are noted. */
const unnoted = 64

/** The comparison of two objects. What they contain is put off, so that it is a loop and not a recursion. */
class Comparison {
  /** Pairs of objects that are still to be compared: one behind the other. */
  private readonly pending: Array<object> = []
  private steps = 0
  /**
   * The pairs that were met: each is compared once and equal from then on, for any difference ends the whole comparison. Without
   * this, cyclic values would never end, and values that share parts would take exponential time.
   */
  private met: Map<object, object | Set<object>> | undefined = undefined

  run(self: object, that: object): boolean {
    const { pending } = this
    if (!this.compare(self, that)) {
      return false
    }
    while (pending.length > 0) {
      const right = pending.pop()!
      const left = pending.pop()!
      if (!this.isMet(left, right) && !this.compare(left, right)) {
        return false
      }
    }
    return true
  }

  private isMet(self: object, that: object): boolean {
    if (++this.steps <= unnoted) {
      return false
    }
    this.met ??= new Map()
    const partners = this.met.get(self)
    if (partners === undefined) {
      this.met.set(self, that)
    } else if (partners instanceof Set) {
      if (partners.has(that)) {
        return true
      }
      partners.add(that)
    } else {
      if (partners === that) {
        return true
      }
      this.met.set(self, new Set([partners, that]))
    }
    return false
  }

  private member(self: unknown, that: unknown): boolean {
    if (self === that) {
      return true
    }
    if (typeof self !== "object" || typeof that !== "object" || self === null || that === null) {
      return areNaN(self, that)
    }
    this.pending.push(self, that)
    return true
  }

  /** A member of what `Equal` compares, which wants its members to be equal by that as well. */
  private effectMember(self: unknown, that: unknown): boolean {
    if (Equal.isEqual(self) && Equal.isEqual(that) && self !== that) {
      this.pending.push(self, that)
      return true
    }
    return Equal.equals(self, that)
  }

  private compare(self: object, that: object): boolean {
    if (Equal.isEqual(self) || Equal.isEqual(that)) {
      return Equal.isEqual(self) && Equal.isEqual(that) && this.compareEqual(self, that)
    }
    if (isArray(self) || isArray(that)) {
      return isArray(self) && isArray(that) && this.compareArrays(self, that)
    }
    if (isPlainObject(self)) {
      return isPlainObject(that) && this.comparePlain(self, that)
    }
    if (ArrayBuffer.isView(self)) {
      return ArrayBuffer.isView(that) && sameBytes(self, that)
    }
    return isDate(self) && isDate(that) && this.member(self.getTime(), that.getTime())
  }

  private compareEqual(self: Equal.Equal, that: Equal.Equal): boolean {
    const left = contentOf(self)
    const right = left && contentOf(that)
    if (left === undefined || right === undefined) {
      return Equal.equals(self, that)
    }
    return left.kind === right.kind && (
      left.keys === undefined || right.keys === undefined
        ? this.compareMembers(left.members, right.members)
        : this.compareStructs(left.keys, left.members, right.keys, right.members)
    )
  }

  private compareStructs(keys: ReadonlyArray<string>, self: any, others: ReadonlyArray<string>, that: any): boolean {
    return keys.length === others.length && keys.every((key) => key in that && this.effectMember(self[key], that[key]))
  }

  private compareMembers(self: ReadonlyArray<unknown>, that: ReadonlyArray<unknown>): boolean {
    if (self.length !== that.length) {
      return false
    }
    for (let i = 0; i < self.length; i++) {
      if (!this.effectMember(self[i], that[i])) {
        return false
      }
    }
    return true
  }

  private compareArrays(self: ReadonlyArray<unknown>, that: ReadonlyArray<unknown>): boolean {
    if (self.length !== that.length) {
      return false
    }
    for (let i = 0; i < self.length; i++) {
      if (!this.member(self[i], that[i])) {
        return false
      }
    }
    return true
  }

  private comparePlain(self: Record<PropertyKey, unknown>, that: Record<PropertyKey, unknown>): boolean {
    const keys = contentKeys(self)
    return keys.length === contentKeys(that).length &&
      keys.every((key) => Object.prototype.propertyIsEnumerable.call(that, key) && this.member(self[key], that[key]))
  }
}

const sameBytes = (self: ArrayBufferView, that: ArrayBufferView): boolean => {
  if (viewName(self) !== viewName(that) || self.byteLength !== that.byteLength) {
    return false
  }
  const left = bytesOf(self)
  const right = bytesOf(that)
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) {
      return false
    }
  }
  return true
}

/** What `Equal` compares of Effect's own data, which is told by its `Equal`: the members of a list, or by their keys. */
interface Content {
  readonly kind: string
  readonly keys: ReadonlyArray<string> | undefined
  readonly members: any
}

const listed = (kind: string, members: ReadonlyArray<unknown>): Content => ({ kind, keys: undefined, members })

const equalOf = (value: object): unknown => (value as { readonly [Equal.symbol]?: unknown })[Equal.symbol]

const contents: ReadonlyMap<unknown, (value: any) => Content> = new Map<unknown, (value: any) => Content>([
  [equalOf(Data.struct({})), (value) => ({ kind: "struct", keys: Object.keys(value), members: value })],
  [equalOf(Data.array([])), (value) => listed("array", value)],
  [equalOf(Option.some(0)), ({ value }) => listed("some", [value])],
  [equalOf(Option.none()), () => listed("none", [])],
  [equalOf(Either.right(0)), ({ right }) => listed("right", [right])],
  [equalOf(Either.left(0)), ({ left }) => listed("left", [left])],
  [equalOf(Chunk.empty()), (value) => listed("chunk", Chunk.toReadonlyArray(value))],
  [equalOf(List.make(0)), (value) => listed("list", List.toArray(value))]
])

const contentOf = (value: object): Content | undefined => contents.get(equalOf(value))?.(value)

// ---------------------------------------------------------------------------------------------------------------------
// Hash
// ---------------------------------------------------------------------------------------------------------------------

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

/** Chosen anew by each program: who does not know them cannot make values that share a hash, and so a bucket of all tables. */
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
 * A walk over the tree that a value unfolds to, level by level. The hash is a sum over all that there is in it, each mixed with the
 * path to it, because equal objects may list their keys in different orders. Where it stops is the same for equal values.
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
