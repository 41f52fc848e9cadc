/**
 * Views: facets of a space that allow what they say and nothing else (S23).
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import * as Q from "@effect-linda/core/Query"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import * as Transaction from "@effect-linda/core/Transaction"
import type { Rights } from "@effect-linda/core/TupleSpace"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import type { Space } from "./kit.js"
import { all, assert, clean, closing, empty, fresh, isInterrupted, isWaiting, same, settle, start } from "./kit.js"
import { startWaiting, waiters } from "./kit.js"

/** All tuples here begin alike, so that a split space has them in one part. */
const job = ["v", "job", P.number] as const
const done = ["v", "done", P.number] as const
const wide = ["v", P.any, P.any] as const

/** What a worker may do: take jobs, look at what is to be known, and say what is done. */
const rights = { in: [job], rd: [["v", "config", P.any]], out: [done, ["v", "dead", P.number]] } as const

const mixed = [["v", "secret", 1], ["v", "job", 1], ["v", "config", "c"], ["v", "job", "no"], ["v", "job", 2]] as const

/** As a program sees it whose types say nothing. */
const viewOf = (space: Space, rights: Rights): Space => TupleSpace.view(space, rights) as unknown as Space

/** A space with something in it, and what a worker sees of it. */
const seen = Effect.gen(function*() {
  const space = yield* fresh()
  yield* space.outAll(mixed)
  return { space, view: viewOf(space, rights) }
})

/** What is not allowed fails, and does not die, on every engine. */
const forbidden = <A, E, R>(effect: Effect.Effect<A, E, R>, message: RegExp): Effect.Effect<void, unknown, R> =>
  Effect.map(Effect.flip(effect) as Effect.Effect<SpaceError, A, R>, (error) => {
    assert.strictEqual(error.reason, "Forbidden", String(error))
    assert.match(error.message, message)
  })

type Act = (view: Space) => Effect.Effect<unknown, unknown, any>

/** Every operation that takes what a pattern finds. */
const takes: Readonly<Record<string, (pattern: any) => Act>> = {
  in: (pattern) => (view) => view.in(pattern),
  inp: (pattern) => (view) => view.inp(pattern),
  inAny: (pattern) => (view) => view.inAny([pattern]),
  inAll: (pattern) => (view) => view.inAll([pattern]),
  "in of a batch": (pattern) => (view) => view.in(Q.batch(pattern, { max: 1 })),
  "inp of a batch": (pattern) => (view) => view.inp(Q.batch(pattern, { max: 1 })),
  inWith: (pattern) => (view) => view.inWith(pattern, Effect.succeed),
  inScoped: (pattern) => (view) => Effect.scoped(view.inScoped(pattern)),
  withPermit: (pattern) => (view) => view.withPermit(pattern, Effect.succeed),
  collect: (pattern) => (view) => view.collect(pattern),
  inUpTo: (pattern) => (view) => view.inUpTo(pattern, 1),
  collectInto: (pattern) => (view) => view.collectInto(pattern, view),
  replace: (pattern) => (view) => view.replace(pattern, () => ["v", "done", 0]),
  exchange: (pattern) => (view) => view.exchange(pattern, () => [["v", "done", 0]])
}

/** Every operation that only reads. */
const reads: Readonly<Record<string, (pattern: any) => Act>> = {
  rd: (pattern) => (view) => view.rd(pattern),
  rdp: (pattern) => (view) => view.rdp(pattern),
  rdAny: (pattern) => (view) => view.rdAny([pattern]),
  "rd of a batch": (pattern) => (view) => view.rd(Q.batch(pattern, { max: 1 })),
  count: (pattern) => (view) => view.count(pattern),
  copyCollect: (pattern) => (view) => view.copyCollect(pattern),
  copyCollectInto: (pattern) => (view) => view.copyCollectInto(pattern, view),
  subscribe: (pattern) => (view) => Effect.scoped(view.subscribe(pattern, { scoped: true })),
  stream: (pattern) => (view) => Effect.scoped(view.stream(pattern, { scoped: true }))
}

