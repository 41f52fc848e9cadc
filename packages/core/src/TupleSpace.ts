/**
 * Tuple spaces: a bag of tuples that concurrent programs share. A program puts a tuple in (`out`), takes one out by
 * describing it (`in`), or reads one without removing it (`rd`), and waits until a matching tuple is there.
 *
 * After Linda: D. Gelernter, "Generative communication in Linda", ACM TOPLAS 7 (1985). The clauses that the
 * documentation refers to, S1 and the others, are in docs/semantics.md.
 *
 * @since 0.1.0
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- bounds of conditional types, and what is only forwarded */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Sink from "effect/Sink"
import type * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import type * as Types from "effect/Types"
import * as lines from "./internal/lines.js"
import * as internal from "./internal/memory/verbs.js"
import * as timeout from "./internal/timeout.js"
import * as viewed from "./internal/viewed/engine.js"
import type { Check, Match, Pattern, Within } from "./Pattern.js"
import type { Evaluated, Process } from "./Process.js"
import type { Query, Taken } from "./Query.js"
import type { SpaceError } from "./SpaceError.js"
import type { Kind as EventKind, SpaceEvent } from "./SpaceEvent.js"
import type { Transaction } from "./Transaction.js"
import type { Tuple } from "./Tuple.js"

/**
 * Marks a tuple space.
 *
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("@effect-linda/core/TupleSpace")

/**
 * The type of the mark.
 *
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * A space of tuples `T` whose engine can fail with `E`.
 *
 * @since 0.1.0
 * @category models
 */
export interface TupleSpace<in out T extends Tuple = Tuple, out E = never> {
  readonly [TypeId]: {
    readonly _T: Types.Invariant<T>
    readonly _E: Types.Covariant<E>
  }

  /** The name of the space in metrics, spans and reports. */
  readonly name: string

  /**
   * Puts a tuple (S4). In one atomic step every waiting `rd` and every subscription that matches gets it, then the `in`
   * that has waited longest; if there is none, it is stored. In a space that is full it may wait (S14). With options,
   * returns the lease of the tuple.
   */
  readonly out: {
    (tuple: T): Effect.Effect<void, E>
    (tuple: T, options: OutOptions): Effect.Effect<Lease<E>, E>
  }
  /** Puts all tuples in one atomic step, in their order, all with the same priority (S21). */
  readonly outAll: (tuples: Iterable<T>, options?: OutAllOptions) => Effect.Effect<void, E>

  /** Takes what the query finds, waiting until it is there: for a pattern, the oldest match (S5, S8, S18). */
  readonly in: <const P extends Query, const O extends Known<O, WaitOptions> = {}>(
    query: P & Check<T, P>,
    options?: O
  ) => Effect.Effect<Match<T, P>, E | TimeoutOf<O>>
  /** Reads what the query finds, waiting until it is there: for a pattern the oldest match. It stays (S6, S18). */
  readonly rd: <const P extends Query, const O extends Known<O, WaitOptions> = {}>(
    query: P & Check<T, P>,
    options?: O
  ) => Effect.Effect<Match<T, P>, E | TimeoutOf<O>>
  /** Takes what the query finds, if it is there now (S7, S18). */
  readonly inp: <const P extends Query>(query: P & Check<T, P>) => Effect.Effect<Option.Option<Match<T, P>>, E>
  /** Reads what the query finds, if it is there now (S7, S18). */
  readonly rdp: <const P extends Query>(query: P & Check<T, P>) => Effect.Effect<Option.Option<Match<T, P>>, E>

  /**
   * Holds what the query finds for as long as `use` runs: nobody else sees it meanwhile. If `use` succeeds it is
   * consumed; if it fails, dies or is interrupted, it is back in its place (S8, S19). The second argument of `use` says
   * how often that has failed before, numbers the hold, can give up, and ends the hold of single tuples: see
   * {@link Hold}.
   */
  readonly inWith: <const P extends Query, A, E2, R, const O extends Known<O, HoldOptions<any>> = {}>(
    query: P & Check<T, P>,
    use: (found: Match<T, P>, hold: Hold<E>) => Effect.Effect<A, E2, R>,
    options?: O & HoldOptions<T, Taken<T, P>>
  ) => Effect.Effect<A, E | E2 | TimeoutOf<O>, R>
  /** The same as a scoped resource: the tuple is back if the scope closes with a failure, and consumed otherwise. */
  readonly inScoped: <const P extends Query, const O extends Known<O, HoldOptions<any>> = {}>(
    query: P & Check<T, P>,
    options?: O & HoldOptions<T, Taken<T, P>>
  ) => Effect.Effect<Match<T, P>, E | TimeoutOf<O>, Scope.Scope>

  /**
   * Takes a tuple for as long as `use` runs, and always gives it back: whether `use` succeeds, fails, dies or is
   * interrupted, and on a store also if the program is killed (S8). For locks and semaphores: no tuple is ever lost or
   * doubled.
   */
  readonly withPermit: <const P extends Query, A, E2, R, const O extends Known<O, PermitOptions> = {}>(
    query: P & Check<T, P>,
    use: (found: Match<T, P>, hold: PermitHold) => Effect.Effect<A, E2, R>,
    options?: O & PermitOptions
  ) => Effect.Effect<A, E | E2 | TimeoutOf<O>, R>

  /**
   * Takes the oldest tuple that matches any of the patterns, and says which: by index, or by key for a record (S11).
   */
  readonly inAny: <const Ps extends Patterns, const O extends Known<O, WaitOptions> = {}>(
    patterns: Ps & CheckAny<T, Ps>,
    options?: O
  ) => Effect.Effect<Choice<T, Ps>, E | TimeoutOf<O>>
  /** Reads the oldest tuple that matches any of the patterns. */
  readonly rdAny: <const Ps extends Patterns, const O extends Known<O, WaitOptions> = {}>(
    patterns: Ps & CheckAny<T, Ps>,
    options?: O
  ) => Effect.Effect<Choice<T, Ps>, E | TimeoutOf<O>>
  /** Takes a tuple for each of the patterns, all distinct and all at once, holding none while it waits (S11). */
  readonly inAll: <const Ps extends Patterns, const O extends Known<O, WaitOptions> = {}>(
    patterns: Ps & CheckAll<T, Ps>,
    options?: O
  ) => Effect.Effect<Joined<T, Ps>, E | TimeoutOf<O>>
  /** Waits until no tuple that matches is stored or held: `rd(Query.all([Query.absent(pattern)]))` (S18). */
  readonly awaitNone: <const P extends Pattern, const O extends Known<O, WaitOptions> = {}>(
    pattern: P & Check<T, P>,
    options?: O
  ) => Effect.Effect<void, E | TimeoutOf<O>>

  /** Takes all tuples that match now, oldest first. */
  readonly collect: <const P extends Pattern>(pattern: P & Check<T, P>) => Effect.Effect<Array<Match<T, P>>, E>
  /** Reads all tuples that match now, oldest first. */
  readonly copyCollect: <const P extends Pattern>(pattern: P & Check<T, P>) => Effect.Effect<Array<Match<T, P>>, E>
  /**
   * Moves all tuples that match now to another space, and says how many arrived: what has no room there stays (S14).
   * Atomic between two spaces in memory.
   */
  readonly collectInto: <const P extends Pattern, E2>(
    pattern: P & Check<T, P>,
    other: Destination<Match<T, P>, E2>
  ) => Effect.Effect<number, E | E2>
  /**
   * Copies all tuples that match now to another space, and says how many arrived. Atomic between two spaces in memory.
   */
  readonly copyCollectInto: <const P extends Pattern, E2>(
    pattern: P & Check<T, P>,
    other: Destination<Match<T, P>, E2>
  ) => Effect.Effect<number, E | E2>
  /** Takes up to `n` of the tuples that match now, oldest first. */
  readonly inUpTo: <const P extends Pattern>(
    pattern: P & Check<T, P>,
    n: number
  ) => Effect.Effect<Array<Match<T, P>>, E>
  /** How many tuples match now. */
  readonly count: <const P extends Pattern>(pattern: P & Check<T, P>) => Effect.Effect<number, E>

