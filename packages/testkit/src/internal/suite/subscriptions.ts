/**
 * Subscriptions and streams (S17): what they are told, in which order, and what becomes of slow readers.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Process from "@effect-linda/core/Process"
import * as SpaceEvent from "@effect-linda/core/SpaceEvent"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { cases } from "./case.js"
import {
  assert,
  clean,
  closing,
  defectOf,
  empty,
  fresh,
  isInterrupted,
  isWaiting,
  pass,
  refusalOf,
  same,
  settle,
  settling,
  start,
  waiters
} from "./kit.js"

type Event = SpaceEvent.SpaceEvent<any>

/** Collects what a stream emits, by a reader that can be stopped. */
const follow = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const seen: Array<A> = []
    const fiber = yield* start(Stream.runForEach(stream, (a) => Effect.sync(() => seen.push(a))))
    const soFar = Effect.zipRight(settle, Effect.sync(() => seen.slice()))
    const stop = Effect.zipRight(soFar, Effect.zipLeft(Effect.sync(() => seen), Fiber.interrupt(fiber)))
    return { fiber, soFar, stop }
  })

/** A reader that takes one chunk at a time, when it is told to. */
const slow = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const turns = yield* Queue.unbounded<void>()
    const seen: Array<A> = []
    const fiber = yield* start(Stream.runForEachChunk(stream, (chunk) =>
      Effect.zipRight(
        Queue.take(turns),
        Effect.sync(() => seen.push(...chunk))
      )))
    return {
      seen,
      go: Effect.zipRight(Queue.offer(turns, undefined), settle),
      /** From now on it takes whatever comes. */
      goOn: Effect.zipRight(Queue.offerAll(turns, Array.from({ length: 20 }, () => undefined)), settle),
      stop: Fiber.interrupt(fiber)
    }
  })

const tags = (events: ReadonlyArray<Event>) =>
  events.map((event) => event._tag === "Missed" ? `Missed ${event.count}` : `${event._tag} ${event.tuple[1]}`)

