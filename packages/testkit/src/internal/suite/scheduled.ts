/**
 * Tuples that come later (S20).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as SpaceEvent from "@effect-linda/core/SpaceEvent"
import { exportLines, importLines } from "@effect-linda/core/TupleSpace"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import { all, assert, empty, fresh, isWaiting, pass, refusalOf, same, settle, start } from "./kit.js"

/** How many are still to come, of an engine that tells. */
const toCome = (space: Space) => Effect.map(space.inspect, ({ scheduled }) => scheduled?.count)

/** All ways to ask whether a tuple is there: each says how many times. */
const looks = (space: Space): ReadonlyArray<Effect.Effect<number, unknown>> => [
  Effect.map(space.inp(["t"]), (found) => Option.isSome(found) ? 1 : 0),
  Effect.map(space.rdp(["t"]), (found) => Option.isSome(found) ? 1 : 0),
  Effect.map(space.collect(["t"]), (found) => found.length),
  Effect.map(space.copyCollect(["t"]), (found) => found.length),
  Effect.map(space.inUpTo(["t"], 2), (found) => found.length),
  space.count([P.rest(P.any)]),
  Effect.map(space.explain(["t"]), ({ candidates }) => candidates),
  Effect.map(space.inspect, ({ tuples }) => tuples.length),
  Effect.map(Effect.option(space.in(["t"], { timeout: 0 })), (found) => Option.isSome(found) ? 1 : 0),
  Effect.map(space.replace(["t"], () => ["u"]), (found) => Option.isSome(found) ? 1 : 0),
  Effect.map(space.outIfAbsent(["t"], ["u"]), (found) => Option.isSome(found) ? 1 : 0)
]

