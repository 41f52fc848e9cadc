import type { Tuple, TupleSpace } from "@effect-linda/core"
import { Pattern as P, SpaceError, SpaceStore } from "@effect-linda/core"
import { Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Schema, Scope, Stream } from "effect"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>
type Store = SpaceStore.SpaceStore

const memory = Effect.runSync(SpaceStore.memory)
let names = 0
const fresh = () => `faults ${++names}`
const soon = Effect.sleep("40 millis")
const same = (a: unknown, b: unknown) => assert.deepStrictEqual(a, b)

const open = (
  name: string,
  wrap: (store: Store) => Store = (s) => s,
  options: any = {},
  spaceOptions: any = {}
): Effect.Effect<Space, any, Scope.Scope> =>
  Effect.flatMap(memory.open(name, options), (store) => SpaceStore.make(wrap(store), spaceOptions)) as any

/** Answers late: batches and transactions are done, and their answers take a while. */
const late = (ms: () => number) => (store: Store): Store => ({
  ...store,
  run: (commands) => Effect.uninterruptible(Effect.tap(store.run(commands), () => Effect.sleep(ms()))),
  transaction: (body) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.tap(
        store.transaction((run) =>
          restore(body((commands) => Effect.uninterruptible(Effect.tap(run(commands), () => Effect.sleep(ms())))))
        ),
        () => Effect.sleep(ms())
      )
    ) as any
})
const unavailable = new SpaceError.SpaceError({ reason: "Unavailable", message: "test" })

const within = <A, E, R>(e: Effect.Effect<A, E, R>, what: string) =>
  Effect.flatMap(
    Effect.timeoutOption(Effect.disconnect(e), "2 seconds"),
    Option.match({
      onNone: () => Effect.die(new Error(`HANG: ${what}`)),
      onSome: (a) => Effect.succeed(a)
    })
  )

