/**
 * Tuples that are held while somebody uses them: `inWith` and `inScoped` (S8).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceEvent from "@effect-linda/core/SpaceEvent"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import { assert, defectOf, empty, fresh, isWaiting, pass, same, start, waiters } from "./kit.js"

const three = [["t", 1], ["t", 2], ["t", 3]] as const

export const holding = cases("Holding: inWith", (test) => {
  test("S8 R01 the tuple of a use that succeeds is gone", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      assert.strictEqual(yield* space.inWith(["t", P.number], ([, n]) => Effect.succeed(n + 1)), 2)
      yield* empty(space)
    }))

  test("S8 S16 a use that gives no Effect dies with what says so, and the tuple is back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(three)
      const uses: ReadonlyArray<readonly [gives: () => unknown, message: RegExp]> = [
        [async () => 5, /^use: gave a Promise, which is no Effect: wrap it in Effect\.promise$/],
        [() => Promise.reject(new Error("nobody hears this")).catch(() => {}), /^use: gave a Promise/],
        [() => 5, /^use: gave 5, which is no Effect/],
        [() => undefined, /^use: gave undefined, which is no Effect/],
        [() => ({ a: 1 }), /^use: gave \{ a: 1 \}, which is no Effect/],
        [() => () => Effect.void, /^use: gave a function, which is no Effect/]
      ]
      for (const [gives, message] of uses) {
        const use = gives as () => Effect.Effect<unknown>
        for (const pattern of [["t", P.number], [P.string, 1]] as const) {
          for (const operation of [space.inWith(pattern, use), space.withPermit(pattern, use)]) {
            const error = yield* defectOf(operation)
            assert.instanceOf(error, SpaceError)
            assert.strictEqual(error.reason, "InvalidOption")
            assert.match(error.message, message)
            same(yield* space.copyCollect(["t", P.any]), [...three])
          }
        }
      }
      assert.strictEqual(yield* space.inWith(["t", 1], () => Option.some(1)), 1)
    }))

  test("S8 R02 R06 the tuple of a use that fails, dies, throws or is interrupted is back in its place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(three)
      const boom = new Error("boom")
      const uses: ReadonlyArray<() => Effect.Effect<void, string>> = [
        () => Effect.fail("no"),
        () => Effect.die(boom),
        () => {
          throw boom
        },
        () => Effect.interrupt
      ]
      for (const use of uses) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(space.inWith(["t", P.number], use))))
        same(yield* space.copyCollect(["t", P.any]), [...three])
      }
      assert.strictEqual(yield* Effect.flip(space.inWith(["t", 2], uses[0]!)), "no")
      assert.strictEqual(yield* defectOf(space.inWith(["t", 2], uses[2]!)), boom)
      const fiber = yield* start(space.inWith(["t", 2], () => Effect.never))
      same(yield* space.copyCollect(["t", P.any]), [["t", 1], ["t", 3]])
      yield* Fiber.interrupt(fiber)
      same(yield* space.copyCollect(["t", P.any]), [...three])
    }))

  test("S8 R03 a held tuple is seen by nobody", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      yield* space.inWith(["t", P.number], () =>
        Effect.gen(function*() {
          same(yield* space.rdp(["t", P.any]), Option.none())
          same(yield* space.inp(["t", P.any]), Option.none())
          same(yield* space.copyCollect([P.rest(P.any)]), [])
          assert.strictEqual(yield* space.count(["t", 1]), 0)
          same(yield* space.outIfAbsent(["t", 1], ["u"]), Option.none())
          assert.isTrue(Cause.isTimeoutException(yield* Effect.flip(space.rd(["t", 1], { timeout: 0 }))))
          assert.strictEqual((yield* space.inspect).held, 1)
        }))
      same(yield* space.collect([P.rest(P.any)]), [["u"]])
    }))

  test("S8 R04 a reader that waits while a tuple is held still waits when that is consumed", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      const gate = yield* Deferred.make<void>()
      const holder = yield* start(space.inWith(["t"], () => Deferred.await(gate)))
      const reader = yield* start(space.rd(["t"]))
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      assert.isTrue(yield* isWaiting(reader))
      yield* Fiber.interrupt(reader)
    }))

  test("S8 R05 R12 readers and takers that wait while a tuple is held are served when it comes back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      const gate = yield* Deferred.make<void, string>()
      const holder = yield* start(Effect.exit(space.inWith(["t"], () => Deferred.await(gate))))
      const taker = yield* start(space.in(["t"]))
      const reader = yield* start(space.rd(["t"]))
      const choice = yield* start(space.inAny([["x"], ["t"]]))
      yield* Deferred.fail(gate, "no")
      same(yield* Fiber.join(taker), ["t"])
      same(yield* Fiber.join(reader), ["t"])
      assert.isTrue(yield* isWaiting(choice))
      yield* Fiber.join(holder)
      yield* Fiber.interrupt(choice)
      yield* empty(space)
    }))

  test("S8 R06 requeue back: behind all others, and again the oldest in the end", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(three)
      yield* Effect.flip(space.inWith(["t", P.any], () => Effect.fail("no"), { requeue: "back" }))
      same(yield* space.copyCollect(["t", P.any]), [["t", 2], ["t", 3], ["t", 1]])
      yield* Effect.flip(space.inWith(["t", P.any], () => Effect.fail("no"), { requeue: "place" }))
      same(yield* space.collect(["t", P.any]), [["t", 2], ["t", 3], ["t", 1]])
      yield* empty(space)
    }))

  test("S8 R06 the old place is found among many, whichever tuples were taken meanwhile", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(Array.from({ length: 100 }, (_, i) => ["t", i] as const))
      yield* Effect.flip(space.inWith(["t", 50], () =>
        Effect.zipRight(
          Effect.zipRight(space.inUpTo(["t", P.between(0, 49)], 40), space.collect(["t", P.between(51, 90)])),
          Effect.fail("no")
        )))
      const left = yield* space.collect(["t", P.number])
      same(left.map(([, i]) => i), [
        40,
        41,
        42,
        43,
        44,
        45,
        46,
        47,
        48,
        49,
        50,
        91,
        92,
        93,
        94,
        95,
        96,
        97,
        98,
        99
      ])
      yield* empty(space)
    }))

  test("S8 a use that waits for a tuple of its own can be interrupted, and both are back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["a"], ["b"]])
      const fiber = yield* start(space.inWith(["a"], () => space.inWith(["b"], () => space.in(["c"]))))
      assert.strictEqual((yield* space.inspect).held, 2)
      assert.strictEqual(yield* waiters(space), 1)
      yield* Fiber.interrupt(fiber)
      same(yield* space.collect([P.any]), [["a"], ["b"]])
      yield* empty(space)
    }))

  test("S8 the timeout of inWith bounds the wait and not the use", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 7])
      const fiber = yield* start(space.inWith(["t", P.number], ([, n]) => Effect.delay(Effect.succeed(n), 30), {
        timeout: 0
      }))
      yield* pass(30)
      assert.strictEqual(yield* Fiber.join(fiber), 7)
      yield* empty(space)
    }))

  test.needing("clock")(
    "S8 inWith waits, with a timeout that bounds the wait and not the use",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const fiber = yield* start(space.inWith(["t", P.number], ([, n]) => Effect.delay(Effect.succeed(n), 100), {
          timeout: 10
        }))
        yield* pass(5)
        yield* space.out(["t", 7])
        yield* pass(200)
        assert.strictEqual(yield* Fiber.join(fiber), 7)
        yield* empty(space)
      })
  )

  test("S8 Effect.timeout around inWith cannot lose the tuple", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      const fiber = yield* start(Effect.option(Effect.timeout(space.inWith(["t"], () => Effect.never), 10)))
      yield* pass(10)
      same(yield* Fiber.join(fiber), Option.none())
      same(yield* space.collect(["t"]), [["t"]])
      yield* empty(space)
    }))

  test("S8 the use of inWith keeps its own requirements and errors", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      const scope = yield* Effect.scope
      const used = yield* space.inWith(["t"], () => Scope.Scope)
      assert.strictEqual(used, scope)
    }))
})

export const attempts = cases("Holding: attempts", (test) => {
  const options = {
    maxAttempts: 3,
    deadLetter: ([, n]: readonly ["t", number], cause: Cause.Cause<unknown>) =>
      ["dead", n, Cause.squash(cause)] as const
  }
  const fail = () => Effect.fail("poison")

  test("R11 after so many failures the tuple goes to the dead letters, once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      for (const left of [1, 1, 0]) {
        assert.strictEqual(yield* Effect.flip(space.inWith(["t", P.number], fail, options)), "poison")
        assert.strictEqual(yield* space.count(["t", 1]), left)
      }
      same(yield* space.collect([P.rest(P.any)]), [["dead", 1, "poison"]])
      yield* empty(space)
    }))

  test("R11 a defect counts, an interruption does not, and going to the back does not forget", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      for (let i = 0; i < 5; i++) {
        const fiber = yield* start(space.inWith(["t", P.number], () => Effect.never, options))
        yield* Fiber.interrupt(fiber)
      }
      yield* Effect.flip(space.inWith(["t", P.number], fail, { ...options, requeue: "back" }))
      yield* defectOf(space.inWith(["t", P.number], () => Effect.die("bug"), { ...options, requeue: "back" }))
      assert.strictEqual(yield* space.count(["t", 1]), 1)
      yield* defectOf(space.inWith(["t", P.number], () => Effect.die("bug"), options))
      same(yield* space.collect([P.rest(P.any)]), [["dead", 1, "bug"]])
    }))

  test("R11 each tuple counts its own attempts, from nothing for a tuple that is put again", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2]])
      const twice = { ...options, maxAttempts: 2 }
      yield* Effect.flip(space.inWith(["t", 1], fail, twice))
      yield* Effect.flip(space.inWith(["t", 2], fail, twice))
      yield* space.out(yield* space.in(["t", 1]))
      yield* Effect.flip(space.inWith(["t", 1], fail, twice))
      yield* Effect.flip(space.inWith(["t", 2], fail, twice))
      same(yield* space.collect([P.rest(P.any)]), [["t", 1], ["dead", 2, "poison"]])
    }))

  test("R11 without a deadLetter such a tuple is dropped, and without maxAttempts it always comes back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      for (let i = 0; i < 10; i++) {
        yield* Effect.flip(space.inWith(["t", 1], fail, { deadLetter: () => ["dead"] as const }))
      }
      assert.strictEqual(yield* space.count(["t", 1]), 1)
      yield* Effect.flip(space.inWith(["t", 1], fail, { maxAttempts: 1 }))
      yield* empty(space)
    }))

  test("R11 a dead letter serves those who wait for it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const reader = yield* start(space.rd(["dead", P.number, P.any]))
      const taker = yield* start(space.in(["dead", P.number, P.any]))
      yield* Effect.flip(space.inWith(["t", P.number], fail, { ...options, maxAttempts: 1 }))
      same(yield* Fiber.join(reader), ["dead", 1, "poison"])
      same(yield* Fiber.join(taker), ["dead", 1, "poison"])
      yield* empty(space)
    }))

  test.needing("options")(
    "R11 a dead letter serves those who wait for it, and needs no room",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh({ capacity: 1 })
        yield* space.out(["t", 1])
        const reader = yield* start(space.rd(["dead", P.number, P.any]))
        yield* Effect.flip(
          space.inWith(["t", P.number], () => Effect.zipRight(space.out(["full"]), Effect.fail("no")), {
            ...options,
            maxAttempts: 1
          })
        )
        same(yield* Fiber.join(reader), ["dead", 1, "no"])
        assert.strictEqual((yield* space.collect([P.rest(P.any)])).length, 2)
      })
  )

  test("R11 S16 a deadLetter that throws, or makes no tuple, is a defect, and the tuple is back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const boom = new Error("boom")
      const exit = yield* Effect.exit(space.inWith(["t", 1], fail, {
        maxAttempts: 1,
        deadLetter: () => {
          throw boom
        }
      }))
      assert.isTrue(Exit.isFailure(exit) && Chunk.contains(Cause.defects(exit.cause), boom))
      assert.strictEqual(yield* space.count(["t", 1]), 1)
      const refused = yield* Effect.exit(
        space.inWith(["t", 1], fail, { maxAttempts: 1, deadLetter: () => [] as any })
      )
      const errors = Exit.isFailure(refused)
        ? [...Cause.failures<unknown>(refused.cause), ...Cause.defects(refused.cause)]
        : []
      same(errors.flatMap((error) => error instanceof SpaceError ? [error.reason] : []), ["InvalidTuple"])
      same(yield* space.collect([P.rest(P.any)]), [["t", 1]])
      yield* empty(space)
    }))
})

export const scoped = cases("Holding: inScoped", (test) => {
  test("S8 R01 R02 the tuple is consumed when the scope closes with success, and back when with a failure", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(three)
      const first = yield* Scope.make()
      same(yield* Scope.extend(space.inScoped(["t", 1]), first), ["t", 1])
      const second = yield* Scope.make()
      same(yield* Scope.extend(space.inScoped(["t", P.any]), second), ["t", 2])
      assert.strictEqual((yield* space.inspect).held, 2)
      assert.strictEqual(yield* space.count(["t", P.any]), 1)
      yield* Scope.close(first, Exit.fail("no"))
      same(yield* space.copyCollect(["t", P.any]), [["t", 1], ["t", 3]])
      yield* Scope.close(second, Exit.void)
      same(yield* space.collect(["t", P.any]), [["t", 1], ["t", 3]])
      yield* empty(space)
    }))

  test("R08 a scope that is closed twice ends the hold once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const scope = yield* Scope.make()
      yield* Scope.extend(space.inScoped(["t", 1]), scope)
      yield* Scope.close(scope, Exit.fail("no"))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* space.count(["t", 1]), 1)
    }))

  test("S8 R02 R06 R11 with the same options as inWith", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(three)
      const failing = (options: object) =>
        Effect.flip(Effect.scoped(Effect.zipRight(space.inScoped(["t", P.any], options), Effect.fail("no"))))
      yield* failing({ requeue: "back" })
      same(yield* space.copyCollect(["t", P.any]), [["t", 2], ["t", 3], ["t", 1]])
      yield* failing({ maxAttempts: 1, deadLetter: () => ["dead"] })
      same(yield* space.collect([P.rest(P.any)]), [["t", 3], ["t", 1], ["dead"]])
    }))

  test("S8 an interruption gives it back; one while it waits leaves nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const fiber = yield* start(Effect.scoped(Effect.zipRight(space.inScoped(["t"]), Effect.never)))
      assert.strictEqual(yield* waiters(space), 1)
      yield* space.out(["t"])
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* space.count(["t"]), 1)
      const other = yield* start(Effect.scoped(space.inScoped(["u"])))
      yield* Fiber.interrupt(other)
    }))
})

export const told = cases("Holding: what others are told", (test) => {
  test("S8 S17 a tuple that comes back is a Requeue, and no second Out for those who saw it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const events = yield* start(Stream.runCollect(Stream.take(
        space.subscribe(["t", P.any], { events: ["Out", "In", "Requeue"] }),
        5
      )))
      const followed = yield* start(Stream.runCollect(Stream.take(space.stream(["t", P.any]), 2)))
      yield* space.out(["t", 1])
      yield* Effect.flip(space.inWith(["t", 1], () => Effect.fail("no")))
      yield* space.in(["t", 1])
      yield* space.out(["t", 2])
      same(Chunk.toReadonlyArray(yield* Fiber.join(events)), [
        SpaceEvent.Out({ tuple: ["t", 1] }),
        SpaceEvent.In({ tuple: ["t", 1] }),
        SpaceEvent.Requeue({ tuple: ["t", 1] }),
        SpaceEvent.In({ tuple: ["t", 1] }),
        SpaceEvent.Out({ tuple: ["t", 2] })
      ])
      same(Chunk.toReadonlyArray(yield* Fiber.join(followed)), [["t", 1], ["t", 2]])
      yield* space.collect([P.rest(P.any)])
    }))

  test("V06 a holder that is killed gives its tuple back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t"])
      const process = yield* space.eval(space.inWith(["t"], () => Effect.never))
      assert.isTrue(yield* isWaiting(process.fiber))
      assert.strictEqual(yield* space.count(["t"]), 0)
      yield* process.interrupt
      assert.strictEqual(yield* space.count(["t"]), 1)
    }))
})
