/**
 * The fiber that makes time pass in a space in which nothing else happens. There is one for all tuples with a time to live and all
 * waits with a timeout, and it only sleeps if there are any.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Deadlines } from "./deadlines.js"

/** What has deadlines. */
export interface Timed {
  readonly deadlines: Deadlines
  /** When its timekeeper wakes up by itself. */
  alarm: number
  /** Set while it sleeps: wakes it, for a deadline that is earlier. */
  wakeTimekeeper: (() => void) | undefined
  readonly now: () => number
  /** Ends what is due. */
  readonly tick: () => void
}

/** Timers of the platform overflow beyond about 24 days. */
const longestSleep = 2 ** 30

export const keepTime = (timed: Timed): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.forkScoped(Effect.forever(Effect.suspend(() => {
    timed.tick()
    const at = timed.alarm = timed.deadlines.earliest
    return at === Infinity
      ? earlierThan(timed, at)
      : Effect.raceFirst(
        Clock.sleep(Math.min(Math.max(at - timed.now(), 0), longestSleep)),
        earlierThan(timed, at)
      )
  }))))

/** Waits until there is a deadline before the one the alarm is set for. */
const earlierThan = (timed: Timed, at: number): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (timed.deadlines.earliest < at) {
      resume(Effect.void)
    } else {
      timed.wakeTimekeeper = () => {
        timed.wakeTimekeeper = undefined
        resume(Effect.void)
      }
    }
  })