describe("what goes wrong at an awkward moment, of a store in memory and of SQLite", () => {
  it.scopedLive("01 close while a hinted in claims: tuple lost", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(open(name, late(() => 30)), scope)
      let got = 0
      const taker = yield* Effect.fork(Effect.map(one.in(["t", (n: number) => n > 0]), () => {
        got++
      }))
      yield* Effect.sleep("250 millis")
      yield* other.out(["t", 1])
      // wait till the claim has happened in the store
      while ((yield* other.count(["t", 1])) === 1) yield* Effect.sleep("1 millis")
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.await(taker)
      same((yield* other.count(["t", 1])) + got, 1)
    }))

  it.scopedLive("02 close while a join is completed by an offer: tuples lost", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(open(name, late(() => 30)), scope)
      let got = 0
      const join = yield* Effect.fork(Effect.map(one.inAll([["a"], ["b"]]), () => {
        got++
      }))
      yield* other.out(["a"])
      yield* Effect.sleep("400 millis")
      const put = yield* Effect.fork(one.out(["b"]))
      // the transaction is under way
      yield* Effect.sleep("40 millis")
      yield* Scope.close(scope, Exit.void)
      const putExit = yield* Fiber.await(put)
      yield* Fiber.await(join)
      const a = yield* other.count(["a"])
      same({ a: a + got, b: (yield* other.count(["b"])) + got }, {
        a: 1,
        b: Exit.isSuccess(putExit) ? 1 : a === 1 ? (yield* other.count(["b"])) + got : 1
      })
    }))

  it.scopedLive("03 predicate that throws on a later tuple while a claim is under way: tuple lost", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const one = yield* open(name, late(() => 30))
      let got = 0
      const taker = yield* Effect.fork(Effect.map(one.in([(x: any) => x.startsWith("a")]), () => {
        got++
      }))
      yield* Effect.sleep("250 millis")
      yield* other.outAll([["abc"], [7]])
      yield* Fiber.await(taker)
      yield* Effect.sleep("200 millis")
      same((yield* other.count(["abc"])) + got, 1)
    }))

  it.scopedLive("04 a transaction that the store begins anew ends a join that is offered something", () =>
    Effect.gen(function*() {
      const name = fresh()
      let failing = false
      const wrap = (store: Store): Store => ({
        ...store,
        // as PostgreSQL does when the connection is lost within a transaction
        transaction: (body) => {
          let lost = false
          const once: any = Effect.flatMap(
            Effect.exit(store.transaction((run) =>
              body((commands) =>
                failing && commands.some((c) => c.op === "scan")
                  ? Effect.suspend(() => {
                    failing = false
                    lost = true
                    return Effect.fail(unavailable)
                  })
                  : run(commands)
              ).pipe(Effect.filterOrFail(() => !lost, () => unavailable)) as any
            )),
            (exit: any) =>
              lost
                ? Effect.suspend(() => {
                  lost = false
                  return once
                })
                : exit
          )
          return once
        }
      })
      const one = yield* open(name, wrap)
      yield* one.out(["a"])
      const join = yield* Effect.fork(one.inAll([["a"], ["b"]]))
      yield* soon
      failing = true
      yield* one.out(["b"])
      const exit = yield* within(Fiber.await(join), "join")
      assert.isTrue(Exit.isSuccess(exit), String(exit))
    }))

  it.scopedLive("06 dead letter that a waiting join accepts", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      const join = yield* Effect.fork(one.inAll([["letter"], ["x"]]))
      yield* soon
      yield* one.out(["t"])
      yield* Effect.ignore(one.inWith(["t"], () => Effect.fail("no"), { maxAttempts: 1, deadLetter: () => ["letter"] }))
      same((yield* one.inspect).held, 0)
      yield* one.out(["x"])
      same(yield* within(Fiber.join(join), "join"), [["letter"], ["x"]])
    }))

  it.scopedLive("07 a waiter with a predicate before a join of another client misses what the join declines", () =>
    Effect.gen(function*() {
      const name = fresh()
      const [a, b] = [yield* open(name), yield* open(name)]
      const even = yield* Effect.fork(b.in(["n", (n: number) => n % 2 === 0]))
      yield* soon
      const join = yield* Effect.fork(a.inAll([["n", P.number], ["m"]]))
      yield* soon
      yield* a.out(["n", 4])
      same(yield* within(Fiber.join(even), "predicate"), ["n", 4])
      yield* Fiber.interrupt(join)
    }))

  it.scopedLive("07b a waiting transaction before a join misses what the join declines", () =>
    Effect.gen(function*() {
      const name = fresh()
      const [a, b] = [yield* open(name), yield* open(name)]
      const tx = yield* Effect.fork(SpaceStore.transaction(b)(b.in(["n", P.number])))
      yield* soon
      const join = yield* Effect.fork(a.inAll([["n", P.number], ["m"]]))
      yield* soon
      yield* a.out(["n", 4])
      same(yield* within(Fiber.join(tx), "transaction"), ["n", 4])
      yield* Fiber.interrupt(join)
    }))

  it.scopedLive("08 a transaction that is interrupted as it commits: mail of others lost", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, late(() => 30))
      const other = yield* open(name)
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* Effect.sleep("200 millis")
      const tx = yield* Effect.fork(SpaceStore.transaction(one)(one.out(["t"])))
      yield* Effect.sleep("45 millis") // committed, answer under way
      yield* Fiber.interrupt(tx)
      const left = yield* other.count(["t"])
      if (left === 0) {
        same(yield* within(Fiber.join(taker), "taker"), ["t"])
      } else yield* Fiber.interrupt(taker)
    }))

  it.scopedLive("09 timeout of an in within a transaction", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      const exit = yield* within(Effect.exit(SpaceStore.transaction(one)(one.in(["t"], { timeout: 0 }))), "timeout 0")
      assert.isTrue(Exit.isFailure(exit))
    }))

  it.scopedLive("10 a transaction interrupted while it takes: tuple twice", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, late(() => 30))
      const other = yield* open(name)
      yield* other.out(["t"])
      const tx = yield* Effect.fork(SpaceStore.transaction(one)(one.in(["t"])))
      yield* Effect.sleep("15 millis")
      yield* Fiber.interrupt(tx)
      yield* Effect.sleep("200 millis")
      same(yield* other.count(["t"]), 1)
    }))

  it.scopedLive("10b a race within a transaction that fails: tuple twice", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, late(() => 10))
      const other = yield* open(name)
      yield* other.outAll([["a"], ["b"]])
      yield* Effect.exit(
        SpaceStore.transaction(one)(
          Effect.zipRight(Effect.timeout(one.in(["a"]), "5 millis").pipe(Effect.ignore), Effect.fail("no"))
        )
      )
      yield* Effect.sleep("100 millis")
      same([yield* other.count(["a"]), yield* other.count(["b"])], [1, 1])
    }))

  it.scopedLive("11 a process begun in a transaction goes on by itself when that is over", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name)
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* soon
      yield* SpaceStore.transaction(one)(one.eval(Effect.zipRight(soon, one.out(["t"]))))
      same(yield* within(Fiber.join(taker), "taker"), ["t"])
    }))

  it.scopedLive("11b a process begun in a transaction waits for a tuple", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name)
      yield* SpaceStore.transaction(one)(
        one.eval(Effect.zipRight(soon, Effect.zipRight(one.in(["a"]), one.out(["b"]))))
      )
      yield* soon
      yield* soon
      yield* one.out(["a"])
      same(yield* within(one.in(["b"]), "process"), ["b"])
    }))

  it.scopedLive("11c inScoped in a transaction, with a scope that ends later", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name)
      yield* one.out(["t"])
      const scope = yield* Scope.make()
      yield* SpaceStore.transaction(one)(Scope.extend(one.inScoped(["t"]), scope))
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* soon
      yield* Scope.close(scope, Exit.fail("no"))
      same(yield* within(Fiber.join(taker), "taker"), ["t"])
    }))

  it.scopedLive("12 a client that learns in a transaction that it has lapsed: waiters hang", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const short = yield* open(name, (s) => s, { lease: "100 millis" })
      const taker = yield* Effect.fork(short.in(["t"]))
      yield* Effect.sleep("50 millis")
      const blocked = Effect.gen(function*() {
        const until = performance.now() + 300
        while (performance.now() < until);
      })
      // The other one buries it, and the transaction is the first to know
      yield* blocked
      yield* other.count(["x"])
      yield* Effect.exit(SpaceStore.transaction(short)(short.out(["u"])))
      yield* Effect.sleep("50 millis")
      yield* other.out(["t"])
      same(yield* within(Fiber.join(taker), "taker"), ["t"])
    }))

  it.scopedLive("13 a transaction that fails with somebody else's Lapsed", () =>
    Effect.gen(function*() {
      const name = fresh(), name2 = fresh()
      const one = yield* open(name)
      // the same error, by way of another space of the process
      const other = yield* open(name2)
      const short = yield* Effect.orDie(memory.open(name2, { lease: "1 millis" }))
      yield* Effect.sleep("10 millis")
      yield* other.count(["x"])
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* soon
      const error = yield* Effect.flip(short.run([]))
      same(error.reason, "Lapsed")
      same(yield* Effect.flip(SpaceStore.transaction(one)(Effect.fail(error))), error)
      yield* one.out(["t"])
      same(yield* within(Fiber.join(taker), "taker"), ["t"])
    }))

  it.scopedLive("14 a subscription that is begun by a client that has lapsed", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const short = yield* open(name, (s) => s, { lease: "100 millis" })
      yield* Effect.sleep("10 millis")
      const until = performance.now() + 300
      while (performance.now() < until);
      yield* other.count(["x"])
      const first = yield* Effect.fork(Effect.exit(Stream.runHead(short.subscribe(["t"]))))
      yield* soon
      yield* other.out(["t"])
      const exit = yield* within(Fiber.join(first), "subscription")
      assert.isTrue(Exit.isSuccess(exit), String(exit))
    }))

  it.scopedLive("15 a transaction that commits while the space closes: what it gave to those who waited", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(open(name), scope)
      let got = 0
      const taker = yield* Effect.fork(Effect.map(one.in(["t"]), () => {
        got++
      }))
      yield* soon
      const began = yield* Deferred.make<void>()
      const tx = yield* Effect.fork(
        SpaceStore.transaction(one)(
          one.out(["t"]).pipe(
            Effect.zipRight(Deferred.succeed(began, undefined)),
            Effect.zipRight(Effect.sleep("50 millis"))
          )
        )
      )
      yield* Deferred.await(began)
      yield* Scope.close(scope, Exit.void)
      const exit = yield* Fiber.await(tx)
      yield* Fiber.await(taker)
      same((yield* other.count(["t"])) + got, Exit.isSuccess(exit) ? 1 : 0)
    }))

  it.scopedLive("16 SQLite: a commit that fails", () =>
    Effect.gen(function*() {
      const Libsql = (yield* Effect.promise(() => import("libsql"))).default as any
      let fail = false
      const one = yield* Sqlite.make({
        filename: ":memory:",
        open: (f) => {
          const db = new Libsql(f)
          return {
            exec: (s: string) => db.exec(s),
            close: () => db.close(),
            prepare: (s: string) => {
              const st = db.prepare(s)
              return {
                run: (...p: any[]) => {
                  if (s === "COMMIT" && fail) {
                    fail = false
                    throw new Error("disk full")
                  }
                  return st.run(...p)
                },
                all: (...p: any[]) => st.all(...p)
              }
            }
          } as any
        }
      })
      yield* one.out(["a"])
      fail = true
      const exit = yield* Effect.exit(one.out(["b"]))
      assert.isTrue(Exit.isFailure(exit))
      yield* one.out(["c"])
      same(yield* one.copyCollect([P.string]), [["a"], ["c"]])
    }))

  class Foo extends Schema.Class<Foo>("Foo")({ a: Schema.Number }) {}
  it.scopedLive("17 a field that this client cannot decode: the session dies", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, (s) => s, {}, { schemas: [Foo] })
      const old = yield* open(name)
      yield* one.out(["t", new Foo({ a: 1 })])
      yield* Effect.exit(within(old.inWith(["t", P.any], () => Effect.void), "inWith"))
      yield* within(old.out(["u"]), "out after")
    }))

  it.scopedLive("17b a field that this client cannot decode comes to a waiter with a predicate", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, (s) => s, {}, { schemas: [Foo] })
      const old = yield* open(name)
      const w = yield* Effect.fork(Effect.exit(old.in(["t", (x: any) => x === 1])))
      yield* soon
      yield* one.out(["t", new Foo({ a: 1 })])
      yield* soon
      yield* within(old.out(["u"]), "out after")
      yield* Fiber.interrupt(w)
    }))

  /** Fails as Unavailable, `happened` or not, when `when` says so. */
  const faulty =
    (state: { fail: number; happened: boolean; when: (c: ReadonlyArray<SpaceStore.Command>) => boolean }) =>
    (store: Store): Store => ({
      ...store,
      run: (commands) =>
        Effect.suspend(() => {
          if (state.fail > 0 && state.when(commands)) {
            state.fail--
            return state.happened
              ? Effect.zipRight(store.run(commands), Effect.fail(unavailable))
              : Effect.fail(unavailable)
          }
          return store.run(commands)
        })
    })

  it.scopedLive("18 the end of a use meets an outage: the tuple is held for ever", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const state = { fail: 0, happened: false, when: (c: any) => c.some((c: any) => c.op === "settle") }
      const one = yield* open(name, faulty(state), { lease: "300 millis" })
      yield* one.out(["t"])
      state.fail = 1
      const exit = yield* Effect.exit(one.inWith(["t"], () => Effect.fail("no")))
      assert.isTrue(Exit.isFailure(exit))
      same(yield* within(other.in(["t"]), "tuple is held for ever"), ["t"])
    }))

  it.scopedLive("18b a take that has happened, but failed as Unavailable, for inWith: held for ever", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const state = { fail: 0, happened: true, when: (c: any) => c.some((c: any) => c.op === "take") }
      const one = yield* open(name, faulty(state), { lease: "300 millis" })
      yield* one.out(["t"])
      state.fail = 1
      const exit = yield* Effect.exit(one.inWith(["t"], () => Effect.void))
      assert.isTrue(Exit.isFailure(exit))
      same(yield* within(other.in(["t"]), "tuple is held for ever"), ["t"])
    }))

  it.scopedLive("20 mail that was in an answer that is lost: the waiter hangs", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const state = { fail: 0, happened: true, when: () => true }
      const one = yield* open(name, faulty(state), { lease: "300 millis" })
      const taker = yield* Effect.fork(one.in(["t", P.number]))
      yield* soon
      state.fail = 1
      yield* other.out(["t", 1])
      yield* Effect.sleep("200 millis")
      yield* other.out(["t", 2]) // t 1 may be lost; but this one should come
      yield* within(Fiber.join(taker), "taker")
    }))

  it.scopedLive("23 collectInto whose client lapses", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const into = yield* open(fresh())
      const short = yield* open(name, (s) => s, { lease: "100 millis" })
      yield* other.out(["t"])
      const slow = {
        outAll: (all: any) =>
          Effect.zipRight(
            into.outAll(all),
            Effect.gen(function*() {
              const until = performance.now() + 300
              while (performance.now() < until);
              n = yield* other.count(["t"])
            })
          )
      }
      let n = 0
      const exit = yield* Effect.exit(short.collectInto(["t"], slow as any))
      if (n === 1) assert.isTrue(Exit.isFailure(exit))
    }))

  it.scopedLive("24 leftovers: a wait that happened though it failed as Unavailable", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      let fail = true
      const one = yield* open(name, (store) => ({
        ...store,
        transaction: (body: any) =>
          Effect.flatMap(store.transaction(body), (a: any) =>
            Effect.suspend(() => fail ? (fail = false, Effect.fail(unavailable)) : Effect.succeed(a))) as any
      }), { lease: "300 millis" })
      const exit = yield* Effect.exit(one.in(["t", (n: number) =>
        n > 0]))
      assert.isTrue(Exit.isFailure(exit))
      yield* Effect.sleep("300 millis")
      yield* other.out(["t", 1])
      yield* Effect.sleep("300 millis")
      same((yield* other.inspect).interests, [])
    }))

  it.scopedLive("27 a join that is complete without the tuple that it is offered: nobody else is offered that", () =>
    Effect.gen(function*() {
      const name = fresh()
      const [b, c] = [yield* open(name), yield* open(name)]
      // Batches take a while on their way to the store.
      const a = yield* open(name, (store) => ({
        ...store,
        run: (commands) => Effect.uninterruptible(Effect.zipRight(Effect.sleep("40 millis"), store.run(commands))),
        transaction: (body: any) => Effect.zipRight(Effect.sleep("40 millis"), store.transaction(body)) as any
      }))
      const join = yield* Effect.fork(a.inAll([["t", P.number], ["u", P.number]]))
      yield* Effect.sleep("200 millis")
      const taker = yield* Effect.fork(c.in(["u", 2]))
      yield* soon
      const put = yield* Effect.fork(a.out(["u", 2]))
      yield* Effect.sleep("15 millis")
      yield* b.outAll([["t", 1], ["u", 1]])
      yield* Fiber.join(put)
      same(yield* within(Fiber.join(join), "join"), [["t", 1], ["u", 1]])
      same(yield* within(Fiber.join(taker), "taker"), ["u", 2])
    }))
})
