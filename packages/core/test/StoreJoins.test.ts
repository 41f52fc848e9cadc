import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, Query as Q, SpaceStore } from "@effect-linda/core"
import * as Random from "@effect-linda/testkit/Random"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Data, Effect, Exit, Fiber, Option, Scope } from "effect"
import type { Asked, Space } from "./asked.js"
import { clients, scansIn } from "./asked.js"
import { same, settle, start, waiters } from "./helpers.js"

/** More of each than a few pages. */
const far = 2_000

const jobs = Array.from({ length: far }, (_, i) => ["job", i] as const)
/** The last two have jobs. */
const slots = Array.from({ length: far }, (_, i) => ["slot", i + far - 2] as const)

const [job, slot] = [["job", P.ref("n")], ["slot", P.ref("n")]] as const
const pair = [job, slot] as const
const [first, second] = [far - 2, far - 1].map((n) => [["job", n], ["slot", n]] as const) as [Pair, Pair]

/** Only the last are. */
const isLarge = (n: number) => n > far - 3

interface Stored {
  readonly tuple: readonly [string, number]
  readonly priority: number
  readonly arrival: number
}

type Pair = readonly [readonly ["job", number], readonly ["slot", number]]

class Thrown extends Data.TaggedError("Thrown") {}

/** How many tuples a client has read while nobody else could do anything, and otherwise. */
const counting = () => {
  const pages = { alone: 0, others: 0, atOnce: 0 }
  const turns = new Map<number, number>()
  const seen = (asked: Asked) =>
    Effect.sync(() => {
      pages[asked.isAlone ? "alone" : "others"] += scansIn(asked)
      if (asked.isAlone) {
        turns.set(asked.turn, (turns.get(asked.turn) ?? 0) + scansIn(asked))
        pages.atOnce = Math.max(pages.atOnce, turns.get(asked.turn)!)
      }
    })
  return { pages, seen }
}

/** Does something when a look ahead has asked so often: four times, for two pages of each, is all there is. */
const meanwhile = (action: () => Effect.Effect<unknown, SpaceError.SpaceError>, after = 4) => {
  let looks = 0
  return (asked: Asked) => !asked.isAlone && scansIn(asked) > 0 && ++looks === after ? action() : Effect.void
}

const nothing = () => Effect.void

const filled = Effect.gen(function*() {
  const open = yield* clients
  const other = yield* open()
  yield* other.outAll(jobs)
  yield* other.outAll(slots)
  return { open, other }
})

