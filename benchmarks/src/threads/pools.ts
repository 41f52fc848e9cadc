/** Ours and bare threads. */
import { Workers } from "@effect-linda/node"
import type { Scope } from "effect"
import { Effect } from "effect"
import { MessageChannel, Worker } from "node:worker_threads"
import type { Files } from "./files.js"

/** Not what this process was started with, which loads the TypeScript compiler. */
const execArgv: Array<string> = []

export const ours = (
  { worker }: Files,
  options: Workers.Options = {}
): Effect.Effect<Workers.Workers, never, Scope.Scope> =>
  Effect.orDie(Workers.make({ size: 2, concurrency: 1, entry: worker, execArgv, ...options }))

/** A thread without anything, and the port that it counts round trips by. */
export const bare = ({ bare }: Files): Effect.Effect<Worker, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Worker>((resume) => {
      const { port1, port2 } = new MessageChannel()
      const worker = new Worker(bare, { workerData: { port: port2 }, transferList: [port2], execArgv })
      port1.on("message", (message) => port1.postMessage(message))
      worker.once("message", () => resume(Effect.succeed(worker)))
    }),
    (worker) => Effect.promise(() => worker.terminate())
  )

/** What a thread answers to a message. */
export const ask = <A>(worker: Worker, message: unknown): Effect.Effect<A> =>
  Effect.async((resume) => {
    worker.once("message", (answer: A) => resume(Effect.succeed(answer)))
    worker.postMessage(message)
  })
