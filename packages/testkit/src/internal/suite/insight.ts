/**
 * What a space says of itself: snapshots, deadlock reports, spans and metrics.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import * as Transaction from "@effect-linda/core/Transaction"
import type { Inspection } from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as TRef from "effect/TRef"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import { assert, clean, closing, empty, fresh, isWaiting, pass, same, settle, start } from "./kit.js"

class Oops extends Data.TaggedError("Oops") {}

/** In an order of their own. */
const byShape = (tuples: Inspection["tuples"]) => Array.from(tuples).sort((a, b) => a.shape < b.shape ? -1 : 1)

export const inspections = cases("Insight: inspect", (test) => {
  const timed = test.needing("clock")
  const referring = test.needing("references")

  test("V08 tuples are counted by shape", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["sum", 1], ["sum", 2], ["sum", "x"], [1, "x"], ["all", null, [1], { a: 1 }, true]])
      yield* Effect.flatMap(space.eval(Effect.fail("no")), (process) => process.await)
      same(
        byShape((yield* space.inspect).tuples),
        byShape([
          { shape: "[\"sum\", number]", count: 2 },
          { shape: "[\"sum\", string]", count: 1 },
          { shape: "[number, string]", count: 1 },
          { shape: "[\"all\", null, array, Object, boolean]", count: 1 },
          { shape: "failure(\"no\")", count: 1 }
        ])
      )
    }))

  referring("V08 tuples are counted by shape, whatever their fields are", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      class Thing {}
      yield* space.outAll([
        ["sum", 1],
        ["sum", 2],
        ["sum", "x"],
        [1, "x"],
        [
          "all",
          null,
          undefined,
          [1],
          { a: 1 },
          new Date(0),
          new Thing(),
          Object.create(null),
          Symbol.for("s"),
          1n,
          () => 1
        ]
      ])
      yield* Effect.flatMap(space.eval(Effect.fail(new Oops())), (process) => process.await)
      same((yield* space.inspect).tuples, [
        { shape: "[\"sum\", number]", count: 2 },
        { shape: "[\"sum\", string]", count: 1 },
        { shape: "[number, string]", count: 1 },
        {
          shape: "[\"all\", null, undefined, array, Object, Date, Thing, Object, symbol, bigint, function]",
          count: 1
        },
        { shape: "failure(Oops)", count: 1 }
      ])
    }))

  timed("V08 the oldest tuple of each shape has an age, also if it was held meanwhile", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const oldest = Effect.map(space.inspect, ({ oldest }) => oldest ?? "not told")
      const told = (expected: Inspection["oldest"]) =>
        Effect.map(oldest, (actual) => actual === "not told" ? undefined : same(actual, expected))
      yield* told([])
      yield* space.out(["a", 1])
      yield* pass("2 seconds")
      yield* space.outAll([["b"], ["a", 2]])
      yield* pass("3 seconds")
      yield* space.out(["b"])
      yield* told([{ shape: "[\"a\", number]", age: 5000 }, { shape: "[\"b\"]", age: 3000 }])
      yield* Effect.ignore(space.inWith(["a", 1], () => Effect.zipRight(pass("4 seconds"), Effect.fail("no"))))
      yield* told([{ shape: "[\"a\", number]", age: 9000 }, { shape: "[\"b\"]", age: 7000 }])
      yield* space.in(["b"])
      yield* Effect.ignore(space.inWith(["a", 1], () => Effect.fail("no"), { requeue: "back" }))
      yield* told([{ shape: "[\"a\", number]", age: 7000 }, { shape: "[\"b\"]", age: 4000 }])
      yield* space.in(["a", 2])
      yield* told([{ shape: "[\"b\"]", age: 4000 }, { shape: "[\"a\", number]", age: 0 }])
    }))

  test("V08 who holds tuples is told, and since when, until the hold ends", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const holders = Effect.map(space.inspect, ({ holders }) => holders)
      const go = yield* Deferred.make<void>()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      const holding = (n: number) => space.inWith(["t", n], () => Deferred.await(go))
      const process = yield* space.eval(Effect.zipRight(holding(1), Effect.void), { name: "worker" })
      const fiber = yield* start(Effect.scoped(Effect.zipRight(space.inScoped(["t", 2]), holding(3))))
      yield* Effect.repeat(Effect.zipRight(settle, space.inspect), { until: ({ held }) => held === 3, times: 50 })
      const told = yield* holders
      if (told !== undefined) {
        same(told.reduce((sum, { count }) => sum + count, 0), 3)
        for (const { age, client, fiber, lapses, process } of told) {
          assert.isTrue(age !== undefined && age >= 0 && age < 600_000, `held for ${age} ms`)
          // A fiber in memory, or a program that has opened a store.
          same(client === undefined, fiber !== undefined)
          same(client !== undefined, lapses !== undefined && lapses > 0)
          assert.isTrue(process === undefined || process === "worker")
        }
      }
      yield* Deferred.succeed(go, undefined)
      yield* process.await
      yield* Fiber.join(fiber)
      yield* settle
      same((yield* holders) ?? [], [])
    }))

  test("V08 S15 tuples with a time to live are counted, with when the next one ends", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const expiring = Effect.map(space.inspect, ({ expiring }) => expiring)
      if ((yield* expiring) !== undefined) {
        same(yield* expiring, { count: 0, next: undefined })
        yield* space.out(["t", 1])
        yield* space.out(["t", 2], { ttl: "2 hours" })
        const lease = yield* space.out(["t", 3], { ttl: "1 hours" })
        const two = yield* expiring
        same(two?.count, 2)
        assert.isTrue(two?.next !== undefined && two.next > 3_000_000 && two.next <= 3_600_000, String(two?.next))
        yield* lease.cancel
        const one = yield* expiring
        same(one?.count, 1)
        assert.isTrue(one?.next !== undefined && one.next > 3_600_000 && one.next <= 7_200_000, String(one?.next))
        yield* space.in(["t", 2])
        same(yield* expiring, { count: 0, next: undefined })
      }
    }))

  test("explain says how many tuples the literals leave for the rest of a pattern", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const even = (n: number) => n % 2 === 0
      const candidates = <const Q extends P.Pattern>(pattern: Q) =>
        Effect.map(space.explain(pattern as any), ({ candidates }) => candidates)
      assert.strictEqual(yield* candidates(["t", P.any]), 0)
      yield* space.outAll(Array.from({ length: 20 }, (_, i) => ["t", i, i % 4]))
      assert.strictEqual(yield* candidates(["t", P.any, 1]), 5)
      assert.strictEqual(yield* candidates(["t", even, 1]), 5)
      assert.strictEqual(yield* candidates(["t", 7, 3]), 1)
      assert.strictEqual(yield* candidates(["t", 7, 2]), 0)
      assert.strictEqual(yield* candidates(["t", even, P.any]), 20)
      assert.strictEqual(yield* candidates(["t", P.rest(P.any)]), 20)
      assert.strictEqual(yield* space.count([P.rest(P.any)]), 20)
    }))

  test("V08 interests with kind and pattern, longest first; none after the out", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t", P.number]))
      const reader = yield* start(space.rd(["t", P.ref("x")]))
      const { interests } = yield* space.inspect
      same(interests.map(({ kind, patterns, process }) => ({ kind, patterns, process })), [
        { kind: "in", patterns: ["[\"t\", number]"], process: undefined },
        { kind: "rd", patterns: ["[\"t\", ref(x)]"], process: undefined }
      ])
      yield* space.out(["t", 1])
      yield* Fiber.join(Fiber.zip(taker, reader))
      same((yield* space.inspect).interests, [])
    }))

  timed("V08 interests with kind, pattern and age, longest first; none after the out", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t", P.number]))
      yield* pass("1 seconds")
      const reader = yield* start(space.rd(["t", P.ref("x")]))
      yield* pass("500 millis")
      same((yield* space.inspect).interests, [
        { kind: "in", patterns: ["[\"t\", number]"], age: 1500, process: undefined },
        { kind: "rd", patterns: ["[\"t\", ref(x)]"], age: 500, process: undefined }
      ])
      yield* space.out(["t", 1])
      same((yield* space.inspect).interests, [])
      assert.strictEqual((yield* space.inspect).held, 1)
      yield* Fiber.join(Fiber.zip(taker, reader))
    }))

  /** The interests of all these operations, as text. */
  const interestsOf = (space: Space, operations: ReadonlyArray<Effect.Effect<unknown, unknown>>) =>
    Effect.gen(function*() {
      const fibers = yield* Effect.forEach(operations, start)
      const { interests } = yield* space.inspect
      yield* Fiber.interruptAll(fibers)
      return interests.map(({ kind, patterns }) => [kind, ...patterns])
    })

  test("V08 every kind of interest: those who take, read and follow", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same(
        yield* interestsOf(space, [
          space.inWith(["a"], () => Effect.void),
          space.inAny([["a"], ["b", P.string]]),
          space.rdAny({ x: ["a"], y: ["b", P.rest(P.any)] }),
          space.inAll([["a"], ["b"]]),
          space.in(Process.failure(RangeError)),
          Stream.runDrain(space.subscribe(["a"]))
        ]),
        [
          ["in", "[\"a\"]"],
          ["inAny", "[\"a\"]", "[\"b\", string]"],
          ["rdAny", "[\"a\"]", "[\"b\", ...any]"],
          ["inAll", "[\"a\"]", "[\"b\"]"],
          ["in", "failure(instanceOf(RangeError), any, any)"],
          ["subscribe", "[\"a\"]"]
        ]
      )
      yield* empty(space)
    }))

  test.needing("options")("V08 every kind of interest: those who wait for room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["full"])
      same(
        yield* interestsOf(space, [space.out(["c"]), space.outIfAbsent(["c"], ["c"])]),
        [["out"], ["outIfAbsent", "[\"c\"]"]]
      )
      yield* clean(space)
    }))

  test.needing("transactions")("V08 every kind of interest: transactions", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same(
        yield* interestsOf(space, [
          space.transact(STM.zip(Transaction.in(space, ["a"]), Transaction.in(space, ["b"])))
        ]),
        [["transact", "[\"a\"]"]]
      )
      yield* empty(space)
    }))

  test.needing("transactions")(
    "V08 every kind of interest: transactions that wait for conditions",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const ref = yield* STM.commit(TRef.make(0))
        const more = Transaction.check(STM.map(Transaction.count(space, ["a", P.any]), (count) => count > 0))
        const positive = Transaction.check(STM.map(TRef.get(ref), (n) => n > 0))
        // In whichever order the engine keeps the two kinds of waits.
        assert.sameDeepMembers(
          yield* interestsOf(space, [
            space.transact(more),
            space.transact(STM.zipRight(Transaction.count(space, ["b"]), positive)),
            // It is one who waits, whatever it waits for.
            space.transact(STM.orElse(Transaction.in(space, ["c"]), () => positive)),
            space.transact(STM.orElse(Transaction.in(space, ["d"]), () => more))
          ]),
          [["transact", "[\"c\"]"], ["transact", "[\"d\"]"], ["transact", "[\"a\", any]"], ["transact"]]
        )
        const process = yield* space.eval(space.transact(more), { name: "waits" })
        yield* settle
        const { interests, processes } = yield* space.inspect
        same(interests.map(({ kind, process }) => [kind, process]), [["transact", "waits"]])
        same(processes.map(({ waitsFor }) => waitsFor.map(({ patterns }) => patterns)), [[["[\"a\", any]"]]])
        yield* space.out(["a", 1])
        yield* process.join
        same((yield* space.inspect).interests, [])
      })
  )

  test("V08 processes are there for as long as they run", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const a = yield* space.eval(space.in(["a"]), { name: "a" })
      const b = yield* space.eval(Effect.never)
      yield* settle
      const { interests, processes } = yield* space.inspect
      same(processes.map(({ id, name }) => [id, name]), [[a.id, "a"], [b.id, b.name]])
      same(interests.map(({ kind, process }) => [kind, process]), [["in", "a"]])
      yield* space.out(["a"])
      yield* a.join
      yield* b.interrupt
      same((yield* space.inspect).processes, [])
    }))

  timed("V08 processes have an age", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const a = yield* space.eval(Effect.never)
      yield* pass(5)
      const b = yield* space.eval(Effect.never)
      yield* pass(10)
      same((yield* space.inspect).processes.map(({ age, id }) => [id, age]), [[a.id, 15], [b.id, 10]])
      yield* a.interrupt
      yield* b.interrupt
    }))

  test.needing("quiescence")("V08 what processes and their fibers wait for", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const a = yield* space.eval(space.in(["a"]), { name: "a" })
      const b = yield* space.eval(
        Effect.all([space.in(["b", 1]), space.rd(["b", 2])], { concurrency: "unbounded" }),
        { name: "b" }
      )
      const idle = yield* space.eval(Effect.never, { name: "idle" })
      yield* settle
      const { processes } = yield* space.inspect
      same(
        processes.map(({ id, name, waitsFor }) => [id, name, waitsFor.map(({ patterns }) => patterns.join())]),
        [
          [a.id, "a", ["[\"a\"]"]],
          [b.id, "b", ["[\"b\", 1]", "[\"b\", 2]"]],
          [idle.id, "idle", []]
        ]
      )
      yield* Effect.forEach(
        [a, b, idle] as ReadonlyArray<Process.Process<unknown, unknown>>,
        (process) => process.interrupt
      )
    }))
})

