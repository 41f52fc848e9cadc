import { Pattern as P, Transaction } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, STM } from "effect"
import { empty, fresh, memoryOf } from "./helpers.js"

describe("Transaction: in memory", () => {
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
