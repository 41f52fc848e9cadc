/** Runs a job that prints, and ends without closing its pool. */
import { TupleSpace } from "@effect-linda/core"
import { Workers } from "@effect-linda/node"
import { Effect, Layer, ManagedRuntime } from "effect"
import { prints } from "../jobs/jobs.js"

const idle = process.argv[2] === "Infinity" ? Infinity : "1 hour"
const workers = Workers.layerWith({ size: 1, idle, startTimeout: "50 seconds" })
const runtime = ManagedRuntime.make(Layer.merge(TupleSpace.layer, workers))

await runtime.runPromise(Effect.flatMap(Workers.eval(prints, 300), (process) => process.join))
