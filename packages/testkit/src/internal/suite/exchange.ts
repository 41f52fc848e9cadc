/**
 * Exchanges (S22); and `outIfAbsent` and `replace` with the options of `out` (S4).
 *
 * The tuples of a query have one first field, so that a split space can answer it.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
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
  start,
  startWaiting
} from "./kit.js"

const two = Q.all([["t", P.number], ["t", P.number]])

/** Puts the sum of two numbers. */
const sum = ([[, one], [, other]]: readonly [readonly ["t", number], readonly ["t", number]]) =>
  [["t", one + other]] as const

export const exchange = cases("Exchange", (test) => {
  test("S22 takes what it finds and puts what is made of it, behind all others", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      same(yield* space.exchange(["t", P.number], ([, n]) => [["t", n * 10], ["t", n * 11]]), ["t", 1])
      same(yield* all(space), [["t", 2], ["t", 3], ["t", 10], ["t", 11]])
      same(yield* space.exchange(["t", 3], () => []), ["t", 3])
      same(yield* space.exchange(["t", 10], (tuple) => new Set([tuple])), ["t", 10])
      same(yield* all(space), [["t", 2], ["t", 11], ["t", 10]])
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  test("S22 S18 of a choice, a join and a batch", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3], ["t", "stop"], ["t", 4]])
      same(yield* space.exchange(two, sum), [["t", 1], ["t", 2]])
      const seen: Array<unknown> = []
      const either = Q.any({ stop: ["t", "stop"], n: ["t", 4] })
      same(
        yield* space.exchange(either, (found) => {
          seen.push(found)
          return [["t", found.key]]
        }),
        { key: "stop", tuple: ["t", "stop"] }
      )
      same(seen[seen.length - 1], { key: "stop", tuple: ["t", "stop"] })
      const batch = Q.batch(["t", P.number], { min: 2, max: 3 })
      same(yield* space.exchange(batch, (found) => [["t", found.length]]), [["t", 3], ["t", 4], ["t", 3]])
      same(yield* all(space), [["t", "stop"], ["t", 3]])
      const record = Q.all({ word: ["t", P.string], n: ["t", P.number] })
      same(yield* space.exchange(record, ({ n, word }) => [["t", word[1], n[1]]]), { word: ["t", "stop"], n: ["t", 3] })
      yield* space.in(["t", "stop", 3])
      yield* empty(space)
    }))

  test("S22 waits until the query can be met, and holds nothing meanwhile", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const waiting = yield* startWaiting(space, space.exchange(two, sum))
      same(yield* space.rdp(["t", 1]), Option.some(["t", 1]))
      yield* space.out(["t", 2])
      same(yield* Fiber.join(waiting), [["t", 1], ["t", 2]])
      same(yield* all(space), [["t", 3]])
      yield* space.in(["t", 3])
      yield* empty(space)
    }))

  test("S22 S4 what it puts goes to those who wait", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* startWaiting(space, space.rd(["t", P.string]))
      const taker = yield* startWaiting(space, space.in(["t", P.string]))
      yield* space.out(["t", 1])
      yield* space.exchange(["t", P.number], () => [["t", "one"], ["t", "more"]])
      same(yield* Effect.zip(Fiber.join(reader), Fiber.join(taker)), [["t", "one"], ["t", "one"]])
      same(yield* all(space), [["t", "more"]])
      yield* space.in(["t", "more"])
      yield* empty(space)
    }))

  test("S22 nobody sees what is between: the tuple is there, or what was made of it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 0])
      const step = space.exchange(["t", P.number], ([, n]) => [["t", n + 1]])
      const look = Effect.map(space.rdp(["t", P.number]), (found) => assert.isTrue(Option.isSome(found)))
      yield* Effect.all([Effect.repeatN(step, 19), Effect.repeatN(step, 19), Effect.repeatN(look, 19)], {
        concurrency: "unbounded"
      })
      same(yield* space.in(["t", P.number]), ["t", 40])
      yield* empty(space)
    }))

  test("S22 two that compete for one token never have it both, and none of them is forgotten", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "free"])
      const held: Array<string> = []
      const lock = (name: string) =>
        Effect.gen(function*() {
          yield* space.exchange(["t", "free"], () => [["t", "held", name]])
          held.push(name)
          same(yield* space.copyCollect(["t", "held", P.string]), [["t", "held", name]])
          yield* Effect.yieldNow()
          yield* space.exchange(["t", "held", name], () => [["t", "free"]])
        })
      yield* Effect.forEach(["a", "b", "c"], (name) => Effect.repeatN(lock(name), 4), { concurrency: "unbounded" })
      same(held.slice().sort().join(""), "aaaaabbbbbccccc")
      same(yield* all(space), [["t", "free"]])
      yield* space.in(["t", "free"])
      yield* empty(space)
    }))

  for (const waits of [false, true]) {
    test(`S22 if the function throws${waits ? " after a wait" : ""}, nothing has happened and it dies`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const broken = defectOf(space.exchange(["t", P.number], (): never => {
          throw new Error("no")
        }))
        const dying = waits ? yield* startWaiting(space, broken) : undefined
        yield* space.out(["t", 1])
        same((yield* dying === undefined ? broken : Fiber.join(dying)).message, "no")
        same(yield* all(space), [["t", 1]])
        yield* space.in(["t", 1])
        yield* empty(space)
      }))
  }

  test("S22 S16 what makes no tuples, or cannot be asked for, is refused, and nothing has happened", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2]])
      const pattern = ["t", P.number] as const
      const bad: ReadonlyArray<readonly [query: any, f: any, options: any, reason: string, message: RegExp]> = [
        [pattern, () => 5, undefined, "InvalidTuple", /the tuples are an iterable of tuples, not 5/],
        [pattern, () => [["t", 1], []], undefined, "InvalidTuple", /a tuple is a non-empty array of fields/],
        [pattern, () => ["t", 1], undefined, "InvalidTuple", /a tuple is a non-empty array of fields, not "t"/],
        [pattern, 5, undefined, "InvalidOption", /^f: 5 is no function/],
        [[], () => [], undefined, "InvalidPattern", /a pattern is a non-empty array/],
        [Q.any([]), () => [], undefined, "InvalidPattern", /a choice needs at least one pattern/],
        [Q.batch(pattern, { max: 2, linger: 1 }), () => [], undefined, "InvalidOption", /^linger: a batch that is/],
        [pattern, () => [], { timeout: -1 }, "InvalidOption", /^timeout: -1 is no duration/],
        [pattern, () => [], { ttl: 1 }, "InvalidOption", /^ttl: there is no such option here/]
      ]
      for (const [query, f, options, reason, message] of bad) {
        const error = yield* refusalOf(space.exchange(query, f, options))
        same(error.reason, reason)
        assert.match(error.message, message)
      }
      same(yield* all(space), [["t", 1], ["t", 2]])
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  test("S22 S9 a timeout of zero looks once, and a short one ends without a tuple", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      for (const [timeout, within] of [[0, "now"], ["10 millis", "within 10ms"]] as const) {
        const asked = yield* start(Effect.flip(space.exchange(two, sum, { timeout })))
        yield* pass("10 millis")
        const late: any = yield* Fiber.join(asked)
        assert.isTrue(TupleSpace.isTimeout(late))
        assert.match(late.message, /^exchange\(\["t", number\], \["t", number\]\) of space .*: no tuple /)
        assert.isTrue(late.message.endsWith(within), late.message)
      }
      same(yield* space.exchange(["t", 1], () => [["t", 2]], { timeout: 0 }), ["t", 1])
      same(yield* space.exchange(["t", 2], () => [["t", 3]], { timeout: "1 hour" }), ["t", 2])
      yield* space.in(["t", 3])
      yield* empty(space)
    }))

  test.needing(
    "clock"
  )("S22 S9 it is late, and says of what; or it has what it asked for", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const waiting = yield* startWaiting(space, Effect.flip(space.exchange(two, sum, { timeout: "1 minute" })))
      yield* pass("59 seconds")
      assert.isTrue(yield* isWaiting(waiting))
      yield* pass("2 seconds")
      const error: any = yield* Fiber.join(waiting)
      assert.isTrue(TupleSpace.isTimeout(error))
      assert.match(error.message, /no tuple within 1m$/)
      same([error.operation, error.patterns], ["exchange", ["[\"t\", number]", "[\"t\", number]"]])
      same(yield* all(space), [["t", 1]])
      const again = yield* startWaiting(space, space.exchange(two, sum, { timeout: "1 minute" }))
      yield* pass("30 seconds")
      yield* space.out(["t", 2])
      same(yield* Fiber.join(again), [["t", 1], ["t", 2]])
      same(yield* space.exchange(["t", 3], () => [["t", 4]], { timeout: 0 }), ["t", 3])
      yield* pass("2 minutes")
      same(yield* all(space), [["t", 4]])
      yield* space.in(["t", 4])
      yield* empty(space)
    }))

  test.needing(
    "clock"
  )("S22 S9 its time runs on, however often it is woken in vain", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const never = Q.all([["t", P.number], ["t", "never"]])
      const waiting = yield* startWaiting(space, Effect.flip(space.exchange(never, () => [], { timeout: "1 minute" })))
      for (const n of [1, 2]) {
        yield* pass("20 seconds")
        yield* space.out(["t", n])
        assert.isTrue(yield* isWaiting(waiting))
      }
      yield* pass("21 seconds")
      assert.isTrue(TupleSpace.isTimeout(yield* Fiber.join(waiting)))
      same(yield* space.collect(["t", P.any]), [["t", 1], ["t", 2]])
      yield* empty(space)
    }))

  test("S22 S8 one that waits and is interrupted leaves nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const waiting = yield* startWaiting(space, space.exchange(two, sum))
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(waiting)))
      yield* space.out(["t", 2])
      same(yield* all(space), [["t", 1], ["t", 2]])
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  test.needing(
    "turns"
  )("S22 S5 it has its turn among the takers", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const first = yield* startWaiting(space, space.exchange(["t", P.number], ([, n]) => [["t", "done", n]]))
      const second = yield* start(space.in(["t", P.number]))
      yield* space.out(["t", 1])
      same(yield* Fiber.join(first), ["t", 1])
      assert.isTrue(yield* isWaiting(second))
      yield* space.out(["t", 2])
      same(yield* Fiber.join(second), ["t", 2])
      yield* space.in(["t", "done", 1])
      yield* empty(space)
    }))

  test("S22 rules that run for ever find what they can, and rest", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const rule = yield* start(Effect.forever(space.exchange(two, sum)))
      yield* space.outAll([1, 2, 3, 4].map((n) => ["t", n] as const))
      assert.isTrue(yield* isWaiting(rule))
      yield* space.out(["t", 90])
      assert.isTrue(yield* isWaiting(rule))
      same(yield* all(space), [["t", 100]])
      yield* Fiber.interrupt(rule)
      yield* space.in(["t", 100])
      yield* empty(space)
    }))

  test("S22 S12 a close interrupts it", () =>
    Effect.scoped(Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const made = yield* Deferred.make<TupleSpace.TupleSpace<any, SpaceError>>()
      const owner = yield* Effect.fork(Effect.scoped(Effect.gen(function*() {
        yield* Deferred.succeed(made, (yield* closing()) as any)
        yield* Deferred.await(gate)
      })))
      const space = yield* Deferred.await(made)
      const waiting = yield* startWaiting(space, isInterrupted(space.exchange(["t", P.number], () => [])))
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(owner)
      assert.isTrue(yield* Fiber.join(waiting))
      assert.isTrue(yield* isInterrupted(space.exchange(["t", P.number], () => [])))
    })))

  test.needing(
    "options"
  )("S22 S14 it waits for room for what it puts; what it has taken makes room", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2 })
      yield* space.outAll([["t", 1], ["t", 2]])
      same(yield* space.exchange(["t", P.number], ([, n]) => [["t", n + 10]]), ["t", 1])
      const waiting = yield* startWaiting(space, space.exchange(["t", 2], () => [["t", 3], ["t", 4]]))
      same(yield* all(space), [["t", 2], ["t", 11]])
      same(yield* space.in(["t", 11]), ["t", 11])
      same(yield* Fiber.join(waiting), ["t", 2])
      same(yield* space.collect(["t", P.any]), [["t", 3], ["t", 4]])
      yield* empty(space)
    }))
})

