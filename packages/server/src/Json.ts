/**
 * Tuples and patterns in JSON: for HTTP, for command lines, and for programs in other languages.
 *
 * A value stands for itself. What JSON has no word for is an object with one key: `{ "$bigint": "12" }`,
 * `{ "$date": "2026-11-30T00:00:00.000Z" }`, `{ "$bytes": "AQI=" }`, `{ "$undefined": true }`. In a pattern, an object
 * with the one key `"?"` is a formal:
 *
 * | formal | matches |
 * |---|---|
 * | `{ "?": "any" }` | anything |
 * | `{ "?": "number" }`, `"string"`, `"boolean"`, `"bigint"`, `"date"` | values of a type |
 * | `{ "?": { "between": [1, 9] } }` | numbers, both ends included |
 * | `{ "?": { "oneOf": ["a", "b"] } }` | what one of these fields matches |
 * | `{ "?": { "not": "a" } }` | what this field does not match |
 * | `{ "?": { "partial": { "id": 1 } } }` | objects that have these members, and others |
 * | `{ "?": { "name": "x" } }` | anything, and the same wherever the name is used in a pattern |
 * | `{ "?": { "rest": … } }` | as the last: any number of values that the field matches |
 *
 * An object whose only key begins with `$` or is `"?"` is written as `{ "$": { … } }`, which stands for what is in it.
 *
 * @since 0.1.0
 */
import * as Pattern from "@effect-linda/core/Pattern"
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"

/**
 * A tuple in JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TupleJson = Schema.Array(Schema.Unknown).pipe(Schema.minItems(1)).annotations({
  identifier: "Tuple",
  description: "A tuple: an array of values",
  jsonSchema: { type: "array", minItems: 1, items: {} }
})

const field: Schema.Schema<unknown> = Schema.suspend(() => PatternField)

const Words = Schema.Literal("any", "number", "string", "boolean", "bigint", "date")

const only = <Key extends string, A, I>(key: Key, value: Schema.Schema<A, I>) =>
  Schema.Struct({ [key]: value } as { readonly [_ in Key]: Schema.Schema<A, I> })

/**
 * A field of a pattern that stands for more than one value.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Formal = Schema.Struct({
  "?": Schema.Union(
    Words,
    only("between", Schema.Tuple(Schema.Number, Schema.Number)),
    only("oneOf", Schema.Array(field)),
    only("not", field),
    only("partial", Schema.Record({ key: Schema.String, value: field })),
    only("name", Schema.String),
    only("rest", field)
  )
}).annotations({ identifier: "Formal", description: "A field that stands for more than one value" })

/**
 * A field of a pattern: a formal, or a value that stands for itself, in which there may be formals.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PatternField: Schema.Schema<unknown> = Schema.Unknown.annotations({
  identifier: "Field",
  description: "A value that stands for itself, or a formal: { \"?\": … }"
})

/**
 * A pattern in JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PatternJson = Schema.Array(Schema.Union(Formal, PatternField)).pipe(Schema.minItems(1)).annotations({
  identifier: "Pattern",
  description: "A pattern: an array of fields"
})

const invalid = (reason: "InvalidPattern" | "InvalidTuple", where: string, message: string) =>
  new SpaceError({ reason, message: `${where}: ${message}` })

type Members = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The one key of an object that has one. */
const keyOf = (value: Members): string | undefined => {
  const keys = Object.keys(value)
  return keys.length === 1 ? keys[0] : undefined
}

/** What a sign stands for, if it is one. */
const special = (key: string, value: unknown, where: string): unknown => {
  const no = () => invalid("InvalidTuple", where, `{ "${key}": … } means nothing with this in it`)
  switch (key) {
    case "$bigint":
      if (typeof value === "string" && /^-?\d{1,10000}$/.test(value)) return BigInt(value)
      throw no()
    case "$date":
      if (typeof value === "string") return new Date(value)
      throw no()
    case "$bytes":
      if (typeof value === "string") return Either.getOrThrowWith(Encoding.decodeBase64(value), no)
      throw no()
    case "$undefined":
      return undefined
    default:
      throw no()
  }
}

const words: Readonly<Record<typeof Words.Type, unknown>> = {
  any: Pattern.any,
  number: Pattern.number,
  string: Pattern.string,
  boolean: Pattern.boolean,
  bigint: Pattern.bigint,
  date: Pattern.date
}

