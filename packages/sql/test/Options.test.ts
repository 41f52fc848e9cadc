import type { SpaceError } from "@effect-linda/core"
import { TupleSpace } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const noDuration = [null, 0, -1, NaN, Infinity, "soon", {}, [], () => 1]
const noText = [null, 5, {}, [], Symbol("s")]

/** Options that mean nothing, by engine. */
const wrong: ReadonlyArray<readonly [option: string, values: ReadonlyArray<unknown>]> = [
  ["lease", noDuration],
  ["space", noText],
  ["migrate", [null, true, "never"]]
]
const sqlite = [
  ...wrong,
  ["poll", noDuration],
  // D21: SQLite would take an empty name for a file that is gone at the end.
  ["filename", [undefined, "", ...noText]],
  ["retry", noDuration.filter((value) => value !== 0 && value !== Infinity)],
  ["prefix", [...noText, "no prefix"]],
  ["synchronous", [null, "off", 1]],
  ["open", [null, 5, "libsql"]]
] as const
const postgres = [
  ...wrong,
  ["retry", noDuration.filter((value) => value !== 0 && value !== Infinity)],
  ["schema", [...noText, "no schema"]],
  ["clock", [null, "mine"]],
  ["client", [null, 5, "postgres://localhost", {}, { config: {} }]],
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

  it.effect("S16 an option that is not there is refused, with those that there are", () =>
    Effect.gen(function*() {
      const misspelt: any = { filename: ":memory:", leese: "1 second" }
      const postgres: any = { leese: "1 second" }
      for (
        const [open, message] of [
          [Effect.scoped(Sqlite.store(misspelt)), /^leese: there is no such option here, but .*"lease".*"schemas"/],
          [Effect.scoped(Sqlite.make(misspelt)), /^leese: there is no such option here, but .*"lease".*"schemas"/],
          [Effect.provide(Effect.void, Sqlite.layer(misspelt)), /^leese: there is no such option here, but/],
          [Effect.scoped(Postgres.store(postgres)), /^leese: there is no such option here, but .*"lease".*"schemas"/],
          [Effect.scoped(Postgres.make(postgres)), /^leese: there is no such option here, but .*"lease".*"schemas"/],
          [Effect.provide(Effect.void, Postgres.layer(postgres)), /^leese: there is no such option here, but/],
          [
            Effect.scoped(Postgres.make({ connection: { hots: "localhost" } as any })),
            /^connection.hots: there is no such option here, but .*"host"/
          ]
        ] as ReadonlyArray<readonly [Effect.Effect<unknown, SpaceError.SpaceError>, RegExp]>
      ) {
        const error = yield* Effect.flip(open)
        assert.strictEqual(error.reason, "InvalidOption")
        assert.match(error.message, message)
      }
    }))

  it.scoped("options of a space are those of its store as well", () =>
    Effect.gen(function*() {
      yield* Sqlite.store({ filename: ":memory:", schemas: [], undecodable: "skip" })
      const space = yield* Sqlite.make({ filename: ":memory:", protocol: Schema.Tuple(Schema.Literal("a")) })
      const error = yield* Effect.flip((space as any).out(["b"]) as Effect.Effect<never, SpaceError.SpaceError>)
      assert.strictEqual(error.reason, "InvalidTuple")
    }))

  it.effect("options that are configuration are read from where it is", () =>
    Effect.gen(function*() {
      const Jobs = Sqlite.layerConfig({ filename: Config.string("JOBS_FILE"), space: Config.succeed("jobs") })
      const from = (entries: ReadonlyArray<readonly [string, string]>) =>
        Layer.setConfigProvider(ConfigProvider.fromMap(new Map(entries)))
      const put = Effect.flatMap(TupleSpace.TupleSpace, (space) =>
        Effect.zipRight(space.out(["job"]), space.count(["job"])))
      assert.strictEqual(yield* Effect.provide(put, Layer.provide(Jobs, from([["JOBS_FILE", ":memory:"]]))), 1)
      const error = yield* Effect.flip(Effect.provide(put, Layer.provide(Jobs, from([]))))
      assert.include(String(error), "JOBS_FILE")
    }))

  it.effect("a file of SQLite that cannot be opened is refused with what its path tells", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "linda-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      const missing = join(folder, "missing")
      const cases: ReadonlyArray<readonly [filename: string, hint: string]> = [
        [join(missing, "x.db"), `; the folder ${missing} does not exist: make it first`],
        [folder, `; ${folder} is a folder: give the path of a file`]
      ]
      for (const [filename, hint] of cases) {
        for (const open of [undefined, () => fails()]) {
          const error = yield* Effect.flip(Effect.scoped(Sqlite.make({ filename, open })))
          assert.strictEqual(error.reason, "Unavailable")
          assert.match(error.message, /^SQLite: ./)
          assert.isTrue(error.message.endsWith(hint), error.message)
        }
      }
      const other = yield* Effect.flip(Effect.scoped(Sqlite.make({ filename: join(folder, "a.db"), open: fails })))
      assert.strictEqual(other.message, "SQLite: it fails")
      const memory = yield* Effect.flip(Effect.scoped(Sqlite.make({ filename: ":memory:", open: fails })))
      assert.strictEqual(memory.message, "SQLite: it fails")
    }).pipe(Effect.scoped))
})

const fails = (): never => {
  throw new Error("it fails")
}