/** Every operation that puts a tuple of this kind. */
const puts: Readonly<Record<string, (kind: string) => Act>> = {
  out: (kind) => (view) => view.out(["v", kind, 7]),
  "out with a lease": (kind) => (view) => view.out(["v", kind, 7], { ttl: "1 hour" }),
  outAll: (kind) => (view) => view.outAll([["v", "done", 6], ["v", kind, 7]]),
  outIfAbsent: (kind) => (view) => view.outIfAbsent(["v", "job", 77], ["v", kind, 7]),
  replace: (kind) => (view) => view.replace(["v", "job", 1], () => ["v", kind, 7]),
  exchange: (kind) => (view) => view.exchange(["v", "job", 1], () => [["v", "done", 6], ["v", kind, 7]]),
  "a dead letter": (kind) => (view) =>
    view.inWith(["v", "job", 1], () => Effect.fail("no"), { maxAttempts: 1, deadLetter: () => ["v", kind, 7] }).pipe(
      Effect.catchAllCause((cause) => {
        const [error, more] = Cause.failures(cause)
        assert.strictEqual(error, "no")
        return more === undefined ? Effect.void : Effect.fail(more)
      })
    )
}

export const views = cases("Views", (test) => {
  test("S23 what is put has to match one of the patterns of out, whatever puts it; nothing has happened otherwise", () =>
    Effect.gen(function*() {
      for (const [name, act] of Object.entries(puts)) {
        const { space, view } = yield* seen
        const before = yield* all(space)
        yield* forbidden(
          act("secret")(view),
          /^out: this view may not put \["v", "secret", 7\], but only \["v", "done", number\], \["v", "dead", number\]$/
        )
        same(yield* all(space), before, name)
        yield* act("done")(view)
        assert.strictEqual(yield* space.count(["v", "done", 7]), 1, name)
        yield* clean(space)
      }
    }))

  test("S8 S23 a letter that is forbidden is not put, and its tuple is back with an attempt", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      const use = view.inWith(["v", "job", 1], () => Effect.fail("no"), {
        maxAttempts: 1,
        deadLetter: () => ["v", "secret", 1]
      })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(use)))
      same(yield* space.inWith(["v", "job", 1], (_, { attempts }) => Effect.succeed(attempts)), 1)
    }))

  test("S23 what is moved or imported into a view has to be allowed, and stays where it was otherwise", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      const other = yield* fresh()
      yield* other.outAll([["v", "done", 1], ["v", "secret", 2]])
      yield* forbidden(other.collectInto(wide, view), /^out: /)
      yield* forbidden(other.copyCollectInto(wide, view), /^out: /)
      assert.strictEqual(yield* other.count(wide), 2)
      const lines = Chunk.toArray(yield* Stream.runCollect(TupleSpace.exportLines(other)))
      yield* forbidden(Stream.run(Stream.fromIterable(lines), TupleSpace.importLines(view)), /out: /)
      same(yield* all(space), [...mixed])
      assert.strictEqual(yield* other.collectInto(done, view), 1)
      yield* other.collect(wide)
      yield* other.out(["v", "done", 2])
      const allowed = Chunk.toArray(yield* Stream.runCollect(TupleSpace.exportLines(other)))
      assert.strictEqual(yield* Stream.run(Stream.fromIterable(allowed), TupleSpace.importLines(view)), 1)
      same(yield* space.copyCollect(done), [["v", "done", 1], ["v", "done", 2]])
    }))

  test("S23 a pattern that nothing allowed can match is forbidden; the error names it, and what is allowed", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      for (const [name, act] of Object.entries(takes)) {
        for (const pattern of [["v", "secret", P.any], ["v", "config", P.any], ["v", "job", P.string], ["v"]]) {
          yield* forbidden(
            act(pattern)(view),
            /^take: nothing that this view may take matches \["v".*: it may take only \["v", "job", number\]$/
          ).pipe(Effect.annotateLogs("operation", name))
        }
      }
      for (const act of Object.values(reads)) {
        yield* forbidden(
          act(["v", "secret", P.any])(view),
          /^read: nothing .* may read matches \["v", "secret", any\]: it may read only .*number\], \["v", "config", any\]$/
        )
      }
      same(yield* all(space), [...mixed])
      yield* clean(space)
    }))

  test("S23 a wider pattern finds what is allowed, and nothing else is there", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      for (
        const pattern of [wide, ["v", P.string, P.any], [P.any, P.any, P.any], ["v", P.rest(P.any)], [P.rest(P.any)]]
      ) {
        same(yield* view.copyCollect(pattern as typeof wide), [mixed[1], mixed[2], mixed[4]])
        same(yield* view.count(pattern as typeof wide), 3)
        same(yield* view.rdp(pattern as typeof wide), Option.some(["v", "job", 1]))
      }
      same(yield* view.rd(["v", P.not("job"), P.any]), ["v", "config", "c"])
      same(yield* view.rd(["v", P.oneOf("secret", "config"), P.any]), ["v", "config", "c"])
      same(yield* view.inp(["v", P.any, 3]), Option.none())
      same(yield* view.inUpTo(wide, 1), [["v", "job", 1]])
      same(yield* view.collect([P.rest(P.any)]), [["v", "job", 2]])
      same(yield* view.inp(wide), Option.none())
      same(yield* view.replace(wide, () => ["v", "done", 1]), Option.none())
      same(yield* all(space), [mixed[0], mixed[2], mixed[3]])
    }))

  test("S3 S23 predicates and schemas of a view see only what is allowed", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      const shown: Array<unknown> = []
      const isSmall = (value: unknown) => {
        shown.push(value)
        return value === 2
      }
      same(yield* view.rdp(["v", P.any, isSmall]), Option.some(["v", "job", 2]))
      same(yield* view.count(["v", "job", isSmall]), 1)
      same(yield* view.inp(["v", (kind: unknown) => kind === "secret", P.any]), Option.none())
      const waiting = yield* startWaiting(space, view.in(["v", P.any, isSmall]))
      same(yield* Fiber.join(waiting), ["v", "job", 2])
      const next = yield* startWaiting(space, view.in([P.any, "job", P.when(isSmall)]))
      yield* space.outAll([["v", "secret", 2], ["v", "job", "hidden"], ["x", "job", 3], ["v", "job", 2]])
      same(yield* Fiber.join(next), ["v", "job", 2])
      same(shown.filter((value) => value !== 1 && value !== 2 && value !== "c"), [])
    }))

  test("S23 who waits by a wider pattern is served by what is allowed, and keeps nobody else waiting", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const view = viewOf(space, rights)
      const taker = yield* startWaiting(space, view.in(wide))
      const reader = yield* start(view.rd(wide))
      const other = yield* start(space.in(["v", "secret", P.any]))
      yield* space.outAll([["v", "secret", 1], ["v", "other", 1], ["v", "job", "no"]])
      same(yield* Fiber.join(other), ["v", "secret", 1])
      assert.isTrue(yield* isWaiting(taker))
      assert.isTrue(yield* isWaiting(reader))
      yield* space.out(["v", "config", 1])
      same(yield* Fiber.join(reader), ["v", "config", 1])
      assert.isTrue(yield* isWaiting(taker))
      yield* space.out(["v", "job", 5])
      same(yield* Fiber.join(taker), ["v", "job", 5])
      assert.strictEqual(yield* waiters(space), 0)
    }))

  test("S18 S23 a batch, and what moves, is of what is allowed", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      same(yield* view.rdp(Q.batch(wide, { max: 9 })), Option.some([mixed[1], mixed[2], mixed[4]]))
      same(yield* view.inp(Q.batch(wide, { max: 9 })), Option.some([mixed[1], mixed[4]]))
      yield* space.outAll([mixed[1], mixed[4]])
      const other = yield* fresh()
      assert.strictEqual(yield* view.copyCollectInto(wide, other), 3)
      assert.strictEqual(yield* view.collectInto(wide, other), 2)
      same(yield* all(other), [mixed[2], mixed[1], mixed[4], mixed[1], mixed[4]])
      same(yield* all(space), [mixed[0], mixed[2], mixed[3]])
    }))

  test("S18 S23 absence is told only of what can be seen", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      const message = /^absent: this view does not see all that .* matches, and cannot tell that there is none of it/
      yield* forbidden(view.awaitNone(wide), message)
      yield* forbidden(view.awaitNone(["v", "secret", P.any]), message)
      yield* forbidden(view.awaitNone(["v", "job", P.any]), message)
      yield* forbidden(view.outIfAbsent(wide, ["v", "done", 1]), message)
      yield* forbidden(view.outIfAbsent(["v", "leader", P.any], ["v", "done", 1]), message)
      same(yield* view.outIfAbsent(job, ["v", "done", 1]), Option.some(["v", "job", 1]))
      same(yield* view.outIfAbsent(["v", "job", 9], ["v", "done", 1]), Option.none())
      const none = yield* startWaiting(space, view.awaitNone(job))
      yield* space.collect(job)
      yield* Fiber.join(none)
    }))

  test.needing("guards")(
    "S18 S23 each member of a join is allowed by what becomes of it",
    () =>
      Effect.gen(function*() {
        const { space, view } = yield* seen
        yield* forbidden(view.in(Q.all([job, Q.absent(["v", "stop", P.any])])), /^absent: /)
        yield* forbidden(view.in(Q.all([job, ["v", "config", P.any]])), /^take: /)
        yield* forbidden(view.in(Q.all([job, Q.read(["v", "secret", P.any])])), /^read: /)
        yield* forbidden(view.in(Q.any([job, ["v", "secret", P.any]])), /^take: .*"secret"/)
        same(yield* view.rd(Q.all({ one: wide, other: wide })), { one: mixed[1], other: mixed[2] })
        same(
          yield* view.in(
            Q.all({
              job: ["v", P.ref("k"), P.ref("n")],
              c: Q.read(["v", "config", P.any]),
              left: Q.absent(["v", "job", 9])
            })
          ),
          { job: ["v", "job", 1], c: mixed[2] }
        )
        same(yield* view.inp(Q.all([wide, wide])), Option.none())
        same(yield* view.inAll([["v", P.any, 2]]), [["v", "job", 2]])
        same(yield* all(space), [mixed[0], mixed[2], mixed[3]])
      })
  )

  test("S17 S23 events and streams show what may be read", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      const events = yield* view.subscribe(wide, { events: ["Out", "In"], scoped: true })
      const tuples = yield* view.stream(wide, { scoped: true })
      yield* space.out(["v", "secret", 9])
      yield* space.in(["v", "secret", 9])
      yield* space.out(["v", "job", 9])
      yield* space.in(["v", "job", 9])
      same(
        Chunk.toArray(yield* Stream.runCollect(Stream.take(events, 2))).map((event) =>
          event._tag === "Missed" ? event : [event._tag, event.tuple]
        ),
        [["Out", ["v", "job", 9]], ["In", ["v", "job", 9]]]
      )
      same(
        Chunk.toArray(yield* Stream.runCollect(Stream.take(tuples, 4))),
        [mixed[1], mixed[2], mixed[4], ["v", "job", 9]]
      )
    }))

  test("S8 S19 S23 holds are those of the space: back in their place, by tokens and attempts", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      const tokens = [
        yield* view.inWith(wide, (_, { token }) => Effect.succeed(token)),
        yield* view.withPermit(wide, (_, { token }) => Effect.succeed(token))
      ]
      assert.isBelow(tokens[0]!, tokens[1]!)
      assert.strictEqual(yield* Effect.flip(view.inWith(wide, () => Effect.fail("no"))), "no")
      yield* view.out(["v", "done", 1])
      yield* view.inWith(wide, (tuple, hold) => {
        same([tuple, hold.attempts], [["v", "job", 2], 1])
        return hold.fail(tuple, "again")
      }, { maxAttempts: 2, deadLetter: () => ["v", "dead", 2] })
      same(yield* space.copyCollect(wide), [
        mixed[0],
        mixed[2],
        mixed[3],
        ["v", "done", 1],
        ["v", "dead", 2]
      ])
      yield* clean(space)
    }))

  test("S13 S23 processes are started if eval says so, and their failures seen by who may read them", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* forbidden(viewOf(space, { out: true, in: true }).eval(Effect.void), /^eval: this view may not start/)
      yield* forbidden(viewOf(space, { out: true }).evalTuple(["v", "x", Effect.succeed(1)]), /^eval: /)
      const view = viewOf(space, { ...rights, eval: true })
      const process = yield* view.eval(Effect.fail("broken"), { name: "p" })
      yield* process.await
      yield* forbidden(view.rdp(Process.failure()), /^read: .*failure/)
      same(yield* view.copyCollect([P.rest(P.any)]), [])
      const made = yield* view.evalTuple(["v", "done", Effect.succeed(1)])
      yield* made.join
      const bad = yield* view.evalTuple(["v", "secret", Effect.succeed(1)])
      yield* forbidden(bad.join, /^out: /)
      same(yield* space.collect([P.rest(P.any)]), [["v", "done", 1]])
      const watcher = viewOf(space, { in: [Process.failure(P.string)] })
      same((yield* watcher.in(Process.failure()))[0], "broken")
      yield* space.collect(Process.failure())
      yield* empty(space)
    }))

  test("S23 what tells of the whole space needs a view that reads all of it", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      yield* forbidden(view.inspect, /^inspect: it tells of the whole space, and this view may read only/)
      yield* forbidden(view.explain(job), /^explain: /)
      yield* forbidden(view.awaitQuiescent, /^awaitQuiescent: /)
      const reader = viewOf(space, { rd: true })
      same((yield* reader.inspect).tuples, (yield* space.inspect).tuples)
      same(yield* reader.explain(job), yield* space.explain(job))
      yield* forbidden(reader.inp(wide), /^take: .* it may take nothing at all$/)
      yield* forbidden(reader.out(["v", "job", 1]), /^out: .* but nothing at all$/)
      same((yield* viewOf(space, { in: true }).inspect).tuples, (yield* space.inspect).tuples)
    }))

  test("S23 a view of a view allows what both allow", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      const inner = viewOf(view, { in: [["v", P.any, 1], ["v", P.any, "c"]], rd: true, out: [["v", P.any, 1]] })
      same(yield* inner.copyCollect(wide), [mixed[1], mixed[2], mixed[4]])
      same(yield* inner.inUpTo(wide, 9), [["v", "job", 1]])
      yield* forbidden(inner.in(["v", "job", 2]), /may take only \["v", any, 1\], \["v", any, "c"\]/)
      yield* inner.out(["v", "done", 1])
      yield* forbidden(inner.out(["v", "done", 2]), /out: .* but only \["v", any, 1\]/)
      yield* forbidden(inner.out(["v", "secret", 1]), /out: .* but only \["v", "done", number\]/)
      yield* forbidden(inner.inspect, /^inspect: /)
      const wider = viewOf(view, { in: true, out: true, rd: true, eval: true })
      same(yield* wider.collect(wide), [["v", "job", 2]])
      yield* forbidden(wider.eval(Effect.void), /^eval: /)
      same(yield* all(space), [mixed[0], mixed[2], mixed[3], ["v", "done", 1]])
    }))

  test("S23 an export has what may be read, also what is held and what is still to come", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      yield* space.out(["v", "job", 3], { after: "1 hour" })
      yield* space.out(["v", "secret", 3], { after: "1 hour" })
      yield* space.withPermit(["v", "job", 1], () =>
        Effect.gen(function*() {
          const lines = Chunk.toArray(yield* Stream.runCollect(TupleSpace.exportLines(view)))
          same(lines.slice(1).map((line) => JSON.parse(line).tuple ?? JSON.parse(line).end), [
            ["v", "job", 1],
            ["v", "config", "c"],
            ["v", "job", 2],
            ["v", "job", 3],
            4
          ])
        }))
    }))

  test("S13 S23 the failures of processes are put and exported as what they are", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const process = yield* space.eval(Effect.fail("broken"), { failures: "keep" })
      yield* process.await
      const exported = (rights: Rights) =>
        Effect.map(Stream.runCollect(TupleSpace.exportLines(viewOf(space, rights))), Chunk.toArray)
      same((yield* exported({ rd: [[P.rest(P.any)]] })).length, 2)
      const lines = yield* exported({ rd: [Process.failure("broken")] })
      same(lines.length, 3)
      const load = (rights: Rights) =>
        Stream.run(Stream.fromIterable(lines), TupleSpace.importLines(viewOf(space, rights)))
      yield* forbidden(load({ out: [[P.rest(P.any)]] }), /out: /)
      same(yield* load({ out: [Process.failure()] }), 1)
      same((yield* space.collect(Process.failure())).length, 2)
      yield* empty(space)
    }))

  test("S16 S23 bad input fails in a view, and does not die, on every engine", () =>
    Effect.gen(function*() {
      const { space, view } = yield* seen
      const reasons = yield* Effect.forEach(
        [
          view.out([] as never),
          view.in([] as never),
          view.rd(job, { timeout: -1 }),
          view.outIfAbsent([] as never, ["v", "done", 1]),
          view.inWith(job, () => Effect.void, { requeue: "front" } as never)
        ] as ReadonlyArray<Effect.Effect<unknown, any>>,
        Effect.flip
      )
      same(reasons.map(({ reason }) => reason), [
        "InvalidTuple",
        "InvalidPattern",
        "InvalidOption",
        "InvalidPattern",
        "InvalidOption"
      ])
      same(yield* all(space), [...mixed])
    }))

  test("S16 S23 rights that mean nothing are refused, and so is what is no space", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const wrong: ReadonlyArray<unknown> = [
        undefined,
        7,
        { in: "job" },
        { in: ["job", 1] },
        { in: [[]] },
        { rd: [Q.any([job])] },
        { out: 1 },
        { eval: "yes" },
        { take: true }
      ]
      for (const rights of wrong) {
        assert.throws(() => TupleSpace.view(space, rights as never), /rights|in: |rd: |out: |eval: |take: |options: /)
      }
      assert.throws(() => TupleSpace.view({} as never, {}), /is no space that this library has made/)
      assert.throws(() => TupleSpace.view(space, { in: ["job", 1] } as never), /give a list, in: \[\[…\], \[…\]\]/)
      yield* empty(space)
    }))

  test("S12 S23 a view ends with its space", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const space = yield* Scope.extend(closing(), scope)
      const view = viewOf(space, rights)
      const fiber = yield* startWaiting(space, view.in(job))
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(yield* isInterrupted(Fiber.join(fiber)))
      assert.isTrue(yield* isInterrupted(view.rd(job)))
    }))

  test("S8 S23 an interruption leaves nothing behind, and loses nothing", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const view = viewOf(space, rights)
      const waiting = yield* startWaiting(space, view.in(wide))
      yield* Fiber.interrupt(waiting)
      yield* space.out(["v", "job", 1])
      const holding = yield* start(view.inWith(wide, () => Effect.never))
      yield* settle
      yield* Fiber.interrupt(holding)
      same(yield* view.in(wide), ["v", "job", 1])
      yield* empty(space)
    }))

  test.needing("transactions")(
    "S10 S23 a view takes part in transactions, its own and those of the space",
    () =>
      Effect.gen(function*() {
        const { space, view } = yield* seen
        const moved = yield* view.transact(STM.gen(function*() {
          const [, , n] = yield* Transaction.in(view, wide)
          yield* Transaction.out(view, ["v", "done", n])
          const config = yield* Transaction.rd(view, ["v", P.not("job"), P.any])
          const left = yield* Transaction.count(view, wide)
          const next = yield* Transaction.rdp(view, Q.batch(wide, { max: 5 }))
          return { n, config, left, next, none: yield* Transaction.inp(view, ["v", "job", 77]) }
        }))
        same(moved, { n: 1, config: mixed[2], left: 2, next: Option.some([mixed[2], mixed[4]]), none: Option.none() })
        const undone = STM.zipRight(Transaction.in(view, wide), Transaction.out(view, ["v", "secret", 1]))
        yield* forbidden(view.transact(undone), /^out: /)
        yield* forbidden(view.transact(Transaction.in(view, ["v", "secret", P.any])), /^take: /)
        yield* forbidden(view.transact(Transaction.rdp(view, ["v", "secret", P.any])), /^read: /)
        const fiber = yield* startWaiting(
          space,
          space.transact(STM.zip(Transaction.in(view, ["v", P.any, 5]), Transaction.in(space, ["v", "go", P.any])))
        )
        yield* space.outAll([["v", "secret", 5], ["v", "go", 1]])
        assert.isTrue(yield* isWaiting(fiber))
        yield* space.out(["v", "job", 5])
        same(yield* Fiber.join(fiber), [["v", "job", 5], ["v", "go", 1]])
      })
  )
})
