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
import * as FiberId from "effect/FiberId"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Options } from "../../Sharded.js"
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type {
  Destination,
  HoldOptions,
  Inspection,
  InterestSnapshot,
  MailboxOptions,
  OutOptions,
  PermitOptions,
  TupleSpace,
  WaitOptions
} from "../../TupleSpace.js"
import {
  alternatives,
  callable,
  checkDestination,
  failing as reading,
  holdingOf,
  invalidOption,
  limitOf,
  mailboxOf,
  natural,
  option,
  own,
  ownAll,
  processNameOf,
  refusing,
  schemasOf,
  several,
  text,
  timeoutOf,
  ttlOf
} from "../arguments.js"
import { isArray } from "../brand.js"
import type { PutFitting } from "../destination.js"
import { destination, putFitting } from "../destination.js"
import { encodeField, keyOf } from "../durable/encoding.js"
import { isFailure } from "../memory/engine.js"
import { streaming } from "../memory/subscription.js"
import type { Leaving } from "../memory/wait.js"
import { handOver } from "../memory/wait.js"
import type { Pattern } from "../pattern/pattern.js"
import { compile } from "../pattern/pattern.js"
import { show } from "../print.js"
import { evaluate } from "../process.js"
import { isTimeout, timedOut } from "../timeout.js"
import { Values } from "../values.js"

const TypeId = Symbol.for("@effect-linda/core/TupleSpace")

type Part = TupleSpace<any, SpaceError>

const indexOf = (values: Values, first: unknown, parts: number): number =>
  keyOf(0, encodeField(values, first, 0)) % parts

export const partOf = (first: unknown, parts: number, options: Options = {}): Effect.Effect<number, SpaceError> =>
  reading(() => Effect.succeed(indexOf(new Values(schemasOf(options), "store"), first, natural("parts", parts, 1))))

const unsupported = (message: string): SpaceError => new SpaceError({ reason: "Unsupported", message })

/** What a wait in several places has come to: what one of them has found, and the fiber there that holds it. */
interface Found {
  readonly value: any
  readonly fiber: Fiber.RuntimeFiber<any, any>
}

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

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

/** Whether it does: of a tuple that another pattern has matched already, so that a predicate that throws here is late. */
const matches = (pattern: Pattern, tuple: Tuple): boolean => {
  try {
    return pattern.matches(tuple)
  } catch {
    return false
  }
}

/**
 * Waits in several places at a time until one of them has found something, and has started to use it. The others give up, and give back
 * what they have found meanwhile. One that fails, or is interrupted, ends the wait in all of them; a timeout does when it is over in all.
 * Has to run uninterruptibly.
 */