  /**
   * Puts the tuple if nothing matches the pattern; otherwise returns the match. For unique keys, and with options for
   * locks and leaders: then it gives an `Either`, `Right` with the lease of the new tuple, or `Left` with the match
   * (S4).
   */
  readonly outIfAbsent: {
    <const P extends Pattern>(
      pattern: P & Check<T, P>,
      tuple: T
    ): Effect.Effect<Option.Option<Match<T, P>>, E>
    <const P extends Pattern>(
      pattern: P & Check<T, P>,
      tuple: T,
      options: OutOptions
    ): Effect.Effect<Either.Either<Lease<E>, Match<T, P>>, E>
  }
  /**
   * Takes the oldest match and puts what `f` makes of it, as one step. Returns what it took, and with options the lease
   * of what it has put; does nothing without a match (S4).
   */
  readonly replace: {
    <const P extends Pattern>(
      pattern: P & Check<T, P>,
      f: (tuple: Match<T, P>) => T
    ): Effect.Effect<Option.Option<Match<T, P>>, E>
    <const P extends Pattern>(
      pattern: P & Check<T, P>,
      f: (tuple: Match<T, P>) => T,
      options: OutOptions
    ): Effect.Effect<Option.Option<Replaced<Match<T, P>, E>>, E>
  }
  /**
   * Takes what the query finds, waiting until it is there, and puts the tuples that `f` makes of it, as one step.
   * Returns what it has found (S22). `f` is pure: it may run more than once. If it throws, nothing has happened, and
   * the operation dies.
   */
  readonly exchange: <const P extends Query, const O extends Known<O, WaitOptions> = {}>(
    query: P & Check<T, P>,
    f: (found: Match<T, P>) => Iterable<T>,
    options?: O
  ) => Effect.Effect<Match<T, P>, E | TimeoutOf<O>>

  /**
   * What happens to the tuples of a pattern from now on: every matching `out` unless other events are asked for (S17).
   */
  readonly subscribe: <const P extends Pattern, const O extends Known<O, SubscribeOptions & Opening> = {}>(
    pattern: P & Check<T, P>,
    options?: O
  ) => Opened<O, SpaceEvent<Match<T, P>>, E>
  /** The tuples that match now, then those that come: none missing, none twice (S17). */
  readonly stream: <const P extends Pattern, const O extends Known<O, MailboxOptions & Opening> = {}>(
    pattern: P & Check<T, P>,
    options?: O
  ) => Opened<O, Match<T, P>, E>

  /**
   * Starts a process: a fiber in the space's scope. If it fails or dies, a failure tuple appears, which
   * `Process.failure` describes (S13).
   */
  readonly eval: <A, E2, R>(
    effect: Effect.Effect<A, E2, R>,
    options?: EvalOptions
  ) => Effect.Effect<Process<A, E2>, E, R>
  /**
   * A live tuple: a process that evaluates the fields which are effects, at the same time, and puts the tuple when all
   * are done.
   */
  readonly evalTuple: <const Fields extends Tuple>(
    fields:
      & Fields
      & (Evaluated.Fields<Fields> extends T ? unknown : "the fields do not evaluate to a tuple of this space"),
    options?: EvalOptions
  ) => Effect.Effect<Process<Evaluated.Fields<Fields>, Evaluated.Error<Fields>>, E, Evaluated.Context<Fields>>

  /** A snapshot: tuples by shape, who waits for what and how long, the processes. */
  readonly inspect: Effect.Effect<Inspection, E>
  /** How operations with this query would find their tuples now. Changes nothing, and builds no index. */
  readonly explain: <const P extends Query>(query: P & Check<T, P>) => Effect.Effect<Explanation, E>
  /**
   * Waits until every process is done, or blocked in such a way that none can move. Says who waits for what (a deadlock
   * report).
   */
  readonly awaitQuiescent: Effect.Effect<Quiescence, E>

  /**
   * Runs an STM in which the operations of `Transaction` are used with any other STM: as a whole or not at all. Waits
   * until it can happen, changing nothing meanwhile (S10). Over spaces in memory, or over this one if it is on a store.
   */
  readonly transact: <A, E2, R>(
    stm: STM.STM<A, E2, R>
  ) => Effect.Effect<A, E | E2, Exclude<R, Transaction>>
}

/**
 * The half of a space that puts tuples `T`. Every space whose tuples include these has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Writer<in T extends Tuple, out E = never> {
  /** Puts a tuple. */
  readonly out: {
    (tuple: T): Effect.Effect<void, E>
    (tuple: T, options: OutOptions): Effect.Effect<Lease<E>, E>
  }
  /** Puts all tuples in one atomic step, in their order, all with the same priority (S21). */
  readonly outAll: (tuples: Iterable<T>, options?: OutAllOptions) => Effect.Effect<void, E>
}

/**
 * The part of a space that is about the tuples `T`. The space may hold others: `Part<Job | Done>` is a `Part<Job>`.
 *
 * A pattern has to say of each field what it is, as `["job", P.number, P.string]` does. `P.any` is refused, since it
 * would match what is not of this part; so is a predicate that is no refinement. {@link part} makes one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Part<in T extends Tuple, out E = never> extends Writer<T, E> {
  /** Takes the oldest tuple that matches, waiting until there is one. */
  readonly in: <const P extends Within<T>, const O extends Known<O, WaitOptions> = {}>(
    pattern: P,
    options?: O
  ) => Effect.Effect<Match<Tuple, P>, E | TimeoutOf<O>>
  /** Reads the oldest tuple that matches, waiting until there is one. */
  readonly rd: <const P extends Within<T>, const O extends Known<O, WaitOptions> = {}>(
    pattern: P,
    options?: O
  ) => Effect.Effect<Match<Tuple, P>, E | TimeoutOf<O>>
  /** Takes the oldest tuple that matches, if there is one now. */
  readonly inp: <const P extends Within<T>>(pattern: P) => Effect.Effect<Option.Option<Match<Tuple, P>>, E>
  /** Reads the oldest tuple that matches, if there is one now. */
  readonly rdp: <const P extends Within<T>>(pattern: P) => Effect.Effect<Option.Option<Match<Tuple, P>>, E>
  /** Takes a tuple for as long as `use` runs, and puts it back unless that succeeds. */
  readonly inWith: <const P extends Within<T>, A, E2, R, const O extends Known<O, HoldOptions<any>> = {}>(
    pattern: P,
    use: (tuple: Match<Tuple, P>, hold: Hold<E>) => Effect.Effect<A, E2, R>,
    options?: O & HoldOptions<T, Match<Tuple, P>>
  ) => Effect.Effect<A, E | E2 | TimeoutOf<O>, R>
  /** Takes a tuple until the scope closes, and puts it back if that is with a failure. */
  readonly inScoped: <const P extends Within<T>, const O extends Known<O, HoldOptions<any>> = {}>(
    pattern: P,
    options?: O & HoldOptions<T, Match<Tuple, P>>
  ) => Effect.Effect<Match<Tuple, P>, E | TimeoutOf<O>, Scope.Scope>
  /** Takes a tuple for as long as `use` runs, and always puts it back. */
  readonly withPermit: <const P extends Within<T>, A, E2, R, const O extends Known<O, PermitOptions> = {}>(
    pattern: P,
    use: (tuple: Match<Tuple, P>, hold: PermitHold) => Effect.Effect<A, E2, R>,
    options?: O & PermitOptions
  ) => Effect.Effect<A, E | E2 | TimeoutOf<O>, R>
  /** Takes all tuples that match now, oldest first. */
  readonly collect: <const P extends Within<T>>(pattern: P) => Effect.Effect<Array<Match<Tuple, P>>, E>
  /** Reads all tuples that match now, oldest first. */
  readonly copyCollect: <const P extends Within<T>>(pattern: P) => Effect.Effect<Array<Match<Tuple, P>>, E>
  /** Takes up to `n` of the tuples that match now, oldest first. */
  readonly inUpTo: <const P extends Within<T>>(pattern: P, n: number) => Effect.Effect<Array<Match<Tuple, P>>, E>
  /** How many tuples match now. */
  readonly count: <const P extends Within<T>>(pattern: P) => Effect.Effect<number, E>
  /** Puts the tuple if nothing matches the pattern; otherwise returns the match. With options there is a lease. */
  readonly outIfAbsent: {
    <const P extends Within<T>>(pattern: P, tuple: T): Effect.Effect<Option.Option<Match<Tuple, P>>, E>
    <const P extends Within<T>>(
      pattern: P,
      tuple: T,
      options: OutOptions
    ): Effect.Effect<Either.Either<Lease<E>, Match<Tuple, P>>, E>
  }
  /** Takes the oldest match and puts what `f` makes of it, as one step. With options there is a lease. */
  readonly replace: {
    <const P extends Within<T>>(
      pattern: P,
      f: (tuple: Match<Tuple, P>) => T
    ): Effect.Effect<Option.Option<Match<Tuple, P>>, E>
    <const P extends Within<T>>(
      pattern: P,
      f: (tuple: Match<Tuple, P>) => T,
      options: OutOptions
    ): Effect.Effect<Option.Option<Replaced<Match<Tuple, P>, E>>, E>
  }
  /** Takes the oldest match, waiting until there is one, and puts the tuples that `f` makes of it, as one step. */
  readonly exchange: <const P extends Within<T>, const O extends Known<O, WaitOptions> = {}>(
    pattern: P,
    f: (found: Match<Tuple, P>) => Iterable<T>,
    options?: O
  ) => Effect.Effect<Match<Tuple, P>, E | TimeoutOf<O>>
  /** What happens to the tuples of a pattern from now on. */
  readonly subscribe: <const P extends Within<T>, const O extends Known<O, SubscribeOptions & Opening> = {}>(
    pattern: P,
    options?: O
  ) => Opened<O, SpaceEvent<Match<Tuple, P>>, E>
  /** The tuples that match now, then those that come. */
  readonly stream: <const P extends Within<T>, const O extends Known<O, MailboxOptions & Opening> = {}>(
    pattern: P,
    options?: O
  ) => Opened<O, Match<Tuple, P>, E>
}

