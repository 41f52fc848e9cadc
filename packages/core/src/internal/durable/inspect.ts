/**
 * What can be seen of a space on a store.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Inspected } from "../../StoreCommand.js"
import type { Explanation, HolderSnapshot, Inspection } from "../../TupleSpace.js"
import { decodeField, typeNames } from "../encoding.js"
import type { Records, Sample } from "../insight.js"
import { longestFirst, Shapes, snapshotProcess } from "../insight.js"
import type { Pattern } from "../pattern/pattern.js"
import { show } from "../print.js"
import { decodeTuple } from "../texts.js"
import type { Values } from "../values.js"
import type { Ground } from "./ground.js"
import { isShown } from "./retrying.js"

export const inspect = (ground: Ground, records: Records): Effect.Effect<Inspection, SpaceError> => {
  const { reader, session } = ground
  return ground.operation(
    "inspect",
    (access) =>
      Effect.map(access.perform({ op: "inspect" }), (inspected): Inspection => {
        const now = session.now()
        const interests = session.waiting()
        const { expiring, scheduled } = inspected
        const shapes = shapesOf(inspected, reader.values)
        return {
          tuples: shapes.tuples,
          oldest: shapes.oldest,
          expiring: expiring && { count: expiring.count, next: expiring.next ?? undefined },
          scheduled: scheduled && { count: scheduled.count, next: scheduled.next ?? undefined },
          held: inspected.held,
          holders: inspected.holders && holdersOf(inspected.holders),
          failures: inspected.tuples.reduce((sum, { arity, count }) => arity < 0 ? sum + count : sum, 0),
          interests: inspected.waiters.filter(isShown).map(({ age, label }) => ({
            process: undefined,
            ...JSON.parse(label),
            age
          })),
          processes: Array.from(records.values(), (record) => snapshotProcess(record, interests, now)),
          indexes: [],
          undecodable: reader.known
        }
      })
  )
}

export const explain = (ground: Ground) => (pattern: Pattern): Effect.Effect<Explanation, SpaceError> => {
  const [query] = ground.reader.query(pattern)
  return ground.operation("explain", (access) =>
    Effect.map(access.perform({ op: "count", query }), (candidates) => {
      // The store looks up the rarest of them, and compares the others on the way.
      const positions = query.literals.flatMap(({ key, position }) => key === null ? [] : [position])
      const lookup = { arity: Math.abs(query.arity), positions, isBuilt: true, candidates }
      return { lookups: candidates === 0 ? [] : [lookup], candidates }
    }))
}

/** What metrics tell. */
export const sample = ({ session }: Ground): Effect.Effect<Sample, SpaceError> =>
  Effect.map(session.perform({ op: "inspect" }), ({ expiring, held, holders = [], scheduled, tuples, waiters }) => {
    const waiting = waiters.filter((waiter) => isShown(waiter) && JSON.parse(waiter.label).kind !== "subscribe")
    return {
      tuples: tuples.reduce((sum, { count }) => sum + count, 0),
      oldestTuple: longest(tuples),
      expiring: expiring?.count ?? 0,
      scheduled: scheduled?.count ?? 0,
      held,
      oldestHold: longest(holders),
      waiters: waiting.length,
      oldestWaiter: longest(waiting)
    }
  })

const longest = (all: ReadonlyArray<{ readonly age?: number | null | undefined }>): number =>
  all.reduce((longest, { age }) => Math.max(longest, age ?? 0), 0)

/** Clients that hold tuples, longest first. */
const holdersOf = (holders: NonNullable<Inspected["holders"]>): ReadonlyArray<HolderSnapshot> =>
  longestFirst(holders.map(({ age, client, count, lapses }) => ({
    count,
    age: age ?? undefined,
    process: undefined,
    fiber: undefined,
    client,
    lapses
  })))

/** The shapes of tuples as a snapshot shows them. */
const shapesOf = ({ tuples }: Inspected, values: Values): Shapes => {
  const shapes = new Shapes()
  for (const { age, arity, count, first, shape } of tuples) {
    const names = Array.from(shape, (letter) => typeNames[letter]!)
    const text = arity < 0
      ? `failure(${first === null ? names[0] : show(decodeTuple(values, { arity, fields: [first] })[0])})`
      : `[${[first === null ? names[0] : show(decodeField(values, first, 0)), ...names.slice(1)].join(", ")}]`
    shapes.add(text, count, age ?? undefined)
  }
  return shapes
}
