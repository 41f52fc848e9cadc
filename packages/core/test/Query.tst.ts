import { Pattern as P, Query as Q } from "@effect-linda/core"
import type { SpaceError, TupleSpace } from "@effect-linda/core"
import type { Cause, Option, Scope } from "effect"
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
    type Either =
      | { readonly key: "job"; readonly tuple: readonly ["job", number, string] }
      | { readonly key: "stop"; readonly tuple: readonly ["stop"] }
    const query = Q.any({ job: ["job", P.any, P.any], stop: ["stop"] })
    expect(space.in(query)).type.toBe<Effect.Effect<Either>>()
    expect(space.rdp(query)).type.toBe<Effect.Effect<Option.Option<Either>>>()
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