/**
 * Options of `outAll`.
 *
 * @since 0.1.0
 * @category models
 */
export interface OutAllOptions {
  /**
   * Among stored matches those of the highest priority are chosen first, and of these the oldest (S21). An integer from
   * -1000 to 1000; 0 if none is given. The tuple keeps it when it comes back.
   */
  readonly priority?: number | undefined
}

/**
 * Options of `out`, `outIfAbsent` and `replace`: how long the tuple lives (S15), when it comes (S20), and how urgent it
 * is (S21). It comes at once, or `after` a while, or `at` a time: not both.
 *
 * @since 0.1.0
 * @category models
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.out(["job", "report"])
 *   yield* space.out(["job", "cleanup"], { priority: -1, ttl: "1 hour" })
 *   yield* space.out(["job", "payment"], { priority: 10 })
 *   return yield* space.copyCollect(["job", P.string])
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(console.log)
 * // [ [ "job", "payment" ], [ "job", "report" ], [ "job", "cleanup" ] ]
 * ```
 */
export type OutOptions =
  & OutAllOptions
  & {
    /** Time to live: how long after it has come the tuple is gone. For ever, if none is given. */
    readonly ttl?: Duration.DurationInput | undefined
  }
  & (
    | {
      /** The tuple comes so long after the `out`, which does not wait for that. It has to have an end. */
      readonly after?: Duration.DurationInput | undefined
      readonly at?: undefined
    }
    | {
      /**
       * The tuple comes at this time, in milliseconds since 1970 if it is a number, by the clock of the space: of a
       * database that is the database's. It comes at once if the time has passed.
       */
      readonly at?: Date | number | DateTime.DateTime | undefined
      readonly after?: undefined
    }
  )

/**
 * The handle of a tuple that was put with options (S15, S20).
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease<out E = never> {
  /**
   * Gives the tuple so long to live from now on, or from when it comes. `false` if it is no longer in the space, nor
   * held by `inWith` or `withPermit`, nor to come.
   */
  readonly renew: (ttl: Duration.DurationInput) => Effect.Effect<boolean, E>
  /** Has a tuple that is still to come do so after so long from now on. `false` if it has come, or was cancelled. */
  readonly reschedule: (after: Duration.DurationInput) => Effect.Effect<boolean, E>
  /**
   * Ends the tuple's life now, or has it never come. `false` if it is no longer in the space, nor held by `inWith` or
   * `withPermit`, nor to come.
   */
  readonly cancel: Effect.Effect<boolean, E>
}

/**
 * What `replace` has taken, and the lease of what it has put in its place (S4, S15).
 *
 * @since 0.1.0
 * @category models
 */
export interface Replaced<out M, out E = never> {
  readonly tuple: M
  readonly lease: Lease<E>
}

/**
 * Options of operations that wait.
 *
 * @since 0.1.0
 * @category models
 */
export interface WaitOptions {
  /**
   * How long to wait before failing with a `TimeoutException`. Decided inside the space: the operation has the tuple or
   * the timeout, never both and never neither (S9). The empty duration looks without waiting.
   */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Refuses options that are not there: the check for excess properties overlooks them where a type is inferred from the
 * options.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Known<O, All> =
  & All
  & { readonly [Name in Exclude<keyof O, keyof All>]: `there is no option ${Name & string} here` }

/**
 * What the options of a wait add to its errors.
 *
 * @since 0.1.0
 * @category type-level
 */
export type TimeoutOf<O> = O extends { readonly timeout: Duration.DurationInput } ? Cause.TimeoutException
  : "timeout" extends keyof O ? Cause.TimeoutException
  : never

/**
 * The `TimeoutException` of an operation of a space whose option `timeout` was over: it says of which (S9).
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeout extends Cause.TimeoutException {
  /** The name of the space. */
  readonly space: string
  /** The name of the operation, such as `in`. */
  readonly operation: string
  /** The patterns that it waited for, as text; of a guard behind `read` or `absent`. */
  readonly patterns: ReadonlyArray<string>
}

/**
 * Whether an error is the timeout of an operation of a space, and not one of `Effect.timeout` and the like.
 *
 * @since 0.1.0
 * @category guards
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make({ name: "jobs" })
 *   const use = () => Effect.timeout(Effect.never, "10 millis")
 *   const work = Effect.flip(space.inWith(["job", P.number], use, { timeout: "20 millis" }))
 *   const late = yield* work
 *   yield* space.out(["job", 1])
 *   const slow = yield* work
 *   console.log(late.message) // inWith(["job", number]) of space "jobs": no tuple within 20ms
 *   return [TupleSpace.isTimeout(late), TupleSpace.isTimeout(slow)]
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(console.log) // [ true, false ]
 * ```
 */
export const isTimeout: (u: unknown) => u is Timeout = timeout.isTimeout

/**
 * Options of `withPermit` (S8).
 *
 * @since 0.1.0
 * @category models
 */
export interface PermitOptions extends WaitOptions {
  /** Where a returned tuple goes: to its old place, which is the default, or behind all others. */
  readonly requeue?: "place" | "back" | undefined
}

/**
 * Options of operations that hold a tuple for a while (S8).
 *
 * @since 0.1.0
 * @category models
 */
export interface HoldOptions<out T extends Tuple, in M = any> extends PermitOptions {
  /** How often the use may fail or die before the tuple goes to `deadLetter`. Interruptions do not count. */
  readonly maxAttempts?: number | undefined
  /** What is put in the place of a tuple whose use has failed too often; without it such a tuple is dropped. */
  readonly deadLetter?: ((tuple: M, cause: Cause.Cause<unknown>) => T) | undefined
  /**
   * When a tuple comes back whose use has failed or died (S19): after each failure the schedule says how long it is
   * away, and is given why. When the schedule is done, the tuple goes to `deadLetter`, as after `maxAttempts`. If none
   * is given, the tuple is back at once.
   */
  readonly retry?: Schedule.Schedule<unknown, Cause.Cause<unknown>> | undefined
}

/**
 * What the use of `withPermit` is told of its hold (S8).
 *
 * @since 0.1.0
 * @category models
 */
export interface PermitHold {
  /**
   * The number of this hold, a fencing token: greater than those of all earlier holds of the space, by whichever client
   * or program, and never given twice. A system outside of the space that refuses a number less than one it has seen is
   * safe from a program that was taken for dead and goes on. A positive integer, with gaps.
   *
   * A space in memory counts from its beginning, one on a store as long as that keeps its data; a sharded space counts
   * in each of its parts. To read it throws a `SpaceError` of reason `Unsupported` in a transaction of a store, and on
   * a store that does not number its holds.
   */
  readonly token: number
}

