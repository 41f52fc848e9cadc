import { SpaceStore } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import { Effect } from "effect"
import { writeSync } from "node:fs"

/** A program that says when it is in a transaction, stays there for a while, and says what has become of it. */

const { millis, postgres } = JSON.parse(process.argv[2]!) as {
  readonly millis: number
  readonly postgres: Postgres.Options
}

const say = (word: string): Effect.Effect<void> => Effect.sync(() => void writeSync(1, `${word}\n`))

const program = Effect.gen(function*() {
  const space = yield* Postgres.make(postgres)
  const exit = yield* Effect.exit(
    SpaceStore.transaction(space)(
      Effect.zipRight(Effect.zipRight(space.out(["held"]), say("in")), Effect.sleep(millis))
    )
  )
  yield* say(exit._tag)
})

Effect.runPromise(Effect.scoped(program)).catch((error) => {
  writeSync(2, String(error))
  process.exit(1)
})
