/**
 * The tuples of a space as lines, and back.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import { exportLines, importLines } from "@effect-linda/core/TupleSpace"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import { all, assert, empty, fresh, refusalOf, same, start } from "./kit.js"

const linesOf = (space: Space) => Effect.map(Stream.runCollect(exportLines(space)), Chunk.toReadonlyArray)

const into = (space: Space, lines: Iterable<string>) => Stream.run(Stream.fromIterable(lines), importLines(space))

const first = (fields = 1) => JSON.stringify({ format: "effect-linda tuples", version: 1, fields })

/** Without what says which space it was. */
const tuplesIn = (lines: ReadonlyArray<string>) => lines.slice(1)

export const lines = cases("Lines: export and import", (test) => {
  const values = [
    ["t", 1],
    ["t", NaN, -Infinity, 2n ** 70n, undefined, null, true],
    ["t", { b: { 10: 1, 9: [1, { a: new Date(0) }] }, a: "\n \ud800" }, new Map([[1, new Set([2])]]), /a/gi],
    ["t", Option.some([1]), new Uint8Array([1, 2])],
    ["t"]
  ] as const

  test("all tuples come back, in their order, with their attempts and times to live", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* fresh(), yield* fresh()]
      yield* from.outAll(values)
      yield* from.out(["t", "for a while"], { ttl: "1 hours" })
      yield* Effect.ignore(from.inWith(["t", 1], () => Effect.fail("no")))
      const exported = yield* linesOf(from)
      same(exported.length, values.length + 3)
      same(yield* into(to, exported), values.length + 1)
      same(yield* all(to), [...values, ["t", "for a while"]])
      const timeless = (lines: ReadonlyArray<string>) => tuplesIn(lines).map((line) => line.replace(/"ttl":[^,}]*/, ""))
      same(timeless(yield* linesOf(to)), timeless(exported))
      const told = (yield* to.inspect).expiring
      assert.isTrue(told === undefined || told.count === 1 && told.next !== undefined && told.next <= 3_600_000)
      // It has failed once.
      const use = to.inWith(["t", 1], () => Effect.fail("no"), { maxAttempts: 2, deadLetter: () => ["t", "dead"] })
      same(yield* Effect.flip(use), "no")
      same(yield* to.inp(["t", "dead"]), Option.some(["t", "dead"]))
    }))

  test("tuples of one first field keep their order, behind those that are there", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* fresh(), yield* fresh()]
      const numbers = Array.from({ length: 600 }, (_, n) => n)
      yield* from.outAll(numbers.map((n) => n % 3 === 0 ? ["t", n] : ["t", n, "more"]))
      yield* to.outAll([["t", "there"], ["t", "too", "more"]])
      same(yield* into(to, yield* linesOf(from)), 600)
      const ids = Effect.map(to.copyCollect(["t", P.rest(P.any)]), (tuples) => tuples.map(([, n]) => n))
      same(yield* ids, ["there", "too", ...numbers])
      // And so they do when they go on.
      const on = yield* fresh()
      same(yield* into(on, yield* linesOf(to)), 602)
      same(yield* on.copyCollect(["t", P.rest(P.any)]), yield* to.copyCollect(["t", P.rest(P.any)]))
      yield* to.collect([P.rest(P.any)])
    }))

  test("what is held is there, and so are the failures of processes", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* fresh(), yield* fresh()]
      yield* from.outAll([["t", 1], ["t", 2], ["t", 3]])
      const process = yield* from.eval(Effect.die(new RangeError("r")), { name: "failing" })
      yield* process.await
      const [held, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const fiber = yield* start(
        from.inWith(["t", 2], () => Effect.zipRight(Deferred.succeed(held, undefined), Deferred.await(go)))
      )
      yield* Deferred.await(held)
      same(yield* into(to, yield* linesOf(from)), 4)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(fiber)
      same(yield* to.copyCollect(["t", P.number]), [["t", 1], ["t", 2], ["t", 3]])
      same(yield* from.copyCollect(["t", P.number]), [["t", 1], ["t", 3]])
      const [error, , name] = yield* to.in(Process.failure())
      assert.instanceOf(error, RangeError)
      same([error.message, name], ["r", "failing"])
      same((yield* to.inspect).failures, 0)
    }))

  test("S4 who waits is served by what is imported", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* fresh(), yield* fresh()]
      yield* from.outAll([["t", 1], ["t", 2]])
      const [exact, asked] = [
        yield* start(to.in(["t", P.number])),
        yield* start(to.in(["t", (n: number) => n > 1]))
      ]
      yield* into(to, yield* linesOf(from))
      same([yield* Fiber.join(exact), yield* Fiber.join(asked)], [["t", 1], ["t", 2]])
      yield* empty(to)
    }))

  test("a space with nothing in it is two lines", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* fresh(), yield* fresh()]
      const exported = yield* linesOf(from)
      same(exported.length, 2)
      same(tuplesIn(exported), ["{\"end\":0}"])
      same(yield* into(to, exported), 0)
      yield* empty(to)
    }))

  test("S16 bad lines are refused by their number, and nothing of their batch is put", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const good = "{\"tuple\":[\"t\",1]}"
      const end = (n: number) => `{"end":${n}}`
      const bad: ReadonlyArray<readonly [lines: ReadonlyArray<string>, message: RegExp]> = [
        [[], /there is no line/],
        [[good, end(1)], /line 1: it does not begin an export/],
        [["[]"], /line 1: it is no object/],
        [[first(), "", good, "{"], /line 4: it is no JSON/],
        [[first(), good], /after line 2: the lines were cut off/],
        [[first(), good, end(2)], /line 3: there were 1 tuples before this end of 2/],
        [[first(), end(0), good], /line 3: it comes behind the end/],
        [[first(), "{\"tuple\":[]}"], /line 2: its tuple is no array of at least one field/],
        [[first(), "{\"tuple\":[1],\"shape\":\"nn\"}"], /line 2: its shape is no text of a letter for each field/],
        [[first(), "{\"tuple\":[1],\"ttl\":\"1\"}"], /line 2: its ttl is no number of milliseconds/],
        [[first(), "{\"tuple\":[1],\"attempts\":-1}"], /line 2: its attempts are no number/],
        [[first(), "{\"tuple\":[1],\"failure\":true}"], /line 2: it is no failure/],
        [[first(), "{\"tuple\":[1],\"tll\":1}"], /line 2: it has the member "tll", which no tuple has/]
      ]
      for (const [lines, message] of bad) {
        const error = yield* refusalOf(into(space, lines))
        same(error.reason, "InvalidTuple")
        assert.match(error.message, message)
        assert.match(error.message, /no tuple was put before/)
        yield* empty(space)
      }
      const later = yield* refusalOf(into(space, [first(99), end(0)]))
      same(later.reason, "Unsupported")
      assert.match(later.message, /its fields is 99, and this program reads up to/)
      // Those of the batches before are put.
      const error = yield* refusalOf(into(space, [first(), ...Array.from({ length: 300 }, () => good), "no"]))
      assert.match(error.message, /line 302: it is no JSON.*the tuples up to line 257 were put before/)
      same(yield* space.count(["t", 1]), 256)
      yield* space.collect(["t", 1])
      // A line by hand needs no letters.
      same(yield* into(space, [first(), "{\"tuple\":[{\"b\":1,\"a\":{\"@d\":0}},[\"x\"]]}", end(1)]), 1)
      same(
        yield* space.inp([{ a: P.date, b: P.number }, [P.string]]),
        Option.some([
          { a: new Date(0), b: 1 },
          ["x"]
        ])
      )
    }))
})
