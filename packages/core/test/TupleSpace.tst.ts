import { Pattern as P, SpaceStore, Transaction, TupleSpace } from "@effect-linda/core"
import type { Process, SpaceError, SpaceEvent, Tuple } from "@effect-linda/core"
import type { Cause, Context, Layer, Option, Scope, Stream, TQueue } from "effect"
import { DateTime, Duration, Effect, Schema, STM, TRef } from "effect"
import { describe, expect, it } from "tstyche"

type Job = readonly ["job", id: number, payload: string]
type Result = readonly ["result", id: number, size: number]
type Stop = readonly ["stop"]
type Log = readonly ["log", ...lines: Array<string>]
type Shape = readonly ["shape", { readonly kind: "circle"; readonly r: number } | { readonly kind: "dot" }]
type Protocol = Job | Result | Stop | Log | Shape

declare const space: TupleSpace.TupleSpace<Protocol>
declare const untyped: TupleSpace.TupleSpace
declare const failing: TupleSpace.TupleSpace<Job, SpaceError.SpaceError>

describe("TupleSpace: a protocol", () => {
  it("a pattern narrows the union", () => {
    expect(space.in(["job", P.any, P.any])).type.toBe<Effect.Effect<readonly ["job", number, string]>>()
    expect(space.in(["job", 7, P.string])).type.toBe<Effect.Effect<readonly ["job", 7, string]>>()
    expect(space.in([P.any])).type.toBe<Effect.Effect<readonly ["stop"] | readonly ["log"]>>()
    expect(space.in([P.oneOf("job", "result"), P.number, P.any])).type.toBe<
      Effect.Effect<readonly ["job", number, string] | readonly ["result", number, number]>
    >()
    expect(space.in([P.any, P.any, (n: number) => n > 1])).type.toBe<
      Effect.Effect<readonly ["result", number, number]>
    >()
    expect(space.inp(["stop"])).type.toBe<Effect.Effect<Option.Option<readonly ["stop"]>>>()
    expect(space.collect(["log", P.any])).type.toBe<Effect.Effect<Array<readonly ["log", string]>>>()
  })

  it("rests and nested fields narrow, too", () => {
    expect(space.in(["log", P.rest(P.any)])).type.toBe<Effect.Effect<readonly ["log", ...Array<string>]>>()
    expect(space.in(["job", P.rest(P.any)])).type.toBe<Effect.Effect<readonly ["job", number, string]>>()
    expect(space.in(["shape", P.any])).type.toBe<Effect.Effect<Shape>>()
  })

  it("a pattern that can never match does not compile", () => {
    expect<P.Check<Protocol, readonly ["nope"]>>().type.not.toBe<unknown>()
    expect<P.Check<Protocol, readonly ["stop"]>>().type.toBe<unknown>()
    expect(space.in).type.not.toBeCallableWith(["nope"])
    expect(space.rd).type.not.toBeCallableWith(["nope"])
    expect(space.inp).type.not.toBeCallableWith(["nope"])
    expect(space.rdp).type.not.toBeCallableWith(["nope"])
    expect(space.collect).type.not.toBeCallableWith(["nope"])
    expect(space.count).type.not.toBeCallableWith(["nope"])
    expect(space.in).type.not.toBeCallableWith(["job", P.string, P.any])
    expect(space.in).type.not.toBeCallableWith(["job", P.any])
    expect(space.in).type.not.toBeCallableWith(["job", P.any, P.any, P.any])
    expect(space.in).type.not.toBeCallableWith(["stop", P.any])
    expect(space.in).type.not.toBeCallableWith(["log", P.number])
    expect(space.in).type.not.toBeCallableWith(["shape", { kind: "square" }])
    expect(space.in).type.not.toBeCallableWith(["job", "7", P.any])
  })

  it("a tuple that the space does not know does not compile", () => {
    expect(space.out).type.toBeCallableWith(["job", 1, "x"])
    expect(space.out).type.not.toBeCallableWith(["job", "1", "x"])
    expect(space.out).type.not.toBeCallableWith(["nope"])
    expect(space.outAll).type.not.toBeCallableWith([["stop"], ["nope"]])
    expect(space.outAll).type.toBeCallableWith([["stop"]], { priority: 1 })
    expect(space.outAll).type.not.toBeCallableWith([["stop"]], { priority: "1" })
    expect(space.outAll).type.not.toBeCallableWith([["stop"]], { ttl: 1 })
    expect(space.out).type.toBeCallableWith(["stop"], { priority: 1, ttl: 1, after: 1 })
    expect(space.out).type.not.toBeCallableWith(["stop"], { priority: "high" })
    expect(space.outIfAbsent).type.not.toBeCallableWith(["stop"], ["nope"])
    expect(space.replace).type.not.toBeCallableWith(["job", P.any, P.any], () => ["nope"] as const)
    expect(space.replace(["job", P.any, P.any], ([, id]) => ["result", id, 1])).type.toBe<
      Effect.Effect<Option.Option<readonly ["job", number, string]>>
    >()
  })

  it("choices are tagged unions", () => {
    expect(space.inAny([["job", P.any, P.any], ["stop"]])).type.toBe<
      Effect.Effect<
        | { readonly index: 0; readonly tuple: readonly ["job", number, string] }
        | { readonly index: 1; readonly tuple: readonly ["stop"] }
      >
    >()
    expect(space.rdAny({ job: ["job", P.any, P.any], stop: ["stop"] })).type.toBe<
      Effect.Effect<
        | { readonly key: "job"; readonly tuple: readonly ["job", number, string] }
        | { readonly key: "stop"; readonly tuple: readonly ["stop"] }
      >
    >()
    expect(space.inAny).type.not.toBeCallableWith([["stop"], ["nope"]])
    expect(space.inAny).type.not.toBeCallableWith({ stop: ["stop"], nope: ["nope"] })
    expect(space.inAny).type.not.toBeCallableWith([])
  })

  it("joins are tuples or records of tuples", () => {
    expect(space.inAll([["job", P.any, P.any], ["stop"]])).type.toBe<
      Effect.Effect<readonly [readonly ["job", number, string], readonly ["stop"]]>
    >()
    expect(space.inAll({ job: ["job", P.ref("id"), P.any], result: ["result", P.ref("id"), P.any] })).type.toBe<
      Effect.Effect<
        { readonly job: readonly ["job", number, string]; readonly result: readonly ["result", number, number] }
      >
    >()
    expect(space.inAll).type.not.toBeCallableWith([["stop"], ["nope"]])
  })

  it("inWith and inScoped hand the narrowed tuple on, and keep errors and requirements", () => {
    class Boom {
      readonly _tag = "Boom"
    }
    expect(space.inWith(["job", P.any, P.any], ([, id]) => {
      expect(id).type.toBe<number>()
      return Effect.fail(new Boom())
    })).type.toBe<Effect.Effect<never, Boom>>()
    expect(space.inWith(["stop"], () => Effect.scope)).type.toBe<Effect.Effect<Scope.Scope, never, Scope.Scope>>()
    expect(space.inScoped(["stop"])).type.toBe<Effect.Effect<readonly ["stop"], never, Scope.Scope>>()
    expect(
      space.inWith(["stop"], () => Effect.void, { maxAttempts: 3, deadLetter: () => ["log", "dead"] as const })
    ).type.toBe<Effect.Effect<void>>()
    expect(space.inWith).type.not.toBeCallableWith(["stop"], () => Effect.void, {
      maxAttempts: 3,
      deadLetter: () => ["nope"] as const
    })
  })
  it("S19 a use is told of its hold, and keeps the error that it gives up with", () => {
    const work = space.inWith(["job", P.any, P.any], ([, id], hold) => {
      expect(hold).type.toBe<TupleSpace.Hold<never>>()
      expect(hold.attempts).type.toBe<number>()
      return id === 0 ? hold.giveUp("no" as const) : Effect.succeed(hold.token)
    })
    expect(work).type.toBe<Effect.Effect<number, "no">>()
    const locked = space.withPermit(["stop"], (_, hold) => {
      expect(hold).type.toBe<TupleSpace.PermitHold>()
      return Effect.succeed(hold.token)
    })
    expect(locked).type.toBe<Effect.Effect<number>>()
    expect<TupleSpace.PermitHold>().type.not.toHaveProperty("giveUp")
  })
  it("a deadLetter is inferred without as const", () => {
    space.inWith(["stop"], () => Effect.void, { maxAttempts: 3, deadLetter: () => ["log", "dead"] })
  })

  it("withPermit hands the narrowed tuple on, and keeps errors and requirements", () => {
    expect(space.withPermit(["job", P.any, P.any], ([, id]) => Effect.succeed(id))).type.toBe<Effect.Effect<number>>()
    expect(space.withPermit(["stop"], () => Effect.scope)).type.toBe<Effect.Effect<Scope.Scope, never, Scope.Scope>>()
    expect(space.withPermit(["stop"], () => Effect.fail("no" as const), { timeout: 5, requeue: "back" })).type.toBe<
      Effect.Effect<never, "no" | Cause.TimeoutException>
    >()
    expect(space.withPermit).type.not.toBeCallableWith(["nope"], () => Effect.void)
    expect(space.withPermit).type.not.toBeCallableWith(["stop"], () => Effect.void, { maxAttempts: 3 })
  })

  it("streams", () => {
    expect(space.stream(["job", P.any, P.any])).type.toBe<Stream.Stream<readonly ["job", number, string]>>()
    expect(space.subscribe(["stop"])).type.toBe<Stream.Stream<SpaceEvent.SpaceEvent<readonly ["stop"]>>>()
    expect(space.subscribe).type.not.toBeCallableWith(["stop"], { events: ["Missed"] })
    expect(space.subscribe(["stop"], { capacity: 2 })).type.toBe<
      Stream.Stream<SpaceEvent.SpaceEvent<readonly ["stop"]>>
    >()
    expect(space.subscribe(["stop"], { capacity: 2, scoped: true })).type.toBe<
      Effect.Effect<Stream.Stream<SpaceEvent.SpaceEvent<readonly ["stop"]>>, never, Scope.Scope>
    >()
    expect(space.stream(["stop"], { scoped: true })).type.toBe<
      Effect.Effect<Stream.Stream<readonly ["stop"]>, never, Scope.Scope>
    >()
    expect(space.subscribe).type.not.toBeCallableWith(["stop"], { scoped: false })
  })

  it("moving to another space asks that it takes these tuples", () => {
    const jobs = null! as TupleSpace.TupleSpace<Job>
    expect(space.collectInto(["job", P.any, P.any], jobs)).type.toBe<Effect.Effect<number>>()
    expect(space.collectInto(["job", P.any, P.any], failing)).type.toBe<Effect.Effect<number, SpaceError.SpaceError>>()
    expect(space.collectInto(["job", P.any, P.any], untyped)).type.toBe<Effect.Effect<number>>()
    expect(space.collectInto).type.not.toBeCallableWith(["stop"], jobs)
  })
})