export const scheduled = cases("Scheduled", (test) => {
  const timed = test.needing("clock")

  test("S20 a tuple that is to come is nowhere until it does, for every way of looking", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const look of looks(space)) {
        const lease = yield* space.out(["t"], { after: "1 hours" })
        same([yield* look, yield* toCome(space)], [0, 1])
        yield* space.collect([P.any])
        assert.isTrue(yield* lease.cancel)
        same(yield* toCome(space), 0)
      }
      yield* empty(space)
    }))

  timed("S20 it comes at exactly its time", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const look of looks(space)) {
        yield* space.out(["t"], { after: "1 seconds" })
        yield* pass(999)
        same(yield* look, 0)
        yield* space.collect([P.any])
        yield* pass(1)
        same(yield* look, 1)
        yield* space.collect([P.any])
      }
      yield* empty(space)
    }))

  timed("S20 or at a time by the clock of the space, however that is given", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* pass("2 hours")
      const now = yield* Clock.currentTimeMillis
      yield* space.out(["number"], { at: now + 1 })
      yield* space.out(["date"], { at: new Date(now + 2) })
      yield* space.out(["DateTime"], { at: DateTime.unsafeMake(now + 3) })
      yield* space.out(["zoned"], { at: DateTime.unsafeMakeZoned(now + 4, { timeZone: "Europe/Berlin" }) })
      yield* space.out(["passed"], { at: now - 1 })
      yield* space.out(["now"], { at: now })
      same(yield* all(space), [["passed"], ["now"]])
      yield* pass(1)
      same(yield* space.count(["number"]), 1)
      yield* pass(2)
      same(yield* all(space), [["passed"], ["now"], ["number"], ["date"], ["DateTime"]])
      yield* pass(1)
      same((yield* space.collect([P.any])).length, 6)
      yield* empty(space)
    }))

  test("S20 time goes by, and it is there", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const at = (yield* Clock.currentTimeMillis) + 20
      yield* space.out(["after"], { after: 20 })
      yield* space.out(["at"], { at })
      yield* pass(200)
      same([...(yield* space.collect([P.any]))].sort(), [["after"], ["at"]])
      yield* empty(space)
    }))

  test("S4 S20 it goes to those who wait, though nothing else happens in the space", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* start(space.rd(["t", P.number]))
      const [first, second] = yield* Effect.all([start(space.in(["t", P.number])), start(space.in(["t", P.number]))])
      yield* space.out(["t", 1], { after: 30 })
      yield* pass(30)
      same(yield* Fiber.join(reader), ["t", 1])
      same(yield* Fiber.join(first), ["t", 1])
      yield* space.out(["t", 2], { after: 30 })
      yield* pass(30)
      same(yield* Fiber.join(second), ["t", 2])
      yield* empty(space)
    }))

  timed(
    "S4 S20 at exactly its time, to the one that has waited longest and for which it is",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", 1], { after: 10 })
        const [other, first, second] = yield* Effect.forEach(
          [(n: number) => n > 1, P.number, P.number],
          (field) => start(space.in(["t", field]))
        )
        yield* pass(9)
        assert.isTrue(yield* isWaiting(first!))
        yield* pass(1)
        same(yield* Fiber.join(first!), ["t", 1])
        assert.isTrue(yield* isWaiting(second!))
        assert.isTrue(yield* isWaiting(other!))
        yield* Fiber.interruptAll([other!, second!])
        yield* empty(space)
      })
  )

  test("S11 S20 it completes a join, and a choice", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["j", "a", 1])
      const join = yield* start(space.inAll([["j", "a", P.ref("n", P.number)], ["j", "b", P.ref("n")]]))
      const choice = yield* start(space.inAny({ b: ["c", P.number], d: ["d", P.number] }))
      yield* space.out(["j", "b", 1], { after: 20 })
      yield* space.out(["d", 1], { after: 20 })
      yield* pass(20)
      same(yield* Fiber.join(join), [["j", "a", 1], ["j", "b", 1]])
      same(yield* Fiber.join(choice), { key: "d", tuple: ["d", 1] })
      yield* empty(space)
    }))

  timed("S5 S20 its place in the order of age is that of its coming", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "last"], { after: 30 })
      yield* space.out(["t", "second"], { after: 20 })
      yield* space.out(["t", "third"], { after: 20 })
      yield* pass(10)
      yield* space.out(["t", "first"])
      yield* pass(30)
      yield* space.out(["t", "youngest"])
      same((yield* all(space)).map(([, which]) => which), ["first", "second", "third", "last", "youngest"])
      yield* space.collect([P.any, P.any])
      yield* empty(space)
    }))

  timed("S15 S20 its time to live begins when it comes", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"], { after: 10, ttl: 5 })
      yield* pass(10)
      same(yield* space.count(["t"]), 1)
      yield* pass(4)
      same(yield* space.count(["t"]), 1)
      yield* pass(1)
      same(yield* space.count(["t"]), 0)
      yield* empty(space)
    }))

  timed("S15 S20 and is over by then, also if nobody has looked in between", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 0], { after: 10, ttl: 0 })
      yield* space.out(["t", 1], { after: 10, ttl: 5 })
      yield* pass(20)
      same(yield* space.count(["t", P.any]), 0)
      const taker = yield* start(space.in(["t", P.any]))
      yield* space.out(["t", 2], { after: 10, ttl: 0 })
      yield* pass(10)
      same(yield* Fiber.join(taker), ["t", 2])
      yield* empty(space)
    }))

  test("S17 S20 subscriptions see it when it comes, and nothing of one that was cancelled before", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const events = yield* start(Stream.runCollect(Stream.take(
        space.subscribe(["t", P.any], { events: ["Out", "In", "Requeue", "Expire"] }),
        3
      )))
      const cancelled = yield* space.out(["t", 0], { after: "1 hours" })
      yield* space.out(["t", 2])
      yield* space.out(["t", 1], { after: 20 })
      assert.isTrue(yield* cancelled.cancel)
      yield* pass(20)
      same(yield* space.in(["t", 1]), ["t", 1])
      same(Chunk.toReadonlyArray(yield* Fiber.join(events)), [
        SpaceEvent.Out({ tuple: ["t", 2] }),
        SpaceEvent.Out({ tuple: ["t", 1] }),
        SpaceEvent.In({ tuple: ["t", 1] })
      ])
      yield* space.in(["t", 2])
      yield* empty(space)
    }))

  test("S20 inspect counts what is to come, and says when the first of it does", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const told = Effect.map(space.inspect, ({ scheduled }) => scheduled)
      same(yield* told, { count: 0, next: undefined })
      const late = yield* space.out(["t"], { after: "2 hours" })
      const soon = yield* space.out(["t"], { after: "1 hours" })
      const two = yield* told
      same(two?.count, 2)
      assert.isTrue(two!.next! > 3_500_000 && two!.next! <= 3_600_000)
      assert.isTrue(yield* soon.cancel)
      const one = yield* told
      same(one?.count, 1)
      assert.isTrue(one!.next! > 7_100_000 && one!.next! <= 7_200_000)
      assert.isTrue(yield* late.cancel)
      same(yield* told, { count: 0, next: undefined })
      yield* empty(space)
    }))

  test("S20 a lease cancels it before it comes, once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["t"], { after: "1 hours", ttl: "1 hours" })
      assert.isTrue(yield* lease.cancel)
      assert.isFalse(yield* lease.cancel)
      assert.isFalse(yield* lease.renew("1 hours"))
      assert.isFalse(yield* lease.reschedule(1))
      yield* pass(20)
      yield* empty(space)
    }))

  timed("S20 and it does not come then", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const leases = yield* Effect.forEach([1, 2, 3], (n) => space.out(["t", n], { after: 10 * n }))
      yield* pass(9)
      assert.isTrue(yield* leases[0]!.cancel)
      assert.isTrue(yield* leases[2]!.cancel)
      yield* pass("1 hours")
      same(yield* space.collect(["t", P.number]), [["t", 2]])
      yield* empty(space)
    }))

  test("S20 a lease hastens it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t", 1]))
      const first = yield* space.out(["t", 1], { after: "1 hours" })
      const second = yield* space.out(["t", 2], { after: "1 hours" })
      assert.isTrue(yield* first.reschedule(20))
      assert.isTrue(yield* second.reschedule(0))
      same(yield* space.inp(["t", 2]), Option.some(["t", 2]))
      yield* pass(20)
      same(yield* Fiber.join(taker), ["t", 1])
      same(yield* Effect.forEach([first, second], (lease) => lease.reschedule(1)), [false, false])
      same(yield* toCome(space), 0)
      yield* empty(space)
    }))

  timed("S20 a lease puts it off, from now on", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["t"], { after: 10, ttl: 3 })
      yield* pass(9)
      assert.isTrue(yield* lease.reschedule("1 hours"))
      assert.isTrue(yield* lease.reschedule(10))
      yield* pass(9)
      same(yield* space.count(["t"]), 0)
      yield* pass(1)
      same(yield* space.count(["t"]), 1)
      assert.isFalse(yield* lease.reschedule(10))
      yield* pass(3)
      same(yield* space.count(["t"]), 0)
      yield* empty(space)
    }))

  timed(
    "S15 S20 a lease that is renewed before it comes says how long it will live; then it is any other",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const short = yield* space.out(["short"], { after: 10, ttl: "1 hours" })
        const long = yield* space.out(["long"], { after: 10, ttl: 1 })
        assert.isTrue(yield* short.renew(5))
        assert.isTrue(yield* long.renew(Infinity))
        yield* pass(10)
        same(yield* all(space), [["short"], ["long"]])
        yield* pass(5)
        same(yield* all(space), [["long"]])
        assert.isFalse(yield* short.renew(5))
        assert.isTrue(yield* long.renew(5))
        yield* pass(4)
        assert.isTrue(yield* long.renew(5))
        yield* pass(4)
        same(yield* all(space), [["long"]])
        assert.isTrue(yield* long.cancel)
        yield* empty(space)
      })
  )

  test("S20 the lease of one that has come is that of any other", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["t"], { after: 1 })
      yield* pass(20)
      same(yield* space.rd(["t"]), ["t"])
      assert.isFalse(yield* lease.reschedule("1 hours"))
      assert.isTrue(yield* lease.renew("1 hours"))
      assert.isTrue(yield* lease.cancel)
      assert.isFalse(yield* lease.cancel)
      yield* empty(space)
    }))

  test("S20 after nothing, or at a time that has passed, it is an ordinary put", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t", 0]))
      const lease = yield* space.out(["t", 0], { after: 0 })
      same(yield* Fiber.join(taker), ["t", 0])
      assert.isFalse(yield* lease.reschedule(1))
      yield* space.out(["t", 1], { at: new Date(0) })
      yield* space.out(["t", 2], { after: "0 millis", ttl: "1 hours" })
      yield* space.out(["t", 3], { at: 0, ttl: 0 })
      same(yield* all(space), [["t", 1], ["t", 2]])
      same(yield* toCome(space), 0)
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  test("S8 S20 a tuple that has come is held and back as any other", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1], { after: 1 })
      yield* pass(10)
      yield* space.out(["t", 2])
      same(yield* Effect.flip(space.inWith(["t", P.number], ([, n]) => Effect.fail(n))), 1)
      same(yield* space.collect(["t", P.number]), [["t", 1], ["t", 2]])
      yield* empty(space)
    }))

  timed.needing("options")(
    "S14 S20 it takes up no room until it comes, and finds some in a full space",
    () =>
      Effect.gen(function*() {
        for (const strategy of ["suspend", "dropping", "sliding"] as const) {
          const space = yield* fresh({ capacity: 1, strategy })
          yield* space.out(["t", 0])
          yield* space.out(["t", 1], { after: 10 })
          same(yield* all(space), [["t", 0]])
          yield* pass(10)
          same(yield* all(space), [["t", 0], ["t", 1]])
          // No more than that: it is full.
          const put = yield* start(space.out(["t", 2]))
          same(yield* isWaiting(put), strategy === "suspend")
          same(
            yield* space.collect(["t", P.number]),
            strategy === "sliding" ? [["t", 2]] : [["t", 0], ["t", 1]]
          )
          yield* Fiber.join(put)
          yield* space.collect(["t", P.number])
          yield* empty(space)
        }
      })
  )

  timed.needing("options")(
    "S14 S20 when it comes into a full space, who needs no room does not wait for some",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh({ capacity: 1 })
        yield* space.out(["t", 0])
        yield* space.out(["t", 1], { after: 10 })
        const taker = yield* start(space.in(["u"]))
        // In the step in which it comes.
        const put = yield* Effect.fork(Effect.zipRight(Effect.sleep(10), space.out(["u"])))
        yield* pass(10)
        yield* settle
        assert.isFalse(yield* isWaiting(put))
        same(yield* Fiber.join(taker), ["u"])
        same(yield* space.collect(["t", P.number]), [["t", 0], ["t", 1]])
        yield* empty(space)
      })
  )

  test("S20 what is to come is exported, and comes where it is imported", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* fresh(), yield* fresh()]
      yield* from.out(["t", 1])
      const leases = [
        yield* from.out(["t", 3], { after: "2 hours", ttl: "3 hours" }),
        yield* from.out(["u", 2, "other"], { after: "1 hours" })
      ]
      const lines = Chunk.toReadonlyArray(yield* Stream.runCollect(exportLines(from)))
      const [, there, second, third, end] = lines.map((line) => JSON.parse(line))
      same([there.tuple, there.after, end], [["t", 1], undefined, { end: 3 }])
      same([second.tuple, second.ttl], [["u", 2, "other"], undefined])
      assert.isTrue(second.after > 3_500_000 && second.after <= 3_600_000)
      same([third.tuple, third.ttl], [["t", 3], 3 * 3_600_000])
      assert.isTrue(third.after > 7_100_000 && third.after <= 7_200_000)
      const put = (lines: ReadonlyArray<string>) => Stream.run(Stream.fromIterable(lines), importLines(to))
      same(yield* put(lines), 3)
      same([yield* to.collect([P.rest(P.any)]), yield* toCome(to)], [[["t", 1]], 2])
      same(yield* put(lines.map((line) => line.replace(/"after":[0-9.]+/, "\"after\":30"))), 3)
      yield* pass(30)
      same(yield* to.in(["t", 3]), ["t", 3])
      same(yield* to.in(["u", 2, "other"]), ["u", 2, "other"])
      yield* to.in(["t", 1])
      yield* from.in(["t", 1])
      yield* Effect.forEach(leases, (lease) => lease.cancel)
      yield* Effect.all([empty(from), empty(to)])
    }))

  test("S16 S20 a time that means nothing is refused by name, and nothing is put", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const bad: ReadonlyArray<readonly [options: object, message: RegExp]> = [
        [{ after: 1, at: 1 }, /^at: a tuple that comes after a while cannot come at a time as well: give only one/],
        [{ after: -1 }, /^after: -1 is no duration/],
        [{ after: "-1 seconds" }, /^after: "-1 seconds" is no duration/],
        [{ after: NaN }, /^after: NaN is no duration/],
        [{ after: Infinity }, /^after: Infinity is no duration from 0 ms on that has an end/],
        [{ after: "soon" }, /^after: "soon" is no duration/],
        [{ after: null }, /^after: null is no duration/],
        [{ at: NaN }, /^at: NaN is no time: give a Date, a DateTime, or milliseconds since 1970/],
        [{ at: Infinity }, /^at: Infinity is no time/],
        [{ at: new Date(NaN) }, /^at: .* is no time/],
        [{ at: "2030-01-01" }, /^at: "2030-01-01" is no time/],
        [{ at: null }, /^at: null is no time/],
        [{ after: 1, ttl: -1 }, /^ttl: -1 is no duration/],
        [{ after: 1, tll: 1 }, /^tll: there is no such option here, but "ttl", "after", "at"/]
      ]
      for (const [options, message] of bad) {
        const error = yield* refusalOf(space.out(["t"], options))
        same(error.reason, "InvalidOption")
        assert.match(error.message, message)
      }
      const lease = yield* space.out(["t"], { after: "1 hours" })
      for (const after of [-1, NaN, Infinity, undefined]) {
        const error = yield* refusalOf(lease.reschedule(after as number))
        same(error.reason, "InvalidOption")
        assert.match(error.message, /^after: /)
      }
      same((yield* refusalOf(space.out([] as never, { after: 1 }))).reason, "InvalidTuple")
      same(yield* toCome(space), 1)
      assert.isTrue(yield* lease.cancel)
      yield* empty(space)
    }))
})
