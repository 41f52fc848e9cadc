import type { StoreCommand } from "@effect-linda/core"
import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { join } from "node:path"
import type { Space } from "./kit.js"
import { fresh, same, somebodyWaits, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("gone")
const server = useServer()
const memory = Effect.runSync(SpaceStore.memory)

const engines: Readonly<Record<string, (space: string) => ReturnType<typeof Sqlite.store>>> = {
  "a store in memory": (space) => memory.open(space),
  SQLite: (space) => Sqlite.store({ filename: join(folder, "gone.db"), space }),
  PostgreSQL: (space) => Effect.suspend(() => Postgres.store({ connection: server().connection(), space }))
}

const one = ["t", P.number] as const

/** What becomes of tuples `["t", number]`, and which of them have left for good then. */
const ways: Readonly<
  Record<string, readonly [way: (space: Space) => Effect.Effect<unknown, unknown>, gone: Array<number>]>
> = {
  "in": [(space) => Effect.zipRight(space.out(["t", 1]), space.in(one)), [1]],
  "in, of a tuple that only the program can decide about": [
    (space) => Effect.zipRight(space.out(["t", 1]), space.in(["t", (n: number) => n > 0])),
    [1]
  ],
  "a choice": [(space) => Effect.zipRight(space.out(["t", 1]), space.inAny([["u"], one])), [1]],
  "a join": [(space) => Effect.zipRight(space.outAll([["t", 1], ["u"], ["t", 2]]), space.inAll([one, ["u"], one])), [
    1,
    2
  ]],
  "collect": [(space) => Effect.zipRight(space.outAll([["t", 1], ["t", 2]]), space.collect(one)), [1, 2]],
  "rd": [(space) => Effect.zipRight(space.out(["t", 1]), space.rd(one)), []],
  "replace": [(space) => Effect.zipRight(space.out(["t", 1]), space.replace(one, () => ["t", 2])), [1]],
  "a use that succeeds": [(space) => Effect.zipRight(space.out(["t", 1]), space.inWith(one, () => Effect.void)), [1]],
  "a use that fails": [
    (space) => Effect.zipRight(space.out(["t", 1]), Effect.flip(space.inWith(one, () => Effect.fail("no")))),
    []
  ],
  "a use that fails too often": [
    (space) =>
      Effect.zipRight(
        space.out(["t", 1]),
        Effect.flip(space.inWith(one, () => Effect.fail("no"), { maxAttempts: 1, deadLetter: () => ["dead"] }))
      ),
    [1]
  ],
  "what is consumed by itself": [
    (space) =>
      Effect.zipRight(
        space.outAll([["t", 1], ["t", 2]]),
        Effect.flip(space.inWith(
          [...one],
          (tuple, hold) => Effect.zipRight(hold.consume(tuple), Effect.fail("no"))
        ))
      ),
    [1]
  ],
  "a permit": [(space) => Effect.zipRight(space.out(["t", 1]), space.withPermit(one, () => Effect.void)), []],
  "a lease that is cancelled": [
    (space) => Effect.flatMap(space.out(["t", 1], { ttl: "1 hour" }), (lease) => lease.cancel),
    [1]
  ],
  "a lease that is cancelled while its tuple is held": [
    (space) =>
      Effect.flatMap(space.out(["t", 1], { ttl: "1 hour" }), (lease) => space.withPermit(one, () => lease.cancel)),
    [1]
  ],
  "a life of no time": [(space) => space.out(["t", 1], { ttl: 0 }), [1]],
  "a tuple that was to come": [
    (space) => Effect.flatMap(space.out(["t", 1], { after: "1 hour" }), (lease) => lease.cancel),
    []
  ],
  "what another waits for": [
    (space) =>
      Effect.gen(function*() {
        const taker = yield* Effect.fork(space.in(one))
        yield* somebodyWaits(space, 2)
        yield* space.out(["t", 1])
        yield* within(Fiber.join(taker), "the taker")
      }),
    [1]
  ],
  "what a transaction takes": [
    (space) =>
      Effect.zipRight(
        space.out(["t", 1]),
        SpaceStore.transaction(space)(Effect.zipRight(space.in(one), space.out(["u"])))
      ),
    [1]
  ],
  "a transaction that is undone": [
    (space) =>
      Effect.zipRight(
        space.out(["t", 1]),
        Effect.flip(SpaceStore.transaction(space)(Effect.zipRight(space.in(one), Effect.fail("no"))))
      ),
    []
  ]
}

for (const [engine, store] of Object.entries(engines)) {
  describe(`Who watches for what has left for good, in ${engine}`, () => {
    const encoded = (name: string, tuples: ReadonlyArray<readonly [string, ...Array<unknown>]>) =>
      Effect.flatMap(SpaceStore.encoder(name), (encode) => encode(tuples))

    /** Commands of one who watches for what leaves of `["t", number]`. */
    const watching = (name: string) =>
      Effect.map(encoded(name, [["t", 1]]), ([row]) => {
        const [text, key] = [row!.fields[0]!, row!.keys[0]!]
        const query: StoreCommand.Query = {
          arity: 2,
          open: false,
          shape: "sn",
          literals: [{ position: 0, text, key }]
        }
        const wait: StoreCommand.Wait = {
          op: "wait",
          waiter: 1_000_001,
          kind: "watch",
          queries: [query],
          exact: false,
          line: 1_000_001,
          events: ["Gone"],
          final: false,
          label: "{}"
        }
        return { query, row: row!, wait }
      })

    /** What a watcher has been told of since it was asked. */
    const told = (mail: ReadonlyArray<StoreCommand.Mail>): ReadonlyArray<unknown> =>
      mail.filter(({ kind }) => kind === "event").map(({ event, row }) => [event, JSON.parse(row.fields[1]!)])
    const heard = (watcher: SpaceStore.SpaceStore) => Effect.map(watcher.run([]), ({ mail }) => told(mail))

    for (const [way, [body, gone]] of Object.entries(ways)) {
      it.scopedLive(`S18 ${way}`, () =>
        Effect.gen(function*() {
          const name = fresh()
          const [watcher, space] = [yield* store(name), yield* Effect.flatMap(store(name), SpaceStore.make)]
          const { wait } = yield* watching(name)
          yield* watcher.run([wait])
          yield* body(space)
          same(yield* heard(watcher), gone.map((n) => ["Gone", n]))
        }))
    }

    it.scopedLive("S18 a tuple is gone when its time is over", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [watcher, space] = [yield* store(name), yield* Effect.flatMap(store(name), SpaceStore.make)]
        const { wait } = yield* watching(name)
        yield* watcher.run([wait])
        yield* space.out(["t", 1], { ttl: "20 millis" })
        const events = yield* within(Effect.repeat(heard(watcher), { until: (events) => events.length > 0 }), "the end")
        same(events, [["Gone", 1]])
      }))

    it.scopedLive("S18 what a waiter is served with for good is gone when it has fetched that, and not before", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [watcher, putter] = [yield* store(name), yield* store(name)]
        const { query, row, wait } = yield* watching(name)
        yield* watcher.run([wait])
        const take = (hold: number) =>
          ({ op: "take", holds: [hold], queries: [query], limit: 1, final: true, wait: "{}" }) as const
        const put = { op: "put", rows: [row] } as const
        // If its client ends before, it is back.
        yield* Effect.scoped(Effect.gen(function*() {
          const taker = yield* store(name)
          yield* taker.run([take(1)])
          yield* putter.run([put])
          same(yield* heard(watcher), [])
        }))
        same(yield* heard(watcher), [])
        const taker = yield* store(name)
        yield* taker.run([take(1)])
        same(yield* heard(watcher), [["Gone", 1]])
        yield* taker.run([take(2)])
        yield* putter.run([put])
        same(yield* heard(watcher), [])
        yield* taker.run([])
        same(yield* heard(watcher), [["Gone", 1]])
        // Of one's own one is told at once, or has to hear that there is mail.
        let notified = 0
        yield* watcher.onMail(() => void notified++)
        yield* watcher.run([take(3)])
        yield* putter.run([put])
        yield* within(Effect.repeat(Effect.yieldNow(), { until: () => notified > 0 }), "the notification")
        notified = 0
        const own = told((yield* watcher.run([])).mail)
        if (own.length === 0) {
          yield* within(Effect.repeat(Effect.yieldNow(), { until: () => notified > 0 }), "the second notification")
        }
        same([...own, ...(yield* heard(watcher))], [["Gone", 1]])
      }))

    it.scopedLive("S18 what a client holds that ends is back, and is not gone before somebody takes it", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [watcher, space] = [yield* store(name), yield* Effect.flatMap(store(name), SpaceStore.make)]
        const { query, row, wait } = yield* watching(name)
        yield* watcher.run([wait])
        yield* Effect.scoped(Effect.gen(function*() {
          const holder = yield* store(name)
          yield* holder.run([
            { op: "put", rows: [row] },
            { op: "take", holds: [1], queries: [query], limit: 1, final: false, wait: null }
          ])
          same(yield* heard(watcher), [])
        }))
        same(yield* heard(watcher), [])
        yield* space.in(one)
        same(yield* heard(watcher), [["Gone", 1]])
      }))

    it.scopedLive("S18 several holds that end at once, of which one is of nobody; and nobody who has left is told", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [watcher, holder] = [yield* store(name), yield* store(name)]
        const { query, wait } = yield* watching(name)
        yield* watcher.run([wait])
        const rows = yield* encoded(name, [["t", 1], ["t", 2], ["t", 3], ["u", 4]])
        const gone = {
          op: "settle",
          ids: null,
          how: "gone",
          failed: false,
          accepted: {},
          put: []
        } as const
        const { replies: [, , settled] } = yield* holder.run([
          { op: "put", rows },
          { op: "take", holds: [1, 2, 3], queries: [query], limit: 1, final: false, wait: null },
          { ...gone, holds: [1, 9, 2] }
        ])
        same(settled, [true, false, true])
        same(yield* heard(watcher), [["Gone", 1], ["Gone", 2]])
        yield* watcher.run([{ op: "cancel", waiters: [wait.waiter] }])
        same((yield* holder.run([{ ...gone, holds: [3] }])).replies, [[true]])
        same(yield* heard(watcher), [])
      }))
  })
}
