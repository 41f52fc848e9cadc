/**
 * The sum again, as in `sum-take-and-put.ts`, but each worker is a process on a thread: the same program, with a name.
 */
import { Pattern as P, Process, TupleSpace } from "@effect-linda/core"
import { Workers } from "@effect-linda/node"
import { Console, Effect, Layer } from "effect"
import { adder, breaker, Broken } from "./jobs/adder.js"
import { expectEqual, runIfMain } from "./support/example.js"

export const program = Effect.gen(function*() {
  yield* TupleSpace.out(["sum", 0])
  // They never end, so there must be room for all of them: processes that mostly wait share threads.
  const workers = yield* Effect.forEach([1, 2, 3, 4], (n) => Workers.eval(adder, undefined, { name: `worker ${n}` }))
  // The fifth is the same process as a fiber of this thread.
  yield* TupleSpace.eval(adder.effect(), { name: "worker 5" })

  yield* TupleSpace.out([1, 2, 3, 4])
  yield* TupleSpace.out([4, 5, 6, 7])
  yield* TupleSpace.out([3, 4, 5, 2])

  // What runs on other threads cannot be seen to rest. But who has added says so, and who has failed tells who joins
  // it.
  yield* Effect.raceFirst(
    TupleSpace.inAll([["added"], ["added"], ["added"]]),
    Effect.raceAll(workers.map(({ join }) => join))
  )
  const [, sum] = yield* TupleSpace.in(["sum", P.number])
  yield* Console.log(`the sum is ${sum}`)
  yield* expectEqual(sum, 46)

  const another = yield* TupleSpace.in(["sum", P.number], { timeout: "20 millis" }).pipe(
    Effect.catchTag("TimeoutException", () => Effect.succeed("no more sums"))
  )
  yield* Console.log(another)
  yield* expectEqual(another, "no more sums")

  // A process that fails on its thread leaves the same tuple behind as any other.
  yield* Workers.eval(breaker, { code: 55 }, { name: "breaking worker" })
  const [error, , name] = yield* TupleSpace.in(Process.failure(Broken))
  yield* Console.log(`${name}: ${error._tag} ${error.code}`)
  yield* expectEqual([name, error.code], ["breaking worker", 55])
}).pipe(Effect.provide(Layer.merge(TupleSpace.layer, Workers.layer)))

runIfMain(import.meta.url, program)
