/**
 * Who may write to a file, of the spaces and clients of this program: one at a time, in the order in which they ask.
 *
 * Semaphores of Effect let who comes just in time go before who waits.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { clearTimeout, setTimeout } from "node:timers"
import { callback } from "../runtime.js"

/** Somebody who waits. */
interface Place {
  isFirst: boolean
  begin: () => void
}

/** The longest time that a timer takes, in milliseconds. */
const longest = 2 ** 31 - 1

export class Queue {
  private isTaken = false
  private readonly waiting = new Set<Place>()

  /** Runs an effect when its turn has come. Fails with `late()` if that takes longer than so many milliseconds. */
  alone<A, E, R, E2>(effect: Effect.Effect<A, E, R>, patience: number, late: () => E2): Effect.Effect<A, E | E2, R> {
    return Effect.uninterruptibleMask((restore) => {
      const run = Effect.ensuring(restore(effect), this.next)
      return Effect.suspend(() => {
        if (!this.isTaken) {
          this.isTaken = true
          return run
        }
        const place: Place = { isFirst: false, begin: () => {} }
        this.waiting.add(place)
        return Effect.zipRight(
          Effect.onError(restore(this.wait(place, patience, late)), () => {
            this.waiting.delete(place)
            // Who is interrupted between its turn and its run gives the turn on.
            return place.isFirst ? this.next : Effect.void
          }),
          run
        )
      })
    })
  }

  private wait<E>(place: Place, patience: number, late: () => E): Effect.Effect<void, E> {
    return callback<void, E>((resume) => {
      if (place.isFirst) {
        return resume(Effect.void)
      }
      const timer = patience > longest ? undefined : setTimeout(() => {
        this.waiting.delete(place)
        resume(Effect.fail(late()))
      }, patience)
      place.begin = () => {
        clearTimeout(timer)
        resume(Effect.void)
      }
      return Effect.sync(() => clearTimeout(timer))
    })
  }

  private readonly next: Effect.Effect<void> = Effect.sync(() => {
    const [place] = this.waiting
    if (place === undefined) {
      this.isTaken = false
    } else {
      this.waiting.delete(place)
      place.isFirst = true
      place.begin()
    }
  })
}
