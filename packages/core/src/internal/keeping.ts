/**
 * Taking for good, for an engine that takes to hold: the tuples are held until the operation has come to its last step,
 * and with that step they are the caller's.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type { Tuple } from "../Tuple.js"
import type { Leaving } from "./handOver.js"
import { handOver } from "./handOver.js"
import type { Held, Refuse, Take, TakingFirst, TakingNow } from "./hold.js"
import { foundBy } from "./hold.js"
import type { Pattern } from "./pattern/pattern.js"
import type { Query } from "./pattern/query.js"
import type { Asked } from "./queries.js"
import { withFiber } from "./runtime.js"
import type { Late } from "./timeout.js"
import { unlessLate } from "./timeout.js"
import type { ReadName, Verbs, WaitName } from "./verbs.js"
import { isReading } from "./verbs.js"

/** How an engine reads. */
export interface Reading<out E> {
  /** Gives what `query.result` makes of what it has found. */
  readonly read: (name: ReadName, query: Query, timeout: number) => Effect.Effect<unknown, E | Late>
  readonly rdp: (pattern: Pattern) => Effect.Effect<Option.Option<unknown>, E>
}

/** Holds something, and makes it the caller's own in the last step, which gives the result. */
type Keep<E> = <E1, A>(
  hold: (restore: TakingFirst["restore"]) => Effect.Effect<Held<E>, E1>,
  result: (held: Held<E>) => A
) => Effect.Effect<A, E1 | E>

export const keeping = <E>(refuse: Refuse<E>): Keep<E> => {
  const leaving: Leaving = new Map()
  return <E1, A>(
    hold: (restore: TakingFirst["restore"]) => Effect.Effect<Held<E>, E1>,
    result: (held: Held<E>) => A
  ) =>
    withFiber<A, E1 | E>((fiber) => {
      // A fiber that takes again has not taken the last step of its take before: that was interrupted.
      leaving.get(fiber)?.()
      return handOver<Held<E>, A, E1 | E>(
        leaving,
        (restore) => {
          try {
            return hold(restore)
          } catch (error) {
            return refuse(error)
          }
        },
        (held) => {
          held.keep()
          return result(held)
        },
        (held) => held.giveBack()
      )
    })
}

/** Takes what a query finds, as soon as it is there. */
export const keepingFirst = <E, Q extends Asked>(keep: Keep<E>, take: Take<E, Q>) =>
<A>(
  name: Exclude<WaitName, ReadName>,
  query: Q,
  timeout: number,
  result: (found: unknown) => A
): Effect.Effect<A, E | Late> =>
  keep(
    (restore) => take({ name, query, timeout, isFinal: true, restore }, Effect.succeed),
    (held) => result(foundBy(query, held))
  )

export const looks = <E>(
  { rdp, read, refuse, take, takeNow }: Reading<E> & Pick<Verbs<E>, "refuse" | "take" | "takeNow">
): Pick<Verbs<E>, "now" | "takeUpTo" | "wait"> => {
  const keep = keeping(refuse)
  const first = keepingFirst(keep, take)
  const those = <A>(
    name: TakingNow["name"],
    pattern: Pattern,
    limit: number,
    result: (tuples: ReadonlyArray<Tuple>) => A
  ): Effect.Effect<A, E> =>
    keep(
      (restore) => takeNow({ name, pattern, limit, isFinal: true, restore }, Effect.succeed),
      ({ tuples }) => result(tuples)
    )

  return {
    wait: (name, query, timeout) =>
      isReading(name) ? read(name, query, timeout) : first(name, query, timeout, identity),
    now: (name, query) =>
      name === "rdp"
        ? query.form === "one" ? rdp(query) : unlessLate(Effect.asSome(read(name, query, 0)))
        : query.form === "one"
        ? those(name, query, 1, Option.fromIterable)
        : unlessLate(first(name, query, 0, Option.some)),
    takeUpTo: (name, pattern, limit) => those(name, pattern, limit, identity)
  }
}
