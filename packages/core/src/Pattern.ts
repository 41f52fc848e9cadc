/**
 * Patterns: how a tuple is described to the space that holds it. A pattern is an array of fields; each is a literal (a
 * value that must be equal) or a formal (a description that must hold).
 *
 * Import it as `P`, and write patterns as plain arrays: `["sum", P.number]`.
 *
 * @since 0.1.0
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- bounds of conditional types, and what is only forwarded */
import type * as Equal from "effect/Equal"
import type { Pipeable } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import * as Code from "./internal/pattern/code.js"
import * as Fields from "./internal/pattern/fields.js"
import { compile } from "./internal/pattern/pattern.js"
import * as Terms from "./internal/pattern/term.js"
import type { Mistake, MistakeOfChoice, MistakeOfMember } from "./Mistake.js"
import type { FailurePattern } from "./Process.js"
import type { Absent, All, Any, Batch, Gathered, Read } from "./Query.js"
import type { Tuple } from "./Tuple.js"
import type { Choice } from "./TupleSpace.js"

/**
 * Marks a formal, in types only.
 *
 * @since 0.1.0
 * @category symbols
 */
export declare const FormalTypeId: unique symbol

/**
 * The type of the mark.
 *
 * @since 0.1.0
 * @category symbols
 */
export type FormalTypeId = typeof FormalTypeId

/**
 * A field of a pattern that describes values of type `A`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Formal<out A> {
  readonly [FormalTypeId]: { readonly _A: (_: never) => A }
}

/**
 * The last field of a pattern that describes all the remaining fields of a tuple.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rest<out A> {
  readonly [FormalTypeId]: { readonly _Rest: (_: never) => A }
}

/**
 * Anything that can stand as a pattern: a non-empty array of fields, or the pattern of the failures of processes.
 *
 * @since 0.1.0
 * @category models
 */
export type Pattern = Tuple | FailurePattern<unknown>

/**
 * The type of values that a field of a pattern matches: a formal or a schema gives its type, a refinement its narrowed
 * type, a predicate the type of its parameter, a nested array or record the type of its members, a literal its own
 * type.
 *
 * @since 0.1.0
 * @category type-level
 */
export type FieldType<F> = 0 extends 1 & F ? any : F extends Formal<infer A> ? A
: F extends Schema.Schema.Any ? Schema.Schema.Type<F>
: F extends (value: any) => value is infer B ? B
: F extends (value: infer A) => boolean ? A
: F extends Opaque ? F
: F extends ReadonlyArray<unknown> ? ArrayType<F>
: F extends object ? true extends HasFormal<F> ? { readonly [K in keyof F]: FieldType<F[K]> } : F
: F

/** Objects that are literals whatever their members are. */
type Opaque =
  | Equal.Equal
  | Pipeable
  | Date
  | RegExp
  | Error
  | ReadonlyMap<any, any>
  | ReadonlySet<any>
  | Promise<any>
  | ArrayBuffer
  | ArrayBufferView

type HasFormal<F> = F extends Formal<any> | Rest<any> | Schema.Schema.Any | ((value: any) => boolean) ? true
  : F extends Opaque ? false
  : F extends ReadonlyArray<infer A> ? HasFormal<A>
  : F extends object ? { [K in keyof F]: HasFormal<F[K]> }[keyof F]
  : false

type ArrayType<F extends ReadonlyArray<unknown>> = F extends readonly [...infer Init, Rest<infer A>]
  ? readonly [...ArrayType<Init>, ...Array<A>]
  : { readonly [K in keyof F]: FieldType<F[K]> }

/**
 * The type of the tuples of a space of `T` that match the pattern `P`: `never` if none can. For a query it is the type
 * of what `in` gives.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Match<T extends Tuple, P> = 0 extends 1 & P ? T :
  P extends FailurePattern<infer E> ? readonly [error: E, trace: string, process: string]
  : P extends ReadonlyArray<unknown> ? Tuple extends T ? ArrayType<P> : T extends Tuple ? Readonly<Narrow<T, P>> : never
  : P extends Any<infer Ps> ? Choice<T, Ps>
  : P extends All<infer Ps> ? Gathered<T, Ps>
  : P extends Batch<infer One> ? ReadonlyArray<Match<T, One>>
  : P extends Read<infer One> ? Match<T, One>
  : never

/**
 * Walks a tuple type and a pattern type in step, and narrows each field of the one by the other. The first field of a
 * tuple type is one of three: required; one of any number of fields that others follow; optional, or one of any number
 * to the end.
 */
type Narrow<
  T extends ReadonlyArray<unknown>,
  P extends ReadonlyArray<unknown>,
  Acc extends ReadonlyArray<unknown> = []
