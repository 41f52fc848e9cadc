/**
 * What a space in memory writes down of all that is in it.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import { failing } from "../arguments.js"
import { beginning, priorityOf } from "../places.js"
import { messageOf, show } from "../print.js"
import type { Dumped } from "../texts.js"
import { dump as dumpTuple } from "../texts.js"
import type { Values } from "../values.js"
import type { Verbs } from "../verbs.js"
import type { Memory } from "./engine.js"
import type { Entry } from "./entry.js"
import { operation } from "./operation.js"
import type { Store } from "./store.js"

/** How many tuples are looked at in one step. */
const page = 256

/** What is known of a tuple that is there, or still to come. */
interface Found extends Pick<Dumped, "after" | "attempts" | "priority" | "ttl"> {
  readonly tuple: Tuple
}

/** The first tuples behind a place, stored or held. */
const pageAfter = (store: Store, after: number): ReadonlyArray<Entry> => {
  const entries = Array.from(store.held).filter(({ seq }) => seq > after)
  for (const shelf of [...store.shelves.byArity.values(), store.shelves.failures]) {
    let count = 0
    shelf.all.next(after, (entry) => {
      entries.push(entry)
      return ++count === page
    })
  }
  return entries.sort((one, other) => one.seq - other.seq).slice(0, page)
}

const there = ({ extra, seq, tuple }: Entry, now: number): Found => {
  const { attempts = 0, expiry } = extra ?? {}
  return {
    tuple,
    after: 0,
    attempts,
    priority: priorityOf(seq),
    ttl: expiry === undefined || expiry.at === Infinity ? null : expiry.at - now
  }
}

/** What is still to come, in the order in which it does. */
const toCome = ({ scheduled }: Store, now: number): ReadonlyArray<Found> =>
  Array.from(scheduled)
    .sort(({ deadline: one }, { deadline: other }) => one.at - other.at || one.rank! - other.rank!)
    .map(({ deadline, extra: { attempts }, priority, ttl, tuple }) => ({
      tuple,
      after: Math.max(0, deadline.at - now),
      attempts,
      priority,
      ttl: ttl === Infinity ? null : ttl
    }))

const written = (values: Values, { tuple, ...known }: Found): Dumped => {
  try {
    return dumpTuple(values, tuple, known)
  } catch (cause) {
    throw new SpaceError({ reason: "InvalidTuple", message: `${show(tuple)}: ${messageOf(cause)}`, cause })
  }
}

/**
 * What is found behind a place, and the place behind which to look next. What is still to come is with the last page:
 * in the same step, so that nothing comes in between and is missed.
 */
const look = (store: Store, after: number): readonly [Chunk.Chunk<Found>, Option.Option<number>] => {
  const now = store.now()
  const entries = pageAfter(store, after)
  const isLast = entries.length < page
  // One that is held, and whose time is over, is gone when it comes back.
  const found = entries.map((entry) => there(entry, now)).filter(({ ttl }) => ttl === null || ttl > 0)
  return [
    Chunk.unsafeFromArray(isLast ? [...found, ...toCome(store, now)] : found),
    isLast ? Option.none() : Option.some(entries[page - 1]!.seq)
  ]
}

export const dump = (memory: Memory): Verbs<never>["dump"] => (values, meant = () => true) =>
  Stream.paginateChunkEffect(
    beginning,
    (after) => operation(memory, "export", { step: () => look(memory.store, after) })
  )
    .pipe(
      Stream.rechunk(page),
      Stream.mapChunksEffect((found) =>
        failing(() =>
          Effect.succeed(
            Chunk.filterMap(found, (each) => meant(each.tuple) ? Option.some(written(values, each)) : Option.none())
          )
        )
      )
    )
