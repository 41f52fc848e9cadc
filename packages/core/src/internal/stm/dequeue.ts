/**
 * The events of a space of any engine in a queue of STM.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import * as TQueue from "effect/TQueue"
import type { SpaceEvent } from "../../SpaceEvent.js"
import type { Tuple } from "../../Tuple.js"
import { invalidOption, natural, onlyOptions, option, refusing } from "../arguments.js"
import { read } from "../brand.js"
import { show } from "../print.js"
import { verbsOf } from "../verbs.js"

type Events = Stream.Stream<SpaceEvent<Tuple>, unknown>

/** What is used of a space. */
interface Source {
  readonly subscribe: (pattern: unknown, options: object) => Effect.Effect<Events, unknown, Scope.Scope>
}

/** What the subscriptions have failed with whose queues were shut down for that: a queue can only interrupt. */
const failures = new WeakMap<object, unknown>()

/** Dies with what a subscription has failed with, if this is its queue and it has. */
export const checkQueue = (queue: object): STM.STM<void> =>
  STM.suspend(() => failures.has(queue) ? STM.die(failures.get(queue)) : STM.void)

/**
 * A queue that holds the events of a subscription from now on. It ends with the subscription, once it has been emptied,
 * or at once with the scope: it is shut down, which interrupts who takes from it. If the subscription has failed, a
 * transaction that takes from it dies with that.
 */
export const subscribe = (
  space: unknown,
  pattern: unknown,
  options?: unknown
): Effect.Effect<TQueue.TDequeue<SpaceEvent<any>>, any, Scope.Scope> => {
  const make = () => {
    checkSource(space)
    const capacity = natural("capacity", option(options, "capacity"), 1)
    onlyOptions(options, ["capacity", "strategy", "events"])
    const opening = {
      capacity: option(options, "capacity"),
      strategy: option(options, "strategy"),
      events: option(options, "events"),
      scoped: true
    }
    return Effect.flatMap(space.subscribe(pattern, opening), (events) => queueOf(events, capacity))
  }
  try {
    return make()
  } catch (error) {
    return (verbsOf(space)?.refuse ?? refusing)(error)
  }
}

function checkSource(space: unknown): asserts space is Source {
  if (typeof space !== "object" || space === null || typeof read(space, "subscribe") !== "function") {
    throw invalidOption(`space: ${show(space)} is no space`)
  }
}

const queueOf = (events: Events, capacity: number) =>
  Effect.gen(function*() {
    const queue = yield* capacity < Infinity
      ? TQueue.bounded<SpaceEvent<Tuple>>(capacity)
      : TQueue.unbounded<SpaceEvent<Tuple>>()
    yield* Effect.addFinalizer(() => STM.commit(TQueue.shutdown(queue)))
    yield* Stream.runForEachChunk(events, (chunk) => offerAll(queue, capacity, chunk)).pipe(
      Effect.exit,
      // It has what there was to have.
      Effect.zipLeft(STM.commit(STM.retryUntil(TQueue.isEmpty(queue), (isEmpty) => isEmpty))),
      Effect.tap((exit) => {
        if (Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause)) {
          failures.set(queue, Cause.squash(exit.cause))
        }
        return STM.commit(TQueue.shutdown(queue))
      }),
      Effect.forkScoped
    )
    return queue
  })

/**
 * Offers a chunk, as much at a time as there is room for. By `offer`, which copies nothing (F15): it writes in place
 * (F1), but these commits either wait, having read only (F3), or offer what there is room for and succeed.
 */
const offerAll = <A>(queue: TQueue.TQueue<A>, capacity: number, chunk: Chunk.Chunk<A>): Effect.Effect<void> => {
  const offerFrom = (start: number): Effect.Effect<void> =>
    start === chunk.length ? Effect.void : Effect.flatMap(
      STM.commit(STM.flatMap(TQueue.size(queue), (size) => {
        const end = Math.min(chunk.length, start + capacity - size)
        const offered = Array.from({ length: end - start }, (_, index) => Chunk.unsafeGet(chunk, start + index))
        return end === start
          ? STM.retry
          : STM.as(STM.forEach(offered, (event) => TQueue.offer(queue, event), { discard: true }), end)
      })),
      offerFrom
    )
  return offerFrom(0)
}
