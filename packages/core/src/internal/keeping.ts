/**
 * Taking for good, for an engine that takes to hold: the tuples are held until the operation has come to its last step,
 * and with that step they are the caller's.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Tuple } from "../Tuple.js"
import type { Several } from "./arguments.js"
import type { Leaving } from "./handOver.js"
import { handOver } from "./handOver.js"
import type { Held, TakingFirst, TakingNow } from "./hold.js"
import type { Pattern } from "./pattern/pattern.js"
import { withFiber } from "./runtime.js"
import type { Late } from "./timeout.js"
import type { Verbs } from "./verbs.js"

/** How the engine takes, and how it reads. */
interface Looking<E> extends Pick<Verbs<E>, "refuse" | "take" | "takeNow"> {
  readonly rd: (pattern: Pattern, timeout: number) => Effect.Effect<Tuple, E | Late>
  /** Gives what `choices.choice` makes of the tuple. */
  readonly rdAny: (choices: Several, timeout: number) => Effect.Effect<unknown, E | Late>
  readonly rdp: (pattern: Pattern) => Effect.Effect<Option.Option<Tuple>, E>
}

export const looks = <E>(
  { rd, rdAny, rdp, refuse, take, takeNow }: Looking<E>
): Pick<Verbs<E>, "now" | "takeUpTo" | "wait" | "waitAll" | "waitAny"> => {
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
    name: TakingFirst["name"],
    patterns: ReadonlyArray<Pattern>,
    timeout: number,
    result: (held: Held<E>) => A
  ): Effect.Effect<A, E | Late> =>
    keeping((restore) => take({ name, patterns, timeout, isFinal: true, restore }, Effect.succeed), result)

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
    wait: (kind, pattern, timeout) =>
      kind === "rd" ? rd(pattern, timeout) : first(kind, [pattern], timeout, ({ tuples }) => tuples[0]!),
    waitAny: (kind, choices, timeout) =>
      kind === "rdAny"
        ? rdAny(choices, timeout)
        : first(kind, choices.patterns, timeout, ({ index, tuples }) => choices.choice(index, tuples[0]!)),
    waitAll: (all, timeout) => first("inAll", all.patterns, timeout, ({ tuples }) => all.join(tuples)),
    now: (kind, pattern) => kind === "rdp" ? rdp(pattern) : those(kind, pattern, 1, Option.fromIterable),
    takeUpTo: (name, pattern, limit) => those(name, pattern, limit, (tuples) => tuples)
  }
}
