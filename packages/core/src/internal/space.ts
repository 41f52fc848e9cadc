/**
 * A space, put together from the verbs of its engine: reads arguments and options, and gives results their names. The
 * one assembly, for every engine.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Tuple } from "../Tuple.js"
import type { Lease, TupleSpace } from "../TupleSpace.js"
import type * as Public from "../TupleSpace.js"
import {
  afterOf,
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
  priorityIn,
  processNameOf,
  runnable,
  termsOf,
  timeoutOf,
  using
} from "./arguments.js"
import type { Batching } from "./batch.js"
import { withBatches } from "./batch.js"
import type { Receiving } from "./destination.js"
import { Receiver } from "./destination.js"
import * as Hold from "./hold.js"
import { explanationOf } from "./insight.js"
import { compile } from "./pattern/pattern.js"
import { absence, alternatives, joint } from "./pattern/query.js"
import { evaluate } from "./process.js"
import { atOnce, query } from "./queries.js"
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
  verbs: Batching<E>,
  read: (verbs: Batching<E>, one: One, two: Two, three: Three) => Effect.Effect<unknown, E2, R>,
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
export const assemble = <T extends Tuple, E>(engine: Verbs<E>): TupleSpace<T, E> => {
  const verbs = withBatches(engine)
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
    outAll: (tuples, options) => operation(verbs, putAll, tuples, options),

    in: (asked: unknown, options?: unknown): Effect.Effect<any, any> => {
      try {
        return verbs.wait("in", query(asked), timeoutOf(options))
      } catch (error) {
        return verbs.refuse(error)
      }
    },
    rd: (query, options) => operation(verbs, read, query, options),
    inp: (query) => operation(verbs, takeNow, query),
    rdp: (query) => operation(verbs, readNow, query),

    inWith: (query, use, options) => operation(verbs, hold, query, use, options),
    withPermit: (query, use, options) => operation(verbs, holdPermit, query, use, options),
    inScoped: (query, options) => operation(verbs, holdScoped, query, options),

    inAny: (patterns, options) => operation(verbs, takeAny, patterns, options),
    rdAny: (patterns, options) => operation(verbs, readAny, patterns, options),
    inAll: (patterns, options) => operation(verbs, takeAll, patterns, options),

    awaitNone: (pattern, options) => operation(verbs, awaitNone, pattern, options),

    collect: (pattern) => operation(verbs, collect, pattern),
    copyCollect: (pattern) => operation(verbs, copyCollect, pattern),
    collectInto: (pattern, other) => operation(verbs, moveTo, pattern, other),
    copyCollectInto: (pattern, other) => operation(verbs, copyTo, pattern, other),
    inUpTo: (pattern, n) => operation(verbs, takeUpTo, pattern, n),
    count: (pattern) => operation(verbs, count, pattern),

    outIfAbsent: (pattern: unknown, tuple: unknown, options?: unknown): Effect.Effect<any, any> =>
      operation(verbs, putIfAbsent, pattern, tuple, options),
    replace: (pattern: unknown, f: (tuple: any) => unknown, options?: unknown): Effect.Effect<any, any> =>
      operation(verbs, replace, pattern, f, options),
    exchange: (query, f, options) => operation(verbs, exchange, query, f, options),

    subscribe: (pattern, options) => following(verbs, "subscribe", pattern, options),
    stream: (pattern, options) => following(verbs, "stream", pattern, options),

    eval: (effect, options) => operation(verbs, start, effect, options),
    evalTuple: (fields, options) => operation(verbs, startTuple, fields, options, (tuple: any) => space.out(tuple)),

    inspect: verbs.inspect,
    explain: (query) => operation(verbs, explain, query),
    awaitQuiescent: verbs.awaitQuiescent,

    transact: verbs.transact,

    // Last: V8 makes a dictionary of an object with many named members behind a computed one.
    [TypeId]: variance,
    [Receiver]: (tuples, onArrival, priorities) => operation(verbs, putFitting, tuples, onArrival, priorities),
    [Engine]: engine
  }
  return space
}

// ---------------------------------------------------------------------------------------------------------------------
// Putting
// ---------------------------------------------------------------------------------------------------------------------

const putLeased = <E>(verbs: Batching<E>, tuple: unknown, options: unknown) =>
  Effect.map(verbs.outLeased(own(tuple), termsOf(options)), (leased) => leaseOf(verbs, leased))

const leaseOf = <E>(verbs: Batching<E>, leased: Leased<E>): Lease<E> => ({
  renew: (ttl) => operation(verbs, renewing, leased, ttl),
  reschedule: (after) => operation(verbs, rescheduling, leased, after),
  cancel: leased.renew(-Infinity)
})

const renewing = <E>(_: Batching<E>, leased: Leased<E>, ttl: unknown) => leased.renew(millis("ttl", ttl))

const rescheduling = <E>(_: Batching<E>, leased: Leased<E>, after: unknown) => leased.reschedule(afterOf(after))

const putAll = <E>(verbs: Batching<E>, tuples: unknown, options: unknown) =>
  verbs.outAll(ownAll(tuples), priorityIn(options))

/** What moves here is owned as what is put: once, for every engine. */
const putFitting = <E>(
  verbs: Batching<E>,
  tuples: ReadonlyArray<Tuple>,
  onArrival: ((arrived: ReadonlyArray<number>) => void) | undefined,
  priorities: ReadonlyArray<number> | undefined
) => verbs.outFitting(tuples.map(own), onArrival, priorities)

