import { Pattern as P, Query as Q, Transaction } from "@effect-linda/core"
import type { SpaceError, TupleSpace } from "@effect-linda/core"
import type { Cause, Either, Option, Scope, STM } from "effect"
import { Effect } from "effect"
import { describe, expect, it } from "tstyche"

type Job = readonly ["job", id: number, payload: string]
type Result = readonly ["result", id: number, size: number]
type Protocol = Job | Result | readonly ["stop"]

declare const space: TupleSpace.TupleSpace<Protocol>
declare const untyped: TupleSpace.TupleSpace
declare const failing: TupleSpace.TupleSpace<Protocol, SpaceError.SpaceError>

describe("S18 queries", () => {
  it("a choice gives which pattern it was, and its tuple", () => {
    type Chosen =
      | { readonly key: "job"; readonly tuple: readonly ["job", number, string] }
      | { readonly key: "stop"; readonly tuple: readonly ["stop"] }
    const query = Q.any({ job: ["job", P.any, P.any], stop: ["stop"] })
    expect(space.in(query)).type.toBe<Effect.Effect<Chosen>>()
    expect(space.rdp(query)).type.toBe<Effect.Effect<Option.Option<Chosen>>>()
    expect(space.in(Q.any([["job", 1, P.any], ["stop"]]))).type.toBe<
      Effect.Effect<
        | { readonly index: 0; readonly tuple: readonly ["job", 1, string] }
        | { readonly index: 1; readonly tuple: readonly ["stop"] }
      >
    >()
  })

  it("a join gives a tuple for each", () => {
    const query = Q.all({ job: ["job", P.ref("id"), P.any], result: ["result", P.ref("id"), P.any] })
    type Both = { readonly job: Job; readonly result: Result }
    expect(space.rd(query)).type.toBe<Effect.Effect<Both>>()
    expect(space.inp(query)).type.toBe<Effect.Effect<Option.Option<Both>>>()
    expect(space.in(Q.all([["job", P.any, P.any], ["stop"]]))).type.toBe<
      Effect.Effect<readonly [readonly ["job", number, string], readonly ["stop"]]>
    >()
    expect(untyped.in(Q.all([["x", P.number]]))).type.toBe<Effect.Effect<readonly [readonly ["x", number]]>>()
  })

  it("guards: what is read has its place, what is absent has none", () => {
    const query = Q.all({
      job: ["job", P.ref("id"), P.any],
      done: Q.read(["result", P.ref("id"), P.any]),
      go: Q.absent(["stop"])
    })
    type Both = { readonly job: Job; readonly done: Result }
    expect(space.in(query)).type.toBe<Effect.Effect<Both>>()
    expect(space.rdp(query)).type.toBe<Effect.Effect<Option.Option<Both>>>()
    expect(space.in(Q.all([Q.absent(["stop"]), ["job", 1, P.any], Q.read(["result", 1, P.any])]))).type.toBe<
      Effect.Effect<readonly [readonly ["job", 1, string], readonly ["result", 1, number]]>
    >()
    expect(space.in(Q.all([Q.absent(["stop"])]))).type.toBe<Effect.Effect<readonly []>>()
    expect(space.in(Q.all({ go: Q.absent(["stop"]) }))).type.toBe<Effect.Effect<{}>>()
    expect(untyped.rd(Q.all([Q.read(["x", P.number]), Q.absent(["y"])]))).type.toBe<
      Effect.Effect<readonly [readonly ["x", number]]>
    >()
    expect(space.awaitNone(["stop"])).type.toBe<Effect.Effect<void>>()
    expect(failing.awaitNone(["stop"], { timeout: 1 })).type.toBe<
      Effect.Effect<void, SpaceError.SpaceError | Cause.TimeoutException>
    >()
    expect(space.in(Q.any({ job: ["job", P.any, P.any], stop: ["stop"] }, { prefer: "first" }))).type.toBe<
      Effect.Effect<
        | { readonly key: "job"; readonly tuple: readonly ["job", number, string] }
        | { readonly key: "stop"; readonly tuple: readonly ["stop"] }
      >
    >()
    expect(Q.any).type.not.toBeCallableWith([["stop"]], { prefer: "last" })
    expect(space.in).type.not.toBeCallableWith(Q.absent(["stop"]))
    expect(Q.any).type.not.toBeCallableWith([Q.read(["stop"])])
    expect(Q.batch).type.not.toBeCallableWith(Q.read(["stop"]), { max: 2 })
  })

  it("a guard that can never match does not compile, and the sentence names it", () => {
    // @ts-expect-error go: \"stopp\" is the first field of no tuple of this space: did you mean \"stop\"?
    space.in(Q.all({ job: ["job", P.any, P.any], go: Q.absent(["stopp"]) }))
    // @ts-expect-error 1: \"job\" has 3 fields in this space, and 2 in the pattern
    space.rd(Q.all([["stop"], Q.read(["job", P.any])]))
    // @ts-expect-error did you mean \"stop\"?
    space.awaitNone(["stopp"])
  })

  it("a batch gives a list", () => {
    const query = Q.batch(["job", P.any, P.any], { max: 3 })
    expect(space.in(query)).type.toBe<Effect.Effect<ReadonlyArray<readonly ["job", number, string]>>>()
    expect(Q.batch).type.not.toBeCallableWith(["job"])
    expect(Q.batch).type.not.toBeCallableWith(["job"], { max: 1, lingr: 2 })
  })

  it("what it can never find does not compile, and the sentence names the member", () => {
    // @ts-expect-error job: \"jbo\" is the first field of no tuple of this space: did you mean \"job\"?
    space.in(Q.all({ job: ["jbo", P.any, P.any], stop: ["stop"] }))
    // @ts-expect-error 1: \"job\" has 3 fields in this space, and 2 in the pattern
    space.rd(Q.any([["stop"], ["job", P.any]]))
    // @ts-expect-error did you mean \"job\"?
    space.inWith(Q.batch(["jbo", P.any, P.any], { max: 3 }), () => Effect.void)
    // @ts-expect-error a choice needs at least one pattern: without one it could never end
    space.in(Q.any([]))
    expect(space.collect).type.not.toBeCallableWith(Q.all([["stop"]]))
  })
})

