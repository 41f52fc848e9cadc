import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, Process, SpaceStore, Transaction } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Option, Scope, STM, Stream } from "effect"
import type { Space } from "./kit.js"
import { fresh, same, somebodyWaits, standstill, within } from "./kit.js"

/** Opens a client of a space: a new one of that name, or one more. */
export type Open = (
  space: string,
  options?: { readonly lease?: string }
) => Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>

/** Time for what others do to arrive. */
const soon = Effect.sleep("150 millis")

/** What must hold between several clients of one space, on any engine that has them. */
export const clients = (name: string, open: Open): void => {
  describe(name, () => {
    it.scopedLive("a tuple that one puts, another takes; a blocked in is woken, whoever puts", () =>
      Effect.gen(function*() {
        const space = fresh()
        const [one, other] = [yield* open(space), yield* open(space)]
        yield* one.out(["t", 1])
        same(yield* other.in(["t", P.number]), ["t", 1])
        const taker = yield* Effect.fork(other.in(["u", P.number]))
        const reader = yield* Effect.fork(other.rd(["u", P.any]))
        yield* somebodyWaits(one, 2)
        yield* one.out(["u", 2])
        same(yield* Fiber.join(taker), ["u", 2])
        same(yield* Fiber.join(reader), ["u", 2])
        assert.strictEqual(yield* one.count([P.rest(P.any)]), 0)
      }))

    it.scopedLive("S5 takers are served in order of arrival, whichever client they belong to", () =>
      Effect.gen(function*() {
        const space = fresh()
        const all = [yield* open(space), yield* open(space), yield* open(space)]
        const takers: Array<Fiber.RuntimeFiber<readonly ["t", number], unknown>> = []
        for (let i = 0; i < 9; i++) {
          takers.push(yield* Effect.fork(all[i % 3]!.in(["t", P.number])))
          yield* Effect.repeat(all[0]!.inspect, { until: ({ interests }) => interests.length > i })
        }
        for (let i = 0; i < 9; i++) {
          yield* all[(i * 2) % 3]!.out(["t", i])
        }
        same(yield* Fiber.join(Fiber.all(takers)), Array.from({ length: 9 }, (_, i) => ["t", i]))
      }))

    it.scopedLive("S19 tokens grow over clients that come and go, and each is given once", () =>
      Effect.gen(function*() {
        const space = fresh()
        const one = yield* open(space)
        const tokens: Array<number> = []
        const note = (_: unknown, { token }: { readonly token: number }) => Effect.sync(() => void tokens.push(token))
        yield* one.out(["t"])
        for (let round = 0; round < 3; round++) {
          yield* Effect.scoped(Effect.gen(function*() {
            const other = yield* open(space)
            const waiter = yield* one.withPermit(
              ["t"],
              (tuple, hold) => Effect.zipRight(note(tuple, hold), Effect.fork(other.withPermit(["t"], note)))
            )
            yield* Fiber.join(waiter)
            yield* Effect.flip(
              other.inWith(["t"], (tuple, hold) => Effect.zipRight(note(tuple, hold), Effect.fail("no")))
            )
            yield* other.withPermit([(text: unknown) => text === "t"], note)
          }))
        }
        yield* Effect.exit(
          SpaceStore.transaction(one)(
            Effect.zipRight(one.withPermit(["t"], () => Effect.void), Effect.fail("undone"))
          )
        )
        yield* one.withPermit(["t"], note)
        assert.strictEqual(tokens.length, 13)
        same(tokens, [...new Set(tokens)].sort((a, b) => a - b))
      }))

    it.scopedLive("predicates, choices and joins see what others put", () =>
      Effect.gen(function*() {
        const space = fresh()
        const [one, other] = [yield* open(space), yield* open(space)]
        const even = yield* Effect.fork(one.in(["n", (n: number) => n % 2 === 0]))
        const read = yield* Effect.fork(one.rd(["n", P.between(3, 5)]))
        const choice = yield* Effect.fork(one.inAny({ a: ["a"], b: ["b", P.number] }))
        const join = yield* Effect.fork(one.inAll([["x", P.ref("i")], ["y", P.ref("i")]]))
        yield* somebodyWaits(one, 4)
        yield* other.outAll([["n", 1], ["n", 3], ["n", 4], ["b", 1], ["x", 1], ["y", 2], ["x", 2]])
        same(yield* Fiber.join(even), ["n", 4])
        same(yield* Fiber.join(read), ["n", 3])
        same(yield* Fiber.join(choice), { key: "b", tuple: ["b", 1] })
        same(yield* Fiber.join(join), [["x", 2], ["y", 2]])
        same(yield* one.collect([P.rest(P.any)]), [["n", 1], ["n", 3], ["x", 1]])
      }))

    it.scopedLive("a predicate is served with what a join of another client, which came later, does not take", () =>
      Effect.gen(function*() {
        const space = fresh()
        const [one, other] = [yield* open(space), yield* open(space)]
        const even = yield* Effect.fork(other.in(["n", (n: number) => n % 2 === 0]))
        yield* somebodyWaits(one)
        const join = yield* Effect.fork(one.inAll([["n", P.number], ["m"]]))
        yield* somebodyWaits(one, 2)
        yield* one.out(["n", 4])
        same(yield* within(Fiber.join(even), "the in with a predicate"), ["n", 4])
        yield* Fiber.interrupt(join)
      }))

    it.scopedLive("S11 S15 a join does not take what ends while its predicates look, nor the rest without it", () =>
      Effect.gen(function*() {
        const space = fresh()
        const [one, other] = [yield* open(space), yield* open(space)]
        yield* one.out(["a", 1], { ttl: "500 millis" })
        yield* one.out(["b"])
        const slow = (n: number) => {
          if (n === 1) {
            Effect.runSync(standstill(600))
          }
          return true
        }
        const join = yield* Effect.fork(one.inAll([["a", slow], ["b"]]))
        yield* somebodyWaits(one)
        same(yield* other.count(["b"]), 1)
        yield* other.out(["a", 2])
        same(yield* within(Fiber.join(join), "the join"), [["a", 2], ["b"]])
      }))

    it.scopedLive("S17 subscriptions and streams see what others do", () =>
      Effect.gen(function*() {
        const space = fresh()
        const [one, other] = [yield* open(space), yield* open(space)]
        yield* other.out(["t", 0])
        const events = yield* Effect.fork(
          Stream.runCollect(Stream.take(one.subscribe(["t", P.number], { events: ["Out", "In", "Requeue"] }), 5))
        )
        const stream = yield* Effect.fork(Stream.runCollect(Stream.take(one.stream(["t", P.number]), 3)))
        yield* soon
        yield* other.out(["t", 1])
        yield* Effect.ignore(other.inWith(["t", 1], () => Effect.fail("no")))
        yield* other.out(["t", 2])
        yield* other.in(["t", 2])
        same(
          Array.from(yield* Fiber.join(events)).map((event) => event._tag),
          ["Out", "In", "Requeue", "Out", "In"]
        )
        same(Array.from(yield* Fiber.join(stream)), [["t", 0], ["t", 1], ["t", 2]])
      }))

    it.scopedLive("S8 what a client holds when it leaves is back, in its old place, and goes to who waits", () =>
      Effect.gen(function*() {
        const space = fresh()
        const one = yield* open(space)
        yield* one.outAll([["t", 1], ["t", 2]])
        const held = yield* Deferred.make<void>()
        const gone = yield* Effect.fork(Effect.scoped(Effect.gen(function*() {
          const other = yield* open(space)
          yield* Effect.fork(other.in(["never"]))
          yield* Effect.fork(
            other.inWith(["t", 1], () => Effect.zipRight(Deferred.succeed(held, undefined), Effect.never))
          )
          return yield* Effect.never
        })))
        yield* Deferred.await(held)
        assert.strictEqual((yield* one.inspect).held, 1)
        const waiter = yield* Effect.fork(one.in(["t", 1]))
        yield* somebodyWaits(one)
        yield* Fiber.interrupt(gone)
        same(yield* Fiber.join(waiter), ["t", 1])
        same((yield* one.inspect).interests, [])
      }))

    it.scopedLive(
      "S8 S12 a client that leaves while it takes has the tuple, or the space has it",
      () =>
        Effect.gen(function*() {
          const space = fresh()
          const other = yield* open(space)
          for (let round = 0; round < 40; round++) {
            let taken = 0
            const client = yield* Scope.make()
            const one = yield* Scope.extend(open(space), client)
            const takers = yield* Effect.forEach([1, 2, 3], () =>
              Effect.fork(Effect.map(one.in(["t", round]), () => {
                taken++
              })))
            yield* Effect.repeatN(Effect.yieldNow(), round % 20)
            const puts = yield* Effect.fork(other.outAll([["t", round], ["t", round]]))
            yield* Effect.repeatN(Effect.yieldNow(), Math.floor(Math.random() * 60))
            const first = yield* Effect.fork(Fiber.interrupt(takers[0]!))
            yield* Scope.close(client, Exit.void)
            yield* Fiber.joinAll([puts])
            yield* Fiber.await(first)
            yield* Effect.forEach(takers, Fiber.await)
            same((yield* other.collect(["t", round])).length + taken, 2)
          }
        }),
      30_000
    )

    it.scopedLive("failures of processes are tuples for everybody", () =>
      Effect.gen(function*() {
        const space = fresh()
        const [one, other] = [yield* open(space), yield* open(space)]
        const failure = yield* Effect.fork(other.in(Process.failure("no")))
        yield* somebodyWaits(other)
        yield* one.eval(Effect.fail("no"), { name: "worker" })
        assert.strictEqual((yield* Fiber.join(failure))[2], "worker")
      }))

    it.scopedLive("a space has a name: others do not see its tuples", () =>
      Effect.gen(function*() {
        const [one, other] = [yield* open(fresh()), yield* open(fresh())]
        yield* one.out(["t"])
        same(yield* other.inp(["t"]), Option.none())
        assert.strictEqual(yield* other.count([P.rest(P.any)]), 0)
        same(yield* one.inp(["t"]), Option.some(["t"]))
      }))

    it.scopedLive("storms of takes with timeouts and interruptions: each tuple once", () =>
      Effect.gen(function*() {
        const space = fresh()
        const all = [yield* open(space), yield* open(space), yield* open(space)]
        const total = 300
        const taken: Array<number> = []
        const take = (client: Space) =>
          Effect.gen(function*() {
            const pattern = Math.random() < 0.5 ? (["t", P.number] as const) : (["t", (n: number) => n >= 0] as const)
            const how = Math.random()
            const exit = yield* Effect.exit(
              how < 0.4
                ? client.in(pattern, { timeout: Math.random() * 20 })
                : how < 0.7
                ? Effect.timeout(client.in(pattern), Math.random() * 20)
                : client.inWith(pattern, (tuple) => Math.random() < 0.3 ? Effect.fail("no") : Effect.succeed(tuple), {
                  timeout: 20
                })
            )
            if (Exit.isSuccess(exit)) {
              taken.push(exit.value[1])
            }
          })
        yield* Effect.all([
          ...all.map((client, index) =>
            Effect.forEach(
              Array.from({ length: total / 3 }, (_, i) => i * 3 + index),
              (n) => Effect.zipRight(Effect.sleep(Math.random() * 4), client.out(["t", n]))
            )
          ),
          ...all.flatMap((client) => Array.from({ length: 4 }, () => Effect.repeatN(take(client), 40)))
        ], { concurrency: "unbounded" })
        const left = yield* all[0]!.collect(["t", P.number])
        same(
          [...taken, ...left.map(([, n]) => n)].sort((a, b) => a - b),
          Array.from({ length: total }, (_, i) => i)
        )
      }))

    describe("transaction", () => {
      it.scopedLive("all of it happens, or nothing", () =>
        Effect.gen(function*() {
          const space = fresh()
          const [one, other] = [yield* open(space), yield* open(space)]
          yield* one.outAll([["a", 1], ["b", 1]])
          const move = Effect.gen(function*() {
            const [, n] = yield* one.in(["a", P.number])
            yield* one.out(["c", n])
            assert.strictEqual(yield* one.count(["c", P.number]), 1)
            return n
          })
          const failed = yield* Effect.exit(SpaceStore.transaction(one)(Effect.zipRight(move, Effect.fail("no"))))
          same(failed, Exit.fail("no"))
          same(yield* other.copyCollect([P.string, P.number]), [["a", 1], ["b", 1]])
          assert.strictEqual(yield* SpaceStore.transaction(one)(move), 1)
          same(yield* other.copyCollect([P.string, P.number]), [["b", 1], ["c", 1]])
        }))

      type End = (leave: Deferred.Deferred<void>) => Effect.Effect<never, string>
      const ends: ReadonlyArray<readonly [how: string, end: End]> = [
        ["fails", () => Effect.fail("no")],
        ["dies", () => Effect.die("no")],
        ["is interrupted", (leave) => Effect.zipRight(Deferred.succeed(leave, undefined), Effect.never)]
      ]
      for (const [how, end] of ends) {
        it.scopedLive(`S10 one within another is undone alone if it ${how}, and the rest happens`, () =>
          Effect.gen(function*() {
            const space = fresh()
            const [one, other] = [yield* open(space), yield* open(space)]
            yield* one.outAll([["a"], ["b"], ["c"]])
            const held = yield* Scope.make()
            const leave = yield* Deferred.make<void>()
            const part = SpaceStore.transaction(one)(Effect.gen(function*() {
              yield* one.in(["b"])
              yield* one.out(["d"])
              yield* Scope.extend(one.inScoped(["c"]), held)
              return yield* end(leave)
            }))
            yield* SpaceStore.transaction(one)(Effect.gen(function*() {
              yield* one.in(["a"])
              const exit = yield* Effect.exit(Effect.raceFirst(part, Deferred.await(leave)))
              assert.strictEqual(Exit.isFailure(exit), how !== "is interrupted")
              same(yield* one.copyCollect([P.string]), [["b"], ["c"]])
              yield* one.out(["e"])
            }))
            yield* Scope.close(held, Exit.void)
            same(yield* other.copyCollect([P.string]), [["b"], ["c"], ["e"]])
          }))
      }

      it.scopedLive("S10 parts that fibers of one begin at the same time happen one after the other", () =>
        Effect.gen(function*() {
          const one = yield* open(fresh())
          const began = yield* Deferred.make<void>()
          const part = (name: string, end: Effect.Effect<void, string>) =>
            SpaceStore.transaction(one)(Effect.gen(function*() {
              yield* one.out([name, 1])
              yield* Deferred.succeed(began, undefined)
              // By now the other would have begun.
              yield* soon
              yield* SpaceStore.transaction(one)(one.out([name, 2]))
              yield* end
            }))
          yield* SpaceStore.transaction(one)(Effect.all([
            Effect.exit(part("fails", Effect.fail("no"))),
            Effect.zipRight(Deferred.await(began), part("succeeds", Effect.void))
          ], { concurrency: "unbounded" }))
          same(yield* one.copyCollect([P.string, P.number]), [["succeeds", 1], ["succeeds", 2]])
        }))

      it.scopedLive("what it misses, it waits for, holding nothing; and runs again", () =>
        Effect.gen(function*() {
          const space = fresh()
          const [one, other] = [yield* open(space), yield* open(space)]
          yield* one.out(["a", 1])
          let runs = 0
          const both = yield* Effect.fork(
            SpaceStore.transaction(one)(Effect.gen(function*() {
              runs++
              const [, a] = yield* one.in(["a", P.number])
              const [, b] = yield* one.in(["b", P.number])
              yield* one.out(["sum", a + b])
            }))
          )
          yield* somebodyWaits(other)
          same(yield* other.rdp(["a", 1]), Option.some(["a", 1]))
          yield* other.out(["z", 1])
          yield* soon
          // Once, and once more when it was known to wait; not for what does not concern it.
          assert.isAtMost(runs, 2)
          yield* other.out(["b", 2])
          yield* Fiber.join(both)
          same(yield* other.collect([P.string, P.number]), [["z", 1], ["sum", 3]])
          same((yield* one.inspect).interests, [])
        }))

      it.scopedLive("that waits is served with what a join of another client, which came later, does not take", () =>
        Effect.gen(function*() {
          const space = fresh()
          const [one, other] = [yield* open(space), yield* open(space)]
          const taker = yield* Effect.fork(SpaceStore.transaction(other)(other.in(["n", P.number])))
          yield* somebodyWaits(one)
          const join = yield* Effect.fork(one.inAll([["n", P.number], ["m"]]))
          yield* somebodyWaits(one, 2)
          yield* one.out(["n", 4])
          same(yield* within(Fiber.join(taker), "the transaction"), ["n", 4])
          yield* Fiber.interrupt(join)
        }))

      it.scopedLive("serves those who wait when it is done, and not before", () =>
        Effect.gen(function*() {
          const space = fresh()
          const [one, other] = [yield* open(space), yield* open(space)]
          const waiters = yield* Effect.forEach([one, other], (client) => Effect.fork(client.in(["t", P.number])))
          const join = yield* Effect.fork(one.inAll([["x"], ["y"]]))
          yield* somebodyWaits(one, 3)
          yield* Effect.ignore(
            SpaceStore.transaction(one)(Effect.zipRight(one.outAll([["t", 1], ["x"], ["y"]]), Effect.fail("no")))
          )
          yield* soon
          assert.isTrue([...waiters, join].every((fiber) => fiber.unsafePoll() === null))
          yield* SpaceStore.transaction(one)(one.outAll([["t", 1], ["t", 2], ["x"], ["y"]]))
          same((yield* Fiber.join(Fiber.all(waiters))).map(([, n]) => n).sort(), [1, 2])
          same(yield* Fiber.join(join), [["x"], ["y"]])
        }))

      it.scopedLive("two that want the same in opposite order both happen; an interrupted one leaves nothing", () =>
        Effect.gen(function*() {
          const space = fresh()
          const [one, other] = [yield* open(space), yield* open(space)]
          yield* one.outAll([["fork", 0], ["fork", 1]])
          const eat = (client: Space, first: number) =>
            SpaceStore.transaction(client)(Effect.gen(function*() {
              yield* client.in(["fork", first])
              yield* client.in(["fork", 1 - first])
              yield* client.out(["meal", first])
              yield* client.outAll([["fork", first], ["fork", 1 - first]])
            }))
          const waits = yield* Effect.fork(SpaceStore.transaction(one)(one.in(["spoon"])))
          yield* Effect.all([
            Effect.repeatN(eat(one, 0), 9),
            Effect.repeatN(eat(other, 1), 9)
          ], { concurrency: "unbounded" })
          yield* Fiber.interrupt(waits)
          assert.strictEqual(yield* one.count(["meal", P.number]), 20)
          assert.strictEqual(yield* one.count(["fork", P.number]), 2)
          same((yield* other.inspect).interests, [])
        }))
    })

    describe("a transaction of STM", () => {
      it.scopedLive("is one step for all: what one lacks another brings, and no tuple is had twice", () =>
        Effect.gen(function*() {
          const space = fresh()
          const [one, other] = [yield* open(space), yield* open(space)]
          yield* one.outAll([["account", 0, 100], ["account", 1, 100]])
          const transfer = (client: Space, from: number) =>
            client.transact(STM.gen(function*() {
              const [, , balance] = yield* Transaction.in(client, ["account", from, P.number])
              const [, , other] = yield* Transaction.in(client, ["account", 1 - from, P.number])
              yield* Transaction.out(client, ["account", 1 - from, other + 1])
              yield* Transaction.out(client, ["account", from, balance - 1])
            }))
          const last = yield* Effect.fork(other.transact(STM.zip(
            Transaction.in(other, ["end"]),
            STM.zipRight(
              Transaction.check(STM.map(Transaction.count(other, ["busy"]), (count) => count === 0)),
              Transaction.rd(other, ["account", 0, (balance: number) => balance >= 0])
            )
          )))
          yield* one.out(["busy"])
          yield* Effect.all([
            Effect.repeatN(transfer(one, 0), 9),
            Effect.repeatN(transfer(other, 1), 9)
          ], { concurrency: "unbounded" })
          yield* one.out(["end"])
          yield* soon
          assert.isNull(last.unsafePoll())
          same(yield* one.in(["busy"]), ["busy"])
          same(yield* within(Fiber.join(last), "the last one"), [["end"], ["account", 0, 100]])
          same((yield* one.collect(["account", P.number, P.number])).map(([, , balance]) => balance), [100, 100])
          same((yield* other.inspect).interests, [])
        }))

      it.scopedLive("writes more than the first page has, in order, and undoes all with what it is a part of", () =>
        Effect.gen(function*() {
          const space = fresh()
          const [one, other] = [yield* open(space), yield* open(space)]
          const numbers = Array.from({ length: 300 }, (_, n) => n)
          yield* one.transact(STM.forEach(numbers, (n) => Transaction.out(one, ["n", n]), { discard: true }))
          const move = other.transact(
            STM.forEach(
              numbers,
              () => STM.flatMap(Transaction.in(other, ["n", P.number]), ([, n]) => Transaction.out(other, ["m", n])),
              {
                discard: true
              }
            )
          )
          yield* Effect.ignore(SpaceStore.transaction(other)(Effect.zipRight(move, Effect.fail("no"))))
          same((yield* one.copyCollect([P.string, P.number])).map(([kind, n]) => kind + n), numbers.map((n) => `n${n}`))
          yield* move
          same((yield* one.copyCollect([P.string, P.number])).map(([kind, n]) => kind + n), numbers.map((n) => `m${n}`))
        }))
    })

    it.scopedLive("S12 a transaction that closes its own space is undone, and both come to their end", () =>
      Effect.gen(function*() {
        const space = fresh()
        const other = yield* open(space)
        const scope = yield* Scope.make()
        const one = yield* Scope.extend(open(space), scope)
        const transaction = SpaceStore.transaction(one)(
          Effect.zipRight(one.out(["t"]), Scope.close(scope, Exit.void))
        )
        assert.isTrue(Exit.isInterrupted(yield* within(Effect.exit(transaction), "the transaction")))
        same(yield* other.count(["t"]), 0)
        yield* other.out(["t"])
        same(yield* within(other.in(["t"]), "the tuple"), ["t"])
      }))

    it.scopedLive("a tuple that is held for longer than the lease by a client that is silent goes to others", () =>
      Effect.gen(function*() {
        const space = fresh()
        const other = yield* open(space)
        const short = yield* open(space, { lease: "300 millis" })
        yield* other.out(["t"])
        // Somebody else looks at once, before it can say that it lives.
        const exit = yield* Effect.exit(short.inWith(["t"], () => Effect.zipRight(standstill(600), Effect.yieldNow())))
        const stolen = yield* other.inp(["t"])
        // Whoever came first: it is in one place.
        assert.strictEqual(Exit.isSuccess(exit), Option.isNone(stolen))
        if (Exit.isFailure(exit)) {
          const error = Cause.squash(exit.cause) as SpaceError.SpaceError
          assert.strictEqual(error.reason, "Lapsed")
        }
        // And the client is of use again.
        yield* short.out(["u"])
        same(yield* short.in(["u"], { timeout: "5 seconds" }), ["u"])
      }))
  })
}
