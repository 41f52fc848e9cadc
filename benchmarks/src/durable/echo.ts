/** The other process of D3: answers each ping, by tuples or by bare notifications. */
import { Pattern as P } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import { Effect, Fiber } from "effect"
import { disconnected } from "./child.js"
import type { Connection } from "./client.js"
import { connected } from "./client.js"

const [how, json] = process.argv.slice(2)
const connection = JSON.parse(json!) as Connection
const end = disconnected()

if (how === "bare") {
  const client = await connected(connection)
  client.on("notification", () => void client.query("NOTIFY pong"))
  await client.query("LISTEN ping")
  process.send!("ready")
  await end
  await client.end()
} else {
  const fiber = Effect.runFork(Effect.scoped(Effect.gen(function*() {
    const space = yield* Postgres.make({ connection, space: "ping-pong" })
    process.send!("ready")
    return yield* Effect.forever(
      Effect.flatMap(space.in(["ping", P.number]), ([, i]) => space.out(["pong", i]))
    )
  })))
  await end
  await Effect.runPromise(Fiber.interrupt(fiber))
}
