/**
 * Spaces by HTTP and JSON, for programs that are not of this library: an API with an OpenAPI document, events, health
 * and metrics.
 *
 * @since 0.1.0
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Holds } from "./internal/holds.js"
import { Keys } from "./internal/keys.js"
import { exposition } from "./internal/prometheus.js"
import * as Json from "./Json.js"
import { Server, upgrade } from "./Server.js"
import type { AnySpace } from "./Spaces.js"

/** Proxies and tools cut what takes longer. */
const longest = 25_000

const Millis = Schema.Number.pipe(Schema.finite(), Schema.nonNegative())

const Wait = Schema.optional(Millis.annotations({
  description: `How many milliseconds to wait for a tuple: by default 0, at most ${longest}. Ask again to wait on`
}))

const Lease = Schema.optional(Millis.annotations({
  description: "For how many milliseconds the tuple is held: by default 30000"
}))

const path = Schema.Struct({ space: Schema.String })

const pathOfHold = Schema.Struct({ space: Schema.String, hold: Schema.String })

const Put = Schema.Struct({
  tuple: Json.TupleJson,
  ttl: Schema.optional(Millis),
  after: Schema.optional(Millis),
  priority: Schema.optional(Schema.Number)
})

const Held = Schema.Struct({
  hold: Schema.String,
  tuple: Json.TupleJson,
  attempts: Schema.Number
}).annotations({ identifier: "Held", description: "A tuple that is held: confirm the hold, or give it back" })

const Found = Schema.Struct({ tuple: Json.TupleJson }).annotations({ identifier: "Found" })

const Taking = Schema.Struct({ pattern: Json.PatternJson, wait: Wait, lease: Lease })

const TakingNow = Schema.Struct({ pattern: Json.PatternJson, lease: Lease })

const Looking = Schema.Struct({ pattern: Json.PatternJson, wait: Wait })

const Now = Schema.Struct({ pattern: Json.PatternJson })

const Done = Schema.Struct({ done: Schema.Literal(true) }).annotations({ identifier: "Done" })

const done = { done: true } as const

const post = <Name extends string>(name: Name) => HttpApiEndpoint.post(name, `/spaces/:space/${name}`).setPath(path)

const ofHold = <Name extends string>(name: Name) =>
  HttpApiEndpoint.post(name, `/spaces/:space/holds/:hold/${name}`).setPath(pathOfHold)

/**
 * The API. A take gives a hold, which is then confirmed or given back: an answer that is lost on its way loses nothing.
 *
 * @since 0.1.0
 * @category api
 */
export class Api extends HttpApi.make("linda").add(
  HttpApiGroup.make("spaces")
    .add(
      post("out").setPayload(Put).addSuccess(Done)
        .setHeaders(Schema.Struct({ "idempotency-key": Schema.optional(Schema.String) }))
    )
    .add(post("in").setPayload(Taking).addSuccess(Schema.NullOr(Held)))
    .add(
      post("inp").setPayload(TakingNow).addSuccess(Schema.NullOr(Held))
    )
    .add(post("rd").setPayload(Looking).addSuccess(Schema.NullOr(Found)))
    .add(post("rdp").setPayload(Now).addSuccess(Schema.NullOr(Found)))
    .add(post("count").setPayload(Now).addSuccess(Schema.Struct({ count: Schema.Number })))
    .add(ofHold("confirm").addSuccess(Done))
    .add(ofHold("giveBack").addSuccess(Done))
    .add(ofHold("renew").setPayload(Schema.Struct({ lease: Lease })).addSuccess(Done))
    .addError(SpaceError, { status: 400 })
) {}

/** The token of a request: `Authorization: Bearer …`. */
const tokenOf = (request: HttpServerRequest.HttpServerRequest): Option.Option<Redacted.Redacted> =>
  Option.map(
    Option.fromNullable(/^Bearer (.+)$/i.exec(request.headers["authorization"] ?? "")?.[1]),
    Redacted.make
  )

const admitted = (space: string): Effect.Effect<
  AnySpace,
  SpaceError,
  Server | HttpServerRequest.HttpServerRequest | Scope.Scope
