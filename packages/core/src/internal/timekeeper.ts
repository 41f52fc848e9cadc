/**
 * The fiber that makes time pass in a space in which nothing else happens. There is one for all tuples with a time to live and all
 * waits with a timeout, and it only sleeps if there are any.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Store } from "./store.js"

/** Timers of the platform overflow beyond about 24 days. */
const longestSleep = 2 ** 30

export const keepTime = (store: Store): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.forkScoped(Effect.forever(Effect.suspend(() => {
    // Every step first ends what is due.
    store.run(() => undefined)
    const at = store.alarm = store.deadlines.earliest
    return at === Infinity
      ? earlierThan(store, at)
      : Effect.raceFirst(
        Clock.sleep(Math.min(Math.max(at - store.now(), 0), longestSleep)),
        earlierThan(store, at)
      )
  }))))

/** Waits until there is a deadline before the one the alarm is set for. */
const earlierThan = (store: Store, at: number): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (store.deadlines.earliest < at) {
      resume(Effect.void)
    } else {
      store.wakeTimekeeper = () => {
        store.wakeTimekeeper = undefined
        resume(Effect.void)
      }
    }
  })
