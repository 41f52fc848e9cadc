/** The suite from inside a thread: the spaces are on another one, and the tests are the job. */
import { Remote, TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { afterAll, beforeAll } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { MessagePort } from "node:worker_threads"
import { MessageChannel, Worker } from "node:worker_threads"
import { bundle } from "../bundle.js"
import { lacks, skip } from "../lacks.js"
import type { Engine, Order } from "./host.js"
import { linkOf } from "./link.js"

export const fromInsideAThread = (name: string, engine: () => Engine): void => {
  let folder: string
  let host: Worker
  let last = 0
  beforeAll(async () => {
    // inside the package, so that the bundle finds the drivers
    folder = mkdtempSync(join(import.meta.dirname, "..", "..", "build-thread-"))
    host = new Worker(await bundle(folder, new URL("host.ts", import.meta.url)))
  }, 120_000)
  afterAll(async () => {
    await host.terminate()
    rmSync(folder, { recursive: true })
  })

  const tell = (order: Order, ports: ReadonlyArray<MessagePort> = []) =>
    Effect.promise(async () => {
      host.postMessage(order, ports)
      await once(host, "message")
    })

  Conformance.suite({
    name: `from inside a thread, ${name}`,
    layer: Layer.scoped(
      TupleSpace.TupleSpace,
      Effect.gen(function*() {
        const { port1, port2 } = new MessageChannel()
        const id = ++last
        const client = yield* Remote.connect(linkOf(port1))
        yield* Effect.acquireRelease(tell({ id, engine: engine(), port: port2 }, [port2]), () => tell({ id }))
        return client
      })
    ),
    time: "live",
    lacks: { ...Conformance.onLink.lacks, ...lacks },
    skip: {
      ...skip,
      ...Conformance.onLink.skip,
      "S12 S13 K4": "a space here is closed by the other thread, which waits for the process that would wait for it",
      "S13 K4 after": "a space here is closed by the other thread, which waits for the process that would wait for it",
      "S12 S17 a subscription ends when its space closes": "what it has not read yet is at the other end, and gone"
    }
  })
}
