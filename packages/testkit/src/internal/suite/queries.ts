/**
 * Queries of several patterns, wherever one pattern can stand; what they hold, and how its members are settled (S18,
 * S19).
 *
 * The tuples of a query have one first field, so that a split space can answer it.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import type { Hold } from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { cases } from "./case.js"
import { all, assert, empty, fresh, isWaiting, pass, refusalOf, same, start, startWaiting } from "./kit.js"

const pair = Q.all({ job: ["t", "job", P.ref("id", P.number)], file: ["t", "file", P.ref("id", P.number)] })

const either = Q.any({ job: ["t", "job", P.number], stop: ["t", "stop"] })

export const queries = cases("Queries", (test) => {
  test("S18 a choice is taken or read wherever a pattern is, by key or by index", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      same([yield* space.inp(either), yield* space.rdp(either)], [Option.none(), Option.none()])
      yield* space.outAll([["t", "stop"], ["t", "job", 1], ["t", "job", 2]])
      const stop = { key: "stop", tuple: ["t", "stop"] }
      same([yield* space.rd(either), yield* space.rdp(either)], [stop, Option.some(stop)])
      same(yield* space.in(either), stop)
      same(
        yield* space.inp(Q.any([["t", "stop"], ["t", "job", P.number]])),
        Option.some({ index: 1, tuple: ["t", "job", 1] })
      )
      same(yield* space.inWith(either, Effect.succeed), { key: "job", tuple: ["t", "job", 2] })
      yield* empty(space)
    }))

  test("S18 a join is read or taken as a whole, or not at all", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "file", 1], ["t", "job", 2], ["t", "job", 1]])
      const found = { job: ["t", "job", 1], file: ["t", "file", 1] }
      same([yield* space.rd(pair), yield* space.rdp(pair)], [found, Option.some(found)])
      same((yield* all(space)).length, 3)
      same(yield* space.inp(pair), Option.some(found))
      same([yield* space.inp(pair), yield* space.rdp(pair)], [Option.none(), Option.none()])
      same(yield* all(space), [["t", "job", 2]])
      yield* space.out(["t", "file", 2])
      same(yield* space.in(Q.all([["t", "file", P.number], ["t", "job", P.number]])), [["t", "file", 2], [
        "t",
        "job",
        2
      ]])
      same(yield* space.in(Q.all([])), [])
      yield* empty(space)
    }))

  test("S18 what a join reads is distinct, as what it takes", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["t", 2]])
      const two = Q.all([["t", P.number], ["t", P.number]])
      same(yield* space.rd(two), [["t", 1], ["t", 2]])
      same(yield* space.rdp(Q.all([["t", P.any], ["t", P.any], ["t", P.any]])), Option.none())
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  for (const late of ["job", "file"]) {
    test(`S18 a read of a join waits until it is complete: the ${late} comes last`, () =>
      Effect.gen(function*() {
        const space = yield* fresh()
        yield* space.outAll([["t", late === "job" ? "file" : "job", 1], ["t", late, 2]])
        const reader = yield* startWaiting(space, space.rd(pair))
        same((yield* space.inspect).interests.map(({ kind }) => kind), ["rdAll"])
        yield* space.out(["t", late, 3])
        assert.isTrue(yield* isWaiting(reader))
        yield* space.out(["t", late, 1])
        same(yield* Fiber.join(reader), { job: ["t", "job", 1], file: ["t", "file", 1] })
        same((yield* all(space)).length, 4)
        yield* space.collect(["t", P.rest(P.any)])
        yield* empty(space)
      }))
  }

  test("S18 a read of a join is complete by what comes back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "file", 1]])
      const go = yield* Deferred.make<void>()
      const use = () => Effect.zipRight(Deferred.await(go), Effect.fail("no"))
      const holder = yield* start(Effect.exit(space.inWith(["t", "job", 1], use)))
      const reader = yield* startWaiting(space, space.rd(pair))
      yield* Deferred.succeed(go, undefined)
      same(yield* Fiber.join(reader), { job: ["t", "job", 1], file: ["t", "file", 1] })
      yield* Fiber.join(holder)
      yield* space.in(pair)
      yield* empty(space)
    }))

  test("S18 S9 S8 a read of a join is late, or interrupted, and leaves nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "job", 1])
      const late = yield* Effect.flip(space.rd(pair, { timeout: 0 }))
      same(late.message.startsWith(`rd(["t", "job", `), true, late.message)
      const reader = yield* startWaiting(space, space.rd(pair))
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(reader)))
      same(yield* all(space), [["t", "job", 1]])
      yield* space.in(["t", "job", 1])
      yield* empty(space)
    }))

  test("S18 explain says in which order the patterns of a query are looked at: the rare one first", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "file", 3], ...Array.from({ length: 40 }, (_, id) => ["t", "job", id] as const)])
      const { candidates, plan } = yield* space.explain(pair)
      same([candidates, plan], [41, [
        { member: "file", candidates: 1, by: [] },
        { member: "job", candidates: 40, by: ["id"] }
      ]])
      same((yield* space.explain(Q.any([["t", "job", P.any], ["t", "file", P.any]]))).plan, [
        { member: 0, candidates: 40, by: [] },
        { member: 1, candidates: 1, by: [] }
      ])
      same((yield* space.explain(Q.batch(["t", "job", P.any], { max: 3 }))).candidates, 40)
      yield* space.collect(["t", P.rest(P.any)])
      yield* empty(space)
    }))

  test("S18 what is no query, or a bad one, is refused by name", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const bad: ReadonlyArray<readonly [query: any, message: RegExp]> = [
        [Q.any([]), /a choice needs at least one pattern/],
        [Q.any({}), /a choice needs at least one pattern/],
        [Q.all(5 as any), /the patterns are an array or a record of them, not 5/],
        [Q.all({ job: [] } as any), /a pattern is a non-empty array of fields, not \[\]/],
        [Q.all([Q.any([["t"]])] as any), /a query stands for what is taken or read/],
        [{ job: ["t"] }, /a pattern is a non-empty array of fields/]
      ]
      for (const [query, message] of bad) {
        for (const operation of [space.in, space.rd, space.inp, space.rdp, space.inScoped] as ReadonlyArray<any>) {
          const asked: Effect.Effect<unknown, unknown, Scope.Scope> = operation(query)
          const error = yield* refusalOf(Effect.scoped(asked))
          same(error.reason, "InvalidPattern")
          assert.match(error.message, message)
        }
      }
      const one = yield* refusalOf(space.collect(either as any))
      assert.match(one.message, /a query stands for what is taken or read/)
    }))
})

export const heldQueries = cases("Holding: queries", (test) => {
  test("S19 what a query takes is held as one: consumed together, or back together, each in its old place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "job", 2], ["t", "file", 2], ["t", "file", 1]])
      const before = yield* all(space)
      const seen = yield* Effect.flip(space.inWith(pair, ({ file, job }) =>
        Effect.flatMap(
          Effect.zip(all(space), space.inspect),
          ([rest, { held }]) => Effect.fail([job, file, rest, held])
        )))
      same(seen, [["t", "job", 1], ["t", "file", 1], [["t", "job", 2], ["t", "file", 2]], 2])
      same(yield* all(space), before)
      const user = yield* start(space.inWith(pair, () => Effect.never))
      yield* Fiber.interrupt(user)
      same(yield* all(space), before)
      same(yield* space.inWith(pair, ({ job: [, , id] }) => Effect.succeed(id)), 1)
      yield* Effect.scoped(Effect.flatMap(space.inScoped(pair), ({ file }) => Effect.sync(() => same(file[2], 2))))
      yield* empty(space)
    }))

  test("S19 a hold of a query begins when all of it is there, and those behind it are served", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", "job", 1])
      const holder = yield* startWaiting(space, space.inWith(pair, ({ job: [, , id] }) => Effect.succeed(id)))
      // It holds nothing while it waits.
      same(yield* space.rdp(["t", "job", 1]), Option.some(["t", "job", 1]))
      yield* space.out(["t", "file", 2])
      assert.isTrue(yield* isWaiting(holder))
      yield* space.out(["t", "file", 1])
      same(yield* Fiber.join(holder), 1)
      same(yield* all(space), [["t", "file", 2]])
      yield* space.in(["t", "file", 2])
      yield* empty(space)
    }))

  test("S19 permits by a query: philosophers who take both forks, or none, all eat", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const seats = [0, 1, 2, 3, 4]
      yield* space.outAll(seats.map((fork) => ["fork", fork] as const))
      const eating = new Set<number>()
      const eat = (seat: number) =>
        space.withPermit(Q.all([["fork", seat], ["fork", (seat + 1) % 5]]), () =>
          Effect.suspend(() => {
            assert.isFalse(eating.has((seat + 1) % 5) || eating.has((seat + 4) % 5), "neighbours do not eat at once")
            eating.add(seat)
            return Effect.zipRight(Effect.yieldNow(), Effect.sync(() => void eating.delete(seat)))
          }))
      yield* Effect.forEach(seats, (seat) => Effect.repeatN(eat(seat), 4), { concurrency: "unbounded" })
      same((yield* space.collect(["fork", P.number])).map(([, fork]) => fork).sort(), seats)
      yield* empty(space)
    }))

  test("S19 attempts of a join are those of its first tuple; that is the one which is dead, and the others are back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "file", 1]])
      const use = (_: unknown, { attempts }: Hold<unknown>) => Effect.fail(attempts)
      const options = {
        maxAttempts: 2,
        deadLetter: (tuple: ReadonlyArray<unknown>, cause: Cause.Cause<unknown>) =>
          ["t", "dead", tuple, Array.from(Cause.failures(cause))] as const
      }
      const work = Effect.flip(space.inWith(pair, use, options))
      same([yield* work, yield* work], [0, 1])
      same(yield* all(space), [["t", "file", 1], ["t", "dead", ["t", "job", 1], [1]]])
      same(yield* Effect.flip(space.inWith(["t", "file", 1], use)), 0)
      yield* space.collect(["t", P.rest(P.any)])
      yield* empty(space)
    }))

  test("S19 a tuple that is consumed by itself stays so, whatever becomes of the use", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "file", 1]])
      const seen = yield* Effect.flip(space.inWith(pair, ({ file }, hold) =>
        Effect.zipRight(
          hold.consume(file),
          Effect.flatMap(space.inspect, ({ held }) => Effect.fail(held))
        )))
      same([seen, yield* all(space)], [1, [["t", "job", 1]]])
      yield* space.in(["t", "job", 1])
      yield* empty(space)
    }))

  test("S19 a tuple that is given back by itself is there for others during the use, in its old place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "file", 1], ["t", "file", 2], ["t", "job", 1]])
      const taker = yield* space.inWith(pair, ({ file }, hold) =>
        Effect.gen(function*() {
          const waiting = yield* startWaiting(space, space.in(["t", "file", 1]))
          yield* hold.giveBack(file)
          return yield* Fiber.join(waiting)
        }))
      same(taker, ["t", "file", 1])
      yield* space.out(["t", "job", 2])
      yield* space.inWith(pair, ({ file }, hold) => hold.giveBack(file))
      same(yield* space.inWith(["t", "file", 2], (_, { attempts }) => Effect.succeed(attempts)), 0)
      yield* empty(space)
    }))

  test("S19 a tuple fails by itself: that is its attempt, and its last is its death", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "file", 1], ["t", "job", 2], ["t", "file", 2]])
      const letter = { maxAttempts: 2, deadLetter: (tuple: ReadonlyArray<unknown>) => ["t", "dead", tuple] as const }
      const work = space.inWith(pair, ({ file }, hold) => hold.fail(file, "torn"), letter)
      yield* work
      same(yield* space.count(["t", "job", P.any]), 1)
      same(yield* space.inWith(["t", "file", 1], (_, { attempts }) => Effect.flip(Effect.fail(attempts))), 1)
      yield* space.out(["t", "file", 2])
      const two = Q.all([["t", "file", 2], ["t", "file", 2]])
      const poison = space.inWith(two, ([, file], hold) => Effect.zipRight(hold.fail(file, "torn"), Effect.fail("no")))
      yield* Effect.ignore(poison)
      same((yield* all(space)).length, 3)
      yield* space.inWith(["t", "file", 2], ([...file], hold) => Effect.ignore(hold.giveUp(file)), letter)
      yield* Effect.ignore(space.inWith(["t", "file", 2], (file, hold) => hold.fail(file, "torn"), letter))
      same(yield* all(space), [["t", "job", 2], ["t", "dead", ["t", "file", 2]]])
      yield* space.collect(["t", P.rest(P.any)])
      yield* empty(space)
    }))

  test("S19 a tuple is settled once, by who holds it, while the use runs", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", "job", 1], ["t", "file", 1]])
      const refused = (effect: Effect.Effect<unknown, unknown>, message: RegExp) =>
        Effect.map(refusalOf(effect), (error) => {
          same(error.reason, "InvalidTuple")
          assert.match(error.message, message)
        })
      const [hold, job] = yield* space.inWith(pair, ({ file, job }, hold) =>
        Effect.gen(function*() {
          yield* refused(hold.consume(["t", "job", 1]), /^consume: \["t", "job", 1\] is not held/)
          yield* hold.consume(file)
          yield* refused(hold.giveBack(file), /^giveBack: \["t", "file", 1\] is not held/)
          return [hold, job] as const
        }))
      yield* refused(hold.fail(job, "late"), /^fail: \["t", "job", 1\] is not held/)
      yield* empty(space)
    }))
})

export const batches = cases("Queries: batches", (test) => {
  const upTo = (max: number, options = {}) => Q.batch(["t", P.number], { max, ...options })
  const put = (...ns: ReadonlyArray<number>) => ns.map((n) => ["t", n] as const)

  test("S18 a batch is what is there, oldest first, up to its size", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([...put(1, 2, 3), ["t", "x"], ...put(4, 5)])
      same(yield* space.rd(upTo(2)), put(1, 2))
      same(yield* space.rdp(upTo(9)), Option.some(put(1, 2, 3, 4, 5)))
      same(yield* space.in(upTo(2)), put(1, 2))
      same(yield* space.inp(upTo(2, { min: 2 })), Option.some(put(3, 4)))
      same([yield* space.inp(upTo(9, { min: 2 })), yield* space.rdp(upTo(9, { min: 2 }))], [
        Option.none(),
        Option.none()
      ])
      same(yield* space.in(upTo(Infinity)), put(5))
      same(yield* space.collect(["t", P.any]), [["t", "x"]])
      yield* empty(space)
    }))

  test("S18 a batch waits for as many as it needs, and holds nothing meanwhile", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      for (const operation of [space.rd(upTo(4, { min: 3 })), space.in(upTo(4, { min: 3 }))]) {
        const batch = yield* startWaiting(space, operation)
        yield* space.outAll(put(1, 2))
        same(yield* space.in(["t", 1]), ["t", 1])
        yield* space.out(["t", 3])
        assert.isTrue(yield* isWaiting(batch))
        yield* space.out(["t", 4])
        same(yield* Fiber.join(batch), put(2, 3, 4))
        yield* space.collect(["t", P.any])
      }
      yield* empty(space)
    }))

  test("S18 of two batches one has what it needs, and the other waits: none has a half", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const one = yield* startWaiting(space, space.in(upTo(2, { min: 2 })))
      const other = yield* start(space.in(upTo(2, { min: 2 })))
      yield* space.outAll(put(1, 2, 3))
      same(yield* Fiber.join(one), put(1, 2))
      assert.isTrue(yield* isWaiting(other))
      yield* space.out(["t", 4])
      same(yield* Fiber.join(other), put(3, 4))
      yield* empty(space)
    }))

  test("S18 a batch lingers for more, until it is full or the time is over", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const full = yield* start(space.in(upTo(3, { linger: "1 hour" })))
      yield* space.out(["t", 2])
      assert.isTrue(yield* isWaiting(full))
      // It holds what it has.
      same(yield* space.count(["t", P.any]), 0)
      yield* space.out(["t", 3])
      same(yield* Fiber.join(full), put(1, 2, 3))
      yield* space.outAll(put(4, 5))
      const late = yield* start(space.in(upTo(3, { linger: "2 seconds" })))
      assert.isTrue(yield* isWaiting(late))
      yield* pass("2100 millis")
      same(yield* Fiber.join(late), put(4, 5))
      yield* empty(space)
    }))

  test("S18 S8 a batch that is interrupted while it lingers gives all of it back, to its old place", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(put(1, 2))
      const batch = upTo(9, { linger: "1 hour" })
      for (const operation of [space.in(batch), space.inWith(batch, Effect.succeed)]) {
        const fiber = yield* start(operation)
        yield* space.out(["t", 3])
        yield* isWaiting(fiber)
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        same(yield* space.collect(["t", P.any]), put(1, 2, 3))
        yield* space.outAll(put(1, 2))
      }
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  test("S18 S9 the timeout of a batch is for the tuples that it needs", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      same((yield* Effect.flip(space.in(upTo(9, { min: 2 }), { timeout: 0 })))._tag, "TimeoutException")
      same((yield* Effect.flip(space.rd(upTo(9, { min: 2 }), { timeout: 0 })))._tag, "TimeoutException")
      same(yield* space.in(upTo(9), { timeout: 0 }), put(1))
      yield* empty(space)
    }))

  test("S19 a batch is held as one; of a failure each of its tuples has an attempt", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(put(1, 2, 3))
      const dead = (tuple: ReadonlyArray<unknown>) => ["t", "dead", tuple] as const
      const options = { maxAttempts: 2, deadLetter: dead }
      yield* Effect.ignore(space.inWith(["t", 2], () => Effect.fail("no")))
      const counts = yield* Effect.flip(space.inWith(upTo(9), (_, { attempts }) => Effect.fail(attempts), options))
      same([counts, yield* all(space)], [1, [["t", 1], ["t", 3], ["t", "dead", ["t", 2]]]])
      same(yield* space.inWith(upTo(9), (tuples) => Effect.succeed(tuples)), put(1, 3))
      yield* space.collect(["t", P.rest(P.any)])
      yield* empty(space)
    }))

  test("S19 one bad tuple of a batch returns alone, and the others stay done", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(put(1, 2, 3, 4))
      const done: Array<unknown> = []
      const work = space.inWith(upTo(9), (tuples, hold) =>
        Effect.zipRight(
          Effect.forEach(tuples, (tuple) =>
            tuple[1] === 3 ? hold.fail(tuple, "bad") : Effect.tap(hold.consume(tuple), () => void done.push(tuple[1]))),
          Effect.fail("at the end")
        ))
      yield* Effect.ignore(work)
      same([done, yield* all(space)], [[1, 2, 4], [["t", 3]]])
      same(yield* space.inWith(["t", 3], (_, { attempts }) => Effect.succeed(attempts)), 1)
      yield* empty(space)
    }))

  test("S18 S16 a batch that can never be is refused", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const bad: ReadonlyArray<readonly [options: any, message: RegExp]> = [
        [{}, /^max: a batch needs one/],
        [undefined, /^max: a batch needs one/],
        [{ min: 3, max: 2 }, /^max: 2 is no integer from 3 on/],
        [{ min: 0, max: 2 }, /^min: 0 is no integer from 1 on/],
        [{ min: Infinity, max: 5 }, /^min: a batch of infinitely many/],
        [{ max: 2, linger: -1 }, /^linger: -1 is no duration/],
        [{ max: 2, lingr: 1 }, /^lingr: there is no such option here/]
      ]
      for (const [options, message] of bad) {
        const error = yield* refusalOf(space.in(Q.batch(["t"], options)))
        same(error.reason, "InvalidOption")
        assert.match(error.message, message)
      }
    }))
})
