/**
 * The processes of a space: fibers in its scope that are known by name.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import type { Process } from "../Process.js"
import { printCause, show } from "./print.js"

/** What a space remembers of a process while it runs. */
export interface ProcessRecord {
  readonly id: number
  readonly name: string
  readonly since: number
  fiber: AnyFiber | undefined
  /** The fibers that the process has started and that still run, each with the one that started it. */
  readonly fibers: ReadonlyMap<AnyFiber, AnyFiber | undefined>
}

type AnyFiber = Fiber.RuntimeFiber<any, any>

/** Follows the fibers that a process starts, at any depth. */
class Fibers extends Supervisor.AbstractSupervisor<ReadonlyMap<AnyFiber, AnyFiber | undefined>> {
  readonly running = new Map<AnyFiber, AnyFiber | undefined>()
  constructor(private readonly onMoved: (fiber: AnyFiber) => void) {
    super()
  }
  override readonly value = Effect.sync(() => this.running)
  override onStart<A, E, R>(
    _context: Context.Context<R>,
    _effect: Effect.Effect<A, E, R>,
    parent: Option.Option<AnyFiber>,
    fiber: Fiber.RuntimeFiber<A, E>
  ): void {
    this.running.set(fiber, Option.getOrUndefined(parent))
  }
  override onSuspend<A, E>(fiber: Fiber.RuntimeFiber<A, E>): void {
    this.onMoved(fiber)
  }
  override onEnd<A, E>(_exit: Exit.Exit<A, E>, fiber: Fiber.RuntimeFiber<A, E>): void {
    this.running.delete(fiber)
  }
}

/**
 * The process that the current fiber works for. Its children inherit it, so that whatever they wait for is known to be waited
 * for by the process.
 */
export const current: FiberRef.FiberRef<ProcessRecord | undefined> = globalValue(
  Symbol.for("@effect-linda/core/Process/current"),
  () => FiberRef.unsafeMake<ProcessRecord | undefined>(undefined)
)

/** A scope for processes: closing it interrupts them all at the same time, and waits for them. */
export const scope: Effect.Effect<Scope.Scope, never, Scope.Scope> = Effect.acquireRelease(
  Scope.make(ExecutionStrategy.parallel),
  (processes, exit) => Scope.close(processes, exit)
)

/** The error, its printed trace, and the name of the process. */
type Failure = readonly [error: unknown, trace: string, process: string]

/** What a space has made of a failure. */
export interface Kept {
  /** Whether somebody was there who waits for it, or watches. */
  readonly isSeen: boolean
  /** Takes away the failure tuple, if nobody else has. */
  readonly withdraw: () => void
}

/** How a process is told that somebody has its failure, or will have it. */
export interface Observed {
  readonly [Observer]?: () => void
}
export const Observer: unique symbol = Symbol.for("@effect-linda/core/Process/observer") as never

/**
 * Joins a process: who waits here as it fails has its failure, and whoever comes later takes it from the space. `begin` and `end` are
 * called around the wait.
 */
export const joining = <A, E>(
  fiber: Fiber.RuntimeFiber<A, E>,
  begin: () => void,
  end: () => void
): Effect.Effect<A, E> => Effect.acquireUseRelease(Effect.sync(begin), () => Fiber.join(fiber), () => Effect.sync(end))

/** Says that a process has failed and nobody has noticed. To silence it, `Effect.withUnhandledErrorLogLevel(Option.none())` around `eval`. */
const logUnseen = (space: string, name: string, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) =>
    Option.isNone(fiber.getFiberRef(FiberRef.unhandledErrorLogLevel)) ? Effect.void : Effect.catchAllCause(
      Effect.logWarning(
        `the process ${show(name)} of space ${show(space)} has failed, and nobody was there to see it`,
        cause
      ),
      // A logger's defect is none of the process.
      () => Effect.void
    )
  )

/** S13. */
export const start = <A, E, R>(options: {
  readonly effect: Effect.Effect<A, E, R>
  readonly id: number
  readonly name: string
  readonly since: number
  readonly scope: Scope.Scope
  readonly records: Map<number, ProcessRecord>
  /** The name of the space. */
  readonly space: string
  readonly onFailure: (failure: Failure) => Kept
  /** Called when a fiber of the process has run and waits, or has ended. */
  readonly onMoved: (fiber: AnyFiber | undefined) => void
}): Effect.Effect<Process<A, E>, never, R> =>
  Effect.suspend(() => {
    const { effect, id, name, onFailure, records, since } = options
    const supervisor = new Fibers(options.onMoved)
    const record: ProcessRecord = { id, name, since, fiber: undefined, fibers: supervisor.running }
    let joiners = 0
    let isObserved = false
    let kept: Kept | undefined
    const observe = (): void => {
      isObserved = true
      kept?.withdraw()
    }
    const body = Effect.interruptible(effect).pipe(
      Effect.onExit((exit) =>
        Effect.suspend(() => {
          records.delete(id)
          options.onMoved(record.fiber)
          if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) || isObserved || joiners > 0) {
            return Effect.void
          }
          kept = onFailure([Cause.squash(exit.cause), printCause(exit.cause), name])
          return kept.isSeen ? Effect.void : logUnseen(options.space, name, exit.cause)
        })
      ),
      Effect.locally(current, record),
      Effect.supervised(supervisor)
    )
    // Nothing may come between registering the process and starting it.
    return Effect.uninterruptible(Effect.map(Effect.forkIn(body, options.scope), (fiber) => {
      if (fiber.unsafePoll() === null) {
        record.fiber = fiber
        records.set(id, record)
      }
      return {
        id,
        name,
        fiber,
        await: Fiber.await(fiber),
        join: joining(fiber, () => {
          joiners++
          kept?.withdraw()
        }, () => {
          joiners--
        }),
        interrupt: Fiber.interrupt(fiber),
        [Observer]: observe
      }
    }))
  })

/** A field of a live tuple as an effect. */
export const evaluate = (field: unknown): Effect.Effect<unknown, any, any> =>
  Effect.isEffect(field) && !Option.isOption(field) && !Either.isEither(field)
    ? field as Effect.Effect<unknown, any, any>
    : Effect.succeed(field)
