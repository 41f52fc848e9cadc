import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, Query as Q, Remote, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Exit, Fiber, Option, Stream } from "effect"
import * as fc from "effect/FastCheck"
import { MessageChannel, Worker } from "node:worker_threads"
import * as Protocol from "../src/internal/remote/protocol.js"
import { clean, empty, same } from "./helpers.js"
import { linkOf, pair } from "./links.js"

/** Longer than anything takes, on any machine. */
const patience = "30 seconds"

/** Somebody who says what it likes, and hears what is said to it. */
const stranger = (space: TupleSpace.TupleSpace<any, any>, options?: Remote.ServeOptions) =>
  Effect.gen(function*() {
    const [server, link] = pair()
    const heard: Array<ReadonlyArray<any>> = []
    const closed = yield* Deferred.make<ReadonlyArray<any>>()
    const waiting: Array<() => void> = []
    link.listen((message) => {
      for (const frame of message as Array<ReadonlyArray<any>>) {
        heard.push(frame)
        if (frame[0] === Protocol.Closed) {
          Deferred.unsafeDone(closed, Exit.succeed(frame))
        }
      }
      waiting.splice(0).forEach((again) => again())
    }, () => {})
    const serving = yield* Effect.forkScoped(Remote.serve(space, server, options))
    yield* Effect.yieldNow()
    /** Waits until it has heard such a frame. */
    const until = (isIt: (frame: ReadonlyArray<any>) => boolean): Effect.Effect<ReadonlyArray<any>> =>
      Effect.suspend(() => {
        const found = heard.find(isIt)
        return found !== undefined ? Effect.succeed(found) : Effect.zipRight(
          Effect.async<void>((resume) => void waiting.push(() => resume(Effect.void))),
          until(isIt)
        )
      })
    return {
      heard,
      serving,
      say: (...frames: ReadonlyArray<unknown>) => link.send([[Protocol.Hello, Protocol.version], ...frames]),
      go: (message: unknown) => link.send(message),
      /** The answer to a request. */
      answer: (id: number) => Effect.timeout(until(([kind, of]) => of === id && kind !== Protocol.Ask), patience),
      asked: (id: number) => Effect.timeout(until(([kind, of]) => of === id && kind === Protocol.Ask), patience),
      closed: Effect.timeout(Deferred.await(closed), patience)
    }
  })

const any = ["any", [], []]
const pattern = [false, undefined, [0, "t"], any]
const request = (id: number, name: string, ...args: ReadonlyArray<unknown>) => [1, id, undefined, name, ...args]

