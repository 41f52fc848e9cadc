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
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Options } from "../../Sharded.js"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { Inspection, InterestSnapshot, TupleSpace } from "../../TupleSpace.js"
import type { Several } from "../arguments.js"
import {
  failing,
  invalidOption,
  natural,
  onlyOptions,
  option,
  refusing,
  schemasOf,
  text,
  unsupported
} from "../arguments.js"
import { isArray } from "../brand.js"
import type { PutFitting } from "../destination.js"
import { fitting, moves } from "../destination.js"
import { encodeField, keyOf } from "../encoding.js"
import { isFailure } from "../failure.js"
import type { Restore } from "../handOver.js"
import type { Ending, Held, Take, TakeNow, TakingNow, Use } from "../hold.js"
import { uninterruptibly } from "../hold.js"
import { looks } from "../keeping.js"
import type { Pattern } from "../pattern/pattern.js"
import { show } from "../print.js"
import { complete, interruption, makeDeferred, onEnd } from "../runtime.js"
import { assemble } from "../space.js"
import { isTimeout, timedOut } from "../timeout.js"
import { Values } from "../values.js"
import type { Late, Verbs } from "../verbs.js"
import { verbsOf } from "../verbs.js"

type Part = Verbs<SpaceError>

const indexOf = (values: Values, first: unknown, parts: number): number =>
  keyOf(0, encodeField(values, first, 0)) % parts

const valuesOf = (options: unknown): Values => {
  const schemas = schemasOf(options)
  onlyOptions(options, ["name", "schemas"])
  return new Values(schemas, "store")
}

export const partOf = (first: unknown, parts: number, options: Options = {}): Effect.Effect<number, SpaceError> =>
  failing(() => Effect.succeed(indexOf(valuesOf(options), first, natural("parts", parts, 1))))

/** A pattern in a part in which it can have a match. */
interface Place {
  readonly part: Part
  readonly pattern: Pattern
}

/** A wait in several places, which each part lists as one of its own. */
interface Wait {
  readonly kind: "in" | "rd" | "inAny" | "rdAny" | "withPermit"
  readonly patterns: ReadonlyArray<Pattern>
  readonly places: ReadonlyArray<Place>
}

/** What parts call a wait by one of several patterns. */
const kindThere = ({ kind }: Pick<Wait, "kind">) => kind === "inAny" ? "in" : kind === "rdAny" ? "rd" : kind

