/**
 * The narrow waist: what an engine does. Everything above it is the same for all engines and is in `space.ts`, which
 * makes the operations of the interface of these verbs.
 *
 * A verb gets input that has been read: compiled patterns, tuples that the space owns, numbers of milliseconds, options
 * that were checked. It never has to refuse an argument, unless only the engine can know what is wrong with it. An
 * engine that lacks a verb does not compile.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as STM from "effect/STM"
import type * as Stream from "effect/Stream"
import type { Process } from "../Process.js"
import type { SpaceError } from "../SpaceError.js"
import type { Transaction } from "../Transaction.js"
import type { Tuple } from "../Tuple.js"
import type { Explanation, Inspection, Quiescence } from "../TupleSpace.js"
import type { FailurePolicy, Mailbox, Terms } from "./arguments.js"
import { read } from "./brand.js"
import type { Move, PutFitting } from "./destination.js"
import type { Refuse, Take, TakeNow } from "./hold.js"
import type { Pattern } from "./pattern/pattern.js"
import type { Query } from "./pattern/query.js"
import type { Asked } from "./queries.js"
import type { Make } from "./stm/exchange.js"
import type { Dumped } from "./texts.js"
import type { Late } from "./timeout.js"
import type { Values } from "./values.js"

/** A tuple that was put for a time, or to come at one. Times are milliseconds. */
export interface Leased<out E> {
  /**
   * Gives it so long from now on, or from when it comes; `-Infinity` ends it. Says whether it was there, or still to
   * come.
   */
  readonly renew: (ttl: number) => Effect.Effect<boolean, E>
  /** Has it come after so long from now on. Says whether it was still to come. */
  readonly reschedule: (after: number) => Effect.Effect<boolean, E>
  /** Whether it may still be there, or to come, as far as that can be told without a look. */
  readonly isLeft: () => boolean
}

/**
 * A lease that lasts as long as it was last given, or until its tuple was found to be gone. What comes at a time does
 * so by a clock that is not known here: it may be there until it is found to be gone.
 */
export const untilGone = <E>(
  now: () => number,
  { after, at, ttl }: Terms,
  { renew, reschedule }: Pick<Leased<E>, "renew" | "reschedule">
): Leased<E> => {
  let start = at === undefined ? now() + after : Infinity
  let life = ttl
  return {
    renew: (ttl) =>
      Effect.tap(renew(ttl), (was) =>
        Effect.sync(() => {
          start = Math.max(start, now())
          life = was ? ttl : -Infinity
        })),
    reschedule: (after) =>
      Effect.tap(reschedule(after), (was) =>
        Effect.sync(() => {
          start = was ? now() + after : start
        })),
    isLeft: () => now() < start + life
  }
}

/** The operations that read, and wait until they can; `rdp` of several patterns for no time. */
export type ReadName = "rd" | "rdAny" | "rdp" | "awaitNone"

/** Those that take as well. */
export type WaitName = "in" | "inAny" | "inAll" | "inp" | ReadName

export const isReading = (name: WaitName): name is ReadName =>
  name === "rd" || name === "rdAny" || name === "rdp" || name === "awaitNone"

/** How a process is to be started. */
export interface Starting {
  readonly name: string | undefined
  /** If it is to be another than that of the space. */
  readonly failures: FailurePolicy | undefined
}

/** Under which a space knows its verbs. */
export const Engine: unique symbol = Symbol.for("@effect-linda/core/Verbs")

/** The verbs of a space, if it was put together from some. */
export const verbsOf = (space: unknown): Verbs<any> | undefined =>
  typeof space === "object" && space !== null ? read(space, Engine) as Verbs<any> | undefined : undefined

/** An engine that can fail with `E`. */
export interface Verbs<out E> {
  /** The name of the space. */
  readonly name: string
  readonly refuse: Refuse<E>
  readonly isClosed: () => boolean
  /** Whether the space is at the other end of a link, which has to serve it itself. */
  readonly isElsewhere: boolean

  // Putting

