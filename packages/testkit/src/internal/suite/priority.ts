/**
 * Priority (S21).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import * as Transaction from "@effect-linda/core/Transaction"
import { exportLines, importLines } from "@effect-linda/core/TupleSpace"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import { all, assert, empty, fresh, isWaiting, pass, refusalOf, same, start } from "./kit.js"

/** Put in this order, each with its priority. */
const mixed: ReadonlyArray<readonly [name: string, priority: number | undefined]> = [
  ["low", -1],
  ["first", undefined],
  ["high", 5],
  ["second", 0],
  ["higher", 1000],
  ["high too", 5],
  ["lowest", -1000]
]

const chosen = ["higher", "high", "high too", "first", "second", "low", "lowest"]

const putMixed = (space: Space) =>
  Effect.forEach(mixed, ([name, priority]) => space.out(["t", name], { priority }), { discard: true })

const names = (tuples: ReadonlyArray<ReadonlyArray<unknown>>) => tuples.map((tuple) => tuple[1])

const any = ["t", P.string] as const

export const priority = cases("Priority", (test) => {
  test("S5 S21 the highest priority is chosen first, and of these the oldest: however it is taken", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const isFine = (value: unknown) => typeof value === "string"
      for (const pattern of [any, ["t", isFine], [P.rest(P.any)], [P.string, P.rest(P.any)]] as const) {
        const ways: ReadonlyArray<Effect.Effect<ReadonlyArray<unknown>, unknown>> = [
          space.in(pattern),
          Effect.map(space.inp(pattern), Option.getOrThrow),
          space.inWith(pattern, Effect.succeed),
          Effect.scoped(space.inScoped(pattern)),
          Effect.map(space.inAny([["u"], pattern]), ({ tuple }) => tuple),
          // A join of a split space has to know the part.
          Effect.map(space.inAll([any]), ([tuple]) => tuple),
          Effect.map(space.inUpTo(pattern, 1), ([tuple]) => tuple!)
        ]
        yield* putMixed(space)
        const found = yield* Effect.forEach(ways, (way) => way)
        same(names(found), chosen)
      }
      yield* empty(space)
    }))

  test("S6 S7 S21 it is what is read", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* putMixed(space)
      for (const name of chosen) {
        same(yield* space.rd(any), ["t", name])
        same(yield* space.rdp(any), Option.some(["t", name]))
        same(yield* space.rdAny([any]), { index: 0, tuple: ["t", name] })
        same(yield* space.rd(Q.all([any])), [["t", name]])
        same(yield* space.outIfAbsent(any, ["t", "none"]), Option.some(["t", name]))
        same(yield* space.in(any), ["t", name])
      }
      yield* empty(space)
    }))

  test("S21 lists come in the order of choice", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* putMixed(space)
      same(names(yield* space.copyCollect(any)), chosen)
      same(names(yield* all(space)), chosen)
      same(names(yield* space.in(Q.batch(any, { max: 3 }))), chosen.slice(0, 3))
      same(names(yield* space.inUpTo(any, 2)), chosen.slice(3, 5))
      same(names(yield* space.collect(any)), chosen.slice(5))
      yield* empty(space)
    }))

  test("S17 S21 a stream shows what is there in the order of choice", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* putMixed(space)
      const seen = yield* Stream.runCollect(Stream.take(space.stream(any), mixed.length))
      same(names(Chunk.toReadonlyArray(seen)), chosen)
      yield* space.collect(any)
      yield* empty(space)
    }))

  test("S21 outAll gives one priority to all of its tuples, which keep their order", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "c"], ["t", "d"]])
      yield* space.outAll([["t", "a"], ["t", "b"]], { priority: 7 })
      yield* space.outAll([["t", "e"]], { priority: -7 })
      yield* space.outAll([["t", "d too"]], {})
      same(names(yield* space.collect(any)), ["a", "b", "c", "d", "d too", "e"])
      yield* empty(space)
    }))

  test("S11 S21 each member of a join gets the first choice that leaves enough to those after it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["j", "a", 1])
      yield* space.out(["j", "a", 2], { priority: 1 })
      yield* space.out(["j", "a", 3], { priority: 2 })
      yield* space.out(["j", "b", 1], { priority: -1 })
      yield* space.out(["j", "b", 2], { priority: -2 })
      const pair = [["j", "a", P.ref("n", P.number)], ["j", "b", P.ref("n")]] as const
      same(yield* space.rd(Q.all(pair)), [["j", "a", 2], ["j", "b", 2]])
      same(yield* space.rd(Q.all([["j", "b", P.number], ["j", "a", P.number]])), [["j", "b", 1], ["j", "a", 3]])
      same(yield* space.rd(Q.all([["j", "a", P.number], ["j", "a", 3]])), [["j", "a", 2], ["j", "a", 3]])
      same(yield* space.inAll(pair), [["j", "a", 2], ["j", "b", 2]])
      same(yield* space.inAll(pair), [["j", "a", 1], ["j", "b", 1]])
      same(yield* space.collect(["j", "a", P.number]), [["j", "a", 3]])
      yield* empty(space)
    }))

  test("S11 S21 a join that waits is completed by what comes before what it has seen", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["j", "a", 1])
      yield* space.out(["j", "a", 2], { priority: -1 })
      const join = yield* start(space.inAll([["j", "a", P.ref("n", P.number)], ["j", "b", P.ref("n")]]))
      yield* space.out(["j", "a", 3], { priority: 1 })
      yield* space.out(["j", "b", 4], { priority: 1 })
      assert.isTrue(yield* isWaiting(join))
      yield* space.out(["j", "b", 3], { priority: -1 })
      same(yield* Fiber.join(join), [["j", "a", 3], ["j", "b", 3]])
      same(yield* space.collect(["j", P.string, P.number]), [["j", "b", 4], ["j", "a", 1], ["j", "a", 2]])
      yield* empty(space)
    }))

  test("S4 S21 among those who wait the priority of what comes is nothing: it goes to the one that waits longest", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const first = yield* start(space.in(any))
      const second = yield* start(space.in(any))
      yield* space.out(["t", "low"], { priority: -5 })
      yield* space.out(["t", "high"], { priority: 5 })
      same([yield* Fiber.join(first), yield* Fiber.join(second)], [["t", "low"], ["t", "high"]])
      yield* empty(space)
    }))

  test("S8 S21 a tuple that comes back is in its old place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* putMixed(space)
      yield* Effect.exit(space.inWith(Q.all([any, any, ["t", "low"]]), () => Effect.fail("back")))
      yield* space.withPermit(["t", "second"], () => Effect.void)
      same(names(yield* space.copyCollect(any)), chosen)
      yield* space.inWith(any, (tuple, hold) =>
        Effect.zipRight(space.out(["t", "highest"], { priority: 1000 }), hold.giveBack(tuple)))
      same(names(yield* space.collect(any)), ["higher", "highest", ...chosen.slice(1)])
      yield* empty(space)
    }))

  test("S8 S21 behind all others is behind those of its priority", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* putMixed(space)
      for (const name of ["high", "first", "low"]) {
        yield* Effect.exit(space.inWith(["t", name], () => Effect.fail("back"), { requeue: "back" }))
      }
      yield* space.withPermit(["t", "higher"], () => Effect.void, { requeue: "back" })
      same(
        names(yield* space.collect(any)),
        ["higher", "high too", "high", "second", "first", "low", "lowest"]
      )
      yield* empty(space)
    }))

  test("S15 S21 with a time to live, and a lease as any other", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "second"])
      const lease = yield* space.out(["t", "first"], { priority: 3, ttl: "1 hour" })
      const last = yield* space.out(["t", "third"], { priority: -3, ttl: "1 hour" })
      assert.isTrue(yield* lease.renew("2 hours"))
      same(names(yield* space.copyCollect(any)), ["first", "second", "third"])
      assert.isFalse(yield* lease.reschedule(1))
      assert.isTrue(yield* lease.cancel)
      assert.isFalse(yield* lease.cancel)
      assert.isTrue(yield* last.cancel)
      same(names(yield* space.collect(any)), ["second"])
      yield* empty(space)
    }))

  test.needing("clock")("S15 S21 it ends at its time, in whatever place it is", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "a"], { priority: 3, ttl: 10 })
      yield* space.out(["t", "b"], { priority: -3, ttl: 20 })
      yield* space.out(["t", "c"])
      same(names(yield* space.copyCollect(any)), ["a", "c", "b"])
      yield* pass(10)
      same(names(yield* space.copyCollect(any)), ["c", "b"])
      yield* pass(10)
      same(names(yield* space.collect(any)), ["c"])
      yield* empty(space)
    }))

  test("S20 S21 what comes later comes into the place of its priority", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "second"])
      yield* space.out(["t", "first"], { priority: 1 })
      const soon = yield* space.out(["t", "third"], { after: "1 hour", priority: -1 })
      yield* space.out(["t", "zeroth"], { after: 1, priority: 2 })
      yield* space.out(["t", "fourth"], { at: new Date(0), priority: -1 })
      assert.isTrue(yield* soon.reschedule(0))
      yield* pass(20)
      same(names(yield* space.collect(any)), ["zeroth", "first", "second", "fourth", "third"])
      yield* empty(space)
    }))

  test.needing("transactions")(
    "S10 S21 a transaction takes and reads by priority, also what it has put",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", "high"], { priority: 1 })
        yield* space.out(["t", "low"], { priority: -1 })
        const taken = yield* space.transact(STM.gen(function*() {
          yield* Transaction.out(space, ["t", "own"])
          const read = yield* Transaction.rd(space, any)
          const first = yield* Transaction.in(space, any)
          const second = yield* Transaction.in(space, any)
          const third = yield* Transaction.inp(space, any)
          const count = yield* Transaction.count(space, any)
          return [read, first, second, Option.getOrNull(third), count]
        }))
        same(taken, [["t", "high"], ["t", "high"], ["t", "own"], ["t", "low"], 0])
        yield* empty(space)
      })
  )

  test.needing("transactions")("S10 S21 what a transaction gives up is in its old place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* putMixed(space)
      const failed = yield* Effect.flip(space.transact(STM.gen(function*() {
        yield* Transaction.in(space, any)
        yield* Transaction.in(space, ["t", "low"])
        return yield* STM.fail("undone")
      })))
      same(failed, "undone")
      same(names(yield* space.collect(any)), chosen)
      yield* empty(space)
    }))

  test("S14 S21 what moves to another space keeps its priority there", () =>
    Effect.gen(function*() {
      const [space, other] = [yield* fresh(), yield* fresh()]
      yield* putMixed(space)
      yield* other.out(["t", "there"])
      yield* other.out(["t", "there, high"], { priority: 5 })
      same(yield* space.collectInto(any, other), mixed.length)
      same(
        names(yield* other.collect(any)),
        ["higher", "there, high", "high", "high too", "there", "first", "second", "low", "lowest"]
      )
      yield* empty(space)
      yield* empty(other)
    }))

  test("S4 S21 what replace puts has no priority", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "b"])
      yield* space.out(["t", "a"], { priority: 1 })
      same(yield* space.replace(any, () => ["t", "c"]), Option.some(["t", "a"]))
      same(names(yield* space.collect(any)), ["b", "c"])
      yield* empty(space)
    }))

  test("S21 what is exported has its priority where it is imported, also if it is held, or still to come", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* putMixed(space)
      yield* space.out(["t", "later"], { after: "1 hour", priority: 9 })
      const lines = yield* space.inWith(["t", "high"], () => Stream.runCollect(exportLines(space)))
      const put = Chunk.toReadonlyArray(lines).slice(1, -1).map((line) => JSON.parse(line))
      same(put.map(({ priority, tuple }) => [tuple[1], priority]), [
        ["higher", 1000],
        ["high", 5],
        ["high too", 5],
        ["first", undefined],
        ["second", undefined],
        ["low", -1],
        ["lowest", -1000],
        ["later", 9]
      ])
      const other = yield* fresh()
      yield* Stream.run(
        Stream.fromIterable(Chunk.reverse(Chunk.drop(Chunk.dropRight(lines, 1), 1))).pipe(
          (reversed) => Stream.concat(Stream.fromIterable(Chunk.take(lines, 1)), reversed),
          Stream.concat(Stream.fromIterable(Chunk.takeRight(lines, 1)))
        ),
        importLines(other)
      )
      same(
        names(yield* other.collect(any)),
        ["higher", "high too", "high", "second", "first", "low", "lowest"]
      )
      const again = Chunk.toReadonlyArray(yield* Stream.runCollect(exportLines(other))).slice(1, -1)
      same(again.map((line) => JSON.parse(line).priority), [9])
      yield* space.collect(any)
    }))

  test.needing("clock")(
    "S21 inspect tells how old the oldest of a shape is, and not that of the first choice",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", "low"], { priority: -1 })
        yield* pass(10_000)
        yield* space.out(["t", "middle"])
        yield* space.out(["u", "middle"])
        yield* pass(10_000)
        yield* space.out(["t", "high"], { priority: 1 })
        yield* space.out(["u", "high"], { priority: 1 })
        const { oldest = [] } = yield* space.inspect
        for (const { age, shape } of oldest) {
          const expected = shape.includes("\"t\"") ? 20_000 : 10_000
          assert.isTrue(age >= expected && age <= expected * 1.02 + 1000, `${shape}: ${age}`)
        }
        same(oldest.length, 2)
        yield* space.collect([P.string, P.string])
        yield* empty(space)
      })
  )

  test.needing("options")(
    "S14 S21 in a full sliding space the oldest of the lowest priority makes room",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh({ capacity: 3, strategy: "sliding" })
        const put = (name: string, priority: number) => space.out(["t", name], { priority })
        const there = Effect.map(space.copyCollect(any), names)
        yield* put("a", 1)
        yield* put("b", 0)
        yield* put("c", 0)
        yield* put("d", 2)
        same(yield* there, ["d", "a", "c"])
        yield* put("low", -1)
        same(yield* there, ["d", "a", "c"])
        yield* space.outAll([["t", "e"], ["t", "f"]], { priority: 2 })
        same(yield* there, ["d", "e", "f"])
        yield* space.out(["other", 1, 2], { priority: 2 })
        same(yield* space.collect([P.string, P.rest(P.any)]), [["t", "e"], ["t", "f"], ["other", 1, 2]])
        yield* empty(space)
      })
  )

  test.needing("options")(
    "S14 S21 in a full space that drops or suspends, priority makes no room",
    () =>
      Effect.gen(function*() {
        const dropping = yield* fresh({ capacity: 1, strategy: "dropping" })
        yield* dropping.out(["t", "a"])
        yield* dropping.out(["t", "b"], { priority: 9 })
        same(names(yield* dropping.collect(any)), ["a"])
        const suspending = yield* fresh({ capacity: 1, strategy: "suspend" })
        yield* suspending.out(["t", "a"])
        const waiting = yield* start(suspending.out(["t", "b"], { priority: 9 }))
        assert.isTrue(yield* isWaiting(waiting))
        same(yield* suspending.in(any), ["t", "a"])
        yield* Fiber.join(waiting)
        same(names(yield* suspending.collect(any)), ["b"])
      })
  )

  test.needing("options")("S5 S21 lifo chooses the youngest of the highest priority", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ selection: "lifo" })
      for (const pattern of [any, [P.string, P.rest(P.any)]] as const) {
        yield* putMixed(space)
        same(names(yield* space.copyCollect(any)), chosen)
        const found = yield* Effect.forEach(mixed, () => space.in(pattern))
        same(names(found), ["higher", "high too", "high", "second", "first", "low", "lowest"])
      }
      yield* empty(space)
    }))

  test.needing("options")(
    "S5 S21 random chooses among those of the highest priority that has a match",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh({ selection: "random" })
        const high = Array.from({ length: 40 }, (_, index) => ["t", `high ${index}`] as const)
        const low = Array.from({ length: 40 }, (_, index) => ["t", `low ${index}`] as const)
        for (const pattern of [any, [P.string, P.rest(P.any)]] as const) {
          yield* space.outAll(low)
          yield* space.outAll(high, { priority: 1 })
          const found = yield* Effect.forEach([...high, ...low], () => space.in(pattern))
          const isHigh = (tuple: ReadonlyArray<unknown>) => String(tuple[1]).startsWith("high")
          assert.isTrue(found.slice(0, high.length).every(isHigh))
          assert.isFalse(found.slice(high.length).some(isHigh))
          // 1 of 40! orders is that of age
          assert.notDeepEqual(names(found.slice(0, high.length)), names(high))
        }
        yield* empty(space)
      })
  )

  test("S16 S21 what is no priority is refused by name, and nothing is put", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const bad: ReadonlyArray<unknown> = [1.5, NaN, Infinity, 1001, -1001, "1", null, 1n]
      for (const priority of bad as ReadonlyArray<number>) {
        for (const put of [space.out(["t", "x"], { priority }), space.outAll([["t", "x"]], { priority })]) {
          const { message, reason } = yield* refusalOf(put)
          same(reason, "InvalidOption")
          assert.include(message, "priority: ")
          assert.include(message, "is no integer from -1000 to 1000")
        }
      }
      const other = yield* refusalOf(space.outAll([["t", "x"]], { ttl: 1 } as {}))
      same(other.reason, "InvalidOption")
      assert.include(other.message, "ttl: there is no such option here")
      yield* space.out(["t", "zero"], { priority: -0 })
      same(yield* space.collect(any), [["t", "zero"]])
      yield* empty(space)
    }))

  test("S21 a line whose priority is none is refused", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const lines = Chunk.toReadonlyArray(yield* Stream.runCollect(exportLines(space)))
      const bad = "{\"tuple\":[\"t\"],\"shape\":\"s\",\"priority\":1001}"
      const { message, reason } = yield* refusalOf(
        Stream.run(Stream.fromIterable([lines[0]!, bad, "{\"end\":1}"]), importLines(space))
      )
      same(reason, "InvalidTuple")
      assert.include(message, "its priority is no integer from -1000 to 1000")
      yield* empty(space)
    }))

  test("S4 S21 what outIfAbsent and replace put with options has the priority that these give", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "first"], ["t", "old"]])
      yield* space.outIfAbsent(["t", "high"], ["t", "high"], { priority: 2 })
      yield* space.replace(["t", "old"], () => ["t", "higher"] as const, { priority: 3 })
      same(names(yield* space.copyCollect(any)), ["higher", "high", "first"])
      yield* space.replace(["t", "higher"], () => ["t", "none"] as const)
      same(names(yield* space.collect(any)), ["high", "first", "none"])
      yield* empty(space)
    }))

  test.needing("guards")(
    "S18 S21 what has a high priority is there, and not absent, and is read first",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", "paused", 1], { priority: 7 })
        yield* space.outAll([["t", "job", 1], ["t", "mode", 1]])
        yield* space.out(["t", "mode", 2], { priority: 1 })
        const job = ["t", "job", P.number] as const
        const ready = Q.all([job, Q.absent(["t", "paused", P.number])])
        same(yield* space.inp(ready), Option.none())
        const taker = yield* start(space.in(ready))
        assert.isTrue(yield* isWaiting(taker))
        yield* space.in(["t", "paused", 1])
        same(yield* Fiber.join(taker), [["t", "job", 1]])
        yield* space.out(["t", "job", 2], { priority: -1 })
        const found = yield* space.in(Q.all([job, Q.read(["t", "mode", P.number])]))
        same(found, [["t", "job", 2], ["t", "mode", 2]])
        yield* space.collect([P.rest(P.any)])
        yield* empty(space)
      })
  )

  test.needing("clock")(
    "S19 S21 what is tried again later comes into the place of its priority",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", "high"], { priority: 2 })
        yield* space.out(["t", "first"])
        yield* Effect.flip(space.inWith(any, () => Effect.fail("no"), { retry: Schedule.spaced("10 seconds") }))
        same(names(yield* space.copyCollect(any)), ["first"])
        yield* pass("10 seconds")
        same(names(yield* space.collect(any)), ["high", "first"])
        yield* empty(space)
      })
  )

  test.needing("transactions")(
    "S10 S18 S21 a query in a transaction chooses by priority, also what it has put",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", "low"], { priority: -1 })
        yield* space.out(["t", "high"], { priority: 1 })
        const three = Q.all([any, any, any])
        const found = yield* space.transact(
          STM.zipRight(
            Transaction.out(space, ["t", "own"]),
            STM.zip(Transaction.rd(space, Q.batch(any, { max: 3 })), Transaction.in(space, three))
          )
        )
        same(found.map(names), [["high", "own", "low"], ["high", "own", "low"]])
        yield* empty(space)
      })
  )
})
