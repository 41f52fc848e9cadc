/**
 * A space in memory for the tests of programs that use one: it shows what was done and who waits, and fails or delays
 * operations on purpose, as an engine behind a network would.
 *
 * @since 0.1.0
 */
import * as OptionsOf from "@effect-linda/core/Options"
import * as P from "@effect-linda/core/Pattern"
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * An operation that a program has begun.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly operation: Operation
  /** What it was called with, its options included. */
  readonly args: ReadonlyArray<unknown>
}

/**
 * The operations that can be seen, failed and delayed: all but the looks from outside (`inspect`, `explain`,
 * `awaitQuiescent`).
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = typeof effects[number] | typeof streams[number]

const effects = [
  "out",
  "outAll",
  "in",
  "rd",
  "inp",
  "rdp",
  "inWith",
  "inScoped",
  "withPermit",
  "inAny",
  "rdAny",
  "inAll",
  "awaitNone",
  "collect",
  "copyCollect",
  "collectInto",
  "copyCollectInto",
  "inUpTo",
  "count",
  "outIfAbsent",
  "replace",
  "exchange",
  "eval",
  "evalTuple",
  "transact"
] as const

const streams = ["subscribe", "stream"] as const

/**
 * What comes before an operation: if it fails, so does the operation, and nothing has happened; if it sleeps, the
 * operation comes late.
 *
 * @since 0.1.0
 * @category models
 */
export type Hook = (call: Call) => Effect.Effect<void, SpaceError>

/**
 * How a test looks at its space, and meddles with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestSpace<out T extends Tuple = Tuple> {
  /** All tuples that are stored, oldest first. */
  readonly tuples: Effect.Effect<ReadonlyArray<T>>
  /** The operations that wait, longest first, and the subscriptions. */
  readonly waiting: Effect.Effect<ReadonlyArray<TupleSpace.InterestSnapshot>>
  /** Goes on when so many wait. Dies, and says who does, if other fibers come to rest before. */
  readonly awaitWaiting: (count: number) => Effect.Effect<void>
  /** The operations that were begun, in their order. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  /** Puts a hook before every operation that begins from now on, until the scope closes. */
  readonly before: (hook: Hook) => Effect.Effect<void, never, Scope.Scope>
  /** Fails the next so many (by default 1) of these operations: by default as if the engine were lost. */
  readonly fail: (
    operation: Operation,
    options?: { readonly times?: number | undefined; readonly error?: SpaceError | undefined }
  ) => Effect.Effect<void>
  /** Delays each of these operations, by the `Clock`, until the scope closes. */
  readonly delay: (operation: Operation, duration: Duration.DurationInput) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * The tag of the space's other side.
 *
 * @since 0.1.0
 * @category tags
 */
export const TestSpace: Context.Tag<TestSpace, TestSpace> = Context.GenericTag("@effect-linda/testkit/TestSpace")

/**
 * Makes a space and its other side.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <T extends Tuple = Tuple>(
  options?: TupleSpace.Options
): Effect.Effect<readonly [space: TupleSpace.TupleSpace<T, SpaceError>, test: TestSpace<T>], never, Scope.Scope> =>
  Effect.flatMap(TupleSpace.make<T>(options), (space) => over<T, never>(space))

/**
 * Makes the other side of a space that there is, on any engine: see and fail what is done through the space that this
 * gives. On one that is made of a store, so does `SpaceStore.transaction`. The operations of `Transaction` are parts of
 * one call of `transact`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const over = <T extends Tuple, E>(
  space: TupleSpace.TupleSpace<T, E>
): Effect.Effect<readonly [space: TupleSpace.TupleSpace<T, E | SpaceError>, test: TestSpace<T>]> =>
  Effect.sync(() => {
    const calls: Array<Call> = []
    const hooks = new Set<Hook>()
    const begin = (operation: Operation, args: ReadonlyArray<unknown>): Effect.Effect<void, SpaceError> =>
      Effect.suspend(() => {
        const call = { operation, args }
        calls.push(call)
        return Effect.forEach([...hooks], (hook) => hook(call), { discard: true })
      })
    return [hooked(space, begin), testSpace(space, calls, hooks)]
  })

/** The space, with something before each of its operations. */
const hooked = <T extends Tuple, E>(
  space: TupleSpace.TupleSpace<T, E>,
  begin: (operation: Operation, args: ReadonlyArray<unknown>) => Effect.Effect<void, SpaceError>
): TupleSpace.TupleSpace<T, E | SpaceError> => {
  type Method = (...args: ReadonlyArray<unknown>) => never
  const methods: Record<string, unknown> = {}
  for (const operation of effects) {
    const method = space[operation] as Method
    methods[operation] = (...args: ReadonlyArray<unknown>) =>
      Effect.zipRight(begin(operation, args), Effect.suspend(() => method(...args)))
  }
  for (const operation of streams) {
    const method = space[operation] as Method
    methods[operation] = (...args: ReadonlyArray<unknown>) => {
      const made = Effect.map(begin(operation, args), () => method(...args))
      return (args[1] as TupleSpace.Opening | undefined)?.scoped === true ? Effect.flatten(made) : Stream.unwrap(made)
    }
  }
  // what is not a method, such as what it is made of, stays
  return { ...space, ...methods } as unknown as TupleSpace.TupleSpace<T, E | SpaceError>
}

