import { Pattern as P, Process, Remote, Sharded, SpaceError, SpaceStore, TupleSpace } from "@effect-linda/core"
import { Job, WorkerError, Workers } from "@effect-linda/node"
import type * as Worker from "@effect/platform/Worker"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Cause, Data, Effect, Equal, Exit, Fiber, FiberId, Layer, Option, Schema, Scope } from "effect"
import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ReadableStream } from "node:stream/web"
import { fileURLToPath, pathToFileURL } from "node:url"
import { MessageChannel } from "node:worker_threads"
import * as Pool from "../src/internal/pool.js"
import * as Thread from "../src/internal/thread.js"
import { Sessions } from "../src/internal/wire.js"
import { bundle } from "./bundle.js"
import * as jobs from "./jobs/jobs.js"

const same = (actual: unknown, expected: unknown): void => deepStrictEqual(actual, expected)

// The jobs in one file: a thread that starts from sources loads hundreds of them, through tsx.
const { extension, outdir, remove } = await bundle(["jobs/serve"], tmpdir())
afterAll(remove)

/** How threads start where that is not what a test is about: as fast as can be, and a busy machine takes long. */
const patient = {
  entry: pathToFileURL(join(outdir, `serve${extension}`)),
  startTimeout: "50 seconds"
} as const

/** As threads start by themselves. */
const fromSources: Workers.Options = { entry: undefined }

/** A test with a space and threads of its own, after which none of them is left. */
const test = <E>(
  name: string,
  body: () => Effect.Effect<unknown, E, any>,
  options: Workers.Options = {}
) =>
  it.live(name, () =>
    body().pipe(
      Effect.provide(Layer.merge(
        TupleSpace.layer as Layer.Layer<any>,
        Workers.layerWith({ size: 2, ...patient, ...options })
      )),
      Effect.zipRight(Effect.sleep(10)),
      Effect.tap(() => Effect.sync(() => same(leftovers(), [])))
    ) as Effect.Effect<void, unknown>)

const leftovers = () => process.getActiveResourcesInfo().filter((name) => name === "Worker")

const errorOf = <A, E>(process: Process.Process<A, E>) =>
  Effect.map(process.await, (exit) => {
    assert.isTrue(Exit.isFailure(exit), String(exit))
    return Exit.isFailure(exit) ? Cause.squash(exit.cause) as any : undefined
  })

