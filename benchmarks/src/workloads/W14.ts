/** W14: what threads cost: a round trip from inside one, a job, and its birth. */
import { TupleSpace } from "@effect-linda/core"
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import * as PlatformWorker from "@effect/platform/Worker"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { copyFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { Piscina } from "piscina"
import { Tinypool } from "tinypool"
import type { Size } from "../measure.js"
import { compare, each, run, timed } from "../measure.js"
import type { Row } from "../report.js"
import type { Files } from "../threads/files.js"
import { bundled } from "../threads/files.js"
import { nothing, pipelined, roundTrips } from "../threads/jobs.js"
import { ask, bare, ours } from "../threads/pools.js"
import { Nothing } from "../threads/request.js"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const published = fileURLToPath(new URL("../../../packages/node/build/package/", import.meta.url))

/** Microseconds a round. */
const operation = (files: Files, job: typeof roundTrips, n: number): Promise<number> =>
  run(
    Effect.gen(function*() {
      const workers = yield* ours(files, { size: 1 })
      yield* TupleSpace.out(["there"])
      yield* (yield* workers.eval(job, Math.min(n, 1_000))).join
      return 1000 * (yield* (yield* workers.eval(job, n)).join) / n
    }).pipe(Effect.provide(TupleSpace.layer), Effect.orDie)
  )

const bareRoundTrip = (files: Files, n: number): Promise<number> =>
  run(Effect.gen(function*() {
    const worker = yield* bare(files)
    yield* ask(worker, Math.min(n, 1_000))
    return 1000 * (yield* ask<number>(worker, n)) / n
  }))

/** Jobs a second, one after the other. */
const rateOf = (n: number, job: Effect.Effect<unknown>): Effect.Effect<number> =>
  Effect.zipRight(
    each(Math.min(n, 200), () => job),
    Effect.map(timed(each(n, () => job)), (millis) => 1000 * n / millis)
  )

const dispatch = (files: Files, n: number): Promise<number> =>
  run(
    Effect.gen(function*() {
      const workers = yield* ours(files)
      const space = yield* TupleSpace.TupleSpace
      return yield* rateOf(
        n,
        Effect.flatMap(
          Effect.provideService(workers.eval(nothing, undefined), TupleSpace.TupleSpace, space),
          ({ join }) => join
        ).pipe(Effect.orDie)
      )
    }).pipe(Effect.provide(TupleSpace.layer), Effect.orDie)
  )

const dispatchOfPlatform = ({ platform }: Files, n: number): Promise<number> =>
  run(
    Effect.gen(function*() {
      const pool = yield* PlatformWorker.makePoolSerialized<Nothing>({ size: 2 })
      return yield* rateOf(n, Effect.orDie(pool.executeEffect(new Nothing())))
    }).pipe(
      Effect.provide(NodeWorker.layer(() => new Worker(platform, { execArgv: [] }))),
      Effect.orDie
    )
  )

interface PoolOfOthers {
  readonly run: (task: undefined) => Promise<unknown>
  readonly destroy: () => Promise<void>
}

const dispatchOf = (make: () => PoolOfOthers, n: number): Promise<number> =>
  run(Effect.flatMap(
    Effect.acquireRelease(Effect.sync(make), (pool) => Effect.promise(() => pool.destroy())),
    (pool) => rateOf(n, Effect.promise(() => pool.run(undefined)))
  ))

/** Milliseconds until a thread runs its first job. */
const births = (files: Files, size: Size) => {
  execFileSync("npm", ["run", "build"], { cwd: root, stdio: "ignore", shell: process.platform === "win32" })
  execFileSync(process.execPath, ["scripts/pack.mjs"], { cwd: root, stdio: "ignore" })
  const program = `${published}birth.mjs`
  copyFileSync(new URL("../threads/birth.mjs", import.meta.url), program)
  const birth = (...args: ReadonlyArray<string>) => () =>
    Number(execFileSync(process.execPath, [program, ...args], { encoding: "utf8" }))
  const schema = async () => {
    const begun = performance.now()
    const worker = new Worker("import('effect/Schema').then(() => process.exit())", { eval: true, execArgv: [] })
    await once(worker, "exit")
    return performance.now() - begun
  }
  return compare(size, { compiled: birth(), bundled: birth(fileURLToPath(files.worker)), schema })
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const files = await bundled()
  const n = size === "full" ? 20_000 : 100
  const options = { filename: fileURLToPath(files.task), minThreads: 2, maxThreads: 2, execArgv: [] }
  const took = await compare(size, {
    roundTrip: () => operation(files, roundTrips, n),
    pipelined: () => operation(files, pipelined, n),
    bare: () => bareRoundTrip(files, n)
  })
  const jobs = await compare(size, {
    ours: () => dispatch(files, n / 4),
    platform: () => dispatchOfPlatform(files, n / 4),
    piscina: () => dispatchOf(() => new Piscina(options), n / 4),
    tinypool: () => dispatchOf(() => new Tinypool(options), n / 4)
  })
  const row = { workload: "W14" }
  const operations: ReadonlyArray<Row> = [
    {
      ...row,
      what: "an operation from inside a thread",
      unit: "µs",
      ours: took.roundTrip,
      floor: { name: "bare round trip", value: took.bare },
      must: ["at most", 2.5]
    },
    {
      ...row,
      what: "`out`s from inside a thread, a hundred at a time",
      unit: "/s",
      ours: 1e6 / took.pipelined,
      floor: { name: "bare round trips", value: 1e6 / took.bare },
      must: ["at least", 1.5]
    },
    {
      ...row,
      what: "a job that does nothing",
      unit: "/s",
      ours: jobs.ours,
      floor: { name: "makePoolSerialized", value: jobs.platform },
      must: ["at least", 0.6]
    },
    {
      ...row,
      what: "a job that does nothing",
      unit: "/s",
      ours: jobs.ours,
      floor: { name: "piscina", value: jobs.piscina }
    },
    {
      ...row,
      what: "a job that does nothing",
      unit: "/s",
      ours: jobs.ours,
      floor: { name: "tinypool", value: jobs.tinypool }
    }
  ]
  if (size === "tiny") {
    return operations // the tests do not build
  }
  const ready = await births(files, size)
  return [
    ...operations,
    {
      ...row,
      what: "until a thread runs its first job, compiled",
      unit: "ms",
      ours: ready.compiled,
      must: ["at most", 400]
    },
    {
      ...row,
      what: "until a thread runs its first job, compiled",
      unit: "ms",
      ours: ready.compiled,
      floor: { name: "thread with effect/Schema", value: ready.schema }
    },
    {
      ...row,
      what: "until a thread runs its first job, bundled",
      unit: "ms",
      ours: ready.bundled,
      must: ["at most", 120]
    }
  ]
}
