/** Servers and clients for tests, connected as they are in life. */
import type { SpaceError, Tuple } from "@effect-linda/core"
import { TupleSpace } from "@effect-linda/core"
import { Client, Server, Spaces } from "@effect-linda/server"
import type * as Conformance from "@effect-linda/testkit/Conformance"
import { SocketServer } from "@effect/platform"
import { NodeSocket, NodeSocketServer } from "@effect/platform-node"
import { Context, Effect, Layer, Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

/** How two ends are connected. */
export type Kind = "websocket" | "tcp" | "unix"

export const kinds: ReadonlyArray<Kind> = ["websocket", "tcp", "unix"]

/** Listens at any free address. */
export const listening = (kind: Kind) => {
  switch (kind) {
    case "websocket":
      return NodeSocketServer.makeWebSocket({ host: "127.0.0.1", port: 0 })
    case "tcp":
      return NodeSocketServer.make({ host: "127.0.0.1", port: 0 })
    case "unix":
      return Effect.flatMap(
        Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "linda-"))),
          (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
        ),
        (folder) => NodeSocketServer.make({ path: join(folder, "s") })
      )
  }
}

/** The address as users write it. */
export const textOf = (kind: Kind, address: SocketServer.Address): string =>
  address._tag === "UnixAddress"
    ? `unix:${address.path}`
    : `${kind === "websocket" ? "ws" : "tcp"}://${address.hostname}:${address.port}`

/** Serves until the scope closes, and says where. */
export const served = <R = never>(
  kind: Kind,
  open: (name: string) => Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>,
  options?: Server.Options<R>
) =>
  Effect.gen(function*() {
    const socketServer = yield* listening(kind)
    const spaces = yield* Spaces.make(open)
    const server = yield* Effect.provideService(Server.make(options), Spaces.Spaces, spaces)
    const context = Context.make(Server.Server, server).pipe(Context.add(SocketServer.SocketServer, socketServer))
    yield* Layer.build(Layer.provide(Server.listen, Layer.succeedContext(context)))
    return { server, spaces, address: socketServer.address, text: textOf(kind, socketServer.address) }
  })

/** A client of a server that listens there. */
export const dialled = (kind: Kind, address: SocketServer.Address, options?: Client.Options) =>
  kind === "websocket"
    ? Effect.provide(Client.webSocket(textOf(kind, address), options), NodeSocket.layerWebSocketConstructor)
    : Client.make(
      NodeSocket.makeNet(
        address._tag === "UnixAddress" ? { path: address.path } : { host: address.hostname, port: address.port }
      ),
      "stream",
      options
    )

/** The other end of a space; `via` may put something between the two ends. */
export const atTheOtherEnd = (
  kind: Kind,
  layer: Conformance.EngineLayer,
  via: (address: SocketServer.Address) => Effect.Effect<SocketServer.Address, unknown, Scope.Scope> = Effect.succeed,
  options?: Client.Options
) =>
  Layer.scoped(
    TupleSpace.TupleSpace,
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const space = Context.get(yield* Layer.buildWithScope(layer, scope), TupleSpace.TupleSpace)
      const { address } = yield* served(kind, () => Effect.succeed(space))
      const client = yield* dialled(kind, yield* via(address), options)
      // the space closes first, and both ends of the link see it
      yield* Effect.addFinalizer((exit) => Scope.close(scope, exit))
      return client
    })
  )

/** Why tests do not hold of a space that is closed where it is. */
export const farSkip = {
  "S12 S13 K4": "a space here is closed by the other end, which waits for the process that would wait for it",
  "S13 K4 after": "a space here is closed by the other end, which waits for the process that would wait for it",
  "S12 S17 a subscription ends when its space closes": "what it has not read yet is at the other end, and gone"
}
