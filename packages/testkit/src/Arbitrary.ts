/**
 * Tuples and patterns drawn at random, for fast-check (which comes with effect, as `effect/FastCheck`).
 *
 * Fields are plain data, of which there are few, so that they often meet their equals.
 *
 * @since 0.1.0
 */
import * as OptionsOf from "@effect-linda/core/Options"
import * as P from "@effect-linda/core/Pattern"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as FastCheck from "effect/FastCheck"
import type { Operation } from "./Model.js"

/**
 * A field: a small number, a short string, a boolean, null, or an array or record of these.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const field = (): FastCheck.Arbitrary<unknown> =>
  FastCheck.oneof(
    { maxDepth: 1 },
    { arbitrary: FastCheck.constantFrom("a", "b", ""), weight: 4 },
    { arbitrary: FastCheck.integer({ min: 0, max: 2 }), weight: 4 },
    { arbitrary: FastCheck.constantFrom(true, false, null, -1.5), weight: 2 },
    { arbitrary: FastCheck.array(FastCheck.integer({ min: 0, max: 1 }), { maxLength: 2 }), weight: 1 },
    { arbitrary: FastCheck.record({ x: FastCheck.integer({ min: 0, max: 1 }) }), weight: 1 }
  )

/**
 * How tuples are drawn.
 *
 * @since 0.1.0
 * @category models
 */
export interface TupleOptions {
  /** What its fields are drawn from. By default, `field()`. */
  readonly field?: FastCheck.Arbitrary<unknown> | undefined
  /** How many fields it has, at least and at most. By default 1 and 3. */
  readonly minArity?: number | undefined
  readonly maxArity?: number | undefined
}

const tupleOptions: ReadonlyArray<keyof TupleOptions> = ["field", "minArity", "maxArity"]

/**
 * A tuple.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const tuple = (
  options: TupleOptions = {}
): FastCheck.Arbitrary<Tuple> => {
  OptionsOf.only(options, ...tupleOptions)
  const { field: fields = field(), maxArity = 3, minArity = 1 } = options
  return FastCheck.array(fields, {
    minLength: Math.max(minArity, 1),
    maxLength: maxArity
  }) as unknown as FastCheck.Arbitrary<Tuple>
}

/** Formals and literals that match this field. */
const formalsFor = (value: unknown): ReadonlyArray<unknown> => {
  const literal = P.literal(value)
  const typed = typeof value === "string"
    ? P.string
    : typeof value === "number"
    ? P.number
    : typeof value === "boolean"
    ? P.boolean
    : P.any
  return [literal, P.any, typed, P.oneOf(literal, "another"), P.not(P.literal("another"))]
}

/**
 * A pattern that matches the tuple: each field is a literal or a formal that describes it. It shrinks to literals.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const matching = (tuple: Tuple): FastCheck.Arbitrary<FieldPattern> =>
  FastCheck.tuple(...tuple.map((value) => FastCheck.constantFrom(...formalsFor(value)))).map(patternOf)

/**
 * A pattern made of fields, as all are but the one for failures.
 *
 * @since 0.1.0
 * @category models
 */
export type FieldPattern = Tuple

const patternOf = (fields: ReadonlyArray<unknown>): FieldPattern => fields as unknown as FieldPattern

/**
 * A pattern that does not match the tuple: one field, or the arity, is wrong.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const notMatching = (tuple: Tuple): FastCheck.Arbitrary<FieldPattern> =>
  FastCheck.tuple(matching(tuple), FastCheck.nat(tuple.length)).map(([pattern, at]) =>
    patternOf(
      at === tuple.length
        ? [...pattern, P.any]
        : pattern.map((formal, index) => index === at ? P.not(P.literal(tuple[at])) : formal)
    )
  )

/**
 * A pattern that matches the tuple with this chance, from 0 to 1.
 *
 * @since 0.1.0
 * @category arbitraries
 * @example
 * ```ts
 * import { Pattern as P } from "@effect-linda/core"
 * import { Arbitrary } from "@effect-linda/testkit"
 * import { FastCheck } from "effect"
 *
 * const pairs = Arbitrary.tuple().chain((tuple) =>
 *   Arbitrary.pattern(tuple, 0.5).map((pattern) => ({ tuple, pattern }))
 * )
 * const matches = FastCheck.sample(pairs, 1_000).filter(({ pattern, tuple }) => P.matches(pattern)(tuple))
 * console.log(matches.length > 400 && matches.length < 600) // true
 * ```
 */
