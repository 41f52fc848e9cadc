/**
 * An exchange (S22): what a query finds is taken, and what a function makes of it is put, as one step. It is a
 * transaction of these two, on every engine that has transactions.
 *
 * @internal
 */
import * as STM from "effect/STM"
import type { Transaction } from "../../Transaction.js"
import type { Tuple } from "../../Tuple.js"
import type { Asked } from "../queries.js"
import type { Party } from "./operations.js"

/** What an exchange puts in the place of what it has found. It may be asked several times. */
export type Make = (found: unknown) => ReadonlyArray<Tuple>

/** Gives what was found. */
export const exchanging = (party: Party, query: Asked, make: Make): STM.STM<unknown, never, Transaction> =>
  STM.flatMap(party.in(query), (found) => STM.as(STM.forEach(make(found), party.out, { discard: true }), found))
