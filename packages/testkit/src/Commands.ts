/**
 * Random programs as fast-check commands: each does the same to a space and to its model, and then everything has to
 * agree: the result, who of those that waited was served and with what, and what is left in which order.
 *
 * @since 0.1.0
 */
import * as OptionsOf from "@effect-linda/core/Options"
import * as P from "@effect-linda/core/Pattern"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { FieldPattern, TupleOptions } from "./Arbitrary.js"
import * as Arbitrary from "./Arbitrary.js"
import * as Model from "./Model.js"

type Space = TupleSpace<Tuple, SpaceError>

/**
 * The model as a program goes on, and names for those who wait.
 *
 * @since 0.1.0
 * @category models
 */
export interface Expected {
  model: Model.Model
  nextId: number
}

/**
 * The space under test, as a program goes on: the fibers that wait, by the names that the model has for them, and those
 * that hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface Actual {
  readonly space: Space
  /** Lets everything go as far as it can. */
  readonly settle: Effect.Effect<void>
  /** Lets so many milliseconds go by: for programs with tuples that come later. */
  readonly pass?: ((millis: number) => Effect.Effect<void>) | undefined
  /** Where operations that wait are run. */
  readonly scope: Scope.Scope
  /** Runs an effect, in whatever the test runs in. */
  readonly run: (effect: Effect.Effect<void, unknown>) => Promise<void>
  readonly waiting: Map<number, Fiber.RuntimeFiber<unknown, unknown>>
  readonly holding: Map<number, Holder>
}

interface Holder {
  readonly way: Way
  readonly requeue: Requeue
  readonly gate: Deferred.Deferred<void, "put back">
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
}

type Requeue = "place" | "back"
/** A permit comes back however its use ends. */
type Way = "inWith" | "withPermit"

/**
 * One step of a random program.
 *
 * @since 0.1.0
 * @category models
 */
export type Command = FastCheck.AsyncCommand<Expected, Actual>

/**
 * A random program. With `later` tuples also come later, and time goes by: then {@link run} needs `pass`. With `joins`
 * joins are also read, and looked for now; on a store who reads one is not told of a tuple that a taker gets (S18).
 * With `guards` joins have members that are read, or absent. With `priorities` tuples have some (S21).
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const commands = (
  options: TupleOptions & {
    readonly joins?: boolean | undefined
    readonly guards?: boolean | undefined
    readonly later?: boolean | undefined
    readonly maxCommands?: number | undefined
    readonly priorities?: boolean | undefined
  } = {}
): FastCheck.Arbitrary<Iterable<Command>> => {
  OptionsOf.only(
    options,
    "maxCommands",
    "joins",
    "guards",
    "later",
    "priorities",
    "field",
    "minArity",
    "maxArity"
  )
  const { guards = false, joins = false, later = false, maxCommands = 40, priorities = false, ...ofTuples } = options
  const patterns = Arbitrary.tuple(ofTuples).chain(Arbitrary.matching)
  return FastCheck.commands([
    // the more often one is named, the more often it comes
    ...Array.from(
      { length: 5 },
      () => Arbitrary.operation({ ...ofTuples, priorities }).map((operation) => new Do(operation))
    ),
    FastCheck.nat(9).map((which) => new Interrupt(which)),
    FastCheck.tuple(
      patterns,
      FastCheck.constantFrom<Requeue>("place", "back"),
      FastCheck.constantFrom<Way>("inWith", "withPermit")
    )
      .map(([pattern, requeue, way]) => new Hold(pattern, requeue, way)),
    FastCheck.tuple(FastCheck.nat(9), FastCheck.constantFrom<How>("succeeds", "fails", "is interrupted"))
      .map(([which, how]) => new Release(which, how)),
    ...(joins
      ? [
        FastCheck.tuple(
          FastCheck.constantFrom("rdAll" as const, "inpAll" as const, "rdpAll" as const),
          FastCheck.array(patterns, { minLength: 1, maxLength: 3 })
        ).map(([_tag, [first, ...others]]) => new Do({ _tag, patterns: [first!, ...others] }))
      ]
      : []),
    ...(guards
      // As often as all other operations together.
      ? Array.from({ length: 4 }, () => Arbitrary.query(ofTuples).map((operation) => new Do(operation)))
      : []),
    ...(later
      ? [
        FastCheck.tuple(
          Arbitrary.tuple(ofTuples),
          FastCheck.nat(5),
          priorities ? Arbitrary.priority() : FastCheck.constant(0)
        ).map(([tuple, after, priority]) => new Later(tuple, after, priority)),
        FastCheck.nat(3).map((millis) => new Pass(millis))
      ]
      : [])
  ], { maxCommands, size: "max" })
}

/**
 * Runs one random program against a new space and the model. Throws what they disagree in.
 *
 * @since 0.1.0
 * @category running
 */