export const pattern = (tuple: Tuple, chance: number): FastCheck.Arbitrary<FieldPattern> =>
  FastCheck.oneof(
    { arbitrary: matching(tuple), weight: Math.round(chance * 1_000) },
    { arbitrary: notMatching(tuple), weight: 1_000 - Math.round(chance * 1_000) }
  )

/**
 * A priority (S21), of so few that there are often several tuples of one.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const priority = (): FastCheck.Arbitrary<number> => FastCheck.constantFrom(0, 1, -1, 2, 1000, -1000)

/**
 * An operation on a space of such tuples. Its patterns describe a tuple that may be there, with this chance (by default
 * 0.9). With `priorities` what is put has one of a few.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const operation = (
  options: TupleOptions & { readonly chance?: number | undefined; readonly priorities?: boolean | undefined } = {}
): FastCheck.Arbitrary<Operation> => {
  OptionsOf.only(options, "chance", "priorities", ...tupleOptions)
  const { chance = 0.9, priorities = false, ...rest } = options
  const tuples = tuple(rest)
  const patterns = tuples.chain((each) => pattern(each, chance))
  const several = FastCheck.array(patterns, { minLength: 1, maxLength: 3 }) as unknown as FastCheck.Arbitrary<
    [FieldPattern, ...Array<FieldPattern>]
  >
  const tagged = <const Tags extends ReadonlyArray<Operation["_tag"]>>(
    ...tags: Tags
  ): FastCheck.Arbitrary<Tags[number]> => FastCheck.constantFrom(...tags)
  const one = { _tag: tagged("out"), tuple: tuples }
  const all = { _tag: tagged("outAll"), tuples: FastCheck.array(tuples, { maxLength: 4 }) }
  const put = { priority: priority() }
  return FastCheck.oneof(
    { arbitrary: priorities ? FastCheck.record({ ...one, ...put }) : FastCheck.record(one), weight: 6 },
    { arbitrary: FastCheck.record({ _tag: tagged("in", "rd", "inp", "rdp"), pattern: patterns }), weight: 5 },
    { arbitrary: FastCheck.record({ _tag: tagged("inAny", "rdAny", "inAll"), patterns: several }), weight: 4 },
    {
      arbitrary: priorities ? FastCheck.record({ ...all, ...put }) : FastCheck.record(all),
      weight: 2
    },
    { arbitrary: FastCheck.record({ _tag: tagged("collect", "copyCollect", "count"), pattern: patterns }), weight: 1 },
    { arbitrary: FastCheck.record({ _tag: tagged("inUpTo"), pattern: patterns, n: FastCheck.nat(3) }), weight: 1 },
    {
      arbitrary: FastCheck.record({ _tag: tagged("outIfAbsent", "replace"), pattern: patterns, tuple: tuples }),
      weight: 2
    },
    {
      arbitrary: FastCheck.record({
        _tag: tagged("exchange"),
        patterns: several,
        tuples: FastCheck.array(tuples, { maxLength: 2 })
      }),
      weight: 2
    }
  )
}

/**
 * An operation on a space of such tuples that is given a join with guards (S18): of its members some are taken, some
 * read, and some must be absent.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const query = (options: TupleOptions = {}): FastCheck.Arbitrary<Operation> => {
  OptionsOf.only(options, ...tupleOptions)
  const patterns = tuple(options).chain(matching)
  return FastCheck.record({
    _tag: FastCheck.constantFrom("inQuery" as const, "inQuery", "rdQuery", "inpQuery", "rdpQuery"),
    members: FastCheck.array(
      FastCheck.record({
        role: FastCheck.constantFrom("take" as const, "read" as const, "absent" as const),
        pattern: patterns
      }),
      { minLength: 1, maxLength: 3 }
    )
  })
}
