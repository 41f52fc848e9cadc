import { assert, describe, it } from "@effect/vitest"
import { Encoding } from "effect"
import { spawnSync } from "node:child_process"
import { decode, encode } from "../../src/internal/base64.js"

/** Makes sixteen megabytes into text and back. */
const large = `
import { decode, encode } from ${JSON.stringify(new URL("../../src/internal/base64.ts", import.meta.url).href)}
const bytes = new Uint8Array(2 ** 24).map((_, i) => i * 7)
const back = new Uint8Array(decode(encode(bytes)))
console.log(back.length === bytes.length && back.every((byte, i) => byte === bytes[i]))`

describe("Base64", () => {
  it("it is that of everybody, for every number of bytes", () => {
    for (const length of [...Array(10).keys(), 12_287, 12_288, 12_289, 24_576, 30_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 89 + length)
      const text = encode(bytes)
      assert.strictEqual(text, Encoding.encodeBase64(bytes))
      assert.deepStrictEqual(new Uint8Array(decode(text)), bytes)
    }
    assert.throws(() => decode("?"))
  })

  it("S1 it takes no more memory than a few times the bytes", () => {
    const node = ["--max-old-space-size=128", "--import", "tsx", "--input-type=module", "--eval", large]
    const { stdout } = spawnSync(process.execPath, node, { cwd: import.meta.dirname, encoding: "utf8" })
    assert.strictEqual(stdout, "true\n")
  })
})
