/**
 * How data that is neither JSON nor known to structured clone crosses: Effect's own, and errors with all that they
 * carry.
 *
 * Equal values (S2) have equal codes, for stores compare these: what has no order of its own is put into that of its
 * text.
 *
 * @internal
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
// eslint-disable-next-line no-restricted-imports -- as data, which users put into tuples
import * as FiberId from "effect/FiberId"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as List from "effect/List"
import * as Option from "effect/Option"
import { SpaceError } from "../SpaceError.js"
import { errorClass, isError, isSpaceError } from "./brand.js"
import { write } from "./encoding.js"

/** What encodes the members of a value. */
export interface Each {
  /** A member, and where it is in the value. */
  readonly encode: (member: unknown, where: string) => unknown
  /** As well as it can, for what only explains. */
  readonly loosely: (member: unknown, where: string) => unknown
  /** Refuses the value. */
  readonly refuse: (why: string) => never
  /** Whether texts are compared: then equal values need the same. */
  readonly compared: boolean
}

/** How the instances of a class cross. `decode` gets the code with its members decoded. */
export interface Coder {
  readonly is: (value: object) => boolean
  readonly encode: (value: any, each: Each) => unknown
  readonly decode: (coded: any) => unknown
}

const dataObject = Object.getPrototypeOf(Data.struct({}))
const dataArray = Object.getPrototypeOf(Data.array([]))

const all = (values: Iterable<unknown>, { encode }: Each): Array<unknown> =>
  Array.from(values, (value, index) => encode(value, `[${index}]`))

/** For what has no order: by text, each written once. */
const ordered = (members: Array<unknown>, { compared }: Each): Array<unknown> =>
  compared
    ? members.map((member) => [write(member), member] as const)
      .sort(([one], [other]) => one < other ? -1 : one > other ? 1 : 0).map(([, member]) => member)
    : members

// ---------------------------------------------------------------------------------------------------------------------
// Causes
// ---------------------------------------------------------------------------------------------------------------------

/** The failures that happened at the same time, if there is no more to it. */
const flat = (cause: Cause.Cause<unknown>): ReadonlyArray<Cause.Cause<unknown>> | undefined => {
  if (cause._tag !== "Parallel") {
    return cause._tag === "Sequential" ? undefined : [cause]
  }
  const left = flat(cause.left)
  const right = flat(cause.right)
  return left && right && [...left, ...right]
}

const distinct = (causes: ReadonlyArray<Cause.Cause<unknown>>): ReadonlyArray<Cause.Cause<unknown>> =>
  causes.filter((cause, index) =>
    cause._tag !== "Empty" && !causes.slice(0, index).some((other) => Equal.equals(cause, other))
  )

/**
 * The equality of causes does not see the order in which failures happened at the same time, nor whether one did twice.
 * Where sequences come into it, it is no equivalence: there it is the structure.
 */
const encodeCause = (cause: Cause.Cause<unknown>, each: Each): unknown => {
  const leaves = flat(cause)
  if (leaves === undefined) {
    return encodeStructure(cause, each)
  }
  const coded = distinct(leaves).map((leaf) => encodeStructure(leaf, each))
  return coded.length === 0 ? ["empty"] : coded.length === 1 ? coded[0] : ["parallel", ordered(coded, each)]
}

const encodeStructure = (cause: Cause.Cause<unknown>, each: Each): unknown => {
  switch (cause._tag) {
    case "Empty":
      return ["empty"]
    case "Fail":
      return ["fail", each.encode(cause.error, ".error")]
    case "Die":
      return ["die", each.encode(cause.defect, ".defect")]
    case "Interrupt":
      return ["interrupt", encodeFiberId(cause.fiberId)]
    default:
      return [
        cause._tag === "Parallel" ? "parallel" : "sequential",
        [encodeStructure(cause.left, each), encodeStructure(cause.right, each)]
      ]
  }
}

const decodeCause = ([tag, content]: readonly [tag: string, content: any]): Cause.Cause<unknown> => {
  switch (tag) {
    case "fail":
      return Cause.fail(content)
    case "die":
      return Cause.die(content)
    case "interrupt":
      return Cause.interrupt(decodeFiberId(content))
    case "parallel":
      return content.map(decodeCause).reduce(Cause.parallel)
    case "sequential":
      return content.map(decodeCause).reduce(Cause.sequential)
    default:
      return Cause.empty
  }
}

const encodeFiberId = (id: FiberId.FiberId): unknown =>
  id._tag === "None"
    ? null
    : id._tag === "Runtime"
    ? { id: id.id, start: id.startTimeMillis }
    : [encodeFiberId(id.left), encodeFiberId(id.right)]

