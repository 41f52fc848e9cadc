import type { Tuple } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { find } from "../../src/internal/pattern/join.js"
import { compile } from "../../src/internal/pattern/pattern.js"
import type { First } from "../../src/internal/pattern/plan.js"
import { Plan } from "../../src/internal/pattern/plan.js"

const numbers = (size: number) => Array.from({ length: size }, (_, n) => n)

/** Joins in vain. How often an entry is looked at until that is known. */
const looksInVain = (patterns: ReadonlyArray<unknown>, tuples: ReadonlyArray<Tuple.Tuple>): number => {
  const entries = tuples.map((tuple, seq) => ({ tuple, seq, failure: false }))
  let looks = 0
  const first: First<(typeof entries)[number]> = (pattern, test, after = -1) =>
    entries.find((entry) => entry.seq > after && pattern.matches(entry.tuple) && looks++ >= 0 && test(entry))
  const plan = new Plan(patterns.map(compile))
  assert.isUndefined(find(plan, { first, sizeOf: (pattern) => entries.filter(({ tuple }) => pattern.matches(tuple)).length, isStored: () => true }))
  return looks
}

describe("A join that cannot be complete", () => {
  it("S11 K3 does not search while there is too little, whatever its variables are", () => {
    const patterns = [["a", P.ref("x")], ["b", P.ref("x")], ["c", P.ref("y")], ["d", P.ref("y")], ["none"]]
    const tuples = numbers(50).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["a", n], ["b", n], ["c", n], ["d", n]])
    assert.isBelow(looksInVain(patterns, tuples), 200)
  })

  it("S11 K3 does not try all combinations of what no variable connects", () => {
    const patterns = [["a", P.ref("x")], ["b", P.ref("x")], ["c", P.ref("y")], ["d", P.ref("y")]]
    const tuples = numbers(50).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["a", n], ["b", n], ["c", n], ["d", -1 - n]])
    assert.isBelow(looksInVain(patterns, tuples), 500)
  })

  it("S11 K3 does not try the tuples of equal patterns in every order", () => {
    // Five of eight can be chosen in 56 ways, and in 6,720 orders.
    const five = numbers(5).map(() => ["a", P.ref("x")])
    const patterns = [...five, ["b", P.ref("x"), P.ref("y")], ["c", P.ref("y")]]
    const tuples: ReadonlyArray<Tuple.Tuple> = [...numbers(8).map((): Tuple.Tuple => ["a", 1]), ["b", 1, 1], ["c", 2]]
    assert.isBelow(looksInVain(patterns, tuples), 2_000)
  })

  it("S11 K3 sees at once that what has been bound leaves too little to the others", () => {
    const patterns = [["a", P.ref("y"), P.ref("x")], ["b", P.ref("y")], ["c", P.ref("x")]]
    const tuples = numbers(50).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["a", 1, n], ["b", 1], ["c", -1 - n]])
    assert.isBelow(looksInVain(patterns, tuples), 500)
  })
})