export const events = cases("Subscription: events", (test) => {
  const timed = test.needing("clock")

  test("S17 N01 every matching out, in order, and nothing else", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 0])
      const events = yield* follow(space.subscribe(["t", P.number]))
      yield* space.out(["t", 1])
      yield* space.outAll([["u", 9], ["t", 2], ["t", "x"]])
      yield* space.in(["t", 2])
      same(yield* events.stop, [
        SpaceEvent.Out({ tuple: ["t", 1] }),
        SpaceEvent.Out({ tuple: ["t", 2] })
      ])
      yield* clean(space)
    }))

  test("S17 a tuple that is taken at once is seen", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const events = yield* follow(space.subscribe(["t", P.any], { events: ["Out", "In"] }))
      const taker = yield* start(space.in(["t", P.any]))
      yield* space.out(["t", 1])
      yield* Fiber.join(taker)
      const join = yield* start(space.inAll([["t", P.any], ["t", P.any]]))
      yield* space.out(["t", 2])
      yield* space.out(["t", 3])
      yield* Fiber.join(join)
      same(tags(yield* events.stop).sort(), ["In 1", "In 2", "In 3", "Out 1", "Out 2", "Out 3"])
    }))

  test("S17 N03 only the selected kinds, in order: what is put, taken and given back", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const pattern = ["t", P.number] as const
      const all = yield* follow(space.subscribe(pattern, { events: ["Out", "In", "Requeue"] }))
      const kinds = yield* Effect.forEach(["Out", "In", "Requeue"] as const, (kind) =>
        Effect.map(follow(space.subscribe(pattern, { events: [kind] })), (events) => [kind, events] as const))
      yield* space.out(["t", 1])
      yield* Effect.flip(space.inWith(["t", 1], () =>
        Effect.fail("no")))
      yield* space.replace(["t", 1], () => ["t", 2])
      yield* space.collect(["t", 2])
      const seen = tags(yield* all.stop)
      same(seen, ["Out 1", "In 1", "Requeue 1", "In 1", "Out 2", "In 2"])
      for (const [kind, events] of kinds) {
        same(tags(yield* events.stop), seen.filter((text) => text.startsWith(kind)))
      }
      yield* empty(space)
    }))

  timed("S17 N03 an expiry is seen, by those who ask for it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const outs = yield* follow(space.subscribe(["t", P.number]))
      const expiries = yield* follow(space.subscribe(["t", P.number], { events: ["Expire"] }))
      yield* space.out(["t", 1], { ttl: 5 })
      yield* space.out(["t", 2])
      yield* pass(5)
      same(tags(yield* outs.stop), ["Out 1", "Out 2"])
      same(tags(yield* expiries.stop), ["Expire 1"])
      yield* space.in(["t", 2])
      yield* empty(space)
    }))

  test.needing("options", "clock")("S17 N03 only the selected kinds, in order", () =>
    Effect.gen(function*() {
      const space = yield* fresh({ capacity: 2, strategy: "sliding" })
      const pattern = ["t", P.number] as const
      const all = yield* follow(space.subscribe(pattern, { events: ["Out", "In", "Requeue", "Expire", "Evict"] }))
      const kinds = yield* Effect.forEach(["Out", "In", "Requeue", "Expire", "Evict"] as const, (kind) =>
        Effect.map(follow(space.subscribe(pattern, { events: [kind] })), (events) => [kind, events] as const))
      yield* space.out(["t", 1])
      yield* space.out(["t", 2], { ttl: 5 })
      yield* space.out(["t", 3])
      yield* Effect.flip(space.inWith(["t", 3], () =>
        Effect.fail("no")))
      yield* space.replace(["t", 3], () => ["t", 4])
      yield* space.collect(["t", 4])
      yield* pass(5)
      yield* settle
      const seen = tags(yield* all.stop)
      same(seen, [
        "Out 1",
        "Out 2",
        "Out 3",
        "Evict 1",
        "In 3",
        "Requeue 3",
        "In 3",
        "Out 4",
        "In 4",
        "Expire 2"
      ])
      for (const [kind, events] of kinds) {
        same(tags(yield* events.stop), seen.filter((text) => text.startsWith(kind)))
      }
      yield* empty(space)
    }))

  test("S17 events of bulk operations, transactions and moves", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const other = yield* fresh()
      const left = yield* follow(space.subscribe([P.rest(P.any)], { events: ["Out", "In"] }))
      const right = yield* follow(other.subscribe([P.rest(P.any)]))
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      yield* space.inUpTo(["t", P.any], 1)
      yield* space.collectInto(["t", 3], other)
      yield* space.copyCollectInto(["t", 2], other)
      yield* space.inAny([["t", 2]])
      yield* space.outIfAbsent(["t", P.any], ["t", 4])
      yield* space.inAll([["t", 4]])
      same(tags(yield* left.stop), [
        "Out 1",
        "Out 2",
        "Out 3",
        "In 1",
        "In 3",
        "In 2",
        "Out 4",
        "In 4"
      ])
      same(tags(yield* right.stop), ["Out 3", "Out 2"])
    }))

  test("S17 N04 two subscriptions are both told, once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const a = yield* follow(space.subscribe(["t", P.any]))
      const b = yield* follow(space.subscribe([P.any, 1]))
      yield* space.out(["t", 1])
      assert.strictEqual((yield* a.stop).length, 1)
      assert.strictEqual((yield* b.stop).length, 1)
    }))

  test("S17 N11 a reaction to the first tuple alone, and one to each, alike or not", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const once = yield* follow(Stream.take(space.subscribe(["t", P.any]), 1))
      const each = yield* follow(space.subscribe(["t", P.any]))
      yield* space.outAll([["t", 1], ["t", 1]])
      yield* space.out(["t", 2])
      same(tags(yield* once.stop), ["Out 1"])
      same(tags(yield* each.stop), ["Out 1", "Out 1", "Out 2"])
    }))

  test("S17 N05 one subscription over alternatives that all match is told once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const events = yield* follow(space.subscribe(["t", P.oneOf(1, P.number, P.any)]))
      yield* space.out(["t", 1])
      assert.strictEqual((yield* events.stop).length, 1)
    }))

  test("S13 S17 failures of processes are seen by those who ask for them alone", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const failures = yield* follow(space.subscribe(Process.failure()))
      const wild = yield* follow(space.subscribe([P.rest(P.any)]))
      yield* space.eval(Effect.fail("no"))
      same((yield* failures.soFar).map((event: Event) => event._tag === "Out" && event.tuple[0]), [
        "no"
      ])
      same(yield* wild.stop, [])
      yield* failures.stop
    }))

  test("S3 N12 a predicate that throws ends its own subscription; nobody else notices", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const boom = new Error("boom")
      const bad = yield* start(Stream.runDrain(space.subscribe(["t", () => {
        throw boom
      }])))
      const good = yield* follow(space.subscribe(["t", P.any]))
      yield* space.out(["t", 1])
      assert.strictEqual(yield* defectOf(Fiber.join(bad)), boom)
      yield* space.out(["t", 2])
      same(tags(yield* good.stop), ["Out 1", "Out 2"])
    }))

  test("S17 N07 N08 a subscription that is over has left no registration", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const interrupted = yield* start(Stream.runDrain(space.subscribe(["t", P.any])))
      const failing = yield* start(
        Effect.exit(Stream.runForEach(space.subscribe(["t", P.any]), () => Effect.die("bug")))
      )
      const taking = yield* start(Stream.runCollect(Stream.take(space.subscribe(["t", P.any]), 1)))
      same((yield* space.inspect).interests.map(({ kind }) => kind), [
        "subscribe",
        "subscribe",
        "subscribe"
      ])
      yield* Fiber.interrupt(interrupted)
      yield* space.out(["t", 1])
      assert.isTrue(Exit.isFailure(yield* Fiber.join(failing)))
      same(Chunk.toReadonlyArray(yield* Fiber.join(taking)), [SpaceEvent.Out({ tuple: ["t", 1] })])
      yield* clean(space)
    }))

  test("S12 S17 a subscription ends when its space closes, after what it has not read yet", () =>
    Effect.gen(function*() {
      const fibers = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        yield* space.out(["t", 0])
        const fibers = [
          yield* start(Stream.runCollect(space.subscribe(["t", P.any]))),
          yield* start(Effect.map(Stream.runCollect(space.stream(["t", P.any])), Chunk.size))
        ] as const
        yield* space.out(["t", 1])
        return fibers
      }))
      same(Chunk.toReadonlyArray(yield* Fiber.join(fibers[0])), [SpaceEvent.Out({ tuple: ["t", 1] })])
      assert.strictEqual(yield* Fiber.join(fibers[1]), 2)
    }))

  test("S12 S16 a subscription of a closed space is interrupted; bad arguments are refused when it starts", () =>
    Effect.gen(function*() {
      const closed = yield* Effect.scoped(closing())
      const exit = yield* Effect.exit(Stream.runDrain(closed.subscribe(["t"])))
      assert.isTrue(Exit.isInterrupted(exit))
      const space = yield* fresh()
      for (
        const [stream, message] of [
          [space.subscribe([] as never), /a pattern is a non-empty array/],
          [space.subscribe(["t"], { capacity: 0 }), /^capacity: 0 is no integer from 1 on$/],
          [space.stream(["t"], { strategy: "blocking" as any }), /^strategy: "blocking" is none of/],
          [space.subscribe(["t"], { events: ["Missed" as any] }), /^events: "Missed" is none of "Out", "In", "Requeue"/]
        ] as ReadonlyArray<readonly [Stream.Stream<unknown, unknown>, RegExp]>
      ) {
        assert.match((yield* refusalOf(Stream.runDrain(stream))).message, message)
      }
    }))
})

