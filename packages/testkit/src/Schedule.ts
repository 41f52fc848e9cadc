/**
 * How the fibers of a program are interleaved: all decisions of a scheduler, from one seed.
 *
 * A scheduler decides at two kinds of points: which of the fibers that are ready goes on, and whether a fiber has to
 * yield before its next operation. By default the one that has been ready longest goes on, and nobody yields. A
 * schedule drawn from a seed deviates from that at many points; most of them do not matter for what went wrong. So a
 * schedule that has run knows its *deviations*, and shrinks by leaving some of them out.
 *
 * In a simulated fleet a schedule decides as well which faults happen. An ordinary run has none.
 *
 * @since 0.1.0
 */
import * as FastCheck from "effect/FastCheck"
import type * as Option from "effect/Option"
import { ScheduleImpl } from "./internal/decisions.js"

/**
 * A seed, at which decisions to deviate, and which faults happen. As text (`String(schedule)`) it is what `parse`
 * understands: `17`, or `17:4=1,9=2`, or `17:4=1,kill2.5=0`, in which program 2 of a fleet is killed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Schedule {
  /** What the program itself draws comes from the seed too, and stays when the schedule shrinks. */
  readonly seed: number
  /** The decisions that deviate, each with what is chosen there. If there are none, they are drawn from the seed. */
  readonly deviations: Option.Option<ReadonlyMap<number, number>>
  /**
   * What happens to the programs of a fleet: the kind, the program, and which of its steps, as in `kill2.5`; with the
   * number of the moment, which is 0 between the step and its answer, and 1 before the step. If there are none, they
   * are drawn from the seed.
   */
  readonly faults: Option.Option<ReadonlyMap<string, number>>
}

/**
 * All decisions from a seed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSeed = (seed: number): Schedule => new ScheduleImpl(seed, undefined)

/**
 * Deviates where it is said, and nowhere else; so do faults happen. Without any that is an ordinary run.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDeviations = (
  seed: number,
  deviations: ReadonlyMap<number, number> = new Map(),
  faults: ReadonlyMap<string, number> = new Map()
): Schedule => new ScheduleImpl(seed, { deviations, faults })

/**
 * The schedule that a report names: `"17"`, or `"17:4=1,9=2"`, or `"17:4=1,kill2.5=0"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (text: string): Schedule => {
  const parts = /^(-?\d+)(?::(.*))?$/.exec(text.trim())
  const choices = parts?.[2]?.split(",").filter((choice, _, all) => choice !== "" || all.length > 1)
  if (parts === null || choices?.every((choice) => /^(\d+|[a-z]+\d+\.\d+)=\d+$/.test(choice)) === false) {
    throw new TypeError(`not a schedule: "${text}"; it looks like 17, or 17:4=1,9=2, or 17:4=1,kill2.5=0`)
  }
  const seed = Number(parts[1])
  if (choices === undefined) {
    return fromSeed(seed)
  }
  const pairs = choices.map((choice) => choice.split("=") as [at: string, choice: string])
  const isFault = ([at]: readonly [string, string]) => /^[a-z]/.test(at)
  return fromDeviations(
    seed,
    new Map(pairs.filter((pair) => !isFault(pair)).map(([at, choice]) => [Number(at), Number(choice)])),
    new Map(pairs.filter(isFault).map(([at, choice]) => [at, Number(choice)]))
  )
}

/**
 * Any schedule. It shrinks to one that deviates less often, with fewer faults, and still fails: in the end, only where
 * it matters.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const arbitrary = (): FastCheck.Arbitrary<Schedule> => new ScheduleArbitrary()

class ScheduleArbitrary extends FastCheck.Arbitrary<Schedule> {
  override generate(random: FastCheck.Random): FastCheck.Value<Schedule> {
    return new FastCheck.Value(fromSeed(random.nextInt(0, 0x7fffffff)), undefined)
  }

  override canShrinkWithoutContext(value: unknown): value is Schedule {
    return value instanceof ScheduleImpl
  }

  override shrink(schedule: Schedule): FastCheck.Stream<FastCheck.Value<Schedule>> {
    return FastCheck.stream(smaller(schedule as ScheduleImpl)).map((each) => new FastCheck.Value(each, undefined))
  }
}

/**
 * Schedules with fewer deviations, and with fewer faults, or at simpler moments. An ordinary run with one of the faults
 * comes first: if that fails, little is left to shrink.
 */
function* smaller(schedule: ScheduleImpl): IterableIterator<Schedule> {
  const { deviations, faults } = schedule.chosen ?? schedule.latest
  const ordinarily = (faults: ReadonlyMap<string, number>) => fromDeviations(schedule.seed, new Map(), faults)
  if (deviations.size + faults.size > 1) {
    yield ordinarily(new Map())
    for (const [fault, moment] of faults) {
      yield* [moment, ...upTo(moment)].map((moment) => ordinarily(new Map([[fault, moment]])))
    }
  }
  for (const fewer of without(faults)) {
    yield fromDeviations(schedule.seed, deviations, fewer)
  }
  for (const fewer of without(deviations)) {
    yield fromDeviations(schedule.seed, fewer, faults)
  }
  for (const [fault, moment] of faults) {
    yield* upTo(moment).map((moment) => fromDeviations(schedule.seed, deviations, new Map(faults).set(fault, moment)))
  }
}

const upTo = (limit: number): ReadonlyArray<number> => Array.from({ length: limit }, (_, index) => index)

/** None of them, then all without one part, for ever smaller parts (Zeller's delta debugging). */
function* without<K>(choices: ReadonlyMap<K, number>): IterableIterator<ReadonlyMap<K, number>> {
  const all = Array.from(choices)
  for (let size = all.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < all.length; from += size) {
      yield new Map(all.filter((_, index) => index < from || index >= from + size))
    }
  }
}
