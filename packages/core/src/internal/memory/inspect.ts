/**
 * What a space in memory shows of itself.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Tuple } from "../../Tuple.js"
import type { Inspection } from "../../TupleSpace.js"
import type { Records, Sample, Waiting } from "../insight.js"
import { snapshot, snapshotProcess } from "../insight.js"
import { show, typeName } from "../print.js"
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
  const counts = new Map<string, number>()
  const shelves = [...store.shelves.byArity.values(), store.shelves.failures]
  for (const shelf of shelves) {
    for (const entry of shelf.all.toArray()) {
      const shape = shapeOf(entry.tuple, entry.failure)
      counts.set(shape, (counts.get(shape) ?? 0) + 1)
    }
  }
  const interests = waiting(store)
  return {
    tuples: Array.from(counts, ([shape, count]) => ({ shape, count })),
    held: store.held.size,
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

/** What the gauges show of a space in memory. */
export const sampleOf = (store: Store): Effect.Effect<Option.Option<Sample>> =>
  Effect.sync(() => {
    store.rollBack()
    const waiting = store.waiting().filter((interest) => interest.kind !== "subscribe")
    const since = waiting[0]?.since
    return Option.some({
      tuples: store.count,
      waiters: waiting.length,
      oldest: since === undefined ? 0 : store.now() - since
    })
  })
