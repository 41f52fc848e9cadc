import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, Process, Remote, Sharded, SpaceStore, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Schedule, Scope } from "effect"
import { MessageChannel } from "node:worker_threads"
import { putFitting } from "../src/internal/destination.js"
import * as Protocol from "../src/internal/remote/protocol.js"
import { Engine, verbsOf } from "../src/internal/verbs.js"
import { clean, empty, same } from "./helpers.js"
import { linkOf, pair } from "./links.js"

/** A link that refuses messages with such a frame in them. */
const refusing = (link: Remote.Link, isRefused: (frame: ReadonlyArray<unknown>) => boolean): Remote.Link => ({
  ...link,
  send: (message) => {
    if ((message as ReadonlyArray<ReadonlyArray<unknown>>).some(isRefused)) {
      throw new Error("refused")
    }
    link.send(message)
  }
})

/** A space, and what it looks like from the other end of a link that refuses some frames of each end. */
const connected = (
  ofServer: (frame: ReadonlyArray<unknown>) => boolean = () => false,
  ofClient: (frame: ReadonlyArray<unknown>) => boolean = () => false
) =>
  Effect.gen(function*() {
    const space = yield* TupleSpace.make()
    const { port1, port2 } = new MessageChannel()
    const client = yield* Remote.connect(refusing(linkOf(port2), ofClient))
    const server = yield* Effect.forkScoped(Remote.serve(space, refusing(linkOf(port1), ofServer)))
    return { space, client, server }
  })

/** Waits until one tuple is held, and so many wait. */
const untilThere = (space: TupleSpace.TupleSpace, waiting: number) =>
  Effect.repeat(space.inspect, {
    until: ({ held, interests }) => held === 1 && interests.length === waiting,
    schedule: Schedule.spaced("5 millis")
  })

/** What is no data, which links between threads refuse. */
const aPort = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new MessageChannel()),
    ({ port1 }) => Effect.sync(() => port1.close())
  ),
  ({ port1 }) => port1
)

/** What an operation has failed with, which must not hang. */
const causeOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flip(Effect.sandbox(Effect.timeoutFail(effect, { duration: "20 seconds", onTimeout: () => "it hangs" })))

const errorsOf = (cause: Cause.Cause<unknown>): ReadonlyArray<unknown> =>
  Array.from(Cause.failures(cause), (error) => (error as SpaceError.SpaceError).reason ?? error)

describe("Remote: what the link refuses", () => {
  it.scopedLive("S4 S16 what replace makes of a tuple is refused, and nobody waits for it", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const port = yield* aPort
      yield* space.out(["t", 1])
      const cause = yield* causeOf(client.replace(["t", P.number], () => ["t", port]))
      same(errorsOf(cause), ["InvalidTuple"])
      assert.match(Cause.pretty(cause), /it cannot leave its thread/)
      same(yield* client.replace(["t", P.number], () => ["t", 2]), Option.some(["t", 1]))
      same(yield* space.in(["t", P.number]), ["t", 2])
      yield* empty(space)
    }))

  it.scopedLive("S4 S16 a tuple that replace cannot be told of is refused, and stays", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const port = yield* aPort
      yield* space.out(["t", port])
      const cause = yield* causeOf(client.replace(["t", P.any], () => ["t", 2]))
      same(errorsOf(cause), ["InvalidTuple"])
      assert.match(Cause.pretty(cause), /it cannot leave its thread/)
      same(yield* space.in(["t", P.any]), ["t", port])
      yield* empty(space)
    }))

  it.scopedLive("S8 S16 a letter that is refused is not put, and the tuple is back", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const port = yield* aPort
      yield* space.out(["job"])
      const use = client.inWith(["job"], () => Effect.fail("no"), { maxAttempts: 1, deadLetter: () => ["dead", port] })
      same(errorsOf(yield* causeOf(use)), ["no", "InvalidTuple"])
      yield* clean(space)
      same(yield* space.collect([P.rest(P.any)]), [["job"]])
    }))

  it.scopedLive("S13 a process ends with an error that is refused, and its failure is told as well as it can be", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const port = yield* aPort
      const failing = Effect.fail(Object.assign(new RangeError("too far"), { port }))
      const process = yield* client.eval(failing, { name: "far" })
      yield* process.await
      const [error, , name] = yield* Effect.timeout(space.in(Process.failure(P.any)), "20 seconds")
      same([(error as Error).name, (error as Error).message, name], ["RangeError", "too far", "far"])
      yield* empty(space)
    }))

  it.scopedLive("S16 an error of the space that is refused is told as well as it can be", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const port = yield* aPort
      const defect = Object.assign(new RangeError("too far"), { port })
      const verbs = { ...verbsOf(space)!, count: () => Effect.die(defect) }
      const { port1, port2 } = new MessageChannel()
      yield* Effect.forkScoped(Remote.serve(Object.assign({}, space, { [Engine]: verbs }), linkOf(port1)))
      const client = yield* Remote.connect(linkOf(port2))
      const [error] = Cause.defects(yield* causeOf(client.count(["t"]))) as Iterable<Error>
      same([error?.name, error?.message], ["RangeError", "too far"])
    }))

  it.scopedLive("V10 a link that refuses even what has no values in it has ended, for both ends", () =>
    Effect.gen(function*() {
      const { client, server, space } = yield* connected(undefined, ([kind]) => kind === Protocol.Interrupt)
      yield* space.out(["held"])
      const holder = yield* Effect.fork(client.inWith(["held"], () => Effect.never))
      const waiting = yield* Effect.fork(causeOf(client.rd(["never"])))
      yield* untilThere(space, 1)
      const interrupted = yield* Effect.fork(client.rd(["never", 1]))
      yield* untilThere(space, 2)
      yield* Effect.timeout(Fiber.interrupt(interrupted), "20 seconds")
      same(errorsOf(yield* Fiber.join(waiting)), ["Unavailable"])
      yield* Effect.timeout(Fiber.join(server), "20 seconds")
      same(yield* space.inp(["held"]), Option.some(["held"]))
      yield* Fiber.interrupt(holder)
      yield* empty(space)
    }))

  it.scopedLive("S13 V10 so a process ends whose end cannot be told", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const space = yield* Scope.extend(TupleSpace.make(), scope)
      const { port1, port2 } = new MessageChannel()
      const client = yield* Remote.connect(linkOf(port2))
      const server = refusing(linkOf(port1), ([kind]) => kind === Protocol.Stop)
      yield* Effect.forkScoped(Remote.serve(space, server))
      const process = yield* client.eval(Effect.never)
      yield* Effect.timeout(Scope.close(scope, Exit.void), "20 seconds")
      assert.isTrue(Exit.isInterrupted(yield* process.await))
    }))
})

