import type { SpaceError, SpaceStore as Store } from "@effect-linda/core"
import { Pattern as P, Query as Q, SpaceStore, TupleSpace, Undecoded } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Cause, Effect, Exit, Fiber, Metric, Option, Schema, Stream } from "effect"
import type { Space } from "./kit.js"
import { fresh, same, within } from "./kit.js"

/** Opens a client of a space: a new one of that name, or one more. */
export type Open = (
  space: string,
  options: Store.Options
) => Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>

class Foo extends Schema.Class<Foo>("Foo")({ a: Schema.Number }) {}
/** The same class after a change that cannot read what was written before. */
const Changed = class Foo extends Schema.Class<Foo>("Foo")({ a: Schema.String }) {}

/** What a program can know of the class. */
const programs = [["lacks it", []], ["has another", [Changed]]] as const

const plain = [["foo", 2, "plain"], ["foo", 3, "plain"], ["foo", 4, "plain"]] as const
const tuples = [["foo", 1, new Foo({ a: 1 })], ...plain] as const
const pattern = ["foo", P.number, P.any] as const

const numbers = (space: Space) => Effect.map(space.copyCollect(pattern), (all) => all.map(([, n]) => n))

const errorOf = (exit: Exit.Exit<unknown, unknown>): SpaceError.SpaceError => {
  assert.isTrue(Exit.isFailure(exit), "it has succeeded")
  const failure = Cause.failureOption((exit as Exit.Failure<unknown, unknown>).cause)
  assert.isTrue(Option.isSome(failure), String(exit))
  return (failure as Option.Some<SpaceError.SpaceError>).value
}

/** It fails, and says of what. */
const isUndecodable = (exit: Exit.Exit<unknown, unknown>): void => {
  const { message, reason } = errorOf(exit)
  assert.strictEqual(reason, "Undecodable")
  assert.include(message, "field 2")
  assert.include(message, "Foo")
}

/** Time for what others do to arrive. */
const soon = Effect.sleep("150 millis")

type Operation = (space: Space) => Effect.Effect<unknown, unknown, Scope.Scope>

const transaction = (operation: Operation): Operation => (space) =>
  SpaceStore.transaction(space)(Effect.scoped(operation(space)))

const takes: Record<string, Operation> = {
  in: (space) => space.in(pattern, { timeout: 0 }),
  inp: (space) => space.inp(pattern),
  inAny: (space) => space.inAny([["x"], pattern], { timeout: 0 }),
  "inAny with a predicate": (space) => space.inAny([["foo", (n: unknown) => n === 9, P.any], pattern], { timeout: 0 }),
  inAll: (space) => space.inAll([["foo", 2, P.any], pattern], { timeout: 0 }),
  "inAll with variables": (space) =>
    space.inAll([pattern, [P.ref("f"), 2, P.any], [P.ref("f"), 3, P.any]], { timeout: 0 }),
  inUpTo: (space) => space.inUpTo(pattern, 2),
  collect: (space) => space.collect(pattern),
  "collect of all": (space) => space.collect([P.rest(P.any)]),
  collectInto: (space) => Effect.flatMap(TupleSpace.make(), (other) => space.collectInto(pattern, other)),
  replace: (space) => space.replace(pattern, () => ["bar"]),
  exchange: (space) => space.exchange(pattern, () => [["bar"]], { timeout: 0 }),
  "exchange of a join": (space) => space.exchange(Q.all([["foo", 2, P.any], pattern]), () => [["bar"]], { timeout: 0 }),
  inWith: (space) => space.inWith(pattern, () => Effect.void, { timeout: 0 }),
  inScoped: (space) => Effect.scoped(space.inScoped(pattern, { timeout: 0 })),
  withPermit: (space) => space.withPermit(pattern, () => Effect.void, { timeout: 0 })
}

const reads: Record<string, Operation> = {
  rd: (space) => space.rd(pattern, { timeout: 0 }),
  rdp: (space) => space.rdp(pattern),
  rdAny: (space) => space.rdAny([["x"], pattern], { timeout: 0 }),
  "rdAny with a predicate": (space) => space.rdAny([["foo", (n: unknown) => n === 9, P.any], pattern], { timeout: 0 }),
  copyCollect: (space) => space.copyCollect(pattern),
  copyCollectInto: (space) => Effect.flatMap(TupleSpace.make(), (other) => space.copyCollectInto(pattern, other)),
  outIfAbsent: (space) => space.outIfAbsent(pattern, ["foo", 5, "plain"])
}

