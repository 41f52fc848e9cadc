/**
 * Transactions of STM on a space that is made of a store: what is stored is read inside a transaction of the store, the
 * STM decides in memory, and what it has decided is written as one batch.
 *
 * An STM is synchronous, and a store answers later. So the STM runs on *facts*, what the store has said so far, and on
 * what the run itself has taken and put, which is in a `TRef` and so rolls back wherever STM does. A run that asks for
 * what is not known yet comes to nothing: the fact is fetched, and the STM runs again. No run is in the middle of
 * anything when the store is asked, and nothing of STM is committed but by the last of them.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as STM from "effect/STM"
import { SpaceError } from "../../SpaceError.js"
import type { Restore } from "../../SpaceStore.js"
import type { Transaction } from "../../Transaction.js"
import { isSpaceError } from "../brand.js"
import { withFiber } from "../runtime.js"
import * as Running from "../stm/run.js"
import type { Late, Limit } from "../timeout.js"
import { transactionOf } from "./access.js"
import type { Far, Rounds } from "./ahead.js"
import { attempting, everything } from "./ahead.js"
import type { Decision } from "./deciding.js"
import { commandsOf, decide, released } from "./deciding.js"
import type { Finding } from "./exchanging.js"
import { Facts } from "./facts.js"
import { attempted } from "./finding.js"
import type { Ground } from "./ground.js"
import { Retry } from "./retrying.js"
import { TakenUnread } from "./run.js"
import { transaction } from "./transaction.js"

/**
 * Runs an STM; with a limit it waits no longer than that, unless it is a part of a transaction of the user's. What its
 * first operation finds is looked for in another way, if that is given.
 */
type Transact = <A, E, R, L extends Limit | undefined = undefined>(
  stm: STM.STM<A, E, R>,
  limit?: L,
  finding?: Finding | undefined
) => Effect.Effect<A, E | SpaceError | (L extends Limit ? Late : never), Exclude<R, Transaction>>

export const transactOf = (ground: Ground): Transact => {
  const { session } = ground
  const transact = <A, E, R>(stm: STM.STM<A, E, R>, limit: Limit | undefined, finding: Finding | undefined) => {
    /** Of the look that is under way, if the store is not a transaction's of the user's. */
    let rounds: Rounds | undefined
    /** Decided by STM, and so for good. The store may have to begin anew, and the STM may not. */
    let decided: Decision<A> | undefined
    let last: Facts | undefined
    const body = (restore: Restore): Effect.Effect<A, E | Far | SpaceError | Late, R> =>
      withFiber((fiber) => {
        const { afterwards, parked, run } = transactionOf(fiber, session)!
        let facts = last = new Facts(decided === undefined ? last : undefined)
        const write = ({ done, value }: Decision<A>): Effect.Effect<A, SpaceError> => {
          const commands = commandsOf(session, done, facts)
          return commands.length === 0 ? Effect.succeed(value) : Effect.flatMap(
            run(commands),
            ({ replies }) => replies.includes(null) ? Effect.fail(tooLate) : Effect.succeed(value)
          )
        }
        const release = Effect.suspend(() => {
          const commands = released(facts.held)
          return commands.length === 0 ? Effect.void : Effect.asVoid(run(commands))
        })
        const again = Effect.suspend(() => {
          facts = last = new Facts(facts)
          return go
        })
        const look: Effect.Effect<void, Far | SpaceError> = Effect.suspend(() =>
          finding === undefined || facts.found !== undefined ? Effect.void : Effect.map(
            Effect.flatMap(rounds?.start(run) ?? Effect.succeed(everything), (from) => finding.look(run, from)),
            (found) => {
              facts.found = { query: finding.query, found }
            }
          )
        )
        const go: Effect.Effect<A, E | Far | SpaceError | Late, R> = Effect.flatMap(
          Effect.suspend(() => restore(Effect.zipRight(facts.fetch(run), look))),
          () =>
            facts.isStale ? Effect.zipRight(release, again) : Effect.flatMap(
              decide(ground, stm, facts, parked, fiber),
              (came): Effect.Effect<A, E | Far | SpaceError | Late, R> => {
                if (came === "lacks") {
                  return go
                }
                if ("value" in came) {
                  return write(decided = came)
                }
                return came.patterns.length === 0 && came.absent === undefined && came.parking === undefined
                  ? Running.vainRetry
                  : limit?.timeout === 0
                  ? Effect.fail(limit.late())
                  : Effect.die(new Retry(came))
              }
            )
        )
        const done = decided === undefined ? go : write(decided)
        return Effect.catchAllDefect(done, (defect) =>
          defect instanceof TakenUnread
            ? Effect.zipRight(
              defect.seen.isOwn ? Effect.void : afterwards(attempted(session, [defect.seen.id])),
              Effect.fail(defect.error)
            )
            : Effect.die(defect))
      })
    const farther = <B, E2, R2>(attempt: Effect.Effect<B, E2, R2>): Effect.Effect<B, E2 | SpaceError, R2> =>
      finding === undefined ? attempt : attempting(session, finding.sought, (own) => {
        rounds = own
        return attempt
      })
    return Effect.catchAllDefect(
      transaction(session, body, limit, farther),
      // What is a defect of the STM, which has no errors of the library's, is a failure of the operation.
      (defect) => isSpaceError(defect) ? Effect.fail(defect) : Effect.die(defect)
    ) as Effect.Effect<A, E | SpaceError, Exclude<R, Transaction>>
  }

  return (stm, limit, finding) => Effect.suspend(() => transact(stm, limit, finding))
}

const tooLate = new SpaceError({
  reason: "Unavailable",
  message:
    "the store has had to begin a transaction anew after its STM had been committed, and tuples are gone that it took"
})
