import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, Remote, TupleSpace, Undecoded } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Cause, Effect, Equal, Exit, Fiber, Hash, Option, Schema, Stream } from "effect"
import { MessageChannel } from "node:worker_threads"
import { same } from "./helpers.js"
import { linkOf } from "./links.js"

class Foo extends Schema.Class<Foo>("Foo")({ a: Schema.Number }) {}
const Changed = class Foo extends Schema.Class<Foo>("Foo")({ a: Schema.String }) {}

/** A space, and a client whose schemas are others than those of the server. */
const connected = (server: Remote.Options, client: Remote.Options) =>
  Effect.gen(function*() {
    const space = yield* TupleSpace.make()
    const { port1, port2 } = new MessageChannel()
    yield* Effect.forkScoped(Remote.serve(space, linkOf(port1), server))
    return { space, client: yield* Remote.connect(linkOf(port2), client) }
  })

type Space = TupleSpace.TupleSpace<any, any>
type Operation = (space: Space) => Effect.Effect<unknown, unknown, Scope.Scope>

const tuples = [["foo", 1, new Foo({ a: 1 })], ["foo", 2, "plain"], ["foo", 3, "plain"], ["foo", 4, "plain"]] as const
const pattern = ["foo", P.number, P.any] as const

const isUndecodable = (exit: Exit.Exit<unknown, unknown>, field = "field 2"): void => {
  const failure = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
  assert.isTrue(Option.isSome(failure), String(exit))
  const { message, reason } = (failure as Option.Some<SpaceError.SpaceError>).value
  assert.strictEqual(reason, "Undecodable")
  assert.include(message, field)
  assert.include(message, "Foo")
}

/** What the client has sent before has been done. */
const settled = (client: Space) => client.count(["nothing"])

const takes: Record<string, Operation> = {
  in: (space) => space.in(pattern),
  inp: (space) => space.inp(pattern),
  inAny: (space) => space.inAny([["x"], pattern]),
  inAll: (space) => space.inAll([pattern, ["foo", 2, P.any]]),
  inUpTo: (space) => space.inUpTo(pattern, 2),
  collect: (space) => space.collect(pattern),
  collectInto: (space) => Effect.flatMap(TupleSpace.make(), (other) => space.collectInto(pattern, other)),
  replace: (space) => space.replace(pattern, () => ["bar"]),
  exchange: (space) => space.exchange(pattern, () => [["bar"]]),
  inWith: (space) => space.inWith(pattern, () => Effect.void),
  inScoped: (space) => Effect.scoped(space.inScoped(pattern)),
  withPermit: (space) => space.withPermit(pattern, () => Effect.void)
}

const reads: Record<string, Operation> = {
  rd: (space) => space.rd(pattern),
  rdp: (space) => space.rdp(pattern),
  rdAny: (space) => space.rdAny([["x"], pattern]),
  copyCollect: (space) => space.copyCollect(pattern),
  copyCollectInto: (space) => Effect.flatMap(TupleSpace.make(), (other) => space.copyCollectInto(pattern, other)),
  outIfAbsent: (space) => space.outIfAbsent(pattern, ["foo", 5, "plain"]),
  stream: (space) => Stream.runHead(space.stream(pattern))
}

