/**
 * Reading what the caller gave: bad input becomes a `SpaceError` that names it, before anything is touched (S16).
 *
 * @internal
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type { Reader } from "../Options.js"
import { SpaceError } from "../SpaceError.js"
import type { Kind } from "../SpaceEvent.js"
import type { Tuple } from "../Tuple.js"
import type { Destination, Failures, Hold } from "../TupleSpace.js"
import type { Retry } from "./backoff.js"
import { isArray, isDate, isSpaceError, keysOf, membersOf, passes, read, UNREADABLE, unreadableOf } from "./brand.js"
import { isFailure } from "./failure.js"
import { isSchema } from "./pattern/code.js"
import { isPriority, priorities } from "./places.js"
import { messageOf, show } from "./print.js"

/**
 * Makes an operation of its arguments; bad ones make one that dies with the error that names them. The arguments may be
 * passed on: what is called most does without a closure.
 */
export const dying = <A, E, R, One, Two, Three, Four>(
  make: (one: One, two: Two, three: Three, four: Four) => Effect.Effect<A, E, R>,
  one?: One,
  two?: Two,
  three?: Three,
  four?: Four
): Effect.Effect<A, E, R> => {
  try {
    return make(one!, two!, three!, four!)
  } catch (error) {
    return Effect.die(error)
  }
}

/** The same for an engine that can fail: bad arguments make an operation that fails. */
export const failing = <A, E, R>(make: () => Effect.Effect<A, E, R>): Effect.Effect<A, any, R> => {
  try {
    return make()
  } catch (error) {
    return isSpaceError(error) ? Effect.fail(error) : Effect.die(error)
  }
}

/** As an operation of such an engine fails that was refused. */
export const refusing = (error: unknown): Effect.Effect<never, any> =>
  isSpaceError(error) ? Effect.fail(error) : Effect.die(error)

export const invalidOption = (message: string): SpaceError => new SpaceError({ reason: "InvalidOption", message })

export const unsupported = (message: string): SpaceError => new SpaceError({ reason: "Unsupported", message })

export const invalidTuple = (message: string): SpaceError => new SpaceError({ reason: "InvalidTuple", message })

// ---------------------------------------------------------------------------------------------------------------------
// Tuples
// ---------------------------------------------------------------------------------------------------------------------

/** The space's own frozen copy of a tuple (S1). That of a failure stays as it is, for it is known by its identity. */
export const own = (tuple: unknown): Tuple => {
  if (!isArray(tuple)) {
    throw notTuple(tuple)
  }
  let owned: ReadonlyArray<unknown>
  try {
    owned = Object.isFrozen(tuple) && isFailure(tuple) ? tuple : Object.freeze(membersOf(tuple))
  } catch (error) {
    const index = unreadableOf(tuple)
    throw invalidTuple(`${index < 0 ? "the tuple" : `field ${index}`} cannot be read: ${messageOf(error)}`)
  }
  if (owned.length === 0) {
    throw notTuple(tuple)
  }
  return owned as unknown as Tuple
}

const notTuple = (value: unknown): SpaceError =>
  invalidTuple(`a tuple is a non-empty array of fields, not ${show(value)}`)

/** The tuples of `outAll`. */
export const ownAll = (tuples: unknown): ReadonlyArray<Tuple> => {
  const isIterable = typeof tuples === "object" && tuples !== null &&
    typeof read(tuples, Symbol.iterator) === "function"
  if (!isIterable) {
    throw invalidTuple(`the tuples are an iterable of tuples, not ${show(tuples)}`)
  }
  let all: ReadonlyArray<unknown>
  try {
    all = Array.from(tuples as Iterable<unknown>)
  } catch (error) {
    throw invalidTuple(`the tuples cannot be read: ${messageOf(error)}`)
  }
  return all.map((tuple) => own(tuple))
}

// ---------------------------------------------------------------------------------------------------------------------
// Options: a reader for each kind of value
// ---------------------------------------------------------------------------------------------------------------------

