/**
 * Subscriptions and streams (S17).
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Tuple } from "../../Tuple.js"
import type { Mailbox } from "../arguments.js"
import type { Pattern } from "../pattern/pattern.js"
import * as Process from "../process.js"
import { localOf, withFiber } from "../runtime.js"
import { eventsOf, tuplesOf, Watcher } from "../watcher.js"
import type { Memory } from "./engine.js"
import { Interest } from "./interest.js"
import { MISS } from "./store.js"

interface Opened {
  readonly watcher: Watcher
  readonly interest: Interest
  /** The matches at the instant at which the mailbox was opened. */
  readonly present: ReadonlyArray<Tuple>
}

/** Opens a mailbox for the events of a pattern; with `snapshot`, also tells what is there at that instant. */
const open = (
  { store }: Memory,
  pattern: Pattern,
  { capacity, events, strategy }: Mailbox,
  snapshot: boolean
): Effect.Effect<Opened> =>
  withFiber((fiber) => {
    if (store.closed) {
      return Effect.interrupt
    }
    return Effect.succeed(store.run(() => {
      const unseen = snapshot
        ? new WeakSet(Array.from(store.held).filter((entry) => pattern.admits(entry)))
        : undefined
      const watcher = new Watcher(new Set(events), capacity, strategy, unseen, () => store.rollBack())
      const interest = new Interest(
        "subscribe",
        "watchers",
        [pattern],
        store.nextInterest(),
        store.now(),
        fiber,
        localOf(fiber, Process.current),
        () => MISS
      )
      interest.watcher = watcher
      const present = snapshot ? store.shelves.findAll(pattern).map((entry) => entry.tuple) : []
      store.register(interest)
      return { watcher, interest, present }
    }))
  })

export const watch = (memory: Memory) =>
(
  kind: "subscribe" | "stream",
  pattern: Pattern,
  mailbox: Mailbox
): Effect.Effect<Stream.Stream<unknown>, never, Scope.Scope> => {
  const { store } = memory
  const opened = Effect.acquireRelease(
    open(memory, pattern, mailbox, kind === "stream"),
    ({ interest, watcher }) =>
      Effect.sync(() => {
        store.abandon(interest)
        watcher.close()
      })
  )
  return Effect.map(opened, ({ present, watcher }) => {
    const take = Effect.tap(watcher.take, () => store.drained())
    const events = eventsOf(watcher, present, take, () => store.closed)
    return kind === "stream" ? tuplesOf(events) : events
  })
}