export const run = async (
  program: Iterable<Command>,
  actual: Omit<Actual, "holding" | "waiting">
): Promise<void> => {
  const real: Actual = { ...actual, waiting: new Map(), holding: new Map() }
  try {
    await FastCheck.asyncModelRun(() => ({ model: { model: Model.empty, nextId: 0 }, real }), program)
  } finally {
    const fibers = [...real.waiting.values(), ...Array.from(real.holding.values(), ({ fiber }) => fiber)]
    await actual.run(Fiber.interruptAll(fibers))
  }
}

/**
 * What a space and its model differ in.
 *
 * @since 0.1.0
 * @category errors
 */
export class Disagreement extends Data.TaggedError("Disagreement")<{ readonly message: string }> {}

/** Fails with what two results differ in. */
const agree = (what: string, actual: unknown, expected: unknown): Effect.Effect<void, Disagreement> =>
  Model.sameResult(actual, expected)
    ? Effect.void
    : new Disagreement({ message: `${what}: ${text(actual)}, where the model has ${text(expected)}` })

const text = (value: unknown) => Inspectable.toStringUnknown(value, 0)

/** How a fiber has ended: with its result, or what else there is to say. */
const ended = (fiber: Fiber.RuntimeFiber<unknown, unknown>): unknown => {
  const exit = fiber.unsafePoll()
  return exit === null ? "it waits" : Exit.isSuccess(exit) ? exit.value : String(exit.cause)
}

/**
 * Lets things go, and looks; and again, since what comes to pass elsewhere may take its time, until both agree or that
 * is not to be hoped for.
 */
const eventually = <A>({ settle }: Actual, look: Effect.Effect<A, unknown>): Effect.Effect<A, unknown> =>
  Effect.retry(Effect.zipRight(settle, look), { times: 20, while: (error) => error instanceof Disagreement })

/** Takes over what a step has made of the model, and looks whether the space has come to the same. */
const compare = (expected: Expected, actual: Actual, step: Model.Step): Effect.Effect<void, unknown> =>
  Effect.gen(function*() {
    expected.model = step.model
    const served = new Set(step.served.map(({ id }) => id))
    const look = Effect.gen(function*() {
      for (const { id, result } of step.served) {
        yield* agree(`what waiter ${id} got`, ended(actual.waiting.get(id)!), result)
      }
      for (const [id, fiber] of actual.waiting) {
        if (!served.has(id)) {
          yield* agree(`waiter ${id}`, ended(fiber), "it waits")
        }
      }
      const stored = yield* actual.space.copyCollect([P.rest(P.any)])
      yield* agree("stored", stored, step.model.stored.map(({ tuple }) => tuple))
      const { held, interests, scheduled } = yield* actual.space.inspect
      yield* agree("held", held, step.model.held.length)
      yield* agree("how many wait", interests.length, step.model.waiting.length)
      yield* agree("how many are to come", scheduled?.count ?? 0, step.model.scheduled.length)
    })
    yield* eventually(actual, look)
    served.forEach((id) => actual.waiting.delete(id))
  })

/** The one of several that a number drawn at random means. */
const chosen = <A>(items: Iterable<A>, which: number): A => {
  const all = [...items]
  return all[which % all.length]!
}

