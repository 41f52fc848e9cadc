/**
 * Processes: computations that a space has started and owns.
 *
 * @since 0.1.0
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- bounds of conditional types, and what is only forwarded */
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Types from "effect/Types"
import * as internal from "./internal/pattern/pattern.js"
import type { FieldType } from "./Pattern.js"
import type { Tuple } from "./Tuple.js"

/**
 * A process that was started by `eval`. It is interrupted when its space's scope closes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Process<out A, out E = never> {
  readonly id: number
  readonly name: string
  // eslint-disable-next-line no-restricted-syntax -- what users get
  readonly fiber: Fiber.RuntimeFiber<A, E>
  /** Waits until the process has ended, and says how. */
  readonly await: Effect.Effect<Exit.Exit<A, E>>
  /**
   * Waits for the result of the process, or fails as it did. Who joins has the failure: it is then in no failure tuple
   * (S13).
   */
  readonly join: Effect.Effect<A, E>
  /** Interrupts the process, and waits until it has ended. An interruption leaves no failure tuple. */
  readonly interrupt: Effect.Effect<Exit.Exit<A, E>>
}

/**
 * Marks a failure pattern, in types only.
 *
 * @since 0.1.0
 * @category symbols
 */
export declare const FailureTypeId: unique symbol

/**
 * The type of the mark.
 *
 * @since 0.1.0
 * @category symbols
 */
export type FailureTypeId = typeof FailureTypeId

/**
 * A pattern for the failure tuples of processes: the error, its printed trace, and the name of the process.
 *
 * @since 0.1.0
 * @category failures
 */
export interface FailurePattern<out E> {
  readonly [FailureTypeId]: Types.Covariant<E>
}

/**
 * Matches the failure tuples of processes, which no other pattern matches: those whose error is an instance of the
 * class, or is described by the field; or all of them.
 *
 * @since 0.1.0
 * @category failures
 * @example
 * ```ts
 * import { Process, TupleSpace } from "@effect-linda/core"
 * import { Data, Effect } from "effect"
 *
 * class Overheated extends Data.TaggedError("Overheated")<{ readonly degrees: number }> {}
 *
 * const program = Effect.gen(function*() {
 *   yield* TupleSpace.eval(Effect.fail(new Overheated({ degrees: 451 })), { name: "burner" })
 *   const [error, _trace, name] = yield* TupleSpace.in(Process.failure(Overheated))
 *   return `${name}: ${error.degrees} degrees`
 * })
 *
 * Effect.runPromise(Effect.provide(program, TupleSpace.layer)).then(console.log) // burner: 451 degrees
 * ```
 */
export const failure: {
  (): FailurePattern<unknown>
  <const Field>(field: Field): FailurePattern<FailureType<Field>>
} = internal.failure as any

/**
 * The type of the errors that `failure(field)` matches.
 *
 * @since 0.1.0
 * @category type-level
 */
export type FailureType<Field> = Field extends Schema.Schema.Any ? Schema.Schema.Type<Field>
  : Field extends abstract new(...args: any) => infer A ? A
  : FieldType<Field>

/**
 * What `evalTuple` makes of its fields: an effect is evaluated, any other value stands for itself. `Option` and
 * `Either` are values here.
 *
 * @since 0.1.0
 */
export declare namespace Evaluated {
  /**
   * Effects that are values here.
   *
   * @since 0.1.0
   * @category type-level
   */
  export type Value = Option.Option<any> | Either.Either<any, any>

  /**
   * What a field becomes.
   *
   * @since 0.1.0
   * @category type-level
   */
  export type Field<F> = F extends Value ? F : F extends Effect.Effect<infer A, infer _E, infer _R> ? A : F

  /**
   * The tuple that the fields become.
   *
   * @since 0.1.0
   * @category type-level
   */
  export type Fields<F extends Tuple> = { readonly [K in keyof F]: Field<F[K]> }

  /**
   * What the fields can fail with.
   *
   * @since 0.1.0
   * @category type-level
   */
  export type Error<F extends Tuple> = {
    [K in keyof F]: F[K] extends Value ? never : F[K] extends Effect.Effect<infer _A, infer E, infer _R> ? E : never
  }[number]

  /**
   * What the fields require.
   *
   * @since 0.1.0
   * @category type-level
   */
  export type Context<F extends Tuple> = {
    [K in keyof F]: F[K] extends Value ? never : F[K] extends Effect.Effect<infer _A, infer _E, infer R> ? R : never
  }[number]
}
