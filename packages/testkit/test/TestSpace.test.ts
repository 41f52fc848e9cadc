import { Pattern as P, SpaceError, SpaceStore, Transaction, TupleSpace } from "@effect-linda/core"
import { TestSpace } from "@effect-linda/testkit"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, STM, Stream, TestClock } from "effect"

type Job = readonly ["job", number]
class Jobs extends TupleSpace.Tag("Jobs")<Jobs, Job>() {}

describe("TestSpace", () => {
  it.effect("shows what is stored, who waits, and what was done", () =>
    Effect.gen(function*() {
      const test = yield* TestSpace.TestSpace
      yield* TupleSpace.outAll([["a", 1], ["b"]])
      const fiber = yield* Effect.fork(TupleSpace.in(["c", P.number]))
      yield* test.awaitWaiting(1)
      assert.deepStrictEqual(yield* test.tuples, [["a", 1], ["b"]])
      const [waiter] = yield* test.waiting
      assert.deepStrictEqual([waiter?.kind, waiter?.patterns], ["in", ["[\"c\", number]"]])
      assert.deepStrictEqual((yield* test.calls).map(({ operation }) => operation), ["outAll", "in"])
      yield* TupleSpace.out(["c", 1])
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["c", 1])
    }).pipe(Effect.provide(TestSpace.layer)))

  it.effect("says who waits if too few do", () =>
    Effect.gen(function*() {
      const test = yield* TestSpace.TestSpace
      const fiber = yield* Effect.fork(TupleSpace.rd(["x"]))
      const exit = yield* Effect.exit(test.awaitWaiting(2))
      assert.match(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), /1 wait, where 2 should: rd \["x"\]/)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(TestSpace.layer)))

  it.effect("fails operations as an engine that is lost would, and nothing has happened", () =>
    Effect.gen(function*() {
      const test = yield* TestSpace.TestSpace
      yield* test.fail("out", { times: 2 })
      for (let i = 0; i < 2; i++) {
        assert.strictEqual((yield* Effect.flip(TupleSpace.out(["a"]))).reason, "Unavailable")
      }
      yield* TupleSpace.out(["b"])
      assert.deepStrictEqual(yield* test.tuples, [["b"]])
      const error = new SpaceError.SpaceError({ reason: "Unsupported", message: "no" })
      yield* test.fail("inWith", { error })
      assert.strictEqual(yield* Effect.flip(TupleSpace.inWith(["b"], () => Effect.void)), error)
      yield* test.fail("stream")
      const reading = TupleSpace.stream(["b"]).pipe(Stream.take(1), Stream.runCollect)
      assert.strictEqual((yield* Effect.flip(reading)).reason, "Unavailable")
      assert.deepStrictEqual([...(yield* reading)], [["b"]])
    }).pipe(Effect.provide(TestSpace.layer)))

  it.effect("delays operations, until the scope of the delay closes", () =>
    Effect.gen(function*() {
      const test = yield* TestSpace.TestSpace
      yield* Effect.scoped(Effect.gen(function*() {
        yield* test.delay("out", "1 second")
        const fiber = yield* Effect.fork(TupleSpace.out(["a"]))
        yield* TestClock.adjust("999 millis")
        assert.deepStrictEqual(yield* test.tuples, [])
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(yield* test.tuples, [["a"]])
      }))
      yield* TupleSpace.out(["b"])
      assert.deepStrictEqual(yield* test.tuples, [["a"], ["b"]])
    }).pipe(Effect.provide(TestSpace.layer)))

  it.effect("is a space in memory in all else, of a protocol of one's own", () =>
    Effect.gen(function*() {
      const test = yield* TestSpace.TestSpace
      const jobs = yield* Jobs
      yield* Effect.scoped(Effect.gen(function*() {
        yield* test.before(({ args, operation }) =>
          operation === "out" && (args[0] as Job)[1] < 0
            ? Effect.fail(new SpaceError.SpaceError({ reason: "InvalidTuple", message: "negative" }))
            : Effect.void
        )
        assert.strictEqual((yield* Effect.flip(jobs.out(["job", -1]))).message, "negative")
        yield* jobs.out(["job", 1])
      }))
      assert.deepStrictEqual(yield* jobs.transact(Transaction.in(jobs, ["job", P.number])), ["job", 1])
      assert.deepStrictEqual((yield* test.calls).map(({ operation }) => operation), ["out", "out", "transact"])
    }).pipe(Effect.provide(TestSpace.layerFor(Jobs))))

  it.scoped("S3 is the other side of any space, of its transactions too", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const store = yield* open("jobs")
      const [jobs, test] = yield* TestSpace.over(yield* SpaceStore.make<Job>(store))
      const twice = SpaceStore.transaction(jobs)(Effect.gen(function*() {
        const [, n] = yield* jobs.in(["job", P.number])
        yield* jobs.out(["job", n * 2])
      }))
      yield* jobs.out(["job", 4])
      yield* test.fail("out")
      const error = yield* Effect.flip(twice)
      assert.strictEqual(error.reason, "Unavailable")
      // a tuple of the protocol
      assert.deepStrictEqual((yield* test.tuples).map(([, n]) => n + 0), [4])
      yield* twice
      assert.deepStrictEqual(yield* test.tuples, [["job", 8]])
      assert.deepStrictEqual((yield* test.calls).map(({ operation }) => operation), ["out", "in", "out", "in", "out"])
    }))

  it.scoped("S3 a transact over a store is one call, which can be made to fail", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const store = yield* open("jobs")
      const [jobs, test] = yield* TestSpace.over(yield* SpaceStore.make<Job>(store))
      const twice = jobs.transact(STM.flatMap(
        Transaction.in(jobs, ["job", P.number]),
        ([, n]) => Transaction.out(jobs, ["job", n * 2])
      ))
      const fiber = yield* Effect.fork(twice)
      yield* test.awaitWaiting(1)
      yield* jobs.out(["job", 4])
      yield* Fiber.join(fiber)
      yield* test.fail("transact")
      assert.strictEqual((yield* Effect.flip(twice)).reason, "Unavailable")
      assert.deepStrictEqual(yield* test.tuples, [["job", 8]])
      assert.deepStrictEqual((yield* test.calls).map(({ operation }) => operation), ["transact", "out", "transact"])
    }))
})
