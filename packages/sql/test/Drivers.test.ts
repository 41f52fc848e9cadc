import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { load } from "../src/internal/drivers.js"

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
      timeout: 20_000
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
})