describe("S19 holds of queries", () => {
  it("the use has what was found; a dead letter is made of one of the tuples", () => {
    const query = Q.all({ job: ["job", P.any, P.any], result: ["result", P.any, P.any] })
    const use = space.inWith(
      query,
      ({ job, result }, hold) => {
        expect(hold).type.toBe<TupleSpace.Hold<never>>()
        return Effect.as(hold.consume(result), job[2])
      },
      {
        deadLetter: (tuple) => {
          expect(tuple).type.toBe<readonly ["job", number, string] | readonly ["result", number, number]>()
          return ["stop"]
        }
      }
    )
    expect(use).type.toBe<Effect.Effect<string>>()
    const guarded = Q.all([["job", P.any, P.any], Q.read(["result", P.any, P.any]), Q.absent(["stop"])])
    space.inWith(guarded, ([job, result]) => Effect.succeed([job[2], result[2]]), {
      deadLetter: (tuple) => {
        // what is read is not held, and so never dead
        expect(tuple).type.toBe<readonly ["job", number, string]>()
        return ["stop"]
      }
    })
    expect(failing.inWith(["stop"], (stop, hold) => hold.fail(stop, "no"))).type.toBe<
      Effect.Effect<void, SpaceError.SpaceError>
    >()
    expect(space.inScoped(Q.batch(["stop"], { max: 2 }))).type.toBe<
      Effect.Effect<ReadonlyArray<readonly ["stop"]>, never, Scope.Scope>
    >()
    expect(space.withPermit(Q.all([["result", 1, 1], ["result", 2, P.any]]), ([, [, id]]) => Effect.succeed(id))).type
      .toBe<Effect.Effect<2>>()
  })
})

describe("S10 queries in transactions", () => {
  type In<A> = STM.STM<A, never, Transaction.Transaction>
  const pair = Q.all({ job: ["job", P.ref("id"), P.any], result: ["result", P.ref("id"), P.any] })
  type Both = { readonly job: Job; readonly result: Result }

  it("give what the operations of a space give", () => {
    expect(Transaction.in(space, pair)).type.toBe<In<Both>>()
    expect(Transaction.rd(failing, pair)).type.toBe<In<Both>>()
    expect(Transaction.inp(space, pair)).type.toBe<In<Option.Option<Both>>>()
    expect(Transaction.rdp(space, Q.any({ stop: ["stop"] }))).type.toBe<
      In<Option.Option<{ readonly key: "stop"; readonly tuple: readonly ["stop"] }>>
    >()
    expect(Transaction.in(space, Q.batch(["stop"], { max: 2 }))).type.toBe<In<ReadonlyArray<readonly ["stop"]>>>()
    expect(Transaction.in(untyped, ["x", P.number])).type.toBe<In<readonly ["x", number]>>()
  })

  it("that can never be met do not compile, and the sentence names the member", () => {
    // @ts-expect-error job: \"jbo\" is the first field of no tuple of this space: did you mean \"job\"?
    Transaction.in(space, Q.all({ job: ["jbo", P.any, P.any] }))
    // @ts-expect-error 1: \"job\" has 3 fields in this space, and 2 in the pattern
    Transaction.rdp(space, Q.any([["stop"], ["job", P.any]]))
    expect(Transaction.count).type.not.toBeCallableWith(space, pair)
  })
})