describe("Remote: what is no frame ends the link, and nothing else", () => {
  const messages: Readonly<Record<string, unknown>> = {
    "no array": 7,
    "nothing": null,
    "a frame that is no array": [7],
    "an empty frame": [[]],
    "a kind that there is not": [[99, 0]],
    "a kind that is no number": [["constructor", 0]],
    "a kind of the other end": [[10, 0]],
    "a request without a number": [[1, undefined, undefined, "inspect"]],
    "a request with a number that is none": [[1, "0", undefined, "inspect"]],
    "a request with a number below zero": [[1, -1, undefined, "inspect"]],
    "a request of a process that is none": [[1, 0, "p", "inspect"]],
    "a request without a name": [[1, 0, undefined]],
    "a number that was used": [request(0, "count", pattern), request(0, "count", pattern)],
    "a number that is smaller": [request(5, "count", pattern), request(4, "count", pattern)],
    "a second version": [[0, Protocol.version]],
    "an interruption of nothing": [[2]],
    "a hold that is none": [[3, {}]],
    "an answer to no question": [[4, 0, "q", true]],
    "too much": [request(0, "count", pattern, 1)],
    "a tuple that is none": [request(0, "out", "t")],
    "an empty tuple": [request(0, "out", [])],
    "a failure that is none": [request(0, "out", { failure: ["e"] })],
    "terms that are none": [request(0, "out", ["t"], 7)],
    "tuples that are none": [request(0, "outAll", [["t"], 1], 0)],
    "more priorities than tuples": [request(0, "outFitting", [["t"]], [0, 0])],
    "a priority that is none": [request(0, "outFitting", [["t"]], [0.5])],
    "a pattern that is none": [request(0, "count", ["t"])],
    "a pattern of no fields": [request(0, "count", [false, undefined])],
    "a pattern of failures that is none": [request(0, "count", [true, undefined, any])],
    "a formal that there is not": [request(0, "count", [false, undefined, ["toString", [], []]])],
    "a formal without its parts": [request(0, "count", [false, undefined, ["not", [], []]])],
    "a variable without a name": [request(0, "count", [false, undefined, ["ref", [], [any]]])],
    "a record without its members": [request(0, "count", [false, undefined, ["record", ["a"], []]])],
    "a record whose keys are none": [request(0, "count", [false, undefined, ["record", [1], [any]]])],
    "a term that is none": [request(0, "count", [false, undefined, [0]])],
    "a question without its text": [request(0, "count", [false, undefined, [1, 0]])],
    "a pattern within what is none": [request(0, "count", [false, [[7]], any])],
    "a limit that is none": [request(0, "copyCollect", pattern, -1)],
    "a limit that is no number": [request(0, "copyCollect", pattern, NaN)],
    "a query that is none": [request(0, "read", "rd", 7, [pattern], false, 0)],
    "a query of a form that there is not": [request(0, "read", "rd", ["some"], [pattern], false, 0)],
    "one of two": [request(0, "read", "rd", ["one"], [pattern, pattern], false, 0)],
    "a choice of none": [request(0, "read", "rd", ["any"], [], false, 0)],
    "fewer roles than patterns": [request(0, "read", "rd", ["all", ["read"]], [pattern, pattern], false, 0)],
    "a role that there is not": [request(0, "read", "rd", ["all", ["give"]], [pattern], false, 0)],
    "a wait of less than no time": [request(0, "read", "rd", ["one"], [pattern], false, -1)],
    "a take by a name that takes nothing": [request(0, "take", "out", ["one"], [pattern], false, 0, true)],
    "a batch without sizes": [request(0, "exchange", ["batch"], [pattern], undefined, 0)],
    "a batch of endlessly many": [request(0, "exchange", ["batch"], [pattern], [Infinity, Infinity], 0)],
    "a batch of none": [request(0, "exchange", ["batch"], [pattern], [0, 1], 0)],
    "an end that there is not": [request(0, "end", 0, "lost", false, 0)],
    "an end that never comes": [request(0, "end", 0, "later", true, Infinity)],
    "ends of what is none": [request(0, "end", 0, "place", false, 0, undefined, [-1])],
    "a stream of a kind that there is not": [request(0, "open", "watch", pattern, {})],
    "lines that are none": [request(0, "load", [{ fields: [], shape: "" }])],
    "a process whose name is none": [request(0, "eval", 7, undefined, 0)],
    "a process that ended somehow": [request(0, "ended", 0, "badly", false)]
  }

  it.scopedLive.each(Object.entries(messages))("%s", ([, frames]) =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const [server, link] = pair()
      yield* Effect.forkScoped(Remote.serve(space, server))
      const other = yield* Remote.connect(link)
      const waiting = yield* Effect.fork(other.in(["t", 1]))
      const { closed, go, say, serving } = yield* stranger(space)
      yield* space.out(["held"])
      say(request(0, "take", "inWith", ["one"], [[false, undefined, [0, "held"]]], false, 0, false))
      yield* Effect.repeat(space.inspect, { until: ({ held }) => held === 1 })
      const shift = (frame: unknown) =>
        Array.isArray(frame) && frame[0] === 1 && typeof frame[1] === "number" && frame[1] >= 0
          ? [1, frame[1] + 1, ...frame.slice(2)]
          : frame
      go(Array.isArray(frames) ? frames.map(shift) : frames)
      const [, why, reason] = yield* closed
      assert.match(why, /does not keep to the protocol/)
      same(reason, "Refused")
      yield* Effect.timeout(Fiber.join(serving), patience)
      // What it held is back, and the other one goes on.
      same(yield* space.inp(["held"]), Option.some(["held"]))
      yield* space.out(["t", 1])
      same(yield* Effect.timeout(Fiber.join(waiting), patience), ["t", 1])
      yield* empty(space)
    }))

  it.scopedLive("who has not said its version is not heard", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const { closed, go } = yield* stranger(space)
      go([request(0, "out", ["t"])])
      assert.match((yield* closed)[1], /it has not said its version/)
      yield* empty(space)
    }))

  it.scopedLive("a client hears why: its operations fail as Refused", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const [server, link] = pair()
      yield* Effect.forkScoped(Remote.serve(space, server))
      const client = yield* Remote.connect(link)
      const waiting = yield* Effect.fork(Effect.flip(client.in(["t"])))
      yield* Effect.repeat(space.inspect, { until: ({ interests }) => interests.length === 1 })
      link.send([[99]])
      same((yield* Fiber.join(waiting) as Effect.Effect<SpaceError.SpaceError>).reason, "Refused")
      yield* empty(space)
    }))

  it.scopedLive("an operation that there is not is refused, and the link goes on", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const { answer, say } = yield* stranger(space)
      say(request(0, "hasOwnProperty", 1), request(1, "count", pattern))
      assert.match(JSON.stringify(yield* answer(0)), /Unsupported/)
      same(yield* answer(1), [Protocol.Done, 1, 0])
    }))

  it.scopedLive("values that nobody can decode fail their request, and the link goes on", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const { answer, say } = yield* stranger(space)
      const coded = (name: string, value: unknown) => ({ "@effect-linda/core/coded": name, value })
      let deep: unknown = 1
      for (let i = 0; i < 1_000; i++) {
        deep = { deep }
      }
      const values = [coded("class:None", 1), coded("either", 7), coded("chunk", null), coded("regExp", ["(", ""])]
      say(...values.map((value, id) => request(id, "out", ["t", value])), request(9, "out", ["t", deep]))
      for (const id of values.keys()) {
        same((yield* answer(id))[0], Protocol.Failed, String(id))
      }
      yield* answer(9)
      yield* space.collect(["t", P.any])
      yield* empty(space)
    }))

  it.scopedLive("S8 what has ended does not end again: nothing is there twice", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      yield* space.outAll([["t", 1], ["t", 2]])
      const { answer, say } = yield* stranger(space)
      const end = (id: number, those?: ReadonlyArray<number>) =>
        request(id, "end", 0, "place", false, 0, undefined, those)
      say(
        request(0, "takeNow", "collectInto", pattern, false, Infinity, false, false),
        end(1, [0, 0]),
        end(2, [0]),
        end(3, [7]),
        end(4),
        end(5),
        [Protocol.Unwanted, 0]
      )
      yield* answer(5)
      same(yield* space.collect(["t", P.any]), [["t", 1], ["t", 2]])
      yield* empty(space)
    }))

  it.scopedLive("S17 a stream is read by one request after the other", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const { answer, say } = yield* stranger(space)
      say(
        request(0, "open", "subscribe", pattern, { events: ["Out"] }),
        request(1, "pull", 0),
        request(2, "pull", 0)
      )
      assert.match(JSON.stringify(yield* answer(2)), /InvalidOption.*one request after the other/)
      yield* space.out(["t", 1])
      same((yield* answer(1))[0], Protocol.Done)
    }))

  it.scopedLive("S8 an empty letter is none, and its tuple is back", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      yield* space.out(["t", 1])
      const { answer, say } = yield* stranger(space)
      say(
        request(0, "takeNow", "collectInto", pattern, false, 1, false, false),
        request(1, "end", 0, "dead", true, 0, { failure: [{ value: 1 }, "trace", "p"] })
      )
      yield* answer(1)
      same(yield* space.count(["t", P.any]), 0)
    }))

  it.effect("whatever is changed in frames, the space is whole and others go on", () =>
    Effect.promise(() => {
      const garbage = fc.oneof(
        fc.constantFrom<unknown>(undefined, null, NaN, -1, 0, 1, 2 ** 60, "", "all", [], {}, [[]], true, Infinity),
        fc.jsonValue({ maxDepth: 3 })
      )
      const samples = [
        request(1, "out", ["t", 1]),
        request(1, "outAll", [["t", 1], ["t", 2]], 0),
        request(1, "count", pattern),
        request(1, "take", "inWith", ["all", ["take", "absent"]], [pattern, pattern], true, 5, false),
        request(1, "takeNow", "collect", pattern, true, Infinity, true, false),
        request(1, "end", 0, "dead", true, 0, ["t"], [0]),
        request(1, "exchange", ["batch"], [pattern], [1, 2], 5),
        request(1, "replace", [false, undefined, [0, "t"], [1, 0, "when"]], { ttl: 5, priority: 0, after: 0 }),
        request(1, "open", "subscribe", pattern, { capacity: 5, strategy: "suspend", events: ["Out"] }),
        request(1, "load", [{
          fields: ["\"t\"", "1"],
          shape: "sn",
          failure: false,
          ttl: null,
          after: 0,
          attempts: 0,
          priority: 0
        }]),
        request(1, "eval", "p", undefined, 7),
        [Protocol.Told, 0, 0, [["t", 3]], false],
        [Protocol.Kept, 0]
      ]
      /** The frame with something else at a place in it. */
      const changed = (value: any, path: ReadonlyArray<number>, other: unknown): unknown => {
        const [first, ...rest] = path
        if (first === undefined || typeof value !== "object" || value === null) {
          return other
        }
        const keys = Object.keys(value)
        if (keys.length === 0) {
          return other
        }
        const key = keys[first % keys.length]!
        const copy = Array.isArray(value) ? value.slice() : { ...value }
        copy[key] = changed(value[key], rest, other)
        return copy
      }
      const arbitrary = fc.tuple(
        fc.constantFrom(...samples),
        fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }),
        garbage
      )
      return fc.assert(
        fc.asyncProperty(fc.array(arbitrary, { minLength: 1, maxLength: 4 }), (changes) =>
          Effect.runPromise(Effect.scoped(Effect.gen(function*() {
            const space = yield* TupleSpace.make()
            yield* space.out(["mine", 1])
            const one = yield* stranger(space)
            one.say(request(0, "takeNow", "collectInto", pattern, false, 1, false, false))
            changes.forEach(([sample, path, other], index) => {
              const frame = changed(sample, path, other)
              one.go([Array.isArray(frame) && frame[1] === 1 ? [frame[0], index + 1, ...frame.slice(2)] : frame])
            })
            // What others do meanwhile, and what they find afterwards.
            const [server, link] = pair()
            yield* Effect.forkScoped(Remote.serve(space, server))
            const client = yield* Remote.connect(link)
            same(yield* Effect.timeout(client.in(["mine", 1]), patience), ["mine", 1])
            one.go("goodbye")
            yield* one.closed
            yield* Effect.timeout(Fiber.join(one.serving), patience)
            yield* Effect.timeout(client.collect([P.rest(P.any)]), patience)
            yield* clean(space)
          })))),
        { numRuns: 200 }
      )
    }), 300_000)
})