> = P extends readonly [infer PF, ...infer PR] ? RestOf<PF> extends [infer A] ? NarrowRest<T, A, Acc>
  : T extends readonly [infer TF, ...infer TR] ? NarrowFirst<TF, PF, TR, PR, Acc>
  : T extends readonly [...Array<unknown>, unknown]
    ? NarrowFirst<Repeated<T>, PF, T, PR, Acc> | Narrow<Following<T>, P, Acc>
  : T extends readonly [] ? never
  : T extends readonly [_?: infer TF, ...infer TR] ? NarrowFirst<TF, PF, TR, PR, Acc>
  : never
  : P extends readonly [] ? [] extends T ? Acc : never
  // How many fields it has is not known: nor, then, is more of the tuple than its type says.
  : [...Acc, ...T]

/** What matches anything is asked first: it can be answered for a `TF` that is not known yet. */
type NarrowFirst<
  TF,
  PF,
  TR extends ReadonlyArray<unknown>,
  PR extends ReadonlyArray<unknown>,
  Acc extends ReadonlyArray<unknown>
> = IsAnything<PF> extends true ? Narrow<TR, PR, [...Acc, TF]>
  : NarrowField<TF, PF> extends infer N ? [N] extends [never] ? never : Narrow<TR, PR, [...Acc, N]>
  : never

type NarrowRest<T extends ReadonlyArray<unknown>, A, Acc extends ReadonlyArray<unknown>> = unknown extends A
  ? [...Acc, ...T]
  : T extends readonly [] ? Acc
  : T extends readonly [infer TF, ...infer TR]
    ? Overlap<TF, A> extends infer N ? [N] extends [never] ? never : NarrowRest<TR, A, [...Acc, N]> : never
  : T extends readonly [...Array<unknown>, unknown]
    ? NarrowRest<Following<T>, A, [...Acc, ...Array<Overlap<Repeated<T>, A>>]>
  : number extends T["length"]
    ? T extends readonly [_?: infer TF, ...infer TR] ? Array<TF> extends T ? [...Acc, ...Array<Overlap<TF, A>>]
      : NarrowRest<TR, A, [...Acc, Overlap<TF, A>?]>
    : never
  : T extends readonly [_?: infer TF, ...infer TR] ? NarrowRest<TR, A, [...Acc, Overlap<TF, A>?]>
  : never

/** Of a tuple that begins with any number of fields: what these are. */
type Repeated<T extends ReadonlyArray<unknown>> = T extends readonly [...infer Init, unknown] ? Repeated<Init>
  : T[number]

/** Of a tuple that begins with any number of fields: those which follow. */
type Following<T extends ReadonlyArray<unknown>> = T extends readonly [...infer Init, infer Last]
  ? [...Following<Init>, Last]
  : []

/** `[A]` for a `Rest<A>`, and `false` for any other field. */
type RestOf<F> = 0 extends 1 & F ? false : [F] extends [Rest<infer A>] ? [A] : false

/** Whether a field of a pattern is known to match any value: `P.any`, or one of no known type. */
type IsAnything<F> = 0 extends 1 & F ? true : [F] extends [Formal<infer A>] ? unknown extends A ? true : false : false

/** Whether a type is not `never`. */
type IsSome<A> = [true] extends [A extends unknown ? true : never] ? true : false

type Primitive = string | number | boolean | bigint | symbol | null | undefined

/** Narrows the type of a field of a tuple by a field of a pattern. Arrays and records are narrowed member by member. */
type NarrowField<T, F> = 0 extends 1 & F ? T
  : F extends Primitive ? [F] extends [T] ? F : Extract<T, Primitive> & F
  : F extends Formal<infer A> ? Overlap<T, A>
  : F extends Schema.Schema.Any | ((value: any) => boolean) | Opaque ? Overlap<T, FieldType<F>>
  : unknown extends T ? FieldType<F>
  : F extends ReadonlyArray<unknown> ? T extends ReadonlyArray<unknown> ? NarrowArray<T, F> : Overlap<T, ArrayType<F>>
  : F extends object ? T extends Primitive | Opaque | ReadonlyArray<unknown> ? never : NarrowRecord<T, F>
  : Overlap<T, F>

type NarrowArray<T extends ReadonlyArray<unknown>, F extends ReadonlyArray<unknown>> = [T] extends [ArrayType<F>] ? T
  : T extends Array<unknown> ? Narrow<T, F>
  : Readonly<Narrow<T, F>>

/** A record in a pattern matches those that have exactly its keys. */
type NarrowRecord<T, F extends object> = [RequiredKeys<T>] extends [keyof F]
  ? { readonly [K in keyof F]: K extends keyof T ? NarrowField<T[K], F[K]> : FieldType<F[K]> } extends infer M
    ? false extends { [K in keyof M]: IsSome<M[K]> }[keyof M] ? never
    : [M] extends [T] ? M
    : T & M
  : never
  : never

