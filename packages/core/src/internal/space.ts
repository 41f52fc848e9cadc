/**
 * A space, put together from the verbs of its engine: reads arguments and options, and gives results their names. The
 * one assembly, for every engine.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Tuple } from "../Tuple.js"
import type { Lease, TupleSpace } from "../TupleSpace.js"
import type * as Public from "../TupleSpace.js"
import {
  afterOf,
  alternatives,
  callable,
  checkDestination,
  failuresOf,
  holdingOf,
  isScoped,
  limitOf,
  mailboxOf,
  millis,
  own,
  ownAll,
  processNameOf,
  runnable,
  several,
  termsOf,
  timeoutOf,
  using
} from "./arguments.js"
import type { Receiving } from "./destination.js"
import { Receiver } from "./destination.js"
import * as Hold from "./hold.js"
import { compile } from "./pattern/pattern.js"
import { evaluate } from "./process.js"
import type { Leased, Verbs } from "./verbs.js"
import { Engine } from "./verbs.js"

const TypeId: typeof Public.TypeId = Symbol.for("@effect-linda/core/TupleSpace") as typeof Public.TypeId

const variance = { _T: (_: any) => _, _E: (_: never) => _ }

/**
 * Makes an operation of its arguments. If one of them is bad, the engine says what comes of it. The arguments are
 * passed on, so that what is called most needs no closure.
 *
 * Here types end: what an operation gives is `Match` of a pattern and `TimeoutOf` options, which the interface says and
 * TypeScript cannot follow.
 */
const operation = <E, E2, R, One, Two, Three>(
  verbs: Verbs<E>,
  read: (verbs: Verbs<E>, one: One, two: Two, three: Three) => Effect.Effect<unknown, E2, R>,
  one: One,
  two?: Two,
  three?: Three
): Effect.Effect<any, any, R> => {
  try {
    return read(verbs, one, two!, three!)
  } catch (error) {
    return verbs.refuse(error)
  }
}

/** A space that knows what it was put together from. */
interface Assembled<E> {
  readonly [Engine]: Verbs<E>
}

/** Makes a space of what its engine does. */
export const assemble = <T extends Tuple, E>(verbs: Verbs<E>): TupleSpace<T, E> => {
  const space: TupleSpace<any, E> & Receiving & Assembled<E> = {
    name: verbs.name,

    // What is called most reads its arguments itself, without the calls between.
    out: (tuple: unknown, options?: unknown): Effect.Effect<any, any> => {
      if (options !== undefined) {
        return operation(verbs, putLeased, tuple, options)
      }
      try {
        return verbs.out(own(tuple))
      } catch (error) {
        return verbs.refuse(error)
      }
    },
    outAll: (tuples) => operation(verbs, putAll, tuples),

    in: (pattern: unknown, options?: unknown): Effect.Effect<any, any> => {
      try {
        return verbs.wait("in", compile(pattern), timeoutOf(options))
      } catch (error) {
        return verbs.refuse(error)
      }
    },
    rd: (pattern, options) => operation(verbs, read, pattern, options),
    inp: (pattern) => operation(verbs, takeNow, pattern),
    rdp: (pattern) => operation(verbs, readNow, pattern),

    inWith: (pattern, use, options) => operation(verbs, hold, pattern, use, options),
    withPermit: (pattern, use, options) => operation(verbs, holdPermit, pattern, use, options),
    inScoped: (pattern, options) => operation(verbs, holdScoped, pattern, options),

    inAny: (patterns, options) => operation(verbs, takeAny, patterns, options),
    rdAny: (patterns, options) => operation(verbs, readAny, patterns, options),
    inAll: (patterns, options) => operation(verbs, takeAll, patterns, options),

    collect: (pattern) => operation(verbs, collect, pattern),
    copyCollect: (pattern) => operation(verbs, copyCollect, pattern),
    collectInto: (pattern, other) => operation(verbs, moveTo, pattern, other),
    copyCollectInto: (pattern, other) => operation(verbs, copyTo, pattern, other),
    inUpTo: (pattern, n) => operation(verbs, takeUpTo, pattern, n),
    count: (pattern) => operation(verbs, count, pattern),

    outIfAbsent: (pattern, tuple) => operation(verbs, putIfAbsent, pattern, tuple),
    replace: (pattern, f) => operation(verbs, replace, pattern, f),

    subscribe: (pattern, options) => following(verbs, "subscribe", pattern, options),
    stream: (pattern, options) => following(verbs, "stream", pattern, options),

    eval: (effect, options) => operation(verbs, start, effect, options),
    evalTuple: (fields, options) => operation(verbs, startTuple, fields, options, (tuple: any) => space.out(tuple)),

    inspect: verbs.inspect,
    explain: (pattern) => operation(verbs, explain, pattern),
    awaitQuiescent: verbs.awaitQuiescent,

    transact: verbs.transact,

    // Last: V8 makes a dictionary of an object with many named members behind a computed one.
    [TypeId]: variance,
    [Receiver]: verbs.outFitting && ((tuples, onArrival) => operation(verbs, putFitting, tuples, onArrival)),
    [Engine]: verbs
  }
  return space
}

