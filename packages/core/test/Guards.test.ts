import { Pattern as P, Query as Q, Sharded, Transaction, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Option, STM, TestClock } from "effect"
import { empty, fresh, isInterrupted, memoryOf, same, settle, start, waiters } from "./helpers.js"
import { atTheOtherEnd } from "./links.js"

const numbers = (size: number) => Array.from({ length: size }, (_, n) => n)

/** How many tuples the operations of a space in memory look at from now on. */
const looksIn = (space: object): () => number => {
  const { store } = memoryOf(space)
  let looks = 0
  store.onExamined = (examined) => {
    looks += examined
  }
  return () => {
    const before = looks
    looks = 0
    return before
  }
}

describe("Guards in memory", () => {
  it.scoped("S8 S9 S18 waits for absence that are interrupted, late, or served leave nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const { store } = memoryOf(space)
      yield* space.outAll([["paused"], ["job", 0]])
      const fibers = yield* Effect.forEach(
        numbers(1000),
        (n): Effect.Effect<Fiber.RuntimeFiber<unknown, unknown>> =>
          Effect.fork<unknown, unknown, never>(
            n % 4 === 0
              ? space.awaitNone(["paused"], { timeout: 1 + n % 3 })
              : n % 4 === 1
              ? space.in(Q.all([["none", n], Q.absent(["paused"]), Q.absent(["job", P.number])]))
              : n % 4 === 2
              ? space.rd(Q.all([Q.read(["job", n]), Q.absent(["job", P.number])]))
              : space.awaitNone([P.string])
          )
      )
      yield* settle
      same([store.absentees.size, yield* waiters(space)], [1000, 1000])
      yield* TestClock.adjust(3)
      same([store.absentees.size, store.deadlines.size], [750, 0])
      yield* space.in(["paused"])
      yield* settle
      same([store.absentees.size, yield* waiters(space)], [500, 500])
      yield* Fiber.interruptAll(fibers)
      yield* space.in(["job", 0])
      yield* empty(space)
    }))

  it.scoped("S18 what leaves is looked up: those who wait for other absences are not asked", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const size = 10_000
      yield* space.outAll(numbers(size).map((n) => ["lock", n] as const))
      const fibers = yield* Effect.forEach(numbers(size), (n) => Effect.fork(space.awaitNone(["lock", n])))
      yield* settle
      yield* space.out(["other", 1])
      yield* space.rd(["lock", 1])
      const looks = looksIn(space)
      yield* space.in(["other", 1])
      assert.isBelow(looks(), 10)
      yield* space.in(["lock", 7])
      assert.isBelow(looks(), 20)
      yield* Fiber.join(fibers[7]!)
      same(yield* waiters(space), size - 1)
      yield* space.collect(["lock", P.number])
      yield* Effect.forEach(fibers, Fiber.join)
      yield* empty(space)
    }))

  it.scoped("S18 whether something is absent costs no more where much is held", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const size = 2_000
      yield* space.outAll(numbers(size).flatMap((n) => [["job", n], ["held", n]] as const))
      const holders = yield* Effect.forEach(
        numbers(size),
        (n) => Effect.fork(space.inWith(["held", n], () => Effect.never))
      )
      yield* settle
      let looks = 0
      const isHeld = (value: unknown) => {
        looks++
        return typeof value === "number"
      }
      // For each job what is held of it is looked up.
      same(yield* space.rdp(Q.all([["job", P.ref("n")], Q.absent(["held", P.ref("n")])])), Option.none())
      same(yield* space.rdp(Q.all([Q.absent(["none", isHeld])])), Option.some([]))
      assert.strictEqual(looks, 0)
      yield* Fiber.interruptAll(holders)
      yield* space.collect([P.any, P.any])
      yield* empty(space)
    }))

  it.scoped("S18 S12 a space that closes ends a wait for nothing but absence, and one that was just served", () =>
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const [waiting, served] = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* TupleSpace.make()
        yield* space.outAll([["a"], ["b"]])
        const waiting = yield* Effect.forkIn(space.awaitNone(["a"]), scope)
        const served = yield* Effect.forkIn(space.awaitNone(["b"]), scope)
        yield* settle
        yield* space.in(["b"])
        return [waiting, served] as const
      }))
      assert.isTrue(yield* isInterrupted(Fiber.join(waiting)))
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(served)))
    }))

  it.scoped("S12 S10 who was served before its space closes has the tuple, though a condition looks at that", () =>
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const { condition, served } = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* TupleSpace.make()
        const some = STM.map(Transaction.count(space, ["a"]), (count) => count > 1)
        const served = yield* Effect.forkIn(space.in(["a"]), scope)
        const condition = yield* Effect.forkIn(space.transact(Transaction.check(some)), scope)
        yield* settle
        yield* space.out(["a"])
        return { condition, served }
      }))
      same(yield* Fiber.join(served), ["a"])
      assert.isTrue(yield* isInterrupted(Fiber.join(condition)))
    }))
})

