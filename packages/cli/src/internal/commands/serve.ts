/**
 * `linda serve`: the space, and those beside it, for programs elsewhere.
 *
 * @internal
 */
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defaultListening, listeningOf, named, open, tokenOfEnvironment } from "../address.js"
import { define } from "../define.js"
import { readAddress, readAll } from "../given.js"
import * as options from "../options.js"
import { write } from "../output.js"

const serving = Effect.promise(() => import("../serving.js"))

export const serve = define(
  "serve",
  "Serves the space, and those beside it, over HTTP, WebSocket, TCP or a Unix socket, until it is stopped",
  {
    space: options.space,
    readOnly: options.readOnly,
    grace: options.grace,
    addresses: Args.text({ name: "listen" }).pipe(
      Args.withDescription(
        `Where to listen: http://host:port (the API, and WebSocket at /linda), ws://host:port, tcp://host:port or ` +
          `unix:/path. By default ${defaultListening}`
      ),
      Args.repeated
    )
  },
  ({ addresses, grace, readOnly, space }) =>
    Effect.scoped(Effect.gen(function*() {
      const address = yield* readAddress(space)
      const at = yield* readAll(addresses.length === 0 ? [defaultListening] : addresses, listeningOf)
      const { serve } = yield* serving
      const listens = yield* serve(at, {
        token: Option.getOrUndefined(yield* tokenOfEnvironment),
        grace: Option.getOrUndefined(grace),
        open: (name) =>
          Effect.map(open(named(address, name)), (space) => readOnly ? TupleSpace.view(space, { rd: true }) : space)
      })
      yield* Effect.forEach(listens, (address) => write(`${address}\n`))
      return yield* Effect.never
    }))
)
