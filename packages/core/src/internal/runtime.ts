/**
 * What the library uses of Effect's runtime beyond composing effects: fibers as objects, values that fibers carry,
 * callbacks, schedulers, and whatever Effect calls unsafe. It stands here because each major version of Effect has it
 * in another form: a port changes this file, and the transactions in memory, which rest on how STM runs.
 *
 * These are plain functions, which V8 inlines, or other names for those of Effect: the operations in memory count the
 * nanoseconds.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import type * as FiberStatus from "effect/FiberStatus"
import type * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as EffectScheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import type * as Tracer from "effect/Tracer"

// ---------------------------------------------------------------------------------------------------------------------
// Fibers
// ---------------------------------------------------------------------------------------------------------------------

/** A fiber that can be looked at while it runs. */
export type LiveFiber<A, E = never> = Fiber.RuntimeFiber<A, E>

export type AnyFiber = LiveFiber<any, any>

/** How a fiber runs at an instant. */
export type Mode = FiberStatus.Running

/** Makes an effect of the fiber that runs it, and of the mode in which that does. */
export const withFiber = Effect.withFiberRuntime

/** The fiber that runs now, within a synchronous step. */
export const currentFiber = (): AnyFiber | undefined => Option.getOrUndefined(Fiber.getCurrentFiber())

/** What a fiber has ended with, or `null`. */
export const exitOf = <A, E>(fiber: LiveFiber<A, E>): Exit.Exit<A, E> | null => fiber.unsafePoll()

export const isOver = (fiber: AnyFiber): boolean => fiber.unsafePoll() !== null

/** Calls `f` when the fiber ends; at once, if it has. */
export const onEnd = <A, E>(fiber: LiveFiber<A, E>, f: (exit: Exit.Exit<A, E>) => void): void => fiber.addObserver(f)

/** Undoes {@link onEnd}. */
export const offEnd = <A, E>(fiber: LiveFiber<A, E>, f: (exit: Exit.Exit<A, E>) => void): void =>
  fiber.removeObserver(f)

/** The name of a fiber, which no other has. Two objects can stand for one fiber. */
export const nameOf = (fiber: AnyFiber): string => FiberId.threadName(fiber.id())

/** By whom a callback can be interrupted, to know whom a fiber waits for. */
export const identityOf = (fiber: AnyFiber): FiberId.FiberId => fiber.id()

/** Takes over the values that a fiber carries. */
export const inherit = Fiber.inheritAll

// ---------------------------------------------------------------------------------------------------------------------
// Interruption
// ---------------------------------------------------------------------------------------------------------------------

/** Tells a fiber to end, and does not wait for it. */
export const interruptLater = (fiber: AnyFiber, by: AnyFiber = fiber): void => fiber.unsafeInterruptAsFork(by.id())

/** An interruption by nobody in particular. */
export const interruption: Cause.Cause<never> = Cause.interrupt(FiberId.none)

/** How an operation ends that is interrupted by nobody in particular. */
export const interrupted: Exit.Exit<never> = Exit.failCause(interruption)

/** How an operation ends that is interrupted by a fiber. */
export const interruptedBy = (fiber: AnyFiber): Exit.Exit<never> => Exit.interrupt(fiber.id())

/** Whether a fiber has been told to end; it may be in a region in which it cannot. */
export const isInterrupted = (fiber: AnyFiber): boolean => !Cause.isEmpty(fiber.getFiberRef(FiberRef.interruptedCause))

/** Whether a fiber in this mode ends as soon as it is told to. */
export const isInterruptible = (mode: Mode): boolean => RuntimeFlags.interruptible(mode.runtimeFlags)

// ---------------------------------------------------------------------------------------------------------------------
// Waiting
// ---------------------------------------------------------------------------------------------------------------------

/** Suspends the fiber until `resume` is called. What `register` returns is run if the fiber is interrupted first. */
export const callback = Effect.async

/** Lets other fibers run. */
export const yieldNow = Effect.yieldNow

export const makeSemaphore = Effect.unsafeMakeSemaphore

/**
 * Adds a finalizer that runs in the state of the fiber that closes the scope, within its transaction for instance.
 * Effect's own brings back that of the fiber that has added it.
 */
export const atEnd = (
  finalizer: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<unknown>
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => Scope.addFinalizerExit(scope, finalizer))

/** A gate that fibers wait at until it is opened, within a synchronous step. */
export const makeLatch = (): { readonly await: Effect.Effect<void>; readonly open: () => void } => {
  const latch = Effect.unsafeMakeLatch()
  return { await: latch.await, open: () => latch.unsafeOpen() }
}

export const makeDeferred = <A, E = never>(): Deferred.Deferred<A, E> => Deferred.unsafeMake(FiberId.none)

/** Completes a deferred, if it is not, within a synchronous step. */
export const complete = <A, E>(deferred: Deferred.Deferred<A, E>, exit: Exit.Exit<A, E>): void =>
  Deferred.unsafeDone(deferred, exit)

// ---------------------------------------------------------------------------------------------------------------------
// Starting, and the order in which fibers run
// ---------------------------------------------------------------------------------------------------------------------

/** Starts fibers from outside of one, such as a handler of messages, with the environment that this is run with. */
export const starter: Effect.Effect<<A, E>(effect: Effect.Effect<A, E>) => LiveFiber<A, E>> = Effect.map(
  Effect.runtime<never>(),
  (runtime) => {
    const fork = Runtime.runFork(runtime)
    return (effect) => fork(effect)
  }
)

