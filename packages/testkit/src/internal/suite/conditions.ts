/**
 * Transactions that wait for state of STM (S10): the user's own, queues, and what is not in a space.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as SpaceEvent from "@effect-linda/core/SpaceEvent"
import * as Transaction from "@effect-linda/core/Transaction"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import * as TMap from "effect/TMap"
import * as TPubSub from "effect/TPubSub"
import * as TQueue from "effect/TQueue"
import * as TRef from "effect/TRef"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import {
  all,
  assert,
  closing,
  defectOf,
  empty,
  fresh,
  isInterrupted,
  isWaiting,
  pass,
  refusalOf,
  same,
  settle,
  settling,
  start,
  startWaiting,
  waiters
} from "./kit.js"

/** A condition on how many jobs there are. */
const jobs = (space: Space, holds: (count: number) => boolean) =>
  Transaction.check(STM.map(Transaction.count(space, ["job", P.any]), holds))

/** Counts the runs of a transaction. */
const counting = <A, E, R>(stm: STM.STM<A, E, R>): { readonly runs: number; readonly stm: STM.STM<A, E, R> } => {
  let runs = 0
  return {
    get runs() {
      return runs
    },
    stm: STM.zipRight(STM.sync(() => runs++), stm)
  }
}

export const conditions = cases("Transaction: conditions", (each) => {
  const test = each.needing("transactions")

  test("S10 check waits for the user's own TRef, and runs again when it has changed", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const stock = yield* TRef.make(1)
      const order = counting(STM.gen(function*() {
        yield* Transaction.check(STM.map(TRef.get(stock), (left) => left >= 3))
        yield* TRef.update(stock, (left) => left - 3)
        yield* Transaction.out(space, ["sold", 3])
      }))
      const fiber = yield* start(space.transact(order.stm))
      assert.isTrue(yield* isWaiting(fiber))
      const before = order.runs
      yield* TRef.set(stock, 2)
      assert.isTrue(yield* isWaiting(fiber))
      yield* TRef.set(stock, 5)
      yield* Fiber.join(fiber)
      assert.isAtMost(order.runs - before, 2)
      assert.strictEqual(yield* TRef.get(stock), 2)
      same(yield* space.collect([P.any, P.any]), [["sold", 3]])
      yield* empty(space)
    }))

  test("S10 a condition that holds does not wait, and one on a TMap waits for its keys", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const seats = yield* TMap.empty<string, number>()
      yield* space.transact(Transaction.check(STM.map(TMap.has(seats, "ann"), (has) => !has)))
      const fiber = yield* start(space.transact(Transaction.check(TMap.has(seats, "ann"))))
      yield* TMap.set(seats, "bob", 1)
      assert.isTrue(yield* isWaiting(fiber))
      yield* TMap.set(seats, "ann", 2)
      yield* Fiber.join(fiber)
      yield* empty(space)
    }))

  test("S10 a condition sees what the transaction has done before, and waits for a change all the same", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const account = yield* TRef.make(3)
      // Seen from outside the condition holds, within the transaction it does not: this must neither spin nor sleep for
      // ever.
      const withdraw = counting(STM.zipRight(
        TRef.update(account, (balance) => balance - 5),
        Transaction.check(STM.map(TRef.get(account), (balance) => balance >= 0))
      ))
      const fiber = yield* start(space.transact(withdraw.stm))
      assert.isTrue(yield* isWaiting(fiber))
      assert.isAtMost(withdraw.runs, 2)
      assert.strictEqual(yield* TRef.get(account), 3)
      yield* TRef.set(account, 5)
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* TRef.get(account), 0)
      // The other way round: it comes to hold within, and never does outside.
      const fill = yield* start(space.transact(STM.zipRight(
        TRef.update(account, (balance) => balance + 5),
        Transaction.check(STM.map(TRef.get(account), (balance) => balance >= 10))
      )))
      assert.isTrue(yield* isWaiting(fill))
      yield* TRef.set(account, 5)
      yield* Fiber.join(fill)
      yield* empty(space)
    }))

  test("S10 a transaction that misses a tuple and a condition waits for both", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const first of ["tuple", "condition"] as const) {
        const open = yield* TRef.make(false)
        const either = STM.orElse(
          Transaction.in(space, ["a"]),
          () => STM.as(Transaction.check(TRef.get(open)), ["open"] as const)
        )
        const fiber = yield* startWaiting(space, space.transact(either))
        assert.strictEqual(yield* waiters(space), 1)
        yield* first === "tuple" ? space.out(["a"]) : TRef.set(open, true)
        same(yield* Fiber.join(fiber), first === "tuple" ? ["a"] : ["open"])
        yield* empty(space)
      }
    }))

  test("S10 one whose only miss is a condition waits for no tuple, and holds nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const open = yield* TRef.make(false)
      yield* space.out(["job", 1])
      const fiber = yield* start(space.transact(
        STM.zipLeft(Transaction.in(space, ["job", P.number]), Transaction.check(TRef.get(open)))
      ))
      assert.isTrue(yield* isWaiting(fiber))
      const { interests } = yield* space.inspect
      same(interests.map(({ kind, patterns }) => [kind, patterns]), [["transact", []]])
      same(yield* all(space), [["job", 1]])
      yield* TRef.set(open, true)
      same(yield* Fiber.join(fiber), ["job", 1])
      yield* empty(space)
    }))

  test.needing("turns")(
    "S10 S5 a transaction that a condition wakes keeps its turn among those who wait for a tuple",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const open = yield* TRef.make(0)
        const first = yield* start(space.transact(STM.orElse(
          Transaction.in(space, ["a", P.any]),
          () => STM.as(Transaction.check(STM.map(TRef.get(open), (n) => n > 1)), ["open"] as const)
        )))
        const second = yield* start(space.in(["a", P.any]))
        yield* TRef.set(open, 1)
        assert.isTrue(yield* isWaiting(first))
        yield* space.outAll([["a", 1], ["a", 2]])
        same(yield* Fiber.join(first), ["a", 1])
        same(yield* Fiber.join(second), ["a", 2])
        yield* empty(space)
      })
  )

  test("S10 take takes from a queue as a part of the whole, and waits for it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const queue = yield* TQueue.unbounded<number>()
      const move = STM.flatMap(Transaction.take(queue), (n) => Transaction.out(space, ["n", n]))
      const fiber = yield* start(space.transact(STM.zipLeft(move, Transaction.in(space, ["go"]))))
      yield* TQueue.offerAll(queue, [1, 2])
      assert.isTrue(yield* isWaiting(fiber))
      assert.strictEqual(yield* TQueue.size(queue), 2)
      assert.strictEqual(yield* Effect.flip(space.transact(STM.zipRight(move, STM.fail("no")))), "no")
      assert.strictEqual(yield* TQueue.size(queue), 2)
      yield* space.out(["go"])
      yield* Fiber.join(fiber)
      same(yield* TQueue.takeAll(queue), [2])
      same(yield* space.collect([P.any, P.any]), [["n", 1]])
      yield* TQueue.shutdown(queue)
      assert.isTrue(yield* isInterrupted(space.transact(move)))
      yield* empty(space)
    }))

  test("S10 F16 take works on a subscription of a TPubSub; a queue that is shut down interrupts who waits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const topic = yield* TPubSub.unbounded<string>()
      const news = yield* TPubSub.subscribeScoped(topic)
      const fiber = yield* start(space.transact(Transaction.take(news)))
      yield* TPubSub.publish(topic, "hello")
      assert.strictEqual(yield* Fiber.join(fiber), "hello")
      const queue = yield* TQueue.unbounded<number>()
      const waits = yield* start(space.transact(Transaction.take(queue)))
      assert.isTrue(yield* isWaiting(waits))
      yield* TQueue.shutdown(queue)
      assert.isTrue(yield* isInterrupted(Fiber.join(waits)))
      yield* empty(space)
    }))

  test("S10 many who wait for one queue get one element each, and do not keep each other awake", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const queue = yield* TQueue.unbounded<number>()
      const take = counting(Transaction.take(queue))
      const fibers = yield* Effect.forEach([0, 1, 2, 3], () => start(space.transact(take.stm)))
      const before = take.runs
      // Each has run and, before it waits, perhaps once more; none for the sake of another.
      assert.isAtMost(before, 8)
      yield* TQueue.offer(queue, 1)
      yield* settle
      assert.strictEqual(fibers.filter((fiber) => fiber.unsafePoll() !== null).length, 1)
      assert.isAtMost(take.runs - before, 4)
      yield* TQueue.offerAll(queue, [2, 3, 4])
      same([...yield* Fiber.join(Fiber.all(fibers))].sort(), [1, 2, 3, 4])
      yield* empty(space)
    }))

  test("S10 count waits until there are fewer, whoever takes them away, and however", () =>
    Effect.gen(function*() {
      const other = yield* fresh()
      const ways: ReadonlyArray<readonly [string, (space: Space) => Effect.Effect<unknown, unknown, any>]> = [
        ["in", (space) => space.in(["job", P.any])],
        ["collect", (space) => space.collect(["job", 2])],
        ["collectInto", (space) => space.collectInto(["job", 3], other)],
        ["inAll", (space) => space.inAll([["job", 1], ["job", 2]])],
        ["replace", (space) => space.replace(["job", 1], () => ["done", 1])],
        ["a transaction", (space) => space.transact(Transaction.in(space, ["job", P.any]))],
        ["inWith, while it holds", (space) => start(space.inWith(["job", P.any], () => Effect.never))]
      ]
      for (const [way, takeAway] of ways) {
        yield* Effect.scoped(Effect.gen(function*() {
          const space = yield* fresh()
          yield* space.outAll([["job", 1], ["job", 2], ["job", 3], ["open", 1], ["open", 2, 3]])
          const few = counting(jobs(space, (count) => count < 3))
          const fiber = yield* start(space.transact(few.stm))
          const open = yield* start(space.transact(Transaction.check(
            STM.map(Transaction.count(space, ["job", P.rest(P.any)]), (count) => count < 3)
          )))
          assert.isTrue(yield* isWaiting(fiber), way)
          assert.isTrue(yield* isWaiting(open), way)
          const before = few.runs
          const result = yield* takeAway(space)
          yield* settling(() => fiber.unsafePoll() !== null && open.unsafePoll() !== null)
          assert.strictEqual(fiber.unsafePoll()?._tag, "Success", way)
          assert.strictEqual(open.unsafePoll()?._tag, "Success", way)
          assert.strictEqual(few.runs, before + 1, way)
          if (Fiber.isFiber(result)) {
            yield* Fiber.interrupt(result)
          }
        }))
      }
      yield* other.collect([P.any, P.any])
    }))

  test("S10 what a transaction has looked at and left, and the next takes, is a change", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const both = yield* start(
        space.transact(STM.zip(Transaction.in(space, ["job", P.any]), Transaction.in(space, ["b"])))
      )
      const behind = yield* start(space.in(["job", P.any]))
      const none = yield* start(space.transact(STM.zipRight(
        Transaction.check(STM.map(Transaction.count(space, ["began"]), (count) => count > 0)),
        jobs(space, (count) => count === 0)
      )))
      yield* space.outAll([["began"], ["job", 1]])
      same(yield* Fiber.join(behind), ["job", 1])
      yield* Fiber.join(none)
      yield* Fiber.interrupt(both)
      yield* space.in(["began"])
      yield* empty(space)
    }))

  test("S10 rdp waits for absence, and count for what is given back or put", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["lock"])
      const absent = STM.map(Transaction.rdp(space, ["lock"]), Option.isNone)
      const free = yield* start(space.transact(STM.zipRight(
        Transaction.check(absent),
        Transaction.out(space, ["mine"])
      )))
      assert.isTrue(yield* isWaiting(free))
      yield* space.in(["lock"])
      yield* Fiber.join(free)
      const holder = yield* start(space.inWith(["mine"], () => Effect.never))
      const back = yield* start(space.transact(Transaction.check(
        STM.map(Transaction.count(space, ["mine"]), (count) => count === 1)
      )))
      assert.isTrue(yield* isWaiting(back))
      yield* Fiber.interrupt(holder)
      yield* Fiber.join(back)
      // A space that nobody has put such a tuple into can be waited for as well.
      const some = yield* start(space.transact(Transaction.check(
        STM.map(Transaction.count(space, ["new", P.any, P.any, P.any]), (count) => count > 1)
      )))
      yield* space.out(["new", 1, 2, 3])
      assert.isTrue(yield* isWaiting(some))
      yield* space.out(["new", 4, 5, 6])
      yield* Fiber.join(some)
      yield* space.collect([P.rest(P.any)])
      yield* empty(space)
    }))

  test.needing("clock")("S10 S15 a tuple whose time is over is a change", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["job", 1], { ttl: 100 })
      const fiber = yield* start(space.transact(jobs(space, (count) => count === 0)))
      assert.isTrue(yield* isWaiting(fiber))
      yield* pass(100)
      yield* Fiber.join(fiber)
      yield* empty(space)
    }))

  test.needing("options")("S10 S14 an eviction is a change", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2, strategy: "sliding" })
      yield* space.out(["job", 1])
      const fiber = yield* start(space.transact(jobs(space, (count) => count === 0)))
      yield* space.out(["other"])
      assert.isTrue(yield* isWaiting(fiber))
      yield* space.out(["other"])
      yield* Fiber.join(fiber)
      yield* space.collect(["other"])
      yield* empty(space)
    }))

  test("S10 what a failed transaction has done and undone is no change, nor is its own of one that waits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["job", 1], ["job", 2]])
      const own = counting(STM.zipRight(Transaction.out(space, ["job", 3]), jobs(space, (count) => count < 3)))
      const fiber = yield* start(space.transact(own.stm))
      assert.isTrue(yield* isWaiting(fiber))
      // A run may wake once: editions are told apart from when they are first read.
      yield* space.outAll([["job", 4]])
      yield* space.in(["job", 4])
      yield* settle
      const before = own.runs
      yield* Effect.flip(space.transact(STM.zipRight(Transaction.in(space, ["job", 1]), STM.fail("no"))))
      yield* settle
      assert.strictEqual(own.runs, before)
      yield* space.in(["job", 1])
      yield* Fiber.join(fiber)
      same(yield* space.collect(["job", P.any]), [["job", 2], ["job", 3]])
      yield* empty(space)
    }))

  test.needing("spaces")("S10 conditions over several spaces and a TRef", () =>
    Effect.gen(function*() {
      const one = yield* fresh()
      const two = yield* fresh()
      const least = yield* TRef.make(10)
      const enough = STM.gen(function*() {
        const count = (yield* Transaction.count(one, ["t"])) + (yield* Transaction.count(two, ["t"]))
        return count >= (yield* TRef.get(least))
      })
      const fiber = yield* start(one.transact(Transaction.check(enough)))
      yield* one.out(["t"])
      yield* two.out(["t"])
      assert.isTrue(yield* isWaiting(fiber))
      yield* TRef.set(least, 3)
      assert.isTrue(yield* isWaiting(fiber))
      yield* two.out(["t"])
      yield* Fiber.join(fiber)
      yield* one.collect(["t"])
      yield* two.collect(["t"])
      yield* empty(one)
      yield* empty(two)
    }))

  test("S10 a condition that retries does not hold, also if it is one of another, or waits with rd", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const ref = yield* TRef.make(0)
      const positive = STM.flatMap(TRef.get(ref), (n) => n > 0 ? STM.succeed(true) : STM.retry)
      const nested = STM.as(Transaction.check(STM.map(TRef.get(ref), (n) => n > 0)), true)
      const fibers = yield* Effect.forEach(
        [positive, nested, STM.as(Transaction.rd(space, ["a"]), true)],
        (condition) => start(space.transact(Transaction.check(condition)))
      )
      // The others use the space for nothing.
      assert.strictEqual(yield* waiters(space), 1)
      for (const fiber of fibers) {
        assert.isTrue(yield* isWaiting(fiber))
      }
      // Who only looks at a tuple does not wait for it: one who does has it, however late it came.
      const taker = yield* start(space.in(["a"]))
      yield* space.out(["a"])
      same(yield* Fiber.join(taker), ["a"])
      assert.isTrue(yield* isWaiting(fibers[2]!))
      yield* TRef.set(ref, 1)
      yield* space.out(["a"])
      yield* Fiber.join(Fiber.all(fibers))
      yield* space.in(["a"])
      yield* empty(space)
    }))

  test("S10 a condition may need services", () =>
    Effect.gen(function*() {
      class Gate extends Context.Tag("Gate")<Gate, TRef.TRef<boolean>>() {}
      const space = yield* fresh()
      const gate = yield* TRef.make(false)
      const isOpen = STM.flatMap(Gate, (open) => TRef.get(open)) as STM.STM<boolean, never, Gate>
      const fiber = yield* start(Effect.provideService(space.transact(Transaction.check(isOpen)), Gate, gate))
      assert.isTrue(yield* isWaiting(fiber))
      yield* TRef.set(gate, true)
      yield* Fiber.join(fiber)
    }))

  test("S8 S10 an interruption leaves nothing, woken or not", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const open = yield* TRef.make(0)
      yield* space.out(["job", 1])
      const both = STM.zipRight(
        Transaction.check(STM.map(TRef.get(open), (n) => n > 0)),
        STM.zip(jobs(space, (count) => count < 1), Transaction.out(space, ["seen"]))
      )
      const fiber = yield* start(space.transact(both))
      yield* Fiber.interrupt(fiber)
      const woken = yield* start(space.transact(both))
      yield* TRef.set(open, 1)
      yield* Fiber.interrupt(woken)
      same(yield* all(space), [["job", 1]])
      const waits = yield* start(space.transact(both))
      yield* space.in(["job", 1])
      yield* Fiber.interrupt(waits)
      yield* settle
      // It may have committed before it was interrupted, as a whole.
      yield* space.collect(["seen"])
      yield* empty(space)
    }))

  test("S10 S12 the end of a space interrupts its own transactions that wait for conditions", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const space = yield* Scope.extend(closing(), scope)
      const never = yield* TRef.make(false)
      yield* space.out(["job", 1])
      const waits = yield* Effect.forEach([
        jobs(space, (count) => count > 1),
        STM.zipRight(Transaction.inp(space, ["job", 1]), Transaction.check(TRef.get(never))),
        STM.orElse(STM.asVoid(Transaction.in(space, ["other"])), () => Transaction.check(TRef.get(never)))
      ], (stm) => start(space.transact(stm)))
      yield* Scope.close(scope, Exit.void)
      for (const fiber of waits) {
        assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
      }
    }))

  test.needing("spaces")(
    "S10 S12 a space that closes interrupts who waits for a condition on it, and who had used it before",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const space = yield* Scope.extend(closing(), scope)
        yield* space.out(["job", 1])
        const never = yield* TRef.make(false)
        const stay = yield* fresh()
        const looks = yield* start(stay.transact(jobs(space, (count) => count > 1)))
        const used = yield* start(stay.transact(
          STM.zipRight(Transaction.inp(space, ["job", 1]), Transaction.check(TRef.get(never)))
        ))
        assert.isTrue(yield* isWaiting(looks))
        assert.isTrue(yield* isWaiting(used))
        yield* Scope.close(scope, Exit.void)
        assert.isTrue(yield* isInterrupted(Fiber.join(looks)))
        assert.isTrue(yield* isInterrupted(Fiber.join(used)))
        yield* empty(stay)
      })
  )

  test("S3 S10 a predicate or a condition that throws is the end of its own transaction, also while it waits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const boom = new Error("boom")
      const bad = (value: unknown) => {
        if (value === 2) throw boom
        return false
      }
      const none = STM.map(Transaction.count(space, ["t", bad]), (count) => count > 0)
      const fiber = yield* start(space.transact(Transaction.check(none)))
      const ref = yield* TRef.make(0)
      const dies = yield* start(space.transact(Transaction.check(STM.map(TRef.get(ref), (n) => bad(n)))))
      assert.isTrue(yield* isWaiting(fiber))
      yield* space.out(["t", 2])
      yield* TRef.set(ref, 2)
      assert.strictEqual(yield* defectOf(Fiber.join(fiber)), boom)
      assert.strictEqual(yield* defectOf(Fiber.join(dies)), boom)
      yield* space.in(["t", 2])
      // Within the transaction it does not throw, and as it is parked it does.
      yield* TRef.set(ref, 2)
      const parked = space.transact(STM.zipRight(
        TRef.set(ref, 1),
        Transaction.check(STM.map(TRef.get(ref), (n) => bad(n)))
      ))
      assert.strictEqual(yield* defectOf(parked), boom)
      assert.strictEqual(yield* TRef.get(ref), 2)
      yield* empty(space)
    }))

  test("S10 S16 a condition only looks; what is no condition or no queue is refused by name", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const queue = yield* TQueue.unbounded<number>()
      yield* space.out(["a"])
      yield* TQueue.offer(queue, 1)
      const takes = [
        STM.as(Transaction.in(space, ["a"]), true),
        STM.as(Transaction.inp(space, ["a"]), false),
        STM.as(Transaction.out(space, ["b"]), true),
        STM.as(Transaction.take(queue), false)
      ]
      for (const condition of takes) {
        const error = yield* refusalOf(space.transact(Transaction.check(condition)))
        assert.strictEqual(error.reason, "Unsupported")
        assert.match(error.message, /changes something, which a condition of Transaction\.check must not/)
      }
      for (const bad of [undefined, true, Effect.succeed(true), () => true, Proxy.revocable({}, {}).proxy]) {
        const error = yield* refusalOf(space.transact(Transaction.check(bad as never)))
        assert.strictEqual(error.reason, "InvalidOption")
        assert.match(error.message, /^condition: .* is no STM/)
        const other = yield* refusalOf(space.transact(Transaction.take(bad as never)))
        assert.strictEqual(other.reason, "InvalidOption")
        assert.match(other.message, /^queue: .* is no TDequeue/)
      }
      const number = yield* refusalOf(space.transact(Transaction.check(STM.succeed(1) as never)))
      assert.match(number.message, /^condition: it gave 1, which is no boolean/)
      for (
        const stm of [Transaction.check(STM.succeed(true)), Transaction.take(queue), Transaction.count(space, ["a"])]
      ) {
        assert.strictEqual((yield* refusalOf(STM.commit(stm as STM.STM<unknown>))).reason, "Unsupported")
      }
      assert.strictEqual(yield* TQueue.size(queue), 1)
      same(yield* space.collect([P.any]), [["a"]])
      yield* empty(space)
    }))
})

