/**
 * Processes on worker threads. A job that is started with `Workers.eval` is a process of its space like any other, but
 * it runs on a thread of a pool, with the space in its context: whatever it does there reaches the space of this
 * thread.
 *
 * @since 0.1.0
 */
import * as OptionsOf from "@effect-linda/core/Options"
import type { Process } from "@effect-linda/core/Process"
import * as Remote from "@effect-linda/core/Remote"
import { SpaceError } from "@effect-linda/core/SpaceError"
import type * as Worker from "@effect/platform/Worker"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { availableParallelism } from "node:os"
import { setImmediate } from "node:timers"
import * as Entry from "./internal/entry.js"
import * as Pool from "./internal/pool.js"
import { callback } from "./internal/runtime.js"
import * as Thread from "./internal/thread.js"
import type { Job } from "./Job.js"
import { isJob } from "./Job.js"
import type { WorkerError } from "./WorkerError.js"

/**
 * The pool of threads.
 *
 * @since 0.1.0
 * @category models
 */
export interface Workers {
  /**
   * Starts a process on a thread: in the space that the job's tag stands for, and in its scope. Interrupting it
   * interrupts the job and waits for its finalizers. If it fails, dies or crashes, a failure tuple appears (S13). The
   * space has to be in memory; any other is refused as `Unsupported`.
   */
  readonly eval: <I, A, E, S>(
    job: Job<I, A, E, S>,
    input: I,
    options?: EvalOptions
  ) => Effect.Effect<Process<A, E | WorkerError>, SpaceError, S>
  /** How many threads there are, how many jobs run, and how many wait for a thread. */
  readonly status: Effect.Effect<Status>
}

/**
 * What a pool is doing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  /** How many threads there are, those that start included. */
  readonly threads: number
  /** How many jobs they run. */
  readonly running: number
  /** How many jobs wait for a thread. */
  readonly waiting: number
}

/**
 * Limits of the memory of a thread, as Node's `Worker` has them, whose types need not be installed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number | undefined
  readonly maxYoungGenerationSizeMb?: number | undefined
  readonly codeRangeSizeMb?: number | undefined
  readonly stackSizeMb?: number | undefined
}

/**
 * Options of `eval`.
 *
 * @since 0.1.0
 * @category models
 */
export interface EvalOptions {
  /** The name of the process in failure tuples and reports. By default, that of the job. */
  readonly name?: string | undefined
  /** Buffers in the input that move to the thread instead of being copied. They are gone here. */
  readonly transfer?: ReadonlyArray<ArrayBuffer> | undefined
}

/**
 * Options of a pool.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How many threads there are at most. They start when they are needed. By default, as many as the machine runs at the
   * same time.
   */
  readonly size?: number | undefined
  /**
   * How many jobs share a thread at most, once there are no more threads to start. By default 16: for processes that
   * mostly wait. With 1, each has a thread of its own, others wait for one in order of arrival, and what crashes or
   * blocks a thread concerns one job.
   */
  readonly concurrency?: number | undefined
  /** How long a thread without a job lives on. By default 10 seconds. */
  readonly idle?: Duration.DurationInput | undefined
  /**
   * How long an interrupted job may take to end, its finalizers included, before its thread is terminated. By default 1
   * second.
   */
  readonly grace?: Duration.DurationInput | undefined
  /** How long a thread may take to start. By default 10 seconds. */
  readonly startTimeout?: Duration.DurationInput | undefined
  /** Limits of memory. A thread that exceeds them dies. */
  readonly resourceLimits?: ResourceLimits | undefined
  /** Options of Node for the threads. By default those of this process. */
  readonly execArgv?: ReadonlyArray<string> | undefined
  /** The environment of the threads. By default, a copy of that of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /**
   * A module of yours that a thread starts with, and that calls `WorkerMain.serve` with its jobs. For bundles, in which
   * modules have no URL of their own any more.
   */
  readonly entry?: URL | undefined
}

/**
 * The tag of the pool.
 *
 * @since 0.1.0
 * @category tags
 */
export const Workers: Context.Tag<Workers, Workers> = Context.GenericTag<Workers>("@effect-linda/node/Workers")

