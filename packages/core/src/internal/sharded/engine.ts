/**
 * One space split over several.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Options } from "../../Sharded.js"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { HoldOptions, Inspection, InterestSnapshot, MailboxOptions, TupleSpace } from "../../TupleSpace.js"
import type { Holding } from "../arguments.js"
import {
  checkDestination,
  failing,
  failuresFor,
  invalidOption,
  natural,
  option,
  refusing,
  schemasOf,
  text,
  unsupported
} from "../arguments.js"
import { isArray } from "../brand.js"
import type { PutFitting } from "../destination.js"
import { putFitting } from "../destination.js"
import { encodeField, keyOf } from "../encoding.js"
import { isFailure } from "../failure.js"
import type { Leaving, Restore } from "../handOver.js"
import { handOver } from "../handOver.js"
import type { Pattern } from "../pattern/pattern.js"
import { show } from "../print.js"
import type { AnyFiber, LiveFiber } from "../runtime.js"
import { complete, inherit, interrupted, interruption, makeDeferred, onEnd, withFiber } from "../runtime.js"
import { assemble } from "../space.js"
import { isTimeout, timedOut } from "../timeout.js"
import { Values } from "../values.js"
import type { Late, Verbs } from "../verbs.js"

type Part = TupleSpace<any, SpaceError>

const indexOf = (values: Values, first: unknown, parts: number): number =>
  keyOf(0, encodeField(values, first, 0)) % parts

export const partOf = (first: unknown, parts: number, options: Options = {}): Effect.Effect<number, SpaceError> =>
  failing(() => Effect.succeed(indexOf(new Values(schemasOf(options), "store"), first, natural("parts", parts, 1))))

/**
 * A compiled pattern, to be given to a part: it is taken for what it was compiled from, which no type of a pattern
 * says.
 */
const given = (pattern: Pattern): any => pattern

/** The options that have this meaning. */
const optionsOf = ({ deadLetter, maxAttempts, requeue, timeout }: Holding): HoldOptions<any> => ({
  timeout,
  requeue,
  maxAttempts: maxAttempts === Infinity ? undefined : maxAttempts,
  deadLetter
})

/** What a wait in several places has come to: what one of them has found, and the fiber there that holds it. */
interface Found {
  readonly value: any
  readonly fiber: AnyFiber
}

/** What a place does with what it has found. It has to give that back, as it was, if it is interrupted meanwhile. */
type Use<R = never> = (found: any) => Effect.Effect<any, any, R>

/** A pattern in a part in which it can have a match. */
interface Place {
  readonly part: Part
  readonly pattern: Pattern
}

/** A wait in several places, which each part lists as one of its own. */
interface Wait {
  readonly kind: InterestSnapshot["kind"]
  readonly patterns: ReadonlyArray<Pattern>
  /** As its parts list it. */
  readonly kindThere: InterestSnapshot["kind"]
  readonly places: ReadonlyArray<Place>
}

/** What waits, with a wait in several places as the one that it is. */
const joined = (
  interests: ReadonlyArray<InterestSnapshot>,
  { kind, kindThere, patterns, places }: Wait
): ReadonlyArray<InterestSnapshot> => {
  const rest = interests.slice()
  const taken = places.flatMap(({ pattern }) => {
    const text = String(pattern)
    const index = rest.findIndex((each) =>
      each.kind === kindThere && each.patterns.length === 1 && each.patterns[0] === text
    )
    return index < 0 ? [] : rest.splice(index, 1)
  })
  const [first] = taken
  return first === undefined ? rest : [...rest, {
    kind,
    patterns: patterns.map(String),
    age: Math.max(...taken.map(({ age }) => age)),
    process: first.process
  }]
}

const hasTimedOut = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Option.exists(Cause.failureOption(exit.cause), isTimeout)

/**
 * Whether it does: of a tuple that another pattern has matched already, so that a predicate that throws here is late.
 */
const matches = (pattern: Pattern, tuple: Tuple): boolean => {
  try {
    return pattern.matches(tuple)
  } catch {
    return false
  }
}

