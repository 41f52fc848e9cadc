/**
 * A transaction that waits until what it has missed may be there, and begins anew.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { EventKind, Mail, Query, Row } from "../../StoreCommand.js"
import type { Deadline } from "../deadlines.js"
import type { Pattern } from "../pattern/pattern.js"
import type { ProcessRecord } from "../process.js"
import { current as currentProcess } from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { callback, localOf, withFiber } from "../runtime.js"
import type { Parking } from "../stm/parking.js"
import type { End, Late, Limit } from "../timeout.js"
import { endOf } from "../timeout.js"
import type { Listener } from "./offers.js"
import { sameQueries } from "./query.js"
import type { Session } from "./session.js"
import { labelOf } from "./wanted.js"

/** What a transaction has found missing, and so waits for. */
export interface Missed {
  /** Tuples. */
  readonly patterns: ReadonlyArray<Pattern>
  readonly queries: ReadonlyArray<Query>
  /** What must not be there: until what is has left for good. */
  readonly absent?: Asked | undefined
  /** Both, as it is shown, if the patterns do not say all. */
  readonly shown?: ReadonlyArray<unknown> | undefined
  /** What its conditions have looked at in the space, if it has used that: whatever happens there. */
  readonly watched?: (Asked & Pick<Missed, "absent">) | undefined
  /** State of STM. */
  readonly parking?: Parking | undefined
  /** Whether a tuple that has come, or gone, makes a difference to who waits for these patterns. */
  readonly concerns?: ((row: Row, patterns: ReadonlyArray<Pattern>) => boolean) | undefined
}

/** What the store is asked. */
type Asked = Pick<Missed, "patterns" | "queries">

/** Undoes a transaction, which then waits; or, if it has missed nothing, begins anew. */
export class Retry {
  constructor(readonly missed: Missed | undefined) {}
}

/** Whether they are waited for alike. */
const areSame = (one: Missed, other: Missed): boolean =>
  sameQueries(one.queries, other.queries) && sameQueries(one.watched?.queries ?? [], other.watched?.queries ?? []) &&
  sameQueries(one.absent?.queries ?? [], other.absent?.queries ?? []) &&
  sameQueries(one.watched?.absent?.queries ?? [], other.watched?.absent?.queries ?? [])

/** A transaction that waits. The first of those that it waits by wakes it. */
class Wait {
  private woken: Effect.Effect<void, Late> | undefined = undefined
  private resume: ((effect: Effect.Effect<void, Late>) => void) | undefined = undefined
  readonly looks: ReadonlyArray<Look>
  private readonly deadline: Deadline | undefined

  constructor(
    private readonly session: Session,
    { absent, concerns, patterns, queries, shown, watched }: Missed,
    fiber: AnyFiber,
    end: End | undefined
  ) {
    const looks: Array<readonly [wanted: Asked & Pick<Missed, "shown">, events?: ReadonlyArray<EventKind>]> = []
    if (patterns.length > 0) {
      looks.push([{ patterns, queries, shown }])
    }
    if (absent !== undefined) {
      looks.push([{ ...absent, shown }, leaving])
    }
    if (watched !== undefined && (watched.patterns.length > 0 || looks.length === 0)) {
      looks.push([watched, changes])
    }
    if (watched?.absent !== undefined) {
      looks.push([watched.absent, leaving])
    }
    // It is one who waits, whatever it waits for: the first of them shows it.
    this.looks = looks.map(([wanted, events], index) =>
      new Look(session, wanted, events, concerns, index === 0 ? fiber : undefined, this.wake)
    )
    session.onMoved.add(this.onMoved)
    this.deadline = end && { at: end.at, index: -1, fire: () => this.wake(Effect.fail(end.late())) }
    if (this.deadline !== undefined) {
      session.setDeadline(this.deadline, this.deadline.at)
    }
  }

  private readonly onMoved = (): void => {
    if (this.session.closed) {
      this.wake(Effect.interrupt)
    }
  }

  private readonly wake = (effect: Effect.Effect<void, Late>): void => {
    this.woken ??= effect
    this.resume?.(this.woken)
  }

  await(parking: Parking | undefined): Effect.Effect<void, Late> {
    return callback((resume) => {
      const woken = this.woken ?? parking?.exit
      if (woken !== undefined) {
        resume(woken)
      } else {
        this.resume = resume
        if (parking !== undefined) {
          parking.resume = this.wake
        }
      }
    })
  }

  readonly register: Effect.Effect<void, SpaceError> = Effect.suspend(() =>
    Effect.forEach(this.looks, (look) => look.register, { discard: true })
  )

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.session.onMoved.delete(this.onMoved)
    if (this.deadline !== undefined) {
      this.session.setDeadline(this.deadline, Infinity)
    }
    return Effect.forEach(this.looks, (look) => look.close, { discard: true })
  })
}