export const quiescence = cases("Insight: quiescence", (each) => {
  const test = each.needing("quiescence")
  const timed = test.needing("clock")

  test("Q01 without processes the space is done at once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same(yield* space.awaitQuiescent, { state: "done", blocked: [] })
    }))

  test("Q01 done: all processes have ended", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.eval(Effect.repeatN(Effect.yieldNow(), 100))
      yield* space.eval(Effect.zipRight(space.in(["go"]), space.out(["went"])))
      yield* space.eval(space.out(["go"]))
      same(yield* space.awaitQuiescent, { state: "done", blocked: [] })
      assert.strictEqual(yield* space.count(["went"]), 1)
    }))

  test("Q01 blocked: the workers wait for jobs that nobody puts", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const worker = Effect.forever(Effect.flatMap(space.in(["job", P.number]), ([, n]) => space.out(["done", n])))
      const workers = [yield* space.eval(worker, { name: "w1" }), yield* space.eval(worker, { name: "w2" })]
      yield* space.outAll(Array.from({ length: 50 }, (_, i) => ["job", i] as const))
      const { blocked, state } = yield* space.awaitQuiescent
      assert.strictEqual(state, "blocked")
      same(
        blocked.map(({ name, waitsFor }) => [name, ...waitsFor.flatMap(({ patterns }) => patterns)]),
        [
          ["w1", "[\"job\", number]"],
          ["w2", "[\"job\", number]"]
        ]
      )
      assert.strictEqual(yield* space.count(["done", P.any]), 50)
      yield* Effect.forEach(workers, (process) => process.interrupt)
    }))

  test("Q03 five philosophers who take the left fork first: the report names what each waits for", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(Array.from({ length: 5 }, (_, i) => ["fork", i] as const))
      const dine = (i: number) =>
        Effect.gen(function*() {
          const left = yield* space.in(["fork", i])
          yield* Effect.yieldNow()
          const right = yield* space.in(["fork", (i + 1) % 5])
          yield* space.outAll([left, right])
        })
      const philosophers = yield* Effect.forEach([0, 1, 2, 3, 4], (i) => space.eval(dine(i), { name: `p${i}` }))
      const { blocked, state } = yield* space.awaitQuiescent
      assert.strictEqual(state, "blocked")
      same(
        blocked.map(({ name, waitsFor }) => [name, ...waitsFor.flatMap(({ patterns }) => patterns)]),
        [0, 1, 2, 3, 4].map((i) => [`p${i}`, `["fork", ${(i + 1) % 5}]`])
      )
      yield* philosophers[0]!.interrupt
      yield* space.out(["fork", 0])
      yield* Effect.forEach(philosophers.slice(1), (process) => process.join)
      same(yield* space.awaitQuiescent, { state: "done", blocked: [] })
      assert.strictEqual(yield* space.count(["fork", P.any]), 5)
    }))

  test("Q01 blocked, though the processes wait by Effect.all, by a race, or for a fiber", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const wait = (n: number) => space.in(["never", n])
      const processes = [
        yield* space.eval(Effect.all([wait(1), wait(2)], { concurrency: "unbounded" }), { name: "all" }),
        yield* space.eval(Effect.all([wait(3), wait(4), wait(5)], { concurrency: 2 }), { name: "bounded" }),
        yield* space.eval(Effect.race(wait(6), wait(7)), { name: "race" }),
        yield* space.eval(Effect.raceFirst(wait(8), wait(9)), { name: "raceFirst" }),
        yield* space.eval(Effect.flatMap(Effect.fork(wait(10)), Fiber.join), { name: "join" }),
        yield* space.eval(Effect.forEach([11, 12], wait, { concurrency: "unbounded", discard: true }), {
          name: "each"
        }),
        yield* space.eval(Stream.runDrain(space.subscribe(["never", P.any])), { name: "stream" })
      ] as ReadonlyArray<Process.Process<unknown, unknown>>
      const report = yield* start(space.awaitQuiescent)
      const isHeldUp = yield* isWaiting(report)
      if (isHeldUp) {
        yield* Fiber.interrupt(report)
      }
      assert.isFalse(isHeldUp)
      const { blocked, state } = yield* Fiber.join(report)
      assert.strictEqual(state, "blocked")
      same(blocked.map(({ name, waitsFor }) => [name, waitsFor.length]), [
        ["all", 2],
        ["bounded", 2],
        ["race", 2],
        ["raceFirst", 2],
        ["join", 1],
        ["each", 2],
        ["stream", 1]
      ])
      yield* Effect.forEach(processes, (process) => process.interrupt)
    }))

  timed("Q01 a process that sleeps is not blocked: it will move", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.eval(Effect.zipRight(Effect.sleep("1 seconds"), space.out(["go"])))
      const waits = yield* space.eval(Effect.zipRight(space.in(["go"]), space.in(["never"])), { name: "waits" })
      const report = yield* start(space.awaitQuiescent)
      assert.isTrue(yield* isWaiting(report))
      yield* pass("999 millis")
      assert.isTrue(yield* isWaiting(report))
      yield* pass("1 millis")
      same((yield* Fiber.join(report)).blocked.map(({ name }) => name), ["waits"])
      yield* waits.interrupt
    }))

  timed(
    "Q01 a process with a timeout is not blocked, nor one that waits for something outside",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const outside = yield* Effect.makeLatch()
        yield* space.eval(Effect.ignore(space.in(["never"], { timeout: 100 })))
        yield* space.eval(Effect.ignore(Effect.timeout(space.in(["never"]), 100)))
        yield* space.eval(outside.await)
        const report = yield* start(space.awaitQuiescent)
        yield* pass(99)
        assert.isTrue(yield* isWaiting(report))
        yield* pass(1)
        assert.isTrue(yield* isWaiting(report))
        yield* outside.open
        assert.strictEqual((yield* Fiber.join(report)).state, "done")
      })
  )

  timed(
    "Q01 a process that sleeps and then waits for a fiber that waits, or for an event, is blocked",
    () =>
      Effect.gen(function*() {
        for (
          const effect of [
            (space: Space) =>
              Effect.gen(function*() {
                const child = yield* Effect.fork(space.in(["never"]))
                yield* Effect.sleep("1 seconds")
                yield* Fiber.join(child)
              }),
            (space: Space) => Stream.runForEach(space.stream(["t"]), () => Effect.sleep("1 seconds"))
          ]
        ) {
          const space = yield* fresh()
          yield* space.out(["t"])
          const process = yield* space.eval(Effect.asVoid(effect(space)))
          const report = yield* start(space.awaitQuiescent)
          assert.isTrue(yield* isWaiting(report))
          yield* pass("2 seconds")
          const isHeldUp = yield* isWaiting(report)
          yield* Effect.when(Fiber.interrupt(report), () => isHeldUp)
          assert.isFalse(isHeldUp)
          assert.strictEqual((yield* Fiber.join(report)).state, "blocked")
          yield* process.interrupt
        }
      })
  )

  test("Q01 it can be waited for by a process of the space itself", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const waits = yield* space.eval(space.in(["never"]), { name: "waits" })
      const asks = yield* space.eval(space.awaitQuiescent, { name: "asks" })
      assert.isFalse(yield* isWaiting(asks.fiber))
      assert.strictEqual((yield* asks.join).state, "blocked")
      yield* waits.interrupt
    }))

  timed.needing("options")(
    "Q01 S14 puts that wait for room are blocked; with tuples that expire they are not",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh({ capacity: 1 })
        yield* space.out(["a"], { ttl: 10 })
        const first = yield* space.eval(space.out(["b"]), { name: "first" })
        const second = yield* space.eval(space.out(["c"]), { name: "second" })
        const report = yield* start(space.awaitQuiescent)
        assert.isTrue(yield* isWaiting(report))
        yield* pass(10)
        yield* settle
        const isHeldUp = yield* isWaiting(report)
        if (isHeldUp) {
          yield* Fiber.interrupt(report)
        }
        assert.isFalse(isHeldUp)
        const { blocked } = yield* Fiber.join(report)
        same(blocked.map(({ name, waitsFor }) => [name, waitsFor[0]!.kind]), [["second", "out"]])
        yield* first.await
        yield* second.interrupt
      })
  )

  test("S8 awaitQuiescent can be interrupted, and leaves nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const process = yield* space.eval(Effect.never)
      const report = yield* start(space.awaitQuiescent)
      assert.isTrue(yield* isWaiting(report))
      yield* Fiber.interrupt(report)
      yield* process.interrupt
    }))
})

