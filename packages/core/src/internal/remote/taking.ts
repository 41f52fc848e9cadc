/**
 * What a client takes: the other end holds it, until the client says what has become of it.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import { holdingDefaults, refusing } from "../arguments.js"
import * as Hold from "../hold.js"
import type { Values } from "../values.js"
import type { Verbs } from "../verbs.js"
import type { Connection, Taken } from "./connection.js"
import * as Protocol from "./protocol.js"
import { sent, sentQuery, tried } from "./sent.js"

const cutOff = new SpaceError({
  reason: "Unavailable",
  message: "the link to the space ended during the use, and the hold with it: somebody else may have the tuple"
})

export const takingOf = (
  connection: Connection,
  values: Values
): Pick<Verbs<SpaceError>, "take" | "takeNow"> => {
  /** Ends a hold, and waits until it has ended so. */
  const end = (
    { id }: Taken,
    how: Hold.Ending["how"],
    failed: boolean,
    after: number,
    letter: unknown,
    those: ReadonlyArray<number> | undefined
  ): Effect.Effect<void, SpaceError> =>
    Effect.flatMap(
      // That the link refuses a letter is a defect, as all that is wrong with one: the tuples are still held then.
      Effect.exit(connection.request("end", [id, how, failed, after, letter, those], { refused: Exit.die })),
      (exit) => {
        const { over } = connection
        if (over === undefined || Exit.isSuccess(exit)) {
          return Effect.asVoid(exit)
        }
        // Nobody else has what was held of a closed space (S12).
        return Exit.isInterrupted(over) ? Effect.void : Effect.fail(cutOff)
      }
    )

  const heldBy = (
    taken: Taken,
    tuples: ReadonlyArray<Tuple>,
    read: ReadonlyArray<Tuple>
  ): Hold.Held<SpaceError> => ({
    tuples,
    read,
    index: taken.index,
    attempts: taken.attempts,
    priorities: taken.priorities,
    token: taken.token,
    isOver: () => false,
    keep: () => connection.send([Protocol.Kept, taken.id]),
    giveBack: () => connection.send([Protocol.Unwanted, taken.id]),
    end: (ending, those) =>
      Effect.suspend(() => {
        const letter = ending.how === "dead" && ending.letter !== undefined
          ? values.encodeTuple(ending.letter)
          : undefined
        const after = ending.how === "later" ? ending.after : 0
        return end(taken, ending.how, "failed" in ending && ending.failed, after, letter, those)
      })
  })

  /** What is held, decoded; or as it is, with why which of it cannot be. */
  const decoded = (taken: Taken) => {
    const undecodable = new Set<number>()
    let refusal = taken.unread
    const tuples = taken.wires.map((wire, index) => {
      const read = taken.unread === undefined ? tried(values, wire) : Either.left(taken.unread)
      if (Either.isRight(read)) {
        return read.right
      }
      undecodable.add(index)
      refusal ??= read.left
      return values.decodeRaw(wire as ReadonlyArray<unknown>)
    })
    const read = taken.read.flatMap((wire) => {
      const tuple = tried(values, wire)
      refusal ??= Either.isLeft(tuple) ? tuple.left : undefined
      return Either.isLeft(tuple) ? [] : [tuple.right]
    })
    return { read, refusal, tuples, undecodable }
  }

  /** What cannot be decoded is as what a use has failed on, and the rest of what was taken is back. */
  const using = <A, E, R>(
    taken: Taken,
    options: Hold.Policy,
    use: (held: Hold.Held<SpaceError>) => Effect.Effect<A, E, R>,
    isTrial = false
  ): Effect.Effect<A, E | SpaceError, R> =>
    Effect.suspend(() => {
      const { read, refusal, tuples, undecodable } = decoded(taken)
      const held = heldBy(taken, tuples, read)
      if (refusal === undefined) {
        return use(held)
      }
      const cause = Cause.fail(refusal)
      const rest = new Hold.Rest(held, options, refusing, (index) => !isTrial && undecodable.has(index))
      return Effect.zipRight(
        Effect.catchAllCause(
          rest.release(Exit.failCause(cause)),
          (other) => Effect.failCause(Cause.sequential(cause, other))
        ),
        Effect.failCause(cause)
      )
    })

  return {
    take: (taking, use) => {
      const { isFinal, name, options = holdingDefaults, query, timeout } = taking
      const { answer, asked, asks, wires } = sentQuery(values, query)
      return Hold.uninterruptibly(taking, (restore) =>
        Effect.flatMap(
          connection.holding(restore, "take", [name, asked, wires, asks, timeout, isFinal], answer),
          (taken) => using(taken, options, (held) => use(held, restore))
        ))
    },
    takeNow: (taking, use) => {
      const { isFinal, isTrial = false, limit, name, pattern } = taking
      const { answer, asks, wires } = sent(values, [pattern])
      return Hold.uninterruptibly(taking, (restore) =>
        Effect.flatMap(
          connection.holding(restore, "takeNow", [name, wires[0]!, asks, limit, isFinal, isTrial], answer),
          (taken) => using(taken, holdingDefaults, (held) => use(held, restore), isTrial)
        ))
    }
  }
}