// ---------------------------------------------------------------------------------------------------------------------
// Looking and putting, as one step
// ---------------------------------------------------------------------------------------------------------------------

const putIfAbsent = <E>(verbs: Batching<E>, pattern: unknown, tuple: unknown, options: unknown) => {
  const [compiled, owned] = [compile(pattern), own(tuple)]
  return options === undefined
    ? verbs.outIfAbsent(compiled, owned, undefined, Option.fromNullable)
    : verbs.outIfAbsent(
      compiled,
      owned,
      termsOf(options),
      (present, leased) => leased === undefined ? Either.left(present) : Either.right(leaseOf(verbs, leased))
    )
}

const replace = <E>(verbs: Batching<E>, pattern: unknown, f: (tuple: any) => unknown, options: unknown) => {
  const compiled = compile(pattern)
  callable("f", f)
  const made = (tuple: Tuple) => own(f(tuple))
  return options === undefined
    ? verbs.replace(compiled, made, undefined, Option.fromNullable)
    : verbs.replace(
      compiled,
      made,
      termsOf(options),
      (tuple, leased) => leased === undefined ? Option.none() : Option.some({ tuple, lease: leaseOf(verbs, leased) })
    )
}

const exchange = <E>(verbs: Batching<E>, asked: unknown, f: (found: any) => unknown, options: unknown) => {
  const read = atOnce(asked)
  callable("f", f)
  return verbs.exchange(read, (found) => ownAll(f(found)), timeoutOf(options))
}

// ---------------------------------------------------------------------------------------------------------------------
// Looking
// ---------------------------------------------------------------------------------------------------------------------

const read = <E>(verbs: Batching<E>, asked: unknown, options: unknown) =>
  verbs.wait("rd", query(asked), timeoutOf(options))

const takeNow = <E>(verbs: Batching<E>, asked: unknown) => verbs.now("inp", query(asked))

const readNow = <E>(verbs: Batching<E>, asked: unknown) => verbs.now("rdp", query(asked))

const takeAny = <E>(verbs: Batching<E>, patterns: unknown, options: unknown) =>
  verbs.wait("inAny", alternatives(patterns), timeoutOf(options))

const readAny = <E>(verbs: Batching<E>, patterns: unknown, options: unknown) =>
  verbs.wait("rdAny", alternatives(patterns), timeoutOf(options))

