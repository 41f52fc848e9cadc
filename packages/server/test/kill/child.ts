/** A program that is killed: a server of a file, or a client that works. */
import { Pattern as P } from "@effect-linda/core"
import { Server, Spaces } from "@effect-linda/server"
import * as NodeClient from "@effect-linda/server/NodeClient"
import { Sqlite } from "@effect-linda/sql"
import { NodeSocketServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"

export type Order =
  | { readonly role: "server"; readonly filename: string; readonly port: number }
  | { readonly role: "client"; readonly address: string }

const order = JSON.parse(process.argv[2]!) as Order

const ready = Effect.sync(() => console.log("ready"))

const serve = (filename: string, port: number) =>
  Layer.build(
    Server.listen.pipe(
      Layer.provide(NodeSocketServer.layer({ host: "127.0.0.1", port })),
      Layer.provide(Server.layer()),
      Layer.provide(Spaces.layer(() => Sqlite.make({ filename })))
    )
  ).pipe(Effect.zipRight(ready), Effect.zipRight(Effect.never))

/** Moves numbers, and holds some all the time. */
const work = (address: string) =>
  Effect.gen(function*() {
    const space = yield* NodeClient.make(address)
    yield* ready
    const move = space.exchange(["n", P.number], ([, n]) => [["done", n]])
    const hold = space.inWith(["n", P.number], () => Effect.never)
    yield* Effect.all([Effect.forever(Effect.delay(move, "1 millis")), hold, hold], { concurrency: "unbounded" })
  })

void Effect.runPromise(
  Effect.scoped(order.role === "server" ? serve(order.filename, order.port) : work(order.address))
)
