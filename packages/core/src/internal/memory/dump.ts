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
import { failing } from "../arguments.js"
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

interface Found {
  readonly entry: Entry
  /** Milliseconds. */
  readonly ttl: number | null
  readonly attempts: number
}

/** The oldest tuples behind a place, stored or held. */
const pageAfter = (store: Store, after: number): ReadonlyArray<Found> => {
  const now = store.now()
  const entries = Array.from(store.held).filter(({ seq }) => seq > after)
  for (const shelf of [...store.shelves.byArity.values(), store.shelves.failures]) {
    let count = 0
    shelf.all.next(after, (entry) => {
      entries.push(entry)
      return ++count === page
    })
  }
  return entries.sort((one, other) => one.seq - other.seq).slice(0, page).map((entry) => {
    const { attempts = 0, expiry } = entry.extra ?? {}
    return { entry, attempts, ttl: expiry === undefined || expiry.at === Infinity ? null : expiry.at - now }
  })
}

const written = (values: Values, { attempts, entry: { tuple }, ttl }: Found): Dumped => {
  try {
    return dumpTuple(values, tuple, ttl, attempts)
  } catch (cause) {
    throw new SpaceError({ reason: "InvalidTuple", message: `${show(tuple)}: ${messageOf(cause)}`, cause })
  }
}

export const dump = (memory: Memory): Verbs<never>["dump"] => (values) =>
  Stream.paginateChunkEffect(
    -1,
    (after) =>
      Effect.flatMap(
        operation(memory, "export", { step: () => pageAfter(memory.store, after) }),
        (found) =>
          failing(() =>
            Effect.succeed([
              // One that is held, and whose time is over, is gone when it comes back.
              Chunk.fromIterable(
                found.filter(({ ttl }) => ttl === null || ttl > 0).map((each) => written(values, each))
              ),
              found.length < page ? Option.none() : Option.some(found[page - 1]!.entry.seq)
            ])
          )
      )
  )