describe("Workers: one interface", () => {
  test("a job has an input and a result", () =>
    Effect.gen(function*() {
      const process = yield* Workers.eval(jobs.double, 21)
      assert.strictEqual(yield* process.join, 42)
      assert.strictEqual(process.name, "double")
    }))

  test("V02 a worker loop takes jobs and puts results; it is a process of the space, and interruptible", () =>
    Effect.gen(function*() {
      const process = yield* Workers.eval(jobs.squares, undefined, { name: "squarer" })
      yield* TupleSpace.outAll([["n", 2], ["n", 3]])
      same(yield* TupleSpace.inAll([["squared", 2, P.number], ["squared", 3, P.number]]), [["squared", 2, 4], [
        "squared",
        3,
        9
      ]])
      yield* Effect.sleep(50) // it waits again
      const { interests, processes } = yield* TupleSpace.inspect
      same(processes.map(({ name }) => name), ["squarer"])
      same(interests.map(({ kind, process }) => [kind, process]), [["in", "squarer"]])
      assert.isTrue(Exit.isInterrupted(yield* process.interrupt))
      same((yield* TupleSpace.inspect).interests, [])
      same(yield* Workers.status, { threads: 1, running: 0, waiting: 0 })
    }))

  test("every operation works inside, and the same process runs as a fiber", () =>
    Effect.gen(function*() {
      const onThread = yield* (yield* Workers.eval(jobs.everything, undefined)).join
      const asFiber = yield* jobs.everything.effect()
      same(onThread, asFiber)
      same(onThread, [
        ["a", 1],
        ["a", 2],
        "b",
        0,
        "TimeoutException",
        [["s", 1], ["s", 2]],
        [["s", 2], ["s", 1]],
        "child"
      ])
    }))

  test("instances of schemas are what they were, on both sides; functions are refused by name", () =>
    Effect.gen(function*() {
      yield* Workers.eval(jobs.moves, undefined)
      yield* TupleSpace.out(["point", new jobs.Point({ x: 1 })])
      const [, point] = yield* TupleSpace.in(["moved", P.instanceOf(jobs.Point)])
      assert.strictEqual(point.x, 2)
      const error = yield* errorOf(yield* Workers.eval(jobs.putsFunction, undefined))
      assert.match(error.message, /^field 1: a function cannot leave its thread/)
    }))

  test("input and result carry what tuples carry, and what they cannot is refused by name", () =>
    Effect.gen(function*() {
      const value = {
        when: new Date(0),
        map: new Map([["k", 1n]]),
        bytes: new Float64Array([1, 2]),
        data: Data.struct({ a: Option.some([1]) }),
        point: new jobs.Point({ x: 1 })
      }
      const mirrored = yield* (yield* Workers.eval(jobs.mirrors, value)).join
      same(mirrored, value)
      assert.isTrue(Equal.isEqual((mirrored as typeof value).data))
      // N9
      const proxied = new Proxy([1, new Proxy({ a: new Proxy([2], {}) }, {})], {})
      same(yield* (yield* Workers.eval(jobs.mirrors, { proxied })).join, { proxied: [1, { a: [2] }] })
      const date = yield* errorOf(yield* Workers.eval(jobs.mirrors, { a: [new Proxy(new Date(0), {})] }))
      assert.match(date.message, /^the input of "mirrors": input\.a\[0\]: an instance of Date would lose its class/)
      const refused = yield* errorOf(yield* Workers.eval(jobs.mirrors, { a: [() => 1] }))
      same([refused.reason, refused.message.split(":", 2).join()], [
        "InvalidInput",
        "the input of \"mirrors\", input.a[0]"
      ])
      const returned = yield* errorOf(yield* Workers.eval(jobs.returnsInstance, undefined))
      assert.strictEqual(returned.reason, "InvalidOutput")
      assert.match(returned.message, /the outcome of "returnsInstance": exit\.value\.items\[0\]: an instance of Plain/)
      const died = yield* errorOf(yield* Workers.eval(jobs.diesOfObject, undefined))
      assert.match(String(died), /code: 7/)
    }))

  test("input is checked, and large buffers can be moved", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(yield* Workers.eval(jobs.double, "x" as never))
      same([error._tag, error.reason], ["WorkerError", "InvalidInput"])
      assert.match(error.message, /the input of "double".*Expected number/s)
      const buffer = new Uint8Array(1 << 20)
      const moved = yield* Workers.eval(jobs.bytes, buffer, { transfer: [buffer.buffer] })
      assert.strictEqual(yield* moved.join, 1 << 20)
      assert.strictEqual(buffer.byteLength, 0)
    }))
})

