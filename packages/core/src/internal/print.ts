/**
 * Values of the user's as text: in messages, in snapshots, in the traces of failures. Nothing that they are can make
 * this throw (S13): a getter, a `toJSON`, a proxy that was revoked, a cycle. What cannot be printed is replaced.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import { className, isArray, isDate, isError, isPlainObject, prototypeOf, read, UNREADABLE } from "./brand.js"

/** A value as it is shown in messages and in `inspect`: short, and on one line. */
export const show = (value: unknown): string => {
  switch (typeof value) {
    case "string": {
      const text = JSON.stringify(value.length > 60 ? value.slice(0, 60) : value)
      return value.length > 60 || text.length > 60 ? `${text.slice(0, 57)}..."` : text
    }
    case "bigint":
      return `${value}n`
    case "function": {
      const name = read(value, "name")
      return typeof name !== "string" || name === "" ? "a function" : `function ${name}`
    }
    case "object":
      try {
        return value === null ? "null" : showObject(value)
      } catch {
        return "an object"
      }
    default:
      return value === UNREADABLE ? "unreadable" : String(value)
  }
}

const showObject = (value: object): string => {
  if (isArray(value)) {
    return value.length > 4
      ? `an array of ${value.length}`
      : `[${Array.from({ length: value.length }, (_, index) => showMember(read(value, index))).join(", ")}]`
  }
  if (isDate(value)) {
    return `Date(${value.getTime()})`
  }
  return isPlainObject(value)
    ? `{ ${Object.keys(value).slice(0, 4).map((key) => `${key}: ${showMember(read(value, key))}`).join(", ")} }`
    : className(value) ?? "an object"
}

const showMember = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? (isArray(value) ? "[...]" : "{...}")
    : show(value)

/** The type of a field as `inspect` shows it. */
export const typeName = (field: unknown): string => {
  if (typeof field !== "object") {
    return typeof field
  }
  if (field === null) {
    return "null"
  }
  return isArray(field) ? "array" : className(field) ?? (prototypeOf(field) === UNREADABLE ? "an object" : "Object")
}

/** What an error says: its message if it has one, and else how the value is shown. */
export const messageOf = (error: unknown): string => {
  if (typeof error === "string") {
    return error
  }
  const message = isError(error) ? read(error, "message") : error
  return typeof message === "string"
    ? message
    : message === UNREADABLE
    ? "an error whose message cannot be read"
    : show(message)
}

/** The name of an error's class, as it says itself. */
export const nameOf = (error: Error): string => {
  const name = read(error, "name")
  return typeof name === "string" ? name : "Error"
}

/** The printed trace of an error, or at least its name and message. */
export const stackOf = (error: Error): string => {
  const stack = read(error, "stack")
  return typeof stack === "string" && stack !== "" ? stack : `${nameOf(error)}: ${messageOf(error)}`
}

/** Everything that went wrong, as Effect prints it; what it cannot print, as well as it can be. */
export const printCause = (cause: Cause.Cause<unknown>): string => {
  const text = pretty(cause)
  if (text !== undefined) {
    return text
  }
  const errors = [...Cause.failures(cause), ...Cause.defects(cause)]
  return errors.map((error) => pretty(Cause.fail(error)) ?? printError(error)).join("\n")
}

const pretty = (cause: Cause.Cause<unknown>): string | undefined => {
  const limit: unknown = Reflect.get(Error, "stackTraceLimit")
  try {
    const text: unknown = Cause.pretty(cause, { renderErrorCause: true })
    return typeof text === "string" ? text : undefined
  } catch {
    // Effect's printer changes it for as long as it runs, and leaves it changed if it throws.
    Reflect.set(Error, "stackTraceLimit", limit)
    return undefined
  }
}

/** So many causes of causes are printed: they may be cyclic. */
const deepest = 8

const printError = (error: unknown, depth = 0): string => {
  if (!isError(error)) {
    return messageOf(error)
  }
  const cause = read(error, "cause")
  return cause === undefined || cause === UNREADABLE || depth === deepest
    ? stackOf(error)
    : `${stackOf(error)} {\n  [cause]: ${printError(cause, depth + 1)}\n}`
}