export const spans = cases("Insight: spans", (each) => {
  const test = each.needing("telemetry")

  interface Recorded extends Tracer.Span {
    readonly links: Array<Tracer.SpanLink>
  }

  /** A tracer that keeps its spans. */
  const recorder = () => {
    const spans: Array<Recorded> = []
    const tracer = Tracer.make({
      context: (f) => f(),
      span: (name, parent, context, links, startTime, kind) => {
        const attributes = new Map<string, unknown>()
        const span = {
          _tag: "Span",
          name,
          spanId: String(spans.length),
          traceId: "trace",
          parent,
          context,
          links: [...links],
          status: { _tag: "Started", startTime },
          attributes,
          sampled: true,
          kind,
          end: () => {},
          attribute: (key: string, value: unknown) => attributes.set(key, value),
          event: () => {},
          addLinks: (more: ReadonlyArray<Tracer.SpanLink>) => void span.links.push(...more)
        }
        spans.push(span as unknown as Recorded)
        return span as unknown as Recorded
      }
    })
    const find = (name: string) => spans.filter((span) => span.name === name)
    const nameOf = ({ spanId }: Tracer.AnySpan) => spans.find((span) => span.spanId === spanId)?.name
    const linked = (name: string) => find(name).map((span) => span.links.map(({ span }) => nameOf(span)))
    return {
      tracer,
      spans,
      find,
      linked,
      traced: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        effect.pipe(Effect.withSpan("test"), Effect.withTracer(tracer))
    }
  }

  const ofPut = (name: string | undefined): boolean => name === "TupleSpace.out" || name === "TupleSpace.outAll"

  test.needing("options")("a take that finds its tuple is linked to the out", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ name: "spanned" })
      const { find, linked, spans, traced } = recorder()
      yield* traced(Effect.gen(function*() {
        yield* space.out(["t", 1])
        yield* space.outAll([["t", 2], ["t", 3], ["t", 4], ["t", 5], ["t", 6]])
        yield* space.outIfAbsent(["u"], ["u"])
        yield* space.in(["t", P.any])
        yield* space.inp(["t", P.any])
        yield* space.rd(["t", P.any])
        yield* space.inAny([["t", P.any]])
        yield* space.inWith(["t", P.any], () => Effect.void)
        yield* Effect.scoped(space.inScoped(["t", P.any]))
        yield* space.withPermit(["t", P.any], () => Effect.void)
        yield* space.replace(["u"], () => ["u"])
        yield* space.inAll([["u"], ["t", P.any]])
      }))
      const [out] = find("TupleSpace.out")
      same(find("TupleSpace.in")[0]!.links.map(({ span }) => span), [out])
      assert.strictEqual(out!.attributes.get("space"), "spanned")
      assert.strictEqual(Option.getOrUndefined(out!.parent), find("test")[0])
      for (const name of ["inp", "rd", "inAny", "inWith", "inScoped", "withPermit"]) {
        same(linked(`TupleSpace.${name}`).flat().map(ofPut), [true], name)
      }
      same(linked("TupleSpace.replace"), [["TupleSpace.outIfAbsent"]])
      same(
        linked("TupleSpace.inAll").flat().map((name) => name === "TupleSpace.replace" || ofPut(name)),
        [
          true,
          true
        ]
      )
      assert.strictEqual(spans.length, 13)
    }))

  test("every operation has a span of its own name", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const { spans, traced } = recorder()
      yield* traced(space.outAll([["t", 2]]))
      same(spans.map(({ name }) => name), ["test", "TupleSpace.outAll"])
    }))

  test("a take that has to wait is linked to the out that serves it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const { linked, traced } = recorder()
      yield* traced(Effect.gen(function*() {
        const fibers = [
          yield* start(space.in(["t", 1])),
          yield* start(space.inAny([["t", 2]])),
          yield* start(space.inAll([["t", 3], ["t", 4]])),
          yield* start(space.inWith(["t", 5], () => Effect.void))
        ] as ReadonlyArray<Fiber.RuntimeFiber<unknown, unknown>>
        yield* Effect.forEach([1, 2, 3, 4, 5], (i) => space.out(["t", i]))
        yield* Fiber.join(Fiber.all(fibers))
      }))
      const outs = (n: number) => [Array.from({ length: n }, () => "TupleSpace.out")]
      same(linked("TupleSpace.in"), outs(1))
      same(linked("TupleSpace.inAny"), outs(1))
      same(linked("TupleSpace.inAll"), outs(2))
      same(linked("TupleSpace.inWith"), outs(1))
    }))

  test.needing("options")("an out that waits for room keeps its span", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      const { linked, traced } = recorder()
      yield* traced(Effect.gen(function*() {
        yield* space.out(["a"])
        const fiber = yield* start(space.out(["b"]))
        yield* space.in(["a"])
        yield* Fiber.join(fiber)
        yield* space.in(["b"])
      }))
      same(linked("TupleSpace.in"), [["TupleSpace.out"], ["TupleSpace.out"]])
    }))

  for (const fault of ["span", "addLinks", "end", "attribute", "event"] as const) {
    test(`S8 K7 a tracer whose ${fault} throws loses no tuple, holds none, and changes no result`, () =>
      Effect.gen(function*() {
        const { tracer } = recorder()
        const refuse = () => {
          throw new Error(`${fault} of a tracer`)
        }
        const parent = tracer.span("test", Option.none(), Context.empty(), [], 0n, "internal")
        const hostile = Tracer.make({
          context: (f) => f(),
          span: fault === "span" ? refuse : (...args) => Object.assign(tracer.span(...args), { [fault]: refuse })
        })
        const traced = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          effect.pipe(Effect.withParentSpan(parent), Effect.withTracer(hostile))
        const space = yield* fresh()
        const takes: ReadonlyArray<readonly [expected: unknown, take: Effect.Effect<unknown, unknown>]> = [
          [["t", 1], space.in(["t", P.number])],
          [{ index: 0, tuple: ["t", 1] }, space.inAny([["t", P.number]])],
          [[["t", 1]], space.inAll([["t", P.number]])],
          [1, space.inWith(["t", P.number], ([, n]) => Effect.succeed(n))],
          [["t", 1], Effect.scoped(space.inScoped(["t", P.number]))]
        ]
        const looks: typeof takes = [
          [Option.some(["t", 1]), space.inp(["t", P.number])],
          [[["t", 1]], space.inUpTo(["t", P.number], 1)],
          [[["t", 1]], space.collect(["t", P.number])],
          [Option.some(["t", 1]), Effect.zipLeft(space.replace(["t", P.number], () => ["u"]), space.inp(["u"]))]
        ]
        for (const [expected, take] of [...takes, ...looks]) {
          yield* traced(space.out(["t", 1]))
          same(yield* traced(take), expected)
          yield* empty(space)
        }
        for (const [expected, take] of takes) {
          const waiter = yield* start(traced(take))
          assert.isTrue(yield* isWaiting(waiter))
          yield* traced(space.outAll([["t", 1]]))
          same(yield* Fiber.join(waiter), expected)
          yield* empty(space)
        }
        const late = traced(space.in(["t", P.number], { timeout: 0 }))
        assert.isTrue(Cause.isTimeoutException(yield* Effect.flip(late)))
        yield* traced(space.out(["t", 1]))
        assert.strictEqual(yield* Effect.flip(traced(space.inWith(["t", 1], () => Effect.fail("no")))), "no")
        same(yield* traced(space.rd(["t", 1])), ["t", 1])
        same(yield* traced(space.withPermit(["t", 1], () => Effect.succeed(2))), 2)
        same(yield* space.inp(["t", 1]), Option.some(["t", 1]))
        yield* empty(space)
      }))
  }

  test("with tracing off, unsampled or without a parent there are no spans", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const { find, spans, traced } = recorder()
      const pair = Effect.zipRight(space.out(["t"]), space.inWith(["t"], () => Effect.void))
      yield* Effect.withTracer(pair, yield* Effect.tracer)
      yield* traced(Effect.withTracerEnabled(pair, false))
      same(spans.map(({ name }) => name), ["test"])
      const external = Tracer.externalSpan({ spanId: "1", traceId: "2", sampled: true, context: Context.empty() })
      yield* Effect.withParentSpan(pair, external)
      assert.strictEqual(find("TupleSpace.out").length, 0)
    }))
})

