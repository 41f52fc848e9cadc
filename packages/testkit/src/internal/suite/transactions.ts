/**
 * Transactions: what `transact` runs is done as a whole or not at all (S10), and waits holding nothing.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import * as SpaceEvent from "@effect-linda/core/SpaceEvent"
import * as Transaction from "@effect-linda/core/Transaction"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import * as TRef from "effect/TRef"
import { cases } from "./case.js"
import {
  all,
  assert,
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
  waiters
} from "./kit.js"

export const atomic = cases("Transaction: as a whole or not at all", (each) => {
  const test = each.needing("transactions")

  test("S10 every operation in one step", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a", 1], ["b", 2], ["c", 3]])
      const result = yield* space.transact(STM.gen(function*() {
        const [, a] = yield* Transaction.in(space, ["a", P.number])
        const [, b] = yield* Transaction.rd(space, ["b", P.number])
        const c = yield* Transaction.inp(space, ["c", P.number])
        const d = yield* Transaction.rdp(space, ["d", P.any])
        yield* Transaction.out(space, ["e", a + b])
        const e = yield* Transaction.rdp(space, ["e", P.any])
        return { c, d, e }
      }))
      same(result, {
        c: Option.some(["c", 3]),
        d: Option.none(),
        e: Option.some(["e", 3])
      })
      same(yield* all(space), [["b", 2], ["e", 3]])
    }))

  test("S10 X01 X02 what is put is not seen before the commit, and never after a failure", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const events = yield* start(Stream.runCollect(Stream.take(space.subscribe([P.rest(P.any)]), 1)))
      const reader = yield* start(space.rd(["a"]))
      const out = Transaction.out(space, ["a"])
      assert.strictEqual(yield* Effect.flip(space.transact(STM.zipRight(out, STM.fail("no")))), "no")
      assert.strictEqual(yield* defectOf(space.transact(STM.zipRight(out, STM.die("bug")))), "bug")
      assert.isTrue(yield* isInterrupted(space.transact(STM.zipRight(out, STM.interrupt))))
      assert.isTrue(yield* isWaiting(reader))
      same(yield* all(space), [])
      yield* space.transact(out)
      same(yield* Fiber.join(reader), ["a"])
      same(Chunk.toReadonlyArray(yield* Fiber.join(events)), [SpaceEvent.Out({ tuple: ["a"] })])
      same(yield* all(space), [["a"]])
    }))

  test("S10 X07 what is taken is back after a failure, in its place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      const take = STM.gen(function*() {
        same(yield* Transaction.rd(space, ["t", P.any]), ["t", 1])
        same(yield* Transaction.in(space, ["t", 2]), ["t", 2])
        same(yield* Transaction.in(space, ["t", P.any]), ["t", 1])
        yield* Transaction.out(space, ["t", 4])
        same(yield* Transaction.in(space, ["t", P.any]), ["t", 3])
        same(yield* Transaction.in(space, ["t", P.any]), ["t", 4])
      })
      yield* Effect.flip(space.transact(STM.zipRight(take, STM.fail("no"))))
      same(yield* all(space), [["t", 1], ["t", 2], ["t", 3]])
      yield* space.transact(take)
      yield* empty(space)
    }))

  test("S10 X04 what is put and taken in one transaction is in nobody else's reach", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const both = STM.zipRight(Transaction.out(space, ["t"]), Transaction.in(space, ["t"]))
      const waits = yield* start(space.transact(STM.zip(both, Transaction.in(space, ["go"]))))
      same(yield* space.inp(["t"]), Option.none())
      same(yield* space.transact(both), ["t"])
      same(yield* space.inp(["t"]), Option.none())
      yield* space.out(["go"])
      same(yield* Fiber.join(waits), [["t"], ["go"]])
      const taker = yield* start(space.in(["t"]))
      assert.isTrue(yield* isWaiting(taker))
      yield* Fiber.interrupt(taker)
      yield* empty(space)
    }))

  test("S10 S17 X16 a subscription sees what was put outside of transactions, and inside of them once they commit", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const seen: Array<unknown> = []
      const fiber = yield* start(Stream.runForEach(
        space.subscribe(["t", P.any]),
        (event) => Effect.sync(() => seen.push(event))
      ))
      yield* space.out(["t", 1])
      const waits = yield* start(space.transact(
        STM.zipRight(Transaction.out(space, ["t", 2]), Transaction.in(space, ["go"]))
      ))
      yield* space.out(["t", 3])
      yield* settle
      same(seen, [SpaceEvent.Out({ tuple: ["t", 1] }), SpaceEvent.Out({ tuple: ["t", 3] })])
      yield* space.out(["go"])
      yield* Fiber.join(waits)
      yield* settle
      same(seen.slice(2), [SpaceEvent.Out({ tuple: ["t", 2] })])
      yield* Fiber.interrupt(fiber)
    }))

  test("S10 X08 a second inp in one transaction finds nothing, at once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      const inp = Transaction.inp(space, ["t"])
      same(yield* space.transact(STM.all([inp, inp, Transaction.rdp(space, ["t"])])), [
        Option.some(["t"]),
        Option.none(),
        Option.none()
      ])
    }))

  test("S10 X05 X09 X10 while a transaction runs, nobody else does: then all that waited is served", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["u"]))
      const reader = yield* start(space.rd(["v"]))
      yield* space.out(["t"])
      yield* space.transact(STM.gen(function*() {
        yield* Transaction.in(space, ["t"])
        yield* Transaction.out(space, ["u"])
        yield* Transaction.out(space, ["v"])
        assert.isNull(taker.unsafePoll())
      }))
      same(yield* Fiber.join(taker), ["u"])
      same(yield* Fiber.join(reader), ["v"])
      same(yield* all(space), [["v"]])
    }))

  test.needing("turns")(
    "S4 S10 a tuple that is put and meets a taker is the taker's, in the transaction already",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const taker = yield* start(space.in(["t"]))
        const found = yield* space.transact(
          STM.zipRight(Transaction.out(space, ["t"]), Transaction.rdp(space, ["t"]))
        )
        same(found, Option.none())
        same(yield* Fiber.join(taker), ["t"])
        yield* empty(space)
      })
  )

  test("S10 a taker that was met in a transaction that fails still waits, in its old place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const first = yield* start(space.in(["t", P.any], { timeout: "10 seconds" }))
      const second = yield* start(space.in(["t", P.any]))
      const join = yield* start(space.inAll([["j"], ["k"]]))
      yield* space.out(["j"])
      yield* Effect.flip(space.transact(STM.gen(function*() {
        yield* Transaction.out(space, ["t", 0])
        yield* Transaction.out(space, ["t", 0])
        yield* Transaction.out(space, ["k"])
        return yield* STM.fail("no")
      })))
      assert.strictEqual(yield* waiters(space), 3)
      assert.strictEqual((yield* space.inspect).held, 0)
      yield* space.out(["t", 1])
      yield* space.out(["t", 2])
      yield* space.out(["k"])
      same(yield* Fiber.join(Fiber.zip(first, second)), [["t", 1], ["t", 2]])
      same(yield* Fiber.join(join), [["j"], ["k"]])
      yield* empty(space)
    }))

  test("S8 S10 a taker that was met in a transaction that fails, and then is interrupted, gives nothing back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["t"]))
      yield* Effect.exit(space.transact(STM.zipRight(Transaction.out(space, ["t"]), STM.fail("no"))))
      yield* Fiber.interrupt(taker)
      yield* empty(space)
    }))

  test("S10 X02 mailboxes of subscriptions are as before after a failure, whatever their strategy", () =>
    Effect.gen(function*() {
      for (const strategy of ["suspend", "dropping", "sliding"] as const) {
        const space = yield* fresh()
        const gate = yield* Effect.makeLatch()
        const seen: Array<SpaceEvent.SpaceEvent<any>> = []
        const fiber = yield* start(Stream.runForEach(
          space.subscribe(["t", P.number], { capacity: 2, strategy, events: ["Out", "In"] }),
          (event) => Effect.zipRight(gate.await, Effect.sync(() => seen.push(event)))
        ))
        yield* space.out(["t", 0])
        yield* settle
        yield* space.out(["t", 1])
        const more = STM.forEach([2, 3, 4], (i) => Transaction.inp(space, ["t", i - 2]))
        yield* Effect.flip(space.transact(STM.zipRight(more, STM.fail("no"))))
        yield* gate.open
        yield* settle
        same(seen, [
          SpaceEvent.Out({ tuple: ["t", 0] }),
          SpaceEvent.Out({ tuple: ["t", 1] })
        ], strategy)
        yield* Fiber.interrupt(fiber)
      }
    }))

  test("S10 F6 a branch that was rolled back by orElse has left nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a"], ["b"]])
      const result = yield* space.transact(
        STM.orElse(
          STM.gen(function*() {
            yield* Transaction.in(space, ["a"])
            yield* Transaction.out(space, ["trace"])
            return yield* Transaction.in(space, ["missing"])
          }),
          () => STM.map(Transaction.in(space, ["b"]), (tuple) => tuple)
        )
      )
      same(result, ["b"])
      same(yield* all(space), [["a"]])
    }))

  test("S10 orElse in orElse, with steps before, between and after", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["n", 1], ["n", 2], ["n", 3]])
      const take = (n: number) => Transaction.in(space, ["n", n])
      yield* space.transact(STM.gen(function*() {
        yield* take(1)
        yield* STM.orElse(
          STM.zipRight(take(2), STM.orElse(STM.zipRight(take(3), STM.fail("inner")), () => STM.fail("outer"))),
          () => Transaction.out(space, ["other"])
        )
        yield* take(2)
        yield* Transaction.out(space, ["n", 4])
      }))
      same(yield* all(space), [["n", 3], ["other"], ["n", 4]])
    }))

  test("S10 with the user's own TRef: both or neither", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const total = yield* TRef.make(0)
      yield* space.outAll([["n", 1], ["n", 2]])
      const add = STM.flatMap(Transaction.in(space, ["n", P.number]), ([, n]) => TRef.update(total, (sum) => sum + n))
      yield* space.transact(add)
      assert.strictEqual(yield* TRef.get(total), 1)
      yield* Effect.flip(space.transact(STM.zipRight(add, STM.fail("no"))))
      assert.strictEqual(yield* TRef.get(total), 1)
      assert.strictEqual(yield* space.count(["n", 2]), 1)
      const fiber = yield* start(space.transact(STM.zipRight(add, add)))
      assert.strictEqual(yield* TRef.get(total), 1)
      assert.strictEqual(yield* space.count(["n", 2]), 1)
      yield* space.out(["n", 3])
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* TRef.get(total), 6)
      yield* empty(space)
    }))

  test.needing("spaces")("S10 over several spaces: all or none of them", () =>
    Effect.gen(function*() {
      const from = yield* fresh()
      const to = yield* fresh<readonly ["n", number]>()
      yield* from.outAll([["n", 1], ["n", 2]])
      const move = STM.flatMap(Transaction.in(from, ["n", P.number]), (tuple) => Transaction.out(to, tuple))
      yield* from.transact(move)
      yield* Effect.flip(to.transact(STM.zipRight(move, STM.fail("no"))))
      assert.strictEqual(yield* from.count(["n", P.any]), 1)
      same(yield* to.copyCollect(["n", P.any]), [["n", 1]])
      yield* to.transact(move)
      same(yield* to.copyCollect(["n", P.any]), [["n", 1], ["n", 2]])
      yield* empty(from)
    }))

  test("S10 X06 many transfers at once keep the sum", () =>
    Effect.gen(function*() {
      const space = yield* fresh<readonly ["account", number, number]>()
      const n = 8
      yield* space.outAll(Array.from({ length: n }, (_, i) => ["account", i, 100] as const))
      const transfer = (i: number) =>
        Effect.zipRight(
          Effect.yieldNow(),
          space.transact(STM.gen(function*() {
            const [, from, a] = yield* Transaction.in(space, ["account", i % n, P.number])
            const [, to, b] = yield* Transaction.in(space, ["account", (i * 3 + 1) % n, P.number])
            yield* Transaction.out(space, ["account", from, a - i])
            yield* Transaction.out(space, ["account", to, b + i])
          }))
        )
      // Where both are the same account the second take misses, and the transaction would wait for ever.
      const ids = Array.from({ length: 400 }, (_, i) => i).filter((i) => i % n !== (i * 3 + 1) % n)
      yield* Effect.forEach(ids, transfer, { concurrency: "unbounded" })
      const accounts = yield* space.collect(["account", P.any, P.any])
      assert.strictEqual(accounts.reduce((sum, [, , balance]) => sum + balance, 0), 800)
      assert.strictEqual(accounts.length, n)
    }))

  test("S10 transact works for a transaction that uses no space at all", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const ref = yield* TRef.make(1)
      assert.strictEqual(yield* space.transact(TRef.updateAndGet(ref, (n) => n + 1)), 2)
      assert.strictEqual(yield* Effect.flip(space.transact(STM.fail("no"))), "no")
    }))

  test("S13 S10 failures of processes can be taken in transactions", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(space.transact(Transaction.in(space, Process.failure(P.string))))
      yield* space.eval(Effect.fail("no"), { name: "p" })
      const [error, , name] = yield* Fiber.join(fiber)
      same([error, name], ["no", "p"])
      yield* empty(space)
    }))
})

export const retrying = cases("Transaction: waiting", (each) => {
  const test = each.needing("transactions")

  test("S10 F3 a transaction that waits holds nothing, and takes all in the end", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const both = STM.zip(Transaction.in(space, ["a"]), Transaction.in(space, ["b"]))
      const fiber = yield* start(space.transact(both))
      yield* space.out(["a"])
      assert.isTrue(yield* isWaiting(fiber))
      same(yield* all(space), [["a"]])
      same(yield* space.in(["a"]), ["a"])
      yield* space.out(["b"])
      assert.isTrue(yield* isWaiting(fiber))
      yield* space.out(["a"])
      same(yield* Fiber.join(fiber), [["a"], ["b"]])
      yield* empty(space)
    }))

  test("S10 F3 a transaction that fails in its second run, after it has waited, leaves nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(Effect.exit(space.transact(
        STM.flatMap(Transaction.in(space, ["t", P.number]), ([, n]) => n === 1 ? STM.fail("no") : STM.die("bug"))
      )))
      yield* space.out(["t", 1])
      same(yield* Fiber.join(fiber), Exit.fail("no"))
      same(yield* all(space), [["t", 1]])
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  test("S10 it does not run again for tuples that match none of the patterns it missed", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      let runs = 0
      const counting = <A>(stm: STM.STM<A, never, Transaction.Transaction>) => STM.zipRight(STM.sync(() => runs++), stm)
      const fiber = yield* startWaiting(space, space.transact(counting(Transaction.in(space, ["t", P.number]))))
      const before = runs
      for (let i = 0; i < 20; i++) {
        yield* space.out(["other", i])
        yield* space.out(["t", "x"])
        yield* settle
      }
      assert.strictEqual(runs, before)
      yield* space.out(["t", 1])
      yield* Fiber.join(fiber)
      assert.strictEqual(runs, before + 1)
    }))

  test("S10 it waits for any of what it missed: both branches of an orElse", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const either = STM.orElse(Transaction.in(space, ["a"]), () => Transaction.in(space, ["b", P.number]))
      const first = yield* startWaiting(space, space.transact(either))
      assert.strictEqual(yield* waiters(space), 1)
      yield* space.out(["b", 1])
      same(yield* Fiber.join(first), ["b", 1])
      const second = yield* start(space.transact(either))
      yield* space.out(["a"])
      same(yield* Fiber.join(second), ["a"])
      const third = yield* start(space.transact(either))
      yield* space.outAll([["b", 2], ["a"]])
      same(yield* Fiber.join(third), ["a"])
      yield* space.in(["b", 2])
      yield* empty(space)
    }))

  test.needing("spaces")("S10 it waits for any of what it missed, in several spaces", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const other = yield* fresh()
      const either = STM.orElse(Transaction.in(space, ["a"]), () => Transaction.in(other, ["b", P.number]))
      const first = yield* start(space.transact(either))
      yield* other.out(["b", 1])
      same(yield* Fiber.join(first), ["b", 1])
      const second = yield* start(space.transact(either))
      assert.strictEqual(yield* waiters(other), 1)
      yield* space.out(["a"])
      same(yield* Fiber.join(second), ["a"])
      const third = yield* start(space.transact(either))
      yield* Effect.zip(space.out(["a"]), other.out(["b", 2]))
      same(yield* Fiber.join(third), ["a"])
      yield* empty(space)
      same(yield* other.collect(["b", 2]), [["b", 2]])
      yield* empty(other)
    }))

  test.needing("turns")(
    "S5 S10 a transaction has its place among those who wait, and passes on what it does not take",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const both = yield* start(
          space.transact(STM.zip(Transaction.in(space, ["a"]), Transaction.in(space, ["b"])))
        )
        const taker = yield* start(space.in(["a"]))
        yield* space.out(["a"])
        same(yield* Fiber.join(taker), ["a"])
        assert.isTrue(yield* isWaiting(both))
        const late = yield* start(space.in(["b"]))
        yield* space.out(["a"])
        yield* settle
        yield* space.out(["b"])
        yield* Fiber.join(both)
        assert.isTrue(yield* isWaiting(late))
        yield* Fiber.interrupt(late)
        yield* empty(space)
      })
  )

  test("S4 S6 S10 a reader that comes while a transaction looks at a tuple is served", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const both = yield* start(
        space.transact(STM.zip(Transaction.in(space, ["a"]), Transaction.in(space, ["b"])))
      )
      const reader = yield* start(Effect.gen(function*() {
        yield* space.out(["a"])
        same(yield* space.rdp(["a"]), Option.some(["a"]))
        return yield* space.rd(["a"])
      }))
      same(yield* Fiber.join(reader), ["a"])
      yield* space.out(["b"])
      yield* Fiber.join(both)
      yield* empty(space)
    }))

  test.needing("spaces")(
    "S8 S10 X12 a waiting transaction that is interrupted leaves nothing, though a tuple was on offer",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const other = yield* fresh()
        const either = STM.orElse(Transaction.in(space, ["a"]), () => Transaction.in(other, ["a"]))
        const waiting = yield* start(space.transact(either))
        yield* Fiber.interrupt(waiting)
        const offered = yield* start(space.transact(either))
        const behind = yield* start(space.in(["a"]))
        yield* space.out(["a"])
        yield* Fiber.interrupt(offered)
        same(yield* Fiber.join(behind), ["a"])
        yield* empty(space)
        yield* empty(other)
      })
  )

  test("S10 X15 a transaction with an Effect.timeout", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["a"])
      const fiber = yield* start(Effect.option(Effect.timeout(
        space.transact(STM.zip(Transaction.in(space, ["a"]), Transaction.in(space, ["b"]))),
        10
      )))
      yield* pass(10)
      same(yield* Fiber.join(fiber), Option.none())
      same(yield* space.collect([P.any]), [["a"]])
      yield* empty(space)
    }))

  test("S10 a rd in a transaction waits, too, and the tuple stays", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(space.transact(Transaction.rd(space, ["a"])))
      const taker = yield* start(space.in(["a"]))
      yield* space.out(["a"])
      yield* Fiber.join(Fiber.zip(taker, fiber)).pipe(Effect.timeoutOption(0), Effect.fork)
      yield* settle
      assert.isNotNull(taker.unsafePoll())
      yield* space.out(["a"])
      same(yield* Fiber.join(fiber), ["a"])
    }))

  test("S10 a retry of the user's own, with no tuple missed, dies with a message that says what to do", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const ref = yield* TRef.make(0)
      yield* space.out(["a"])
      for (
        const stm of [
          STM.retry,
          STM.flatMap(TRef.get(ref), (n) => n > 0 ? STM.void : STM.retry),
          STM.zipRight(Transaction.in(space, ["a"]), STM.retry)
        ]
      ) {
        const error = yield* defectOf(space.transact(stm))
        assert.match(
          error.message,
          /retried without having missed a tuple.*Transaction\.in.*Transaction\.check.*Transaction\.take/
        )
      }
      same(yield* space.collect([P.any]), [["a"]])
      yield* empty(space)
    }))

  test("S10 a retry of the user's own that missed a tuple as well waits for that", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const ref = yield* TRef.make(0)
      const fiber = yield* startWaiting(
        space,
        space.transact(STM.orElse(
          Transaction.in(space, ["a"]),
          () => STM.flatMap(TRef.get(ref), (n) => n > 0 ? STM.succeed(["ref"] as const) : STM.retry)
        ))
      )
      yield* TRef.set(ref, 1)
      assert.isTrue(yield* isWaiting(fiber))
      yield* space.out(["a"])
      same(yield* Fiber.join(fiber), ["a"])
    }))

  test("S3 S10 a predicate that throws: the transaction dies, now or when it is offered a tuple", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const boom = new Error("boom")
      const bad = () => {
        throw boom
      }
      const fiber = yield* start(space.transact(Transaction.in(space, ["a", bad])))
      yield* space.out(["a", 1])
      assert.strictEqual(yield* defectOf(Fiber.join(fiber)), boom)
      assert.strictEqual(
        yield* defectOf(space.transact(STM.zipRight(Transaction.out(space, ["b"]), Transaction.in(space, ["a", bad])))),
        boom
      )
      same(yield* space.collect([P.rest(P.any)]), [["a", 1]])
      yield* empty(space)
    }))

  test("S3 S10 a predicate that throws at what another transaction passes on is the end of its own transaction only", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const boom = new Error("boom")
      const isC = (value: unknown) => {
        if (value === "c") {
          return true
        }
        throw boom
      }
      const first = yield* start(space.transact(STM.zip(Transaction.in(space, ["a"]), Transaction.in(space, ["b"]))))
      const second = yield* start(space.transact(Transaction.in(space, [isC])))
      // Both are woken. The first looks first, and passes on what it was woken for.
      yield* space.outAll([["a"], ["c"]])
      assert.strictEqual(yield* defectOf(Fiber.join(second)), boom)
      assert.isTrue(yield* isWaiting(first))
      yield* space.out(["b"])
      same(yield* Fiber.join(first), [["a"], ["b"]])
      same(yield* space.collect([P.any]), [["c"]])
      yield* empty(space)
    }))
})

export const misused = cases("Transaction: misuse", (each) => {
  const test = each.needing("transactions")

  test("S10 X11 an operation that is committed without transact dies, and says so", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const stm = Transaction.out(space, ["a"]) as STM.STM<void>
      const error = yield* refusalOf(STM.commit(stm))
      assert.strictEqual(error.reason, "Unsupported")
      assert.match(error.message, /committed by itself: give it to `transact`/)
      yield* empty(space)
    }))

  test("S10 X11 after a transaction of any outcome, too", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const stm = Transaction.out(space, ["a"]) as STM.STM<void>
      for (
        const outcome of [STM.void, STM.fail("no"), STM.die("bug"), STM.retry, STM.interrupt] as ReadonlyArray<
          STM.STM<void, string>
        >
      ) {
        yield* Effect.exit(space.transact(outcome))
        yield* Effect.exit(space.transact(STM.zipRight(Transaction.inp(space, ["a"]), outcome)))
        assert.strictEqual((yield* refusalOf(STM.commit(stm))).reason, "Unsupported")
      }
      yield* empty(space)
    }))

  test("S10 S16 an operation of the space within a transaction on it: it dies with a message, and the space is whole", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const run = Runtime.runSync(Runtime.defaultRuntime)
      yield* space.outAll([["a"], ["b"]])
      for (
        const last of [STM.void, Transaction.in(space, ["b"])] as ReadonlyArray<
          STM.STM<unknown, never, Transaction.Transaction>
        >
      ) {
        const error = yield* refusalOf(space.transact(STM.gen(function*() {
          yield* Transaction.in(space, ["a"])
          yield* STM.sync(() => run(space.out(["reentrant"])))
          yield* last
        })))
        assert.strictEqual(error.reason, "Reentrant")
        assert.match(error.message, /in the midst of a transaction on it: use the operations of Transaction there/)
        same(yield* all(space), [["a"], ["b"], ["reentrant"]])
        yield* space.in(["reentrant"])
      }
      assert.strictEqual((yield* space.collect([P.any])).length, 2)
      yield* empty(space)
    }))

  test("S10 S16 a transact within a transact", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const run = Runtime.runSync(Runtime.defaultRuntime)
      yield* space.outAll([["a"], ["b"]])
      const exit = yield* Effect.exit(space.transact(STM.gen(function*() {
        yield* Transaction.in(space, ["a"])
        yield* STM.sync(() => run(space.transact(Transaction.in(space, ["b"]))))
        yield* Transaction.out(space, ["c"])
      })))
      assert.isTrue(Exit.isFailure(exit))
      yield* space.transact(Transaction.out(space, ["d"]))
      same((yield* space.collect([P.any])).filter(([x]) => x !== "b"), [["a"], ["d"]])
      yield* empty(space)
    }))

  test("S10 S16 bad arguments are refused, and so is a space that is not in memory", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["a"])
      const refusal = (stm: STM.STM<unknown, never, Transaction.Transaction>) => refusalOf(space.transact(stm))
      assert.strictEqual((yield* refusal(Transaction.in(space, [] as never))).reason, "InvalidPattern")
      assert.strictEqual((yield* refusal(Transaction.out(space, [] as any))).reason, "InvalidTuple")
      const foreign = { name: "not in memory" } as any
      assert.strictEqual(
        (yield* refusal(STM.zipRight(Transaction.in(space, ["a"]), Transaction.in(foreign, ["a"])))).reason,
        "Unsupported"
      )
      same(yield* space.collect([P.any]), [["a"]])
    }))

  test("S12 a transaction on a closed space ends interrupted, one that waits when it closes as well", () =>
    Effect.gen(function*() {
      const { fiber, space } = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        const fiber = yield* start(space.transact(Transaction.in(space, ["a"])))
        return { fiber, space }
      }))
      assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
      assert.isTrue(yield* isInterrupted(space.transact(Transaction.in(space, ["a"]))))
    }))

  test.needing("spaces")(
    "S12 a transaction that uses a closed space among others is interrupted, and has done nothing",
    () =>
      Effect.gen(function*() {
        const space = yield* Effect.scoped(closing())
        const open = yield* fresh()
        yield* open.out(["a"])
        assert.isTrue(
          yield* isInterrupted(open.transact(STM.zip(Transaction.in(open, ["a"]), Transaction.in(space, ["a"]))))
        )
        same(yield* open.collect([P.any]), [["a"]])
      })
  )

  test.needing("spaces")(
    "S12 a space that closes while a transaction waits for it and for another: nothing is left in the other",
    () =>
      Effect.gen(function*() {
        const open = yield* fresh()
        const fiber = yield* Effect.scoped(Effect.gen(function*() {
          const space = yield* closing()
          return yield* start(open.transact(
            STM.orElse(Transaction.in(space, ["a"]), () => Transaction.in(open, ["a"]))
          ))
        }))
        assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
        yield* empty(open)
      })
  )
})
