/**
 * What a space tells of itself: snapshots, quiescence, metrics. Nothing here is paid for unless somebody looks.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Explanation, Inspection, InterestSnapshot, ProcessSnapshot, Quiescence } from "../TupleSpace.js"
import { Plan } from "./pattern/plan.js"
import type { Several } from "./pattern/query.js"
import type { Step } from "./pattern/semijoin.js"
import { planOf } from "./pattern/semijoin.js"
import type { ProcessRecord } from "./process.js"
import type { AnyFiber, Status } from "./runtime.js"
import { callback, isOver, measure, nameOf, statusOf, withFiber, yieldNow } from "./runtime.js"

/** Somebody who waits, as far as it is told here. */
export interface Waiting {
  readonly kind: InterestSnapshot["kind"]
  readonly patterns: ReadonlyArray<unknown>
  /** What it waits for, if its patterns do not say all. */
  readonly shown?: ReadonlyArray<unknown> | undefined
  readonly since: number
  readonly process: ProcessRecord | undefined
  readonly fiber: AnyFiber | undefined
  readonly state: string
  readonly timeout: unknown
  /** Of a subscription: how its stream is woken, if that waits, and the fiber that reads it. */
  readonly watcher: { readonly resume: unknown; readonly reader: AnyFiber | undefined } | undefined
}

/** What fibers of processes move in. */
interface Moving {
  /** How often one of them has run. */
  moves: number
  /** Those that wait for quiescence, and so are not counted. */
  readonly observers: Set<unknown>
  /** Called when one has run, or the space has closed. */
  readonly onMoved: Set<() => void>
}

/** A fiber of a process has run; or, without one, the space has closed. */
export const moved = (moving: Moving, fiber: unknown): void => {
  if (!moving.observers.has(fiber)) {
    moving.moves++
    for (const notify of moving.onMoved) {
      notify()
    }
  }
}

/** What is looked at until nothing moves. */
export interface Watched extends Moving {
  readonly closed: boolean
  readonly rollBack: () => void
  readonly now: () => number
  readonly waiting: () => ReadonlyArray<Waiting>
  /** Puts that wait for room, and what ends by time alone. */
  readonly puts: { readonly size: number }
  readonly deadlines: { readonly size: number }
}

export type Records = ReadonlyMap<number, ProcessRecord>

export const snapshot = (interest: Waiting, now: number): InterestSnapshot => ({
  kind: interest.kind,
  patterns: (interest.shown ?? interest.patterns).map(String),
  age: now - interest.since,
  process: interest.process?.name
})

export const snapshotProcess = (
  record: ProcessRecord,
  interests: ReadonlyArray<Waiting>,
  now: number
): ProcessSnapshot => ({
  id: record.id,
  name: record.name,
  age: now - record.since,
  waitsFor: interests.filter((interest) => interest.process === record).map((interest) => snapshot(interest, now))
})

/** By age, the greatest first. What has an age that nobody knows comes before all. */
export const longestFirst = <A extends { readonly age: number | undefined }>(all: Iterable<A>): ReadonlyArray<A> =>
  Array.from(all).sort((one, other) => (other.age ?? Infinity) - (one.age ?? Infinity) || 0)

/** How many tuples there are of each shape, and how old the oldest of them is, if that is known. */
export class Shapes {
  private readonly known = new Map<string, { count: number; age: number | undefined }>()

  /** `age` is that of the oldest of these. It may be left out of those that come behind older ones. */
  add(shape: string, more: number, age?: number | undefined): void {
    const known = this.known.get(shape)
    if (known === undefined) {
      this.known.set(shape, { count: more, age })
    } else {
      known.count += more
      known.age = age === undefined ? known.age : Math.max(age, known.age ?? age)
    }
  }

  get tuples(): Inspection["tuples"] {
    return Array.from(this.known, ([shape, { count }]) => ({ shape, count }))
  }

