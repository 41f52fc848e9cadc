/** What a port to another version of Effect has to keep: see `src/internal/runtime.ts`. */
import { assert, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, FiberRef, Option } from "effect"
import type { AnyFiber, Mode } from "../../src/internal/runtime.js"
import * as Runtime from "../../src/internal/runtime.js"

const self = Runtime.withFiber<AnyFiber>(Effect.succeed)

const interruptorsOf = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause) ? [...Cause.interruptors(exit.cause)] : undefined

const mode = Runtime.withFiber<Mode>((_, mode) => Effect.succeed(mode))

it.effect("S8 whoever asks for the end of a fiber is told once, at once if it has ended, and not if it asks no more", () =>
  Effect.gen(function*() {
    const told: Array<string> = []
    const tell = (name: string) => () => void told.push(name)
    const withdrawn = tell("withdrawn")
    const gate = yield* Deferred.make<number>()
    const fiber = yield* Effect.fork(Deferred.await(gate))
    Runtime.onEnd(fiber, tell("before"))
    Runtime.onEnd(fiber, withdrawn)
    Runtime.offEnd(fiber, withdrawn)
    assert.isFalse(Runtime.isOver(fiber))
    assert.isNull(Runtime.exitOf(fiber))
    yield* Deferred.succeed(gate, 1)
    yield* Fiber.await(fiber)
    assert.isTrue(Runtime.isOver(fiber))
    assert.deepStrictEqual(Runtime.exitOf(fiber), Exit.succeed(1))
    Runtime.onEnd(fiber, tell("after"))
    assert.deepStrictEqual(told, ["before", "after"])
  }))

it.effect("S8 a fiber that is told to end in a region where it cannot knows that it will, and ends behind it", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const seen: Array<boolean> = []
    const look = Runtime.withFiber<void>((fiber) => Effect.sync(() => void seen.push(Runtime.isInterrupted(fiber))))
    const region = Effect.uninterruptible(Effect.zipRight(look, Effect.zipRight(Deferred.await(gate), look)))
    const fiber = yield* Effect.fork(Effect.zipRight(region, Effect.never))
    yield* Runtime.yieldNow()
    Runtime.interruptLater(fiber)
    yield* Runtime.yieldNow()
    assert.isFalse(Runtime.isOver(fiber))
    yield* Deferred.succeed(gate, undefined)
    assert.deepStrictEqual(interruptorsOf(yield* Fiber.await(fiber)), interruptorsOf(Runtime.interruptedBy(fiber)))
    assert.deepStrictEqual(seen, [false, true])
  }))

it.effect("S8 a fiber knows whether it can be interrupted where it is", () =>
  Effect.gen(function*() {
    assert.isTrue(Runtime.isInterruptible(yield* mode))
    assert.isFalse(Runtime.isInterruptible(yield* Effect.uninterruptible(mode)))
  }))

it.effect("S8 a callback that is interrupted runs what it has left for that, and nothing if it has resumed", () =>
  Effect.gen(function*() {
    const undone: Array<string> = []
    const waiting = (name: string, isOver: boolean) =>
      Runtime.callback<void>((resume) => {
        if (isOver) {
          resume(Effect.void)
        }
        return Effect.sync(() => void undone.push(name))
      })
    const fibers = [
      yield* Effect.fork(waiting("interrupted", false)),
      yield* Effect.fork(Effect.zipRight(waiting("resumed", true), Effect.never))
    ]
    yield* Runtime.yieldNow()
    yield* Fiber.interruptAll(fibers)
    assert.deepStrictEqual(undone, ["interrupted"])
  }))

it("S10 F18 a fiber that is started now has ended before that returns, and so has the one that it wakes", () => {
  let wake: (effect: Effect.Effect<string>) => void = () => {}
  const woken = Runtime.startNow(Effect.zipRight(
    Runtime.yieldNow(),
    Runtime.callback<string>((resume) => {
      wake = resume
    })
  ))
  assert.isFalse(Runtime.isOver(woken))
  // More steps than a fiber may take before a scheduler makes it yield.
  const steps = Effect.iterate(0, { while: (step) => step < 10_000, body: (step) => Effect.succeed(step + 1) })
  const waker = Runtime.startNow(Effect.tap(steps, () => wake(Effect.succeed("woken"))))
  assert.deepStrictEqual(Runtime.exitOf(waker), Exit.succeed(10_000))
  assert.deepStrictEqual(Runtime.exitOf(woken), Exit.succeed("woken"))
})