const formal = (of: unknown, where: string): unknown => {
  if (typeof of === "string" && Object.hasOwn(words, of)) {
    return words[of as keyof typeof words]
  }
  const key = isRecord(of) ? keyOf(of) : undefined
  const operand = key === undefined ? undefined : (of as Members)[key]
  switch (key) {
    case "between":
      if (Array.isArray(operand) && operand.length === 2 && operand.every((end) => typeof end === "number")) {
        return Pattern.between(operand[0], operand[1])
      }
      break
    case "oneOf":
      if (Array.isArray(operand) && operand.length > 0) {
        return Pattern.oneOf(...operand.map((each) => read(each, where, true)) as [unknown, ...Array<unknown>])
      }
      break
    case "not":
      return Pattern.not(read(operand, where, true))
    case "partial":
      if (isRecord(operand)) return Pattern.partial(members(operand, where, true))
      break
    case "name":
      if (typeof operand === "string") return Pattern.ref(operand)
      break
    case "rest":
      return Pattern.rest(read(operand, where, true))
  }
  throw invalid(
    "InvalidPattern",
    where,
    `{ "?": ${
      JSON.stringify(of)
    } } is no formal: "any", "number", "string", "boolean", "bigint", "date", and objects ` +
      "with one of between, oneOf, not, partial, name and rest are"
  )
}

const members = (value: Members, where: string, isPattern: boolean): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).map(([key, each]) => [key, read(each, `${where}.${key}`, isPattern)]))

const read = (value: unknown, where: string, isPattern: boolean): unknown => {
  if (Array.isArray(value)) {
    return value.map((each, index) => read(each, `${where}[${index}]`, isPattern))
  }
  if (!isRecord(value)) {
    return value
  }
  const key = keyOf(value)
  if (key === "?" && isPattern) {
    return formal(value[key], where)
  }
  if (key === "$" && isRecord(value[key])) {
    return members(value[key], where, isPattern)
  }
  return key?.startsWith("$") === true ? special(key, value[key], where) : members(value, where, isPattern)
}

const reading = (json: unknown, what: "pattern" | "tuple"): Either.Either<Tuple, SpaceError> =>
  Either.try({
    try: () => {
      if (!Array.isArray(json) || json.length === 0) {
        throw invalid(what === "pattern" ? "InvalidPattern" : "InvalidTuple", what, "it is no array with fields in it")
      }
      const [first, ...others] = json.map((each, index) => read(each, `field ${index}`, what === "pattern"))
      return [first, ...others] as const
    },
    catch: (error) =>
      error instanceof SpaceError
        ? error
        : invalid(what === "pattern" ? "InvalidPattern" : "InvalidTuple", what, String(error))
  })

/**
 * Reads a pattern. The error names the field.
 *
 * @since 0.1.0
 * @category conversions
 * @example
 * ```ts
 * import { Pattern } from "@effect-linda/core"
 * import { Json } from "@effect-linda/server"
 * import { Either } from "effect"
 *
 * const pattern = Either.getOrThrow(Json.pattern(["job", { "?": { between: [1, 9] } }]))
 * console.log(Pattern.matches(pattern)(["job", 7])) // true
 * ```
 */
export const pattern = (json: unknown): Either.Either<Tuple, SpaceError> => reading(json, "pattern")

/**
 * Reads a tuple. The error names the field.
 *
 * @since 0.1.0
 * @category conversions
 */
export const tuple = (json: unknown): Either.Either<Tuple, SpaceError> => reading(json, "tuple")

const write = (value: unknown, where: string): unknown => {
  switch (typeof value) {
    case "bigint":
      return { $bigint: String(value) }
    case "undefined":
      return { $undefined: true }
    case "number":
      if (Number.isFinite(value)) return value
      break
    case "object": {
      if (value === null) return null
      if (Array.isArray(value)) return value.map((each, index) => write(each, `${where}[${index}]`))
      if (value instanceof Date && !Number.isNaN(value.getTime())) return { $date: value.toISOString() }
      if (value instanceof Uint8Array) return { $bytes: Encoding.encodeBase64(value) }
      const prototype: unknown = Object.getPrototypeOf(value)
      if (prototype === Object.prototype || prototype === null) {
        const written = Object.fromEntries(
          Object.entries(value).map(([key, each]) => [key, write(each, `${where}.${key}`)])
        )
        const key = keyOf(written)
        return key === "?" || key?.startsWith("$") === true ? { $: written } : written
      }
      break
    }
    case "string":
    case "boolean":
      return value
  }
  throw new SpaceError({
    reason: "Undecodable",
    message: `${where}: ${String(value)} has no form in JSON. Take it with a client that is not of JSON`
  })
}

/**
 * Writes a tuple. Fails as `Undecodable` if a field has no form in JSON.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromTuple = (tuple: Tuple): Either.Either<ReadonlyArray<unknown>, SpaceError> =>
  Either.try({
    try: () => tuple.map((each, index) => write(each, `field ${index}`)),
    catch: (error) => error as SpaceError
  })
