import { assert, describe, it } from "@effect/vitest"
import { equals } from "../src/internal/pattern/equality.js"
import { hash } from "../src/internal/pattern/hash.js"

// What is equal is in the testkit's suite, which Conformance.test.ts runs; this is about the functions behind it.

describe("Equality", () => {
  it("S2 a hash is a 32-bit integer, and tells common values apart", () => {
    const hashes = new Set<number>()
    for (let i = 0; i < 10_000; i++) {
      for (const value of [i, i + 0.5, `${i}`, `key-${i}`, BigInt(i) * 10n ** 12n]) {
        const code = hash(value)
        assert.strictEqual(code | 0, code)
        hashes.add(code)
      }
    }
    assert.isAbove(hashes.size, 49_000)
  })

  it("S2 S3 values that share their parts are compared in time linear in their size", () => {
    const shared = (): unknown => {
      let value: unknown = [1]
      for (let i = 0; i < 40; i++) {
        value = [value, value]
      }
      return value
    }
    assert.isTrue(equals(shared(), shared()))
    const twice: Array<unknown> = []
    twice.push(twice, twice)
    const again: Array<unknown> = []
    again.push(again, again)
    assert.isTrue(equals(twice, again))
  })
})
