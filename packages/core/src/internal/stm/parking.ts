/**
 * How a transaction waits for state of STM: the user's own, and what conditions have seen of spaces.
 *
 * A run that misses leaves the conditions that did not hold. In the very step in which it ends, a fiber of its own
 * parks a transaction of STM that reads what they read, and nothing else; so no change can come between the run and the
 * parking. Whatever then touches one of those refs wakes the fiber of the transaction, which runs again. The parked
 * transaction does not judge: whether the conditions hold may depend on what the transaction itself does before it
 * asks.
 *
 * What keeps this from waking itself, and others in circles: a run that misses ends with an empty journal, and so does
 * the parked transaction when it is woken, for whoever commits wakes everybody that is parked on what it has read (F5).
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as STM from "effect/STM"
import type { Waiting } from "../insight.js"
import type { Pattern } from "../pattern/pattern.js"
import * as Process from "../process.js"
import type { AnyFiber, LiveFiber } from "../runtime.js"
import { exitOf, globalValue, interruptLater, localOf, startNow } from "../runtime.js"
import type { Run } from "./run.js"

/** What has to wake those who are parked when it ends, and may be looked at by their conditions. */
export interface Ground {
  readonly parked: Set<Pick<Parking, "finish" | "waitingIn">>
  onlookers: number
  /** The time in milliseconds. */
  readonly now: () => number
}

/** The one whose conditions are being read, within one synchronous step. Copies of the library share it. */
const current = globalValue(
  Symbol.for("@effect-linda/core/stm/parking"),
  (): { parking: Parking | undefined } => ({ parking: undefined })
)

const setCurrent = (parking: Parking | undefined): void => {
  current.parking = parking
}

/** The parking for which a condition is being read, if it is not a transaction that runs. */
export const currentParking = (): Parking | undefined => current.parking

export class Parking {
  /** What the wait ends with, once that is known. */
  exit: Effect.Effect<void> | undefined = undefined
  /** How the fiber that waits is woken; set as soon as it waits. */
  resume: ((exit: Effect.Effect<void>) => void) | undefined = undefined
  private readonly fiber: LiveFiber<unknown>
  /** The grounds that the conditions look at, each with the patterns that they look for. */
  private readonly lookedAt = new Map<Ground, ReadonlyArray<Pattern>>()
  /** When the wait began, by the clock of each ground that it concerns. */
  private readonly since = new Map<Ground, number>()

  /** `run` is the one that asked for the conditions, `touched` are the grounds that it was on. */
  constructor(
    conditions: ReadonlyArray<STM.STM<boolean>>,
    readonly run: Run,
    touched: ReadonlyArray<Ground>,
    private readonly waiter: AnyFiber
  ) {
    let isParked = false
    const read = STM.forEach(conditions, (condition) => STM.orTry(condition, () => STM.succeed(false)), {
      discard: true
    })
    try {
      setCurrent(this)
      this.fiber = startNow(
        STM.commit(
          STM.suspend(() => isParked ? STM.sync(() => this.finish(Effect.void)) : STM.zipRight(read, STM.retry))
        )
      )
    } finally {
      setCurrent(undefined)
    }
    isParked = true
    for (const store of [...touched, ...this.lookedAt.keys()]) {
      store.parked.add(this)
      this.since.set(store, store.now())
    }
    for (const store of this.lookedAt.keys()) {
      store.onlookers++
    }
    const exit = exitOf(this.fiber)
    if (exit !== null) {
      this.finish(endOf(exit))
    }
  }

  /** A condition looks at this ground. */
  looksAt(ground: Ground, pattern: Pattern): void {
    this.lookedAt.set(ground, [...this.lookedAt.get(ground) ?? [], pattern])
  }

  waitingIn(ground: Ground): Waiting {
    return {
      kind: "transact",
      // A condition may have been read more than once.
      patterns: [...new Set(this.lookedAt.get(ground)?.map(String))],
      since: this.since.get(ground)!,
      process: localOf(this.waiter, Process.current),
      fiber: this.waiter,
      state: "waiting",
      timeout: undefined,
      watcher: undefined
    }
  }

  /** Wakes the fiber that waits, or will. */
  finish(exit: Effect.Effect<void>): void {
    if (this.exit === undefined) {
      this.exit = exit
      this.resume?.(exit)
    }
  }

  /** Nobody waits any more. */
  end(): void {
    for (const store of this.since.keys()) {
      store.parked.delete(this)
    }
    for (const store of this.lookedAt.keys()) {
      store.onlookers--
    }
    interruptLater(this.fiber)
  }
}

/** How a parked transaction ends that was not woken: a condition has died, or asked a queue that is shut down. */
const endOf = (exit: Exit.Exit<unknown>): Effect.Effect<void> =>
  exit._tag === "Success" ? Effect.void : Effect.failCause(exit.cause)