export const mailboxes = cases("Subscription: slow readers", (test) => {
  test("S17 N06 suspend: an out waits until the mailbox has room, and nothing is lost", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* slow(space.subscribe(["t", P.number], { capacity: 2 }))
      yield* space.out(["t", 0])
      yield* settle
      // The reader holds 0; the mailbox has room for two.
      yield* space.outAll([["t", 1], ["t", 2]])
      const out = yield* start(space.out(["t", 3]))
      const next = yield* start(space.out(["t", 4]))
      assert.isTrue(yield* isWaiting(out))
      same(yield* space.inp(["t", 3]), Option.none())
      yield* reader.go
      yield* Fiber.join(Fiber.zip(out, next))
      yield* reader.goOn
      same(tags(reader.seen), ["Out 0", "Out 1", "Out 2", "Out 3", "Out 4"])
      yield* reader.stop
      assert.strictEqual(yield* space.count(["t", P.any]), 5)
    }))

  test("S14 S17 suspend: an out that concerns no full mailbox does not wait for one, so the reader can put", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* slow(space.subscribe(["t", P.number], { capacity: 1 }))
      yield* space.out(["t", 0])
      yield* settle
      yield* space.out(["t", 1])
      const out = yield* start(space.out(["t", 2]))
      const other = yield* start(space.out(["u", 3]))
      const isHeldUp = yield* isWaiting(other)
      yield* Fiber.interruptAll([out, other])
      yield* reader.stop
      assert.isFalse(isHeldUp)
    }))

  test("S17 N06 suspend: an out that waits for a mailbox goes on when the subscription ends", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* slow(space.subscribe(["t", P.number], { capacity: 1 }))
      yield* space.out(["t", 0])
      yield* settle
      yield* space.out(["t", 1])
      const out = yield* start(space.out(["t", 2]))
      assert.isTrue(yield* isWaiting(out))
      yield* reader.stop
      yield* Fiber.join(out)
      assert.strictEqual(yield* space.count(["t", P.any]), 3)
    }))

  test("S8 S17 suspend: an out that is interrupted meanwhile puts nothing, and nobody is told", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* slow(space.subscribe(["t", P.number], { capacity: 1 }))
      const other = yield* follow(space.subscribe(["t", P.number]))
      yield* space.out(["t", 0])
      yield* settle
      yield* space.out(["t", 1])
      const out = yield* start(space.out(["t", 2]))
      yield* Fiber.interrupt(out)
      yield* reader.goOn
      same(tags(reader.seen), ["Out 0", "Out 1"])
      yield* reader.stop
      same(tags(yield* other.stop), ["Out 0", "Out 1"])
      assert.strictEqual(yield* space.count(["t", P.any]), 2)
    }))

  test("S17 N06 dropping: what has no room is dropped and counted, behind what was before it", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* slow(space.subscribe(["t", P.number], { capacity: 2, strategy: "dropping" }))
      for (let i = 0; i < 6; i++) {
        yield* space.out(["t", i])
        yield* settle
      }
      yield* reader.goOn
      yield* space.out(["t", 6])
      yield* settle
      same(tags(reader.seen), ["Out 0", "Out 1", "Out 2", "Missed 3", "Out 6"])
      yield* reader.stop
    }))

  test("S17 N06 sliding: the oldest are dropped and counted, before what is left", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const reader = yield* slow(space.subscribe(["t", P.number], { capacity: 2, strategy: "sliding" }))
      for (let i = 0; i < 6; i++) {
        yield* space.out(["t", i])
        yield* settle
      }
      yield* reader.goOn
      yield* space.out(["t", 6])
      yield* settle
      same(tags(reader.seen), ["Out 0", "Missed 3", "Out 4", "Out 5", "Out 6"])
      yield* reader.stop
    }))
})

