/**
 * Taking tuples to hold them. What becomes of them is in `hold.ts`.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Restore } from "../../SpaceStore.js"
import type { Tuple } from "../../Tuple.js"
import type { Ending, Held, Take, TakeNow } from "../hold.js"
import { uninterruptibly } from "../hold.js"
import { indexIn, readIn } from "../pattern/query.js"
import { priorityOf } from "../places.js"
import * as Process from "../process.js"
import { currentFiber, localOf, nameOf } from "../runtime.js"
import type { Memory } from "./engine.js"
import type { Entry } from "./entry.js"
import { extraOf } from "./entry.js"
import { link, operation, spanned } from "./operation.js"
import { searchFor, takeUpToNow } from "./search.js"
import type { Holder, Store } from "./store.js"
import { served } from "./wait.js"

class HeldEntries implements Held<never>, Holder {
  readonly since: number
  readonly token: number
  readonly process: string | undefined
  readonly fiber: string | undefined

  /** What is left of it. */
  entries: ReadonlyArray<Entry>

  constructor(
    private readonly store: Store,
    private readonly all: ReadonlyArray<Entry>,
    readonly index: number,
    readonly read?: ReadonlyArray<Tuple>
  ) {
    this.entries = all
    const fiber = currentFiber()
    this.since = store.now()
    this.token = store.nextToken()
    this.process = fiber && localOf(fiber, Process.current)?.name
    this.fiber = fiber && nameOf(fiber)
    if (all.length > 0) {
      store.holders.add(this)
    }
  }

  get tuples(): ReadonlyArray<Tuple> {
    return this.all.map(({ tuple }) => tuple)
  }

  get attempts(): ReadonlyArray<number> {
    return this.all.map(({ extra }) => extra?.attempts ?? 0)
  }

  get priorities(): ReadonlyArray<number> {
    return this.all.map(({ seq }) => priorityOf(seq))
  }

  isOver(): boolean {
    return this.store.closed
  }

  /** These are held no longer. */
  private leave(those: ReadonlyArray<Entry>): void {
    const leaving = those === this.entries ? undefined : new Set(those)
    this.entries = leaving === undefined ? [] : this.entries.filter((entry) => !leaving.has(entry))
    if (this.entries.length === 0) {
      this.store.holders.delete(this)
    }
  }

  keep(): void {
    const { entries, store } = this
    if (!store.closed) {
      store.rollBack()
      this.leave(entries)
      store.consume(entries)
      store.settle()
    }
  }

  giveBack(): void {
    const { entries, store } = this
    if (!store.closed) {
      this.leave(entries)
      store.run(() => store.giveBack(entries))
    }
  }

  end(ending: Ending, those?: ReadonlyArray<number>): Effect.Effect<void> {
    const { all, store } = this
    const meant = those === undefined ? this.entries : those.map((index) => all[index]!)
    if (store.closed) {
      // Since it was asked whether all is over.
      return Effect.void
    }
    if (ending.how === "consumed" && meant === this.entries) {
      this.keep()
      return Effect.void
    }
    this.leave(meant)
    store.run(() => {
      if (ending.how === "later") {
        meant.forEach(countAttempt)
        store.putOff(meant, store.now() + ending.after)
      } else if (ending.how === "consumed" || ending.how === "dead") {
        store.consume(meant)
        if (ending.how === "dead" && ending.letter !== undefined) {
          store.putRegardless([store.entry(ending.letter, undefined)])
        }
      } else {
        if (ending.failed) {
          meant.forEach(countAttempt)
        }
        store.giveBack(meant, ending.how)
      }
    })
    return Effect.void
  }
}

/** Counts a failure of the use of an entry. */
const countAttempt = (entry: Entry): void => {
  if (entry.extra === undefined) {
    entry.extra = extraOf(undefined)
    entry.extra.entry = entry
  }
  entry.extra.attempts++
}

const inTurn = <A, E>(store: Store, take: Effect.Effect<A, E>, restore: Restore): Effect.Effect<A, E> =>
  store.isContended ? Effect.zipRight(restore(store.turns.turn), take) : take

export const take = (memory: Memory): Take<never> => (taking, use) => {
  const { store } = memory
  const { name, query, timeout } = taking
  const search = searchFor(memory, name, query, true, timeout)
  return spanned(
    memory,
    name,
    (span) =>
      uninterruptibly(
        taking,
        (restore) =>
          Effect.flatMap(inTurn(store, served(store, search, restore), restore), (interest) => {
            store.arrive(interest)
            link(span, interest.entries)
            const { entries, value } = interest
            return use(new HeldEntries(store, entries, indexIn(query, value), readIn(query, value)), restore)
          })
      )
  )
}

export const takeNow = (memory: Memory): TakeNow<never> => (taking, use) => {
  const { store } = memory
  const { limit, name, pattern } = taking
  return uninterruptibly(taking, (restore) =>
    Effect.flatMap(
      operation(memory, name, { step: (span) => takeUpToNow(store, pattern, limit, span) }),
      (entries) => use(new HeldEntries(store, entries, 0), restore)
    ))
}