describe("Workers: what is sent", () => {
  const transferred = () => {
    const bytes = new Uint8Array(8)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    return bytes.buffer
  }
  const port = () => new MessageChannel().port1
  const sent = () => {
    const one = port()
    structuredClone(one, { transfer: [one] })
    return one
  }
  const locked = () => {
    const stream = new ReadableStream()
    stream.getReader()
    return stream
  }
  const buffer = new ArrayBuffer(8)
  const emptied = transferred()
  const cases: ReadonlyArray<readonly [name: string, input: unknown, transfer: unknown, message: RegExp]> = [
    ["a buffer that was transferred", 1, [buffer, transferred()], /transfer\[1\] was transferred to somewhere else/],
    ["a buffer that was transferred, in the input", { a: [emptied] }, [], /input\.a\[0\]: its buffer was transferred/],
    ["the buffer itself", { a: emptied }, [emptied], /transfer\[0\] was transferred/],
    ["a buffer that is listed twice", 1, [buffer, buffer], /transfer\[1\] is listed twice/],
    ["a view in the list", 1, [new Uint8Array(8)], /transfer\[0\] is a view: list its buffer/],
    ["shared memory in the list", 1, [new SharedArrayBuffer(8)], /transfer\[0\] is shared by all threads/],
    ["what is no object", 1, [null], /transfer\[0\] is null/],
    ["an object of another kind", 1, [{}], /cannot be sent: .*transferList/],
    ["a port that was sent before", 1, [sent()], /cannot be sent: MessagePort in transfer list is already detached/],
    ["a stream that is locked", 1, [locked()], /cannot be sent: Cannot transfer a locked ReadableStream/],
    [
      "a port that is not listed",
      { a: [1, port()] },
      [],
      /cannot be sent, for input\.a\[1\]: Object that needs transfer/
    ]
  ]

  test(
    "N3 N9 what cannot be transferred is refused, with the reason and the place, and concerns no other job",
    () =>
      Effect.gen(function*() {
        const beside = yield* Workers.eval(jobs.queues, 0)
        yield* TupleSpace.in(["began", 0])
        for (const [name, input, transfer, message] of cases) {
          const error = yield* errorOf(yield* Workers.eval(jobs.mirrors, input, { name, transfer: transfer as any }))
          same([error._tag, error.reason], ["WorkerError", "InvalidInput"])
          assert.match(error.message, /^the input of "mirrors"/)
          assert.match(error.message, message)
          const [failure, , process] = yield* TupleSpace.in(Process.failure(WorkerError.WorkerError))
          same([failure.reason, process], ["InvalidInput", name])
        }
        same(buffer.byteLength, 8)
        same(yield* (yield* Workers.eval(jobs.double, 1)).join, 2)
        yield* TupleSpace.out(["go", 0])
        yield* beside.join
        same((yield* Workers.status).threads, 1)
      }),
    { size: 1 }
  )

  test("N3 a result that cannot be sent is refused, and the thread goes on", () =>
    Effect.gen(function*() {
      for (
        const [job, message] of [
          [jobs.returnsPort, /the outcome of "returnsPort" cannot be sent: Object that needs transfer/],
          [jobs.returnsEmptied, /the outcome of "returnsEmptied": exit\.value\.bytes: its buffer was transferred/]
        ] as const
      ) {
        const error = yield* errorOf(yield* Workers.eval(job, undefined))
        same([error._tag, error.reason], ["WorkerError", "InvalidOutput"])
        assert.match(error.message, message)
        yield* TupleSpace.in(Process.failure(WorkerError.WorkerError))
      }
      same(yield* (yield* Workers.eval(jobs.double, 1)).join, 2)
      same((yield* Workers.status).threads, 1)
    }), { size: 1 })

  test("N3 a thread to which something came that it cannot read is lost, and replaced", () =>
    Effect.gen(function*() {
      const beside = yield* Workers.eval(jobs.queues, 0)
      yield* TupleSpace.in(["began", 0])
      for (const process of [yield* Workers.eval(jobs.getsRubbish, undefined), beside]) {
        const error = yield* errorOf(process)
        same([error._tag, error.reason], ["WorkerError", "Crashed"])
        assert.match(error.message, /a message to it could not be read; it ran "queues", "getsRubbish"$/)
      }
      same(yield* (yield* Workers.eval(jobs.double, 1)).join, 2)
    }), { size: 1 })

  test("N4 memory that is shared is seen by all threads, through every kind of view", () =>
    Effect.gen(function*() {
      const shared = new SharedArrayBuffer(64)
      const views = [
        new Uint8Array(shared),
        new Uint8Array(shared, 8, 8),
        new Int32Array(shared, 16, 2),
        Buffer.from(shared, 24, 8),
        new DataView(shared, 40, 2)
      ]
      for (const view of views) {
        yield* (yield* Workers.eval(jobs.marks, view)).join
        same(new Uint8Array(shared)[view.byteOffset], 42)
      }
    }), { size: 1 })
})