describe("Guards elsewhere", () => {
  it.scoped("S18 in a split space guards and a preference are of one part", () =>
    Effect.gen(function*() {
      const parts = [yield* TupleSpace.make(), yield* TupleSpace.make()] as const
      const space = Sharded.make(parts)
      const firsts = numbers(20)
      const [first, other] = [
        firsts.find((n) => Effect.runSync(Sharded.partOf(n, 2)) === 0)!,
        firsts.find((n) => Effect.runSync(Sharded.partOf(n, 2)) === 1)!
      ]
      const far: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        space.in(Q.any([[first], [other]], { prefer: "first" })),
        space.rdp(Q.any([[first], [other]], { prefer: "first" })),
        space.in(Q.all([[first], Q.absent([other])])),
        space.awaitNone([P.number])
      ]
      for (const operation of far) {
        const error: any = yield* Effect.flip(operation)
        same(error.reason, "Unsupported")
      }
      yield* space.out([first])
      same(yield* space.in(Q.any([[first, 1], [first]], { prefer: "first" })), { index: 1, tuple: [first] })
      yield* space.awaitNone([first])
    }))

  it.scoped("S18 over a link what is absent is known without a question: code in it is refused", () =>
    Effect.gen(function*() {
      const context = yield* Layer.build(atTheOtherEnd(TupleSpace.layer))
      const space = Context.get(context, TupleSpace.TupleSpace)
      const isNumber = (value: unknown) => typeof value === "number"
      for (const field of [isNumber, P.matching(/x/), P.instanceOf(Date), [isNumber]]) {
        for (const operation of [space.awaitNone(["t", field]), space.in(Q.all([["t"], Q.absent(["t", field])]))]) {
          const error: any = yield* Effect.flip(operation)
          same(error.reason, "Unsupported")
          assert.match(error.message, /^Query\.absent: over a link/)
        }
      }
      // What is taken or read may have code.
      yield* space.outAll([["t", 1], ["t", "x"]])
      const found = yield* space.in(Q.all([["t", isNumber], Q.read(["t", P.matching(/x/)]), Q.absent(["u", P.number])]))
      same(found, [["t", 1], ["t", "x"]])
    }))

  it.scoped("S18 over a link a wait for absence that is interrupted leaves nothing there", () =>
    Effect.gen(function*() {
      const context = yield* Layer.build(atTheOtherEnd(TupleSpace.layer))
      const space = Context.get(context, TupleSpace.TupleSpace)
      yield* space.out(["t"])
      const waiter = yield* start(space.awaitNone(["t"]))
      same((yield* space.inspect).interests.map(({ kind, patterns }) => [kind, patterns]), [
        ["rdAll", [`absent ["t"]`]]
      ])
      yield* Fiber.interrupt(waiter)
      yield* settle
      same((yield* space.inspect).interests, [])
    }))
})
