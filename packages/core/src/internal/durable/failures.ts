/**
 * The failures of processes, as tuples of the store.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Put, Run } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { FailurePolicy } from "../arguments.js"
import type { Pattern } from "../pattern/pattern.js"
import { compile, failure as failurePattern } from "../pattern/pattern.js"
import type { Kept } from "../process.js"
import type { Ground } from "./ground.js"

/** Stores a failure tuple, for so long and among so many as the policy says. */
export const keepingFailures = (ground: Ground): (failure: Tuple, policy: FailurePolicy) => Kept => {
  const { reader, session } = ground
  const [anyFailure] = reader.query(allFailures)

  /** As one step, so that nobody ever sees more of them. */
  const putAmong = (put: () => Put, limit: number) => (run: Run): Effect.Effect<ReadonlyArray<number>, SpaceError> =>
    Effect.flatMap(
      run([put(), { op: "count", query: anyFailure }]),
      ({ replies: [ids, count] }) =>
        count <= limit ? Effect.succeed(ids) : Effect.as(
          run([{
            op: "take",
            holds: [session.nextId()],
            queries: [anyFailure],
            limit: count - limit,
            final: true,
            wait: null
          }]),
          ids
        )
    )

  return (failure, { keeps, limit, ttl }) => {
    const isSeen = keeps &&
      Array.from(session.waiters.values()).some((waiter) => waiter.state !== "ended" && awaits(waiter, failure))
    let id: number | undefined
    let isWithdrawn = false
    const take = (): void => {
      if (id !== undefined) {
        const ids = [id]
        id = undefined
        session.post({ op: "claim", hold: session.nextId(), ids, waiter: null, final: true })
      }
    }
    if (keeps) {
      const row = ground.prepared(failure, undefined, ttl)
      const put = (): Put => ({ op: "put", rows: isWithdrawn ? [] : [row()] })
      const stored = (exit: Exit.Exit<ReadonlyArray<number>, unknown>): void => {
        if (Exit.isSuccess(exit)) {
          id = exit.value[0]
          if (isWithdrawn) {
            take()
          }
        }
      }
      if (limit === Infinity) {
        session.post(put, stored)
      } else {
        session.postExclusive(putAmong(put, limit), stored)
      }
    }
    return {
      isSeen,
      withdraw: () => {
        isWithdrawn = true
        take()
      }
    }
  }
}

const allFailures = compile(failurePattern())

/** Whether somebody waits for a tuple, or watches. Code of theirs that throws says nothing. */
const awaits = ({ patterns }: { readonly patterns: ReadonlyArray<unknown> }, tuple: Tuple): boolean =>
  patterns.some((pattern) => {
    try {
      return (pattern as Pattern).failure && (pattern as Pattern).matches(tuple)
    } catch {
      return false
    }
  })
