import {
  Pattern as P,
  Process,
  Remote,
  Sharded,
  SpaceError,
  SpaceStore,
  Transaction,
  TupleSpace
} from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Data,
  Deferred,
  Duration,
  Effect,
  Either,
  Equal,
  Exit,
  Fiber,
  Layer,
  Option,
  Schedule,
  Scheduler,
  Schema,
  Scope,
  STM
} from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { MessageChannel } from "node:worker_threads"
import * as Protocol from "../src/internal/remote/protocol.js"
import { Values } from "../src/internal/values.js"
import { clean, empty, same } from "./helpers.js"
import { atTheOtherEnd, linkOf, pair, throughAPort } from "./links.js"

/** Lets the engine collect what nobody has any more. */
const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
}

Conformance.suite({
  name: "through a port",
  layer: (options) => atTheOtherEnd(Layer.scoped(TupleSpace.TupleSpace, TupleSpace.make(options)), throughAPort),
  time: "live",
  lacks: Conformance.onLink.lacks,
  skip: {
    ...Conformance.onLink.skip,
    "S13 K4 after":
      "a process here is interrupted when the space at the other end is closed, also if it has done that itself",
    "S14 B09 collectInto waits for room": "what moves to another space is held meanwhile",
    "S12 S17 a subscription ends when its space closes": "what it has not read yet is at the other end, and gone"
  }
})

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number }) {}
class Overheated extends Schema.TaggedError<Overheated>()("Overheated", { degrees: Schema.Number }) {}
class Plain {
  readonly x = 1
}

/** A space, what it looks like from the other end, and how the link is cut. */
const connected = (options?: Remote.Options) =>
  Effect.gen(function*() {
    const space = yield* TupleSpace.make()
    const { port1, port2 } = new MessageChannel()
    const client = yield* Remote.connect(linkOf(port2), options)
    const server = yield* Effect.forkScoped(Remote.serve(space, linkOf(port1), options))
    return { space, client, server, port1, port2 }
  })

const failureOf = <A, E>(effect: Effect.Effect<A, E>) => Effect.flip(effect as Effect.Effect<A, SpaceError.SpaceError>)