describe("Workers: what is printed", () => {
  const numbered = (word: string, text: string) => text.split("\n").filter((line) => line.startsWith(word)).length

  it.live("N6 what a job has printed is there when its pool is closed", () =>
    Effect.gen(function*() {
      const streams = [process.stdout, process.stderr]
      const printed = ["", ""]
      const restore = streams.map((stream, index) => {
        const { write } = stream
        stream.write = (chunk: Uint8Array | string) => {
          printed[index] += String(chunk)
          return true
        }
        return () => stream.write = write
      })
      yield* Effect.flatMap(Workers.eval(jobs.prints, 300), (process) => process.join).pipe(
        Effect.provide(Layer.merge(TupleSpace.layer, Workers.layerWith({ size: 1, ...patient }))),
        Effect.ensuring(Effect.sync(() => restore.forEach((each) => each())))
      )
      same([numbered("out", printed[0]!), numbered("err", printed[1]!)], [300, 300])
    }))

  for (const idle of ["1 hour", "Infinity"]) {
    it(`N8 N6 a pool that nobody closes does not keep its program up, and nothing printed is lost (idle: ${idle})`, () => {
      const program = fileURLToPath(new URL("programs/unclosed.ts", import.meta.url))
      const tsx = createRequire(import.meta.url).resolve("tsx/cli")
      const { status, stderr, stdout } = spawnSync(process.execPath, [tsx, program, idle], {
        encoding: "utf8",
        timeout: 100_000
      })
      same([status, numbered("out", stdout), numbered("err", stderr)], [0, 300, 300])
    })
  }
})

describe("Workers: spaces of every engine", () => {
  const stores = Effect.gen(function*() {
    const { open } = yield* SpaceStore.memory
    const stored = yield* Effect.flatMap(open("one"), SpaceStore.make)
    return [stored, Sharded.make([stored, yield* Effect.flatMap(open("other"), SpaceStore.make)])] as const
  })

  it.scopedLive("N1 a job runs on a thread over a store, and over parts", () =>
    Effect.gen(function*() {
      for (const space of yield* stores) {
        yield* Effect.gen(function*() {
          const process = yield* Workers.eval(jobs.squares, undefined, { name: "squarer" })
          yield* space.outAll([["n", 2], ["n", 3]])
          same(yield* space.in(["squared", 2, P.number]), ["squared", 2, 4])
          same(yield* space.in(["squared", 3, P.number]), ["squared", 3, 9])
          assert.isTrue(Exit.isInterrupted(yield* process.interrupt))
          same((yield* space.inspect).interests, [])
        }).pipe(
          Effect.provideService(TupleSpace.TupleSpace, space as TupleSpace.TupleSpace<any, any>),
          Effect.provide(Workers.layerWith({ size: 1, ...patient }))
        )
      }
    }))

  it.scopedLive("N1 the other end of a link is refused at once", () =>
    Effect.gen(function*() {
      const { port1, port2 } = new MessageChannel()
      yield* Effect.forkScoped(Remote.serve(yield* TupleSpace.make(), new Sessions(port1, () => {}).open(0)))
      const space = yield* Remote.connect(new Sessions(port2, () => {}).open(0))
      yield* Effect.gen(function*() {
        const error = yield* Effect.flip(Workers.eval(jobs.double, 1))
        assert.instanceOf(error, SpaceError.SpaceError)
        same([error.reason, (yield* Workers.status).threads], ["Unsupported", 0])
        assert.match(
          error.message,
          /the job "double" cannot run on a thread: .* other end of a link.*space\.eval\(job\.effect\(input\)\)/
        )
      }).pipe(
        Effect.provideService(TupleSpace.TupleSpace, space as TupleSpace.TupleSpace<any, any>),
        Effect.provide(Workers.layerWith({ size: 1, ...patient }))
      )
      port1.close()
    }))
})

