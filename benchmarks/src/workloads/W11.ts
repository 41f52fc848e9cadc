/**
 * W11: a transaction that moves a tuple between two spaces; `inAll` of two; a transaction that fails after five steps.
 */
import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
import { Effect, STM } from "effect"
import * as Floors from "../floors.js"
import type { Size } from "../measure.js"
import { compare, each, run, sized, timed } from "../measure.js"
import type { Row } from "../report.js"

type Item = readonly [kind: string, id: number]

/** Microseconds per transaction: back and forth between the spaces. */
const moves = (n: number): Promise<number> =>
  run(Effect.gen(function*() {
    const spaces = [yield* TupleSpace.make<Item>(), yield* TupleSpace.make<Item>()] as const
    yield* spaces[0].out(["token", 1])
    const ms = yield* timed(each(n, (i) => {
      const from = spaces[i % 2]!
      const to = spaces[(i + 1) % 2]!
      return from.transact(STM.flatMap(
        Transaction.in(from, ["token", P.number]),
        (tuple) => Transaction.out(to, tuple)
      ))
    }))
    return 1000 * ms / n
  }))

const joins = (n: number): Promise<number> =>
  run(Effect.gen(function*() {
    const space = yield* TupleSpace.make<Item>()
    const batch = Math.min(n, 1000)
    let ms = 0
    for (let done = 0; done < n; done += batch) {
      yield* each(batch, (i) => space.outAll([["left", i], ["right", i]]))
      ms += yield* timed(each(batch, (i) => space.inAll([["left", i], ["right", i]])))
    }
    return 1000 * ms / n
  }))

const failures = (n: number): Promise<number> =>
  run(Effect.gen(function*() {
    const space = yield* TupleSpace.make<Item>()
    yield* space.outAll([["a", 1], ["b", 1]])
    const failing = STM.gen(function*() {
      yield* Transaction.in(space, ["a", P.number])
      yield* Transaction.in(space, ["b", P.number])
      yield* Transaction.out(space, ["a", 2])
      yield* Transaction.out(space, ["b", 2])
      yield* Transaction.inp(space, ["none", P.number])
      return yield* STM.fail("no")
    })
    const ms = yield* timed(each(n, () => Effect.ignore(space.transact(failing))))
    return 1000 * ms / n
  }))

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = sized(size, 50_000)
  const took = await compare(size, {
    move: () => moves(n),
    join: () => joins(n),
    failure: () => failures(n),
    commit: () => run(Floors.commit(n))
  })
  const floor = { name: "F-commit", value: took.commit }
  return [
    { workload: "W11", what: "a move by transact", unit: "µs", ours: took.move, floor, must: ["at most", 4] },
    { workload: "W11", what: "inAll of two", unit: "µs", ours: took.join, floor, must: ["at most", 4] },
    { workload: "W11", what: "a failure after five steps", unit: "µs", ours: took.failure, floor }
  ]
}
