/**
 * Spaces that hold so many tuples and no more (S14).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import * as Transaction from "@effect-linda/core/Transaction"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import { cases } from "./case.js"
import { all, assert, defectOf, empty, fresh, isWaiting, pass, refusalOf, same, settle, start, waiters } from "./kit.js"

export const capacity = cases("Capacity: suspend", (each) => {
  const test = each.needing("options")
  const timed = test.needing("clock")

  test("S14 K07 an out into a full space waits, in order of arrival, until there is room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2 })
      yield* space.out(["t", 1])
      yield* space.out(["t", 2])
      const fibers = yield* Effect.forEach([3, 4, 5], (i) => start(space.out(["t", i])))
      same((yield* space.inspect).interests.map(({ kind, patterns }) => ({ kind, patterns })), [
        { kind: "out", patterns: [] },
        { kind: "out", patterns: [] },
        { kind: "out", patterns: [] }
      ])
      assert.strictEqual(yield* space.count(["t", P.any]), 2)
      yield* space.in(["t", 2])
      yield* Fiber.join(fibers[0]!)
      assert.isTrue(yield* isWaiting(fibers[1]!))
      same(yield* all(space), [["t", 1], ["t", 3]])
      yield* space.collect(["t", P.any])
      yield* Fiber.join(Fiber.all(fibers))
      same(yield* space.collect(["t", P.any]), [["t", 4], ["t", 5]])
      yield* empty(space)
    }))

  test("S14 a taker that comes is handed its tuple by a put that waits, also by one behind others", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["full"])
      const first = yield* start(space.out(["a"]))
      const second = yield* start(space.out(["b"]))
      const taker = yield* start(space.in(["b"]))
      assert.isFalse(yield* isWaiting(taker))
      assert.isFalse(yield* isWaiting(second))
      assert.isTrue(yield* isWaiting(first))
      same(yield* space.inp(["full"]), Option.some(["full"]))
      yield* Fiber.join(first)
      same(yield* space.collect([P.any]), [["a"]])
    }))

  test.needing("transactions")(
    "S10 S14 a transaction that takes makes room for those who wait",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh({ capacity: 1 })
        yield* space.out(["a"])
        const putter = yield* start(space.out(["b"]))
        yield* space.transact(Transaction.in(space, ["a"]))
        assert.isFalse(yield* isWaiting(putter))
        same(yield* space.collect([P.any]), [["b"]])
      })
  )

  test("S14 a tuple handed to a waiter needs no room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["full"])
      const taker = yield* start(space.in(["t"]))
      yield* space.out(["t"])
      same(yield* Fiber.join(taker), ["t"])
      const waiting = yield* start(space.out(["u"]))
      const late = yield* start(space.in(["u"]))
      same(yield* Fiber.join(late), ["u"])
      yield* Fiber.join(waiting)
      same(yield* all(space), [["full"]])
    }))

  test("S14 a tuple for a waiter overtakes those who wait for room, any other does not", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2 })
      yield* space.outAll([["a"], ["b"]])
      const two = yield* start(space.outAll([["c"], ["d"]]))
      yield* space.in(["a"])
      assert.isTrue(yield* isWaiting(two))
      const one = yield* start(space.out(["e"]))
      assert.isTrue(yield* isWaiting(one), "there is room for it, but it is not its turn")
      const taker = yield* start(space.in(["f"]))
      yield* space.out(["f"])
      yield* Fiber.join(taker)
      yield* space.in(["b"])
      yield* Fiber.join(two)
      assert.isTrue(yield* isWaiting(one))
      yield* space.in(["c"])
      yield* Fiber.join(one)
      same(yield* all(space), [["d"], ["e"]])
    }))

  test("S14 a reader is served by a tuple only once that has room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["full"])
      const reader = yield* start(space.rd(["t"]))
      const out = yield* start(space.out(["t"]))
      assert.isTrue(yield* isWaiting(reader))
      yield* space.in(["full"])
      yield* Fiber.join(Fiber.zip(reader, out))
      same(yield* space.collect(["t"]), [["t"]])
    }))

  test("S8 S14 an out that is interrupted while it waits puts nothing, and lets the next one in", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["a"])
      const first = yield* start(space.out(["b"]))
      const second = yield* start(space.out(["c"]))
      yield* Fiber.interrupt(first)
      yield* space.in(["a"])
      yield* Fiber.join(second)
      same(yield* space.collect([P.any]), [["c"]])
      yield* empty(space)
    }))

  test("S14 the first of those who wait is interrupted, so that the next has room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2 })
      yield* space.out(["a"])
      const two = yield* start(space.outAll([["b"], ["c"]]))
      const one = yield* start(space.out(["d"]))
      assert.isTrue(yield* isWaiting(one))
      yield* Fiber.interrupt(two)
      yield* Fiber.join(one)
      same(yield* all(space), [["a"], ["d"]])
    }))

  test("S14 outIfAbsent waits for room, and looks again when there is some", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["full"])
      const first = yield* start(space.outIfAbsent(["lock"], ["lock"]))
      const second = yield* start(space.outIfAbsent(["lock"], ["lock"]))
      same((yield* space.inspect).interests.map(({ kind, patterns }) => [kind, ...patterns]), [
        ["outIfAbsent", "[\"lock\"]"],
        ["outIfAbsent", "[\"lock\"]"]
      ])
      yield* space.in(["full"])
      same(yield* Fiber.join(first), Option.none())
      same(yield* Fiber.join(second), Option.some(["lock"]))
      yield* space.collect(["lock"])
      yield* empty(space)
    }))

  test("S3 S14 the predicate of an outIfAbsent that waits for room throws in somebody else's step: it dies, and nobody else", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2 })
      yield* space.outAll([["x", 0], ["full", 0]])
      const boom = new Error("boom")
      const bad = (n: number): boolean => {
        if (n === 1) {
          throw boom
        }
        return false
      }
      const waiting = yield* start(space.outIfAbsent(["x", bad], ["y", 0]))
      assert.isTrue(yield* isWaiting(waiting))
      yield* space.replace(["x", 0], () => ["x", 1])
      yield* space.in(["full", 0])
      assert.strictEqual(yield* defectOf(Fiber.join(waiting)), boom)
      same(yield* space.collect([P.any, P.any]), [["x", 1]])
      yield* empty(space)
    }))

  test("S14 replace needs no room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["n", 1])
      yield* space.replace(["n", P.number], ([, n]) => ["n", n + 1])
      same(yield* all(space), [["n", 2]])
    }))

  test("S14 S16 an outAll that can never fit dies and says so", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2 })
      const error = yield* refusalOf(space.outAll([["a"], ["b"], ["c"]]))
      assert.strictEqual(error.reason, "InvalidOption")
      assert.match(error.message, /3 tuples never fit in a space with capacity 2/)
      yield* empty(space)
    }))

  test("S14 outAll waits until all of it has room, and puts none before", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 3 })
      yield* space.outAll([["a"], ["b"]])
      const fiber = yield* start(space.outAll([["c"], ["d"]]))
      const reader = yield* start(space.rd(["c"]))
      assert.isTrue(yield* isWaiting(fiber))
      assert.isTrue(yield* isWaiting(reader))
      assert.strictEqual(yield* space.count([P.any]), 2)
      yield* space.in(["b"])
      yield* Fiber.join(Fiber.zip(fiber, reader))
      same(yield* all(space), [["a"], ["c"], ["d"]])
    }))

  test("S14 what is given back, fails or is dead has room whatever happens, and then nobody else", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["a"])
      yield* Effect.flip(space.inWith(["a"], () => Effect.zipRight(space.out(["b"]), Effect.fail("no"))))
      same(yield* all(space), [["a"], ["b"]])
      const out = yield* start(space.out(["c"]))
      yield* space.in(["a"])
      assert.isTrue(yield* isWaiting(out))
      yield* space.in(["b"])
      yield* Fiber.join(out)
    }))

  test.needing("transactions")("S10 S14 a transaction waits for room without polling", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["a"])
      let runs = 0
      const fiber = yield* start(space.transact(STM.zipRight(
        STM.sync(() => {
          if (++runs > 100) {
            throw new Error("it spins")
          }
        }),
        Transaction.out(space, ["b"])
      )))
      yield* settle
      assert.isBelow(runs, 4)
      const before = runs
      yield* space.rdp(["a"])
      yield* settle
      assert.strictEqual(runs, before)
      assert.strictEqual(yield* waiters(space), 1)
      yield* space.in(["a"])
      yield* Fiber.join(fiber)
      same(yield* space.collect([P.any]), [["b"]])
      yield* empty(space)
    }))

  test("S14 B09 collectInto waits for room in the other space, moving nothing meanwhile", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const small = yield* fresh({ capacity: 2 })
      yield* small.out(["full"])
      yield* space.outAll([["t", 1], ["t", 2]])
      const fiber = yield* start(space.collectInto(["t", P.any], small))
      assert.isTrue(yield* isWaiting(fiber))
      assert.strictEqual(yield* space.count(["t", P.any]), 2)
      yield* small.in(["full"])
      assert.strictEqual(yield* Fiber.join(fiber), 2)
      assert.strictEqual(yield* small.count(["t", P.any]), 2)
      yield* empty(space)
    }))

  timed("S14 S15 time makes room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["a"], { ttl: 10 })
      const fiber = yield* start(space.out(["b"]))
      yield* pass(9)
      assert.isTrue(yield* isWaiting(fiber))
      yield* pass(1)
      yield* Fiber.join(fiber)
      same(yield* all(space), [["b"]])
    }))

  timed("S14 S15 the lease of a tuple that waited for room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["a"])
      const fiber = yield* start(space.out(["b"], { ttl: 10 }))
      yield* pass(4)
      yield* space.in(["a"])
      const lease = yield* Fiber.join(fiber)
      assert.isTrue(yield* lease.renew(5))
      yield* pass(5)
      yield* empty(space)
    }))

  test("S14 B17 failures of processes take no room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      const process = yield* space.eval(Effect.fail("no"))
      yield* process.await
      yield* space.out(["a"])
      assert.isTrue(yield* isWaiting(yield* start(space.out(["b"]))))
      same(yield* all(space), [["a"]])
      yield* space.in(Process.failure("no"))
      yield* space.collect([P.any])
    }))
})

export const dropping = cases("Capacity: dropping and sliding", (each) => {
  const test = each.needing("options")

  test("S14 dropping: a tuple for which there is no room is dropped, one for a waiter is not", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2, strategy: "dropping" })
      yield* space.outAll([["a"], ["b"], ["c"], ["d"]])
      yield* space.out(["e"])
      same(yield* all(space), [["a"], ["b"]])
      const taker = yield* start(space.in(["f"]))
      const reader = yield* start(space.rd(["g"]))
      yield* space.out(["f"])
      yield* space.out(["g"])
      same(yield* Fiber.join(taker), ["f"])
      assert.isTrue(yield* isWaiting(reader), "who reads a tuple that was dropped has not read it")
      yield* Fiber.interrupt(reader)
      same(yield* space.collect([P.any]), [["a"], ["b"]])
      yield* empty(space)
    }))

  test("S14 S15 dropping: the lease of a tuple that was dropped has ended, and no deadline is left", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1, strategy: "dropping" })
      yield* space.out(["a"])
      const lease = yield* space.out(["b"], { ttl: "1 minutes" })
      assert.isFalse(yield* lease.renew(10))
      assert.isFalse(yield* lease.cancel)
      yield* space.in(["a"])
      yield* empty(space)
    }))

  test("S14 sliding: the oldest of all arities makes room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2, strategy: "sliding" })
      yield* space.outAll([["a"], ["b", 1], ["c", 1, 2]])
      same(yield* all(space), [["b", 1], ["c", 1, 2]])
      yield* space.outAll([["d"], ["e"], ["f"]])
      same(yield* space.collect([P.rest(P.any)]), [["e"], ["f"]])
      yield* empty(space)
    }))

  test("S14 sliding: no more than the capacity, though a tuple came back into the full space", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2, strategy: "sliding" })
      yield* space.outAll([["t", 1], ["t", 2]])
      yield* Effect.flip(space.inWith(["t", 1], () => Effect.zipRight(space.out(["t", 3]), Effect.fail("no"))))
      yield* space.out(["t", 4])
      same(yield* all(space), [["t", 3], ["t", 4]])
    }))

  test("S14 K10 outIfAbsent never says of a tuple that was dropped that it was put", () =>
    Effect.gen(function*() {
      for (const strategy of ["dropping", "sliding"] as const) {
        const space = yield* fresh({ capacity: 1, strategy })
        yield* space.out(["full"])
        same(yield* space.outIfAbsent(["leader", P.any], ["leader", "ann"]), Option.none())
        same(yield* space.outIfAbsent(["leader", P.any], ["leader", "bob"]), Option.some(["leader", "ann"]))
        same(yield* space.collect(["leader", P.any]), [["leader", "ann"]])
        // It still goes to who waits for it, and the space takes no others until there is room.
        const taker = yield* start(space.in(["leader", P.any]))
        yield* space.outIfAbsent(["leader", P.any], ["leader", "cid"])
        same(yield* Fiber.join(taker), ["leader", "cid"])
        yield* space.outIfAbsent(["leader", P.any], ["leader", "dan"])
        yield* space.out(["more"])
        same(yield* all(space), strategy === "dropping" ? [["full"], ["leader", "dan"]] : [["more"]])
      }
    }))

  test("S14 K10 collectInto: what has no room stays, and does not count", () =>
    Effect.gen(function*() {
      for (const strategy of ["dropping", "sliding"] as const) {
        const from = yield* fresh()
        const to = yield* fresh({ capacity: 3, strategy })
        yield* to.outAll([["full", 1], ["full", 2]])
        yield* from.outAll([["t", 1], ["t", 2], ["t", 3]])
        assert.strictEqual(yield* from.copyCollectInto(["t", P.any], to), 1)
        same(yield* all(to), [["full", 1], ["full", 2], ["t", 1]])
        yield* to.in(["t", 1])
        assert.strictEqual(yield* from.collectInto(["t", P.any], to), 1)
        assert.strictEqual(yield* from.collectInto(["t", P.any], to), 0)
        same(yield* all(to), [["full", 1], ["full", 2], ["t", 1]])
        same(yield* all(from), [["t", 2], ["t", 3]])
        // One that goes to a taker needs no room.
        const taker = yield* start(to.in(["t", 3]))
        assert.strictEqual(yield* from.collectInto(["t", P.any], to), 1)
        same(yield* Fiber.join(taker), ["t", 3])
        same(yield* all(from), [["t", 2]])
        // Into itself: they leave the room that they need.
        assert.strictEqual(yield* to.collectInto(["full", P.any], to), 2)
        same(yield* all(to), [["t", 1], ["full", 1], ["full", 2]])
      }
    }))

  test.needing("transactions")(
    "S10 S14 in a transaction that fails, what dropping and sliding did is undone",
    () =>
      Effect.gen(function*() {
        for (const strategy of ["dropping", "sliding"] as const) {
          const space = yield* fresh({ capacity: 1, strategy })
          yield* space.out(["a"])
          yield* Effect.flip(space.transact(STM.zipRight(Transaction.out(space, ["b"]), STM.fail("no"))))
          same(yield* all(space), [["a"]])
          yield* space.transact(Transaction.out(space, ["b"]))
          same(yield* all(space), [[strategy === "dropping" ? "a" : "b"]])
        }
      })
  )
})

export const arriving = cases("Capacity: into a space in memory", (test) => {
  test("S14 K10 collectInto a full space that would drop or evict: what has no room stays, and does not count", () =>
    Effect.gen(function*() {
      for (const strategy of ["dropping", "sliding"] as const) {
        const from = yield* fresh()
        const to = yield* TupleSpace.make({ capacity: 2, strategy })
        yield* to.out(["full"])
        yield* from.outAll([["t", 1], ["t", 2], ["t", 3]])
        assert.strictEqual(yield* from.copyCollectInto(["t", P.any], to), 1)
        same(yield* to.inp(["t", P.any]), Option.some(["t", 1]))
        assert.strictEqual(yield* from.collectInto(["t", P.any], to), 1)
        same(yield* to.copyCollect([P.rest(P.any)]), [["full"], ["t", 1]])
        same(yield* from.copyCollect(["t", P.any]), [["t", 2], ["t", 3]])
        assert.strictEqual(yield* from.collectInto(["t", P.any], to), 0)
        const waiting = yield* start(from.in(["t", 4]))
        yield* from.out(["t", 4])
        same(yield* Fiber.join(waiting), ["t", 4])
        same(yield* from.collect(["t", P.any]), [["t", 2], ["t", 3]])
        yield* empty(from)
      }
    }))
  test("S14 K10 collectInto that is interrupted as its tuples arrive: each of them is in one of the spaces", () =>
    Effect.gen(function*() {
      const from = yield* fresh()
      const to = yield* TupleSpace.make({ capacity: 2 })
      yield* to.outAll([["full", 1], ["full", 2]])
      yield* from.outAll([["t", 1], ["t", 2]])
      const move = yield* Effect.fork(from.collectInto(["t", P.any], to))
      // A space that is elsewhere needs its time to answer.
      while ((yield* to.inspect).interests.length === 0) {
        yield* settle
      }
      yield* to.collect(["full", P.any])
      yield* Fiber.interrupt(move)
      const arrived = yield* to.collect([P.rest(P.any)])
      yield* settle
      const left = yield* from.collect(["t", P.any])
      same([...arrived, ...left], [["t", 1], ["t", 2]])
      yield* empty(from)
    }))
})
