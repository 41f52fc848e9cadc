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
 * understands: `17`, or `17:4=1,9=2,f3=5`, where `f3=5` is fault 5 at the fourth point at which there can be one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Schedule {
  /** What the program itself draws comes from the seed too, and stays when the schedule shrinks. */
  readonly seed: number
  /** The decisions that deviate, each with what is chosen there. If there are none, they are drawn from the seed. */
  readonly deviations: Option.Option<ReadonlyMap<number, number>>
  /** The points at which a fault happens in a fleet, each with its number. If there are none, as for deviations. */
  readonly faults: Option.Option<ReadonlyMap<number, number>>
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
  faults: ReadonlyMap<number, number> = new Map()
): Schedule => new ScheduleImpl(seed, { deviations, faults })

/**
 * The schedule that a report names: `"17"`, or `"17:4=1,9=2,f3=5"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (text: string): Schedule => {
  const parts = /^(-?\d+)(:(?:f?\d+=\d+(?:,f?\d+=\d+)*)?)?$/.exec(text.trim())
  if (parts === null) {
    throw new TypeError(`not a schedule: "${text}"; it looks like 17, or 17:4=1,9=2, or 17:4=1,f3=5`)
  }
  const [, seed, choices] = parts
  if (choices === undefined) {
    return fromSeed(Number(seed))
  }
  const named = (prefix: string) =>
    new Map(
      Array.from(choices.matchAll(/(f?)(\d+)=(\d+)/g))
        .filter(([, kind]) => kind === prefix)
        .map(([, , at, choice]) => [Number(at), Number(choice)] as const)
    )
  return fromDeviations(Number(seed), named(""), named("f"))
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

/** Schedules with fewer deviations, and with fewer faults. */
function* smaller(schedule: ScheduleImpl): IterableIterator<Schedule> {
  const { deviations, faults } = schedule.chosen ?? schedule.latest
  for (const fewer of without(deviations)) {
    yield fromDeviations(schedule.seed, fewer, faults)
  }
  for (const fewer of without(faults)) {
    yield fromDeviations(schedule.seed, deviations, fewer)
  }
}

/** None of them, then all without one part, for ever smaller parts (Zeller's delta debugging). */
function* without(choices: ReadonlyMap<number, number>): IterableIterator<ReadonlyMap<number, number>> {
  const all = Array.from(choices)
  for (let size = all.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < all.length; from += size) {
      yield new Map(all.filter((_, index) => index < from || index >= from + size))
    }
  }
}
