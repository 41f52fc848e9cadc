import { assert, describe, it } from "@effect/vitest"
import type { Clock } from "effect"
import { Effect } from "effect"
import { Ages, givenAt, thinned } from "../../src/internal/ages.js"

describe("Ages", () => {
  it.effect("V08 they are exact to one percent, by few marks, however long a space is used", () =>
    Effect.gen(function*() {
      let now = 1
      const clock: Clock.Clock = {
        ...yield* Effect.clock,
        unsafeCurrentTimeMillis: () => now,
        unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n
      }
      const ages = new Ages(clock)
      const times: Array<number> = []
      for (let place = 0; place < 20_000; place++) {
        ages.note(place)
        times.push(now)
        now += place % 3 === 0 ? 0 : place % 100 === 1 ? 3_600_000 : 7
      }
      times.forEach((time, place) => {
        const age = now - ages.of(place)
        assert.isAtLeast(age, now - time)
        assert.isAtMost(age, 1.02 * (now - time) + 7)
      })
      assert.isBelow((ages as unknown as { readonly marks: ReadonlyArray<unknown> }).marks.length, 4000)
    }))

  it.live("V08 by the clock of programs the time is asked for once in a turn", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const ages = new Ages(clock)
      const marks = (ages as unknown as { readonly marks: ReadonlyArray<unknown> }).marks
      for (let place = 0; place < 10; place++) {
        ages.note(place)
      }
      assert.strictEqual(marks.length, 1)
      yield* Effect.sleep("2 millis")
      ages.note(10)
      assert.strictEqual(marks.length, 2)
      assert.isAbove(ages.of(10), ages.of(9))
      assert.strictEqual(ages.of(9), ages.of(0))
    }))

  it("V08 what is older than the first mark has no age, and of marks at one time the first stays", () => {
    assert.isUndefined(givenAt([[5, 100]], 4))
    assert.strictEqual(givenAt([[5, 100], [9, 200]], 8), 100)
    assert.strictEqual(givenAt([[5, 100], [9, 200]], 9), 200)
    assert.deepStrictEqual(thinned([[1, 0], [2, 0], [3, 1], [4, 500], [5, 1000]], 1000), [
      [1, 0],
      [3, 1],
      [4, 500],
      [5, 1000]
    ])
  })
})
