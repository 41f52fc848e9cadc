/**
 * Lets other programs in: the sockets and the HTTP server behind `linda serve`. Loaded by that command alone.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Http from "@effect-linda/server/Http"
import * as Server from "@effect-linda/server/Server"
import * as Spaces from "@effect-linda/server/Spaces"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as SocketServer from "@effect/platform/SocketServer"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createHash, timingSafeEqual } from "node:crypto"
import { createServer } from "node:http"
import type { Listening } from "./address.js"

/** Who may come in, and to what. */
export interface Serving {
  readonly open: (name: string) => Effect.Effect<Spaces.AnySpace, SpaceError, Scope.Scope>
  readonly token: Redacted.Redacted | undefined
  readonly grace: Duration.Duration | undefined
}

const hashOf = (token: Redacted.Redacted) => createHash("sha256").update(Redacted.value(token)).digest()

/** Compares in a time that says nothing of the token. */
const isToken = (token: Redacted.Redacted) => (given: Redacted.Redacted): boolean =>
  timingSafeEqual(hashOf(token), hashOf(given))

const authorizing =
  (token: Redacted.Redacted): Server.Options<Spaces.Spaces | Scope.Scope>["authorize"] => (handshake) =>
    Option.exists(handshake.token, isToken(token))
      ? Effect.flatMap(
        Spaces.Spaces,
        ({ get }) => Effect.map(get(handshake.space), (space) => ({ space }))
      )
      : Effect.fail(
        new SpaceError({ reason: "Forbidden", message: "the server wants its token: put that into LINDA_TOKEN" })
      )

/** Listens at an address, and says where that is: the port may have been any. */
const listening = (at: Listening): Layer.Layer<Listens, unknown, Server.Server> => {
  switch (at.kind) {
    case "http": {
      const { host, port } = at
      return HttpLayerRouter.serve(Http.routes, { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provideMerge(NodeHttpServer.layer(createServer, { host, port })),
        Layer.flatMap((context) =>
          Layer.succeed(Listens, `http://${whereOf(Context.get(context, HttpServer.HttpServer).address)}`)
        )
      )
    }
    case "ws":
    case "tcp":
    case "unix": {
      const { kind, ...options } = at
      const sockets = kind === "ws" ? NodeSocketServer.layerWebSocket(options) : NodeSocketServer.layer(options)
      return Server.listen.pipe(
        Layer.provideMerge(sockets),
        Layer.flatMap((context) => {
          const { address } = Context.get(context, SocketServer.SocketServer)
          return Layer.succeed(Listens, kind === "unix" ? `unix:${at.path}` : `${kind}://${whereOf(address)}`)
        })
      )
    }
  }
}

/** The address at which somebody listens. */
class Listens extends Context.Tag("@effect-linda/cli/Listens")<Listens, string>() {}

const whereOf = (address: SocketServer.Address | HttpServer.Address): string =>
  address._tag === "TcpAddress"
    ? `${address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname}:${address.port}`
    : address.path

const isSpaceError = (error: unknown): error is SpaceError => error instanceof SpaceError

const unavailable = (at: Listening, cause: unknown): SpaceError =>
  new SpaceError({
    reason: "Unavailable",
    message: `cannot listen at ${at.kind === "unix" ? `unix:${at.path}` : `${at.host}:${at.port}`}: ` +
      messageOf(cause),
    cause
  })

/** What the system says stands innermost. */
const messageOf = (cause: unknown): string => {
  const inner = (cause as { readonly cause?: unknown } | undefined)?.cause
  return inner instanceof Error ? messageOf(inner) : cause instanceof Error ? cause.message : String(cause)
}

/** Serves at these addresses as long as the scope is open. Gives the addresses as clients need them. */
export const serve = (
  addresses: ReadonlyArray<Listening>,
  { grace, open, token }: Serving
): Effect.Effect<ReadonlyArray<string>, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const spaces = yield* Layer.build(Spaces.layer(open, { idle: "1 minute" }))
    const server = yield* Layer.build(Server.layer({
      grace,
      authorize: token === undefined ? undefined : authorizing(token)
    })).pipe(Effect.provide(spaces))
    return yield* Effect.forEach(addresses, (at) =>
      Layer.build(listening(at)).pipe(
        Effect.map((context) => Context.get(context, Listens)),
        Effect.provide(server),
        Effect.mapError((error) => isSpaceError(error) ? error : unavailable(at, error))
      ))
  })
