/**
 * How values look in a frame: MessagePack, and extensions for what the structured clone algorithm carries beyond that.
 *
 * MessagePack's own types are null, booleans, numbers, strings, arrays, maps with keys that are strings (plain
 * objects), and bytes (`Uint8Array`). `docs/protocol.md` lists the extensions for authors of other clients.
 *
 * @internal
 */

/** The extensions, by their numbers. */
export const Undefined = 0
export const BigInteger = 1
export const Time = 2
export const Mapping = 3
export const Collection = 4
export const Expression = 5
export const View = 6
export const Failure = 7
/** What has come before in this frame, by its number: each object has one, in the order in which they begin. */
export const Reference = 8
/** A string that is not well-formed, and so has no UTF-8. */
export const Utf16 = 9
/** A place of an array without a member. */
export const Hole = 10
/** An object that stands for a number, a string, a boolean or a bigint. */
export const Boxed = 11

/** The kinds of views and buffers, by their numbers. Members are in the order of bytes of most machines: low first. */
export const views = [
  "ArrayBuffer",
  "DataView",
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
  "BigUint64Array"
] as const

/** The errors that keep their class. */
export const errors = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError
} as const

/** Nothing is nested deeper than this, so that no frame is too much for the stack. */
export const deepest = 1000

/** No frame has more objects than this: one of a byte takes many in memory. */
export const most = 1_000_000