/**
 * What the use of `inWith` is told of its hold (S8).
 *
 * @since 0.1.0
 * @category models
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.outAll([["job", "{}"], ["job", "{"]])
 *   const work = space.inWith(
 *     ["job", P.string],
 *     ([, text], hold) =>
 *       Effect.catchAll(
 *         Effect.try(() => JSON.parse(text)),
 *         () => hold.giveUp("no JSON") // to try again would not help
 *       ),
 *     { maxAttempts: 5, deadLetter: ([, text]) => ["dead", text] as const }
 *   )
 *   yield* work
 *   yield* Effect.ignore(work)
 *   return yield* space.collect([P.rest(P.any)])
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(console.log) // [ [ "dead", "{" ] ]
 * ```
 */
export interface Hold<out E = SpaceError> extends PermitHold {
  /**
   * How often a use has failed or died before: 0 for the first. Interruptions do not count. For `Query.all` this is the
   * count of the first tuple, for `Query.batch` the greatest of all.
   */
  readonly attempts: number
  /**
   * Fails with the error, and makes this use the last attempt of its tuple, whatever `maxAttempts` says: if the use
   * fails or dies, the tuple is dropped, or what `deadLetter` makes is put in its place. A use that is interrupted, or
   * that catches the error and succeeds, ends as ever.
   */
  readonly giveUp: <E2>(error: E2) => Effect.Effect<never, E2>
  /**
   * Consumes one of the tuples now, whatever becomes of the use and of the others (S19). Give the very object that the
   * use was given. Fails as `InvalidTuple` if it is not held, or no longer, and as `Lapsed` if the lease is over.
   */
  readonly consume: (tuple: Tuple) => Effect.Effect<void, E>
  /** Gives one of the tuples back now, to where `requeue` says. This is no attempt. Fails as `consume` does. */
  readonly giveBack: (tuple: Tuple) => Effect.Effect<void, E>
  /**
   * Ends the hold of one of the tuples now, as if a use of it alone had failed with `error`. This is an attempt, and
   * may be its last. Fails as `consume` does.
   */
  readonly fail: (tuple: Tuple, error: unknown) => Effect.Effect<void, E>
}

/**
 * How the mailbox of a subscription deals with a reader slower than the writers.
 *
 * @since 0.1.0
 * @category models
 */
export interface MailboxOptions {
  /** How many events may wait to be read. No limit, if none is given. */
  readonly capacity?: number | undefined
  /**
   * What happens to an event for which there is no room: `"suspend"` (the default) lets the `out` wait, `"dropping"`
   * drops the event, `"sliding"` drops the oldest in the mailbox. A subscription is told how many were dropped.
   */
  readonly strategy?: "suspend" | "dropping" | "sliding" | undefined
}

/**
 * Options of `subscribe`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscribeOptions extends MailboxOptions {
  /** Which events to see. Only `"Out"`, if none are given. */
  readonly events?: ReadonlyArray<EventKind> | undefined
}

/**
 * How a stream of a space is opened: when it runs; or, if it is `scoped`, by an effect that ends when the stream misses
 * nothing any more, and for as long as the scope is open.
 *
 * @since 0.1.0
 * @category models
 */
export interface Opening {
  readonly scoped?: true | undefined
}

/**
 * What `subscribe` and `stream` give with these options.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Opened<O, A, E, R = never> = O extends { readonly scoped: true }
  ? Effect.Effect<Stream.Stream<A, E>, E, R | Scope.Scope>
  : Stream.Stream<A, E, R>

/**
 * Options of `eval` and `evalTuple`.
 *
 * @since 0.1.0
 * @category models
 */
export interface EvalOptions {
  /** The name of the process in failure tuples and reports. */
  readonly name?: string | undefined
  /** What becomes of its failure, if nobody joins it; otherwise as the space's option says. */
  readonly failures?: Failures | undefined
}

/**
 * What becomes of the failure of a process that nobody has joined (S13): a failure tuple for ever (`"keep"`), none
 * (`"none"`), or one for so long and among so many, of which the oldest goes. By default there are 10,000 at most.
 *
 * @since 0.1.0
 * @category models
 */
export type Failures = "keep" | "none" | {
  readonly ttl?: Duration.DurationInput | undefined
  readonly limit?: number | undefined
}

/**
 * Several patterns: an array of them, or a record.
 *
 * @since 0.1.0
 * @category models
 */
export type Patterns = ReadonlyArray<Pattern> | Readonly<Record<string, Pattern>>

/**
 * `Pattern.Check` for each of several patterns.
 *
 * @since 0.1.0
 * @category type-level
 */
export type CheckAll<T extends Tuple, Ps> = { readonly [K in keyof Ps]: Check<T, Ps[K]> }

/**
 * `CheckAll` for a choice, which needs a pattern: without one it could never end.
 *
 * @since 0.1.0
 * @category type-level
 */
export type CheckAny<T extends Tuple, Ps> = [IsEmpty<Ps>] extends [true]
  ? "a choice needs at least one pattern: without one it could never end"
  : CheckAll<T, Ps>

/** Read from right to left, so that it is not so of a type parameter: see `Pattern.Check`. */
type IsEmpty<Ps> = [true] extends [Ps extends readonly [] ? false : [keyof Ps] extends [never] ? false : true] ? false
  : true

/**
 * What a choice between patterns yields: the tuple, and the index or the key of the pattern that it matched.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Choice<T extends Tuple, Ps> = 0 extends 1 & Ps ? any
  : Ps extends ReadonlyArray<unknown>
    ? number extends Ps["length"] ? { readonly index: number; readonly tuple: Match<T, Ps[number]> } : {
      [K in keyof Ps & `${number}`]: {
        readonly index: K extends `${infer N extends number}` ? N : never
        readonly tuple: Match<T, Ps[K]>
      }
    }[keyof Ps & `${number}`]
  : { [K in keyof Ps]: { readonly key: K; readonly tuple: Match<T, Ps[K]> } }[keyof Ps]

/**
 * What a join of patterns yields: a tuple for each of them.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Joined<T extends Tuple, Ps> = 0 extends 1 & Ps ? any : { readonly [K in keyof Ps]: Match<T, Ps[K]> }

/**
 * Where tuples can be put: every space whose tuples include these.
 *
 * @since 0.1.0
 * @category models
 */
export interface Destination<in T, out E> {
  readonly outAll: (tuples: Iterable<T & Tuple>) => Effect.Effect<void, E>
}

/**
 * What a space holds at an instant.
 *
 * @since 0.1.0
 * @category models
 */
export interface Inspection {
  /** How many tuples there are of each shape: the first field if it is a string, and the types of the others. */
  readonly tuples: ReadonlyArray<{ readonly shape: string; readonly count: number }>
  /**
   * How many tuples are held by `inWith`, `inScoped` and `withPermit`, or on their way to an operation that waited for
   * them.
   */
  readonly held: number
  /**
   * Of each shape, how many milliseconds ago the oldest of its tuples was put: oldest first. A tuple that comes back to
   * its place is as old as it was. Ages are exact to one percent, and a second on a store. Of tuples that an earlier
   * version has put into a store it is not known.
   *
   * This, `expiring`, `scheduled` and `holders` are not there if the engine cannot tell: a store of an earlier version,
   * the other end of a link.
   */
  readonly oldest?: ReadonlyArray<{ readonly shape: string; readonly age: number }> | undefined
  /** How many stored tuples have a time to live, and in how many milliseconds the first of these ends. */
  readonly expiring?: { readonly count: number; readonly next: number | undefined } | undefined
  /** How many tuples are still to come (S20), and in how many milliseconds the first of them does. */
  readonly scheduled?: { readonly count: number; readonly next: number | undefined } | undefined
  /** Who holds tuples, longest first. Those on their way to who has waited for them are nobody's yet in memory. */
  readonly holders?: ReadonlyArray<HolderSnapshot> | undefined
  /** How many failures of processes are stored: they are among `tuples`, too. */
  readonly failures: number
  /** Who waits, longest first, and who subscribes. */
  readonly interests: ReadonlyArray<InterestSnapshot>
  /** The processes that run. */
  readonly processes: ReadonlyArray<ProcessSnapshot>
  /** The indexes that there are now, in a space in memory. */
  readonly indexes: ReadonlyArray<IndexSnapshot>
  /**
   * Of a space on a store: how many tuples this program has met that it cannot decode, and has not ended itself. Others
   * may have taken them since.
   */
  readonly undecodable: number
}

/**
 * An index over the fields of all tuples of one arity at some positions. Operations build the indexes that they need,
 * and those are dropped again that cost more than they save.
 *
 * @since 0.1.0
 * @category models
 */
