import { Postgres, Sqlite } from "@effect-linda/sql"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import type { Config } from "./child.js"

/** A program that takes a lock, says so, and has it until it is killed. */

const { postgres, sqlite } = JSON.parse(process.argv[2]!) as Config

const program = Effect.gen(function*() {
  const space = yield* sqlite !== undefined ? Sqlite.make(sqlite) : Postgres.make(postgres)
  return yield* space.withPermit(
    ["lock"],
    (_, { token }) => Effect.zipRight(Effect.sync(() => writeSync(1, `locked ${token}\n`)), Effect.never)
  )
})

Effect.runPromise(Effect.scoped(program)).catch((error) => {
  writeSync(2, String(error))
  process.exit(1)
})