describe("S22 exchange", () => {
  const pair = Q.all([["job", P.any, P.any], ["stop"]])

  it("gives what was found, which its function gets as well", () => {
    expect(space.exchange(["job", 1, P.any], ([, id, payload]) => {
      expect(id).type.toBe<1>()
      return [["result", id, payload.length]]
    })).type.toBe<Effect.Effect<readonly ["job", 1, string]>>()
    expect(failing.exchange(pair, ([job, stop]) => [job, stop], { timeout: "1 second" })).type.toBe<
      Effect.Effect<
        readonly [readonly ["job", number, string], readonly ["stop"]],
        SpaceError.SpaceError | Cause.TimeoutException
      >
    >()
    expect(space.exchange(Q.batch(["stop"], { max: 2 }), () => new Set<Protocol>())).type.toBe<
      Effect.Effect<ReadonlyArray<readonly ["stop"]>>
    >()
    expect(untyped.exchange(["x", P.number], ([, x]) => [["y", x], ["z"]])).type.toBe<
      Effect.Effect<readonly ["x", number]>
    >()
  })

  it("puts tuples of the space, several of them, and knows its options", () => {
    expect(space.exchange).type.not.toBeCallableWith(["stop"], () => ["stop"])
    expect(space.exchange).type.not.toBeCallableWith(["stop"], () => [["stp"]])
    expect(space.exchange).type.not.toBeCallableWith(["stop"], () => Effect.succeed([["stop"]]))
    expect(space.exchange).type.not.toBeCallableWith(["stop"], () => [], { ttl: 1 })
    // @ts-expect-error job: \"jbo\" is the first field of no tuple of this space: did you mean \"job\"?
    space.exchange(Q.all({ job: ["jbo", P.any, P.any] }), () => [])
    // @ts-expect-error \"job\" has 3 fields in this space, and 2 in the pattern
    space.exchange(["job", P.any], () => [])
  })
})

describe("S4 outIfAbsent and replace", () => {
  type Stop = readonly ["stop"]
  type Lease = TupleSpace.Lease<SpaceError.SpaceError>

  it("give an option, and with the options of `out` a lease of what was put", () => {
    expect(space.outIfAbsent(["stop"], ["stop"])).type.toBe<Effect.Effect<Option.Option<Stop>>>()
    expect(failing.outIfAbsent(["stop"], ["stop"], { ttl: "1 minute" })).type.toBe<
      Effect.Effect<Either.Either<Lease, Stop>, SpaceError.SpaceError>
    >()
    expect(Effect.flatten(failing.outIfAbsent(["stop"], ["stop"], { after: 5 }))).type.toBe<
      Effect.Effect<Lease, Stop | SpaceError.SpaceError>
    >()
    expect(space.replace(["stop"], (stop) => stop)).type.toBe<Effect.Effect<Option.Option<Stop>>>()
    expect(failing.replace(["stop"], (stop) => stop, { at: 5 })).type.toBe<
      Effect.Effect<Option.Option<TupleSpace.Replaced<Stop, SpaceError.SpaceError>>, SpaceError.SpaceError>
    >()
  })

  it("refuse what is no option, or no pattern or tuple of the space", () => {
    expect(space.outIfAbsent).type.not.toBeCallableWith(["stop"], ["stop"], { timeout: 1 })
    expect(space.outIfAbsent).type.not.toBeCallableWith(["stop"], ["stop"], { after: 1, at: 1 })
    expect(space.outIfAbsent).type.not.toBeCallableWith(["stop"], ["stp"], {})
    expect(space.replace).type.not.toBeCallableWith(["stop"], () => ["stp"], {})
    // @ts-expect-error did you mean \"stop\"?
    space.outIfAbsent(["stpo"], ["stop"])
    // @ts-expect-error did you mean \"stop\"?
    space.replace(["stpo"], () => ["stop"], { ttl: 1 })
  })
})