describe("Remote: versions", () => {
  it.scopedLive("nothing is done for an end of another version, and the link to it ends", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const { port1, port2 } = new MessageChannel()
      const server = yield* Effect.forkScoped(Remote.serve(space, linkOf(port1)))
      const said: Array<any> = []
      const ended = Effect.async<void>((resume) => {
        port2.on("message", (message) => said.push(...message))
        port2.on("close", () => resume(Effect.void))
        port2.postMessage([[0, 0], [1, 0, undefined, "out", ["x"]]])
        port2.postMessage([[1, 1, undefined, "out", ["x"]]])
      })
      yield* Effect.timeout(ended, "20 seconds")
      same(said.length, 1)
      same(said[0].length, 2)
      same(said[0][0], 14)
      assert.match(said[0][1], /speaks version \d+ of the protocol, not 0/)
      yield* Effect.timeout(Fiber.join(server), "20 seconds")
      yield* empty(space)
    }))

  it.scopedLive("it is so of what has come before anybody listened", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const [server, link] = pair()
      link.send([[0, 0], [1, 0, undefined, "out", ["x"]]])
      link.send([[1, 1, undefined, "out", ["x"]]])
      yield* Effect.sleep(1)
      let hasEnded = false
      const ending: Remote.Link = {
        ...server,
        listen: (...heard) => {
          const stop = server.listen(...heard)
          return () => {
            hasEnded = true
            stop()
          }
        }
      }
      yield* Effect.timeout(Remote.serve(space, ending), "20 seconds")
      assert.isTrue(hasEnded)
      yield* empty(space)
    }))

  it.scopedLive("who was told that the other end is of another version does nothing that it asks", () =>
    Effect.gen(function*() {
      let say: (message: unknown) => void = () => {}
      const said: Array<ReadonlyArray<any>> = []
      const client = yield* Remote.connect({
        send: (frames) => void said.push(...frames as Array<ReadonlyArray<any>>),
        listen: (onMessage) => {
          say = onMessage
          return () => {}
        }
      })
      let asked = 0
      const replacing = yield* Effect.fork(Effect.exit(client.replace(["t"], () => ["t", ++asked])))
      yield* Effect.sleep(1)
      say([[14, "another version"], [12, 0, 0, -1, ["t"]], [10, 0, ["t"]]])
      const exit = yield* Fiber.join(replacing)
      same(errorsOf(Exit.isFailure(exit) ? exit.cause : Cause.empty), ["Unavailable"])
      yield* Effect.sleep(1)
      same([asked, said.length], [0, 2])
    }))
})

describe("Destinations", () => {
  it.scopedLive("S1 S14 what moves to a space is copied once, and checked, by every engine", () =>
    Effect.gen(function*() {
      const memory = yield* TupleSpace.make()
      const { client } = yield* connected()
      const store = yield* Effect.flatMap(SpaceStore.memory, ({ open }) => open("space"))
      const all: Record<string, TupleSpace.TupleSpace<any, any>> = {
        memory,
        client,
        stored: yield* SpaceStore.make(store),
        sharded: Sharded.make([yield* TupleSpace.make(), yield* TupleSpace.make()]),
        far: Sharded.make([client, yield* TupleSpace.make()])
      }
      for (const [name, space] of Object.entries(all)) {
        let reads = 0
        const tuple = Object.defineProperty(["", 1], 0, { get: () => `t${reads++}`, enumerable: true })
        same(yield* putFitting(space, [tuple as any]), [0], name)
        same([reads, yield* space.collect([P.string, 1])], [1, [["t0", 1]]], name)
        const refused = yield* causeOf(putFitting(space, [["t"], [] as any]))
        const [error] = name === "memory" ? Cause.defects(refused) : Cause.failures(refused)
        same((error as SpaceError.SpaceError)?.reason, "InvalidTuple", name)
        same(yield* space.count([P.rest(P.any)]), 0, name)
      }
    }))
})
