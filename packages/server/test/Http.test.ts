import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Http, Json, Server, Spaces } from "@effect-linda/server"
import * as NodeClient from "@effect-linda/server/NodeClient"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpLayerRouter, HttpServer } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Either, Fiber, Layer, Option, Schedule, Stream } from "effect"
import * as fc from "effect/FastCheck"
import { execFile, spawnSync } from "node:child_process"
import { createServer } from "node:http"
import { join } from "node:path"

const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.repeat(effect, { until: holds, schedule: Schedule.spaced("5 millis") }).pipe(
    Effect.timeoutFail({ duration: "60 seconds", onTimeout: () => new Error("it does not come to hold") })
  )

/** A space, and what talks to it by HTTP. */
const connected = Effect.gen(function*() {
  const space = yield* TupleSpace.make()
  const context = yield* Layer.build(
    HttpLayerRouter.serve(Http.routes, { disableLogger: true, disableListenLog: true }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
      Layer.provide(Server.layer()),
      Layer.provide(Layer.succeed(Spaces.Spaces, { get: () => Effect.succeed(space) }))
    )
  )
  const { address } = Context.get(context, HttpServer.HttpServer)
  const url = `http://127.0.0.1:${(address as { readonly port: number }).port}`
  const client = Context.get(yield* Layer.build(FetchHttpClient.layer), HttpClient.HttpClient)
  const post = (path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
    client.execute(
      HttpClientRequest.post(`${url}${path}`).pipe(
        HttpClientRequest.setHeaders(headers),
        HttpClientRequest.bodyUnsafeJson(body)
      )
    ).pipe(Effect.flatMap(({ json }) => json as Effect.Effect<any>))
  const get = (path: string) => client.get(`${url}${path}`)
  return { space, url, post, get }
})

describe("Json", () => {
  it("a tuple comes back as it was, whatever keys its objects have", () =>
    fc.assert(fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), (tuple) => {
      const written = Either.getOrThrow(Json.fromTuple(tuple as [unknown]))
      assert.deepStrictEqual(
        Either.getOrThrow(Json.tuple(JSON.parse(JSON.stringify(written)))),
        JSON.parse(JSON.stringify(tuple))
      )
    })))

  it("what JSON has no word for, and what looks like a sign, comes back too", () => {
    const tuple = [1n, new Date(5), Uint8Array.of(1, 2), undefined, { $date: "x" }, { "?": "any" }, { $: {} }] as const
    const written = JSON.parse(JSON.stringify(Either.getOrThrow(Json.fromTuple(tuple))))
    assert.deepStrictEqual(Either.getOrThrow(Json.tuple(written)), tuple)
    assert.match(
      Either.getOrThrow(Either.flip(Json.fromTuple([new Map()]))).message,
      /^field 0: .* has no form in JSON/
    )
  })

  it("formals mean what they say", () => {
    const matches = (pattern: unknown, tuple: readonly [unknown, ...Array<unknown>]) =>
      P.matches(Either.getOrThrow(Json.pattern(pattern)) as readonly [unknown])(tuple)
    const of = (formal: unknown) => ["x", { "?": formal }]
    const cases: ReadonlyArray<readonly [formal: unknown, yes: unknown, no: unknown]> = [
      ["number", 1, "1"],
      ["string", "1", 1],
      ["boolean", false, 0],
      ["bigint", 1n, 1],
      ["date", new Date(0), 0],
      [{ between: [1, 9] }, 9, 10],
      [{ oneOf: ["a", { "?": "number" }] }, 3, "b"],
      [{ not: "a" }, "b", "a"],
      [{ partial: { a: { "?": "number" } } }, { a: 1, b: 2 }, { b: 2 }]
    ]
    for (const [formal, yes, no] of cases) {
      assert.isTrue(matches(of(formal), ["x", yes]), JSON.stringify(formal))
      assert.isFalse(matches(of(formal), ["x", no]), JSON.stringify(formal))
    }
    assert.isTrue(matches([{ "?": { name: "a" } }, { "?": { name: "a" } }], [1, 1]))
    assert.isFalse(matches([{ "?": { name: "a" } }, { "?": { name: "a" } }], [1, 2]))
    assert.isTrue(matches(["x", { "?": { rest: { "?": "number" } } }], ["x", 1, 2, 3]))
    for (const bad of ["nonsense", { between: [1] }, { matching: "a+" }, {}, 1]) {
      const error = Either.getOrThrow(Either.flip(Json.pattern(of(bad))))
      assert.match(`${error.reason} ${error.message}`, /^InvalidPattern field 1: .* is no formal/)
    }
  })
})

