/**
 * What is wrong with a pattern that can match no tuple of its space, as sentences of types, which the compiler prints.
 * They are made for patterns that do not compile only, so they cost nothing where all is well.
 *
 * A module of its own, and public: the declarations of those who build on patterns may have to name it.
 *
 * @since 0.1.0
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- as the bound of a type */
import type { Check, FieldType, Formal, Match, Refuse, Rest } from "./Pattern.js"
import type { Absent, All, Any, Batch, Read } from "./Query.js"
import type { Tuple } from "./Tuple.js"
import type { CheckAny } from "./TupleSpace.js"

type Fields = ReadonlyArray<unknown>

/**
 * The sentence for the pattern `P` in a space of `T`.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Mistake<T extends Tuple, P> = P extends Fields
  ? [Refuse<P[number]>] extends [never] ? MistakeOfShape<T, P> : Refuse<P[number]>
  : P extends Any<infer Ps> ? MistakeOfChoice<T, Ps>
  : P extends All<infer Ps> ? MistakeOfMember<T, Ps>
  : P extends Batch<infer One> | Read<infer One> | Absent<infer One> ? Mistake<T, One>
  : Otherwise

/**
 * What is wrong with the patterns of a choice: `never`, if nothing is.
 *
 * @since 0.1.0
 * @category type-level
 */
export type MistakeOfChoice<T extends Tuple, Ps> = CheckAny<T, Ps> extends infer C extends string ? C
  : MistakeOfMember<T, Ps>

/**
 * What is wrong with one of several patterns, by its key or index: `never`, if nothing is.
 *
 * @since 0.1.0
 * @category type-level
 */
export type MistakeOfMember<T extends Tuple, Ps> = Ps extends Fields
  ? number extends Ps["length"] ? MistakeAt<"any", Check<T, Ps[number]>>
  : { [K in keyof Ps & `${number}`]: MistakeAt<K, Check<T, Ps[K]>> }[keyof Ps & `${number}`]
  : { [K in keyof Ps & string]: MistakeAt<K, Check<T, Ps[K]>> }[keyof Ps & string]

type MistakeAt<K extends string, C> = C extends string ? `${K}: ${C}` : never

type Otherwise = "no tuple of this space has this shape: the pattern can never match"

/** First the field that names the kind of a tuple, then how many fields there are, then each of them. */
type MistakeOfShape<T extends Tuple, P extends Fields> = P extends readonly [infer First, ...infer Others]
  ? [Match<T, readonly [First, Rest<unknown>]>] extends [never] ? MistakeOfHead<T, First>
  : [Match<T, readonly [First, ...Loose<Others>]>] extends [never]
    ? MistakeOfLength<Match<T, readonly [First, Rest<unknown>]>, P>
  : MistakeOfField<T, [First], Others>
  : Otherwise

type MistakeOfHead<T extends Tuple, First> = First extends string
  ? [Near<First, T[0]>] extends [never]
    ? `${Show<First>} is the first field of no tuple of this space, which are ${Show<T[0]>}`
  : `${Show<First>} is the first field of no tuple of this space: did you mean ${Show<Near<First, T[0]>>}?`
  : `field 0 is ${Show<T[0]>} in this space, and ${ShowField<First>} in the pattern: it can never match`

type MistakeOfLength<M, P extends Fields> = [M] extends [Fields]
  ? `${ShowHead<M>} has ${Lengths<M>} in this space, and ${PatternLength<P>} in the pattern: it can never match`
  : Otherwise

/**
 * Looks for the first field that leaves nothing to match: `Done` are those that do not, with all behind them left open.
 */
type MistakeOfField<T extends Tuple, Done extends Fields, Todo extends Fields> = Todo extends
  readonly [infer Field, ...infer Others]
  ? [Match<T, readonly [...Done, Field, ...Loose<Others>]>] extends [never]
    ? Match<T, readonly [...Done, ...Loose<Todo>]> extends infer M extends Fields
      ? Differing<`field ${Done["length"]} of ${ShowHead<M>}`, Show<FieldAt<M, Done["length"]>>, ShowField<Field>>
    : Otherwise
  : MistakeOfField<T, [...Done, Field], Others>
  : Otherwise