describe("Remote: limits", () => {
  const connected = (limits: Remote.Limits) =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const [server, link] = pair()
      yield* Effect.forkScoped(Remote.serve(space, server, { limits }))
      return { space, client: yield* Remote.connect(link) }
    })

  const refused = <A>(effect: Effect.Effect<A, unknown>, message: RegExp) =>
    Effect.map(Effect.timeout(Effect.flip(effect as Effect.Effect<A, SpaceError.SpaceError>), patience), (error) => {
      same((error as SpaceError.SpaceError).reason, "Refused")
      assert.match((error as SpaceError.SpaceError).message, message)
    })

  /** Once the client has said of all that it has taken that it has it. */
  const left = (space: TupleSpace.TupleSpace) =>
    Effect.zipRight(
      Effect.repeat(Effect.zipLeft(space.inspect, Effect.sleep("1 millis")), { until: ({ held }) => held === 0 }),
      empty(space)
    )

  const waiting = (space: TupleSpace.TupleSpace, count: number) =>
    Effect.repeat(Effect.zipLeft(space.inspect, Effect.sleep("1 millis")), {
      until: ({ interests }) => interests.length === count
    })

  it.scopedLive("waiters: who waits already waits on, and others can when it has ended", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected({ waiters: 2 })
      const one = yield* Effect.fork(client.in(["a"]))
      const two = yield* Effect.fork(client.rd(["b"]))
      yield* waiting(space, 2)
      yield* refused(client.in(["c"]), /^waiters: this client may have no more than 2 requests without an answer/)
      yield* refused(client.out(["a"]), /waiters/)
      yield* Fiber.interrupt(two)
      yield* client.out(["a"])
      same(yield* Fiber.join(one), ["a"])
      yield* client.out(["c"])
      same(yield* client.in(["c"]), ["c"])
      yield* left(space)
    }))

  it.scopedLive("waiters: what was taken counts until the client has said that it has it", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      yield* space.outAll([["t", 1], ["t", 2], ["t", 3]])
      const { answer, say } = yield* stranger(space, { limits: { waiters: 2 } })
      const take = (id: number) => request(id, "takeNow", "inp", pattern, false, 1, true, false)
      say(take(0), take(1), take(2), [Protocol.Kept, 0], take(3))
      assert.match(JSON.stringify(yield* answer(2)), /waiters/)
      same((yield* answer(3))[0], Protocol.Done)
      same((yield* space.inspect).held, 2)
    }))

  it.scopedLive("holds: at once, when the wait is over, and none of the takes for good", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected({ holds: 1 })
      yield* space.outAll([["t", 1], ["t", 2]])
      const second = yield* Effect.fork(client.inWith(["u"], () => Effect.void))
      yield* waiting(space, 1)
      yield* client.inWith(["t", 1], () =>
        Effect.gen(function*() {
          yield* refused(client.inWith(["t", 2], () => Effect.void), /^holds: .* 1 holds at a time/)
          yield* refused(client.withPermit(["t", 2], () => Effect.void), /^holds/)
          yield* space.out(["u"])
          yield* refused(Fiber.join(second), /^holds/)
          same(yield* client.in(["t", 2]), ["t", 2])
        }))
      same(yield* space.inp(["u"]), Option.some(["u"]))
      yield* left(space)
    }))

  it.scopedLive("subscriptions: streams and exports count, and those that have ended do not", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected({ subscriptions: 1 })
      yield* space.out(["t"])
      yield* Effect.scoped(Effect.gen(function*() {
        const events = yield* client.subscribe(["t"], { scoped: true })
        yield* refused(Stream.runCollect(client.stream(["t"])), /^subscriptions: .* 1 subscriptions at a time/)
        yield* refused(Stream.runCollect(TupleSpace.exportLines(client)), /^subscriptions/)
        yield* space.out(["t"])
        same((yield* Stream.runCollect(Stream.take(events, 1))).length, 1)
      }))
      same(Chunk.toArray(yield* Stream.runCollect(Stream.take(client.stream(["t"]), 2))), [["t"], ["t"]])
    }))

  it.scopedLive("tuples: in what is put, taken, read, exchanged and imported, and patterns", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected({ tuples: 2 })
      const three = [["t", 1], ["t", 2], ["t", 3]] as const
      const all = ["t", P.number] as const
      const some = [["t", 1], ["t", 2], ["t", P.number]] as const
      yield* refused(client.outAll(three), /^tuples: .* 2 tuples, or patterns, in one request/)
      same(yield* space.count(all), 0)
      yield* space.outAll(three)
      const lines = Array.from(yield* Stream.runCollect(TupleSpace.exportLines(space)))
      yield* refused(Stream.run(Stream.fromIterable(lines), TupleSpace.importLines(client)), /^tuples/)
      yield* refused(client.collect(all), /^tuples/)
      yield* refused(client.copyCollect(all), /^tuples/)
      yield* refused(client.inAll(some), /^tuples/)
      yield* refused(client.rd(Q.all(some)), /^tuples/)
      yield* refused(client.exchange(Q.all(some), () => []), /^tuples/)
      yield* refused(client.exchange(Q.batch(all, { min: 3, max: 3 }), () => []), /^tuples/)
      yield* refused(client.exchange(Q.batch(all, { max: Infinity }), () => []), /^tuples/)
      yield* refused(client.exchange(["t", 1], () => three), /^tuples/)
      const other = yield* TupleSpace.make()
      yield* other.outAll(three)
      yield* refused(other.collectInto(all, client), /^tuples/)
      same(yield* other.count(all), 3)
      same(yield* space.copyCollect(all), [...three])
      same(yield* client.inUpTo(all, 2), [["t", 1], ["t", 2]])
      yield* client.outAll([["t", 4]])
      same(yield* client.copyCollect(all), [["t", 3], ["t", 4]])
      same(yield* client.exchange(Q.batch(all, { max: Infinity }), () => [["t", 5]]), [["t", 3], ["t", 4]])
      same(yield* client.collect(all), [["t", 5]])
      yield* left(space)
    }))

  it.scopedLive("candidates: of what is there, and of what comes while it waits", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected({ candidates: 2 })
      const asking = (value: unknown) => value === "yes"
      const one = yield* Effect.fork(client.in(["t", asking]))
      yield* waiting(space, 1)
      yield* space.outAll([["t", 1], ["t", 2]])
      yield* waiting(space, 1)
      yield* space.out(["t", 3])
      yield* refused(Fiber.join(one), /^candidates: .* 2 values that one request is asked about/)
      yield* refused(client.inp(["t", asking]), /^candidates/)
      same(yield* client.in(["t", 3]), ["t", 3])
      same(yield* client.inp(["t", asking]), Option.none())
      same(yield* space.collect(["t", P.any]), [["t", 1], ["t", 2]])
      yield* left(space)
    }))

  it.scopedLive("processes: those that have ended do not count", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected({ processes: 1 })
      const process = yield* client.eval(Effect.never)
      yield* refused(client.eval(Effect.void), /^processes: .* 1 processes at a time/)
      yield* process.interrupt
      yield* Effect.flatten(client.eval(Effect.void).pipe(Effect.map(({ join }) => join)))
      yield* left(space)
    }))

  it.scopedLive("limits that mean nothing are refused, and none are needed", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const failing = (options: object) => Effect.exit(Remote.serve(space, pair()[0], options))
      for (const limits of [{ waiters: -1 }, { holds: "many" }, { tuple: 1 }, 7]) {
        assert.match(String(yield* failing({ limits })), /InvalidOption|limits|options/)
      }
      const [server, link] = pair()
      yield* Effect.forkScoped(Remote.serve(space, server, { limits: Remote.defaultLimits }))
      const client = yield* Remote.connect(link)
      yield* client.outAll(Array.from({ length: 5_000 }, (_, n) => ["t", n]))
      same((yield* client.collect(["t", P.number])).length, 5_000)
    }))
})

