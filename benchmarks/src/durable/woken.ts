/** The other process of D6: says when it was woken, to hold a tuple that it waited for, or by a bare notification. */
import { Pattern as P } from "@effect-linda/core"
import { Effect, Fiber } from "effect"
import { disconnected, now } from "./child.js"
import type { Connection } from "./client.js"
import { connected } from "./client.js"
import { openAt } from "./place.js"

const [how, json] = process.argv.slice(2)
const connection = JSON.parse(json!) as Connection
const end = disconnected()
const woken = () => void process.send!(now())

if (how === "bare") {
  const client = await connected(connection)
  client.on("notification", woken)
  await client.query("LISTEN wake")
  process.send!("ready")
  await end
  await client.end()
} else {
  const fiber = Effect.runFork(Effect.scoped(Effect.gen(function*() {
    const space = yield* openAt({ connection }, { space: "wake" })
    process.send!("ready")
    return yield* Effect.forever(space.inWith(["wake", P.number], () => Effect.sync(woken)))
  })))
  await end
  await Effect.runPromise(Fiber.interrupt(fiber))
}
