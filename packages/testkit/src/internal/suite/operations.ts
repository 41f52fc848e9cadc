/**
 * The operations one by one (S1, S4 to S7): what goes in, what comes out, and in which order.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { cases } from "./case.js"
import { assert, empty, fresh, refusalOf, same, type Space, start, waiters } from "./kit.js"

const some = <A>(value: A) => Option.some(value)
const none = Option.none()

/** Makes the shelf of an arity so large that an engine in memory looks literals up by index. */
export const ballast = (space: Space, arity: number) =>
  space.outAll(Array.from({ length: 20 }, (_, i) => ["ballast", ...Array(arity - 1).fill(i)] as const))

export const putTakeRead = cases("Put, take and read", (test) => {
  const referring = test.needing("references")

  test("O01 an out into an empty space makes it hold one tuple", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      assert.isUndefined(yield* space.out(["t"]))
      assert.strictEqual(yield* space.count(["t"]), 1)
      same((yield* space.inspect).tuples, [{ shape: "[\"t\"]", count: 1 }])
    }))

  test("O02 what another fiber puts can be read and taken; then the space is empty", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* Effect.fork(space.out(["t", 1]))
      same(yield* space.rd(["t", P.number]), ["t", 1])
      same(yield* space.in(["t", P.number]), ["t", 1])
      yield* empty(space)
    }))

  test("O03 a space is a multiset: equal tuples are two", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t"], ["t"]])
      same(yield* space.in(["t"]), ["t"])
      same(yield* space.rdp(["t"]), some(["t"]))
      same(yield* space.in(["t"]), ["t"])
      same(yield* space.rdp(["t"]), none)
      yield* empty(space)
    }))

  test("S6 O04 a rd changes nothing: the same tuple again, and still there", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2]])
      same(yield* space.rd(["t", P.any]), ["t", 1])
      same(yield* space.rd(["t", P.any]), ["t", 1])
      same(yield* space.rdp(["t", P.any]), some(["t", 1]))
      same(yield* space.in(["t", P.any]), ["t", 1])
      same(yield* space.in(["t", P.any]), ["t", 2])
    }))

  referring("S6 O04 a rd and an in give the very object that the space has", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2]])
      const first = yield* space.rd(["t", P.any])
      assert.strictEqual(yield* space.rd(["t", P.any]), first)
      assert.strictEqual(Option.getOrThrow(yield* space.rdp(["t", P.any])), first)
      assert.strictEqual(yield* space.in(["t", P.any]), first)
    }))

  test("O05 a taken tuple is gone", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      yield* space.in(["t"])
      same(yield* space.inp(["t"]), none)
    }))

  test("S7 O08 inp and rdp of an empty space are none at once, and register nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same(yield* space.inp(["t"]), none)
      same(yield* space.rdp([P.any]), none)
      same(yield* space.rdp([P.rest(P.any)]), none)
      same(yield* waiters(space), 0)
      yield* empty(space)
    }))

  test("O24 n puts, then exactly n takes succeed", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* Effect.forEach(Array.from({ length: 50 }, (_, i) => i), (i) => space.out(["t", i]), { concurrency: 10 })
      const taken = yield* Effect.replicateEffect(space.inp(["t", P.any]), 60)
      assert.strictEqual(taken.filter(Option.isSome).length, 50)
      yield* empty(space)
    }))

  test("O25 B02 one of n taken, the others are all there", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 0], ["t", 1], ["t", 2], ["t", 3]])
      yield* space.in(["t", 2])
      same(yield* space.copyCollect(["t", P.any]), [["t", 0], ["t", 1], ["t", 3]])
    }))

  test("M05 several tuples, each found by what is its own", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tuples = [[1, 2, 3, 4], [5, 2, 3, 7], [1, 2, 3, 4, 5, 6]] as const
      yield* space.outAll(tuples)
      same(yield* space.rdp([P.any, 2, 3, P.any]), some(tuples[0]))
      same(yield* space.rdp([5, P.any, 3, P.any]), some(tuples[1]))
      same(yield* space.rdp([1, 2, P.any, P.any, 5, P.any]), some(tuples[2]))
      same(yield* space.rdp([P.any, P.any, P.any]), none)
    }))

  test("M23 M24 typed fields", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["job", "x", true])
      same(yield* space.rdp(["job", P.number, P.boolean]), none)
      yield* space.out(["job", 42, true])
      const [, id, ready] = yield* space.rd(["job", P.number, P.boolean])
      assert.strictEqual(id.toFixed(1), "42.0")
      assert.isTrue(ready)
    }))

  test("M27 M31 a pattern finds the same by index and by scan, whatever literals it has", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tuple = ["a", 1, true] as const
      yield* space.out(tuple)
      for (const _ of ["by scan", "by index"]) {
        for (let mask = 0; mask < 8; mask++) {
          const pattern = tuple.map((field, i) => mask & (1 << i) ? field : P.any)
          const found = yield* space.copyCollect([pattern[0], pattern[1], pattern[2]])
          assert.isTrue(found.some((other) => other.every((field, i) => field === tuple[i])), `mask ${mask}`)
        }
        yield* ballast(space, 3)
      }
    }))

  const findsByLiteral = (values: ReadonlyArray<unknown>) =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(values.map((value) => ["v", value] as const))
      for (const value of values) {
        const pattern = ["v", typeof value === "function" ? P.literal(value) : value] as const
        same(yield* space.copyCollect(pattern), [["v", value]])
      }
      for (const value of values) {
        same(yield* space.inp(["v", P.literal(value)]), some(["v", value]))
      }
      yield* empty(space)
    })

  const plain = [1, "1", true, 1n, null, undefined, NaN, "", 0.5, [1, ["x"]], { a: { b: 1 } }, new Date(3)]
  const bytes = new Uint8Array([1, 2])

  test("S1 fields of every kind can be found by literal, by index too", () => findsByLiteral([...plain, bytes]))

  referring(
    "S1 functions, symbols and instances can be found by literal, by index too",
    () => findsByLiteral([...plain, bytes, Symbol.for("s"), () => 1, new Map(), some(1)])
  )

  test("S1 long tuples: literals beyond the positions that are indexed count as well", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const long = (last: number) => [0, ...Array.from({ length: 38 }, (_, i) => i), last] as const
      yield* space.outAll(Array.from({ length: 12 }, (_, i) => long(i)))
      same(yield* space.inp(long(7)), some(long(7)))
      same(yield* space.inp(long(7)), none)
      yield* space.collect([P.rest(P.any)])
      yield* empty(space)
    }))
})

