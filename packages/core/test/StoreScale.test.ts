import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, Query as Q, SpaceStore } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Data, Effect, Exit, Fiber, Option, Scope } from "effect"
import type { Space } from "./asked.js"
import { clients, scansIn } from "./asked.js"
import { same, settle, start, waiters } from "./helpers.js"

/** More than a few pages. */
const far = 3_000

const jobs = Array.from({ length: far }, (_, i) => ["job", i] as const)

const isLast = (i: number) => i === far - 1

class Thrown extends Data.TaggedError("Thrown") {}

describe("A join of many and few", () => {
  const [job, slot] = [["job", P.ref("n")], ["slot", P.ref("n")]] as const

  for (const [order, patterns] of [["the many first", [job, slot]], ["the few first", [slot, job]]] as const) {
    it.scoped(`S11 the store is asked for those of the many that agree with the few: ${order}`, () =>
      Effect.gen(function*() {
        const open = yield* clients
        const seen = { scans: 0 }
        const space = yield* open((asked) =>
          Effect.sync(() => {
            seen.scans += scansIn(asked)
          })
        )
        yield* space.outAll(jobs)
        yield* space.outAll([["slot", -1], ["slot", far - 1]])
        const taken = yield* space.inAll(patterns)
        same(taken, patterns.map(([kind]) => [kind, far - 1]))
        assert.isAtMost(seen.scans, 4)
      }))
  }

  it.scoped("S11 a join that waits knows also of those that agree with none of the few", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const space = yield* open()
      yield* space.outAll(jobs)
      yield* space.out(["slot", -1])
      const join = yield* start(space.inAll([slot, job]))
      yield* settle
      yield* space.out(["slot", far - 1])
      same(yield* Fiber.join(join), [["slot", far - 1], ["job", far - 1]])
    }))

  it.scoped("S11 where both are many, all are looked at", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const space = yield* open()
      yield* space.outAll(jobs)
      yield* space.outAll(Array.from({ length: far }, (_, i) => ["slot", i + far - 2] as const))
      same(yield* space.inAll([slot, job]), [["slot", far - 2], ["job", far - 2]])
      same(yield* space.inAll([job, slot]), [["job", far - 1], ["slot", far - 1]])
    }))

  it.scoped("S11 what has been read only in part does not say which values there are", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const space = yield* open()
      // The first pages of each have one value, which none of the others has.
      yield* space.outAll(jobs.map(() => ["job", -1]))
      yield* space.outAll(jobs.map(() => ["slot", -2]))
      yield* space.outAll([["job", 1], ["slot", 1]])
      same(yield* space.inAll([job, slot], { timeout: 0 }), [["job", 1], ["slot", 1]])
    }))
})

