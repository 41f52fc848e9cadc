/**
 * A space that is served elsewhere: the same service, by a connection that comes again when it breaks.
 *
 * @since 0.1.0
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- schemas of any types */
import * as OptionsOf from "@effect-linda/core/Options"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Socket from "@effect/platform/Socket"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/client.js"
import type { Framing } from "./internal/framing.js"
import { limitsOf } from "./internal/settings.js"

/**
 * Options of a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the space. By default `"default"`. */
  readonly space?: string | undefined
  /** What the server may ask for before it lets anybody in. */
  readonly token?: Redacted.Redacted | undefined
  /** Schemas of classes whose instances cross as such. The server needs them too: see `Remote`. */
  readonly schemas?: ReadonlyArray<Schema.Schema<any, any>> | undefined
  /**
   * When to try again to connect. By default after a tenth of a second, after twice as long each time, and in the end
   * every five seconds, each a little sooner or later by chance. When the schedule ends, so does the client.
   */
  readonly reconnect?: Schedule.Schedule<unknown> | undefined
  /**
   * How long to try for a first connection. Then it fails, as do operations that wait for a new session. By default 30
   * seconds.
   */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** How long the server may take to answer a handshake. By default 10 seconds. */
  readonly handshakeTimeout?: Duration.DurationInput | undefined
  /** How many bytes a frame may have. By default 16 MiB. */
  readonly frameBytes?: number | undefined
  /** How many bytes of the server's may be on their way. By default 1 MiB. */
  readonly windowBytes?: number | undefined
  /**
   * How many bytes wait for the server at most, as while there is no connection. What is put then is refused. By
   * default twice `frameBytes`.
   */
  readonly keptBytes?: number | undefined
}

/**
 * Connects by sockets of your own: `socket` is run for each connection. `framing` is `"messages"` if each chunk that
 * such a socket carries is a message, as on a WebSocket, and `"stream"` if it carries a stream of bytes.
 *
 * Fails if the server refuses, or cannot be reached in time. Lives in the scope; when that closes, what it holds is
 * given back at once.
 *
 * When a connection breaks, another continues where it ended: operations that wait go on to do so, and nothing happens
 * twice. Only if there is none for as long as the server keeps sessions, what is under way fails as `Lapsed`, and what
 * comes later is of a new session.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Client } from "@effect-linda/server"
 * import { NodeSocket } from "@effect/platform-node"
 *
 * const space = Client.make(NodeSocket.makeNet({ host: "127.0.0.1", port: 7340 }), "stream", { space: "jobs" })
 * ```
 */
export const make = <T extends Tuple = Tuple, E = never, R = never>(
  socket: Effect.Effect<Socket.Socket, E, R>,
  framing: "messages" | "stream",
  options?: Options
): Effect.Effect<TupleSpace.TupleSpace<T, SpaceError>, SpaceError, R | Scope.Scope> =>
  Effect.gen(function*() {
    const settings = yield* OptionsOf.read(options, (reader) => ({
      ...limitsOf(reader),
      space: reader.text("space") ?? "default",
      handshake: reader.millis("handshakeTimeout", "10 seconds", 1),
      patience: reader.millis("connectTimeout", "30 seconds", 1),
      schedule: reader.value("reconnect", isSchedule, "a Schedule") ?? internal.reconnecting,
      token: options?.token,
      schemas: options?.schemas ?? [],
      ...reader.pick("token", "schemas") as {}
    }))
    const context = yield* Effect.context<R>()
    const space = yield* internal.connect(Effect.provide(socket, context), framing satisfies Framing, settings)
    return space as unknown as TupleSpace.TupleSpace<T, SpaceError>
  })

const isSchedule = (value: unknown): value is Schedule.Schedule<unknown> => Schedule.isSchedule(value)

/**
 * Connects by WebSocket, in a browser, in Node and elsewhere: see {@link make}.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Client } from "@effect-linda/server"
 * import { NodeSocket } from "@effect/platform-node"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* Client.webSocket("ws://127.0.0.1:7340", { space: "jobs" })
 *   yield* space.out(["job", 1])
 * }).pipe(Effect.scoped, Effect.provide(NodeSocket.layerWebSocketConstructor))
 * ```
 */
export const webSocket = <T extends Tuple = Tuple>(
  url: string,
  options?: Options
): Effect.Effect<
  TupleSpace.TupleSpace<T, SpaceError>,
  SpaceError,
  Socket.WebSocketConstructor | Scope.Scope
> => make(Socket.makeWebSocket(url), "messages", options)

/**
 * A layer of {@link webSocket}.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { Client } from "@effect-linda/server"
 * import { NodeSocket } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * const space = Client.layerWebSocket("ws://127.0.0.1:7340", { space: "jobs" }).pipe(
 *   Layer.provide(NodeSocket.layerWebSocketConstructor)
 * )
 * ```
 */
export const layerWebSocket = (
  url: string,
  options?: Options
): Layer.Layer<TupleSpace.TupleSpace<Tuple, SpaceError>, SpaceError, Socket.WebSocketConstructor> =>
  Layer.scoped(TupleSpace.TupleSpace, webSocket(url, options))
