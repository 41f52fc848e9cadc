/**
 * The processes of a space: fibers in its scope that are known by name.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Process } from "../Process.js"
import { SpaceError } from "../SpaceError.js"
import { wholeOf } from "./apart.js"
import { printCause, show } from "./print.js"
import type { AnyFiber, LiveFiber, Local, Started } from "./runtime.js"
import {
  atEnd,
  following,
  globalValue,
  interruptedBy,
  interruptLater,
  isOver,
  locally,
  localOf,
  logsUnhandled,
  makeLocal,
  nameOf,
  onEnd,
  withFiber
} from "./runtime.js"

/** What a space remembers of a process while it runs. */
export interface ProcessRecord {
  readonly id: number
  readonly name: string
  readonly since: number
  fiber: AnyFiber | undefined
  /** The fibers that the process has started and that still run, each with the one that started it. */
  readonly fibers: Started
}

/**
 * The process that the current fiber works for. Its children inherit it, so that whatever they wait for is known to be
 * waited for by the process.
 */
export const current: Local<ProcessRecord | undefined> = globalValue(
  Symbol.for("@effect-linda/core/Process/current"),
  () => makeLocal<ProcessRecord | undefined>(undefined)
)

/**
 * The processes in this program that are elsewhere for their space, behind a link: how to tell whether a fiber works
 * for one, by names that nobody else has. In the same program such a fiber can close the space all the same.
 */
export const afar: Map<string, (fiber: AnyFiber) => boolean> = globalValue(
  Symbol.for("@effect-linda/core/Process/afar"),
  () => new Map<string, (fiber: AnyFiber) => boolean>()
)

/** Which of these a process stands for. */
export const standsFor: Local<string | undefined> = globalValue(
  Symbol.for("@effect-linda/core/Process/standsFor"),
  () => makeLocal<string | undefined>(undefined)
)

interface Member {
  readonly scope: Scope.CloseableScope
  readonly started: Started
  fiber: AnyFiber | undefined
}

/**
 * Processes that end together: all at the same time, and with whom they belong to. Who closes may be one of them, and
 * cannot wait for itself: that one goes on. If it is a fiber that one of them has started, that one is interrupted when
 * the fiber has ended. It is told by the fiber, and not by a reference of it: a finalizer has the references of who has
 * added it.
 */
export class Group {
  private readonly members = new Set<Member>()
  private closed = false

  /** Starts a process. Must run uninterruptibly. */
  fork<A, E, R>(
    body: Effect.Effect<A, E, R>,
    started: Started
  ): Effect.Effect<LiveFiber<A, E>, never, R> {
    return Effect.flatMap(Scope.make(), (scope) => {
      if (this.closed) {
        return Effect.interrupt
      }
      const member: Member = { scope, started, fiber: undefined }
      this.members.add(member)
      // If the group closes before the process has started, its scope is closed by then, and it ends at once.
      return Effect.map(Effect.forkIn(body, scope), (fiber) => {
        member.fiber = fiber
        onEnd(fiber, () => this.members.delete(member))
        return fiber
      })
    })
  }

  readonly close: Effect.Effect<void> = withFiber<void>((fiber) => {
    const self = wholeOf(fiber)
    this.closed = true
    const others: Array<Member> = []
    for (const member of this.members) {
      const { fiber, started } = member
      const name = fiber === undefined ? undefined : localOf(fiber, standsFor)
      if (started.has(self)) {
        // Now it would take the fiber with it, in the midst of what it closes.
        onEnd(self, () => fiber !== undefined && interruptLater(fiber, self))
      } else if (fiber !== self && (name === undefined || afar.get(name)?.(self) !== true)) {
        others.push(member)
      }
    }
    return Effect.zipRight(
      Fiber.interruptAll(others.flatMap(({ fiber }) => fiber ?? [])),
      Effect.forEach(others, ({ scope }) => Scope.close(scope, Exit.void), { discard: true })
    )
  })
}

/** The processes of a space, which end with the scope. */
export const group: Effect.Effect<Group, never, Scope.Scope> = Effect.suspend(() => {
  const group = new Group()
  return Effect.as(atEnd(() => group.close), group)
})

/** How to wait for a process, and to end it. It cannot wait for its own end. */
export const handles = <A, E>(name: string, fiber: LiveFiber<A, E>, join: Effect.Effect<A, E>) => {
  const unlessOwn = <B, E2>(ofOthers: Effect.Effect<B, E2>, ofItself: Effect.Effect<B>): Effect.Effect<B, E2> =>
    withFiber((self) => nameOf(wholeOf(self)) === nameOf(fiber) ? ofItself : ofOthers)
  const endless = Effect.dieSync(() =>
    new SpaceError({ reason: "Reentrant", message: `the process "${name}" waits for its own end, which never comes` })
  )
  return {
    await: unlessOwn(Fiber.await(fiber), endless),
    join: unlessOwn(join, endless),
    interrupt: unlessOwn(
      Fiber.interrupt(fiber),
      Effect.as(Effect.sync(() => interruptLater(fiber)), interruptedBy(fiber))
    )
  }
}

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
 * Joins a process: who waits here as it fails has its failure, and whoever comes later takes it from the space. `begin`
 * and `end` are called around the wait.
 */
export const joining = <A, E>(
  fiber: LiveFiber<A, E>,
  begin: () => void,
  end: () => void
): Effect.Effect<A, E> => Effect.acquireUseRelease(Effect.sync(begin), () => Fiber.join(fiber), () => Effect.sync(end))

/**
 * Says that a process has failed and nobody has noticed. To silence it,
 * `Effect.withUnhandledErrorLogLevel(Option.none())` around `eval`.
 */
const logUnseen = (space: string, name: string, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  withFiber((fiber) =>
    !logsUnhandled(fiber) ? Effect.void : Effect.catchAllCause(
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
  readonly group: Group
  readonly records: Map<number, ProcessRecord>
  /** The name of the space. */
  readonly space: string
  readonly onFailure: (failure: Failure) => Kept
  /** Called when a fiber of the process has run and waits, or has ended. */
  readonly onMoved: (fiber: AnyFiber | undefined) => void
}): Effect.Effect<Process<A, E>, never, R> =>
  Effect.suspend(() => {
    const { effect, id, name, onFailure, records, since } = options
    const [started, follow] = following(options.onMoved)
    const record: ProcessRecord = { id, name, since, fiber: undefined, fibers: started }
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
      locally(current, record),
      follow
    )
    // Nothing may come between registering the process and starting it.
    return Effect.uninterruptible(Effect.map(options.group.fork(body, started), (fiber) => {
      if (!isOver(fiber)) {
        record.fiber = fiber
        records.set(id, record)
      }
      const join = joining(fiber, () => {
        joiners++
        kept?.withdraw()
      }, () => {
        joiners--
      })
      return { id, name, fiber, ...handles(name, fiber, join), [Observer]: observe }
    }))
  })

/** A field of a live tuple as an effect. */
export const evaluate = (field: unknown): Effect.Effect<unknown, any, any> =>
  Effect.isEffect(field) && !Option.isOption(field) && !Either.isEither(field)
    ? field as Effect.Effect<unknown, any, any>
    : Effect.succeed(field)