const streams: Record<string, Operation> = {
  stream: (space) => Stream.runHead(space.stream(pattern)),
  subscribe: (space) => Stream.runHead(space.subscribe(pattern))
}

const waits: Record<string, Operation> = {
  in: (space) => space.in(pattern),
  inAny: (space) => space.inAny([["x"], pattern]),
  "inAny with a predicate": (space) => space.inAny([["foo", (n: unknown) => n === 9, P.any], pattern]),
  inAll: (space) => space.inAll([pattern]),
  inWith: (space) => space.inWith(pattern, () => Effect.void),
  inScoped: (space) => Effect.scoped(space.inScoped(pattern)),
  withPermit: (space) => space.withPermit(pattern, () => Effect.void),
  rd: (space) => space.rd(pattern),
  rdAny: (space) => space.rdAny([["x"], pattern]),
  "rdAny with a predicate": (space) => space.rdAny([["foo", (n: unknown) => n === 9, P.any], pattern]),
  ...streams
}

/** Of tuples that one program of several cannot decode, on any engine whose tuples are encoded. */
export const undecodables = (name: string, open: Open): void => {
  /** A program that knows the class, and one that does not. */
  const both = (schemas: ReadonlyArray<Schema.Schema.Any>, options?: Store.Options) =>
    Effect.gen(function*() {
      const space = fresh()
      const knows = yield* open(space, { schemas: [Foo] })
      const other = yield* open(space, { ...options, schemas: schemas as ReadonlyArray<Schema.Schema<any, any>> })
      return { space, knows, other }
    })

  describe(`${name}: V1 a tuple that a program cannot decode`, () => {
    for (const [which, schemas] of programs) {
      describe(`which ${which}`, () => {
        for (const [operation, run] of [...Object.entries(takes), ...Object.entries(reads)]) {
          const isTaken = operation in takes
          for (const [where, done] of [["", run], [" in a transaction", transaction(run)]] as const) {
            it.scopedLive(`${operation}${where}: a failure; it and its neighbours are in their places`, () =>
              Effect.gen(function*() {
                const { knows, other } = yield* both(schemas)
                yield* knows.outAll(tuples)
                isUndecodable(yield* Effect.exit(done(other)))
                same(yield* numbers(knows), [1, 2, 3, 4])
                same((yield* knows.inspect).held, 0)
                // It counts, if it would have taken it.
                let letters = 0
                const use = other.inWith(pattern, () => Effect.void, {
                  maxAttempts: 2,
                  deadLetter: () => ["dead", ++letters]
                })
                isUndecodable(yield* Effect.exit(use))
                assert.strictEqual(letters, isTaken ? 1 : 0)
                // And whoever knows the class still has it.
                same(yield* knows.inp(["foo", 1, P.any]), isTaken ? Option.none() : Option.some(tuples[0]))
              }))
          }
        }

        for (const [operation, run] of Object.entries(waits)) {
          it.scopedLive(`a waiting ${operation} fails when another puts it`, () =>
            Effect.gen(function*() {
              const { knows, other } = yield* both(schemas)
              const waiting = yield* Effect.fork(run(other))
              const neighbour = yield* Effect.fork(other.in(["other"]))
              yield* soon
              yield* knows.out(tuples[0])
              isUndecodable(yield* within(Fiber.await(waiting), "it does not fail"))
              same(yield* knows.inp(["foo", 1, P.any]), Option.some(tuples[0]))
              yield* knows.out(["other"])
              same(yield* within(Fiber.join(neighbour), "a neighbour that waits"), ["other"])
              same((yield* knows.inspect).interests, [])
            }))
        }

        it.scopedLive("a transaction that waits fails when another puts it", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            const waiting = yield* Effect.fork(transaction((space) => space.in(pattern))(other))
            yield* soon
            yield* knows.out(tuples[0])
            isUndecodable(yield* within(Fiber.await(waiting), "it does not fail"))
            same(yield* knows.inp(["foo", 1, P.any]), Option.some(tuples[0]))
          }))

        it.scopedLive("a transaction that catches the failure keeps what else it does", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            yield* knows.outAll(tuples)
            yield* SpaceStore.transaction(other)(Effect.gen(function*() {
              isUndecodable(yield* Effect.exit(other.collect(pattern)))
              isUndecodable(yield* Effect.exit(other.in(pattern)))
              yield* other.in(["foo", 3, P.any])
              yield* other.out(["foo", 5, "plain"])
            }))
            same(yield* numbers(knows), [1, 2, 4, 5])
          }))

        it.scopedLive("no predicate, schema, range or variable matches it, at once or waiting", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            yield* knows.out(tuples[0])
            const patterns: ReadonlyArray<any> = [
              ["foo", P.number, (value: any) => value.a === 1],
              ["foo", P.number, P.instanceOf(Foo)],
              ["foo", P.number, P.not("no")],
              ["foo", P.between(0, 2), P.any],
              [P.ref("x"), P.number, P.any],
              ["foo", P.number, P.partial({ a: P.any })]
            ]
            for (const pattern of patterns) {
              same(yield* other.inp(pattern), Option.none())
              same(yield* other.rdp(pattern), Option.none())
              same(yield* other.collect(pattern), [])
              assert.strictEqual(yield* other.count(pattern), 0)
              same(yield* other.inAll([pattern], { timeout: 0 }).pipe(Effect.option), Option.none())
            }
            assert.strictEqual(yield* other.count(pattern), 1)
            const waiting = yield* Effect.fork(other.in(["foo", P.number, P.not("no")]))
            const joining = yield* Effect.fork(other.inAll([["foo", P.number, P.oneOf("plain", "x")], ["and"]]))
            const seen = yield* Effect.fork(Stream.runHead(other.stream(["foo", P.number, P.not("no")])))
            yield* soon
            yield* knows.out(["foo", 6, new Foo({ a: 6 })])
            yield* soon
            assert.isNull(waiting.unsafePoll())
            assert.isNull(joining.unsafePoll())
            yield* knows.outAll([...plain, ["and"]])
            same(yield* within(Fiber.join(waiting), "the predicate"), plain[0])
            same(yield* within(Fiber.join(joining), "the join"), [plain[1], ["and"]])
            same(yield* within(Fiber.join(seen), "the stream"), Option.some(plain[0]))
            same(yield* numbers(knows), [1, 6, 4])
          }))

        it.scopedLive("maxAttempts and deadLetter end it, with the raw value, whoever has failed on it; the queue goes on", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            yield* knows.outAll(tuples)
            const used: Array<unknown> = []
            let raw: ReadonlyArray<unknown> = []
            const use = other.inWith(pattern, (tuple) => Effect.sync(() => void used.push(tuple[1])), {
              maxAttempts: 3,
              timeout: 0,
              deadLetter: (tuple, cause) => {
                raw = tuple
                isUndecodable(Exit.failCause(cause))
                return ["dead", ...tuple, { nested: [tuple[2]] }]
              }
            })
            isUndecodable(yield* Effect.exit(other.in(pattern)))
            isUndecodable(yield* Effect.exit(use))
            isUndecodable(yield* Effect.exit(use))
            same(raw.slice(0, 2), ["foo", 1])
            assert.instanceOf(raw[2], Undecoded.Undecoded)
            yield* Effect.repeatN(use, 2)
            same(used, [2, 3, 4])
            // Whoever knows the class can read it in the letter.
            same(yield* knows.collect([P.rest(P.any)]), [
              ["dead", "foo", 1, new Foo({ a: 1 }), { nested: [new Foo({ a: 1 })] }]
            ])
          }))

        it.scopedLive("inScoped ends it as well; without a deadLetter it is dropped", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            yield* knows.outAll(tuples)
            const use = Effect.exit(Effect.scoped(other.inScoped(pattern, { maxAttempts: 2 })))
            isUndecodable(yield* use)
            same(yield* numbers(knows), [1, 2, 3, 4])
            isUndecodable(yield* use)
            same(yield* numbers(knows), [2, 3, 4])
          }))

        it.scopedLive("in a transaction that is undone the attempt counts too, and maxAttempts ends it", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            yield* knows.outAll(tuples)
            const use = Effect.exit(
              transaction((space) =>
                space.inWith(pattern, () => Effect.void, { maxAttempts: 2, deadLetter: (tuple) => ["dead", tuple] })
              )(other)
            )
            isUndecodable(yield* use)
            same(yield* numbers(knows), [1, 2, 3, 4])
            isUndecodable(yield* use)
            same(yield* numbers(knows), [2, 3, 4])
            same(yield* knows.inp(["dead", P.any]), Option.some(["dead", tuples[0]]))
          }))

        it.scopedLive("requeue puts it behind all others", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            yield* knows.outAll(tuples)
            isUndecodable(yield* Effect.exit(other.inWith(pattern, () => Effect.void, { requeue: "back" })))
            same(yield* numbers(knows), [2, 3, 4, 1])
            same(yield* other.in(pattern), plain[0])
          }))

        it.scopedLive("a deadLetter that throws, or that cannot be put, leaves it there", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            yield* knows.outAll(tuples)
            for (
              const deadLetter of [() => {
                throw new Error("no")
              }, () => ["dead", () => 1] as const]
            ) {
              const exit = yield* Effect.exit(other.inWith(pattern, () => Effect.void, { maxAttempts: 1, deadLetter }))
              isUndecodable(exit)
              same(yield* numbers(knows), [1, 2, 3, 4])
              same((yield* knows.inspect).held, 0)
            }
          }))

        it.scopedLive("many workers: none dies of it twice for one attempt, and all else is done once", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            const used: Array<unknown> = []
            const failures: Array<string> = []
            const worker = Effect.repeatN(
              other.inWith(pattern, ([, n]) => Effect.sync(() => void used.push(n)), {
                maxAttempts: 3,
                timeout: "2 seconds",
                deadLetter: ([, n]) => ["dead", n]
              }).pipe(Effect.catchTag("SpaceError", ({ reason }) => Effect.sync(() => void failures.push(reason)))),
              7
            )
            const workers = yield* Effect.fork(Effect.all(Array.from({ length: 5 }, () => Effect.exit(worker)), {
              concurrency: "unbounded"
            }))
            yield* soon
            for (let n = 0; n < 34; n++) {
              yield* knows.out(["foo", n, n % 17 === 3 ? new Foo({ a: n }) : n])
            }
            yield* within(Fiber.join(workers), "the workers")
            same(used.length, 32)
            same(new Set(used).size, 32)
            same(failures, Array.from({ length: 6 }, () => "Undecodable"))
            same((yield* knows.collect(["dead", P.number])).map(([, n]) => n).sort(), [20, 3])
          }))

        it.scopedLive("is passed over by a program with undecodable: skip", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas, { undecodable: "skip" })
            const waiting = yield* Effect.fork(other.in(pattern))
            const reading = yield* Effect.fork(other.rd(pattern))
            const seen = yield* Effect.fork(Effect.map(
              Stream.runCollect(Stream.take(other.stream(pattern), 2)),
              (all) => Array.from(all)
            ))
            yield* soon
            yield* knows.out(tuples[0])
            yield* soon
            assert.isNull(waiting.unsafePoll())
            assert.isNull(reading.unsafePoll())
            yield* knows.outAll(plain)
            same(yield* within(Fiber.join(waiting), "in"), plain[0])
            same(yield* within(Fiber.join(reading), "rd"), plain[0])
            same(yield* within(Fiber.join(seen), "stream"), plain.slice(0, 2))
            assert.strictEqual(yield* other.count(pattern), 2)
            same(yield* other.copyCollect([P.rest(P.any)]), plain.slice(1))
            same(yield* other.inUpTo(pattern, 1), [plain[1]])
            same(yield* other.collect(pattern), [plain[2]])
            same(yield* other.inp(pattern), Option.none())
            same(yield* other.rdp(pattern), Option.none())
            same(yield* other.outIfAbsent(pattern, ["foo", 9, "plain"]), Option.none())
            same(yield* other.inAll([pattern], { timeout: 0 }), [["foo", 9, "plain"]])
            // Literals and types that every program can decode are for the store alone.
            same(yield* other.inp(["foo", P.number, P.string]), Option.none())
            same(yield* knows.collect(pattern), [tuples[0]])
          }))

        it.scopedLive("is seen: in inspect and in the metrics", () =>
          Effect.gen(function*() {
            const { knows, other, space } = yield* both(schemas, { metrics: "1 hour" })
            yield* knows.outAll(tuples)
            assert.strictEqual((yield* other.inspect).undecodable, 0)
            yield* Effect.exit(other.inp(pattern))
            yield* Effect.exit(other.rdp(pattern))
            assert.strictEqual((yield* other.inspect).undecodable, 1)
            assert.strictEqual((yield* knows.inspect).undecodable, 0)
            yield* Effect.exit(other.inWith(pattern, () => Effect.void, { maxAttempts: 1 }))
            assert.strictEqual((yield* other.inspect).undecodable, 0)
            const counter = Metric.tagged(
              Metric.counter("tuplespace_undecodable", {
                description: "Tuples of a store that this program has met and cannot decode"
              }),
              "space",
              space
            )
            assert.strictEqual((yield* Metric.value(counter)).count, 1)
          }))

        it.scopedLive("its time to live goes on, and its lease is good", () =>
          Effect.gen(function*() {
            const { knows, other } = yield* both(schemas)
            const lease = yield* knows.out(tuples[0], { ttl: "1 hour" })
            isUndecodable(yield* Effect.exit(other.in(pattern)))
            isUndecodable(yield* Effect.exit(other.collect(pattern)))
            isUndecodable(yield* Effect.exit(other.inWith(pattern, () => Effect.void, { requeue: "back" })))
            assert.isTrue(yield* lease.renew("2 hours"))
            assert.isTrue(yield* lease.cancel)
            same(yield* other.inp(pattern), Option.none())
          }))
      })
    }

    it.scopedLive("what a later version has written is one, as a field and within one", () =>
      Effect.gen(function*() {
        const space = yield* open(fresh(), {})
        const later = new Undecoded.Undecoded(`{"@later":[1]}`, "", "x")
        for (const field of [later, { nested: [later] }]) {
          yield* space.out(["foo", 1, field])
          assert.strictEqual(errorOf(yield* Effect.exit(space.in(["foo", 1, P.any]))).reason, "Undecodable")
          let raw: unknown
          yield* Effect.ignore(space.inWith(["foo", 1, P.any], () => Effect.void, {
            maxAttempts: 2,
            deadLetter: (tuple) => {
              raw = tuple[2]
              return ["dead"]
            }
          }))
          assert.include((raw as Undecoded.Undecoded).encoded as string, `{"@later":[1]}`)
          same(yield* space.inp(["dead"]), Option.some(["dead"]))
        }
      }))

    it.scopedLive("others are told nothing of what has come to nothing, and their subscriptions go on", () =>
      Effect.gen(function*() {
        const { knows, other } = yield* both([])
        yield* knows.outAll(tuples)
        const seen = yield* Effect.fork(Stream.runHead(other.subscribe(["end"])))
        yield* soon
        yield* Effect.exit(other.collect(pattern))
        yield* Effect.exit(other.replace(pattern, () => ["bar"]))
        yield* Effect.exit(other.replace(["foo", 2, P.any], () => [() => "it cannot be stored"]))
        yield* knows.out(["end"])
        assert.isTrue(Option.isSome(yield* within(Fiber.join(seen), "the subscription")))
      }))

    it.scopedLive("a use that ends while the space closes leaves it there", () =>
      Effect.gen(function*() {
        const space = fresh()
        const knows = yield* open(space, { schemas: [Foo] })
        for (let round = 0; round < 20; round++) {
          yield* knows.out(["foo", round, new Foo({ a: 1 })])
          yield* Effect.scoped(Effect.gen(function*() {
            const other = yield* open(space, {})
            const take: Effect.Effect<unknown, unknown> = round % 2 === 0 ? other.inp(pattern) : other.in(pattern)
            yield* Effect.fork(take)
            yield* Effect.repeatN(Effect.yieldNow(), round)
          }))
          same(yield* knows.collect(pattern), [["foo", round, new Foo({ a: 1 })]])
        }
      }))
  })

  describe(`${name}: V3 the protocol of a space`, () => {
    const Old = Schema.Tuple(Schema.Literal("job"), Schema.Number)
    const New = Schema.Tuple(Schema.Literal("job"), Schema.Number, Schema.Struct({ priority: Schema.Number }))
    const Done = Schema.Tuple(Schema.Literal("done"), Schema.Number, Schema.optionalElement(Schema.Unknown))

    it.scopedLive("what is put is checked, and the field is named", () =>
      Effect.gen(function*() {
        const space = yield* open(fresh(), { protocol: Schema.Union(New, Done) })
        yield* space.out(["done", 0])
        const bad = ["job", 1, { priority: "high" }] as const
        const operations: Record<string, Effect.Effect<unknown, unknown>> = {
          out: space.out(bad),
          "out with a ttl": space.out(bad, { ttl: "1 hour" }),
          outAll: space.outAll([["done", 1], bad]),
          outIfAbsent: space.outIfAbsent(["job", 1, P.any], bad),
          replace: space.replace(["done", 0], () => bad),
          exchange: space.exchange(["done", 0], (done) => [done, bad]),
          "outIfAbsent with a ttl": space.outIfAbsent(["job", 1, P.any], bad, { ttl: "1 hour" }),
          deadLetter: space.inWith(["done", 0], () => Effect.fail("no"), { maxAttempts: 1, deadLetter: () => bad }),
          transaction: SpaceStore.transaction(space)(space.out(bad)),
          evalTuple: Effect.flatMap(space.evalTuple(bad), (process) => process.join)
        }
        for (const [name, operation] of Object.entries(operations)) {
          const exit = yield* Effect.exit(operation)
          // Behind that of the use, if there is one.
          const [failure] = Exit.isFailure(exit) ? Array.from(Cause.failures(exit.cause)).reverse() : []
          const { message, reason } = failure as SpaceError.SpaceError
          assert.strictEqual(reason, "InvalidTuple", name)
          assert.include(message, "field 2.priority", name)
        }
        assert.include(errorOf(yield* Effect.exit(space.out(["jab", 1]))).message, "field 0")
        same(yield* space.collect([P.rest(P.any)]), [["done", 0]])
        // What a process fails with is no part of it.
        yield* space.eval(Effect.fail("no"))
      }))

    it.scopedLive("a tuple of another shape is one that cannot be decoded", () =>
      Effect.gen(function*() {
        const space = fresh()
        const any = yield* open(space, {})
        const jobs = yield* open(space, { protocol: Schema.Union(New, Done) })
        yield* any.outAll([["job", 1, { priority: "high" }], ["job", 2, { priority: 2 }]])
        const exit = yield* Effect.exit(jobs.in(["job", P.number, P.any]))
        assert.strictEqual(errorOf(exit).reason, "Undecodable")
        assert.include(errorOf(exit).message, "field 2.priority")
        same(yield* jobs.in(["job", P.number, { priority: P.number }]), ["job", 2, { priority: 2 }])
        let letter: unknown
        yield* Effect.exit(jobs.inWith(["job", P.number, P.any], () => Effect.void, {
          maxAttempts: 2,
          deadLetter: (tuple) => {
            letter = tuple
            return ["done", tuple[1] as number, tuple[2]]
          }
        }))
        same(letter, ["job", 1, { priority: "high" }])
        same(yield* jobs.collect([P.rest(P.any)]), [["done", 1, { priority: "high" }]])
      }))

    it.scopedLive("with skip a tuple of another shape is passed over, also where types and literals are all", () =>
      Effect.gen(function*() {
        const space = fresh()
        const any = yield* open(space, {})
        const jobs = yield* open(space, { protocol: Schema.Union(New, Done), undecodable: "skip" })
        yield* any.outAll([["job", 1], ["done", 1]])
        same(yield* jobs.inp(["job", P.number]), Option.none())
        same(yield* jobs.inp([P.string, P.number]), Option.some(["done", 1]))
        same(yield* any.inp(["job", 1]), Option.some(["job", 1]))
      }))

    it.scopedLive("old and new shapes side by side: one program reads both, another passes over the new", () =>
      Effect.gen(function*() {
        const space = fresh()
        const old = yield* open(space, { protocol: Schema.Union(Old, Done), undecodable: "skip" })
        const updated = yield* open(space, { protocol: Schema.Union(Old, New, Done) })
        yield* old.out(["job", 1])
        yield* updated.out(["job", 2, { priority: 1 }])
        const taken = yield* Effect.fork(old.in(["job", P.rest(P.any)]))
        same(yield* Fiber.join(taken), ["job", 1])
        const waiting = yield* Effect.fork(old.in(["job", P.rest(P.any)]))
        yield* soon
        assert.isNull(waiting.unsafePoll())
        same(yield* updated.in(["job", P.rest(P.any)]), ["job", 2, { priority: 1 }])
        yield* updated.out(["job", 3])
        same(yield* within(Fiber.join(waiting), "the old program"), ["job", 3])
      }))

    it.scopedLive("classes of the protocol need the schemas; it encodes nothing", () =>
      Effect.gen(function*() {
        const space = fresh()
        const protocol = Schema.Tuple(Schema.Literal("foo"), Schema.Number, Foo)
        const foos = yield* open(space, { schemas: [Foo], protocol })
        yield* foos.out(["foo", 1, new Foo({ a: 1 })])
        same(yield* foos.in(["foo", P.number, P.instanceOf(Foo)]), ["foo", 1, new Foo({ a: 1 })])
        assert.strictEqual(errorOf(yield* Effect.exit(foos.out(["foo", 1, { a: 1 }]))).reason, "InvalidTuple")
      }))
  })
}
