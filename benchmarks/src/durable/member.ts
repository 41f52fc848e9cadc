/** One of the many processes of long use: puts tuples with numbers of its own, takes as many, and says which. */
import { Pattern as P } from "@effect-linda/core"
import { Cause, Effect, Fiber } from "effect"
import { once } from "node:events"
import { disconnected } from "./child.js"
import type { Place } from "./place.js"
import { openAt } from "./place.js"

const [json, first, count] = process.argv.slice(2)
const end = disconnected()
const callers = 4

/** So many programs on few cores may be long without a turn, and are not to be taken for dead meanwhile. */
const lease = "5 minutes"

const fiber = Effect.runFork(Effect.scoped(
  Effect.gen(function*() {
    const space = yield* openAt(JSON.parse(json!) as Place, { lease })
    const go = once(process, "message")
    process.send!("ready")
    yield* Effect.promise(() => go)
    const taken: Array<number> = []
    const note = ([, i]: readonly [string, number]) => Effect.sync(() => void taken.push(i))
    const job = ["job", P.number] as const
    yield* Effect.forEach(
      Array.from({ length: Number(count) }, (_, i) => Number(first) + i),
      (i) =>
        Effect.zipRight(
          space.out(["job", i]),
          i % 2 === 0 ? Effect.flatMap(space.in(job), note) : space.inWith(job, note)
        ),
      { concurrency: callers, discard: true }
    )
    process.send!(taken)
    return yield* Effect.never
  }).pipe(
    Effect.tapErrorCause((cause) => Effect.sync(() => void process.send!(Cause.pretty(cause))))
  )
))
await end
await Effect.runPromise(Fiber.interrupt(fiber))
