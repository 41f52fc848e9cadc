import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
import type { SpaceError, SpaceEvent, Tuple } from "@effect-linda/core"
import type { Cause, Option, STM, Stream } from "effect"
import { Effect } from "effect"
import { describe, expect, it } from "tstyche"

type Job = readonly ["job", id: number, payload: string]
type Done = readonly ["done", id: number]
type Protocol = Job | Done

declare const space: TupleSpace.TupleSpace<Protocol>
declare const untyped: TupleSpace.TupleSpace

describe("T1 fields that need not be there, and any number of fields", () => {
  type Note = readonly ["note", id: number, text?: string]
  type Log = readonly ["log", ...lines: Array<string>]
  type Both = readonly ["both", a?: number, ...rest: Array<string>]
  type Framed = readonly ["framed", ...Array<number>, "end"]
  const notes = null! as TupleSpace.TupleSpace<Note>
  const all = null! as TupleSpace.TupleSpace<Note | Log | Both | Framed>

  it("optional fields", () => {
    expect(notes.in(["note", P.number])).type.toBe<Effect.Effect<readonly ["note", number]>>()
    expect(notes.in(["note", P.number, P.string])).type.toBe<Effect.Effect<readonly ["note", number, string]>>()
    expect(notes.in(["note", 1, "x"])).type.toBe<Effect.Effect<readonly ["note", 1, "x"]>>()
    expect(notes.in(["note", P.any, P.any])).type.toBe<Effect.Effect<readonly ["note", number, string]>>()
    expect(notes.in(["note", P.rest(P.any)])).type.toBe<Effect.Effect<Note>>()
    expect(notes.in([P.rest(P.any)])).type.toBe<Effect.Effect<Note>>()
    expect(notes.in(["note", P.number, P.rest(P.string)])).type.toBe<
      Effect.Effect<readonly ["note", number, string?]>
    >()
    expect(notes.in).type.not.toBeCallableWith(["note"])
    expect(notes.in).type.not.toBeCallableWith(["note", 1, 2])
    expect(notes.in).type.not.toBeCallableWith(["note", 1, "x", "y"])
  })

  it("any number of fields, alone, behind optional ones, and before others", () => {
    expect(all.in(["log"])).type.toBe<Effect.Effect<readonly ["log"]>>()
    expect(all.in(["log", "x", P.any])).type.toBe<Effect.Effect<readonly ["log", "x", string]>>()
    expect(all.in(["log", P.rest(P.string)])).type.toBe<Effect.Effect<readonly ["log", ...Array<string>]>>()
    expect(all.in(["both"])).type.toBe<Effect.Effect<readonly ["both"]>>()
    expect(all.in(["both", 1, P.any, P.string])).type.toBe<Effect.Effect<readonly ["both", 1, string, string]>>()
    expect(all.in(["both", 1, P.rest(P.string)])).type.toBe<Effect.Effect<readonly ["both", 1, ...Array<string>]>>()
    expect(all.in).type.not.toBeCallableWith(["both", P.string])
    expect(all.in(["framed", "end"])).type.toBe<Effect.Effect<readonly ["framed", "end"]>>()
    expect(all.in(["framed", P.number, 2, "end"])).type.toBe<Effect.Effect<readonly ["framed", number, 2, "end"]>>()
    expect(all.in(["framed", 1, P.rest(P.any)])).type.toBe<
      Effect.Effect<readonly ["framed", 1, ...Array<number>, "end"]>
    >()
    expect(all.in).type.not.toBeCallableWith(["framed", P.number, P.number])
  })

  it("in a union, and in arrays and records inside of fields", () => {
    expect(all.in([P.any, P.any])).type.toBe<
      Effect.Effect<
        readonly ["note", number] | readonly ["log", string] | readonly ["both", number] | readonly ["framed", "end"]
      >
    >()
    const deep = null! as TupleSpace.TupleSpace<
      readonly ["deep", readonly [n: number, s?: string], { readonly a?: { readonly b: number }; readonly c: number }]
    >
    expect(deep.in(["deep", [P.number], P.any])).type.toBe<
      Effect.Effect<
        readonly ["deep", readonly [number], { readonly a?: { readonly b: number }; readonly c: number }]
      >
    >()
    expect(deep.in(["deep", [P.any, P.any], { c: P.number }])).type.toBe<
      Effect.Effect<readonly ["deep", readonly [number, string], { readonly c: number }]>
    >()
    expect(deep.in).type.toBeCallableWith(["deep", P.any, { a: { b: P.number }, c: 1 }])
    expect(deep.in).type.toBeCallableWith(["deep", P.any, P.partial({ a: P.any })])
    expect(deep.in).type.not.toBeCallableWith(["deep", [P.string], P.any])
    // c has to be there, and the pattern says that it is not
    expect(deep.in).type.not.toBeCallableWith(["deep", P.any, { a: P.any }])
  })

  it("in transactions", () => {
    expect(Transaction.in(notes, ["note", P.number, P.string])).type.toBe<
      STM.STM<readonly ["note", number, string], never, Transaction.Transaction>
    >()
  })
})

