import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import type { Duration } from "effect"
import { Effect, Exit, Fiber, Scope } from "effect"
import { join } from "node:path"
import { fresh, same, settable, somebodyWaits, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("clocks")

const server = useServer()

const hour = 3_600_000

interface Options {
  readonly space: string
  readonly lease: Duration.DurationInput
}

const engines: Readonly<Record<string, (options: Options) => ReturnType<typeof Sqlite.store>>> = {
  SQLite: ({ lease, space }) => Sqlite.store({ filename: join(folder, "clocks.db"), space, lease }),
  // By the clock of the client, as the server's cannot be set here.
  PostgreSQL: ({ lease, space }) =>
    Effect.suspend(() => Postgres.store({ connection: server().connection(), space, lease, clock: "client" }))
}

for (const [name, store] of Object.entries(engines)) {
  const open = (options: Options, offset: () => number) =>
    Effect.withClock(Effect.flatMap(store(options), (store) => SpaceStore.make(store)), settable(offset))

  describe(`D14 whose clock is set, in ${name}`, () => {
    it.scopedLive("back: what somebody holds who lives, he keeps; what somebody held who is dead is back", () =>
      Effect.gen(function*() {
        const options = { space: fresh(), lease: "600 millis" } as const
        let offset = 0
        const [one, other] = [yield* open(options, () => offset), yield* open(options, () => offset)]
        yield* one.outAll([["job", 1], ["job", 2]])
        // It gives no sign of life but by what it is told to do.
        const dead = yield* store(options)
        yield* dead.run([{
          op: "take",
          holds: [1],
          queries: [{ arity: 2, open: false, shape: "__", literals: [] }],
          limit: 1,
          final: false,
          wait: null
        }])
        const scope = yield* Scope.make()
        same(yield* Scope.extend(other.inScoped(["job", P.number]), scope), ["job", 2])
        yield* one.count(["job", P.number])
        offset = -hour
        same(yield* within(one.in(["job", P.number]), "what a dead one held"), ["job", 1])
        same(yield* one.count(["job", P.number]), 0)
        yield* Scope.close(scope, Exit.fail("no"))
        same(yield* one.in(["job", P.number]), ["job", 2])
      }))

    it.scopedLive("forward: what somebody holds who lives, he keeps", () =>
      Effect.gen(function*() {
        const options = { space: fresh(), lease: "600 millis" } as const
        let offset = 0
        const [one, other] = [yield* open(options, () => offset), yield* open(options, () => offset)]
        yield* one.out(["job", 1])
        const use = Effect.zipRight(Effect.sleep("1500 millis"), Effect.succeed("done"))
        const used = yield* Effect.fork(other.inWith(["job", P.number], () => use))
        yield* Effect.sleep("100 millis")
        offset = hour
        same(yield* one.count(["job", P.number]), 0)
        yield* Effect.sleep("800 millis")
        same(yield* one.count(["job", P.number]), 0)
        same(yield* Fiber.join(used), "done")
        same(yield* one.count(["job", P.number]), 0)
      }))

    for (const when of ["before", "while"]) {
      it.scopedLive(`ahead: since when somebody holds what came ${when} he waited is by the clock of the space`, () =>
        Effect.gen(function*() {
          const space = yield* open({ space: fresh(), lease: "30 seconds" }, () => hour)
          const put = space.out(["t"])
          yield* when === "before" ? put : Effect.void
          const isIn = yield* Effect.makeLatch()
          yield* Effect.forkScoped(space.inWith(["t"], () => Effect.zipRight(isIn.open, Effect.never)))
          if (when === "while") {
            yield* somebodyWaits(space)
            yield* put
          }
          yield* within(isIn.await, "the use")
          const { holders } = yield* space.inspect
          assert.isBelow(Math.abs(holders?.[0]?.age ?? Infinity), hour / 2)
        }))
    }
  })
}

describe("D14 one whose clock is behind, in SQLite", () => {
  it.scopedLive("keeps what it holds as long as it is seen to live", () =>
    Effect.gen(function*() {
      const options = { space: fresh(), lease: "600 millis" } as const
      const open = (offset: number) =>
        Effect.withClock(
          Effect.flatMap(engines["SQLite"]!(options), (store) => SpaceStore.make(store)),
          settable(() => offset)
        )
      const one = yield* open(0)
      yield* one.out(["job", 1])
      const other = yield* open(-hour)
      const use = Effect.zipRight(Effect.sleep("1500 millis"), Effect.succeed("done"))
      const used = yield* Effect.fork(other.inWith(["job", P.number], () => use))
      for (let i = 0; i < 20; i++) {
        yield* Effect.sleep("60 millis")
        same(yield* one.count(["job", P.number]), 0)
      }
      same(yield* Fiber.join(used), "done")
    }))
})
