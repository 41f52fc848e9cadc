/**
 * Values as text, for stores that compare by it: two fields are equal (S2) exactly if their texts are. It is JSON with
 * its keys in order, and with marks for what JSON does not have.
 *
 * @internal
 */
import { SpaceError } from "../SpaceError.js"
import { Undecoded } from "../Undecoded.js"
import * as Base64 from "./base64.js"
import {
  bytesOf as bytesIn,
  className,
  isArray,
  isArrayBuffer,
  isDate,
  isMap,
  isPlainObject,
  isRegExp,
  isSet,
  prototypeOf,
  UNREADABLE,
  viewName
} from "./brand.js"

/** Stands before what JSON does not have; a key of the user's that begins so gets another. */
const mark = "@"

const marked = (kind: string, text: string): string => `{"${mark}${kind}":${text}}`

/** The kinds of views on a buffer, by their names. */
export const views: ReadonlyMap<string, new(buffer: ArrayBuffer) => ArrayBufferView> = new Map(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView
  ].map((view): [string, new(buffer: ArrayBuffer) => ArrayBufferView] => [view.name, view])
)

const textOfBytes = (bytes: Uint8Array): string => `"${Base64.encode(bytes)}"`

const textOfNumber = (value: number): string => Number.isFinite(value) ? String(value + 0) : marked("n", `"${value}"`)

/** The text of a value that has been made fit to leave its process. */
export const write = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "number":
      return textOfNumber(value)
    case "boolean":
      return value ? "true" : "false"
    case "bigint":
      return marked("i", `"${value}"`)
    case "undefined":
      return marked("u", "0")
    default:
      return value === null ? "null" : writeObject(value as object)
  }
}

const writeAll = (values: Iterable<unknown>): string => `[${Array.from(values, write).join(",")}]`

const writeObject = (value: object): string => {
  if (Array.isArray(value)) {
    return writeAll(value)
  }
  if (isPlainObject(value)) {
    const members = Object.keys(value).sort().map((key) =>
      `${JSON.stringify(key.startsWith(mark) ? mark + key : key)}:${write(value[key])}`
    )
    return `{${members.join(",")}}`
  }
  if (isDate(value)) {
    return marked("d", textOfNumber(value.getTime()))
  }
  if (ArrayBuffer.isView(value)) {
    return marked("b", `["${viewName(value)}",${textOfBytes(bytesIn(value))}]`)
  }
  if (isMap(value)) {
    return marked("m", `[${Array.from(value, writeAll).join(",")}]`)
  }
  if (isSet(value)) {
    return marked("s", writeAll(value))
  }
  if (isRegExp(value)) {
    return marked("r", writeAll([value.source, value.flags]))
  }
  if (isArrayBuffer(value)) {
    return marked("a", textOfBytes(new Uint8Array(value)))
  }
  if (value instanceof Undecoded) {
    return value.letter === undefined ? write(value.encoded) : value.encoded as string
  }
  throw new Error(`there is no text for ${className(value) ?? "an object"}`)
}

/** What {@link write} has made of a value, parsed as JSON. Changes it in place. */
export const read = (value: any): any => {
  if (typeof value !== "object" || value === null) {
    return value
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      value[i] = read(value[i])
    }
    return value
  }
  const keys = Object.keys(value)
  if (keys.length === 1 && keys[0]![0] === mark && keys[0]![1] !== mark) {
    return readMarked(keys[0]!.slice(1), value[keys[0]!])
  }
  const record: Record<string, unknown> = {}
  for (const key of keys) {
    // Not an assignment, for `__proto__` is a key like any other.
    Object.defineProperty(record, key.startsWith(mark) ? key.slice(1) : key, {
      value: read(value[key]),
      configurable: true,
      enumerable: true,
      writable: true
    })
  }
  return record
}

