import { describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { readdirSync } from "node:fs"
import { assert } from "vitest"

/** No time for the eye, and few tiles. */
const quick = ConfigProvider.fromMap(new Map([["seconds", "0"], ["tiles", "12"]]))

const names = readdirSync(new URL("../src", import.meta.url)).filter((name) => name.endsWith(".ts"))

describe("every example runs, and finds what it expects", () => {
  for (const name of names) {
    it.live(name, () =>
      Effect.gen(function*() {
        const { program } = yield* Effect.promise(() => import(`../src/${name}`))
        assert.isTrue(Effect.isEffect(program), `${name} exports no program`)
        yield* Effect.withConfigProvider(program as Effect.Effect<unknown, unknown>, quick)
      }), 60_000)
  }
})