describe("D12 a predicate that matches only what is far", () => {
  const operations: Readonly<Record<string, (space: Space) => Effect.Effect<unknown, any>>> = {
    rdp: (space) => space.rdp(["job", isLast]),
    rd: (space) => space.rd(["job", isLast]),
    inp: (space) => space.inp(["job", isLast]),
    in: (space) => space.in(["job", isLast]),
    inWith: (space) => space.inWith(["job", isLast], Effect.succeed),
    inAny: (space) => space.inAny([["nothing"], ["job", isLast]]),
    inUpTo: (space) => space.inUpTo(["job", isLast], 2),
    copyCollect: (space) => space.copyCollect(["job", isLast]),
    count: (space) => space.count(["job", isLast]),
    outIfAbsent: (space) => space.outIfAbsent(["job", isLast], ["none"]),
    exchange: (space) => space.exchange(["job", isLast], () => [["done"]]),
    "exchange of a batch": (space) => space.exchange(Q.batch(["job", isLast], { max: 2 }), () => [["done"]]),
    replace: (space) => space.replace(["job", isLast], ([, i]) => ["job", i, "replaced"])
  }

  for (const [name, operation] of Object.entries(operations)) {
    it.scoped(`${name}: the store is its own for a few pages at the beginning and one at the end; it leaves nothing`, () =>
      Effect.gen(function*() {
        const open = yield* clients
        const pages = { alone: 0, others: 0 }
        const space = yield* open((asked) =>
          Effect.sync(() => {
            pages[asked.isAlone ? "alone" : "others"] += scansIn(asked)
          })
        )
        yield* space.outAll(jobs)
        const found = yield* operation(space)
        assert.include(JSON.stringify(found), name === "count" ? "1" : String(far - 1))
        assert.strictEqual(pages.others, name === "inAny" ? 3 : 2)
        // With a look at what may have come before all of them, by its priority.
        assert.isAtMost(pages.alone, name === "inAny" ? 8 : 6)
        yield* settle
        // What `inspect` does not show neither.
        const { replies: [{ waiters }] } = yield* (yield* open.raw).run([{ op: "inspect" }])
        same(waiters, [])
      }))
  }

  it.scoped("within a transaction, and of one who finds nothing, likewise", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const space = yield* open()
      yield* space.outAll(jobs)
      same(yield* SpaceStore.transaction(space)(space.inp(["job", isLast])), Option.some(["job", far - 1]))
      same(yield* space.rdp(["job", isLast]), Option.none())
      const waiting = yield* start(space.in(["job", isLast]))
      const other = yield* open()
      yield* other.out(["job", far - 1])
      same(yield* Fiber.join(waiting), ["job", far - 1])
      same(yield* waiters(space), 0)
    }))

  /** While somebody looks ahead, what he has passed comes back to its old place. */
  const comingBack = (
    use: (space: Space, isWanted: (i: number) => boolean) => Effect.Effect<unknown, any>,
    meanwhile: (other: Space) => Effect.Effect<unknown, SpaceError.SpaceError> = () => Effect.void
  ) =>
    Effect.gen(function*() {
      const open = yield* clients
      const other = yield* open()
      yield* other.outAll([["job", -1], ...jobs])
      const held = yield* Scope.make()
      yield* Scope.extend(other.inScoped(["job", -1]), held)
      let looks = 0
      const space = yield* open((asked) =>
        !asked.isAlone && scansIn(asked) > 0 && ++looks === 2
          ? Effect.zipRight(Scope.close(held, Exit.fail("back")), meanwhile(other))
          : Effect.void
      )
      const found = yield* use(space, (i) => i === -1 || i === far - 1)
      assert.isAtLeast(looks, 2)
      return found
    })

  it.scoped("S5 what comes back to its old place meanwhile is the oldest, for who reads and for who takes", () =>
    Effect.gen(function*() {
      same(yield* comingBack((space, isWanted) => space.rdp(["job", isWanted])), Option.some(["job", -1]))
      same(yield* comingBack((space, isWanted) => space.inp(["job", isWanted])), Option.some(["job", -1]))
      same(yield* comingBack((space, isWanted) => space.in(["job", isWanted])), ["job", -1])
      same(yield* comingBack((space, isWanted) => space.collect(["job", isWanted])), [["job", -1], ["job", far - 1]])
    }))

  it.scoped("S7 one that comes back and is gone again is not missed, nor is what is behind it", () =>
    Effect.gen(function*() {
      const gone = (other: Space) => other.inp(["job", -1])
      same(yield* comingBack((space, isWanted) => space.rdp(["job", isWanted]), gone), Option.some(["job", far - 1]))
      same(yield* comingBack((space, isWanted) => space.in(["job", isWanted]), gone), ["job", far - 1])
    }))

  /** While somebody looks ahead, these come, each with its priority: before some of what he has passed. */
  const comingBefore = (
    use: (space: Space, isWanted: (i: number) => boolean) => Effect.Effect<unknown, any>,
    come: ReadonlyArray<readonly [i: number, priority: number]>,
    few: ReadonlyArray<readonly [priority: number, count: number]> = []
  ) =>
    Effect.gen(function*() {
      const open = yield* clients
      const other = yield* open()
      for (const [priority, count] of few) {
        yield* other.outAll(Array.from({ length: count }, () => ["job", -priority / 1000]), { priority })
      }
      yield* other.outAll(jobs)
      let looks = 0
      const space = yield* open((asked) =>
        !asked.isAlone && scansIn(asked) > 0 && ++looks === 2
          ? Effect.forEach(come, ([i, priority]) => other.out(["job", i], { priority }))
          : Effect.void
      )
      const wanted = new Set([far - 1, ...come.map(([i]) => i).filter((i) => i < -10)])
      const found = yield* use(space, (i) => wanted.has(i))
      assert.isAtLeast(looks, 2)
      return found
    })

  it.scoped("S21 what comes before all that it has passed is the first choice, for who reads and for who takes", () =>
    Effect.gen(function*() {
      const come = [[-1, 9], [-12, 1], [-11, 1], [-13, 2], [-2, 1]] as const
      same(yield* comingBefore((space, isWanted) => space.rdp(["job", isWanted]), come), Option.some(["job", -13]))
      same(yield* comingBefore((space, isWanted) => space.inp(["job", isWanted]), come), Option.some(["job", -13]))
      same(yield* comingBefore((space, isWanted) => space.in(["job", isWanted]), come), ["job", -13])
      same(
        yield* comingBefore((space, isWanted) => space.inAny([["nothing"], ["job", isWanted]]), come),
        { index: 1, tuple: ["job", -13] }
      )
      same(
        yield* comingBefore((space, isWanted) => space.collect(["job", isWanted]), come),
        [["job", -13], ["job", -12], ["job", -11], ["job", far - 1]]
      )
    }))

  it.scoped("S21 what comes between what it has passed is found in the order of choice", () =>
    Effect.gen(function*() {
      const come = [[-11, -5], [-12, 6], [-13, 5], [-14, 4], [-15, 0], [-16, 7]] as const
      const few = [[7, 3], [5, 2], [1, 1]] as const
      same(
        yield* comingBefore((space, isWanted) => space.collect(["job", isWanted]), come, few),
        [["job", -16], ["job", -12], ["job", -13], ["job", -14], ["job", far - 1], ["job", -15], ["job", -11]]
      )
      same(
        yield* comingBefore((space, isWanted) => space.rdp(["job", isWanted]), come.slice(2), few),
        Option.some(["job", -16])
      )
      same(
        yield* comingBefore((space, isWanted) => space.rdp(["job", isWanted]), [[-14, 1], [-2, 2]], few),
        Option.some(["job", -14])
      )
      same(
        yield* comingBefore((space, isWanted) => space.in(["job", isWanted]), [[-2, 9], [-11, -5]], few),
        ["job", far - 1]
      )
    }))

  it.scoped("S21 however much comes there, it is looked ahead at as well", () =>
    Effect.gen(function*() {
      const come = Array.from({ length: 1_500 }, (_, i) => [-1 - i % 10, 1] as const)
      same(
        yield* comingBefore((space, isWanted) => space.rdp(["job", isWanted]), [...come, [-11, 1]]),
        Option.some(["job", -11])
      )
    }))

  it.scoped("S8 S9 who is interrupted while it looks ahead, or has no time left, leaves nothing", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let interrupt: Effect.Effect<unknown> = Effect.void
      const space = yield* open((asked) => asked.isAlone || scansIn(asked) === 0 ? Effect.void : interrupt)
      yield* space.outAll(jobs)
      for (
        const operation of [
          Effect.asVoid(space.in(["job", isLast])),
          Effect.asVoid(space.inp(["job", isLast])),
          Effect.asVoid(space.rdp(["job", isLast]))
        ]
      ) {
        const fiber: Fiber.RuntimeFiber<unknown, unknown> = yield* Effect.fork(operation)
        interrupt = Effect.forkDaemon(Fiber.interrupt(fiber))
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
      }
      interrupt = Effect.void
      yield* settle
      same(yield* waiters(space), 0)
      same((yield* space.inspect).held, 0)
      same(yield* space.count(["job", P.number]), far)
    }))

  it.scoped("S3 a predicate that throws far away ends its operation, and nobody else's", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const space = yield* open()
      yield* space.outAll(jobs)
      const throws = (i: number) => {
        if (i > 2_000) {
          throw new Thrown()
        }
        return false
      }
      for (const operation of [Effect.asVoid(space.rdp(["job", throws])), Effect.asVoid(space.in(["job", throws]))]) {
        const exit = yield* Effect.exit(operation)
        assert.isTrue(Exit.isFailure(exit) && Option.isSome(Cause.dieOption(exit.cause)))
      }
      same(yield* waiters(space), 0)
      same(yield* space.count(["job", P.number]), far)
    }))
})

