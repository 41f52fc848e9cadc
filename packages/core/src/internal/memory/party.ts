/**
 * What a space in memory does in a transaction.
 *
 * @internal
 */
import type * as Option from "effect/Option"
import type { Party } from "../stm/operations.js"
import type { Memory } from "./engine.js"
import * as Search from "./search.js"
import { MISS } from "./store.js"
import { look, step } from "./transaction.js"

const orMiss = <A>(option: Option.Option<A>): A | MISS => option._tag === "Some" ? option.value : MISS

export const partyOf = (memory: Memory): Party => ({
  in: (pattern) => step(memory, pattern, (store) => orMiss(Search.takeNow(store, pattern)), "in"),
  rd: (pattern) => look(memory, pattern, (store) => orMiss(Search.readNow(store, pattern)), "rd"),
  inp: (pattern) => step(memory, pattern, (store) => Search.takeNow(store, pattern), "inp"),
  rdp: (pattern) => look(memory, pattern, (store) => Search.readNow(store, pattern), "rdp"),
  count: (pattern) => look(memory, pattern, (store) => store.shelves.findAll(pattern).length, "count"),
  out: (tuple) => step(memory, "room", (store, place) => store.put([store.entry(tuple, undefined)], place))
})