export const queues = cases("Transaction: events in a queue", (test) => {
  /** Its transactions take what comes from the space under test. */
  const ledger = TupleSpace.make()

  test("S10 S17 subscribe gives the events from now on, in order, as a queue of STM", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const books = yield* ledger
      yield* space.out(["t", 0])
      yield* Effect.scoped(Effect.gen(function*() {
        const events = yield* Transaction.subscribe(space, ["t", P.number], { events: ["Out", "In"] })
        const waits = yield* start(books.transact(
          STM.flatMap(Transaction.take(events), ({ _tag }) => Transaction.out(books, ["seen", _tag]))
        ))
        yield* space.outAll([["t", 1], ["u", 1]])
        yield* space.in(["t", 0])
        yield* Fiber.join(waits)
        same(yield* books.in(["seen", P.any]), ["seen", "Out"])
        yield* Effect.exit(books.transact(STM.zipRight(Transaction.take(events), STM.fail("no"))))
        same(yield* books.transact(Transaction.take(events)), SpaceEvent.In({ tuple: ["t", 0] }) as never)
      }))
      assert.strictEqual(yield* waiters(space), 0)
      yield* space.collect([P.any, P.any])
      yield* empty(space)
    }))

  test("S10 S17 a queue with a capacity holds no more, and has all in the end", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const books = yield* ledger
      yield* Effect.scoped(Effect.gen(function*() {
        const events = yield* Transaction.subscribe(space, ["t", P.number], { capacity: 2 })
        const puts = yield* start(Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8, 9], (n) => space.out(["t", n])))
        const seen: Array<number> = []
        while (seen.length < 9) {
          assert.isAtMost(yield* TQueue.size(events), 2)
          const event = yield* books.transact(Transaction.take(events))
          if (event._tag !== "Missed") {
            seen.push(event.tuple[1])
          }
        }
        same(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9])
        yield* Fiber.join(puts)
      }))
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  test("S10 S12 S17 a queue ends with its scope, and with its space once it is empty: who takes is interrupted", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const books = yield* ledger
      const scope = yield* Scope.make()
      const events = yield* Scope.extend(Transaction.subscribe(space, ["t"]), scope)
      const waits = yield* start(books.transact(Transaction.take(events)))
      assert.isTrue(yield* isWaiting(waits))
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(yield* isInterrupted(Fiber.join(waits)))
      assert.isTrue(yield* TQueue.isShutdown(events))
      const closes = yield* Scope.make()
      const closed = yield* Scope.extend(closing(), closes)
      const last = yield* Transaction.subscribe(closed, ["t"])
      yield* closed.out(["t"])
      yield* STM.commit(STM.retryUntil(TQueue.size(last), (size) => size === 1))
      yield* Scope.close(closes, Exit.void)
      yield* settle
      same((yield* books.transact(Transaction.take(last)))._tag, "Out")
      assert.isTrue(yield* isInterrupted(books.transact(Transaction.take(last))))
      yield* empty(space)
    }))

  test("S10 S16 S17 bad input is refused as in subscribe", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const bad = [
        [Transaction.subscribe(space, ["t"], { capacity: 0 }), "InvalidOption"],
        [Transaction.subscribe(space, ["t"], { events: ["Other"] } as never), "InvalidOption"],
        [Transaction.subscribe(space, ["t"], 7 as never), "InvalidOption"],
        [Transaction.subscribe(space, ["t"], { capacity: 2, strateg: "sliding" } as never), "InvalidOption"],
        [Transaction.subscribe(space, [] as never), "InvalidPattern"],
        [Transaction.subscribe({} as Space, ["t"]), "InvalidOption"]
      ] as const
      for (const [subscribe, reason] of bad) {
        assert.strictEqual((yield* refusalOf(Effect.scoped(subscribe))).reason, reason)
      }
      yield* empty(space)
    }))
})
