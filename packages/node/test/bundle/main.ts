import { TupleSpace } from "@effect-linda/core"
import { Workers } from "@effect-linda/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { double, unserved } from "./jobs.js"

const program = Effect.gen(function*() {
  const process = yield* Workers.eval(double, undefined)
  yield* Effect.sleep(300) // nothing but the job keeps this alive
  yield* TupleSpace.out(["n", 21])
  console.log(yield* process.join)
  const error = yield* Effect.flip((yield* Workers.eval(unserved, undefined)).join)
  console.log(error.message)
})

const live = Layer.merge(TupleSpace.layer, Workers.layerWith({ entry: new URL("worker.mjs", import.meta.url) }))
void Effect.runPromise(Effect.provide(program, live))
