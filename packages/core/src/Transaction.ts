/**
 * The operations of a space as parts of a transaction: `STM`s that can be combined with each other, over any number of
 * spaces in memory or over one space on a store, and with any other `STM`. They can be committed by a space's
 * `transact` alone, which their requirement `Transaction` sees to.
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
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as STM from "effect/STM"
import type * as TQueue from "effect/TQueue"
import * as dequeue from "./internal/stm/dequeue.js"
import * as internal from "./internal/stm/operations.js"
import type { Check, Match, Pattern } from "./Pattern.js"
import type { Query } from "./Query.js"
import type { SpaceEvent } from "./SpaceEvent.js"
import type { Tuple } from "./Tuple.js"
import type { SubscribeOptions, TupleSpace } from "./TupleSpace.js"

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

const in_: <T extends Tuple, E, const P extends Query>(
  space: TupleSpace<T, E>,
  query: P & Check<T, P>
) => STM.STM<Match<T, P>, never, Transaction> = internal.transactionIn

export {
  /**
   * Takes what the query finds: for a pattern, the oldest match. If it is not there, the transaction waits until it
   * is, and has taken nothing meanwhile. A batch cannot linger here (S18).
   *
   * @since 0.1.0
   * @category operations
   * @example
   * ```ts
   * import { Pattern as P, Query as Q, Transaction, TupleSpace } from "@effect-linda/core"
   * import { Effect, STM } from "effect"
   *
   * const program = Effect.gen(function*() {
   *   const space = yield* TupleSpace.make()
   *   yield* space.outAll([["order", 1, "tea"], ["stock", "tea", 5]])
   *   yield* space.transact(STM.gen(function*() {
   *     const { order, stock } = yield* Transaction.in(space, Q.all({
   *       order: ["order", P.number, P.ref("what", P.string)],
   *       stock: ["stock", P.ref("what", P.string), P.number]
   *     }))
   *     yield* Transaction.out(space, ["stock", stock[1], stock[2] - 1])
   *     yield* Transaction.out(space, ["shipped", order[1]])
   *   }))
   *   return yield* space.copyCollect([P.rest(P.any)])
   * })
   *
   * Effect.runPromise(Effect.scoped(program)).then(console.log) // [ [ "stock", "tea", 4 ], [ "shipped", 1 ] ]
   * ```
   */
  in_ as in
}

/**
 * Reads what the query finds: for a pattern, the oldest match. If it is not there, the transaction waits until it is.
 *
 * @since 0.1.0
 * @category operations
 */
export const rd: <T extends Tuple, E, const P extends Query>(
  space: TupleSpace<T, E>,
  query: P & Check<T, P>
) => STM.STM<Match<T, P>, never, Transaction> = internal.transactionRd

/**
 * Takes what the query finds, if it is there.
 *
 * @since 0.1.0
 * @category operations
 */
export const inp: <T extends Tuple, E, const P extends Query>(
  space: TupleSpace<T, E>,
  query: P & Check<T, P>
) => STM.STM<Option.Option<Match<T, P>>, never, Transaction> = internal.transactionInp

/**
 * Reads what the query finds, if it is there.
 *
 * @since 0.1.0
 * @category operations
 */
export const rdp: <T extends Tuple, E, const P extends Query>(
  space: TupleSpace<T, E>,
  query: P & Check<T, P>
) => STM.STM<Option.Option<Match<T, P>>, never, Transaction> = internal.transactionRdp

/**
 * Counts the tuples that match. It counts what the transaction itself has put, and not what it has taken.
 *
 * In a condition of {@link check} it waits for a number of tuples: until there are enough, until there are few, until
 * there is none.
 *
 * @since 0.1.0
 * @category operations
 * @example
 * ```ts
 * import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
 * import { Effect, Fiber, STM } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   yield* space.outAll([["job", 1], ["job", 2], ["job", 3]])
 *   const few = STM.map(Transaction.count(space, ["job", P.number]), (count) => count < 3)
 *   const producer = yield* Effect.fork(space.transact(
 *     STM.zipRight(Transaction.check(few), Transaction.out(space, ["job", 4]))
 *   ))
 *   yield* space.in(["job", P.number])
 *   yield* Fiber.join(producer)
 *   return yield* space.copyCollect(["job", P.number])
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(console.log) // [ [ "job", 2 ], [ "job", 3 ], [ "job", 4 ] ]
 * ```
 */
