import type { Tuple } from "@effect-linda/core"
import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, SpaceStore, TupleSpace } from "@effect-linda/core"
import { describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, Fiber, TestClock } from "effect"
import { same, settle } from "./helpers.js"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

/** A space on a store that lets time pass before the first claim: between what is seen and its taking. */
const late = (millis: number): Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const { open } = yield* SpaceStore.memory
    const store = yield* open("jobs", { lease: "10000 days" })
    let isLate = true
    return yield* SpaceStore.make({
      ...store,
      transaction: (body) =>
        store.transaction((run, savepoint) =>
          body((commands) => {
            const isClaim = isLate && commands.some(({ op }) => op === "claim")
            isLate &&= !isClaim
            return Effect.zipRight(isClaim ? TestClock.adjust(millis) : Effect.void, run(commands))
          }, savepoint)
        )
    }) as Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>
  })

/** A store cannot decide it alone. */
const aNumber = (n: unknown): n is number => typeof n === "number"
const one = ["t", aNumber] as const

/** What each does when the oldest of two expires as it is about to be taken. */
const operations: Record<string, (space: Space) => Effect.Effect<unknown, any>> = {
  in: (space) => space.in(one),
  "in without waiting": (space) => space.in(one, { timeout: 0 }),
  inAny: (space) => Effect.map(space.inAny([one, ["u"]]), ({ tuple }) => tuple),
  inWith: (space) => space.inWith(one, (tuple) => Effect.succeed(tuple)),
  inAll: (space) => Effect.map(space.inAll([one]), ([tuple]) => tuple),
  "inAll without waiting": (space) => Effect.map(space.inAll([one], { timeout: 0 }), ([tuple]) => tuple),
  inp: (space) => Effect.flatten(space.inp(one)),
  collect: (space) => Effect.map(space.collect(one), ([tuple, ...rest]) => rest.length > 0 ? rest : tuple),
  inUpTo: (space) => Effect.map(space.inUpTo(one, 2), ([tuple, ...rest]) => rest.length > 0 ? rest : tuple),
  collectInto: (space) =>
    Effect.gen(function*() {
      const other = yield* TupleSpace.make()
      yield* space.collectInto(one, other)
      const [tuple, ...rest] = yield* other.copyCollect([P.rest(P.any)])
      return rest.length > 0 ? rest : tuple
    }).pipe(Effect.scoped),
  replace: (space) => Effect.zipLeft(Effect.flatten(space.replace(one, ([, n]) => ["t", n + 10])), space.in(["t", 12]))
}

describe("A tuple whose time ends between a look at it and its taking, on a store", () => {
  for (const [name, run] of Object.entries(operations)) {
    it.scoped(`S15 ${name} looks again: what is left is found, and nothing is there twice`, () =>
      Effect.gen(function*() {
        const space = yield* late(200)
        yield* space.out(["t", 1], { ttl: 100 })
        yield* space.out(["t", 2])
        const fiber = yield* Effect.fork(run(space))
        yield* settle
        same(yield* Fiber.join(fiber), ["t", 2])
        same((yield* space.inspect).tuples, [])
        same((yield* space.inspect).held, 0)
      }))
  }

  it.scoped("S15 S4 an in whose only match expires so waits on, and is served by the next", () =>
    Effect.gen(function*() {
      const space = yield* late(200)
      yield* space.out(["t", 1], { ttl: 100 })
      const fiber = yield* Effect.fork(space.in(one))
      yield* settle
      yield* space.out(["t", 2])
      same(yield* Fiber.join(fiber), ["t", 2])
      same((yield* space.inspect).held, 0)
    }))
})