describe("Workers: interruption", () => {
  test("V06 a tuple that is held is back when the job is interrupted, after its finalizers", () =>
    Effect.gen(function*() {
      yield* TupleSpace.out(["held"])
      const process = yield* Workers.eval(jobs.holds, "wait")
      yield* TupleSpace.in(["holding"])
      assert.strictEqual(yield* TupleSpace.count(["held"]), 0)
      yield* process.interrupt
      same([yield* TupleSpace.count(["held"]), yield* TupleSpace.count(["finalized"])], [1, 1])
    }))

  for (const how of ["exit", "loop"] as const) {
    test(
      `V06 a tuple that is held is back when its thread ${how === "exit" ? "exits" : "is terminated"}`,
      () =>
        Effect.gen(function*() {
          yield* TupleSpace.out(["held"])
          const process = yield* Workers.eval(jobs.holds, how)
          yield* TupleSpace.in(["holding"])
          if (how === "loop") {
            yield* process.interrupt
          }
          yield* process.await
          assert.strictEqual(yield* TupleSpace.count(["held"]), 1)
          assert.strictEqual((yield* TupleSpace.inspect).held, 0)
        }),
      { grace: 200 }
    )
  }

  test("S8 of takes that race their interruption nothing is lost", () =>
    Effect.gen(function*() {
      const rounds = 200
      yield* (yield* Workers.eval(jobs.double, 0)).join // a thread has started
      for (let round = 0; round < rounds; round++) {
        const process = yield* Workers.eval(jobs.takes, round)
        const put = yield* Effect.fork(TupleSpace.out(["t", round]))
        yield* Effect.sleep(round % 4)
        yield* process.interrupt
        yield* Fiber.join(put)
      }
      const took = yield* TupleSpace.count(["took", P.number])
      assert.strictEqual(yield* TupleSpace.count(["t", P.number]), rounds - took)
      assert.strictEqual((yield* TupleSpace.inspect).held, 0)
      assert.isAbove(took, 0)
      assert.isBelow(took, rounds)
    }))

  test(
    "a loop that never yields is terminated after the grace period; the others are not",
    () =>
      Effect.gen(function*() {
        const looping = yield* Workers.eval(jobs.loops, undefined)
        yield* TupleSpace.in(["looping"])
        const squares = yield* Workers.eval(jobs.squares, undefined)
        yield* TupleSpace.out(["n", 2])
        yield* TupleSpace.in(["squared", 2, 4])
        const begun = performance.now()
        const exit = yield* looping.interrupt
        assert.isBelow(performance.now() - begun, 20_000)
        same(Exit.isFailure(exit) && (Cause.squash(exit.cause) as WorkerError.WorkerError).reason, "Stuck")
        assert.strictEqual((yield* TupleSpace.in(Process.failure(WorkerError.WorkerError)))[0].reason, "Stuck")
        yield* TupleSpace.out(["n", 3])
        yield* TupleSpace.in(["squared", 3, 9])
        assert.strictEqual(yield* (yield* Workers.eval(jobs.double, 1)).join, 2)
        yield* squares.interrupt
      }),
    { concurrency: 1, grace: 200 }
  )

  it.live("S12 closing the space ends all of them in bounded time, whatever they do", () =>
    Effect.gen(function*() {
      // The bound is that of the test: how long it takes depends on what else the machine does.
      yield* Effect.gen(function*() {
        yield* Workers.eval(jobs.loops, undefined)
        yield* Workers.eval(jobs.loops, undefined)
        yield* TupleSpace.inAll([["looping"], ["looping"]])
        yield* Workers.eval(jobs.squares, undefined)
      }).pipe(
        Effect.provide(Layer.provideMerge(
          TupleSpace.layer,
          Workers.layerWith({ size: 2, concurrency: 1, grace: 200, ...patient })
        ))
      )
      same(leftovers(), [])
    }))
})

