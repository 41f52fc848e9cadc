/** The other process of D7: has spaces in each of which a fiber waits, and says what of a core that has taken. */
import { Effect, Fiber } from "effect"
import { setTimeout } from "node:timers/promises"
import { disconnected } from "./child.js"
import type { Place } from "./place.js"
import { openAt } from "./place.js"

const [json, spaces] = process.argv.slice(2)
const end = disconnected()

process.on("message", async (millis: number) => {
  const before = process.cpuUsage()
  await setTimeout(millis)
  const { system, user } = process.cpuUsage(before)
  process.send!((system + user) / 1000 / millis * 100)
})

const fiber = Effect.runFork(Effect.scoped(Effect.gen(function*() {
  for (let i = 0; i < Number(spaces); i++) {
    const space = yield* openAt(JSON.parse(json!) as Place, { space: `idle ${i}` })
    yield* Effect.forkScoped(space.in(["nothing"]))
  }
  process.send!("ready")
  return yield* Effect.never
})))
await end
await Effect.runPromise(Fiber.interrupt(fiber))
