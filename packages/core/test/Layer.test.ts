import { Pattern as P, Process, Transaction, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Option, STM, Stream } from "effect"
import { empty, same, settle } from "./helpers.js"

type Job = readonly ["job", id: number] | readonly ["result", id: number, value: string]

class Jobs extends TupleSpace.Tag("Jobs")<Jobs, Job>() {}
class Others extends TupleSpace.Tag("Others")<Others>() {}

describe("Layer", () => {
  it.effect("layer and layerWith provide a space of their own", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const space = yield* TupleSpace.TupleSpace
        yield* space.outAll([["t", 1], ["t", 2]])
        const [, n] = yield* space.in(["t", P.number])
        yield* TupleSpace.collect(["t", P.any])
        return { n, name: space.name }
      })
      same(yield* Effect.provide(program, TupleSpace.layer), { n: 1, name: "TupleSpace" })
      same(
        yield* Effect.provide(program, TupleSpace.layerWith({ selection: "lifo", name: "last" })),
        { n: 2, name: "last" }
      )
      assert.strictEqual(yield* Effect.provide(TupleSpace.count([P.any, P.any]), TupleSpace.layer), 0)
    }))

  it.effect("S12 the space of a layer closes with it", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.provide(
        Effect.gen(function*() {
          const fiber = yield* Effect.forkDaemon(TupleSpace.in(["never"]))
          yield* settle
          return fiber
        }),
        TupleSpace.layer
      )
      assert.strictEqual((yield* Fiber.await(fiber))._tag, "Failure")
    }))

  it.effect("a tag of one's own has a layer, which is shared, and takes its name", () =>
    Effect.gen(function*() {
      assert.strictEqual(Jobs.layer, Jobs.layer)
      assert.notStrictEqual(Jobs.layer as unknown, Others.layer)
      const worker = Effect.gen(function*() {
        const jobs = yield* Jobs
        const [, id] = yield* jobs.in(["job", P.number])
        yield* jobs.out(["result", id, `${id}!`])
      })
      const program = Effect.gen(function*() {
        const jobs = yield* Jobs
        const others = yield* Others
        yield* jobs.out(["job", 1])
        yield* worker
        yield* others.out(["anything", { at: "all" }])
        assert.strictEqual(yield* others.count([P.any, P.any, P.any]), 0)
        return [jobs.name, others.name, yield* jobs.in(["result", 1, P.string])] as const
      })
      same(yield* Effect.provide(program, Layer.merge(Jobs.layer, Others.layer)), [
        "Jobs",
        "Others",
        ["result", 1, "1!"]
      ])
      same(
        yield* Effect.provide(program, Layer.merge(Jobs.layerWith({ name: "j" }), Others.layerWith({}))),
        ["j", "Others", ["result", 1, "1!"]]
      )
    }))

  it.effect("two users of one layer share the space", () =>
    Effect.gen(function*() {
      class Result extends Effect.Service<Result>()("Result", {
        effect: Effect.flatMap(Jobs, (jobs) => Effect.as(jobs.out(["job", 7]), { id: 7 })),
        dependencies: [Jobs.layer]
      }) {}
      const program = Effect.gen(function*() {
        const { id } = yield* Result
        return yield* Effect.flatMap(Jobs, (jobs) => jobs.in(["job", id]))
      })
      same(yield* Effect.provide(program, Layer.merge(Result.Default, Jobs.layer)), ["job", 7])
    }))
})

