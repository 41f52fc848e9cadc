/**
 * A store of tables that are in this process.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import type * as Scope from "effect/Scope"
import { SpaceError } from "../../SpaceError.js"
import type { Restore, Savepoint, SpaceStore, TablesOptions } from "../../SpaceStore.js"
import type { Outcome } from "../../StoreCommand.js"
import * as StoreCommand from "../../StoreCommand.js"
import { failing, onlyOptions } from "../arguments.js"
import { isSpaceError } from "../brand.js"
import { currentTime } from "../timekeeper.js"
import { interpret } from "./interpreter.js"
import { Judge } from "./judge.js"
import { lapsed } from "./lapse.js"
import { turns } from "./turns.js"
import { undoing } from "./undoing.js"

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
    const judge = new Judge(lease)
    /** Who waits for this client's mail. */
    let notify = () => {}

    const attempt = <A>(body: () => A): Effect.Effect<A, SpaceError> =>
      Effect.try({ try: body, catch: (cause) => failure("Unavailable", cause) })
    /** What the tables do not do is undone. */
    const performed = <A>(body: () => A): Effect.Effect<A, SpaceError> =>
      Effect.try({ try: body, catch: (cause) => isSpaceError(cause) ? cause : failed(cause) })

    /** A transaction, when its turn has come. Until then who waits may leave, by `restore`. */
    const locked = <A, E, R>(body: Effect.Effect<A, E, R>, restore: Restore): Effect.Effect<A, E | SpaceError, R> => {
      const undo = Effect.ignore(attempt(options.rollback))
      const begin = Effect.mapError(options.begin, (cause) => failure("Unavailable", cause))
      const whole = Effect.zipRight(
        Effect.onInterrupt(restore(begin), () => undo),
        Effect.flatMap(Effect.exit(body), (exit) =>
          Exit.isSuccess(exit)
            ? Effect.zipRight(Effect.tapError(attempt(options.commit), () => undo), exit)
            : Effect.zipRight(undo, exit))
      )
      return Effect.uninterruptible(lock(whole, restore))
    }

    /** One that nobody leaves. */
    const patient = <A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E | SpaceError, R> =>
      locked(body, identity)

    const savepoint: Savepoint = (effect) =>
      Effect.flatMap(attempt(options.savepoint), (goBack) => undoing(effect, () => attempt(goBack)))

    const enter = (now: number): void => {
      client = options.enter(now + lease, lease)
      isDead = false
    }

    const perform = StoreCommand.run((commands): Effect.Effect<Outcome, SpaceError> =>
      Effect.zipWith(time, currentTime, (now, even) => ({ now, even })).pipe(
        Effect.flatMap((instant) =>
          performed(() => {
            const dead = () => judge.dead(tables, client, instant)
            return interpret({ tables, client, lease, now: instant.now, dead, commands })
          })
        ),
        Effect.tapError((error) =>
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
          ? Effect.ignore(patient(Effect.flatMap(time, (now) => attempt(() => enter(now)))))
          : Effect.void)

    yield* Effect.acquireRelease(
      patient(Effect.flatMap(time, (now) => attempt(() => enter(now)))),
      // Another client ends this one at once, as if it had lapsed.
      () =>
        Effect.ignore(patient(Effect.flatMap(time, (now) =>
          attempt(() => {
            const left = client
            enter(now)
            interpret({ tables, client, lease, now, dead: () => [left], commands: [] })
            tables.end(client)
          }))))
    )
    yield* options.onMail(() => client, () => notify())

    return {
      name,
      lease,
      undoes: true,
      prioritizes: tables.arrive !== undefined,
      schedules: tables.scheduled !== undefined,
      run: (commands) => Effect.zipRight(turn, again(patient(perform(commands)))),
      transaction: (body, waiting) =>
        Effect.zipRight(
          turn,
          again(Effect.uninterruptibleMask((restore) => locked(restore(body(perform, savepoint)), waiting ?? restore)))
        ),
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
