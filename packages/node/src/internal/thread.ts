/**
 * One worker thread: its birth, its jobs, and all its ways to die.
 *
 * @internal
 */
import { messageOf } from "@effect-linda/core/Options"
import * as Remote from "@effect-linda/core/Remote"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import * as Transferable from "@effect/platform/Transferable"
import * as Worker from "@effect/platform/Worker"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Readable } from "node:stream"
import { MessageChannel, Worker as NodeThread } from "node:worker_threads"
import type { Job } from "../Job.js"
import { WorkerError } from "../WorkerError.js"
import type { ResourceLimits } from "../Workers.js"
import * as Entry from "./entry.js"
import type { LiveFiber } from "./runtime.js"
import { callback, complete, interrupted } from "./runtime.js"
import * as Transfer from "./transfer.js"
import type { Outcome, Request, Response, WorkerData } from "./wire.js"
import { dataKey, Sessions, unreadable, version } from "./wire.js"

/** How threads are made, and how patient one is with them. */
export interface ThreadOptions {
  readonly entry: string
  readonly startTimeout: Duration.DurationInput
  readonly grace: Duration.DurationInput
  readonly resourceLimits: ResourceLimits | undefined
  readonly execArgv: Array<string> | undefined
  readonly env: NodeJS.ProcessEnv | undefined
}

/** A request, and what of it moves to the thread instead of being copied. */
interface Dispatch extends Request {
  readonly transfer: ReadonlyArray<ArrayBuffer>
}

export interface Thread {
  /** Whether it takes no more jobs: it has died, or is to be terminated. */
  readonly isLost: boolean
  /** Waits until it is lost. */
  readonly lost: Effect.Effect<void>
  /** Runs a job in it, with a space. Does not end before the job and its finalizers have, or the thread is dead. */
  readonly run: <I, A, E, S>(
    job: Job<I, A, E, S>,
    input: I,
    space: TupleSpace<any, SpaceError>,
    transfer: ReadonlyArray<ArrayBuffer>,
    /** The name of its process. */
    name: string
  ) => Effect.Effect<A, E | WorkerError>
}

/** Starts a thread, which lives in the scope. */
export const make = (options: ThreadOptions): Effect.Effect<Thread, WorkerError, Scope.Scope | Worker.WorkerManager> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const { port1, port2 } = new MessageChannel()
    const died = yield* Deferred.make<never, WorkerError>()
    const data: WorkerData = { version, entry: options.entry, port: port2 }
    const native = yield* Effect.try({
      try: () =>
        new NodeThread(Entry.start(options.entry), {
          workerData: { [dataKey]: data },
          transferList: [port2],
          ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
          ...(options.execArgv === undefined ? {} : { execArgv: options.execArgv }),
          ...(options.env === undefined ? {} : { env: options.env })
        }),
      catch: (cause) => new WorkerError({ reason: "Spawn", message: `the thread could not be made: ${cause}`, cause })
    })
    /** Nobody hears of it any more: everything that it had ends. */
    let isLost = false
    /** The jobs that it runs, and their processes, in the order in which they came. */
    const mates = new Map<number, string>()
    const die = (reason: WorkerError["reason"], why: string, ...cause: ReadonlyArray<unknown>): void => {
      const ran = mates.size === 0 ? "" : `; it ran ${[...mates.values()].join(", ")}`
      const error = new WorkerError({ reason, message: why + ran, ...(cause.length === 0 ? {} : { cause: cause[0] }) })
      isLost = true
      complete(died, Exit.fail(error))
      sessions.endAll()
    }
    const broken = (cause: Error): void =>
      die("Crashed", `a message of the thread could not be read: ${messageOf(cause)}`, cause)
    const sessions = new Sessions(port1, () => {}, broken)
    port1.unref()
    native.on("messageerror", broken)
    let hasStarted = false
    const reason = () => hasStarted ? "Crashed" : "Spawn"
    native.on("error", (cause) => die(reason(), `the thread has died: ${messageOf(cause)}`, cause))
    native.on("exit", (code) =>
      die(
        reason(),
        code === unreadable
          ? "the thread has ended: a message to it could not be read"
          : `the thread has ended with exit code ${code}`
      ))

    // Whoever closes this has no jobs in it, or jobs that are lost. So it need not be asked to end, as it is by its
    // other finalizers, which wait for some seconds if it does not.
    const booting = yield* Scope.make()
    yield* Effect.addFinalizer((exit) =>
      Effect.promise(() => native.terminate()).pipe(
        Effect.zipRight(Effect.timeoutOption(
          Effect.zipRight(ended(native.stdout), ended(native.stderr)),
          "1 second"
        )),
        Effect.zipRight(Effect.sync(() => port1.close())),
        Effect.zipRight(Scope.close(booting, exit))
      )
    )

    const manager = yield* Worker.WorkerManager
    const boot = manager.spawn<Dispatch, Response, never>({
      encode: ({ transfer, ...request }) => Effect.as(Transferable.addAll(transfer), request)
    }).pipe(
      Effect.provideService(Worker.Spawner, () => native),
      Scope.extend(booting),
      Effect.mapError((cause) => new WorkerError({ reason: "Spawn", message: "the thread did not start", cause })),
      // It logs the death of a thread, and would start another in a second: both are our affair.
      Logger.withMinimumLogLevel(LogLevel.None)
    )
    const worker = yield* Effect.interruptible(Effect.raceFirst(boot, Deferred.await(died))).pipe(
      Effect.timeoutFail({
        duration: options.startTimeout,
        onTimeout: () => new WorkerError({ reason: "Spawn", message: "the thread did not start in time" })
      })
    )
    hasStarted = true

    // Jobs keep the process alive; a thread that waits for one does not.
    native.unref()
    let jobs = 0
    const alive = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => {
        if (jobs++ === 0) {
          native.ref()
        }
        return Effect.ensuring(
          effect,
          Effect.sync(() => {
            if (--jobs === 0) {
              native.unref()
            }
          })
        )
      })

    const inThread = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<LiveFiber<A, E>> =>
      Effect.forkIn(Effect.interruptible(effect), scope)

    const run = <I, A, E, S>(
      job: Job<I, A, E, S>,
      input: I,
      space: TupleSpace<any, SpaceError>,
      transfer: ReadonlyArray<ArrayBuffer>,
      name: string
    ): Effect.Effect<A, E | WorkerError> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const refusal = Transfer.refusalOf(transfer)
          if (refusal !== undefined) {
            return yield* invalidInput(job, refusal)
          }
          const encoded = yield* encodeInput(job, input)
          const session = sessionIds++
          const link = sessions.open(session)
          mates.set(session, labelOf(job, name))
          // Neither is a child of this fiber, with which it would be interrupted: the job's finalizers need them.
          const running = yield* inThread(
            worker.executeEffect({ session, module: job.module, name: job.name, input: encoded, transfer })
          )
          const serving = yield* inThread(Remote.serve(space, link, { schemas: job.schemas }))
          // What it has to say to the space comes by another port than what has become of it.
          const end = Effect.tap(
            Fiber.await(running),
            (exit) => Exit.isSuccess(exit) ? sessions.received(session, exit.value.sent) : Effect.void
          )
          const interruption = Effect.flatMap(
            Effect.zipRight(
              Effect.sync(() => sessions.interrupt(session)),
              inThread(Effect.timeoutOption(end, options.grace))
            ),
            Fiber.await
          )
          const exit = yield* Effect.catchAllCause(restore(end), () =>
            Effect.map(interruption, (ended) => {
              if (Exit.isSuccess(ended) && Option.isSome(ended.value)) {
                return ended.value.value
              }
              die(
                "Stuck",
                `the thread was terminated: ${
                  labelOf(job, name)
                } did not end within the grace period after its interruption`
              )
              return interrupted
            }))
          sessions.end(session)
          mates.delete(session)
          yield* Fiber.await(serving)
          const response = yield* Exit.isFailure(exit) && isLost
            ? Deferred.await(died)
            : Effect.catchAllDefect(
              Effect.mapError(exit, (error) =>
                error instanceof WorkerError
                  ? error
                  : error.reason === "send"
                  ? notSent(job, encoded, transfer, error.cause)
                  : new WorkerError({
                    reason: "Crashed",
                    message: `${labelOf(job, name)}: ${messageOf(error.cause ?? error)}`,
                    cause: error
                  })),
              // Its own defects come as outcomes.
              (cause) =>
                Effect.fail(
                  new WorkerError({
                    reason: "InvalidOutput",
                    message: `the outcome of "${job.name}" cannot be sent: ${messageOf(cause)}`,
                    cause
                  })
                )
            )
          return yield* outcomeOf(job, response.outcome)
        }).pipe(alive)
      )

    return {
      get isLost() {
        return isLost
      },
      lost: Effect.ignore(Deferred.await(died)),
      run
    }
  })

