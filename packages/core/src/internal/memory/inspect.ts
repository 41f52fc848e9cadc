/**
 * What a space in memory shows of itself.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Tuple } from "../../Tuple.js"
import type { HolderSnapshot, Inspection } from "../../TupleSpace.js"
import type { Records, Sample, Waiting } from "../insight.js"
import { Shapes, snapshot, snapshotProcess } from "../insight.js"
import { beginning, endOf, priorityOf } from "../places.js"
import { show, typeName } from "../print.js"
import type { Entry } from "./entry.js"
import type { Store } from "./store.js"

const shapeOf = (tuple: Tuple, failure: boolean): string => {
  const fields = tuple.map((field, index) => index === 0 && typeof field === "string" ? show(field) : typeName(field))
  return failure ? `failure(${fields[0]})` : `[${fields.join(", ")}]`
}

/** Everybody who waits, transactions that wait only for conditions among them. */
const waiting = (store: Store): ReadonlyArray<Waiting> => {
  const interests: ReadonlyArray<Waiting> = store.waiting()
  const fibers = new Set(interests.map(({ fiber }) => fiber))
  const parked = Array.from(store.parked, (each) => each.waitingIn(store)).filter(({ fiber }) => !fibers.has(fiber))
  return parked.length === 0 ? interests : [...interests, ...parked].sort((self, that) => self.since - that.since)
}

/** A snapshot of the space. To be run as a step. */
export const inspect = (store: Store, records: Records): Inspection => {
  const now = store.now()
  const shapes = new Shapes()
  let next = Infinity
  for (const shelf of [...store.shelves.byArity.values(), store.shelves.failures]) {
    // Oldest first, within each priority: the first of a shape there is its oldest.
    const aged = new Set<string>()
    let end = beginning
    for (const entry of shelf.all.toArray()) {
      const shape = shapeOf(entry.tuple, entry.failure)
      if (entry.seq > end) {
        end = endOf(priorityOf(entry.seq))
        aged.clear()
      }
      shapes.add(shape, 1, aged.has(shape) ? undefined : ageOf(store, entry, now))
      aged.add(shape)
      next = Math.min(next, entry.extra?.expiry?.at ?? Infinity)
    }
  }
  const interests = waiting(store)
  return {
    tuples: shapes.tuples,
    oldest: shapes.oldest,
    expiring: { count: store.expiring, next: next === Infinity ? undefined : next - now },
    scheduled: { count: store.scheduled.size, next: nextOf(store, now) },
    held: store.held.size,
    holders: holders(store, now),
    failures: store.shelves.failures.all.size,
    interests: interests.map((interest) => snapshot(interest, now)),
    processes: Array.from(records.values(), (record) => snapshotProcess(record, interests, now)),
    indexes: Array.from(
      store.shelves.byArity,
      ([arity, shelf]) => shelf.indexed.map((index) => ({ arity, ...index }))
    )
      .flat(),
    undecodable: 0
  }
}

/** In how many milliseconds the next tuple comes, if one does. */
const nextOf = ({ scheduled }: Store, now: number): number | undefined => {
  let next = Infinity
  for (const { deadline: { at } } of scheduled) {
    next = Math.min(next, at)
  }
  return next === Infinity ? undefined : next - now
}

const ageOf = (store: Store, entry: Entry, now: number): number => now - store.since(entry)

/** Who holds tuples: a fiber that holds several times is one. */
const holders = (store: Store, now: number): ReadonlyArray<HolderSnapshot> => {
  const byFiber = new Map<string | undefined, HolderSnapshot>()
  for (const { entries, fiber, process, since } of store.holders) {
    const { age = now - since, count = 0 } = byFiber.get(fiber) ?? {}
    byFiber.set(fiber, { count: count + entries.length, age, process, fiber, client: undefined, lapses: undefined })
  }
  return Array.from(byFiber.values())
}

/** What the gauges show of a space in memory. */
export const sampleOf = (store: Store): Effect.Effect<Option.Option<Sample>> =>
  Effect.sync(() => {
    store.rollBack()
    const waiting = store.waiting().filter((interest) => interest.kind !== "subscribe")
    const since = waiting[0]?.since
    const now = store.now()
    const [holder] = store.holders
    const oldest = [store.shelves.oldest(), store.shelves.oldestFailure()].flatMap((entry) =>
      entry === undefined ? [] : ageOf(store, entry, now)
    )
    return Option.some({
      tuples: store.count,
      oldestTuple: Math.max(0, ...oldest),
      expiring: store.expiring,
      scheduled: store.scheduled.size,
      held: store.held.size,
      oldestHold: holder === undefined ? 0 : now - holder.since,
      waiters: waiting.length,
      oldestWaiter: since === undefined ? 0 : now - since
    })
  })