/**
 * Waits in several places at a time until one of them has found something, and has started to use it. The others give
 * up, and give back what they have found meanwhile. One that fails, or is interrupted, ends the wait in all of them; a
 * timeout does when it is over in all. Has to run uninterruptibly.
 */
const firstOf = <R, R1>(
  restore: Restore,
  places: ReadonlyArray<Place>,
  hold: (place: Place, use: Use<R>) => Effect.Effect<any, any, R1>,
  use: Use<R>
): Effect.Effect<Found, any, R1> =>
  Effect.gen(function*() {
    const decided = makeDeferred<void, unknown>()
    const first: { index?: number; value?: unknown } = {}
    let waiting = places.length
    const found = (index: number): Use<R> => (value) =>
      Effect.suspend(() => {
        if (first.index !== undefined) {
          return Effect.interrupt
        }
        first.index = index
        first.value = value
        complete(decided, Exit.void)
        return use(value)
      })
    // No children of this fiber, with which they would be interrupted: what they hold may have become its own by then.
    const scope = yield* Scope.make()
    const fibers = yield* Effect.forEach(places, (place, index) =>
      Effect.forkIn(Effect.interruptible(hold(place, found(index))), scope))
    for (const fiber of fibers) {
      onEnd(fiber, (exit) => {
        waiting--
        if (first.index === undefined && (waiting === 0 || !hasTimedOut(exit))) {
          complete(decided, Exit.asVoid(exit))
        }
      })
    }
    const exit = yield* Effect.exit(restore(Deferred.await(decided)))
    const fiber = first.index === undefined || Exit.isFailure(exit) ? undefined : fibers[first.index]
    yield* Fiber.interruptAll(fibers.filter((other) =>
      other !== fiber
    ))
    return fiber === undefined ? yield* Effect.zipRight(exit, Effect.interrupt) : { value: first.value, fiber }
  })

/** A part that is closed, which `Stream.mergeAll` would leave out without a word. */
class Closed {
  readonly _tag = "Closed"
}

type Events = Stream.Stream<unknown, SpaceError>

/** The mailboxes are those of the parts: no other reads ahead. */
const merge = (streams: ReadonlyArray<Events>): Events =>
  Stream.mergeAll(
    streams.map((stream): Stream.Stream<unknown, SpaceError | Closed> =>
      Stream.catchAllCause(
        stream,
        (cause): Stream.Stream<never, SpaceError | Closed> =>
          Cause.isInterruptedOnly(cause) ? Stream.fail(new Closed()) : Stream.failCause(cause)
      )
    ),
    { concurrency: "unbounded", bufferSize: 1 }
  ).pipe(Stream.catchTag("Closed", () => Stream.failCause(interruption)))

