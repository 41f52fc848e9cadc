import { TupleSpace } from "@effect-linda/core"
import { Workers } from "@effect-linda/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { pathToFileURL } from "node:url"
import { double } from "./jobs.js"

const program = Effect.gen(function*() {
  const process = yield* Workers.eval(double, undefined)
  yield* TupleSpace.out(["n", 21])
  console.log(yield* process.join)
})

const live = Layer.merge(TupleSpace.layer, Workers.layerWith({ entry: pathToFileURL(`${__dirname}/worker.cjs`) }))
void Effect.runPromise(Effect.provide(program, live))
