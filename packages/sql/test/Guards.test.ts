import { Pattern as P, Query as Q, SpaceError, SpaceStore, TupleSpace } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, Exit, Fiber, Option, Random, Schema } from "effect"
import { join } from "node:path"
import type { Space } from "./kit.js"
import { fresh, same, somebodyWaits, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("guards")
const server = useServer()
const memory = Effect.runSync(SpaceStore.memory)

type Store = (space: string, options?: { readonly lease?: "300 millis" }) => ReturnType<typeof Sqlite.store>

const engines: Readonly<Record<string, Store>> = {
  "a store in memory": (space, options) => memory.open(space, options),
  SQLite: (space, options) => Sqlite.store({ filename: join(folder, "guards.db"), space, ...options }),
  PostgreSQL: (space, options) =>
    Effect.suspend(() => Postgres.store({ connection: server().connection(), space, ...options }))
}

const unavailable = new SpaceError.SpaceError({ reason: "Unavailable", message: "on purpose" })

class Note extends Schema.Class<Note>("app/Note")({ text: Schema.String }) {}

const jobs = ["job", P.number] as const
const isWaiting = (fiber: Fiber.RuntimeFiber<unknown, unknown>) =>
  Effect.map(fiber.poll, (exit) => assert.isTrue(Option.isNone(exit), "it has ended"))

for (const [engine, store] of Object.entries(engines)) {
  describe(`S18 guards between clients of ${engine}`, () => {
    const open = (
      name: string,
      options: SpaceStore.Options = {}
    ): Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope> =>
      Effect.flatMap(store(name), (store) => SpaceStore.make(store, options))

    /** Nobody waits any more, seen or unseen. */
    const isClean = (name: string) =>
      Effect.scoped(Effect.gen(function*() {
        const raw = yield* store(name)
        const waiters = Effect.map(raw.run([{ op: "inspect" }]), ({ replies: [{ held, waiters }] }) => [held, waiters])
        yield* within(
          Effect.repeat(waiters, { until: ([, waiters]) => (waiters as Array<unknown>).length === 0 }),
          "a waiter"
        )
        same((yield* waiters)[0], 0)
      }))

    /** How the last match leaves. */
    const ways: Readonly<Record<string, (other: Space) => Effect.Effect<unknown, unknown>>> = {
      "taken for good": (other) => other.in(jobs),
      "consumed after a hold": (other) => other.inWith(jobs, () => Effect.void),
      "consumed after a hold that has failed before": (other) =>
        Effect.zipRight(
          Effect.flip(other.inWith(jobs, () => Effect.fail("no"))),
          other.inWith(jobs, () => Effect.void)
        ),
      "consumed after it has come back behind all others": (other) =>
        Effect.zipRight(
          Effect.flip(other.inWith(jobs, () => Effect.fail("no"), { requeue: "back" })),
          other.inWith(jobs, () => Effect.void)
        ),
      "collected": (other) => other.collect(jobs),
      "replaced": (other) => other.replace(jobs, () => ["done"]),
      "taken in a transaction": (other) => SpaceStore.transaction(other)(other.in(jobs))
    }
    for (const [way, leave] of Object.entries(ways)) {
      it.scopedLive(`who waits for absence is woken when the last match is ${way}`, () =>
        Effect.gen(function*() {
          const name = fresh()
          const [one, other] = [yield* open(name), yield* open(name)]
          yield* other.out(["job", 1])
          const waiter = yield* Effect.fork(one.awaitNone(jobs))
          yield* somebodyWaits(other)
          yield* leave(other)
          yield* within(Fiber.join(waiter), "who waits for absence")
          yield* isClean(name)
        }))
    }

    it.scopedLive("a life that ends, and a lease that is cancelled, stored or held", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        const wait = Effect.gen(function*() {
          const waiter = yield* Effect.fork(one.awaitNone(jobs))
          yield* somebodyWaits(other)
          return within(Fiber.join(waiter), "who waits for absence")
        })
        const cancelled = yield* other.out(["job", 1], { ttl: "1 hours" })
        const first = yield* wait
        yield* cancelled.cancel
        yield* first
        const short = yield* other.out(["job", 2], { ttl: "1 hours" })
        const second = yield* wait
        yield* short.renew("20 millis")
        yield* second
        const held = yield* other.out(["job", 3], { ttl: "1 hours" })
        const third = yield* wait
        yield* other.withPermit(jobs, () => held.cancel)
        yield* third
        yield* isClean(name)
      }))

    it.scopedLive("what somebody holds is there, until it is consumed", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        yield* other.outAll([["job", 1], ["job", 2]])
        const waiter = yield* Effect.fork(one.awaitNone(jobs))
        yield* somebodyWaits(other)
        yield* other.in(["job", 1])
        yield* other.withPermit(jobs, () =>
          Effect.gen(function*() {
            same(yield* one.count(jobs), 0)
            same(yield* one.inp(Q.all([Q.absent(jobs)])), Option.none())
            yield* isWaiting(waiter)
          }))
        // Who asks afterwards hears of all that has happened before.
        yield* one.out(["later"])
        yield* isWaiting(waiter)
        yield* other.inWith(jobs, () => Effect.void)
        yield* within(Fiber.join(waiter), "who waits for absence")
        same(yield* one.inp(Q.all([Q.absent(jobs)])), Option.some([]))
        yield* isClean(name)
      }))

    it.scopedLive("a join with a condition takes when that is met, whoever puts and whoever takes", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        yield* other.outAll([["paused"], ["paused"]])
        const taker = yield* Effect.fork(one.in(Q.all({ job: jobs, go: Q.absent(["paused"]) })))
        yield* somebodyWaits(other)
        yield* other.out(["job", 1])
        yield* one.out(["job", 2])
        same(yield* other.count(jobs), 2)
        yield* other.in(["paused"])
        yield* one.in(["paused"])
        same(yield* within(Fiber.join(taker), "the join"), { job: ["job", 1] })
        same(yield* one.copyCollect(jobs), [["job", 2]])
        yield* isClean(name)
      }))

    it.scopedLive("what is absent for one value of a variable: the oldest for which it is", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        const query = Q.all([["task", P.ref("id")], Q.absent(["blocks", P.ref("id")])])
        yield* other.outAll([["blocks", 1], ["task", 1], ["blocks", 2]])
        const taker = yield* Effect.fork(one.in(query))
        yield* somebodyWaits(other)
        yield* other.out(["task", 2])
        yield* isWaiting(taker)
        yield* other.inWith(["blocks", 2], () => Effect.void)
        same(yield* within(Fiber.join(taker), "the join"), [["task", 2]])
        same(yield* one.inp(query), Option.none())
        yield* other.out(["task", 3])
        same(yield* one.inp(query), Option.some([["task", 3]]))
        yield* isClean(name)
      }))

    it.scopedLive("a tuple that is only read goes on to those behind, or stays", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        const query = Q.all([["a"], Q.read(["b", P.number])])
        yield* one.outAll([["a"], ["a"]])
        const first = yield* Effect.fork(one.in(query))
        yield* somebodyWaits(one)
        const behind = yield* Effect.fork(other.in(["b", P.number]))
        yield* somebodyWaits(one, 2)
        yield* one.out(["b", 1])
        same(yield* within(Fiber.join(first), "the join"), [["a"], ["b", 1]])
        same(yield* within(Fiber.join(behind), "who comes behind it"), ["b", 1])
        const second = yield* Effect.fork(one.in(query))
        yield* somebodyWaits(one)
        yield* other.out(["b", 2])
        same(yield* within(Fiber.join(second), "the join"), [["a"], ["b", 2]])
        same(yield* one.collect([P.rest(P.any)]), [["b", 2]])
        yield* isClean(name)
      }))

    it.scopedLive("what is held of a query with guards is what it takes", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        yield* one.outAll([["b", 1], ["a", 1]])
        const query = Q.all({ b: Q.read(["b", P.ref("n")]), a: ["a", P.ref("n")], c: Q.absent(["c"]) })
        const failed = yield* Effect.exit(one.inWith(query, ({ a, b }, hold) =>
          Effect.gen(function*() {
            same([a, b, hold.attempts], [["a", 1], ["b", 1], 0])
            same(yield* other.copyCollect([P.rest(P.any)]), [["b", 1]])
            return yield* Effect.fail("no")
          })))
        assert.isTrue(Exit.isFailure(failed))
        same(yield* other.copyCollect([P.rest(P.any)]), [["b", 1], ["a", 1]])
        yield* one.inWith(query, (_, { attempts }) => Effect.sync(() => same(attempts, 1)))
        same(yield* other.collect([P.rest(P.any)]), [["b", 1]])
        yield* isClean(name)
      }))

    it.scopedLive("two conditions that exclude each other: one at a time", () =>
      Effect.gen(function*() {
        const name = fresh()
        const all = [yield* open(name), yield* open(name)]
        const most: Array<number> = []
        const use = (space: Space, n: number) =>
          Effect.gen(function*() {
            yield* SpaceStore.transaction(space)(
              Effect.zipRight(space.awaitNone(["busy", 1 - n]), space.out(["busy", n]))
            )
            most.push(yield* space.count(["busy", P.number]))
            yield* space.in(["busy", n])
          })
        const uses = all.map((space, n) => Effect.repeatN(use(space, n), 7))
        yield* within(Effect.all(uses, { concurrency: "unbounded" }), "one of them")
        same(most, Array.from({ length: 16 }, () => 1))
        yield* isClean(name)
      }))

    it.scopedLive("a wait that ends leaves nothing: interrupted, too late, or its space closed", () =>
      Effect.gen(function*() {
        const name = fresh()
        const one = yield* open(name)
        yield* one.outAll([["paused"], ["job", 1]])
        const guarded = Q.all([jobs, Q.absent(["paused"])])
        for (const wait of [one.awaitNone(jobs), one.in(guarded), one.rd(guarded), one.in(Q.all([Q.absent(jobs)]))]) {
          const fiber = yield* Effect.fork(wait)
          yield* somebodyWaits(one)
          yield* Fiber.interrupt(fiber)
          yield* isClean(name)
        }
        const late = yield* Effect.exit(one.awaitNone(jobs, { timeout: "20 millis" }))
        assert.include(String(late), "absent")
        yield* isClean(name)
        yield* Effect.scoped(
          Effect.flatMap(open(name), (other) =>
            Effect.zipRight(
              Effect.fork(Effect.all([other.in(guarded), other.awaitNone(jobs)], { concurrency: 2 })),
              somebodyWaits(one, 2)
            ))
        )
        yield* isClean(name)
        same(yield* one.count(jobs), 1)
      }))

    it.scopedLive("a client that has heard of nothing for longer than its lease looks again", () =>
      Effect.gen(function*() {
        const name = fresh()
        const inner = yield* store(name, { lease: "300 millis" })
        let isSilent = false
        const one = yield* SpaceStore.make({
          ...inner,
          run: (commands) =>
            Effect.suspend(() =>
              isSilent
                ? Effect.zipRight(Effect.sleep("5 millis"), Effect.fail(unavailable))
                : inner.run(commands)
            )
        })
        const other = yield* open(name)
        yield* other.outAll([["job", 1], ["a"], ["paused"]])
        const waiter = yield* Effect.fork(one.awaitNone(jobs))
        const taker = yield* Effect.fork(one.in(Q.all([["a"], Q.absent(["paused"])])))
        yield* somebodyWaits(other, 2)
        isSilent = true
        yield* within(Effect.repeat(other.inspect, { until: ({ interests }) => interests.length === 0 }), "the lapse")
        yield* other.in(jobs)
        isSilent = false
        yield* within(Fiber.join(waiter), "who waits for absence")
        yield* isWaiting(taker)
        yield* other.in(["paused"])
        yield* within(Fiber.join(taker), "the join")
        yield* isClean(name)
      }))

    it.scopedLive("a client whose mail was lost looks again, and is told of what comes after that", () =>
      Effect.gen(function*() {
        const name = fresh()
        const inner = yield* store(name)
        let lost = 0
        const one = yield* SpaceStore.make({
          ...inner,
          // Done, but its answer does not come.
          run: (commands) =>
            Effect.flatMap(
              inner.run(commands),
              (outcome) =>
                Effect.suspend(() => lost > 0 && lost-- > 0 ? Effect.fail(unavailable) : Effect.succeed(outcome))
            )
        })
        const other = yield* open(name)
        yield* other.outAll([["job", 1], ["job", 2], ["paused"], ["a"]])
        const waiter = yield* Effect.fork(one.awaitNone(jobs))
        const taker = yield* Effect.fork(one.in(Q.all([["a"], Q.absent(["paused"])])))
        yield* somebodyWaits(other, 2)
        for (const n of [1, 2]) {
          lost = 1
          yield* other.in(["job", n])
          yield* within(Effect.repeat(Effect.yieldNow(), { until: () => lost === 0 }), "the mail")
          assert.isTrue(Exit.isSuccess(yield* Effect.exit(one.count(jobs))))
        }
        yield* within(Fiber.join(waiter), "who waits for absence")
        yield* isWaiting(taker)
        yield* other.in(["paused"])
        yield* within(Fiber.join(taker), "the join")
        yield* isClean(name)
      }))

    it.scopedLive("S8 a join that is complete by a look keeps what it holds, though its mail was in doubt then", () =>
      Effect.gen(function*() {
        const name = fresh()
        const inner = yield* store(name)
        let fails = false
        const one = yield* SpaceStore.make({
          ...inner,
          run: (commands) => Effect.suspend(() => fails ? Effect.fail(unavailable) : inner.run(commands))
        })
        const other = yield* open(name)
        yield* other.out(["a"])
        const use = yield* Effect.fork(
          one.inWith(
            Q.all([["a"], ["b"]]),
            () => Effect.zipRight(Effect.replicateEffect(one.count([P.string]), 10), other.inspect)
          )
        )
        yield* somebodyWaits(other)
        fails = true
        yield* Effect.exit(one.count(["a"]))
        fails = false
        yield* other.out(["b"])
        const { held, tuples } = yield* within(Fiber.join(use), "the use")
        same([held, tuples], [2, []])
        yield* isClean(name)
      }))

    it.scopedLive("what a join is offered and takes itself does not keep it from being absent", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        const only = Q.all([jobs, Q.absent(jobs)])
        const taker = yield* Effect.fork(one.in(only))
        yield* somebodyWaits(one)
        yield* one.out(["job", 1])
        same(yield* within(Fiber.join(taker), "the join"), [["job", 1]])
        yield* one.outAll([["job", 1], ["job", 2]])
        const second = yield* Effect.fork(one.in(only))
        yield* somebodyWaits(one)
        yield* one.out(["job", 3])
        yield* other.in(["job", 1])
        yield* isWaiting(second)
        yield* other.in(["job", 3])
        same(yield* within(Fiber.join(second), "the join"), [["job", 2]])
        yield* isClean(name)
      }))

    it.scopedLive("in a transaction: what it has missed is waited for, and the whole is done again", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [one, other] = [yield* open(name), yield* open(name)]
        yield* other.outAll([["job", 1], ["paused"]])
        const none = yield* Effect.fork(
          SpaceStore.transaction(one)(Effect.zipRight(one.awaitNone(jobs), one.out(["done"])))
        )
        const join = yield* Effect.fork(SpaceStore.transaction(one)(one.in(Q.all([["done"], Q.absent(["paused"])]))))
        yield* somebodyWaits(other, 2)
        same((yield* other.inspect).interests.map(({ kind }) => kind), ["transact", "transact"])
        yield* other.inWith(jobs, () => Effect.void)
        yield* within(Fiber.join(none), "the first transaction")
        same(yield* other.count(["done"]), 1)
        yield* other.in(["paused"])
        same(yield* within(Fiber.join(join), "the second transaction"), [["done"]])
        yield* isClean(name)
      }))

    it.scopedLive("what this program cannot decode is there, for who asks by types and literals", () =>
      Effect.gen(function*() {
        const name = fresh()
        const [knows, lacks] = [yield* open(name, { schemas: [Note] }), yield* open(name)]
        yield* knows.out(["note", 1, new Note({ text: "a" })])
        const all = ["note", P.number, P.any] as const
        same(yield* lacks.inp(Q.all([Q.absent(all)])), Option.none())
        same(yield* lacks.inp(Q.all([Q.absent(["note", P.number, (n: unknown) => n === 1])])), Option.some([]))
        const waiter = yield* Effect.fork(lacks.awaitNone(all))
        yield* somebodyWaits(knows)
        yield* knows.withPermit(all, () => isWaiting(waiter))
        yield* knows.in(all)
        yield* within(Fiber.join(waiter), "who waits for absence")
        // What it would only read ends the operation, and stays as it was.
        yield* knows.outAll([["a"], ["note", 2, new Note({ text: "b" })]])
        const failed = yield* Effect.flip(lacks.in(Q.all([["a"], Q.read(all)])))
        same((failed as SpaceError.SpaceError).reason, "Undecodable")
        same((yield* knows.collect([P.rest(P.any)])).length, 2)
        yield* isClean(name)
      }))

    it.scopedLive("by preference: of the first pattern that has a match", () =>
      Effect.gen(function*() {
        const name = fresh()
        const one = yield* open(name)
        const query = Q.any([["b", P.number], ["a", P.number]], { prefer: "first" })
        yield* one.outAll([["a", 1], ["b", 2], ["b", 3]])
        same(yield* one.in(query), { index: 0, tuple: ["b", 2] })
        same(yield* one.rd(query), { index: 0, tuple: ["b", 3] })
        same(yield* one.inp(query), Option.some({ index: 0, tuple: ["b", 3] }))
        same(yield* one.in(query), { index: 1, tuple: ["a", 1] })
        same(yield* one.inp(query), Option.none())
        const waiter = yield* Effect.fork(one.in(query))
        yield* somebodyWaits(one)
        yield* one.out(["a", 4])
        same(yield* within(Fiber.join(waiter), "the choice"), { index: 1, tuple: ["a", 4] })
        yield* isClean(name)
      }))

    it.scopedLive("there are more jobs than a page has: the oldest, and what is read and absent, are found", () =>
      Effect.gen(function*() {
        const name = fresh()
        const inner = yield* store(name)
        let scans = 0
        const one = yield* SpaceStore.make({
          ...inner,
          transaction: (body, restore) =>
            inner.transaction((run, savepoint) =>
              body((commands) => {
                scans += commands.filter(({ op }) => op === "scan").length
                return run(commands)
              }, savepoint), restore)
        })
        const many = Array.from({ length: 600 }, (_, n) => n)
        yield* one.outAll(many.map((n) => ["job", n]))
        yield* one.outAll(many.slice(0, 599).map((n) => ["blocked", n]))
        yield* one.out(["config", "x"])
        same(
          yield* one.inp(Q.all([["job", P.ref("n")], Q.read(["config", P.string]), Q.absent(["blocked", P.ref("n")])])),
          Option.some([["job", 599], ["config", "x"]])
        )
        scans = 0
        same(yield* one.inp(Q.all([jobs, Q.read(["config", P.any])])), Option.some([["job", 0], ["config", "x"]]))
        // What need not agree with the rest is not read to the end.
        same(scans, 2)
        // Only if it takes the last one itself is there none like that.
        same(yield* one.inp(Q.all([jobs, Q.absent(["job", 598])])), Option.some([["job", 598]]))
        same(yield* one.inp(Q.all([jobs, Q.absent(["blocked", P.between(590, 599)])])), Option.none())
        const x = ["job", P.ref("x")] as const
        yield* one.outAll([["job", 597], ["z"]])
        same(yield* one.inp(Q.all([x, x, Q.read(["z"])])), Option.some([["job", 597], ["job", 597], ["z"]]))
      }))

    it.scopedLive("random contents and queries: what a space in memory finds", () =>
      Effect.gen(function*() {
        const seed = 1 + Math.floor(Math.random() * 1e9)
        yield* Effect.withRandom(
          Effect.forEach(Array.from({ length: rounds }), () => likeInMemory(open), { discard: true }),
          Random.make(seed)
        ).pipe(Effect.tapErrorCause(() => Effect.log(`seed ${seed}`)))
      }), 120_000)
  })
}