let sessionIds = 0

const encodeInput = <I>(job: Job<I, any, any, any>, input: I): Effect.Effect<unknown, WorkerError> =>
  Effect.mapError(
    Effect.flatMap(Schema.encode(job.input)(input), (encoded) => job.codec.encode(encoded, "input")),
    (cause) => invalidInput(job, cause.message, cause)
  )

const outcomeOf = <A, E>(job: Job<any, A, E, any>, outcome: Outcome): Effect.Effect<A, E | WorkerError> => {
  if (outcome[0] === "interrupted") {
    return Effect.interrupt
  }
  if (outcome[0] === "refused") {
    const [, reason, message, stack] = outcome
    const cause = Object.assign(new Error(message), { stack })
    return Effect.fail(new WorkerError({ reason, message, cause }))
  }
  return Effect.matchEffect(Schema.decodeUnknown(job.exit)(job.codec.decode(outcome[1])), {
    onSuccess: (exit: Exit.Exit<A, E>) => exit,
    onFailure: (cause) => Effect.fail(new WorkerError({ reason: "InvalidOutput", message: cause.message, cause }))
  })
}

/** A job as messages name it; its process too, if that is called otherwise. */
const labelOf = (job: Job<any, any, any, any>, name: string): string =>
  name === job.name ? `"${name}"` : `"${job.name}" (the process "${name}")`

const notSent = (
  job: Job<any, any, any, any>,
  encoded: unknown,
  transfer: ReadonlyArray<unknown>,
  cause: unknown
): WorkerError => {
  const place = Transfer.placeOf(encoded, transfer, "")
  return invalidInput(
    job,
    `it cannot be sent${place === undefined ? "" : `, for input${place}`}: ${messageOf(cause)}`,
    cause
  )
}

const invalidInput = ({ name }: Job<any, any, any, any>, why: string, cause?: unknown): WorkerError =>
  new WorkerError({ reason: "InvalidInput", message: `the input of "${name}": ${why}`, cause })

/** Waits until a stream has given all that there is. */
const ended = (stream: Readable): Effect.Effect<void> =>
  callback((resume) => {
    if (stream.readableEnded || stream.destroyed) {
      return resume(Effect.void)
    }
    const end = () => resume(Effect.void)
    stream.once("end", end).once("close", end)
  })

/** What `make` needs of `@effect/platform-node`. */
export const layerManager = NodeWorker.layerManager
