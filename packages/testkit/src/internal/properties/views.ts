/**
 * Properties: views.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Transaction from "@effect-linda/core/Transaction"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import type { Random } from "../../Random.js"
import type { Simulation } from "../../Simulation.js"
import { properties } from "./property.js"

type Space = TupleSpace.TupleSpace<Tuple, SpaceError>

/** Typed as what a pattern of any fields is. */
const everything: Tuple = [P.rest(P.any)] as const

const even = (value: unknown) => value === 0 || value === 2

/** A pattern, and what it matches in words of its own. */
interface Rule {
  readonly pattern: Tuple
  readonly matches: (tuple: Tuple) => boolean
}

const rules: ReadonlyArray<Rule> = [
  { pattern: ["a", P.any], matches: ([kind, ...rest]) => kind === "a" && rest.length === 1 },
  { pattern: [P.any, 0], matches: ([, n, ...rest]) => n === 0 && rest.length === 0 },
  { pattern: ["b", even], matches: ([kind, n, ...rest]) => kind === "b" && even(n) && rest.length === 0 },
  { pattern: ["c", P.between(1, 2)], matches: ([kind, n]) => kind === "c" && (n === 1 || n === 2) },
  { pattern: [P.ref("x"), P.ref("x")], matches: ([one, other, ...rest]) => one === other && rest.length === 0 },
  { pattern: [P.not("a"), P.rest(P.number)], matches: ([kind, ...rest]) => kind !== "a" && !rest.includes("a") },
  { pattern: [P.oneOf("a", "b")], matches: ({ length, 0: kind }) => length === 1 && (kind === "a" || kind === "b") }
]

/** What a view asks for: mostly more than it may have. */
const asked: ReadonlyArray<Rule> = [
  ...rules,
  { pattern: everything, matches: () => true },
  { pattern: [P.any, P.any], matches: ({ length }) => length === 2 },
  { pattern: [P.string, (n: unknown) => n !== 3], matches: ({ length, 1: n }) => length === 2 && n !== 3 },
  { pattern: ["b", P.rest(P.any)], matches: ([kind]) => kind === "b" }
]

const tupleOf = (random: Random): Tuple => {
  const kind = random.pick(["a", "b", "c"])
  return random.chance(0.2) ? [kind] : [kind, random.chance(0.1) ? "a" : random.below(4)]
}

/** What a view may do, and how to tell. */
const rightsOf = (random: Random) => {
  const some = () => rules.filter(() => random.chance(0.3))
  const [out, take, read] = [some(), some(), some()]
  const isOf = (rules: ReadonlyArray<Rule>) => (tuple: Tuple) => rules.some(({ matches }) => matches(tuple))
  const patterns = (rules: ReadonlyArray<Rule>) => rules.map(({ pattern }) => pattern)
  return {
    rights: { out: patterns(out), in: patterns(take), rd: patterns(read) },
    mayPut: isOf(out),
    mayTake: isOf(take),
    mayRead: isOf([...take, ...read])
  }
}

/** What has been done by way of a view: taken, read and put. */
interface Ledger {
  readonly taken: Array<Tuple>
  readonly read: Array<Tuple>
  readonly put: Array<Tuple>
}

/** An operation on a view, which writes down what becomes of it. */
const act = (sim: Simulation, view: Space, { put, read, taken }: Ledger): Effect.Effect<unknown, unknown> => {
  const { random } = sim
  const { pattern } = random.pick(asked)
  const other = random.pick(asked).pattern
  const tuple = tupleOf(random)
  const timeout = random.between(0, 3)
  const took = (...tuples: ReadonlyArray<Tuple>) => void taken.push(...tuples)
  const saw = (...tuples: ReadonlyArray<Tuple>) => void read.push(...tuples)
  const puts = (...tuples: ReadonlyArray<Tuple>) => void put.push(...tuples)
  switch (random.below(16)) {
    case 0:
      return Effect.map(view.in(pattern, { timeout }), took)
    case 1:
      return Effect.map(view.rd(pattern, { timeout }), saw)
    case 2:
      return Effect.map(view.inp(pattern), Option.map(took))
    case 3:
      return Effect.map(view.rdp(pattern), Option.map(saw))
    case 4:
      return Effect.map(view.collect(pattern), (all) => took(...all))
    case 5:
      return Effect.map(view.copyCollect(pattern), (all) => saw(...all))
    case 6:
      return Effect.map(view.inAll([pattern, other], { timeout }), (all) => took(...all))
    case 7:
      return Effect.map(view.in(Q.all([pattern, Q.read(other)]), { timeout }), ([one, two]) => {
        took(one)
        saw(two)
      })
    case 8:
      return Effect.map(view.inAny([pattern, other], { timeout }), ({ tuple }) => took(tuple))
    case 9:
      return view.inWith(pattern, (tuple) =>
        Effect.flatMap(sim.pause, () => {
          saw(tuple)
          return random.chance(0.5) ? Effect.fail("no") : Effect.sync(() => took(tuple))
        }), { timeout })
    case 10:
      return Effect.map(view.out(tuple), () => puts(tuple))
    case 11:
      return Effect.map(view.outAll([tuple, tuple]), () => puts(tuple, tuple))
    case 12:
      return Effect.map(
        view.replace(pattern, () => tuple),
        Option.map((old) => {
          took(old)
          puts(tuple)
        })
      )
    case 13:
      return Effect.map(view.exchange(pattern, () => [tuple, tuple], { timeout }), (old) => {
        took(old)
        puts(tuple, tuple)
      })
    case 14:
      return Effect.map(view.outIfAbsent(pattern, tuple), Option.match({ onNone: () => puts(tuple), onSome: saw }))
    default:
      return Effect.map(
        Effect.timeoutOption(
          Stream.runForEach(view.stream(pattern), (tuple) => Effect.sync(() => saw(tuple))),
          timeout
        ),
        () => {}
      )
  }
}