describe("TupleSpace: accessors", () => {
  it.effect("every operation is a module function on the space of the context", () =>
    Effect.gen(function*() {
      const S = TupleSpace
      const space = yield* S.TupleSpace
      assert.isUndefined(yield* S.out(["t", 1]))
      const lease = yield* S.out(["t", 2], { ttl: "1 hours" })
      assert.isTrue(yield* lease.cancel)
      yield* S.outAll([["t", 3], ["t", 4]])
      same(yield* S.rd(["t", P.number]), ["t", 1])
      same(yield* S.in(["t", P.number], { timeout: "1 seconds" }), ["t", 1])
      same(yield* S.rdp(["t", P.any]), Option.some(["t", 3]))
      same(yield* S.inp(["t", 9]), Option.none())
      assert.strictEqual(yield* S.inWith(["t", 3], ([, n]) => Effect.succeed(n)), 3)
      same(yield* Effect.scoped(S.inScoped(["t", P.number])), ["t", 4])
      yield* S.outAll([["a"], ["b"], ["c"], ["d"]])
      same(yield* S.rdAny([["z"], ["a"]]), { index: 1, tuple: ["a"] })
      same(yield* S.inAny({ b: ["b"] }), { key: "b", tuple: ["b"] })
      same(yield* S.inAll([["c"], ["a"]]), [["c"], ["a"]])
      same(yield* S.copyCollect([P.string]), [["d"]])
      assert.strictEqual(yield* S.count([P.any]), 1)
      same(yield* S.inUpTo([P.any], 5), [["d"]])
      same(yield* S.outIfAbsent(["e", P.any], ["e", 1]), Option.none())
      same(yield* S.replace(["e", P.number], ([, n]) => ["e", n + 1]), Option.some(["e", 1]))
      assert.strictEqual(yield* S.copyCollectInto(["e", P.any], space), 1)
      assert.strictEqual(yield* S.collectInto(["e", P.any], space), 2)
      same(yield* S.collect(["e", P.any]), [["e", 2], ["e", 2]])
      const events = yield* Effect.fork(Stream.runCollect(Stream.take(S.subscribe(["f", P.number]), 1)))
      yield* settle
      yield* S.out(["f", 1])
      same((yield* Fiber.join(events)).pipe(Chunk.toReadonlyArray).map(({ _tag }) => _tag), ["Out"])
      same(Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(S.stream(["f", P.any]), 1))), [
        ["f", 1]
      ])
      const process = yield* S.eval(Effect.fail("no"), { name: "p" })
      yield* process.await
      assert.strictEqual((yield* S.in(Process.failure(P.string)))[2], "p")
      yield* Effect.flatMap(S.evalTuple(["g", Effect.succeed(1)]), (process) => process.join)
      same((yield* S.inspect).tuples, [
        { shape: "[\"f\", number]", count: 1 },
        { shape: "[\"g\", number]", count: 1 }
      ])
      assert.strictEqual((yield* S.awaitQuiescent).state, "done")
      const stm = STM.zip(Transaction.in(space, ["f", P.number]), Transaction.in(space, ["g", P.number]))
      same(yield* S.transact(stm), [["f", 1], ["g", 1]])
      yield* empty(space as unknown as TupleSpace.TupleSpace)
    }).pipe(Effect.provide(TupleSpace.layer)))

  it("there is an accessor for every operation of the interface", () => {
    const operations = [
      "out",
      "outAll",
      "in",
      "rd",
      "inp",
      "rdp",
      "inWith",
      "inScoped",
      "withPermit",
      "inAny",
      "rdAny",
      "inAll",
      "awaitNone",
      "collect",
      "copyCollect",
      "collectInto",
      "copyCollectInto",
      "inUpTo",
      "count",
      "outIfAbsent",
      "replace",
      "exchange",
      "subscribe",
      "stream",
      "eval",
      "evalTuple",
      "inspect",
      "explain",
      "awaitQuiescent",
      "transact"
    ] as const satisfies ReadonlyArray<keyof TupleSpace.TupleSpace & keyof typeof TupleSpace>
    // Fails to compile once the interface has an operation that is not in the list.
    const missing:
      Exclude<keyof TupleSpace.TupleSpace, (typeof operations)[number] | "name" | TupleSpace.TypeId> extends never
        ? true
        : false = true
    assert.isTrue(missing)
    for (const name of operations) {
      assert.isDefined(TupleSpace[name])
    }
  })
})
