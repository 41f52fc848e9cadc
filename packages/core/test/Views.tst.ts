import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, Process, TupleSpace } from "@effect-linda/core"
import type { Effect } from "effect"
import { describe, expect, it } from "tstyche"

type Job = readonly ["job", id: number, payload: string]
type Result = readonly ["result", id: number, size: number]
type Stop = readonly ["stop"]
type Protocol = Job | Result | Stop

declare const space: TupleSpace.TupleSpace<Protocol>
declare const untyped: TupleSpace.TupleSpace
declare const rights: TupleSpace.Rights
declare const flag: boolean

describe("TupleSpace.view", () => {
  it("its tuples are those that its patterns match", () => {
    expect(TupleSpace.view(space, { in: [["job", P.any, P.any]] })).type.toBe<
      TupleSpace.TupleSpace<Job, SpaceError.SpaceError>
    >()
    expect(TupleSpace.view(space, { in: [["job", P.any, P.any]], out: [["result", 1, P.any]], eval: true })).type.toBe<
      TupleSpace.TupleSpace<Job | readonly ["result", 1, number], SpaceError.SpaceError>
    >()
    expect(TupleSpace.view(untyped, { rd: [["n", P.number], ["s", P.string]] })).type.toBe<
      TupleSpace.TupleSpace<readonly ["n", number] | readonly ["s", string], SpaceError.SpaceError>
    >()
  })

  it("true allows all of them, and patterns that are not known may", () => {
    expect(TupleSpace.view(space, { rd: true })).type.toBe<TupleSpace.TupleSpace<Protocol, SpaceError.SpaceError>>()
    expect(TupleSpace.view(space, { rd: true, out: [["stop"]] })).type.toBe<
      TupleSpace.TupleSpace<Protocol, SpaceError.SpaceError>
    >()
    expect(TupleSpace.view(space, { rd: flag, out: [["stop"]] })).type.toBe<
      TupleSpace.TupleSpace<Protocol, SpaceError.SpaceError>
    >()
    expect(TupleSpace.view(space, { rd: false, out: [["stop"]] })).type.toBe<
      TupleSpace.TupleSpace<Stop, SpaceError.SpaceError>
    >()
    expect(TupleSpace.view(space, rights)).type.toBe<TupleSpace.TupleSpace<Protocol, SpaceError.SpaceError>>()
    expect(TupleSpace.view(untyped, rights)).type.toBe<
      TupleSpace.TupleSpace<readonly [unknown, ...Array<unknown>], SpaceError.SpaceError>
    >()
  })

  it("what it never has does not compile, and what it has is known", () => {
    const view = TupleSpace.view(space, { in: [["job", P.any, P.any]], out: [["stop"]] })
    expect(view.in(["job", P.any, P.any])).type.toBe<Effect.Effect<Job, SpaceError.SpaceError>>()
    expect(view.rd([P.rest(P.any)])).type.toBe<Effect.Effect<Job | Stop, SpaceError.SpaceError>>()
    expect(view.in).type.not.toBeCallableWith(["result", P.any, P.any])
    expect(view.out).type.toBeCallableWith(["stop"])
    expect(view.out).type.not.toBeCallableWith(["result", 1, 1])
    expect(TupleSpace.view(view, { in: [["job", 7, P.any]] }).in([P.rest(P.any)])).type.toBe<
      Effect.Effect<readonly ["job", 7, string], SpaceError.SpaceError>
    >()
  })

  it("failures are no tuples of it", () => {
    expect(TupleSpace.view(space, { in: [Process.failure()], rd: [["stop"]] })).type.toBe<
      TupleSpace.TupleSpace<Stop, SpaceError.SpaceError>
    >()
  })

  it("rights that mean nothing do not compile", () => {
    expect(TupleSpace.view).type.not.toBeCallableWith(space, { in: [["nope"]] })
    expect(TupleSpace.view).type.not.toBeCallableWith(space, { in: [["job", P.string, P.any]] })
    expect(TupleSpace.view).type.not.toBeCallableWith(space, { out: ["stop"] })
    expect(TupleSpace.view).type.not.toBeCallableWith(space, { eval: 1 })
    expect(TupleSpace.view).type.not.toBeCallableWith(space, { take: true })
    expect(TupleSpace.view).type.not.toBeCallableWith(space)
  })
})
