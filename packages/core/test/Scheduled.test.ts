import { Pattern as P, SpaceStore, Transaction, TupleSpace } from "@effect-linda/core"
import type { SpaceError, Tuple } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, STM, TestClock } from "effect"
import { clockOfBlocked, fresh, memoryOf, same, settle, start } from "./helpers.js"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

const day = 86_400_000

describe("Tuples that come later, in memory", () => {
  it.scoped("S9 S20 a wait that is over when the tuple comes does not get it, and neither does a tuple that ends", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"], { after: 10 })
      yield* space.out(["u"], { ttl: 10 })
      const late = yield* start(Effect.flip(space.in(["t"], { timeout: 10 })))
      const join = yield* start(space.inAll([["t"], ["u"]]))
      yield* TestClock.adjust(10)
      same((yield* Fiber.join(late))._tag, "TimeoutException")
      yield* settle
      assert.isNull(join.unsafePoll())
      yield* Fiber.interrupt(join)
      yield* space.in(["t"])
    }))

  it.scoped("S20 the thread was blocked: what has come meanwhile did so in its order, and lived as long as it should", () =>
    Effect.gen(function*() {
      const { block, clock } = yield* clockOfBlocked
      const space = yield* Effect.withClock(fresh(), clock)
      yield* space.out(["t", 3], { after: 30 })
      yield* space.out(["t", 1], { after: 10, ttl: 10 })
      yield* space.out(["t", 2], { after: 10, ttl: 11 })
      yield* space.out(["t", 0], { after: 10 })
      block(20n)
      same(yield* space.copyCollect(["t", P.number]), [["t", 2], ["t", 0]])
      block(1_000n)
      yield* space.out(["t", 4])
      same(yield* space.copyCollect(["t", P.number]), [["t", 0], ["t", 3], ["t", 4]])
      const [shape] = (yield* space.inspect).oldest!
      same(shape!.age, 1_010)
    }))

  it.scoped("S14 S20 a put that comes with the tuple, and needs no room, does not wait for any", () =>
    Effect.gen(function*() {
      const { block, clock } = yield* clockOfBlocked
      const space = yield* Effect.withClock(fresh({ capacity: 1 }), clock)
      yield* space.out(["t", 0])
      yield* space.out(["t", 1], { after: 10 })
      const taker = yield* start(space.in(["u"]))
      block(10n)
      const put = yield* start(space.out(["u"]))
      assert.isNotNull(put.unsafePoll())
      same(yield* Fiber.join(taker), ["u"])
      same(yield* space.collect(["t", P.number]), [["t", 0], ["t", 1]])
    }))

  it.scoped("S20 a put that comes later does not wait for room, though others do", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["t", 0])
      const put = yield* start(space.out(["t", 1]))
      const lease = yield* space.out(["t", 2], { after: 10 })
      assert.isNull(put.unsafePoll())
      assert.isTrue(yield* lease.cancel)
      yield* space.in(["t", 0])
      yield* Fiber.join(put)
      same(yield* space.in(["t", P.number]), ["t", 1])
    }))

  it.scoped("S10 S20 a transaction that waits is woken by what comes", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1], { after: 10 })
      const taken = yield* start(space.transact(STM.zip(
        Transaction.in(space, ["t", P.number]),
        Transaction.check(STM.map(Transaction.count(space, ["u"]), (count) => count > 0))
      )))
      yield* space.out(["u"], { after: 20 })
      yield* TestClock.adjust(10)
      assert.isNull(taken.unsafePoll())
      yield* TestClock.adjust(10)
      same((yield* Fiber.join(taken))[0], ["t", 1])
      yield* space.in(["u"])
    }))

  it.scoped("S12 S20 a space that is closed leaves nothing that is to come", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const space = yield* Scope.extend(TupleSpace.make(), scope)
      const { store } = memoryOf(space)
      const lease = yield* space.out(["t"], { after: 10 })
      same([store.scheduled.size, store.deadlines.size], [1, 1])
      yield* Scope.close(scope, Exit.void)
      same([store.scheduled.size, store.deadlines.size], [0, 0])
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(lease.cancel)))
    }))

  it.scoped("S20 what has come, or was cancelled, leaves no deadline", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const { store } = memoryOf(space)
      const leases = yield* Effect.forEach([1, 2, 3], (n) => space.out(["t", n], { after: n }))
      yield* leases[1]!.cancel
      yield* leases[2]!.reschedule(2)
      same([store.scheduled.size, store.deadlines.size], [2, 2])
      yield* TestClock.adjust(2)
      yield* settle
      same([store.scheduled.size, store.deadlines.size, store.count], [0, 0, 2])
    }))
})