describe("T2 libraries on top: what cannot be decided is accepted", () => {
  it("a type parameter in the tuples", () => {
    const take = <A>(jobs: TupleSpace.TupleSpace<readonly ["job", string, A]>) => {
      expect(jobs.in(["job", P.string, P.any])).type.toBe<Effect.Effect<readonly ["job", string, A]>>()
      return Effect.map(jobs.in(["job", "7", P.any]), ([, , a]) => a)
    }
    expect(take(null! as TupleSpace.TupleSpace<readonly ["job", string, Date]>)).type.toBe<Effect.Effect<Date>>()
    const nested = <A, B extends string>(
      jobs: TupleSpace.TupleSpace<readonly ["p", A, B] | readonly ["q", { readonly a: A }]>
    ) => {
      jobs.in(["p", P.number, P.string])
      jobs.in(["q", { a: P.number }])
      jobs.in(["q", P.partial({ a: 1 })])
      jobs.inAll({ p: ["p", P.any, P.any], q: ["q", P.any] })
      expect(jobs.in).type.not.toBeCallableWith(["r"])
    }
    expect(nested).type.toBeCallableWith(
      null! as TupleSpace.TupleSpace<readonly ["p", 1, ""] | readonly ["q", { a: 1 }]>
    )
    const call = <A extends ReadonlyArray<unknown>>(calls: TupleSpace.TupleSpace<readonly ["call", ...A]>, a: A) => {
      calls.out(["call", ...a])
      calls.in(["call", P.rest(P.any)])
      Transaction.rdp(calls, ["call", P.rest(P.any)])
    }
    expect(call).type.toBeCallableWith(null! as TupleSpace.TupleSpace<readonly ["call", ...Array<number>]>, [1])
    const stop = <T extends Tuple.Tuple>(any: TupleSpace.TupleSpace<T | readonly ["stop"]>) => {
      any.out(["stop"])
      any.in(["stop"])
    }
    expect(stop).type.toBeCallableWith(null! as TupleSpace.TupleSpace<Job | readonly ["stop"]>)
  })

  it("a helper for any space and any pattern", () => {
    const take = <T extends Tuple.Tuple, E, const Pt extends P.Pattern>(
      space: TupleSpace.TupleSpace<T, E>,
      pattern: Pt
    ) => space.in(pattern)
    expect(take(space, ["job", P.number, P.any])).type.toBe<Effect.Effect<readonly ["job", number, string]>>()

    const checked = <T extends Tuple.Tuple, E, const Pt extends P.Pattern>(
      space: TupleSpace.TupleSpace<T, E>,
      pattern: Pt & P.Check<T, Pt>
    ): Effect.Effect<P.Match<T, Pt>, E | Cause.TimeoutException> =>
      space.in<Pt, { timeout: 5 }>(pattern, { timeout: 5 })
    expect(checked(space, ["job", 7, P.any])).type.toBe<
      Effect.Effect<readonly ["job", 7, string], Cause.TimeoutException>
    >()
    expect(checked).type.not.toBeCallableWith(space, ["jbo", 7, P.any])

    const others = <T extends Tuple.Tuple, E, const Pt extends P.Pattern>(
      space: TupleSpace.TupleSpace<T, E>,
      pattern: Pt,
      tuple: T
    ) => [
      space.rd(pattern),
      space.inp(pattern),
      space.inWith(pattern, Effect.succeed),
      space.inScoped(pattern),
      space.collect(pattern),
      space.inUpTo(pattern, 2),
      space.count(pattern),
      space.outIfAbsent(pattern, tuple),
      space.replace(pattern, () => tuple),
      space.subscribe(pattern),
      space.stream(pattern),
      space.inAll([pattern, pattern]),
      space.inAny({ pattern }),
      Transaction.in(space, pattern),
      TupleSpace.in(pattern)
    ]
    expect(others).type.toBeCallableWith(space, ["job", P.any, P.any], ["done", 1])

    const joined = <T extends Tuple.Tuple, E, const Ps extends TupleSpace.Patterns>(
      space: TupleSpace.TupleSpace<T, E>,
      patterns: Ps & TupleSpace.CheckAll<T, Ps>
    ): Effect.Effect<TupleSpace.Joined<T, Ps>, E> => space.inAll<Ps>(patterns)
    expect(joined(space, { job: ["job", P.any, P.any] })).type.toBe<
      Effect.Effect<{ readonly job: readonly ["job", number, string] }>
    >()
    const chosen = <T extends Tuple.Tuple, E, const Ps extends TupleSpace.Patterns>(
      space: TupleSpace.TupleSpace<T, E>,
      patterns: Ps & TupleSpace.CheckAny<T, Ps>
    ): Effect.Effect<TupleSpace.Choice<T, Ps>, E> => space.inAny<Ps>(patterns)
    expect(chosen).type.not.toBeCallableWith(space, [])
    const unchecked = <T extends Tuple.Tuple, E, const Ps extends TupleSpace.Patterns>(
      space: TupleSpace.TupleSpace<T, E>,
      patterns: Ps
    ) => [space.inAll(patterns), space.inAny(patterns), space.rdAny(patterns)] as const
    expect(unchecked).type.toBeCallableWith(space, [["job", P.any, P.any]])
  })
})

