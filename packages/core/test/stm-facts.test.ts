/**
 * What STM of effect 3.22.4 does that the library avoids or relies on, by the numbers of the table in which it was noted.
 * When one of these starts to fail, Effect has changed: simplify what was built around it.
 */
import { it } from "@effect/vitest"
import { Data, Deferred, Effect, Exit, Fiber, Hash, Option, STM, TMap, TQueue, TRef } from "effect"
import { expect } from "vitest"

it.effect("F1 TQueue.offer and take stay done in a branch that is rolled back; offerAll does not", () =>
  Effect.gen(function*() {
    const queue = yield* TQueue.unbounded<number>()
    const failing = (offer: STM.STM<unknown>) => Effect.exit(STM.commit(STM.zipRight(offer, STM.fail("rolled back"))))
    yield* failing(TQueue.offer(queue, 1))
    // when this starts to fail, simplify
    expect(yield* TQueue.size(queue)).toBe(1)
    yield* failing(TQueue.take(queue))
    expect(yield* TQueue.size(queue)).toBe(0)
    yield* failing(TQueue.offerAll(queue, [1]))
    expect(yield* TQueue.size(queue)).toBe(0)
  }))

it.effect("F2 TMap.takeFirst loses the entries behind the match in its bucket", () =>
  Effect.gen(function*() {
    class Colliding extends Data.Class<{ readonly id: number }> {
      [Hash.symbol]() {
        return 0
      }
    }
    const keys = Array.from({ length: 6 }, (_, id) => new Colliding({ id }))
    const map = yield* TMap.fromIterable(keys.map((key) => [key, 0] as const))
    yield* TMap.takeFirst(map, (key) => key.id === 3 ? Option.some(key) : Option.none())
    const present = yield* Effect.filter(keys, (key) => TMap.has(map, key))
    // when this starts to fail, simplify
    expect(present.length).toBeLessThan(5)
    expect(yield* TMap.size(map)).toBe(5)
  }))

it.effect("F3 a transaction that has waited is committed even if its next run has to wait again", () =>
  Effect.gen(function*() {
    const a = yield* STM.commit(TRef.make(0))
    const b = yield* STM.commit(TRef.make(0))
    const take = (ref: TRef.TRef<number>) =>
      STM.flatMap(TRef.get(ref), (count) => count === 0 ? STM.retry : TRef.set(ref, count - 1))
    const both = yield* Effect.fork(STM.commit(STM.zip(take(a), take(b))))
    yield* Effect.yieldNow()
    yield* STM.commit(TRef.set(a, 1))
    yield* Effect.yieldNow()
    // when this starts to fail, simplify: waiting transactions could wait by STM.retry
    expect(yield* STM.commit(TRef.get(a))).toBe(0)
    expect(both.unsafePoll()).toBe(null)
    yield* Fiber.interrupt(both)
  }))

it.effect("F4 the effect of a parked commit stands though its fiber is interrupted before it runs on", () =>
  Effect.gen(function*() {
    const ref = yield* STM.commit(TRef.make(0))
    const take = STM.commit(STM.flatMap(TRef.get(ref), (count) => count === 0 ? STM.retry : TRef.set(ref, count - 1)))
    const fiber = yield* Effect.fork(take)
    yield* Effect.yieldNow()
    yield* STM.commit(TRef.set(ref, 1))
    const exit = yield* Fiber.interrupt(fiber)
    // when this starts to fail, simplify
    expect(Exit.isInterrupted(exit)).toBe(true)
    expect(yield* STM.commit(TRef.get(ref))).toBe(0)
  }))

it.effect("F5 a commit wakes everybody who waits on a ref that it has only read", () =>
  Effect.gen(function*() {
    const ref = yield* STM.commit(TRef.make(0))
    let runs = 0
    const waiter = yield* Effect.fork(STM.commit(STM.flatMap(TRef.get(ref), (count) => {
      runs++
      return count === 0 ? STM.retry : STM.void
    })))
    yield* Effect.yieldNow()
    const before = runs
    yield* STM.commit(TRef.get(ref))
    yield* Effect.yieldNow()
    // when this starts to fail, simplify
    expect(runs).toBeGreaterThan(before)
    yield* Fiber.interrupt(waiter)
  }))

it.effect("F11 orElse runs its alternative on failure too, from a restored journal; orTry on retry alone, from one that is not", () =>
  Effect.gen(function*() {
    const ref = yield* STM.commit(TRef.make(0))
    const after = (end: STM.STM<never, string>) => STM.zipRight(TRef.set(ref, 1), end)
    expect(yield* STM.commit(STM.orElse(after(STM.fail("no")), () => TRef.get(ref)))).toBe(0)
    expect(yield* STM.commit(STM.orElse(after(STM.retry), () => TRef.get(ref)))).toBe(0)
    expect(yield* Effect.either(STM.commit(STM.orTry(after(STM.fail("no")), () => TRef.get(ref))))).toMatchObject({
      _tag: "Left",
      left: "no"
    })
    // when this starts to fail, simplify
    expect(yield* STM.commit(STM.orTry(after(STM.retry), () => TRef.get(ref)))).toBe(1)
  }))

it.effect("a transaction is committed or fails in one synchronous step if it does not wait", () =>
  Effect.gen(function*() {
    const ref = yield* STM.commit(TRef.make(0))
    const done = yield* Deferred.make<void>()
    yield* Effect.fork(Effect.zipRight(Effect.yieldNow(), Deferred.succeed(done, undefined)))
    const seen = yield* STM.commit(
      STM.forEach(Array.from({ length: 5000 }, (_, index) => index), () => TRef.updateAndGet(ref, (count) => count + 1))
    )
    expect(seen.length).toBe(5000)
    expect(yield* Deferred.isDone(done)).toBe(false)
    yield* Deferred.await(done)
  }))
