/**
 * Tuples as texts: what a store keeps of one, and what is written into a line of an export.
 *
 * @internal
 */
import type { NewRow, Row } from "../StoreCommand.js"
import type { Tuple } from "../Tuple.js"
import { Undecoded } from "../Undecoded.js"
import { isSpaceError } from "./brand.js"
import { decodeField, encodeField, keyed, keyOf, letterOf, readText, write } from "./encoding.js"
import { isFailure, markFailure } from "./failure.js"
import type { Values } from "./values.js"

/** What a store keeps of a tuple. That of a failed process is stored as well as it can be. */
export const encodeTuple = (
  values: Values,
  tuple: Tuple
): Pick<NewRow, "arity" | "fields" | "keys" | "shape"> => {
  const failure = isFailure(tuple)
  const fields: Array<string> = []
  const keys: Array<number> = []
  let shape = ""
  for (let position = 0; position < tuple.length; position++) {
    const field = tuple[position]
    const text = !failure
      ? encodeField(values, field, position)
      : write(position === 0 ? values.encodeError(field) : field)
    fields.push(text)
    shape += letterOf(field)
    if (position < keyed) {
      keys.push(keyOf(position, text))
    }
  }
  return { fields, shape, arity: failure ? -tuple.length : tuple.length, keys }
}

/** Throws a `SpaceError` that names the field that cannot be decoded. */
export const decodeTuple = (values: Values, { arity, fields }: Pick<Row, "arity" | "fields">): Tuple => {
  if (arity < 0) {
    const [error, ...rest] = fields.map((text, position) => readText(text, `field ${position}`))
    return markFailure(Object.freeze([values.decodeError(error), ...rest]) as unknown as Tuple)
  }
  return Object.freeze(fields.map((text, position) => decodeField(values, text, position))) as unknown as Tuple
}

/** The same, with what cannot be decoded as it is. */
export const decodeRaw = (values: Values, { fields, shape }: Pick<Row, "fields" | "shape">): Tuple =>
  Object.freeze(fields.map((text, position) => {
    try {
      return decodeField(values, text, position)
    } catch (cause) {
      return new Undecoded(text, isSpaceError(cause) ? cause.message : String(cause), shape[position])
    }
  })) as unknown as Tuple

/** A tuple on its way from one space to another. */
export interface Dumped {
  /** The texts of its fields, and the letters of their types. */
  readonly fields: ReadonlyArray<string>
  readonly shape: string
  /** Whether it is that of a process that failed. */
  readonly failure: boolean
  /** How many milliseconds it has left to live, from when it comes; `null` for ever. */
  readonly ttl: number | null
  /** In how many milliseconds it comes; 0 if it is there. */
  readonly after: number
  /** How often a use of it has failed. */
  readonly attempts: number
  readonly priority: number
}

const rowOf = ({ failure, fields, shape }: Dumped): Pick<Row, "arity" | "fields" | "shape"> => ({
  arity: failure ? -fields.length : fields.length,
  fields,
  shape
})

export const dump = (
  values: Values,
  tuple: Tuple,
  known: Pick<Dumped, "after" | "attempts" | "priority" | "ttl">
): Dumped => {
  const { arity, fields, shape } = encodeTuple(values, tuple)
  return { fields, shape, failure: arity < 0, ...known }
}

/** The tuple, if this program can decode it. */
export const decoded = (values: Values, dumped: Dumped): Tuple | undefined => {
  try {
    return decodeTuple(values, rowOf(dumped))
  } catch {
    return undefined
  }
}

/** The same, with what cannot be decoded as it is. */
export const raw = (values: Values, dumped: Dumped): Tuple => decodeRaw(values, rowOf(dumped))

/**
 * What a store keeps of it, which this program has read so. Of what it could decode the letters are found anew:
 * patterns rely on them, and who has written the line need not know them. The error of a failure was stored as well as
 * it could be, and its letter is that of what it was.
 */
export const storable = (dumped: Dumped, tuple: Tuple): Pick<NewRow, "arity" | "fields" | "keys" | "shape"> => ({
  ...rowOf(dumped),
  shape: tuple.map((field, position) => dumped.failure && position === 0 ? dumped.shape[0] : letterOf(field)).join(""),
  keys: dumped.fields.slice(0, keyed).map((text, position) => keyOf(position, text))
})
