/** W10: W1 in a space that holds 100k unrelated tuples of the same arity, and in which 10k unrelated takers wait. */
import { Effect, Exit, Scope } from "effect"
import type { Size } from "../measure.js"
import { compare, each, run, sized, turn } from "../measure.js"
import type { Row } from "../report.js"
import type { Space, Subject } from "../subjects.js"
import { fx, ours } from "../subjects.js"
import { pairs } from "./W1.js"

const crowded = (subject: Subject, size: Size): Effect.Effect<Space, never, Scope.Scope> =>
  Effect.gen(function*() {
    const space = yield* subject.make
    yield* each(sized(size, 100_000), (i) => space.out(["other", i]))
    yield* each(sized(size, 10_000), (i) => Effect.forkScoped(space.in(["reply", i])))
    yield* turn
    return space
  })

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = sized(size, 100_000)
  const scope = await Effect.runPromise(Scope.make())
  const [full, fxFull, empty, fxEmpty] = await Effect.runPromise(
    Scope.extend(Effect.all([crowded(ours, size), crowded(fx, size), ours.make, fx.make]), scope)
  )
  const took = await compare(size, {
    ours: () => run(pairs(full, n)),
    empty: () => run(pairs(empty, n)),
    fx: () => run(pairs(fxFull, n)),
    fxEmpty: () => run(pairs(fxEmpty, n))
  })
  await Effect.runPromise(Scope.close(scope, Exit.void))
  const row = { workload: "W10", what: "a pair in a crowd", unit: "µs", ours: took.ours }
  return [
    { ...row, floor: { name: "ours, W1", value: took.empty }, must: ["at most", 1.3], go: ["at most", 1] },
    { ...row, floor: { name: "F-fx", value: took.fx } },
    { ...row, what: "the same of F-fx", ours: took.fx, floor: { name: "F-fx, W1", value: took.fxEmpty } }
  ]
}
