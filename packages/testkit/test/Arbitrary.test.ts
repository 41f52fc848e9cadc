import { Pattern as P } from "@effect-linda/core"
import { Arbitrary, Model } from "@effect-linda/testkit"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"

const pairs = (chance: number) =>
  Arbitrary.tuple().chain((tuple) => Arbitrary.pattern(tuple, chance).map((pattern) => ({ pattern, tuple })))

const share = (chance: number): number => {
  const drawn = FastCheck.sample(pairs(chance), { seed: 1, numRuns: 2_000 })
  return drawn.filter(({ pattern, tuple }) => P.matches(pattern)(tuple)).length / drawn.length
}

describe("Arbitrary", () => {
  it("draws patterns that match with the chance that was chosen", () => {
    assert.strictEqual(share(1), 1)
    assert.strictEqual(share(0), 0)
    assert.approximately(share(0.3), 0.3, 0.05)
  })

  it("draws tuples that often meet their equals", () => {
    const drawn = FastCheck.sample(Arbitrary.tuple({ maxArity: 1 }), { seed: 1, numRuns: 200 })
    const different = drawn.filter((tuple, index) =>
      !drawn.slice(0, index).some((each) => Model.sameResult(each, tuple))
    )
    assert.isBelow(different.length, 30)
  })

  it("draws every operation", () => {
    const drawn = FastCheck.sample(Arbitrary.operation(), { seed: 1, numRuns: 1_000 })
    assert.strictEqual(new Set(drawn.map(({ _tag }) => _tag)).size, 16)
  })
})
