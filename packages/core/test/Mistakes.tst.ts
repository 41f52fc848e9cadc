import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
import { Effect } from "effect"
import { describe, expect, it } from "tstyche"

type Job = readonly ["job", id: number, payload: string]
type Result = readonly ["result", id: number, size: number]
type Log = readonly ["log", ...lines: Array<string>]
type Note = readonly ["note", id: number, text?: string]
type Door = readonly ["door", "open" | "closed", { readonly at: number }]
type Protocol = Job | Result | Log | Note | Door | readonly ["stop"]

declare const space: TupleSpace.TupleSpace<Protocol>
class Shop extends TupleSpace.Tag("Shop")<Shop, Protocol>() {}

describe("T7 what the compiler says of a pattern that can never match", () => {
  it("a typo in the first field", () => {
    expect(space.in(["jbo", P.number, P.string])).type.toRaiseError(
      /\\"jbo\\" is the first field of no tuple of this space: did you mean \\"job\\"\?/
    )
    expect(space.in(["reslut", P.number, P.number])).type.toRaiseError(/did you mean \\"result\\"\?/)
    expect(space.in(["Stop"])).type.toRaiseError(/did you mean \\"stop\\"\?/)
    expect(space.in(["jobs", P.number, P.string])).type.toRaiseError(/did you mean \\"job\\"\?/)
  })

  it("a first field that resembles none: all that there are", () => {
    expect(space.in(["elsewhere"])).type.toRaiseError(
      /\\"elsewhere\\" is the first field of no tuple of this space, which are .*\\"job\\"/
    )
    expect(space.in([P.number])).type.toRaiseError(/field 0 is .*\\"job\\".* in this space, and number in the pattern/)
  })

  it("a wrong literal elsewhere", () => {
    expect(space.in(["door", "opne", P.any])).type.toRaiseError(
      /field 1 of \\"door\\" is .*\\"open\\".* in this space, and \\"opne\\" in the pattern/
    )
  })

  it("a wrong type in a field", () => {
    expect(space.in(["job", P.string, P.any])).type.toRaiseError(
      "field 1 of \\\"job\\\" is number in this space, and string in the pattern: it can never match"
    )
    expect(space.in(["note", 1, 2])).type.toRaiseError(
      "field 2 of \\\"note\\\" is string in this space, and 2 in the pattern: it can never match"
    )
    expect(space.in(["door", P.any, { at: P.string }])).type.toRaiseError(
      "field 2 of \\\"door\\\" is an object of another shape in this space: it can never match"
    )
    expect(space.in(["door", P.any, { on: 1 }])).type.toRaiseError("field 2 of \\\"door\\\" is an object of another")
    expect(space.in(["log", "x", P.number])).type.toRaiseError(
      "field 2 of \\\"log\\\" is string in this space, and number in the pattern: it can never match"
    )
  })

  it("a missing field, and one too many", () => {
    expect(space.in(["job", P.any])).type.toRaiseError(
      "\\\"job\\\" has 3 fields in this space, and 2 in the pattern: it can never match"
    )
    expect(space.in(["job", P.any, P.any, P.any])).type.toRaiseError(
      "\\\"job\\\" has 3 fields in this space, and 4 in the pattern: it can never match"
    )
    expect(space.in(["stop", 1])).type.toRaiseError("\\\"stop\\\" has 1 field in this space, and 2 in the pattern")
    expect(space.in(["note"])).type.toRaiseError("\\\"note\\\" has 2 or 3 fields in this space, and 1 in the pattern")
    expect(space.in(["stop", P.any, P.rest(P.any)])).type.toRaiseError(
      "\\\"stop\\\" has 1 field in this space, and 2 or more in the pattern"
    )
  })

  it("of every operation that takes a pattern", () => {
    expect(space.rd(["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.inp(["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.rdp(["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.inWith(["jbo", 1, "x"], () => Effect.void)).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.inScoped(["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.inUpTo(["jbo", 1, "x"], 2)).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.collect(["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.count(["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.stream(["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.subscribe(["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.replace(["jbo", 1, "x"], () => ["stop"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.outIfAbsent(["jbo", 1, "x"], ["stop"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.inAll([["stop"], ["jbo", 1, "x"]])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.inAll({ job: ["jbo", 1, "x"], stop: ["stop"] })).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.inAny([["stop"], ["jbo", 1, "x"]])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.rdAny({ job: ["jbo", 1, "x"] })).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(Transaction.in(space, ["jbo", 1, "x"])).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(Effect.flatMap(Shop, (shop) => shop.in(["jbo", 1, "x"]))).type.toRaiseError(/did you mean \\"job\\"\?/)
    expect(space.inAll([["stop"], ["job", P.any]])).type.toRaiseError("\\\"job\\\" has 3 fields in this space, and 2")
    expect(space.inAny({ a: ["job", P.string, P.any] })).type.toRaiseError("field 1 of \\\"job\\\" is number")
    expect(space.replace(["job", P.any], () => ["stop"])).type.toRaiseError("\\\"job\\\" has 3 fields")
    expect(space.outIfAbsent(["job", "1", P.any], ["stop"])).type.toRaiseError("field 1 of \\\"job\\\" is number")
  })

  it("of a tuple that is put", () => {
    expect(space.out(["jbo", 1, "x"])).type.toRaiseError(/Type '"jbo"' is not assignable to type '.*"job".*'/)
    expect(space.out(["job", "1", "x"])).type.toRaiseError("Type 'string' is not assignable to type 'number'")
    expect(space.out(["job", 1])).type.toRaiseError("Source has 2 element(s) but target requires 3")
    expect(space.out(["job", 1, "x", 2])).type.toRaiseError("Source has 4 element(s) but target allows only 3")
    expect(space.out(["door", "opne", { at: 1 }])).type.toRaiseError(/Type '"opne"' is not assignable to type/)
    expect(space.replace(["stop"], () => ["jbo", 1, "x"])).type.toRaiseError(/Type '"jbo"' is not assignable to type/)
    expect(space.outIfAbsent(["stop"], ["job", 1])).type.toRaiseError("Source has 2 element(s) but target requires 3")
  })

  it("of a choice between nothing", () => {
    expect(space.inAny([])).type.toRaiseError("a choice needs at least one pattern: without one it could never end")
    expect(space.inAny({})).type.toRaiseError("a choice needs at least one pattern: without one it could never end")
    expect(space.rdAny([])).type.toRaiseError("a choice needs at least one pattern: without one it could never end")
    expect(TupleSpace.rdAny({})).type.toRaiseError(
      "a choice needs at least one pattern: without one it could never end"
    )
  })
})
