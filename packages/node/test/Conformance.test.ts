import { Remote, TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { afterAll, beforeAll } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { once } from "node:events"
import { MessageChannel, Worker } from "node:worker_threads"
import { Sessions } from "../src/internal/wire.js"
import type { Order } from "./host.js"

// What a job sees of its space, which is on another thread. Here the spaces are on the other thread, and the tests are
// the job.
const { port1, port2 } = new MessageChannel()
const sessions = new Sessions(port1, () => {})
let host: Worker
let last = 0

beforeAll(() => {
  host = new Worker(new URL("../worker.mjs", import.meta.url), {
    workerData: { port: port2, "@effect-linda/node": { entry: new URL("./host.ts", import.meta.url).href } },
    transferList: [port2]
  })
})
afterAll(() => host.terminate())

const tell = (...order: Order) =>
  Effect.promise(async () => {
    host.postMessage(order)
    await once(host, "message")
  })

/** A space on the other thread. */
const layer = (options: TupleSpace.Options) =>
  Layer.scoped(
    TupleSpace.TupleSpace,
    Effect.gen(function*() {
      const session = ++last
      const client = yield* Remote.connect(sessions.open(session))
      yield* Effect.acquireRelease(tell("open", session, options), () => tell("close", session))
      return client
    })
  )

Conformance.suite({
  name: "from inside a thread",
  layer,
  time: "live",
  lacks: Conformance.onLink.lacks,
  skip: {
    ...Conformance.onLink.skip,
    "S12 S13 K4": "a space here is closed by the other thread, which waits for the process that would wait for it",
    "S13 K4 after": "a space here is closed by the other thread, which waits for the process that would wait for it",
    "S14 B09 collectInto waits for room": "what moves to another space is held meanwhile",
    "S12 S17 a subscription ends when its space closes": "what it has not read yet is at the other end, and gone"
  }
})
