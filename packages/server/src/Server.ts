/**
 * Serves spaces to clients that are elsewhere, over WebSocket, TCP and Unix sockets.
 *
 * @since 0.1.0
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- schemas of any types */
import * as OptionsOf from "@effect-linda/core/Options"
import type * as Remote from "@effect-linda/core/Remote"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { RequestError } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Socket from "@effect/platform/Socket"
import * as SocketServer from "@effect/platform/SocketServer"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Sessions } from "./internal/sessions.js"
import { limitsOf } from "./internal/settings.js"
import type { AnySpace } from "./Spaces.js"
import { Spaces } from "./Spaces.js"

/**
 * What a client says of itself before anything else.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handshake {
  /** The name of the space that it wants. */
  readonly space: string
  /** What it proves itself with, if it does. */
  readonly token: Option.Option<Redacted.Redacted>
  /** The identifiers of the schemas that it has. The server has all of them, or the client is not let in. */
  readonly schemas: ReadonlyArray<string>
}

/**
 * What a client may use.
 *
 * @since 0.1.0
 * @category models
 */
export interface Admission {
  /** The space that it gets: a named one, or a view of it (`TupleSpace.view`). */
  readonly space: AnySpace
  /** How much it may have and ask for. By default `Remote.defaultLimits`. */
  readonly limits?: Remote.Limits | undefined
}

/**
 * Options of a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<R = never> {
  /**
   * Says which space a client gets, or fails with the error that it is told. The scope is that of its session. By
   * default, everybody gets the space of {@link Spaces} that is asked for.
   */
  readonly authorize?: ((handshake: Handshake) => Effect.Effect<Admission, SpaceError, R>) | undefined
  /** Schemas of classes whose instances cross as such: see `Remote`. */
  readonly schemas?: ReadonlyArray<Schema.Schema<any, any>> | undefined
  /** For how long a session lives on whose connection has broken. By default 30 seconds. */
  readonly grace?: Duration.DurationInput | undefined
  /**
   * How often each end gives a sign of life. A connection over which none comes for three times as long has broken. By
   * default 5 seconds.
   */
  readonly heartbeat?: Duration.DurationInput | undefined
  /** How long a handshake may take, what `authorize` does included. By default 10 seconds. */
  readonly handshakeTimeout?: Duration.DurationInput | undefined
  /** After how long without a message from it a client is sent away. By default never: one that waits says nothing. */
  readonly idle?: Duration.DurationInput | undefined
  /** How many connections there may be. By default 10,000. */
  readonly connections?: number | undefined
  /** How many bytes a frame may have. By default 16 MiB. */
  readonly frameBytes?: number | undefined
  /** How many bytes of a client may be on their way. By default 1 MiB. */
  readonly windowBytes?: number | undefined
  /**
   * How many bytes are kept for a client that does not take them. With a quarter of that, the server reads no more
   * requests of it; beyond, its session ends. By default twice `frameBytes`.
   */
  readonly keptBytes?: number | undefined
}

/**
 * What a server does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Serves one connection until it ends: for sockets that come from elsewhere than {@link listen}. Frames are messages
   * on a WebSocket, and have their length before them on a stream of bytes.
   */
  readonly accept: (socket: Socket.Socket, framing: "messages" | "stream") => Effect.Effect<void>
  /** What somebody may use who is not connected by a session: for other protocols, such as HTTP. */
  readonly admit: (handshake: Handshake) => Effect.Effect<Admission, SpaceError, Scope.Scope>
  /** How many sessions there are, and how many connections. */
  readonly sizes: Effect.Effect<{ readonly sessions: number; readonly connections: number }>
  /** Says goodbye to all clients, and turns away those that come. */
  readonly close: Effect.Effect<void>
  /** Whether anybody may come in. */
  readonly isOpen: boolean
}

/**
 * The server: sessions of clients, whatever they are connected by.
 *
 * @since 0.1.0
 * @category services
 */
export class Server extends Context.Tag("@effect-linda/server/Server")<Server, Service>() {}

/**
 * Makes a server, which serves what is given to it by {@link listen} or {@link upgrade}. When the scope closes, it says
 * goodbye to all clients, and what they hold is back.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { SpaceError } from "@effect-linda/core"
 * import { Server, Spaces } from "@effect-linda/server"
 * import { Effect, Option, Redacted } from "effect"
 *
 * const server = Server.make({
 *   authorize: ({ space, token }) =>
 *     Option.exists(token, (token) => Redacted.value(token) === "open sesame")
 *       ? Effect.map(Effect.flatMap(Spaces.Spaces, ({ get }) => get(space)), (space) => ({ space }))
 *       : Effect.fail(new SpaceError.SpaceError({ reason: "Forbidden", message: "the token is not the right one" }))
 * })
 * ```
 */