/** The label of one who waits beside another of the same operation. */
export const hidden = JSON.stringify(null)

/** Whether `inspect` shows a waiter: it is not a second look of one that is shown already. */
export const isShown = ({ label }: { readonly label: string }): boolean => label !== hidden

/** What changes what is stored. */
const changes: ReadonlyArray<EventKind> = ["Out", "In", "Requeue", "Expire"]

/** What ends a hold for good changes nothing that is stored. */
const leaving: ReadonlyArray<EventKind> = ["Gone"]

/** Waits until a tuple comes that a transaction has missed, or until something happens to what it has watched. */
class Look implements Listener {
  readonly id: number
  readonly kind = "transact"
  readonly since: number
  readonly process: ProcessRecord | undefined
  readonly watcher = undefined
  readonly timeout = undefined
  state: "ended" | "waiting" = "waiting"

  readonly patterns: ReadonlyArray<Pattern>
  readonly shown: ReadonlyArray<unknown> | undefined

  constructor(
    private readonly session: Session,
    private readonly asked: Asked & Pick<Missed, "shown">,
    /** What it watches for; by default it is told of what comes to be stored. */
    private readonly events: ReadonlyArray<EventKind> | undefined,
    private readonly concerns: Missed["concerns"],
    /** Who waits, if that is shown. */
    readonly fiber: AnyFiber | undefined,
    private readonly wake: (effect: Effect.Effect<void>) => void
  ) {
    this.patterns = asked.patterns
    this.shown = asked.shown
    this.id = session.nextId()
    this.since = session.now()
    this.process = fiber && localOf(fiber, currentProcess)
    session.waiters.set(this.id, this)
  }

  readonly register: Effect.Effect<void, SpaceError> = Effect.suspend(() =>
    Effect.asVoid(this.session.perform({
      op: "wait",
      waiter: this.id,
      kind: this.events === undefined ? "look" : "watch",
      queries: this.asked.queries,
      exact: false,
      line: this.id,
      events: this.events ?? [],
      final: false,
      label: this.fiber === undefined ? hidden : labelOf(this)
    }))
  )

  readonly consider = undefined

  accepts(): boolean {
    return false
  }

  arrive(): void {}

  onMail({ row }: Mail): void {
    if (this.concerns?.(row, this.patterns) !== false) {
      this.wake(Effect.void)
    }
  }

  onDoubt(): void {
    this.wake(Effect.void)
  }

  onLapsed(): void {
    this.wake(Effect.void)
  }

  end(exit: Exit.Exit<never, unknown>): void {
    this.state = "ended"
    this.wake(Exit.isFailure(exit) ? Effect.interrupt : Effect.void)
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.session.waiters.delete(this.id)
    return Effect.ignore(this.session.perform({ op: "cancel", waiters: [this.id] }))
  })
}

/** What a run comes to. */
export type Tried<A> = { readonly value: A } | { readonly missed: Missed | undefined }

/** Runs it; says what it missed, if it has to wait. Must run uninterruptibly: nobody else knows what that is. */
export const trying = <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<Tried<A>, E, R> =>
  Effect.catchAllDefect(
    Effect.map(run, (value): Tried<A> => ({ value })),
    (defect) => defect instanceof Retry ? Effect.succeed(defect) : Effect.die(defect)
  )

/** Does it until it has missed nothing, or until it has waited for too long. */
export const retrying = <A, E, R>(
  session: Session,
  tried: Effect.Effect<Tried<A>, E, R>,
  limit: Limit | undefined
): Effect.Effect<A, E | SpaceError | Late, R> => {
  let end: End | undefined
  /** Waits for what was missed. That is registered before the last look, so that nothing comes in between unseen. */
  const wait = (missed: Missed): Effect.Effect<Tried<A>, E | SpaceError | Late, R> =>
    withFiber((fiber) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          if (limit !== undefined && limit.timeout < Infinity) {
            end ??= endOf(limit, session.now())
          }
          return new Wait(session, missed, fiber, end)
        }),
        (wait) =>
          wait.looks.length === 0
            // It was parked in the step in which the run ended, and there is nothing in the space to look at again.
            ? Effect.zipRight(wait.await(missed.parking), tried)
            : Effect.zipRight(
              wait.register,
              Effect.tap(
                tried,
                (next) =>
                  "missed" in next && next.missed !== undefined && areSame(next.missed, missed)
                    ? wait.await(next.missed.parking)
                    : Effect.void
              )
            ),
        (wait) => wait.close
      )
    )

  const again = (next: Tried<A>): Effect.Effect<A, E | SpaceError | Late, R> =>
    "value" in next
      ? Effect.succeed(next.value)
      : Effect.flatMap(next.missed === undefined ? tried : wait(next.missed), again)

  return Effect.flatMap(tried, again)
}
