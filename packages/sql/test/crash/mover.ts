import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import type { Config } from "./child.js"

/** A program that marks, exactly once, what others put by an outbox. */

const { postgres, sqlite } = JSON.parse(process.argv[2]!) as Config

const program = Effect.gen(function*() {
  const space = yield* sqlite !== undefined ? Sqlite.make(sqlite) : Postgres.make(postgres)
  yield* Effect.sync(() => void writeSync(1, "up\n"))
  return yield* Effect.forever(
    SpaceStore.transaction(space)(
      Effect.flatMap(space.in(["left", P.number]), ([, n]) => space.out(["done", n]))
    )
  )
})

Effect.runPromise(Effect.scoped(program)).catch((error) => {
  writeSync(2, String(error))
  process.exit(1)
})
