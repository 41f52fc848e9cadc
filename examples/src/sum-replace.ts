/**
 * Five workers, one sum. `replace` takes the old sum and puts the new one in a single step, so there is no instant at
 * which an interruption could lose it; and `inWith` holds the numbers until they have been added.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Console, Effect, Option } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Numbers = readonly [number, number, number, number]
type Sum = readonly ["sum", value: number]

const worker = (space: TupleSpace.TupleSpace<Numbers | Sum>) =>
  space.inWith([P.number, P.number, P.number, P.number], (numbers) =>
    Effect.gen(function*() {
      const added = numbers.reduce((a, b) => a + b)
      yield* Effect.sleep("20 millis") // some long calculation
      const before = yield* space.replace(["sum", P.number], ([, sum]) => ["sum", sum + added])
      yield* Console.log(`${Option.getOrThrow(before)[1]} + (${numbers.join(" + ")})`)
    })).pipe(Effect.forever)

export const program = Effect.gen(function*() {
  const space = yield* TupleSpace.make<Numbers | Sum>()
  yield* space.out(["sum", 0])
  const workers = yield* Effect.replicateEffect(space.eval(worker(space)), 5)

  // A worker that is interrupted while it holds a tuple gives it back, to its old place: nothing is lost, nothing
  // counted twice.
  yield* space.out([1, 2, 3, 4])
  yield* Effect.sleep("5 millis") // the worker that came first has it, and calculates
  yield* workers[0]!.interrupt

  yield* space.outAll([[4, 5, 6, 7], [3, 4, 5, 2]])
  yield* space.awaitQuiescent

  // In a space of a protocol, a pattern that no tuple can match does not compile:
  //   space.rd(["summ", P.number])
  const [, sum] = yield* space.rd(["sum", P.number])
  yield* Console.log(`= ${sum}`)
  yield* expectEqual(sum, 46)
}).pipe(Effect.scoped)

runIfMain(import.meta.url, program)
