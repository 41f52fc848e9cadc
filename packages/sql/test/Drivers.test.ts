import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Sqlite } from "@effect-linda/sql"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { load } from "../src/internal/drivers.js"
import { isBusy } from "../src/internal/sqlite/busy.js"
import { same, watched, within } from "./kit.js"

/** A module that lets nobody find a driver. */
const hooks = `export const resolve = (specifier, context, next) => {
  if (specifier !== "pg" && specifier !== "libsql") return next(specifier, context)
  const message = "Cannot find package '" + specifier + "' imported from " + context.parentURL
  throw Object.assign(new Error(message), { code: "ERR_MODULE_NOT_FOUND" })
}`

/** Opens a space in each database. */
const program = `
import { Effect } from "effect"
import { register } from "node:module"

register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}))
const { Postgres, Sqlite } = await import("@effect-linda/sql")
const reasonOf = (open) => Effect.runPromise(Effect.scoped(Effect.flip(open)))
for (const open of [Postgres.make(), Sqlite.make({ filename: ":memory:" })]) {
  const { message, reason } = await reasonOf(open)
  console.log(reason + ": " + message)
}`

describe("drivers", () => {
  it("I2 they are loaded when a space is opened, and one that is missing says how to install it", () => {
    const { stderr, stdout } = spawnSync(process.execPath, [
      "--import",
      "tsx",
      "--input-type=module",
      "--eval",
      program
    ], {
      cwd: import.meta.dirname,
      encoding: "utf8",
      timeout: 100_000
    })
    assert.deepStrictEqual([stderr, stdout.trim().split("\n")], ["", [
      "Unsupported: the driver \"pg\" is not installed: npm install pg",
      "Unsupported: the driver \"libsql\" is not installed: npm install libsql, or give the option \"open\""
    ]])
  })

  it.effect("I2 one that is there and does not load says what is wrong with it", () =>
    Effect.gen(function*() {
      const missing = "Cannot find module '@libsql/linux-x64-gnu'"
      const cause = Object.assign(new Error(missing), { code: "MODULE_NOT_FOUND" })
      const error = yield* Effect.flip(load("libsql", () => Promise.reject(cause)))
      assert.deepStrictEqual([error.message, error.cause], [`the driver "libsql" does not load: ${missing}`, cause])
    }))

  it("D2 a lock of others is known by what each driver calls it, and nothing else is", () => {
    for (
      const error of [
        { code: "SQLITE_BUSY", rawCode: 5 },
        { code: "SQLITE_BUSY_SNAPSHOT" },
        { code: "SQLITE_BUSY_RECOVERY", rawCode: 261 },
        { code: "ERR_SQLITE_ERROR", errcode: 5 },
        { code: "ERR_SQLITE_ERROR", errcode: 517 },
        { code: "SQLITE_BUSY", errno: 5 }
      ]
    ) {
      assert.isTrue(isBusy(Object.assign(new Error("database is locked"), error)), JSON.stringify(error))
    }
    for (const error of [{ code: "SQLITE_FULL", rawCode: 13 }, { errcode: 1 }, { code: "EBUSY", errno: -16 }, {}]) {
      assert.isFalse(isBusy(Object.assign(new Error("no"), error)), JSON.stringify(error))
    }
    assert.isFalse([undefined, null, 5, "SQLITE_BUSY"].some(isBusy))
  })

  const folder = mkdtempSync(join(tmpdir(), "linda-drivers-"))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.scopedLive("D2 D23 a file is opened by one SQLite in a program: locks of two do not hold between them", () =>
    Effect.gen(function*() {
      const filename = join(folder, "two.db")
      const { default: Libsql } = yield* Effect.promise(() => import("libsql"))
      const open = (filename: string) =>
        watched(new Libsql(filename), { said: (sql) => sql.replace("sqlite_source_id()", "'another'") })
      yield* Effect.scoped(Sqlite.make({ filename, open }))
      const one = yield* Sqlite.make({ filename })
      const error = yield* Effect.flip(Effect.scoped(Sqlite.make({ filename, open })))
      assert.strictEqual(error.reason, "Unsupported")
      assert.match(error.message, /use one driver for a file$/)
      yield* one.out(["t"])
    }))

  /** What there is of other drivers: this package installs none. */
  const others: ReadonlyArray<
    readonly [name: string, open: Effect.Effect<((filename: string) => Sqlite.Database) | undefined>]
  > = [
    [
      "better-sqlite3",
      Effect.promise(() =>
        import("better-sqlite3" as string).then(
          ({ default: Better }) => (filename: string): Sqlite.Database => new Better(filename),
          () => undefined
        )
      )
    ],
    [
      "node:sqlite",
      Effect.sync(() => {
        const module = (process as any).getBuiltinModule?.("node:sqlite")
        return module && ((filename: string): Sqlite.Database => new module.DatabaseSync(filename))
      })
    ]
  ]
  for (const [name, driver] of others) {
    it.scopedLive(`D23 the driver ${name}, where it runs, does what libsql does`, (test) =>
      Effect.gen(function*() {
        const open = yield* driver
        if (open === undefined) {
          return test.skip(`${name} is not here`)
        }
        const filename = join(folder, `${name.replace(":", "-")}.db`)
        const options = { filename, open, retry: "100 millis" } as const
        const [one, other] = [yield* Sqlite.make(options), yield* Sqlite.make(options)]
        const taker = yield* Effect.fork(other.in(["t", P.number]))
        yield* Effect.sleep("20 millis")
        yield* one.outAll([["a", 1], ["a", 2], ["t", 3], ["text", "ä"]])
        same(yield* within(Fiber.join(taker), "the tuple"), ["t", 3])
        same(yield* other.collect(["a", P.number]), [["a", 1], ["a", 2]])
        same(yield* other.inWith(["text", P.string], ([, text]) => Effect.succeed(text)), "ä")
        yield* Effect.ignore(
          SpaceStore.transaction(one)(Effect.zipRight(one.out(["undone"]), Effect.fail("no")))
        )
        same((yield* one.inspect).tuples, [])
        const holder = open(filename)
        holder.exec("BEGIN IMMEDIATE")
        const error = yield* Effect.flip(one.out(["t", 4]))
        assert.match(error.message, /another process has held the write lock/)
        holder.exec("COMMIT")
        holder.close()
        yield* one.out(["t", 5])
        same(yield* other.collect(["t", P.number]), [["t", 5]])
      }))
  }
})