class Do implements Command {
  constructor(readonly operation: Model.Operation) {}
  check = () => true
  run(expected: Expected, actual: Actual): Promise<void> {
    const id = expected.nextId++
    const step = Model.step(expected.model, this.operation, id)
    return actual.run(Effect.gen(this, function*() {
      const fiber = yield* Effect.forkIn(Model.perform(actual.space, this.operation), actual.scope)
      const { result } = step
      if (Option.isSome(result)) {
        yield* eventually(actual, Effect.suspend(() => agree("the result", ended(fiber), result.value)))
      } else {
        actual.waiting.set(id, fiber)
      }
      yield* compare(expected, actual, step)
    }))
  }
  toString(): string {
    const { _tag, ...rest } = this.operation
    return `${_tag} ${Object.values(rest).map(text).join(" ")}`
  }
}

class Later implements Command {
  constructor(readonly tuple: Tuple, readonly after: number, readonly priority: number) {}
  check = () => true
  run(expected: Expected, actual: Actual): Promise<void> {
    const { after, priority, tuple } = this
    const step = Model.schedule(expected.model, tuple, after, priority)
    return actual.run(Effect.zipRight(actual.space.out(tuple, { after, priority }), compare(expected, actual, step)))
  }
  toString = () => `out ${text(this.tuple)} after ${this.after} ms, priority ${this.priority}`
}

class Pass implements Command {
  constructor(readonly millis: number) {}
  check = ({ model }: Expected) => model.scheduled.length > 0
  run(expected: Expected, actual: Actual): Promise<void> {
    const step = Model.pass(expected.model, this.millis)
    return actual.run(Effect.zipRight(actual.pass!(this.millis), compare(expected, actual, step)))
  }
  toString = () => `${this.millis} ms go by`
}

class Interrupt implements Command {
  constructor(readonly which: number) {}
  check = ({ model }: Expected) => model.waiting.length > 0
  run(expected: Expected, actual: Actual): Promise<void> {
    const { id } = chosen(expected.model.waiting, this.which)
    const model = Model.interrupt(expected.model, id)
    return actual.run(Effect.gen(function*() {
      yield* Fiber.interrupt(actual.waiting.get(id)!)
      actual.waiting.delete(id)
      yield* compare(expected, actual, { model, result: Option.none(), served: [] })
    }))
  }
  toString = () => `interrupt waiter ${this.which}`
}

class Hold implements Command {
  constructor(readonly pattern: FieldPattern, readonly requeue: Requeue, readonly way: Way) {}
  check = ({ model }: Expected) => Option.isSome(Model.hold(model, this.pattern))
  run(expected: Expected, actual: Actual): Promise<void> {
    const [model, stored] = Option.getOrThrow(Model.hold(expected.model, this.pattern))
    return actual.run(Effect.gen(this, function*() {
      const gate = yield* Deferred.make<void, "put back">()
      const use = (tuple: Tuple) => Effect.zipRight(agree("what is held", tuple, stored.tuple), Deferred.await(gate))
      const { pattern, requeue, way } = this
      const held = way === "inWith"
        ? actual.space.inWith(pattern, use, { requeue })
        : actual.space.withPermit(pattern, use, { requeue })
      const fiber = yield* Effect.forkIn(held, actual.scope)
      actual.holding.set(stored.age, { gate, fiber, requeue, way })
      yield* compare(expected, actual, { model, result: Option.none(), served: [] })
    }))
  }
  toString = () => `${this.way} ${text(this.pattern)}, requeue: ${this.requeue}`
}

type How = "succeeds" | "fails" | "is interrupted"

class Release implements Command {
  constructor(readonly which: number, readonly how: How) {}
  check = ({ model }: Expected) => model.held.length > 0
  run(expected: Expected, actual: Actual): Promise<void> {
    const held = chosen(expected.model.held, this.which)
    const { fiber, gate, requeue, way } = actual.holding.get(held.age)!
    actual.holding.delete(held.age)
    const isConsumed = way === "inWith" && this.how === "succeeds"
    const step = Model.release(expected.model, held, isConsumed ? "consumed" : requeue)
    const end: Effect.Effect<unknown> = this.how === "is interrupted"
      ? Fiber.interrupt(fiber)
      : this.how === "succeeds"
      ? Deferred.succeed(gate, undefined)
      : Deferred.fail(gate, "put back")
    return actual.run(Effect.zipRight(end, compare(expected, actual, step)))
  }
  toString = () => `the use of held tuple ${this.which} ${this.how}`
}