describe("TupleSpace: errors", () => {
  it("a timeout is in the error channel only if it was asked for", () => {
    expect(space.in(["stop"])).type.toBe<Effect.Effect<readonly ["stop"]>>()
    expect(space.in(["stop"], {})).type.toBe<Effect.Effect<readonly ["stop"]>>()
    expect(space.in(["stop"], { timeout: "1 seconds" })).type.toBe<
      Effect.Effect<readonly ["stop"], Cause.TimeoutException>
    >()
    expect(space.rd(["stop"], { timeout: Duration.seconds(1) })).type.toBe<
      Effect.Effect<readonly ["stop"], Cause.TimeoutException>
    >()
    expect(space.inAny([["stop"]], { timeout: 5 })).type.toBe<
      Effect.Effect<{ readonly index: 0; readonly tuple: readonly ["stop"] }, Cause.TimeoutException>
    >()
    expect(space.inAll([["stop"]], { timeout: 5 })).type.toBe<
      Effect.Effect<readonly [readonly ["stop"]], Cause.TimeoutException>
    >()
    expect(space.inWith(["stop"], () => Effect.void, { timeout: 5 })).type.toBe<
      Effect.Effect<void, Cause.TimeoutException>
    >()
    expect(space.inWith(["stop"], () => Effect.void, { requeue: "back" })).type.toBe<Effect.Effect<void>>()
    const options: TupleSpace.WaitOptions = {}
    expect(space.in(["stop"], options)).type.toBe<Effect.Effect<readonly ["stop"], Cause.TimeoutException>>()
  })

  it("S20 a tuple comes after a while or at a time, and not both", () => {
    expect(space.out(["stop"], { after: "1 hour", ttl: "1 day" })).type.toBe<Effect.Effect<TupleSpace.Lease>>()
    for (const at of [0, new Date(), DateTime.unsafeNow(), DateTime.unsafeMakeZoned(0, { timeZone: "UTC" })]) {
      expect(space.out(["stop"], { at })).type.toBe<Effect.Effect<TupleSpace.Lease>>()
    }
    expect(space.out).type.not.toBeCallableWith(["stop"], { after: "1 hour", at: 0 })
    expect(space.out).type.not.toBeCallableWith(["stop"], { after: new Date() })
    expect(space.out).type.not.toBeCallableWith(["stop"], { at: "2030-01-01" })
    expect(space.out).type.not.toBeCallableWith(["stop"], { later: 1 })
    expect(untyped.out(["t"], { after: 1 }).pipe(Effect.flatMap((lease) => lease.reschedule(1)))).type.toBe<
      Effect.Effect<boolean>
    >()
    const options: TupleSpace.OutOptions = { ttl: 5 }
    expect(space.out(["stop"], options)).type.toBe<Effect.Effect<TupleSpace.Lease>>()
  })

  it("the errors of an engine are in every operation", () => {
    expect(failing.out(["job", 1, "x"])).type.toBe<Effect.Effect<void, SpaceError.SpaceError>>()
    expect(failing.out(["job", 1, "x"], { ttl: 5 })).type.toBe<
      Effect.Effect<TupleSpace.Lease<SpaceError.SpaceError>, SpaceError.SpaceError>
    >()
    expect(failing.out(["job", 1, "x"], { after: "1 hour" })).type.toBe<
      Effect.Effect<TupleSpace.Lease<SpaceError.SpaceError>, SpaceError.SpaceError>
    >()
    expect(failing.in(["job", 1, P.any], { timeout: 5 })).type.toBe<
      Effect.Effect<readonly ["job", 1, string], SpaceError.SpaceError | Cause.TimeoutException>
    >()
    expect(failing.count(["job", 1, P.any])).type.toBe<Effect.Effect<number, SpaceError.SpaceError>>()
  })

  it("a space that cannot fail stands for one that can, not the other way round", () => {
    expect<TupleSpace.TupleSpace>().type.toBeAssignableTo<TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>>()
    expect<TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>>().type.not.toBeAssignableTo<
      TupleSpace.TupleSpace
    >()
    expect<TupleSpace.TupleSpace<Job>>().type.toBeAssignableTo<TupleSpace.TupleSpace<Job, SpaceError.SpaceError>>()
    expect<TupleSpace.TupleSpace<Job>>().type.not.toBeAssignableTo<TupleSpace.TupleSpace<Protocol>>()
    expect<TupleSpace.TupleSpace<Protocol>>().type.not.toBeAssignableTo<TupleSpace.TupleSpace<Job>>()
  })
})