describe("S11 D12 a join of many and many, on a store", () => {
  const operations: Readonly<Record<string, (space: Space) => Effect.Effect<unknown, any>>> = {
    inAll: (space) => space.inAll(pair),
    "inAll at once": (space) => space.inAll(pair, { timeout: 0 }),
    rd: (space) => space.rd(Q.all(pair)),
    inp: (space) => space.inp(Q.all(pair)),
    rdp: (space) => space.rdp(Q.all(pair)),
    inWith: (space) => space.inWith(Q.all(pair), Effect.succeed),
    withPermit: (space) => space.withPermit(Q.all(pair), Effect.succeed),
    "a guard": (space) => space.in(Q.all([job, Q.read(slot)])),
    exchange: (space) => space.exchange(Q.all([Q.read(job), slot]), () => [["done"]]),
    "exchange at once": (space) => space.exchange(Q.all(pair), () => [["done"]], { timeout: 0 }),
    "a guard and an absence": (space) => space.in(Q.all([job, slot, Q.absent(["gone", P.ref("n")])]))
  }

  for (const [name, operation] of Object.entries(operations)) {
    it.scoped(`${name}: the store is its own for a few pages at the beginning and at the end; it leaves nothing`, () =>
      Effect.gen(function*() {
        const { open } = yield* filled
        const { pages, seen } = counting()
        const space = yield* open(seen)
        const found = yield* operation(space)
        assert.include(JSON.stringify(found), JSON.stringify(first[0]))
        assert.isAtLeast(pages.others, 3)
        // Four, and one for each; then a look at each of those chosen.
        assert.isAtMost(pages.alone, 10)
        yield* settle
        // What `inspect` does not show neither.
        const { replies: [{ held, waiters }] } = yield* (yield* open.raw).run([{ op: "inspect" }])
        same([waiters, held], [[], 0])
      }))
  }

  it.scoped("without variables: as many as there must be of each are found ahead, and the oldest are taken", () =>
    Effect.gen(function*() {
      const { open } = yield* filled
      const { pages, seen } = counting()
      const space = yield* open(seen)
      const last = (n: number) => n >= far - 3
      const query = [["job", last], ["job", P.number], ["job", last]] as const
      same(yield* space.inAll(query, { timeout: 0 }), [["job", far - 3], ["job", 0], ["job", far - 2]])
      assert.isAtMost(pages.alone, 9)
    }))

  it.scoped("S18 of what need not agree with anything the first page is enough, also beside what is only read", () =>
    Effect.gen(function*() {
      const { open } = yield* filled
      const { pages, seen } = counting()
      const space = yield* open(seen)
      const query = Q.all([["job", P.number], Q.read(["slot", P.number])])
      same(yield* space.inp(query), Option.some([["job", 0], ["slot", far - 2]]))
      same([pages.alone, pages.others], [2, 0])
    }))

  it.scoped("within a transaction the store is its own anyway", () =>
    Effect.gen(function*() {
      const { open } = yield* filled
      const { pages, seen } = counting()
      const space = yield* open(seen)
      same(yield* SpaceStore.transaction(space)(space.inAll(pair)), first)
      assert.strictEqual(pages.others, 0)
    }))

  /** What a join takes while others do something after its first page. */
  const found = (
    action: (other: Space) => Effect.Effect<unknown, SpaceError.SpaceError>,
    use: (space: Space) => Effect.Effect<unknown, any> = (space) => space.inAll(pair, { timeout: 0 }),
    after?: number
  ) =>
    Effect.gen(function*() {
      const { open, other } = yield* filled
      const space = yield* open(nothing, meanwhile(() => action(other), after))
      return yield* use(space)
    })

  it.scoped("S5 what comes meanwhile is the first choice if its place is", () =>
    Effect.gen(function*() {
      const put = (other: Space) =>
        Effect.zipRight(other.out(["job", -7], { priority: 1 }), other.outAll([["slot", -7], ["slot", -8]]))
      same(yield* found(put), [["job", -7], ["slot", -7]])
      // Behind all others it is not.
      same(yield* found((other) => other.outAll([["job", -7], ["slot", -7]])), first)
      same(yield* found((other) => other.out(["slot", 5])), [["job", 5], ["slot", 5]])
    }))

  it.scoped("S5 S8 what comes back to its old place meanwhile is the first choice", () =>
    Effect.gen(function*() {
      const { open, other } = yield* filled
      yield* other.outAll([["job", -1], ["slot", -1]])
      const held = yield* Scope.make()
      yield* Scope.extend(other.inScoped(["slot", far - 2]), held)
      const space = yield* open(nothing, meanwhile(() => Scope.close(held, Exit.fail("back"))))
      same(yield* space.inAll(pair, { timeout: 0 }), first)
    }))

  it.scoped("of those chosen that are gone by then the next are taken, and of those that are read too", () =>
    Effect.gen(function*() {
      const gone = (other: Space) => other.inp(["slot", far - 2])
      same(yield* found(gone), second)
      same(yield* found(gone, (space) => space.rd(Q.all(pair), { timeout: 0 })), second)
      same(yield* found(gone, (space) => space.inp(Q.all([job, Q.read(slot)]))), Option.some(second))
      same(yield* found(gone, (space) => space.exchange(Q.all([job, Q.read(slot)]), () => [["done"]])), second)
      const all = (other: Space) => Effect.zipRight(gone(other), other.inp(["job", far - 1]))
      same(yield* found(all, (space) => space.inp(Q.all(pair))), Option.none())
    }))

  it.scoped("of many that are gone by then each page costs one look", () =>
    Effect.gen(function*() {
      const { open, other } = yield* filled
      const { pages, seen } = counting()
      const some = jobs.slice(0, 200).map(([, i]) => ["slot", i] as const)
      const during = meanwhile(() => Effect.zipRight(other.outAll(some), other.collect(["slot", P.between(0, 200)])))
      const space = yield* open(seen, during)
      // Each of these jobs has had its slot for a moment.
      same(yield* space.inAll(pair, { timeout: 0 }), first)
      assert.isAtMost(pages.atOnce, 12)
    }))

  it.scoped("S11 what has come far behind does not count before what is between", () =>
    Effect.gen(function*() {
      const big = (n: number) => [1_500, 1_600, 1_900, 5_000].includes(n)
      const action = (other: Space) => Effect.zipRight(other.out(["job", 5_000]), other.inp(["job", 1_500]))
      same(
        yield* found(action, (space) => space.inAll([["job", big], ["job", big]], { timeout: 0 }), 2),
        [["job", 1_600], ["job", 1_900]]
      )
    }))

  it.scoped("what is looked up by few values is so by those as well that have come meanwhile", () =>
    Effect.gen(function*() {
      const query = [["few", P.ref("n"), P.any], job] as const
      const { open, other } = yield* filled
      yield* other.outAll(jobs.map(([, i]) => ["few", -1 - i % 10, i]))
      // So many that not all of them are read before all of the few are.
      yield* other.outAll(Array.from({ length: 2 * far }, (_, i) => ["job", far + i]))
      const space = yield* open(nothing, meanwhile(() => other.out(["few", 2 * far, 0])))
      same(yield* space.inAll(query, { timeout: 0 }), [["few", 2 * far, 0], ["job", 2 * far]])
      const next = yield* open(nothing, meanwhile(() => other.out(["job", -3]), 5))
      same(yield* next.inAll(query, { timeout: 0 }), [["few", -3, 2], ["job", -3]])
    }))

  it.scoped("S18 what must be absent is asked under the lock: what has come at last keeps the join from being complete", () =>
    Effect.gen(function*() {
      const guarded = (space: Space) => space.inp(Q.all([job, slot, Q.absent(["blocks", P.ref("n")])]))
      same(yield* found((other) => other.out(["blocks", far - 2]), guarded), Option.some(second))
      same(
        yield* found((other) => other.outAll([["blocks", far - 2], ["blocks", far - 1]]), guarded),
        Option.none()
      )
    }))

  it.scoped("S8 S9 who is interrupted while it looks ahead, or has no time left, leaves nothing", () =>
    Effect.gen(function*() {
      const { open } = yield* filled
      let interrupt: Effect.Effect<unknown> = Effect.void
      const space = yield* open((asked) => asked.isAlone || scansIn(asked) === 0 ? Effect.void : interrupt)
      for (const operation of [Effect.asVoid(space.inAll(pair)), Effect.asVoid(space.rd(Q.all(pair)))]) {
        const fiber: Fiber.RuntimeFiber<unknown, unknown> = yield* Effect.fork(operation)
        interrupt = Effect.forkDaemon(Fiber.interrupt(fiber))
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
      }
      interrupt = Effect.void
      yield* settle
      same(yield* waiters(space), 0)
      same((yield* space.inspect).held, 0)
      same(yield* space.count([P.string, P.number]), 2 * far)
    }))

  it.scoped("S3 a predicate that throws far away ends its operation, and nobody else's", () =>
    Effect.gen(function*() {
      const { open } = yield* filled
      const space = yield* open()
      const throws = (n: number) => {
        if (n > far + 1_500) {
          throw new Thrown()
        }
        return false
      }
      const exit = yield* Effect.exit(space.inAll([job, ["slot", throws]]))
      assert.isTrue(Exit.isFailure(exit) && Option.isSome(Cause.dieOption(exit.cause)))
      same(yield* waiters(space), 0)
    }))

  it.scoped("who waits looks by itself when others put, and holds them up for a few pages", () =>
    Effect.gen(function*() {
      const { open, other } = yield* filled
      yield* other.collect(["slot", P.between(far - 2, far - 1)])
      for (const byWhom of ["other", "own"] as const) {
        const { pages, seen } = counting()
        const space = yield* open(seen)
        const join = yield* start(space.inAll(pair))
        assert.isAtLeast(pages.others, 3)
        yield* settle
        same(yield* waiters(space), 1)
        pages.atOnce = 0
        const putter = byWhom === "own" ? space : other
        // In vain: no job is for it.
        yield* putter.out(["slot", -3])
        yield* settle
        same(yield* waiters(space), 1)
        yield* putter.out(["slot", 7])
        same(yield* Fiber.join(join), [["job", 7], ["slot", 7]])
        yield* settle
        assert.isAtMost(pages.atOnce, 8)
        yield* other.out(["job", 7])
      }
    }))

  /** What is stored, in the order of choice, as those see it who change it. */
  class Model {
    private arrivals = 0
    private stored: Array<Stored> = []

    put(tuple: readonly [string, number], priority = 0): void {
      this.arrivals++
      this.add({ tuple, priority, arrival: this.arrivals })
    }

    add(stored: Stored): void {
      this.stored.push(stored)
      this.stored.sort((one, other) => other.priority - one.priority || one.arrival - other.arrival)
    }

    take(kind: string, n: number): Stored | undefined {
      const index = this.stored.findIndex(({ tuple }) => tuple[0] === kind && tuple[1] === n)
      return index < 0 ? undefined : this.stored.splice(index, 1)[0]
    }

    /** S11, by trying all. */
    get pair(): Pair | undefined {
      for (const { tuple: [kind, n] } of this.stored) {
        if (kind === "job" && this.stored.some(({ tuple }) => tuple[0] === "slot" && tuple[1] === n)) {
          return [["job", n], ["slot", n]]
        }
      }
      return undefined
    }

    /** Those without variables: the oldest that are large enough, and another. */
    get plain(): ReadonlyArray<readonly [string, number]> | undefined {
      const [large] = this.stored.filter(({ tuple: [kind, n] }) => kind === "job" && isLarge(n))
      const [other] = this.stored.filter((each) => each.tuple[0] === "job" && each !== large)
      return large && other && [large.tuple, other.tuple]
    }
  }

  for (let seed = 0; seed < 12; seed++) {
    it.scoped(`S5 S8 S21 whatever others put, take and give back meanwhile, the choice is that of the last look: seed ${seed}`, () =>
      Effect.gen(function*() {
        const random = Random.make(seed)
        const open = yield* clients
        const other = yield* open()
        const model = new Model()
        const put = (tuple: readonly [string, number], priority = 0) =>
          Effect.zipRight(Effect.sync(() => model.put(tuple, priority)), other.out(tuple, { priority }))
        const fill = (tuples: ReadonlyArray<readonly [string, number]>) =>
          Effect.zipRight(Effect.sync(() => tuples.forEach((tuple) => model.put(tuple))), other.outAll(tuples))
        yield* fill(jobs)
        yield* fill(slots)
        const holds: Array<readonly [Stored, Scope.CloseableScope]> = []
        const number = () => random.pick([random.between(0, 20), random.between(far - 5, far + 5)])
        const act = Effect.suspend(() => {
          const [kind, n] = [random.pick(["job", "slot"] as const), number()]
          switch (random.below(4)) {
            case 0:
              return put([kind, n], random.pick([0, 0, 3, -2]))
            case 1: {
              model.take(kind, n)
              return other.inp([kind, n])
            }
            case 2: {
              const stored = model.take(kind, n)
              return stored === undefined ? Effect.void : Effect.flatMap(Scope.make(), (scope) => {
                holds.push([stored, scope])
                return Scope.extend(other.inScoped([kind, n]), scope)
              })
            }
            default: {
              const held = holds.splice(random.below(holds.length + 1), 1)[0]
              if (held === undefined) {
                return Effect.void
              }
              model.add(held[0])
              return Scope.close(held[1], Exit.fail("back"))
            }
          }
        })
        yield* Effect.repeatN(act, 20)
        const acts = (asked: Asked) =>
          asked.isAlone || scansIn(asked) === 0 ? Effect.void : Effect.repeatN(act, random.below(4))
        const space = yield* open(acts, acts)
        const guarded = Q.all([job, Q.read(slot)])
        const [query, expected] = random.pick(
          [
            [Q.all(pair), () => model.pair],
            [guarded, () => model.pair],
            [Q.all([["job", isLarge], ["job", P.number]]), () => model.plain]
          ] as const
        )
        same(yield* space.rdp(query as any), Option.fromNullable(expected()))
        const exchanged = yield* Effect.option(space.exchange(query as any, () => [["done"]], { timeout: 0 }))
        const taken = expected()
        same(exchanged, Option.fromNullable(taken))
        taken?.forEach(([kind, n]) => kind === "slot" && query === guarded || model.take(kind, n))
        same(yield* space.inp(query as any), Option.fromNullable(expected()))
        yield* Effect.forEach(holds, ([, scope]) => Scope.close(scope, Exit.void))
        yield* settle
        same((yield* space.inspect).held, 0)
      }))
  }
})