/** What a record of options has under this name; nothing, if there is no record. */
export const option = (options: unknown, name: string): unknown => {
  if (options === undefined) {
    return undefined
  }
  if (typeof options !== "object" || options === null || isArray(options)) {
    throw invalidOption(`options: ${show(options)} is no record of options`)
  }
  const value = read(options, name)
  if (value === UNREADABLE) {
    throw invalidOption(`${name}: it cannot be read`)
  }
  return value
}

/**
 * Refuses options that are not there: whoever has misspelt one is not to believe that it is heeded. The `place` is that
 * of a record within a record of options.
 */
export const onlyOptions = (options: unknown, names: ReadonlyArray<string>, place = ""): void => {
  if (typeof options !== "object" || options === null) {
    return
  }
  const keys = keysOf(options, (error) => invalidOption(`the options cannot be read: ${messageOf(error)}`))
  for (const key of keys) {
    if (!names.includes(key)) {
      throw invalidOption(`${place}${key}: there is no such option here, but ${names.map(show).join(", ")}`)
    }
  }
}

/** `Duration` would take these for zero. */
const isNegative = (input: unknown): boolean =>
  typeof input === "number" || typeof input === "bigint"
    ? !(input >= 0)
    : typeof input === "string"
    ? input.trimStart().startsWith("-")
    : isArray(input) && !input.every((part) => typeof part === "number" && part >= 0)

const decodeDuration = (input: unknown): Option.Option<Duration.Duration> => {
  try {
    return isNegative(input) ? Option.none() : Duration.decodeUnknown(input)
  } catch {
    return Option.none()
  }
}

/** A duration in milliseconds; infinity, if none is given. */
export const millis = (option: string, input: unknown): number => {
  if (input === undefined) {
    return Infinity
  }
  const duration = decodeDuration(input)
  if (Option.isNone(duration)) {
    throw invalidOption(`${option}: ${show(input)} is no duration`)
  }
  return Duration.toMillis(duration.value)
}

/** A duration in milliseconds that has an end, and is no shorter than `least`. */
export const finiteMillis = (option: string, input: unknown, least: number): number => {
  const duration = millis(option, input)
  if (!(duration >= least && duration < Infinity)) {
    throw invalidOption(`${option}: ${show(input)} is no duration from ${least} ms on that has an end`)
  }
  return duration
}

/** A time, in milliseconds since 1970. */
const instant = (option: string, input: unknown): number => {
  const time = isDate(input)
    ? Date.prototype.getTime.call(input)
    : DateTime.isDateTime(input)
    ? input.epochMillis
    : input
  if (typeof time !== "number" || !Number.isFinite(time)) {
    throw invalidOption(`${option}: ${show(input)} is no time: give a Date, a DateTime, or milliseconds since 1970`)
  }
  return time
}

/** An integer from `least` on, or infinity for none. */
export const natural = (option: string, input: unknown, least: number): number => {
  if (input === undefined || input === Infinity) {
    return Infinity
  }
  if (typeof input !== "number" || !Number.isInteger(input) || input < least) {
    throw invalidOption(`${option}: ${show(input)} is no integer from ${least} on`)
  }
  return input
}

/** One of the allowed values, of which the first is the default. */
export const one = <A extends string>(option: string, input: unknown, allowed: ReadonlyArray<A>): A => {
  if (input === undefined) {
    return allowed[0]!
  }
  const known = allowed.find((value) => value === input)
  if (known === undefined) {
    throw invalidOption(`${option}: ${show(input)} is none of ${allowed.map(show).join(", ")}`)
  }
  return known
}

/** A text, if one is given. */
export const text = (option: string, input: unknown): string | undefined => {
  if (input !== undefined && typeof input !== "string") {
    throw invalidOption(`${option}: ${show(input)} is no text`)
  }
  return input
}

/** A function. */
export const callable = (option: string, input: unknown): void => {
  if (typeof input !== "function") {
    throw invalidOption(`${option}: ${show(input)} is no function`)
  }
}

/** An effect that is to be run. */
export const runnable = (option: string, input: unknown): void => {
  if (!isEffect(input)) {
    throw invalidOption(`${option}: ${show(input)} is no Effect`)
  }
}