describe("Transaction", () => {
  it("conditions are booleans, and keep what they require", () => {
    const ref = null! as TRef.TRef<boolean>
    expect(Transaction.check(TRef.get(ref))).type.toBe<STM.STM<void, never, Transaction.Transaction>>()
    expect(Transaction.check(STM.map(Transaction.count(space, ["job", P.any, P.any]), (n) => n < 3))).type.toBe<
      STM.STM<void, never, Transaction.Transaction>
    >()
    expect(Transaction.check(null! as STM.STM<boolean, never, Scope.Scope>)).type.toBe<
      STM.STM<void, never, Scope.Scope | Transaction.Transaction>
    >()
    expect(space.transact(Transaction.check(STM.succeed(true)))).type.toBe<Effect.Effect<void>>()
    expect(Transaction.check).type.not.toBeCallableWith(STM.succeed(1))
    expect(Transaction.check).type.not.toBeCallableWith(STM.fail("no"))
    expect(Transaction.check).type.not.toBeCallableWith(Effect.succeed(true))
    expect(Transaction.check).type.not.toBeCallableWith(true)
  })

  it("count, take and subscribe", () => {
    expect(Transaction.count(space, ["stop"])).type.toBe<STM.STM<number, never, Transaction.Transaction>>()
    expect(Transaction.count).type.not.toBeCallableWith(space, ["nope"])
    expect(Transaction.take(null! as TQueue.TQueue<7>)).type.toBe<STM.STM<7, never, Transaction.Transaction>>()
    expect(Transaction.take(null! as TQueue.TDequeue<7>)).type.toBe<STM.STM<7, never, Transaction.Transaction>>()
    expect(Transaction.take).type.not.toBeCallableWith(null! as TQueue.TEnqueue<7>)
    expect(Transaction.subscribe(space, ["stop"])).type.toBe<
      Effect.Effect<TQueue.TDequeue<SpaceEvent.SpaceEvent<readonly ["stop"]>>, never, Scope.Scope>
    >()
    expect(Transaction.subscribe(failing, ["job", P.any, P.any], { capacity: 3 })).type.toBe<
      Effect.Effect<
        TQueue.TDequeue<SpaceEvent.SpaceEvent<readonly ["job", number, string]>>,
        SpaceError.SpaceError,
        Scope.Scope
      >
    >()
    expect(Transaction.subscribe).type.not.toBeCallableWith(space, ["nope"])
  })

  it("operations require what transact alone provides", () => {
    const stm = Transaction.in(space, ["job", P.any, P.any])
    expect(stm).type.toBe<STM.STM<readonly ["job", number, string], never, Transaction.Transaction>>()
    expect(space.transact(stm)).type.toBe<Effect.Effect<readonly ["job", number, string]>>()
    expect(STM.commit(stm)).type.toBe<Effect.Effect<readonly ["job", number, string], never, Transaction.Transaction>>()
    expect(Effect.runPromise).type.not.toBeCallableWith(STM.commit(stm))
    expect(Effect.runSync).type.not.toBeCallableWith(STM.commit(Transaction.out(space, ["stop"])))
    expect(Transaction.rdp(space, ["stop"])).type.toBe<
      STM.STM<Option.Option<readonly ["stop"]>, never, Transaction.Transaction>
    >()
  })

  it("patterns and tuples are checked as elsewhere, other requirements and errors are kept", () => {
    expect(Transaction.in).type.not.toBeCallableWith(space, ["nope"])
    expect(Transaction.out).type.not.toBeCallableWith(space, ["nope"])
    const stm = null! as STM.STM<1, "no", Transaction.Transaction | Scope.Scope>
    expect(space.transact(stm)).type.toBe<Effect.Effect<1, "no", Scope.Scope>>()
    expect(failing.transact(stm)).type.toBe<Effect.Effect<1, "no" | SpaceError.SpaceError, Scope.Scope>>()
    expect(TupleSpace.transact(stm)).type.toBe<
      Effect.Effect<
        1,
        "no" | SpaceError.SpaceError,
        Scope.Scope | TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>
      >
    >()
  })
})

