import type { SpaceError } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const noDuration = [null, 0, -1, NaN, Infinity, "soon", {}, [], () => 1]
const noText = [null, 5, {}, [], Symbol("s")]

/** Options that mean nothing, by engine. */
const wrong: ReadonlyArray<readonly [option: string, values: ReadonlyArray<unknown>]> = [
  ["lease", noDuration],
  ["space", noText]
]
const sqlite = [
  ...wrong,
  ["poll", noDuration],
  ["filename", [undefined, ...noText]],
  ["prefix", [...noText, "no prefix"]],
  ["synchronous", [null, "off", 1]],
  ["open", [null, 5, "libsql"]]
] as const
const postgres = [
  ...wrong,
  ["retry", noDuration.filter((value) => value !== 0 && value !== Infinity)],
  ["schema", [...noText, "no schema"]],
  ["clock", [null, "mine"]],
  ["connection", [null, 5, "postgres://localhost", []]]
] as const

describe("Options of databases", () => {
  for (
    const [name, store, options] of [
      ["SQLite", (options: any) => Sqlite.store({ filename: ":memory:", ...options }), sqlite],
      ["PostgreSQL", (options: any) => Postgres.store(options), postgres]
    ] as const
  ) {
    it.effect(`S16 K15 ${name}: what is wrong with an option is refused by its name`, () =>
      Effect.gen(function*() {
        for (const [option, values] of options) {
          for (const value of values) {
            const error = (yield* Effect.flip(Effect.scoped(store({ [option]: value })))) as SpaceError.SpaceError
            assert.strictEqual(error.reason, "InvalidOption", String(error))
            assert.match(error.message, new RegExp(`^${option}: `))
          }
        }
      }))
  }
})