> =>
  Effect.gen(function*() {
    const { admit } = yield* Server
    const request = yield* HttpServerRequest.HttpServerRequest
    return (yield* admit({ space, token: tokenOf(request), schemas: [] })).space
  })

const within = <A, E, R>(space: string, use: (space: AnySpace) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(admitted(space), use))

/** What comes after the time is nothing. */
const inTime = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.catchIf(
    Effect.asSome(effect),
    (error): error is Extract<E, { readonly _tag: "TimeoutException" }> =>
      (error as { readonly _tag?: unknown })._tag === "TimeoutException",
    () => Effect.succeedNone
  ) as Effect.Effect<Option.Option<A>, SpaceError>

const found = (tuple: Option.Option<unknown>) =>
  Option.match(tuple, {
    onNone: () => Effect.succeed(null),
    onSome: (tuple) => Effect.map(Json.fromTuple(tuple as Tuple), (tuple) => ({ tuple }))
  })

const waitOf = (wait: number | undefined) => Math.min(wait ?? 0, longest)

const handlers = HttpApiBuilder.group(Api, "spaces", (handlers) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const holds = new Holds(scope)
    const keys = new Keys()

    const take = (name: string, json: unknown, wait: number, lease = 30_000) =>
      Effect.gen(function*() {
        const pattern = yield* Json.pattern(json)
        // the space lives as long as the hold, and no longer than a request that comes to none
        const held = yield* Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(Scope.make(), (own) =>
            Effect.onError(
              restore(Effect.flatMap(
                Scope.extend(admitted(name), own),
                (space) => holds.take(name, space, own, pattern, { wait, lease })
              )),
              (cause) => Scope.close(own, Exit.failCause(cause))
            ))
        )
        if (Option.isNone(held)) {
          return null
        }
        const { attempts, id, tuple } = held.value
        return yield* Effect.matchEffect(Json.fromTuple(tuple), {
          onFailure: (why) => Effect.zipRight(Effect.ignore(holds.end(name, id, "giveBack")), Effect.fail(why)),
          onSuccess: (tuple) => Effect.succeed({ hold: id, tuple, attempts })
        })
      })

    return handlers
      .handle("out", ({ headers, path: { space: name }, payload }) => {
        const put = within(name, (space) =>
          Effect.flatMap(Json.tuple(payload.tuple), (tuple) => {
            const { after, priority, ttl } = payload
            return after === undefined && priority === undefined && ttl === undefined
              ? space.out(tuple)
              : Effect.asVoid(space.out(tuple, {
                ...(after === undefined ? {} : { after }),
                ...(priority === undefined ? {} : { priority }),
                ...(ttl === undefined ? {} : { ttl })
              }))
          }))
        const key = headers["idempotency-key"]
        return Effect.as(key === undefined ? put : keys.once(`${name} ${key}`, put), done)
      })
      .handle(
        "in",
        ({ path: { space }, payload: { lease, pattern, wait } }) => take(space, pattern, waitOf(wait), lease)
      )
      .handle("inp", ({ path: { space }, payload: { lease, pattern } }) => take(space, pattern, 0, lease))
      .handle("rd", ({ path: { space: name }, payload: { pattern, wait } }) =>
        within(
          name,
          (space) =>
            Effect.flatMap(
              Json.pattern(pattern),
              (pattern) => Effect.flatMap(inTime(space.rd(pattern, { timeout: waitOf(wait) })), found)
            )
        ))
      .handle(
        "rdp",
        ({ path: { space: name }, payload: { pattern } }) =>
          within(
            name,
            (space) => Effect.flatMap(Json.pattern(pattern), (pattern) => Effect.flatMap(space.rdp(pattern), found))
          )
      )
      .handle("count", ({ path: { space: name }, payload: { pattern } }) =>
        within(
          name,
          (space) =>
            Effect.flatMap(Json.pattern(pattern), (pattern) => Effect.map(space.count(pattern), (count) => ({ count })))
        ))
      .handle(
        "confirm",
        ({ path: { hold, space } }) => Effect.as(within(space, () => holds.end(space, hold, "confirm")), done)
      )
      .handle(
        "giveBack",
        ({ path: { hold, space } }) => Effect.as(within(space, () => holds.end(space, hold, "giveBack")), done)
      )
      .handle(
        "renew",
        ({ path: { hold, space }, payload: { lease = 30_000 } }) =>
          Effect.as(within(space, () => holds.renew(space, hold, lease)), done)
      )
  }))

