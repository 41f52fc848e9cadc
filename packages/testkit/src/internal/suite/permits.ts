/**
 * Tuples that are lent and always come back: `withPermit` (S8).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as SpaceEvent from "@effect-linda/core/SpaceEvent"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import { assert, closing, defectOf, empty, fresh, isInterrupted, isWaiting, pass, refusalOf, same } from "./kit.js"
import { settle, start, waiters } from "./kit.js"

const three = [["t", 1], ["t", 2], ["t", 3]] as const

export const permits = cases("Holding: withPermit", (test) => {
  test("S8 K22 the tuple is lent to the use, and back when it succeeds, fails, dies, throws or is interrupted", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(three)
      const boom = new Error("boom")
      const uses: ReadonlyArray<() => Effect.Effect<unknown, string>> = [
        () => Effect.succeed(1),
        () => Effect.fail("no"),
        () => Effect.die(boom),
        () => {
          throw boom
        },
        () => Effect.interrupt
      ]
      for (const use of uses) {
        yield* Effect.exit(space.withPermit(["t", P.number], use))
        same(yield* space.copyCollect(["t", P.any]), [...three])
      }
      assert.strictEqual(yield* space.withPermit(["t", 2], ([, n]) => Effect.succeed(n + 1)), 3)
      assert.strictEqual(yield* Effect.flip(space.withPermit(["t", 2], uses[1]!)), "no")
      assert.strictEqual(yield* defectOf(space.withPermit(["t", 2], uses[3]!)), boom)
      const fiber = yield* start(space.withPermit(["t", 2], () => Effect.never))
      same(yield* space.copyCollect(["t", P.any]), [["t", 1], ["t", 3]])
      assert.strictEqual((yield* space.inspect).held, 1)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      same(yield* space.collect(["t", P.any]), [...three])
      yield* empty(space)
    }))

  test("S8 K22 a lock: who comes second waits for who was first, and has it then", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["lock"])
      const gates = yield* Effect.replicateEffect(Deferred.make<void>(), 3)
      const order: Array<number> = []
      const fibers = []
      for (const [index, gate] of gates.entries()) {
        fibers.push(
          yield* start(
            space.withPermit(
              ["lock"],
              () => Effect.zipRight(Effect.sync(() => order.push(index)), Deferred.await(gate))
            )
          )
        )
      }
      same(order, [0])
      same((yield* space.inspect).interests.map(({ kind, patterns }) => [kind, patterns]), [
        ["withPermit", ["[\"lock\"]"]],
        ["withPermit", ["[\"lock\"]"]]
      ])
      for (const [index, gate] of gates.entries()) {
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(fibers[index]!)
        yield* settle
        same(order, [0, 1, 2].slice(0, index + 2))
      }
      assert.strictEqual(yield* space.count(["lock"]), 1)
    }))

  test("S8 K22 among many who contend one has the lock at a time, and all get it in the order in which they came", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["lock"])
      let holders = 0
      const order: Array<number> = []
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }, (_, index) => index), (index) =>
        Effect.zipLeft(
          Effect.fork(space.withPermit(["lock"], () =>
            Effect.gen(function*() {
              assert.strictEqual(++holders, 1)
              order.push(index)
              yield* Effect.yieldNow()
              assert.strictEqual(yield* space.count(["lock"]), 0)
              holders--
            }))),
          settle
        ))
      yield* Fiber.join(Fiber.all(fibers))
      same(order, Array.from({ length: 20 }, (_, index) => index))
      assert.strictEqual(yield* space.count(["lock"]), 1)
    }))

  test("S8 K22 n equal tuples are a semaphore of n permits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["permit"], ["permit"], ["permit"]])
      let holders = 0
      let most = 0
      const use = Effect.gen(function*() {
        most = Math.max(most, ++holders)
        yield* settle
        holders--
      })
      yield* Effect.all(Effect.replicate(space.withPermit(["permit"], () => use), 7), { concurrency: "unbounded" })
      assert.strictEqual(most, 3)
      assert.strictEqual(yield* space.count(["permit"]), 3)
    }))

  test("S8 K22 an interruption of the wait leaves nothing, and the permit goes to the next", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["lock"])
      const gate = yield* Deferred.make<void>()
      const holder = yield* start(space.withPermit(["lock"], () => Deferred.await(gate)))
      const waiter = yield* start(space.withPermit(["lock"], () => Effect.die("it must not have it")))
      const next = yield* start(space.withPermit(["lock"], Effect.succeed))
      assert.strictEqual(yield* waiters(space), 2)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(waiter)))
      assert.strictEqual(yield* waiters(space), 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      same(yield* Fiber.join(next), ["lock"])
      same(yield* space.collect([P.any]), [["lock"]])
      yield* empty(space)
    }))

  test("S8 K22 an interruption as the permit comes gives it back, whoever gets there first", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const first = yield* start(space.withPermit(["t", P.number], () => Effect.never))
      const next = yield* start(space.withPermit(["t", P.number], Effect.succeed))
      yield* space.outAll([["t", 1]])
      yield* Fiber.interrupt(first)
      same(yield* Fiber.join(next), ["t", 1])
      same(yield* space.collect(["t", P.any]), [["t", 1]])
      yield* empty(space)
    }))

  test("S8 K22 the wait can be interrupted, also beside a race and Effect.timeout; the use as its caller", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const waiting = yield* start(Effect.timeoutOption(space.withPermit(["lock"], () => Effect.void), 20))
      yield* pass(20)
      same(yield* Fiber.join(waiting), Option.none())
      yield* space.out(["lock"])
      const gate = yield* Deferred.make<void>()
      const used = yield* start(Effect.uninterruptible(space.withPermit(["lock"], () => Deferred.await(gate))))
      const interrupting = yield* start(Fiber.interrupt(used))
      assert.isTrue(yield* isWaiting(used))
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(interrupting)
      assert.strictEqual(yield* space.count(["lock"]), 1)
    }))

  test("S8 S9 K22 the timeout bounds the wait and not the use", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["lock"])
      const gate = yield* Deferred.make<string>()
      const held = yield* Deferred.make<void>()
      const use = () => Effect.zipRight(Deferred.succeed(held, undefined), Deferred.await(gate))
      const holder = yield* start(space.withPermit(["lock"], use, { timeout: 0 }))
      yield* Deferred.await(held)
      const late = yield* start(Effect.flip(space.withPermit(["lock"], () => Effect.void, { timeout: "20 millis" })))
      yield* pass("20 millis")
      assert.isTrue(Cause.isTimeoutException(yield* Fiber.join(late)))
      yield* Deferred.succeed(gate, "done")
      assert.strictEqual(yield* Fiber.join(holder), "done")
      assert.strictEqual(yield* space.count(["lock"]), 1)
    }))

  test("S8 K22 requeue: the old place, or behind all others", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(three)
      yield* space.withPermit(["t", P.any], () => Effect.void, { requeue: "back" })
      same(yield* space.copyCollect(["t", P.any]), [["t", 2], ["t", 3], ["t", 1]])
      yield* Effect.flip(space.withPermit(["t", 3], () => Effect.fail("no"), { requeue: "back" }))
      same(yield* space.copyCollect(["t", P.any]), [["t", 2], ["t", 1], ["t", 3]])
      yield* space.withPermit(["t", 1], () => Effect.void, { requeue: "place" })
      same(yield* space.collect(["t", P.any]), [["t", 2], ["t", 1], ["t", 3]])
    }))

  test("S8 K22 counts no attempts, and no failure drops the tuple", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      for (let i = 0; i < 5; i++) {
        yield* Effect.flip(space.withPermit(["t"], () => Effect.fail("no")))
      }
      yield* Effect.flip(space.inWith(["t"], () => Effect.fail("no"), { maxAttempts: 2 }))
      assert.strictEqual(yield* space.count(["t"]), 1)
      yield* Effect.flip(space.withPermit(["t"], () => Effect.fail("no")))
      yield* Effect.flip(space.inWith(["t"], () => Effect.fail("no"), { maxAttempts: 2 }))
      yield* empty(space)
    }))

  test("S8 S16 K22 options that would drop the tuple are refused", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      for (const options of [{ maxAttempts: 3 }, { deadLetter: () => ["dead"] }, { requeue: "front" }]) {
        const error = yield* refusalOf(space.withPermit(["t"], () => Effect.void, options as {}))
        assert.strictEqual(error.reason, "InvalidOption")
        assert.match(error.message, new RegExp(`^${Object.keys(options)[0]}: `))
      }
      assert.strictEqual((yield* refusalOf(space.withPermit([] as never, () => Effect.void))).reason, "InvalidPattern")
      assert.strictEqual(yield* space.count(["t"]), 1)
    }))

  test("S8 S17 K22 taking a permit is an In, giving it back a Requeue", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["lock"])
      const events = yield* start(Stream.runCollect(Stream.take(
        space.subscribe(["lock"], { events: ["Out", "In", "Requeue", "Expire"] }),
        4
      )))
      yield* space.withPermit(["lock"], () => Effect.void)
      yield* Effect.flip(space.withPermit(["lock"], () => Effect.fail("no")))
      same(Chunk.toReadonlyArray(yield* Fiber.join(events)), [
        SpaceEvent.In({ tuple: ["lock"] }),
        SpaceEvent.Requeue({ tuple: ["lock"] }),
        SpaceEvent.In({ tuple: ["lock"] }),
        SpaceEvent.Requeue({ tuple: ["lock"] })
      ])
    }))

  test("S8 S15 K22 a permit whose time is over while it is held is gone when it comes back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = yield* space.out(["lock"], { ttl: "1 hour" })
      const gate = yield* Deferred.make<void>()
      const held = yield* Deferred.make<void>()
      const use = () => Effect.zipRight(Deferred.succeed(held, undefined), Deferred.await(gate))
      const holder = yield* start(space.withPermit(["lock"], use))
      // However long it took: the time that is left begins when it is held.
      yield* Deferred.await(held)
      assert.isTrue(yield* lease.renew("20 millis"))
      yield* pass("30 millis")
      assert.strictEqual((yield* space.inspect).held, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      assert.isFalse(yield* lease.renew("1 minute"))
      yield* empty(space)
    }))

  test.needing("options")("S8 S14 K22 a permit that comes back needs no room", () =>
    Effect.gen(function*() {
      for (const strategy of ["suspend", "dropping", "sliding"] as const) {
        const space = yield* fresh({ capacity: 1, strategy })
        yield* space.out(["lock"])
        yield* space.withPermit(["lock"], () => space.out(["full"]))
        same(yield* space.collect([P.any]), [["lock"], ["full"]])
      }
    }))

  test("S3 K22 a predicate that throws is a defect, at once and while it waits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const boom = new Error("boom")
      const bad = () => {
        throw boom
      }
      const waiting = yield* start(Effect.exit(space.withPermit(["a", bad], () => Effect.void)))
      const other = yield* start(space.withPermit(["a", P.number], Effect.succeed))
      yield* space.out(["a", 1])
      same(yield* Fiber.join(other), ["a", 1])
      const exit = yield* Fiber.join(waiting)
      assert.isTrue(Exit.isFailure(exit) && Chunk.contains(Cause.defects(exit.cause), boom))
      assert.strictEqual(yield* defectOf(space.withPermit(["a", bad], () => Effect.void)), boom)
      same(yield* space.collect(["a", P.any]), [["a", 1]])
      yield* empty(space)
    }))

  test("S8 K22 holds within a use: each is back, the inner first", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a"], ["b"]])
      yield* space.withPermit(["a"], () =>
        Effect.zipRight(
          space.withPermit(["b"], () => Effect.map(space.inspect, ({ held }) => assert.strictEqual(held, 2))),
          Effect.map(space.count(["b"]), (count) => assert.strictEqual(count, 1))
        ))
      // Who has the lock and asks for it again waits for itself.
      const twice = yield* start(space.withPermit(["a"], () => space.withPermit(["a"], () => Effect.void)))
      assert.isTrue(yield* isWaiting(twice))
      yield* Fiber.interrupt(twice)
      same(yield* space.collect([P.any]), [["a"], ["b"]])
    }))

  test("S12 K22 when the space closes, who waits is interrupted, and a use outside runs on", () =>
    Effect.gen(function*() {
      const outside = yield* Effect.scope
      const gate = yield* Deferred.make<number>()
      const [holder, waiter, space] = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        yield* space.out(["lock"])
        const holder = yield* Effect.forkIn(space.withPermit(["lock"], () => Deferred.await(gate)), outside)
        yield* settle
        const waiter = yield* Effect.forkIn(space.withPermit(["lock"], () => Effect.void), outside)
        yield* settle
        return [holder, waiter, space] as const
      }))
      assert.isTrue(yield* isInterrupted(Fiber.join(waiter)))
      yield* Deferred.succeed(gate, 1)
      assert.strictEqual(yield* Fiber.join(holder), 1)
      assert.isTrue(yield* isInterrupted(space.withPermit(["lock"], () => Effect.void)))
    }))
})
