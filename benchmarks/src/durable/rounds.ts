/** How the workloads on databases are measured: their rounds take seconds, and each yields several figures. */
import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { Effect } from "effect"
import type { Size } from "../measure.js"
import { collect, median } from "../measure.js"

export type Figures = Readonly<Record<string, number>>

type Subjects = Readonly<Record<string, () => Promise<Figures>>>

type Medians<S extends Subjects> = { readonly [K in keyof S]: Awaited<ReturnType<S[K]>> }

const count = 3

/** As `compare`: by turns, after a turn that does not count; the medians of three, figure by figure. */
export const rounds = async <S extends Subjects>(size: Size, subjects: S): Promise<Medians<S>> => {
  const taken = new Map<string, Array<Figures>>()
  for (let round = 0; round < (size === "full" ? 1 + count : 1); round++) {
    for (const [name, subject] of Object.entries(subjects)) {
      collect()
      const figures = await subject()
      taken.set(name, round <= 1 ? [figures] : [...taken.get(name)!, figures])
    }
  }
  const medians = (all: ReadonlyArray<Figures>): Figures =>
    Object.fromEntries(Object.keys(all[0]!).map((key) => [key, median(all.map((figures) => figures[key]!))]))
  return Object.fromEntries(Array.from(taken, ([name, all]) => [name, medians(all)])) as Medians<S>
}

/** Operations a second: so many callers share `n` calls. */
export const rate = <E, R>(
  callers: number,
  n: number,
  call: (i: number) => Effect.Effect<unknown, E, R>
): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const start = performance.now()
    const all = Array.from({ length: n }, (_, i) => i)
    return Effect.map(
      Effect.forEach(all, call, { concurrency: callers, discard: true }),
      () => 1000 * n / (performance.now() - start)
    )
  })

/** A space as a queue of jobs: how many are put, and then how many are done. */
export const queueing = (
  space: TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>,
  callers: number,
  n: number
): Effect.Effect<{ readonly out: number; readonly inWith: number }, SpaceError.SpaceError> =>
  Effect.all({
    out: rate(callers, n, (i) => space.out(["job", i, "payload"])),
    inWith: Effect.orDie(rate(callers, n, () => space.inWith(["job", P.number, P.any], () => Effect.void)))
  })

/** The same as `rate` for those who have promises: without Effect, which would be nothing but a cost to them. */
export const rateOf = async (callers: number, n: number, call: (i: number) => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  let next = 0
  const caller = async () => {
    while (next < n) {
      await call(next++)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return 1000 * n / (performance.now() - start)
}
