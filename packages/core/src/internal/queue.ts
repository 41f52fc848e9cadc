/**
 * Turns of what not all can have at a time: who asks first comes first, and who leaves harms nobody.
 *
 * Semaphores of Effect let who comes just in time go before who waits, and one who is interrupted in the instant in
 * which its permits come takes them along.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Waiting } from "../SpaceStore.js"
import { callback } from "./runtime.js"

/** Somebody who waits. */
interface Place {
  readonly permits: number
  isIn: boolean
  begin: () => void
}

export class Queue {
  private readonly waiting = new Set<Place>()
  private free: number

  constructor(private readonly permits: number) {
    this.free = permits
  }

  /** Runs an effect when its turn has come. */
  inTurn<A, E, R, E2 = never>(
    effect: Effect.Effect<A, E, R>,
    { patience, permits = this.permits, restore }: Waiting<E2> = {}
  ): Effect.Effect<A, E | E2, R> {
    return Effect.uninterruptibleMask((own) =>
      Effect.suspend(() => {
        const run = Effect.ensuring(own(effect), Effect.sync(() => this.give(permits)))
        if (this.waiting.size === 0 && this.free >= permits) {
          this.free -= permits
          return run
        }
        const place: Place = { permits, isIn: false, begin: () => {} }
        this.waiting.add(place)
        return Effect.zipRight(
          Effect.onError((restore ?? own)(this.wait(place, patience)), () =>
            Effect.sync(() => {
              this.waiting.delete(place)
              // Who leaves between its turn and its run gives the turn on, as does who was in the way of others.
              this.give(place.isIn ? permits : 0)
            })),
          run
        )
      })
    )
  }

  private wait<E>(place: Place, patience: Waiting<E>["patience"]): Effect.Effect<void, E> {
    return callback<void, E>((resume) => {
      if (place.isIn) {
        return resume(Effect.void)
      }
      const stop = patience?.((error) => resume(Effect.fail(error))) ?? (() => {})
      place.begin = () => {
        stop()
        resume(Effect.void)
      }
      return Effect.sync(stop)
    })
  }

  private give(permits: number): void {
    this.free += permits
    for (const place of this.waiting) {
      if (place.permits > this.free) {
        return
      }
      this.waiting.delete(place)
      this.free -= place.permits
      place.isIn = true
      place.begin()
    }
  }
}