describe("Remote: values", () => {
  it.scopedLive("data crosses as it is, at any depth", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const values = [
        undefined,
        null,
        NaN,
        -0,
        2n ** 70n,
        new Date(0),
        /a/g,
        new Map([["a", { b: [1] }]]),
        new Set([1, "1"]),
        new Uint8Array([1, 2]),
        new Float64Array([NaN]),
        Buffer.from("abc"),
        { a: { b: [undefined, { c: "d" }] } },
        new RangeError("r")
      ]
      for (const value of values) {
        yield* client.out(["v", value])
        const [, seen] = yield* space.in(["v", P.any])
        yield* space.out(["v", value])
        const [, back] = yield* client.in(["v", P.any])
        const expected = Buffer.isBuffer(value) ? new Uint8Array(value) : value
        same([seen, back], [expected, expected])
      }
    }))

  it.scopedLive("Effect's data keeps its class, and so do instances of the schemas of both ends", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected({ schemas: [Point, Overheated] })
      const values = [
        Option.some(Option.none()),
        Option.some(undefined),
        Either.left("l"),
        Either.right(Option.some(1)),
        Chunk.make(1, 2),
        Duration.seconds(3),
        Duration.infinity,
        Data.struct({ x: Data.tuple(1) }),
        new Point({ x: 1 }),
        new Overheated({ degrees: 451 })
      ]
      for (const value of values) {
        yield* client.out(["v", value])
        const [, seen] = yield* space.in(["v", P.literal(value)])
        assert.isTrue(Equal.equals(seen, value), String(seen))
        same(yield* Effect.zipRight(space.out(["v", value]), client.in(["v", P.literal(value)])), ["v", value])
      }
    }))

  it.scopedLive("what would lose its class or cannot be sent is refused, and the field is named", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const cyclic: Array<unknown> = []
      cyclic.push(cyclic)
      const refused: ReadonlyArray<readonly [value: unknown, message: RegExp]> = [
        [() => 1, /^field 1: a function cannot leave its thread/],
        [Symbol("s"), /^field 1: Symbol\(s\) cannot leave its thread/],
        [{ a: [new Plain()] }, /^field 1\.a\[0\]: an instance of Plain would lose its class: .*schemas/],
        [new Point({ x: 1 }), /^field 1: an instance of Point/],
        [{ [Symbol("s")]: 1 }, /keys that are symbols/],
        [new Map([["a", () => 1]]), /^field 1, entry 0\[1\]: a function/],
        [Promise.resolve(), /^field 1: an instance of Promise/],
        [cyclic, /cyclic/]
      ]
      for (const [value, message] of refused) {
        for (
          const operation of [
            client.out(["v", value]),
            client.outAll([["v"], ["v", value]]),
            client.outIfAbsent(["v"], ["v", value]),
            client.in(["v", P.literal(value)])
          ]
        ) {
          const error = yield* failureOf<unknown, unknown>(operation)
          assert.strictEqual(error.reason, "InvalidTuple")
          assert.match(error.message, message)
        }
      }
      yield* empty(space)
      // on the way back it stays where it is
      yield* space.out(["v", () => 1])
      assert.match((yield* failureOf(client.in(["v", P.any]))).message, /^field 1: a function cannot/)
      assert.match((yield* failureOf(client.collect(["v", P.any]))).message, /field 1/)
      assert.strictEqual(yield* space.count(["v", P.any]), 1)
      assert.strictEqual((yield* space.inspect).held, 0)
    }))

  it.scopedLive("N4 a view of a part of a buffer does not drag the rest along, whatever kind of view it is", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const { buffer } = Uint8Array.from({ length: 64 }, (_, index) => index)
      const views = [
        new Uint8Array(buffer).subarray(0, 4),
        new Int32Array(buffer, 8, 2),
        new Float64Array(buffer, 16, 1),
        new DataView(buffer, 5, 7)
      ]
      for (const view of views) {
        yield* client.out(["v", view])
        const [, seen] = yield* space.in(["v", P.literal(view)]) as Effect.Effect<any>
        same([seen.buffer.byteLength, seen.byteOffset, seen.constructor], [view.byteLength, 0, view.constructor])
      }
      yield* client.out(["v", Buffer.from("abc")])
      same(yield* space.in(["v", P.any]), ["v", new Uint8Array([97, 98, 99])])
    }))

  it.scopedLive("N4 memory that threads share stays shared, in every kind of view", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const shared = new SharedArrayBuffer(64)
      const views = [
        new Uint8Array(shared),
        new Uint8Array(shared, 8, 8),
        new Uint8ClampedArray(shared, 16, 8),
        new Int32Array(shared, 32, 2),
        Buffer.from(shared, 48, 8),
        new DataView(shared, 40, 2)
      ]
      for (const view of views) {
        yield* client.out(["v", { view }])
        const [, seen] = yield* space.in(["v", P.any]) as Effect.Effect<any>
        same([seen.view.byteOffset, seen.view.byteLength], [view.byteOffset, view.byteLength])
        new Uint8Array(seen.view.buffer, seen.view.byteOffset, 1)[0] = 42
        same(new Uint8Array(shared)[view.byteOffset], 42)
      }
    }))

  it.scopedLive("N3 a buffer that was transferred is refused where it stands", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const bytes = new Uint8Array(8)
      structuredClone(bytes, { transfer: [bytes.buffer] })
      for (const value of [{ a: [bytes] }, { a: [bytes.buffer] }]) {
        const error = yield* failureOf(client.out(["v", value]))
        same(error.reason, "InvalidTuple")
        assert.match(error.message, /^field 1\.a\[0\]: its buffer was transferred/)
        yield* space.out(["v", value])
        assert.match((yield* failureOf(client.in(["v", P.any]))).message, /^field 1\.a\[0\]: its buffer was/)
        yield* space.in(["v", P.any])
      }
    }))
})

