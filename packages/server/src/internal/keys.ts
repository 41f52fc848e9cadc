/**
 * What is done once for a key, however often it is asked for.
 *
 * @internal
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { makeDeferred } from "./runtime.js"

/** So many keys are remembered, the latest. */
const most = 10_000

export class Keys {
  private readonly known = new Map<string, Deferred.Deferred<void, SpaceError>>()

  /** What has failed may be tried again. */
  once<R>(key: string, effect: Effect.Effect<void, SpaceError, R>): Effect.Effect<void, SpaceError, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const before = this.known.get(key)
        if (before !== undefined) {
          return restore(Deferred.await(before))
        }
        const done = makeDeferred<void, SpaceError>()
        this.known.set(key, done)
        if (this.known.size > most) {
          this.known.delete(this.known.keys().next().value!)
        }
        // once begun it goes on, for its outcome is that of all who ask
        return Effect.onExit(effect, (exit) => {
          if (exit._tag === "Failure") {
            this.known.delete(key)
          }
          return Deferred.done(done, exit)
        })
      })
    )
  }
}