const decodeFiberId = (coded: any): FiberId.FiberId =>
  coded === null
    ? FiberId.none
    : Array.isArray(coded)
    ? FiberId.composite(decodeFiberId(coded[0]), decodeFiberId(coded[1]))
    : FiberId.make(coded.id, coded.start)

// ---------------------------------------------------------------------------------------------------------------------
// Errors
// ---------------------------------------------------------------------------------------------------------------------

/** Those that this library knows, by name. All else of them are their own fields. */
const errors: ReadonlyMap<string, new(...args: ReadonlyArray<any>) => Error> = new Map(
  Object.entries({
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    AggregateError,
    TimeoutException: Cause.TimeoutException,
    NoSuchElementException: Cause.NoSuchElementException,
    IllegalArgumentException: Cause.IllegalArgumentException,
    InterruptedException: Cause.InterruptedException,
    RuntimeException: Cause.RuntimeException,
    ExceededCapacityException: Cause.ExceededCapacityException,
    UnknownException: Cause.UnknownException
  })
)

const errorNames: ReadonlyMap<unknown, string> = new Map(
  Array.from(errors, ([name, type]) => [
    // Some of Effect's are made by functions that stand for a class.
    Object.getPrototypeOf(type === AggregateError ? new AggregateError([]) : new type("")),
    name
  ])
)

/** Errors of another realm are as those of this one. */
const errorName = (value: object): string | undefined =>
  errorNames.get(Object.getPrototypeOf(value)) ?? (isError(value) ? errorClass(value) : undefined)

/** What is defined on a value when it has been made. */
export type Fields = ReadonlyArray<readonly [key: string, enumerable: boolean, value: unknown]>

/** Whether it is a note of Effect's own: a hash, or what an error was made of, for printing. */
export const isEffects = (value: object, key: PropertyKey): boolean =>
  typeof key === "symbol" && key.description?.startsWith("effect/") === true &&
  Object.getOwnPropertyDescriptor(value, key)?.enumerable === false

export const define = (value: object, key: string, enumerable: boolean, member: unknown): void => {
  Object.defineProperty(value, key, { value: member, enumerable, configurable: true, writable: true })
}

const fieldsOf = (error: object, { compared, encode, loosely, refuse }: Each): Fields =>
  Reflect.ownKeys(error).flatMap((key): Fields => {
    const descriptor = Object.getOwnPropertyDescriptor(error, key)
    if (typeof key === "symbol") {
      return isEffects(error, key) ? [] : refuse(`its key ${String(key)} would be lost`)
    }
    // The equality of Effect's errors does not see it.
    if (key === "stack" && compared && Equal.isEqual(error)) {
      return []
    }
    const value = (error as Record<string, unknown>)[key]
    // The cause of an error of this library explains it: it may be of any class.
    const coded = key === "cause" && isSpaceError(error) ? loosely(value, ".cause") : encode(value, `.${key}`)
    return [[key, descriptor?.enumerable === true, coded]]
  })

const withFields = <E extends Error>(error: E, fields: Fields): E => {
  // So that what comes back has its fields in the order in which they were.
  for (const key of Object.keys(Object.getOwnPropertyDescriptors(error))) {
    if (key !== "stack" || fields.some(([key]) => key === "stack")) {
      Reflect.deleteProperty(error, key)
    }
  }
  for (const [key, enumerable, value] of fields) {
    define(error, key, enumerable, value)
  }
  return error
}

const error: Coder = {
  is: (value) => errorName(value) !== undefined,
  encode: (value, each) => [errorName(value), fieldsOf(value, each)],
  decode: ([name, fields]: readonly [name: string, fields: Fields]) => {
    const type = errors.get(name)
    if (type === undefined) {
      throw new Error(`the error ${name} is of a later version: update @effect-linda/core`)
    }
    return withFields(type === AggregateError ? new AggregateError([]) : new type(""), fields)
  }
}

