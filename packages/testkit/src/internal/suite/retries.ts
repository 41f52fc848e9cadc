/**
 * Tuples whose use has failed, and that come back when a schedule says so (S19).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import type * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import { all, assert, clear, defectOf, fresh, isWaiting, pass, refusalOf, same, settle, start } from "./kit.js"

const isDead = (_: unknown, cause: Cause.Cause<unknown>) => ["dead", String(Cause.squash(cause))] as const

/** A use that fails. */
const failing = (space: Space, retry: Schedule.Schedule<unknown, Cause.Cause<unknown>>, error = "no") =>
  Effect.flip(space.inWith(["t", P.number], () => Effect.fail(error), { retry, deadLetter: isDead }))

export const retries = cases("Holding: retries", (test) => {
  const timed = test.needing("clock")

  timed(
    "S19 a tuple whose use has failed is away for as long as the schedule says, and nothing finds it",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.outAll([["t", 1], ["t", 2]])
        same(yield* failing(space, Schedule.spaced("10 seconds")), "no")
        same(yield* all(space), [["t", 2]])
        same((yield* space.inspect).scheduled?.count, 1)
        yield* pass("9999 millis")
        same(yield* space.rdp(["t", 1]), Option.none())
        yield* pass("1 millis")
        same(yield* all(space), [["t", 2], ["t", 1]], "it comes as if it were put then")
        yield* clear(space)
      })
  )

  timed("S19 each failure is another step of the schedule, whoever has tried", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const retry = Schedule.intersect(Schedule.exponential("1 seconds"), Schedule.recurs(3))
      for (const wait of [1_000, 2_000, 4_000]) {
        yield* failing(space, retry)
        yield* pass(wait - 1)
        same(yield* space.count(["t", 1]), 0)
        yield* pass(1)
        same(yield* space.count(["t", 1]), 1)
      }
      yield* failing(space, retry, "the last")
      same(yield* all(space), [["dead", "the last"]], "when the schedule is done, the tuple is dead")
      yield* clear(space)
    }))

  timed("S19 those who wait are served by what comes back, and it knows its attempts", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      yield* failing(space, Schedule.spaced("1 seconds"))
      const waiter = yield* start(space.inWith(["t", P.number], (_, { attempts }) => Effect.succeed(attempts)))
      yield* pass(999)
      assert.isTrue(yield* isWaiting(waiter))
      yield* pass(1)
      same(yield* waiter, 1)
      yield* clear(space)
    }))

  test("S19 the schedule is told why, and may give up at once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      const retry = Schedule.whileInput(
        Schedule.spaced("1 hours"),
        (cause: Cause.Cause<unknown>) => Cause.squash(cause) !== "fatal"
      )
      yield* failing(space, retry, "for a while")
      yield* failing(space, retry, "fatal")
      yield* defectOf(space.inWith(["t", 3], () => Effect.die("fatal"), { retry, deadLetter: isDead }))
      same(yield* all(space), [["dead", "fatal"], ["dead", "fatal"]])
      same((yield* space.inspect).scheduled?.count, 1)
      yield* clear(space)
    }))

  test("S19 no delay has it back at once, in its place; success and interruption are no matter of the schedule", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2]])
      yield* failing(space, Schedule.recurs(1))
      same(yield* all(space), [["t", 1], ["t", 2]])
      const retry = Schedule.stop
      yield* Effect.exit(space.inWith(["t", 1], () => Effect.interrupt, { retry }))
      same(yield* all(space), [["t", 1], ["t", 2]])
      yield* space.inWith(["t", 1], () => Effect.void, { retry })
      yield* failing(space, retry)
      same(yield* all(space), [["dead", "no"]])
      yield* clear(space)
    }))

  test("S19 maxAttempts and giveUp end it before the schedule does", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2]])
      const options = { retry: Schedule.recurs(10), maxAttempts: 2, deadLetter: isDead }
      yield* Effect.flip(space.inWith(["t", 1], () => Effect.fail("one"), options))
      same(yield* space.count(["t", 1]), 1)
      yield* Effect.flip(space.inWith(["t", 1], () => Effect.fail("two"), options))
      yield* Effect.flip(space.inWith(["t", 2], (_, hold) => hold.giveUp("three"), options))
      same(yield* all(space), [["dead", "two"], ["dead", "three"]])
      yield* clear(space)
    }))

  timed(
    "S19 of a batch each tuple by its own attempts, of a join the first; the others are back at once",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", 1])
        const retry = Schedule.exponential("1 seconds")
        yield* failing(space, retry)
        yield* pass("1 seconds")
        yield* space.outAll([["t", 2], ["slot"]])
        yield* Effect.flip(
          space.inWith(Q.batch(["t", P.number], { max: 9 }), () => Effect.fail("both"), { retry })
        )
        yield* pass("1 seconds")
        same(yield* space.copyCollect(["t", P.number]), [["t", 2]])
        yield* Effect.flip(space.inWith(Q.all([["t", 2], ["slot"]]), () => Effect.fail("all"), { retry }))
        same(yield* all(space), [["slot"]])
        yield* pass("2 seconds")
        same(yield* all(space), [["slot"], ["t", 1], ["t", 2]])
        yield* clear(space)
      })
  )

  timed("S19 one by one: hold.fail has a tuple away by itself", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      yield* space.inWith(
        Q.batch(["t", P.number], { max: 9 }),
        (tuples, hold) => Effect.forEach(tuples, (t) => t[1] === 2 ? hold.fail(t, "no") : Effect.void),
        { retry: Schedule.spaced("1 seconds") }
      )
      same(yield* all(space), [])
      yield* pass("1 seconds")
      same(yield* all(space), [["t", 2]])
      yield* clear(space)
    }))

  timed(
    "S15 S19 the life of a tuple goes on while it is away; one that does not live so long is gone",
    () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.out(["t", 1], { ttl: "10 seconds" })
        yield* space.out(["t", 2], { ttl: "3 seconds" })
        yield* failing(space, Schedule.spaced("4 seconds"))
        yield* failing(space, Schedule.spaced("4 seconds"))
        yield* pass("4 seconds")
        same(yield* all(space), [["t", 1]])
        yield* pass("5999 millis")
        same(yield* all(space), [["t", 1]])
        yield* pass("1 millis")
        same(yield* all(space), [])
        yield* clear(space)
      })
  )

  test("S19 the scope of inScoped has a schedule too", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      yield* Effect.flip(Effect.scoped(
        Effect.zipRight(space.inScoped(["t", 1], { retry: Schedule.spaced("1 hours") }), Effect.fail("no"))
      ))
      yield* settle
      same(yield* all(space), [])
      same((yield* space.inspect).scheduled?.count, 1)
    }))

  test("S16 what is no schedule is refused; withPermit has none; one that waits is a defect, and the tuple is back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const untyped = space as TupleSpace.TupleSpace<any, any>
      const none = () => Effect.void
      for (const retry of [3, "1 seconds", {}, null]) {
        const { message, reason } = yield* refusalOf(untyped.inWith(["t", 1], none, { retry } as any))
        same([reason, message.includes("retry")], ["InvalidOption", true])
      }
      const { message } = yield* refusalOf(untyped.withPermit(["t", 1], none, { retry: Schedule.forever } as any))
      assert.include(message, "retry: withPermit always gives its tuple back")
      const slow = Schedule.mapEffect(Schedule.forever, (n) => Effect.as(Effect.sleep("1 millis"), n))
      yield* defectOf(space.inWith(["t", 1], () => Effect.fail("no"), { retry: slow }))
      same(yield* all(space), [["t", 1]])
      yield* clear(space)
    }))
})