export interface IndexSnapshot {
  readonly arity: number
  readonly positions: ReadonlyArray<number>
  /** How many different values the tuples have at these positions. */
  readonly keys: number
  /**
   * About how many bytes the index takes: 28 to 56 a key, and if several tuples have it, 120 and more, and ten a tuple.
   */
  readonly bytes: number
}

/**
 * How tuples are found that match a pattern.
 *
 * @since 0.1.0
 * @category models
 */
export interface Explanation {
  /** Where tuples are looked for: each arity that the pattern fits and that there are tuples of. */
  readonly lookups: ReadonlyArray<Lookup>
  /**
   * How many tuples those are, together. Of these an operation that takes or reads one looks at as many as it needs to
   * find a match; one that finds none looks at all, and so do `collect` and `count`.
   */
  readonly candidates: number
  /** Of a choice or a join: its members, in the order in which they are looked at. */
  readonly plan?: ReadonlyArray<Planned> | undefined
}

/**
 * A member of a choice or a join, when it comes to be looked at.
 *
 * @since 0.1.0
 * @category models
 */
export interface Planned {
  /** Its index, or its key if they are a record. */
  readonly member: number | string
  /** How many tuples have its literals. */
  readonly candidates: number
  /** The variables by whose values it is looked up: they have them from those before it. */
  readonly by: ReadonlyArray<string>
  /** What it is for, if some of the members are guards. */
  readonly role?: "take" | "read" | "absent" | undefined
}

/**
 * How tuples of one arity are found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lookup {
  readonly arity: number
  /**
   * The positions whose values are looked up in an index. If there are none, all tuples of the arity are candidates.
   */
  readonly positions: ReadonlyArray<number>
  /**
   * Whether that index exists. If not, the next operation looks at all tuples of the arity, and builds it if that is
   * worth it.
   */
  readonly isBuilt: boolean
  /** How many tuples have those values. */
  readonly candidates: number
}

/**
 * A blocked operation, or a subscription.
 *
 * @since 0.1.0
 * @category models
 */
export interface InterestSnapshot {
  readonly kind:
    | "in"
    | "rd"
    | "inAny"
    | "rdAny"
    | "inAll"
    | "rdAll"
    | "withPermit"
    | "out"
    | "outIfAbsent"
    | "transact"
    | "subscribe"
  /**
   * The patterns as text, such as `["sum", number]`; of a guard behind its role, as in `absent ["paused"]`. For an
   * operation that waits for room, none.
   */
  readonly patterns: ReadonlyArray<string>
  /** Milliseconds since it began to wait. */
  readonly age: number
  /** The name of the process that it belongs to, if it does to one. */
  readonly process: string | undefined
}

/**
 * Somebody who holds tuples: a fiber of a space in memory, a client of a store. Each program that has opened a space on
 * a store is a client of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface HolderSnapshot {
  /** How many tuples it holds. */
  readonly count: number
  /** Milliseconds since it has taken the one that it has held longest. */
  readonly age: number | undefined
  /** In memory: the name of the process that holds them, if one does. */
  readonly process: string | undefined
  /** In memory: the fiber that has taken them, such as `#12`. */
  readonly fiber: string | undefined
  /** On a store: the number of the client. */
  readonly client: string | undefined
  /**
   * On a store: in how many milliseconds the lease of the client is over, unless it gives a sign of life. What it holds
   * is back then.
   */
  readonly lapses: number | undefined
}

/**
 * A process that runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessSnapshot {
  readonly id: number
  readonly name: string
  /** Milliseconds since it was started. */
  readonly age: number
  /** What the process, or a fiber that it has started, waits for. */
  readonly waitsFor: ReadonlyArray<InterestSnapshot>
}

/**
 * How a space came to rest.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quiescence {
  /** `"done"` if no process is left, `"blocked"` if the remaining ones wait for each other or for somebody outside. */
  readonly state: "done" | "blocked"
  /** The processes that are left, with what each waits for: the deadlock report. */
  readonly blocked: ReadonlyArray<ProcessSnapshot>
}

/**
 * Options of a space in memory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the space in metrics, spans and reports. */
  readonly name?: string | undefined
  /** How many tuples it holds at most (S14). No limit, if none is given. */
  readonly capacity?: number | undefined
  /**
   * What happens to a tuple for which there is no room: `"suspend"` (the default) lets the `out` wait, in order of
   * arrival; `"dropping"` drops it; `"sliding"` drops the oldest tuple instead. A tuple handed to a waiter needs no
   * room.
   */
  readonly strategy?: "suspend" | "dropping" | "sliding" | undefined
  /** What becomes of the failures of its processes (S13). */
  readonly failures?: Failures | undefined
  /** Which of several stored matches an operation gets: the oldest (the default), the youngest, or any (S5). */
  readonly selection?: "fifo" | "lifo" | "random" | undefined
  /**
   * Publishes the metrics `tuplespace_tuples`, `tuplespace_oldest_tuple_seconds`, `tuplespace_expiring`,
   * `tuplespace_scheduled`, `tuplespace_held`, `tuplespace_oldest_hold_seconds`, `tuplespace_waiters`,
   * `tuplespace_oldest_waiter_seconds` (gauges, sampled at this interval), `tuplespace_wait_seconds` (a histogram of
   * every wait that was served) and `tuplespace_candidates` (a histogram of how many stored tuples each operation
   * looked at), tagged with the space's name.
   */
  readonly metrics?: Duration.DurationInput | undefined
}

/**
 * The tag of a space of any tuples, on any engine.
 *
 * @since 0.1.0
 * @category tags
 */
export const TupleSpace: Context.Tag<TupleSpace<Tuple, SpaceError>, TupleSpace<Tuple, SpaceError>> = Context.GenericTag(
  "@effect-linda/core/TupleSpace"
)

/**
 * Makes a space in memory. It lives in the scope: when that closes, its processes are interrupted, operations that wait
 * end, and nothing is left (S12).
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make<readonly ["sum", number]>({ name: "sums" })
 *   yield* space.out(["sum", 1])
 *   const [, sum] = yield* space.in(["sum", P.number])
 *   return sum
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // 1
 * ```
 */
export const make: <T extends Tuple = Tuple>(
  options?: Options
) => Effect.Effect<TupleSpace<T>, never, Scope.Scope> = internal.make

/**
 * Provides a space in memory.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<TupleSpace<Tuple, SpaceError>> = Layer.scoped(TupleSpace, make())

/**
 * Provides a space in memory with options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<TupleSpace<Tuple, SpaceError>> =>
  Layer.scoped(TupleSpace, make(options))

/**
 * The class of a tag for a space of a protocol, with its layers.
 *
 * @since 0.1.0
 * @category tags
 */
export interface TagClass<Self, Id extends string, T extends Tuple>
  extends Context.TagClass<Self, Id, TupleSpace<T, SpaceError>>
{
  /** Provides a space in memory. */
  readonly layer: Layer.Layer<Self>
  /** Provides a space in memory with options. */
  readonly layerWith: (options: Options) => Layer.Layer<Self>
}

/**
 * Makes a tag of one's own for a space of the tuples `T`.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * type Job = readonly ["job", id: number, payload: string]
 * type Result = readonly ["result", id: number, size: number]
 *
 * class Jobs extends TupleSpace.Tag("Jobs")<Jobs, Job | Result>() {}
 *
 * const worker = Effect.gen(function*() {
 *   const jobs = yield* Jobs
 *   const [, id, payload] = yield* jobs.in(["job", P.any, P.any]) // number, string
 *   yield* jobs.out(["result", id, payload.length])
 * })
 *
 * const program = Effect.gen(function*() {
 *   const jobs = yield* Jobs
 *   yield* jobs.out(["job", 1, "hello"])
 *   yield* worker
 *   return yield* jobs.in(["result", 1, P.number])
 * })
 *
 * console.log(Effect.runSync(Effect.provide(program, Jobs.layer))) // [ "result", 1, 5 ]
 * ```
 */
export const Tag = <const Id extends string>(id: Id) => <Self, T extends Tuple = Tuple>(): TagClass<Self, Id, T> => {
  // @effect-diagnostics-next-line classSelfMismatch:off -- the class of the user extends this one
  class SpaceTag extends Context.Tag(id)<Self, TupleSpace<T, SpaceError>>() {
    static layerWith(this: Context.Tag<Self, TupleSpace<T, SpaceError>>, options: Options): Layer.Layer<Self> {
      return Layer.scoped(this, make<T>({ name: id, ...options }))
    }
    static get layer(): Layer.Layer<Self> {
      return memoized(this as unknown as TagClass<Self, Id, T>)
    }
  }
  return SpaceTag as unknown as TagClass<Self, Id, T>
}

