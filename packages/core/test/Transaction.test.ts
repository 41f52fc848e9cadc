import type { TupleSpace } from "@effect-linda/core"
import { Pattern as P, SpaceError, SpaceEvent, Transaction } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, STM, Stream, TQueue } from "effect"
import { defectOf, empty, fresh, isInterrupted, memoryOf, same, start } from "./helpers.js"

describe("Transaction: in memory", () => {
  it.scoped("S10 what takes from the queue of a subscription that fails has what came before, then its error", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lost = new SpaceError.SpaceError({ reason: "Unavailable", message: "the connection is lost" })
      const gate = yield* Deferred.make<void, SpaceError.SpaceError>()
      const event = SpaceEvent.Out({ tuple: ["t"] as const })
      const events = Stream.concat(Stream.make(event), Stream.execute(Deferred.await(gate)))
      const afar: any = { subscribe: () => Effect.succeed(events) }
      const queue = yield* Transaction.subscribe(afar as TupleSpace.TupleSpace, ["t"])
      const take = space.transact(Transaction.take(queue))
      same(yield* take, event)
      const fiber = yield* start(take)
      assert.isNull(fiber.unsafePoll())
      yield* Deferred.fail(gate, lost)
      assert.strictEqual(yield* defectOf(Fiber.join(fiber)), lost)
      assert.strictEqual(yield* defectOf(take), lost)
      assert.isTrue(yield* isInterrupted(STM.commit(TQueue.take(queue))))
    }))

  it.scoped("S10 the log of a transaction is gone with it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (let i = 0; i < 100; i++) {
        yield* space.transact(STM.zipRight(Transaction.out(space, ["t", i]), Transaction.inp(space, ["t", P.any])))
        yield* Effect.flip(space.transact(STM.zipRight(Transaction.out(space, ["t", i]), STM.fail("no"))))
      }
      yield* empty(space)
      const { store } = memoryOf(space) as any
      assert.strictEqual(store.log.length, 0)
    }))
})