describe("Remote: what a client's code does stays with it", () => {
  it.scopedLive("S3 N10 one that is busy with its regular expression for ever keeps nobody waiting", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      // A program of its own, which speaks the protocol, and runs the expression when it is asked.
      const source = `
        const { parentPort } = require("node:worker_threads")
        parentPort.on("message", (message) => {
          if (!Array.isArray(message)) {
            const pattern = [false, undefined, [0, "w"], [1, 0, "matching(/^(a+)+$/)"]]
            const take = [1, 0, undefined, "take", "in", ["one"], [pattern], true, Infinity, true]
            parentPort.postMessage([[0, ${Protocol.version}], take])
          } else if (message.some(([kind]) => kind === ${Protocol.Ask})) {
            parentPort.postMessage("busy")
            new RegExp("^(a+)+$").test("a".repeat(64) + "b")
          }
        })
      `
      const worker = yield* Effect.acquireRelease(
        Effect.sync(() => new Worker(source, { eval: true })),
        (worker) => Effect.promise(() => worker.terminate())
      )
      const busy = yield* Deferred.make<void>()
      yield* Effect.forkScoped(Remote.serve(space, {
        send: (message) => worker.postMessage(message),
        listen: (onMessage, onEnd) => {
          worker.on(
            "message",
            (message) => message === "busy" ? Deferred.unsafeDone(busy, Exit.void) : onMessage(message)
          )
          worker.on("exit", onEnd)
          return () => void worker.terminate()
        }
      }))
      yield* space.out(["w", `${"a".repeat(64)}b`])
      worker.postMessage("go")
      yield* Effect.timeout(Deferred.await(busy), patience)
      const { port1, port2 } = new MessageChannel()
      yield* Effect.forkScoped(Remote.serve(space, linkOf(port1)))
      const client = yield* Remote.connect(linkOf(port2))
      yield* Effect.timeout(client.outAll([["w", "aa"], ["v", 1]]), patience)
      same(yield* Effect.timeout(client.in(["v", 1]), patience), ["v", 1])
      same(yield* Effect.timeout(client.inp(["w", P.matching(/^a+$/)]), patience), Option.some(["w", "aa"]))
      same(yield* Effect.timeout(client.count(["w", P.string]), patience), 1)
    }))
})
