/**
 * How the fibers of a program are interleaved: all decisions of a scheduler, from one seed.
 *
 * A scheduler decides at two kinds of points: which of the fibers that are ready goes on, and whether a fiber has to
 * yield before its next operation. By default the one that has been ready longest goes on, and nobody yields. A
 * schedule drawn from a seed deviates from that at many points; most of them do not matter for what went wrong. So a
 * schedule that has run knows its *deviations*, and shrinks by leaving some of them out.
 *
 * @since 0.1.0
 */
import * as FastCheck from "effect/FastCheck"
import type * as Option from "effect/Option"
import { ScheduleImpl } from "./internal/decisions.js"

/**
 * A seed, and at which decisions to deviate. As text (`String(schedule)`) it is what `parse` understands: `17`, or
 * `17:4=1,9=2`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Schedule {
  /** What the program itself draws comes from the seed too, and stays when the schedule shrinks. */
  readonly seed: number
  /** The decisions that deviate, each with what is chosen there. If there are none, they are drawn from the seed. */
  readonly deviations: Option.Option<ReadonlyMap<number, number>>
}

/**
 * All decisions from a seed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSeed = (seed: number): Schedule => new ScheduleImpl(seed, undefined)

/**
 * Deviates where it is said, and nowhere else. Without deviations that is an ordinary run.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDeviations = (seed: number, deviations: ReadonlyMap<number, number> = new Map()): Schedule =>
  new ScheduleImpl(seed, deviations)

/**
 * The schedule that a report names: `"17"`, or `"17:4=1,9=2"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (text: string): Schedule => {
  const parts = /^(-?\d+)(:(?:\d+=\d+(?:,\d+=\d+)*)?)?$/.exec(text.trim())
  if (parts === null) {
    throw new TypeError(`not a schedule: "${text}"; it looks like 17, or 17:4=1,9=2`)
  }
  const [, seed, deviations] = parts
  if (deviations === undefined) {
    return fromSeed(Number(seed))
  }
  const pairs = Array.from(
    deviations.matchAll(/(\d+)=(\d+)/g),
    ([, at, choice]) => [Number(at), Number(choice)] as const
  )
  return fromDeviations(Number(seed), new Map(pairs))
}

/**
 * Any schedule. It shrinks to one that deviates less often and still fails: in the end, only where it matters.
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
 * Schedules with fewer deviations: none, then without one part of them, for ever smaller parts (Zeller's delta
 * debugging).
 */
function* smaller(schedule: ScheduleImpl): IterableIterator<Schedule> {
  const deviations = Array.from(schedule.chosen ?? schedule.latest)
  const without = (from: number, to: number) =>
    fromDeviations(schedule.seed, new Map(deviations.filter((_, index) => index < from || index >= to)))
  for (let size = deviations.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < deviations.length; from += size) {
      yield without(from, from + size)
    }
  }
}