describe("Http", () => {
  it.scopedLive("a tuple is put, read, counted, taken and confirmed", () =>
    Effect.gen(function*() {
      const { post, space } = yield* connected
      yield* post("/spaces/jobs/out", { tuple: ["job", 7] })
      const pattern = ["job", { "?": "number" }]
      assert.deepStrictEqual(yield* post("/spaces/jobs/rd", { pattern }), { tuple: ["job", 7] })
      assert.deepStrictEqual(yield* post("/spaces/jobs/count", { pattern }), { count: 1 })
      const held = yield* post("/spaces/jobs/in", { pattern })
      assert.deepStrictEqual([held.tuple, held.attempts], [["job", 7], 0])
      assert.strictEqual((yield* space.inspect).held, 1)
      // an answer may be lost, and is asked for again
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(yield* post(`/spaces/jobs/holds/${held.hold}/confirm`), { done: true })
      }
      assert.match((yield* post(`/spaces/jobs/holds/${held.hold}/giveBack`)).message, /there is no hold/)
      assert.isNull(yield* post("/spaces/jobs/inp", { pattern }))
      assert.strictEqual((yield* space.inspect).held, 0)
    }))

  it.scopedLive("a hold is given back by its holder, or by the end of its lease", () =>
    Effect.gen(function*() {
      const { post, space } = yield* connected
      yield* space.out(["job"])
      const held = yield* post("/spaces/jobs/in", { pattern: ["job"] })
      yield* post(`/spaces/jobs/holds/${held.hold}/giveBack`)
      assert.strictEqual(yield* space.count(["job"]), 1)
      const other = yield* post("/spaces/jobs/in", { pattern: ["job"], lease: 50 })
      yield* post(`/spaces/jobs/holds/${other.hold}/renew`, { lease: 100 })
      assert.deepStrictEqual(yield* space.in(["job"]), ["job"])
      assert.strictEqual((yield* post(`/spaces/jobs/holds/${other.hold}/confirm`)).reason, "Lapsed")
    }))

  it.scopedLive("a request that waits is served, and one that is given up takes nothing", () =>
    Effect.gen(function*() {
      const { post, space } = yield* connected
      const waiting = yield* Effect.fork(post("/spaces/jobs/in", { pattern: ["job"], wait: 20_000 }))
      yield* until(space.inspect, ({ interests }) => interests.length === 1)
      yield* space.out(["job"])
      assert.deepStrictEqual((yield* Fiber.join(waiting)).tuple, ["job"])
      const given = yield* Effect.fork(post("/spaces/jobs/in", { pattern: ["never"], wait: 20_000 }))
      yield* until(space.inspect, ({ interests }) => interests.length === 1)
      yield* Fiber.interrupt(given)
      yield* until(space.inspect, ({ interests }) => interests.length === 0)
    }))

  it.scopedLive("with a key, a tuple is put once, however often it is sent", () =>
    Effect.gen(function*() {
      const { post, space } = yield* connected
      const put = post("/spaces/jobs/out", { tuple: ["once"] }, { "idempotency-key": "k" })
      yield* Effect.all([put, put, put], { concurrency: "unbounded" })
      yield* put
      assert.strictEqual(yield* space.count(["once"]), 1)
    }))

  it.scopedLive("what cannot be is refused with a reason, and a tuple without a form in JSON is back", () =>
    Effect.gen(function*() {
      const { post, space } = yield* connected
      assert.strictEqual((yield* post("/spaces/jobs/rd", { pattern: [{ "?": "x" }] })).reason, "InvalidPattern")
      yield* space.out(["map", new Map()])
      assert.strictEqual(
        (yield* post("/spaces/jobs/in", { pattern: ["map", { "?": "any" }] })).reason,
        "Undecodable"
      )
      assert.strictEqual(yield* space.count(["map", P.any]), 1)
    }))

  it.scopedLive("events come with ids", () =>
    Effect.gen(function*() {
      const { get, space } = yield* connected
      const pattern = encodeURIComponent(JSON.stringify(["n", { "?": "number" }]))
      const response = yield* get(`/spaces/jobs/events?pattern=${pattern}`)
      const seen = yield* Effect.fork(
        response.stream.pipe(
          Stream.decodeText(),
          Stream.splitLines,
          Stream.filter((line) => line !== "" && !line.startsWith(":")),
          Stream.take(6),
          Stream.runCollect
        )
      )
      yield* until(space.inspect, ({ interests }) => interests.length === 1)
      yield* space.out(["n", 1])
      yield* space.in(["n", 1])
      assert.deepStrictEqual([...yield* Fiber.join(seen)], [
        "id: 1",
        "event: Out",
        "data: {\"tuple\":[\"n\",1]}",
        "id: 2",
        "event: In",
        "data: {\"tuple\":[\"n\",1]}"
      ])
    }))

  it.scopedLive("clients of this library come by the same port", () =>
    Effect.gen(function*() {
      const { space, url } = yield* connected
      const client = yield* NodeClient.make(`${url.replace("http", "ws")}/linda`)
      const taken = yield* Effect.fork(client.in(["big", P.bigint]))
      yield* space.out(["big", 2n ** 70n])
      assert.deepStrictEqual(yield* Fiber.join(taken), ["big", 2n ** 70n])
    }))

  it.scopedLive("health, metrics and the document", () =>
    Effect.gen(function*() {
      const { get } = yield* connected
      const text = (path: string) => Effect.flatMap(get(path), ({ text }) => text)
      assert.deepStrictEqual(JSON.parse(yield* text("/health")), { status: "ok" })
      assert.match(yield* text("/metrics"), /^# TYPE \w+ \w+$/m)
      const { components, paths } = JSON.parse(yield* text("/openapi.json"))
      assert.includeMembers(Object.keys(paths), ["/spaces/{space}/out", "/spaces/{space}/holds/{hold}/confirm"])
      assert.includeMembers(Object.keys(components.schemas), ["Formal", "Held", "Tuple"])
    }))

  const python = spawnSync("python3", ["--version"])
  const isLacking = python.error !== undefined || python.status !== 0
  it.skipIf(isLacking)(
    `the client in Python works${isLacking ? " (skipped: there is no python3)" : ""}`,
    () =>
      Effect.runPromise(Effect.scoped(Effect.gen(function*() {
        const { space, url } = yield* connected
        const script = join(import.meta.dirname, "..", "..", "..", "examples", "python", "linda.py")
        const said = yield* Effect.async<string, Error>((resume) => {
          execFile("python3", [script, url], (error, out) => resume(error ? Effect.fail(error) : Effect.succeed(out)))
        })
        assert.deepStrictEqual(JSON.parse(said), ["done", 7, 49])
        assert.isTrue(Option.isNone(yield* space.inp(["job", P.number])))
      })))
  )
})