describe("Tuples that come later, on a store", () => {
  /** Two clients of a space, of which the first leaves. Neither gives a sign of life for years. */
  const clients = Effect.gen(function*() {
    const { open } = yield* SpaceStore.memory
    const make: Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope> = Effect.flatMap(
      open("jobs", { lease: "10000 days" }),
      (store) => SpaceStore.make(store)
    )
    const scope = yield* Scope.make()
    return {
      one: yield* Scope.extend(make, scope),
      other: yield* make,
      open: make,
      leave: Scope.close(scope, Exit.void)
    }
  })

  it.scoped("S20 it goes to one who waits for another client, at its time, though the one that put it has left", () =>
    Effect.gen(function*() {
      const { leave, one, other } = yield* clients
      const [first, second] = yield* Effect.all([start(other.in(["t", 1])), start(other.in(["t", 2]))])
      yield* one.out(["t", 2], { after: 2 * day })
      yield* one.out(["t", 1], { after: day })
      yield* leave
      yield* TestClock.adjust(day - 1)
      yield* settle
      assert.isNull(first.unsafePoll())
      yield* TestClock.adjust(1)
      yield* settle
      assert.isNotNull(first.unsafePoll())
      yield* TestClock.adjust(day - 1)
      yield* settle
      assert.isNull(second.unsafePoll())
      yield* TestClock.adjust(1)
      yield* settle
      assert.isNotNull(second.unsafePoll())
      same([yield* Fiber.join(first), yield* Fiber.join(second)], [["t", 1], ["t", 2]])
    }))

  it.scoped("S20 what has come while nobody was there did so in the order of its times, and lives from then on", () =>
    Effect.gen(function*() {
      const { leave, one, open } = yield* clients
      yield* one.out(["t", 3], { after: 3 * day })
      yield* one.out(["t", 1], { after: day, ttl: 3 * day })
      yield* one.out(["t", 0], { after: day, ttl: 2 * day })
      yield* one.out(["t", 2], { after: 2 * day })
      yield* leave
      yield* TestClock.adjust(3 * day)
      const space = yield* open
      same(yield* space.copyCollect(["t", P.number]), [["t", 1], ["t", 2], ["t", 3]])
      const { expiring, oldest } = yield* space.inspect
      same([expiring, oldest![0]!.age], [{ count: 1, next: day }, 2 * day])
    }))

  it.scoped("S20 and at a time to which it was hastened", () =>
    Effect.gen(function*() {
      const { leave, one, other } = yield* clients
      const lease = yield* one.out(["t"], { after: 2 * day })
      const taken = yield* start(other.in(["t"]))
      assert.isTrue(yield* lease.reschedule(day))
      yield* leave
      yield* TestClock.adjust(day)
      yield* settle
      assert.isNotNull(taken.unsafePoll())
    }))

  it.scoped("S20 nobody is told of what comes later than what is known, and nobody who does not wait", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      let batches = 0
      const store = yield* open("jobs")
      const other = yield* SpaceStore.make({
        ...store,
        run: (commands) =>
          Effect.suspend(() => {
            batches++
            return store.run(commands)
          })
      })
      const one: Space = yield* SpaceStore.make(yield* open("jobs"))
      const countOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.gen(function*() {
          yield* settle
          batches = 0
          yield* effect
          yield* settle
          return batches
        })
      same(yield* countOf(one.out(["t"], { after: 2 * day })), 0)
      const taker = yield* start(other.in(["u"]))
      same(yield* countOf(one.out(["t"], { after: 3 * day })), 0)
      same(yield* countOf(one.out(["t"], { after: day })), 1)
      yield* Fiber.interrupt(taker)
    }))

  it.scoped("S20 a store that keeps no such tuples says so, and puts all others", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const { schedules: _, ...store } = yield* open("jobs")
      const space: Space = yield* SpaceStore.make(store)
      for (const options of [{ after: 1 }, { at: 0 }]) {
        const error = yield* Effect.flip(space.out(["t"], options))
        same([error.reason, error.message], [
          "Unsupported",
          `${Object.keys(options)[0]}: this store keeps no tuples that come later`
        ])
      }
      const lease = yield* space.out(["t"], { after: 0, ttl: "1 minutes" })
      assert.isFalse(yield* lease.reschedule(1))
      assert.isTrue(yield* lease.renew("2 minutes"))
      same(yield* space.in(["t"]), ["t"])
    }))

  it.scoped("S20 in a transaction of the store it is a part of that", () =>
    Effect.gen(function*() {
      const { one } = yield* clients
      const put = Effect.zipRight(one.out(["t"], { after: 1 }), one.out(["u"]))
      yield* Effect.flip(SpaceStore.transaction(one)(Effect.zipRight(put, Effect.fail("no"))))
      same((yield* one.inspect).scheduled?.count, 0)
      yield* SpaceStore.transaction(one)(put)
      same((yield* one.inspect).scheduled?.count, 1)
      yield* TestClock.adjust(1)
      same(yield* one.collect([P.any]), [["u"], ["t"]])
    }))
})
