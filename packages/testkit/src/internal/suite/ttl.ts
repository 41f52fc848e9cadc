/**
 * Tuples that live for so long, and their leases (S15).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as SpaceEvent from "@effect-linda/core/SpaceEvent"
import * as Transaction from "@effect-linda/core/Transaction"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import { assert, clockThatIsSet, empty, fresh, isWaiting, pass, same, settle, type Space, start } from "./kit.js"

/** All ways to ask whether a tuple is there: each says how many times. */
const looks = (space: Space): ReadonlyArray<Effect.Effect<number, unknown>> => [
  Effect.map(space.inp(["t"]), (found) => Option.isSome(found) ? 1 : 0),
  Effect.map(space.rdp(["t"]), (found) => Option.isSome(found) ? 1 : 0),
  Effect.map(space.collect(["t"]), (found) => found.length),
  space.count([P.rest(P.any)]),
  Effect.map(space.inspect, ({ tuples }) => tuples.length),
  Effect.map(Effect.option(space.in(["t"], { timeout: 0 })), (found) => Option.isSome(found) ? 1 : 0),
  Effect.map(space.outIfAbsent(["t"], ["u"]), (found) => Option.isSome(found) ? 1 : 0)
]

export const ttl = cases("Ttl", (test) => {
  const timed = test.needing("clock")

  timed(
    "S15 K13 the clock of the machine may be set: a tuple lives as long as its ttl says",
    () =>
      Effect.gen(function*() {
        const { clock, set } = yield* clockThatIsSet
        const space = yield* Effect.withClock(fresh(), clock)
        yield* space.out(["t"], { ttl: "200 millis" })
        set("1 hours", true)
        yield* pass("199 millis")
        assert.strictEqual(yield* space.count(["t"]), 1)
        yield* pass("1 millis")
        yield* settle
        yield* empty(space)
        yield* space.out(["t"], { ttl: "30 minutes" })
        set("2 hours")
        yield* pass("10 millis")
        assert.strictEqual(yield* space.count(["t"]), 1)
        yield* space.inp(["t"])
      })
  )

  timed("S15 a tuple is there until its time, and gone at exactly its time", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"], { ttl: "1 seconds" })
      yield* pass(999)
      assert.strictEqual(yield* space.count(["t"]), 1)
      yield* pass(1)
      same(yield* space.rdp(["t"]), Option.none())
      yield* empty(space)
    }))

  test("S15 once its time is over it is gone, for every way of looking", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const look of looks(space)) {
        yield* space.out(["t"], { ttl: 5 })
        yield* pass(10)
        assert.strictEqual(yield* look, 0)
        yield* space.collect([P.any])
      }
      yield* empty(space)
    }))

  timed("S15 there and gone at exactly its time, for every way of looking", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const look of looks(space)) {
        yield* space.out(["t"], { ttl: 10 })
        yield* pass(9)
        assert.strictEqual(yield* look, 1)
        yield* space.collect([P.any])
        yield* space.out(["t"], { ttl: 10 })
        yield* pass(10)
        assert.strictEqual(yield* look, 0)
        yield* space.collect([P.any])
      }
    }))

  test("S15 L02 equal tuples have times of their own", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"], { ttl: 10 })
      yield* space.out(["t"], { ttl: "1 minutes" })
      yield* pass(20)
      assert.strictEqual(yield* space.count(["t"]), 1)
      yield* space.in(["t"])
      yield* empty(space)
    }))

  timed("S15 L02 equal tuples end each at its own time", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"], { ttl: "1 seconds" })
      yield* space.out(["t"], { ttl: "2 seconds" })
      yield* pass("1 seconds")
      assert.strictEqual(yield* space.count(["t"]), 1)
      yield* pass("1 seconds")
      assert.strictEqual(yield* space.count(["t"]), 0)
    }))

  test("S15 L03 a lease is renewed while the tuple is there, and not after", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["t"], { ttl: "1 minutes" })
      assert.isTrue(yield* lease.renew("2 minutes"))
      assert.strictEqual(yield* space.count(["t"]), 1)
      assert.isTrue(yield* lease.renew(10))
      yield* pass(20)
      assert.isFalse(yield* lease.renew("1 minutes"))
      assert.isFalse(yield* lease.cancel)
      yield* empty(space)
    }))

  timed(
    "S15 L03 renewed before its time it lives on from then; renewed after it, it does not",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const lease = yield* space.out(["t"], { ttl: "1 seconds" })
        yield* pass(999)
        assert.isTrue(yield* lease.renew("5 seconds"))
        yield* pass(4999)
        assert.strictEqual(yield* space.count(["t"]), 1)
        yield* pass(1)
        assert.isFalse(yield* lease.renew("5 seconds"))
        assert.isFalse(yield* lease.cancel)
        yield* empty(space)
      })
  )

  test("S15 a lease can be shortened to nothing, or made endless", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["t"], { ttl: "1 minutes" })
      assert.isTrue(yield* lease.renew(Infinity))
      assert.strictEqual(yield* space.count(["t"]), 1)
      assert.isTrue(yield* lease.renew(0))
      same(yield* space.inp(["t"]), Option.none())
      yield* empty(space)
    }))

  timed("S15 a lease can be made endless, shortened, and ended", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["t"], { ttl: "1 hours" })
      assert.isTrue(yield* lease.renew(Infinity))
      yield* pass("1 days")
      assert.isTrue(yield* lease.renew(10))
      yield* pass(9)
      assert.isTrue(yield* lease.renew(0))
      same(yield* space.inp(["t"]), Option.none())
      yield* empty(space)
    }))

  test("S15 L04 cancel ends it now, and is told once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const events = yield* start(
        Stream.runCollect(Stream.take(space.subscribe(["t", P.any], { events: ["Expire"] }), 2))
      )
      const lease = yield* space.out(["t", 1], { ttl: "1 minutes" })
      assert.isTrue(yield* lease.cancel)
      same(yield* space.inp(["t", 1]), Option.none())
      assert.isFalse(yield* lease.cancel)
      yield* pass(20)
      yield* space.out(["t", 2], { ttl: 1 })
      yield* pass(1)
      same(Chunk.toReadonlyArray(yield* Fiber.join(events)), [
        SpaceEvent.Expire({ tuple: ["t", 1] }),
        SpaceEvent.Expire({ tuple: ["t", 2] })
      ])
      yield* empty(space)
    }))

  test("S15 L05 a tuple without any time: whoever waits gets it, nobody else does", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t"]))
      yield* space.out(["t"], { ttl: 0 })
      same(yield* Fiber.join(taker), ["t"])
      yield* space.out(["t"], { ttl: 0 })
      same(yield* space.inp(["t"]), Option.none())
      yield* empty(space)
    }))

  test("S15 L05 a tuple without any time is not there for what is asked in the same moment", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const [, ...found] = yield* Effect.all([
        space.out(["t"], { ttl: 0 }),
        Effect.map(space.inp(["t"]), Option.isSome),
        space.count(["t"])
      ], { concurrency: "unbounded" })
      same(found, [false, 0])
      yield* empty(space)
    }))

  test("S15 L07 without a ttl, or with an endless one or a very long one, it stays", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["a"])
      yield* space.out(["b"], { ttl: Infinity })
      yield* space.out(["c"], { ttl: "100 days" })
      const lease = yield* space.out(["d"], {})
      yield* pass(5)
      assert.strictEqual(yield* space.count([P.any]), 4)
      assert.isTrue(yield* lease.cancel)
      same(yield* space.collect([P.any]), [["a"], ["b"], ["c"]])
      yield* empty(space)
    }))

  timed(
    "S15 L07 without a ttl, or with an endless one, it lives; the lease can still end it",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["a"])
        yield* space.out(["b"], { ttl: Infinity })
        const lease = yield* space.out(["c"], {})
        yield* pass("1000 days")
        assert.strictEqual(yield* space.count([P.any]), 3)
        assert.isTrue(yield* lease.cancel)
        same(yield* space.collect([P.any]), [["a"], ["b"]])
        yield* empty(space)
      })
  )

  test("S15 the lease of a tuple that was taken is over", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t"]))
      const handed = yield* space.out(["t"], { ttl: "1 minutes" })
      yield* Fiber.join(taker)
      assert.isFalse(yield* handed.renew(10))
      const stored = yield* space.out(["t"], { ttl: "1 minutes" })
      yield* space.in(["t"])
      assert.isFalse(yield* stored.renew(10))
      assert.isFalse(yield* stored.cancel)
      const used = yield* space.out(["t"], { ttl: "1 minutes" })
      yield* space.inWith(["t"], () => Effect.void)
      assert.isFalse(yield* used.cancel)
      yield* empty(space)
    }))

  test("S15 L08 a tuple that expires while it is held: the holder may finish, and it does not come back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const events = yield* start(Stream.runCollect(Stream.take(
        space.subscribe(["t"], { events: ["Out", "In", "Requeue", "Expire"] }),
        3
      )))
      const lease = yield* space.out(["t"], { ttl: "1 minutes" })
      const gate = yield* Deferred.make<never, string>()
      const holder = yield* start(Effect.flip(space.inWith(["t"], () => Deferred.await(gate))))
      const reader = yield* start(space.rd(["t"]))
      assert.isTrue(yield* lease.renew(10))
      yield* pass(20)
      assert.isTrue(yield* isWaiting(holder))
      yield* Deferred.fail(gate, "no")
      assert.strictEqual(yield* Fiber.join(holder), "no")
      assert.isTrue(yield* isWaiting(reader))
      same(Chunk.toReadonlyArray(yield* Fiber.join(events)).map((event) => event._tag), [
        "Out",
        "In",
        "Expire"
      ])
      yield* Fiber.interrupt(reader)
      yield* empty(space)
    }))

  timed("S15 L08 a tuple that comes back in time keeps its time", () =>
    Effect.gen(function*() {
      for (const requeue of ["place", "back"] as const) {
        const space = yield* fresh()
        const lease = yield* space.out(["t"], { ttl: 10 })
        yield* pass(5)
        yield* Effect.flip(space.inWith(["t"], () => Effect.fail("no"), { requeue }))
        yield* pass(4)
        assert.strictEqual(yield* space.count(["t"]), 1)
        assert.isTrue(yield* lease.renew(2))
        yield* pass(2)
        assert.isFalse(yield* lease.renew(2))
        yield* empty(space)
      }
    }))

  test("R10 S15 a held tuple can be renewed, and ended", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["t"], { ttl: "1 minutes" })
      yield* Effect.flip(space.inWith(["t"], () =>
        Effect.gen(function*() {
          assert.isTrue(yield* lease.renew("2 minutes"))
          return yield* Effect.fail("no")
        })))
      assert.strictEqual(yield* space.count(["t"]), 1)
      yield* Effect.flip(space.inWith(["t"], () =>
        Effect.gen(function*() {
          assert.isTrue(yield* lease.cancel)
          return yield* Effect.fail("no")
        })))
      yield* empty(space)
    }))

  timed("R10 S15 a held tuple that is renewed lives from then on", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["t"], { ttl: 10 })
      yield* Effect.flip(space.inWith(["t"], () =>
        Effect.gen(function*() {
          yield* pass(9)
          assert.isTrue(yield* lease.renew(10))
          yield* pass(9)
          return yield* Effect.fail("no")
        })))
      assert.strictEqual(yield* space.count(["t"]), 1)
      yield* pass(1)
      yield* empty(space)
    }))

  timed(
    "S8 S15 a tuple that comes back from a taker that is interrupted comes back with its time",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const taker = yield* start(space.in(["t"]))
        yield* space.out(["t"], { ttl: 10 })
        const exit = yield* Fiber.interrupt(taker)
        assert.strictEqual(yield* space.count(["t"]), Exit.isSuccess(exit) ? 0 : 1)
        yield* pass(10)
        yield* empty(space)
      })
  )

  timed("L10 S15 many leases: whichever end, the space is not held up", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const leases = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, i) => i),
        (i) => space.out(["t", i], { ttl: 1 + (i * 7919) % 1000 })
      )
      yield* Effect.forEach(leases.filter((_, i) => i % 2 === 0), (lease) => lease.cancel)
      yield* pass(500)
      yield* settle
      assert.strictEqual(
        yield* space.count(["t", P.any]),
        leases.filter((_, i) => i % 2 === 1 && 1 + (i * 7919) % 1000 > 500).length
      )
      yield* pass(500)
      yield* empty(space)
    }))

  timed.needing("transactions")(
    "S10 S15 a transaction that takes a tuple and fails leaves its time as it was",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t"], { ttl: 10 })
        yield* Effect.flip(space.transact(STM.zipRight(Transaction.in(space, ["t"]), STM.fail("no"))))
        assert.strictEqual(yield* space.count(["t"]), 1)
        yield* pass(10)
        yield* empty(space)
      })
  )
})