/**
 * Makes a pool. It lives in the scope: when that closes, its threads end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Workers, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const read = yield* OptionsOf.read(options, (reader) => ({
      size: reader.integer("size", availableParallelism(), 1),
      concurrency: reader.integer("concurrency", 16, 1),
      idle: reader.patience("idle", "10 seconds"),
      grace: reader.patience("grace", "1 second"),
      startTimeout: reader.patience("startTimeout", "10 seconds"),
      entry: reader.value("entry", isUrl, "URL: give new URL(\"./entry.js\", import.meta.url)"),
      resourceLimits: reader.record("resourceLimits", "record of limits", limits) as ResourceLimits | undefined,
      execArgv: reader.value("execArgv", isTexts, "array of texts")?.slice(),
      env: reader.value("env", isRecord, "record of texts") as Record<string, string> | undefined
    }))
    const entry = yield* Entry.make(read.entry)
    const pool = yield* Effect.provide(
      Pool.make({ ...read, entry }),
      Thread.layerManager as Layer.Layer<Worker.WorkerManager>
    )
    return {
      eval: (job, input, options) =>
        Effect.flatMap(optionsOf(job, options), ({ name, space, transfer }) =>
          Effect.zipRight(
            Effect.mapError(Remote.servable(space), ({ message, reason }) =>
              new SpaceError({
                reason,
                message: `the job "${job.name}" cannot run on a thread: ${message}. ` +
                  "Run it as a fiber: space.eval(job.effect(input))"
              })),
            space.eval(pool.use((thread) => thread.run(job, input, space, transfer, name)), { name })
          )),
      status: pool.status
    }
  })

const limits: ReadonlyArray<keyof ResourceLimits> = [
  "maxOldGenerationSizeMb",
  "maxYoungGenerationSizeMb",
  "codeRangeSizeMb",
  "stackSizeMb"
]

const isUrl = (value: unknown): value is URL =>
  typeof value === "object" && value !== null && "href" in value && typeof value.href === "string"

const isRecord = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((each) => typeof each === "string")

/** Whether each of its members can move is decided when the job is sent. */
const isList = (value: unknown): value is ReadonlyArray<ArrayBuffer> => Array.isArray(value)

/** What a process is started with. */
const optionsOf = <I, A, E, S>(job: Job<I, A, E, S>, options: EvalOptions | undefined) =>
  Effect.flatMap(
    OptionsOf.read({ job }, (reader) => reader.value("job", isJob, "job: make it with Job.make")),
    () =>
      Effect.flatMap(
        OptionsOf.read(options, (reader) => ({
          name: reader.text("name") ?? job.name,
          transfer: reader.value("transfer", isList, "array of buffers") ?? []
        })),
        (read) => Effect.map(job.space, (space) => ({ ...read, space }))
      )
  )

/**
 * Provides a pool.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<Workers, SpaceError> => Layer.scoped(Workers, make(options))

/**
 * Provides a pool of as many threads as the machine runs at the same time.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Workers, SpaceError> = layerWith({})

const eval_ = <I, A, E, S>(
  job: Job<I, A, E, S>,
  input: I,
  options?: EvalOptions
): Effect.Effect<Process<A, E | WorkerError>, SpaceError, Workers | S> =>
  Effect.flatMap(Workers, (workers) => workers.eval(job, input, options))

export {
  /**
   * Starts a process on a thread of the pool in the context.
   *
   * @since 0.1.0
   * @category operations
   */
  eval_ as eval
}

/**
 * How many threads there are, how many jobs run, and how many wait for a thread.
 *
 * @since 0.1.0
 * @category operations
 */
export const status: Effect.Effect<Status, never, Workers> = Effect.flatMap(Workers, ({ status }) => status)

/**
 * Lets messages through to a thread that computes: a loop that does this now and then can be interrupted, and the other
 * jobs of its thread go on. (`Effect.yieldNow` lets only other fibers run, not the event loop that brings the
 * interruption.)
 *
 * @since 0.1.0
 * @category operations
 */
export const checkpoint: Effect.Effect<void> = callback((resume) => {
  setImmediate(() => resume(Effect.void))
})
