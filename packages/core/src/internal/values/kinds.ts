/**
 * What structured clone carries by itself: how it is known, and what of it would be lost without a word, which is
 * refused.
 *
 * @internal
 */
import {
  className,
  isArray,
  isArrayBuffer,
  isDate,
  isDetached,
  isMap,
  isRegExp,
  isSet,
  isSharedArrayBuffer,
  viewName
} from "../brand.js"
import { views } from "../encoding.js"
import { refusal } from "./words.js"

/** More places without a member than this are no array. */
const mostHoles = 1_000_000

/** Longer views are not searched for keys of their own, for that makes a text of each position. */
export const searched = 4096

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
export const kindOf = (value: object, prototype: object): string | undefined => {
  const name = className(prototype)
  const is = name === undefined ? undefined : byName.get(name)
  return is?.(value) === true && Object.hasOwn(prototype, "constructor") ? name : undefined
}

/** Whether it is a value that needs no second look. */
export const goesAsIs = (value: unknown): boolean => {
  const type = typeof value
  return !(type === "object" && value !== null || type === "function" || type === "symbol")
}

/**
 * A view of a part of a buffer would drag the whole of it along, so that part goes alone; but memory that threads share
 * is to stay so. Node's `Buffer` loses its class.
 */
export const ownBuffer = (view: ArrayBufferView): ArrayBufferView => {
  const { buffer, byteLength, byteOffset } = view
  return byteLength === buffer.byteLength || isSharedArrayBuffer(buffer)
    ? view
    : new (views.get(viewName(view))!)(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer)
}

export const refuseDetached = (buffer: ArrayBufferLike, where: string): void => {
  if (isDetached(buffer)) {
    throw refusal(where, "its buffer was transferred to somewhere else, and is empty here")
  }
}

const isPosition = (key: string, length: number): boolean => {
  const position = Number(key)
  return position < length && String(position) === key && Number.isInteger(position) && position >= 0
}

/** Refuses an array that has more, or less, than its members. Some holes are as `undefined`. */
export const refuseOwnKeys = (array: ReadonlyArray<unknown>, where: string): void => {
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

/** Refuses a value that has more keys of its own than its kind. */
export const refuseExtras = (value: object, where: string, expected = 0): void => {
  const keys = Reflect.ownKeys(value)
  if (keys.length > expected) {
    throw refusal(where, `its own key ${String(keys[expected])} would be lost`)
  }
}
