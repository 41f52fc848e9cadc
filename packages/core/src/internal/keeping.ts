/**
 * Taking for good, for an engine that takes to hold: the tuples are held until the operation has come to its last step,
 * and with that step they are the caller's.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Tuple } from "../Tuple.js"
import type { Leaving } from "./handOver.js"
import { handOver } from "./handOver.js"
import type { Held, Take, TakingFirst, TakingNow } from "./hold.js"
import type { Pattern } from "./pattern/pattern.js"
import type { Query } from "./pattern/query.js"
import type { Asked } from "./queries.js"
import { withFiber } from "./runtime.js"
import type { Late } from "./timeout.js"
import { unlessLate } from "./timeout.js"
import type { Verbs, WaitName } from "./verbs.js"
import { isReading } from "./verbs.js"

/** How the engine takes, and how it reads. */
interface Looking<E, Q extends Asked> extends Pick<Verbs<E>, "refuse" | "takeNow"> {
  readonly take: Take<E, Q>
  /** Gives what `query.result` makes of what it has found. */
  readonly read: (name: "rd" | "rdAny" | "rdp", query: Q, timeout: number) => Effect.Effect<unknown, E | Late>
  readonly rdp: (pattern: Pattern) => Effect.Effect<Option.Option<unknown>, E>
}

/** The verbs that look, for these queries. */
interface Looks<E, Q> extends Pick<Verbs<E>, "takeUpTo"> {
  readonly wait: (name: WaitName, query: Q, timeout: number) => Effect.Effect<unknown, E | Late>
  readonly now: (name: "inp" | "rdp", query: Q) => Effect.Effect<Option.Option<unknown>, E>
}

export const looks = <E, Q extends Asked = Query>(
  { rdp, read, refuse, take, takeNow }: Looking<E, Q>
): Looks<E, Q> => {
  const leaving: Leaving = new Map()

  const keeping = <E1, A>(
    hold: (restore: TakingFirst["restore"]) => Effect.Effect<Held<E>, E1>,
    result: (held: Held<E>) => A
  ): Effect.Effect<A, E1 | E> =>
    withFiber((fiber) => {
      // A fiber that takes again has not taken the last step of its take before: that was interrupted.
      leaving.get(fiber)?.()
      return handOver<Held<E>, A, E | E1>(
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

  const first = <A>(
    name: Exclude<WaitName, "rd" | "rdAny"> | "inp",
    query: Q,
    timeout: number,
    result: (found: unknown) => A
  ): Effect.Effect<A, E | Late> =>
    keeping(
      (restore) => take({ name, query, timeout, isFinal: true, restore }, Effect.succeed),
      ({ index, tuples }) => result(query.result(index, tuples))
    )

  const those = <A>(
    name: TakingNow["name"],
    pattern: Pattern,
    limit: number,
    result: (tuples: ReadonlyArray<Tuple>) => A
  ): Effect.Effect<A, E> =>
    keeping(
      (restore) => takeNow({ name, pattern, limit, isFinal: true, restore }, Effect.succeed),
      ({ tuples }) => result(tuples)
    )

  return {
    wait: (name, query, timeout) =>
      isReading(name) ? read(name, query, timeout) : first(name, query, timeout, (found) => found),
    now: (name, query) =>
      name === "rdp"
        ? query.form === "one" ? rdp(query) : unlessLate(Effect.asSome(read(name, query, 0)))
        : query.form === "one"
        ? those(name, query, 1, Option.fromIterable)
        : unlessLate(first(name, query, 0, Option.some)),
    takeUpTo: (name, pattern, limit) => those(name, pattern, limit, (tuples) => tuples)
  }
}
