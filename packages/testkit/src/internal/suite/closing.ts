/**
 * The end of a space (S12): whoever uses it or waits ends interrupted, and nobody hangs.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import type { Process } from "@effect-linda/core/Process"
import { failure } from "@effect-linda/core/Process"
import * as Q from "@effect-linda/core/Query"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import { assert, closing, empty, fresh, isInterrupted, refusalOf, same, settle, waiters } from "./kit.js"

export const close = cases("Closing", (test) => {
  test("S12 V09 every operation on a closed space ends interrupted", () =>
    Effect.gen(function*() {
      const open = yield* fresh()
      const space = yield* Effect.scoped(Effect.tap(fresh(), (space) => space.out(["a"])))
      const operations: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        space.out(["a"]),
        space.out(["a"], { ttl: 1 }),
        space.outAll([["a"]]),
        space.in(["a"]),
        space.rd(["a"], { timeout: 5 }),
        space.inp(["a"]),
        space.rdp(["a"]),
        space.inWith(["a"], () => Effect.void),
        Effect.scoped(space.inScoped(["a"])),
        space.withPermit(["a"], () => Effect.void),
        space.inAny([["a"]]),
        space.rdAny([["a"]]),
        space.inAll([["a"]]),
        space.collect(["a"]),
        space.copyCollect(["a"]),
        space.collectInto(["a"], open),
        space.copyCollectInto(["a"], { outAll: () => Effect.void }),
        space.inUpTo(["a"], 1),
        space.count(["a"]),
        space.outIfAbsent(["a"], ["a"]),
        space.replace(["a"], () => ["a"]),
        space.exchange(Q.all([["a"]]), () => []),
        space.eval(Effect.void),
        space.evalTuple(["a"]),
        space.inspect
      ]
      for (const operation of operations) {
        assert.isTrue(yield* isInterrupted(operation))
      }
    }))

  test.needing("quiescence")("S12 V09 awaitQuiescent of a closed space ends interrupted", () =>
    Effect.gen(function*() {
      const space = yield* Effect.scoped(fresh())
      assert.isTrue(yield* isInterrupted(space.awaitQuiescent))
    }))

  test("S12 V04 V09 whoever waits when the space closes ends interrupted, all of them", () =>
    Effect.gen(function*() {
      const outside = yield* Effect.scope
      const fibers = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        const blocked: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          space.in(["a"]),
          space.rd(["a"], { timeout: 1000 }),
          space.inWith(["a"], () => Effect.void),
          Effect.scoped(space.inScoped(["a"])),
          space.withPermit(["a"], () => Effect.void),
          space.inAny([["a"], ["b"]]),
          space.rdAny([["a"], ["b"]]),
          space.inAll({ a: ["a"], b: ["b"] }),
          space.exchange(Q.all([["a"]]), () => [])
        ]
        const fibers = yield* Effect.forEach(blocked, (operation) => Effect.forkIn(operation, outside))
        yield* settle
        assert.strictEqual(yield* waiters(space), blocked.length)
        return fibers
      }))
      for (const fiber of fibers) {
        assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
      }
    }))

  test.needing("options")(
    "S12 V04 V09 whoever waits for room when the space closes ends interrupted",
    () =>
      Effect.gen(function*() {
        const outside = yield* Effect.scope
        const fibers = yield* Effect.scoped(Effect.gen(function*() {
          const space = yield* closing({ capacity: 1 })
          yield* space.out(["full"])
          const blocked: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
            space.out(["no room"]),
            space.outIfAbsent(["no room"], ["no room"]),
            space.in(["a"])
          ]
          const fibers = yield* Effect.forEach(blocked, (operation) => Effect.forkIn(operation, outside))
          yield* settle
          assert.strictEqual(yield* waiters(space), blocked.length)
          return fibers
        }))
        for (const fiber of fibers) {
          assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
        }
      })
  )

  test("S12 R14 a space that closes while tuples are held does not hang; the holders end as they end", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const gate = yield* Effect.makeLatch()
      const outside = yield* Effect.scope
      const holders = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        yield* space.outAll([["a", 1], ["a", 2], ["a", 3]])
        const hold = (name: string, use: Effect.Effect<void, string>) =>
          Effect.forkIn(
            space.inWith(["a", P.number], () => Effect.ensuring(use, Effect.sync(() => order.push(name)))),
            outside
          )
        const fibers = [
          yield* hold("succeeds", gate.await),
          yield* hold("fails", Effect.zipRight(gate.await, Effect.fail("no"))),
          yield* hold("waits", Effect.never)
        ]
        yield* settle
        return fibers
      }))
      same(order, [])
      yield* gate.open
      assert.strictEqual((yield* Fiber.await(holders[0]!))._tag, "Success")
      assert.strictEqual((yield* Fiber.await(holders[1]!))._tag, "Failure")
      yield* Fiber.interrupt(holders[2]!)
      same(order, ["succeeds", "fails", "waits"])
    }))

  /** A space in a scope of its own, in which others work, and what has ended when that is closed. */
  const toBeClosed = Effect.gen(function*() {
    const ended: Array<string> = []
    const scope = yield* Scope.make()
    const ending = (name: string) => Effect.sync(() => void ended.push(name))
    // Of what the scope closes, the last.
    yield* Scope.addFinalizer(scope, ending("scope"))
    const space = yield* Scope.extend(closing(), scope)
    const other = yield* space.eval(Effect.ensuring(space.in(["nothing"]), ending("other")))
    yield* settle
    return { close: Scope.close(scope, Exit.void), ended, other, space }
  })

  const closers: ReadonlyArray<
    readonly [name: string, closer: (space: Space, close: Effect.Effect<void>) => Effect.Effect<void, unknown>]
  > = [
    ["a process", (_, close) => close],
    ["a worker that takes a poison pill", (space, close) => Effect.zipRight(space.in(["pill"]), close)],
    [
      "a use of inWith in a process",
      (space, close) => space.inWith(["pill"], () => close)
    ],
    ["a finalizer of a process", (space, close) => Effect.ensuring(Effect.asVoid(space.in(["pill"])), close)],
    [
      "a process, twice",
      (_, close) => Effect.zipRight(close, close)
    ]
  ]
  for (const [name, closer] of closers) {
    test(`S12 S13 K4 ${name} closes the space of the process: all ends`, () =>
      Effect.gen(function*() {
        const { close, ended, other, space } = yield* toBeClosed
        const process = yield* space.eval(Effect.as(closer(space, close), "its own end"))
        yield* Effect.exit(space.out(["pill"]))
        yield* Fiber.await(process.fiber)
        assert.isTrue(yield* isInterrupted(Fiber.join(other.fiber)))
        same(ended, ["other", "scope"])
        assert.isTrue(yield* isInterrupted(space.inp(["a"])))
      }))

    test(`S13 K4 after ${name} has closed its space, the process goes on to its own end`, () =>
      Effect.gen(function*() {
        const { close, space } = yield* toBeClosed
        const process = yield* space.eval(Effect.as(closer(space, close), "its own end"))
        yield* Effect.exit(space.out(["pill"]))
        same(yield* Fiber.await(process.fiber), Exit.succeed("its own end"))
      }))
  }

  test("S12 S13 K4 a fiber that a process has started closes the space of the process: all ends, both of them too", () =>
    Effect.gen(function*() {
      for (const region of [Effect.interruptible, Effect.uninterruptible]) {
        const { close, ended, other, space } = yield* toBeClosed
        const fiber = yield* Deferred.make<Fiber.RuntimeFiber<void>>()
        const process = yield* space.eval(Effect.gen(function*() {
          yield* Deferred.succeed(fiber, yield* Effect.fork(region(close)))
          return yield* Effect.never
        }))
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(yield* Deferred.await(fiber))))
        assert.isTrue(yield* isInterrupted(Fiber.join(process.fiber)))
        assert.isTrue(yield* isInterrupted(Fiber.join(other.fiber)))
        same(ended, ["other", "scope"])
      }
    }))

  test("S13 K4 a process that waits for its own end dies of it; one that interrupts itself is interrupted", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const wait of ["await", "join", "interrupt"] as const) {
        const own = yield* Deferred.make<Process<void, unknown>>()
        const process = yield* space.eval(Effect.flatMap(Deferred.await(own), (own) => Effect.asVoid(own[wait])))
        yield* Deferred.succeed(own, process)
        const exit = yield* process.await
        if (wait === "interrupt") {
          assert.isTrue(Exit.isInterrupted(exit))
        } else {
          assert.strictEqual((yield* refusalOf(exit)).reason, "Reentrant")
          yield* space.in(failure())
        }
      }
      yield* empty(space)
    }))
})
