/**
 * W16: a join of a job and the slot of its tenant, among 5,000 jobs of tenants without one: its members in both orders,
 * found and in vain.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Effect } from "effect"
import type { Size } from "../measure.js"
import { compare, each, run, sized, timed } from "../measure.js"
import type { Row } from "../report.js"

type Space = TupleSpace.TupleSpace<readonly ["job", number, number] | readonly ["slot", number]>

const job = ["job", P.ref("tenant", P.number), P.number] as const
const slot = ["slot", P.ref("tenant", P.number)] as const
type Members = readonly [typeof slot, typeof job] | readonly [typeof job, typeof slot]

/** The tenant that has a slot. */
const mine = 1

/** Microseconds for an operation, in a space with all jobs and the slot. */
const price = (
  n: number,
  jobs: number,
  hasMine: boolean,
  operation: (space: Space) => Effect.Effect<unknown>
): Promise<number> =>
  run(Effect.gen(function*() {
    const space = yield* TupleSpace.make<readonly ["job", number, number] | readonly ["slot", number]>()
    yield* each(jobs, (i) => space.out(["job", 0, i]))
    yield* space.out(["slot", mine])
    if (hasMine) {
      yield* space.out(["job", mine, 0])
    }
    return 1000 * (yield* timed(each(n, () => operation(space)))) / n
  }))

/** Takes a job and its slot, and puts them back. */
const join = (members: Members) => (space: Space): Effect.Effect<void> =>
  Effect.flatMap(space.inAll(members), (tuples) => space.outAll(tuples))

/** Takes the same job by its key, and puts it back. */
const take = (space: Space): Effect.Effect<unknown> =>
  Effect.flatMap(space.in(["job", mine, P.number]), (tuple) => space.out(tuple))

const joinInVain = (members: Members) => (space: Space): Effect.Effect<void> =>
  Effect.ignore(space.inAll(members, { timeout: 0 }))

const takeInVain = (space: Space): Effect.Effect<void> =>
  Effect.ignore(space.in(["job", mine, P.number], { timeout: 0 }))

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const [n, jobs] = [sized(size, 10_000), sized(size, 5000)]
  const took = await compare(size, {
    take: () => price(n, jobs, true, take),
    rareFirst: () => price(n, jobs, true, join([slot, job])),
    rareLast: () => price(n, jobs, true, join([job, slot])),
    takeInVain: () => price(n, jobs, false, takeInVain),
    rareFirstInVain: () => price(n, jobs, false, joinInVain([slot, job])),
    rareLastInVain: () => price(n, jobs, false, joinInVain([job, slot]))
  })
  const row = { workload: "W16", unit: "µs" }
  const rows = (what: string, rareFirst: number, rareLast: number, take: number): ReadonlyArray<Row> => [
    {
      ...row,
      what: `${what}, the many first`,
      ours: rareLast,
      floor: { name: "the few first", value: rareFirst },
      must: ["at most", 2],
      go: ["at most", 1.2]
    },
    {
      ...row,
      what: `${what}, the many first`,
      ours: rareLast,
      floor: { name: "a take by key", value: take },
      must: ["at most", 3]
    }
  ]
  return [
    ...rows(`a join of ${jobs.toLocaleString("en-US")} and one`, took.rareFirst, took.rareLast, took.take),
    ...rows("the same in vain", took.rareFirstInVain, took.rareLastInVain, took.takeInVain)
  ]
}
