import { Pattern as P, Process, SpaceError, SpaceStore, Transaction, TupleSpace } from "@effect-linda/core"
import { assert, describe, it, vi } from "@effect/vitest"
import { Cause, Data, Effect, Exit, Option, STM } from "effect"

// Two copies of the library in one program: by CommonJS and ES modules, by two entries of a lock file, by a bundle.

vi.resetModules()
const other = await import("@effect-linda/core")

const errorOf = (effect: Effect.Effect<unknown, any, any>) =>
  Effect.map(
    Effect.exit(effect as Effect.Effect<unknown>),
    (exit) => Exit.isFailure(exit) ? Cause.squash(exit.cause) as SpaceError.SpaceError : assert.fail("it succeeded")
  )

class Lost extends Data.TaggedError("Lost") {}

describe("Copies", () => {
  it("they are two", () => {
    assert.notStrictEqual(P.number, other.Pattern.number)
    assert.notStrictEqual(TupleSpace.make, other.TupleSpace.make)
  })

  it.effect("S3 K14 formals of another copy are formals, wherever they stand", () =>
    Effect.scoped(Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const O = other.Pattern
      yield* space.out(["a", 1, [2, { x: 3 }]])
      const patterns: ReadonlyArray<any> = [
        ["a", O.number, O.any],
        ["a", O.rest(O.any)],
        ["a", O.between(0, 2), [O.number, O.partial({ x: P.number })]],
        ["a", P.oneOf(O.number, O.string), [P.any, { x: O.ref("x") }]],
        ["a", O.literal(1), O.not(P.number)],
        [P.string, O.ref("y"), P.any]
      ] as ReadonlyArray<any>
      for (const pattern of patterns) {
        assert.strictEqual(yield* space.count(pattern), 1)
        assert.isTrue(P.matches(pattern)(["a", 1, [2, { x: 3 }]]))
        assert.isTrue(O.matches(pattern)(["a", 1, [2, { x: 3 }]]))
      }
      assert.throws(() => P.matches([O.rest(O.any), 1] as any), /P\.rest can only be the last/)
    })))

  it.effect("S16 K14 formals of another version are refused by name", () =>
    Effect.scoped(Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      class Formal {
        get [Symbol.for("@effect-linda/core/Formal")]() {
          return 999
        }
      }
      class Old {
        term = { test: () => true, bind: () => undefined, text: () => "old" }
      }
      class Pattern {
        get [Symbol.for("@effect-linda/core/Pattern")]() {
          return 999
        }
      }
      for (const formal of [new Formal(), new Old()]) {
        const error = yield* errorOf(space.in(["a", formal]))
        assert.strictEqual(error.reason, "InvalidPattern")
        assert.match(error.message, /^field 1: a formal of another version of @effect-linda\/core/)
      }
      const error = yield* errorOf(space.in(new Pattern() as any))
      assert.match(error.message, /^a pattern of another version of @effect-linda\/core/)
    })))

  it.effect("S13 K14 failures of processes are known across copies", () =>
    Effect.scoped(Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      yield* space.eval(Effect.fail(new Lost()), { name: "one" })
      assert.strictEqual((yield* space.rd(other.Process.failure(Lost) as any))[2], "one")
      const theirs = yield* other.TupleSpace.make()
      assert.strictEqual(yield* space.collectInto(Process.failure(), theirs as any), 1)
      assert.strictEqual((yield* theirs.in(Process.failure() as any))[2], "one")
    })))

  it.effect("S10 K14 spaces of two copies move tuples, and take part in one transaction", () =>
    Effect.scoped(Effect.gen(function*() {
      const ours = yield* TupleSpace.make()
      const theirs = yield* other.TupleSpace.make() as any as Effect.Effect<TupleSpace.TupleSpace>
      yield* ours.outAll([["a", 1], ["a", 2]])
      assert.strictEqual(yield* ours.collectInto(["a", P.number], theirs), 2)
      assert.strictEqual(yield* theirs.copyCollectInto(["a", other.Pattern.number] as any, ours), 2)
      const moved = yield* ours.transact(STM.gen(function*() {
        const [, n] = yield* Transaction.in(theirs, ["a", P.number])
        yield* Transaction.out(ours, ["moved", n])
        return n
      }))
      assert.strictEqual(moved, 1)
      assert.deepStrictEqual(yield* ours.in(["moved", P.any]), ["moved", 1])
    })))

  it.effect("S16 K14 the error of another copy is a failure of an engine, not a defect", () =>
    Effect.scoped(Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const space = yield* SpaceStore.make(yield* open("copies"))
      yield* space.out(["a"])
      const theirs = new other.SpaceError.SpaceError({ reason: "InvalidTuple", message: "theirs" })
      assert.isFalse(theirs instanceof SpaceError.SpaceError)
      const exit = yield* Effect.exit(space.replace(["a"], () => {
        throw theirs
      }))
      assert.deepStrictEqual(Exit.isFailure(exit) && Option.isSome(Cause.failureOption(exit.cause)), true)
    })))
})