const spaceError: Coder = {
  is: (value) => Object.getPrototypeOf(value) === SpaceError.prototype,
  encode: (value: SpaceError, each) => {
    const { message, reason } = value
    // Whatever else it may be, it is among its own fields.
    return { reason, message: typeof message === "string" ? message : "", own: fieldsOf(value, each) }
  },
  // In the format before this one without its own fields.
  decode: ({ message, own, reason }) => {
    const made = new SpaceError({ reason, message })
    return own === undefined ? made : withFields(made, own)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Data
// ---------------------------------------------------------------------------------------------------------------------

const zoneOf = (zone: DateTime.TimeZone): string | number => zone._tag === "Named" ? zone.id : zone.offset

const zoned = (zone: string | number): DateTime.TimeZone =>
  typeof zone === "string" ? DateTime.zoneUnsafeMakeNamed(zone) : DateTime.zoneMakeOffset(zone)

/** By name. What a name stands for never changes: stores are full of it. */
export const coders: ReadonlyMap<string, Coder> = new Map(Object.entries<Coder>({
  option: {
    is: Option.isOption,
    encode: (value: Option.Option<unknown>, { encode }) => Option.isSome(value) ? [encode(value.value, ".value")] : [],
    decode: (values: Array<unknown>) => values.length === 0 ? Option.none() : Option.some(values[0])
  },
  either: {
    is: Either.isEither,
    encode: (value: Either.Either<unknown, unknown>, { encode }) =>
      Either.isLeft(value) ? [0, encode(value.left, ".left")] : [1, encode(value.right, ".right")],
    decode: ([side, value]) => side === 0 ? Either.left(value) : Either.right(value)
  },
  error,
  spaceError,
  chunk: { is: Chunk.isChunk, encode: all, decode: Chunk.unsafeFromArray },
  duration: {
    is: Duration.isDuration,
    encode: (duration: Duration.Duration) => ({ ...duration.value }),
    decode: (value: Duration.DurationValue) =>
      value._tag === "Millis" ? Duration.millis(value.millis) : value._tag === "Nanos"
        ? Duration.nanos(value.nanos)
        : Duration.infinity
  },
  struct: {
    is: (value) => Object.getPrototypeOf(value) === dataObject,
    encode: (value, { encode }) => encode({ ...value }, ""),
    decode: Data.struct
  },
  array: {
    is: (value) => Object.getPrototypeOf(value) === dataArray,
    encode: (value: ReadonlyArray<unknown>, each) => {
      const extra = Object.keys(value).find((key) => !(Number(key) < value.length))
      return extra === undefined ? all(value, each) : each.refuse(`its own key ${extra} would be lost`)
    },
    decode: Data.array
  },
  list: { is: List.isList, encode: all, decode: List.fromIterable },
  hashMap: {
    is: HashMap.isHashMap,
    encode: (map: HashMap.HashMap<unknown, unknown>, each) =>
      ordered(
        Array.from(map, ([key, value], index) => [
          each.encode(key, `, key ${index}`),
          each.encode(value, `, value ${index}`)
        ]),
        each
      ),
    decode: HashMap.fromIterable
  },
  hashSet: {
    is: HashSet.isHashSet,
    encode: (set: HashSet.HashSet<unknown>, each) =>
      ordered(Array.from(set, (member, index) => each.encode(member, `, member ${index}`)), each),
    decode: HashSet.fromIterable
  },
  dateTime: {
    is: DateTime.isDateTime,
    encode: (value: DateTime.DateTime) =>
      DateTime.isZoned(value) ? [value.epochMillis, zoneOf(value.zone)] : [value.epochMillis],
    decode: ([millis, zone]) =>
      zone === undefined ? DateTime.unsafeMake(millis) : DateTime.unsafeMakeZoned(millis, { timeZone: zoned(zone) })
  },
  timeZone: { is: DateTime.isTimeZone, encode: zoneOf, decode: zoned },
  bigDecimal: {
    is: BigDecimal.isBigDecimal,
    // 1.0 and 1.00 are equal.
    encode: (decimal: BigDecimal.BigDecimal) => {
      const { scale, value } = BigDecimal.normalize(decimal)
      return [value, scale]
    },
    decode: ([value, scale]) => BigDecimal.make(value, scale)
  },
  exit: {
    is: Exit.isExit,
    encode: (exit: Exit.Exit<unknown, unknown>, each) =>
      Exit.isSuccess(exit) ? [each.encode(exit.value, ".value")] : ["cause", encodeCause(exit.cause, each)],
    decode: (coded: ReadonlyArray<any>) =>
      coded.length === 1 ? Exit.succeed(coded[0]) : Exit.failCause(decodeCause(coded[1]))
  },
  cause: {
    is: Cause.isCause,
    encode: encodeCause,
    decode: decodeCause
  },
  fiberId: { is: FiberId.isFiberId, encode: encodeFiberId, decode: decodeFiberId }
}))

/** What only the format before this one has. */
export const formerCoders: ReadonlyMap<string, Coder["decode"]> = new Map([
  ["timeout", (message: string) => new Cause.TimeoutException(message)]
])
