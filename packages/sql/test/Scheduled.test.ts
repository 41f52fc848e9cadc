import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { join } from "node:path"
import { fresh, same, settable, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("scheduled")
const server = useServer()

const minute = 60_000

/** No sign of life is given in a test. */
const lease = "1 days"

const engines: Readonly<Record<string, (space: string) => ReturnType<typeof Sqlite.store>>> = {
  SQLite: (space) => Sqlite.store({ filename: join(folder, "scheduled.db"), space, lease }),
  // By the clock of the client, as the server's cannot be set here.
  PostgreSQL: (space) =>
    Effect.suspend(() => Postgres.store({ connection: server().connection(), space, lease, clock: "client" }))
}

/** More than one batch has come. */
const many = 10_050

for (const [name, store] of Object.entries(engines)) {
  const open = (space: string) => Effect.flatMap(store(space), (store) => SpaceStore.make(store))

  describe(`Tuples that come later, in ${name}`, () => {
    it.scopedLive("S20 what has come while nobody looked did so in the order of its times, and lives from then on", () =>
      Effect.gen(function*() {
        const name = fresh()
        let offset = 0
        const later = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, settable(() => offset))
        yield* Effect.scoped(later(Effect.gen(function*() {
          const space = yield* open(name)
          yield* space.out(["t", "last"], { after: "40 minutes" })
          yield* space.out(["t", "first"], { after: "20 minutes" })
          yield* space.out(["t", "short"], { after: "30 minutes", ttl: "5 minutes" })
          yield* space.out(["t", "long"], { after: "30 minutes", ttl: "90 minutes" })
          yield* space.out(["t", "second"], { after: "30 minutes" })
          yield* space.out(["t", "much later"], { after: "10 hours" })
          same((yield* space.inspect).scheduled?.count, 6)
        })))
        offset = 60 * minute
        const space = yield* later(open(name))
        yield* later(Effect.gen(function*() {
          const found = yield* space.copyCollect(["t", P.string])
          same(found.map(([, which]) => which), ["first", "long", "second", "last"])
          const { expiring, oldest, scheduled } = yield* space.inspect
          same([expiring?.count, scheduled?.count], [1, 1])
          assert.isBelow(Math.abs(oldest![0]!.age - 40 * minute), minute)
          assert.isBelow(Math.abs(expiring!.next! - 60 * minute), minute)
          offset = 121 * minute
          same(yield* space.count(["t", "long"]), 0)
          yield* space.out(["t", "new"])
          same((yield* space.copyCollect(["t", P.string])).length, 4)
        }))
      }))

    it.scopedLive(
      "S20 what is too much for one batch comes with the next, though nobody asks for it",
      () =>
        Effect.gen(function*() {
          const name = fresh()
          const encode = yield* SpaceStore.encoder(name)
          const rows = yield* encode(Array.from({ length: many }, (_, n) => ["t", n]))
          const [space, other] = [yield* open(name), yield* store(name)]
          const last = yield* Effect.fork(space.in(["t", many - 1]))
          yield* other.run([{ op: "schedule", rows: rows.map((row) => ({ ...row, after: 300, at: null })) }])
          same(yield* within(Fiber.join(last), "the last one"), ["t", many - 1])
          same(yield* space.count(["t", P.number]), many - 1)
          same((yield* space.inspect).scheduled?.count, 0)
        }),
      60_000
    )
  })
}
