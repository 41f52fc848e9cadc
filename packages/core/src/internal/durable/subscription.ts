/**
 * Subscriptions and streams of a space that is made of a store.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { SpaceError } from "../../SpaceError.js"
import type { SpaceEvent } from "../../SpaceEvent.js"
import type { Cancel, Mail, Wait } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Mailbox } from "../arguments.js"
import type { Pattern } from "../pattern/pattern.js"
import { beginning } from "../places.js"
import type { ProcessRecord } from "../process.js"
import { current } from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { atEnd, localOf, withFiber } from "../runtime.js"
import { eventsOf, Watcher } from "../watcher.js"
import { transactionOf } from "./access.js"
import { lapsed } from "./lapse.js"
import type { Listener } from "./offers.js"
import { unlimited } from "./query.js"
import type { Reader } from "./reader.js"
import { isRead } from "./reader.js"
import type { Session } from "./session.js"
import { labelOf } from "./wanted.js"

class Subscription implements Listener {
  readonly id: number
  readonly kind = "subscribe"
  readonly patterns: ReadonlyArray<Pattern>
  readonly since: number
  readonly process: ProcessRecord | undefined
  readonly timeout = undefined
  state: "ended" | "waiting" = "waiting"

  constructor(
    private readonly session: Session,
    private readonly reader: Reader,
    /** Whether the store tells only of tuples that match. */
    private readonly exact: boolean,
    private readonly pattern: Pattern,
    readonly fiber: AnyFiber,
    readonly watcher: Watcher,
    /**
     * For a stream of tuples: the places of those that were held when it started, and that it has to see if they come
     * back.
     */
    readonly unseen: Set<number> | undefined
  ) {
    this.id = session.nextId()
    this.patterns = [pattern]
    this.since = session.now()
    this.process = localOf(fiber, current)
  }

  readonly consider = undefined

  accepts(): boolean {
    return false
  }

  arrive(): void {}

  onMail({ event, from, row }: Mail): void {
    const tuple = this.reader.read(row)
    if (!isRead(tuple)) {
      if (this.exact) {
        this.end(Exit.fail(tuple))
      }
      return
    }
    try {
      if (!this.pattern.matches(tuple)) {
        return
      }
      if (event === "Requeue" && this.unseen?.delete(from!) === true) {
        this.add({ _tag: "Out", tuple })
      } else if (event !== null && event !== "Gone" && this.watcher.events.has(event)) {
        this.add({ _tag: event, tuple })
      }
    } catch (error) {
      this.end(Exit.die(error))
    }
  }

  private add(event: SpaceEvent<Tuple>): void {
    const { watcher } = this
    if (watcher.strategy !== "suspend" && watcher.full) {
      watcher.missed++
      if (watcher.strategy === "dropping") {
        return
      }
      watcher.buffer.shift()
    }
    watcher.buffer.push(event)
    watcher.wake()
  }

  /** Nobody can tell what it has missed. */
  onLapsed(): void {
    // One that is still being opened has missed nothing: that is done again.
    if (this.isOpen) {
      this.end(Exit.fail(lapsed))
    }
  }

  /** Nor if the store has failed. */
  onDoubt(cause: Cause.Cause<unknown>): void {
    if (this.isOpen) {
      this.end(Exit.failCause(cause))
    }
  }

  isOpen = false

  end(exit: Exit.Exit<never, unknown>): void {
    if (this.state !== "ended") {
      this.state = "ended"
      this.session.waiters.delete(this.id)
      this.watcher.end = exit as unknown as Effect.Effect<never>
      this.watcher.wake()
    }
  }
}

const withinTransaction = new SpaceError({
  reason: "Reentrant",
  message:
    "a subscription or a stream was opened within a transaction of its space, which may be undone: open it before"
})

/** What happens to the tuples of a pattern; with `snapshot`, begun by those that are there. */
export const watch = (
  session: Session,
  reader: Reader,
  pattern: Pattern,
  { capacity, events: wanted, strategy }: Mailbox,
  snapshot: boolean
): Effect.Effect<Stream.Stream<SpaceEvent<any>, SpaceError>, SpaceError, Scope.Scope> =>
  withFiber((fiber) => {
    const events = new Set(wanted)
    if (session.closed) {
      return Effect.interrupt
    }
    if (transactionOf(fiber, session) !== undefined) {
      return Effect.fail(withinTransaction)
    }
    const [query, exact] = reader.query(pattern)
    const watcher = new Watcher(events, capacity, strategy, undefined, () => {})
    const asked = Array.from(events).filter((event) => event !== "Evict")
    const subscription = new Subscription(
      session,
      reader,
      exact,
      pattern,
      fiber,
      watcher,
      snapshot ? new Set() : undefined
    )
    const wait: Wait = {
      op: "wait",
      waiter: subscription.id,
      kind: "watch",
      queries: [query],
      exact: false,
      line: subscription.id,
      final: false,
      events: snapshot ? ["Out", "Requeue"] : asked,
      label: labelOf(subscription)
    }
    const opened = Effect.tapErrorCause(
      session.performing<ReadonlyArray<Tuple>, SpaceError>((done) =>
        session.postExclusive((run) =>
          Effect.gen(function*() {
            // The store may have to begin anew.
            subscription.unseen?.clear()
            if (session.closed) {
              // It was closed while the store kept us waiting: nobody would end us any more.
              return yield* Effect.interrupt
            }
            session.waiters.set(subscription.id, subscription)
            const { replies: [, present, held] } = snapshot
              ? yield* run([wait, { op: "scan", query, after: beginning, limit: unlimited }, { op: "held", query }])
              : { replies: [(yield* run([wait])).replies[0], [], []] }
            for (const row of held) {
              subscription.unseen?.add(row.id)
            }
            const tuples: Array<Tuple> = []
            for (const row of present) {
              const tuple = reader.read(row)
              if (isRead(tuple) && pattern.matches(tuple)) {
                tuples.push(tuple)
              } else if (!isRead(tuple) && exact) {
                return yield* Effect.fail(tuple)
              }
            }
            return tuples
          }), (exit) => {
          subscription.isOpen = Exit.isSuccess(exit)
          done(exit)
        })
      ),
      () =>
        Effect.sync(() => {
          session.waiters.delete(subscription.id)
          session.giveBack({ op: "cancel", waiters: [subscription.id] })
        })
    )
    const closed = withFiber((fiber) => {
      const over = subscription.state === "ended"
      subscription.state = "ended"
      watcher.close()
      session.waiters.delete(subscription.id)
      if (over && session.closed) {
        return Effect.void
      }
      const cancel: Cancel = { op: "cancel", waiters: [subscription.id] }
      // A transaction that closes it would wait for itself.
      return transactionOf(fiber, session) === undefined
        ? Effect.ignore(session.perform(cancel))
        : Effect.sync(() => session.giveBack(cancel))
    })
    return Effect.map(
      Effect.uninterruptible(Effect.zipLeft(opened, atEnd(() => closed))),
      (present) => eventsOf<SpaceError>(watcher, present, watcher.take, () => session.closed)
    )
  })