/** What waits, with a wait in several places as the one that it is. */
const joined = (
  interests: ReadonlyArray<InterestSnapshot>,
  { kind, patterns, places }: Wait
): ReadonlyArray<InterestSnapshot> => {
  const rest = interests.slice()
  const taken = places.flatMap(({ pattern }) => {
    const text = String(pattern)
    const index = rest.findIndex((each) =>
      each.kind === kindThere({ kind }) && each.patterns.length === 1 && each.patterns[0] === text
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
 * Waits in several places at a time, and has what the first of them finds; `giveBack` gives back what others find
 * meanwhile. One that fails, or is interrupted, ends the wait in all of them; a timeout does when it is over in all.
 * Has to run uninterruptibly.
 */
const firstOf = <A>(
  restore: Restore,
  places: ReadonlyArray<Place>,
  find: (place: Place, found: (value: A) => Effect.Effect<void>) => Effect.Effect<void, any>,
  giveBack: (value: A) => void
): Effect.Effect<A, any> =>
  Effect.gen(function*() {
    const first = makeDeferred<A, unknown>()
    let waiting = places.length
    const found = (value: A): Effect.Effect<void> =>
      Effect.map(Deferred.succeed(first, value), (isFirst) => isFirst ? undefined : giveBack(value))
    const fibers = yield* Effect.forEach(places, (place) =>
      Effect.tap(Effect.fork(Effect.interruptible(find(place, found))), (fiber) =>
        Effect.sync(() =>
          onEnd(fiber, (exit) => {
            waiting--
            if (Exit.isFailure(exit) && (waiting === 0 || !hasTimedOut(exit))) {
              complete(first, Exit.failCause(exit.cause))
            }
          })
        )))
    const exit = yield* Effect.exit(restore(Deferred.await(first)))
    yield* Fiber.interruptAll(fibers)
    if (Exit.isFailure(exit) && (yield* Deferred.isDone(first))) {
      // It came in the instant of an interruption.
      yield* Effect.matchCause(Deferred.await(first), { onFailure: () => {}, onSuccess: giveBack })
    }
    return yield* exit
  })

/** What several parts hold, as one. */
class Holds implements Held<SpaceError> {
  readonly index: number = 0

  constructor(private readonly holds: ReadonlyArray<Held<SpaceError>>) {}

  get attempts(): number {
    return this.holds[0]?.attempts ?? 0
  }

  get unread(): SpaceError | undefined {
    return this.holds.find(({ unread }) => unread !== undefined)?.unread
  }

  get tuples(): ReadonlyArray<Tuple> {
    return this.holds.flatMap(({ tuples }) => tuples)
  }

  isOver(): boolean {
    return this.holds.every((held) => held.isOver())
  }

  keep(): void {
    this.holds.forEach((held) => held.keep())
  }

  giveBack(): void {
    this.holds.forEach((held) => held.giveBack())
  }

  end(ending: Ending, those?: ReadonlyArray<number>): Effect.Effect<void, SpaceError> {
    let from = 0
    const ends = this.holds.map((held) => {
      const start = from
      from += held.tuples.length
      const own = those?.filter((index) => index >= start && index < from).map((index) => index - start)
      return held.isOver() ? Effect.void : held.end(ending, own)
    })
    // Each of them, whatever becomes of the others.
    return Effect.flatMap(
      Effect.forEach(ends, Effect.exit),
      (exits) => Option.getOrElse(Option.map(Exit.all(exits), Exit.asVoid), () => Exit.void)
    )
  }
}

/** What one part holds, which was found by one of several patterns. */
class Chosen extends Holds {
  constructor(held: Held<SpaceError>, override readonly index: number) {
    super([held])
  }
}

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
  spaces: readonly [TupleSpace<any, SpaceError>, ...ReadonlyArray<TupleSpace<any, SpaceError>>],
  options: Options = {}
): TupleSpace<any, SpaceError> => {
  const named = text("name", option(options, "name"))
  const values = valuesOf(options)
  if (!isArray(spaces) || spaces.length === 0) {
    throw invalidOption(`parts: ${show(spaces)} is no array of at least one space`)
  }
  const parts = spaces.map((space): Part => {
    const verbs = verbsOf(space)
    if (verbs === undefined) {
      throw invalidOption(`parts: ${show(space)} is no space that this library has made`)
    }
    return verbs
  })
  const main = parts[0]!

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

  const name = named ?? main.name

  // -------------------------------------------------------------------------------------------------------------------
  // Putting
  // -------------------------------------------------------------------------------------------------------------------

  /** Which of the tuples belong to each part, by their indices. */
  const byPart = (tuples: ReadonlyArray<Tuple>) => {
    const indices = tuples.map((_, index) => index)
    return parts.map((part) => ({ part, own: indices.filter((index) => ofTuple(tuples[index]!) === part) }))
      .filter(({ own }) => own.length > 0)
  }

  const outAll: Part["outAll"] = (tuples) =>
    Effect.forEach(
      byPart(tuples),
      ({ own, part }) => part.outAll(own.map((index) => tuples[index]!)),
      { discard: true, concurrency: "unbounded" }
    )

  /** As far as there is room in the part of each. */
  const outFitting: PutFitting = (tuples, onArrival) =>
    failing(() => {
      const there: Array<number> = []
      return Effect.map(
        Effect.forEach(byPart(tuples), ({ own, part }) =>
          Effect.map(
            (part.outFitting ?? fitting(part.outAll))(own.map((index) => tuples[index]!), (arrived) => {
              there.push(...arrived.map((index) => own[index]!))
              onArrival?.(there)
            }),
            (arrived) => arrived.map((index) => own[index]!)
          ), { concurrency: "unbounded" }),
        (all) => all.flat()
      )
    })

  const outIfAbsent: Part["outIfAbsent"] = (pattern, tuple) =>
    only("outIfAbsent", [...new Set([...ofPattern(pattern), ofTuple(tuple)])]).outIfAbsent(pattern, tuple)

  const replace: Part["replace"] = (pattern, f) => {
    const part = only("replace", ofPattern(pattern))
    return part.replace(pattern, (tuple) => {
      const replacement = f(tuple)
      if (ofTuple(replacement) !== part) {
        throw unsupported("replace: the new tuple belongs to another part of the space: keep its first field")
      }
      return replacement
    })
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Looking in several parts
  // -------------------------------------------------------------------------------------------------------------------

  const waits = new Set<Wait>()

  /** Lists a wait for as long as it lasts. */
  const listed = <A, E, R>(wait: Wait, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      waits.add(wait)
      return Effect.ensuring(effect, Effect.sync(() => waits.delete(wait)))
    })

  /** Waits for each pattern in each part in which it can have a match. Has to run uninterruptibly. */
  const racing = <A>(
    restore: Restore,
    operation: string,
    kind: Wait["kind"],
    patterns: ReadonlyArray<Pattern>,
    timeout: number,
    find: (place: Place, found: (value: A) => Effect.Effect<void>) => Effect.Effect<void, any>,
    giveBack: (value: A) => void
  ): Effect.Effect<A, any> => {
    const places = patterns.flatMap((pattern) => ofPattern(pattern).map((part) => ({ part, pattern })))
    return Effect.mapError(
      listed({ kind, patterns, places }, firstOf(restore, places, find, giveBack)),
      // As what it is to its caller, and not as what its parts did for it.
      (error) => isTimeout(error) ? timedOut({ space: name, operation, patterns, timeout }) : error
    )
  }

  const indexIn = (patterns: ReadonlyArray<Pattern>, tuple: Tuple): number =>
    patterns.findIndex((pattern) => matches(pattern, tuple))

  const take: Take<SpaceError> = (taking, use) => {
    const { name, patterns, timeout } = taking
    const concerned = ofPatterns(patterns)
    if (name === "inAll" || concerned.length === 1) {
      return only("inAll", concerned).take(taking, use)
    }
    const there = name === "inAny" ? "in" : name
    const kind = name === "inAny" || name === "withPermit" ? name : "in"
    return uninterruptibly(taking, (restore) =>
      Effect.flatMap(
        racing<Held<SpaceError>>(
          restore,
          name,
          kind,
          patterns,
          timeout,
          ({ part, pattern }, found) =>
            part.take({ ...taking, name: there, patterns: [pattern], restore: undefined }, found),
          (held) => held.giveBack()
        ),
        (held) => use(name === "inAny" ? new Chosen(held, indexIn(patterns, held.tuples[0]!)) : held, restore)
      ))
  }

  const takeNow: TakeNow<SpaceError> = <A, E, R>(taking: TakingNow, use: Use<SpaceError, A, E, R>) => {
    const concerned = ofPattern(taking.pattern)
    return concerned.length === 1
      ? concerned[0]!.takeNow(taking, use)
      : uninterruptibly(taking, (restore) => {
        /** One part after the other, each as much as the others have left. */
        const from = (
          index: number,
          limit: number,
          holds: ReadonlyArray<Held<SpaceError>>
        ): Effect.Effect<A, E | SpaceError, R> =>
          index === concerned.length || limit === 0
            ? use(new Holds(holds), restore)
            : Effect.flatMap(
              Effect.tapErrorCause(
                concerned[index]!.takeNow({ ...taking, limit, restore }, Effect.succeed),
                () => Effect.sync(() => holds.forEach((held) => held.giveBack()))
              ),
              (held) => from(index + 1, limit - held.tuples.length, [...holds, held])
            )
        return from(0, taking.limit, [])
      })
  }

  const reading = (
    kind: "rd" | "rdAny",
    patterns: ReadonlyArray<Pattern>,
    timeout: number
  ): Effect.Effect<Tuple, SpaceError | Late> =>
    Effect.uninterruptibleMask((restore) =>
      racing<Tuple>(
        restore,
        kind,
        kind,
        patterns,
        timeout,
        ({ part, pattern }, found) => Effect.flatMap(part.wait("rd", pattern, timeout), found),
        () => {}
      )
    )

  const rd = (pattern: Pattern, timeout: number) => {
    const concerned = ofPattern(pattern)
    return concerned.length === 1 ? concerned[0]!.wait("rd", pattern, timeout) : reading("rd", [pattern], timeout)
  }

  const rdAny = (choices: Several, timeout: number) => {
    const { patterns } = choices
    const concerned = ofPatterns(patterns)
    return concerned.length === 1
      ? concerned[0]!.waitAny("rdAny", choices, timeout)
      : Effect.map(
        reading("rdAny", patterns, timeout),
        (tuple) => choices.choice(indexIn(patterns, tuple), tuple)
      )
  }

  const rdp = (pattern: Pattern) =>
    Effect.reduce(
      ofPattern(pattern),
      Option.none<Tuple>(),
      (found, part) => Option.isSome(found) ? Effect.succeed(found) : part.now("rdp", pattern)
    )

  const copyCollect: Part["copyCollect"] = (pattern) =>
    Effect.map(Effect.forEach(ofPattern(pattern), (part) => part.copyCollect(pattern)), (all) => all.flat())

  const count: Part["count"] = (pattern) =>
    Effect.reduce(ofPattern(pattern), 0, (sum, part) => Effect.map(part.count(pattern), (n) => sum + n))

  /** A stream of all parts, opened in all of them before it runs. */
  const watch: Part["watch"] = (kind, pattern, mailbox) =>
    Effect.map(
      Effect.forEach(ofPattern(pattern), (part) => part.watch(kind, pattern, mailbox)),
      (streams) => streams.length === 1 ? streams[0]! : merge(streams)
    )

  // -------------------------------------------------------------------------------------------------------------------
  // Insight
  // -------------------------------------------------------------------------------------------------------------------

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

  const explain: Part["explain"] = (pattern) =>
    Effect.map(Effect.forEach(ofPattern(pattern), (part) => part.explain(pattern)), (all) => ({
      lookups: all.flatMap(({ lookups }) => lookups),
      candidates: all.reduce((sum, { candidates }) => sum + candidates, 0)
    }))

  return assemble<any, SpaceError>({
    name,
    refuse: refusing,
    isClosed: () => parts.some((part) => part.isClosed()),
    isElsewhere: parts.some((part) => part.isElsewhere),
    out: (tuple) => ofTuple(tuple).out(tuple),
    outLeased: (tuple, ttl) => ofTuple(tuple).outLeased(tuple, ttl),
    outAll,
    outFitting,
    outIfAbsent,
    replace,
    take,
    takeNow,
    ...looks<SpaceError>({ refuse: refusing, take, takeNow, rd, rdAny, rdp }),
    copyCollect,
    count,
    move: moves({ copyCollect, takeNow }),
    watch,
    start: main.start,
    inspect,
    explain,
    awaitQuiescent: Effect.fail(unsupported("awaitQuiescent: what waits in several parts cannot be seen to rest")),
    transact: () => Effect.fail(unsupported("transact: a transaction is of one part of the space"))
  })
}
