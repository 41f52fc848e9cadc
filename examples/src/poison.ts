/**
 * A job that kills whoever takes it comes back again and again: `inWith` returns the tuple when its use fails. So it
 * may count: after some attempts a dead letter takes the place of the job, and the others get their turn.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Cause, Console, Data, Effect } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Job = readonly ["job", id: number, json: string]
type Done = readonly ["done", id: number, value: unknown]
type Dead = readonly ["dead", job: Job, reason: string]

class Malformed extends Data.TaggedError("Malformed")<{ readonly json: string; readonly message: string }> {}

const parse = (json: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(json),
    catch: (error) => new Malformed({ json, message: error instanceof Error ? error.message : String(error) })
  })

const worker = (space: TupleSpace.TupleSpace<Job | Done | Dead>) =>
  space.inWith(
    ["job", P.number, P.string],
    ([, id, json]) =>
      Effect.gen(function*() {
        yield* Console.log(`job ${id}: trying`)
        yield* space.out(["done", id, yield* parse(json)])
      }),
    {
      maxAttempts: 3,
      requeue: "back", // let the others go first
      deadLetter: (job: Job, cause) => ["dead", job, Cause.pretty(cause).split("\n")[0]!]
    }
  ).pipe(Effect.ignore, Effect.forever)

export const program = Effect.gen(function*() {
  const space = yield* TupleSpace.make<Job | Done | Dead>()
  yield* space.outAll([
    ["job", 1, "[1, 2"],
    ["job", 2, "[1, 2]"],
    ["job", 3, "{ \"three\": 3 }"]
  ])
  yield* space.eval(worker(space))
  yield* space.awaitQuiescent

  const done = yield* space.collect(["done", P.number, P.any])
  yield* expectEqual(done, [["done", 2, [1, 2]], ["done", 3, { three: 3 }]])

  const [, job, reason] = yield* space.in(["dead", P.any, P.string])
  yield* Console.log(`job ${job[1]} is dead: ${reason}`)
  yield* expectEqual(job, ["job", 1, "[1, 2"])
  yield* expectEqual(yield* space.count(["job", P.number, P.string]), 0)
}).pipe(Effect.scoped)

runIfMain(import.meta.url, program)