it.effect("S5 a task that is scheduled runs when those have run that were to run already", () =>
  Effect.gen(function*() {
    const ran: Array<string> = []
    const fiber = yield* self
    const note = (name: string) => Effect.sync(() => void ran.push(name))
    const first = yield* Effect.fork(note("first"))
    const second = yield* Effect.fork(note("second"))
    Runtime.schedule(Runtime.schedulerOf(fiber), () => void ran.push("task"))
    assert.deepStrictEqual(ran, [])
    yield* Fiber.await(first)
    yield* Fiber.await(second)
    yield* Runtime.yieldNow()
    assert.deepStrictEqual(ran, ["first", "second", "task"])
  }))

it.effect("S13 a fiber carries values that those inherit which it starts; the end of one can bring them back", () =>
  Effect.gen(function*() {
    const local = Runtime.makeLocal("initial")
    const valueHere = Effect.map(self, (fiber) => Runtime.localOf(fiber, local))
    assert.strictEqual(yield* valueHere, "initial")
    const inside = Effect.flatMap(Effect.fork(valueHere), Fiber.join)
    assert.strictEqual(yield* Runtime.locally(inside, local, "set"), "set")
    assert.strictEqual(yield* valueHere, "initial")
    const setter = yield* Effect.fork(FiberRef.set(local, "its own"))
    yield* Fiber.await(setter)
    assert.strictEqual(yield* valueHere, "initial")
    yield* Runtime.inherit(setter)
    assert.strictEqual(yield* valueHere, "its own")
  }))

it.effect("S13 what a fiber waits for, and whether it can be interrupted, is to be seen from outside", () =>
  Effect.gen(function*() {
    const endless = yield* Effect.fork(Effect.never)
    const joining = yield* Effect.fork(Effect.uninterruptible(Fiber.await(endless)))
    const ended = yield* Effect.fork(Effect.void)
    yield* Fiber.await(ended)
    yield* Runtime.yieldNow()
    assert.deepStrictEqual(yield* Runtime.statusOf(endless), {
      state: "Suspended",
      waitsFor: [],
      isInterruptible: true
    })
    assert.deepStrictEqual(
      yield* Runtime.statusOf(joining),
      { state: "Suspended", waitsFor: [Runtime.nameOf(endless)], isInterruptible: false }
    )
    assert.strictEqual((yield* Runtime.statusOf(ended)).state, "Done")
    yield* Fiber.interrupt(endless)
  }))

it.effect("S13 the fibers that an effect starts are known, each with its starter, until they end", () =>
  Effect.gen(function*() {
    const moved = new Set<AnyFiber>()
    const [started, follow] = Runtime.following((fiber) => moved.add(fiber))
    const gate = yield* Deferred.make<void>()
    const child = Effect.zipRight(Effect.fork(Deferred.await(gate)), Deferred.await(gate))
    const fiber = yield* Effect.fork(follow(Effect.flatMap(Effect.fork(child), Fiber.await)))
    yield* Effect.repeatN(Runtime.yieldNow(), 10)
    const [inner, innermost] = [...started.keys()]
    assert.strictEqual(started.size, 2)
    assert.strictEqual(started.get(inner!), fiber)
    assert.strictEqual(started.get(innermost!), inner)
    assert.isTrue(moved.has(innermost!))
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.await(fiber)
    assert.strictEqual(started.size, 0)
  }))

it.effect("K3 a fiber records spans within one that is sampled, unless it is told not to", () =>
  Effect.gen(function*() {
    const isTraced = Effect.map(self, Runtime.isTraced)
    assert.isFalse(yield* isTraced)
    assert.isTrue(yield* Effect.withSpan(isTraced, "span"))
    assert.isFalse(yield* Effect.withSpan(Effect.withTracerEnabled(isTraced, false), "span"))
  }))

it.effect("S13 a program says whether failures that nobody handles are logged", () =>
  Effect.gen(function*() {
    const logs = Effect.map(self, Runtime.logsUnhandled)
    assert.isTrue(yield* logs)
    assert.isFalse(yield* Effect.withUnhandledErrorLogLevel(logs, Option.none()))
  }))
