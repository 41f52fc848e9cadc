/**
 * The mailbox of a subscription. Events are put into it by the steps of the store, and taken out by its stream.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as SpaceEvent from "../SpaceEvent.js"
import type { Tuple } from "../Tuple.js"
import type { AnyFiber } from "./runtime.js"
import { callback, withFiber } from "./runtime.js"

export type Strategy = "suspend" | "dropping" | "sliding"

export class Watcher {
  buffer: Array<SpaceEvent.SpaceEvent<Tuple>> = []
  /** Events dropped since some were last taken: before those in the buffer, or behind them, as the strategy says. */
  missed = 0
  /** How the stream is woken while it waits for an event. */
  resume: ((next: Effect.Effect<Chunk.Chunk<SpaceEvent.SpaceEvent<Tuple>>>) => void) | undefined = undefined
  /** The fiber that last asked for events. */
  reader: AnyFiber | undefined = undefined
  /** Why there will be no more events, once that is so. */
  end: Effect.Effect<never> | undefined = undefined

  /** Whether its scope has been closed: its stream ends when it has been read. */
  isOver = false

  constructor(
    readonly events: ReadonlySet<string>,
    readonly capacity: number,
    readonly strategy: Strategy,
    /** For a stream of tuples: those that were held when it started, and that it has to see if they come back. */
    readonly unseen: WeakSet<object> | undefined,
    /** Removes what a failed transaction has left in the mailbox. */
    private readonly rollBack: () => void
  ) {}

  get full(): boolean {
    return this.buffer.length >= this.capacity
  }

  /** Empties the mailbox. */
  drain(): Chunk.Chunk<SpaceEvent.SpaceEvent<Tuple>> {
    const events = this.buffer
    this.buffer = []
    if (this.missed > 0) {
      const missed = SpaceEvent.Missed({ count: this.missed })
      this.missed = 0
      if (this.strategy === "sliding") {
        events.unshift(missed)
      } else {
        events.push(missed)
      }
    }
    return Chunk.unsafeFromArray(events)
  }

  /** Lets the stream go on if it waits and has something to go on with. */
  wake(): void {
    const { resume } = this
    if (resume !== undefined && (this.buffer.length > 0 || this.end !== undefined)) {
      this.resume = undefined
      resume(Effect.suspend(() => this.take))
    }
  }

  /** There will be no more events. Who waits for one, outside the scope of the mailbox, has waited long enough. */
  close(): void {
    this.isOver = true
    this.end ??= Effect.interrupt
    this.wake()
  }

  /** What the mailbox holds, waiting until there is something, or its end. */
  readonly take: Effect.Effect<Chunk.Chunk<SpaceEvent.SpaceEvent<Tuple>>> = withFiber((fiber) => {
    this.reader = fiber
    this.rollBack()
    if (this.buffer.length > 0) {
      return Effect.sync(() => this.drain())
    }
    return this.end ?? callback((resume) => {
      this.rollBack()
      this.resume = resume
      this.wake()
    })
  })
}

/**
 * The events that a mailbox gets, behind those of the tuples that were there when it was opened. `take` takes what it
 * holds. The stream of a space or a scope that was closed ends, as that of a queue does.
 */
export const eventsOf = <E>(
  watcher: Watcher,
  present: ReadonlyArray<Tuple>,
  take: Effect.Effect<Chunk.Chunk<SpaceEvent.SpaceEvent<Tuple>>, E>,
  isClosed: () => boolean
): Stream.Stream<SpaceEvent.SpaceEvent<Tuple>, E> =>
  Stream.concat(
    Stream.fromIterable(present.map((tuple) => SpaceEvent.Out({ tuple }))),
    Stream.repeatEffectChunkOption(Effect.catchAllCause(take, (cause) =>
      isClosed() || watcher.isOver
        ? Effect.fail(Option.none<never>())
        : Effect.failCause(Cause.map(cause, Option.some))))
  )

/** Of the events, the tuples that were put. */
export const tuplesOf = <E>(
  events: Stream.Stream<SpaceEvent.SpaceEvent<Tuple>, E>
): Stream.Stream<Tuple, E> =>
  Stream.filterMap(events, (event) => event._tag === "Out" ? Option.some(event.tuple) : Option.none())