/** So many turns of all others are enough for them to come to rest, unless they wait. */
const patience = 10_000

const testSpace = <T extends Tuple, E>(
  space: TupleSpace.TupleSpace<T, E>,
  calls: ReadonlyArray<Call>,
  hooks: Set<Hook>
): TestSpace<T> => {
  const waiting = Effect.map(Effect.orDie(space.inspect), ({ interests }) => interests)
  const before = (hook: Hook): Effect.Effect<void, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => void hooks.add(hook)),
      () => Effect.sync(() => void hooks.delete(hook))
    )
  const awaitWaiting = (count: number, turn = 0): Effect.Effect<void> =>
    Effect.flatMap(waiting, (interests) =>
      interests.length >= count
        ? Effect.void
        : turn < patience
        ? Effect.zipRight(Effect.yieldNow(), awaitWaiting(count, turn + 1))
        : Effect.dieMessage(
          `${interests.length} wait, where ${count} should: ` +
            interests.map(({ kind, patterns }) => `${kind} ${patterns.join(", ")}`).join("; ")
        ))
  return {
    tuples: Effect.map(
      Effect.orDie(space.copyCollect([P.rest(P.any)])),
      (tuples) => tuples as ReadonlyArray<unknown> as ReadonlyArray<T>
    ),
    waiting,
    awaitWaiting: (count) => awaitWaiting(count),
    calls: Effect.sync(() => [...calls]),
    before,
    fail: (operation, options = {}) =>
      Effect.sync(() => {
        OptionsOf.only(options, "times", "error")
        const { error = lost(operation), times = 1 } = options
        let left = times
        const hook: Hook = (call) => {
          if (call.operation !== operation || left === 0) {
            return Effect.void
          }
          if (--left === 0) {
            hooks.delete(hook)
          }
          return Effect.fail(error)
        }
        hooks.add(hook)
      }),
    delay: (operation, duration) =>
      before((call) => call.operation === operation ? Effect.sleep(duration) : Effect.void)
  }
}

const lost = (operation: Operation) =>
  new SpaceError({ reason: "Unavailable", message: `the test has failed this ${operation} on purpose` })

/**
 * Provides a space and its other side.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { Pattern as P, TupleSpace } from "@effect-linda/core"
 * import { TestSpace } from "@effect-linda/testkit"
 * import { Effect, Fiber } from "effect"
 *
 * // the program under test
 * const double = Effect.gen(function*() {
 *   const [, n] = yield* TupleSpace.in(["n", P.number])
 *   yield* TupleSpace.out(["doubled", n * 2])
 * })
 *
 * const test = Effect.gen(function*() {
 *   const space = yield* TestSpace.TestSpace
 *   const fiber = yield* Effect.fork(double)
 *   yield* space.awaitWaiting(1)
 *   yield* space.fail("out", { times: 1 })
 *   yield* Effect.exit(TupleSpace.out(["n", 4])) // fails: the engine is lost for a moment
 *   yield* TupleSpace.out(["n", 4])
 *   yield* Fiber.join(fiber)
 *   return yield* space.tuples
 * })
 *
 * Effect.runPromise(Effect.provide(test, TestSpace.layer)).then(console.log) // [ [ "doubled", 8 ] ]
 * ```
 */
export const layer: Layer.Layer<TupleSpace.TupleSpace<Tuple, SpaceError> | TestSpace> = Layer.scopedContext(
  Effect.map(
    Effect.suspend(() => make()),
    ([space, test]) => Context.make(TupleSpace.TupleSpace, space).pipe(Context.add(TestSpace, test))
  )
)

/**
 * Provides a space of a protocol, under its own tag, and its other side.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFor = <Self, T extends Tuple>(
  tag: Context.Tag<Self, TupleSpace.TupleSpace<T, SpaceError>>,
  options?: TupleSpace.Options
): Layer.Layer<Self | TestSpace> =>
  Layer.scopedContext(
    Effect.map(make<T>(options), ([space, test]) => Context.make(tag, space).pipe(Context.add(TestSpace, test)))
  )