const isEffect = (input: unknown): boolean => passes(Effect.isEffect, input)

/** What a function of the caller's does with what is held for it. Dies if that is no effect. */
export const using = <E, A, E2, R>(
  use: (found: any, hold: Hold<E>) => Effect.Effect<A, E2, R>,
  found: unknown,
  hold: Hold<E>
): Effect.Effect<A, E2, R> =>
  Effect.suspend(() => {
    const given: unknown = use(found, hold)
    if (isEffect(given)) {
      return given as Effect.Effect<A, E2, R>
    }
    const isPromise = typeof given === "object" && given !== null && typeof read(given, "then") === "function"
    throw invalidOption(
      isPromise
        ? "use: gave a Promise, which is no Effect: wrap it in Effect.promise"
        : `use: gave ${show(given)}, which is no Effect: give one, such as Effect.succeed(…)`
    )
  })

// ---------------------------------------------------------------------------------------------------------------------
// The options of operations: each is read here, for all engines
// ---------------------------------------------------------------------------------------------------------------------

/** In milliseconds; infinity, if none is given. */
const onlyDuration = (name: string, options: unknown): number => {
  if (options === undefined) {
    return Infinity
  }
  const duration = millis(name, option(options, name))
  onlyOptions(options, [name])
  return duration
}

export const timeoutOf = (options: unknown): number => onlyDuration("timeout", options)

/** For how long a tuple is put, when it comes, and how urgent it is. Times are milliseconds. */
export interface Terms {
  /** Infinity for ever. */
  readonly ttl: number
  /** How long after it was put it comes, */
  readonly after: number
  /** unless it comes at a time: so long after the beginning of 1970, by the clock of the space. */
  readonly at: number | undefined
  /** 0, if none is given. */
  readonly priority: number
}

/** How long after this a tuple comes that was put to come later. */
export const afterOf = (after: unknown): number => finiteMillis("after", after, 0)

/** The options of `out`. */
export const termsOf = (options: unknown): Terms => {
  const [after, at] = [option(options, "after"), option(options, "at")]
  if (after !== undefined && at !== undefined) {
    throw invalidOption("at: a tuple that comes after a while cannot come at a time as well: give only one of them")
  }
  const terms = {
    ttl: millis("ttl", option(options, "ttl")),
    after: after === undefined ? 0 : afterOf(after),
    at: at === undefined ? undefined : instant("at", at),
    priority: readPriority(options)
  }
  onlyOptions(options, Object.keys(terms))
  return terms
}

const readPriority = (options: unknown): number => {
  const priority = option(options, "priority")
  if (priority !== undefined && !isPriority(priority)) {
    throw invalidOption(`priority: ${show(priority)} is no ${priorities}`)
  }
  // Not the negative zero.
  return priority === undefined ? 0 : priority + 0
}

/** The options of what is put past a space. */
export const lifeOf = (options: unknown): Pick<Terms, "priority" | "ttl"> => {
  const life = { priority: readPriority(options), ttl: millis("ttl", option(options, "ttl")) }
  onlyOptions(options, Object.keys(life))
  return life
}

/** The options of `outAll`. */
export const priorityIn = (options: unknown): number => {
  const priority = readPriority(options)
  onlyOptions(options, ["priority"])
  return priority
}

/** What is read of the options of operations that hold a tuple. */
export interface Holding {
  readonly timeout: number
  readonly requeue: "place" | "back"
  /** Infinity, if none is given. */
  readonly maxAttempts: number
  readonly deadLetter: ((tuple: any, cause: any) => Tuple) | undefined
  readonly retry: Retry | undefined
}

/** What holds if no options are given. */
export const holdingDefaults: Holding = {
  timeout: Infinity,
  requeue: "place",
  maxAttempts: Infinity,
  deadLetter: undefined,
  retry: undefined
}

