import { Pattern as P, SpaceError, TupleSpace } from "@effect-linda/core"
import { Server, Spaces } from "@effect-linda/server"
import { NodeSocketServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Exit, Fiber, Layer, Logger, Option, Redacted, Schedule, Schema, Scope, Stream } from "effect"
import type { Space } from "./links.js"
import { dialled, kinds, served } from "./links.js"
import { proxied } from "./proxy.js"

/** Listens at an address for a moment. */
const warned = (host: string, authorize?: Server.Options<Scope.Scope>["authorize"]) =>
  Layer.build(
    Server.listen.pipe(
      Layer.provide(NodeSocketServer.layer({ host, port: 0 })),
      Layer.provide(Server.layer({ authorize })),
      Layer.provide(Spaces.layer(() => TupleSpace.make()))
    )
  )

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number }) {}

const soon = { reconnect: Schedule.spaced("5 millis") }

/** Waits until something holds. */
const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.repeat(effect, { until: holds, schedule: Schedule.spaced("5 millis") }).pipe(
    Effect.timeoutFail({ duration: "60 seconds", onTimeout: () => new Error("it does not come to hold") })
  )

const waiters = (space: Space, count: number) => until(space.inspect, ({ interests }) => interests.length === count)

/** A space, its server, and a client of it behind a proxy. */
const connected = (options?: Server.Options, kind: "tcp" | "unix" = "tcp") =>
  Effect.gen(function*() {
    const space = yield* TupleSpace.make()
    const there = yield* served(kind, () => Effect.succeed(space), options)
    const proxy = yield* proxied(there.address, { seed: 1 })
    const client = yield* dialled(kind, proxy.address, soon)
    return { space, proxy, client, ...there }
  })

const reasonOf = <A, R>(effect: Effect.Effect<A, SpaceError.SpaceError, R>) =>
  Effect.map(Effect.flip(effect), ({ message, reason }) => `${reason}: ${message}`)

describe("Sessions: as long as there are connections", () => {
  for (const kind of kinds) {
    it.scopedLive(`what is put by one client is taken by another, over ${kind}`, () =>
      Effect.gen(function*() {
        const { address } = yield* served(kind, () => TupleSpace.make())
        const one = yield* dialled(kind, address)
        const other = yield* dialled(kind, address)
        const taken = yield* Effect.fork(other.in(["a", P.any]))
        yield* one.out(["a", new Map([[1n, new Date(5)]])])
        assert.deepStrictEqual(yield* Fiber.join(taken), ["a", new Map([[1n, new Date(5)]])])
      }))
  }

  it.scopedLive("a wait, a hold and a stream live on when the connection breaks", () =>
    Effect.gen(function*() {
      const { client, proxy, server, space } = yield* connected()
      yield* space.out(["job"])
      const scope = yield* Scope.make()
      yield* Scope.extend(client.inScoped(["job"]), scope)
      const seen = yield* Effect.fork(
        client.stream(["event", P.number]).pipe(Stream.take(2), Stream.runCollect, Effect.map(Chunk.toReadonlyArray))
      )
      const waiting = yield* Effect.fork(client.in(["answer", P.number]))
      yield* waiters(space, 2)
      yield* space.out(["event", 1])
      proxy.cut()
      yield* until(server.sizes, ({ connections }) => connections === 0)
      yield* space.out(["answer", 42])
      yield* space.out(["event", 2])
      assert.deepStrictEqual(yield* Fiber.join(waiting), ["answer", 42])
      assert.deepStrictEqual(yield* Fiber.join(seen), [["event", 1], ["event", 2]])
      assert.strictEqual((yield* space.inspect).held, 1)
      assert.strictEqual((yield* server.sizes).sessions, 1)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Option.isNone(yield* space.inp(["job"])))
    }))

  it.scopedLive("what is asked for while there is no connection is done once there is one, in order and once", () =>
    Effect.gen(function*() {
      const { client, proxy, space } = yield* connected()
      proxy.refuse(true)
      proxy.cut()
      const puts = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 100 }, (_, n) => n), (n) => client.out(["n", n]), {
          concurrency: "unbounded",
          discard: true
        })
      )
      yield* until(Effect.sync(proxy.cuts), (cuts) => cuts >= 1)
      assert.strictEqual(yield* space.count(["n", P.number]), 0)
      proxy.refuse(false)
      yield* Fiber.join(puts)
      assert.deepStrictEqual(
        yield* space.collect(["n", P.number]),
        Array.from({ length: 100 }, (_, n) => ["n", n] as const)
      )
    }))

  it.scopedLive("a goodbye gives everything back at once", () =>
    Effect.gen(function*() {
      const { address, server, space } = yield* connected({ grace: "1 hour" })
      const scope = yield* Scope.make()
      const other = yield* Scope.extend(dialled("tcp", address), scope)
      yield* space.out(["job"])
      yield* Effect.fork(other.inWith(["job"], () => Effect.never))
      const waiting = yield* Effect.fork(other.in(["never"]))
      yield* until(space.inspect, ({ held, interests }) => held === 1 && interests.length === 1)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(waiting)))
      assert.deepStrictEqual(yield* space.in(["job"]), ["job"])
      yield* until(server.sizes, ({ sessions }) => sessions === 1)
    }))

  it.scopedLive("what was taken stays taken, though the client goes in the same moment", () =>
    Effect.gen(function*() {
      const { address, space } = yield* connected()
      for (let round = 0; round < 20; round++) {
        yield* space.out(["job", round])
        const taken = yield* Effect.scoped(Effect.flatMap(dialled("tcp", address), (one) => one.in(["job", round])))
        assert.deepStrictEqual(taken, ["job", round])
      }
      assert.strictEqual(yield* space.count(["job", P.number]), 0)
    }))

  it.scopedLive("a half-open connection is noticed at both ends, and another goes on", () =>
    Effect.gen(function*() {
      const { client, proxy, server, space } = yield* connected({ heartbeat: "50 millis" })
      const waiting = yield* Effect.fork(client.in(["answer"]))
      yield* waiters(space, 1)
      proxy.swallow()
      yield* space.out(["answer"])
      assert.deepStrictEqual(yield* Fiber.join(waiting), ["answer"])
      yield* until(server.sizes, ({ connections, sessions }) => connections === 1 && sessions === 1)
    }))
})