describe("D11 many who wait for the same", () => {
  const count = 300

  it.scoped("with a predicate: whoever puts, it is asked once about a tuple; who waits longest is served", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let asked = 0
      const isEven = (n: number) => {
        asked++
        return n % 2 === 0
      }
      const claims: Array<SpaceStore.Command> = []
      const space = yield* open(({ commands }) =>
        Effect.sync(() => claims.push(...commands.filter(({ op }) => op === "claim")))
      )
      const other = yield* open()
      const fibers = yield* Effect.forEach(Array.from({ length: count }), () => Effect.fork(space.in(["n", isEven])))
      yield* settle
      same(yield* waiters(space), count)
      asked = 0
      yield* space.outAll([["n", 1], ["n", 2], ["n", 3], ["n", 4]])
      same(yield* Fiber.join(fibers[0]!), ["n", 2])
      same(yield* Fiber.join(fibers[1]!), ["n", 4])
      assert.strictEqual(asked, 4)
      asked = 0
      yield* other.outAll([["n", 5], ["n", 6], ["n", 8]])
      yield* settle
      same(yield* Fiber.join(fibers[2]!), ["n", 6])
      same(yield* Fiber.join(fibers[3]!), ["n", 8])
      assert.strictEqual(asked, 3)
      assert.strictEqual(claims.length, 2)
      same(yield* waiters(space), count - 4)
      yield* Fiber.interruptAll(fibers)
      same(yield* waiters(space), 0)
      same(yield* space.collect(["n", P.number]), [["n", 1], ["n", 3], ["n", 5]])
    }))

  it.scoped("S6 readers with a predicate are all told, whoever puts; one that throws ends each of its operations", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const [space, other] = [yield* open(), yield* open()]
      const isEven = (n: number) => n % 2 === 0
      for (const putter of [space, other]) {
        const readers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.fork(space.rd(["n", isEven])))
        yield* settle
        yield* putter.outAll([["n", 1], ["n", 2]])
        same(yield* Fiber.join(Fiber.all(readers)), readers.map(() => ["n", 2]))
        yield* space.collect(["n", P.number])
      }
      const throws = (s: string) => s.startsWith("a")
      for (const putter of [space, other]) {
        const takers = yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.fork(space.in(["s", throws])))
        yield* settle
        yield* putter.out(["s", 1])
        for (const taker of takers) {
          const exit = yield* Fiber.await(taker)
          assert.isTrue(Exit.isFailure(exit) && Option.isSome(Cause.dieOption(exit.cause)))
        }
        same(yield* space.collect(["s", P.any]), [["s", 1]])
      }
    }))

  it.scoped("a hint that comes to one who leaves, or who has another, is for the next", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let meanwhile: Effect.Effect<unknown> = Effect.void
      const space = yield* open(({ commands }) => {
        const now = commands.some(({ op }) => op === "claim") ? meanwhile : Effect.void
        meanwhile = now === meanwhile ? Effect.void : meanwhile
        return now
      })
      const other = yield* open()
      const isEven = (n: number) => n % 2 === 0
      const first = yield* start(space.in(["n", isEven]))
      const second = yield* start(space.in(["n", isEven]))
      const third = yield* start(space.in(["n", isEven]))
      // While the first claims what it was told of, it is interrupted.
      meanwhile = Effect.asVoid(Effect.forkDaemon(Fiber.interrupt(first)))
      yield* other.out(["n", 2])
      same(yield* Fiber.join(second), ["n", 2])
      // While the third claims, its like puts what is for it.
      yield* other.outAll([["n", 4], ["n", 6]])
      same(yield* Fiber.join(third), ["n", 4])
      same(yield* space.in(["n", isEven]), ["n", 6])
      same(yield* waiters(space), 0)
    }))

  it.scoped("a hint for one who is served meanwhile is for the next of its line", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let meanwhile: Effect.Effect<unknown> = Effect.void
      const space = yield* open(({ commands }) => {
        const now = commands.length === 0 ? meanwhile : Effect.void
        meanwhile = now === meanwhile ? Effect.void : meanwhile
        return now
      })
      const other = yield* open()
      const isEven = (n: number) => n % 2 === 0
      const first = yield* start(space.in(["n", isEven]))
      const second = yield* start(space.in(["n", isEven]))
      // While the hint is fetched, something else is put: that is done before the first claims what it was told of.
      meanwhile = Effect.zipRight(Effect.forkDaemon(space.out(["n", 8])), settle)
      yield* other.out(["n", 2])
      yield* Effect.repeatN(settle, 20)
      same([first.unsafePoll(), second.unsafePoll()], [Exit.succeed(["n", 8]), Exit.succeed(["n", 2])])
    }))

  it.scoped("other predicates for the same queries are other lines", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const [space, other] = [yield* open(), yield* open()]
      for (const putter of [space, other]) {
        const even = yield* start(space.in(["n", (n: number) => n % 2 === 0]))
        const odd = yield* start(space.in(["n", (n: number) => n % 2 === 1]))
        const high = yield* start(space.in(["n", P.between(10, 20)]))
        yield* putter.outAll([["n", 12], ["n", 14], ["n", 5]])
        yield* settle
        const ended = [even, odd, high].map((fiber) => fiber.unsafePoll())
        same(ended, [["n", 12], ["n", 5], ["n", 14]].map((tuple) => Exit.succeed(tuple)))
      }
    }))

  it.scoped("S4 S5 lines of several patterns: who waits longest, whichever line it stands in", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const [one, other] = [yield* open(), yield* open()]
      const patterns = [["n", P.number], [P.string, P.number], ["n", P.any], [P.any, P.rest(P.any)]] as const
      const fibers: Array<Fiber.RuntimeFiber<unknown, unknown>> = []
      for (let i = 0; i < 40; i++) {
        const space: Space = i % 3 === 0 ? one : other
        fibers.push(yield* start(space.in(patterns[(i * 7) % 4]!)))
      }
      for (let i = 0; i < 40; i += 5) {
        yield* Fiber.interrupt(fibers[i]!)
      }
      const rest = fibers.filter((_, i) => i % 5 !== 0)
      yield* one.outAll(rest.map((_, i) => ["n", i]))
      same(yield* Fiber.join(Fiber.all(rest)), rest.map((_, i) => ["n", i]))
      same([yield* waiters(one), yield* one.count([P.rest(P.any)])], [0, 0])
    }))
})