export const leased = cases("outIfAbsent and replace with options", (test) => {
  const timed = test.needing("clock")

  timed(
    "S4 S15 outIfAbsent with a ttl gives a lease if it has put, and the match if not",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const lock = (name: string) => space.outIfAbsent(["t", P.string], ["t", name], { ttl: "1 minute" })
        const lease = Either.getOrThrow(yield* lock("ann"))
        same(yield* lock("bob"), Either.left(["t", "ann"]))
        yield* pass("50 seconds")
        same(yield* lease.renew("1 minute"), true)
        yield* pass("50 seconds")
        same(yield* lock("bob"), Either.left(["t", "ann"]))
        yield* pass("11 seconds")
        same(yield* lease.renew("1 minute"), false)
        const other = Either.getOrThrow(yield* lock("bob"))
        same([yield* other.cancel, yield* other.cancel, yield* all(space)], [true, false, []])
        yield* empty(space)
      })
  )

  test("S4 outIfAbsent with options that say nothing gives a lease as well, and without them an option", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = Either.getOrThrow(yield* space.outIfAbsent(["t"], ["t"], {}))
      same(yield* space.outIfAbsent(["t"], ["t"]), Option.some(["t"]))
      same(yield* lease.cancel, true)
      same(yield* space.outIfAbsent(["t"], ["t"]), Option.none())
      yield* space.in(["t"])
      yield* empty(space)
    }))

  test("S4 S15 of many that want to be the first at the same time one is", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const names = ["a", "b", "c", "d"]
      const got = yield* Effect.forEach(
        names,
        (name) => space.outIfAbsent(["t", P.string], ["t", name], { ttl: "1 minute" }),
        { concurrency: "unbounded" }
      )
      same(got.filter(Either.isRight).length, 1)
      const [[, first]] = (yield* all(space)) as [any]
      got.filter(Either.isLeft).forEach(({ left }) => same(left, ["t", first]))
      yield* space.in(["t", first])
      yield* empty(space)
    }))

  timed(
    "S4 S15 replace with a ttl gives what it took, and the lease of what it has put",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        same(yield* space.replace(["t", P.number], (tuple) => tuple, { ttl: "1 minute" }), Option.none())
        yield* space.outAll([["t", 1], ["t", "other"]])
        const { lease, tuple } = Option.getOrThrow(
          yield* space.replace(["t", P.number], ([, n]) => ["t", n + 1], { ttl: "1 minute" })
        )
        same([tuple, yield* all(space)], [["t", 1], [["t", "other"], ["t", 2]]])
        same(yield* lease.renew("2 minutes"), true)
        yield* pass("90 seconds")
        same(yield* space.count(["t", 2]), 1)
        yield* pass("31 seconds")
        same([yield* lease.cancel, yield* all(space)], [false, [["t", "other"]]])
        // what it replaces had a life, and what it puts has none
        yield* space.out(["t", 5], { ttl: "1 minute" })
        yield* space.replace(["t", 5], () => ["t", 6])
        yield* pass("2 minutes")
        same(yield* space.collect(["t", P.any]), [["t", "other"], ["t", 6]])
        yield* empty(space)
      })
  )

  test("S4 S15 what it puts lives as long as it was given, and can be cancelled", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = Either.getOrThrow(yield* space.outIfAbsent(["t", 1], ["t", 1], { ttl: "1 hour" }))
      const replaced = Option.getOrThrow(yield* space.replace(["t", 1], () => ["t", 2], { ttl: "1 hour" }))
      same([replaced.tuple, yield* lease.cancel, yield* all(space)], [["t", 1], false, [["t", 2]]])
      same([yield* replaced.lease.cancel, yield* all(space)], [true, []])
      const brief = Either.getOrThrow(yield* space.outIfAbsent(["t", 1], ["t", 1], { ttl: "5 millis" }))
      yield* pass("20 millis")
      same([yield* brief.renew("1 hour"), yield* all(space)], [false, []])
      const soon = Either.getOrThrow(yield* space.outIfAbsent(["t", 1], ["t", 1], { after: "1 hour" }))
      same([yield* all(space), yield* soon.cancel], [[], true])
      yield* empty(space)
    }))

  test("S4 S15 a life of no time: who waits has the tuple, and it is not stored", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* startWaiting(space, space.rd(["t", P.number]))
      assert.isTrue(Either.isRight(yield* space.outIfAbsent(["t", P.number], ["t", 1], { ttl: 0 })))
      same(yield* Fiber.join(reader), ["t", 1])
      yield* empty(space)
    }))

  test("S4 S16 bad options are refused, and nothing has happened", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const bad: ReadonlyArray<readonly [options: any, message: RegExp]> = [
        [{ ttl: -1 }, /^ttl: -1 is no duration/],
        [{ timeout: 1 }, /^timeout: there is no such option here/],
        [{ after: 1, at: 1 }, /^at: a tuple that comes after a while/],
        [5, /^options: 5 is no record of options/]
      ]
      for (const [options, message] of bad) {
        const refused: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          space.outIfAbsent(["t", 2], ["t", 2], options),
          space.replace(["t", 1], () => ["t", 2], options)
        ]
        for (const operation of refused) {
          const error = yield* refusalOf(operation)
          same(error.reason, "InvalidOption")
          assert.match(error.message, message)
        }
      }
      same(yield* space.collect(["t", P.any]), [["t", 1]])
      yield* empty(space)
    }))

  test.needing(
    "options"
  )("S4 S14 S15 with a lease it needs as much room as without", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["t", 1])
      const waiting = yield* startWaiting(space, space.outIfAbsent(["t", 2], ["t", 2], { ttl: "1 hour" }))
      const replaced = yield* space.replace(["t", 1], () => ["t", 3], { ttl: "1 hour" })
      same(Option.map(replaced, ({ tuple }) => tuple), Option.some(["t", 1]))
      assert.isTrue(yield* isWaiting(waiting))
      yield* space.in(["t", 3])
      const lease = Either.getOrThrow(yield* Fiber.join(waiting))
      same(yield* lease.cancel, true)
      yield* empty(space)
    }))
})

export const later = cases("outIfAbsent and replace of what comes later", (test) => {
  test.needing(
    "clock"
  )("S4 S20 what is put comes later, and until then it is not there", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lease = Either.getOrThrow(
        yield* space.outIfAbsent(["t", P.number], ["t", 1], { after: "1 minute", ttl: "1 minute" })
      )
      same([yield* all(space), yield* lease.reschedule("2 minutes")], [[], true])
      yield* pass("61 seconds")
      same(yield* all(space), [])
      yield* pass("1 minute")
      same(yield* space.outIfAbsent(["t", P.number], ["t", 2], { after: "1 minute" }), Either.left(["t", 1]))
      // a job that is to be tried again
      const snoozed = Option.getOrThrow(yield* space.replace(["t", 1], () => ["t", 9], { after: "1 hour" }))
      same([snoozed.tuple, yield* all(space)], [["t", 1], []])
      yield* pass("61 minutes")
      same(yield* all(space), [["t", 9]])
      yield* space.in(["t", 9])
      yield* empty(space)
    }))
})