type RequiredKeys<T> = {
  [K in keyof T]-?: { readonly [_ in K]?: T[K] } extends { readonly [_ in K]: T[K] } ? never : K
}[
  keyof T
]

/**
 * The values that are both. What is left of `T` keeps all of its members, for what matches `F` may have more than `F`
 * says.
 */
type Overlap<T, F> = unknown extends F ? T
  : unknown extends T ? F
  : [T] extends [F] ? T
  : [F] extends [T & Primitive] ? F
  : T extends unknown ? F extends unknown ? Meet<T, F> : never
  : never

type Meet<T, F> = [T] extends [F] ? T
  : [F] extends [T] ? [keyof T] extends [keyof F] ? F : T & F
  : T extends Primitive ? F extends Primitive ? T & F : never
  : F extends Primitive ? never
  : T & F

/**
 * A field of a pattern that matches values of type `A` and no others, wherever it stands: a value, a formal, a schema,
 * a refinement, or an array or record of such fields.
 *
 * @since 0.1.0
 * @category type-level
 */
export type FieldWithin<A> =
  | A
  | Formal<A>
  | Schema.Schema<A, any, any>
  | ((value: any) => value is A)
  | { readonly [K in keyof A]: FieldWithin<A[K]> }

/**
 * A pattern that matches tuples of `T` and no others, in a space of whatever tuples.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Within<T extends Tuple> = { readonly [K in keyof T]: FieldWithin<T[K]> }

/**
 * Names the constructor that stands where a formal should.
 *
 * @since 0.1.0
 * @category type-level
 */
export type Refuse<F> = 0 extends 1 & F ? never : F extends StringConstructor ? "String is no formal: use P.string"
: F extends NumberConstructor ? "Number is no formal: use P.number"
: F extends BooleanConstructor ? "Boolean is no formal: use P.boolean"
: F extends BigIntConstructor ? "BigInt is no formal: use P.bigint"
: F extends SymbolConstructor ? "Symbol is no formal: use P.symbol"
: F extends DateConstructor ? "Date is no formal: use P.date"
: F extends Schema.Schema.Any ? never
: F extends abstract new(...args: any) => unknown ? "a class is no formal: use P.instanceOf(Class)"
: F extends (...args: any) => infer A ? Late<A>
: never

/** What is wrong with a predicate that returns this. */
type Late<A> = 0 extends 1 & A ? never : [A] extends [never] ? never
: [A] extends [PromiseLike<unknown>] ? "a predicate has to answer at once: this one returns a promise"
: never

/**
 * `unknown` for a pattern that can match a tuple of a space of `T`, or of which that cannot be said because `T` or `P`
 * is a type parameter; otherwise a sentence that says what is wrong, which the compiler prints where the pattern
 * stands.
 *
 * @since 0.1.0
 * @category type-level
 */
// The compiler lets a value of a type parameter pass for a conditional type that is not distributive, infers nothing,
// and comes to a type that it passes for if its parameters are replaced by wildcards. To these everything is
// assignable, hence `IsSome`.
export type Check<T extends Tuple, P> = [IsSome<Fitting<T, P>>] extends [false] ? Mistake<T, P> : unknown

/** What can match, and `never` if there is something wrong with the pattern. */
type Fitting<T extends Tuple, P> = 0 extends 1 & P ? true
  : P extends ReadonlyArray<unknown> ? [Refuse<P[number]>] extends [never] ? Match<T, P> : never
  : P extends Any<infer Ps> ? [MistakeOfChoice<T, Ps>] extends [never] ? true : never
  : P extends All<infer Ps> ? [MistakeOfMember<T, Ps>] extends [never] ? true : never
  : P extends Batch<infer One> | Read<infer One> | Absent<infer One> ? Fitting<T, One>
  : true

const formal = <A>(term: Terms.Term): Formal<A> => new Fields.FormalImpl(term) as unknown as Formal<A>

/**
 * Matches every value.
 *
 * @since 0.1.0
 * @category formals
 */
export const any: Formal<unknown> = formal(Terms.any)

const string_: Formal<string> = formal(Fields.ofType("string"))
const number_: Formal<number> = formal(Fields.ofType("number"))
const boolean_: Formal<boolean> = formal(Fields.ofType("boolean"))
const bigint_: Formal<bigint> = formal(Fields.ofType("bigint"))
const symbol_: Formal<symbol> = formal(Fields.ofType("symbol"))

export {
  /**
   * Matches every bigint.
   *
   * @since 0.1.0
   * @category formals
   */
  bigint_ as bigint,
  /**
   * Matches `true` and `false`.
   *
   * @since 0.1.0
   * @category formals
   */
  boolean_ as boolean,
  /**
   * Matches every number, `NaN` and the infinities included.
   *
   * @since 0.1.0
   * @category formals
   */
  number_ as number,
  /**
   * Matches every string.
   *
   * @since 0.1.0
   * @category formals
   */
  string_ as string,
  /**
   * Matches every symbol.
   *
   * @since 0.1.0
   * @category formals
   */
  symbol_ as symbol
}

