/**
 * A module of a user's, which exports values of what the operations and constructors return. Its declarations may name
 * public modules only, since nobody can import the others.
 */
import { Pattern as P, Process, Remote, Sharded, SpaceStore, Transaction, TupleSpace } from "@effect-linda/core"
import { Job, Workers } from "@effect-linda/node"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { Arbitrary, History, Model, Schedule, Simulation, TestSpace } from "@effect-linda/testkit"
import { Effect, Option, Schema, STM } from "effect"

export const pattern = ["job", P.number, P.rest(P.string)] as const

export const fields = [
  P.any,
  P.number,
  P.oneOf(1, "a"),
  P.not(P.number),
  P.ref("x", P.string),
  P.partial({ a: P.number }),
  P.between(1, 2),
  P.schema(Schema.Number),
  P.when((value: unknown): value is string => typeof value === "string"),
  P.literal(Number)
]

export const job = Job.make(
  import.meta.url,
  "job",
  { input: Schema.Struct({ n: Schema.Number }), success: Schema.Number },
  ({ n }) => Effect.succeed(n)
)

export const program = Effect.gen(function*() {
  const space = yield* TupleSpace.make()
  const lease = yield* space.out(["a"], { ttl: "1 second" })
  const process = yield* space.eval(Effect.succeed(1))
  const any = yield* space.inAny({ a: ["a"], b: ["b", P.number] })
  const all = yield* space.inAll([["a"], ["b", P.number]])
  const inspection = yield* space.inspect
  const quiescence = yield* space.awaitQuiescent
  const explanation = yield* space.explain(["a"])
  const replaced = yield* space.replace(["n", P.number], ([, n]) => ["n", n + 1])
  const thread = yield* Workers.eval(job, { n: 1 })
  const status = yield* Workers.status
  const workers = yield* Workers.make({ size: 1 })
  return {
    space,
    lease,
    process,
    any,
    all,
    inspection,
    quiescence,
    explanation,
    replaced,
    thread,
    status,
    workers
  }
})

export const transact = (space: TupleSpace.TupleSpace) =>
  space.transact(STM.map(Transaction.inp(space, ["a", P.number]), Option.isSome))

export const subscribe = (space: TupleSpace.TupleSpace) => space.subscribe(["a", P.number])
export const stream = (space: TupleSpace.TupleSpace) => space.stream(["a", { x: P.number }])
export const failure = Process.failure()
export const codec = Remote.codec()

export class Shop extends TupleSpace.Tag("Shop")<Shop, readonly ["a", number]>() {}
export const shop = Effect.flatMap(Shop, (space) => space.in(["a", P.any]))
export const shopLayer = Shop.layer

export const layers = [Workers.layer, Sqlite.layer({ filename: ":memory:" }), Postgres.layer(), TestSpace.layer]

export const durable = Effect.gen(function*() {
  const sqlite = yield* Sqlite.make<readonly ["a", number]>({ filename: ":memory:" })
  const postgres = yield* Postgres.make<readonly ["a", number]>()
  const memory = yield* SpaceStore.memory
  const sharded = Sharded.make([sqlite, postgres])
  return {
    sqlite,
    postgres,
    memory,
    sharded,
    transaction: SpaceStore.transaction(sqlite),
    sql: Postgres.transaction(postgres)
  }
})

export const testkit = {
  tuple: Arbitrary.tuple(),
  schedule: Schedule.fromSeed(1),
  simulated: (property: Simulation.Body<number, never>) => Simulation.simulate(Schedule.fromSeed(1), property),
  step: Model.step(Model.empty, { _tag: "out", tuple: ["a"] }),
  history: Effect.map(TupleSpace.make(), History.recorder)
}