export const holdingOf = (name: "inWith" | "inScoped" | "withPermit", options: unknown): Holding => {
  if (options === undefined) {
    return holdingDefaults
  }
  if (name === "withPermit") {
    const counting = ["maxAttempts", "deadLetter", "retry"].find((key) => option(options, key) !== undefined)
    if (counting !== undefined) {
      throw invalidOption(
        `${counting}: withPermit always gives its tuple back: use inWith to give up after some attempts`
      )
    }
  }
  const deadLetter = option(options, "deadLetter")
  if (deadLetter !== undefined) {
    callable("deadLetter", deadLetter)
  }
  const retry = option(options, "retry")
  if (retry !== undefined && !Schedule.isSchedule(retry)) {
    throw invalidOption(`retry: expected a Schedule, got ${show(retry)}`)
  }
  const read = {
    requeue: one("requeue", option(options, "requeue"), ["place", "back"]),
    maxAttempts: natural("maxAttempts", option(options, "maxAttempts"), 1),
    timeout: millis("timeout", option(options, "timeout")),
    deadLetter: deadLetter as Holding["deadLetter"],
    retry: retry as Holding["retry"]
  }
  onlyOptions(options, Object.keys(read))
  return read
}

/** What is read of the options of `subscribe` and `stream`. */
export interface Mailbox {
  readonly capacity: number
  readonly strategy: "suspend" | "dropping" | "sliding"
  readonly events: ReadonlyArray<Kind>
}

const kinds: ReadonlyArray<Kind> = ["Out", "In", "Requeue", "Expire", "Evict"]

export const mailboxOf = (options: unknown): Mailbox => {
  const read = {
    capacity: natural("capacity", option(options, "capacity"), 1),
    strategy: one("strategy", option(options, "strategy"), ["suspend", "dropping", "sliding"]),
    events: eventsOf(option(options, "events"))
  }
  onlyOptions(options, [...Object.keys(read), "scoped"])
  return read
}

/** Whether a stream is to be opened by an effect of its own. */
export const isScoped = (options: unknown): boolean => {
  const scoped = option(options, "scoped")
  if (scoped !== undefined && scoped !== true) {
    throw invalidOption(`scoped: ${show(scoped)} is not true: leave it out for a stream that is opened when it runs`)
  }
  return scoped === true
}

const eventsOf = (events: unknown): ReadonlyArray<Kind> => {
  if (events === undefined) {
    return ["Out"]
  }
  const words = kinds.map(show).join(", ")
  if (!isArray(events) || events.length === 0) {
    throw invalidOption(`events: ${show(events)} is no array of at least one of ${words}`)
  }
  return membersOf(events).map((event) => {
    if (event === undefined) {
      throw invalidOption(`events: undefined is none of ${words}`)
    }
    return one("events", event, kinds)
  })
}

/** The name of a process, if one is given. */
export const processNameOf = (options: unknown): string | undefined => {
  const name = text("name", option(options, "name"))
  onlyOptions(options, ["name", "failures"])
  return name
}

/** What becomes of the failures of processes. */
export interface FailurePolicy {
  readonly keeps: boolean
  /** How long, in milliseconds. */
  readonly ttl: number
  /** How many there are at most. */
  readonly limit: number
}

/** So many failure tuples are kept if nobody says how many. */
const failuresKept = 10_000

/** The policy of a space that is given none. */
export const keepsFailures: FailurePolicy = { keeps: true, ttl: Infinity, limit: failuresKept }

/** The option of a space, or of a process; the latter goes before. */
export const failuresOf = (options: unknown): FailurePolicy | undefined => {
  const input = option(options, "failures")
  if (input === undefined) {
    return undefined
  }
  if (input === "keep" || input === "none") {
    return { keeps: input === "keep", ttl: Infinity, limit: Infinity }
  }
  if (typeof input !== "object" || input === null || isArray(input)) {
    throw invalidOption(`failures: ${show(input)} is none of "keep", "none" and { ttl, limit }`)
  }
  onlyOptions(input, ["ttl", "limit"], "failures.")
  const limit = option(input, "limit")
  return {
    keeps: true,
    ttl: millis("failures.ttl", option(input, "ttl")),
    limit: limit === undefined ? failuresKept : natural("failures.limit", limit, 1)
  }
}

