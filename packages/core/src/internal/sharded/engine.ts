/**
 * One space split over several.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Options } from "../../Sharded.js"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { Inspection, TupleSpace } from "../../TupleSpace.js"
import { failing, option, refusing, text, unsupported } from "../arguments.js"
import { moves } from "../destination.js"
import type { Held, TakingNow, Use } from "../hold.js"
import { listedAs, uninterruptibly } from "../hold.js"
import { longestFirst, Shapes } from "../insight.js"
import { JointHold } from "../joint.js"
import type { Reading } from "../keeping.js"
import { looks } from "../keeping.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Query } from "../pattern/query.js"
import { kindOf } from "../pattern/query.js"
import { assemble } from "../space.js"
import { Chosen } from "./holds.js"
import type { Part } from "./routing.js"
import { Routing } from "./routing.js"
import { merge } from "./streams.js"
import { Waits } from "./waiting.js"

export const make = (
  spaces: readonly [TupleSpace<any, SpaceError>, ...ReadonlyArray<TupleSpace<any, SpaceError>>],
  options: Options = {}
): TupleSpace<any, SpaceError> => {
  const named = text("name", option(options, "name"))
  const routing = new Routing(spaces, options)
  const { main, parts } = routing
  const name = named ?? main.name
  const waits = new Waits(name, routing)
  const taking = takingOf(routing, waits)
  const copyCollect: Part["copyCollect"] = (pattern, limit) =>
    Effect.map(
      Effect.forEach(routing.ofPattern(pattern), (part) => part.copyCollect(pattern, limit)),
      (all) => all.flat().slice(0, limit)
    )
  return assemble<any, SpaceError>({
    name,
    refuse: refusing,
    isClosed: () => parts.some((part) => part.isClosed()),
    isElsewhere: parts.some((part) => part.isElsewhere),
    ...puttingOf(routing),
    ...changingOf(routing),
    ...taking,
    ...looks<SpaceError>({ refuse: refusing, ...taking, ...readingOf(routing, waits) }),
    copyCollect,
    count: (pattern) =>
      Effect.reduce(routing.ofPattern(pattern), 0, (sum, part) => Effect.map(part.count(pattern), (n) => sum + n)),
    move: moves({ copyCollect, takeNow: taking.takeNow }),
    // A stream of all parts, opened in all of them before it runs.
    watch: (kind, pattern, mailbox) =>
      Effect.map(
        Effect.forEach(routing.ofPattern(pattern), (part) => part.watch(kind, pattern, mailbox)),
        (streams) => streams.length === 1 ? streams[0]! : merge(streams)
      ),
    // One part after the other.
    dump: (values) => Stream.flatMap(Stream.fromIterable(parts), (part) => part.dump(values)),
    load: (values, all) =>
      Effect.forEach(parts, (part) => {
        const own = all.filter((dumped) => routing.ofDumped(dumped) === part)
        return own.length === 0 ? Effect.void : part.load(values, own)
      }, { discard: true }),
    start: main.start,
    ...seeing(routing, waits),
    awaitQuiescent: Effect.fail(unsupported("awaitQuiescent: what waits in several parts cannot be seen to rest")),
    transact: () => Effect.fail(unsupported("transact: a transaction is of one part of the space"))
  })
}

const puttingOf = (routing: Routing): Pick<Part, "out" | "outAll" | "outFitting" | "outLeased"> => ({
  out: (tuple) => routing.ofTuple(tuple).out(tuple),
  outLeased: (tuple, terms) => routing.ofTuple(tuple).outLeased(tuple, terms),
  outAll: (tuples, priority) =>
    Effect.forEach(
      routing.byPart(tuples),
      ({ own, part }) => part.outAll(own.map((index) => tuples[index]!), priority),
      { discard: true, concurrency: "unbounded" }
    ),
  // As far as there is room in the part of each.
  outFitting: (tuples, onArrival, priorities) =>
    failing(() => {
      const there: Array<number> = []
      return Effect.map(
        Effect.forEach(routing.byPart(tuples), ({ own, part }) => {
          const arrive = (arrived: ReadonlyArray<number>) => {
            there.push(...arrived.map((index) => own[index]!))
            onArrival?.(there)
          }
          return Effect.map(
            part.outFitting(
              own.map((index) => tuples[index]!),
              arrive,
              priorities && own.map((index) => priorities[index]!)
            ),
            (arrived) => arrived.map((index) => own[index]!)
          )
        }, { concurrency: "unbounded" }),
        (all) => all.flat()
      )
    })
})

const changingOf = (routing: Routing): Pick<Part, "exchange" | "outIfAbsent" | "replace"> => {
  const owned = (name: string, part: Part, tuple: Tuple): Tuple => {
    if (routing.ofTuple(tuple) !== part) {
      throw unsupported(`${name}: the new tuple belongs to another part of the space: keep its first field`)
    }
    return tuple
  }
  return {
    outIfAbsent: (pattern, tuple, terms, result) => {
      const concerned = new Set([...routing.ofPattern(pattern), routing.ofTuple(tuple)])
      return routing.only("outIfAbsent", [...concerned]).outIfAbsent(pattern, tuple, terms, result)
    },
    replace: (pattern, f, terms, result) => {
      const part = routing.only("replace", routing.ofPattern(pattern))
      return part.replace(pattern, (tuple) => owned("replace", part, f(tuple)), terms, result)
    },
    exchange: (query, make, timeout) => {
      const part = routing.only("exchange", routing.ofPatterns(query.patterns))
      return part.exchange(query, (found) => make(found).map((tuple) => owned("exchange", part, tuple)), timeout)
    }
  }
}

/** Whether only one part can tell what it finds. */
const isOfOne = (query: Query): boolean => query.form === "all" || query.form === "any" && query.prefer !== undefined

