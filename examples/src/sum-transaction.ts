/**
 * Five workers, one sum, one transaction: the numbers and the sum are taken and the new sum is put all at once, or
 * nothing happens. Any other STM can be part of it, such as the count of the worker's own steps.
 */
import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
import { Console, Effect, STM, TRef } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Numbers = readonly [number, number, number, number]
type Sum = readonly ["sum", value: number]
type Space = TupleSpace.TupleSpace<Numbers | Sum>

const addUp = (space: Space, additions: TRef.TRef<number>) =>
  STM.gen(function*() {
    const numbers = yield* Transaction.in(space, [P.number, P.number, P.number, P.number])
    const [, sum] = yield* Transaction.in(space, ["sum", P.number])
    yield* Transaction.out(space, ["sum", numbers.reduce((a, b) => a + b, sum)])
    return yield* TRef.updateAndGet(additions, (n) => n + 1)
  })

export const program = Effect.gen(function*() {
  const space = yield* TupleSpace.make<Numbers | Sum>()
  const additions = yield* TRef.make(0)
  const worker = Effect.forever(space.transact(addUp(space, additions)))
  yield* Effect.replicateEffect(space.eval(worker), 5)

  // The numbers are there, the sum is not: the workers wait without holding anything, so everybody can see them.
  yield* space.outAll([[1, 2, 3, 4], [4, 5, 6, 7], [3, 4, 5, 2]])
  yield* space.awaitQuiescent
  const untouched = yield* space.count([P.number, P.number, P.number, P.number])
  yield* Console.log(`${untouched} tuples of numbers wait for a sum to be added to`)
  yield* expectEqual(untouched, 3)

  yield* space.out(["sum", 0])
  yield* space.awaitQuiescent
  const [, sum] = yield* space.rd(["sum", P.number])
  yield* Console.log(`the sum is ${sum}, after ${yield* TRef.get(additions)} additions`)
  yield* expectEqual(sum, 46)
  yield* expectEqual(yield* TRef.get(additions), 3)
}).pipe(Effect.scoped)

runIfMain(import.meta.url, program)