export const make = <R = never>(
  options?: Options<R>
): Effect.Effect<Service, SpaceError, Exclude<R, Scope.Scope> | Spaces | Scope.Scope> =>
  Effect.gen(function*() {
    const settings = yield* OptionsOf.read(options, (reader) => ({
      ...limitsOf(reader),
      grace: reader.millis("grace", "30 seconds", 0),
      heartbeat: reader.millis("heartbeat", "5 seconds", 10),
      handshake: reader.millis("handshakeTimeout", "10 seconds", 1),
      idle: reader.patience("idle", Infinity, 1),
      connections: reader.integer("connections", 10_000, 1),
      schemas: options?.schemas ?? [],
      ...reader.pick("authorize", "schemas") as {}
    }))
    const spaces = yield* Spaces
    const context = yield* Effect.context<Exclude<R, Scope.Scope>>()
    const authorize = options?.authorize
    const admit: Service["admit"] = authorize === undefined
      ? ({ space }) => Effect.map(spaces.get(space), (space) => ({ space }))
      : (handshake) =>
        Effect.mapInputContext(
          authorize(handshake),
          (scope: Context.Context<Scope.Scope>) => Context.merge(context, scope) as Context.Context<R | Scope.Scope>
        )
    const sessions = new Sessions(
      settings,
      admit,
      // what runs for sessions ends after they have said goodbye
      yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    )
    yield* Effect.addFinalizer(() => sessions.close)
    return {
      admit,
      accept: (socket, framing) => sessions.accept(socket, framing),
      sizes: Effect.sync(() => sessions.sizes),
      close: sessions.close,
      isOpen: authorize === undefined
    }
  })

/**
 * A layer of {@link make}.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { TupleSpace } from "@effect-linda/core"
 * import { Server, Spaces } from "@effect-linda/server"
 * import { Layer } from "effect"
 *
 * const server = Server.layer({ grace: "1 minute" }).pipe(Layer.provide(Spaces.layer(() => TupleSpace.make())))
 * ```
 */
export const layer = <R = never>(
  options?: Options<R>
): Layer.Layer<Server, SpaceError, Exclude<R, Scope.Scope> | Spaces> => Layer.scoped(Server, make(options))

const loopback = /^(127\.|::1$|::ffff:127\.|localhost$)/

/** Anybody who can reach the address can use the space. */
const warnOf = (address: SocketServer.Address, isOpen: boolean): Effect.Effect<void> =>
  isOpen && address._tag === "TcpAddress" && !loopback.test(address.hostname)
    ? Effect.logWarning(
      `The tuple spaces at ${address.hostname}:${address.port} are open to everybody who can reach that address: ` +
        "give the server an \"authorize\", or have it listen at 127.0.0.1"
    )
    : Effect.void

/**
 * Listens with the `SocketServer` in the context: WebSocket, TCP or a Unix socket. Listening at an address that others
 * can reach, without `authorize`, logs a warning.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { TupleSpace } from "@effect-linda/core"
 * import { Server, Spaces } from "@effect-linda/server"
 * import { NodeSocketServer } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * const main = Server.listen.pipe(
 *   Layer.provide(NodeSocketServer.layerWebSocket({ host: "127.0.0.1", port: 7340 })),
 *   Layer.provide(Server.layer()),
 *   Layer.provide(Spaces.layer(() => TupleSpace.make()))
 * )
 * ```
 */
export const listen: Layer.Layer<never, never, Server | SocketServer.SocketServer> = Layer.scopedDiscard(
  Effect.gen(function*() {
    const { accept, close, isOpen } = yield* Server
    const { address, run } = yield* SocketServer.SocketServer
    yield* warnOf(address, isOpen)
    yield* Effect.forkScoped(Effect.catchAll(
      run((socket) =>
        Effect.flatMap(
          Effect.serviceOption(Socket.WebSocket),
          (webSocket) => accept(socket, webSocket._tag === "Some" ? "messages" : "stream")
        )
      ),
      (error) => Effect.logError("The server does not listen any more", error)
    ))
    // A `SocketServer` keeps what connects when nobody runs it, and waits for that when it closes: so clients hear
    // goodbye, and do not come again, while there is still somebody to tell them.
    yield* Effect.addFinalizer(() => close)
  })
)

/**
 * Serves the WebSocket that a request wants to become: for a route of an HTTP server.
 *
 * @since 0.1.0
 * @category routes
 * @example
 * ```ts
 * import { Server } from "@effect-linda/server"
 * import { HttpRouter } from "@effect/platform"
 *
 * const router = HttpRouter.empty.pipe(HttpRouter.get("/linda", Server.upgrade))
 * ```
 */
export const upgrade: Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  RequestError,
  Server | HttpServerRequest.HttpServerRequest
> = Effect.gen(function*() {
  const { accept } = yield* Server
  const socket = yield* HttpServerRequest.upgrade
  yield* accept(socket, "messages")
  return HttpServerResponse.empty()
})