describe("T3 patterns of which the number is not known", () => {
  const list: Array<readonly ["job", number, P.Formal<string>]> = []
  const record: Record<string, readonly ["job", number, P.Formal<string>]> = {}

  it("a join gives an array, or a record", () => {
    expect(space.inAll(list)).type.toBe<Effect.Effect<ReadonlyArray<readonly ["job", number, string]>>>()
    expect(space.inAll([1, 2].map((id) => ["done", id] as const))).type.toBe<
      Effect.Effect<ReadonlyArray<readonly ["done", number]>>
    >()
    expect(space.inAll(record)).type.toBe<
      Effect.Effect<{ readonly [x: string]: readonly ["job", number, string] }>
    >()
    expect(space.inAll([["done", 1], ...list])).type.toBe<
      Effect.Effect<readonly [readonly ["done", 1], ...ReadonlyArray<readonly ["job", number, string]>]>
    >()
    expect(TupleSpace.inAll(list)).type.toBe<
      Effect.Effect<
        ReadonlyArray<readonly ["job", number, string]>,
        SpaceError.SpaceError,
        TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>
      >
    >()
    const wrong: Array<readonly ["jbo", number]> = []
    expect(space.inAll).type.not.toBeCallableWith(wrong)
  })

  it("a choice gives a number or a key", () => {
    expect(space.inAny(list)).type.toBe<
      Effect.Effect<{ readonly index: number; readonly tuple: readonly ["job", number, string] }>
    >()
    expect(space.rdAny(record)).type.toBe<
      Effect.Effect<{ readonly key: string; readonly tuple: readonly ["job", number, string] }>
    >()
    expect(space.inAny([["done", 1], ...list])).type.toBe<
      Effect.Effect<
        { readonly index: number; readonly tuple: readonly ["done", 1] | readonly ["job", number, string] }
      >
    >()
  })

  it("a join of nothing", () => {
    expect(space.inAll([])).type.toBe<Effect.Effect<readonly []>>()
    expect(space.inAll({})).type.toBe<Effect.Effect<{}>>()
    expect(untyped.inAll([])).type.toBe<Effect.Effect<readonly []>>()
  })
})

describe("T4 what a pattern does not speak of keeps its type", () => {
  type Thing = { a: number; b?: string }
  const things = null! as TupleSpace.TupleSpace<readonly ["thing", Thing]>

  it("beside P.partial, predicates and schemas", () => {
    expect(things.in(["thing", P.partial({ a: P.number })])).type.toBe<Effect.Effect<readonly ["thing", Thing]>>()
    expect(things.in(["thing", P.partial({ a: 1 })])).type.toBe<
      Effect.Effect<readonly ["thing", Thing & { readonly a: 1 }]>
    >()
    expect(things.in(["thing", (thing: { a: number }) => thing.a > 1])).type.toBe<
      Effect.Effect<readonly ["thing", Thing]>
    >()
    expect(things.in(["thing", P.ref("x", P.partial({ a: P.number }))])).type.toBe<
      Effect.Effect<readonly ["thing", Thing]>
    >()
  })

  it("nested", () => {
    const nested = null! as TupleSpace.TupleSpace<readonly ["n", { readonly thing: Thing; readonly n: number }]>
    expect(nested.in(["n", { thing: P.partial({ a: P.number }), n: 1 }])).type.toBe<
      Effect.Effect<readonly ["n", { readonly thing: Thing; readonly n: 1 }]>
    >()
  })

  it("in unions", () => {
    type One = { kind: "one"; a?: number }
    const either = null! as TupleSpace.TupleSpace<readonly ["e", One | { kind: "two"; b: string } | "none"]>
    expect(either.in(["e", P.partial({ kind: "one" })])).type.toBe<Effect.Effect<readonly ["e", One]>>()
    expect(either.in(["e", P.oneOf(P.partial({ kind: "one" }), "none")])).type.toBe<
      Effect.Effect<readonly ["e", One | "none"]>
    >()
  })

  it("a plain record says all that there is", () => {
    expect(things.in(["thing", { a: P.number }])).type.toBe<Effect.Effect<readonly ["thing", { readonly a: number }]>>()
  })
})