const takingOf = (routing: Routing, waits: Waits): Pick<Part, "take" | "takeNow"> => ({
  take: (taking, use) => {
    const { name, query, timeout } = taking
    const { patterns } = query
    const concerned = routing.ofPatterns(patterns)
    if (isOfOne(query) || concerned.length === 1) {
      return routing.only(name, concerned).take(taking, use)
    }
    return uninterruptibly(taking, (restore) =>
      Effect.flatMap(
        waits.race<readonly [Held<SpaceError>, Pattern]>(
          restore,
          { kind: listedAs(taking), operation: name, patterns, timeout },
          ({ part, pattern }, found) =>
            part.take(
              { ...taking, name: name === "inAny" ? "in" : name, query: pattern, restore: undefined },
              (held) => found([held, pattern])
            ),
          ([held]) => held.giveBack()
        ),
        ([held, pattern]) =>
          use(query.form === "any" ? new Chosen(held, indexIn(patterns, pattern, held.tuples[0]!)) : held, restore)
      ))
  },
  takeNow: <A, E, R>(taking: TakingNow, use: Use<SpaceError, A, E, R>) => {
    const concerned = routing.ofPattern(taking.pattern)
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
            ? use(new JointHold(holds), restore)
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
})

const readingOf = (
  routing: Routing,
  waits: Waits
): Reading<SpaceError> => ({
  read: (name, query, timeout) => {
    const { patterns } = query
    const concerned = routing.ofPatterns(patterns)
    if (isOfOne(query) || concerned.length === 1) {
      return routing.only(name, concerned).wait(name, query, timeout)
    }
    return Effect.map(
      Effect.uninterruptibleMask((restore) =>
        waits.race<readonly [Tuple, Pattern]>(
          restore,
          { kind: kindOf(false, query), operation: name, patterns, timeout },
          ({ part, pattern }, found) =>
            Effect.flatMap(part.wait("rd", pattern, timeout), (tuple) => found([tuple as Tuple, pattern])),
          () => {}
        )
      ),
      ([tuple, pattern]) => query.result(query.form === "any" ? indexIn(patterns, pattern, tuple) : 0, [tuple])
    )
  },
  rdp: (pattern) =>
    Effect.reduce(
      routing.ofPattern(pattern),
      Option.none<unknown>(),
      (found, part) => Option.isSome(found) ? Effect.succeed(found) : part.now("rdp", pattern)
    )
})

/** The first pattern that matches; it may be another than that by which the tuple was found. */
const indexIn = (patterns: ReadonlyArray<Pattern>, found: Pattern, tuple: Tuple): number =>
  patterns.findIndex((pattern) => pattern === found || matches(pattern, tuple))

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

/** What all parts tell together; nothing, if one of them does not. */
const told = <A, B>(parts: ReadonlyArray<A | undefined>, sum: (parts: ReadonlyArray<A>) => B): B | undefined => {
  const known = parts.filter((part) => part !== undefined)
  return known.length < parts.length ? undefined : sum(known)
}

/** How many something happens to in all parts together, and in how many milliseconds first. */
const timed = (parts: ReadonlyArray<{ readonly count: number; readonly next: number | undefined }>) => ({
  count: parts.reduce((sum, { count }) => sum + count, 0),
  next: parts.flatMap(({ next }) => next ?? []).sort((one, other) => one - other)[0]
})

/** The shapes of the tuples in all parts: one whose first field is no string may be in several. */
const shapesOf = (parts: ReadonlyArray<Inspection>): Shapes => {
  const shapes = new Shapes()
  for (const { oldest = [], tuples } of parts) {
    const ages = new Map(oldest.map(({ age, shape }) => [shape, age]))
    tuples.forEach(({ count, shape }) => shapes.add(shape, count, ages.get(shape)))
  }
  return shapes
}

const seeing = (routing: Routing, waits: Waits): Pick<Part, "explain" | "inspect"> => ({
  inspect: Effect.map(Effect.forEach(routing.parts, (part) => part.inspect), (all): Inspection => {
    const shapes = shapesOf(all)
    return {
      tuples: shapes.tuples,
      oldest: told(all.map(({ oldest }) => oldest), () => shapes.oldest),
      expiring: told(all.map(({ expiring }) => expiring), timed),
      scheduled: told(all.map(({ scheduled }) => scheduled), timed),
      held: all.reduce((sum, { held }) => sum + held, 0),
      holders: told(all.map(({ holders }) => holders), (parts) => longestFirst(parts.flat())),
      failures: all.reduce((sum, { failures }) => sum + failures, 0),
      interests: waits.among(all.flatMap(({ interests }) => interests)),
      processes: all.flatMap(({ processes }) => processes),
      indexes: all.flatMap(({ indexes }) => indexes),
      undecodable: all.reduce((sum, { undecodable }) => sum + undecodable, 0)
    }
  }),
  explain: (pattern) =>
    Effect.map(Effect.forEach(routing.ofPattern(pattern), (part) => part.explain(pattern)), (all) => ({
      lookups: all.flatMap(({ lookups }) => lookups),
      candidates: all.reduce((sum, { candidates }) => sum + candidates, 0)
    }))
})
