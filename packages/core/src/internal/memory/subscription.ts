/**
 * Subscriptions and streams (S17).
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { SpaceEvent } from "../../SpaceEvent.js"
import type { Tuple } from "../../Tuple.js"
import type { MailboxOptions, SubscribeOptions } from "../../TupleSpace.js"
import { isScoped, mailboxOf, reading } from "../arguments.js"
import { compile } from "../pattern/pattern.js"
import * as Process from "../process.js"
import { Watcher } from "../watcher.js"
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
  pattern: unknown,
  options: SubscribeOptions | undefined,
  snapshot: boolean
): Effect.Effect<Opened> =>
  reading(() => {
    const compiled = compile(pattern)
    const { capacity, events, strategy } = mailboxOf(options)
    return Effect.withFiberRuntime<Opened>((fiber) => {
      if (store.closed) {
        return Effect.interrupt
      }
      return Effect.succeed(store.run(() => {
        const unseen = snapshot
          ? new WeakSet(Array.from(store.held).filter((entry) => compiled.admits(entry)))
          : undefined
        const watcher = new Watcher(new Set(events), capacity, strategy, unseen, () => store.settle())
        const interest = new Interest(
          "subscribe",
          "watchers",
          [compiled],
          store.nextInterest(),
          store.now(),
          fiber,
          fiber.getFiberRef(Process.current),
          () => MISS
        )
        interest.watcher = watcher
        const present = snapshot ? store.shelves.findAll(compiled).map((entry) => entry.tuple) : []
        store.register(interest)
        return { watcher, interest, present }
      }))
    })
  })

/**
 * A stream that opens its mailbox when it runs, or with the option `scoped` an effect that opens it, for as long as the scope is open.
 * `refuse` makes of bad options what the engine does.
 */
export const streaming = <A, B, E, E2>(
  options: unknown,
  opened: Effect.Effect<Stream.Stream<A, E>, E2, Scope.Scope>,
  pipe: (stream: Stream.Stream<A, E>) => Stream.Stream<B, E>,
  refuse: (error: unknown) => Effect.Effect<never, E2>
): Stream.Stream<B, E | E2> | Effect.Effect<Stream.Stream<B, E>, E2, Scope.Scope> => {
  const piped = Effect.map(opened, pipe)
  try {
    return isScoped(options) ? piped : Stream.unwrapScoped(piped)
  } catch (error) {
    return Stream.fromEffect(refuse(error))
  }
}

const watch = (
  memory: Memory,
  pattern: unknown,
  options: SubscribeOptions | undefined,
  snapshot: boolean
): Effect.Effect<Stream.Stream<SpaceEvent<any>>, never, Scope.Scope> => {
  const { store } = memory
  const opened = Effect.acquireRelease(
    open(memory, pattern, options, snapshot),
    ({ interest, watcher }) =>
      Effect.sync(() => {
        store.abandon(interest)
        watcher.close()
      })
  )
  return Effect.map(opened, ({ present, watcher }) => {
    const events = Effect.tap(watcher.take, () => store.drained())
    return Stream.concat(
      Stream.fromIterable(present.map((tuple): SpaceEvent<any> => ({ _tag: "Out", tuple }))),
      Stream.repeatEffectChunkOption(Effect.catchAllCause(events, (cause) =>
        // The stream of a space or a scope that was closed ends, as that of a queue does.
        store.closed || watcher.isOver
          ? Effect.fail(Option.none<never>())
          : Effect.failCause(Cause.map(cause, Option.some))))
    )
  })
}

export const subscribe = (memory: Memory) => (pattern: unknown, options?: SubscribeOptions) =>
  streaming(options, watch(memory, pattern, options, false), identity, Effect.die)

export const stream = (memory: Memory) => (pattern: unknown, options?: MailboxOptions) =>
  streaming(options, watch(memory, pattern, options, true), tuplesOf, Effect.die)

/** The tuples that were put. */
export const tuplesOf = <E>(events: Stream.Stream<SpaceEvent<any>, E>): Stream.Stream<any, E> =>
  Stream.filterMap(events, (event) => event._tag === "Out" ? Option.some(event.tuple) : Option.none())
