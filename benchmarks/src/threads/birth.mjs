/**
 * How long it takes until a thread runs its first job, in milliseconds: in a process with nothing else to do. It is
 * copied into the package as it is published, to find what users find.
 *
 *   node birth.mjs [entry]
 */
import { TupleSpace } from "@effect-linda/core"
import { Job, Workers } from "@effect-linda/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { pathToFileURL } from "node:url"
import { isMainThread } from "node:worker_threads"

const now = Effect.sync(() => performance.timeOrigin + performance.now())

export const clock = Job.make(import.meta.url, "clock", { success: Schema.Number }, () => now)

if (isMainThread) {
  const entry = process.argv[2]
  const program = Effect.flatMap(now, (begun) =>
    Effect.map(
      Effect.flatMap(Workers.eval(clock, undefined), ({ join }) => join),
      (ran) => ran - begun
    ))
  const workers = Workers.layerWith({ size: 1, entry: entry === undefined ? undefined : pathToFileURL(entry) })
  console.log(await Effect.runPromise(Effect.provide(program, Layer.merge(TupleSpace.layer, workers))))
}