export const ownCopy = cases("The space's own copy", (test) => {
  const referring = test.needing("references")

  test("S1 O06 mutating the array after the out changes nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tuple: [string, number] = ["t", 1]
      const out = space.out(tuple)
      tuple[1] = 2
      yield* out
      tuple[1] = 3
      same(yield* space.rd(["t", P.number]), ["t", 1])
      assert.isFalse(Object.isFrozen(tuple))
    }))

  test("S1 O07 what a reader gets is frozen", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const read = yield* space.rd(["t", P.number])
      assert.throws(() => {
        ;(read as any)[1] = 2
      }, TypeError)
      same(yield* space.in(["t", P.number]), ["t", 1])
    }))

  test("S1 outAll reads its iterable once, when it is called", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const tuples: Array<readonly [string, number]> = [["t", 1], ["t", 2]]
      const out = space.outAll(new Set(tuples).values())
      tuples.push(["t", 3])
      yield* out
      assert.strictEqual(yield* space.count(["t", P.any]), 2)
    }))

  test("S1 M26 mutating the pattern while its operation waits changes nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const pattern: [string, unknown] = ["a", P.number]
      const fiber = yield* start(space.in(pattern))
      pattern[0] = "b"
      yield* space.out(["b", 1])
      yield* space.out(["a", 2])
      same(yield* Fiber.join(fiber), ["a", 2])
    }))

  test("S1 mutating a nested object afterwards does not damage the space", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const nested = { id: 1, list: [1] }
      yield* ballast(space, 2)
      yield* space.out(["n", nested])
      assert.strictEqual(yield* space.count(["n", { id: 1, list: [1] }]), 1)
      nested.id = 2
      nested.list.push(2)
      assert.strictEqual(yield* space.count([P.any, P.any]), 21)
      assert.strictEqual((yield* space.in(["n", P.any]))[0], "n")
      assert.strictEqual((yield* space.collect(["ballast", P.any])).length, 20)
      yield* empty(space)
    }))

  referring(
    "S1 a nested object is shared: its changes show, and a literal of what it was does not find it",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const nested = { id: 1, list: [1] }
        yield* ballast(space, 2)
        yield* space.out(["n", nested])
        assert.strictEqual(yield* space.count(["n", { id: 1, list: [1] }]), 1)
        nested.id = 2
        nested.list.push(2)
        assert.strictEqual(yield* space.count(["n", { id: 1, list: [1] }]), 0)
        assert.strictEqual(yield* space.count([P.any, P.any]), 21)
        const [, taken] = yield* space.in(["n", P.any])
        assert.strictEqual(taken, nested)
        assert.strictEqual((yield* space.collect(["ballast", P.any])).length, 20)
        yield* empty(space)
      })
  )

  test("S1 mutating a nested object of a waiting pattern does not damage the space", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const nested = { id: 1 }
      const fiber = yield* start(space.in(["n", nested]))
      nested.id = 2
      yield* space.out(["n", { id: 1 }])
      same(yield* Fiber.join(fiber), ["n", { id: 1 }])
      yield* empty(space)
    }))
})

