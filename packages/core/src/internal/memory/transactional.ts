/**
 * The operations of transactions: steps that are given to {@link Transaction.transact}.
 *
 * @internal
 */
import type * as Option from "effect/Option"
import * as STM from "effect/STM"
import type { Tuple } from "../../Tuple.js"
import { own, unsupported } from "../arguments.js"
import type { Pattern } from "../pattern/pattern.js"
import { compile } from "../pattern/pattern.js"
import type { Memory } from "./engine.js"
import { memoryOf } from "./engine.js"
import * as Search from "./search.js"
import type { Store } from "./store.js"
import { MISS } from "./store.js"
import * as Transaction from "./transaction.js"

const transactional = <A>(
  space: object,
  f: (memory: Memory) => STM.STM<A, never, any>
): STM.STM<A, never, any> => {
  try {
    const memory = memoryOf(space)
    return memory !== undefined
      ? f(memory)
      : STM.die(unsupported("only a space in memory takes part in an STM transaction"))
  } catch (error) {
    return STM.die(error)
  }
}

const taking =
  (name: string, step: (store: Store, pattern: Pattern) => unknown | MISS) => (space: object, pattern: unknown): any =>
    transactional(space, (memory) => {
      const compiled = compile(pattern)
      return Transaction.step(memory, compiled, (store) => step(store, compiled), name)
    })

const looking =
  (name: string, step: (store: Store, pattern: Pattern) => unknown | MISS) => (space: object, pattern: unknown): any =>
    transactional(space, (memory) => {
      const compiled = compile(pattern)
      return Transaction.look(memory, compiled, (store) => step(store, compiled), name)
    })

const orMiss = <A>(option: Option.Option<A>): A | MISS => option._tag === "Some" ? option.value : MISS

export const transactionIn = taking("in", (store, pattern) => orMiss(Search.takeNow(store, pattern)))

export const transactionRd = looking("rd", (store, pattern) => orMiss(Search.readNow(store, pattern)))

export const transactionInp = taking("inp", (store, pattern) => Search.takeNow(store, pattern))

export const transactionRdp = looking("rdp", Search.readNow)

export const transactionCount = looking("count", (store, pattern) => store.shelves.findAll(pattern).length)

export const transactionCheck = Transaction.check

export const transactionTake = Transaction.take

export const transactionOut = (space: object, tuple: Tuple): STM.STM<void, never, any> =>
  transactional(space, (memory) => {
    const owned = own(tuple)
    return Transaction.step(memory, "room", (store, place) => store.put([store.entry(owned, undefined)], place))
  })
