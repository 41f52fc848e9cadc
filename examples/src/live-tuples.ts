/**
 * Live tuples: `evalTuple` starts processes that turn into data. Whoever reads such a tuple waits until it is done, so
 * a table can be declared as a whole, and computes itself in the order that its dependencies allow: a wavefront.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Array, Console, Effect } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Cell = readonly ["cell", row: number, column: number, distance: number]

/** How many insertions, deletions and replacements turn one word into the other (Levenshtein). */
const distance = Effect.fn("distance")(function*(from: string, to: string) {
  const space = yield* TupleSpace.make<Cell>()

  const cell = (row: number, column: number) =>
    // Any two fields of the tuple are literals here: the space finds it by an index, however big the table.
    Effect.map(space.rd(["cell", row, column, P.number]), ([, , , value]) => value)

  const compute = (row: number, column: number): Effect.Effect<number> =>
    row === 0 || column === 0
      ? Effect.succeed(row + column)
      : Effect.all([cell(row - 1, column - 1), cell(row - 1, column), cell(row, column - 1)]).pipe(
        Effect.map(([diagonal, above, left]) =>
          Math.min(diagonal + (from[row - 1] === to[column - 1] ? 0 : 1), above + 1, left + 1)
        )
      )

  // The last cell is declared first. It does not matter.
  const positions = Array.cartesian(Array.range(0, from.length), Array.range(0, to.length)).reverse()
  yield* Effect.forEach(
    positions,
    ([row, column]) => space.evalTuple(["cell", row, column, compute(row, column)], { name: `cell ${row},${column}` })
  )

  const result = yield* cell(from.length, to.length)
  const table = yield* space.collect(["cell", P.number, P.number, P.number])
  const at = new Map(table.map(([, row, column, value]) => [`${row},${column}`, value]))
  yield* Console.log(`      ${Array.fromIterable(to).join(" ")}`)
  for (const row of Array.range(0, from.length)) {
    const values = Array.range(0, to.length).map((column) => at.get(`${row},${column}`))
    yield* Console.log(`  ${from[row - 1] ?? " "} ${values.join(" ")}`)
  }
  return result
}, Effect.scoped)

export const program = Effect.gen(function*() {
  const steps = yield* distance("parallel", "sparkle")
  yield* Console.log(`from "parallel" to "sparkle" in ${steps} steps`)
  yield* expectEqual(steps, 4)
})

runIfMain(import.meta.url, program)