describe("Process", () => {
  it("eval keeps result, errors and requirements", () => {
    expect(space.eval(Effect.succeed(1))).type.toBe<Effect.Effect<Process.Process<number>>>()
    expect(space.eval(Effect.zipRight(Effect.scope, Effect.fail("no" as const)))).type.toBe<
      Effect.Effect<Process.Process<never, "no">, never, Scope.Scope>
    >()
  })

  it("evalTuple evaluates the types of its fields", () => {
    expect(untyped.evalTuple(["fib", 10, Effect.succeed(55)])).type.toBe<
      Effect.Effect<Process.Process<readonly ["fib", 10, number]>>
    >()
    expect(untyped.evalTuple(["t", null! as Effect.Effect<1, "no", Scope.Scope>])).type.toBe<
      Effect.Effect<Process.Process<readonly ["t", 1], "no">, never, Scope.Scope>
    >()
    expect(untyped.evalTuple(["t", null! as Option.Option<1>])).type.toBe<
      Effect.Effect<Process.Process<readonly ["t", Option.Option<1>]>>
    >()
    expect(space.evalTuple).type.toBeCallableWith(["result", 1, Effect.succeed(2)])
    expect(space.evalTuple).type.not.toBeCallableWith(["result", 1, Effect.succeed("2")])
    expect(space.evalTuple).type.not.toBeCallableWith(["nope", Effect.succeed(1)])
  })
})

