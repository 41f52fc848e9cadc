import { assert, it, vi } from "@effect/vitest"
import { Cause, Clock, Duration, Effect, Fiber, TestClock } from "effect"
import { timeOf } from "../../src/internal/timekeeper.js"
import { fresh, settle } from "../helpers.js"

it.scoped("K20 a deadline that is far away is one sleep, however far", () =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    let sleeps = 0
    const counting: Clock.Clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis(),
      unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
      currentTimeMillis: clock.currentTimeMillis,
      currentTimeNanos: clock.currentTimeNanos,
      sleep: (duration) => Effect.suspend(() => (sleeps++, clock.sleep(duration)))
    }
    const space = yield* Effect.withClock(fresh(), counting)
    const waiter = yield* Effect.fork(Effect.flip(space.in(["t"], { timeout: "36500 days" })))
    yield* settle
    yield* TestClock.adjust("36500 days")
    assert.isTrue(Cause.isTimeoutException(yield* Fiber.join(waiter)))
    assert.strictEqual(sleeps, 1)
  }))

it.scopedLive("S9 K20 a timeout that no timer of the platform can hold ends at its time", () =>
  Effect.gen(function*() {
    // As the timers of the platform are: one that is asked for more than it can hold goes off at once.
    const timers = new Map<unknown, { readonly at: number; readonly ring: () => void }>()
    const { clearTimeout, setTimeout } = globalThis
    vi.spyOn(globalThis, "setTimeout").mockImplementation(
      ((ring: () => void, millis = 0) => {
        if (millis < Duration.toMillis("1 hours")) {
          return setTimeout(ring, millis)
        }
        const timer = {}
        timers.set(timer, { at: now + (millis < 2 ** 31 ? millis : 1), ring })
        return timer
      }) as typeof setTimeout
    )
    vi.spyOn(globalThis, "clearTimeout").mockImplementation((timer) => {
      if (!timers.delete(timer)) {
        clearTimeout(timer)
      }
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => vi.restoreAllMocks()))
    const live = Clock.make()
    let now = 0
    const advance = (duration: Duration.DurationInput) =>
      Effect.suspend(() => {
        now += Duration.toMillis(duration)
        for (const [timer, { at, ring }] of timers) {
          if (at <= now) {
            timers.delete(timer)
            ring()
          }
        }
        return settle
      })
    const clock: Clock.Clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => now,
      unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n,
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
      sleep: (duration) => live.sleep(duration)
    }
    const space = yield* Effect.withClock(fresh(), clock)
    const waiter = yield* Effect.fork(Effect.flip(space.in(["t"], { timeout: "100 days" })))
    yield* settle
    yield* Effect.repeatN(advance("1 days"), 98)
    assert.isNull(waiter.unsafePoll())
    yield* advance("1 days")
    assert.isTrue(Cause.isTimeoutException(yield* Fiber.join(waiter)))
  }))

it("K13 the time by which things last is exact to the microsecond, for a century", () => {
  const at = (millis: number) => timeOf({ ...Clock.make(), unsafeCurrentTimeNanos: () => BigInt(millis) * 1_000_000n })
  for (const millis of [0, 1, 1001, 1_795_000_000_123, 3_153_600_000_001, 3_153_599_999_999]) {
    assert.strictEqual(at(millis), millis)
  }
})