/** A layer is shared by reference, so `Jobs.layer` has to be the same value every time. */
const layers = new WeakMap<object, Layer.Layer<any>>()

const memoized = <Self, Id extends string, T extends Tuple>(tag: TagClass<Self, Id, T>): Layer.Layer<Self> => {
  const layer = layers.get(tag) ?? tag.layerWith({})
  layers.set(tag, layer)
  return layer
}

/**
 * The space, as parts of it see it: what it gives stands for a part about fewer tuples.
 *
 * @since 0.1.0
 * @category parts
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * type Job = readonly ["job", id: number]
 * type Done = readonly ["done", id: number]
 *
 * // knows nothing of what else the space is used for
 * const next = <E>(jobs: TupleSpace.Part<Job, E>) => Effect.map(jobs.in(["job", P.number]), ([, id]) => id)
 * const add = <E>(jobs: TupleSpace.Writer<Job, E>, id: number) => jobs.out(["job", id])
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make<Job | Done>()
 *   yield* add(space, 7)
 *   yield* space.out(["done", yield* next(TupleSpace.part(space))])
 *   return yield* space.in(["done", P.any])
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // [ "done", 7 ]
 * ```
 */
export const part = <T extends Tuple, E>(space: TupleSpace<T, E>): Part<T, E> => {
  // TypeScript cannot see that a pattern within `T` gives the same in a space of `T` as in one of any tuples.
  const any: any = space
  return any
}

/**
 * What a {@link view} allows: whatever is not named here is not allowed. Each of `out`, `in` and `rd` is `true` for
 * everything, or a list of patterns.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rights {
  /** Which tuples may be put: those that one of the patterns matches. */
  readonly out?: boolean | ReadonlyArray<Pattern> | undefined
  /** Which tuples may be taken, and so read as well: those that one of the patterns matches. */
  readonly in?: boolean | ReadonlyArray<Pattern> | undefined
  /** Which tuples may be read, beside those that may be taken. */
  readonly rd?: boolean | ReadonlyArray<Pattern> | undefined
  /** Whether processes may be started. */
  readonly eval?: boolean | undefined
}

/**
 * The type of the tuples that can be put, taken or read through a view of a space of `T` with these rights.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Viewed<T extends Tuple, R> = ViewedBy<T, Right<R, "out"> | Right<R, "in"> | Right<R, "rd">>

/** What is allowed under this name: patterns, or `true`. */
type Right<R, Name extends keyof Rights> = Name extends keyof R ? RightOf<R[Name]> : never

type RightOf<A> = A extends ReadonlyArray<infer P> ? P : A extends true ? true : never

/** Patterns that are not known allow anything, as far as the compiler can say. */
type ViewedBy<T extends Tuple, P> = [true] extends [P] ? T
  : [Pattern] extends [P] ? T
  : P extends unknown ? P extends ReadonlyArray<unknown> ? Extract<Match<T, P>, Tuple> : never
  : never

/**
 * `unknown` for rights of which each pattern can match a tuple of a space of `T`; otherwise a sentence stands where one
 * cannot.
 *
 * @since 0.1.0
 * @category type-level
 */
export type CheckRights<T extends Tuple, R> = {
  readonly [Name in keyof R]: Name extends "out" | "in" | "rd"
    ? R[Name] extends ReadonlyArray<unknown> ? CheckAll<T, R[Name]> : unknown
    : Name extends "eval" ? unknown
    : "a view has the rights out, in, rd and eval"
}

/**
 * A facet of a space, of any engine, which allows what is said here and nothing else: give it to what should not see,
 * take or put everything, or have it served ({@link Rights}; clause S23). It is a space itself: it can be viewed again,
 * and waits, holds, joins and transactions are those of the space.
 *
 * - **Putting** a tuple that no pattern of `out` matches fails as `Forbidden`: by whatever operation, as a dead letter
 *   too, or as what `replace` and `exchange` make.
 * - **Taking and reading** see only tuples that may be taken or read: of a wider pattern that is what it finds. A
 *   pattern that none of these can match fails as `Forbidden`.
 * - **Absence** (`awaitNone`, `Query.absent`, `outIfAbsent`) can be told only of a pattern all of whose matches may be
 *   read: any other fails as `Forbidden`.
 * - `inspect`, `explain` and `awaitQuiescent` tell of the whole space, and need `rd: true` or `in: true`.
 *
 * Bad input is a failure here too, also where the space is in memory. A view lives as long as its space, and closes
 * nothing. Throws a `SpaceError` if the rights mean nothing.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.outAll([["job", 1], ["secret", "x"]])
 *   const worker = TupleSpace.view(space, { in: [["job", P.number]], out: [["done", P.number]] })
 *   console.log(yield* worker.copyCollect([P.rest(P.any)])) // [ [ "job", 1 ] ]
 *   const [, id] = yield* worker.in(["job", P.any])
 *   yield* worker.out(["done", id])
 *   return yield* Effect.flip(worker.out(["job", 2])) // it may take jobs, and not put any
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(({ reason }) => console.log(reason)) // Forbidden
 * ```
 */
export const view: <T extends Tuple, E, const R extends Rights>(
  space: TupleSpace<T, E>,
  rights: R & CheckRights<T, R>
) => TupleSpace<Viewed<T, R>, E | SpaceError> = viewed.view

/**
 * Options of {@link exportLines} and {@link importLines}.
 *
 * @since 0.1.0
 * @category models
 */
export interface LinesOptions {
  /**
   * Schemas of classes whose instances are among the fields, for a space in memory. A space on a store, or at the other
   * end of a link, uses its own.
   */
  readonly schemas?: ReadonlyArray<Schema.Schema<any, any>> | undefined
}

/**
 * All tuples of a space as lines of JSON, oldest first: to move them to a space of any engine, or to keep them. Each
 * tuple has its fields as a store keeps them, the milliseconds that it has left to live, and how often a use of it has
 * failed. Tuples that are held are there as if they were stored, and so are the failures of processes. A field that
 * this program cannot decode is written as it is.
 *
 * The space is read a page at a time: a tuple that is in it, stored or held, from the beginning to the end is there
 * once. One that comes or goes meanwhile may be there or not; one that goes behind all others may be there twice. On a
 * store, `SpaceStore.transaction` around the whole makes it one look.
 *
 * Fails as `InvalidTuple` if a space in memory has a field that has no encoding.
 *
 * @since 0.1.0
 * @category moving
 * @example
 * ```ts
 * import { Pattern as P, SpaceStore, TupleSpace } from "@effect-linda/core"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const memory = yield* TupleSpace.make({ name: "jobs" })
 *   yield* memory.outAll([["job", 1, new Date(0)], ["job", 2, [true]]])
 *   const lines = TupleSpace.exportLines(memory)
 *   yield* Stream.runForEach(lines, (line) => Effect.sync(() => console.log(line)))
 *
 *   const stored = yield* SpaceStore.make(yield* (yield* SpaceStore.memory).open("jobs"))
 *   console.log(yield* Stream.run(lines, TupleSpace.importLines(stored))) // 2
 *   return yield* stored.in(["job", 1, P.date])
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(console.log)
 * // {"format":"effect-linda tuples","version":1,"fields":2,"space":"jobs"}
 * // {"tuple":["job",1,{"@d":0}],"shape":"snd"}
 * // {"tuple":["job",2,[true]],"shape":"sna"}
 * // {"end":2}
 * // 2
 * // [ "job", 1, 1970-01-01T00:00:00.000Z ]
 * ```
 */
export const exportLines: <T extends Tuple, E>(
  space: TupleSpace<T, E>,
  options?: LinesOptions
) => Stream.Stream<string, E | SpaceError> = lines.exportLines

/**
 * Puts the tuples of lines that {@link exportLines} has made, behind all that are in the space, in their order. It puts
 * as `out` does: whoever waits is served, and in a space that is full it waits. Gives their number. Empty lines are
 * passed over.
 *
 * Each has the time to live that it had left, from now on, and its attempts; its lease is another, which nobody has.
 * What this program cannot decode is put as it is: as an `Undecoded` in a space in memory.
 *
 * The tuples are put by some hundred at a time: on a store each of these batches as a whole. A bad line, or an end that
 * is missing or counts otherwise, fails as `InvalidTuple`; nothing of its batch is put, and the error says of which
 * line it is and up to which line tuples have been put. On a store, `SpaceStore.transaction` around the whole puts all
 * tuples or none. Lines of a later version are refused as `Unsupported`.
 *
 * @since 0.1.0
 * @category moving
 */