export const metrics = cases("Insight: metrics", (each) => {
  const test = each.needing("telemetry", "options", "clock")

  /** The registry of metrics is global: every space that is measured has a name that no other has. */
  let measured = 0
  const unique = (name: string) => Effect.sync(() => `${name}-${++measured}`)

  const gauge = (name: string, space: string) =>
    Effect.map(
      Metric.snapshot,
      (pairs) =>
        pairs.flatMap(({ metricKey, metricState }) =>
          metricKey.name === `tuplespace_${name}` && MetricState.isGaugeState(metricState) &&
            Array.from(metricKey.tags).some(({ value }) => value === space)
            ? [metricState.value]
            : []
        )[0]
    )

  test("gauges are sampled at the interval, waits are counted as they are served", () =>
    Effect.gen(function*() {
      const name = yield* unique("metered")
      const space = yield* fresh({ name, metrics: "1 seconds" })
      yield* settle
      yield* space.outAll([["a"], ["b"]])
      const fiber = yield* start(space.in(["c"]))
      const watcher = yield* start(Stream.runDrain(space.subscribe(["c"])))
      assert.strictEqual(yield* gauge("tuples", name), 0)
      yield* pass("1 seconds")
      yield* settle
      assert.strictEqual(yield* gauge("tuples", name), 2)
      assert.strictEqual(yield* gauge("waiters", name), 1)
      assert.strictEqual(yield* gauge("oldest_waiter_seconds", name), 1)
      assert.strictEqual(yield* gauge("oldest_tuple_seconds", name), 1)
      assert.strictEqual(yield* gauge("expiring", name), 0)
      assert.strictEqual(yield* gauge("held", name), 0)
      yield* pass("500 millis")
      yield* space.out(["c"])
      yield* Fiber.join(fiber)
      yield* pass("500 millis")
      yield* settle
      assert.strictEqual(yield* gauge("waiters", name), 0)
      assert.strictEqual(yield* gauge("oldest_waiter_seconds", name), 0)
      const waits = (yield* Metric.snapshot).flatMap(({ metricKey, metricState }) =>
        metricKey.name === "tuplespace_wait_seconds" && MetricState.isHistogramState(metricState) &&
          Array.from(metricKey.tags).some(({ value }) => value === name)
          ? [metricState]
          : []
      )
      same(waits.map(({ count, max, min, sum }) => ({ count, max, min, sum })), [
        { count: 1, max: 1.5, min: 1.5, sum: 1.5 }
      ])
      yield* Fiber.interrupt(watcher)
    }))

  test("what is held, for how long, what has a time to live, and what is to come, are gauges", () =>
    Effect.gen(function*() {
      const name = yield* unique("held")
      const space = yield* fresh({ name, metrics: "1 seconds" })
      yield* settle
      yield* space.outAll([["a"], ["b"]])
      yield* space.out(["c"], { ttl: "1 minutes" })
      yield* space.out(["d"], { ttl: "1 minutes" })
      yield* space.out(["e"], { after: "10 seconds" })
      const holder = yield* start(space.inWith(["a"], () => Effect.never))
      yield* pass("2 seconds")
      yield* settle
      assert.strictEqual(yield* gauge("held", name), 1)
      assert.strictEqual(yield* gauge("oldest_hold_seconds", name), 2)
      assert.strictEqual(yield* gauge("expiring", name), 2)
      assert.strictEqual(yield* gauge("scheduled", name), 1)
      yield* Fiber.interrupt(holder)
      yield* pass("1 minutes")
      yield* settle
      assert.strictEqual(yield* gauge("held", name), 0)
      assert.strictEqual(yield* gauge("oldest_hold_seconds", name), 0)
      assert.strictEqual(yield* gauge("expiring", name), 0)
      assert.strictEqual(yield* gauge("scheduled", name), 0)
    }))

  test("a wait that times out or is interrupted was not served", () =>
    Effect.gen(function*() {
      const name = yield* unique("unserved")
      const space = yield* fresh({ name, metrics: "1 seconds" })
      const fiber = yield* start(Effect.ignore(space.in(["c"], { timeout: 10 })))
      yield* pass(10)
      yield* Fiber.join(fiber)
      yield* Effect.flatMap(start(space.rd(["c"])), Fiber.interrupt)
      const counts = (yield* Metric.snapshot).flatMap(({ metricKey, metricState }) =>
        MetricState.isHistogramState(metricState) && Array.from(metricKey.tags).some(({ value }) => value === name)
          ? [metricState.count]
          : []
      )
      same(counts.filter((count) => count > 0), [])
    }))

  test("S12 the meter stops with its space, and without the option there is none", () =>
    Effect.gen(function*() {
      const [stopped, unmetered] = yield* Effect.all([unique("stopped"), unique("unmetered")])
      yield* Effect.scoped(Effect.flatMap(closing({ name: stopped, metrics: 10 }), (space) =>
        Effect.zipRight(space.out(["a"]), Effect.zipRight(pass(10), settle))))
      assert.strictEqual(yield* gauge("tuples", stopped), 1)
      const space = yield* fresh({ name: unmetered })
      yield* space.out(["a"])
      yield* pass("1 hours")
      assert.isUndefined(yield* gauge("tuples", unmetered))
    }))
})
