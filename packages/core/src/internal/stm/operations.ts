/**
 * The operations of transactions: steps that are given to `transact`, each for the engine of its space.
 *
 * @internal
 */
import type * as Option from "effect/Option"
import * as STM from "effect/STM"
import type { Transaction } from "../../Transaction.js"
import type { Tuple } from "../../Tuple.js"
import { own, unsupported } from "../arguments.js"
import { read } from "../brand.js"
import type { Pattern } from "../pattern/pattern.js"
import { compile } from "../pattern/pattern.js"
import type { Asked } from "../queries.js"
import { atOnce } from "../queries.js"
import * as Run from "./run.js"

type Step<A> = STM.STM<A, never, Transaction>

/**
 * What a space can do in a transaction. What has to wait notes in the run that is under way what it missed, and
 * retries. A condition may ask for `rd`, `rdp` and `count`, also when it is read to be parked.
 *
 * A query gives what `query.result` makes of what it has found. No batch lingers.
 */
export interface Party {
  readonly in: (query: Asked) => Step<unknown>
  readonly rd: (query: Asked) => Step<unknown>
  readonly inp: (query: Asked) => Step<Option.Option<unknown>>
  readonly rdp: (query: Asked) => Step<Option.Option<unknown>>
  readonly count: (pattern: Pattern) => Step<number>
  readonly out: (tuple: Tuple) => Step<void>
}

const Key = Symbol.for("@effect-linda/core/Party")

/** Makes a space known as one that can be a party to transactions. */
export const withParty = <A extends object>(space: A, party: Party): A => Object.assign(space, { [Key]: party })

/** What a space can do in a transaction, if it can take part in one. */
export const partyIn = (space: unknown): Party | undefined =>
  typeof space === "object" && space !== null ? read(space, Key) as Party | undefined : undefined

const partyOf = (space: unknown): Party => {
  const party = partyIn(space)
  if (party === undefined) {
    throw unsupported("only a space in memory, or one that is made of a store, takes part in a transaction")
  }
  return party
}

/** Types end here: what an operation gives is `Match` of a pattern, which the interface says. */
const operation = (make: () => Step<any>): Step<any> => {
  try {
    return make()
  } catch (error) {
    return STM.die(error)
  }
}

const looking = (name: "in" | "rd" | "inp" | "rdp") => (space: object, asked: unknown): Step<any> =>
  operation(() => partyOf(space)[name](atOnce(asked)))

export const transactionIn = looking("in")

export const transactionRd = looking("rd")

export const transactionInp = looking("inp")

export const transactionRdp = looking("rdp")

export const transactionCount = (space: object, pattern: unknown): Step<number> =>
  operation(() => partyOf(space).count(compile(pattern)))

export const transactionOut = (space: object, tuple: Tuple): Step<void> =>
  operation(() => partyOf(space).out(own(tuple)))

export const transactionCheck = Run.check

export const transactionTake = Run.take