export const importLines: <T extends Tuple, E>(
  space: TupleSpace<T, E>,
  options?: LinesOptions
) => Sink.Sink<number, string, never, E | SpaceError> = lines.importLines

// ---------------------------------------------------------------------------------------------------------------------
// The operations, on the space of the context
// ---------------------------------------------------------------------------------------------------------------------

type Space = TupleSpace<Tuple, SpaceError>

/** The operation of that name, of the space that the context provides. */
const accessor = <K extends keyof Space>(name: K): any => (...args: ReadonlyArray<unknown>) =>
  Effect.flatMap(TupleSpace, (space) => (space[name] as any)(...args))

const streamAccessor = (name: "subscribe" | "stream"): any => (pattern: unknown, options?: Opening) => {
  const made = Effect.map(TupleSpace, (space) => (space[name] as any)(pattern, options))
  return options?.scoped === true ? Effect.flatten(made) : Stream.unwrap(made)
}

/**
 * Puts a tuple.
 *
 * @since 0.1.0
 * @category accessors
 */
export const out: {
  (tuple: Tuple): Effect.Effect<void, SpaceError, Space>
  (tuple: Tuple, options: OutOptions): Effect.Effect<Lease<SpaceError>, SpaceError, Space>
} = accessor("out")

/**
 * Puts all tuples in one atomic step, in their order.
 *
 * @since 0.1.0
 * @category accessors
 */
export const outAll: (
  tuples: Iterable<Tuple>,
  options?: OutAllOptions
) => Effect.Effect<void, SpaceError, Space> = accessor("outAll")

const in_: <const P extends Query, const O extends Known<O, WaitOptions> = {}>(
  query: P & Check<Tuple, P>,
  options?: O
) => Effect.Effect<Match<Tuple, P>, SpaceError | TimeoutOf<O>, Space> = accessor("in")

export {
  /**
   * Takes the oldest tuple that matches, waiting until there is one.
   *
   * @since 0.1.0
   * @category accessors
   * @example
   * ```ts
   * import { Pattern as P, TupleSpace } from "@effect-linda/core"
   * import { Effect } from "effect"
   *
   * const program = Effect.gen(function*() {
   *   yield* TupleSpace.out(["sum", 41])
   *   const [, sum] = yield* TupleSpace.in(["sum", P.number])
   *   return sum + 1
   * })
   *
   * console.log(Effect.runSync(Effect.provide(program, TupleSpace.layer))) // 42
   * ```
   */
  in_ as in
}

/**
 * Reads the oldest tuple that matches, waiting until there is one.
 *
 * @since 0.1.0
 * @category accessors
 */
export const rd: <const P extends Query, const O extends Known<O, WaitOptions> = {}>(
  query: P & Check<Tuple, P>,
  options?: O
) => Effect.Effect<Match<Tuple, P>, SpaceError | TimeoutOf<O>, Space> = accessor("rd")

/**
 * Takes the oldest tuple that matches, if there is one now.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inp: <const P extends Query>(
  query: P & Check<Tuple, P>
) => Effect.Effect<Option.Option<Match<Tuple, P>>, SpaceError, Space> = accessor("inp")

/**
 * Reads the oldest tuple that matches, if there is one now.
 *
 * @since 0.1.0
 * @category accessors
 */
export const rdp: <const P extends Query>(
  query: P & Check<Tuple, P>
) => Effect.Effect<Option.Option<Match<Tuple, P>>, SpaceError, Space> = accessor("rdp")

/**
 * Takes a tuple for as long as `use` runs, and puts it back unless that succeeds.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inWith: <const P extends Query, A, E2, R, const O extends Known<O, HoldOptions<any>> = {}>(
  query: P & Check<Tuple, P>,
  use: (found: Match<Tuple, P>, hold: Hold<SpaceError>) => Effect.Effect<A, E2, R>,
  options?: O & HoldOptions<Tuple, Taken<Tuple, P>>
) => Effect.Effect<A, SpaceError | E2 | TimeoutOf<O>, R | Space> = accessor("inWith")

/**
 * Takes a tuple until the scope closes, and puts it back if that is with a failure.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inScoped: <const P extends Query, const O extends Known<O, HoldOptions<any>> = {}>(
  query: P & Check<Tuple, P>,
  options?: O & HoldOptions<Tuple, Taken<Tuple, P>>
) => Effect.Effect<Match<Tuple, P>, SpaceError | TimeoutOf<O>, Scope.Scope | Space> = accessor("inScoped")

/**
 * Takes a tuple for as long as `use` runs, and always gives it back.
 *
 * @since 0.1.0
 * @category accessors
 * @example
 * ```ts
 * import { TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const locked = <A, E, R>(effect: Effect.Effect<A, E, R>) => TupleSpace.withPermit(["lock"], () => effect)
 *
 * const program = Effect.gen(function*() {
 *   yield* TupleSpace.out(["lock"])
 *   yield* Effect.ignore(locked(Effect.fail("the lock comes back all the same")))
 *   return yield* locked(TupleSpace.count(["lock"])) // nobody else has it
 * })
 *
 * console.log(Effect.runSync(Effect.provide(program, TupleSpace.layer))) // 0
 * ```
 */
export const withPermit: <const P extends Query, A, E2, R, const O extends Known<O, PermitOptions> = {}>(
  query: P & Check<Tuple, P>,
  use: (found: Match<Tuple, P>, hold: PermitHold) => Effect.Effect<A, E2, R>,
  options?: O & PermitOptions
) => Effect.Effect<A, SpaceError | E2 | TimeoutOf<O>, R | Space> = accessor("withPermit")

/**
 * Takes the oldest tuple that matches any of the patterns, and says which.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inAny: <const Ps extends Patterns, const O extends Known<O, WaitOptions> = {}>(
  patterns: Ps & CheckAny<Tuple, Ps>,
  options?: O
) => Effect.Effect<Choice<Tuple, Ps>, SpaceError | TimeoutOf<O>, Space> = accessor("inAny")

/**
 * Reads the oldest tuple that matches any of the patterns, and says which.
 *
 * @since 0.1.0
 * @category accessors
 */
export const rdAny: <const Ps extends Patterns, const O extends Known<O, WaitOptions> = {}>(
  patterns: Ps & CheckAny<Tuple, Ps>,
  options?: O
) => Effect.Effect<Choice<Tuple, Ps>, SpaceError | TimeoutOf<O>, Space> = accessor("rdAny")

/**
 * Takes a tuple for each of the patterns, all distinct and all at once.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inAll: <const Ps extends Patterns, const O extends Known<O, WaitOptions> = {}>(
  patterns: Ps & CheckAll<Tuple, Ps>,
  options?: O
) => Effect.Effect<Joined<Tuple, Ps>, SpaceError | TimeoutOf<O>, Space> = accessor("inAll")

/**
 * Waits until no tuple that matches is stored or held. "No job is left" is so true when the last one is done: one that
 * is being worked on may come back.
 *
 * @since 0.1.0
 * @category accessors
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   yield* TupleSpace.outAll([["job", 1], ["job", 2]])
 *   const worker = Effect.forever(TupleSpace.inWith(["job", P.number], () => Effect.yieldNow()))
 *   yield* Effect.fork(worker)
 *   yield* TupleSpace.awaitNone(["job", P.number])
 *   return yield* TupleSpace.count(["job", P.number])
 * })
 *
 * Effect.runPromise(Effect.provide(program, TupleSpace.layer)).then(console.log) // 0
 * ```
 */
export const awaitNone: <const P extends Pattern, const O extends Known<O, WaitOptions> = {}>(
  pattern: P & Check<Tuple, P>,
  options?: O
) => Effect.Effect<void, SpaceError | TimeoutOf<O>, Space> = accessor("awaitNone")

/**
 * Takes all tuples that match now, oldest first.
 *
 * @since 0.1.0
 * @category accessors
 */
export const collect: <const P extends Pattern>(
  pattern: P & Check<Tuple, P>
) => Effect.Effect<Array<Match<Tuple, P>>, SpaceError, Space> = accessor("collect")

