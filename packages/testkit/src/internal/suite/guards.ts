/**
 * Guards of queries: tuples that have to be there, and tuples that must not be; choices by preference (S18).
 *
 * The tuples of a query have one first field, so that a split space can answer it.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import * as Transaction from "@effect-linda/core/Transaction"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
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
  refusalOf,
  same,
  settle,
  start,
  startWaiting,
  throwingAt
} from "./kit.js"

const job = ["t", "job", P.ref("id", P.number)] as const
const jobs = ["t", "job", P.number] as const
const unpaused = Q.all({ job: jobs, go: Q.absent(["t", "paused"]) })
const ready = Q.all({ job, done: Q.read(["t", "done", P.ref("id", P.number)]) })
const unblocked = Q.all({ job, free: Q.absent(["t", "blocks", P.ref("id"), P.any]) })

export const guards = cases("Queries: guards", (define) => {
  const test = define.needing("guards")

  test("S18 a read member has to be there, stays, and has its place in the result", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "job", 2], ["t", "done", 2]])
      const found = { job: ["t", "job", 2], done: ["t", "done", 2] }
      same([yield* space.rd(ready), yield* space.rdp(ready)], [found, Option.some(found)])
      same(yield* space.in(ready), found)
      same([yield* space.inp(ready), yield* space.rdp(ready)], [Option.none(), Option.none()])
      const list = Q.all([Q.read(["t", "done", P.number]), jobs])
      same(yield* space.inp(list), Option.some([["t", "done", 2], ["t", "job", 1]]))
      same(yield* all(space), [["t", "done", 2]])
      yield* clear(space)
    }))

  test("S18 a read member is any tuple that the query does not take, and two of them may be the same", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "x", 1], ["t", "x", 2]])
      const x = ["t", "x", P.number] as const
      const [one, two] = [["t", "x", 1], ["t", "x", 2]]
      same(yield* space.rd(Q.all([Q.read(x), Q.read(x), Q.read(["t", P.any, P.any])])), [one, one, one])
      // Each in turn has the oldest that leaves enough to those after it.
      same(yield* space.rd(Q.all([Q.read(x), x])), [one, two])
      same(yield* space.rd(Q.all([x, Q.read(x)])), [one, two])
      same(yield* space.rd(Q.all([Q.read(x), ["t", "x", 1]])), [two, one])
      same(yield* space.rdp(Q.all([x, x, Q.read(x)])), Option.none())
      same(yield* space.in(Q.all([x, Q.read(x)])), [one, two])
      same(yield* space.inp(Q.all([x, Q.read(x)])), Option.none())
      yield* clear(space)
    }))

  test("S18 what must be absent has no place in the result, and is waited for", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "job", 2], ["t", "paused"]])
      same([yield* space.inp(unpaused), yield* space.rdp(unpaused)], [Option.none(), Option.none()])
      const taker = yield* startWaiting(space, space.in(unpaused))
      const reader = yield* start(space.rd(Q.all([Q.absent(["t", "paused"]), jobs])))
      same([yield* isWaiting(taker), yield* isWaiting(reader)], [true, true])
      yield* space.out(["t", "job", 3])
      same([yield* isWaiting(taker), yield* isWaiting(reader)], [true, true])
      yield* space.in(["t", "paused"])
      same(yield* Fiber.join(taker), { job: ["t", "job", 1] })
      assert.include([1, 2], (yield* Fiber.join(reader))[0][2])
      same(yield* space.inp(unpaused), Option.some({ job: ["t", "job", 2] }))
      yield* clear(space)
    }))

  test("S18 what is held is not absent: it may come back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "job", 2]])
      const go = yield* Deferred.make<boolean>()
      const use = () => Effect.flatMap(Deferred.await(go), (succeeds) => succeeds ? Effect.void : Effect.fail("no"))
      const holder = yield* start(Effect.exit(space.inWith(["t", "job", 1], use)))
      const waiter = yield* startWaiting(space, space.awaitNone(jobs))
      yield* space.in(["t", "job", 2])
      assert.isTrue(yield* isWaiting(waiter))
      same(yield* space.rdp(Q.all([Q.absent(jobs)])), Option.none())
      yield* Deferred.succeed(go, false)
      yield* Fiber.join(holder)
      assert.isTrue(yield* isWaiting(waiter))
      yield* space.inWith(["t", "job", 1], () => Effect.void)
      same(yield* Fiber.join(waiter), undefined)
      yield* empty(space)
    }))

  test("S18 what a query takes itself does not count against its absences", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const last = Q.all({ last: jobs, others: Q.absent(jobs) })
      yield* space.outAll([["t", "job", 1], ["t", "job", 2]])
      const waiter = yield* startWaiting(space, space.in(last))
      same(yield* space.in(jobs), ["t", "job", 1])
      same(yield* Fiber.join(waiter), { last: ["t", "job", 2] })
      // Not the oldest, but the one that leaves nothing that must not be there.
      yield* space.outAll([["t", "job", 3], ["t", "job", 4]])
      same(yield* space.in(Q.all([jobs, Q.absent(["t", "job", 4])])), [["t", "job", 4]])
      yield* clear(space)
    }))

  test("S18 variables are shared with what must be absent; one of its own means for no value", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "job", 2], ["t", "blocks", 1, "x"], ["t", "blocks", 1, "y"]])
      same(yield* space.inp(unblocked), Option.some({ job: ["t", "job", 2] }))
      const waiter = yield* startWaiting(space, space.in(unblocked))
      yield* space.in(["t", "blocks", 1, "y"])
      assert.isTrue(yield* isWaiting(waiter))
      same(yield* space.rdp(Q.all([Q.absent(["t", "blocks", P.ref("n"), P.ref("n")])])), Option.some([]))
      same(yield* space.rdp(Q.all([Q.absent(["t", "blocks", P.ref("n"), P.any])])), Option.none())
      yield* space.in(["t", "blocks", 1, "x"])
      same(yield* Fiber.join(waiter), { job: ["t", "job", 1] })
      yield* empty(space)
    }))

  test("S18 an absence alone is there at once, or waited for; nothing is taken", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const none = Q.all([Q.absent(jobs)])
      same([yield* space.in(none), yield* space.rd(Q.all({ none: Q.absent(jobs) }))], [[], {}])
      same([yield* space.inp(none), yield* space.rdp(none)], [Option.some([]), Option.some([])])
      same(yield* space.inWith(none, Effect.succeed), [])
      yield* space.awaitNone(jobs)
      yield* space.out(["t", "job", 1])
      const waiter = yield* startWaiting(space, space.in(none))
      same((yield* space.inspect).interests.map(({ kind, patterns }) => [kind, patterns]), [
        ["rdAll", [`absent ["t", "job", number]`]]
      ])
      yield* space.out(["t", "job", 2])
      same(yield* space.collect(jobs), [["t", "job", 1], ["t", "job", 2]])
      same(yield* Fiber.join(waiter), [])
      yield* empty(space)
    }))

  test("S18 S9 S8 who waits for absence is late, or interrupted, and leaves nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "job", 1])
      const message = yield* Effect.map(Effect.flip(space.awaitNone(jobs, { timeout: 0 })), ({ message }) => message)
      assert.match(message, /^awaitNone\(absent \["t", "job", number\]\) of space ".*": not met now$/)
      const [late, interrupted] = [
        yield* startWaiting(space, Effect.flip(space.awaitNone(jobs, { timeout: "500 millis" }))),
        yield* start(space.in(Q.all([Q.read(jobs), Q.absent(jobs)])))
      ]
      yield* pass("600 millis")
      same((yield* Fiber.join(late))._tag, "TimeoutException")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(interrupted)))
      same(yield* all(space), [["t", "job", 1]])
      yield* clear(space)
    }))

  const leaving: ReadonlyArray<
    readonly [how: string, leave: (space: Space) => Effect.Effect<unknown, unknown, Scope.Scope>]
  > = [
    ["taken", (space) => space.in(jobs)],
    ["taken, if it is there", (space) => space.inp(jobs)],
    ["collected", (space) => space.collect(["t", "job", P.any])],
    ["one of several that are taken", (space) => space.inUpTo(["t", P.any, P.any], 2)],
    ["taken by a join", (space) => space.in(Q.all([["t", "other", P.any], jobs]))],
    ["taken by a batch", (space) => space.in(Q.batch(jobs, { max: 2 }))],
    ["replaced by another", (space) => space.replace(jobs, () => ["t", "other", 3])],
    ["replaced by one that comes later", (space) => space.replace(jobs, () => ["t", "job", 2], { after: "1 hour" })],
    ["exchanged for another", (space) => space.exchange(Q.all([jobs]), () => [["t", "other", 3]])],
    ["consumed by a use", (space) => space.inWith(jobs, () => Effect.void)],
    ["consumed by itself", (space) => space.inWith(jobs, (tuple, hold) => hold.consume(tuple))],
    ["dead", (space) => Effect.exit(space.inWith(jobs, () => Effect.fail("no"), { maxAttempts: 1 }))],
    [
      "to be tried again later",
      (space) => Effect.exit(space.inWith(jobs, () => Effect.fail("no"), { retry: Schedule.spaced("1 hour") }))
    ],
    ["consumed by a scope", (space) => Effect.scoped(space.inScoped(jobs))],
    ["moved", (space) =>
      Effect.flatMap(
        Effect.succeed({ outAll: () => Effect.void }),
        (elsewhere) => space.collectInto(jobs, elsewhere)
      )]
  ]
  for (const [how, leave] of leaving) {
    test(`S18 who waits for absence is served when the last match is ${how}`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.outAll([["t", "other", 1], ["t", "job", 1]])
        const waiter = yield* startWaiting(space, space.awaitNone(jobs))
        const unrelated = yield* start(space.awaitNone(["t", "other", P.number]))
        yield* leave(space)
        same(yield* Fiber.join(waiter), undefined)
        yield* space.collect(["t", P.rest(P.any)])
        yield* Fiber.join(unrelated)
        yield* empty(space)
      }))
  }

  test("S18 S15 what has expired, or was cancelled, is absent; so is what is still to come", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "job", 1], { ttl: "500 millis" })
      const waiter = yield* startWaiting(space, space.awaitNone(jobs))
      yield* pass("600 millis")
      same(yield* Fiber.join(waiter), undefined)
      const lease = yield* space.out(["t", "job", 2], { ttl: "1 hour" })
      const other = yield* startWaiting(space, space.awaitNone(jobs))
      yield* lease.cancel
      same(yield* Fiber.join(other), undefined)
      const later = yield* space.out(["t", "job", 3], { after: "1 hour" })
      yield* space.awaitNone(jobs)
      yield* later.cancel
      yield* empty(space)
    }))

  test("S18 S15 what expires while it is held is absent when it would be back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "job", 1], { ttl: "500 millis" })
      const go = yield* Deferred.make<void>()
      const holder = yield* start(space.withPermit(jobs, () => Deferred.await(go)))
      const waiter = yield* startWaiting(space, space.awaitNone(jobs))
      yield* pass("600 millis")
      assert.isTrue(yield* isWaiting(waiter))
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(holder)
      same(yield* Fiber.join(waiter), undefined)
      yield* empty(space)
    }))

  test.needing("options")(
    "S18 S14 what is evicted is absent, and what a put that waits for room puts is not",
    () =>
      Effect.gen(function*() {
        const sliding = yield* fresh({ capacity: 2, strategy: "sliding" })
        yield* sliding.outAll([["t", "job", 1], ["t", "x", 1]])
        const waiter = yield* startWaiting(sliding, sliding.in(unpausedWithout(jobs)))
        yield* sliding.out(["t", "x", 2])
        same(yield* Fiber.join(waiter), [["t", "x", 1]])
        yield* clear(sliding)
        const full = yield* fresh({ capacity: 1 })
        yield* full.out(["t", "job", 1])
        const put = yield* start(full.out(["t", "job", 2]))
        const other = yield* start(full.awaitNone(jobs))
        same(yield* full.in(jobs), ["t", "job", 1])
        yield* Fiber.join(put)
        // Room was made before anybody looked.
        assert.isTrue(yield* isWaiting(other))
        yield* full.in(jobs)
        same(yield* Fiber.join(other), undefined)
        yield* empty(full)
      })
  )

  test("S18 S14 what is taken by who has waited for absence makes room", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "paused"], ["t", "x", 1]])
      const first = yield* startWaiting(space, space.in(unpaused))
      const next = yield* start(space.in(Q.all([["t", "x", P.any], Q.absent(jobs)])))
      yield* space.in(["t", "paused"])
      same(yield* Fiber.join(first), { job: ["t", "job", 1] })
      // What the first has taken the next has waited to be rid of.
      same(yield* Fiber.join(next), [["t", "x", 1]])
      yield* empty(space)
    }))

  test("S18 S5 those who wait for the same absence are looked at in the order of their arrival", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "job", 2], ["t", "paused"]])
      const first = yield* startWaiting(space, space.in(unpaused))
      const second = yield* start(space.in(unpaused))
      const third = yield* start(space.in(unpaused))
      yield* settle
      yield* space.in(["t", "paused"])
      same([yield* Fiber.join(first), yield* Fiber.join(second)], [{ job: ["t", "job", 1] }, { job: ["t", "job", 2] }])
      assert.isTrue(yield* isWaiting(third))
      yield* space.out(["t", "job", 3])
      same(yield* Fiber.join(third), { job: ["t", "job", 3] })
      yield* empty(space)
    }))

  test("S18 who waits for absence is looked at after those whom the same step serves with a tuple", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "job", 1])
      const guarded = yield* startWaiting(space, space.in(Q.all([["t", "x", P.number], Q.absent(jobs)])))
      const plain = yield* start(space.in(["t", "x", P.number]))
      // While a job is there the tuple is for who comes next.
      yield* space.out(["t", "x", 1])
      same(yield* Fiber.join(plain), ["t", "x", 1])
      yield* space.out(["t", "x", 2])
      assert.isTrue(yield* isWaiting(guarded))
      yield* space.in(jobs)
      same(yield* Fiber.join(guarded), [["t", "x", 2]])
      yield* empty(space)
    }))

  test("S18 a tuple that a waiting query only reads is for others, and is there afterwards", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "job", 2]])
      const one = yield* startWaiting(space, space.in(ready))
      yield* space.out(["t", "done", 2])
      same(yield* Fiber.join(one), { job: ["t", "job", 2], done: ["t", "done", 2] })
      same(yield* all(space), [["t", "job", 1], ["t", "done", 2]])
      const other = yield* startWaiting(space, space.in(ready))
      const taker = yield* start(space.in(["t", "done", 1]))
      yield* settle
      yield* space.out(["t", "done", 1])
      same(yield* Fiber.join(other), { job: ["t", "job", 1], done: ["t", "done", 1] })
      same(yield* Fiber.join(taker), ["t", "done", 1])
      yield* clear(space)
    }))

  test("S18 a query that waits is complete by what is taken, by what is read, or by what leaves", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const query = Q.all({
        job,
        done: Q.read(["t", "done", P.ref("id")]),
        free: Q.absent(["t", "blocks", P.ref("id")])
      })
      const steps: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        space.out(["t", "job", 1]),
        space.out(["t", "done", 1]),
        space.in(["t", "blocks", 1])
      ]
      for (const [a, b, c] of [[0, 1, 2], [1, 0, 2], [0, 2, 1], [1, 2, 0]] as const) {
        yield* space.out(["t", "blocks", 1])
        const waiter = yield* startWaiting(space, space.in(query))
        for (const step of [a, b, c]) {
          yield* steps[step]!
          same(yield* isWaiting(waiter), step !== c)
        }
        same(yield* Fiber.join(waiter), { job: ["t", "job", 1], done: ["t", "done", 1] })
        yield* space.in(["t", "done", 1])
      }
      yield* empty(space)
    }))

  test("S18 what comes back completes a query that reads it, and what comes back to wait is not absent", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "done", 1]])
      const found = { job: ["t", "job", 1], done: ["t", "done", 1] }
      // One after the other: on a store the taker has the job before the reader looks.
      for (const ask of [space.rd(ready), space.in(ready)]) {
        const go = yield* Deferred.make<void>()
        const use = () => Effect.zipRight(Deferred.await(go), Effect.fail("no"))
        const holder = yield* start(Effect.exit(space.inWith(["t", "done", 1], use)))
        const waiter = yield* startWaiting(space, ask)
        yield* Deferred.succeed(go, undefined)
        same(yield* Fiber.join(waiter), found)
        yield* Fiber.join(holder)
      }
      yield* clear(space)
    }))

  test("S18 S19 of a query with guards what is taken is held, and nothing else", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "done", 1], ["t", "job", 1]])
      const query = Q.all({ done: Q.read(["t", "done", P.ref("id")]), job, go: Q.absent(["t", "paused"]) })
      const seen = yield* Effect.flip(space.inWith(query, ({ done, job }, hold) =>
        Effect.flatMap(
          Effect.all([all(space), space.inspect, refusalOf(hold.consume(done))]),
          ([rest, { held }, { reason }]) => Effect.fail([job, rest, held, reason])
        )))
      same(seen, [["t", "job", 1], [["t", "done", 1]], 1, "InvalidTuple"])
      same(yield* all(space), [["t", "done", 1], ["t", "job", 1]])
      const letter = { maxAttempts: 2, deadLetter: (tuple: unknown) => ["t", "dead", tuple] as const }
      const attempts = yield* Effect.flip(
        space.inWith(query, (_, { attempts }) => Effect.fail(attempts), letter)
      )
      same([attempts, yield* all(space)], [1, [["t", "done", 1], ["t", "dead", ["t", "job", 1]]]])
      yield* space.out(["t", "job", 1])
      same(
        yield* space.withPermit(query, ({ done, job }) => Effect.map(all(space), (rest) => [done, job, rest.length])),
        [["t", "done", 1], ["t", "job", 1], 2]
      )
      same(yield* Effect.scoped(Effect.map(space.inScoped(query), ({ job }) => job)), ["t", "job", 1])
      yield* space.out(["t", "job", 1])
      yield* space.inWith(query, ({ job }, hold) => hold.consume(job))
      same(yield* space.count(jobs), 0)
      yield* clear(space)
    }))

  test("S18 S8 a hold of a query with guards that is interrupted is back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "done", 1]])
      const holder = yield* start(space.inWith(ready, () => Effect.never))
      same(yield* all(space), [["t", "done", 1]])
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(holder)))
      same(yield* all(space), [["t", "job", 1], ["t", "done", 1]])
      yield* clear(space)
    }))

  test.needing("transactions")(
    "S18 S10 what leaves in a transaction has left when that is committed",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", "paused"])
        const waiter = yield* startWaiting(space, space.in(unpaused))
        const take = Transaction.in(space, ["t", "paused"])
        const put = (id: number) => Transaction.out(space, ["t", "job", id])
        yield* space.transact(STM.zipRight(STM.zipRight(take, put(1)), Transaction.out(space, ["t", "paused"])))
        assert.isTrue(yield* isWaiting(waiter))
        yield* Effect.flip(space.transact(STM.zipRight(STM.zipRight(take, put(2)), STM.fail("no"))))
        assert.isTrue(yield* isWaiting(waiter))
        yield* space.transact(STM.zipRight(put(3), take))
        same(yield* Fiber.join(waiter), { job: ["t", "job", 1] })
        same(yield* all(space), [["t", "job", 3]])
        yield* space.out(["t", "paused"])
        const other = yield* startWaiting(space, space.in(unpaused))
        yield* space.transact(STM.zipRight(take, put(4)))
        same(yield* Fiber.join(other), { job: ["t", "job", 3] })
        yield* clear(space)
      })
  )

  test("S18 a reader and a writer, each of whom waits for the absence of the other, do not wait for ever", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "turn"])
      const busy: Array<string> = []
      const within = (name: string, others: string) =>
        Effect.gen(function*() {
          yield* space.withPermit(Q.all([["t", "turn"], Q.absent(["t", others])]), () => space.out(["t", name]))
          assert.isFalse(busy.includes(others), "they exclude each other")
          busy.push(name)
          yield* Effect.yieldNow()
          busy.splice(busy.indexOf(name), 1)
          yield* space.in(["t", name])
        })
      yield* Effect.all(
        [within("reads", "writes"), within("writes", "reads"), within("reads", "writes"), within("writes", "reads")],
        { concurrency: "unbounded" }
      )
      same(yield* all(space), [["t", "turn"]])
      yield* clear(space)
    }))

  test.needing("references")(
    "S18 S3 code of an absence that throws ends its operation, and nothing else",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.outAll([["t", "x", 7], ["t", "x", 1]])
        const now = yield* defectOf(space.rdp(Q.all([Q.absent(["t", "x", throwingAt(7)])])))
        assert.match(String(now), /on purpose/)
        yield* space.in(["t", "x", 7])
        const waiter = yield* startWaiting(space, defectOf(space.awaitNone(["t", "x", throwingAt(7)])))
        yield* space.out(["t", "x", 7])
        same(yield* space.in(["t", "x", 7]), ["t", "x", 7])
        assert.match(String(yield* Fiber.join(waiter)), /on purpose/)
        yield* clear(space)
      })
  )

  test("S18 S12 a space that closes interrupts those who wait for absence", () =>
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const waiters = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        yield* space.outAll([["t", "job", 1], ["t", "paused"]])
        const waiters = [
          yield* Effect.forkIn(space.awaitNone(jobs), scope),
          yield* Effect.forkIn(Effect.asVoid(space.in(unpaused)), scope),
          yield* Effect.forkIn(space.inWith(unpaused, () => Effect.void), scope)
        ]
        yield* settle
        return waiters
      }))
      same(yield* Effect.forEach(waiters, (waiter) => isInterrupted(Fiber.join(waiter))), [true, true, true])
    }))

  test("S18 a choice by preference has the first pattern that has a match", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const query = Q.any({ urgent: ["t", "urgent", P.number], job: jobs }, { prefer: "first" })
      yield* space.outAll([["t", "job", 1], ["t", "urgent", 2], ["t", "urgent", 3]])
      const [urgent, other] = [["t", "urgent", 2], ["t", "urgent", 3]]
      same([yield* space.rd(query), yield* space.rdp(query)], [
        { key: "urgent", tuple: urgent },
        Option.some({ key: "urgent", tuple: urgent })
      ])
      same(yield* space.in(query), { key: "urgent", tuple: urgent })
      same(yield* space.inWith(query, Effect.succeed), { key: "urgent", tuple: other })
      same(yield* space.inp(query), Option.some({ key: "job", tuple: ["t", "job", 1] }))
      const waiter = yield* startWaiting(space, space.in(query))
      yield* space.out(["t", "job", 4])
      same(yield* Fiber.join(waiter), { key: "job", tuple: ["t", "job", 4] })
      yield* space.outAll([["t", "job", 5], ["t", "urgent", 6]])
      same(yield* space.in(Q.any([jobs, ["t", "urgent", P.any]], { prefer: "oldest" })), {
        index: 0,
        tuple: ["t", "job", 5]
      })
      same(yield* space.in(Q.any([jobs, ["t", "urgent", P.any]], { prefer: "first" })), {
        index: 1,
        tuple: ["t", "urgent", 6]
      })
      yield* empty(space)
    }))

  test("S18 explain says what each member is for, and what is asked for when", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "done", 1], ...Array.from({ length: 40 }, (_, id) => ["t", "job", id] as const)])
      const query = Q.all({
        job,
        done: Q.read(["t", "done", P.ref("id")]),
        free: Q.absent(["t", "blocks", P.ref("id")]),
        go: Q.absent(["t", "paused"])
      })
      same((yield* space.explain(query)).plan, [
        { member: "go", candidates: 0, by: [], role: "absent" },
        { member: "done", candidates: 1, by: [], role: "read" },
        { member: "free", candidates: 0, by: ["id"], role: "absent" },
        { member: "job", candidates: 40, by: ["id"], role: "take" }
      ])
      yield* clear(space)
    }))

  test("S18 S16 a guard stands in a Query.all, and nowhere else", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const guard: any = Q.absent(["t"])
      const operations: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        space.in(guard),
        space.rdp(Q.read(["t"]) as any),
        space.in(Q.any([guard])),
        space.in(Q.batch(guard, { max: 2 })),
        space.in(Q.all([Q.read(guard)])),
        space.awaitNone(guard),
        space.collect(guard),
        space.outIfAbsent(guard, ["t"])
      ]
      for (const operation of operations) {
        const error = yield* refusalOf(operation)
        same(error.reason, "InvalidPattern")
        assert.match(error.message, /Query\.read and Query\.absent are members of a Query\.all, and of nothing else/)
      }
      const query = yield* refusalOf(space.in(Q.all([Q.absent(Q.all([["t"]]) as any)])))
      assert.match(query.message, /a query stands for what is taken or read/)
      const nothing = yield* refusalOf(space.in(Q.all([Q.absent(undefined as any)])))
      assert.match(nothing.message, /a pattern is a non-empty array of fields, not undefined/)
      const prefer = yield* refusalOf(space.in(Q.any([["t"]], { prefer: "last" as any })))
      same([prefer.reason, prefer.message], ["InvalidOption", `prefer: "last" is none of "oldest", "first"`])
      const preferred = yield* refusalOf(space.in(Q.any([["t"]], { prefers: "first" } as any)))
      assert.match(preferred.message, /^prefers: there is no such option here/)
    }))
})

/** The oldest `["t", "x", …]`, once something is absent. */
const unpausedWithout = (pattern: readonly [string, string, P.Formal<number>]) =>
  Q.all([["t", "x", P.number], Q.absent(pattern)])
