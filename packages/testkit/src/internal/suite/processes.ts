/**
 * Processes and live tuples (S13): what they are given, what becomes of their failures, and how they end.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import type { Failures } from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import { type Space } from "./kit.js"
import { assert, clean, closing, empty, fresh, isWaiting, pass, refusalOf, same, settle, start } from "./kit.js"

class Overheated extends Data.TaggedError("Overheated")<{ readonly degrees: number }> {}
class Jammed extends Schema.TaggedError<Jammed>()("Jammed", { at: Schema.Number }) {}

export const evals = cases("Process: eval", (test) => {
  test("S13 V02 a worker loop takes jobs and puts results; interrupting it stops it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const worker = yield* space.eval(Effect.forever(
        Effect.flatMap(space.in(["job", P.number]), ([, n]) => space.out(["result", n * n]))
      ))
      yield* space.outAll([["job", 2], ["job", 3]])
      same(yield* space.in(["result", 4]), ["result", 4])
      same(yield* space.in(["result", 9]), ["result", 9])
      assert.isTrue(Exit.isInterrupted(yield* worker.interrupt))
      yield* empty(space)
    }))

  test("S13 a process has an id, a name and a fiber, and its result can be awaited and joined", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const a = yield* space.eval(Effect.succeed(1))
      const b = yield* space.eval(Effect.fail("no" as const), { name: "b" })
      assert.notStrictEqual(a.id, b.id)
      assert.strictEqual(a.name, `process-${a.id}`)
      assert.strictEqual(b.name, "b")
      same(yield* a.await, Exit.succeed(1))
      assert.strictEqual(yield* a.join, 1)
      assert.strictEqual(yield* Fiber.join(a.fiber), 1)
      assert.isTrue(Exit.isFailure(yield* b.await))
      assert.strictEqual(yield* Effect.flip(b.join), "no")
    }))

  test("S13 the process runs on when the fiber that started it ends", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const starter = yield* Effect.fork(space.eval(space.in(["go"])))
      const process = yield* Fiber.join(starter)
      assert.isTrue(yield* isWaiting(process.fiber))
      yield* space.out(["go"])
      same(yield* process.join, ["go"])
    }))

  test("S13 the process sees the services of whoever started it", () =>
    Effect.gen(function*() {
      class Factor extends Context.Tag("Factor")<Factor, number>() {}
      const space = yield* fresh()
      const process = yield* Effect.provideService(
        space.eval(Effect.flatMap(Factor, (factor) => space.out(["factor", factor]))),
        Factor,
        3
      )
      yield* process.join
      same(yield* space.in(["factor", P.number]), ["factor", 3])
    }))

  test("S13 a process is interruptible, also if it was started in an uninterruptible region", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const process = yield* Effect.uninterruptible(space.eval(Effect.never))
      yield* settle
      assert.isTrue(Exit.isInterrupted(yield* process.interrupt))
      const unstarted = yield* space.eval(Effect.never)
      assert.isTrue(Exit.isInterrupted(yield* unstarted.interrupt))
      yield* clean(space)
    }))
})

export const failures = cases("Process: failures", (test) => {
  const referring = test.needing("references")

  test("S13 a failure appears as a tuple: error, trace and name", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.eval(Effect.fail({ degrees: 451 }), { name: "burner" })
      const [error, trace, name] = yield* space.in(Process.failure({ degrees: P.number }))
      same([error, typeof trace, name], [{ degrees: 451 }, "string", "burner"])
      yield* empty(space)
    }))

  referring(
    "S13 M08 a failure appears as a tuple: an error of its class, trace and name",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.eval(Effect.fail(new Overheated({ degrees: 451 })), { name: "burner" })
        const [error, trace, name] = yield* space.in(Process.failure(Overheated))
        assert.strictEqual(error.degrees, 451)
        assert.match(trace, /Overheated/)
        assert.strictEqual(name, "burner")
        yield* empty(space)
      })
  )

  test("S13 a defect makes one, too; success and interruption make none", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* Effect.flatMap(space.eval(Effect.die("boom"), { name: "dies" }), (process) => process.await)
      yield* Effect.flatMap(
        space.eval(
          Effect.sync(() => {
            throw "bang"
          }),
          { name: "throws" }
        ),
        (process) => process.await
      )
      yield* space.eval(Effect.succeed(1))
      yield* space.eval(Effect.interrupt)
      const process = yield* space.eval(Effect.never)
      yield* settle
      yield* process.interrupt
      const failures = yield* space.collect(Process.failure())
      same(failures.map(([error, , name]) => [error, name]), [["boom", "dies"], ["bang", "throws"]])
      yield* empty(space)
    }))

  referring("S13 a defect is itself, with its trace; success and interruption make none", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const boom = new RangeError("boom")
      yield* space.eval(Effect.die(boom), { name: "dies" })
      yield* space.eval(
        Effect.sync(() => {
          throw boom
        }),
        { name: "throws" }
      )
      yield* space.eval(Effect.succeed(1))
      yield* space.eval(Effect.interrupt)
      const process = yield* space.eval(Effect.never)
      yield* settle
      yield* process.interrupt
      const failures = yield* space.collect(Process.failure())
      same(failures.map(([error, , name]) => [error, name]), [[boom, "dies"], [boom, "throws"]])
      assert.match(failures[0]![1], /RangeError: boom/)
      yield* empty(space)
    }))

  test("S13 of several errors at once there is one tuple, whose trace prints all of them", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const process = yield* space.eval(
        Effect.all([Effect.fail("one"), Effect.fail("two")], {
          concurrency: "unbounded"
        }).pipe(Effect.ensuring(Effect.die("cleanup")))
      )
      yield* process.await
      const [error, trace] = yield* space.in(Process.failure(P.string))
      assert.strictEqual(error, "one")
      assert.match(trace, /one/)
      assert.match(trace, /cleanup/)
    }))

  test("S13 ordinary patterns never take failure tuples, nor count, nor move them", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const other = yield* fresh()
      const taker = yield* start(space.in([P.any, P.any, P.any]))
      const rest = yield* start(space.in([P.rest(P.any)]))
      const process = yield* space.eval(Effect.fail("no"), { name: "p" })
      yield* process.await
      assert.isTrue(yield* isWaiting(taker))
      assert.isTrue(yield* isWaiting(rest))
      yield* Fiber.interruptAll([taker, rest])
      for (
        const pattern of [[P.any, P.any, P.any], [P.rest(P.any)], ["no", P.string, "p"], ["no", P.rest(P.any)]] as const
      ) {
        same(yield* space.inp(pattern), Option.none())
        assert.strictEqual(yield* space.count(pattern), 0)
        same(yield* space.collect(pattern), [])
        assert.strictEqual(yield* space.collectInto(pattern, other), 0)
      }
      same((yield* space.inspect).tuples, [{ shape: "failure(\"no\")", count: 1 }])
      assert.strictEqual((yield* space.in(Process.failure()))[0], "no")
    }))

  test("S13 Process.failure does not take ordinary tuples that look like failures", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["no", "trace", "name"])
      same(yield* space.inp(Process.failure()), Option.none())
      same(yield* space.inp(Process.failure("no")), Option.none())
    }))

  test("S13 Process.failure by formal, value, record and predicate", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* Effect.forEach(
        [{ degrees: 1, at: 2 }, "text", 404] as ReadonlyArray<unknown>,
        (error) => Effect.flatMap(space.eval(Effect.fail(error)), (process) => process.await)
      )
      assert.strictEqual((yield* space.rd(Process.failure(P.string)))[0], "text")
      assert.strictEqual((yield* space.rd(Process.failure(404)))[0], 404)
      assert.strictEqual((yield* space.rd(Process.failure((n: unknown) => typeof n === "number" && n > 400)))[0], 404)
      assert.strictEqual((yield* space.rd(Process.failure(P.partial({ degrees: P.number }))))[0].degrees, 1)
      assert.strictEqual(yield* space.count(Process.failure()), 3)
      same(yield* space.inp(Process.failure("other")), Option.none())
      assert.strictEqual((yield* space.collect(Process.failure(P.any))).length, 3)
      yield* empty(space)
    }))

  referring(
    "S13 Process.failure by class, superclass, schema, formal, value and predicate",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const fail = (error: unknown) => Effect.flatMap(space.eval(Effect.fail(error)), (process) => process.await)
        yield* Effect.forEach(
          [new Overheated({ degrees: 1 }), new Jammed({ at: 2 }), new RangeError("r"), "text", 404],
          fail
        )
        assert.strictEqual(((yield* space.rd(Process.failure(Error)))[0] as any)._tag, "Overheated")
        assert.strictEqual((yield* space.rd(Process.failure(Jammed)))[0].at, 2)
        assert.strictEqual((yield* space.rd(Process.failure(RangeError)))[0].message, "r")
        assert.strictEqual((yield* space.rd(Process.failure(P.string)))[0], "text")
        assert.strictEqual((yield* space.rd(Process.failure(404)))[0], 404)
        assert.strictEqual((yield* space.rd(Process.failure((n: number) => n > 400)))[0], 404)
        assert.strictEqual((yield* space.rd(Process.failure(P.partial({ degrees: P.number }))))[0].degrees, 1)
        assert.strictEqual(yield* space.count(Process.failure()), 5)
        same(yield* space.inp(Process.failure(TypeError)), Option.none())
        assert.strictEqual((yield* space.collect(Process.failure(P.any))).length, 5)
      })
  )

  test("S4 S8 S13 failure tuples can be waited for, held, joined, chosen and moved like others", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const other = yield* fresh()
      const reader = yield* start(space.rd(Process.failure()))
      const choice = yield* start(space.inAny({ done: ["done"], failed: Process.failure(P.string) }))
      yield* space.eval(Effect.fail("one"))
      assert.strictEqual((yield* Fiber.join(reader))[0], "one")
      const chosen = yield* Fiber.join(choice)
      same([chosen.key, chosen.tuple[0]], ["failed", "one"])
      yield* Effect.flatMap(space.eval(Effect.fail("two")), (process) => process.await)
      yield* Effect.flip(space.inWith(Process.failure("two"), () => Effect.fail("no")))
      assert.strictEqual(yield* space.collectInto(Process.failure(), other), 1)
      same(yield* other.inp([P.rest(P.any)]), Option.none())
      yield* other.out(["done"])
      const [failure, done] = yield* other.inAll([Process.failure(P.string), ["done"]])
      same([failure[0], done[0]], ["two", "done"])
      yield* empty(space)
      yield* empty(other)
    }))
})

export const failurePolicies = cases("Process: who has a failure", (test) => {
  const failed = (space: Space) => space.count(Process.failure())

  test("S13 K8 who joins a process has its failure: no tuple appears", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const gate = yield* Effect.makeLatch()
      const process = yield* space.eval(Effect.zipRight(gate.await, Effect.fail("no")))
      const joiner = yield* start(Effect.flip(process.join))
      const given = yield* start(process.join)
      yield* Fiber.interrupt(given)
      yield* gate.open
      assert.strictEqual(yield* Fiber.join(joiner), "no")
      assert.strictEqual(yield* failed(space), 0)
      for (let i = 0; i < 50; i++) {
        const each = yield* space.eval(i % 10 === 0 ? Effect.fail(i) : Effect.succeed(i))
        yield* Effect.exit(each.join)
      }
      assert.strictEqual((yield* space.inspect).failures, 0)
      yield* empty(space)
    }))

  test("S13 K8 who joins a process that has failed takes its failure tuple away, if nobody else has", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const one = yield* space.eval(Effect.fail("one"))
      const other = yield* space.eval(Effect.fail("other"))
      yield* one.await
      yield* other.await
      yield* settle
      assert.strictEqual((yield* space.inspect).failures, 2)
      assert.strictEqual((yield* space.in(Process.failure("other")))[0], "other")
      assert.strictEqual(yield* Effect.flip(other.join), "other")
      assert.strictEqual(yield* failed(space), 1)
      assert.strictEqual(yield* Effect.flip(one.join), "one")
      assert.strictEqual(yield* Effect.flip(one.join), "one")
      assert.strictEqual(yield* failed(space), 0)
      yield* empty(space)
    }))

  test("S13 K8 who was interrupted as it joined, or only awaited, does not have it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const gate = yield* Effect.makeLatch()
      const process = yield* space.eval(Effect.zipRight(gate.await, Effect.fail("no")))
      const joiner = yield* start(process.join)
      const awaiting = yield* start(process.await)
      yield* Fiber.interrupt(joiner)
      yield* gate.open
      yield* Fiber.join(awaiting)
      assert.strictEqual((yield* space.in(Process.failure()))[0], "no")
      yield* empty(space)
    }))

  const policy = (failures: Failures) => (space: Space, error: string) =>
    Effect.flatMap(space.eval(Effect.fail(error), { failures }), (process) => process.await)

  test("S13 K8 failures: none, a limit, a ttl, all; for each process", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* policy("none")(space, "none")
      yield* settle
      assert.strictEqual(yield* failed(space), 0)
      for (const error of ["a", "b", "c"]) {
        yield* policy({ limit: 2 })(space, error)
      }
      yield* settle
      same((yield* space.collect(Process.failure())).map(([error]) => error), ["b", "c"])
      for (const error of ["a", "b", "c"]) {
        yield* policy("keep")(space, error)
      }
      yield* policy({ ttl: "300 millis" })(space, "brief")
      yield* settle
      assert.strictEqual((yield* space.inspect).failures, 4)
      yield* pass("400 millis")
      same((yield* space.collect(Process.failure())).map(([error]) => error), ["a", "b", "c"])
      yield* empty(space)
    }))

  test.needing("options")(
    "S13 K8 failures: an option of the space, too, and evalTuple heeds it",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh({ failures: { limit: 1 } })
        for (const error of ["a", "b"]) {
          yield* Effect.flatMap(space.eval(Effect.fail(error)), (process) => process.await)
          yield* Effect.flatMap(space.evalTuple([Effect.fail(error)]), (process) => process.await)
        }
        same((yield* space.collect(Process.failure())).map(([error]) => error), ["b"])
        yield* policy("keep")(space, "c")
        yield* policy("keep")(space, "d")
        assert.strictEqual(yield* failed(space), 2)
        yield* Effect.flatMap(space.eval(Effect.fail("e")), (process) => process.await)
        same((yield* space.collect(Process.failure())).map(([error]) => error), ["e"])
      })
  )

  test("S13 S16 K8 what is no policy is refused", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (
        const failures of ["all", 1, null, { limit: 0 }, { limit: NaN }, { ttl: -1 }, []] as ReadonlyArray<any>
      ) {
        const error = yield* refusalOf(space.eval(Effect.void, { failures }))
        assert.strictEqual(error.reason, "InvalidOption")
        assert.match(error.message, /^failures/)
      }
      yield* empty(space)
    }))

  test.needing("telemetry")(
    "S13 K8 a failure that nobody is there to see is logged, with its cause, unless that is silenced",
    () =>
      Effect.gen(function*() {
        const logged: Array<string> = []
        const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
          if (LogLevel.greaterThanEqual(logLevel, LogLevel.Info)) {
            logged.push(`${logLevel.label} ${String(message)} ${Cause.pretty(cause)}`)
          }
        })
        const space = yield* fresh()
        const fails = (error: string) =>
          Effect.flatMap(space.eval(Effect.fail(error), { name: "worker" }), (process) => process.await)
        yield* Effect.gen(function*() {
          yield* fails("nobody")
          assert.strictEqual(logged.length, 1)
          assert.match(logged[0]!, /^WARN .*worker.*nobody/s)
          yield* space.eval(Effect.fail("ignored"), { failures: "none" })
          yield* settle
          assert.strictEqual(logged.length, 2)
          yield* Effect.withUnhandledErrorLogLevel(fails("silent"), Option.none())
          yield* space.collect(Process.failure())
          // Seen: by who joins, by who waits for it, and by who watches.
          yield* Effect.flip(Effect.flatMap(space.eval(Effect.fail("joined")), (process) => process.join))
          const supervisor = yield* start(space.in(Process.failure()))
          yield* fails("taken")
          yield* Fiber.join(supervisor)
          const watcher = yield* start(Stream.runHead(space.subscribe(Process.failure())))
          yield* fails("watched")
          yield* Fiber.join(watcher)
          assert.strictEqual(logged.length, 2)
        }).pipe(Effect.provide(Logger.add(logger)))
        yield* space.collect(Process.failure())
        yield* empty(space)
      })
  )
})

export const liveTuples = cases("Process: evalTuple", (test) => {
  test("S13 a live tuple: its effects are evaluated at the same time, and it is put when all are done", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const [first, second, gate] = yield* Effect.all([Effect.makeLatch(), Effect.makeLatch(), Effect.makeLatch()])
      const process = yield* space.evalTuple([
        "fib",
        10,
        // each waits for the other to have begun
        Effect.as(Effect.zipRight(first.open, second.await), 55),
        Effect.as(Effect.all([second.open, first.await, gate.await]), "later")
      ])
      yield* second.await
      yield* settle
      assert.strictEqual(yield* space.count(["fib", P.rest(P.any)]), 0)
      yield* gate.open
      same(yield* space.in(["fib", 10, P.number, P.string]), ["fib", 10, 55, "later"])
      same(yield* process.join, ["fib", 10, 55, "later"])
      yield* empty(space)
    }))

  test.needing("clock")(
    "S13 a live tuple: it is put as soon as the last of its effects is done",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const process = yield* space.evalTuple([
          "fib",
          10,
          Effect.delay(Effect.succeed(55), 10),
          Effect.delay(Effect.succeed("later"), 10)
        ])
        yield* pass(9)
        assert.strictEqual(yield* space.count(["fib", P.rest(P.any)]), 0)
        yield* pass(1)
        same(yield* space.in(["fib", 10, P.number, P.string]), ["fib", 10, 55, "later"])
        same(yield* process.join, ["fib", 10, 55, "later"])
        yield* empty(space)
      })
  )

  test("S13 values that are no effects stand for themselves", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const process = yield* space.evalTuple(["t", { a: 1 }, [1, "x"], null, true])
      same(yield* process.join, ["t", { a: 1 }, [1, "x"], null, true])
      same(yield* space.in(["t", P.any, P.any, P.any, P.any]), ["t", { a: 1 }, [1, "x"], null, true])
    }))

  test.needing("references")(
    "S13 Option and Either are values there; other values stand for themselves",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        const f = () => 1
        const process = yield* space.evalTuple(["t", Option.some(1), Either.left("x"), f, { a: 1 }, null])
        yield* process.join
        same(
          yield* space.in(["t", P.any, P.any, P.any, P.any, P.any]),
          ["t", Option.some(1), Either.left("x"), f, { a: 1 }, null]
        )
      })
  )

  test("S13 if an effect fails the others are interrupted, no tuple is put, and a failure appears", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const interrupted = yield* Deferred.make<void>()
      yield* space.evalTuple([
        "t",
        Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined)),
        Effect.zipRight(Effect.yieldNow(), Effect.fail("no"))
      ], { name: "live" })
      yield* Deferred.await(interrupted)
      const [error, , name] = yield* space.in(Process.failure(P.string))
      same([error, name], ["no", "live"])
      yield* empty(space)
    }))

  test.needing("options")("S14 a live tuple waits for room, too", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 1 })
      yield* space.out(["full"])
      const process = yield* space.evalTuple(["t", Effect.succeed(1)])
      assert.isTrue(yield* isWaiting(process.fiber))
      yield* space.in(["full"])
      yield* process.join
      same(yield* space.in(["t", P.number]), ["t", 1])
    }))
})

export const endings = cases("Process: close", (test) => {
  test("S12 V04 closing interrupts the processes and awaits them; no failure, no hang", () =>
    Effect.gen(function*() {
      const ended: Array<string> = []
      const processes = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        yield* space.out(["held"])
        const process = (name: string, effect: Effect.Effect<unknown, unknown>) =>
          space.eval(Effect.ensuring(effect, Effect.zipRight(Effect.yieldNow(), Effect.sync(() => ended.push(name)))))
        const processes = [
          yield* process("sleeps", Effect.never),
          yield* process("waits", space.in(["never"])),
          yield* process("holds", space.inWith(["held"], () => Effect.never)),
          yield* process(
            "works",
            Effect.forever(Effect.all([space.out(["w"]), space.in(["w"]), Effect.yieldNow()]))
          ),
          yield* process("forks", Effect.all([space.in(["a"]), space.in(["b"])], { concurrency: 2 }))
        ]
        yield* settle
        return processes
      }))
      same(ended.sort(), ["forks", "holds", "sleeps", "waits", "works"])
      for (const process of processes) {
        assert.isTrue(Exit.isInterrupted(yield* process.await))
      }
    }))

  test("S12 a finalizer of a process that uses its closed space ends interrupted, and so does the process", () =>
    Effect.gen(function*() {
      const process = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        const process = yield* space.eval(Effect.ensuring(Effect.never, Effect.orDie(space.out(["bye"]))))
        yield* settle
        return process
      }))
      assert.isTrue(Exit.isInterrupted(yield* process.await))
    }))

  test("S13 S16 what is no tuple is refused before anything is evaluated", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      assert.strictEqual((yield* refusalOf(space.evalTuple([] as never))).reason, "InvalidTuple")
      yield* empty(space)
    }))
})