describe("Sessions: that lapse", () => {
  it.scopedLive("after the grace, what is under way fails as Lapsed, and later operations work again", () =>
    Effect.gen(function*() {
      const { client, proxy, server, space } = yield* connected({ grace: "200 millis" })
      yield* space.out(["job"])
      const holding = yield* Effect.fork(Effect.flip(client.inWith(["job"], () => Effect.never)))
      const waiting = yield* Effect.fork(reasonOf(client.in(["never"])))
      yield* until(space.inspect, ({ held, interests }) => held === 1 && interests.length === 1)
      proxy.refuse(true)
      proxy.cut()
      yield* until(server.sizes, ({ sessions }) => sessions === 0)
      assert.deepStrictEqual(yield* space.inp(["job"]), Option.some(["job"] as const))
      assert.match(yield* Fiber.join(waiting), /^Lapsed: there was no connection to the server for 200 ms/)
      const put = client.out(["later"])
      proxy.refuse(false)
      yield* put
      assert.deepStrictEqual(yield* space.in(["later"]), ["later"])
      // the use is not told, and its end is
      yield* Fiber.interrupt(holding)
    }))

  it.scopedLive("a server that is gone and comes again has other sessions", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const scope = yield* Scope.make()
      const { address } = yield* Scope.extend(served("tcp", () => Effect.succeed(space)), scope)
      const proxy = yield* proxied(address, { seed: 1 })
      const client = yield* dialled("tcp", proxy.address, soon)
      const waiting = yield* Effect.fork(reasonOf(client.in(["never"])))
      yield* waiters(space, 1)
      yield* Scope.close(scope, Exit.void)
      assert.match(yield* Fiber.join(waiting), /^Unavailable: the space is served no more/)
    }))
})

describe("Sessions: who is let in", () => {
  const sesame: Server.Options<Scope.Scope>["authorize"] = ({ token }) =>
    Option.exists(token, (token) => Redacted.value(token) === "open sesame")
      ? Effect.map(TupleSpace.make(), (space) => ({ space }))
      : Effect.fail(new SpaceError.SpaceError({ reason: "Forbidden", message: "the token is not the right one" }))

  it.scopedLive("a wrong token, and none, are refused in words of the server's, and a right one is not", () =>
    Effect.gen(function*() {
      const { address } = yield* served("tcp", () => TupleSpace.make(), { authorize: sesame })
      for (const options of [{}, { token: Redacted.make("please") }]) {
        assert.strictEqual(
          yield* reasonOf(dialled("tcp", address, options)),
          "Forbidden: the token is not the right one"
        )
      }
      const client = yield* dialled("tcp", address, { token: Redacted.make("open sesame") })
      yield* client.out(["in"])
    }))

  it.scopedLive("a schema that the server lacks is named", () =>
    Effect.gen(function*() {
      const { address } = yield* served("tcp", () => TupleSpace.make())
      assert.match(
        yield* reasonOf(dialled("tcp", address, { schemas: [Point] })),
        /^Unsupported: the server does not know the schemas Point/
      )
    }))

  it.scopedLive("spaces have names, and are made when they are asked for", () =>
    Effect.gen(function*() {
      const { address, spaces } = yield* served("tcp", (name) =>
        name === "none"
          ? Effect.fail(new SpaceError.SpaceError({ reason: "Refused", message: "there is no such space" }))
          : TupleSpace.make({ name }))
      const one = yield* dialled("tcp", address, { space: "one", schemas: [] })
      yield* one.out(["x"])
      assert.strictEqual(yield* Effect.flatMap(spaces.get("one"), (space) => space.count(["x"])), 1)
      assert.strictEqual(yield* Effect.flatMap(spaces.get("other"), (space) => space.count(["x"])), 0)
      assert.strictEqual(yield* reasonOf(dialled("tcp", address, { space: "none" })), "Refused: there is no such space")
    }))

  it.scopedLive("where nobody listens, the first connection fails in time, and says why", () =>
    Effect.gen(function*() {
      const { address } = yield* Effect.scoped(served("tcp", () => TupleSpace.make()))
      const message = yield* reasonOf(dialled("tcp", address, { ...soon, connectTimeout: "100 millis" }))
      assert.match(message, /^Unavailable: there is no connection to the server, for 100 ms/)
    }))

  it.scopedLive("a server that everybody can reach says so, unless it asks who it is", () =>
    Effect.gen(function*() {
      const said: Array<unknown> = []
      const logger = Logger.make(({ message }) => said.push(message))
      const listen = (host: string, authorize?: Server.Options<Scope.Scope>["authorize"]) =>
        Effect.scoped(warned(host, authorize)).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      yield* listen("127.0.0.1")
      yield* listen("0.0.0.0", sesame)
      assert.deepStrictEqual(said, [])
      yield* listen("0.0.0.0")
      assert.match(String(said), /open to everybody/)
    }))
})
