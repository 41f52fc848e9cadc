import { Pattern as P, Query as Q, Sharded, SpaceError, SpaceStore, TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Chunk, Deferred, Effect, Exit, Fiber, FiberRef, Layer, Option, Scope, Stream, TestClock } from "effect"
import { defectOf, isInterrupted, isWaiting, same, settle, start } from "./helpers.js"
import { atTheOtherEnd, farSkip } from "./links.js"

const lacks = {
  transactions: "a transaction is of one part",
  quiescence: "what waits in several parts cannot be seen to rest",
  telemetry: "operations make their spans in each part"
}

const order = "the order of age holds within each part, and these tuples are in several"
const join =
  "a join is of one part, and these patterns concern several; joins in one part are tested by the other cases"

const skip = {
  "S3 P.any matches every value": order,
  "S3 P.when and a bare predicate mean the same": order,
  "S3 P.schema and a bare schema match the type side": order,
  "S3 P.oneOf matches what any of its fields matches": order,
  "S3 P.not matches what its field does not": order,
  "S3 M10 P.between includes both bounds": order,
  "S3 P.matching has no memory": order,
  "S3 M11 M18 a record demands exactly its keys": order,
  "S11 inAny takes the oldest of what matches": order,
  "S8 a use that waits for a tuple of its own": order,
  "S8 K22 holds within a use: each is back, the inner first": order,
  "S15 L07": order,
  "O27 what clients do": "what is taken from several parts is taken from one after the other, at no single instant",
  "S1-S8 S11": order,
  "S11 inAll takes a tuple for each pattern": join,
  "S11 P.ref by index: a join in a large space": join,
  "S4 S11 a join takes part in the order of arrival": join,
  "S11 a join is served by what is given back": join,
  "S3 a predicate that throws ends the operation": join,
  "S3 a waiter whose predicate throws in somebody else's out": join,
  "S9 K21 a timeout says of what it is one": join,
  "S12 V04 V09 whoever waits when the space closes": join,
  "V08 every kind of interest: those who take": join
}

const stores = Effect.flatMap(SpaceStore.memory, ({ open }) =>
  Effect.all([
    Effect.flatMap(open("a", { lease: "10000 days" }), SpaceStore.make),
    Effect.flatMap(open("b", { lease: "10000 days" }), SpaceStore.make)
  ]))

Conformance.suite({
  name: "over two stores in memory",
  layer: Layer.scoped(TupleSpace.TupleSpace, Effect.map(stores, Sharded.make)),
  time: "test",
  lacks: {
    ...lacks,
    references: "a store keeps data: functions, symbols and objects without a schema are refused",
    turns: "an exchange on a store is told of what nobody took"
  },
  skip: {
    ...skip,
    "S17 N06 suspend": "a mailbox is its reader's own: an out does not wait for it",
    "S8 S17 suspend": "a mailbox is its reader's own: an out does not wait for it",
    "V08 interests with kind, pattern and age": "what is handed over is consumed before anybody can look"
  }
})

Conformance.suite({
  name: "over two spaces in memory",
  layer: Layer.scoped(
    TupleSpace.TupleSpace,
    Effect.map(Effect.all([TupleSpace.make(), TupleSpace.make()]), Sharded.make)
  ),
  time: "test",
  lacks: {
    ...lacks,
    references: "the first field of a tuple is data, by which its part is told",
    options: "a capacity, or a selection, is that of each part"
  },
  skip
})

Conformance.suite({
  name: "over a link to two spaces in memory",
  layer: atTheOtherEnd(Layer.scoped(
    TupleSpace.TupleSpace,
    Effect.map(Effect.all([TupleSpace.make(), TupleSpace.make()]), Sharded.make)
  )),
  time: "test",
  lacks: { ...Conformance.onLink.lacks, ...lacks },
  skip: {
    ...skip,
    ...farSkip,
    "V08 interests with kind, pattern and age": "what is handed over is consumed before anybody can look"
  }
})

const memories = Effect.all([TupleSpace.make(), TupleSpace.make()])

