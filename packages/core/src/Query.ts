/**
 * Queries: what an operation looks for, where that is more than one pattern says. A pattern is the query of one tuple;
 * {@link any} is one tuple by any of several patterns, {@link all} a distinct one for each of them, {@link batch}
 * several tuples of one pattern. `in`, `rd`, `inp`, `rdp`, `inWith`, `inScoped` and `withPermit` take a query in place
 * of a pattern, and hold what it takes as one. The operation that is given a query refuses bad input, as
 * `InvalidPattern` or `InvalidOption` (S16).
 *
 * Import it as `Q`, as `Pattern` is imported as `P`.
 *
 * @since 0.1.0
 * @example
 * ```ts
 * import { Pattern as P, Query as Q, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.outAll([["task", 7, "a.txt"], ["file", "b.txt", 1], ["file", "a.txt", 2]])
 *   // both or none, and both are back if the use fails
 *   return yield* space.inWith(
 *     Q.all({
 *       task: ["task", P.number, P.ref("name", P.string)],
 *       file: ["file", P.ref("name", P.string), P.number]
 *     }),
 *     ({ file, task }) => Effect.succeed(`task ${task[1]} has file ${file[2]}`)
 *   )
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // task 7 has file 2
 * ```
 */
import type * as Duration from "effect/Duration"
import * as internal from "./internal/queries.js"
import type { Match, Pattern } from "./Pattern.js"
import type { Tuple } from "./Tuple.js"
import type { Patterns } from "./TupleSpace.js"

/**
 * Marks a query, in types only.
 *
 * @since 0.1.0
 * @category symbols
 */
export declare const QueryTypeId: unique symbol

/**
 * The type of the mark.
 *
 * @since 0.1.0
 * @category symbols
 */
export type QueryTypeId = typeof QueryTypeId

/**
 * A tuple that matches any of several patterns.
 *
 * @since 0.1.0
 * @category models
 */
export interface Any<out Ps extends Patterns> {
  readonly [QueryTypeId]: { readonly _form: "any"; readonly _members: Ps }
}

/**
 * A distinct tuple for each of several patterns.
 *
 * @since 0.1.0
 * @category models
 */
export interface All<out Ps extends Patterns> {
  readonly [QueryTypeId]: { readonly _form: "all"; readonly _members: Ps }
}

/**
 * Several tuples of one pattern.
 *
 * @since 0.1.0
 * @category models
 */
export interface Batch<out P extends Pattern> {
  readonly [QueryTypeId]: { readonly _form: "batch"; readonly _members: P }
}

/**
 * How large a batch is, and how long it waits for more.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchOptions {
  /** How many tuples it waits for: an integer from 1 on. By default 1. */
  readonly min?: number | undefined
  /** How many tuples it has at most: from `min` on, or `Infinity`. */
  readonly max: number
  /** How long it waits for more tuples, once it has `min` of them. By default it has only those that are there then. */
  readonly linger?: Duration.DurationInput | undefined
}

/**
 * What an operation that takes or reads can look for.
 *
 * @since 0.1.0
 * @category models
 */
export type Query = Pattern | Any<Patterns> | All<Patterns> | Batch<Pattern>

/**
 * The type of the tuples that a query takes from a space of `T`.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Taken<T extends Tuple, Q> = Q extends Any<infer Ps> | All<infer Ps> ? Match<T, Ps[keyof Ps & MemberKey<Ps>]>
  : Q extends Batch<infer P> ? Match<T, P>
  : Match<T, Q>

/** The keys under which a list, a tuple or a record has its patterns. */
type MemberKey<Ps> = Ps extends ReadonlyArray<unknown> ? number : keyof Ps

/**
 * The oldest tuple that matches any of the patterns, and which of them it matched: by its index, or by its key if they
 * are a record. At least one pattern is needed (S11).
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Pattern as P, Query as Q, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.out(["job", 1])
 *   const { key, tuple } = yield* space.in(Q.any({ job: ["job", P.number], stop: ["stop"] }))
 *   return `${key}: ${tuple}`
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // job: job,1
 * ```
 */
export const any = <const Ps extends Patterns>(patterns: Ps): Any<Ps> => internal.describe("any", patterns)

/**
 * A distinct tuple for each of the patterns, all at one instant: as an array, or as a record with their keys. A
 * variable has one value in all of them. While an operation waits for it, it holds none (S11).
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Query as Q, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const forks = (seat: number) => Q.all([["fork", seat], ["fork", (seat + 1) % 5]])
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.outAll([0, 1, 2, 3, 4].map((fork) => ["fork", fork]))
 *   const eat = (seat: number) => space.withPermit(forks(seat), () => Effect.yieldNow())
 *   yield* Effect.forEach([0, 1, 2, 3, 4], eat, { concurrency: "unbounded" }) // nobody waits with one fork in hand
 *   return yield* space.count(["fork", (fork: number) => fork >= 0])
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // 5
 * ```
 */
export const all = <const Ps extends Patterns>(patterns: Ps): All<Ps> => internal.describe("all", patterns)

/**
 * Up to `max` tuples that match, as a list: those that would have been taken one by one. It waits for `min` of them,
 * and holds nothing meanwhile; then it holds these, and takes more until it has `max` or has lingered for long enough.
 *
 * `in` that is interrupted while it lingers gives everything back. `rd` does not linger: it reads what is there as soon
 * as that is enough; `inp` and `rdp` look now. In `inWith` a failure of the use is an attempt of each tuple.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Pattern as P, Query as Q, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.outAll([["mail", "ann"], ["mail", "nobody"], ["mail", "bob"]])
 *   yield* space.inWith(
 *     Q.batch(["mail", P.string], { max: 100 }),
 *     (mails, hold) =>
 *       Effect.forEach(mails, (mail) => mail[1] === "nobody" ? hold.fail(mail, "no such user") : Effect.void),
 *     { maxAttempts: 1, deadLetter: (mail) => ["dead", ...mail] }
 *   )
 *   return yield* space.collect([P.rest(P.any)])
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // [ [ "dead", "mail", "nobody" ] ]
 * ```
 */
export const batch = <const P extends Pattern>(pattern: P, options: BatchOptions): Batch<P> =>
  internal.describe("batch", pattern, options)
