/**
 * The client on Node, which connects to addresses of all kinds: `ws://host:port/path`, `wss://…`, `tcp://host:port` and
 * `unix:/path`. Needs `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Options } from "./Client.js"
import * as Client from "./Client.js"

const invalid = (address: string) =>
  new SpaceError({
    reason: "InvalidOption",
    message: `address: "${address}" is none: ws://host:port/path, wss://host/path, tcp://host:port and unix:/path are`
  })

const tcp = /^tcp:\/\/(\[[^\]]+\]|[^:/]+):(\d+)\/?$/

/**
 * Connects to the space at an address: see `Client.make`.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import * as NodeClient from "@effect-linda/server/NodeClient"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const space = yield* NodeClient.make("unix:/run/linda.sock", { space: "jobs" })
 *   yield* space.out(["job", 1])
 * }))
 * ```
 */
export const make = <T extends Tuple = Tuple>(
  address: string,
  options?: Options
): Effect.Effect<TupleSpace.TupleSpace<T, SpaceError>, SpaceError, Scope.Scope> => {
  if (/^wss?:\/\/./.test(address)) {
    return Effect.provide(Client.webSocket<T>(address, options), NodeSocket.layerWebSocketConstructor)
  }
  if (/^unix:./.test(address)) {
    return Client.make<T, unknown, never>(NodeSocket.makeNet({ path: address.slice(5) }), "stream", options)
  }
  const [, host, port] = tcp.exec(address) ?? []
  return host === undefined
    ? Effect.fail(invalid(address))
    : Client.make<T, unknown, never>(
      NodeSocket.makeNet({ host: host.replace(/[[\]]/g, ""), port: Number(port) }),
      "stream",
      options
    )
}

/**
 * A layer of {@link make}.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import * as NodeClient from "@effect-linda/server/NodeClient"
 *
 * const jobs = NodeClient.layer("tcp://127.0.0.1:7340", { space: "jobs" })
 * ```
 */
export const layer = (
  address: string,
  options?: Options
): Layer.Layer<TupleSpace.TupleSpace<Tuple, SpaceError>, SpaceError> =>
  Layer.scoped(TupleSpace.TupleSpace, make(address, options))