// ---------------------------------------------------------------------------------------------------------------------
// Putting
// ---------------------------------------------------------------------------------------------------------------------

const putLeased = <E>(verbs: Verbs<E>, tuple: unknown, options: unknown) =>
  Effect.map(verbs.outLeased(own(tuple), termsOf(options)), (leased): Lease<E> => ({
    renew: (ttl) => operation(verbs, renewing, leased, ttl),
    reschedule: (after) => operation(verbs, rescheduling, leased, after),
    cancel: leased.renew(-Infinity)
  }))

const renewing = <E>(_: Verbs<E>, leased: Leased<E>, ttl: unknown) => leased.renew(millis("ttl", ttl))

const rescheduling = <E>(_: Verbs<E>, leased: Leased<E>, after: unknown) => leased.reschedule(afterOf(after))

const putAll = <E>(verbs: Verbs<E>, tuples: unknown) => verbs.outAll(ownAll(tuples))

/** What moves here is owned as what is put: once, for every engine. */
const putFitting = <E>(
  verbs: Verbs<E>,
  tuples: ReadonlyArray<Tuple>,
  onArrival: ((arrived: ReadonlyArray<number>) => void) | undefined
) => verbs.outFitting!(tuples.map(own), onArrival)

const putIfAbsent = <E>(verbs: Verbs<E>, pattern: unknown, tuple: unknown) =>
  verbs.outIfAbsent(compile(pattern), own(tuple))

const replace = <E>(verbs: Verbs<E>, pattern: unknown, f: (tuple: any) => unknown) => {
  const compiled = compile(pattern)
  callable("f", f)
  return verbs.replace(compiled, (tuple) => own(f(tuple)))
}

// ---------------------------------------------------------------------------------------------------------------------
// Looking
// ---------------------------------------------------------------------------------------------------------------------

const read = <E>(verbs: Verbs<E>, pattern: unknown, options: unknown) =>
  verbs.wait("rd", compile(pattern), timeoutOf(options))

const takeNow = <E>(verbs: Verbs<E>, pattern: unknown) => verbs.now("inp", compile(pattern))

const readNow = <E>(verbs: Verbs<E>, pattern: unknown) => verbs.now("rdp", compile(pattern))

const takeAny = <E>(verbs: Verbs<E>, patterns: unknown, options: unknown) =>
  verbs.waitAny("inAny", alternatives(patterns), timeoutOf(options))

const readAny = <E>(verbs: Verbs<E>, patterns: unknown, options: unknown) =>
  verbs.waitAny("rdAny", alternatives(patterns), timeoutOf(options))

const takeAll = <E>(verbs: Verbs<E>, patterns: unknown, options: unknown) =>
  verbs.waitAll(several(patterns), timeoutOf(options))

