/**
 * Taking tuples to hold them. What becomes of them is in `hold.ts`.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Restore } from "../../SpaceStore.js"
import type { Tuple } from "../../Tuple.js"
import { several } from "../arguments.js"
import type { Ending, Held, Take, TakeNow, TakingFirst } from "../hold.js"
import { uninterruptibly } from "../hold.js"
import * as Process from "../process.js"
import { currentFiber, localOf, nameOf } from "../runtime.js"
import type { Memory } from "./engine.js"
import type { Entry } from "./entry.js"
import { extraOf } from "./entry.js"
import { link, operation, spanned } from "./operation.js"
import * as Search from "./search.js"
import type { Holder, Store } from "./store.js"
import { served } from "./wait.js"

class HeldEntries implements Held<never>, Holder {
  readonly since: number
  readonly token: number
  readonly process: string | undefined
  readonly fiber: string | undefined

  constructor(
    private readonly store: Store,
    readonly entries: ReadonlyArray<Entry>,
    readonly index: number
  ) {
    const fiber = currentFiber()
    this.since = store.now()
    this.token = store.nextToken()
    this.process = fiber && localOf(fiber, Process.current)?.name
    this.fiber = fiber && nameOf(fiber)
    if (entries.length > 0) {
      store.holders.add(this)
    }
  }

  get tuples(): ReadonlyArray<Tuple> {
    return this.entries.map(({ tuple }) => tuple)
  }

  get attempts(): number {
    return this.entries[0]?.extra?.attempts ?? 0
  }

  isOver(): boolean {
    return this.store.closed
  }

  keep(): void {
    if (!this.store.closed) {
      this.store.rollBack()
      this.store.holders.delete(this)
      this.store.consume(this.entries)
    }
  }

  giveBack(): void {
    if (!this.store.closed) {
      this.store.holders.delete(this)
      this.store.run(() => this.store.giveBack(this.entries))
    }
  }

  end(ending: Ending, those?: ReadonlyArray<number>): Effect.Effect<void> {
    const { entries, store } = this
    if (store.closed) {
      // Since it was asked whether all is over.
      return Effect.void
    }
    if (ending.how === "consumed" && those === undefined) {
      this.keep()
      return Effect.void
    }
    store.holders.delete(this)
    store.run(() => {
      const meant = new Set(those === undefined ? entries : those.map((index) => entries[index]!))
      if (ending.how === "consumed" || ending.how === "dead") {
        store.consume([...meant])
        if (ending.how === "dead" && ending.letter !== undefined) {
          store.putRegardless([store.entry(ending.letter, undefined)])
        }
      } else {
        if (ending.failed) {
          meant.forEach(countAttempt)
        }
        store.giveBack([...meant], ending.how)
      }
      store.giveBack(entries.filter((entry) => !meant.has(entry)))
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

const searchFor = (memory: Memory, { name, patterns, timeout }: TakingFirst): Search.Search<any> => {
  switch (name) {
    case "inAny":
      return new Search.Choice(memory, name, several(patterns), timeout)
    case "inAll":
      return new Search.Join(memory, several(patterns), timeout)
    default:
      return new Search.Holding(memory, name, patterns[0]!, timeout)
  }
}

const inTurn = <A, E>(store: Store, take: Effect.Effect<A, E>, restore: Restore): Effect.Effect<A, E> =>
  store.isContended ? Effect.zipRight(restore(store.turns.turn), take) : take

export const take = (memory: Memory): Take<never> => (taking, use) => {
  const { store } = memory
  const search = searchFor(memory, taking)
  return spanned(
    memory,
    taking.name,
    (span) =>
      uninterruptibly(
        taking,
        (restore) =>
          Effect.flatMap(inTurn(store, served(store, search, restore), restore), (interest) => {
            store.arrive(interest)
            link(span, interest.entries)
            const index = taking.name === "inAny" ? (interest.value as { readonly index: number }).index : 0
            return use(new HeldEntries(store, interest.entries, index), restore)
          })
      )
  )
}

export const takeNow = (memory: Memory): TakeNow<never> => (taking, use) => {
  const { store } = memory
  const { limit, name, pattern } = taking
  return uninterruptibly(taking, (restore) =>
    Effect.flatMap(
      operation(memory, name, { step: (span) => Search.takeUpToNow(store, pattern, limit, span) }),
      (entries) => use(new HeldEntries(store, entries, 0), restore)
    ))
}