type Differing<Place extends string, Here extends string, There extends string> = [Here, There] extends [There, Here]
  ? `${Place} is ${Here} of another shape in this space: it can never match`
  : `${Place} is ${Here} in this space, and ${There} in the pattern: it can never match`

/** The same fields, matching anything. */
type Loose<P extends Fields> = { readonly [K in keyof P]: P[K] extends Rest<any> ? Rest<unknown> : Formal<unknown> }

type FieldAt<M, At extends Fields["length"]> = M extends Fields ? M[At] : never

type ShowHead<M extends Fields> = Show<M[0]>

/** How many fields tuples of these types can have. */
type Lengths<M extends Fields> = M["length"] extends 1 ? "1 field"
  : number extends M["length"] ? `${Listed<`${Least<M>}`, " or ">} or more fields`
  : `${Listed<`${M["length"]}`, " or ">} fields`

type Least<M extends Fields, Acc extends Fields = []> = M extends readonly [unknown, ...infer Others]
  ? Least<Others, [...Acc, unknown]>
  : Acc["length"]

type PatternLength<P extends Fields> = P extends readonly [...infer Init, Rest<any>] ? `${Init["length"]} or more`
  : `${P["length"]}`

type ShowField<F> = F extends Rest<infer A> ? Show<A> : Show<FieldType<F>>

/** A type as text: literals as such, of other types the name. */
type Show<A> = unknown extends A ? "anything" : [A] extends [never] ? "nothing" : Listed<
  boolean extends A ? "boolean" | ShowEach<Exclude<A, boolean>> : ShowEach<A>,
  " | "
>

type ShowEach<A> = A extends string ? string extends A ? "string" : `"${A}"`
  : A extends number ? number extends A ? "number" : `${A}`
  : A extends bigint ? bigint extends A ? "bigint" : `${A}n`
  : A extends boolean | null | undefined ? `${A}`
  : A extends symbol ? "symbol"
  : A extends Date ? "a Date"
  : A extends Fields ? "an array"
  : A extends (...args: any) => unknown ? "a function"
  : "an object"

/** The members of a union, in a row. Of many, the first twelve. */
type Listed<U extends string, Separator extends string> = Joined<Members<U>, Separator>

type Members<U, Acc extends Fields = []> = [U] extends [never] ? Acc
  : LastOf<U> extends infer L ? Members<Exclude<U, L>, [L, ...Acc]>
  : never

type LastOf<U> = (U extends unknown ? (_: () => U) => void : never) extends (_: infer I) => void
  ? I extends () => infer L ? L : never
  : never

type Joined<L extends Fields, Separator extends string, Acc extends string = "", Count extends Fields = []> = L extends
  readonly [infer First extends string, ...infer Others] ? Count["length"] extends 12 ? `${Acc}${Separator}…`
  : Joined<Others, Separator, Acc extends "" ? First : `${Acc}${Separator}${First}`, [...Count, unknown]>
  : Acc

/**
 * Those of the names that differ from a text in few letters: at most two where they differ, and something alike around
 * these.
 */
type Near<A extends string, Names> = Names extends string ? string extends Names ? never
  : AtMostTwo<A> extends true ? never
  : Unlike<Lowercase<A>, Lowercase<Names>> extends readonly [infer X extends string, infer Y extends string]
    ? Unlike<Reversed<X>, Reversed<Y>> extends readonly [infer V extends string, infer W extends string]
      ? V extends Reversed<Lowercase<A>> ? never : AtMostTwo<V> & AtMostTwo<W> extends true ? Names : never
    : never
  : never
  : never

/** Two texts without what both begin with. */
type Unlike<A extends string, B extends string> = A extends `${infer Letter}${infer Others}`
  ? B extends `${Letter}${infer Rest}` ? Unlike<Others, Rest> : readonly [A, B]
  : readonly [A, B]

type Reversed<A extends string, Acc extends string = ""> = A extends `${infer Letter}${infer Others}`
  ? Reversed<Others, `${Letter}${Acc}`>
  : Acc

type AtMostTwo<A extends string> = A extends `${infer _}${infer B}`
  ? B extends `${infer _}${infer C}` ? C extends "" ? true : false : true
  : true