const readMarked = (kind: string, content: any): unknown => {
  switch (kind) {
    case "n":
      return Number(content)
    case "i":
      return BigInt(content)
    case "u":
      return undefined
    case "d":
      return new Date(read(content))
    case "b":
      return new (views.get(content[0])!)(Base64.decode(content[1]))
    case "m":
      return new Map(read(content))
    case "s":
      return new Set(read(content))
    case "r":
      return new RegExp(content[0], content[1])
    case "a":
      return Base64.decode(content)
    // Of the format before this one.
    case "e": {
      const [name, message, stack] = read(content)
      const error = new (errors.get(name) ?? Error)(message)
      return Object.defineProperties(error, {
        name: { value: name, configurable: true, writable: true },
        stack: { value: stack, configurable: true, writable: true }
      })
    }
    default:
      throw new Error(`it is of a later version (${mark}${kind}): update @effect-linda/core in this program`)
  }
}

const errors: ReadonlyMap<string, ErrorConstructor> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type])
)

/** The text that {@link write} has made, of what JSON makes of that: the keys are put in order. */
export const rewrite = (json: unknown): string =>
  Array.isArray(json)
    ? `[${json.map(rewrite).join(",")}]`
    : typeof json === "object" && json !== null
    ? `{${
      Object.entries(json).sort(([one], [other]) => one < other ? -1 : 1)
        .map(([key, value]) => `${JSON.stringify(key)}:${rewrite(value)}`).join(",")
    }}`
    : typeof json === "number"
    ? textOfNumber(json)
    : JSON.stringify(json)

/**
 * The format of what is stored. 1, which was never released, has classes by their position in `schemas`, and errors
 * without what they carry; it is read, but for those classes.
 */
export const format = 2

/** What makes values fit to leave their process, and back. */
interface Coding {
  readonly encode: (value: unknown, where: string) => unknown
  readonly decode: (value: unknown, where: string) => unknown
}

/** The text of the field at a position. Throws a `SpaceError` that names what cannot be stored. */
export const encodeField = (values: Coding, field: unknown, position: number): string => {
  if (typeof field === "string") {
    return JSON.stringify(field)
  }
  const where = `field ${position}`
  const encoded = typeof field === "number" ? field : values.encode(field, where)
  try {
    return write(encoded)
  } catch (error) {
    throw new SpaceError({ reason: "InvalidTuple", message: `${where} cannot be stored: ${reason(error)}` })
  }
}

/** What {@link write} has made a text of. Throws a `SpaceError` if that was a later version of it. */
export const readText = (text: string, where = "it"): unknown => {
  try {
    return read(JSON.parse(text))
  } catch (cause) {
    throw new SpaceError({ reason: "Undecodable", message: `${where}: ${reason(cause)}`, cause })
  }
}

/** The field at a position. Throws a `SpaceError` that names what this program cannot read. */
export const decodeField = (values: Coding, text: string, position: number): unknown => {
  const where = `field ${position}`
  const decoded = readText(text, where)
  return typeof decoded === "object" ? values.decode(decoded, where) : decoded
}

const reason = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** The letter for the type of a field. */
export const letterOf = (field: unknown): string => {
  switch (typeof field) {
    case "string":
      return "s"
    case "number":
      return "n"
    case "boolean":
      return "b"
    case "bigint":
      return "i"
    case "undefined":
      return "u"
    default:
      return field === null
        ? "z"
        : isArray(field)
        ? "a"
        : prototypeOf(field as object) === UNREADABLE
        ? "x"
        : field instanceof Undecoded
        ? field.letter ?? letterOf(field.encoded)
        : isDate(field)
        ? "d"
        : isPlainObject(field as object)
        ? "o"
        : "x"
  }
}

/** How the type of a letter is called in a snapshot. */
export const typeNames: Readonly<Record<string, string>> = {
  s: "string",
  n: "number",
  b: "boolean",
  i: "bigint",
  u: "undefined",
  z: "null",
  a: "array",
  d: "Date",
  o: "Object",
  x: "object"
}

/** How many positions have keys. */
export const keyed = 8

/** A 53-bit hash of a field at its position: cyrb53, public domain, by bryc. */
export const keyOf = (position: number, text: string): number => {
  let one = 0xdeadbeef ^ position
  let other = 0x41c6ce57 ^ position
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    one = Math.imul(one ^ code, 2654435761)
    other = Math.imul(other ^ code, 1597334677)
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909)
  other = Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909)
  return 4294967296 * (2097151 & other) + (one >>> 0)
}