describe("Tag and layers", () => {
  class Jobs extends TupleSpace.Tag("Jobs")<Jobs, Protocol>() {}
  class Anything extends TupleSpace.Tag("Any")<Anything>() {}

  it("a tag of one's own is a typed service with layers", () => {
    expect<Context.Tag.Service<typeof Jobs>>().type.toBe<TupleSpace.TupleSpace<Protocol, SpaceError.SpaceError>>()
    expect<Context.Tag.Service<typeof Anything>>().type.toBe<
      TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>
    >()
    expect(Anything.layer).type.toBe<Layer.Layer<Anything>>()
    expect(Jobs.layer).type.toBe<Layer.Layer<Jobs>>()
    expect(Jobs.layerWith({ capacity: 1 })).type.toBe<Layer.Layer<Jobs>>()
    expect(Jobs.layerWith).type.not.toBeCallableWith({ capacity: "1" })
    expect(Effect.flatMap(Jobs, (jobs) => jobs.in(["stop"]))).type.toBe<
      Effect.Effect<readonly ["stop"], SpaceError.SpaceError, Jobs>
    >()
  })

  it("the tag of any space, its layers and accessors", () => {
    expect(TupleSpace.layer).type.toBe<Layer.Layer<TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>>>()
    expect(TupleSpace.in(["x", P.number])).type.toBe<
      Effect.Effect<
        readonly ["x", number],
        SpaceError.SpaceError,
        TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>
      >
    >()
    expect(TupleSpace.make()).type.toBe<Effect.Effect<TupleSpace.TupleSpace, never, Scope.Scope>>()
    expect(TupleSpace.make<Job>({ selection: "lifo" })).type.toBe<
      Effect.Effect<TupleSpace.TupleSpace<Job>, never, Scope.Scope>
    >()
  })
})

describe("SpaceStore: V3 a protocol that is a Schema", () => {
  const job = Schema.Tuple(Schema.Literal("job"), Schema.Number)
  const stop = Schema.Tuple(Schema.Literal("stop"))
  const store = null as unknown as SpaceStore.SpaceStore
  type Of<T extends Tuple.Tuple> = Effect.Effect<
    TupleSpace.TupleSpace<T, SpaceError.SpaceError>,
    SpaceError.SpaceError,
    Scope.Scope
  >

  it("is the type of the space", () => {
    expect(SpaceStore.make(store, { protocol: Schema.Union(job, stop) })).type.toBe<
      Of<readonly ["job", number] | readonly ["stop"]>
    >()
    expect(SpaceStore.make(store, { undecodable: "skip" })).type.toBe<Of<Tuple.Tuple>>()
    expect(SpaceStore.make<Job>(store, {})).type.toBe<Of<Job>>()
  })

  it("has to be of tuples, and of those that the space is said to have", () => {
    expect(SpaceStore.make).type.not.toBeCallableWith(store, { protocol: Schema.String })
    expect(SpaceStore.make<Job>).type.not.toBeCallableWith(store, { protocol: job })
  })
})