const rounds = 40

/** Some tuples, of which some are held, and some queries. */
const likeInMemory = (open: (name: string) => Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>) =>
  Effect.scoped(Effect.gen(function*() {
    const name = fresh()
    const [model, tested, holder] = [yield* TupleSpace.make(), yield* open(name), yield* open(name)]
    const below = (n: number) => Random.nextIntBetween(0, n)
    const letter = Effect.map(below(3), (n) => "abc"[n]!)
    const tuples = yield* Effect.replicateEffect(
      Effect.all([letter, below(3)]),
      yield* Random.nextIntBetween(1, 8)
    )
    yield* Effect.forEach([model, tested], (space) => space.outAll(tuples), { discard: true })
    for (let held = yield* below(3); held > 0; held--) {
      const pattern = [yield* letter, P.number] as const
      const has = (yield* model.count(pattern)) > 0
      if (has) {
        yield* model.inScoped(pattern)
        yield* holder.inScoped(pattern)
      }
    }
    const member = Effect.gen(function*() {
      const second = [P.number, P.ref("x"), P.ref("y"), 0, 1, P.between(1, 2), P.any][yield* below(7)]
      const pattern = [(yield* below(5)) === 0 ? P.any : yield* letter, second] as const
      const role = yield* below(4)
      return role === 0 ? Q.read(pattern) : role === 1 ? Q.absent(pattern) : pattern
    })
    for (let round = 0; round < 6; round++) {
      const members = yield* Effect.replicateEffect(member, yield* Random.nextIntBetween(1, 5))
      const query: any = Q.all(members as any)
      const taking = (yield* below(3)) === 0
      const [expected, actual] = [
        yield* (taking ? model.inp(query) : model.rdp(query)),
        yield* (taking ? tested.inp(query) : tested.rdp(query))
      ]
      same([members.map(String), actual], [members.map(String), expected])
    }
    same(yield* tested.copyCollect([P.rest(P.any)]), yield* model.copyCollect([P.rest(P.any)]))
  }))
