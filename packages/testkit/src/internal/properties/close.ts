/**
 * Properties: close.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Transaction from "@effect-linda/core/Transaction"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { properties } from "./property.js"

export const close = properties("Close", (property) => {
  property.needing("options", "transactions", "quiescence")(
    "S12 closing the scope at any moment ends everything, by interruption, and leaves nothing",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const scope = yield* Scope.make()
        const space = yield* Scope.extend(sim.space(random.chance(0.3) ? { capacity: 2 } : {}), scope)
        const other = yield* sim.space()
        const item = () => [random.pick(["a", "b"]), P.number] as const
        const out = () => space.out([random.pick(["a", "b"]), random.below(100)])
        let processes = 0
        const process = Effect.acquireUseRelease(
          Effect.sync(() => processes++),
          () => Effect.zipRight(space.in(item()), sim.pause).pipe(Effect.forever),
          () => Effect.sync(() => processes--)
        )
        const fibers: Array<Fiber.RuntimeFiber<unknown, unknown>> = []
        const start = () =>
          random.pick<() => Effect.Effect<unknown, unknown>>([
            out,
            out,
            () => space.in(item()),
            () => space.rd(item(), { timeout: random.between(1, 5) }),
            () => space.inAny([item(), item()]),
            () => space.inAll([item(), item()]),
            () => space.inWith(item(), () => Effect.zipRight(sim.pause, random.pick([Effect.fail("no"), Effect.void]))),
            () => space.transact(Transaction.in(space, item())),
            () => other.transact(Transaction.in(space, item())),
            () => space.collectInto(item(), other),
            () => Stream.runDrain(space.stream(item())),
            () => space.eval(process),
            () => space.out(["ttl"], { ttl: random.between(1, 5) }),
            () => space.awaitQuiescent
          ])()
        for (let step = random.between(1, 12); step > 0; step--) {
          fibers.push(yield* Effect.fork(start()))
          yield* sim.pause
        }
        const late = yield* Effect.fork(
          Effect.zipRight(sim.pause, Effect.forEach(random.array(3, start), (each) => each))
        )
        yield* Scope.close(scope, Exit.void)
        expect(processes).toBe(0)
        yield* sim.over
        for (const exit of [...fibers, late].map((fiber) => fiber.unsafePoll())) {
          expect(exit).not.toBe(null)
          if (Exit.isFailure(exit!)) {
            expect([...Cause.defects(exit.cause)]).toEqual([])
          }
        }
        for (const operation of [space.out(["a", 1]), space.inp(["a", P.any]), space.rd(["a", P.any]), space.inspect]) {
          const exit = yield* Effect.exit(Effect.asVoid(operation))
          expect(Exit.isInterrupted(exit)).toBe(true)
        }
        expect((yield* other.inspect).held).toBe(0)
        expect((yield* other.inspect).interests).toEqual([])
      })
  )
})
