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
import type { Holding } from "../arguments.js"
import { refusing } from "../arguments.js"
import * as Hold from "../hold.js"
import type { Values } from "../values.js"
import type { Verbs } from "../verbs.js"
import type { Connection, Taken } from "./connection.js"
import * as Protocol from "./protocol.js"
import { sent, tried } from "./sent.js"

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
    letter: unknown,
    those: ReadonlyArray<number> | undefined
  ): Effect.Effect<void, SpaceError> =>
    Effect.flatMap(
      // That the link refuses a letter is a defect, as all that is wrong with one: the tuples are still held then.
      Effect.exit(connection.request("end", [id, how, failed, letter, those], { refused: Exit.die })),
      (exit) => {
        const { over } = connection
        if (over === undefined || Exit.isSuccess(exit)) {
          return Effect.asVoid(exit)
        }
        // Nobody else has what was held of a closed space (S12).
        return Exit.isInterrupted(over) ? Effect.void : Effect.fail(cutOff)
      }
    )

  const heldBy = (taken: Taken, tuples: ReadonlyArray<Tuple>, index = 0): Hold.Held<SpaceError> => ({
    tuples,
    index,
    attempts: taken.attempts,
    token: taken.token,
    isOver: () => false,
    keep: () => connection.send([Protocol.Kept, taken.id]),
    giveBack: () => connection.send([Protocol.Unwanted, taken.id]),
    end: (ending, those) =>
      Effect.suspend(() => {
        const letter = ending.how === "dead" && ending.letter !== undefined
          ? values.encodeTuple(ending.letter)
          : undefined
        return end(taken, ending.how, "failed" in ending && ending.failed, letter, those)
      })
  })

  /** Decodes what is held. If that fails, all is back, and it is an attempt of those that cannot be decoded. */
  const decoded = (taken: Taken, wires: ReadonlyArray<any>): Effect.Effect<Array<Tuple>, SpaceError> =>
    Effect.suspend(() => {
      const all: Array<Tuple> = []
      const undecodable: Array<number> = []
      let refusal = taken.unread
      for (const [index, wire] of wires.entries()) {
        const read = tried(values, wire)
        if (Either.isRight(read)) {
          all.push(read.right)
        } else {
          undecodable.push(index)
          refusal ??= read.left
        }
      }
      return refusal === undefined
        ? Effect.succeed(all)
        : Effect.zipRight(
          Effect.ignore(end(taken, "place", true, undefined, taken.unread === undefined ? undecodable : undefined)),
          Effect.fail(refusal)
        )
    })

  /** What cannot be decoded is as what a use has failed on. */
  const usingOne = <A, E, R>(
    taken: Taken,
    wire: unknown,
    options: Holding,
    use: (tuple: Tuple) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | SpaceError, R> => {
    const read = taken.unread === undefined ? tried(values, wire) : Either.left(taken.unread)
    if (Either.isRight(read)) {
      return use(read.right)
    }
    const cause = Cause.fail(read.left)
    const release = Hold.release(heldBy(taken, [values.decodeRaw(wire as ReadonlyArray<unknown>)]), options, refusing)
    return Effect.zipRight(
      Effect.catchAllCause(
        release(Exit.failCause(cause)),
        (other) => Effect.failCause(Cause.sequential(cause, other))
      ),
      Effect.failCause(cause)
    )
  }

  return {
    take: (taking, use) => {
      const { isFinal, name, options, patterns, timeout } = taking
      const { answer, asks, wires } = sent(values, patterns)
      return Hold.uninterruptibly(taking, (restore) =>
        Effect.flatMap(
          connection.holding(restore, "take", [name, wires, asks, timeout, isFinal], answer),
          (taken) => {
            const [index, found] = foundBy(name, taken.value)
            return options === undefined
              ? Effect.flatMap(decoded(taken, found), (tuples) => use(heldBy(taken, tuples, index), restore))
              : usingOne(taken, found[0], options, (tuple) => use(heldBy(taken, [tuple]), restore))
          }
        ))
    },
    takeNow: (taking, use) => {
      const { isFinal, limit, name, pattern } = taking
      const { answer, asks, wires } = sent(values, [pattern])
      return Hold.uninterruptibly(taking, (restore) =>
        Effect.flatMap(
          connection.holding(restore, "takeNow", [name, wires[0]!, asks, limit, isFinal], answer),
          (taken) => Effect.flatMap(decoded(taken, taken.value), (tuples) => use(heldBy(taken, tuples), restore))
        ))
    }
  }
}

/** Which of the patterns has found something, and what they have found. */
const foundBy = (
  name: Hold.TakingFirst["name"],
  value: any
): readonly [index: number, wires: ReadonlyArray<unknown>] =>
  name === "inAll" ? [0, value] : name === "inAny" ? [value[0], [value[1]]] : [0, [value]]