describe("Remote: patterns", () => {
  const tuples = [["a", 1], ["a", 2], ["b", 3], ["a", { x: 1 }], ["c", [1, 1]], ["c", [1, 2]]] as const
  const patterns: ReadonlyArray<P.Pattern> = [
    ["a", P.any],
    ["a", P.number],
    [P.string, P.between(2, 3)],
    [P.matching(/^[bc]/), P.any],
    [P.oneOf("b", "c"), P.any],
    [P.not("a"), P.any],
    ["a", P.not(P.number)],
    ["a", { x: P.number }],
    ["a", P.partial({ x: 1 })],
    ["c", [P.ref("x"), P.ref("x")]],
    [P.rest(P.any)],
    ["a", P.rest(P.number)],
    // with code in them
    ["a", (n: unknown) => n === 2],
    ["a", P.not((n: unknown) => n === 2)],
    ["a", P.oneOf(1, (n: unknown) => n === 2)],
    [P.schema(Schema.Literal("b")), P.any],
    ["c", P.instanceOf(Array)],
    ["c", [P.any, P.when((n: unknown) => n === 2)]],
    [P.rest((field: unknown) => typeof field !== "object")]
  ]

  it.scopedLive("match at the other end what they match here, predicates included", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      yield* space.outAll(tuples)
      for (const pattern of patterns) {
        const expected = tuples.filter((tuple) => P.matches(pattern)(tuple))
        same(yield* client.copyCollect(pattern), expected)
        assert.strictEqual(yield* client.count(pattern), expected.length)
        same(yield* client.rdp(pattern), Option.fromIterable(expected))
        same(yield* client.rd(pattern), expected[0])
        same(yield* client.collect(pattern), expected)
        same(yield* client.inp(pattern), Option.none())
        yield* space.collect([P.rest(P.any)])
        yield* space.outAll(tuples)
      }
    }))

  it.scopedLive("a waiting predicate is asked about every tuple that comes, and about each value once", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const asked: Array<number> = []
      const big = (n: number) => {
        asked.push(n)
        return n > 2
      }
      const fiber = yield* Effect.fork(client.in(["n", big]))
      yield* Effect.sleep(20)
      for (const n of [1, 2, 2, 1, 3]) {
        yield* space.out(["n", n])
        yield* Effect.sleep(5)
      }
      same(yield* Fiber.join(fiber), ["n", 3])
      yield* space.out(["n", 4])
      same(asked, [1, 2, 3])
      same(yield* space.collect(["n", P.number]), [["n", 1], ["n", 2], ["n", 2], ["n", 1], ["n", 4]])
    }))
})

