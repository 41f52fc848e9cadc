/**
 * A store as a program of a fleet has it: somewhere else. What the program has asked for is done whatever becomes of
 * the program, which hears of it only if it still runs; and between the two something may happen.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Savepoint, SpaceStore } from "@effect-linda/core/SpaceStore"
import * as StoreCommand from "@effect-linda/core/StoreCommand"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { currentProgram } from "../scheduler.js"
import type { Member } from "./member.js"
import type { Mishap } from "./mishaps.js"

/** Injects faults into the programs of a fleet. */
export interface Injector {
  /** What happens at the next step of the program, if anything does. */
  readonly draw: (member: Member) => Mishap | undefined
  /** Lets it happen to the program; `words` say when, for the report. */
  readonly happen: (member: Member, mishap: Mishap, words: string) => Effect.Effect<void>
  /** Does something beside all else. */
  readonly later: (effect: Effect.Effect<void>) => Effect.Effect<void>
}

/** How long it takes to reach the store again, in parts of a lease; and how long to give up. */
const reconnecting = 0.1
const givingUp = 1.5

const lost = new SpaceError({
  reason: "Unavailable",
  message: "the simulated store cannot be reached: nobody knows whether this has happened"
})

/**
 * Does it outside of the program, which cannot be stopped or killed in it: it goes on with the answer if it is running
 * then.
 */
export const served = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.ensuring(Effect.locally(effect, currentProgram, undefined), Effect.yieldNow())

/** A step that has a number: sent again it does not happen again, and is answered with what it came to. */
const numbered = <A, E>(step: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  let outcome: Exit.Exit<A, E> | undefined
  return Effect.suspend(() =>
    outcome ?? Effect.onExit(step, (exit) =>
      Effect.sync(() => {
        outcome = exit
      }))
  )
}

/** The client of a program, over a client of the store in memory. */
export const clientOf = (store: SpaceStore, member: Member, injector: Injector): SpaceStore => {
  /** Waits while the store cannot be reached. One that is closing waits for its store; all others give up. */
  const reach: Effect.Effect<void, SpaceError> = Effect.flatMap(
    Clock.currentTimeMillis,
    (now) =>
      now >= member.lostUntil ? Effect.void : Effect.flatMap(
        Effect.sleep(Duration.millis(member.lostUntil - now)),
        () => member.isClosing ? Effect.void : Effect.fail(lost)
      )
  )
  const lose: Effect.Effect<void, SpaceError> = Effect.zipRight(
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.sync(() => {
        member.lostUntil = now + store.lease * givingUp
      })),
    reach
  )

  /** A step of the store's to which something happens. */
  const disturbed = <A>(
    step: Effect.Effect<A, SpaceError>,
    name: string,
    mishap: Mishap
  ): Effect.Effect<A, SpaceError> => {
    const { fault, moment: { isBefore, pause, words } } = mishap
    const happen = injector.happen(member, mishap, words(name))
    if (fault === "resend" || fault === "lose") {
      const sent = numbered(step)
      return served((isBefore ? Effect.void : Effect.exit(sent)).pipe(
        Effect.zipRight(happen),
        Effect.zipRight(fault === "lose" ? lose : Effect.sleep(Duration.millis(store.lease * reconnecting))),
        Effect.zipRight(sent)
      ))
    }
    return isBefore
      ? Effect.zipRight(served(happen), served(step))
      : served(Effect.ensuring(
        step,
        pause === undefined ? happen : injector.later(Effect.zipRight(pause(store.lease), happen))
      ))
  }

  const asked = <A>(step: Effect.Effect<A, SpaceError>, name: string): Effect.Effect<A, SpaceError> =>
    Effect.suspend(() => {
      const mishap = injector.draw(member)
      const reached = Effect.zipRight(reach, step)
      return Effect.uninterruptible(mishap === undefined ? served(reached) : disturbed(reached, name, mishap))
    })

  const run: StoreCommand.Run = StoreCommand.run((commands) => asked(store.run(commands), nameOf(commands)))

  /**
   * The transaction is open in a fiber of the store's, and its body runs in that of the program. So the store can undo
   * it when the program is no more.
   */
  const transaction: SpaceStore["transaction"] = (body, waiting) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        type Parts = { readonly run: StoreCommand.Run; readonly savepoint: Savepoint }
        type Result = Effect.Effect.Success<ReturnType<typeof body>>
        type Failure = Effect.Effect.Error<ReturnType<typeof body>> | SpaceError
        const begun = yield* Deferred.make<Parts, SpaceError>()
        const done = yield* Deferred.make<Result, Failure>()
        const over = yield* Deferred.make<Result, Failure>()
        let isOpen = true
        const undo = (error: SpaceError): void => {
          isOpen = false
          Deferred.unsafeDone(done, Effect.fail(error))
        }
        /** A step of the transaction, which comes to nothing if the store cannot be reached. */
        const part = <A>(step: Effect.Effect<A, SpaceError>, name: string) =>
          Effect.tapError(asked(step, name), (error) => Effect.sync(() => error === lost && undo(error)))
        // What is undone while a step of it is under way is undone after that.
        const turn = yield* Effect.makeSemaphore(1)
        const whole = store.transaction((run, savepoint) =>
          Effect.zipRight(
            Deferred.succeed(begun, { run, savepoint }),
            Effect.flatMap(Effect.exit(Deferred.await(done)), turn.withPermits(1))
          )
        )
        member.transactions.add(undo)
        const fiber = yield* Effect.locally(
          // eslint-disable-next-line no-restricted-syntax -- the program may not live to see its end
          Effect.forkDaemon(Effect.onExit(Effect.interruptible(whole), (exit) => {
            isOpen = false
            member.transactions.delete(undo)
            const failed = Exit.isSuccess(exit) ? Effect.void : Deferred.failCause(begun, exit.cause as never)
            return Effect.zipRight(failed, Deferred.done(over, exit))
          })),
          currentProgram,
          undefined
        )
        const leave = Effect.zipRight(Effect.sync(() => fiber.unsafeInterruptAsFork(fiber.id())), Deferred.await(over))
        const parts = yield* Effect.onInterrupt((waiting ?? restore)(Deferred.await(begun)), () => Effect.exit(leave))
        const within = (commands: ReadonlyArray<StoreCommand.Command>) =>
          part(
            turn.withPermits(1)(Effect.suspend(() => isOpen ? parts.run(commands) : Effect.fail(lost))),
            `${nameOf(commands)} in a transaction`
          )
        // Of a transaction that is undone no part is undone any more: others have changed the space since.
        const savepoint: Savepoint = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.flatten(parts.savepoint(Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(
              Effect.exit(restore(effect)),
              (exit): Effect.Effect<Exit.Exit<A, E>, E> =>
                isOpen && Exit.isFailure(exit) ? Effect.failCause(exit.cause) : Effect.succeed(exit)
            )
          )))
        const exit = yield* Effect.exit(restore(body(StoreCommand.run(within), savepoint)))
        const end = Effect.zipRight(Deferred.done(done, exit), Deferred.await(over))
        return yield* Exit.isSuccess(exit) ? part(end as Effect.Effect<Result, SpaceError>, "a commit") : served(end)
      })
    )

  // what a batch has come to that has failed, nobody knows
  return { ...store, undoes: false, run, transaction }
}

const nameOf = (commands: ReadonlyArray<StoreCommand.Command>): string =>
  commands.length === 0 ? "a sign of life" : `its ${[...new Set(commands.map(({ op }) => op))].join(" and ")}`
