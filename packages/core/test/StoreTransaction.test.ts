import type { Tuple } from "@effect-linda/core"
import {
  Pattern as P,
  SpaceError,
  SpaceStore,
  StoreCommand,
  Transaction,
  TupleSpace,
  Undecoded
} from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Scope, STM, Stream, TestClock, TRef } from "effect"
import { isWaiting, same, settle, start } from "./helpers.js"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

const lease = "10000 days"

/** A store in memory, by as many clients as are asked for. */
const stores = Effect.map(SpaceStore.memory, ({ open }) =>
(options?: {
  readonly name?: string
  readonly wrap?: (store: SpaceStore.SpaceStore) => SpaceStore.SpaceStore
}) =>
  Effect.flatMap(
    open(options?.name ?? "jobs", { lease }),
    (store) =>
      SpaceStore.make(options?.wrap?.(store) ?? store) as Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>
  ))

const space = Effect.flatMap(stores, (open) => open())

const unavailable = new SpaceError.SpaceError({ reason: "Unavailable", message: "the store is gone" })

const all = (space: Space) => space.copyCollect([P.rest(P.any)])

/** Counts what the store is asked for in transactions. */
const counted = () => {
  const seen: Array<ReadonlyArray<SpaceStore.Command>> = []
  const wrap = (store: SpaceStore.SpaceStore): SpaceStore.SpaceStore => ({
    ...store,
    transaction: (body) =>
      store.transaction((run, savepoint) =>
        body((commands) => {
          seen.push(commands)
          return run(commands)
        }, savepoint)
      )
  })
  return { seen, wrap }
}

describe("Numbers of holds on a store", () => {
  const token = (space: Space) => space.withPermit(["t"], (_, { token }) => Effect.succeed(token))
  const refusalOf = (exit: Exit.Exit<unknown, unknown>) => {
    assert.isTrue(Exit.isFailure(exit))
    const { message, reason } = Cause.squash((exit as Exit.Failure<unknown, unknown>).cause) as SpaceError.SpaceError
    assert.strictEqual(reason, "Unsupported")
    return message
  }

  it.scoped("S19 in a transaction, which may be undone, a hold has none; what it is otherwise told, it is", () =>
    Effect.gen(function*() {
      const one = yield* space
      yield* one.out(["t"])
      const first = yield* token(one)
      const within = SpaceStore.transaction(one)
      assert.match(refusalOf(yield* Effect.exit(within(token(one)))), /^token: in a transaction nothing is held yet/)
      same(yield* within(one.inWith(["t"], (_, { attempts }) => Effect.succeed(attempts))), 0)
      yield* one.out(["t"])
      const inside = yield* one.withPermit(["t"], (_, { token }) => within(Effect.succeed(token)))
      assert.isAbove(inside, first)
      assert.isAbove(yield* token(one), inside)
      yield* Effect.exit(within(one.inWith(["t"], (_, hold) => hold.giveUp("no"))))
      same(yield* all(one), [["t"]])
    }))

  it.scoped("S19 a store that does not number its holds serves them all the same", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const isOther = (key: string, value: unknown) => key === "token" ? undefined : value
      const one = yield* open({
        wrap: (store) => ({
          ...store,
          run: StoreCommand.run((commands) =>
            Effect.map(store.run(commands), (outcome) => JSON.parse(JSON.stringify(outcome, isOther)))
          )
        })
      })
      yield* one.out(["t"])
      same(yield* one.inWith(["t"], (_, { attempts }) => Effect.succeed(attempts)), 0)
      yield* one.out(["t"])
      assert.match(refusalOf(yield* Effect.exit(token(one))), /^token: the store of this space does not number/)
      same(yield* all(one), [["t"]])
    }))
})

