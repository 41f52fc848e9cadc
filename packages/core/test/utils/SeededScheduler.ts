/**
 * A scheduler that explores interleavings: among the fibers that are ready it picks one by a seeded random number, and it
 * forces a fiber to yield before any of its operations with a given probability. The same seed gives the same run.
 *
 * Everything happens synchronously, time included: a sleep ends when nothing else can move.
 *
 * Programs must not use `Effect.all` and the like with concurrency: interrupted before the fiber in which it keeps its books has begun,
 * it hangs (effect 3.22.4). A scheduler that starts fibers in order does not let that happen; this one does.
 */
import type { Duration, Fiber, Scheduler } from "effect"
import { Cause, Clock, Effect, Exit } from "effect"

/** Random numbers from a seed (mulberry32), and what tests draw with them. */
export class Random {
  private state: number

  constructor(seed: number) {
    // Neighbouring seeds should have nothing in common.
    this.state = Math.imul(seed + 1, 0x9e3779b1)
  }

  /** From 0, below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  /** An integer from 0, below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** An integer from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<A>(items: ReadonlyArray<A>): A {
    return items[this.below(items.length)]!
  }

  /** As many things as asked for. */
  array<A>(length: number, make: (index: number) => A): Array<A> {
    return Array.from({ length }, (_, index) => make(index))
  }

  shuffle<A>(items: ReadonlyArray<A>): Array<A> {
    const result = [...items]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swapped = result[i]!
      result[i] = result[j]!
      result[j] = swapped
    }
    return result
  }
}

type Task = () => void

interface Ready {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  readonly tasks: Array<Task>
}

interface Alarm {
  readonly at: number
  readonly ring: Task
}

/**
 * A yield at the fiber's own priority. One with a priority of its own takes further operations, before each of which there may
 * be another yield: above a certain probability a fiber would then never come to its next operation.
 */
const yieldAsIs = undefined as unknown as number

/** A yield returns in one operation, and then the fiber asks again whether to yield before the one it was at. */
const operationsOfYield = 2

/**
 * Whether the fiber has made a child that it has still to start. Effect's races do so in two operations, and an interruption
 * between them would wait for ever for children that never run (effect 3.22.4; a fiber that yields every 2048 operations can
 * hardly hit upon it, one that yields everywhere does).
 */
const isForking = (fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean => {
  const { _children } = fiber as unknown as { readonly _children: ReadonlySet<Child> | null }
  for (const child of _children ?? []) {
    if (!child._running && child.currentOpCount === 0 && child.unsafePoll() === null) {
      return true
    }
  }
  return false
}

interface Child extends Fiber.RuntimeFiber<unknown, unknown> {
  readonly _running: boolean
}

/** So many operations of fibers in one run are a run that never ends. */
const operationLimit = 100_000

export class SeededScheduler implements Scheduler.Scheduler {
  /** How many operations fibers have run, and whether that was too many. */
  operations = 0
  now = 0
  private readonly random: Random
  private readonly yields: number
  private readonly resting = new WeakMap<Fiber.RuntimeFiber<unknown, unknown>, number>()
  /** For each fiber that is ready, what it has to do, in order: Effect counts on that. */
  private readonly ready: Array<Ready> = []
  private readonly alarms: Array<Alarm> = []
  private readonly whenStill: Array<Task> = []
  private readonly whenOver: Array<Task> = []

  constructor(seed: number) {
    this.random = new Random(seed)
    // Some runs without forced yields, most with a few, some with one at nearly every operation.
    this.yields = this.random.pick([0, 0.02, 0.1, 0.3, 0.3, 0.5, 0.8, 1])
  }

  shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    this.operations++
    const rest = this.resting.get(fiber) ?? 0
    if (rest > 0) {
      this.resting.set(fiber, rest - 1)
      return false
    }
    const wanted = this.random.chance(this.yields) || this.livelocked || fiber.currentOpCount > 2048
    if (wanted && !isForking(fiber)) {
      this.resting.set(fiber, operationsOfYield)
      return yieldAsIs
    }
    return false
  }

  scheduleTask(task: Task, _priority: number, fiber?: Fiber.RuntimeFiber<unknown, unknown>): void {
    const ready = fiber && this.ready.find((each) => each.fiber === fiber)
    if (ready === undefined) {
      this.ready.push({ fiber, tasks: [task] })
    } else {
      ready.tasks.push(task)
    }
  }

  get livelocked(): boolean {
    return this.operations > operationLimit
  }

  /** Runs until nothing can move any more, or until it is clear that this never happens. */
  drain(): void {
    while (!this.livelocked) {
      if (this.ready.length > 0) {
        const chosen = this.random.below(this.ready.length)
        const { tasks } = this.ready[chosen]!
        const task = tasks.shift()!
        if (tasks.length === 0) {
          this.ready.splice(chosen, 1)
        }
        task()
      } else if (this.whenStill.length > 0) {
        this.whenStill.shift()!()
      } else if (this.alarms.length > 0) {
        const { at, ring } = this.alarms.shift()!
        this.now = at
        ring()
      } else if (this.whenOver.length > 0) {
        this.whenOver.shift()!()
      } else {
        return
      }
    }
  }

  /** Goes on when every other fiber waits: for time, or for something that will not come. */
  readonly still: Effect.Effect<void> = Effect.async((resume) => {
    this.whenStill.push(() => resume(Effect.void))
  })

  /** Goes on when every other fiber waits and no time will help. */
  readonly over: Effect.Effect<void> = Effect.async((resume) => {
    this.whenOver.push(() => resume(Effect.void))
  })

  /** Time that passes when nothing else can happen, one alarm after the other. */
  readonly clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => this.now,
    unsafeCurrentTimeNanos: () => BigInt(this.now) * 1_000_000n,
    currentTimeMillis: Effect.sync(() => this.now),
    currentTimeNanos: Effect.sync(() => BigInt(this.now) * 1_000_000n),
    sleep: (duration) => Effect.async((resume) => this.setAlarm(duration, () => resume(Effect.void)))
  }

  private setAlarm(duration: Duration.Duration, ring: Task): Effect.Effect<void> {
    const at = this.now + (duration.value._tag === "Millis" ? duration.value.millis : Infinity)
    const alarm = { at, ring }
    const later = this.alarms.findIndex((other) => other.at > at)
    this.alarms.splice(later < 0 ? this.alarms.length : later, 0, alarm)
    return Effect.sync(() => {
      const index = this.alarms.indexOf(alarm)
      if (index >= 0) {
        this.alarms.splice(index, 1)
      }
    })
  }
}

/** Thrown for a run whose main fiber can never end. */
export class Stuck extends Error {
  override readonly name = "Stuck"
}

/** Runs an effect to its end under a scheduler. Throws its failure, or that it is stuck. */
export const run = <A, E>(
  scheduler: SeededScheduler,
  effect: Effect.Effect<A, E>,
  describe: () => string = () => ""
): A => {
  const fiber = Effect.runFork(Effect.withClock(effect, scheduler.clock), { scheduler, immediate: false })
  scheduler.drain()
  const exit = fiber.unsafePoll()
  if (exit === null) {
    const why = scheduler.livelocked ? `still busy after ${operationLimit} operations` : "nothing can move any more"
    throw new Stuck(`${why}: ${describe()}`)
  }
  if (Exit.isFailure(exit)) {
    throw Cause.squash(exit.cause)
  }
  return exit.value
}
