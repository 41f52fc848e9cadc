/**
 * How waiting ends: by a timeout of its own, by one around it, or because the space closes. In none of these cases is a
 * tuple lost.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Console, Effect, Exit, Fiber, Option, Scope } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

const timeouts = Effect.gen(function*() {
  const space = yield* TupleSpace.make<readonly ["parcel", number]>()

  // Decided inside the space: either the tuple or the timeout, never both.
  const alone = yield* Effect.flip(space.in(["parcel", P.number], { timeout: "10 millis" }))
  yield* Console.log(`one timeout: ${alone._tag}`)
  yield* expectEqual(alone._tag, "TimeoutException")

  // Timeouts nest as deep as you like. The shortest one wins, and the others notice nothing.
  const nested = yield* space.in(["parcel", P.number], { timeout: "1 minute" }).pipe(
    Effect.timeoutOption("10 millis"),
    Effect.timeout("1 hour")
  )
  yield* Console.log(`nested timeouts: ${nested._tag}`)
  yield* expectEqual(nested, Option.none())

  // A timeout that strikes during the use gives the tuple back.
  yield* space.out(["parcel", 1])
  yield* space.inWith(["parcel", P.number], () => Effect.sleep("1 minute")).pipe(Effect.timeoutOption("10 millis"))
  const parcels = yield* space.copyCollect(["parcel", P.number])
  yield* Console.log(`after a slow use: ${JSON.stringify(parcels)}`)
  yield* expectEqual(parcels, [["parcel", 1]])
  // Nobody who gave up is still in line.
  yield* expectEqual((yield* space.inspect).interests, [])
}).pipe(Effect.scoped)

const shutdown = Effect.gen(function*() {
  // A layer does this for you; by hand, it is easier to see.
  const scope = yield* Scope.make()
  const space = yield* Scope.extend(TupleSpace.make(), scope)

  const worker = yield* space.eval(Effect.forever(space.in(["job", P.any])), { name: "worker" })
  const outsider = yield* Effect.fork(space.rd(["news", P.string]))
  yield* space.awaitQuiescent // both wait now

  yield* Scope.close(scope, Exit.void)
  const ends: Record<string, Exit.Exit<unknown>> = {
    "the worker": yield* worker.await,
    "the outsider": yield* Fiber.await(outsider),
    "who comes later": yield* Effect.exit(space.out(["too", "late"]))
  }
  for (const [who, exit] of Object.entries(ends)) {
    yield* Console.log(`the space is closed, and ${who} ${Exit.isInterrupted(exit) ? "is interrupted" : "goes on"}`)
    yield* expectEqual(Exit.isInterrupted(exit), true)
  }
})

export const program = Effect.zipRight(timeouts, shutdown)

runIfMain(import.meta.url, program)
