/**
 * The fiber that makes time pass in a space in which nothing else happens. There is one for all tuples with a time to
 * live and all waits with a timeout, and it only sleeps if there are any.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Deadline } from "./deadlines.js"
import { Deadlines } from "./deadlines.js"
import type { Local } from "./runtime.js"
import { callback, globalValue, liveClock, locally, makeLocal, nanosOf } from "./runtime.js"

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

/**
 * The time of a clock in milliseconds, for whatever lasts: a timeout, a time to live, an age. By its nanoseconds, since
 * those of the live clock go on evenly while somebody sets the clock of the machine. Whole microseconds, which a number
 * holds exactly.
 */
export const timeOf = (clock: Clock.Clock): number => Number(nanosOf(clock) / 1000n) / 1000

/** The time of the `Clock` in force, as {@link timeOf} has it. */
export const currentTime: Effect.Effect<number> = Effect.clockWith((clock) => Effect.sync(() => timeOf(clock)))

/** Whether a fiber sleeps only to give a sign of life after: nobody waits for that. */
export const signOfLife: Local<boolean> = globalValue(
  Symbol.for("@effect-linda/core/signOfLife"),
  () => makeLocal(false)
)

/** Sets or moves a deadline; infinity is none. */
export const setDeadline = (timed: Timed, deadline: Deadline, at: number): void => {
  timed.deadlines.remove(deadline)
  deadline.at = at
  if (at < Infinity) {
    timed.deadlines.add(deadline)
  }
  if (timed.deadlines.earliest < timed.alarm) {
    timed.wakeTimekeeper?.()
  }
}

/** Ends what is due. */
export const tick = (timed: Pick<Timed, "deadlines" | "now">): void => {
  const now = timed.now()
  for (let due = timed.deadlines.due(now); due !== undefined; due = timed.deadlines.due(now)) {
    due.fire()
  }
}

/** A deadline of its own for signs of life, which others do not have to wait for. */
export class Signs implements Timed {
  readonly deadlines = new Deadlines()
  alarm = Infinity
  wakeTimekeeper: (() => void) | undefined = undefined
  private readonly sign: Deadline

  constructor(readonly now: () => number, give: () => void) {
    this.sign = { at: 0, index: -1, fire: give }
  }

  tick(): void {
    tick(this)
  }

  /** When to give the next one. */
  setNext(at: number): void {
    setDeadline(this, this.sign, at)
  }

  get keep(): Effect.Effect<void, never, Scope.Scope> {
    return locally(keepTime(this), signOfLife, true)
  }
}

/** Timers of the platform overflow beyond about 24 days, and the live clock then never ends a sleep. */
const longestTimer = 2 ** 30

/**
 * A sleep of one step by any clock. One that is too long for a timer ends early by the clock of the platform, to be
 * begun anew.
 */
const sleep = (millis: number): Effect.Effect<void> =>
  millis <= longestTimer
    ? Clock.sleep(millis)
    : Effect.raceFirst(Clock.sleep(millis), liveClock.sleep(Duration.millis(longestTimer)))

export const keepTime = (timed: Timed): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.forkScoped(Effect.forever(Effect.suspend(() => {
    timed.tick()
    const at = timed.alarm = timed.deadlines.earliest
    return at === Infinity
      ? earlierThan(timed, at)
      : Effect.raceFirst(sleep(Math.max(at - timed.now(), 0)), earlierThan(timed, at))
  }))))

/** Waits until there is a deadline before the one the alarm is set for. */
const earlierThan = (timed: Timed, at: number): Effect.Effect<void> =>
  callback<void>((resume) => {
    if (timed.deadlines.earliest < at) {
      resume(Effect.void)
    } else {
      timed.wakeTimekeeper = () => {
        timed.wakeTimekeeper = undefined
        resume(Effect.void)
      }
    }
  })