const collect = <E>(verbs: Verbs<E>, pattern: unknown) => verbs.takeUpTo("collect", compile(pattern), Infinity)

const takeUpTo = <E>(verbs: Verbs<E>, pattern: unknown, n: unknown) => {
  const limit = limitOf(n)
  return verbs.takeUpTo("inUpTo", compile(pattern), limit)
}

const copyCollect = <E>(verbs: Verbs<E>, pattern: unknown) => verbs.copyCollect(compile(pattern))

const count = <E>(verbs: Verbs<E>, pattern: unknown) => verbs.count(compile(pattern))

const explain = <E>(verbs: Verbs<E>, pattern: unknown) => verbs.explain(compile(pattern))

// ---------------------------------------------------------------------------------------------------------------------
// Holding and moving
// ---------------------------------------------------------------------------------------------------------------------

type Use<A, E, R> = (tuple: any, hold: Public.Hold) => Effect.Effect<A, E, R>

const hold = <E, A, E2, R>(verbs: Verbs<E>, pattern: unknown, use: Use<A, E2, R>, options: unknown) =>
  holding(verbs, "inWith", pattern, use, options)

const holdPermit = <E, A, E2, R>(verbs: Verbs<E>, pattern: unknown, use: Use<A, E2, R>, options: unknown) =>
  holding(verbs, "withPermit", pattern, use, options)

const holding = <E, A, E2, R>(
  verbs: Verbs<E>,
  name: "inWith" | "withPermit",
  pattern: unknown,
  use: Use<A, E2, R>,
  options: unknown
) => {
  callable("use", use)
  return Hold.using(verbs, name, compile(pattern), holdingOf(name, options), (tuple, hold) => using(use, tuple, hold))
}

const holdScoped = <E>(verbs: Verbs<E>, pattern: unknown, options: unknown) =>
  Hold.scoped(verbs, compile(pattern), holdingOf("inScoped", options))

const moveTo = <E>(verbs: Verbs<E>, pattern: unknown, other: unknown) => moving(verbs, "collectInto", pattern, other)

const copyTo = <E>(verbs: Verbs<E>, pattern: unknown, other: unknown) =>
  moving(verbs, "copyCollectInto", pattern, other)

const moving = <E>(
  verbs: Verbs<E>,
  name: "collectInto" | "copyCollectInto",
  pattern: unknown,
  other: unknown
) => {
  const compiled = compile(pattern)
  checkDestination(other)
  return verbs.move(name, compiled, other)
}

// ---------------------------------------------------------------------------------------------------------------------
// Streams
// ---------------------------------------------------------------------------------------------------------------------

const watch = <E>(verbs: Verbs<E>, kind: "subscribe" | "stream", pattern: unknown, options: unknown) =>
  verbs.watch(kind, compile(pattern), mailboxOf(options))

/**
 * A stream that opens its mailbox when it runs; or, with the option `scoped`, an effect that opens it. Which, is
 * `Opened` of the options.
 */
const following = <E>(verbs: Verbs<E>, kind: "subscribe" | "stream", pattern: unknown, options: unknown): any => {
  const opened = operation(verbs, watch, kind, pattern, options)
  try {
    return isScoped(options) ? opened : Stream.unwrapScoped(opened)
  } catch (error) {
    return Stream.fromEffect(verbs.refuse(error))
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Processes
// ---------------------------------------------------------------------------------------------------------------------

const start = <E, A, E2, R>(verbs: Verbs<E>, effect: Effect.Effect<A, E2, R>, options: unknown) => {
  runnable("effect", effect)
  return verbs.start(effect, { name: processNameOf(options), failures: failuresOf(options) })
}

const startTuple = <E>(
  verbs: Verbs<E>,
  fields: unknown,
  options: unknown,
  out: (tuple: unknown) => Effect.Effect<unknown, any>
) => {
  const evaluated = Effect.all(own(fields).map((field) => evaluate(field)), { concurrency: "unbounded" })
  return start(verbs, Effect.tap(evaluated, out), options)
}
