/* eslint-disable no-restricted-syntax -- this is where the program of a thread begins */
/**
 * What runs in a worker thread: takes requests for jobs, imports their modules, and runs them with the space in their context.
 *
 * @internal
 */
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
import { workerData } from "node:worker_threads"
import { loadTypeScript } from "../../typescript.mjs"
import type { Job } from "../Job.js"
import { isJob } from "../Job.js"
import type { Request, Response, WorkerData } from "./wire.js"
import { dataKey, Sessions } from "./wire.js"

type AnyJob = Job<any, unknown, unknown, any>

/** Runs the jobs of this thread: those that are given, and those of the modules that are asked for. */
export const serve = (registered: ReadonlyArray<AnyJob> = []): void => {
  const { port } = workerData[dataKey] as WorkerData
  const running = new Map<number, Fiber.RuntimeFiber<Response>>()
  /** Jobs that were interrupted before their requests came. */
  const interrupted = new Set<number>()
  const interrupt = (fiber: Fiber.RuntimeFiber<Response>) => fiber.unsafeInterruptAsFork(fiber.id())
  const sessions = new Sessions(port, {
    cancelled: (session) => {
      const fiber = running.get(session)
      if (fiber === undefined) {
        interrupted.add(session)
      } else {
        interrupt(fiber)
      }
    }
  })
  const modules = new Map<string, Promise<ReadonlyArray<AnyJob>>>()

  const importJobs = async (url: string): Promise<ReadonlyArray<AnyJob>> => {
    await loadTypeScript(url)
    return Object.values(await import(url)).filter(isJob)
  }

  const jobsOf = (url: string): Promise<ReadonlyArray<AnyJob>> => {
    const jobs = modules.get(url) ?? importJobs(url)
    modules.set(url, jobs)
    return jobs
  }

  const find = ({ module, name }: Request): Effect.Effect<AnyJob, Response> => {
    const isWanted = (job: AnyJob) => job.name === name
    const job = registered.find(isWanted)
    return job !== undefined ? Effect.succeed(job) : Effect.tryPromise({
      try: () => jobsOf(module),
      catch: (cause) => refused("Spawn", cause, `the module ${module} could not be loaded: `)
    }).pipe(Effect.flatMap((jobs) => {
      const job = jobs.find(isWanted)
      return job !== undefined
        ? Effect.succeed(job)
        : Effect.fail(refused(
          "UnknownJob",
          undefined,
          `${module} exports no job called "${name}". ` +
            (jobs.length === 0 ? "It exports none." : `It exports ${jobs.map(({ name }) => `"${name}"`).join(", ")}.`)
        ))
    }))
  }

  const perform = (request: Request): Effect.Effect<Response> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const job = yield* restore(find(request))
        const input = yield* Effect.mapError(
          Schema.decodeUnknown(job.input)(request.input),
          (error) => refused("InvalidInput", error)
        )
        const exit = yield* Effect.exit(restore(Effect.scoped(Effect.flatMap(
          Remote.connect(sessions.link(request.session), { schemas: job.schemas }),
          (space) => Effect.provideService(Effect.suspend(() => job.effect(input)), job.space, space)
        ))))
        if (Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)) {
          return yield* Effect.interrupt
        }
        return yield* Effect.mapBoth(Schema.encodeUnknown(job.exit)(exit), {
          onSuccess: (encoded): Response => ["exit", encoded],
          onFailure: (error) => refused("InvalidOutput", error)
        })
      })
    ).pipe(
      Effect.catchAllCause((cause) =>
        Effect.succeed(Either.match(Cause.failureOrCause(cause), {
          onLeft: identity,
          onRight: (cause): Response =>
            Cause.isInterruptedOnly(cause) ? ["interrupted"] : refused("InvalidOutput", Cause.squash(cause))
        }))
      )
    )

  const run = ({ session, ...request }: Request): Effect.Effect<Response> =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(perform({ session, ...request }))
      running.set(session, fiber)
      if (interrupted.delete(session)) {
        interrupt(fiber)
      }
      const exit = yield* Fiber.await(fiber)
      running.delete(session)
      sessions.over(session)
      return Exit.getOrElse(exit, (): Response => ["interrupted"])
    })

  const program = Layer.launch(WorkerRunner.layer(run)).pipe(
    Effect.provide(NodeWorkerRunner.layer),
    // else the thread would linger
    Effect.ensuring(Effect.sync(() => port.close())),
    Effect.tapErrorCause((cause) => Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logError(cause))
  )
  Effect.runFork(program)
}

const refused = (
  reason: Extract<Response, readonly ["refused", ...ReadonlyArray<any>]>[1],
  cause: unknown,
  prefix = ""
): Response => {
  const [message, stack] = cause instanceof Error ? [cause.message, cause.stack ?? ""] : [String(cause ?? ""), ""]
  return ["refused", reason, prefix + message, stack]
}
