/**
 * Who waits and who is served (S4, S5, S8), timeouts (S9), choices and joins (S11).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { cases } from "./case.js"
import { assert, clockThatIsSet, empty, fresh, isWaiting, pass, same, settle, settling, start, waiters } from "./kit.js"

const none = Option.none()

export const waiting = cases("Waiting: who gets a tuple", (test) => {
  test("S4 O10 a blocked in gets the tuple; nobody else ever sees it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t", P.number]))
      assert.isTrue(yield* isWaiting(taker))
      yield* space.out(["t", 1])
      same(yield* space.inp(["t", P.number]), none)
      same(yield* Fiber.join(taker), ["t", 1])
      yield* empty(space)
    }))

  test("S4 O11 a blocked rd gets the tuple, which stays", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* start(space.rd(["t", P.number]))
      yield* space.out(["t", 1])
      same(yield* Fiber.join(reader), ["t", 1])
      same(yield* space.inp(["t", 1]), Option.some(["t", 1]))
    }))

  test("S4 O12 a waiter passes over what does not match", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in([1, P.any]))
      yield* space.out([2, 2])
      assert.isTrue(yield* isWaiting(taker))
      yield* space.out([1, 1])
      same(yield* Fiber.join(taker), [1, 1])
      same(yield* space.collect([P.any, P.any]), [[2, 2]])
    }))

  test("S4 O13 five readers are served by one out", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const readers = yield* Effect.replicateEffect(start(space.rd(["t", P.number])), 5)
      yield* space.out(["t", 1])
      same(yield* Fiber.join(Fiber.all(readers)), Array.from({ length: 5 }, () => ["t", 1]))
      assert.strictEqual(yield* space.count(["t", 1]), 1)
    }))

  test("S4 O14 T12 of three takers one is served by one out", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const takers = yield* Effect.replicateEffect(start(space.in(["t"])), 3)
      yield* space.out(["t"])
      yield* Fiber.join(takers[0]!)
      yield* settle
      same(takers.map((fiber) => fiber.unsafePoll() !== null), [true, false, false])
      assert.strictEqual(yield* waiters(space), 2)
      yield* Fiber.interruptAll(takers)
    }))

  test("S4 O15 a reader that waits before a taker gets the tuple too", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* start(space.rd(["t"]))
      const taker = yield* start(space.in(["t"]))
      yield* space.out(["t"])
      yield* Fiber.join(Fiber.zip(reader, taker))
      yield* empty(space)
    }))

  test("S4 O15 a reader that waits behind a taker gets the tuple too", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t"]))
      const reader = yield* start(space.rd(["t"]))
      yield* space.out(["t"])
      yield* Fiber.join(Fiber.zip(reader, taker))
      yield* empty(space)
    }))

  test("S4 O17 the reader and the first taker are served, the second still waits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* start(space.rd(["t", P.any]))
      const first = yield* start(space.in(["t", P.any]))
      const second = yield* start(space.in(["t", P.any]))
      yield* space.out(["t", 1])
      yield* Fiber.join(Fiber.zip(reader, first))
      assert.isTrue(yield* isWaiting(second))
      yield* space.out(["t", 2])
      same(yield* Fiber.join(second), ["t", 2])
    }))

  test("S5 O18 takers are served in order of arrival", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const a = yield* start(space.in(["t", P.string]))
      const b = yield* start(space.in(["t", P.string]))
      yield* space.out(["t", "x"])
      yield* space.out(["t", "y"])
      same(yield* Fiber.join(Fiber.zip(a, b)), [["t", "x"], ["t", "y"]])
    }))

  test("S5 the order of arrival holds between all kinds of takers and patterns", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fibers = [
        yield* start(space.in(["t", P.number])),
        yield* start(Effect.map(space.inAny([["z"], [P.any, P.any]]), ({ tuple }) => tuple)),
        yield* start(space.in([P.rest(P.any)])),
        yield* start(space.inWith([P.string, P.between(0, 9)], (tuple) => Effect.succeed(tuple))),
        yield* start(Effect.map(space.inAll([["t", P.any]]), ([tuple]) => tuple)),
        yield* start(Effect.scoped(space.inScoped(["t", (n: number) => n >= 0]))),
        yield* start(space.in(["t", P.any]))
      ]
      for (let i = 0; i < fibers.length; i++) {
        yield* space.out(["t", i])
      }
      for (let i = 0; i < fibers.length; i++) {
        same((yield* Fiber.join(fibers[i]! as any)) as any, ["t", i])
      }
      yield* empty(space)
    }))

  test("S5 O19 a younger waiter is served if the tuple is only for it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const a = yield* start(space.in([P.any, 1]))
      const b = yield* start(space.in([P.any, 2]))
      yield* space.out(["t", 2])
      same(yield* Fiber.join(b), ["t", 2])
      assert.isTrue(yield* isWaiting(a))
      yield* Fiber.interrupt(a)
    }))

  test("O23 four queries, then four puts: each gets its own", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const queries = [[1, P.any], [P.any, "b"], [true, P.any], [P.date, P.bigint]] as const
      const tuples = [[new Date(0), 1n], [true, "c"], ["x", "b"], [1, "a"]] as const
      const fibers = yield* Effect.forEach(queries, (query) => start(space.in(query)))
      yield* Effect.forEach(tuples, (tuple) => space.out(tuple))
      same(yield* Fiber.join(Fiber.all(fibers)), tuples.slice().reverse())
      yield* empty(space)
    }))

  test.needing("references")(
    "O23 a query for an instance of a class is passed over by what is none",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const map = new Map()
        const taker = yield* start(space.in([P.any, P.instanceOf(Map)]))
        yield* space.out([1, new Set()])
        assert.isTrue(yield* isWaiting(taker))
        yield* space.out([2, map])
        assert.strictEqual((yield* Fiber.join(taker))[1], map)
        same(yield* space.collect([P.any, P.any]), [[1, new Set()]])
      })
  )

  test("S4 outAll serves those who wait, each tuple in its order", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const a = yield* start(space.in(["t", P.number]))
      const reader = yield* start(space.rd(["t", 2]))
      const b = yield* start(space.in(["t", P.number]))
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      same(yield* Fiber.join(Fiber.all([a, reader, b])), [["t", 1], ["t", 2], ["t", 2]])
      same(yield* space.collect(["t", P.any]), [["t", 3]])
    }))

  test("S5 a burst is shared among those who take in a loop", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taken = [0, 0, 0]
      // Not `Effect.forever`, which yields by itself.
      const work = (worker: number): Effect.Effect<never, unknown> =>
        Effect.flatMap(space.in(["job"]), () => {
          taken[worker]!++
          return work(worker)
        })
      const workers = yield* Effect.forEach(taken, (_, worker) => start(work(worker)))
      yield* space.outAll(Array.from({ length: 30 }, () => ["job"] as const))
      yield* settling(() => taken.reduce((sum, n) => sum + n, 0) === 30)
      yield* Fiber.interruptAll(workers)
      assert.isAbove(Math.min(...taken), 5, `of 30 they took ${taken.join(", ")}`)
      yield* empty(space)
    }))

  test("S5 Q05 among hot waiters nobody starves", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const slow = yield* Effect.forEach([0, 1, 2], (i) => Effect.fork(space.in(["t", P.between(0, i + 10)])))
      yield* settle
      const hot = yield* Effect.fork(Effect.forever(space.in(["t", P.number])))
      yield* settle
      for (let i = 0; i < 300; i++) {
        yield* space.out(["t", i % 10])
        yield* Effect.yieldNow()
      }
      yield* settling(() => slow.every((fiber) => fiber.unsafePoll() !== null))
      assert.isTrue(slow.every((fiber) => fiber.unsafePoll() !== null))
      yield* Fiber.interrupt(hot)
    }))
})

export const interruption = cases("Waiting: interruption", (test) => {
  test("S8 T06 an interrupted wait leaves nothing behind", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const blocked: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        space.in(["t"]),
        space.rd(["t"]),
        space.in(["t"], { timeout: "1 minutes" }),
        space.inAny([["t"], ["u"]]),
        space.rdAny([["t"], ["u"]]),
        space.inAll([["t"], ["u"]]),
        space.inWith(["t"], () => Effect.void),
        Effect.scoped(space.inScoped(["t"])),
        space.withPermit(["t"], () => Effect.void)
      ]
      for (const operation of blocked) {
        const fiber = yield* start(operation)
        assert.strictEqual(yield* waiters(space), 1)
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        yield* empty(space)
      }
      yield* space.outAll([["t"], ["u"]])
      assert.strictEqual(yield* space.count([P.any]), 2)
    }))

  test("S8 a taker that is interrupted as its tuple comes has it, or it is back in its old place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t", 1]))
      yield* space.out(["t", 1])
      yield* space.out(["t", 2])
      const exit = yield* Fiber.interrupt(taker)
      same(yield* space.copyCollect(["t", P.any]), Exit.isSuccess(exit) ? [["t", 2]] : [["t", 1], ["t", 2]])
    }))

  test("S8 a tuple that is back because its taker was interrupted is offered to the next who waits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const first = yield* start(space.in(["t", P.any]))
      const second = yield* start(space.in(["t", P.any]))
      const reader = yield* start(space.rd(["u"]))
      yield* space.out(["t", 1])
      const late = yield* Effect.fork(space.rd(["t", 1]))
      const exit = yield* Fiber.interrupt(first)
      if (Exit.isSuccess(exit)) {
        yield* space.out(exit.value)
      }
      same(yield* Fiber.join(second), ["t", 1])
      assert.isTrue(yield* isWaiting(reader))
      yield* Fiber.interrupt(reader)
      yield* Fiber.interrupt(late)
      yield* empty(space)
    }))

  test("S8 the same for a choice, for a join and for a use", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (
        const [operation, ...left] of [
          [space.inAny([["t", 1], ["x"]]), ["t", 2]],
          [space.inAll([["t", 2], ["t", 1]])],
          [space.inWith(["t", 1], () => Effect.never), ["t", 2]]
        ] as ReadonlyArray<[Effect.Effect<unknown, unknown>, ...Array<unknown>]>
      ) {
        const fiber = yield* start(operation)
        yield* space.outAll([["t", 1], ["t", 2]])
        const exit = yield* Fiber.interrupt(fiber)
        same(yield* space.collect(["t", P.any]), Exit.isSuccess(exit) ? left : [["t", 1], ["t", 2]])
      }
      yield* empty(space)
    }))

  test("S8 a fiber that is interrupted after it has its tuple has it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const seen = yield* Deferred.make<unknown>()
      const fiber = yield* start(
        Effect.flatMap(space.in(["t"]), (tuple) => Effect.zipRight(Deferred.succeed(seen, tuple), Effect.never))
      )
      yield* space.out(["t"])
      same(yield* Deferred.await(seen), ["t"])
      yield* Fiber.interrupt(fiber)
      yield* empty(space)
    }))

  test("S8 in an uninterruptible region a delivered tuple is kept", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const got: Array<unknown> = []
      const fiber = yield* start(Effect.uninterruptible(Effect.map(space.in(["t"]), (tuple) => got.push(tuple))))
      const interrupting = yield* start(Fiber.interrupt(fiber))
      yield* space.out(["t"])
      yield* Fiber.join(interrupting)
      same(got, [["t"]])
      yield* empty(space)
    }))

  test("S8 T04 T16 whoever is aborted leaves the tuple to others", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const aborted = yield* start(space.in(["t"]).pipe(Effect.catchAllCause(() => Effect.never), Effect.interruptible))
      yield* Effect.fork(Fiber.interrupt(aborted))
      yield* settle
      yield* space.out(["t"])
      same(yield* space.in(["t"]), ["t"])
    }))

  test("S8 a race of two takes takes one tuple", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const race = yield* start(Effect.race(space.in(["a"]), space.in(["b"])))
      yield* space.out(["b"])
      same(yield* Fiber.join(race), ["b"])
      yield* space.out(["a"])
      same(yield* space.inp(["a"]), Option.some(["a"]))
      yield* empty(space)
    }))
})

export const timeouts = cases("Waiting: timeouts", (test) => {
  const timed = test.needing("clock")

  test("S9 T01 T02 a wait that times out leaves nothing; a later tuple stays", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(Effect.flip(space.in(["t"], { timeout: "20 millis" })))
      yield* pass("20 millis")
      const error = yield* Fiber.join(fiber)
      assert.isTrue(Cause.isTimeoutException(error))
      assert.strictEqual((error as Cause.TimeoutException)._tag, "TimeoutException")
      yield* empty(space)
      yield* space.out(["t"])
      assert.strictEqual(yield* space.count(["t"]), 1)
    }))

  test("S9 T01 every operation that waits times out", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const timeout = { timeout: "20 millis" } as const
      const fibers = yield* Effect.forEach([
        space.in(["t"], timeout),
        space.rd(["t"], timeout),
        space.inAny([["t"]], timeout),
        space.rdAny({ a: ["t"] }, timeout),
        space.inAll([["t"], ["u"]], timeout),
        space.inWith(["t"], () => Effect.void, timeout),
        Effect.scoped(space.inScoped(["t"], timeout)),
        space.withPermit(["t"], () => Effect.void, timeout)
      ] as ReadonlyArray<Effect.Effect<unknown, unknown>>, (operation) => Effect.fork(Effect.flip(operation)))
      yield* pass("20 millis")
      for (const fiber of fibers) {
        assert.isTrue(Cause.isTimeoutException(yield* Fiber.join(fiber)))
      }
      yield* empty(space)
    }))

  timed("S9 T01 a wait times out at its time, and not before", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(Effect.flip(space.in(["t"], { timeout: "20 millis" })))
      yield* pass("19 millis")
      assert.isTrue(yield* isWaiting(fiber))
      yield* pass("1 millis")
      assert.isTrue(Cause.isTimeoutException(yield* Fiber.join(fiber)))
      yield* empty(space)
    }))

  timed("S9 T14 every operation that waits times out at exactly its time", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const timeout = { timeout: "1 seconds" } as const
      const operations: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        space.in(["t"], timeout),
        space.rd(["t"], timeout),
        space.inAny([["t"]], timeout),
        space.rdAny({ a: ["t"] }, timeout),
        space.inAll([["t"], ["u"]], timeout),
        space.inWith(["t"], () => Effect.void, timeout),
        Effect.scoped(space.inScoped(["t"], timeout)),
        space.withPermit(["t"], () => Effect.void, timeout)
      ]
      const fibers = yield* Effect.forEach(operations, (operation) =>
        start(Effect.zipRight(Effect.flip(operation), Clock.currentTimeMillis)))
      yield* pass("999 millis")
      assert.strictEqual(yield* waiters(space), operations.length)
      yield* pass("5 seconds")
      for (const fiber of fibers) {
        assert.strictEqual(yield* Fiber.join(fiber), 1000)
      }
      yield* empty(space)
    }))

  test("S9 K13 the clock of the machine may be set while somebody waits: the timeout lasts as long as it says", () =>
    Effect.gen(function*() {
      const { clock, set } = yield* clockThatIsSet
      const space = yield* Effect.withClock(fresh(), clock)
      const short = { timeout: "200 millis" } as const
      const early = yield* start(Effect.flip(space.in(["t"], short)))
      const reader = yield* start(Effect.flip(space.rd(["t"], short)))
      set("1 hours", true)
      yield* pass("1 seconds")
      assert.isTrue(Cause.isTimeoutException(yield* Fiber.join(early)))
      assert.isTrue(Cause.isTimeoutException(yield* Fiber.join(reader)))
      const late = yield* start(space.in(["t"], { timeout: "30 minutes" }))
      set("2 hours")
      yield* pass("10 millis")
      assert.isTrue(yield* isWaiting(late))
      yield* space.out(["t"])
      same(yield* Fiber.join(late), ["t"])
      yield* empty(space)
    }))

  test.needing("clock")(
    "S9 K20 a timeout that is further away than any timer lasts ends at its time",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const waiter = yield* start(Effect.flip(space.in(["t"], { timeout: "20000 days" })))
        yield* pass("19999 days")
        assert.isTrue(yield* isWaiting(waiter))
        yield* pass("1 days")
        assert.isTrue(Cause.isTimeoutException(yield* Fiber.join(waiter)))
        yield* empty(space)
      })
  )

  test("S9 K21 a timeout says of what it is one, and is told from any other", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const soon = { timeout: "20 millis" } as const
      const use = () => Effect.void
      const operations: ReadonlyArray<
        readonly [name: string, ReadonlyArray<string>, operation: Effect.Effect<unknown, unknown>]
      > = [
        ["in", ["[\"job\", number]"], space.in(["job", P.number], soon)],
        ["rd", ["[\"job\", any]"], space.rd(["job", P.any], soon)],
        ["inAny", ["[\"a\"]", "[\"b\"]"], space.inAny([["a"], ["b"]], soon)],
        ["rdAny", ["[\"a\"]"], space.rdAny({ a: ["a"] }, soon)],
        ["inAll", ["[\"a\"]", "[\"b\"]"], space.inAll([["a"], ["b"]], soon)],
        ["inWith", ["[\"a\"]"], space.inWith(["a"], use, soon)],
        ["inScoped", ["[\"a\"]"], Effect.scoped(space.inScoped(["a"], soon))],
        ["withPermit", ["[\"a\"]"], space.withPermit(["a"], use, soon)],
        ["in", ["[\"a\"]"], space.in(["a"], { timeout: 0 })]
      ]
      const fibers = yield* Effect.forEach(operations, ([, , operation]) => Effect.fork(Effect.flip(operation)))
      yield* pass("20 millis")
      for (const [index, [operation, patterns]] of operations.entries()) {
        const error = yield* Fiber.join(fibers[index]!)
        assert.isTrue(TupleSpace.isTimeout(error) && Cause.isTimeoutException(error))
        if (TupleSpace.isTimeout(error)) {
          same([error.operation, error.patterns, error._tag], [operation, patterns, "TimeoutException"])
          const within = index === operations.length - 1 ? "now" : "within 20ms"
          assert.strictEqual(
            error.message,
            `${operation}(${patterns.join(", ")}) of space "${error.space}": no tuple ${within}`
          )
        }
      }
      // That of the use is not that of the wait, be it of this space or of Effect.
      yield* space.out(["a"])
      const inner = yield* Effect.flip(space.inWith(["a"], () => space.rd(["b"], { timeout: 0 }), { timeout: 0 }))
      assert.isTrue(TupleSpace.isTimeout(inner) && inner.operation === "rd")
      const own = yield* Effect.flip(
        space.withPermit(["a"], () => Effect.fail(new Cause.TimeoutException("mine")), { timeout: 0 })
      )
      assert.isTrue(Cause.isTimeoutException(own) && !TupleSpace.isTimeout(own))
      assert.isFalse(TupleSpace.isTimeout({ space: "a", operation: "in", patterns: [] }))
      yield* space.collect(["a"])
      yield* empty(space)
    }))

  test("S9 O09 the empty timeout looks without waiting", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (
        const operation of [
          space.in(["t"], { timeout: 0 }),
          space.rd(["t"], { timeout: 0 }),
          space.inAny([["t"]], { timeout: 0 }),
          space.inAll([["t"]], { timeout: 0 }),
          space.inWith(["t"], () => Effect.void, { timeout: 0 }),
          space.withPermit(["t"], () => Effect.void, { timeout: 0 })
        ] as ReadonlyArray<Effect.Effect<unknown, unknown>>
      ) {
        assert.isTrue(Cause.isTimeoutException(yield* Effect.flip(operation)))
      }
      assert.strictEqual(yield* waiters(space), 0)
      yield* space.out(["t"])
      same(yield* space.in(["t"], { timeout: 0 }), ["t"])
      yield* empty(space)
    }))

  test("S9 T03 a tuple that came too late is not given to a later wait for another", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const first = yield* start(Effect.flip(space.in([1, 2, 3, 4], { timeout: 10 })))
      yield* pass(10)
      yield* Fiber.join(first)
      yield* space.out([1, 2, 3, 4])
      const second = yield* start(Effect.flip(space.in([5, 6, 7, 8], { timeout: 10 })))
      yield* pass(10)
      yield* Fiber.join(second)
      assert.strictEqual(yield* space.count([1, 2, 3, 4]), 1)
    }))

  test("S9 T09 an out at exactly the deadline: either result, and the tuple is in one place", () =>
    Effect.gen(function*() {
      for (const order of ["out first", "timeout first"]) {
        const space = yield* fresh()
        const out = Effect.zipRight(Effect.sleep(10), space.out(["t"]))
        const early = order === "out first" ? yield* Effect.fork(out) : undefined
        const fiber = yield* Effect.fork(Effect.either(space.in(["t"], { timeout: 10 })))
        const late = order === "out first" ? undefined : yield* Effect.fork(out)
        yield* pass(10)
        const result = yield* Fiber.join(fiber)
        yield* Fiber.join((early ?? late)!)
        assert.strictEqual(yield* space.count(["t"]), result._tag === "Right" ? 0 : 1)
      }
    }))

  timed("S9 a tuple that comes in time cancels the timeout", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(space.in(["t"], { timeout: 10 }))
      yield* pass(9)
      yield* space.out(["t"])
      yield* pass(100)
      same(yield* Fiber.join(fiber), ["t"])
    }))

  test("S9 timeouts nest, whichever is the shorter", () =>
    Effect.gen(function*() {
      for (const [inner, outer, winner] of [[10, "1 minutes", "inner"], ["1 minutes", 10, "outer"]] as const) {
        const space = yield* fresh()
        const fiber = yield* start(
          space.in(["t"], { timeout: inner }).pipe(
            Effect.mapError(() => "inner"),
            Effect.timeoutFail({ duration: outer, onTimeout: () => "outer" }),
            Effect.flip
          )
        )
        yield* pass(10)
        assert.strictEqual(yield* Fiber.join(fiber), winner)
        yield* empty(space)
      }
    }))

  test("S9 Effect.timeout is right by interruption", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(Effect.option(Effect.timeout(space.in(["t"]), 10)))
      yield* pass(10)
      same(yield* Fiber.join(fiber), none)
      yield* empty(space)
    }))

  test("S9 an infinite timeout, and one beyond what timers can do, are none", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fibers = [
        yield* start(space.in(["t"], { timeout: Infinity })),
        yield* start(space.in(["t"], { timeout: "100 days" }))
      ]
      assert.isTrue(yield* isWaiting(fibers[0]!))
      assert.isTrue(yield* isWaiting(fibers[1]!))
      yield* space.outAll([["t"], ["t"]])
      yield* Fiber.join(Fiber.all(fibers))
    }))

  timed("S9 an infinite timeout, and one beyond what timers can do, do not fire", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fibers = [
        yield* start(space.in(["t"], { timeout: Infinity })),
        yield* start(space.in(["t"], { timeout: "100 days" }))
      ]
      yield* pass("99 days")
      yield* space.outAll([["t"], ["t"]])
      yield* Fiber.join(Fiber.all(fibers))
    }))

  timed(
    "S9 several waits time out each at its own time, whatever the order in which they began",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const ended: Array<number> = []
        const fibers = yield* Effect.forEach(
          [30, 10, 20, 10, 40],
          (timeout) =>
            start(Effect.catchAll(space.in(["t"], { timeout }), () => Effect.sync(() => ended.push(timeout))))
        )
        yield* pass(20)
        yield* settle
        same(ended, [10, 10, 20])
        yield* pass(20)
        yield* Fiber.join(Fiber.all(fibers))
        same(ended, [10, 10, 20, 30, 40])
      })
  )
})

export const choices = cases("Waiting: choices", (test) => {
  test("S11 inAny takes the oldest of what matches, and says which pattern that was", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["b", 1], ["a", 2]])
      same(yield* space.rdAny([["a", P.any], ["b", P.any]]), { index: 1, tuple: ["b", 1] })
      same(yield* space.inAny([["a", P.any], ["b", P.any]]), { index: 1, tuple: ["b", 1] })
      same(yield* space.inAny({ first: ["a", P.any], other: ["b", P.any] }), {
        key: "first",
        tuple: ["a", 2]
      })
      yield* empty(space)
    }))

  test("S11 a tuple that matches several patterns is the first one's", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a", 1], ["a", 2]])
      assert.strictEqual((yield* space.inAny([["b"], ["a", P.any], ["a", 1]])).index, 1)
      assert.strictEqual((yield* space.inAny([["a", 1], [P.rest(P.any)], ["a", P.any]])).index, 1)
      const fiber = yield* start(space.inAny({ x: ["a", "1"], y: ["a", P.number], z: [P.any, P.any] }))
      yield* space.out(["a", 3])
      same(yield* Fiber.join(fiber), { key: "y", tuple: ["a", 3] })
    }))

  test("S11 B12 a blocked choice that is served waits for none of the others any more", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(space.inAny([["a"], ["b"], ["b", P.any]]))
      yield* space.out(["b"])
      same(yield* Fiber.join(fiber), { index: 1, tuple: ["b"] })
      yield* space.out(["a"])
      assert.strictEqual(yield* space.count([P.any]), 1)
    }))

  test("S11 rdAny leaves the tuple, whether it was there or comes", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(space.rdAny({ a: ["a"], b: ["b"] }))
      yield* space.out(["b"])
      same(yield* Fiber.join(fiber), { key: "b", tuple: ["b"] })
      same(yield* space.rdAny([["b"]]), { index: 0, tuple: ["b"] })
      assert.strictEqual(yield* space.count(["b"]), 1)
    }))

  test("S8 B14 a choice whose continuation rejects the tuple: inWith over alternatives gives it back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a", 1], ["a", 2]])
      yield* Effect.flip(space.inWith(["a", P.oneOf(1, 3)], () => Effect.fail("rejected")))
      same(yield* space.copyCollect(["a", P.any]), [["a", 1], ["a", 2]])
    }))
})

export const joins = cases("Waiting: joins", (test) => {
  test("S11 inAll takes a tuple for each pattern, as a tuple or as a record", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a", 1], ["b", 2], ["a", 3]])
      same(yield* space.inAll([["b", P.any], ["a", P.any]]), [["b", 2], ["a", 1]])
      yield* space.out(["b", 4])
      same(yield* space.inAll({ x: ["a", P.number], y: ["b", P.number] }), {
        x: ["a", 3],
        y: ["b", 4]
      })
      yield* empty(space)
    }))

  test("S11 B07 B08 a join holds nothing while it waits, and leaves nothing if it is interrupted", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const join = yield* start(space.inAll([["t", P.any], ["t", P.any], ["t", P.any]]))
      yield* space.out(["t", 1])
      yield* space.out(["t", 2])
      assert.isTrue(yield* isWaiting(join))
      assert.strictEqual(yield* space.count(["t", P.any]), 2)
      assert.strictEqual((yield* space.inspect).held, 0)
      same(yield* space.in(["t", 1]), ["t", 1])
      yield* space.out(["t", 3])
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["t", 4])
      same(yield* Fiber.join(join), [["t", 2], ["t", 3], ["t", 4]])
      yield* space.out(["t", 5])
      const other = yield* start(space.inAll([["t", P.any], ["t", P.any]]))
      yield* Fiber.interrupt(other)
      assert.strictEqual(yield* space.count(["t", 5]), 1)
    }))

  test("S11 the tuples of a join are distinct", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const join = yield* start(space.inAll([["t", 1], ["t", P.any]]))
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["t", 1])
      same(yield* Fiber.join(join), [["t", 1], ["t", 1]])
      yield* empty(space)
    }))

  test("S11 overlapping patterns: an earlier pattern takes another tuple if a later one needs its", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", "x"]])
      // The first pattern would take the oldest, which is the only one for the second.
      same(yield* space.inAll([["t", P.any], ["t", P.number]]), [["t", "x"], ["t", 1]])
      // A chain: 1 is all that the last can have, so everybody moves on.
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      same(
        yield* space.inAll([["t", P.between(1, 3)], ["t", P.between(1, 2)], ["t", 1]]),
        [["t", 3], ["t", 2], ["t", 1]]
      )
      yield* empty(space)
    }))

  test("S11 overlapping patterns: each in turn gets the oldest that leaves enough to those after it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      // The last needs a number: it is the second that makes way, not the first.
      yield* space.outAll([["t", 1], ["t", 2], ["t", "x"]])
      same(
        yield* space.inAll([["t", P.any], ["t", P.any], ["t", P.number]]),
        [["t", 1], ["t", "x"], ["t", 2]]
      )
      yield* empty(space)
    }))

  test("S11 overlapping patterns are reassigned when the last tuple comes, too", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const join = yield* start(space.inAll({ wide: ["t", P.any], narrow: ["t", P.number] }))
      yield* space.out(["t", 1])
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["t", "x"])
      same(yield* Fiber.join(join), { wide: ["t", "x"], narrow: ["t", 1] })
      yield* empty(space)
    }))

  test("S11 a join that cannot be assigned waits, though each pattern has a match", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["u"]])
      const join = yield* start(space.inAll([["t", 1], ["t", P.between(0, 1)], ["t", P.between(1, 1)], ["u"]]))
      assert.isTrue(yield* isWaiting(join))
      yield* space.outAll([["t", 1], ["t", 0]])
      same(yield* Fiber.join(join), [["t", 1], ["t", 0], ["t", 1], ["u"]])
      same(yield* space.collect([P.rest(P.any)]), [["t", 2]])
    }))

  test("S11 K3 a join of many equal patterns: each put brings it one nearer, each take one further", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const many = Array.from({ length: 40 }, () => ["t", P.number] as const) as any
      const join = yield* start(space.inAll(many))
      for (let n = 0; n < 39; n++) {
        yield* space.out(["t", n])
      }
      same(yield* space.inp(["t", 7]), Option.some(["t", 7]))
      yield* space.out(["t", "no number"])
      yield* Effect.exit(space.inWith(["t", 8], () => Effect.zipRight(space.out(["t", 39]), Effect.fail("no"))))
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["t", 40])
      const numbers = Array.from({ length: 41 }, (_, n) => n).filter((n) => n !== 7)
      same(yield* Fiber.join(join), numbers.map((n) => ["t", n]))
      same(yield* space.collect([P.string, P.any]), [["t", "no number"]])
      yield* empty(space)
    }))

  test("S11 K3 joins of different sizes over one shape wait beside each other: each is served when it can be", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const of = (size: number, pattern: readonly [string, unknown]) =>
        start(space.inAll(Array.from({ length: size }, () => pattern) as any))
      const three = yield* of(3, ["t", P.number])
      const two = yield* of(2, ["t", P.any])
      const mixed = yield* start(space.inAll([["t", P.string], ["t", P.any], ["t", P.string]]))
      yield* space.outAll([["t", 1], ["t", "x"]])
      same(yield* Fiber.join(two), [["t", 1], ["t", "x"]])
      yield* space.outAll([["t", "y"], ["t", 2], ["t", "z"]])
      same(yield* Fiber.join(mixed), [["t", "y"], ["t", 2], ["t", "z"]])
      yield* space.outAll([["t", 3], ["t", "w"], ["t", 4]])
      assert.isTrue(yield* isWaiting(three))
      yield* space.out(["t", 5])
      same(yield* Fiber.join(three), [["t", 3], ["t", 4], ["t", 5]])
      same(yield* space.inp(["t", "w"]), Option.some(["t", "w"]))
      yield* empty(space)
    }))

  test("S11 K3 a join that had enough of something, which is gone, counts what comes of it again", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const join = yield* start(space.inAll([["t", P.oneOf("a", "b")], ["t", "b"], ["t", "c"]]))
      // The second "a" is of no use to anybody while the first is there.
      yield* space.outAll([["t", "a"], ["t", "a"], ["t", "b"]])
      same(yield* space.collect(["t", P.any]), [["t", "a"], ["t", "a"], ["t", "b"]])
      yield* space.out(["t", "c"])
      // The first pattern has the "b" until the "a" comes, for which it makes way.
      yield* space.out(["t", "b"])
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["t", "a"])
      same(yield* Fiber.join(join), [["t", "a"], ["t", "b"], ["t", "c"]])
      yield* empty(space)
    }))

  const size = 40
  const connected: ReadonlyArray<
    readonly [name: string, most: number, pattern: (isNumber: unknown, n: number) => ReadonlyArray<unknown>]
  > = [
    ["nothing connects its patterns", 20 * size, (isNumber) => ["t", P.any, P.any, isNumber]],
    ["one variable connects its patterns", 20 * size, (isNumber) => ["t", P.ref("group"), P.any, isNumber]],
    [
      "variables chain its patterns",
      5 * size * size,
      (isNumber, n) => ["t", P.ref(`${n}`), P.ref(`${n + 1}`), isNumber]
    ]
  ]
  for (const [name, most, pattern] of connected) {
    test(`S11 K3 a join that waits does not search before there could be enough: ${name}`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        let asked = 0
        const isNumber = P.when((field: unknown) => {
          asked++
          return typeof field === "number"
        })
        const patterns = Array.from({ length: size }, (_, n) => pattern(isNumber, n))
        const join = yield* start(space.inAll(patterns as any))
        const tuples = patterns.map((_, n) => name.startsWith("variables") ? ["t", n, n + 1, n] : ["t", "g", "g", n])
        for (const tuple of tuples) {
          yield* space.out(tuple as any)
        }
        same(yield* Fiber.join(join), tuples)
        // A search at every put would ask some ten times as often.
        assert.isBelow(asked, most)
        yield* empty(space)
      }))
  }

  test("S11 K3 a join of thousands of equal patterns takes what is stored, oldest first", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tuples = Array.from({ length: 2000 }, (_, n) => ["t", n] as const)
      yield* space.outAll(tuples)
      const patterns = tuples.slice(1).map(() => ["t", P.number] as const) as any
      same(yield* space.inAll(patterns), tuples.slice(0, -1))
      same(yield* space.collect(["t", P.any]), tuples.slice(-1))
      yield* empty(space)
    }))

  test("S11 P.ref joins the tuples of several patterns", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["order", 1, "ann"], ["order", 2, "bob"], ["paid", 2], ["paid", 3]])
      same(
        yield* space.inAll([["order", P.ref("id", P.number), P.string], ["paid", P.ref("id")]]),
        [["order", 2, "bob"], ["paid", 2]]
      )
      const join = yield* start(space.inAll({
        paid: ["paid", P.ref("id")],
        order: ["order", P.ref("id"), P.ref("who")],
        person: ["person", P.ref("who", P.string), P.any]
      }))
      yield* space.out(["order", 3, "cyd"])
      yield* space.out(["person", "ann", 1])
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["person", "cyd", 2])
      same(yield* Fiber.join(join), {
        paid: ["paid", 3],
        order: ["order", 3, "cyd"],
        person: ["person", "cyd", 2]
      })
      same(yield* space.collect([P.rest(P.any)]), [["order", 1, "ann"], ["person", "ann", 1]])
    }))

  test("S11 variables: of the combinations that the last tuple completes the oldest is taken", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const join = yield* start(space.inAll([
        ["edge", P.ref("from"), P.ref("to")],
        ["edge", P.ref("to"), P.ref("from")]
      ]))
      yield* space.out(["edge", 2, 1])
      yield* space.out(["edge", 1, 2])
      same(yield* Fiber.join(join), [["edge", 2, 1], ["edge", 1, 2]])
      yield* empty(space)
    }))

  test("S11 P.ref: equal values that are objects join, and one tuple is not taken twice", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a", { id: 1 }], ["a", { id: 2 }]])
      const join = yield* start(space.inAll([["a", P.ref("x")], ["a", P.ref("x")]]))
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["a", { id: 2 }])
      same(yield* Fiber.join(join), [["a", { id: 2 }], ["a", { id: 2 }]])
    }))

  test("S11 P.ref by index: a join in a large space", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(Array.from({ length: 500 }, (_, i) => ["l", i] as const))
      yield* space.outAll(Array.from({ length: 500 }, (_, i) => ["r", i * 7 + 499, "x"] as const))
      same(
        yield* space.inAll([["l", P.ref("k")], ["r", P.ref("k"), P.any]]),
        [["l", 499], ["r", 499, "x"]]
      )
      yield* Effect.flip(space.inAll([["l", P.ref("k")], ["r", P.ref("k"), P.any]], { timeout: 0 }))
      yield* space.collect([P.rest(P.any)])
      yield* empty(space)
    }))

  test("S11 P.ref: of many that agree with one of few the oldest is taken, in whatever order the patterns are", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const many = Array.from({ length: 600 }, (_, i) => ["job", "theirs", i] as const)
      const [job, slot, list] = [
        ["job", P.ref("tenant"), P.number],
        ["slot", P.ref("tenant")],
        ["tenant", { name: P.ref("tenant") }]
      ] as const
      const few = [["job", "one", 0], ["job", "other", 0], ["slot", "other"], ["slot", "one"], [
        "job",
        "one",
        1
      ]] as const
      yield* space.outAll(many)
      yield* Effect.flip(space.inAll([job, slot], { timeout: 0 }))
      yield* space.outAll(few)
      same(yield* space.inAll([job, slot]), [["job", "one", 0], ["slot", "one"]])
      same(yield* space.inAll([slot, job]), [["slot", "other"], ["job", "other", 0]])
      const join = yield* start(space.inAll([job, list, slot]))
      yield* space.outAll([["tenant", { name: "nobody" }], ["tenant", { name: "one" }]])
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["slot", "one"])
      same(yield* Fiber.join(join), [["job", "one", 1], ["tenant", { name: "one" }], ["slot", "one"]])
      same(yield* space.collect([P.rest(P.any)]), [...many, ["tenant", { name: "nobody" }]])
      yield* empty(space)
    }))

  test("S11 joins over patterns with a rest, and over failures of processes", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["log", 1, 2], ["log"]])
      same(yield* space.inAll([["log", P.rest(P.any)], ["log", P.rest(P.number)]]), [
        ["log", 1, 2],
        ["log"]
      ])
    }))

  test("S11 two joins over the same tuples in opposite order never deadlock", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["fork", 1], ["fork", 2]])
      const eat = (first: number, second: number) =>
        Effect.repeatN(
          Effect.gen(function*() {
            const forks = yield* space.inAll([["fork", first], ["fork", second]])
            yield* Effect.yieldNow()
            yield* space.outAll(forks)
          }),
          20
        )
      yield* Effect.all([eat(1, 2), eat(2, 1), eat(1, 2)], { concurrency: "unbounded" })
      assert.strictEqual(yield* space.count(["fork", P.any]), 2)
    }))

  test("S4 S11 a join takes part in the order of arrival", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const join = yield* start(space.inAll([["a"], ["b"]]))
      const taker = yield* start(space.in(["b"]))
      yield* space.out(["a"])
      yield* space.out(["b"])
      same(yield* Fiber.join(join), [["a"], ["b"]])
      assert.isTrue(yield* isWaiting(taker))
      const second = yield* start(space.inAll([["a"], ["b"]]))
      yield* space.out(["b"])
      same(yield* Fiber.join(taker), ["b"])
      yield* Fiber.interrupt(second)
    }))

  test("S11 a join is served by what is given back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a"], ["b"]])
      const holder = yield* start(space.inWith(["a"], () => Effect.never))
      const join = yield* start(space.inAll([["a"], ["b"]]))
      assert.isTrue(yield* isWaiting(join))
      yield* Fiber.interrupt(holder)
      same(yield* Fiber.join(join), [["a"], ["b"]])
    }))
})