export const count: <T extends Tuple, E, const P extends Pattern>(
  space: TupleSpace<T, E>,
  pattern: P & Check<T, P>
) => STM.STM<number, never, Transaction> = internal.transactionCount

/**
 * Waits until a condition holds: on the user's own state (a `TRef`, a `TMap`, a `TQueue`, …), on what is in a space
 * ({@link count}, {@link rdp}), or on both. A transaction may wait for conditions and tuples at the same time.
 *
 * The condition sees what the transaction has done before. If it does not hold, nothing has changed, and the
 * transaction runs again when something that the condition has read may have changed. A condition that retries does not
 * hold.
 *
 * A condition only reads. `in`, `inp`, `out` and {@link take} die in it with a `SpaceError` of reason `Unsupported`;
 * what is no `STM`, or gives no boolean, dies with `InvalidOption`. What it writes to a `TRef` may stay written. If it
 * tries several branches, do so with `STM.orTry`: after `STM.orElse` Effect no longer knows what the first branch has
 * read.
 *
 * @since 0.1.0
 * @category waiting
 * @example
 * ```ts
 * import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
 * import { Effect, Fiber, STM, TRef } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   const isOpen = yield* TRef.make(false)
 *   yield* space.out(["job", 1])
 *   const worker = yield* Effect.fork(space.transact(
 *     STM.zipRight(Transaction.check(TRef.get(isOpen)), Transaction.in(space, ["job", P.number]))
 *   ))
 *   yield* TRef.set(isOpen, true)
 *   return yield* Fiber.join(worker)
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(console.log) // [ "job", 1 ]
 * ```
 */
export const check: <R = never>(condition: STM.STM<boolean, never, R>) => STM.STM<void, never, R | Transaction> =
  internal.transactionCheck

/**
 * Takes the oldest element of a queue of STM. If it is empty, the transaction waits until it is not. `TQueue.take`
 * cannot be used in a transaction that may fail or wait: it removes the element even then.
 *
 * Each take copies the queue, so take a long backlog by `TQueue.takeAll` behind a {@link check} that there is
 * something. A queue that is shut down interrupts the transaction. What is no queue dies with `InvalidOption`.
 *
 * @since 0.1.0
 * @category waiting
 * @example
 * ```ts
 * import { Transaction, TupleSpace } from "@effect-linda/core"
 * import { Effect, Fiber, STM, TQueue } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   const orders = yield* TQueue.bounded<string>(10)
 *   const clerk = yield* Effect.fork(space.transact(
 *     STM.flatMap(Transaction.take(orders), (order) => Transaction.out(space, ["job", order]))
 *   ))
 *   yield* TQueue.offer(orders, "coffee")
 *   yield* Fiber.join(clerk)
 *   return yield* space.in(["job", "coffee"])
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(console.log) // [ "job", "coffee" ]
 * ```
 */
export const take: <A>(queue: TQueue.TDequeue<A>) => STM.STM<A, never, Transaction> = internal.transactionTake

/**
 * The events of a space, of any engine, in a queue of STM: taken by {@link take}, they are part of a transaction. The
 * subscription begins when the effect has succeeded, and ends with its scope.
 *
 * With a `capacity` the queue holds no more events than that; the others stay in the mailbox of the subscription, to
 * which the options apply. When the space closes, or the subscription fails, the queue is shut down as soon as it is
 * empty. When the scope closes, it is shut down at once. A queue that is shut down interrupts who takes from it; but if
 * the subscription has failed, {@link take} dies with its error. Bad input fails as it does in `subscribe`.
 *
 * @since 0.1.0
 * @category waiting
 * @example
 * ```ts
 * import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
 * import { Effect, STM, TRef } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const space = yield* TupleSpace.make()
 *   const orders = yield* TRef.make(0)
 *   const events = yield* Transaction.subscribe(space, ["order", P.number])
 *   yield* space.out(["order", 7])
 *   const event = yield* space.transact(
 *     STM.zipLeft(Transaction.take(events), TRef.update(orders, (count) => count + 1))
 *   )
 *   return [event._tag, yield* TRef.get(orders)]
 * })
 *
 * Effect.runPromise(Effect.scoped(program)).then(console.log) // [ "Out", 1 ]
 * ```
 */
export const subscribe: <T extends Tuple, E, const P extends Pattern>(
  space: TupleSpace<T, E>,
  pattern: P & Check<T, P>,
  options?: SubscribeOptions
) => Effect.Effect<TQueue.TDequeue<SpaceEvent<Match<T, P>>>, E, Scope.Scope> = dequeue.subscribe