export const order = cases("Order", (test) => {
  const choosing = test.needing("options")
  /** An engine that keeps time by Effect's clock runs where the test does, and draws from the test's `Random`. */
  const seeded = choosing.needing("clock")

  test("S5 O21 K01 the oldest match first", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (let i = 0; i < 10; i++) {
        yield* space.out(["t", i])
      }
      const taken = yield* Effect.replicateEffect(space.in(["t", P.number]), 10)
      same(taken.map(([, i]) => i), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }))

  test("S5 the oldest match over all arities of a rest, and among all patterns of a choice", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1, 1], ["t"], ["t", 2], ["t", 1]])
      same(yield* space.copyCollect(["t", P.rest(P.any)]), [["t", 1, 1], ["t"], ["t", 2], ["t", 1]])
      same(yield* space.in(["t", P.rest(P.any)]), ["t", 1, 1])
      same(yield* space.in([P.rest(P.any)]), ["t"])
      same((yield* space.inAny([["t", 1], ["t", 2]])).tuple, ["t", 2])
    }))

  choosing("S5 K01 selection lifo: the youngest match first", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ selection: "lifo" })
      yield* ballast(space, 2)
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3], ["u", 1]])
      same(yield* space.rdp(["t", P.number]), some(["t", 3]))
      same(yield* space.in(["t", P.number]), ["t", 3])
      same(yield* space.in(["t", P.rest(P.number)]), ["t", 2])
      same((yield* space.inAny([["u", P.any], ["t", P.any]])).tuple, ["u", 1])
      same(yield* space.copyCollect(["t", P.any]), [["t", 1]])
      yield* space.outAll([["w", 1], ["w", 2]])
      same(yield* space.collect(["w", P.any]), [["w", 1], ["w", 2]], "collect is oldest first")
    }))

  choosing("S5 selection changes nothing about who waits longest", () =>
    Effect.gen(function*() {
      for (const selection of ["lifo", "random"] as const) {
        const space = yield* fresh({ selection })
        const fibers = yield* Effect.replicateEffect(start(space.in(["t", P.number])), 5)
        yield* space.outAll([["t", 0], ["t", 1], ["t", 2], ["t", 3], ["t", 4]])
        same((yield* Fiber.join(Fiber.all(fibers))).map(([, i]) => i), [0, 1, 2, 3, 4])
      }
    }))

  /** Pearson's statistic of how often each of `n` equally likely things was seen. */
  const chiSquare = (counts: ReadonlyArray<number>): number => {
    const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  }

  const draws = (read: Effect.Effect<ReadonlyArray<unknown>, SpaceError>, n: number) =>
    Effect.gen(function*() {
      const counts = Array.from({ length: n }, () => 0)
      for (let i = 0; i < 10_000; i++) {
        counts[(yield* read)[1] as number]!++
      }
      return counts
    })

  seeded(
    "S5 K06 selection random: 4 of 100 match, each as often as the others (seed 1; chi-square, 3 degrees of freedom)",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh({ selection: "random" })
        for (let i = 0; i < 96; i++) {
          yield* space.out(["other", i])
          if (i % 24 === 0) {
            yield* space.out(["t", i / 24])
          }
        }
        const isT = (name: string): boolean => name === "t"
        // 16.27 is exceeded by chance once in a thousand seeds, and this is one seed.
        for (const read of [space.rd(["t", P.number]), space.rd([isT, P.number]), space.rd(["t", P.rest(P.number)])]) {
          assert.isBelow(chiSquare(yield* draws(read, 4)), 16.27)
        }
        const choice = Effect.map(space.rdAny([["t", P.between(0, 1)], ["t", P.between(2, 3)]]), ({ tuple }) => tuple)
        assert.isBelow(chiSquare(yield* draws(choice, 4)), 16.27)
      }).pipe(Effect.withRandom(Random.make(1)))
  )

  seeded("S5 B24 three to one: each tuple as often as the others (seed 2)", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ selection: "random" })
      yield* space.outAll([["a"], ["b"], ["a"], ["a"]])
      let a = 0
      for (let i = 0; i < 10_000; i++) {
        a += (yield* space.rd([P.string]))[0] === "a" ? 1 : 0
      }
      assert.closeTo(a, 7500, 200)
    }).pipe(Effect.withRandom(Random.make(2))))

  seeded("S5 selection random is decided by the Random service: same seed, same choices", () =>
    Effect.gen(function*() {
      const run = Effect.scoped(Effect.gen(function*() {
        const space = yield* fresh({ selection: "random" })
        yield* space.outAll(Array.from({ length: 20 }, (_, i) => ["t", i] as const))
        return yield* Effect.replicateEffect(space.in(["t", P.number]), 20)
      }))
      const first = yield* Effect.withRandom(run, Random.make(3))
      same(yield* Effect.withRandom(run, Random.make(3)), first)
      assert.notDeepEqual(yield* Effect.withRandom(run, Random.make(4)), first)
      same(first.map(([, i]) => i).sort((x, y) => x - y), Array.from({ length: 20 }, (_, i) => i))
    }))
})