export const streams = cases("Subscription: stream", (test) => {
  test("S17 N10 what is there, then what comes: nothing missing, nothing twice, oldest first", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll([["t", 1], ["u", 0], ["t", 2]])
      const tuples = yield* follow(space.stream(["t", P.number]))
      yield* space.out(["t", 3])
      yield* space.in(["t", 1])
      yield* space.out(["u", 4])
      yield* space.out(["t", 5])
      same(yield* tuples.stop, [["t", 1], ["t", 2], ["t", 3], ["t", 5]])
      yield* clean(space)
    }))

  test("S17 N10 a tuple that was held when the stream began, and comes back, is seen once", () =>
    Effect.gen(function*() {
      for (const requeue of ["place", "back"] as const) {
        const space = yield* fresh()
        yield* space.outAll([["t", 1], ["t", 2]])
        const gate = yield* Effect.makeLatch()
        const hold = Effect.flip(
          space.inWith(["t", 1], () => Effect.zipRight(gate.await, Effect.fail("no")), { requeue })
        )
        const holder = yield* start(hold)
        const tuples = yield* follow(space.stream(["t", P.number]))
        same(yield* tuples.soFar, [["t", 2]])
        yield* gate.open
        yield* Fiber.join(holder)
        same(yield* tuples.soFar, [["t", 2], ["t", 1]])
        yield* hold
        same(yield* tuples.stop, [["t", 2], ["t", 1]])
      }
    }))

  test("S17 N10 a tuple that is taken and given back while the stream runs is seen once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const tuples = yield* follow(space.stream(["t", P.number]))
      yield* Effect.flip(space.inWith(["t", 1], () => Effect.fail("no")))
      const taker = yield* start(space.in(["t", 2]))
      yield* space.out(["t", 2])
      yield* Fiber.interrupt(taker)
      same(yield* tuples.stop, [["t", 1], ["t", 2]])
    }))

  test("S17 N10 while tuples come and go, each is seen once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(Array.from({ length: 50 }, (_, i) => ["t", i] as const))
      const tuples = yield* follow(
        Stream.mapEffect(space.stream(["t", P.number]), (tuple) => Effect.as(Effect.yieldNow(), tuple))
      )
      for (let i = 50; i < 100; i++) {
        yield* space.out(["t", i])
        yield* space.inp(["t", P.number])
      }
      yield* Effect.repeatN(settle, 10)
      same((yield* tuples.stop).map(([, i]) => i), Array.from({ length: 100 }, (_, i) => i))
    }))

  test("S17 a stream is one fiber's; two of them see the same", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 1])
      const stream = space.stream(["t", P.number])
      const a = yield* follow(stream)
      const b = yield* follow(stream)
      assert.strictEqual(yield* waiters(space), 2)
      yield* space.out(["t", 2])
      same(yield* a.stop, [["t", 1], ["t", 2]])
      same(yield* b.stop, [["t", 1], ["t", 2]])
      yield* clean(space)
    }))
})

