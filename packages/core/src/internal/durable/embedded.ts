/**
 * A store of tables that are in this process.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { SpaceError } from "../../SpaceError.js"
import type { Savepoint, SpaceStore, TablesOptions } from "../../SpaceStore.js"
import type { Outcome } from "../../StoreCommand.js"
import * as StoreCommand from "../../StoreCommand.js"
import { failing, onlyOptions } from "../arguments.js"
import { isSpaceError } from "../brand.js"
import { interpret } from "./interpreter.js"
import { lapsed } from "./lapse.js"
import { turns } from "./turns.js"

const optionNames: ReadonlyArray<keyof TablesOptions> = [
  "name",
  "lease",
  "tables",
  "lock",
  "begin",
  "commit",
  "rollback",
  "savepoint",
  "failed",
  "enter",
  "onMail",
  "nextTurn"
]

/**
 * `time` is that of leases and of times to live: the machine's, unless nobody beyond this process has part in the
 * space.
 */
export const fromTables = (
  options: TablesOptions,
  time: Effect.Effect<number> = Clock.currentTimeMillis
): Effect.Effect<SpaceStore, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const refusal: Effect.Effect<void, SpaceError> = failing(() => {
      onlyOptions(options, optionNames)
      return Effect.void
    })
    yield* refusal
    const { failed = (cause) => failure("Refused", cause), lease, lock, name, tables } = options
    const turn = turns(options.nextTurn)
    let client = ""
    /** Whether we have been told that this client is taken for dead. */
    let isDead = false
    /** When the last batch was. */
    let seen = Infinity
    /** Until when this client ends no others. */
    let mercy = -Infinity
    /** Who waits for this client's mail. */
    let notify = () => {}

    const attempt = <A>(body: () => A): Effect.Effect<A, SpaceError> =>
      Effect.try({ try: body, catch: (cause) => failure("Unavailable", cause) })
    /** What the tables do not do is undone. */
    const performed = <A>(body: () => A): Effect.Effect<A, SpaceError> =>
      Effect.try({ try: body, catch: (cause) => isSpaceError(cause) ? cause : failed(cause) })

    const locked = <A, E, R>(
      body: (
        restore: <A1, E1, R1>(effect: Effect.Effect<A1, E1, R1>) => Effect.Effect<A1, E1, R1>
      ) => Effect.Effect<A, E, R>
    ): Effect.Effect<A, E | SpaceError, R> =>
      Effect.uninterruptibleMask((restore) =>
        lock(Effect.zipRight(
          Effect.mapError(options.begin, (cause) => failure("Unavailable", cause)),
          Effect.flatMap(Effect.exit(body(restore)), (exit) => {
            const undo = Effect.ignore(attempt(options.rollback))
            return Exit.isSuccess(exit)
              ? Effect.zipRight(Effect.tapError(attempt(options.commit), () => undo), exit)
              : Effect.zipRight(undo, exit)
          })
        ))
      )

    const savepoint: Savepoint = (effect) =>
      Effect.flatMap(attempt(options.savepoint), (goBack) => Effect.tapErrorCause(effect, () => attempt(goBack)))

    const enter = (now: number): void => {
      client = options.enter(now + lease)
      isDead = false
    }

    /**
     * Which clients are taken for dead: those whose lease is over at this time. Who could not come for longer than its
     * own lease, because something else had the tables or the machine slept, does not know who else could: they get
     * the time for a sign of life.
     */
    const judged = (now: number): number => {
      if (now - seen > lease) {
        mercy = now + lease / 3
      }
      seen = now
      return now < mercy ? -Infinity : now
    }

    const perform = StoreCommand.run((commands): Effect.Effect<Outcome, SpaceError> =>
      Effect.flatMap(
        time,
        (now) =>
          Effect.tapError(
            performed(() => interpret({ tables, client, lease, now, dead: judged(now), commands })),
            (error) =>
              Effect.sync(() => {
                isDead ||= error === lapsed
              })
          )
      )
    )

    const again = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.tapError(effect, (error) =>
        isDead && (error as unknown) === lapsed
          // If it cannot enter now, the next batch learns the same, and tries again.
          ? Effect.ignore(locked(() => Effect.flatMap(time, (now) => attempt(() => enter(now)))))
          : Effect.void)

    yield* Effect.acquireRelease(
      locked(() => Effect.flatMap(time, (now) => attempt(() => enter(now)))),
      // Another client ends this one at once, as if it had lapsed.
      () =>
        Effect.ignore(locked(() =>
          Effect.flatMap(time, (now) =>
            attempt(() => {
              tables.touch(client, -Infinity)
              enter(now)
              interpret({ tables, client, lease, now, dead: -Infinity, commands: [] })
              tables.end(client)
            }))
        ))
    )
    yield* options.onMail(() => client, () => notify())

    return {
      name,
      lease,
      undoes: true,
      run: (commands) => Effect.zipRight(turn, again(locked(() => perform(commands)))),
      transaction: (body) => Effect.zipRight(turn, again(locked((restore) => restore(body(perform, savepoint))))),
      onMail: (callback) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            notify = callback
          }),
          () =>
            Effect.sync(() => {
              notify = () => {}
            })
        )
    }
  })

const failure = (reason: SpaceError["reason"], cause: unknown): SpaceError =>
  isSpaceError(cause) ? cause : new SpaceError({
    reason,
    message: `the store failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause
  })