/**
 * Matches every `Date`.
 *
 * @since 0.1.0
 * @category formals
 */
export const date: Formal<Date> = formal(Fields.date)

/**
 * Matches instances of a class and of its subclasses.
 *
 * @since 0.1.0
 * @category formals
 */
export const instanceOf = <A>(constructor: abstract new(...args: any) => A): Formal<A> =>
  formal(Code.instanceOf(constructor))

/**
 * Matches this value and no other: for values that would be read as formals, such as functions and schemas.
 *
 * @since 0.1.0
 * @category formals
 */
export const literal = <const A>(value: A): Formal<A> => formal(Terms.literal(value))

/**
 * Matches the values of a schema's type side. A bare schema means the same.
 *
 * @since 0.1.0
 * @category formals
 */
export const schema = <A, I, R>(self: Schema.Schema<A, I, R>): Formal<A> => formal(Code.schema(self))

/**
 * Matches what a predicate accepts; of a refinement, the narrowed type. A bare predicate means the same.
 *
 * A predicate should be pure and total. One that throws ends the operation that brought it with that defect, and only
 * that.
 *
 * @since 0.1.0
 * @category formals
 */
export const when = <F extends (value: any) => boolean>(predicate: F): Formal<FieldType<F>> =>
  formal(Code.when(predicate))

/**
 * Matches what any of the given fields matches. Variables are bound by the first that does.
 *
 * @since 0.1.0
 * @category formals
 */
export const oneOf = <const Fields extends Tuple>(...fields: Fields): Formal<FieldType<Fields[number]>> =>
  formal(Fields.oneOf(fields))

/**
 * Matches what the given field does not.
 *
 * @since 0.1.0
 * @category formals
 */
export const not = <const Field>(field: Field): Formal<unknown> => formal(Fields.not(field))

/**
 * Matches values from the first bound to the second, both included: numbers, bigints, strings or dates.
 *
 * @since 0.1.0
 * @category formals
 */
export const between: {
  (minimum: number, maximum: number): Formal<number>
  (minimum: bigint, maximum: bigint): Formal<bigint>
  (minimum: string, maximum: string): Formal<string>
  (minimum: Date, maximum: Date): Formal<Date>
} = (minimum: unknown, maximum: unknown): Formal<any> => formal(Fields.between(minimum, maximum))

/**
 * Matches strings in which the expression finds something. What is no string does not match.
 *
 * @since 0.1.0
 * @category formals
 */
export const matching = (expression: RegExp): Formal<string> => formal(Fields.matching(expression))

/**
 * Matches objects that have at least these members. A plain record in a pattern demands exactly its keys.
 *
 * @since 0.1.0
 * @category formals
 */
export const partial = <const Fields extends Readonly<Record<string, unknown>>>(
  fields: Fields
): Formal<{ readonly [K in keyof Fields]: FieldType<Fields[K]> }> => formal(Fields.partial(fields))

/**
 * A variable: fields under the same name must be equal. Within one pattern, `[P.ref("x"), P.ref("x")]` matches pairs;
 * in the patterns of one `inAll`, the name joins the tuples.
 *
 * @since 0.1.0
 * @category formals
 */
export const ref: {
  (name: string): Formal<unknown>
  <const Field>(name: string, field: Field): Formal<FieldType<Field>>
} = ((name: string, field: unknown = any) => formal(Fields.variable(name, field))) as any

/**
 * As the last field of a pattern, matches all remaining fields, of which there may be none.
 *
 * @since 0.1.0
 * @category formals
 */
export const rest = <const Field>(field: Field): Rest<FieldType<Field>> =>
  new Fields.FormalImpl(Fields.rest(field)) as unknown as Rest<FieldType<Field>>

/**
 * The predicate that a pattern is, for use outside a space: what `in` would take of an array of tuples.
 *
 * @since 0.1.0
 * @category matching
 * @example
 * ```ts
 * import { Pattern as P } from "@effect-linda/core"
 *
 * const tuples = [["sum", 1], ["sum", "x"], ["product", 2]] as const
 * console.log(tuples.filter(P.matches(["sum", P.number]))) // [ [ "sum", 1 ] ]
 * ```
 */
export const matches = <const P extends Pattern>(
  pattern: P & Check<Tuple, P>
): (tuple: Tuple) => tuple is Match<Tuple, P> & Tuple => {
  const compiled = compile(pattern)
  return (tuple): tuple is Match<Tuple, P> & Tuple => compiled.matches(tuple)
}