  readonly out: (tuple: Tuple) => Effect.Effect<void, E>
  /** Puts a tuple on these terms. Does not wait for one that comes later. */
  readonly outLeased: (tuple: Tuple, terms: Terms) => Effect.Effect<Leased<E>, E>
  readonly outAll: (tuples: ReadonlyArray<Tuple>, priority: number) => Effect.Effect<void, E>
  /** Puts what moves here: what there is room for. */
  readonly outFitting: PutFitting

  // Looking and putting, as one step. What is given in the end is what `result` makes, in the last step: of what was
  // there, and of the lease of what was put, if it was put on terms.

  readonly outIfAbsent: <A>(
    pattern: Pattern,
    tuple: Tuple,
    terms: Terms | undefined,
    result: (present: Tuple | undefined, leased: Leased<E> | undefined) => A
  ) => Effect.Effect<A, E>
  /** What `f` makes is owned by the space. */
  readonly replace: <A>(
    pattern: Pattern,
    f: (tuple: Tuple) => Tuple,
    terms: Terms | undefined,
    result: (replaced: Tuple | undefined, leased: Leased<E> | undefined) => A
  ) => Effect.Effect<A, E>
  /**
   * Takes what the query finds, waiting until it is there and what `make` makes of it has room; puts that, and gives
   * what `query.result` makes of what was found. No batch lingers. `make` may be asked again, and what it makes is
   * owned by the space.
   */
  readonly exchange: (query: Asked, make: Make, timeout: number) => Effect.Effect<unknown, E | Late>

  // Looking. The last step of an operation that takes has to make its whole result: see `handOver`.

  /** Gives what `query.result` makes of what it has found. */
  readonly wait: (name: WaitName, query: Query, timeout: number) => Effect.Effect<unknown, E | Late>
  readonly now: (name: "inp" | "rdp", query: Query) => Effect.Effect<Option.Option<unknown>, E>
  /** Takes those that match now, but no more than `limit`. */
  readonly takeUpTo: (
    name: "collect" | "inUpTo",
    pattern: Pattern,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Tuple>, E>
  /** Reads those that match now, but no more than `limit`. */
  readonly copyCollect: (pattern: Pattern, limit: number) => Effect.Effect<ReadonlyArray<Tuple>, E>
  readonly count: (pattern: Pattern) => Effect.Effect<number, E>

  /**
   * Takes to decide later what becomes of it, as `hold.ts` says: for a use, for another space, for the other end of a
   * link.
   */
  readonly take: Take<E>
  readonly takeNow: TakeNow<E>

  /** Moves or copies to another space, as `destination.ts` says. */
  readonly move: Move<E>

  /**
   * Opens a mailbox, for as long as the scope is open: a stream of events, or of the tuples that are there and those
   * that come.
   */
  readonly watch: (
    kind: "subscribe" | "stream",
    pattern: Pattern,
    mailbox: Mailbox
  ) => Effect.Effect<Stream.Stream<unknown, E>, E, Scope.Scope>

  /**
   * All tuples, those that are held and those of failures too, by the age of their places, a page at a time. `values`
   * are for an engine that keeps values: what cannot be written is a failure, unless it is left out, for it is not
   * `meant`. Engines that keep texts may give more than is meant.
   */
  readonly dump: (values: Values, meant?: (tuple: Tuple) => boolean) => Stream.Stream<Dumped, E | SpaceError>
  /** Puts such tuples, in their order. */
  readonly load: (values: Values, all: ReadonlyArray<Dumped>) => Effect.Effect<void, E | SpaceError>

  readonly start: <A, E2, R>(
    effect: Effect.Effect<A, E2, R>,
    options: Starting
  ) => Effect.Effect<Process<A, E2>, E, R>

  readonly inspect: Effect.Effect<Inspection, E>
  readonly explain: (pattern: Pattern) => Effect.Effect<Explanation, E>
  readonly awaitQuiescent: Effect.Effect<Quiescence, E>

  readonly transact: <A, E2, R>(stm: STM.STM<A, E2, R>) => Effect.Effect<A, E | E2, Exclude<R, Transaction>>
}