describe("Workers: ways to die", () => {
  test("a typed failure arrives as such, and as a failure tuple", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(yield* Workers.eval(jobs.fails, undefined, { name: "burner" }))
      assert.instanceOf(error, jobs.Overheated)
      assert.strictEqual(error.degrees, 451)
      const [failure, , name] = yield* TupleSpace.in(Process.failure(jobs.Overheated))
      same([failure.degrees, name], [451, "burner"])
    }))

  test("a defect arrives with its name, its message and the stack of its thread", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(yield* Workers.eval(jobs.dies, undefined))
      same([error.name, error.message], ["RangeError", "out of range"])
      assert.match(error.stack, /jobs\.ts/)
      const [, trace] = yield* TupleSpace.in(Process.failure())
      assert.match(trace, /out of range[^]*jobs\.ts/)
    }), fromSources)

  const crashes: ReadonlyArray<readonly [name: string, job: typeof jobs.exits, message: RegExp]> = [
    ["process.exit", jobs.exits, /exit code 3/],
    ["an uncaught exception in a timer", jobs.throwsLater, /in a timer/],
    ["an unhandled rejection", jobs.rejects, /nobody caught/],
    ["out of memory", jobs.eatsMemory, /memory/]
  ]
  for (const [name, job, message] of crashes) {
    test(`${name}: a typed error, and another thread`, () =>
      Effect.gen(function*() {
        const error = yield* errorOf(yield* Workers.eval(job, undefined))
        assert.instanceOf(error, WorkerError.WorkerError)
        same(error.reason, "Crashed")
        assert.match(error.message, message)
        assert.match(error.message, new RegExp(`; it ran "${job.name}"$`))
        assert.instanceOf((yield* TupleSpace.in(Process.failure(WorkerError.WorkerError)))[0], WorkerError.WorkerError)
        assert.strictEqual(yield* (yield* Workers.eval(jobs.double, 1)).join, 2)
      }), { resourceLimits: { maxOldGenerationSizeMb: 64 } })
  }

  test("a crash concerns all jobs of its thread, and no others", () =>
    Effect.gen(function*() {
      const [first, second] = [yield* Workers.eval(jobs.queues, 0), yield* Workers.eval(jobs.queues, 1)]
      yield* TupleSpace.inAll([["began", 0], ["began", 1]])
      // on the thread of the first: both have one job, and the first is the older
      const crashing = yield* Workers.eval(jobs.exits, undefined, { name: "the one that exits" })
      for (const process of [crashing, first]) {
        const { message, reason } = yield* errorOf(process)
        same([reason, message], [
          "Crashed",
          "the thread has ended with exit code 3; it ran \"queues\", \"exits\" (the process \"the one that exits\")"
        ])
      }
      yield* TupleSpace.out(["go", 1])
      yield* second.join
    }))

  test(
    "where every thread is stuck, those that wait have their turn once they are terminated",
    () =>
      Effect.gen(function*() {
        const stuck = [yield* Workers.eval(jobs.loops, undefined), yield* Workers.eval(jobs.loops, undefined)]
        yield* TupleSpace.inAll([["looping"], ["looping"]])
        const waiting = yield* Workers.eval(jobs.double, 1)
        yield* Effect.sleep(20)
        same(yield* Workers.status, { threads: 2, running: 2, waiting: 1 })
        yield* Effect.forEach(stuck, (process) => process.interrupt, { concurrency: "unbounded" })
        assert.strictEqual(yield* waiting.join, 2)
      }),
    { concurrency: 1, grace: 100 }
  )

  test("a module that is not there, or throws, or has no such job", () =>
    Effect.gen(function*() {
      const missing = Job.make(new URL("./jobs/missing.ts", import.meta.url).href, "x", {}, () => Effect.void)
      const throwing = Job.make(new URL("./jobs/throws.ts", import.meta.url).href, "x", {}, () => Effect.void)
      const unknown = Job.make(jobs.double.module, "triple", {}, () => Effect.void)
      const cases = [
        [missing, "Spawn", /missing\.ts could not be loaded/],
        [throwing, "Spawn", /cannot be loaded/],
        [unknown, "UnknownJob", /exports no job called "triple", but .*"double"/]
      ] as const
      for (const [job, reason, message] of cases) {
        const error = yield* errorOf(yield* Workers.eval(job, undefined))
        assert.strictEqual(error.reason, reason)
        assert.match(error.message, message)
      }
      assert.strictEqual(yield* (yield* Workers.eval(jobs.double, 1)).join, 2)
    }), fromSources)

  test("an entry that does not start", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 3; i++) {
        const error = yield* errorOf(yield* Workers.eval(jobs.double, 1))
        same([error._tag, error.reason], ["WorkerError", "Spawn"])
      }
      same((yield* Workers.status).threads, 0)
    }), { entry: new URL("./jobs/throws.ts", import.meta.url) })

  test("an entry that never says that it has started", () =>
    Effect.gen(function*() {
      const { message, reason } = yield* errorOf(yield* Workers.eval(jobs.double, 1))
      same([reason, message], ["Spawn", "the thread did not start in time"])
      same((yield* Workers.status).threads, 0)
    }), { entry: new URL("data:text/javascript,setInterval(() => {}, 1000)"), startTimeout: 100 })
})

