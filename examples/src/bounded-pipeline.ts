/**
 * A pipeline between a queue of STM and a space. Orders come in a `TQueue`; a transaction turns each into a job, as
 * soon as a gate is open and fewer than three jobs are left, all in one step. So no order is lost or done twice, and
 * there are never more than three jobs, without a lock and without polling. The receipts are counted from the events of
 * the space, in transactions too.
 */
import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
import { Console, Effect, Fiber, STM, TQueue, TRef } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Job = readonly ["job", order: number]
type Receipt = readonly ["receipt", order: number]
type Space = TupleSpace.TupleSpace<Job | Receipt>

const orders = 10
const limit = 3

/** Takes an order and puts a job, when there is an order, the gate is open, and fewer than three jobs are left. */
const accept = (space: Space, gate: TRef.TRef<boolean>, incoming: TQueue.TDequeue<number>) =>
  STM.gen(function*() {
    yield* Transaction.check(TRef.get(gate))
    yield* Transaction.check(STM.map(Transaction.count(space, ["job", P.number]), (count) => count < limit))
    const order = yield* Transaction.take(incoming)
    yield* Transaction.out(space, ["job", order])
  })

export const program = Effect.gen(function*() {
  const space = yield* TupleSpace.make<Job | Receipt>()
  const incoming = yield* TQueue.unbounded<number>()
  const gate = yield* TRef.make(false)
  const total = yield* TRef.make(0)
  const receipts = yield* Transaction.subscribe(space, ["receipt", P.number])

  yield* space.eval(Effect.forever(space.transact(accept(space, gate, incoming))))
  yield* Effect.forEach(Array.from({ length: orders }, (_, order) => order), (order) => TQueue.offer(incoming, order))
  yield* Effect.sleep("10 millis")
  yield* expectEqual(yield* space.count(["job", P.number]), 0)
  yield* Console.log(`the gate is closed: ${yield* TQueue.size(incoming)} orders wait`)

  yield* TRef.set(gate, true)
  yield* Effect.sleep("10 millis")
  yield* expectEqual(yield* space.count(["job", P.number]), limit)
  yield* Console.log(`the gate is open: ${limit} jobs, and ${yield* TQueue.size(incoming)} orders wait`)

  const counter = yield* Effect.fork(Effect.repeatN(
    space.transact(STM.zipRight(Transaction.take(receipts), TRef.update(total, (n) => n + 1))),
    orders - 1
  ))
  const work = Effect.flatMap(space.in(["job", P.number]), ([, order]) => space.out(["receipt", order]))
  yield* Effect.replicateEffect(space.eval(Effect.forever(work)), 2)
  yield* Fiber.join(counter)
  const done = yield* space.collect(["receipt", P.number])
  yield* Console.log(`${yield* TRef.get(total)} receipts, each order once`)
  yield* expectEqual(done.map(([, order]) => order).sort((a, b) => a - b), Array.from({ length: orders }, (_, i) => i))
}).pipe(Effect.scoped)

runIfMain(import.meta.url, program)
