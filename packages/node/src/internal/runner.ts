/* eslint-disable no-restricted-syntax -- this is where the program of a thread begins */
/**
 * What runs in a worker thread: takes requests for jobs, imports their modules, and runs them with the space in their
 * context.
 *
 * @internal
 */
import { messageOf } from "@effect-linda/core/Options"
import * as Remote from "@effect-linda/core/Remote"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import * as WorkerRunner from "@effect/platform/WorkerRunner"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Writable } from "node:stream"
import { parentPort, workerData } from "node:worker_threads"
import { importModule } from "../../typescript.mjs"
import type { Any, Job } from "../Job.js"
import { isJob } from "../Job.js"
import { whileLoading } from "./entry.js"
import type { LiveFiber } from "./runtime.js"
import { callback, interruptLater } from "./runtime.js"
import type { Outcome, Request, Response, WorkerData } from "./wire.js"
import { dataKey, Sessions, unreadable, version } from "./wire.js"

type AnyJob = Job<any, unknown, unknown, any>

/** Runs the jobs of this thread: those that are given, or else those of the modules that are asked for. */
export const serve = (registered?: ReadonlyArray<Any>): void => {
  const { port, version: theirs } = workerData[dataKey] as WorkerData
  if (theirs !== version) {
    throw new Error(
      "this thread's entry was built with another version of @effect-linda/node: " +
        `it speaks version ${version} of the protocol, not ${theirs}`
    )
  }
  const running = new Map<number, LiveFiber<Outcome>>()
  /** Jobs that were interrupted before their requests came. */
  const interrupted = new Set<number>()
  /** Somebody would wait for ever for what that was about. So the thread ends, at once, before its jobs seem to. */
  const broken = () => process.exit(unreadable)
  const sessions = new Sessions(port, (session) => {
    const fiber = running.get(session)
    if (fiber === undefined) {
      interrupted.add(session)
    } else {
      interruptLater(fiber)
    }
  }, broken)
  parentPort?.on("messageerror", broken)
  const modules = new Map<string, Promise<ReadonlyArray<Any>>>()

  const importJobs = async (url: string): Promise<ReadonlyArray<Any>> =>
    Object.values(await whileLoading(() => importModule(url))).filter(isJob)

  const jobsOf = (url: string): Promise<ReadonlyArray<Any>> => {
    const jobs = modules.get(url) ?? importJobs(url)
    modules.set(url, jobs)
    return jobs
  }

  const find = ({ module, name }: Request): Effect.Effect<AnyJob, Outcome> =>
    Effect.gen(function*() {
      // Where jobs are given, their modules are no more: what their URLs name now is a bundle, perhaps the main
      // program.
      const jobs = registered ?? (yield* Effect.tryPromise({
        try: () => jobsOf(module),
        catch: (cause) => refused("Spawn", cause, `the module ${module} could not be loaded: `)
      }))
      const job = jobs.find((job) => job.name === name)
      if (job === undefined) {
        const where = registered === undefined ? `${module} exports` : "the entry of the thread serves"
        const names = jobs.map(({ name }) => `"${name}"`).join(", ")
        const others = names === "" ? "none at all: if it is a bundle, give the pool the option \"entry\"" : names
        const message = `${where} no job called "${name}", but ${others}`
        return yield* Effect.fail(refused("UnknownJob", undefined, message))
      }
      return job as AnyJob
    })

  const perform = (request: Request): Effect.Effect<Outcome> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const job = yield* restore(find(request))
        const input = yield* Effect.mapError(
          Schema.decodeUnknown(job.input)(job.codec.decode(request.input)),
          (error) => refused("InvalidInput", error)
        )
        const exit = yield* Effect.exit(restore(Effect.scoped(Effect.flatMap(
          Remote.connect(sessions.open(request.session), { schemas: job.schemas }),
          (space) => Effect.provideService(job.effect(input), job.space, space)
        ))))
        if (Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)) {
          return yield* Effect.interrupt
        }
        const encoded = Effect.flatMap(Schema.encodeUnknown(job.exit)(exit), (wire) => job.codec.encode(wire, "exit"))
        return yield* Effect.mapBoth(encoded, {
          onSuccess: (encoded): Outcome => ["exit", encoded],
          onFailure: (error) => refused("InvalidOutput", error, `the outcome of "${job.name}": `)
        })
      })
    ).pipe(
      Effect.catchAllCause((cause) =>
        Effect.succeed(Either.match(Cause.failureOrCause(cause), {
          onLeft: identity,
          onRight: (cause): Outcome =>
            Cause.isInterruptedOnly(cause) ? ["interrupted"] : refused("InvalidOutput", Cause.squash(cause))
        }))
      )
    )

  const run = (request: Request): Effect.Effect<Response> =>
    Effect.gen(function*() {
      const { session } = request
      const fiber = yield* Effect.fork(perform(request))
      running.set(session, fiber)
      if (interrupted.delete(session)) {
        interruptLater(fiber)
      }
      const exit = yield* Fiber.await(fiber)
      yield* printed
      running.delete(session)
      const sent = sessions.sent(session)
      sessions.end(session)
      return { sent, outcome: Exit.getOrElse(exit, (): Outcome => ["interrupted"]) }
    })

  const program = Layer.launch(WorkerRunner.layer(run)).pipe(
    Effect.provide(NodeWorkerRunner.layer),
    Effect.tapErrorCause((cause) => Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logError(cause)),
    // Else it would linger, and seem to be there for jobs.
    Effect.ensuring(Effect.sync(() => process.exit(1)))
  )
  Effect.runFork(program)
}

/**
 * Whether something that was written has not left the thread, which keeps all but the first of several lines for later.
 */
const isWriting = (stream: Writable): boolean => stream.writableLength > 0 && stream.writable

const written = (stream: Writable): Effect.Effect<void> =>
  callback((resume) => void stream.write("", () => resume(Effect.void)))

/**
 * What a job has printed is not to be lost if its thread ends with it. Whoever has replaced the streams may never call
 * back.
 */
const printed: Effect.Effect<void> = Effect.suspend(() => {
  const streams = [process.stdout, process.stderr].filter(isWriting)
  return streams.length === 0
    ? Effect.void
    : Effect.asVoid(Effect.timeoutOption(Effect.forEach(streams, written, { discard: true }), "1 second"))
})

const refused = (
  reason: Extract<Outcome, readonly ["refused", ...ReadonlyArray<any>]>[1],
  cause: unknown,
  prefix = ""
): Outcome => {
  const stack = cause instanceof Error && typeof cause.stack === "string" ? cause.stack : ""
  const message = cause === undefined ? "" : messageOf(cause)
  return ["refused", reason, prefix + message, stack]
}