const firstOf = <R, R1>(
  restore: Restore,
  places: ReadonlyArray<Place>,
  hold: (place: Place, use: Use<R>) => Effect.Effect<any, any, R1>,
  use: Use<R>
): Effect.Effect<Found, any, R1> =>
  Effect.gen(function*() {
    const decided = Deferred.unsafeMake<void, unknown>(FiberId.none)
    const first: { index?: number; value?: unknown } = {}
    let waiting = places.length
    const found = (index: number): Use<R> => (value) =>
      Effect.suspend(() => {
        if (first.index !== undefined) {
          return Effect.interrupt
        }
        first.index = index
        first.value = value
        Deferred.unsafeDone(decided, Exit.void)
        return use(value)
      })
    // No children of this fiber, with which they would be interrupted: what they hold may have become its own by then.
    const scope = yield* Scope.make()
    const fibers = yield* Effect.forEach(places, (place, index) =>
      Effect.forkIn(Effect.interruptible(hold(place, found(index))), scope))
    for (const fiber of fibers) {
      fiber.addObserver((exit) => {
        waiting--
        if (first.index === undefined && (waiting === 0 || !hasTimedOut(exit))) {
          Deferred.unsafeDone(decided, Exit.asVoid(exit))
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

/** The mailboxes are those of the parts: no other reads ahead. */
const merge = (streams: ReadonlyArray<Stream.Stream<any, SpaceError>>): Stream.Stream<any, SpaceError> =>
  Stream.mergeAll(
    streams.map((stream): Stream.Stream<any, SpaceError | Closed> =>
      Stream.catchAllCause(
        stream,
        (cause): Stream.Stream<never, SpaceError | Closed> =>
          Cause.isInterruptedOnly(cause) ? Stream.fail(new Closed()) : Stream.failCause(cause)
      )
    ),
    { concurrency: "unbounded", bufferSize: 1 }
  ).pipe(Stream.catchTag("Closed", () => Stream.failCause(Cause.interrupt(FiberId.none))))

export const make = (
  parts: readonly [Part, ...ReadonlyArray<Part>],
  options: Options = {}
): TupleSpace<any, SpaceError> => {
  const given = text("name", option(options, "name"))
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
          yield* Fiber.inheritAll(fiber)
          return yield* exit
        })
      )

  /** The same, to take it for good: it is held until it is the caller's. */
  const takeFirst = <A>(
    wait: Wait,
    options: WaitOptions | undefined,
    result: (tuple: Tuple) => A
  ): Effect.Effect<A, any> =>
    Effect.withFiberRuntime((fiber) => {
      leaving.get(fiber)?.()
      const taken = Deferred.unsafeMake<void>(FiberId.none)
      const hold = ({ part, pattern }: Place, use: Use): Effect.Effect<any, any> =>
        part.inWith(pattern as any, use, options as any)
      return handOver(
        leaving,
        (restore) => listed(wait, firstOf(restore, wait.places, hold, () => Deferred.await(taken))),
        ({ value }) => {
          Deferred.unsafeDone(taken, Exit.void)
          return result(value)
        },
        () => Deferred.unsafeDone(taken, Exit.interrupt(FiberId.none))
      )
    })

  const placesOf = (pattern: Pattern): ReadonlyArray<Place> => ofPattern(pattern).map((part) => ({ part, pattern }))

  const waitFor = (kind: "in" | "rd" | "withPermit", pattern: Pattern): Wait => ({
    kind,
    kindThere: kind,
    patterns: [pattern],
    places: placesOf(pattern)
  })

  const out = (input: Tuple, options?: OutOptions): Effect.Effect<any, SpaceError> =>
    reading(() => {
      const tuple = own(input)
      ttlOf(options)
      return options === undefined ? ofTuple(tuple).out(tuple) : ofTuple(tuple).out(tuple, options)
    })

  const outAll = (input: Iterable<Tuple>) =>
    reading(() => {
      const tuples = ownAll(input)
      return Effect.forEach(
        parts.map((part) => [part, tuples.filter((tuple) => ofTuple(tuple) === part)] as const)
          .filter(([, tuples]) => tuples.length > 0),
        ([part, tuples]) => part.outAll(tuples),
        { discard: true, concurrency: "unbounded" }
      )
    })

  /** As far as there is room in the part of each. */
  const outFitting: PutFitting = (tuples, onArrival) =>
    reading(() => {
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

  const inWith = (pattern: unknown, use: (tuple: any) => Effect.Effect<any, any, any>, options?: HoldOptions<any>) =>
    reading(() => {
      const compiled = compile(pattern)
      callable("use", use)
      holdingOf("inWith", options)
      return race(waitFor("in", compiled), ({ part }, use) => part.inWith(compiled as any, use, options as any), use)
    })

  const withPermit = (
    pattern: unknown,
    use: (tuple: any) => Effect.Effect<any, any, any>,
    options?: PermitOptions
  ) =>
    reading(() => {
      const compiled = compile(pattern)
      callable("use", use)
      holdingOf("withPermit", options)
      return race(
        waitFor("withPermit", compiled),
        ({ part }, use) => part.withPermit(compiled as any, use, options as any),
        use
      )
    })

  const inScoped = (pattern: unknown, options?: HoldOptions<any>) =>
    reading(() => {
      const concerned = ofPattern(compile(pattern))
      holdingOf("inScoped", options)
      const [first] = concerned
      if (concerned.length === 1) {
        return first!.inScoped(pattern as any, options as any)
      }
      // The hold lasts as long as a fiber that waits for the end of the scope.
      return Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const taken = yield* Deferred.make<Tuple, unknown>()
          const end = yield* Deferred.make<void, unknown>()
          const holder = yield* Effect.forkIn(
            Effect.onError(
              Effect.interruptible(inWith(
                pattern,
                (tuple) => Effect.zipRight(Deferred.succeed(taken, tuple), Deferred.await(end)),
                options
              )),
              (cause) => Deferred.failCause(taken, cause)
            ),
            yield* Scope.make()
          )
          yield* Effect.addFinalizer((exit) =>
            Effect.zipRight(
              Exit.isSuccess(exit) ? Deferred.succeed(end, undefined) : Deferred.failCause(end, exit.cause),
              Fiber.await(holder)
            )
          )
          return yield* Effect.onInterrupt(restore(Deferred.await(taken)), () => Fiber.interrupt(holder))
        })
      )
    })

  const name = given ?? main.name

  /** An operation made of those of the parts times out as itself. */
  const naming = <A, E, R>(
    operation: string,
    patterns: ReadonlyArray<Pattern>,
    options: WaitOptions | undefined,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> => {
    const timeout = timeoutOf(options)
    return Effect.mapError(
      effect,
      (error) => isTimeout(error) ? timedOut({ space: name, operation, patterns, timeout }) as E : error
    )
  }

  const taking = (pattern: unknown, options?: WaitOptions) =>
    reading(() => {
      const compiled = compile(pattern)
      const concerned = ofPattern(compiled)
      timeoutOf(options)
      return concerned.length === 1
        ? concerned[0]!.in(pattern as any, options)
        : naming("in", [compiled], options, takeFirst(waitFor("in", compiled), options, (tuple) => tuple))
    })

  const rd = (pattern: unknown, options?: WaitOptions) =>
    reading(() => {
      const compiled = compile(pattern)
      const raced = race(
        waitFor("rd", compiled),
        ({ part }, use) => Effect.flatMap(part.rd(compiled as any, options as any), use),
        Effect.succeed
      )
      return naming("rd", [compiled], options, raced)
    })

  /** Each pattern in each part in which it can have a match. */
  const waitAny = (takes: boolean) => (input: unknown, options?: WaitOptions) =>
    reading(() => {
      const { keys, patterns } = alternatives(input)
      timeoutOf(options)
      const concerned = ofPatterns(patterns)
      if (concerned.length === 1) {
        return (takes ? concerned[0]!.inAny : concerned[0]!.rdAny)(input as any, options as any)
      }
      const kind = takes ? "inAny" : "rdAny"
      const wait: Wait = { kind, kindThere: takes ? "in" : "rd", patterns, places: patterns.flatMap(placesOf) }
      const named = (tuple: Tuple) => {
        const index = patterns.findIndex((pattern) => matches(pattern, tuple))
        return keys === undefined ? { index, tuple } : { key: keys[index], tuple }
      }
      const raced = takes
        ? takeFirst(wait, options, named)
        : race(
          wait,
          ({ part, pattern }, use) => Effect.flatMap(part.rd(pattern as any, options as any), use),
          (tuple) => Effect.succeed(named(tuple))
        )
      return naming(kind, patterns, options, raced)
    })

  const inAll = (input: unknown, options?: WaitOptions) =>
    reading(() => only("inAll", ofPatterns(several(input).patterns)).inAll(input as any, options as any))

  /** Asks the parts in turn, until one has it. */
  const first = (ask: (part: Part) => Effect.Effect<Option.Option<any>, any>, pattern: unknown) =>
    reading(() =>
      Effect.reduce(
        ofPattern(compile(pattern)),
        Option.none<any>(),
        (found, part) => Option.isSome(found) ? Effect.succeed(found) : ask(part)
      )
    )

  const gathered = (ask: (part: Part) => Effect.Effect<ReadonlyArray<any>, any>, pattern: unknown) =>
    reading(() => Effect.map(Effect.forEach(ofPattern(compile(pattern)), ask), (all) => all.flat()))

  /**
   * Takes from several parts: `gather` holds what they have while the effect runs that it gives it to. Then all of it is the caller's, or, if
   * something has failed or the caller was interrupted, all of it is back.
   */
  const takeAll = <A>(
    gather: (use: (tuples: ReadonlyArray<Tuple>) => Effect.Effect<void>) => Effect.Effect<unknown, any>,
    result: (tuples: ReadonlyArray<any>) => A
  ): Effect.Effect<A, any> =>
    Effect.withFiberRuntime((fiber) => {
      leaving.get(fiber)?.()
      const held = Deferred.unsafeMake<ReadonlyArray<Tuple>, unknown>(FiberId.none)
      const taken = Deferred.unsafeMake<void>(FiberId.none)
      const gathering = Effect.onError(
        gather((tuples) => Effect.zipRight(Deferred.succeed(held, tuples), Deferred.await(taken))),
        (cause) => Deferred.failCause(held, cause)
      )
      return handOver(
        leaving,
        (restore) =>
          Effect.gen(function*() {
            // No child of this fiber, with which it would be interrupted.
            const holder = yield* Effect.forkIn(Effect.interruptible(gathering), yield* Scope.make())
            return yield* Effect.onError(restore(Deferred.await(held)), () => Fiber.interrupt(holder))
          }),
        (tuples) => {
          Deferred.unsafeDone(taken, Exit.void)
          return result(tuples)
        },
        () => Deferred.unsafeDone(taken, Exit.interrupt(FiberId.none))
      )
    })

  const collect = (pattern: any) =>
    reading(() => {
      const concerned = ofPattern(compile(pattern))
      return concerned.length === 1 ? concerned[0]!.collect(pattern) : takeAll((use) => {
        const from = (index: number, taken: ReadonlyArray<Tuple>): Effect.Effect<unknown, SpaceError> =>
          index === concerned.length ? use(taken) : concerned[index]!.collectInto(pattern, {
            outAll: (tuples: Iterable<Tuple>) => Effect.asVoid(from(index + 1, [...taken, ...tuples]))
          })
        return from(0, [])
      }, identity)
    })

  const inUpTo = (pattern: any, n: number) =>
    reading(() => {
      const limit = limitOf(n)
      const concerned = ofPattern(compile(pattern))
      if (concerned.length === 1) {
        return concerned[0]!.inUpTo(pattern, n)
      }
      return limit === Infinity ? collect(pattern) : takeAll((use) => upTo(concerned, pattern, limit, use), identity)
    })

  const inp = (pattern: any) =>
    reading(() => {
      const concerned = ofPattern(compile(pattern))
      return concerned.length === 1
        ? concerned[0]!.inp(pattern)
        : takeAll((use) => upTo(concerned, pattern, 1, use), ([tuple]) => Option.fromNullable<any>(tuple))
    })

  /** Takes one by one, so that nobody misses meanwhile what is not taken. */
  const upTo = (
    concerned: ReadonlyArray<Part>,
    pattern: any,
    limit: number,
    use: (tuples: ReadonlyArray<Tuple>) => Effect.Effect<void>
  ): Effect.Effect<unknown, any> => {
    const end = Deferred.unsafeMake<void>(FiberId.none)
    const holds: Array<Fiber.Fiber<void, unknown>> = []
    const takeOne = (part: Part): Effect.Effect<Option.Option<Tuple>, any> =>
      Effect.gen(function*() {
        const got = yield* Deferred.make<Option.Option<Tuple>, unknown>()
        const hold = part.inWith(
          pattern,
          (tuple: any) => Effect.zipRight(Deferred.succeed(got, Option.some(tuple)), Deferred.await(end)),
          { timeout: 0 }
        )
        holds.push(
          yield* Effect.fork(Effect.catchAllCause(hold, (cause) =>
            Effect.zipRight(
              hasTimedOut(Exit.failCause(cause))
                ? Deferred.succeed(got, Option.none())
                : Deferred.failCause(got, cause),
              Effect.void
            )))
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

  const summed = (ask: (part: Part) => Effect.Effect<number, any>, pattern: unknown) =>
    reading(() => Effect.reduce(ofPattern(compile(pattern)), 0, (sum, part) => Effect.map(ask(part), (n) => sum + n)))

  const outIfAbsent = (pattern: unknown, tuple: Tuple) =>
    reading(() => {
      const part = only("outIfAbsent", [...new Set([...ofPattern(compile(pattern)), ofTuple(own(tuple))])])
      return part.outIfAbsent(pattern as any, tuple)
    })

  const replace = (pattern: unknown, f: (tuple: any) => Tuple) =>
    reading(() => {
      const part = only("replace", ofPattern(compile(pattern)))
      callable("f", f)
      return part.replace(pattern as any, (tuple: any) => {
        const replacement = own(f(tuple))
        if (ofTuple(replacement) !== part) {
          throw unsupported("replace: the new tuple belongs to another part of the space: keep its first field")
        }
        return replacement
      })
    })

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

  const explain = (pattern: unknown) =>
    reading(() =>
      Effect.map(Effect.forEach(ofPattern(compile(pattern)), (part) => part.explain(pattern as any)), (all) => ({
        lookups: all.flatMap(({ lookups }) => lookups),
        candidates: all.reduce((sum, { candidates }) => sum + candidates, 0)
      }))
    )

  /** A stream of all parts, opened in all of them before it runs. */
  const merged = (name: "subscribe" | "stream") => (pattern: any, options: any) => {
    const opened: Effect.Effect<Stream.Stream<any, SpaceError>, SpaceError, Scope.Scope> = reading(() => {
      const concerned = ofPattern(compile(pattern))
      mailboxOf(options)
      const scoped: MailboxOptions & { readonly scoped: true } = { ...options, scoped: true }
      return Effect.map(
        Effect.forEach(
          concerned,
          (part) => name === "subscribe" ? part.subscribe(pattern, scoped) : part.stream(pattern, scoped)
        ),
        (streams) => streams.length === 1 ? streams[0]! : merge(streams)
      )
    })
    return streaming(options, opened, identity, refusing)
  }

  return {
    [TypeId]: { _T: (_: any) => _, _E: (_: never) => _ },
    name,
    out,
    outAll,
    ...destination(outFitting),
    in: taking,
    rd,
    inp,
    rdp: (pattern: any) => first((part) => part.rdp(pattern), pattern),
    inWith,
    inScoped,
    withPermit,
    inAny: waitAny(true),
    rdAny: waitAny(false),
    inAll,
    collect,
    copyCollect: (pattern: any) => gathered((part) => part.copyCollect(pattern), pattern),
    collectInto: (pattern: any, other: Destination<any, any>) =>
      reading(() => {
        checkDestination(other)
        return summed((part) => part.collectInto(pattern, other), pattern)
      }),
    copyCollectInto: (pattern: any, other: Destination<any, any>) =>
      reading(() => {
        checkDestination(other)
        return summed((part) => part.copyCollectInto(pattern, other), pattern)
      }),
    inUpTo,
    count: (pattern: any) => summed((part) => part.count(pattern), pattern),
    outIfAbsent,
    replace,
    subscribe: merged("subscribe"),
    stream: merged("stream"),
    eval: main.eval,
    evalTuple: (fields: any, options: any) =>
      reading(() => {
        const effects = own(fields).map((field) => evaluate(field))
        processNameOf(options)
        return main.eval(
          Effect.tap(Effect.all(effects, { concurrency: "unbounded" }) as unknown as Effect.Effect<Tuple>, out),
          options
        )
      }),
    inspect,
    explain,
    awaitQuiescent: Effect.fail(unsupported("awaitQuiescent: what waits in several parts cannot be seen to rest")),
    transact: () => Effect.fail(unsupported("transact: a transaction is of one part of the space"))
  } as unknown as TupleSpace<any, SpaceError>
}