const takeAll = <E>(verbs: Batching<E>, patterns: unknown, options: unknown) =>
  verbs.wait("inAll", joint(patterns), timeoutOf(options))

const awaitNone = <E>(verbs: Batching<E>, pattern: unknown, options: unknown) =>
  Effect.asVoid(verbs.wait("awaitNone", absence(pattern), timeoutOf(options)))

const collect = <E>(verbs: Batching<E>, pattern: unknown) => verbs.takeUpTo("collect", compile(pattern), Infinity)

const takeUpTo = <E>(verbs: Batching<E>, pattern: unknown, n: unknown) => {
  const limit = limitOf(n)
  return verbs.takeUpTo("inUpTo", compile(pattern), limit)
}

const copyCollect = <E>(verbs: Batching<E>, pattern: unknown) => verbs.copyCollect(compile(pattern), Infinity)

const count = <E>(verbs: Batching<E>, pattern: unknown) => verbs.count(compile(pattern))

const explain = <E>(verbs: Batching<E>, asked: unknown) => {
  const about = query(asked)
  switch (about.form) {
    case "one":
      return verbs.explain(about)
    case "batch":
      return verbs.explain(about.pattern)
    default:
      return Effect.map(Effect.forEach(about.patterns, verbs.explain), (all) => explanationOf(about, all))
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Holding and moving
// ---------------------------------------------------------------------------------------------------------------------

type Use<E, A, E2, R> = (found: any, hold: Public.Hold<E>) => Effect.Effect<A, E2, R>

const hold = <E, A, E2, R>(verbs: Batching<E>, asked: unknown, use: Use<E, A, E2, R>, options: unknown) =>
  holding(verbs, "inWith", asked, use, options)

const holdPermit = <E, A, E2, R>(verbs: Batching<E>, asked: unknown, use: Use<E, A, E2, R>, options: unknown) =>
  holding(verbs, "withPermit", asked, use, options)

const holding = <E, A, E2, R>(
  verbs: Batching<E>,
  name: "inWith" | "withPermit",
  asked: unknown,
  use: Use<E, A, E2, R>,
  options: unknown
) => {
  callable("use", use)
  return Hold.using(verbs, name, query(asked), holdingOf(name, options), (found, hold) => using(use, found, hold))
}

const holdScoped = <E>(verbs: Batching<E>, asked: unknown, options: unknown) =>
  Hold.scoped(verbs, query(asked), holdingOf("inScoped", options))

const moveTo = <E>(verbs: Batching<E>, pattern: unknown, other: unknown) => moving(verbs, "collectInto", pattern, other)

const copyTo = <E>(verbs: Batching<E>, pattern: unknown, other: unknown) =>
  moving(verbs, "copyCollectInto", pattern, other)

const moving = <E>(
  verbs: Batching<E>,
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

const watch = <E>(verbs: Batching<E>, kind: "subscribe" | "stream", pattern: unknown, options: unknown) =>
  verbs.watch(kind, compile(pattern), mailboxOf(options))

/**
 * A stream that opens its mailbox when it runs; or, with the option `scoped`, an effect that opens it. Which, is
 * `Opened` of the options.
 */
const following = <E>(verbs: Batching<E>, kind: "subscribe" | "stream", pattern: unknown, options: unknown): any => {
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

const start = <E, A, E2, R>(verbs: Batching<E>, effect: Effect.Effect<A, E2, R>, options: unknown) => {
  runnable("effect", effect)
  return verbs.start(effect, { name: processNameOf(options), failures: failuresOf(options) })
}

const startTuple = <E>(
  verbs: Batching<E>,
  fields: unknown,
  options: unknown,
  out: (tuple: unknown) => Effect.Effect<unknown, any>
) => {
  const evaluated = Effect.all(own(fields).map((field) => evaluate(field)), { concurrency: "unbounded" })
  return start(verbs, Effect.tap(evaluated, out), options)
}
