/**
 * The run of a transaction that is under way, whichever engine runs it, and what it waits for beside tuples: conditions
 * and queues.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as STM from "effect/STM"
import * as TQueue from "effect/TQueue"
import type { Transaction } from "../../Transaction.js"
import { invalidOption, unsupported } from "../arguments.js"
import { passes } from "../brand.js"
import { show } from "../print.js"
import { globalValue } from "../runtime.js"
import { checkQueue } from "./dequeue.js"
import { currentParking } from "./parking.js"

/** One run of a transaction. */
export abstract class Run {
  /** The space on a store that it is of, or that it is over spaces in memory. */
  abstract readonly on: object | "memory"
  /** The conditions that it asked for in vain. */
  readonly conditions: Array<STM.STM<boolean>> = []
  /** Whether it is asking for a condition, which may only look. */
  isAsking = false
}

/**
 * The run that is under way: a transaction runs synchronously, so there is never a second. Copies of the library share
 * it, whose spaces may be in one transaction.
 */
const underWay = globalValue(
  Symbol.for("@effect-linda/core/stm/run"),
  (): { run: Run | undefined } => ({ run: undefined })
)

/** From here on the operations of transactions are part of this run; of none, if there is none. */
export const runNow = (run: Run | undefined): void => {
  underWay.run = run
}

/** What a condition may do. */
const looks: ReadonlySet<string> = new Set(["rd", "rdp", "count", "check"])

/** Whether a condition is being read: in a run, or to be parked. */
export const isAsking = (): boolean => currentParking() !== undefined || underWay.run?.isAsking === true

/** The run that an operation of a transaction is part of. */
export const running = (name: string): Run => {
  if (isAsking() && !looks.has(name)) {
    throw unsupported(
      `Transaction.${name} changes something, which a condition of Transaction.check must not: use ` +
        "Transaction.rdp or Transaction.count there"
    )
  }
  if (underWay.run === undefined) {
    throw unsupported("an operation of Transaction was committed by itself: give it to `transact`")
  }
  return underWay.run
}

/** Waits until a condition holds. */
export const check = <R>(condition: STM.STM<boolean, never, R>): STM.STM<void, never, R | Transaction> => {
  if (!passes(STM.isSTM, condition)) {
    return STM.die(invalidOption(`condition: ${show(condition)} is no STM`))
  }
  const answer = STM.map(condition, (holds) => {
    if (typeof holds !== "boolean") {
      throw invalidOption(`condition: it gave ${show(holds)}, which is no boolean`)
    }
    return holds
  })
  return STM.suspend(() => {
    if (isAsking()) {
      // A condition within a condition is a part of it.
      return STM.flatMap(answer, (holds) => holds ? STM.void : STM.retry)
    }
    running("check").isAsking = true
    // One that retries does not hold. By `orTry`, for `orElse` would forget what the condition has read.
    return STM.flatMap(STM.orTry(answer, () => STM.succeed(false)), (holds): STM.STM<void, never, R> => {
      underWay.run!.isAsking = false
      return holds ? STM.void : STM.flatMap(
        STM.context<R>(),
        (context) => missing(STM.provideContext(condition, context))
      )
    })
  })
}

const missing = (condition: STM.STM<boolean>): STM.STM<never> =>
  STM.suspend(() => {
    underWay.run!.conditions.push(condition)
    return STM.retry
  })

/**
 * Takes from a queue, waiting until there is something. By operations that leave the queue whole if the transaction
 * comes to nothing (F1).
 */
export const take = <A>(queue: TQueue.TDequeue<A>): STM.STM<A, never, Transaction> => {
  if (!passes(TQueue.isTDequeue, queue)) {
    return STM.die(
      invalidOption(`queue: ${show(queue)} is no TDequeue: give a TQueue, or what a TPubSub is subscribed by`)
    )
  }
  return STM.suspend(() => {
    running("take")
    return STM.flatMap(
      STM.zipRight(checkQueue(queue), TQueue.takeUpTo(queue, 1)),
      (taken) =>
        taken.length > 0 ? STM.succeed(taken[0]!) : missing(STM.map(TQueue.isEmpty(queue), (isEmpty) => !isEmpty))
    )
  })
}

/**
 * Ends a run that retries, when the journal has been emptied. What is parked then reads the committed state; and the
 * end of the run wakes nobody who waits for what it has read, which would wake this one in turn.
 */
export const orMissing = <A, E, R, W>(
  attempt: STM.STM<A, E, R>,
  onMiss: () => W
): STM.STM<A, E | W, R> =>
  STM.suspend(() => {
    let failed: Either.Either<never, E> | undefined
    const noted = STM.catchAll(attempt, (error) => {
      failed = Either.left(error)
      return STM.fail(error)
    })
    // The alternative succeeds with the failure: one that fails is run twice by `orElse`, which takes its failure for
    // that of the first.
    return STM.flatMap(
      STM.orElse(
        STM.map(noted, Either.right),
        (): STM.STM<Either.Either<A, E | W>> => STM.sync(() => failed ?? Either.left(onMiss()))
      ),
      (outcome) => outcome
    )
  })

/** The end of a run that retried and has nothing to wait for. */
export const vainRetry: Effect.Effect<never> = Effect.dieMessage(
  "a transaction retried without having missed a tuple, and nothing here can tell when to run it again: wait " +
    "for a tuple with `Transaction.in` or `Transaction.rd`, for state of STM with `Transaction.check`, and " +
    "for a queue with `Transaction.take`"
)
