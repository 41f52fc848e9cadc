/**
 * The threads, and who gets which. A job gets a thread that has none; if all have some and there may be more, a new
 * one; then the one with the fewest; and waits, in order of arrival, if all have as many as they may.
 *
 * Effect's `Pool` gives several jobs to one thread while others still start.
 *
 * @internal
 */
import type * as Worker from "@effect/platform/Worker"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { clearTimeout, setTimeout } from "node:timers"
import type { WorkerError } from "../WorkerError.js"
import type { Status } from "../Workers.js"
import type { AnyFiber } from "./runtime.js"
import { callback, liveClock, makeDeferred, nanosOf, withFiber } from "./runtime.js"
import type { Thread, ThreadOptions } from "./thread.js"
import * as Threads from "./thread.js"

export interface PoolOptions extends ThreadOptions {
  readonly size: number
  readonly concurrency: number
  /** In milliseconds. */
  readonly idle: number
}

export interface Pool {
  /** Runs something on a thread. */
  readonly use: <A, E>(use: (thread: Thread) => Effect.Effect<A, E>) => Effect.Effect<A, E | WorkerError>
  readonly status: Effect.Effect<Status>
}

/** The place of a thread, from before it starts. */
interface Slot {
  readonly started: Deferred.Deferred<Thread, WorkerError>
  thread: Thread | undefined
  /** Jobs that it has, or will have. */
  jobs: number
  /** Since when it has none, in milliseconds. */
  idleSince: number
}

/**
 * Sleeps without keeping the process alive, as a timer of Effect's would: a thread that waits for a job is no reason
 * to.
 */
const idly = (millis: number): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    clock !== liveClock ? clock.sleep(Duration.millis(millis)) : callback<void>((resume) => {
      if (millis === Infinity) {
        return
      }
      const timer = setTimeout(() => resume(Effect.void), Math.min(Math.max(millis, 0), longest)).unref()
      return Effect.sync(() => clearTimeout(timer))
    })
  )

/** In milliseconds: Node's timers know no longer sleep. */
const longest = 2 ** 31 - 1

export const make = (options: PoolOptions): Effect.Effect<Pool, never, Scope.Scope | Worker.WorkerManager> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<Worker.WorkerManager>()
    const slots = new Set<Slot>()
    const waiting = new Set<Deferred.Deferred<Slot>>()
    const users = new Set<AnyFiber>()
    let isClosed = false
    /** A thread is a fiber in this scope. */
    const scope = yield* Scope.make(ExecutionStrategy.parallel)
    yield* Effect.addFinalizer((exit) =>
      Effect.suspend(() => {
        isClosed = true
        return Effect.zipRight(Fiber.interruptAll(users), Scope.close(scope, exit))
      })
    )

    const live = (slot: Slot): Effect.Effect<void> =>
      Effect.gen(function*() {
        const thread = yield* Threads.make(options)
        slot.thread = thread
        yield* Deferred.succeed(slot.started, thread)
        // Those that wanted it may have gone.
        yield* settle(slot)
        yield* Effect.raceFirst(hasIdled(slot), thread.lost)
      }).pipe(
        Effect.scoped,
        Effect.provide(context),
        Effect.catchAllCause((cause) => Deferred.failCause(slot.started, cause)),
        Effect.ensuring(Effect.suspend(() => {
          slots.delete(slot)
          return passOn
        }))
      )

    /** The thread for the next job, if it needs neither a new one nor to wait. */
    const choose = (): Slot | undefined => {
      let least: Slot | undefined
      for (const slot of slots) {
        if (
          slot.thread?.isLost !== true && slot.jobs < options.concurrency &&
          (least === undefined || slot.jobs < least.jobs)
        ) {
          least = slot
        }
      }
      return least !== undefined && (least.jobs === 0 || slots.size >= options.size) ? least : undefined
    }

    /** Takes a thread for one more job, at once; the effect starts it if it is new. None if the job has to wait. */
    const take = (): Effect.Effect<Slot> | undefined => {
      const chosen = choose()
      if (chosen !== undefined) {
        chosen.jobs++
        return Effect.succeed(chosen)
      }
      if (slots.size >= options.size) {
        return undefined
      }
      const slot: Slot = {
        started: makeDeferred(),
        thread: undefined,
        jobs: 1,
        idleSince: 0
      }
      slots.add(slot)
      return Effect.as(Effect.forkIn(Effect.interruptible(live(slot)), scope), slot)
    }

    const wait: Effect.Effect<Slot> = Effect.suspend(() => {
      const turn = makeDeferred<Slot>()
      waiting.add(turn)
      return Effect.onInterrupt(Effect.interruptible(Deferred.await(turn)), () =>
        Effect.suspend(() =>
          // It may have been given one at the same moment.
          waiting.delete(turn) ? Effect.void : Effect.flatMap(Deferred.await(turn), release)
        ))
    })

    const acquire: Effect.Effect<Slot> = Effect.suspend(() =>
      isClosed ? Effect.interrupt : waiting.size > 0 ? wait : take() ?? wait
    )

    const release = (slot: Slot): Effect.Effect<void> =>
      Effect.suspend(() => {
        slot.jobs--
        return settle(slot)
      })

    /**
     * After a job has ended, or a thread has started: the next who waits has a turn, or the thread has nothing to do.
     */
    const settle = (slot: Slot): Effect.Effect<void> =>
      Effect.zipRight(
        passOn,
        Effect.clockWith((clock) =>
          Effect.sync(() => {
            slot.idleSince = timeOf(clock)
          })
        )
      )

    /** Gives a thread to whoever has waited longest. */
    const passOn: Effect.Effect<void> = Effect.uninterruptible(Effect.suspend(() => {
      const [turn] = waiting
      const slot = turn === undefined || isClosed ? undefined : take()
      if (turn === undefined || slot === undefined) {
        return Effect.void
      }
      waiting.delete(turn)
      return Effect.flatMap(slot, (slot) => Deferred.succeed(turn, slot))
    }))

    /** Waits until it has been idle for long enough. From then on it takes no more jobs. */
    const hasIdled = (slot: Slot): Effect.Effect<void> =>
      Effect.gen(function*() {
        let rest = options.idle
        do {
          yield* idly(rest)
          const now = yield* Effect.clockWith((clock) => Effect.sync(() => timeOf(clock)))
          rest = slot.jobs > 0 ? Math.max(options.idle, 10) : slot.idleSince + options.idle - now
        } while (rest > 0)
        slots.delete(slot)
      })

    /** The fiber is interrupted when the pool closes. */
    const registered = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      withFiber((fiber) => {
        users.add(fiber)
        return Effect.ensuring(effect, Effect.sync(() => users.delete(fiber)))
      })

    return {
      use: (use) =>
        registered(
          Effect.acquireUseRelease(acquire, ({ started }) => Effect.flatMap(Deferred.await(started), use), release)
        ),
      status: Effect.sync(() => ({
        threads: slots.size,
        running: [...slots].reduce((sum, { jobs }) => sum + jobs, 0),
        waiting: waiting.size
      }))
    }
  })

/** Milliseconds by which the life of a thread is measured: they go on evenly while the clock of the machine is set. */
const timeOf = (clock: Clock.Clock): number => Number(nanosOf(clock) / 1_000_000n)