describe("over several parts, one of which fails", () => {
  const unavailable = new SpaceError.SpaceError({ reason: "Unavailable", message: "the part is gone" })

  it.scoped("S14 of what is moved that stays which has not arrived", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const good = yield* Effect.flatMap(open("good", { lease: "10000 days" }), SpaceStore.make)
      const store = yield* open("bad", { lease: "10000 days" })
      const bad = yield* SpaceStore.make({
        ...store,
        run: (commands) =>
          commands.some(({ op }) => op === "put")
            ? Effect.zipRight(settle, Effect.fail(unavailable))
            : store.run(commands)
      })
      const space = Sharded.make([good, bad])
      const source = yield* TupleSpace.make()
      const names = Array.from({ length: 20 }, (_, index) => `n${index}`)
      yield* source.outAll(names.map((name) => [name]))
      assert.strictEqual((yield* Effect.flip(source.collectInto([P.string], space))).reason, "Unavailable")
      const [there, left] = [yield* good.copyCollect([P.string]), yield* source.copyCollect([P.string])]
      assert.isTrue(there.length > 0 && left.length > 0)
      same([...there, ...left].flat().sort(), names.sort())
    }))
})

for (const [name, made] of [["stores", stores], ["spaces in memory", memories]] as const) {
  describe(`over several parts: ${name}`, () => {
    /** A space, and first fields of tuples that are in its one and in its other part. */
    const split = Effect.gen(function*() {
      const space = Sharded.make(yield* made)
      const names = Array.from({ length: 20 }, (_, index) => `n${index}`)
      const parts = yield* Effect.forEach(names, (name) => Sharded.partOf(name, 2))
      return { space, one: names[parts.indexOf(0)]!, other: names[parts.indexOf(1)]! }
    })

    const clean = (space: TupleSpace.TupleSpace<any, any>) =>
      Effect.gen(function*() {
        yield* settle
        const { held, interests, processes } = yield* space.inspect
        same({ held, interests, processes }, { held: 0, interests: [], processes: [] })
      })

    const boom = new Error("boom")
    const bad = () => {
      throw boom
    }

    it.scoped("N11 S3 a choice says which pattern has found it, also if that would not match again", () =>
      Effect.gen(function*() {
        const { one, space } = yield* split
        yield* space.out([one, 1])
        // A store and a space in memory may ask it once or twice until they have the tuple.
        for (const choose of [space.rdAny, space.inAny]) {
          let asked = 0
          const once = P.when((_: unknown) => asked++ < 1)
          same(yield* choose([["z"], [P.string, once]], { timeout: "1 second" }), { index: 1, tuple: [one, 1] })
        }
        yield* clean(space)
      }))

    it.scoped("N11 S3 a predicate that throws ends the operation in all parts, be it at once or while it waits", () =>
      Effect.gen(function*() {
        const { one, other, space } = yield* split
        const operations: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          space.in([P.string, bad]),
          space.rd([P.string, bad]),
          space.inAny([["z"], [P.string, bad]]),
          space.rdAny([["z"], [P.string, bad]]),
          space.inWith([P.string, bad], () => Effect.void),
          Effect.scoped(space.inScoped([P.string, bad])),
          space.withPermit([P.string, bad], () => Effect.void)
        ]
        for (const field of [one, other]) {
          const dying = yield* Effect.forEach(operations, start)
          yield* space.out([field, 1])
          for (const fiber of dying) {
            assert.strictEqual(yield* defectOf(Fiber.join(fiber)), boom)
          }
          for (const operation of operations) {
            assert.strictEqual(yield* defectOf(operation), boom)
          }
          same(yield* space.in([field, P.number]), [field, 1])
          yield* clean(space)
        }
      }))

    it.scoped("N11 S22 an exchange is within one part: patterns and tuples of several are refused", () =>
      Effect.gen(function*() {
        const { one, other, space } = yield* split
        yield* space.outAll([[one, 1], [other, 2]])
        const refused = (exchange: Effect.Effect<unknown, unknown>, message: string) =>
          Effect.map(Effect.flip(Effect.sandbox(exchange)), (cause) => {
            const error = Cause.squash(cause)
            assert.instanceOf(error, SpaceError.SpaceError)
            assert.strictEqual(error.reason, "Unsupported")
            assert.include(error.message, message)
          })
        const both = Q.all([[one, P.number], [other, P.number]])
        yield* refused(space.exchange(both, () => []), "exchange: the patterns concern several parts")
        yield* refused(
          space.exchange([one, P.number], (tuple) => [tuple, [other, 3]]),
          "exchange: the new tuple belongs to another part of the space: keep its first field"
        )
        same(yield* space.copyCollect([P.string, P.number]), [[one, 1], [other, 2]])
        same(yield* space.exchange([one, P.number], ([name, n]) => [[name, n + 1], [name, n + 2]]), [one, 1])
        same(yield* space.collect([one, P.number]), [[one, 2], [one, 3]])
        yield* space.in([other, 2])
        yield* clean(space)
      }))

    it.scoped("N11 S8 takes that race their interruption lose nothing, and take nothing twice", () =>
      Effect.gen(function*() {
        const { one, other, space } = yield* split
        let taken = 0
        const rounds = 60
        for (let round = 0; round < rounds; round++) {
          const take: Effect.Effect<unknown, unknown> = round % 2 === 0
            ? space.in([P.string, round])
            : space.inAny([["z"], [P.string, round]])
          const taker = yield* Effect.fork(take)
          yield* Effect.fork(space.out([one, round]))
          yield* Effect.fork(space.out([other, round]))
          yield* Effect.repeatN(Effect.yieldNow(), round)
          taken += Exit.isSuccess(yield* Fiber.interrupt(taker)) ? 1 : 0
        }
        yield* clean(space)
        same(yield* space.count([P.string, P.number]), 2 * rounds - taken)
        assert.isAbove(taken, 0)
        assert.isBelow(taken, rounds)
      }))

    it.scoped("N11 S8 one that comes second is as it was: its failed attempts are not counted", () =>
      Effect.gen(function*() {
        const { one, other, space } = yield* split
        for (let round = 0; round < 4; round++) {
          yield* space.outAll([[one, round], [other, round]])
          yield* space.in([P.string, round])
          const [last] = yield* space.copyCollect([P.string, round])
          // one failure is one
          yield* Effect.exit(space.inWith(last!, () => Effect.fail("no"), { maxAttempts: 2 }))
          same(yield* space.count([P.string, round]), 1)
          yield* Effect.exit(space.inWith(last!, () => Effect.fail("no"), { maxAttempts: 2 }))
          same(yield* space.count([P.string, round]), 0)
        }
        yield* clean(space)
      }))

    it.scoped("N11 S9 a timeout is over when it is over in all parts; one of zero looks in all of them", () =>
      Effect.gen(function*() {
        const { one, other, space } = yield* split
        for (const field of [one, other]) {
          yield* space.out([field])
          same(yield* space.in([P.string], { timeout: 0 }), [field])
          yield* space.out([field])
          same((yield* space.inAny([["z", 1], [P.string]], { timeout: 0 })).index, 1)
        }
        const soon = { timeout: "1 second" } as const
        const operations: ReadonlyArray<readonly [name: string, Effect.Effect<unknown, unknown>]> = [
          ["in", space.in([P.string], soon)],
          ["rd", space.rd([P.string], soon)],
          ["inAny", space.inAny([["z", 1], [P.string]], soon)],
          ["rdAny", space.rdAny([["z", 1], [P.string]], soon)],
          ["inWith", space.inWith([P.string], () => Effect.void, soon)],
          ["withPermit", space.withPermit([P.string], () => Effect.void, soon)]
        ]
        const fibers = yield* Effect.forEach(operations, ([, operation]) => start(Effect.flip(operation)))
        assert.isTrue(yield* isWaiting(fibers[0]!))
        yield* TestClock.adjust("1 second")
        for (const [index, [operation]] of operations.entries()) {
          const error = yield* Fiber.join(fibers[index]!)
          assert.isTrue(TupleSpace.isTimeout(error) && error.operation === operation)
        }
        yield* clean(space)
      }))

    it.scoped("N11 S8 the use of a hold is the caller's: its fails, its interruption, its fiber refs", () =>
      Effect.gen(function*() {
        const { one, space } = yield* split
        const ref = yield* FiberRef.make(0)
        yield* space.out([one])
        yield* space.inWith([P.string], () => FiberRef.set(ref, 7))
        same(yield* FiberRef.get(ref), 7)
        yield* space.out([one])
        same(yield* Effect.flip(space.inWith([P.string], () => Effect.fail("no"))), "no")
        const began = yield* Deferred.make<void>()
        const holder = yield* Effect.fork(
          space.inWith([P.string], () => Effect.zipRight(Deferred.succeed(began, undefined), Effect.never))
        )
        yield* Deferred.await(began)
        yield* Fiber.interrupt(holder)
        same(yield* space.inp([P.string]), Option.some([one]))
        yield* clean(space)
      }))

    it.scoped("N11 S11 a choice says which pattern its tuple matches first", () =>
      Effect.gen(function*() {
        const { one, other, space } = yield* split
        for (const field of [one, other]) {
          yield* space.out([field, 1])
          same(yield* space.inAny({ number: [P.string, P.number], any: [P.string, P.any] }), {
            key: "number",
            tuple: [field, 1]
          })
        }
      }))

    it.scoped("N11 V08 of all parts, who has held longest and what is oldest comes first, and each shape once", () =>
      Effect.gen(function*() {
        const { one, other, space } = yield* split
        yield* space.outAll([[other, 1], [1, 2], [2, 2], [3, 2], [4, 2], [5, 2], [6, 2]])
        const first = yield* start(space.inWith([other, 1], () => Effect.never))
        yield* TestClock.adjust("3 seconds")
        yield* space.outAll([[one, 1], [7, 2], [8, 2]])
        const second = yield* start(space.inWith([one, 1], () => Effect.never))
        yield* TestClock.adjust("2 seconds")
        const { holders, oldest, tuples } = yield* space.inspect
        same(holders?.map(({ age }) => age), [5000, 2000])
        same(tuples, [{ shape: "[number, number]", count: 8 }])
        same(oldest, [{ shape: "[number, number]", age: 5000 }])
        yield* Fiber.interruptAll([first, second])
        yield* clean(space)
      }))

    it.scoped("N11 V08 a wait in several parts is one wait", () =>
      Effect.gen(function*() {
        const { one, space } = yield* split
        const fibers = yield* Effect.forEach(
          [
            space.in([P.string, 1]),
            space.inAny([["a", 2], [P.string, 2]]),
            space.rd([P.string, 3]),
            space.withPermit([P.string, 4], () => Effect.void),
            space.in([one, 5])
          ] as ReadonlyArray<Effect.Effect<unknown, unknown>>,
          start
        )
        const { interests } = yield* space.inspect
        same(
          interests.map(({ kind, patterns }) => [kind, ...patterns]).sort(),
          [
            ["in", "[string, 1]"],
            ["in", `["${one}", 5]`],
            ["inAny", "[\"a\", 2]", "[string, 2]"],
            ["rd", "[string, 3]"],
            ["withPermit", "[string, 4]"]
          ].sort()
        )
        yield* Fiber.interruptAll(fibers)
        yield* clean(space)
      }))

    it.scoped("N11 S12 when it closes whoever waits is interrupted, and so is what comes later; streams end", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const space = Sharded.make(yield* Scope.extend(made, scope))
        const operations: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          space.in([P.string]),
          space.rd([P.string]),
          space.inAny([["a"], [P.string]]),
          space.inWith([P.string], () => Effect.void),
          Effect.scoped(space.inScoped([P.string])),
          space.withPermit([P.string], () => Effect.void)
        ]
        const fibers = yield* Effect.forEach(operations, start)
        const stream = yield* start(Stream.runCollect(space.stream([P.string])))
        yield* Scope.close(scope, Exit.void)
        for (const fiber of fibers) {
          assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
        }
        same(Chunk.toArray(yield* Fiber.join(stream)), [])
        for (const operation of operations) {
          assert.isTrue(yield* isInterrupted(operation))
        }
        assert.isTrue(yield* isInterrupted(space.collect([P.string])))
        assert.isTrue(yield* isInterrupted(Stream.runDrain(space.stream([P.string]))))
      }))

    it.scoped("N11 S3 patterns match across parts what they match in one", () =>
      Effect.gen(function*() {
        const { space } = yield* split
        const tuples = Array.from({ length: 12 }, (_, n) => [n % 2 === 0 ? n : `n${n}`, n] as const)
        yield* space.outAll(tuples)
        const patterns: ReadonlyArray<P.Pattern> = [
          [P.any, P.any],
          [P.number, P.number],
          [(field: unknown) => field === 4, P.any],
          [P.oneOf(2, P.string), P.any],
          [P.not(P.number), P.any],
          [P.between(3, 8), P.any],
          [P.matching(/[13]$/), P.any],
          [P.rest(P.any)]
        ]
        for (const pattern of patterns) {
          const expected = tuples.filter((tuple) => P.matches(pattern)(tuple))
          const found = (yield* space.copyCollect(pattern)) as ReadonlyArray<any>
          same([...found].sort((self, that) => self[1] - that[1]), expected)
          same(yield* space.count(pattern), expected.length)
        }
      }))
  })
}

