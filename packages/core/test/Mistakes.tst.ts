import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
import { Effect } from "effect"
import { describe, it } from "tstyche"

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
    // @ts-expect-error \"jbo\" is the first field of no tuple of this space: did you mean \"job\"?
    space.in(["jbo", P.number, P.string])
    // @ts-expect-error did you mean \"result\"?
    space.in(["reslut", P.number, P.number])
    // @ts-expect-error did you mean \"stop\"?
    space.in(["Stop"])
    // @ts-expect-error did you mean \"job\"?
    space.in(["jobs", P.number, P.string])
  })

  it("a first field that resembles none: all that there are", () => {
    // @ts-expect-error \"elsewhere\" is the first field of no tuple of this space, which are
    space.in(["elsewhere"])
    // @ts-expect-error in this space, and number in the pattern
    space.in([P.number])
  })

  it("a wrong literal elsewhere", () => {
    // @ts-expect-error in this space, and \"opne\" in the pattern
    space.in(["door", "opne", P.any])
  })

  it("a wrong type in a field", () => {
    // @ts-expect-error field 1 of \"job\" is number in this space, and string in the pattern: it can never match
    space.in(["job", P.string, P.any])
    // @ts-expect-error field 2 of \"note\" is string in this space, and 2 in the pattern: it can never match
    space.in(["note", 1, 2])
    // @ts-expect-error field 2 of \"door\" is an object of another shape in this space: it can never match
    space.in(["door", P.any, { at: P.string }])
    // @ts-expect-error field 2 of \"door\" is an object of another
    space.in(["door", P.any, { on: 1 }])
    // @ts-expect-error field 2 of \"log\" is string in this space, and number in the pattern: it can never match
    space.in(["log", "x", P.number])
  })

  it("a missing field, and one too many", () => {
    // @ts-expect-error \"job\" has 3 fields in this space, and 2 in the pattern: it can never match
    space.in(["job", P.any])
    // @ts-expect-error \"job\" has 3 fields in this space, and 4 in the pattern: it can never match
    space.in(["job", P.any, P.any, P.any])
    // @ts-expect-error \"stop\" has 1 field in this space, and 2 in the pattern
    space.in(["stop", 1])
    // @ts-expect-error \"note\" has 2 or 3 fields in this space, and 1 in the pattern
    space.in(["note"])
    // @ts-expect-error \"stop\" has 1 field in this space, and 2 or more in the pattern
    space.in(["stop", P.any, P.rest(P.any)])
  })

  it("of every operation that takes a pattern", () => {
    // @ts-expect-error did you mean \"job\"?
    space.rd(["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    space.inp(["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    space.rdp(["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    space.inWith(["jbo", 1, "x"], () => Effect.void)
    // @ts-expect-error did you mean \"job\"?
    space.inScoped(["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    space.inUpTo(["jbo", 1, "x"], 2)
    // @ts-expect-error did you mean \"job\"?
    space.collect(["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    space.count(["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    space.stream(["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    space.subscribe(["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    space.replace(["jbo", 1, "x"], () => ["stop"])
    // @ts-expect-error did you mean \"job\"?
    space.outIfAbsent(["jbo", 1, "x"], ["stop"])
    // @ts-expect-error did you mean \"job\"?
    space.inAll([["stop"], ["jbo", 1, "x"]])
    // @ts-expect-error did you mean \"job\"?
    space.inAll({ job: ["jbo", 1, "x"], stop: ["stop"] })
    // @ts-expect-error did you mean \"job\"?
    space.inAny([["stop"], ["jbo", 1, "x"]])
    // @ts-expect-error did you mean \"job\"?
    space.rdAny({ job: ["jbo", 1, "x"] })
    // @ts-expect-error did you mean \"job\"?
    Transaction.in(space, ["jbo", 1, "x"])
    // @ts-expect-error did you mean \"job\"?
    Effect.flatMap(Shop, (shop) => shop.in(["jbo", 1, "x"]))
    // @ts-expect-error \"job\" has 3 fields in this space, and 2
    space.inAll([["stop"], ["job", P.any]])
    // @ts-expect-error field 1 of \"job\" is number
    space.inAny({ a: ["job", P.string, P.any] })
    // @ts-expect-error \"job\" has 3 fields
    space.replace(["job", P.any], () => ["stop"])
    // @ts-expect-error field 1 of \"job\" is number
    space.outIfAbsent(["job", "1", P.any], ["stop"])
  })

  it("of a tuple that is put", () => {
    // @ts-expect-error Type '"jbo"' is not assignable to type '
    space.out(["jbo", 1, "x"])
    // @ts-expect-error Type 'string' is not assignable to type 'number'
    space.out(["job", "1", "x"])
    // @ts-expect-error Source has 2 element(s) but target requires 3
    space.out(["job", 1])
    // @ts-expect-error Source has 4 element(s) but target allows only 3
    space.out(["job", 1, "x", 2])
    // @ts-expect-error Type '"opne"' is not assignable to type
    space.out(["door", "opne", { at: 1 }])
    // @ts-expect-error Type '"jbo"' is not assignable to type
    space.replace(["stop"], () => ["jbo", 1, "x"])
    // @ts-expect-error Source has 2 element(s) but target requires 3
    space.outIfAbsent(["stop"], ["job", 1])
  })

  it("of a choice between nothing", () => {
    // @ts-expect-error a choice needs at least one pattern: without one it could never end
    space.inAny([])
    // @ts-expect-error a choice needs at least one pattern: without one it could never end
    space.inAny({})
    // @ts-expect-error a choice needs at least one pattern: without one it could never end
    space.rdAny([])
    // @ts-expect-error a choice needs at least one pattern: without one it could never end
    TupleSpace.rdAny({})
  })
})

describe("K16 what the compiler says of a predicate that is asynchronous", () => {
  it("it has to answer at once", () => {
    // @ts-expect-error a predicate has to answer at once: this one returns a promise
    space.in(["job", async () => true, P.any])
    // @ts-expect-error a predicate has to answer at once: this one returns a promise
    space.inAny([["job", P.any, (_: string) => Promise.resolve(true)]])
    // @ts-expect-error Type 'Promise<boolean>' is not assignable to type 'boolean'
    P.when(async () => true)
  })

  it("what cannot be decided is accepted", () => {
    const anything = (_: number): any => true
    space.in(["job", anything, P.any])
    const field: any = 1
    space.in(["job", field, P.any])
  })
})

describe("S16 an option that is misspelt does not compile, also beside one that is right", () => {
  const use = () => Effect.void
  it("of a wait", () => {
    // @ts-expect-error there is no option timout here
    space.in(["stop"], { timout: 10 })
    // @ts-expect-error there is no option timout here
    space.in(["stop"], { timeout: 10, timout: 10 })
    // @ts-expect-error there is no option requeue here
    space.inAll([["stop"]], { timeout: 10, requeue: "back" })
    // @ts-expect-error there is no option timout here
    TupleSpace.rdAny([["stop"]], { timeout: 10, timout: 10 })
  })
  it("of a hold", () => {
    // @ts-expect-error there is no option deadleter here
    space.inWith(["stop"], use, { maxAttempts: 3, deadleter: () => ["stop"] })
    // @ts-expect-error there is no option maxAttempts here
    space.withPermit(["stop"], use, { timeout: 10, maxAttempts: 3 })
    // @ts-expect-error there is no option requeu here
    TupleSpace.inWith(["stop"], use, { timeout: 3, requeu: "back" })
  })
  it("of a subscription", () => {
    // @ts-expect-error there is no option strateg here
    space.subscribe(["stop"], { capacity: 3, strateg: "sliding" })
    // @ts-expect-error there is no option events here
    space.stream(["stop"], { scoped: true, events: ["In"] })
  })
})
