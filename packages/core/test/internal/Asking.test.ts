import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scheduler } from "effect"
import { Asking } from "../../src/internal/remote/asking.js"

describe("Asking", () => {
  it.effect("S3 an answer is heard, wherever the operation yields before it comes", () =>
    Effect.gen(function*() {
      for (const isStrict of [false, true]) {
        for (let at = 0; at < 60; at++) {
          const open: Array<number> = []
          const asking: Asking = new Asking((_, subject) => subject, (question) => open.push(question))
          const answer = () => open.splice(0).forEach((question) => asking.told(question, true))
          // Yields at one place, at which the answer comes.
          let ops = 0
          class Yielding extends Scheduler.SyncScheduler {
            override shouldYield(): number | false {
              return ops++ === at ? 0 : false
            }
          }
          const scheduler = new Yielding()
          const look = Effect.sync(() => asking.ask(0, "value"))
          const fiber = Effect.runFork(isStrict ? asking.whenKnown(look, look) : asking.settled(look), { scheduler })
          yield* Effect.yieldNow()
          answer()
          scheduler.flush()
          yield* Effect.yieldNow()
          answer()
          scheduler.flush()
          yield* Effect.yieldNow()
          scheduler.flush()
          const exit = fiber.unsafePoll()
          yield* Fiber.interruptFork(fiber)
          assert.isTrue(exit !== null && Exit.isSuccess(exit), `it waits for ever if it yields at ${at}`)
        }
      }
    }))
})