describe("Sharded: taking from several parts", () => {
  const takes: ReadonlyArray<
    readonly [name: string, take: (space: TupleSpace.TupleSpace<any, any>) => Effect.Effect<ReadonlyArray<any>, any>]
  > = [
    ["collect", (space) => space.collect([P.string])],
    ["inUpTo all", (space) => space.inUpTo([P.string], Infinity)],
    ["inUpTo some", (space) => space.inUpTo([P.string], 3)],
    ["inp", (space) => Effect.map(space.inp([P.string]), Option.toArray)],
    ["in", (space) => Effect.map(space.in([P.string]), (tuple) => [tuple])]
  ]
  const four = [["a"], ["b"], ["c"], ["d"]] as const
  for (const [engine, parts] of [["memories", memories], ["stores", stores]] as const) {
    for (const [name, take] of takes) {
      it.scopedLive(`S8 ${name} that is interrupted, over ${engine}: nothing is lost and nothing is doubled`, () =>
        Effect.gen(function*() {
          for (let turns = 0; turns < 40; turns++) {
            const space = Sharded.make((yield* parts) as any)
            yield* space.outAll(four)
            let got: ReadonlyArray<unknown> = []
            const taker = yield* Effect.fork(Effect.tap(take(space), (all) =>
              Effect.sync(() => {
                got = all
              })))
            yield* Effect.repeatN(Effect.promise(() => Promise.resolve()), turns)
            yield* Fiber.interrupt(taker)
            const left: Array<unknown> = []
            // What is given back comes back in its own time.
            while (got.length + left.length < four.length) {
              left.push(yield* space.in([P.string], { timeout: "5 seconds" }))
            }
            same([...got, ...left].map(String).sort(), ["a", "b", "c", "d"])
          }
        }))
    }

    it.scoped(`S3 a predicate that throws in a later part, over ${engine}: nothing is taken`, () =>
      Effect.gen(function*() {
        const space = Sharded.make((yield* parts) as any)
        yield* space.outAll(Array.from({ length: 16 }, (_, i) => [`${i}`] as const))
        for (const take of [space.collect, (pattern: any) => space.inUpTo(pattern, 16)]) {
          let asked = 0
          const exit = yield* Effect.exit(take([
            P.when((field: string) => {
              if (++asked > 12) {
                throw new Error("no answer")
              }
              return field !== ""
            })
          ]))
          assert.isTrue(Exit.isFailure(exit))
          yield* settle
          assert.strictEqual(yield* space.count([P.string]), 16)
        }
      }))
  }
})