describe("Remote: the link", () => {
  it.scopedLive("S8 a use fails when it ends if the link was lost meanwhile, and the tuple is somebody else's", () =>
    Effect.gen(function*() {
      const permit = ["permit"] as const
      const holds: ReadonlyArray<
        (
          client: TupleSpace.TupleSpace<any, SpaceError.SpaceError>,
          use: Effect.Effect<unknown, string>
        ) => Effect.Effect<
          unknown,
          unknown
        >
      > = [
        (client, use) => client.withPermit(permit, () => use),
        (client, use) => client.inWith(permit, () => use),
        (client, use) => client.inWith(permit, () => use, { maxAttempts: 1, deadLetter: () => ["dead"] }),
        (client, use) => Effect.scoped(Effect.zipRight(client.inScoped(permit), use))
      ]
      for (const hold of holds) {
        for (const ends of [Effect.succeed(1), Effect.fail("no"), Effect.interrupt]) {
          const { client, port1, space } = yield* connected()
          yield* space.out(permit)
          const exit = yield* Effect.exit(hold(
            client as any,
            Effect.gen(function*() {
              assert.strictEqual((yield* space.inspect).held, 1)
              port1.close()
              // somebody else has it, while this use still runs
              same(yield* space.in(permit), permit)
              yield* Effect.sleep(20)
              return yield* ends
            }) as Effect.Effect<unknown, string>
          ))
          const cause = Exit.isFailure(exit) ? exit.cause : assert.fail("it has succeeded")
          const errors: ReadonlyArray<any> = [...Cause.failures(cause), ...Cause.defects(cause)]
          if (ends === Effect.interrupt) {
            assert.isTrue(Cause.isInterruptedOnly(cause))
          } else {
            same(errors.flatMap((error) => error.reason ?? []), ["Unavailable"])
            assert.match(errors.find((error) => error.reason).message, /ended during the use, and the hold with it/)
          }
          same(errors.includes("no"), ends !== Effect.interrupt && Exit.isFailure(yield* Effect.exit(ends)))
          yield* clean(space)
          same((yield* space.inspect).tuples, [])
        }
      }
    }))

  it.scopedLive("S12 a use runs on if the space is closed meanwhile", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const space = yield* Scope.extend(TupleSpace.make(), scope)
      const [server, link] = pair()
      yield* Effect.forkScoped(Remote.serve(space, server))
      const client = yield* Remote.connect(link)
      yield* space.outAll([["a"], ["a"]])
      const use = Effect.zipRight(Effect.sleep(30), Effect.succeed(1))
      const uses = yield* Effect.forEach(
        [client.inWith(["a"], () => use), client.withPermit(["a"], () => use)],
        (each) => Effect.fork(each)
      )
      yield* Effect.sleep(10)
      yield* Scope.close(scope, Exit.void)
      same(yield* Fiber.join(Fiber.all(uses)), [1, 1])
    }))

  it.scopedLive("S8 of takes that race their interruption nothing is lost and nothing comes twice", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      let taken = 0
      const rounds = 400
      for (let round = 0; round < rounds; round++) {
        // a use that has succeeded has consumed its tuple, also if nobody hears of it any more
        let isUsed = false
        const using = Effect.addFinalizer((exit) => Effect.sync(() => isUsed = Exit.isSuccess(exit)))
        const take = [
          () => client.in(["t", round]),
          () => client.inAny([["u"], ["t", round]]),
          () => client.inAll([["t", round]]),
          () => client.inWith(["t", round], () => Effect.sync(() => isUsed = true)),
          () => Effect.scoped(Effect.zipRight(using, client.inScoped(["t", (n: unknown) => n === round])))
        ][round % 5]!
        const fiber = yield* Effect.fork<unknown, unknown, never>(take())
        yield* Effect.fork(space.out(["t", round]))
        yield* round % 3 === 0 ? Effect.yieldNow() : Effect.sleep(round % 2)
        const exit = yield* Fiber.interrupt(fiber)
        taken += isUsed || Exit.isSuccess(exit) ? 1 : 0
      }
      yield* Effect.sleep(20)
      assert.strictEqual(yield* space.count(["t", P.number]), rounds - taken)
      const { held, interests } = yield* space.inspect
      same({ held, interests }, { held: 0, interests: [] })
      assert.isAbove(taken, 10)
    }))

  for (const cut of ["the client's end", "the server's end"] as const) {
    it.scopedLive(`V10 cutting ${cut} gives back what is held, ends who waits, and later operations fail as Unavailable`, () =>
      Effect.gen(function*() {
        const { client, port1, port2, server, space } = yield* connected()
        yield* space.outAll([["h", 1], ["h", 2], ["h", 3]])
        const use = yield* Deferred.make<void>()
        const holder = yield* Effect.fork(client.inWith(["h", 2], () => Deferred.await(use)))
        const waiter = yield* Effect.fork(Effect.exit(client.in(["never"])))
        const process = yield* client.eval(Effect.never, { name: "far" })
        yield* Effect.sleep(20)
        same(yield* space.copyCollect(["h", P.any]), [["h", 1], ["h", 3]])
        ;(cut === "the client's end" ? port2 : port1).close()
        yield* Fiber.join(server)
        same(yield* space.copyCollect(["h", P.any]), [["h", 1], ["h", 2], ["h", 3]])
        same((yield* space.inspect).interests, [])
        const exit = yield* Fiber.join(waiter)
        assert.strictEqual(Exit.isFailure(exit) && (Cause.squash(exit.cause) as any).reason, "Unavailable")
        assert.strictEqual((yield* failureOf(client.out(["t"]))).reason, "Unavailable")
        yield* Deferred.succeed(use, undefined)
        yield* Fiber.await(holder)
        assert.isTrue(Exit.isFailure(yield* process.await))
        const [error, , name] = yield* space.in(Process.failure(SpaceError.SpaceError))
        same([error.reason, name], ["Unavailable", "far"])
        yield* clean(space)
      }))
  }

  it.scopedLive("S12 the space is closed: whoever waits is interrupted, and so are later operations", () =>
    Effect.gen(function*() {
      const { port1, port2 } = new MessageChannel()
      const client = yield* Remote.connect(linkOf(port2))
      const scope = yield* Scope.make()
      const space = yield* Scope.extend(TupleSpace.make(), scope)
      yield* Effect.forkScoped(Remote.serve(space, linkOf(port1)))
      const waiter = yield* Effect.fork(client.in(["never"]))
      yield* Effect.sleep(20)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(waiter)))
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(client.out(["t"]))))
    }))

  it.scopedLive("S12 who is served no more is told so, also if ending it ends the link", () =>
    Effect.gen(function*() {
      for (const isClosed of [false, true]) {
        const { port1, port2 } = new MessageChannel()
        const outer = yield* Scope.make()
        const client = yield* Scope.extend(Remote.connect(linkOf(port2)), outer)
        const scope = yield* Scope.make()
        const inner = yield* Scope.make()
        const space = yield* Scope.extend(TupleSpace.make(), inner)
        yield* Effect.forkIn(Remote.serve(space, linkOf(port1)), scope)
        const waiter = yield* Effect.fork(client.in(["never"]))
        yield* client.out(["t"])
        if (isClosed) {
          yield* Scope.close(inner, Exit.void)
        }
        yield* Scope.close(scope, Exit.void)
        const exit = yield* Fiber.await(waiter)
        if (isClosed) {
          assert.isTrue(Exit.isInterrupted(exit))
        } else {
          same(Exit.isFailure(exit) && (Cause.squash(exit.cause) as any).message, "the space is served no more")
          assert.isFalse(Exit.isInterrupted(yield* Effect.exit(client.out(["t"]))))
        }
        // However it has ended, it is a closed space when its own scope is closed.
        yield* Scope.close(outer, Exit.void)
        assert.isTrue(Exit.isInterrupted(yield* Effect.exit(client.out(["t"]))))
        yield* Scope.close(inner, Exit.void)
      }
    }))

  it.scopedLive("S8 a use succeeds whose hold has ended, also if the link ends with the answer", () =>
    Effect.gen(function*() {
      const wire = new Values().encodeTuple(["t"])
      let say: (message: unknown) => void = () => {}
      const link: Remote.Link = {
        send: (frames) => {
          for (const [kind, id, , name] of frames as ReadonlyArray<Protocol.FromClient>) {
            if (kind === Protocol.Request) {
              const done = name === "take" ? [Protocol.Done, id, 0, [wire], [0], 1] : [Protocol.Done, id]
              // Both are there when the client hears of one.
              queueMicrotask(() => say(name === "end" ? [done, [Protocol.Closed, "the link is over"]] : [done]))
            }
          }
        },
        listen: (onMessage) => {
          say = onMessage
          return () => {}
        }
      }
      const client = yield* Remote.connect(link)
      same(yield* client.inWith(["t"], () => Effect.succeed("used")), "used")
      assert.strictEqual((yield* failureOf(client.out(["t"]))).reason, "Unavailable")
    }))

  it.scopedLive("S8 S16 a letter that the space at the other end refuses is not put, and the tuple is back", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const protocol = Schema.Tuple(Schema.Literal("job"), Schema.Number)
      const space = yield* SpaceStore.make(yield* open("jobs"), { protocol })
      const [server, link] = pair()
      yield* Effect.forkScoped(Remote.serve(space, server))
      const client = yield* Remote.connect(link)
      for (const [index, one] of [space, client].entries()) {
        yield* space.out(["job", index])
        const cause = yield* Effect.flip(Effect.sandbox(
          (one as typeof client).inWith(["job", P.number], () => Effect.fail("no"), {
            maxAttempts: 1,
            deadLetter: (tuple) => ["outside", ...tuple]
          })
        ))
        same(Array.from(Cause.failures(cause), (error: any) => error.reason ?? error), ["no", "InvalidTuple"])
        same((yield* space.inspect).held, 0)
        same(yield* space.in(["job", P.number]), ["job", index])
      }
    }))

  it.scopedLive("transact is for spaces in memory, and says so", () =>
    Effect.gen(function*() {
      const { client } = yield* connected()
      const error = yield* failureOf(client.transact(undefined as never))
      same([error.reason, /STM/.test(error.message)], ["Unsupported", true])
    }))

  it.scopedLive("N1 a space of any engine is served", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const stored = yield* Effect.flatMap(open("stored"), SpaceStore.make)
      const other = yield* Effect.flatMap(open("other"), SpaceStore.make)
      for (const space of [stored, Sharded.make([stored, other]), yield* TupleSpace.make()]) {
        const [server, link] = pair()
        yield* Effect.forkScoped(Remote.serve(space, server))
        const far = yield* Remote.connect(link)
        const waiting = yield* Effect.fork(far.in(["x", (n: unknown) => n === 2]))
        yield* far.outAll([["x", 1], ["x", 2]])
        same(yield* Fiber.join(waiting), ["x", 2])
        same(yield* space.inp(["x", P.number]), Option.some(["x", 1]))
        yield* Remote.servable(space)
        const process = yield* far.eval(far.rd(["y"]), { name: "far" })
        same((yield* space.inspect).processes.map(({ name }) => name), ["far"])
        yield* space.out(["y"])
        same(yield* process.join, ["y"])
        yield* far.in(["y"])
      }
    }))

  it.scopedLive("N1 what cannot be served is refused at both ends, at once", () =>
    Effect.gen(function*() {
      const { client: remote } = yield* connected()
      const others = { name: "mine" } as unknown as TupleSpace.TupleSpace
      for (
        const [space, why] of [
          [others, /"mine" was made by nothing of this library/],
          [remote, /"remote" is itself at the other end of a link/],
          [Sharded.make([yield* TupleSpace.make(), remote]), /is itself at the other end of a link/]
        ] as const
      ) {
        const [server, client] = pair()
        const far = yield* Remote.connect(client)
        const waiting = yield* Effect.fork(failureOf(far.in(["x"])))
        const refused = yield* failureOf(Remote.serve(space, server))
        assert.match(refused.message, why)
        for (const error of [refused, yield* Effect.flip(Remote.servable(space)), yield* Fiber.join(waiting)]) {
          same([error.reason, error.message], ["Unsupported", refused.message])
        }
        same((yield* failureOf(far.out(["x"]))).reason, "Unsupported")
      }
    }))

  it.scopedLive("N2 what a lease has is enough to renew it, whether the lease itself is there or not", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const heartbeat = yield* Effect.map(
        client.out(["alive"], { ttl: "1 hour" }),
        ({ renew }) => renew("1 hour")
      )
      const { cancel, renew } = yield* client.out(["apart"], { ttl: "1 hour" })
      for (let round = 0; round < 5; round++) {
        yield* Effect.sleep(5)
        collectGarbage()
        same([yield* heartbeat, yield* renew("1 hour")], [true, true])
      }
      same([yield* cancel, yield* cancel, yield* renew("1 hour"), yield* heartbeat], [true, false, false, true])
      yield* space.in(["alive"])
      same(yield* heartbeat, false)
    }))

  it.scopedLive("N5 a put with a time to live that is interrupted before it is answered leaves nothing", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const collected: Array<WeakRef<object>> = []
      // without a clone, to see what becomes of the tuple
      let toServer: ((message: unknown) => void) | undefined
      let toClient: ((message: unknown) => void) | undefined
      yield* Effect.forkScoped(Remote.serve(space, {
        send: (message) => toClient!(message),
        listen: (onMessage) => {
          toServer = onMessage
          return () => {}
        }
      }))
      yield* Effect.yieldNow()
      const client = yield* Remote.connect({
        send: (message) => toServer!(message),
        listen: (onMessage) => {
          toClient = onMessage
          return () => {}
        }
      })
      for (let round = 0; round < 20; round++) {
        const put = Effect.suspend(() => {
          const field = { round }
          collected.push(new WeakRef(field))
          return client.out(["x", field], { ttl: 1 })
        })
        yield* Effect.flatMap(Effect.fork(put), (fiber) => Effect.zipRight(Effect.yieldNow(), Fiber.interrupt(fiber)))
      }
      yield* Effect.repeat(space.count(["x", P.any]), {
        until: (count) => count === 0,
        schedule: Schedule.spaced("5 millis")
      })
      // what a collection still sees on the stack is gone with the next
      yield* Effect.repeat(Effect.sync(collectGarbage), Schedule.addDelay(Schedule.recurs(5), () => "5 millis"))
      assert.isAtMost(collected.filter((ref) => ref.deref() !== undefined).length, 1)
    }))

  it.scopedLive("a process that is to end before it runs here ends nevertheless", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const space = yield* Scope.extend(TupleSpace.make(), scope)
      const [server, link] = pair()
      // what the space says comes late, and all at once
      let late: Array<unknown> | undefined = []
      const slow: Remote.Link = {
        ...server,
        send: (message) => late === undefined ? server.send(message) : void late.push(...message as Array<unknown>)
      }
      yield* Effect.forkScoped(Remote.serve(space, slow))
      const client = yield* Remote.connect(link)
      const starting = yield* Effect.fork(client.eval(Effect.never))
      yield* Effect.repeat(space.inspect, { until: ({ processes }) => processes.length === 1 })
      // waits for its processes
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.repeat(Effect.yieldNow(), { until: () => late!.length > 0 })
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      const said = late
      late = undefined
      server.send(said)
      yield* Fiber.join(closing)
      assert.isTrue(Exit.isInterrupted(yield* Effect.flatMap(Fiber.join(starting), (process) => process.await)))
    }))

  it.scopedLive("a predicate that cannot be asked about a value says no to that one, and to no other", () =>
    Effect.gen(function*() {
      const { client, space } = yield* connected()
      const { port1, port2 } = new MessageChannel()
      yield* space.outAll([["p", 1], ["p", port1], ["p", 2]])
      same(yield* client.in(["p", (value: unknown) => value !== 1]), ["p", 2])
      same(yield* client.inp(["p", (value: unknown) => value !== 1]), Option.none())
      same((yield* space.inspect).held, 0)
      port2.close()
    }))

  it.scopedLive("N10 a regular expression is decided where it was written", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const said: Array<unknown> = []
      const [server, link] = pair((message) => said.push(message))
      yield* Effect.forkScoped(Remote.serve(space, server))
      const client = yield* Remote.connect(link)
      yield* space.outAll([["w", "bb"], ["w", "aa"]])
      const alone = P.matching(/^(a+)+$/)
      const within = [alone, P.oneOf(1, alone), P.not(P.matching(/^b/)), P.ref("x", alone)]
      for (const field of within) {
        same(yield* client.rd(["w", field]), ["w", "aa"])
        same(yield* client.count(["w", field]), 1)
        same(yield* client.copyCollect(["w", field]), [["w", "aa"]])
        same(yield* client.rdp([P.any, P.rest(field)]), Option.some(["w", "aa"]))
      }
      assert.include(JSON.stringify(said), "w")
      // its name stands only where the server is told what it is asked about
      assert.notInclude(JSON.stringify(said), "[\"matching\"")
      // and of another client's it runs none
      const error = yield* Effect.async<SpaceError.SpaceError>((resume) => {
        const [server, client] = pair()
        client.listen((message) => resume(Effect.succeed((message as any)[0][2])), () => {})
        Effect.runFork(Effect.forkIn(Remote.serve(space, server), Effect.runSync(Scope.make())))
        const pattern = [false, undefined, [0, "w"], ["matching", ["^(a+)+$", ""], []]]
        client.send([[0, Protocol.version], [1, 0, undefined, "rdp", pattern, false]])
      })
      assert.match(JSON.stringify(error), /InvalidPattern.*regular expression/)
    }))

  it.scopedLive("S4 who asked about a tuple gets it before a transaction that has waited for less long", () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const [server, link] = pair()
      yield* Effect.forkScoped(Remote.serve(space, server))
      const client = yield* Remote.connect(link)
      const isOne = (value: unknown) => value === 1
      const look = Effect.zipLeft(space.inspect, Effect.sleep("1 millis"))
      const waits: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        client.in(["t", isOne]),
        client.inAny([["u"], ["t", isOne]]),
        client.inAll([["t", isOne], ["t", P.any]])
      ]
      for (const wait of waits) {
        const taker = yield* Effect.fork(wait)
        yield* Effect.repeat(look, { until: ({ interests }) => interests.length === 1 })
        // It runs only when it is told to: it is woken before the answer comes, and looks afterwards.
        const scheduler = new Scheduler.ControlledScheduler()
        const transaction = Effect.runFork(
          space.transact(STM.zipRight(Transaction.in(space, ["t", 1]), Transaction.in(space, ["never"]))),
          { scheduler }
        )
        scheduler.step()
        same((yield* space.inspect).interests.length, 2)
        yield* space.outAll([["t", 1], ["t", 2]])
        yield* Effect.timeout(Fiber.join(taker), "5 seconds")
        yield* Fiber.interruptFork(transaction)
        yield* Effect.repeat(Effect.sync(() => scheduler.step()), {
          schedule: Schedule.spaced("1 millis"),
          until: () => transaction.unsafePoll() !== null
        })
        yield* space.collect(["t", P.any])
        yield* Effect.repeat(look, { until: ({ held }) => held === 0 })
        yield* empty(space)
      }
    }))
})
