/**
 * What an error of SQLite means. Of most interest are locks of other processes: SQLite itself waits for one by blocking
 * the whole program; here the program goes on, and asks again.
 *
 * @internal
 */
import { messageOf } from "@effect-linda/core/Options"
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { liveClock } from "../runtime.js"

/**
 * Whether an error is of one of these kinds. Drivers tell that by numbers, whose lower byte is the kind, or by names:
 * `rawCode` of libsql, `errcode` of Node, `errno` of Bun, `code` of all others.
 */
const isOneOf = (kinds: Readonly<Record<string, number>>) => (error: unknown): boolean => {
  const { code, errcode, errno, rawCode } = Object(error) as Readonly<Record<string, unknown>>
  return Object.entries(kinds).some(([name, kind]) =>
    (typeof code === "string" && code.startsWith(name)) ||
    [rawCode, errcode, errno, code].some((number) => typeof number === "number" && (number & 255) === kind)
  )
}

/** Others are at work, and what was refused has not begun. */
export const isBusy = isOneOf({ SQLITE_BUSY: 5, SQLITE_LOCKED: 6, SQLITE_PROTOCOL: 15 })

/** It is the statement or its values that are wrong: too large, most likely. All else is of the file or the driver. */
const isOfStatement = isOneOf({
  SQLITE_ERROR: 1,
  SQLITE_TOOBIG: 18,
  SQLITE_CONSTRAINT: 19,
  SQLITE_MISMATCH: 20,
  SQLITE_RANGE: 25
})

/** What it means that a statement has failed. */
export const failed = (cause: unknown): SpaceError =>
  isOfStatement(cause) || cause instanceof RangeError
    ? new SpaceError({ reason: "Refused", message: `SQLite: ${messageOf(cause)}`, cause })
    : unavailable(cause)

export const unavailable = (cause: unknown): SpaceError =>
  cause instanceof SpaceError ? cause : new SpaceError({
    reason: "Unavailable",
    message: `SQLite: ${messageOf(cause)}`,
    cause
  })

/** The failure of who has waited in vain. */
export const waited = (who: string, path: string, millis: number, remedy: string, cause?: unknown): SpaceError =>
  new SpaceError({
    reason: "Unavailable",
    message: `SQLite: ${who} has held the write lock of ${path} for ${Duration.format(Duration.millis(millis))}: ` +
      `${remedy}, or give a longer "retry"`,
    cause
  })

/** From 1 ms to 20 ms. Of several who wait the same not all come at once. */
const pauses = Schedule.exponential("1 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("20 millis")),
  Schedule.jittered
)

/** Somebody else has the lock. */
class Busy {
  constructor(readonly cause: unknown) {}
}

/** Who waits, for which file, how long, and since when if not from now on; in milliseconds. */
export interface Waiting {
  readonly path: string
  readonly retry: number
  readonly since?: number
}

/**
 * Does what another process may be in the way of, and does it again after a pause as long as that is so and there is
 * time left: by the real time, whatever clock the program goes by, and whoever sets that of the machine.
 */
export const patiently = <A>(body: () => A, { path, retry, since }: Waiting): Effect.Effect<A, SpaceError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(body())
    } catch (error) {
      if (!isBusy(error)) {
        return Effect.fail(unavailable(error))
      }
    }
    const end = (since ?? performance.now()) + retry
    const again = Effect.try({ try: body, catch: (error) => isBusy(error) ? new Busy(error) : unavailable(error) })
    return Effect.retry(again, {
      while: (error) => error instanceof Busy && performance.now() < end,
      schedule: pauses
    }).pipe(
      Effect.withClock(liveClock),
      Effect.mapError((error) =>
        error instanceof Busy
          ? waited("another process", path, retry, "let it end its transaction", error.cause)
          : error
      )
    )
  })
