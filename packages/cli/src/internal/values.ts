/**
 * Tuples as JSON for other programs. What JSON does not have is written as what comes nearest: this is for reading, and
 * `linda export` is for what has to come back.
 *
 * @internal
 */
const nearestOf = (value: unknown): unknown => {
  if (typeof value === "bigint") {
    return String(value)
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    return String(value)
  }
  if (value instanceof Map || value instanceof Set) {
    return [...value]
  }
  if (value instanceof Error) {
    return { name: value.name, message: value.message }
  }
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")
  }
  return value
}

/** A value as one line of JSON. */
export const jsonOf = (value: unknown): string => JSON.stringify(value, (_, member) => nearestOf(member)) ?? "null"

/** A value as a word of a command line: a text as it is, and anything else as JSON. */
export const wordOf = (value: unknown): string => typeof value === "string" ? value : jsonOf(value)
