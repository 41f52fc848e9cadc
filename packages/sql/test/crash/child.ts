import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { Effect } from "effect"
import { writeSync } from "node:fs"

/** A program that puts and takes in every way, says what it has done, and can be killed at any time. */

export interface Config {
  readonly sqlite?: Sqlite.Options
  readonly postgres?: Postgres.Options
  /** The first of the numbers it puts. */
  readonly first: number
}

const { first, postgres, sqlite } = JSON.parse(process.argv[2]!) as Config

/** Is written when this returns, whatever happens next. */
const say = (...words: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.sync(() => void writeSync(1, `${words.join(" ")}\n`))

let last = first
type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

/** Puts a number for each way of taking. */
const put = (space: Space) =>
  Effect.suspend(() => {
    const n = last++
    return Effect.forEach(["moved", "used", "taken"], (kind) =>
      Effect.zipRight(
        Effect.zipRight(say("try", kind, n), space.out([kind, n])),
        say("put", kind, n)
      ))
  })

/** Exactly once: in the same transaction. */
const move = (space: Space) =>
  SpaceStore.transaction(space)(Effect.gen(function*() {
    const [, n] = yield* space.in(["moved", P.number], { timeout: 0 })
    yield* Effect.yieldNow()
    yield* space.out(["moved", n, "done"])
  }))

/** At least once: the result is there before the tuple is gone. */
const use = (space: Space) =>
  space.inWith(
    ["used", P.number],
    ([, n]) => Effect.zipRight(Effect.sleep(Math.random() * 10), space.out(["used", n, "done"])),
    { timeout: "100 millis" }
  )

/** At most once. */
const take = (space: Space) =>
  Effect.flatMap(space.in(["taken", P.number], { timeout: "100 millis" }), ([, n]) => say("took", n))

const program = Effect.gen(function*() {
  const space: Space = yield* sqlite !== undefined ? Sqlite.make(sqlite) : Postgres.make(postgres)
  yield* say("up")
  yield* Effect.all(
    [put, put, move, use, use, take, take].map((way) =>
      Effect.forever(Effect.zipRight(
        Effect.catchTag(way(space) as Effect.Effect<unknown, SpaceError.SpaceError>, "TimeoutException" as never, () =>
          Effect.void),
        Effect.sleep(Math.random() * 5)
      ))
    ),
    { concurrency: "unbounded" }
  )
})

Effect.runPromise(Effect.scoped(program)).catch((error) => {
  writeSync(2, String(error))
  process.exit(1)
})
