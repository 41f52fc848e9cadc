/**
 * What a space in memory does in a transaction.
 *
 * @internal
 */
import { identity } from "effect/Function"
import type * as Option from "effect/Option"
import type { Asked } from "../queries.js"
import type { Party } from "../stm/operations.js"
import type { Memory } from "./engine.js"
import { nowOf } from "./search.js"
import { MISS } from "./store.js"
import { look, step } from "./transaction.js"

const orMiss = <A>(option: Option.Option<A>): A | MISS => option._tag === "Some" ? option.value : MISS

export const partyOf = (memory: Memory): Party => {
  const taking = <A>(name: "in" | "inp", query: Asked, found: (now: Option.Option<any>) => A | MISS) => {
    const now = nowOf(memory, "inp", query)
    return step(memory, query, () => found(now()), name)
  }
  const reading = <A>(name: "rd" | "rdp", query: Asked, found: (now: Option.Option<any>) => A | MISS) => {
    const now = nowOf(memory, "rdp", query)
    return look(memory, query, () => found(now()), name)
  }
  return {
    in: (query) => taking("in", query, orMiss),
    rd: (query) => reading("rd", query, orMiss),
    inp: (query) => taking("inp", query, identity),
    rdp: (query) => reading("rdp", query, identity),
    count: (pattern) => look(memory, pattern, (store) => store.shelves.findAll(pattern).length, "count"),
    out: (tuple) => step(memory, "room", (store, place) => store.put([store.entry(tuple, undefined)], place))
  }
}