describe("T5 parts of a space", () => {
  const part = TupleSpace.part(space)
  const jobs = null! as TupleSpace.Part<Job>

  it("a part about more is a part about fewer, not the other way round", () => {
    expect(part).type.toBe<TupleSpace.Part<Protocol>>()
    expect<TupleSpace.Part<Protocol>>().type.toBeAssignableTo<TupleSpace.Part<Job>>()
    expect<TupleSpace.Part<Job>>().type.not.toBeAssignableTo<TupleSpace.Part<Protocol>>()
    expect<TupleSpace.Part<Job>>().type.toBeAssignableTo<TupleSpace.Part<Job, SpaceError.SpaceError>>()
    expect<TupleSpace.Part<Job, SpaceError.SpaceError>>().type.not.toBeAssignableTo<TupleSpace.Part<Job>>()
  })

  it("a space is a writer of each of its tuples", () => {
    expect<TupleSpace.TupleSpace<Protocol>>().type.toBeAssignableTo<TupleSpace.Writer<Job>>()
    expect<TupleSpace.TupleSpace>().type.toBeAssignableTo<TupleSpace.Writer<Job>>()
    expect<TupleSpace.Part<Protocol>>().type.toBeAssignableTo<TupleSpace.Writer<Job>>()
    expect<TupleSpace.TupleSpace<Job>>().type.not.toBeAssignableTo<TupleSpace.Writer<Protocol>>()
    expect(jobs.out).type.not.toBeCallableWith(["done", 1])
    expect(space.collectInto(["job", P.any, P.any], jobs)).type.toBe<Effect.Effect<number>>()
  })

  it("patterns say of each field what it is", () => {
    expect(jobs.in(["job", P.number, P.string])).type.toBe<Effect.Effect<readonly ["job", number, string]>>()
    expect(jobs.in(["job", 7, P.matching(/x/)], { timeout: 5 })).type.toBe<
      Effect.Effect<readonly ["job", 7, string], Cause.TimeoutException>
    >()
    expect(jobs.inp(["job", P.oneOf(1, 2), "x"])).type.toBe<
      Effect.Effect<Option.Option<readonly ["job", 1 | 2, "x"]>>
    >()
    expect(jobs.subscribe(["job", P.number, "x"])).type.toBe<
      Stream.Stream<SpaceEvent.SpaceEvent<readonly ["job", number, "x"]>>
    >()
    expect(jobs.replace(["job", P.number, P.string], ([, id]) => ["job", id, ""])).type.toBe<
      Effect.Effect<Option.Option<readonly ["job", number, string]>>
    >()
    const deep = null! as TupleSpace.Part<
      readonly ["d", { readonly x: number; readonly y: ReadonlyArray<number> }, n?: 1]
    >
    expect(deep.in(["d", { x: P.number, y: [1, P.number] }])).type.toBe<
      Effect.Effect<readonly ["d", { readonly x: number; readonly y: readonly [1, number] }]>
    >()
  })

  it("what could match others' tuples does not compile", () => {
    expect(jobs.in).type.not.toBeCallableWith(["job", P.any, P.string])
    expect(jobs.in).type.not.toBeCallableWith([P.string, P.number, P.string])
    expect(jobs.in).type.not.toBeCallableWith(["job", (n: number) => n > 1, P.string])
    expect(jobs.in).type.not.toBeCallableWith(["job", P.rest(P.any)])
    expect(jobs.in).type.not.toBeCallableWith(["done", P.number])
    expect(jobs.in).type.not.toBeCallableWith(["job", P.number])
    expect(jobs.inWith).type.not.toBeCallableWith(["job", P.number, P.string], () => Effect.void, {
      deadLetter: () => ["done", 1] as const
    })
  })

  it("of the service of a tag", () => {
    class Shop extends TupleSpace.Tag("Shop")<Shop, Protocol>() {}
    const work = <E>(jobs: TupleSpace.Part<Job, E>) => jobs.in(["job", P.number, P.string])
    expect(Effect.flatMap(Shop, (shop) => work(TupleSpace.part(shop)))).type.toBe<
      Effect.Effect<readonly ["job", number, string], SpaceError.SpaceError, Shop>
    >()
  })
})
