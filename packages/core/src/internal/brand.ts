/**
 * What a value is, whichever realm it was made in: a worker, an iframe, `node:vm`, a test runner that gives each file a
 * realm of its own. A value is told by what the engine itself has marked it with, not by this realm's prototypes (S2).
 *
 * All of this is total: a revoked proxy, or a getter that throws, is nothing in particular.
 *
 * @internal
 */
import type { SpaceError } from "../SpaceError.js"

/** What stands for a member that throws when it is read. Equal to nothing. */
export const UNREADABLE: unique symbol = Symbol.for("@effect-linda/core/unreadable")

/** A member of an object, or {@link UNREADABLE}. */
export const read = (value: object, key: PropertyKey): unknown => {
  try {
    return (value as Record<PropertyKey, unknown>)[key]
  } catch {
    return UNREADABLE
  }
}

/** The keys of a record. Throws what `refused` makes of an error. */
export const keysOf = (record: object, refused: (error: unknown) => Error): ReadonlyArray<string> => {
  try {
    return Object.keys(record)
  } catch (error) {
    throw refused(error)
  }
}

export const prototypeOf = (value: object): object | null | typeof UNREADABLE => {
  try {
    return Object.getPrototypeOf(value)
  } catch {
    return UNREADABLE
  }
}

/** Whether a value passes a test that looks into it. One that cannot be looked into, as a revoked proxy, does not. */
export const passes = (test: (value: unknown) => boolean, value: unknown): boolean => {
  try {
    return test(value)
  } catch {
    return false
  }
}

/** `Array.isArray` throws for a revoked proxy. */
export const isArray = (value: unknown): value is ReadonlyArray<unknown> => {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/**
 * A plain array of the members, holes included. Not by `Array.from` or spreading, which ask an iterator that may say
 * other things. Throws what reading a member throws.
 */
export const copyOf = (array: ReadonlyArray<unknown>): Array<unknown> => {
  // A copy is made in its full length at once, which pushing does not. Other constructors could make something else of
  // it.
  const { constructor }: object = array
  return constructor === Array ? array.slice() : Array.from({ length: array.length }, (_, index) => array[index])
}

/** The same, in which a hole is `undefined` (S2). */
export const membersOf = (array: ReadonlyArray<unknown>): Array<unknown> => {
  const members = copyOf(array)
  for (let i = 0; i < members.length; i++) {
    if (members[i] === undefined) {
      members[i] = undefined
    }
  }
  return members
}

/** The first member that cannot be read, or -1. */
export const unreadableOf = (array: ReadonlyArray<unknown>): number => {
  const length = read(array, "length")
  return typeof length !== "number" ? -1 : Array.from({ length }, (_, index) => read(array, index)).indexOf(UNREADABLE)
}

/** Whether a prototype is somewhere above a value. */
export const isA = (value: object, prototype: object): boolean => Object.prototype.isPrototypeOf.call(prototype, value)

/** The `Object.prototype` of this or of another realm. */
const isRoot = (prototype: object): boolean =>
  prototype === Object.prototype ||
  prototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf") && Object.hasOwn(prototype, "valueOf")

/** `true` for `{}` and `Object.create(null)`: objects that have content and no behaviour of their own. */
export const isPlainObject = (value: object): value is Record<PropertyKey, unknown> => {
  const prototype = prototypeOf(value)
  return prototype === Object.prototype || prototype === null ||
    prototype !== UNREADABLE && isRoot(prototype) && !isArray(value) && tagOf(value) === "Object"
}

/** The word that `Object.prototype.toString` has for it. */
const tagOf = (value: object): string => {
  try {
    return Object.prototype.toString.call(value).slice(8, -1)
  } catch {
    return ""
  }
}

const isInstance = (value: object, constructor: abstract new(...args: any) => unknown): boolean => {
  try {
    return value instanceof constructor
  } catch {
    return false
  }
}

type Getter = (this: unknown) => unknown

const getterOf = (prototype: object, key: PropertyKey): Getter => {
  const getter = Object.getOwnPropertyDescriptor(prototype, key)?.get
  return getter ?? (() => {
    throw new TypeError(`there is no ${String(key)}`)
  })
}

/**
 * Tells the objects that an engine's own method accepts. The cheap signs come first, for what is asked about most is
 * neither, and to throw is expensive.
 */
const accepts =
  <A extends object>(constructor: abstract new(...args: any) => A, tag: string, method: Getter) =>
  (value: unknown): value is A => {
    if (typeof value !== "object" || value === null || !isInstance(value, constructor) && tagOf(value) !== tag) {
      return false
    }
    try {
      method.call(value)
      return true
    } catch {
      return false
    }
  }

export const isDate = accepts(Date, "Date", Date.prototype.getTime)
export const isRegExp = accepts(RegExp, "RegExp", getterOf(RegExp.prototype, "global"))
export const isMap = accepts<Map<unknown, unknown>>(Map, "Map", getterOf(Map.prototype, "size"))
export const isSet = accepts<Set<unknown>>(Set, "Set", getterOf(Set.prototype, "size"))
export const isArrayBuffer = accepts(ArrayBuffer, "ArrayBuffer", getterOf(ArrayBuffer.prototype, "byteLength"))

/** Browsers have it only where pages are isolated. */
const Shared = (globalThis as { readonly SharedArrayBuffer?: SharedArrayBufferConstructor }).SharedArrayBuffer
export const isSharedArrayBuffer = Shared === undefined
  ? (_: unknown): _ is SharedArrayBuffer => false
  : accepts(Shared, "SharedArrayBuffer", getterOf(Shared.prototype, "byteLength"))

/** Whether a buffer was transferred, and so has nothing any more. */
export const isDetached = (buffer: ArrayBufferLike): boolean => {
  if (buffer.byteLength > 0) {
    return false
  }
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

export const isError = (value: unknown): value is Error =>
  typeof value === "object" && value !== null &&
  (isInstance(value, Error) || tagOf(value) === "Error" && read(value, Symbol.toStringTag) === undefined)

/**
 * The class that the engine itself gives an error: of `class Lost extends TypeError`, `"TypeError"`. `undefined` for a
 * class of the user's.
 */
export const errorClass = (error: Error): string | undefined => {
  const prototype = prototypeOf(error)
  const constructor = typeof prototype === "object" && prototype !== null ? read(prototype, "constructor") : undefined
  const name = typeof constructor === "function" ? read(constructor, "name") : undefined
  return typeof constructor === "function" && typeof name === "string" && errorClasses.has(name) &&
      /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor))
    ? name
    : undefined
}

const errorClasses: ReadonlySet<string> = new Set(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(({ name }) => name)
)

const viewTag = getterOf(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)

/** What a view on a buffer is a view of: `"Uint8Array"` for Node's `Buffer` and other subclasses too. */
export const viewName = (view: ArrayBufferView): string => String(viewTag.call(view) ?? "DataView")

/** The bytes that a view shows: none, if its buffer was transferred. */
export const bytesOf = (view: ArrayBufferView): Uint8Array => {
  try {
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  } catch {
    return new Uint8Array(0)
  }
}

/** The name of an object's class, if it can be told. */
export const className = (value: object): string | undefined => {
  const constructor = read(value, "constructor")
  const name = typeof constructor === "function" ? read(constructor, "name") : undefined
  return typeof name === "string" && name !== "" ? name : undefined
}

/** Also one of another copy of the library. */
export const isSpaceError = (value: unknown): value is SpaceError =>
  typeof value === "object" && value !== null && read(value, "_tag") === "SpaceError" &&
  typeof read(value, "reason") === "string" && typeof read(value, "message") === "string"