/** The option that has this meaning, as data. */
export const failuresFor = (policy: FailurePolicy | undefined): Failures | undefined => {
  if (policy === undefined) {
    return undefined
  }
  const { keeps, limit, ttl } = policy
  return !keeps ? "none" : ttl === Infinity && limit === Infinity ? "keep" : {
    ttl: ttl === Infinity ? undefined : ttl,
    limit
  }
}

/** The `n` of `inUpTo`. */
export const limitOf = (n: unknown): number => natural("n", n === undefined ? NaN : n, 0)

/** The schemas of the classes whose instances leave the process. */
export const schemasOf = (options: unknown): ReadonlyArray<Schema.Schema<any, any>> => {
  const schemas = option(options, "schemas")
  if (schemas === undefined) {
    return []
  }
  if (!isArray(schemas)) {
    throw invalidOption(`schemas: ${show(schemas)} is no array of schemas`)
  }
  return membersOf(schemas).map((schema, index) => {
    if (!isSchema(schema)) {
      throw invalidOption(`schemas: ${show(schema)}, number ${index}, is no schema`)
    }
    return schema as Schema.Schema<any, any>
  })
}

/** A link: what sends and listens. */
export const checkLink = (link: unknown): void => {
  if (
    typeof link !== "object" || link === null || typeof read(link, "send") !== "function" ||
    typeof read(link, "listen") !== "function"
  ) {
    throw invalidOption(`link: ${show(link)} is no link: give { send, listen }`)
  }
}

/** Another space, to put tuples into. */
export const checkDestination: (other: unknown) => asserts other is Destination<any, any> = (other) => {
  if (typeof other !== "object" || other === null || typeof read(other, "outAll") !== "function") {
    throw invalidOption(`other: ${show(other)} is no space`)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Options of engines
// ---------------------------------------------------------------------------------------------------------------------

/** Reads a record of options, one by one; those that nobody has read are refused in the end. */
class OptionReader implements Reader {
  private readonly names: Array<string> = []

  constructor(private readonly options: unknown) {
    option(options, "")
  }

  private read(name: string): unknown {
    this.names.push(name)
    return option(this.options, name)
  }

  end(): void {
    onlyOptions(this.options, this.names)
  }

  millis(name: string, otherwise: Duration.DurationInput, least = 0): number {
    const input = this.read(name)
    return finiteMillis(name, input === undefined ? otherwise : input, least)
  }

  patience(name: string, otherwise: Duration.DurationInput, least = 0): number {
    const input = this.read(name)
    const duration = millis(name, input === undefined ? otherwise : input)
    if (duration < least) {
      throw invalidOption(`${name}: ${show(input)} is no duration from ${least} ms on`)
    }
    return duration
  }

  integer(name: string, otherwise: number, least: number): number {
    const input = this.read(name)
    const value = natural(name, input === undefined ? otherwise : input, least)
    if (value === Infinity) {
      throw invalidOption(`${name}: ${show(input)} is no integer from ${least} on`)
    }
    return value
  }

  one<A extends string>(name: string, allowed: readonly [A, ...ReadonlyArray<A>]): A {
    return one(name, this.read(name), allowed)
  }

  text(name: string): string | undefined {
    return text(name, this.read(name))
  }

  value<A>(name: string, is: (value: unknown) => value is A, what: string): A | undefined {
    const value = this.read(name)
    if (value !== undefined && !is(value)) {
      throw invalidOption(`${name}: ${show(value)} is no ${what}`)
    }
    return value as A | undefined
  }

  record(name: string, what: string, names: ReadonlyArray<string>): object | undefined {
    const value = this.value(name, isRecord, what)
    onlyOptions(value, names, `${name}.`)
    return value
  }

  pick(...names: ReadonlyArray<string>): Readonly<Record<string, unknown>> {
    return Object.fromEntries(names.map((name) => [name, this.read(name)]))
  }
}

const isRecord = (value: unknown): value is object => typeof value === "object" && value !== null && !isArray(value)

/** Reads a record of options by a function, and refuses those that it has not asked for. */
export const readOptions = <A>(options: unknown, f: (reader: Reader) => A): A => {
  const reader = new OptionReader(options)
  const read = f(reader)
  reader.end()
  return read
}
