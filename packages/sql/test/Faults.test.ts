import { Pattern as P, SpaceError, SpaceStore } from "@effect-linda/core"
import { Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import type { Duration } from "effect"
import { Deferred, Effect, Exit, Fiber, identity, Schema, Scope, Stream } from "effect"
import type { Space } from "./kit.js"
import { fresh, same, standstill, watched, within } from "./kit.js"

type Store = SpaceStore.SpaceStore
type Commands = ReadonlyArray<SpaceStore.Command>

interface Options {
  /** What becomes of the store before a space is made of it. */
  readonly wrap?: (store: Store) => Store
  readonly lease?: Duration.DurationInput
  readonly schemas?: SpaceStore.Options["schemas"]
}

const memory = Effect.runSync(SpaceStore.memory)

const open = (
  name: string,
  { lease, schemas, wrap = identity }: Options = {}
): Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope> =>
  Effect.flatMap(memory.open(name, { lease }), (store) => SpaceStore.make(wrap(store), { schemas }))

/** Time for what others do to arrive. */
const soon = Effect.sleep("40 millis")

/** Answers late: what batches and transactions do is done at once, and each answer takes so long. */
const late = (delay: Duration.DurationInput) => (store: Store): Store => {
  const answered = <A, E, R>(work: Effect.Effect<A, E, R>) =>
    Effect.uninterruptible(Effect.tap(work, () => Effect.sleep(delay)))
  return {
    ...store,
    run: (commands) => answered(store.run(commands)),
    transaction: (body) =>
      Effect.uninterruptibleMask((restore) =>
        answered(store.transaction((run, savepoint) => restore(body((commands) => answered(run(commands)), savepoint))))
      )
  }
}

const unavailable = new SpaceError.SpaceError({ reason: "Unavailable", message: "test" })

/** After its `start`, loses the first batch that it `meets`, or only the answer of that: it fails as Unavailable. */
const outage = (lost: "answer" | "batch", meets: (commands: Commands) => boolean) => {
  let isDue = false
  return {
    start: () => {
      isDue = true
    },
    isDue: () => isDue,
    wrap: (store: Store): Store => ({
      ...store,
      run: (commands) =>
        Effect.suspend(() => {
          if (!isDue || !meets(commands)) {
            return store.run(commands)
          }
          isDue = false
          return lost === "answer" ? Effect.zipRight(store.run(commands), unavailable) : unavailable
        })
    })
  }
}

const some = (op: SpaceStore.Command["op"]) => (commands: Commands) => commands.some((command) => command.op === op)

class Foo extends Schema.Class<Foo>("Foo")({ a: Schema.Number }) {}

describe("at awkward moments, in a store in memory and in SQLite", () => {
  it.scopedLive("a space that closes while an in claims what it was told of loses nothing", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(open(name, { wrap: late("30 millis") }), scope)
      let got = 0
      const taker = yield* Effect.fork(Effect.map(one.in(["t", (n: number) => n > 0]), () => {
        got++
      }))
      yield* Effect.sleep("250 millis")
      yield* other.out(["t", 1])
      // Until the claim has happened in the store, and its answer is under way.
      while ((yield* other.count(["t", 1])) === 1) {
        yield* Effect.sleep("1 millis")
      }
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.await(taker)
      same((yield* other.count(["t", 1])) + got, 1)
    }))

  it.scopedLive("a space that closes while a tuple completes a join loses nothing", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(open(name, { wrap: late("30 millis") }), scope)
      let got = 0
      const join = yield* Effect.fork(Effect.map(one.inAll([["a"], ["b"]]), () => {
        got++
      }))
      yield* other.out(["a"])
      yield* Effect.sleep("400 millis")
      const put = yield* Effect.fork(one.out(["b"]))
      // The transaction is under way.
      yield* Effect.sleep("40 millis")
      yield* Scope.close(scope, Exit.void)
      const putExit = yield* Fiber.await(put)
      yield* Fiber.await(join)
      const [a, b] = [yield* other.count(["a"]), yield* other.count(["b"])]
      same(a + got, 1)
      // A put that was interrupted may have happened or not, unless the join is complete.
      if (Exit.isSuccess(putExit) || a === 0) {
        same(b + got, 1)
      }
    }))

  it.scopedLive("a predicate that throws while its in claims another tuple loses nothing", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const one = yield* open(name, { wrap: late("30 millis") })
      let got = 0
      const taker = yield* Effect.fork(Effect.map(one.in([(word: string) => word.startsWith("a")]), () => {
        got++
      }))
      yield* Effect.sleep("250 millis")
      yield* other.outAll([["abc"], [7]])
      yield* Fiber.await(taker)
      yield* Effect.sleep("200 millis")
      same((yield* other.count(["abc"])) + got, 1)
    }))

  it.scopedLive("a join is served although the store begins the transaction anew in which it is offered a tuple", () =>
    Effect.gen(function*() {
      let isFailing = false
      /** As PostgreSQL does when the connection is lost within a transaction. */
      const wrap = (store: Store): Store => ({
        ...store,
        transaction: <A, E, R>(
          body: (run: Store["run"], savepoint: SpaceStore.Savepoint) => Effect.Effect<A, E, R>
        ) => {
          let isLost = false
          const attempt: Effect.Effect<A, E | SpaceError.SpaceError, R> = Effect.flatMap(
            Effect.exit(store.transaction((run, savepoint) =>
              Effect.filterOrFail(
                body((commands) =>
                  Effect.suspend(() => {
                    if (!isFailing || !some("scan")(commands)) {
                      return run(commands)
                    }
                    isFailing = false
                    isLost = true
                    return unavailable
                  }), savepoint),
                () => !isLost,
                () => unavailable
              )
            )),
            (exit) => {
              if (!isLost) {
                return exit
              }
              isLost = false
              return attempt
            }
          )
          return attempt
        }
      })
      const one = yield* open(fresh(), { wrap })
      yield* one.out(["a"])
      const join = yield* Effect.fork(one.inAll([["a"], ["b"]]))
      yield* soon
      isFailing = true
      yield* one.out(["b"])
      const exit = yield* within(Fiber.await(join), "the join")
      assert.isFalse(isFailing)
      assert.isTrue(Exit.isSuccess(exit), String(exit))
    }))

  it.scopedLive("a dead letter that a waiting join accepts is kept for it, and nothing stays held", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      const join = yield* Effect.fork(one.inAll([["letter"], ["x"]]))
      yield* soon
      yield* one.out(["t"])
      yield* Effect.ignore(one.inWith(["t"], () => Effect.fail("no"), { maxAttempts: 1, deadLetter: () => ["letter"] }))
      same((yield* one.inspect).held, 0)
      yield* one.out(["x"])
      same(yield* within(Fiber.join(join), "the join"), [["letter"], ["x"]])
    }))

  it.scopedLive("a transaction that is interrupted as it commits serves those who wait", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, { wrap: late("30 millis") })
      const other = yield* open(name)
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* Effect.sleep("200 millis")
      const transaction = yield* Effect.fork(SpaceStore.transaction(one)(one.out(["t"])))
      // It has committed, and the answer is under way.
      while ((yield* other.inspect).interests.length > 0) {
        yield* Effect.sleep("1 millis")
      }
      yield* Fiber.interrupt(transaction)
      same(yield* other.count(["t"]), 0)
      same(yield* within(Fiber.join(taker), "the taker"), ["t"])
    }))

  it.scopedLive("an in within a transaction times out as any other", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      const taking = SpaceStore.transaction(one)(one.in(["t"], { timeout: 0 }))
      const exit = yield* within(Effect.exit(taking), "the timeout")
      assert.isTrue(Exit.isFailure(exit))
    }))

  it.scopedLive("a transaction that is interrupted while it takes puts the tuple back once", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, { wrap: late("30 millis") })
      const other = yield* open(name)
      yield* other.out(["t"])
      const transaction = yield* Effect.fork(SpaceStore.transaction(one)(one.in(["t"])))
      yield* Effect.sleep("15 millis")
      yield* Fiber.interrupt(transaction)
      yield* Effect.sleep("200 millis")
      same(yield* other.count(["t"]), 1)
    }))

  it.scopedLive("a transaction that fails after one of its takes was interrupted puts the tuple back once", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, { wrap: late("10 millis") })
      const other = yield* open(name)
      yield* other.outAll([["a"], ["b"]])
      const hasty = Effect.ignore(Effect.timeout(one.in(["a"]), "5 millis"))
      yield* Effect.exit(SpaceStore.transaction(one)(Effect.zipRight(hasty, Effect.fail("no"))))
      yield* Effect.sleep("100 millis")
      same([yield* other.count(["a"]), yield* other.count(["b"])], [1, 1])
    }))

  it.scopedLive("a process that was begun in a transaction can put a tuple when that is over", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* soon
      yield* SpaceStore.transaction(one)(one.eval(Effect.zipRight(soon, one.out(["t"]))))
      same(yield* within(Fiber.join(taker), "the taker"), ["t"])
    }))

  it.scopedLive("a process that was begun in a transaction can wait for a tuple when that is over", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      yield* SpaceStore.transaction(one)(
        one.eval(Effect.zipRight(soon, Effect.zipRight(one.in(["a"]), one.out(["b"]))))
      )
      yield* soon
      yield* soon
      yield* one.out(["a"])
      same(yield* within(one.in(["b"]), "what the process puts"), ["b"])
    }))

  it.scopedLive("what a transaction takes for a scope is back if the scope fails when that is over", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      yield* one.out(["t"])
      const scope = yield* Scope.make()
      yield* SpaceStore.transaction(one)(Scope.extend(one.inScoped(["t"]), scope))
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* soon
      yield* Scope.close(scope, Exit.fail("no"))
      same(yield* within(Fiber.join(taker), "the taker"), ["t"])
    }))

  it.scopedLive("those who wait go on when a transaction is the first to learn that their client has lapsed", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const short = yield* open(name, { lease: "100 millis" })
      const taker = yield* Effect.fork(short.in(["t"]))
      yield* Effect.sleep("50 millis")
      yield* standstill(300)
      // The other one ends it, and the transaction is the first to know.
      yield* other.count(["x"])
      yield* Effect.exit(SpaceStore.transaction(short)(short.out(["u"])))
      yield* Effect.sleep("50 millis")
      yield* other.out(["t"])
      same(yield* within(Fiber.join(taker), "the taker"), ["t"])
    }))

  it.scopedLive("S8 a transaction that confirms a hold does nothing if the hold has lapsed", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const short = yield* open(name, { lease: "100 millis" })
      yield* short.out(["t"])
      const scope = yield* Scope.make()
      yield* Scope.extend(short.inScoped(["t"]), scope)
      yield* standstill(300)
      // The other one ends it.
      same(yield* other.count(["t"]), 1)
      const confirm = Effect.zipRight(Scope.close(scope, Exit.void), short.out(["done"]))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(SpaceStore.transaction(short)(confirm))))
      same([yield* other.count(["t"]), yield* other.count(["done"])], [1, 0])
    }))

  it.scopedLive("a transaction may fail with the Lapsed of another space: those who wait in its own go on", () =>
    Effect.gen(function*() {
      const elsewhere = fresh()
      const one = yield* open(fresh())
      const other = yield* open(elsewhere)
      const short = yield* memory.open(elsewhere, { lease: "1 millis" })
      yield* Effect.sleep("10 millis")
      yield* other.count(["x"])
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* soon
      const error = yield* Effect.flip(short.run([]))
      same(error.reason, "Lapsed")
      same(yield* Effect.flip(SpaceStore.transaction(one)(Effect.fail(error))), error)
      yield* one.out(["t"])
      same(yield* within(Fiber.join(taker), "the taker"), ["t"])
    }))

  it.scopedLive("a subscription that is begun by a client that has lapsed is told of what comes", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const short = yield* open(name, { lease: "100 millis" })
      yield* Effect.sleep("10 millis")
      yield* standstill(300)
      yield* other.count(["x"])
      const first = yield* Effect.fork(Effect.exit(Stream.runHead(short.subscribe(["t"]))))
      yield* soon
      yield* other.out(["t"])
      const exit = yield* within(Fiber.join(first), "the subscription")
      assert.isTrue(Exit.isSuccess(exit), String(exit))
    }))

  it.scopedLive("what a transaction puts that is under way when its space closes is there once, or it has failed", () =>
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
      const transaction = yield* Effect.fork(
        SpaceStore.transaction(one)(
          one.out(["t"]).pipe(
            Effect.zipRight(Deferred.succeed(began, undefined)),
            Effect.zipRight(Effect.sleep("50 millis"))
          )
        )
      )
      yield* Deferred.await(began)
      yield* Scope.close(scope, Exit.void)
      const exit = yield* Fiber.await(transaction)
      yield* Fiber.await(taker)
      same((yield* other.count(["t"])) + got, Exit.isSuccess(exit) ? 1 : 0)
    }))

  it.scopedLive("a commit of SQLite that fails undoes its batch, and the next one happens", () =>
    Effect.gen(function*() {
      const { default: Libsql } = yield* Effect.promise(() => import("libsql"))
      let isFull = false
      const one = yield* Sqlite.make({
        filename: ":memory:",
        open: (filename) =>
          watched(new Libsql(filename), {
            ran: (sql) => {
              if (sql === "COMMIT" && isFull) {
                isFull = false
                throw new Error("disk full")
              }
            }
          })
      })
      yield* one.out(["a"])
      isFull = true
      const exit = yield* Effect.exit(one.out(["b"]))
      assert.isTrue(Exit.isFailure(exit))
      yield* one.out(["c"])
      same(yield* one.copyCollect([P.string]), [["a"], ["c"]])
    }))

  it.scopedLive("a client that uses a tuple with a field that it cannot decode goes on", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, { schemas: [Foo] })
      const old = yield* open(name)
      yield* one.out(["t", new Foo({ a: 1 })])
      yield* within(Effect.exit(old.inWith(["t", P.any], () => Effect.void)), "the use")
      yield* within(old.out(["u"]), "the out after it")
    }))

  it.scopedLive("a client whose predicate would see a field that it cannot decode goes on", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, { schemas: [Foo] })
      const old = yield* open(name)
      const taker = yield* Effect.fork(Effect.exit(old.in(["t", (field: unknown) => field === 1])))
      yield* soon
      yield* one.out(["t", new Foo({ a: 1 })])
      yield* soon
      yield* within(old.out(["u"]), "the out after it")
      yield* Fiber.interrupt(taker)
    }))

  it.scopedLive("what a use holds that has failed is back although its end meets an outage", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const { start, wrap } = outage("batch", some("settle"))
      const one = yield* open(name, { wrap, lease: "300 millis" })
      yield* one.out(["t"])
      start()
      const exit = yield* Effect.exit(one.inWith(["t"], () => Effect.fail("no")))
      assert.isTrue(Exit.isFailure(exit))
      same(yield* within(other.in(["t"]), "the tuple that was held"), ["t"])
    }))

  it.scopedLive("what a use would hold is back if it fails because the answer of the take is lost", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const { start, wrap } = outage("answer", some("take"))
      const one = yield* open(name, { wrap, lease: "300 millis" })
      yield* one.out(["t"])
      start()
      const exit = yield* Effect.exit(one.inWith(["t"], () => Effect.void))
      assert.isTrue(Exit.isFailure(exit))
      same(yield* within(other.in(["t"]), "the tuple that was held"), ["t"])
    }))

  it.scopedLive("an in whose mail was in an answer that is lost is served with the next tuple at the latest", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const { isDue, start, wrap } = outage("answer", () => true)
      const one = yield* open(name, { wrap, lease: "300 millis" })
      const taker = yield* Effect.fork(one.in(["t", P.number]))
      yield* soon
      start()
      yield* other.out(["t", 1])
      yield* Effect.sleep("200 millis")
      assert.isFalse(isDue())
      // The first may be lost, this one may not.
      yield* other.out(["t", 2])
      yield* within(Fiber.join(taker), "the taker")
    }))

  it.scopedLive("collectInto fails if others have what it took, because its client has lapsed", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const into = yield* open(fresh())
      const short = yield* open(name, { lease: "100 millis" })
      yield* other.out(["t"])
      let back = 0
      const slow: Pick<Space, "outAll"> = {
        outAll: (tuples) =>
          Effect.gen(function*() {
            yield* into.outAll(tuples)
            yield* standstill(300)
            back = yield* other.count(["t"])
          })
      }
      const exit = yield* Effect.exit(short.collectInto(["t"], slow))
      // Whoever came first: the other one, or the sign of life.
      same(Exit.isFailure(exit), back === 1)
    }))

  it.scopedLive("an in that fails because the answer of its wait is lost leaves no waiter behind", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      let isLost = true
      const wrap = (store: Store): Store => ({
        ...store,
        transaction: (body) =>
          Effect.filterOrFail(
            store.transaction(body),
            () => {
              const isThere = !isLost
              isLost = false
              return isThere
            },
            () => unavailable
          )
      })
      const one = yield* open(name, { wrap, lease: "300 millis" })
      const exit = yield* Effect.exit(one.in(["t", (n: number) => n > 0]))
      assert.isTrue(Exit.isFailure(exit))
      yield* Effect.sleep("300 millis")
      yield* other.out(["t", 1])
      yield* Effect.sleep("300 millis")
      same((yield* other.inspect).interests, [])
    }))

  it.scopedLive("a tuple that is offered to a join, which is complete without it, goes to the next who waits", () =>
    Effect.gen(function*() {
      const name = fresh()
      const [other, third] = [yield* open(name), yield* open(name)]
      // Batches take a while on their way to the store.
      const way = Effect.sleep("40 millis")
      const wrap = (store: Store): Store => ({
        ...store,
        run: (commands) => Effect.uninterruptible(Effect.zipRight(way, store.run(commands))),
        transaction: (body) => Effect.zipRight(way, store.transaction(body))
      })
      const one = yield* open(name, { wrap })
      const join = yield* Effect.fork(one.inAll([["t", P.number], ["u", P.number]]))
      yield* Effect.sleep("200 millis")
      const taker = yield* Effect.fork(third.in(["u", 2]))
      yield* soon
      const put = yield* Effect.fork(one.out(["u", 2]))
      yield* Effect.sleep("15 millis")
      yield* other.outAll([["t", 1], ["u", 1]])
      yield* Fiber.join(put)
      same(yield* within(Fiber.join(join), "the join"), [["t", 1], ["u", 1]])
      same(yield* within(Fiber.join(taker), "the taker"), ["u", 2])
    }))
})