const atOnce: EffectScheduler.Scheduler = {
  shouldYield: () => false,
  scheduleTask: (task) => task()
}

/**
 * Starts a fiber that has ended, or waits, when this returns: its scheduler never makes it yield. Tasks of that run at
 * once too, so what the fiber wakes is woken before this returns.
 */
export const startNow = <A, E>(effect: Effect.Effect<A, E>): LiveFiber<A, E> =>
  Runtime.runFork(Runtime.defaultRuntime)(effect, { scheduler: atOnce })

/** Runs what never waits, with the services of who asks for this. What waits after all dies. */
export const runner: Effect.Effect<<A>(effect: Effect.Effect<A>) => A> = Effect.map(
  Effect.runtime<never>(),
  (runtime) => Runtime.runSync(runtime)
)

export type Scheduler = EffectScheduler.Scheduler

export const schedulerOf = (fiber: AnyFiber): Scheduler => fiber.currentScheduler

/** Runs a task after all that the scheduler is to run already. */
export const schedule = (scheduler: Scheduler, task: () => void): void => scheduler.scheduleTask(task, 0)

// ---------------------------------------------------------------------------------------------------------------------
// What a fiber carries
// ---------------------------------------------------------------------------------------------------------------------

/** One value for a program, however many copies of a module it loads. */
export { globalValue } from "effect/GlobalValue"

/** A value that a fiber carries and those inherit that it starts. */
export type Local<A> = FiberRef.FiberRef<A>

export const makeLocal: <A>(initial: A) => Local<A> = FiberRef.unsafeMake

export const localOf = <A>(fiber: AnyFiber, local: Local<A>): A => fiber.getFiberRef(local)

/** Runs an effect with another value of a local. */
export const locally = Effect.locally

export const locallyWith = Effect.locallyWith

/** The span that the fiber is in, if it records any. */
export const spanOf = (fiber: AnyFiber): Tracer.Span | undefined => {
  const { currentSpan: span } = fiber
  return span?._tag === "Span" && span.sampled && fiber.getFiberRef(FiberRef.currentTracerEnabled) ? span : undefined
}

/** Whether the fiber records spans. */
export const isTraced = (fiber: AnyFiber): boolean => spanOf(fiber) !== undefined

/** Whether failures that nobody handles are to be logged. */
export const logsUnhandled = (fiber: AnyFiber): boolean =>
  Option.isSome(fiber.getFiberRef(FiberRef.unhandledErrorLogLevel))

// ---------------------------------------------------------------------------------------------------------------------
// Clocks and metrics
// ---------------------------------------------------------------------------------------------------------------------

/** The clock of programs, unless they have one of their own. */
export const liveClock: Clock.Clock = Context.get(DefaultServices.liveServices, Clock.Clock)

export const clockOf = (fiber: AnyFiber): Clock.Clock => Context.get(fiber.currentDefaultServices, Clock.Clock)

export const millisOf = (clock: Clock.Clock): number => clock.unsafeCurrentTimeMillis()

export const nanosOf = (clock: Clock.Clock): bigint => clock.unsafeCurrentTimeNanos()

/** Tells a metric a value, within a synchronous step. */
export const measure = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>, value: In): void =>
  metric.unsafeUpdate(value, [])

// ---------------------------------------------------------------------------------------------------------------------
// Watching fibers
// ---------------------------------------------------------------------------------------------------------------------

/** What a fiber does at an instant. */
export interface Status {
  readonly state: FiberStatus.FiberStatus["_tag"]
  /** The names of the fibers that it says it waits for. */
  readonly waitsFor: ReadonlyArray<string>
  readonly isInterruptible: boolean
}

export const statusOf = (fiber: AnyFiber): Effect.Effect<Status> =>
  Effect.map(fiber.status, (status) => ({
    state: status._tag,
    waitsFor: status._tag === "Suspended" ? Array.from(FiberId.toSet(status.blockingOn), FiberId.threadName) : [],
    isInterruptible: status._tag !== "Done" && RuntimeFlags.interruption(status.runtimeFlags)
  }))

/** The fibers that somebody starts and that still run, each with the one that started it. */
export type Started = ReadonlyMap<AnyFiber, AnyFiber | undefined>

/** Follows the fibers that a fiber starts, at any depth. */
class Follower extends Supervisor.AbstractSupervisor<Started> {
  readonly running = new Map<AnyFiber, AnyFiber | undefined>()
  constructor(private readonly onMoved: (fiber: AnyFiber) => void) {
    super()
  }
  override readonly value = Effect.sync(() => this.running)
  override onStart<A, E, R>(
    _context: Context.Context<R>,
    _effect: Effect.Effect<A, E, R>,
    parent: Option.Option<AnyFiber>,
    fiber: LiveFiber<A, E>
  ): void {
    this.running.set(fiber, Option.getOrUndefined(parent))
  }
  override onSuspend<A, E>(fiber: LiveFiber<A, E>): void {
    this.onMoved(fiber)
  }
  override onEnd<A, E>(_exit: Exit.Exit<A, E>, fiber: LiveFiber<A, E>): void {
    this.running.delete(fiber)
  }
}

/** Makes an effect tell of the fibers that it starts; `onMoved` is called when one of them has run and waits. */
export const following = (
  onMoved: (fiber: AnyFiber) => void = () => {}
): readonly [started: Started, follow: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>] => {
  const follower = new Follower(onMoved)
  return [follower.running, Effect.supervised(follower)]
}
