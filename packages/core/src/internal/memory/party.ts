/**
 * What a space in memory does in a transaction.
 *
 * @internal
 */
import type * as Option from "effect/Option"
import type { Asked } from "../queries.js"
import type { Party } from "../stm/operations.js"
import type { Memory } from "./engine.js"
import { nowOf } from "./search.js"
import { MISS } from "./store.js"
import { look, step } from "./transaction.js"

const orMiss = <A>(option: Option.Option<A>): A | MISS => option._tag === "Some" ? option.value : MISS

export const partyOf = (memory: Memory): Party => {
  const taking = (query: Asked) => nowOf(memory, "inp", query)
  const reading = (query: Asked) => nowOf(memory, "rdp", query)
  return {
    in: (query) => {
      const now = taking(query)
      return step(memory, query, () => orMiss(now()), "in")
    },
    rd: (query) => {
      const now = reading(query)
      return look(memory, query, () => orMiss(now()), "rd")
    },
    inp: (query) => step(memory, query, taking(query), "inp"),
    rdp: (query) => look(memory, query, reading(query), "rdp"),
    count: (pattern) => look(memory, pattern, (store) => store.shelves.findAll(pattern).length, "count"),
    out: (tuple) => step(memory, "room", (store, place) => store.put([store.entry(tuple, undefined)], place))
  }
}
