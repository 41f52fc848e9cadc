import type { SpaceError, Tuple } from "@effect-linda/core"
import { Pattern as P, Query as Q, SpaceStore, Transaction, TupleSpace } from "@effect-linda/core"
import { it } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, FastCheck, STM } from "effect"
import { same } from "./helpers.js"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

const engines: ReadonlyArray<readonly [name: string, make: Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>]> =
  [
    ["in memory", TupleSpace.make()],
    ["on a store", Effect.flatMap(Effect.flatMap(SpaceStore.memory, ({ open }) => open("test")), SpaceStore.make)]
  ]

const tuples = FastCheck.tuple(FastCheck.constantFrom("a", "b", "c"), FastCheck.nat(2))

const fields: ReadonlyArray<unknown> = [P.number, P.ref("x"), P.ref("y"), 0, 1, (n: unknown) => n !== 1]

const members = FastCheck.record({
  role: FastCheck.constantFrom("take" as const, "read" as const, "absent" as const),
  pattern: FastCheck.tuple(
    FastCheck.constantFrom<unknown>("a", "b", "c", P.any, P.ref("k")),
    FastCheck.constantFrom(...fields)
  )
})

const queryOf = (given: ReadonlyArray<{ readonly role: "take" | "read" | "absent"; readonly pattern: unknown }>) =>
  Q.all(
    given.map(({ pattern, role }): any =>
      role === "take" ? pattern : role === "read" ? Q.read(pattern as any) : Q.absent(pattern as any)
    )
  )

const states = FastCheck.record({
  stored: FastCheck.array(FastCheck.record({ tuple: tuples, isMortal: FastCheck.boolean() }), { maxLength: 6 }),
  held: FastCheck.array(FastCheck.nat(5), { maxLength: 2 }),
  taken: FastCheck.array(FastCheck.nat(5), { maxLength: 2 }),
  put: FastCheck.array(tuples, { maxLength: 2 }),
  query: FastCheck.array(members, { minLength: 1, maxLength: 4 })
})

for (const [name, make] of engines) {
  it(`S10 S18 S22 a step finds what an operation would find after what the step has done: ${name}`, () =>
    FastCheck.assert(
      FastCheck.asyncProperty(states, (state) =>
        Effect.runPromise(Effect.scoped(Effect.gen(function*() {
          const query = queryOf(state.query)
          const tuplesAt = (indices: ReadonlyArray<number>) =>
            state.stored.filter((_, index) => indices.includes(index)).map(({ tuple }) => tuple)
          const filled = Effect.gen(function*() {
            const space: Space = yield* make
            for (const { isMortal, tuple } of state.stored) {
              yield* space.out(tuple, isMortal ? { ttl: "1 hour" } : {})
            }
            for (const tuple of tuplesAt(state.held)) {
              yield* Effect.ignore(space.inScoped(tuple, { timeout: 0 }))
            }
            return space
          })
          const rest = (space: Space) => space.copyCollect([P.rest(P.any)])
          const removed = tuplesAt(state.taken)

          const plain = yield* filled
          const expected = [yield* plain.inp(query), yield* rest(plain)]
          const exchanging = yield* filled
          same(
            [
              yield* Effect.option(exchanging.exchange(query, () => [], { timeout: 0 })),
              yield* rest(exchanging)
            ],
            expected,
            "an exchange"
          )

          const before = yield* filled
          yield* Effect.forEach(removed, (tuple) => before.inp(tuple))
          yield* before.outAll(state.put)
          const read = yield* before.rdp(query)
          const after = [yield* before.inp(query), yield* rest(before)]
          same(read, after[0])
          const space = yield* filled
          const step = STM.gen(function*() {
            for (const tuple of removed) {
              yield* Transaction.inp(space, tuple)
            }
            for (const tuple of state.put) {
              yield* Transaction.out(space, tuple)
            }
            return [yield* Transaction.rdp(space, query), yield* Transaction.inp(space, query)] as const
          })
          const left = yield* rest(space)
          same(yield* Effect.flip(space.transact(STM.flatMap(step, STM.fail))), [read, read], "one that fails")
          same(yield* rest(space), left)
          same(yield* space.transact(step), [read, read], "a transaction")
          same(yield* rest(space), after[1])
        })))),
      { numRuns: 100, seed: 22 }
    ))
}
