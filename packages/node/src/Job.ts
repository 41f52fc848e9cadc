/**
 * Processes that can run on a thread: exports of a module, which both sides import.
 *
 * @since 0.1.0
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- as the bound of a type, or of what is only forwarded */
import { messageOf, only } from "@effect-linda/core/Options"
import * as Remote from "@effect-linda/core/Remote"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/**
 * Marks a job.
 *
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("@effect-linda/node/Job")

/**
 * The type of the mark.
 *
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * Any job.
 *
 * @since 0.1.0
 * @category models
 */
export interface Any {
  readonly [TypeId]: TypeId
  /** The URL of the module that exports it. */
  readonly module: string
  readonly name: string
}

/**
 * A process by name. `effect` makes it of its input, to be run anywhere: `space.eval(job.effect(input))` runs it as a
 * fiber, `Workers.eval(job, input)` on a thread.
 *
 * @since 0.1.0
 * @category models
 */
export interface Job<in out I, out A, out E, in out S> extends Any {
  readonly input: Schema.Schema<I, unknown>
  readonly exit: Schema.Schema<any, unknown>
  /** The tag under which it finds the space. */
  readonly space: Context.Tag<S, TupleSpace.TupleSpace<any, SpaceError>>
  /** Schemas of classes whose instances are fields of its tuples. */
  readonly schemas: ReadonlyArray<Schema.Schema<any, any>>
  /** What is sent of its input and outcome. */
  readonly codec: Remote.Codec
  readonly effect: (input: I) => Effect.Effect<A, E, S>
}

/**
 * How a job's input and outcome cross, and which space it works in.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<I, II, A, IA, E, IE, S, T extends Tuple> {
  /** The schema of its input. None, if there is none to give. */
  readonly input?: Schema.Schema<I, II> | undefined
  /** The schema of its result. None, if it has none. */
  readonly success?: Schema.Schema<A, IA> | undefined
  /** The schema of its errors. None, if it does not fail. */
  readonly error?: Schema.Schema<E, IE> | undefined
  /** The tag of the space it works in. By default `TupleSpace.TupleSpace`. */
  readonly space?: Context.Tag<S, TupleSpace.TupleSpace<T, SpaceError>> | undefined
  /**
   * Schemas of classes (`Schema.Class`, `Schema.TaggedError`) whose instances are fields of tuples, or parts of the
   * input or the result that their schemas leave as they are. Others are refused where they would cross.
   */
  readonly schemas?: ReadonlyArray<Schema.Schema<any, any>> | undefined
}

/** A member of an error that should be a text, and need not be. */
const textOf = (error: Error, key: "name" | "stack"): string => {
  try {
    return typeof error[key] === "string" ? error[key] : ""
  } catch {
    return ""
  }
}

/** A defect with the stack that it has in its thread, which `Schema.Defect` drops. */
const Defect: Schema.Schema<unknown, unknown> = Schema.transform(Schema.Unknown, Schema.Unknown, {
  strict: true,
  decode: (wire) => {
    if (typeof wire !== "object" || wire === null || !("stack" in wire)) {
      return wire
    }
    const { message, name, stack } = wire as { message: string; name: string; stack: string }
    const error = new Error(message)
    Object.defineProperties(error, {
      name: { value: name, configurable: true, writable: true },
      stack: { value: stack, configurable: true, writable: true }
    })
    return error
  },
  encode: (defect) =>
    defect instanceof Error
      ? { name: textOf(defect, "name"), message: messageOf(defect), stack: textOf(defect, "stack") }
      : Predicate.isObject(defect) || typeof defect === "symbol"
      ? messageOf(defect)
      : defect
})

/**
 * Makes a job. Export it from the module that `module` names, which is nearly always the one it stands in:
 * `import.meta.url`. The thread imports that module and looks for the job among its exports, so what `effect` closes
 * over is what the module has there. Its scope, if it needs one, ends with it.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { Job } from "@effect-linda/node"
 * import { Effect, Schema } from "effect"
 *
 * export const square = Job.make(
 *   import.meta.url,
 *   "square",
 *   { input: Schema.Struct({ times: Schema.Number }), success: Schema.Number },
 *   ({ times }) =>
 *     Effect.gen(function*() {
 *       for (let i = 0; i < times; i++) {
 *         const [, n] = yield* TupleSpace.in(["n", P.number])
 *         yield* TupleSpace.out(["squared", n * n])
 *       }
 *       return times
 *     }).pipe(Effect.orDie)
 * )
 *
 * // the same process as a fiber
 * const program = Effect.gen(function*() {
 *   yield* TupleSpace.eval(square.effect({ times: 1 }))
 *   yield* TupleSpace.out(["n", 7])
 *   return yield* TupleSpace.in(["squared", P.number])
 * })
 *
 * Effect.runPromise(Effect.scoped(Effect.provide(program, TupleSpace.layer))).then(console.log) // [ "squared", 49 ]
 * ```
 */
export const make = <
  I = void,
  II = void,
  A = void,
  IA = void,
  E = never,
  IE = never,
  S = TupleSpace.TupleSpace<Tuple, SpaceError>,
  T extends Tuple = Tuple
>(
  module: string,
  name: string,
  options: Options<I, II, A, IA, E, IE, S, T>,
  effect: (input: I) => Effect.Effect<A, E, S | Scope.Scope>
): Job<I, A, E, S> => {
  only(options, "input", "success", "error", "space", "schemas")
  return {
    [TypeId]: TypeId,
    module,
    name,
    input: (options.input ?? Schema.Void) as Schema.Schema<any, unknown>,
    exit: Schema.Exit({
      success: (options.success ?? Schema.Void) as Schema.Schema<any, unknown>,
      failure: (options.error ?? Schema.Never) as Schema.Schema<any, unknown>,
      defect: Defect
    }) as Schema.Schema<any, any>,
    space: (options.space ?? TupleSpace.TupleSpace) as Context.Tag<any, any>,
    schemas: options.schemas ?? [],
    codec: Remote.codec({ schemas: options.schemas }),
    effect: (input) => Effect.scoped(Effect.suspend(() => effect(input))) as Effect.Effect<A, E, S>
  }
}

/**
 * Whether a value is a job.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isJob = (value: unknown): value is Any => typeof value === "object" && value !== null && TypeId in value
