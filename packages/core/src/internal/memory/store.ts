/**
 * The store: the state of a space in memory, and how steps are applied to it.
 *
 * A step is a synchronous function: nothing comes between its parts, since JavaScript runs it to its end. Each is
 * defined once and applied in two ways: *directly* ({@link Store.run}), as the whole of a single operation; or *in a
 * transaction* ({@link Store.runIn}), after which it may be undone.
 *
 * What this rests on: between two steps the state is the committed one, or can be made so by undoing the log. A
 * transaction runs synchronously from its first step to its commit (of STM only a transaction that waits is resumed
 * later, and ours never wait there), so nobody else sees what it does before {@link Store.commit}.
 *
 * What a step means for others (fibers to wake, events to deliver) gathers in an outbox, which is undone with the rest
 * and flushed when the step, or the transaction, is final.
 *
 * What steps do is in the rooms below: `state.ts`, `events.ts`, `delivery.ts`, `holds.ts`, `looks.ts` and `room.ts`.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { SpaceError } from "../../SpaceError.js"
import type { Watched } from "../insight.js"
import { moved } from "../insight.js"
import type { Interest } from "./interest.js"
import type { Savepoint } from "./log.js"
import { Room } from "./room.js"
import { Turns } from "./turns.js"

export { isMiss, MISS, shortageOf } from "./miss.js"
export type { Miss, Shortage } from "./miss.js"
export type { Holder, Options, State } from "./state.js"

/** Thrown by every step of a closed space. */
export const CLOSED = Symbol.for("@effect-linda/core/Store/CLOSED")

export class Store extends Room implements Watched {
  closed = false
  /** Called with how many entries a step has looked at, if somebody measures. */
  onExamined: ((examined: number) => void) | undefined = undefined
  readonly turns = new Turns(this)
  moves = 0
  readonly observers = new Set<unknown>()
  readonly onMoved = new Set<() => void>()
  private busy = false

  /** Applies a step to the committed state, as an operation of its own. */
  run<A>(step: () => A): A
  run<A, One>(step: (one: One) => A, one: One): A
  run<A, One, Other>(step: (one: One, other: Other) => A, one: One, other: Other): A
  run<A>(step: (one?: unknown, other?: unknown) => A, one?: unknown, other?: unknown): A {
    this.begin()
    this.rollBack()
    this.busy = true
    try {
      this.measure()
      this.sweep()
      return step(one, other)
    } catch (error) {
      // What the step has done halfway is undone. What was due before it has ended all the same.
      this.log.recording = false
      this.rollBack()
      throw error
    } finally {
      this.admit()
      while (this.departed.length > 0) {
        // What is served then may make room for others.
        this.lookAgain()
        this.admit()
      }
      this.busy = false
      this.log.recording = false
      this.onExamined?.(this.shelves.examined)
      this.flush()
    }
  }

  /** Applies a step within a transaction that has come as far as this savepoint. Returns how far it has come then. */
  runIn<A>(savepoint: Savepoint, isFirst: boolean, step: () => A): readonly [A, Savepoint] {
    this.begin()
    if (isFirst) {
      // Time stands still within a transaction: what is due ends before it.
      if (this.deadlines.size > 0) {
        this.run(() => undefined)
      } else {
        this.rollBack()
      }
      this.measure()
    } else {
      this.log.rewind(savepoint)
    }
    this.busy = true
    this.inTransaction = true
    this.log.recording = true
    try {
      return [step(), this.log.mark(savepoint)]
    } finally {
      this.busy = false
      this.inTransaction = false
      this.log.recording = false
      this.onExamined?.(this.shelves.examined)
    }
  }

  /** Looks at the committed state. This is no step: nothing that is due ends, and nobody is woken. */
  look<A>(f: () => A): A {
    this.begin()
    this.rollBack()
    this.busy = true
    try {
      return f()
    } finally {
      this.busy = false
    }
  }

  /**
   * Makes the state at a savepoint the committed one. To be called within the transaction, as the last thing it does.
   */
  commit(savepoint: Savepoint): void {
    this.log.commit(savepoint)
    if (this.puts.size > 0 || this.departed.length > 0) {
      this.run(() => this.vacate())
    } else {
      this.flush()
    }
  }

  private begin(): void {
    if (this.busy) {
      throw new SpaceError({
        reason: "Reentrant",
        message: "a predicate used the space that was matching with it: predicates must be pure"
      })
    }
    if (this.closed) {
      throw CLOSED
    }
    this.shelves.examined = 0
  }

  /** A step of its own, which ends what is due as every step does first. */
  tick(): void {
    this.run(() => undefined)
  }

  override accept(interest: Interest): unknown {
    const value = super.accept(interest)
    this.settle()
    return value
  }

  /**
   * Lets those look again who wait for the absence of what a holder, outside a step, has kept for good. Nobody waits in
   * a space that is closed, and who was served before that has its tuple.
   */
  settle(): void {
    if (!this.closed && (this.departed.length > 0 || this.outbox.length > 0)) {
      this.tick()
    }
  }

  /** A mailbox has been emptied. */
  drained(): void {
    if (this.puts.size > 0) {
      this.run(() => this.vacate())
    }
  }

  /** Whether takers were served and have not run, or wait for their turn. */
  get isContended(): boolean {
    return this.arriving > 0 || this.turns.isUnderWay
  }

  /**
   * Ends the turn of a transaction that was woken. `leavesQueue`: it does not go on to wait for room, so others may
   * have it.
   */
  passOn(interest: Interest, leavesQueue = true): void {
    this.withdraw(interest, leavesQueue)
    this.offerOn(interest)
  }

  /** Ends an interest that nobody waits for any more: leaves nothing behind, gives back what was delivered. */
  abandon(interest: Interest): void {
    if (this.closed) {
      return
    }
    this.run(() => {
      if (interest.state === "delivered") {
        this.giveBack(interest.entries)
      }
      this.arrive(interest)
      this.passOn(interest)
    })
  }

  moved(fiber: unknown): void {
    moved(this, fiber)
  }

  /** S12: ends every wait with an interruption and every subscription with its end, and lets go of all tuples. */
  close(): void {
    this.rollBack()
    this.closed = true
    for (const interest of this.waiting()) {
      this.fail(interest, Effect.interrupt)
    }
    this.flush()
    this.moved(undefined)
    this.clear()
    this.turns.close()
    for (const parking of this.parked) {
      parking.finish(Effect.void)
    }
    this.parked.clear()
  }
}
