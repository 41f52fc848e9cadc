import { Postgres, Sqlite } from "@effect-linda/sql"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import type { Config } from "./child.js"

/** A program that puts tuples which come later, each with its time, and says so, until it is killed. */

const { first, postgres, sqlite } = JSON.parse(process.argv[2]!) as Config

const say = (word: string, n: number): Effect.Effect<void> => Effect.sync(() => void writeSync(1, `${word} ${n}\n`))

const program = Effect.gen(function*() {
  const space = yield* sqlite !== undefined ? Sqlite.make(sqlite) : Postgres.make(postgres)
  for (let n = first;; n++) {
    yield* say("try", n)
    const at = Date.now() + 300 + Math.random() * 1_000
    yield* space.out(["late", n, at], { at })
    yield* say("put", n)
  }
})

Effect.runPromise(Effect.scoped(program)).catch((error) => {
  writeSync(2, String(error))
  process.exit(1)
})
