/**
 * Batches: up to so many tuples of one pattern, once there are so many (S18). Not for engines: it is made of what they
 * do, in the same way for all of them.
 *
 * A batch waits for its first tuples as a join does, and holds nothing meanwhile. Then it holds these, and takes more
 * as they come, one after the other. So nobody is kept waiting by a batch that may never be complete, and no two
 * batches have a half each.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type { Restore } from "../SpaceStore.js"
import type { Tuple } from "../Tuple.js"
import type { Held, Take, TakingFirst } from "./hold.js"
import { JointHold } from "./joint.js"
import { keeping, keepingFirst } from "./keeping.js"
import type { Pattern } from "./pattern/pattern.js"
import type { Query } from "./pattern/query.js"
import { Several, tuplesIn } from "./pattern/query.js"
import type { Asked } from "./queries.js"
import { millisOf } from "./runtime.js"
import type { Late } from "./timeout.js"
import { unlessLate } from "./timeout.js"
import type { Verbs, WaitName } from "./verbs.js"
import { isReading } from "./verbs.js"

export class Batch {
  constructor(
    readonly pattern: Pattern,
    readonly min: number,
    readonly max: number,
    /** How many milliseconds it waits for more, once it has the first. */
    readonly linger: number
  ) {}

  get form(): "batch" {
    return "batch"
  }

  get patterns(): ReadonlyArray<Pattern> {
    return [this.pattern]
  }

  /** What it waits for. */
  get first(): Query {
    return this.min === 1 ? this.pattern : new Several("all", Array.from({ length: this.min }, () => this.pattern))
  }

  result(_: number, tuples: ReadonlyArray<unknown>): unknown {
    return tuples
  }
}

/** The verbs that look and take, for batches too. */
export interface Batching<E> extends Omit<Verbs<E>, "now" | "take" | "wait"> {
  readonly wait: (name: WaitName, query: Asked, timeout: number) => ReturnType<Verbs<E>["wait"]>
  readonly now: (name: "inp" | "rdp", query: Asked) => ReturnType<Verbs<E>["now"]>
  readonly take: Take<E, Asked>
}

export const withBatches = <E>(verbs: Verbs<E>): Batching<E> => {
  const { copyCollect, refuse, takeNow } = verbs

  /** Takes more, until it has enough or the time is over. What is held goes back, if that fails. */
  const more = (
    { linger, max, pattern }: Batch,
    taking: Omit<TakingFirst, "query">,
    first: Held<E>,
    restore: Restore
  ): Effect.Effect<Held<E>, E> =>
    Effect.flatMap(Effect.clock, (clock) => {
      const end = millisOf(clock) + (taking.name === "inp" ? 0 : linger)
      const next = { ...taking, restore, query: pattern }
      const one = (timeout: number) =>
        unlessLate<Held<E>, E, never>(Effect.asSome(verbs.take({ ...next, timeout }, Effect.succeed)))
      const some = (timeout: number) => Effect.map(one(timeout), (held) => ({ held, isAll: false }))
      /** All that are there. If that fails, one is taken by itself, which reports the error. */
      const burst = (limit: number) =>
        limit === 1 ? some(0) : Effect.orElse(
          Effect.map(
            takeNow(
              { name: "inUpTo", pattern, limit, isFinal: taking.isFinal, isTrial: true, restore },
              Effect.succeed
            ),
            (held) => ({ held: Option.liftPredicate(held, ({ tuples }) => tuples.length > 0), isAll: true })
          ),
          () => some(0)
        )
      const from = (holds: ReadonlyArray<Held<E>>, isEmpty: boolean): Effect.Effect<ReadonlyArray<Held<E>>, E> => {
        const limit = max - holds.reduce((sum, { tuples }) => sum + tuples.length, 0)
        const left = end - millisOf(clock)
        return limit <= 0 || isEmpty && left <= 0 ? Effect.succeed(holds) : Effect.flatMap(
          Effect.tapErrorCause(
            isEmpty ? some(left) : burst(limit),
            () => Effect.sync(() => holds.forEach((held) => held.giveBack()))
          ),
          ({ held, isAll }) =>
            Option.match(held, {
              onNone: () => isEmpty ? Effect.succeed(holds) : from(holds, true),
              // What comes after the time is over is for others, or it would never end while others put.
              onSome: (held) => from([...holds, held], isAll && left <= 0)
            })
        )
      }
      return Effect.map(from([first], false), (holds) => holds.length === 1 ? first : new JointHold(holds))
    })

  const take: Take<E, Asked> = (taking, use) => {
    const { query } = taking
    return query.form !== "batch"
      ? verbs.take({ ...taking, query }, use)
      : verbs.take(
        { ...taking, query: query.first },
        (first, restore) => Effect.flatMap(more(query, taking, first, restore), (held) => use(held, restore))
      )
  }

  /** Those that are there now, if they are enough. */
  const those = ({ max, min, pattern }: Batch): Effect.Effect<Option.Option<ReadonlyArray<Tuple>>, E> =>
    Effect.map(copyCollect(pattern, max), Option.liftPredicate(({ length }) => length >= min))

  /** Reads as much as there is, as soon as there is enough: which is then read, whoever takes it at once. */
  const read = (batch: Batch, timeout: number): Effect.Effect<ReadonlyArray<Tuple>, E | Late> =>
    Effect.flatMap(verbs.wait("rd", batch.first, timeout), (found) =>
      Effect.map(
        those(batch),
        Option.getOrElse(() => tuplesIn(batch.first, found))
      ))

  const first = keepingFirst<E, Batch>(keeping(refuse), take)

  return {
    ...verbs,
    take,
    wait: (name, query, timeout) =>
      query.form !== "batch"
        ? verbs.wait(name, query, timeout)
        : isReading(name)
        ? read(query, timeout)
        : first(name, query, timeout, identity),
    now: (name, query) =>
      query.form !== "batch"
        ? verbs.now(name, query)
        : name === "rdp"
        ? those(query)
        : unlessLate(first(name, query, 0, Option.some))
  }
}
