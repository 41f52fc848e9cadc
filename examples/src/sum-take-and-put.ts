/**
 * The program by which lindypy, the ancestor of this library, introduces itself: five workers add up whatever tuples of
 * four numbers they find. Here as it was written in 2011, line by line; `sum-replace.ts` and `sum-transaction.ts` do it
 * better.
 */
import { Pattern as P, Process, TupleSpace } from "@effect-linda/core"
import { Console, Data, Effect } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

class Broken extends Data.TaggedError("Broken")<{ readonly code: number }> {}

const worker = Effect.gen(function*() {
  const numbers = yield* TupleSpace.in([P.number, P.number, P.number, P.number])
  yield* Effect.sleep("20 millis") // some long calculation
  // Whoever has taken the sum is the only one to have it: a tuple is its own lock. But whoever is interrupted between
  // the next two lines takes it to the grave.
  const [, sum] = yield* TupleSpace.in(["sum", P.number])
  yield* TupleSpace.out(["sum", numbers.reduce((a, b) => a + b, sum)])
}).pipe(Effect.forever)

export const program = Effect.gen(function*() {
  yield* TupleSpace.out(["sum", 0])
  yield* Effect.forEach([1, 2, 3, 4, 5], (n) => TupleSpace.eval(worker, { name: `worker ${n}` }))

  yield* TupleSpace.out([1, 2, 3, 4])
  yield* TupleSpace.out([4, 5, 6, 7])
  yield* TupleSpace.out([3, 4, 5, 2])

  // lindypy slept five seconds and hoped. A space knows when its processes have nothing left to do.
  const { blocked } = yield* TupleSpace.awaitQuiescent
  yield* Console.log(`${blocked.length} workers wait for ${blocked[0]?.waitsFor[0]?.patterns.join()}`)

  const [, sum] = yield* TupleSpace.in(["sum", P.number])
  yield* Console.log(`the sum is ${sum}`)
  yield* expectEqual(sum, 46)

  // There is no other sum. A timeout is an option, not a signal; it can be nested.
  const another = yield* TupleSpace.in(["sum", P.number], { timeout: "20 millis" }).pipe(
    Effect.catchTag("TimeoutException", () => Effect.succeed("no more sums"))
  )
  yield* Console.log(another)
  yield* expectEqual(another, "no more sums")

  // A process that fails leaves a tuple behind: the error, its trace, and the name of the process.
  yield* TupleSpace.eval(Effect.fail(new Broken({ code: 55 })), { name: "breaking worker" })
  const [error, , name] = yield* TupleSpace.in(Process.failure(Broken))
  yield* Console.log(`${name}: ${error._tag} ${error.code}`)
  yield* expectEqual([name, error.code], ["breaking worker", 55])
}).pipe(Effect.provide(TupleSpace.layer))

runIfMain(import.meta.url, program)
