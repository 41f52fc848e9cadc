/**
 * Queries in transactions: what a query finds there is what it finds everywhere, of what the transaction sees (S10,
 * S18).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import * as Transaction from "@effect-linda/core/Transaction"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import { cases } from "./case.js"
import { all, assert, empty, fresh, isWaiting, pass, refusalOf, same, startWaiting } from "./kit.js"

const pair = Q.all({ job: ["job", P.ref("id", P.number)], file: ["file", P.ref("id", P.number)] })

const either = Q.any({ job: ["job", P.number], stop: ["stop"] })

export const asked = cases("Transaction: queries", (each) => {
  const test = each.needing("transactions")

  test("S10 S18 a choice, a join and a batch, taken and read", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["stop"], ["file", 1], ["job", 2], ["job", 1], ["n", 1], ["n", 2], ["n", 3]])
      const found = { job: ["job", 1], file: ["file", 1] }
      const seen = yield* space.transact(STM.gen(function*() {
        const stop = yield* Transaction.rd(space, either)
        const readPair = yield* Transaction.rdp(space, pair)
        const read = yield* Transaction.rd(space, pair)
        const taken = yield* Transaction.in(space, pair)
        const again = yield* Transaction.inp(space, pair)
        const two = yield* Transaction.in(space, Q.batch(["n", P.number], { min: 2, max: 2 }))
        const few = yield* Transaction.inp(space, Q.batch(["n", P.number], { min: 2, max: Infinity }))
        const rest = yield* Transaction.rdp(space, Q.batch(["n", P.number], { max: 5 }))
        const first = yield* Transaction.in(space, either)
        const index = yield* Transaction.inp(space, Q.any([["stop"], ["job", P.number]]))
        const none = yield* Transaction.inp(space, either)
        return { stop, readPair, read, taken, again, two, few, rest, first, index, none }
      }))
      same(seen, {
        stop: { key: "stop", tuple: ["stop"] },
        readPair: Option.some(found),
        read: found,
        taken: found,
        again: Option.none(),
        two: [["n", 1], ["n", 2]],
        few: Option.none(),
        rest: Option.some([["n", 3]]),
        first: { key: "stop", tuple: ["stop"] },
        index: Option.some({ index: 1, tuple: ["job", 2] }),
        none: Option.none()
      })
      same(yield* all(space), [["n", 3]])
      yield* space.in(["n", 3])
      yield* empty(space)
    }))

  test("S10 S18 a query sees what the transaction has put and taken, in order of age", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["job", 1], ["file", 1]])
      const seen = yield* space.transact(STM.gen(function*() {
        yield* Transaction.out(space, ["stop"])
        yield* Transaction.out(space, ["job", 2])
        yield* Transaction.out(space, ["file", 2])
        yield* Transaction.out(space, ["job", 3])
        const batch = yield* Transaction.rd(space, Q.batch(["job", P.number], { max: 5 }))
        const one = yield* Transaction.in(space, pair)
        const two = yield* Transaction.in(space, pair)
        const three = yield* Transaction.inp(space, pair)
        const stop = yield* Transaction.in(space, either)
        const plain = yield* Transaction.inp(space, Q.all([["job", P.number], ["job", P.number]]))
        return { batch, one, two, three, stop, plain }
      }))
      same(seen, {
        batch: [["job", 1], ["job", 2], ["job", 3]],
        one: { job: ["job", 1], file: ["file", 1] },
        two: { job: ["job", 2], file: ["file", 2] },
        three: Option.none(),
        stop: { key: "stop", tuple: ["stop"] },
        plain: Option.none()
      })
      same(yield* all(space), [["job", 3]])
      yield* space.in(["job", 3])
      yield* empty(space)
    }))

  test("S10 S11 a join in a transaction gives each pattern the oldest that leaves enough to the others", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      const joined = yield* space.transact(Transaction.in(space, Q.all([["t", P.number], ["t", 1], ["t", P.number]])))
      same(joined, [["t", 2], ["t", 1], ["t", 3]])
      yield* empty(space)
    }))

  test("S10 S11 a join in a transaction finds the one that fits among many", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(Array.from({ length: 400 }, (_, id) => ["job", id] as const))
      yield* space.outAll([["file", 390], ["file", 1_000], ["file", 10]])
      const join = (query: Q.Query) => space.transact(Transaction.inp(space, query))
      same(yield* join(pair), Option.some({ job: ["job", 10], file: ["file", 10] }))
      same(
        yield* join(Q.all([["file", P.ref("id", P.number)], ["job", P.ref("id", P.number)]])),
        Option.some([["file", 390], ["job", 390]])
      )
      same(yield* join(pair), Option.none())
      same((yield* space.collect(["job", P.number])).length, 398)
      same(yield* space.inUpTo(["file", P.number], 2), [["file", 1_000]])
      yield* empty(space)
    }))

  for (
    const [name, query, tuples, found] of [
      ["choice", either, [["stop"]], { key: "stop", tuple: ["stop"] }],
      ["join", pair, [["job", 1], ["file", 2], ["file", 1]], { job: ["job", 1], file: ["file", 1] }],
      ["batch", Q.batch(["n", P.number], { min: 2, max: 3 }), [["n", 1], ["n", 2]], [["n", 1], ["n", 2]]]
    ] as const
  ) {
    test(`S10 S18 a transaction waits for a ${name}, and holds nothing meanwhile`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const taking = yield* startWaiting(
          space,
          space.transact(STM.tap(Transaction.in(space, query as Q.Query), () => Transaction.out(space, ["done"])))
        )
        for (const tuple of tuples) {
          assert.isTrue(yield* isWaiting(taking))
          yield* space.out(tuple)
        }
        same(yield* Fiber.join(taking), found)
        const left = tuples.filter((tuple) => !JSON.stringify(found).includes(JSON.stringify(tuple)))
        same(yield* all(space), [...left, ["done"]])
        yield* space.collect([P.rest(P.any)])
        yield* empty(space)
      }))

    test(`S10 S18 a transaction that waits for a ${name} and is interrupted leaves nothing`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const reading = yield* startWaiting(space, space.transact(Transaction.rd(space, query as Q.Query)))
        const taking = yield* startWaiting(space, space.transact(Transaction.in(space, query as Q.Query)))
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(taking)))
        yield* space.outAll(tuples)
        same(yield* Fiber.join(reading), found)
        same(yield* all(space), tuples)
        yield* space.collect([P.rest(P.any)])
        yield* empty(space)
      }))
  }

  test("S10 S18 a query rolls back with its branch", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["job", 1], ["file", 1], ["n", 1]])
      const branch = STM.zipRight(Transaction.in(space, pair), Transaction.in(space, ["never"]))
      const other = Transaction.in(space, Q.batch(["n", P.number], { max: 2 }))
      same(yield* space.transact(STM.orElse(branch, () => other)), [["n", 1]])
      yield* Effect.flip(space.transact(STM.zipRight(Transaction.in(space, pair), STM.fail("no"))))
      same(yield* all(space), [["job", 1], ["file", 1]])
      yield* space.in(pair)
      yield* empty(space)
    }))

  test("S10 S18 a condition asks by a query: it holds when that finds something", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["file", 7])
      const holds = STM.map(Transaction.rdp(space, pair), Option.isSome)
      const waiting = yield* startWaiting(
        space,
        space.transact(STM.zipRight(Transaction.check(holds), Transaction.out(space, ["done"])))
      )
      yield* space.out(["job", 6])
      assert.isTrue(yield* isWaiting(waiting))
      yield* space.out(["job", 7])
      yield* Fiber.join(waiting)
      same(yield* all(space), [["file", 7], ["job", 6], ["job", 7], ["done"]])
      yield* space.collect([P.rest(P.any)])
      yield* empty(space)
    }))

  test.needing(
    "clock"
  )("S10 S15 what a query takes may expire, and is there when the transaction commits", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["job", 1], { ttl: "1 minute" })
      yield* space.out(["file", 1], { ttl: "1 minute" })
      same(yield* space.transact(Transaction.in(space, pair)), { job: ["job", 1], file: ["file", 1] })
      yield* pass("2 minutes")
      yield* empty(space)
    }))

  test("S10 S15 what a query takes may have a life that is long enough", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["job", 1], { ttl: "1 hour" })
      yield* space.out(["file", 1])
      yield* space.out(["job", 2], { ttl: "1 hour" })
      const left = STM.zipRight(Transaction.in(space, pair), STM.fail("no"))
      yield* Effect.flip(space.transact(left))
      same(yield* space.transact(Transaction.in(space, pair)), { job: ["job", 1], file: ["file", 1] })
      const batch = Q.batch(["job", P.number], { max: 5 })
      same(yield* space.transact(Transaction.in(space, batch)), [["job", 2]])
      yield* empty(space)
    }))

  test("S10 S16 a batch that lingers, and a bad query, are refused", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const bad: ReadonlyArray<readonly [query: any, message: RegExp]> = [
        [Q.batch(["t"], { max: 2, linger: "1 second" }), /^linger: a batch that is taken as a part of/],
        [Q.batch(["t"], {} as any), /^max: a batch needs one/],
        [Q.any([]), /a choice needs at least one pattern/],
        [Q.all([Q.any([["t"]])] as any), /a query stands for what is taken or read/]
      ]
      for (const [query, message] of bad) {
        const { in: take, inp, rd, rdp } = Transaction
        for (const operation of [take, rd, inp, rdp] as ReadonlyArray<any>) {
          const asked: STM.STM<unknown, never, Transaction.Transaction> = operation(space, query)
          const error = yield* refusalOf(space.transact(asked))
          assert.match(error.message, message)
        }
      }
      const counted = yield* refusalOf(space.transact(Transaction.count(space, either as any)))
      assert.match(counted.message, /a query stands for what is taken or read/)
    }))
})
