/**
 * The operations of a space as parts of a transaction: `STM`s that can be combined with each other, over any number of spaces, and
 * with any other `STM`. They can be committed by a space's `transact` alone, which their requirement `Transaction` sees to.
 *
 * @since 0.1.0
 * @example
 * ```ts
 * import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
 * import { Effect, STM } from "effect"
 *
 * type Account = readonly ["account", owner: string, balance: number]
 *
 * const transfer = (space: TupleSpace.TupleSpace<Account>, from: string, to: string, amount: number) =>
 *   space.transact(STM.gen(function*() {
 *     const [, , balance] = yield* Transaction.in(space, ["account", from, P.number])
 *     if (balance < amount) {
 *       return yield* STM.fail("insufficient funds") // and the tuple was never taken
 *     }
 *     const [, , other] = yield* Transaction.in(space, ["account", to, P.number])
 *     yield* Transaction.out(space, ["account", from, balance - amount])
 *     yield* Transaction.out(space, ["account", to, other + amount])
 *   }))
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make<Account>()
 *   yield* space.outAll([["account", "ann", 100], ["account", "bob", 0]])
 *   yield* transfer(space, "ann", "bob", 30)
 *   return yield* space.copyCollect(["account", P.any, P.any])
 * })
 *
 * console.log(Effect.runSync(Effect.scoped(program))) // [ [ "account", "ann", 70 ], [ "account", "bob", 30 ] ]
 * ```
 */
import type * as Option from "effect/Option"
import type * as STM from "effect/STM"
import * as internal from "./internal/space.js"
import type { Check, Match, Pattern } from "./Pattern.js"
import type { Tuple } from "./Tuple.js"
import type { TupleSpace } from "./TupleSpace.js"

/**
 * Marks the requirement of a transaction, in types only.
 *
 * @since 0.1.0
 * @category symbols
 */
export declare const TransactionTypeId: unique symbol

/**
 * What an operation of this module requires, and `transact` provides.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transaction {
  readonly [TransactionTypeId]: typeof TransactionTypeId
}

/**
 * Puts a tuple. In a space that is full and lets its puts wait, the transaction waits.
 *
 * @since 0.1.0
 * @category operations
 */
export const out: <T extends Tuple, E>(space: TupleSpace<T, E>, tuple: T) => STM.STM<void, never, Transaction> =
  internal.transactionOut

const in_: <T extends Tuple, E, const P extends Pattern>(
  space: TupleSpace<T, E>,
  pattern: P & Check<T, P>
) => STM.STM<Match<T, P>, never, Transaction> = internal.transactionIn

export {
  /**
   * Takes the oldest tuple that matches. If there is none, the transaction waits until there is.
   *
   * @since 0.1.0
   * @category operations
   */
  in_ as in
}

/**
 * Reads the oldest tuple that matches. If there is none, the transaction waits until there is.
 *
 * @since 0.1.0
 * @category operations
 */
export const rd: <T extends Tuple, E, const P extends Pattern>(
  space: TupleSpace<T, E>,
  pattern: P & Check<T, P>
) => STM.STM<Match<T, P>, never, Transaction> = internal.transactionRd

/**
 * Takes the oldest tuple that matches, if there is one.
 *
 * @since 0.1.0
 * @category operations
 */
export const inp: <T extends Tuple, E, const P extends Pattern>(
  space: TupleSpace<T, E>,
  pattern: P & Check<T, P>
) => STM.STM<Option.Option<Match<T, P>>, never, Transaction> = internal.transactionInp

/**
 * Reads the oldest tuple that matches, if there is one.
 *
 * @since 0.1.0
 * @category operations
 */
export const rdp: <T extends Tuple, E, const P extends Pattern>(
  space: TupleSpace<T, E>,
  pattern: P & Check<T, P>
) => STM.STM<Option.Option<Match<T, P>>, never, Transaction> = internal.transactionRdp
