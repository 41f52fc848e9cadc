/**
 * Several operations as one transaction of the store.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Restore } from "../../SpaceStore.js"
import { locally, withFiber } from "../runtime.js"
import type { Late, Limit } from "../timeout.js"
import { Lasting, Progress, transactionOf, transactions, within } from "./access.js"
import type { Tried } from "./retrying.js"
import { retrying, trying } from "./retrying.js"
import type { Session } from "./session.js"

/**
 * Does what `make` says as one transaction of the store, or as a part of that which the fiber is in. What must not be
 * interrupted once it is done is left uninterruptible: `restore` is for the rest.
 */
export const transaction = <A, E, R>(
  session: Session,
  make: (restore: Restore) => Effect.Effect<A, E, R>,
  /** How long it waits, if that is not for ever. */
  limit?: Limit,
  /** Goes about one attempt, which is a transaction of the store or comes to nothing. */
  farther: Attempting = (attempt) => attempt
): Effect.Effect<A, E | SpaceError | Late, R> =>
  withFiber((fiber) => {
    if (session.closed) {
      return Effect.interrupt
    }
    const inside = transactionOf(fiber, session)
    return inside === undefined ? whole(session, make, limit, farther) : inside.nested(Effect.uninterruptibleMask(make))
  })

type Attempting = <A, E, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SpaceError, R>

const whole = <A, E, R>(
  session: Session,
  make: (restore: Restore) => Effect.Effect<A, E, R>,
  limit: Limit | undefined,
  farther: Attempting
): Effect.Effect<A, E | SpaceError | Late, R> => {
  const lasting = new Lasting()
  // What has been committed is heard, whatever becomes of who has done it.
  const attempt: Effect.Effect<Tried<A>, E | SpaceError, R> = Effect.uninterruptibleMask((restore) =>
    session.counted(Effect.suspend(() => {
      let progress = new Progress()
      return Effect.flatMap(
        session.transaction(
          (run, savepoint) => {
            // The store may have to begin anew.
            progress.end("undone")
            lasting.unpark()
            lasting.afterwards = []
            const ofThisRun = progress = new Progress()
            const own = within(session, run, savepoint, ofThisRun, lasting)
            const begin = Effect.forEach(
              lasting.ended,
              ({ back, end, isUndone }) => isUndone ? Effect.sync(() => own.giveBack(back)) : end(own),
              { discard: true }
            )
            const giveBack: Effect.Effect<void, SpaceError> = Effect.suspend(() => {
              const make = ofThisRun.back.shift()
              return make === undefined
                ? Effect.sync(() => void (ofThisRun.state = "ending"))
                : Effect.zipRight(own.run([session.made(make)]), giveBack)
            })
            return Effect.zipRight(
              begin,
              Effect.tap(locally(make(restore), transactions, own), () => giveBack)
            )
          },
          (exit) => {
            progress.end(Exit.isSuccess(exit) ? "committed" : "undone")
            if (Exit.isSuccess(exit)) {
              // What has come since the end of the run.
              progress.back.splice(0).forEach((make) => session.giveBack(make))
            }
          },
          restore
        ),
        ({ exit, fate }) =>
          fate === "lapsed" && !Exit.isInterrupted(exit)
            ? restore(attempt)
            : trying(Effect.zipRight(Effect.forEach(lasting.afterwards, Effect.exit, { discard: true }), exit))
      )
    }))
  )
  return Effect.onExit(retrying(session, farther(attempt), limit), (exit) =>
    Effect.sync(() => {
      lasting.unpark()
      if (Exit.isFailure(exit)) {
        lasting.ended.forEach(({ back }) => session.giveBack(back))
      }
    }))
}