export const manyAtOnce = cases("Many at once", (test) => {
  const mixed = [["x", 1], ["x", "2"], ["x", 3]] as const

  test("B01 collect takes all matches, oldest first, and leaves the others", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(mixed)
      same(yield* space.collect(["x", P.number]), [["x", 1], ["x", 3]])
      same(yield* space.copyCollect([P.rest(P.any)]), [["x", "2"]])
    }))

  test("B02 copyCollect reads all matches", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(mixed)
      same(yield* space.copyCollect(["x", P.number]), [["x", 1], ["x", 3]])
      assert.strictEqual(yield* space.count(["x", P.any]), 3)
    }))

  test("B03 without matches they are empty, and do not wait", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same(yield* space.collect(["x"]), [])
      same(yield* space.copyCollect([P.rest(P.any)]), [])
      same(yield* space.inUpTo(["x"], 3), [])
      assert.strictEqual(yield* space.count(["x"]), 0)
    }))

  test("B04 a collect over alternatives takes each tuple once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(mixed)
      same(yield* space.collect(["x", P.oneOf(P.number, 1, P.between(0, 9))]), [["x", 1], ["x", 3]])
    }))

  test("B05 inUpTo takes no more than it may", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(Array.from({ length: 5 }, (_, i) => ["x", i] as const))
      same(yield* space.inUpTo(["x", P.number], 0), [])
      same(yield* space.inUpTo(["x", P.number], 3), [["x", 0], ["x", 1], ["x", 2]])
      same(yield* space.inUpTo(["x", P.number], 3), [["x", 3], ["x", 4]])
      yield* space.out(["x", 9])
      same(yield* space.inUpTo(["x", P.number], Infinity), [["x", 9]])
    }))

  test("B09 B10 collectInto moves, copyCollectInto copies, in order", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const other = yield* fresh()
      yield* space.outAll(Array.from({ length: 100 }, (_, i) => [i % 2 ? "odd" : "even", i] as const))
      assert.strictEqual(yield* space.copyCollectInto(["odd", P.number], other), 50)
      assert.strictEqual(yield* space.count([P.any, P.any]), 100)
      assert.strictEqual((yield* other.collect(["odd", P.number])).length, 50)
      assert.strictEqual(yield* space.collectInto(["odd", P.number], other), 50)
      assert.strictEqual(yield* space.count([P.any, P.any]), 50)
      assert.strictEqual(yield* space.count(["odd", P.any]), 0)
      const moved = yield* other.collect([P.any, P.number])
      same(moved.map(([, i]) => i), Array.from({ length: 50 }, (_, i) => 2 * i + 1))
      assert.strictEqual(yield* space.collectInto(["none"], other), 0)
    }))

  test("B09 collectInto is one step: whoever waits in the other space is served by it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const other = yield* fresh()
      const taker = yield* start(other.in(["x", 2]))
      const all = yield* start(other.inAll([["x", 1], ["x", 3]]))
      yield* space.outAll([["x", 1], ["x", 2], ["x", 3]])
      assert.strictEqual(yield* space.collectInto(["x", P.number], other), 3)
      same(yield* Fiber.join(taker), ["x", 2])
      same(yield* Fiber.join(all), [["x", 1], ["x", 3]])
      yield* empty(space)
      yield* empty(other)
    }))

  test("B09 collectInto the same space puts the tuples behind all others", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["x", 1], ["y", 2], ["x", 3]])
      assert.strictEqual(yield* space.collectInto(["x", P.any], space), 2)
      same(yield* space.copyCollect([P.any, P.any]), [["y", 2], ["x", 1], ["x", 3]])
    }))

  test("B09 S8 collectInto another kind of space holds the tuples meanwhile, and gives them back if that fails", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["x", 1], ["y", 1], ["x", 2]])
      const got: Array<unknown> = []
      const outAll = (tuples: Iterable<unknown>) => Effect.sync(() => void got.push(...tuples))
      assert.strictEqual(
        yield* Effect.flip(space.collectInto(["x", P.any], { outAll: () => Effect.fail("down") })),
        "down"
      )
      same(yield* space.copyCollect([P.any, P.any]), [["x", 1], ["y", 1], ["x", 2]])
      const fiber = yield* start(space.collectInto(["x", P.any], { outAll: () => Effect.never }))
      assert.strictEqual((yield* space.inspect).held, 2)
      assert.strictEqual(yield* space.count([P.any, P.any]), 1)
      yield* Fiber.interrupt(fiber)
      same(yield* space.copyCollect([P.any, P.any]), [["x", 1], ["y", 1], ["x", 2]])
      assert.strictEqual(yield* space.copyCollectInto(["x", P.any], { outAll }), 2)
      assert.strictEqual(yield* space.count([P.any, P.any]), 3)
      assert.strictEqual(yield* space.collectInto(["x", P.any], { outAll }), 2)
      same(got, [["x", 1], ["x", 2], ["x", 1], ["x", 2]])
      same(yield* space.collect([P.any, P.any]), [["y", 1]])
      yield* empty(space)
    }))

  test("B17 B18 outIfAbsent puts only if nothing matches", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same(yield* space.outIfAbsent(["leader", P.any], ["leader", "a"]), none)
      same(yield* space.outIfAbsent(["leader", P.any], ["leader", "b"]), some(["leader", "a"]))
      same(yield* space.collect([P.any, P.any]), [["leader", "a"]])
    }))

  test("B19 of 100 fibers one becomes the leader", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const results = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, i) => i),
        (i) => Effect.zipRight(Effect.yieldNow(), space.outIfAbsent(["leader", P.any], ["leader", i])),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(results.filter(Option.isNone).length, 1)
      assert.strictEqual(yield* space.count(["leader", P.any]), 1)
    }))

  test("B17 outIfAbsent serves those who wait", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const taker = yield* start(space.in(["lock"]))
      same(yield* space.outIfAbsent(["lock"], ["lock"]), none)
      same(yield* Fiber.join(taker), ["lock"])
      yield* empty(space)
    }))

  test("B20 replace is one step, and serves those who wait for the new tuple", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["n", 1], ["n", 5]])
      same(yield* space.replace(["n", P.number], ([, n]) => ["n", n + 1]), some(["n", 1]))
      same(yield* space.copyCollect(["n", P.any]), [["n", 5], ["n", 2]])
      const taker = yield* start(space.in(["n", 6]))
      same(yield* space.replace(["n", 5], ([, n]) => ["n", n + 1]), some(["n", 5]))
      same(yield* Fiber.join(taker), ["n", 6])
      same(yield* space.collect(["n", P.any]), [["n", 2]])
    }))

  test("B20 a hundred concurrent replaces lose no step", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["n", 0])
      const step = Effect.zipRight(Effect.yieldNow(), space.replace(["n", P.number], ([, n]) => ["n", n + 1]))
      yield* Effect.replicateEffect(step, 100, { concurrency: "unbounded", discard: true })
      same(yield* space.in(["n", P.number]), ["n", 100])
    }))

  test("B21 replace without a match does nothing, and does not call f", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same(yield* space.replace(["n", P.number], () => assert.fail("no match")), none)
      yield* empty(space)
    }))

  test("S16 B25 outAll with an invalid tuple puts none", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const error = yield* refusalOf(space.outAll([["a"], ["b"], [] as any]))
      assert.strictEqual(error.reason, "InvalidTuple")
      yield* empty(space)
    }))

  test("B26 outAll is one step", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* start(Effect.zipRight(space.rd(["x", 1]), space.copyCollect(["x", P.any])))
      const all = [["x", 1], ["x", 2], ["x", 3]] as const
      yield* space.outAll(all)
      same(yield* Fiber.join(reader), [...all])
      yield* space.outAll([])
      assert.strictEqual(yield* space.count(["x", P.any]), 3)
    }))
})