describe("Workers: the pool", () => {
  test("more processes than threads wait in order of arrival", () =>
    Effect.gen(function*() {
      const processes = []
      for (const n of [0, 1, 2, 3, 4]) {
        processes.push(yield* Workers.eval(jobs.queues, n))
      }
      yield* TupleSpace.inAll([["began", 0], ["began", 1]])
      same(yield* Workers.status, { threads: 2, running: 2, waiting: 3 })
      for (const n of [0, 1, 2]) {
        yield* TupleSpace.out(["go", n])
        yield* TupleSpace.in(["began", n + 2])
      }
      yield* TupleSpace.outAll([["go", 3], ["go", 4]])
      for (const process of processes) {
        yield* process.join
      }
    }), { concurrency: 1 })

  test("one that waits for a thread can be interrupted, and the next has its turn", () =>
    Effect.gen(function*() {
      const first = yield* Workers.eval(jobs.queues, 0)
      yield* TupleSpace.in(["began", 0])
      const second = yield* Workers.eval(jobs.queues, 1)
      const third = yield* Workers.eval(jobs.queues, 2)
      yield* Effect.sleep(20)
      yield* second.interrupt
      yield* TupleSpace.out(["go", 0])
      yield* TupleSpace.in(["began", 2])
      yield* TupleSpace.out(["go", 2])
      yield* first.join
      yield* third.join
    }), { size: 1, concurrency: 1 })

  test("one that is interrupted in the moment in which it is given a thread leaves it to the next", () =>
    Effect.gen(function*() {
      const entry = new URL("../src/internal/main.ts", import.meta.url).href
      const pool = yield* Effect.provide(
        Pool.make({
          size: 1,
          concurrency: 1,
          idle: 10_000,
          entry,
          startTimeout: 30_000,
          grace: 1_000,
          resourceLimits: undefined,
          execArgv: undefined,
          env: undefined
        }),
        Thread.layerManager as Layer.Layer<Worker.WorkerManager>
      )
      const gate = yield* Effect.makeLatch()
      const first = yield* Effect.fork(pool.use(() => gate.await))
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(pool.use(() => Effect.void))
      yield* Effect.repeat(pool.status, { until: ({ waiting }) => waiting === 1 })
      // The first has given up its thread when it ends, and the second goes on a moment later.
      first.addObserver(() => second.unsafeInterruptAsFork(FiberId.none))
      yield* gate.open
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(second)))
      same(yield* pool.status, { threads: 1, running: 0, waiting: 0 })
    }).pipe(Effect.scoped))

  test("S12 a pool that closes interrupts those who use it, and those who wait for a thread", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const workers = yield* Scope.extend(Workers.make({ size: 1, concurrency: 1, ...patient }), scope)
      const processes = [yield* workers.eval(jobs.queues, 0), yield* workers.eval(jobs.queues, 1)]
      yield* TupleSpace.in(["began", 0])
      yield* Effect.repeat(workers.status, { until: ({ waiting }) => waiting === 1 })
      yield* Scope.close(scope, Exit.void)
      for (const process of processes) {
        assert.isTrue(Exit.isInterrupted(yield* process.await))
      }
    }))

  test("processes that mostly wait share threads, so that none of them starves", () =>
    Effect.gen(function*() {
      const processes = []
      for (const n of [0, 1, 2, 3, 4]) {
        processes.push(yield* Workers.eval(jobs.queues, n))
      }
      yield* TupleSpace.inAll([["began", 0], ["began", 1], ["began", 2], ["began", 3], ["began", 4]])
      same(yield* Workers.status, { threads: 2, running: 5, waiting: 0 })
      yield* TupleSpace.outAll([["go", 0], ["go", 1], ["go", 2], ["go", 3], ["go", 4]])
      for (const process of processes) {
        yield* process.join
      }
    }))

  test("threads go when they have been idle", () =>
    Effect.gen(function*() {
      yield* (yield* Workers.eval(jobs.double, 1)).join
      same((yield* Workers.status).threads, 1)
      yield* Effect.sleep(200)
      same((yield* Workers.status).threads, 0)
      assert.strictEqual(yield* (yield* Workers.eval(jobs.double, 2)).join, 4)
    }), { idle: 50 })

  it.effect("options are checked", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Workers.make({ size: 0 })))
      same([error.reason, error.message], ["InvalidOption", "size: 0 is no integer from 1 on"])
    }))

  it.effect("S16 K15 what is wrong with an option is refused by its name", () =>
    Effect.gen(function*() {
      const wrong: Readonly<Record<string, ReadonlyArray<unknown>>> = {
        size: [null, 0, -1, 1.5, NaN, Infinity, "1"],
        concurrency: [null, 0, NaN, "1"],
        idle: [null, -1, NaN, "soon", {}],
        grace: [null, -1, "soon"],
        startTimeout: [null, -1, "soon"],
        entry: [null, "./entry.js", 5],
        execArgv: ["--inspect", [1]],
        env: [null, "A=1", []],
        resourceLimits: [null, 5, []]
      }
      for (const [option, values] of Object.entries(wrong)) {
        for (const value of values) {
          const error = yield* Effect.flip(Effect.scoped(Workers.make({ [option]: value })))
          same(error.reason, "InvalidOption")
          assert.match(error.message, new RegExp(`^${option}: `))
        }
      }
      yield* Effect.scoped(Effect.gen(function*() {
        const workers = yield* Workers.make({ size: 1 })
        const refused = (job: any, options?: any) =>
          Effect.map(
            Effect.flip(workers.eval(job, 1, options) as Effect.Effect<unknown, SpaceError.SpaceError>),
            ({ message }) => message
          )
        assert.match(yield* refused({}), /^job: Object is no job|^job: \{ {2}\} is no job/)
        assert.match(yield* refused(null), /^job: null is no job/)
        assert.match(yield* refused(jobs.double, null), /^options: null is no record of options/)
        assert.match(yield* refused(jobs.double, { name: 5 }), /^name: 5 is no text/)
        assert.match(yield* refused(jobs.double, { transfer: "all" }), /^transfer: "all" is no array of buffers/)
        assert.strictEqual(
          yield* refused(jobs.double, { nmae: "n" }),
          "nmae: there is no such option here, but \"name\", \"transfer\""
        )
      }))
    }))

  it.effect("S16 an option that is not there is refused, with those that there are", () =>
    Effect.gen(function*() {
      const refused = (options: any) =>
        Effect.map(Effect.flip(Effect.scoped(Workers.make(options))), ({ message }) => message)
      assert.match(yield* refused({ sise: 1 }), /^sise: there is no such option here, but "size", "concurrency", /)
      assert.match(
        yield* refused({ resourceLimits: { maxOldGenerationSizeMB: 1 } }),
        /^resourceLimits.maxOldGenerationSizeMB: there is no such option here, but "maxOldGenerationSizeMb", /
      )
      assert.throws(
        () => Job.make(import.meta.url, "job", { sucess: Schema.String } as any, () => Effect.void),
        "sucess: there is no such option here, but \"input\", \"success\", \"error\", \"space\", \"schemas\""
      )
    }))
})
