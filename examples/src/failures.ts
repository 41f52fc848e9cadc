/**
 * "Let it crash", with types: a process that fails leaves a failure tuple, and whoever watches takes it by the class of
 * the error. So the workers have no code for their own misfortunes, and what is to be done about them stands in one
 * place.
 */
import { Pattern as P, Process, TupleSpace } from "@effect-linda/core"
import { Console, Data, Effect } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Reading = readonly ["reading", sensor: string, degrees: number]

class Unplugged extends Data.TaggedError("Unplugged")<{ readonly sensor: string }> {}
class Overheated extends Data.TaggedError("Overheated")<{ readonly sensor: string; readonly degrees: number }> {}

/** What a sensor measures, one after the other. It is a fake: a real one would ask its hardware. */
const measure = Effect.fn("measure")(function*(
  space: TupleSpace.TupleSpace<Reading>,
  sensor: string,
  values: ReadonlyArray<number | undefined>
) {
  for (const degrees of values) {
    if (degrees === undefined) return yield* new Unplugged({ sensor })
    if (degrees > 100) return yield* new Overheated({ sensor, degrees })
    yield* space.out(["reading", sensor, degrees])
  }
})

export const program = Effect.gen(function*() {
  const space = yield* TupleSpace.make<Reading>()

  yield* space.eval(measure(space, "attic", [31, 32, 33]), { name: "attic" })
  yield* space.eval(measure(space, "cellar", [11, undefined]), { name: "cellar" })
  yield* space.eval(measure(space, "engine", [90, 99, 451]), { name: "engine" })
  yield* space.eval(Effect.dieMessage("the roof has come down"), { name: "garage" })

  // A failure is a tuple like any other in this: it is not lost if nobody waits for it yet. And the class gives its
  // type.
  const [overheated, , where] = yield* space.in(Process.failure(Overheated))
  yield* Console.log(`${where} is at ${overheated.degrees} degrees: shut down`)
  yield* expectEqual([where, overheated.degrees], ["engine", 451])

  // A supervisor: what failed for that reason is started again, under the name by which the failure tuple knows it.
  const [unplugged, , name] = yield* space.in(Process.failure(Unplugged))
  yield* Console.log(`${name} is unplugged: try again`)
  const again = yield* space.eval(measure(space, unplugged.sensor, [12, 13]), { name })
  yield* again.join // the handle of a process, for those who want to wait for this very one
  const cellar = yield* space.copyCollect(["reading", "cellar", P.number])
  yield* expectEqual(cellar.map(([, , degrees]) => degrees), [11, 12, 13])

  // Whatever else went wrong, bugs included. The error is unknown here, as it may be anything; the trace says where it
  // was.
  const [bug, trace, culprit] = yield* space.in(Process.failure())
  yield* Console.log(`${culprit} has a bug: ${trace.split("\n")[0]}`)
  yield* expectEqual([culprit, String(bug)], ["garage", "RuntimeException: the roof has come down"])

  // No other pattern matches a failure: to count triples does not count them, and nobody takes one by accident.
  yield* space.eval(Effect.fail(new Unplugged({ sensor: "attic" })), { name: "attic" })
  yield* space.awaitQuiescent
  const triples = yield* space.count([P.any, P.any, P.any])
  const failures = yield* space.count(Process.failure())
  yield* Console.log(`${triples} readings, ${failures} failure that nobody has looked at`)
  yield* expectEqual([triples, failures], [8, 1])
}).pipe(Effect.scoped)

runIfMain(import.meta.url, program)