/** As texts, in an order that does not matter. */
const sorted = (tuples: ReadonlyArray<Tuple>) => tuples.map((tuple) => JSON.stringify(tuple)).sort()

export const views = properties("Views", (property) => {
  property(
    "S23 whatever is done through a view, nothing is shown, taken or put that is not allowed, and nothing is lost",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space: Space = yield* sim.space()
        const { mayPut, mayRead, mayTake, rights } = rightsOf(random)
        const view = TupleSpace.view(space, rights) as unknown as Space
        const ledger: Ledger = { taken: [], read: [], put: [] }
        const outside: { readonly put: Array<Tuple>; readonly taken: Array<Tuple> } = { put: [], taken: [] }
        const fibers: Array<Fiber.RuntimeFiber<unknown, unknown>> = []
        for (let step = random.between(5, 30); step > 0; step--) {
          if (random.chance(0.4)) {
            const tuple = tupleOf(random)
            outside.put.push(tuple)
            yield* space.out(tuple)
          } else if (random.chance(0.1)) {
            outside.taken.push(...yield* space.inUpTo(everything, 1))
          } else {
            fibers.push(yield* Effect.fork(act(sim, view, ledger)))
          }
          yield* sim.pause
        }
        yield* sim.over
        for (const fiber of fibers) {
          const exit = fiber.unsafePoll()
          const errors = exit !== null && Exit.isFailure(exit)
            ? [...Cause.failures(exit.cause), ...Cause.defects(exit.cause)]
            : []
          // It is refused, late, or what a use has failed with.
          const isKnown = (error: unknown) =>
            error === "no" || TupleSpace.isTimeout(error) || error instanceof SpaceError && error.reason === "Forbidden"
          expect(errors.filter((error) => !isKnown(error))).toEqual([])
          expect(exit).not.toBe(null)
        }
        expect(ledger.taken.filter((tuple) => !mayTake(tuple))).toEqual([])
        expect(ledger.read.filter((tuple) => !mayRead(tuple))).toEqual([])
        expect(ledger.put.filter((tuple) => !mayPut(tuple))).toEqual([])
        const left = yield* space.collect(everything)
        expect(sorted([...left, ...ledger.taken, ...outside.taken])).toEqual(sorted([...outside.put, ...ledger.put]))
        const { held, interests } = yield* space.inspect
        expect([held, interests]).toEqual([0, []])
      })
  )

  property.needing("transactions")(
    "S23 at any instant a view shows exactly what is there and allowed, and no operation is refused that could find it",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space: Space = yield* sim.space()
        const { mayRead, mayTake, rights } = rightsOf(random)
        const view = TupleSpace.view(space, rights) as unknown as Space
        for (let step = random.between(3, 10); step > 0; step--) {
          yield* space.outAll(random.array(random.between(1, 4), () => tupleOf(random)))
          const { matches, pattern } = random.pick(asked)
          const look = (space: Space, pattern: Tuple) =>
            STM.map(
              Transaction.rdp(space, Q.batch(pattern, { max: Infinity })),
              Option.getOrElse((): ReadonlyArray<Tuple> => [])
            )
          const all = yield* space.transact(look(space, everything))
          const found = all.filter((tuple) => matches(tuple))
          const seen = yield* Effect.either(view.transact(look(view, pattern)))
          const visible = found.filter(mayRead)
          // Refused is only what could find nothing.
          expect(seen._tag === "Right" ? seen.right : []).toEqual(visible)
          expect(yield* Effect.orElseSucceed(view.count(pattern), () => 0)).toBe(visible.length)
          const taken = yield* Effect.orElseSucceed(view.inUpTo(pattern, 1), () => [])
          expect(taken).toEqual(found.filter(mayTake).slice(0, 1))
        }
      })
  )
})