export const make = (
  parts: readonly [Part, ...ReadonlyArray<Part>],
  options: Options = {}
): TupleSpace<any, SpaceError> => {
  const named = text("name", option(options, "name"))
  const values = new Values(schemasOf(options), "store")
  if (!isArray(parts) || parts.length === 0) {
    throw invalidOption(`parts: ${show(parts)} is no array of at least one space`)
  }
  parts.forEach(checkDestination)
  const [main] = parts

  const ofTuple = (tuple: Tuple): Part => isFailure(tuple) ? main : parts[indexOf(values, tuple[0], parts.length)]!

  /** The parts in which there can be a match. */
  const ofPattern = (pattern: Pattern): ReadonlyArray<Part> => {
    const [first] = pattern.terms
    if (pattern.failure) {
      return [main]
    }
    if (first?.kind !== "literal") {
      return parts
    }
    const text = encodeField(values, first.value, 0)
    // An equal value may have another text, and so be in another part.
    return values.isAmbiguous(text) ? parts : [parts[keyOf(0, text) % parts.length]!]
  }

  const ofPatterns = (patterns: ReadonlyArray<Pattern>): ReadonlyArray<Part> =>
    parts.filter((part) => patterns.some((pattern) => ofPattern(pattern).includes(part)))

  const only = (name: string, concerned: ReadonlyArray<Part>): Part => {
    if (concerned.length > 1) {
      throw unsupported(
        `${name}: the patterns concern several parts of the space: give all of them the same first field`
      )
    }
    return concerned[0] ?? main
  }

  const leaving: Leaving = new Map()

  const waits = new Set<Wait>()

  /** Lists a wait for as long as it lasts. */
  const listed = <A, E, R>(of: Wait, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const wait = { ...of }
      waits.add(wait)
      return Effect.ensuring(effect, Effect.sync(() => waits.delete(wait)))
    })

  /** Waits in several places at a time, and lets the first of them use what it has. */
  const race = <R, R1>(
    wait: Wait,
    hold: (place: Place, use: Use<R>) => Effect.Effect<any, any, R1>,
    use: Use<R>
  ): Effect.Effect<any, any, R1> =>
    wait.places.length === 1 ?
      hold(wait.places[0]!, use) :
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const { fiber } = yield* listed(wait, firstOf(restore, wait.places, hold, use))
          const exit = yield* Effect.onInterrupt(restore(Fiber.await(fiber)), () => Fiber.interrupt(fiber))
          yield* inherit(fiber)
          return yield* exit
        })
      )

  /** Takes for good what `wait` has: it holds that while `taken` waits, and then it is the caller's, or back. */
  const taking = <Held, A>(
    wait: (restore: Restore, taken: Effect.Effect<void>) => Effect.Effect<Held, any>,
    result: (held: Held) => A
  ): Effect.Effect<A, any> =>
    withFiber((fiber) => {
      leaving.get(fiber)?.()
      const taken = makeDeferred<void>()
      return handOver(
        leaving,
        (restore) => wait(restore, Deferred.await(taken)),
        (held) => {
          complete(taken, Exit.void)
          return result(held)
        },
        () => complete(taken, interrupted)
      )
    })

  /** Waits in several places at a time, and takes from the first of them. */
  const takeFirst = <A>(wait: Wait, timeout: number, result: (tuple: Tuple) => A): Effect.Effect<A, any> => {
    const hold = ({ part, pattern }: Place, use: Use): Effect.Effect<any, any> =>
      part.inWith(given(pattern), use, { timeout })
    return taking(
      (restore, taken) => listed(wait, firstOf(restore, wait.places, hold, () => taken)),
      ({ value }) => result(value)
    )
  }

  /**
   * Has a fiber of its own hold what `gather` gives to its use, until the effect ends. Waits until it has it. No child
   * of this fiber, with which it would be interrupted. Has to run uninterruptibly.
   */
  const holding = <A, E, E1>(
    restore: Restore,
    gather: (use: (held: A) => Effect.Effect<void, E1>) => Effect.Effect<unknown, E | E1>,
    end: Effect.Effect<void, E1>
  ): Effect.Effect<{ readonly held: A; readonly fiber: LiveFiber<unknown, E | E1> }, E> =>
    Effect.gen(function*() {
      const got = yield* Deferred.make<A, E>()
      const fiber = yield* Effect.forkIn(
        Effect.onError(
          Effect.interruptible(gather((held) => Effect.zipRight(Deferred.succeed(got, held), end))),
          // What `end` fails with comes too late to matter here: by then it has been got.
          (cause) => Deferred.failCause(got, cause as Cause.Cause<E>)
        ),
        yield* Scope.make()
      )
      return { held: yield* Effect.onError(restore(Deferred.await(got)), () => Fiber.interrupt(fiber)), fiber }
    })

  const placesOf = (pattern: Pattern): ReadonlyArray<Place> => ofPattern(pattern).map((part) => ({ part, pattern }))

  const waitFor = (kind: "in" | "rd" | "withPermit", pattern: Pattern): Wait => ({
    kind,
    kindThere: kind,
    patterns: [pattern],
    places: placesOf(pattern)
  })

  const outAll = (tuples: ReadonlyArray<Tuple>): Effect.Effect<void, SpaceError> =>
    Effect.forEach(
      parts.map((part) => [part, tuples.filter((tuple) => ofTuple(tuple) === part)] as const)
        .filter(([, tuples]) => tuples.length > 0),
      ([part, tuples]) => part.outAll(tuples),
      { discard: true, concurrency: "unbounded" }
    )

  /** As far as there is room in the part of each. */
  const outFitting: PutFitting = (tuples, onArrival) =>
    failing(() => {
      const there: Array<number> = []
      const indices = tuples.map((_, index) => index)
      const ofPart = parts.map((part) => ({ part, own: indices.filter((index) => ofTuple(tuples[index]!) === part) }))
      return Effect.map(
        Effect.forEach(ofPart.filter(({ own }) => own.length > 0), ({ own, part }) =>
          Effect.map(
            putFitting(part, own.map((index) => tuples[index]!), (arrived) => {
              there.push(...arrived.map((index) => own[index]!))
              onArrival?.(there)
            }),
            (arrived) => arrived.map((index) => own[index]!)
          ), { concurrency: "unbounded" }),
        (all) => all.flat()
      )
    })

  /** The part that has found it holds it. */
  const hold: Verbs<SpaceError>["hold"] = (name, pattern, options, use) =>
    race(
      waitFor(name === "inWith" ? "in" : name, pattern),
      ({ part }, use) =>
        name === "inWith"
          ? part.inWith(given(pattern), use, optionsOf(options))
          : part.withPermit(given(pattern), use, { timeout: options.timeout, requeue: options.requeue }),
      use
    )

  const holdScoped: Verbs<SpaceError>["holdScoped"] = (pattern, options) => {
    const concerned = ofPattern(pattern)
    const [first] = concerned
    if (concerned.length === 1) {
      return first!.inScoped(given(pattern), optionsOf(options))
    }
    // The hold lasts as long as a fiber that waits for the end of the scope.
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const end = yield* Deferred.make<void, unknown>()
        const { fiber, held } = yield* holding<Tuple, SpaceError | Late, unknown>(
          restore,
          (use) => hold("inWith", pattern, options, use),
          Deferred.await(end)
        )
        yield* Effect.addFinalizer((exit) =>
          Effect.zipRight(
            Exit.isSuccess(exit) ? Deferred.succeed(end, undefined) : Deferred.failCause(end, exit.cause),
            Fiber.await(fiber)
          )
        )
        return held
      })
    )
  }

  const name = named ?? main.name

  /** An operation made of those of the parts times out as itself. */
  const naming = <A, E, R>(
    operation: string,
    patterns: ReadonlyArray<Pattern>,
    timeout: number,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | Late, R> =>
    Effect.mapError(
      effect,
      (error) => isTimeout(error) ? timedOut({ space: name, operation, patterns, timeout }) : error
    )

  const wait: Verbs<SpaceError>["wait"] = (kind, pattern, timeout) => {
    if (kind === "in") {
      const concerned = ofPattern(pattern)
      return concerned.length === 1
        ? concerned[0]!.in(given(pattern), { timeout })
        : naming("in", [pattern], timeout, takeFirst(waitFor("in", pattern), timeout, identity))
    }
    const raced = race<never, never>(
      waitFor("rd", pattern),
      ({ part }, use) => Effect.flatMap(part.rd(given(pattern), { timeout }), use),
      Effect.succeed
    )
    return naming("rd", [pattern], timeout, raced)
  }

  /** Each pattern in each part in which it can have a match. */
  const waitAny: Verbs<SpaceError>["waitAny"] = (kind, choices, timeout) => {
    const { patterns } = choices
    const [first, ...others] = ofPatterns(patterns)
    if (first !== undefined && others.length === 0) {
      return first[kind](choices.input, { timeout })
    }
    const takes = kind === "inAny"
    const wait: Wait = { kind, kindThere: takes ? "in" : "rd", patterns, places: patterns.flatMap(placesOf) }
    const named = (tuple: Tuple) => choices.choice(patterns.findIndex((pattern) => matches(pattern, tuple)), tuple)
    const raced = takes
      ? takeFirst(wait, timeout, named)
      : race<never, never>(
        wait,
        ({ part, pattern }, use) => Effect.flatMap(part.rd(given(pattern), { timeout }), use),
        (tuple) => Effect.succeed(named(tuple))
      )
    return naming(kind, patterns, timeout, raced)
  }

  const waitAll: Verbs<SpaceError>["waitAll"] = (all, timeout) =>
    only("inAll", ofPatterns(all.patterns)).inAll(all.input, { timeout })

  /**
   * Takes from several parts: `gather` holds what they have while the effect runs that it gives it to. Then all of it
   * is the caller's, or, if something has failed or the caller was interrupted, all of it is back.
   */
  const takeAll = <A>(
    gather: (use: (tuples: ReadonlyArray<Tuple>) => Effect.Effect<void>) => Effect.Effect<unknown, SpaceError>,
    result: (tuples: ReadonlyArray<Tuple>) => A
  ): Effect.Effect<A, SpaceError> =>
    taking(
      (restore, taken) => holding<ReadonlyArray<Tuple>, SpaceError, never>(restore, gather, taken),
      ({ held }) => result(held)
    )

  const takeUpTo: Verbs<SpaceError>["takeUpTo"] = (name, pattern, limit) => {
    const concerned = ofPattern(pattern)
    const [first] = concerned
    if (concerned.length === 1) {
      return name === "collect" ? first!.collect(given(pattern)) : first!.inUpTo(given(pattern), limit)
    }
    if (limit < Infinity) {
      return takeAll((use) => upTo(concerned, pattern, limit, use), identity)
    }
    return takeAll((use) => {
      const from = (index: number, taken: ReadonlyArray<Tuple>): Effect.Effect<unknown, SpaceError> =>
        index === concerned.length ? use(taken) : concerned[index]!.collectInto(given(pattern), {
          outAll: (tuples: Iterable<Tuple>) => Effect.asVoid(from(index + 1, [...taken, ...tuples]))
        })
      return from(0, [])
    }, identity)
  }

  /** Takes one by one, so that nobody misses meanwhile what is not taken. */
  const upTo = (
    concerned: ReadonlyArray<Part>,
    pattern: Pattern,
    limit: number,
    use: (tuples: ReadonlyArray<Tuple>) => Effect.Effect<void>
  ): Effect.Effect<unknown, SpaceError> => {
    const end = makeDeferred<void>()
    const holds: Array<Fiber.Fiber<unknown, unknown>> = []
    const takeOne = (part: Part): Effect.Effect<Option.Option<Tuple>, SpaceError> =>
      Effect.gen(function*() {
        const got = yield* Deferred.make<Option.Option<Tuple>, SpaceError>()
        const hold = part.inWith(
          given(pattern),
          (tuple: Tuple) => Effect.zipRight(Deferred.succeed(got, Option.some(tuple)), Deferred.await(end)),
          { timeout: 0 }
        )
        holds.push(
          yield* Effect.fork(Effect.catchAllCause(hold, (cause) =>
            hasTimedOut(Exit.failCause(cause))
              ? Deferred.succeed(got, Option.none())
              : Deferred.failCause(got, cause as Cause.Cause<SpaceError>)))
        )
        return yield* Deferred.await(got)
      })
    return Effect.gen(function*() {
      const taken: Array<Tuple> = []
      for (const part of concerned) {
        while (taken.length < limit) {
          const one = yield* takeOne(part)
          if (Option.isNone(one)) {
            break
          }
          taken.push(one.value)
        }
      }
      yield* use(taken)
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.awaitAll(holds)
    }).pipe(Effect.onError(() => Fiber.interruptAll(holds)))
  }

  const now: Verbs<SpaceError>["now"] = (kind, pattern) => {
    const concerned = ofPattern(pattern)
    if (concerned.length === 1) {
      return concerned[0]![kind](given(pattern))
    }
    return kind === "inp"
      ? takeAll((use) => upTo(concerned, pattern, 1, use), ([tuple]) => Option.fromNullable(tuple))
      : Effect.reduce(
        concerned,
        Option.none<Tuple>(),
        (found, part) => Option.isSome(found) ? Effect.succeed(found) : part.rdp(given(pattern))
      )
  }

  const summed = <E>(pattern: Pattern, ask: (part: Part) => Effect.Effect<number, E>): Effect.Effect<number, E> =>
    Effect.reduce(ofPattern(pattern), 0, (sum, part) => Effect.map(ask(part), (n) => sum + n))

  const outIfAbsent: Verbs<SpaceError>["outIfAbsent"] = (pattern, tuple) =>
    only("outIfAbsent", [...new Set([...ofPattern(pattern), ofTuple(tuple)])]).outIfAbsent(given(pattern), tuple)

  const replace: Verbs<SpaceError>["replace"] = (pattern, f) => {
    const part = only("replace", ofPattern(pattern))
    return part.replace(given(pattern), (tuple: Tuple) => {
      const replacement = f(tuple)
      if (ofTuple(replacement) !== part) {
        throw unsupported("replace: the new tuple belongs to another part of the space: keep its first field")
      }
      return replacement
    })
  }

  const inspect = Effect.map(Effect.forEach(parts, (part) => part.inspect), (all): Inspection => ({
    tuples: all.flatMap(({ tuples }) => tuples),
    held: all.reduce((sum, { held }) => sum + held, 0),
    failures: all.reduce((sum, { failures }) => sum + failures, 0),
    interests: [...waits].reduce(joined, all.flatMap(({ interests }) => interests))
      .slice().sort((one, other) => other.age - one.age),
    processes: all.flatMap(({ processes }) => processes),
    indexes: all.flatMap(({ indexes }) => indexes),
    undecodable: all.reduce((sum, { undecodable }) => sum + undecodable, 0)
  }))

  const explain = (pattern: Pattern) =>
    Effect.map(Effect.forEach(ofPattern(pattern), (part) => part.explain(given(pattern))), (all) => ({
      lookups: all.flatMap(({ lookups }) => lookups),
      candidates: all.reduce((sum, { candidates }) => sum + candidates, 0)
    }))

  /** A stream of all parts, opened in all of them before it runs. */
  const watch: Verbs<SpaceError>["watch"] = (kind, pattern, mailbox) => {
    const scoped: MailboxOptions & { readonly scoped: true } = { ...mailbox, scoped: true }
    return Effect.map(
      Effect.forEach(ofPattern(pattern), (part): Effect.Effect<Events, SpaceError, Scope.Scope> =>
        kind === "subscribe"
          ? part.subscribe(given(pattern), scoped)
          : part.stream(given(pattern), scoped)),
      (streams) => streams.length === 1 ? streams[0]! : merge(streams)
    )
  }

  return assemble<any, SpaceError>({
    name,
    refuse: refusing,
    out: (tuple) => ofTuple(tuple).out(tuple),
    outLeased: (tuple, ttl) =>
      Effect.map(ofTuple(tuple).out(tuple, { ttl }), ({ cancel, renew }) => (ttl) => ttl < 0 ? cancel : renew(ttl)),
    outAll,
    outFitting,
    outIfAbsent,
    replace,
    wait,
    waitAny,
    waitAll,
    now,
    takeUpTo,
    copyCollect: (pattern) =>
      Effect.map(Effect.forEach(ofPattern(pattern), (part) => part.copyCollect(given(pattern))), (all) => all.flat()),
    count: (pattern) => summed(pattern, (part) => part.count(given(pattern))),
    hold,
    holdScoped,
    move: (name, pattern, other) => summed(pattern, (part) => part[name](given(pattern), other)),
    watch,
    start: (effect, { failures, name }) => main.eval(effect, { name, failures: failuresFor(failures) }),
    inspect,
    explain,
    awaitQuiescent: Effect.fail(unsupported("awaitQuiescent: what waits in several parts cannot be seen to rest")),
    transact: () => Effect.fail(unsupported("transact: a transaction is of one part of the space"))
  })
}