export const opened = cases("Subscription: scoped", (test) => {
  test("S17 K21 a scoped subscription is open when it is there: it misses nothing, also if nobody reads yet", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.out(["t", 0])
      yield* Effect.scoped(Effect.gen(function*() {
        const events = yield* space.subscribe(["t", P.number], { events: ["Out", "In"], scoped: true })
        const tuples = yield* space.stream(["t", P.number], { scoped: true })
        assert.strictEqual(yield* waiters(space), 2)
        yield* space.outAll([["t", 1], ["u", 2]])
        yield* space.in(["t", 0])
        const seen = yield* Stream.runCollect(Stream.take(events, 2))
        same(tags(Array.from(seen)), ["Out 1", "In 0"])
        same(Array.from(yield* Stream.runCollect(Stream.take(tuples, 2))), [["t", 0], ["t", 1]])
      }))
      assert.strictEqual(yield* waiters(space), 0)
      yield* space.collect([P.any, P.any])
      yield* empty(space)
    }))

  test("S17 K21 when the scope is closed its stream ends, and nothing is left", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const scope = yield* Scope.make()
      const events = yield* Scope.extend(space.subscribe(["t", P.number], { scoped: true }), scope)
      const reader = yield* start(Stream.runCollect(events))
      yield* space.out(["t", 1])
      yield* settling(() => false)
      yield* Scope.close(scope, Exit.void)
      same(tags(Array.from(yield* Fiber.join(reader))), ["Out 1"])
      assert.strictEqual(yield* waiters(space), 0)
      yield* space.out(["t", 2])
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  test("S12 S17 K21 when the space is closed a scoped stream ends; a later one is interrupted", () =>
    Effect.gen(function*() {
      const [events, space] = yield* Effect.scoped(Effect.gen(function*() {
        const space = yield* closing()
        const scope = yield* Scope.make()
        return [yield* Scope.extend(space.subscribe(["t"], { scoped: true }), scope), space] as const
      }))
      same(Array.from(yield* Stream.runCollect(events)), [])
      assert.isTrue(yield* isInterrupted(Effect.scoped(space.subscribe(["t"], { scoped: true }))))
    }))

  test("S16 S17 K21 scoped is true or left out; bad patterns and options are refused", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      const never = space.subscribe(["t"], { scoped: false } as {})
      const error = yield* refusalOf(Stream.runDrain(never))
      assert.match(error.message, /^scoped: false is not true/)
      const bad = { scoped: true, capacity: 0 } as const
      assert.strictEqual((yield* refusalOf(Effect.scoped(space.subscribe(["t"], bad)))).reason, "InvalidOption")
      assert.strictEqual(
        (yield* refusalOf(Effect.scoped(space.stream([] as never, { scoped: true })))).reason,
        "InvalidPattern"
      )
      yield* empty(space)
    }))
})