  get oldest(): NonNullable<Inspection["oldest"]> {
    return longestFirst(
      Array.from(this.known).flatMap(([shape, { age }]) => age === undefined ? [] : [{ shape, age }])
    )
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Quiescence
// ---------------------------------------------------------------------------------------------------------------------

/** Whether an interest holds its fiber until another fiber acts: not if time alone can end it. */
const holdsUp = (interest: Waiting): boolean =>
  interest.state === "waiting" && interest.timeout === undefined &&
  (interest.watcher === undefined || interest.watcher.resume !== undefined)

/** All fibers of the processes that have not ended, each with the one that started it. */
const fibersOf = (records: Records): Map<AnyFiber, AnyFiber | undefined> => {
  const fibers = new Map<AnyFiber, AnyFiber | undefined>()
  for (const { fiber, fibers: others } of records.values()) {
    for (const [each, parent] of [[fiber!, undefined] as const, ...others]) {
      if (!isOver(each)) {
        fibers.set(each, parent)
      }
    }
  }
  return fibers
}

/** A fiber of a process runs; or none does, but one waits for time or for the outside; or nothing can move. */
type Observation = "moving" | "waiting" | Quiescence

const observe = (store: Watched, records: Records): Effect.Effect<Observation> =>
  Effect.gen(function*() {
    const { moves } = store
    const fibers = fibersOf(records)
    const statuses: Array<readonly [AnyFiber, Status]> = []
    for (const fiber of fibers.keys()) {
      // One that waits for quiescence itself does not disturb it.
      if (!store.observers.has(fiber)) {
        statuses.push([fiber, yield* statusOf(fiber)])
      }
    }
    if (store.moves !== moves || statuses.some(([, status]) => status.state === "Running")) {
      return "moving"
    }
    store.rollBack()
    const heldUp = new Set(store.waiting().filter(holdsUp).map(({ fiber, watcher }) => watcher?.reader ?? fiber))
    const isOutside = statuses.some(([fiber, status]) =>
      !heldUp.has(fiber) && status.state === "Suspended" && !waitsForFibers(fiber, status, fibers)
    )
    // With waiting puts and tuples that expire, time alone can make room.
    if (isOutside || store.puts.size > 0 && store.deadlines.size > 0) {
      return "waiting"
    }
    const now = store.now()
    const interests = store.waiting()
    return {
      state: records.size === 0 ? "done" : "blocked",
      blocked: Array.from(records.values(), (record) => snapshotProcess(record, interests, now))
    }
  })

/**
 * Whether a suspended fiber waits for others of these fibers. One that joins a fiber says so. The one by which
 * `Effect.all` and the like wait for the fibers they start does not: it is known by waiting uninterruptibly beside
 * others of the same parent.
 */
const waitsForFibers = (
  fiber: AnyFiber,
  status: Status,
  fibers: ReadonlyMap<AnyFiber, AnyFiber | undefined>
): boolean => {
  const ids = status.waitsFor
  // A fiber that waits for a `Deferred` names the one which made that. If it did so itself, those it has started
  // complete it.
  if (ids.includes(nameOf(fiber))) {
    return Array.from(fibers.values()).includes(fiber)
  }
  if (ids.length > 0) {
    const known = new Set(Array.from(fibers.keys(), nameOf))
    return ids.every((id) => known.has(id))
  }
  const parent = fibers.get(fiber)
  return !status.isInterruptible && parent !== undefined &&
    Array.from(fibers).some(([other, starter]) => other !== fiber && starter === parent)
}

/** Waits until a fiber of a process has run, or the space is closed, since it was looked at. */
const anyMove = (store: Watched, moves: number): Effect.Effect<void> =>
  callback<void>((resume) => {
    // The fiber may have yielded since it looked, and what happened then told nobody.
    if (store.closed || store.moves !== moves) {
      return resume(Effect.void)
    }
    const notify = () => {
      store.onMoved.delete(notify)
      resume(Effect.void)
    }
    store.onMoved.add(notify)
    return Effect.sync(() => store.onMoved.delete(notify))
  })

export const awaitQuiescent = (store: Watched, records: Records): Effect.Effect<Quiescence> => {
  const again: Effect.Effect<Quiescence> = Effect.suspend(() => {
    if (store.closed) {
      return Effect.interrupt
    }
    const { moves } = store
    return Effect.flatMap(observe(store, records), (seen): Effect.Effect<Quiescence> => {
      if (typeof seen === "object") {
        // What a space that has closed meanwhile looks like is no report: its processes were ended.
        return store.closed ? Effect.interrupt : Effect.succeed(seen)
      }
      const wait = seen === "moving" ? Effect.void : anyMove(store, moves)
      return Effect.zipRight(Effect.zipRight(wait, yieldNow()), again)
    })
  })
  return withFiber((self) => {
    store.observers.add(self)
    return Effect.ensuring(again, Effect.sync(() => store.observers.delete(self)))
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// Metrics
// ---------------------------------------------------------------------------------------------------------------------

const tuples = Metric.gauge("tuplespace_tuples", { description: "Tuples that are stored" })
const waiters = Metric.gauge("tuplespace_waiters", { description: "Operations that wait" })
const oldestWaiter = Metric.gauge("tuplespace_oldest_waiter_seconds", {
  description: "How long the operation that has waited longest has waited"
})
const oldestTuple = Metric.gauge("tuplespace_oldest_tuple_seconds", {
  description: "How long ago the oldest of the stored tuples was put"
})
const expiring = Metric.gauge("tuplespace_expiring", { description: "Stored tuples that have a time to live" })
const scheduled = Metric.gauge("tuplespace_scheduled", { description: "Tuples that are still to come" })
const held = Metric.gauge("tuplespace_held", {
  description: "Tuples that somebody holds, or that are on their way to who has waited for them"
})
const oldestHold = Metric.gauge("tuplespace_oldest_hold_seconds", {
  description: "How long the tuple is held that has been held longest"
})
const waits = Metric.histogram(
  "tuplespace_wait_seconds",
  MetricBoundaries.exponential({ start: 0.001, factor: 4, count: 10 }),
  "How long operations waited until they were served"
)

const candidates = Metric.histogram(
  "tuplespace_candidates",
  MetricBoundaries.exponential({ start: 1, factor: 4, count: 12 }),
  "How many tuples operations looked at that looked at any: many, if a pattern has too few literals"
)

/** Counts how many tuples the operations of a space look at. */
export const meterExamined = (name: string): (examined: number) => void => {
  const candidatesOf = Metric.tagged(candidates, "space", name)
  return (examined) => {
    if (examined > 0) {
      measure(candidatesOf, examined)
    }
  }
}

const undecodable = Metric.counter("tuplespace_undecodable", {
  description: "Tuples of a store that this program has met and cannot decode"
})

/** Counts tuples that cannot be decoded. */
export const meterUndecodable = (name: string): () => void => {
  const undecodableOf = Metric.tagged(undecodable, "space", name)
  return () => measure(undecodableOf, 1)
}

/** What the gauges show. Ages are milliseconds: of the oldest of its kind, or 0. */
export interface Sample {
  readonly tuples: number
  readonly oldestTuple: number
  readonly expiring: number
  readonly scheduled: number
  readonly held: number
  readonly oldestHold: number
  readonly waiters: number
  readonly oldestWaiter: number
}

/**
 * Publishes the metrics of a space: gauges are sampled at this interval, if there is something to sample. What it
 * returns counts a wait that was served, of so many milliseconds.
 */
export const meter = (
  name: string,
  interval: number,
  sample: Effect.Effect<Option.Option<Sample>>
): Effect.Effect<(waited: number) => void, never, Scope.Scope> => {
  const tagged = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>) => Metric.tagged(metric, "space", name)
  const waitsOf = tagged(waits)
  const gauges = [
    [tagged(tuples), ({ tuples }: Sample) => tuples],
    [tagged(oldestTuple), ({ oldestTuple }: Sample) => oldestTuple / 1000],
    [tagged(expiring), ({ expiring }: Sample) => expiring],
    [tagged(scheduled), ({ scheduled }: Sample) => scheduled],
    [tagged(held), ({ held }: Sample) => held],
    [tagged(oldestHold), ({ oldestHold }: Sample) => oldestHold / 1000],
    [tagged(waiters), ({ waiters }: Sample) => waiters],
    [tagged(oldestWaiter), ({ oldestWaiter }: Sample) => oldestWaiter / 1000]
  ] as const
  const publish = Effect.map(
    sample,
    Option.map((sampled) => gauges.forEach(([gauge, read]) => measure(gauge, read(sampled))))
  )
  return Effect.as(
    Effect.forkScoped(Effect.repeat(publish, Schedule.spaced(interval))),
    (waited) => measure(waitsOf, waited / 1000)
  )
}

/** How a choice or a join finds its tuples, of how each of its patterns does. */
export const explanationOf = (query: Several, each: ReadonlyArray<Explanation>): Explanation => {
  const { form, keys, patterns, roles } = query
  const sizes = new Map(patterns.map((pattern, index) => [pattern, each[index]!.candidates]))
  const steps = form === "all"
    ? planOf(new Plan(patterns, roles), (pattern) => sizes.get(pattern)!)
    : each.map(({ candidates }, index): Step => ({ index, candidates, by: [] }))
  return {
    lookups: each.flatMap(({ lookups }) => lookups),
    candidates: each.reduce((sum, { candidates }) => sum + candidates, 0),
    plan: steps.map(({ index, ...step }) => ({ member: keys?.[index] ?? index, ...step }))
  }
}
