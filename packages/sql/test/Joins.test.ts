import type { SpaceError, StoreCommand } from "@effect-linda/core"
import { Pattern as P, Query as Q, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope } from "effect"
import { join } from "node:path"
import type { Space } from "./kit.js"
import { fresh, same, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("joins")
const server = useServer()

const engines: Readonly<Record<string, (space: string) => ReturnType<typeof Sqlite.store>>> = {
  SQLite: (space) => Sqlite.store({ filename: join(folder, "joins.db"), space }),
  PostgreSQL: (space) => Effect.suspend(() => Postgres.store({ connection: server().connection(), space }))
}

/** More of each than a few pages. */
const far = 1_500

const [job, slot] = [["job", P.ref("n")], ["slot", P.ref("n")]] as const
const pair = Q.all([job, slot])
const pairOf = (n: number) => [["job", n], ["slot", n]] as const

const scansIn = (commands: ReadonlyArray<StoreCommand.Command>): number =>
  commands.filter(({ op }) => op === "scan").length

for (const [engine, store] of Object.entries(engines)) {
  describe(`S11 D12 joins of many and many in ${engine}`, () => {
    /** A program; `seen` is told of how many pages it asks for, before it has them. */
    const open = (
      name: string,
      seen: (pages: number, isAlone: boolean) => Effect.Effect<unknown, SpaceError.SpaceError> = () => Effect.void
    ) =>
      Effect.flatMap(store(name), (store) => {
        const told = (run: StoreCommand.Run, isAlone: boolean): StoreCommand.Run => (commands) =>
          Effect.zipRight(Effect.suspend(() => seen(scansIn(commands), isAlone)), run(commands))
        return Effect.map(
          SpaceStore.make({
            ...store,
            run: told((commands) => store.run(commands), false),
            transaction: (body, restore) =>
              store.transaction((run, savepoint) => body(told(run, true), savepoint), restore)
          }),
          (space): Space => space
        )
      })

    /** A space in which the last two of the jobs have slots. */
    const filled = Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      yield* other.outAll(Array.from({ length: far }, (_, i) => ["job", i] as const))
      yield* other.outAll(Array.from({ length: far }, (_, i) => ["slot", i + far - 2] as const))
      return { name, other }
    })

    it.scopedLive("the store is its own for a few pages at the beginning and at the end", () =>
      Effect.gen(function*() {
        const { name } = yield* filled
        const pages = { alone: 0, others: 0 }
        const space = yield* open(name, (count, isAlone) =>
          Effect.sync(() => {
            pages[isAlone ? "alone" : "others"] += count
          }))
        same(yield* space.rdp(Q.all([job, Q.read(slot)])), Option.some(pairOf(far - 2)))
        same(yield* space.inAll([job, slot]), pairOf(far - 2))
        assert.isAtLeast(pages.others, 6)
        assert.isAtMost(pages.alone, 20)
      }))

    it.scopedLive("what comes, goes and comes back meanwhile counts as it is at the last look", () =>
      Effect.gen(function*() {
        const { name, other } = yield* filled
        const held = yield* Scope.make()
        yield* other.out(["slot", 7])
        yield* Scope.extend(other.inScoped(["slot", 7]), held)
        let action: Effect.Effect<unknown, SpaceError.SpaceError> = Effect.void
        let looks = 0
        const space = yield* open(
          name,
          (pages, isAlone) => !isAlone && pages > 0 && ++looks === 2 ? action : Effect.void
        )
        const found = (
          meanwhile: Effect.Effect<unknown, SpaceError.SpaceError>,
          use: Effect.Effect<Option.Option<unknown>, unknown> = space.rdp(pair)
        ) =>
          Effect.suspend(() => {
            looks = 0
            action = meanwhile
            return Effect.map(use, Option.getOrUndefined)
          })
        same(yield* found(other.inp(["job", far - 2])), pairOf(far - 1))
        same(yield* found(other.out(["job", far - 2], { priority: -1 })), pairOf(far - 1))
        same(yield* found(Scope.close(held, Exit.fail("back"))), pairOf(7))
        same(
          yield* found(other.outAll([["slot", 9], ["job", 9]], { priority: 1 }), space.inp(pair)),
          pairOf(9)
        )
        const free = space.inp(Q.all([job, slot, Q.absent(["blocks", P.ref("n")])]))
        same(yield* found(other.out(["blocks", 7]), free), pairOf(far - 1))
        same(yield* found(other.out(["blocks", 8]), free), pairOf(far - 2))
      }))

    it.scopedLive(
      "of programs that join at the same time, and wait, each has its own, and nothing is lost",
      () =>
        Effect.gen(function*() {
          const { name, other } = yield* filled
          const programs = yield* Effect.all([open(name), open(name)])
          const joins = yield* Effect.forEach(
            programs.flatMap((space) => [space, space, space]),
            (space, i) => Effect.fork(i % 2 === 0 ? space.inAll([job, slot]) : space.inWith(pair, Effect.succeed))
          )
          yield* Effect.forEach([1, 2, 3, 4], (n) => programs[n % 2]!.out(["slot", n]), { discard: true })
          const found = yield* within(Effect.forEach(joins, Fiber.join), "a join", "120 seconds")
          const numbers = found.map(([[, n], [, same]]) => n === same ? Number(n) : NaN)
          same([...numbers].sort((one, other) => one - other), [1, 2, 3, 4, far - 2, far - 1])
          const { held, interests } = yield* other.inspect
          same([held, interests], [0, []])
          same(yield* other.count([P.string, P.number]), 2 * far + 4 - 12)
        }),
      240_000
    )
  })
}