describe("V1 over a link: a tuple that one end cannot decode", () => {
  for (const [which, schemas] of [["lacks it", []], ["has another", [Changed]]] as const) {
    describe(`which ${which}`, () => {
      for (const [name, run] of [...Object.entries(takes), ...Object.entries(reads)]) {
        it.scoped(`${name}: a failure; it and its neighbours are in their places`, () =>
          Effect.gen(function*() {
            const { client, space } = yield* connected({ schemas: [Foo] }, { schemas })
            yield* space.outAll(tuples)
            isUndecodable(yield* Effect.exit(run(client)))
            yield* settled(client)
            same(yield* space.copyCollect(pattern), tuples)
            same((yield* space.inspect).held, 0)
            // It counts, if it would have taken it, and nothing else does.
            let letters = 0
            yield* Effect.forEach([1, 2], (n) =>
              Effect.exit(space.inWith(["foo", n, P.any], () => Effect.fail("no"), {
                maxAttempts: 2,
                deadLetter: () => ["dead", ++letters]
              })))
            same(letters, name in takes ? 1 : 0)
            // The link is of use.
            same(yield* client.in(["foo", 3, P.any]), tuples[2])
          }))
      }

      for (const name of ["in", "rd", "inAny", "inWith", "inAll", "withPermit"]) {
        it.scoped(`a waiting ${name} fails when it is put, and others wait on`, () =>
          Effect.gen(function*() {
            const { client, space } = yield* connected({ schemas: [Foo] }, { schemas })
            const waiting = yield* Effect.fork((takes[name] ?? reads[name])!(client))
            const neighbour = yield* Effect.fork(client.in(["other"]))
            yield* settled(client)
            yield* space.outAll([tuples[0], tuples[1]])
            isUndecodable(yield* Fiber.await(waiting))
            yield* settled(client)
            same(yield* space.collect(pattern), [tuples[0], tuples[1]])
            yield* space.out(["other"])
            same(yield* Fiber.join(neighbour), ["other"])
          }))
      }

      it.scoped("a subscription fails when it comes", () =>
        Effect.gen(function*() {
          const { client, space } = yield* connected({ schemas: [Foo] }, { schemas })
          const seen = yield* Effect.fork(Stream.runDrain(client.subscribe(pattern)))
          // It has begun when the space knows of it.
          yield* Effect.repeat(client.inspect, { until: ({ interests }) => interests.length > 0 })
          yield* space.out(tuples[0])
          isUndecodable(yield* Fiber.await(seen))
        }))

      it.scoped("no predicate, schema or class matches it", () =>
        Effect.gen(function*() {
          const { client, space } = yield* connected({ schemas: [Foo] }, { schemas })
          yield* space.out(tuples[0])
          const patterns: ReadonlyArray<any> = [
            ["foo", 1, (value: any) => value !== 1],
            ["foo", 1, P.instanceOf(Foo)],
            ["foo", 1, P.not(P.instanceOf(Date))],
            ["foo", 1, P.schema(Foo)]
          ]
          for (const pattern of patterns) {
            same(yield* client.inp(pattern), Option.none())
            same(yield* client.rdp(pattern), Option.none())
            same(yield* client.collect(pattern), [])
            same(yield* client.copyCollect(pattern), [])
            same(yield* client.count(pattern), 0)
            same(yield* client.replace(pattern, () => ["bar"]), Option.none())
            const late = yield* Effect.flip(client.exchange(pattern, () => [["bar"]], { timeout: 0 }))
            assert.isTrue(TupleSpace.isTimeout(late))
          }
          const seen = yield* Effect.fork(Stream.runHead(client.stream(patterns[0])))
          yield* Effect.repeat(client.inspect, { until: ({ interests }) => interests.length > 0 })
          yield* space.out(["foo", 1, "plain"])
          same(yield* Fiber.join(seen), Option.some(["foo", 1, "plain"]))
        }))

      it.scoped("maxAttempts and deadLetter end it, with the raw value, which the space has as it was", () =>
        Effect.gen(function*() {
          const { client, space } = yield* connected({ schemas: [Foo] }, { schemas })
          yield* space.outAll(tuples)
          let raw: unknown
          const used: Array<unknown> = []
          const use = client.inWith(pattern, ([, n]) => Effect.sync(() => used.push(n)), {
            maxAttempts: 3,
            deadLetter: (tuple) => {
              raw = tuple[2]
              return ["dead", tuple]
            }
          })
          isUndecodable(yield* Effect.exit(client.in(pattern)))
          isUndecodable(yield* Effect.exit(use))
          isUndecodable(yield* Effect.exit(use))
          assert.instanceOf(raw, Undecoded.Undecoded)
          yield* Effect.repeatN(use, 2)
          same(used, [2, 3, 4])
          yield* settled(client)
          same(yield* space.collect([P.rest(P.any)]), [["dead", tuples[0]]])
        }))

      it.scoped("requeue puts it behind the others", () =>
        Effect.gen(function*() {
          const { client, space } = yield* connected({ schemas: [Foo] }, { schemas })
          yield* space.outAll(tuples)
          isUndecodable(yield* Effect.exit(client.inWith(pattern, () => Effect.void, { requeue: "back" })))
          yield* settled(client)
          same(yield* space.copyCollect(pattern), [...tuples.slice(1), tuples[0]])
        }))

      it.scoped("what the space cannot decode is a failure of the operation that puts it", () =>
        Effect.gen(function*() {
          const { client, space } = yield* connected({ schemas }, { schemas: [Foo] })
          isUndecodable(yield* Effect.exit(client.out(tuples[0])))
          isUndecodable(yield* Effect.exit(client.out(tuples[0], { ttl: "1 hour" })))
          isUndecodable(yield* Effect.exit(client.outAll([tuples[1], tuples[0]])))
          isUndecodable(yield* Effect.exit(client.outIfAbsent(["foo", 1, "x"], tuples[0])))
          isUndecodable(yield* Effect.exit(client.in(["foo", 1, new Foo({ a: 1 })])))
          yield* space.out(tuples[1])
          isUndecodable(yield* Effect.exit(client.replace(["foo", 2, P.any], () => tuples[0])))
          isUndecodable(yield* Effect.exit(client.exchange(["foo", 2, P.any], (tuple) => [tuple, tuples[0]])))
          // A letter: the tuple is there for somebody else.
          yield* Effect.exit(client.inWith(["foo", 2, P.any], () => Effect.fail("no"), {
            maxAttempts: 1,
            deadLetter: () => tuples[0]
          }))
          yield* client.out(["end"])
          same(yield* space.collect([P.rest(P.any)]), [tuples[1], ["end"]])
        }))

      it.scoped("what a process has failed with is told, as far as it can be", () =>
        Effect.gen(function*() {
          const { client, space } = yield* connected({ schemas }, { schemas: [Foo] })
          yield* client.eval(Effect.fail(new Foo({ a: 1 })), { name: "p" })
          yield* Effect.repeat(space.inspect, { until: ({ processes }) => processes.length === 0 })
          yield* settled(client)
          same((yield* space.inspect).tuples.length, 1)
        }))
    })
  }

  it("Undecoded is equal to one of the same encoding", () => {
    const [one, same, other] = ["1", "1", "2"].map((text) => new Undecoded.Undecoded(text, "why", "x")) as [
      any,
      any,
      any
    ]
    assert.isTrue(Equal.equals(one, same))
    assert.strictEqual(Hash.hash(one), Hash.hash(same))
    assert.isFalse(Equal.equals(one, other))
    assert.include(String(one), "why")
  })
})
