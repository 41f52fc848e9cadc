/**
 * Faults that once were in the space in memory, found by programs drawn at random.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Transaction from "@effect-linda/core/Transaction"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as STM from "effect/STM"
import { expect } from "vitest"
import { properties } from "./property.js"

const two = (space: TupleSpace<Tuple>, first: string, second: string) =>
  space.transact(STM.zip(Transaction.in(space, [first]), Transaction.in(space, [second])))

export const regressions = properties("Regressions", (property) => {
  property.needing("transactions")(
    "S10 two transactions that want the same tuple: the one that leaves it wakes the other",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const older = yield* Effect.fork(two(space, "c", "a"))
        yield* sim.still
        yield* Effect.fork(two(space, "a", "d"))
        yield* sim.still
        yield* space.outAll([["c"], ["a"]])
        yield* Fiber.join(older)
      })
  )

  property.needing("transactions")(
    "S11 S10 a join is asked again when a transaction leaves what the join lacks",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const join = yield* Effect.fork(space.inAll([["a"], ["b"]]))
        yield* sim.still
        yield* Effect.fork(two(space, "a", "c"))
        yield* sim.still
        yield* space.out(["a"])
        yield* space.out(["b"])
        yield* Fiber.join(join)
      })
  )

  property.needing("transactions")(
    "S10 S11 a join does not go on to lack what a transaction had taken that then failed",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        yield* space.out(["a"])
        const join = yield* Effect.fork(space.inAll([["a"], ["b"]]))
        yield* sim.still
        yield* Effect.flip(space.transact(STM.zipRight(
          STM.zipRight(Transaction.in(space, ["a"]), Transaction.out(space, ["b"])),
          STM.fail("no")
        )))
        yield* space.out(["b"])
        yield* Fiber.join(join)
      })
  )

  property.needing("transactions")(
    "S8 S11 a join that is completed by other tuples than the one it is offered does not lose that one",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        yield* Effect.fork(space.transact(STM.zip(
          Transaction.rd(space, ["a", P.any]),
          Transaction.rd(space, ["b", P.any])
        )))
        yield* sim.still
        const join = yield* Effect.fork(space.inAll([["a", P.any], ["b", P.any]]))
        yield* sim.still
        yield* space.outAll([["b", 0], ["a", 1]])
        yield* space.outAll([["b", 2], ["b", 3]])
        expect(yield* Fiber.join(join)).toEqual([["a", 1], ["b", 0]])
        expect(yield* space.collect(["b", P.any])).toEqual([["b", 2], ["b", 3]])
      })
  )

  property.needing("transactions", "turns")(
    "S5 F8 a newcomer that waits does not take what a waiting transaction was woken for",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const waiter = yield* Effect.fork(space.transact(Transaction.in(space, ["a"])))
        yield* sim.still
        yield* space.out(["a"])
        const newcomer = yield* Effect.fork(space.in(["a"]))
        yield* sim.still
        expect([waiter, newcomer].map((fiber) => fiber.unsafePoll()?._tag)).toEqual(["Success", undefined])
      })
  )

  property.needing("options")(
    "S14 collecting into a space in which it can never fit does not spin",
    (sim) =>
      Effect.gen(function*() {
        const from = yield* sim.space()
        const into = yield* sim.space({ capacity: 1 })
        yield* from.outAll([["a"], ["a"]])
        yield* Effect.fork(Effect.exit(from.collectInto(["a"], into)))
        yield* sim.still
        expect(yield* from.count(["a"])).toBe(2)
      })
  )

  property.needing("options", "transactions")(
    "S10 S12 closing one space of a transaction loses nothing in the other",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const kept = yield* sim.space()
        const order = random.chance(0.5)
        yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
          const closed = yield* sim.space({ capacity: 1 })
          yield* closed.out(["full"])
          const steps: ReadonlyArray<unknown> = [
            Effect.fork(
              kept.transact(STM.orElse(
                order ? Transaction.in(kept, ["a"]) : Transaction.out(closed, ["x"]),
                () => order ? Transaction.out(closed, ["x"]) : Transaction.in(kept, ["a"])
              ) as STM.STM<unknown, never, Transaction.Transaction>).pipe(Effect.zipRight(Effect.never))
            ),
            sim.still,
            closed.inp(["full"]),
            kept.out(["a"])
          ]
          yield* Effect.forEach(steps, (step) => step as Effect.Effect<unknown>, { discard: true })
        })))
        yield* sim.still
        expect((yield* kept.inspect).held).toBe(0)
        expect(yield* kept.count(["a"])).toBeLessThanOrEqual(1)
      })
  )

  property(
    "S8 a fiber that is interrupted has given its tuple back before it goes on with anything else",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        const got: Array<unknown> = []
        const take = (tuples: ReadonlyArray<unknown>) => Effect.sync(() => void got.push(...tuples))
        const fiber = yield* Effect.fork(Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(
            Effect.exit(restore(space.in(["a"]))),
            (exit) => Exit.isSuccess(exit) ? take([exit.value]) : Effect.flatMap(space.collect(["a"]), take)
          )
        ))
        yield* sim.still
        yield* space.out(["a"])
        yield* sim.pause
        fiber.unsafeInterruptAsFork(fiber.id())
        yield* Fiber.await(fiber)
        yield* take(yield* space.collect(["a"]))
        expect(got).toEqual([["a"]])
        expect((yield* space.inspect).held).toBe(0)
      })
  )
})
