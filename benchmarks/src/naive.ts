/** The baseline: a tuple space as one writes it in an afternoon, an array in a `TRef` and `STM.retry`. */
import { Effect, Option, STM, TRef } from "effect"
import { ANY } from "./floors.js"
import type { Fields, Space } from "./subjects.js"

const matches = (pattern: Fields, tuple: Fields): boolean =>
  pattern.length === tuple.length && pattern.every((field, i) => field === ANY || field === tuple[i])

export const naiveSpace: Effect.Effect<Space> = Effect.map(
  STM.commit(TRef.make<ReadonlyArray<Fields>>([])),
  (ref) => {
    const take = (pattern: Fields): STM.STM<Option.Option<Fields>> =>
      TRef.modify(ref, (tuples) => {
        const index = tuples.findIndex((tuple) => matches(pattern, tuple))
        return index < 0
          ? [Option.none(), tuples]
          : [Option.some(tuples[index]!), [...tuples.slice(0, index), ...tuples.slice(index + 1)]]
      })
    return {
      out: (tuple) => STM.commit(TRef.update(ref, (tuples) => [...tuples, tuple])),
      in: (pattern) =>
        STM.commit(
          STM.flatMap(take(pattern), Option.match({ onNone: () => STM.retry, onSome: (tuple) => STM.succeed(tuple) }))
        ),
      inp: (pattern) => STM.commit(take(pattern))
    }
  }
)