describe("Transactions of STM on a store", () => {
  it.scoped("S10 many tuples of one kind, by more pages than one, are taken oldest first", () =>
    Effect.gen(function*() {
      const one = yield* space
      const numbers = Array.from({ length: 700 }, (_, n) => n)
      yield* one.outAll(numbers.map((n) => ["n", n] as const))
      const isLate = (n: number) => n >= 650
      const taken = yield* one.transact(STM.forEach(numbers.slice(0, 20), () => Transaction.in(one, ["n", P.number])))
      same(taken.map(([, n]) => n), numbers.slice(0, 20))
      same(yield* one.transact(Transaction.in(one, ["n", P.when(isLate as (value: unknown) => value is number)])), [
        "n",
        650
      ])
      const rest = yield* one.transact(STM.forEach(numbers.slice(0, 679), () => Transaction.in(one, ["n", P.number])))
      same(rest.map(([, n]) => n), numbers.filter((n) => n >= 20 && n !== 650))
      same(yield* all(one), [])
    }))

  it.scoped("S10 count sees what the transaction has put and taken, whatever the pattern asks for", () =>
    Effect.gen(function*() {
      const one = yield* space
      yield* one.outAll([["n", 1], ["n", 2], ["n", 3], ["m", 1]])
      const isOdd = (value: unknown) => typeof value === "number" && value % 2 === 1
      const counts = yield* one.transact(STM.gen(function*() {
        const numbers = Transaction.count(one, ["n", P.number])
        const odd = Transaction.count(one, ["n", isOdd])
        const before = [yield* numbers, yield* odd]
        yield* Transaction.in(one, ["n", 1])
        yield* Transaction.out(one, ["n", 5])
        yield* Transaction.out(one, ["n", 7])
        yield* Transaction.in(one, ["n", 7])
        yield* Transaction.inp(one, ["m", 1])
        return [...before, yield* numbers, yield* odd, yield* Transaction.count(one, ["m", P.any])]
      }))
      same(counts, [3, 2, 3, 2, 0])
      same(yield* all(one), [["n", 2], ["n", 3], ["n", 5]])
    }))

  it.scoped("S10 what it puts it gets as a store gives it, and refuses what no store keeps", () =>
    Effect.gen(function*() {
      const one = yield* space
      const field = { a: [1] }
      const [, back] = yield* one.transact(
        STM.zipRight(Transaction.out(one, ["t", field]), Transaction.in(one, ["t", P.any]))
      )
      same(back, field)
      assert.notStrictEqual(back, field)
      const error = yield* Effect.flip(
        one.transact(STM.zipRight(Transaction.out(one, ["t", 1]), Transaction.out(one, ["t", () => 1])))
      )
      same(error.reason, "InvalidTuple")
      same(yield* all(one), [])
    }))

  it.scoped("S10 S17 others see its events in the order in which it did them, and nothing of what was its own", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const one = yield* open()
      const other = yield* open()
      yield* one.outAll([["a", 1], ["a", 2]])
      const events = yield* other.subscribe(["a", P.number], { events: ["Out", "In"], scoped: true })
      const reader = yield* start(other.rd(["a", 9]))
      yield* one.transact(STM.gen(function*() {
        yield* Transaction.out(one, ["a", 3])
        yield* Transaction.in(one, ["a", 1])
        yield* Transaction.out(one, ["a", 9])
        yield* Transaction.in(one, ["a", 9])
        yield* Transaction.out(one, ["a", 4])
        yield* Transaction.in(one, ["a", 2])
      }))
      same([...yield* Stream.runCollect(Stream.take(events, 4))], [
        { _tag: "Out", tuple: ["a", 3] },
        { _tag: "In", tuple: ["a", 1] },
        { _tag: "Out", tuple: ["a", 4] },
        { _tag: "In", tuple: ["a", 2] }
      ])
      assert.isTrue(yield* isWaiting(reader))
      yield* Fiber.interrupt(reader)
    }))

  it.scoped("S10 when it runs again it asks for all that it needs at once, and writes all at once", () =>
    Effect.gen(function*() {
      const { seen, wrap } = counted()
      const one = yield* Effect.flatMap(stores, (open) => open({ wrap }))
      yield* one.outAll([["a", 1], ["b", 2]])
      let runs = 0
      const fiber = yield* start(one.transact(STM.gen(function*() {
        runs++
        const [, a] = yield* Transaction.in(one, ["a", P.number])
        const [, b] = yield* Transaction.rd(one, ["b", P.number])
        const [, c] = yield* Transaction.in(one, ["c", P.number])
        yield* Transaction.out(one, ["sum", a + b + c])
      })))
      seen.length = 0
      const before = runs
      yield* one.out(["c", 3])
      yield* Fiber.join(fiber)
      same(seen.map((commands) => commands.map(({ op }) => op)), [["scan", "scan", "scan"], ["claim", "claim", "put"]])
      same(runs - before, 1)
      same(yield* all(one), [["b", 2], ["sum", 6]])
    }))

  it.scoped("S10 a branch that is tried because a fact is lacking counts for nothing", () =>
    Effect.gen(function*() {
      const one = yield* space
      yield* one.outAll([["a"], ["b"]])
      const instead: ReadonlyArray<STM.STM<string, string>> = [
        STM.succeed("instead"),
        STM.fail("failed"),
        STM.dieMessage("died")
      ]
      for (const other of instead) {
        const first = STM.orElse(STM.as(Transaction.rd(one, ["a"]), "first"), () => other)
        same(yield* one.transact(first), "first")
      }
      const found = yield* one.transact(Transaction.inp(one, ["b"]))
      same(found, Option.some(["b"]))
    }))

  it.scoped("S10 two programs: what one waits for the other brings, and each tuple is had once", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const one = yield* open()
      const other = yield* open()
      const pair = (space: Space) =>
        space.transact(STM.gen(function*() {
          const [, left] = yield* Transaction.in(space, ["left", P.number])
          const [, right] = yield* Transaction.in(space, ["right", (n: unknown) => typeof n === "number"])
          yield* Transaction.out(space, ["pair", left, right])
        }))
      const pairs = yield* start(Effect.all(
        Array.from({ length: 10 }, (_, n) => pair(n % 2 === 0 ? one : other)),
        { concurrency: "unbounded", discard: true }
      ))
      for (let n = 0; n < 10; n++) {
        yield* (n % 3 === 0 ? one : other).out(["left", n])
        yield* (n % 3 === 1 ? one : other).out(["right", n])
      }
      yield* Fiber.join(pairs)
      const got = yield* one.collect(["pair", P.number, P.number])
      same([...got.map(([, left]) => left)].sort(), Array.from({ length: 10 }, (_, n) => n))
      same([...got.map(([, , right]) => right)].sort(), Array.from({ length: 10 }, (_, n) => n))
      same(yield* all(other), [])
      same((yield* one.inspect).interests, [])
    }))

  it.scoped("S10 a condition waits for what another program takes or puts", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const one = yield* open()
      const other = yield* open()
      yield* one.outAll([["job", 1], ["job", 2]])
      const few = Transaction.check(STM.map(Transaction.count(one, ["job", P.number]), (count) => count < 2))
      const fiber = yield* start(one.transact(STM.zipRight(few, Transaction.out(one, ["job", 3]))))
      same((yield* other.inspect).interests.map(({ kind, patterns }) => [kind, patterns]), [
        ["transact", ["[\"job\", number]"]]
      ])
      yield* other.out(["other", 1])
      assert.isTrue(yield* isWaiting(fiber))
      yield* other.in(["job", 1])
      yield* Fiber.join(fiber)
      const present = STM.map(Transaction.rdp(one, ["flag"]), Option.isSome)
      const waits = yield* start(one.transact(Transaction.check(present)))
      yield* other.out(["flag"])
      yield* Fiber.join(waits)
      same(yield* all(one), [["job", 2], ["other", 1], ["job", 3], ["flag"]])
    }))

  it.scoped("S10 a condition that looks further as it is parked than in the run waits for what it sees then", () =>
    Effect.gen(function*() {
      const one = yield* space
      const gate = yield* TRef.make(0)
      let runs = 0
      const isLate = (n: number) => n >= 300
      const numbers = Array.from({ length: 400 }, (_, n) => ["n", n] as const)
      yield* one.outAll([["open"], ...numbers])
      const condition = STM.flatMap(Transaction.rdp(one, ["open"]), (found) =>
        Option.isNone(found)
          ? STM.map(TRef.get(done), (isDone) => isDone)
          // Behind the first page.
          : STM.flatMap(Transaction.rdp(one, ["n", isLate]), () => STM.map(TRef.get(gate), (n) => n > 10)))
      const done = yield* TRef.make(false)
      // The run has taken what is stored, so it does not come to the gate itself.
      const fiber = yield* start(one.transact(STM.zipRight(
        STM.sync(() => runs++),
        STM.zipRight(Transaction.in(one, ["open"]), Transaction.check(condition))
      )))
      const before = runs
      yield* TRef.set(gate, 1)
      assert.isTrue(yield* isWaiting(fiber))
      same(runs - before, 1)
      yield* TRef.set(done, true)
      yield* TRef.set(gate, 2)
      yield* Fiber.join(fiber)
      same(yield* all(one), numbers)
    }))

  it.scoped("S10 S17 the events of a space are taken in its own transactions, as a part of them", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const one = yield* open()
      const other = yield* open()
      const events = yield* Transaction.subscribe(one, ["order", P.number])
      const accept = STM.flatMap(
        Transaction.take(events),
        (event) => Transaction.out(one, ["job", event._tag === "Out" ? event.tuple[1] : -1])
      )
      const fiber = yield* start(one.transact(STM.zipLeft(accept, Transaction.in(one, ["order", 7]))))
      yield* other.outAll([["order", 7], ["order", 8]])
      yield* Fiber.join(fiber)
      same(yield* Effect.flip(one.transact(STM.zipRight(accept, STM.fail("no")))), "no")
      yield* one.transact(accept)
      same(yield* all(one), [["order", 8], ["job", 7], ["job", 8]])
    }))

  it.scoped("S10 it is of one space: another, in memory or not, is refused from either side, and nothing has happened", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const one = yield* open()
      const other = yield* open({ name: "other" })
      const memory = yield* TupleSpace.make()
      yield* one.out(["a"])
      yield* memory.out(["a"])
      for (const second of [other, memory] as ReadonlyArray<Space>) {
        const both = STM.zipRight(Transaction.in(one, ["a"]), Transaction.inp(second, ["a"]))
        const error = yield* Effect.flip(one.transact(both))
        same(error.reason, "Unsupported")
        assert.match(error.message, /of that space alone/)
      }
      const exit = yield* Effect.exit(
        memory.transact(STM.zipRight(Transaction.in(memory, ["a"]), Transaction.in(one, ["a"])))
      )
      assert.isTrue(Exit.isFailure(exit) && /is by its own transact/.test(Cause.pretty(exit.cause)))
      same([yield* all(one), yield* memory.count(["a"])], [[["a"]], 1])
      const alone = Transaction.in(one, ["a"]) as STM.STM<unknown>
      const bare = yield* Effect.exit(STM.commit(alone))
      assert.isTrue(Exit.isFailure(bare) && /committed by itself/.test(Cause.pretty(bare.cause)))
    }))

  it.scoped("S10 within SpaceStore.transaction it is a part of that, and what it misses that waits for", () =>
    Effect.gen(function*() {
      const one = yield* space
      const move = one.transact(
        STM.flatMap(Transaction.in(one, ["n", P.number]), ([, n]) => Transaction.out(one, ["moved", n]))
      )
      yield* one.out(["n", 1])
      const failing = SpaceStore.transaction(one)(Effect.zipRight(move, Effect.fail("no")))
      same(yield* Effect.flip(failing), "no")
      same(yield* all(one), [["n", 1]])
      let runs = 0
      const both = SpaceStore.transaction(one)(Effect.gen(function*() {
        runs++
        yield* one.out(["began"])
        yield* move
        same(yield* one.count(["moved", P.number]), 1)
        yield* move
        return yield* one.count(["moved", P.number])
      }))
      const fiber = yield* start(both)
      assert.isTrue(yield* isWaiting(fiber))
      same(yield* all(one), [["n", 1]])
      const before = runs
      yield* one.out(["n", 2])
      same([yield* Fiber.join(fiber), runs - before], [2, 1])
      same(yield* all(one), [["began"], ["moved", 1], ["moved", 2]])
      const gate = yield* TRef.make(false)
      const waits = yield* start(
        SpaceStore.transaction(one)(
          Effect.zipRight(one.out(["late"]), one.transact(Transaction.check(TRef.get(gate))))
        )
      )
      assert.isTrue(yield* isWaiting(waits))
      same(yield* one.count(["late"]), 0)
      yield* TRef.set(gate, true)
      yield* Fiber.join(waits)
      same(yield* one.count(["late"]), 1)
    }))

  it.scoped("S10 if the store fails at the end, the space is as it was: the state of STM may not be", () =>
    Effect.gen(function*() {
      let isBroken = true
      const wrap = (store: SpaceStore.SpaceStore): SpaceStore.SpaceStore => ({
        ...store,
        transaction: (body) =>
          store.transaction((run, savepoint) =>
            body((commands) =>
              isBroken && commands.some(({ op }) => op === "put")
                ? Effect.zipRight(run(commands), Effect.fail(unavailable))
                : run(commands), savepoint)
          )
      })
      const one = yield* Effect.flatMap(stores, (open) => open({ wrap }))
      const ref = yield* TRef.make(0)
      const step = STM.zipRight(TRef.update(ref, (n) => n + 1), Transaction.out(one, ["t"]))
      same((yield* Effect.flip(one.transact(step))).reason, "Unavailable")
      same([yield* all(one), yield* TRef.get(ref)], [[], 1])
      isBroken = false
      yield* one.transact(step)
      same([yield* all(one), yield* TRef.get(ref)], [[["t"]], 2])
    }))

  it.scoped("S10 if the store begins anew behind the end, the STM is not committed twice", () =>
    Effect.gen(function*() {
      let fails = 1
      let takes = false
      const open = yield* stores
      const other = yield* open()
      // As a database does whose connection is lost at the commit.
      const wrap = (store: SpaceStore.SpaceStore): SpaceStore.SpaceStore => ({
        ...store,
        transaction: <A, E, R>(
          body: (run: SpaceStore.SpaceStore["run"], savepoint: SpaceStore.Savepoint) => Effect.Effect<A, E, R>
        ) => {
          const once: Effect.Effect<A, E | SpaceError.SpaceError, R> = Effect.catchAllDefect(
            store.transaction((run, savepoint) =>
              Effect.tap(body(run, savepoint), () => fails-- > 0 ? Effect.die("lost") : Effect.void)
            ),
            (defect) =>
              defect === "lost"
                ? Effect.zipRight(takes ? Effect.orDie(other.inp(["a"])) : Effect.void, once)
                : Effect.die(defect)
          )
          return once
        }
      })
      const one = yield* open({ wrap })
      const ref = yield* TRef.make(0)
      const step = STM.zipRight(
        TRef.update(ref, (n) => n + 1),
        STM.zipRight(Transaction.in(one, ["a"]), Transaction.out(one, ["b"]))
      )
      yield* other.out(["a"])
      yield* one.transact(step)
      same([yield* all(other), yield* TRef.get(ref)], [[["b"]], 1])
      fails = 1
      takes = true
      yield* other.out(["a"])
      same((yield* Effect.flip(one.transact(step))).reason, "Unavailable")
      same([yield* all(other), yield* TRef.get(ref)], [[["b"]], 2])
    }))

  it.scoped("S10 S15 a tuple whose time may be over before it commits is held, and it begins anew if that is too late", () =>
    Effect.gen(function*() {
      let passes: SpaceStore.Command["op"] | undefined
      // Time passes before a batch of the transaction that begins so.
      const wrap = (store: SpaceStore.SpaceStore): SpaceStore.SpaceStore => ({
        ...store,
        transaction: (body) =>
          store.transaction((run, savepoint) =>
            body((commands) => {
              const late = passes !== undefined && commands[0]?.op === passes ? TestClock.adjust(200) : Effect.void
              return Effect.zipRight(late, run(commands))
            }, savepoint)
          )
      })
      const open = yield* stores
      const one = yield* open({ wrap })
      const other = yield* open()
      const ref = yield* TRef.make(0)
      const take = STM.zipRight(TRef.update(ref, (n) => n + 1), Transaction.in(one, ["t", P.number]))
      yield* other.out(["t", 1], { ttl: 100 })
      yield* other.out(["t", 2])
      passes = "claim"
      same(yield* one.transact(take), ["t", 2])
      same([yield* TRef.get(ref), yield* all(other)], [1, []])
      yield* other.out(["t", 3], { ttl: 100 })
      passes = "settle"
      same(yield* one.transact(take), ["t", 3])
      same([yield* TRef.get(ref), yield* all(other)], [2, []])
      passes = undefined
      // A branch that has held it leaves it, also in a transaction that goes on after a failure.
      yield* other.out(["t", 4], { ttl: 100 })
      yield* other.out(["t", 5])
      yield* one.transact(STM.orElse(STM.zipRight(take, STM.fail("no")), () => Transaction.out(one, ["u"])))
      yield* SpaceStore.transaction(one)(Effect.ignore(one.transact(STM.zipRight(take, STM.fail("no")))))
      same([yield* TRef.get(ref), yield* all(other)], [2, [["t", 4], ["t", 5], ["u"]]])
      same((yield* other.inspect).held, 0)
      yield* TestClock.adjust(100)
      same(yield* all(other), [["t", 5], ["u"]])
    }))

  it.scoped("V1 S10 what cannot be decoded fails it, whatever its branches, and counts as an attempt if it takes", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const one = yield* open()
      const later = new Undecoded.Undecoded(`{"@later":[1]}`, "", "x")
      yield* one.out(["t", later])
      const instead = STM.orElse(
        STM.zipRight(Transaction.out(one, ["u"]), Transaction.in(one, ["t", P.any])),
        () => STM.succeed("instead")
      )
      same((yield* Effect.flip(one.transact(instead))).reason, "Undecodable")
      same((yield* Effect.flip(one.transact(Transaction.rdp(one, ["t", P.any])))).reason, "Undecodable")
      same(yield* one.transact(Transaction.inp(one, ["t", P.number])), Option.none())
      same(yield* one.transact(Transaction.count(one, ["t", P.any])), 1)
      same(yield* one.count(["u"]), 0)
      // It has failed once, so the second failure is the last.
      const letter = yield* Effect.flip(one.inWith(["t", P.any], () => Effect.void, {
        maxAttempts: 2,
        deadLetter: () => ["dead"]
      }))
      same((letter as SpaceError.SpaceError).reason, "Undecodable")
      same(yield* all(one), [["dead"]])
    }))

  it.scoped("S8 S10 an interruption between two of its runs leaves nothing", () =>
    Effect.gen(function*() {
      const gate = yield* Effect.makeLatch()
      let isHeld = false
      const wrap = (store: SpaceStore.SpaceStore): SpaceStore.SpaceStore => ({
        ...store,
        transaction: (body) =>
          store.transaction((run, savepoint) =>
            body((commands) =>
              commands.some(({ op }) => op === "scan")
                ? Effect.zipRight(Effect.zipRight(Effect.sync(() => void (isHeld = true)), gate.await), run(commands))
                : run(commands), savepoint)
          )
      })
      const open = yield* stores
      const one = yield* open({ wrap })
      const other = yield* open()
      const ref = yield* TRef.make(0)
      yield* other.out(["a"])
      const fiber = yield* start(one.transact(
        STM.zipRight(TRef.set(ref, 1), Transaction.in(one, ["a"]))
      ))
      assert.isTrue(isHeld)
      yield* Fiber.interrupt(fiber)
      same([yield* TRef.get(ref), yield* all(other)], [0, [["a"]]])
    }))

  it.scoped("S12 a transaction that closes its own space is undone, and the close comes to its end", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const other = yield* open()
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(open(), scope)
      const seen: Array<string> = []
      const exit = yield* Effect.exit(
        SpaceStore.transaction(one)(Effect.gen(function*() {
          yield* one.out(["t"])
          yield* Scope.close(scope, Exit.void)
          seen.push("goes on")
        }))
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
      yield* settle
      same([yield* all(other), seen], [[], []])
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(one.out(["t"]))))
    }))

  it.scoped("S12 a transaction that somebody else closes is waited for", () =>
    Effect.gen(function*() {
      const open = yield* stores
      const other = yield* open()
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(open(), scope)
      const gate = yield* Effect.makeLatch()
      const begun = yield* Effect.makeLatch()
      const fiber = yield* Effect.fork(
        SpaceStore.transaction(one)(
          Effect.zipRight(one.out(["t"]), Effect.zipRight(begun.open, gate.await))
        )
      )
      yield* begun.await
      const closes = yield* start(Scope.close(scope, Exit.void))
      assert.isTrue(yield* isWaiting(closes))
      yield* gate.open
      yield* Fiber.join(closes)
      yield* Fiber.join(fiber)
      same(yield* all(other), [["t"]])
    }))

  it.scoped("a fiber that is begun in SpaceStore.transaction lives on when that is over", () =>
    Effect.gen(function*() {
      const one = yield* space
      const fiber = yield* SpaceStore.transaction(one)(Effect.fork(Effect.zipRight(settle, Effect.succeed("done"))))
      same(yield* Fiber.join(fiber), "done")
    }))
})