const refused = (error: SpaceError) =>
  Effect.orDie(
    HttpServerResponse.json({ _tag: "SpaceError", reason: error.reason, message: error.message }, { status: 400 })
  )

/** Events of the tuples of a pattern, as server-sent events with ids. */
const events = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { params } = yield* HttpLayerRouter.RouteContext
  const query = new URL(request.url, "http://localhost").searchParams
  const pattern = yield* Effect.try({
    try: (): unknown => JSON.parse(query.get("pattern") ?? "[{\"?\":{\"rest\":{\"?\":\"any\"}}}]"),
    catch: () => new SpaceError({ reason: "InvalidPattern", message: "the parameter \"pattern\" is no JSON" })
  }).pipe(Effect.flatMap(Json.pattern))
  const scope = yield* Scope.make()
  const space = yield* Effect.onError(
    Scope.extend(admitted(params["space"] ?? ""), scope),
    () => Scope.close(scope, Exit.void)
  )
  const isAgain = request.headers["last-event-id"] !== undefined
  const all = space.subscribe(pattern, {
    events: ["Out", "In", "Requeue", "Expire", "Evict"],
    capacity: 1000,
    strategy: "sliding"
  })
  const text = all.pipe(
    Stream.map((event) => ({
      event: event._tag,
      data: event._tag === "Missed"
        ? { count: event.count }
        : Either.match(Json.fromTuple(event.tuple), {
          onLeft: ({ message }): object => ({ undecodable: message }),
          onRight: (tuple): object => ({ tuple })
        })
    })),
    Stream.zipWithIndex,
    Stream.map(([{ data, event }, index]) => `id: ${index + 1}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    // a reader that comes again has missed what was meanwhile, and nobody knows how much
    (text) => isAgain ? Stream.concat(Stream.make("event: Missed\ndata: {}\n\n"), text) : text,
    Stream.merge(Stream.repeatEffectWithSchedule(Effect.succeed(": alive\n\n"), Schedule.spaced("15 seconds"))),
    Stream.ensuring(Scope.close(scope, Exit.void)),
    Stream.encodeText
  )
  return HttpServerResponse.stream(text, {
    contentType: "text/event-stream",
    headers: { "cache-control": "no-store" }
  })
}).pipe(Effect.catchAll((error) => refused(error as SpaceError)))

/**
 * The routes of the API and of what is beside it: `/spaces/…`, `/openapi.json`, `/health`, `/metrics`, and `/linda`,
 * which becomes a WebSocket for clients of this library.
 *
 * @since 0.1.0
 * @category routes
 * @example
 * ```ts
 * import { TupleSpace } from "@effect-linda/core"
 * import { Http, Server, Spaces } from "@effect-linda/server"
 * import { HttpLayerRouter } from "@effect/platform"
 * import { NodeHttpServer } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { createServer } from "node:http"
 *
 * const main = HttpLayerRouter.serve(Http.routes).pipe(
 *   Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 8080 })),
 *   Layer.provide(Server.layer()),
 *   Layer.provide(Spaces.layer(() => TupleSpace.make()))
 * )
 * ```
 */
export const routes = Layer.mergeAll(
  Layer.provide(HttpLayerRouter.addHttpApi(Api, { openapiPath: "/openapi.json" }), handlers),
  HttpLayerRouter.add("GET", "/spaces/:space/events", events),
  HttpLayerRouter.add("GET", "/health", Effect.orDie(HttpServerResponse.json({ status: "ok" }))),
  HttpLayerRouter.add(
    "GET",
    "/metrics",
    Effect.map(exposition, (text) => HttpServerResponse.text(text, { contentType: "text/plain; version=0.0.4" }))
  ),
  HttpLayerRouter.add("GET", "/linda", Effect.orDie(upgrade))
)
