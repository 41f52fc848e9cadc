import { Pattern as P, TupleSpace } from "@effect-linda/core"
import * as NodeClient from "@effect-linda/server/NodeClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Option, Schedule } from "effect"
import { build } from "esbuild"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { join } from "node:path"
import type { Order } from "./kill/child.js"
import { served } from "./links.js"

/** How often each is killed: more with the variable LINDA_KILLS of the environment. */
const kills = Number(process.env["LINDA_KILLS"] ?? 2)

const numbers = Array.from({ length: 200 }, (_, n) => n)

let folder: string
let program: string

beforeAll(async () => {
  // inside the package, so that the bundle finds what it does not contain
  folder = mkdtempSync(join(import.meta.dirname, "..", "build-kill-"))
  program = join(folder, "child.mjs")
  await build({
    entryPoints: [join(import.meta.dirname, "kill", "child.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["effect", "@effect/*", "libsql"],
    logLevel: "error"
  })
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true }))

/** Starts a program, and waits until it says that it is ready. */
const started = (order: Order) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ["ignore", "pipe", "inherit"] })
      await once(child.stdout, "data")
      return child
    }),
    (child) => kill(child)
  )

const kill = (child: ChildProcess) =>
  Effect.promise(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit")
      child.kill("SIGKILL")
      await exited
    }
  })

const freePort = Effect.promise(async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
})

const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.repeat(effect, { until: holds, schedule: Schedule.spaced("5 millis") })

describe("Server: kill -9", () => {
  it.scopedLive("of a client: what it held is back, and what it moved was moved once", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const { server, text } = yield* served("tcp", () => Effect.succeed(space), { grace: "100 millis" })
      yield* space.outAll(numbers.map((n) => ["n", n] as const))
      for (let round = 0; round < kills; round++) {
        const moved = yield* space.count(["done", P.number])
        const child = yield* started({ role: "client", address: text })
        yield* until(
          Effect.zip(space.inspect, space.count(["done", P.number])),
          ([{ held }, count]) => held >= 2 && count > moved
        )
        yield* kill(child)
        yield* until(server.sizes, ({ sessions }) => sessions === 0)
        const [left, done] = [yield* space.copyCollect(["n", P.number]), yield* space.copyCollect(["done", P.number])]
        assert.deepStrictEqual([...left, ...done].map(([, n]) => n).sort((a, b) => a - b), numbers)
        assert.strictEqual((yield* space.inspect).held, 0)
      }
    }))

  it.scopedLive("of the server of a file: clients go on with the next, and nothing is lost or there twice", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const order: Order = { role: "server", filename: join(folder, "space.db"), port }
      let child = yield* started(order)
      const space = yield* NodeClient.make(`tcp://127.0.0.1:${port}`, { reconnect: Schedule.spaced("20 millis") })
      yield* space.outAll(numbers.map((n) => ["n", n] as const))
      // what fails may have happened, and is a step of its own: it is tried again
      const move = Effect.forever(Effect.ignore(space.exchange(["n", P.number], ([, n]) => [["done", n]])))
      yield* Effect.forkScoped(Effect.all([move, move], { concurrency: "unbounded" }))
      const counted = Effect.option(space.count(["done", P.number]))
      let last = 0
      for (let round = 0; round < kills; round++) {
        const before = last
        yield* until(counted, (count) => {
          last = Option.getOrElse(count, () => last)
          return last > before || last === numbers.length
        })
        yield* kill(child)
        child = yield* started(order)
      }
      yield* until(counted, Option.contains(numbers.length))
      assert.deepStrictEqual(
        (yield* space.copyCollect(["done", P.number])).map(([, n]) => n).sort((a, b) => a - b),
        numbers
      )
    }))
})
