/**
 * Queries: what an operation looks for, where that is more than one pattern says. A pattern is the query of one tuple;
 * {@link any} is one tuple by any of several patterns, {@link all} a distinct one for each of them, {@link batch}
 * several tuples of one pattern. Members of {@link all} can be guards: a tuple that has to be there and stays
 * ({@link read}), or one that must not be there ({@link absent}). `in`, `rd`, `inp`, `rdp`, `inWith`, `inScoped` and
 * `withPermit` take a query in place of a pattern, and hold what it takes as one. The operation that is given a query
 * refuses bad input, as `InvalidPattern` or `InvalidOption` (S16).
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
import type { Joined, Patterns } from "./TupleSpace.js"

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
 * A member of {@link All} that has to be there, and stays.
 *
 * @since 0.1.0
 * @category models
 */
export interface Read<out P extends Pattern> {
  readonly [QueryTypeId]: { readonly _form: "read"; readonly _members: P }
}

/**
 * A member of {@link All} that must not be there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Absent<out P extends Pattern> {
  readonly [QueryTypeId]: { readonly _form: "absent"; readonly _members: P }
}

/**
 * A member of {@link All}: a pattern whose tuple is taken, or a guard.
 *
 * @since 0.1.0
 * @category models
 */
export type Member = Pattern | Read<Pattern> | Absent<Pattern>

/**
 * Several members: an array of them, or a record.
 *
 * @since 0.1.0
 * @category models
 */
export type Members = ReadonlyArray<Member> | Readonly<Record<string, Member>>

/**
 * A distinct tuple for each of several patterns, under guards.
 *
 * @since 0.1.0
 * @category models
 */
export interface All<out Ps extends Members> {
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
 * Which tuple a choice finds, where several of its patterns have one.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnyOptions {
  /**
   * `"oldest"`, the default: the oldest tuple of all, or as the `selection` of the space says. `"first"`: the tuple of
   * the first pattern, in the order given, that has one.
   */
  readonly prefer?: "oldest" | "first" | undefined
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
export type Query = Pattern | Any<Patterns> | All<Members> | Batch<Pattern>

/**
 * The type of the tuples that a query takes from a space of `T`.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Taken<T extends Tuple, Q> = Q extends Any<infer Ps> ? Match<T, MemberOf<Ps>>
  : Q extends All<infer Ps> ? Match<T, Exclude<MemberOf<Ps>, Read<Pattern> | Absent<Pattern>>>
  : Q extends Batch<infer P> ? Match<T, P>
  : Match<T, Q>

/**
 * What {@link all} gives: a tuple for each member, but for those that are absent.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Gathered<T extends Tuple, Ps> = [Extract<MemberOf<Ps>, Read<Pattern> | Absent<Pattern>>] extends [never]
  ? Joined<T, Ps>
  : Ps extends ReadonlyArray<unknown>
    ? number extends Ps["length"] ? ReadonlyArray<Match<T, Exclude<Ps[number], Absent<Pattern>>>> : GatheredList<T, Ps>
  : { readonly [K in keyof Ps as Ps[K] extends Absent<Pattern> ? never : K]: Match<T, Ps[K]> }

type GatheredList<T extends Tuple, Ps, Acc extends ReadonlyArray<unknown> = readonly []> = Ps extends
  readonly [infer First, ...infer Others]
  ? GatheredList<T, Others, First extends Absent<Pattern> ? Acc : readonly [...Acc, Match<T, First>]>
  : Acc

/** What a list, a tuple or a record has for members. */
type MemberOf<Ps> = Ps[keyof Ps & (Ps extends ReadonlyArray<unknown> ? number : keyof Ps)]

/**
 * The oldest tuple that matches any of the patterns, and which of them it matched: by its index, or by its key if they
 * are a record. With `{ prefer: "first" }` a tuple of an earlier pattern goes before those of later ones. At least one
 * pattern is needed (S11).
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
export const any = <const Ps extends Patterns>(patterns: Ps, options?: AnyOptions): Any<Ps> =>
  internal.describe("any", patterns, options)

/**
 * A distinct tuple for each of the patterns, all at one instant: as an array, or as a record with their keys. A
 * variable has one value in all of them. While an operation waits for it, it holds none (S11). Members can be guards:
 * {@link read} and {@link absent}.
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
export const all = <const Ps extends Members>(members: Ps): All<Ps> => internal.describe("all", members)

/**
 * A member of {@link all} that has to be there, and stays: any stored tuple that the same query does not take. It has a
 * place in the result. Two such members may find the same tuple (S18).
 *
 * @since 0.1.0
 * @category guards
 * @example
 * ```ts
 * import { Pattern as P, Query as Q, TupleSpace } from "@effect-linda/core"
 * import { Effect } from "effect"
 *
 * // a task, once the one before it is done
 * const next = Q.all([["task", P.ref("id"), P.ref("after")], Q.read(["done", P.ref("after")])])
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.outAll([["task", "bake", "knead"], ["task", "knead", "buy"], ["done", "buy"]])
 *   const [task] = yield* space.in(next)
 *   return [task, yield* space.count(["done", "buy"])]
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // [ [ "task", "knead", "buy" ], 1 ]
 * ```
 */
export const read = <const P extends Pattern>(pattern: P): Read<P> => internal.guard("read", pattern)

/**
 * A member of {@link all} that must not be there: no tuple that matches is stored or held, but for those that the same
 * query takes. A variable that only this member has means: for no value. It has no place in the result. Who waits for
 * it looks again when the last match has left for good (S18).
 *
 * @since 0.1.0
 * @category guards
 * @example
 * ```ts
 * import { Pattern as P, Query as Q, TupleSpace } from "@effect-linda/core"
 * import { Effect, Fiber } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.outAll([["job", 1], ["paused"]])
 *   const worker = yield* Effect.fork(space.in(Q.all({ job: ["job", P.number], go: Q.absent(["paused"]) })))
 *   yield* Effect.yieldNow() // it waits
 *   yield* space.in(["paused"])
 *   return (yield* Fiber.join(worker)).job
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // [ "job", 1 ]
 * ```
 */
export const absent = <const P extends Pattern>(pattern: P): Absent<P> => internal.guard("absent", pattern)

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
