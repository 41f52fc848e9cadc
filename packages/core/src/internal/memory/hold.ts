/**
 * Taking a tuple to hold it. What becomes of it is in `hold.ts`.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Ending, Held, Take } from "../hold.js"
import type { Memory } from "./engine.js"
import type { Entry } from "./entry.js"
import { extraOf } from "./entry.js"
import { link, spanned } from "./operation.js"
import * as Search from "./search.js"
import type { Store } from "./store.js"
import { served } from "./wait.js"

class HeldEntry implements Held<never> {
  constructor(private readonly store: Store, private readonly entry: Entry) {}

  get tuple(): Entry["tuple"] {
    return this.entry.tuple
  }

  get attempts(): number {
    return this.entry.extra?.attempts ?? 0
  }

  isOver(): boolean {
    return this.store.closed
  }

  end(ending: Ending): Effect.Effect<void> {
    const { entry, store } = this
    if (store.closed) {
      // Since it was asked whether all is over.
      return Effect.void
    }
    if (ending.how === "consumed") {
      store.settle()
      store.consume([entry])
      return Effect.void
    }
    store.run(() => {
      if (ending.how === "dead") {
        store.consume([entry])
        store.putRegardless(ending.letter === undefined ? [] : [store.entry(ending.letter, undefined)])
      } else {
        if (ending.failed) {
          countAttempt(entry)
        }
        store.giveBack([entry], ending.how)
      }
    })
    return Effect.void
  }
}

/** Counts a failure of the use of an entry. */
export const countAttempt = (entry: Entry): void => {
  if (entry.extra === undefined) {
    entry.extra = extraOf(undefined)
    entry.extra.entry = entry
  }
  entry.extra.attempts++
}

export const take = (memory: Memory): Take<never> => (name, pattern, { timeout }, use) => {
  const { store } = memory
  const search = new Search.Holding(memory, name, pattern, timeout)
  return spanned(
    memory,
    name,
    (span) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(served(store, search, restore), (interest) => {
          store.arrive(interest)
          link(span, interest.entries)
          return use(new HeldEntry(store, interest.entries[0]!), restore)
        })
      )
  )
}
