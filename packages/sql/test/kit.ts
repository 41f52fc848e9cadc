import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import type { Sqlite } from "@effect-linda/sql"
import { deepStrictEqual } from "@effect/vitest/utils"
import type { Duration } from "effect"
import { Cause, Clock, Effect } from "effect"
import { readFileSync } from "node:fs"

export type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

export const same = (actual: unknown, expected: unknown): void => deepStrictEqual(actual, expected)

/** A connection by which a test says a statement in other words, or sees each as it runs, and how many rows it gave. */
export const watched = (
  database: Sqlite.Database,
  { done = () => {}, gave = () => {}, ran = () => {}, said = (sql) => sql }: {
    readonly said?: (sql: string) => string
    readonly ran?: (sql: string) => void
    readonly done?: (sql: string) => void
    readonly gave?: (sql: string, rows: number) => void
  }
): Sqlite.Database => ({
  exec: (sql) => database.exec(sql),
  close: () => database.close(),
  prepare: (sql) => {
    const statement = database.prepare(said(sql))
    return {
      run: (...parameters) => {
        ran(sql)
        const result = statement.run(...parameters)
        done(sql)
        return result
      },
      all: (...parameters) => {
        ran(sql)
        const rows = statement.all(...parameters)
        gave(sql, rows.length)
        return rows
      }
    }
  }
})

/** What docs/durable.md grants to the role `app`, or to another that it names, for a role of the test's own. */
export const grants = (role: string, documented = "app"): string => {
  const guide = readFileSync(new URL("../../../docs/durable.md", import.meta.url), "utf8")
  const found = guide.match(new RegExp(`GRANT [^;]* TO ${documented};`, "g"))
  if (found === null) {
    throw new Error(`docs/durable.md grants nothing to ${documented}`)
  }
  return found.join("\n").replaceAll(` TO ${documented};`, ` TO ${role};`)
}

let names = 0

/** The name of a space that no other test of the file has. */
export const fresh = (): string => `test ${++names}`

/**
 * Fails instead of hanging, also if what hangs cannot be interrupted, and says what has not come. It waits as long as a
 * busy machine may need, except where a test is about what comes sooner than that.
 */
export const within = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  what: string,
  duration: Duration.DurationInput = "20 seconds"
): Effect.Effect<A, E, R> =>
  Effect.timeoutFailCause(Effect.disconnect(effect), {
    duration,
    onTimeout: () => Cause.die(new Error(`hangs: ${what}`))
  })

/** Somebody waits in a space, as all programs see. */
export const somebodyWaits = (space: Space, atLeast = 1): Effect.Effect<unknown, SpaceError.SpaceError> =>
  within(Effect.repeat(space.inspect, { until: ({ interests }) => interests.length >= atLeast }), "who waits")

/** Nothing of this process runs for so many milliseconds, and so nothing says that it lives. */
export const standstill = (millis: number): Effect.Effect<void> =>
  Effect.sync(() => {
    const until = performance.now() + millis
    while (performance.now() < until);
  })

/** The clock of this process is set, by so many milliseconds, until the scope closes. */
export const clockSet = (offset: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { now } = Date
      Date.now = () => now() + offset
      return now
    }),
    (now) =>
      Effect.sync(() => {
        Date.now = now
      })
  )

/** A clock that somebody sets. What lasts goes on evenly. */
export const settable = (offset: () => number): Clock.Clock => {
  const now = () => Date.now() + offset()
  return Object.assign(Object.create(Clock.make()), {
    unsafeCurrentTimeMillis: now,
    currentTimeMillis: Effect.sync(now)
  })
}