/**
 * Reads all tuples that match now, oldest first.
 *
 * @since 0.1.0
 * @category accessors
 */
export const copyCollect: <const P extends Pattern>(
  pattern: P & Check<Tuple, P>
) => Effect.Effect<Array<Match<Tuple, P>>, SpaceError, Space> = accessor("copyCollect")

/**
 * Moves all tuples that match now to another space, and says how many.
 *
 * @since 0.1.0
 * @category accessors
 */
export const collectInto: <const P extends Pattern, E2>(
  pattern: P & Check<Tuple, P>,
  other: Destination<Match<Tuple, P>, E2>
) => Effect.Effect<number, SpaceError | E2, Space> = accessor("collectInto")

/**
 * Copies all tuples that match now to another space, and says how many.
 *
 * @since 0.1.0
 * @category accessors
 */
export const copyCollectInto: <const P extends Pattern, E2>(
  pattern: P & Check<Tuple, P>,
  other: Destination<Match<Tuple, P>, E2>
) => Effect.Effect<number, SpaceError | E2, Space> = accessor("copyCollectInto")

/**
 * Takes up to `n` of the tuples that match now, oldest first.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inUpTo: <const P extends Pattern>(
  pattern: P & Check<Tuple, P>,
  n: number
) => Effect.Effect<Array<Match<Tuple, P>>, SpaceError, Space> = accessor("inUpTo")

/**
 * Says how many tuples match now.
 *
 * @since 0.1.0
 * @category accessors
 */
export const count: <const P extends Pattern>(
  pattern: P & Check<Tuple, P>
) => Effect.Effect<number, SpaceError, Space> = accessor("count")

/**
 * Puts the tuple if nothing matches the pattern, and otherwise returns the match. With options, returns the lease of
 * what it has put on the right, or the match on the left.
 *
 * @since 0.1.0
 * @category accessors
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * // A leader: it fails with who is leading; otherwise it leads until it is done, or has been dead for ten seconds.
 * const lead = <A, E, R>(name: string, work: Effect.Effect<A, E, R>) =>
 *   Effect.acquireUseRelease(
 *     Effect.flatten(TupleSpace.outIfAbsent(["leader", P.string], ["leader", name], { ttl: "10 seconds" })),
 *     (lease) => {
 *       const renewal = Effect.repeat(Effect.delay(lease.renew("10 seconds"), "3 seconds"), { while: (is) => is })
 *       return Effect.raceFirst(work, Effect.zipRight(renewal, Effect.interrupt)) // somebody else may lead by now
 *     },
 *     (lease) => Effect.ignore(lease.cancel)
 *   )
 *
 * const program = Effect.gen(function*() {
 *   console.log(yield* lead("Ada", Effect.merge(lead("Grace", Effect.succeed("Grace leads"))))) // [ "leader", "Ada" ]
 *   return yield* TupleSpace.count(["leader", P.string])
 * })
 *
 * Effect.runPromise(Effect.provide(program, TupleSpace.layer)).then(console.log) // 0
 * ```
 */
export const outIfAbsent: {
  <const P extends Pattern>(
    pattern: P & Check<Tuple, P>,
    tuple: Tuple
  ): Effect.Effect<Option.Option<Match<Tuple, P>>, SpaceError, Space>
  <const P extends Pattern>(
    pattern: P & Check<Tuple, P>,
    tuple: Tuple,
    options: OutOptions
  ): Effect.Effect<Either.Either<Lease<SpaceError>, Match<Tuple, P>>, SpaceError, Space>
} = accessor("outIfAbsent")

/**
 * Takes the oldest match and puts what `f` makes of it, as one step. With options, returns the lease of what it has
 * put, too.
 *
 * @since 0.1.0
 * @category accessors
 */
export const replace: {
  <const P extends Pattern>(
    pattern: P & Check<Tuple, P>,
    f: (tuple: Match<Tuple, P>) => Tuple
  ): Effect.Effect<Option.Option<Match<Tuple, P>>, SpaceError, Space>
  <const P extends Pattern>(
    pattern: P & Check<Tuple, P>,
    f: (tuple: Match<Tuple, P>) => Tuple,
    options: OutOptions
  ): Effect.Effect<Option.Option<Replaced<Match<Tuple, P>, SpaceError>>, SpaceError, Space>
} = accessor("replace")

/**
 * Takes what the query finds, waiting until it is there, and puts the tuples that `f` makes of it, as one step. Returns
 * what it has found (S22).
 *
 * `f` is pure, and may run more than once: the step is done anew when something comes between. If `f` throws, nothing
 * has happened, and the operation dies. In a space that is full it waits for room, as a transaction does (S14).
 *
 * @since 0.1.0
 * @category accessors
 * @example
 * ```ts
 * import { Pattern as P, Query as Q, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * // A rule: of two numbers the greater one stays. What is left when no rule fits any more is the greatest.
 * const two = Q.all([["n", P.number], ["n", P.number]])
 * const rule = TupleSpace.exchange(two, ([[, one], [, other]]) => [["n", Math.max(one, other)]])
 *
 * const program = Effect.gen(function*() {
 *   yield* TupleSpace.outAll([["n", 3], ["n", 7], ["n", 5]])
 *   yield* rule
 *   yield* rule
 *   return yield* TupleSpace.collect(["n", P.number])
 * })
 *
 * console.log(Effect.runSync(Effect.provide(program, TupleSpace.layer))) // [ [ "n", 7 ] ]
 * ```
 */
export const exchange: <const P extends Query, const O extends Known<O, WaitOptions> = {}>(
  query: P & Check<Tuple, P>,
  f: (found: Match<Tuple, P>) => Iterable<Tuple>,
  options?: O
) => Effect.Effect<Match<Tuple, P>, SpaceError | TimeoutOf<O>, Space> = accessor("exchange")

/**
 * Follows what happens to the tuples of a pattern.
 *
 * @since 0.1.0
 * @category accessors
 */
export const subscribe: <const P extends Pattern, const O extends Known<O, SubscribeOptions & Opening> = {}>(
  pattern: P & Check<Tuple, P>,
  options?: O
) => Opened<O, SpaceEvent<Match<Tuple, P>>, SpaceError, Space> = streamAccessor("subscribe")

/**
 * Streams the tuples that match now, then those that come.
 *
 * @since 0.1.0
 * @category accessors
 */
export const stream: <const P extends Pattern, const O extends Known<O, MailboxOptions & Opening> = {}>(
  pattern: P & Check<Tuple, P>,
  options?: O
) => Opened<O, Match<Tuple, P>, SpaceError, Space> = streamAccessor("stream")

const eval_: <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options?: EvalOptions
) => Effect.Effect<Process<A, E>, SpaceError, R | Space> = accessor("eval")

export {
  /**
   * Starts a process: a fiber in the space's scope.
   *
   * @since 0.1.0
   * @category accessors
   */
  eval_ as eval
}

/**
 * Evaluates the fields that are effects, and puts the tuple when all are done.
 *
 * @since 0.1.0
 * @category accessors
 */
export const evalTuple: <const Fields extends Tuple>(
  fields: Fields,
  options?: EvalOptions
) => Effect.Effect<
  Process<Evaluated.Fields<Fields>, Evaluated.Error<Fields>>,
  SpaceError,
  Evaluated.Context<Fields> | Space
> = accessor("evalTuple")

/**
 * Takes a snapshot of the space.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inspect: Effect.Effect<Inspection, SpaceError, Space> = Effect.flatMap(
  TupleSpace,
  (space) => space.inspect
)

/**
 * Says how operations with this query would find their tuples now.
 *
 * @since 0.1.0
 * @category accessors
 */
export const explain: <const P extends Query>(
  query: P & Check<Tuple, P>
) => Effect.Effect<Explanation, SpaceError, Space> = accessor("explain")

/**
 * Waits until no process can move.
 *
 * @since 0.1.0
 * @category accessors
 */
export const awaitQuiescent: Effect.Effect<Quiescence, SpaceError, Space> = Effect.flatMap(
  TupleSpace,
  (space) => space.awaitQuiescent
)

/**
 * Runs a transaction on the space, and on any others in memory that it uses if the space is in memory.
 *
 * @since 0.1.0
 * @category accessors
 */
export const transact: <A, E, R>(
  stm: STM.STM<A, E, R>
) => Effect.Effect<A, SpaceError | E, Exclude<R, Transaction> | Space> = accessor("transact")
