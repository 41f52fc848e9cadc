/**
 * Guards of queries within a step: in transactions (S10) and exchanges (S22).
 *
 * The tuples of a query have one first field, so that a split space can answer it.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import * as Transaction from "@effect-linda/core/Transaction"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import {
  all,
  assert,
  clear,
  closing,
  defectOf,
  empty,
  fresh,
  isInterrupted,
  isWaiting,
  pass,
  same,
  start,
  startWaiting,
  throwingAt
} from "./kit.js"

const jobs = ["t", "job", P.number] as const
const unpaused = Q.all({ job: jobs, go: Q.absent(["t", "paused"]) })
const unlocked = Q.all([Q.absent(["t", "lock"])])
const noJob = Q.all([Q.absent(jobs)])

const lock = (space: Space) => space.exchange(unlocked, () => [["t", "lock"]])

export const guardedExchange = cases("Exchange: guards", (each) => {
  const test = each.needing("guards")

  test("S22 S18 of an absence alone: it puts if nothing is there, and otherwise waits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same(yield* lock(space), [])
      same(yield* all(space), [["t", "lock"]])
      const late = yield* Effect.flip(space.exchange(unlocked, () => [["t", "lock"]], { timeout: 0 }))
      assert.isTrue(TupleSpace.isTimeout(late))
      assert.match((late as any).message, /^exchange\(absent \["t", "lock"\]\) of space ".*": not met now$/)
      const waiting = yield* startWaiting(space, lock(space))
      same((yield* space.inspect).interests.map(({ kind, patterns }) => [kind, patterns]), [
        ["transact", [`absent ["t", "lock"]`]]
      ])
      const other = yield* start(lock(space))
      same([yield* isWaiting(waiting), yield* isWaiting(other)], [true, true])
      yield* space.in(["t", "lock"])
      const first = yield* Effect.raceFirst(
        Effect.as(Fiber.await(waiting), 0),
        Effect.as(Fiber.await(other), 1)
      )
      same(yield* isWaiting(first === 0 ? other : waiting), true)
      yield* space.in(["t", "lock"])
      same([yield* Fiber.join(waiting), yield* Fiber.join(other)], [[], []])
      same(yield* all(space), [["t", "lock"]])
      same(yield* space.exchange(Q.all({ free: Q.absent(["t", "other"]) }), () => []), {})
      yield* clear(space)
    }))

  test("S22 S18 what is read stays, and what is taken is replaced", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "rate", 2], ["t", "job", 1], ["t", "job", 2], ["t", "blocks", 1]])
      const query = Q.all({
        rate: Q.read(["t", "rate", P.number]),
        job: ["t", "job", P.ref("id", P.number)],
        free: Q.absent(["t", "blocks", P.ref("id")])
      })
      const found = yield* space.exchange(query, ({ job, rate }) => [["t", "done", job[2] * rate[2]]])
      same(found, { rate: ["t", "rate", 2], job: ["t", "job", 2] })
      same(yield* all(space), [["t", "rate", 2], ["t", "job", 1], ["t", "blocks", 1], ["t", "done", 4]])
      const waiting = yield* startWaiting(space, space.exchange(query, ({ job }) => [["t", "done", job[2]]]))
      yield* space.in(["t", "blocks", 1])
      same(yield* Fiber.join(waiting), { rate: ["t", "rate", 2], job: ["t", "job", 1] })
      same(yield* all(space), [["t", "rate", 2], ["t", "done", 4], ["t", "done", 1]])
      yield* clear(space)
    }))

  test("S22 S18 what it takes itself does not count, and what it puts counts afterwards", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const last = Q.all([jobs, Q.absent(jobs)])
      yield* space.outAll([["t", "job", 1], ["t", "job", 2]])
      const waiting = yield* startWaiting(space, space.exchange(last, ([[, , id]]) => [["t", "job", id + 10]]))
      yield* space.in(jobs)
      same(yield* Fiber.join(waiting), [["t", "job", 2]])
      same(yield* all(space), [["t", "job", 12]])
      yield* clear(space)
    }))

  test("S22 S18 it is met by what comes and by what leaves, in whatever order", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const query = Q.all({ job: jobs, on: Q.read(["t", "on"]), go: Q.absent(["t", "paused"]) })
      const steps: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        space.out(["t", "job", 1]),
        space.out(["t", "on"]),
        space.in(["t", "paused"])
      ]
      for (const order of [[0, 1, 2], [2, 0, 1], [1, 2, 0]]) {
        yield* space.out(["t", "paused"])
        const waiting = yield* startWaiting(space, space.exchange(query, () => []))
        for (const step of order) {
          assert.isTrue(yield* isWaiting(waiting))
          yield* steps[step]!
        }
        same(yield* Fiber.join(waiting), { job: ["t", "job", 1], on: ["t", "on"] })
        same(yield* space.collect(["t", P.rest(P.any)]), [["t", "on"]])
      }
      yield* empty(space)
    }))

  test("S22 S18 S8 what is held is not absent, and has left when it is consumed", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "lock"])
      for (const ends of [Effect.fail("back"), Effect.void]) {
        const go = yield* Deferred.make<void>()
        const holder = yield* start(
          Effect.exit(space.inWith(["t", "lock"], () => Effect.zipRight(Deferred.await(go), ends)))
        )
        const waiting = yield* startWaiting(space, lock(space))
        yield* Deferred.succeed(go, undefined)
        const isBack = Exit.isFailure(yield* Fiber.join(holder))
        same(yield* isWaiting(waiting), isBack)
        yield* Fiber.interrupt(waiting)
      }
      same(yield* all(space), [["t", "lock"]])
      yield* clear(space)
    }))

  test("S22 S8 S9 one that waits for absence is late, or interrupted, and leaves nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "lock"])
      const late = yield* startWaiting(
        space,
        Effect.flip(space.exchange(unlocked, () => [["t", "lock"]], { timeout: "500 millis" }))
      )
      const waiting = yield* start(lock(space))
      yield* pass("600 millis")
      assert.isTrue(TupleSpace.isTimeout(yield* Fiber.join(late)))
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(waiting)))
      yield* space.in(["t", "lock"])
      same(yield* all(space), [])
      yield* empty(space)
    }))

  test("S22 S18 S15 what has expired, or was cancelled, has left", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "lock"], { ttl: "500 millis" })
      const first = yield* startWaiting(space, space.exchange(unlocked, () => []))
      yield* pass("600 millis")
      same(yield* Fiber.join(first), [])
      const lease = yield* space.out(["t", "lock"], { ttl: "1 hour" })
      const second = yield* startWaiting(space, space.exchange(unlocked, () => []))
      yield* lease.cancel
      same(yield* Fiber.join(second), [])
      yield* empty(space)
    }))

  test("S22 S18 of many who lock by an absence one has it at a time, and none is forgotten", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const held: Array<string> = []
      const work = (name: string) =>
        Effect.gen(function*() {
          yield* space.exchange(Q.all([Q.absent(["t", "lock", P.string])]), () => [["t", "lock", name]])
          held.push(name)
          same(yield* space.copyCollect(["t", "lock", P.string]), [["t", "lock", name]])
          yield* Effect.yieldNow()
          yield* space.in(["t", "lock", name])
        })
      yield* Effect.forEach(["a", "b", "c"], (name) => Effect.repeatN(work(name), 3), { concurrency: "unbounded" })
      same(held.slice().sort().join(""), "aaaabbbbcccc")
      yield* empty(space)
    }))

  test("S22 S18 readers and writers who wait for each other's absence exclude each other", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const [reads, writes] = [["t", "reads", P.string], ["t", "writes", P.string]] as const
      let [reading, writing] = [0, 0]
      const reader = (name: string) =>
        Effect.gen(function*() {
          yield* space.exchange(Q.all([Q.absent(writes)]), () => [["t", "reads", name]])
          reading++
          same(writing, 0)
          yield* Effect.yieldNow()
          same(yield* space.count(writes), 0)
          reading--
          yield* space.in(["t", "reads", name])
        })
      const writer = (name: string) =>
        Effect.gen(function*() {
          yield* space.exchange(Q.all([Q.absent(writes), Q.absent(reads)]), () => [["t", "writes", name]])
          writing++
          same([writing, reading], [1, 0])
          yield* Effect.yieldNow()
          same([yield* space.count(reads), yield* space.count(writes)], [0, 1])
          writing--
          yield* space.in(["t", "writes", name])
        })
      const roles = [reader("a"), writer("b"), reader("c"), writer("d"), reader("e")]
      yield* Effect.forEach(roles, (role) => Effect.repeatN(role, 2), { concurrency: "unbounded" })
      // Two read at once, and who writes waits for both.
      const enter = space.exchange(Q.all([Q.absent(writes)]), () => [["t", "reads", "both"]])
      yield* Effect.zipRight(enter, enter)
      const last = yield* startWaiting(space, writer("last"))
      yield* space.in(["t", "reads", "both"])
      assert.isTrue(yield* isWaiting(last))
      yield* space.in(["t", "reads", "both"])
      yield* Fiber.join(last)
      yield* empty(space)
    }))

  test("S22 S12 a close interrupts who waits for absence", () =>
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const waiting = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        yield* space.out(["t", "lock"])
        const waiting = yield* Effect.forkIn(lock(space), scope)
        assert.isTrue(yield* isWaiting(waiting))
        return waiting
      }))
      assert.isTrue(yield* isInterrupted(Fiber.join(waiting)))
    }))
})

export const guardedTransactions = cases("Transaction: guards", (each) => {
  const test = each.needing("guards", "transactions")

  test("S10 S18 what it has put is there, and what it has taken has left", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "x", 1]])
      const seen = STM.gen(function*() {
        const before = yield* Transaction.rdp(space, noJob)
        yield* Transaction.in(space, jobs)
        const taken = yield* Transaction.rdp(space, noJob)
        yield* Transaction.out(space, ["t", "job", 2])
        const put = yield* Transaction.inp(space, noJob)
        const last = yield* Transaction.in(space, Q.all([jobs, Q.absent(jobs)]))
        const other = yield* Transaction.in(space, Q.all({ x: ["t", "x", P.number], none: Q.absent(jobs) }))
        return [before, taken, put, last, other]
      })
      const expected = [Option.none(), Option.some([]), Option.none(), [["t", "job", 2]], { x: ["t", "x", 1] }]
      same(yield* Effect.flip(space.transact(STM.flatMap(seen, STM.fail))), expected)
      same(yield* all(space), [["t", "job", 1], ["t", "x", 1]])
      same(yield* space.transact(seen), expected)
      yield* empty(space)
    }))

  test("S10 S18 S15 what a branch has taken and another has not is there for that", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "job", 1], { ttl: "1 hour" })
      const look = Transaction.rdp(space, noJob)
      const taken = STM.zipRight(Transaction.in(space, jobs), look)
      const branches = STM.orElse(STM.zipRight(taken, STM.retry), () => look)
      same(yield* space.transact(branches), Option.none())
      same(yield* space.transact(taken), Option.some([]))
      yield* empty(space)
    }))

  test("S10 S18 one that misses waits for what comes and for what leaves, and not for what must not come", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      let runs = 0
      yield* space.out(["t", "paused"])
      const counted = STM.zipRight(STM.sync(() => void runs++), Transaction.in(space, unpaused))
      const waiting = yield* startWaiting(space, space.transact(counted))
      same((yield* space.inspect).interests.filter(({ kind }) => kind === "transact").map(({ patterns }) => patterns), [
        [`["t", "job", number]`, `absent ["t", "paused"]`]
      ])
      assert.isTrue(yield* isWaiting(waiting))
      const before = runs
      yield* space.out(["t", "paused"])
      assert.isTrue(yield* isWaiting(waiting))
      same(runs, before)
      yield* space.out(["t", "job", 1])
      assert.isTrue(yield* isWaiting(waiting))
      same(yield* space.inp(["t", "paused"]), Option.some(["t", "paused"]))
      assert.isTrue(yield* isWaiting(waiting))
      yield* space.in(["t", "paused"])
      same(yield* Fiber.join(waiting), { job: ["t", "job", 1] })
      yield* empty(space)
    }))

  test("S10 S18 one that only reads, and one that waits for an absence in one of its branches", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "paused"]])
      const reading = yield* startWaiting(space, space.transact(Transaction.rd(space, unpaused)))
      const either = yield* start(space.transact(
        STM.orElse(Transaction.in(space, ["t", "never"]), () => Transaction.in(space, noJob))
      ))
      yield* space.in(["t", "paused"])
      same(yield* Fiber.join(reading), { job: ["t", "job", 1] })
      assert.isTrue(yield* isWaiting(either))
      yield* space.in(jobs)
      same(yield* Fiber.join(either), [])
      yield* empty(space)
    }))

  test("S10 S18 a condition is told of what is held no longer", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (
        const asking of [
          STM.map(Transaction.rdp(space, noJob), Option.isSome),
          STM.as(Transaction.rd(space, noJob), true)
        ]
      ) {
        yield* space.out(["t", "job", 1])
        const go = yield* Deferred.make<void>()
        const holder = yield* start(space.inWith(jobs, () => Deferred.await(go)))
        const waiting = yield* start(space.transact(Transaction.check(asking)))
        assert.isTrue(yield* isWaiting(waiting))
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(holder)
        yield* Fiber.join(waiting)
        // What is taken by who has waited for it has left as well.
        const taker = yield* startWaiting(space, space.in(jobs))
        yield* space.out(["t", "job", 2])
        yield* Fiber.join(taker)
        yield* space.out(["t", "job", 3])
        const other = yield* start(space.transact(Transaction.check(asking)))
        assert.isTrue(yield* isWaiting(other))
        yield* space.in(jobs)
        yield* Fiber.join(other)
      }
      yield* empty(space)
    }))

  test("S10 S18 what another transaction takes has left when that is committed", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "job", 1])
      const waiting = yield* startWaiting(space, space.transact(Transaction.in(space, noJob)))
      const swap = STM.zipRight(Transaction.in(space, jobs), Transaction.out(space, ["t", "job", 2]))
      yield* Effect.flip(space.transact(STM.zipRight(Transaction.in(space, jobs), STM.fail("no"))))
      yield* space.transact(swap)
      assert.isTrue(yield* isWaiting(waiting))
      yield* space.transact(Transaction.in(space, jobs))
      same(yield* Fiber.join(waiting), [])
      yield* empty(space)
    }))

  test("S10 S18 a choice by preference has the first pattern that has a match", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "urgent", 2]])
      const query = Q.any([["t", "urgent", P.number], jobs], { prefer: "first" })
      const both = STM.zip(Transaction.in(space, query), Transaction.in(space, query))
      same(yield* space.transact(both), [{ index: 0, tuple: ["t", "urgent", 2] }, { index: 1, tuple: ["t", "job", 1] }])
      yield* empty(space)
    }))

  test("S10 S18 variables are shared with what must be absent, however much of it there is", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const ids = Array.from({ length: 20 }, (_, id) => id)
      yield* space.outAll([
        ...ids.map((id) => ["t", "job", id] as const),
        ...ids.filter((id) => id !== 17).map((id) => ["t", "blocks", id, "x"] as const)
      ])
      const query = Q.all({
        job: ["t", "job", P.ref("id", P.number)],
        free: Q.absent(["t", "blocks", P.ref("id"), P.any])
      })
      const found = { job: ["t", "job", 17] }
      same(yield* space.transact(STM.zip(Transaction.rdp(space, query), Transaction.in(space, query))), [
        Option.some(found),
        found
      ])
      const unblocking = STM.zipRight(Transaction.in(space, ["t", "blocks", 3, P.any]), Transaction.in(space, query))
      same(yield* space.transact(unblocking), { job: ["t", "job", 3] })
      yield* clear(space)
    }))

  test.needing("references")(
    "S10 S18 S3 code of an absence that throws ends its transaction, and nothing else",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", "x", 1])
        const none = Transaction.in(space, Q.all([Q.absent(["t", "x", throwingAt(7)])]))
        const waiting = yield* startWaiting(space, defectOf(space.transact(none)))
        yield* space.out(["t", "x", 7])
        same(yield* space.in(["t", "x", 7]), ["t", "x", 7])
        assert.match(String(yield* Fiber.join(waiting)), /on purpose/)
        yield* clear(space)
      })
  )
})
