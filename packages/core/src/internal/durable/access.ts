/**
 * How operations get at the store: each by itself, or as parts of a transaction.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, Found, Mail, Outcome, Query, Reply, Row, Run, Take } from "../../StoreCommand.js"
import type { Restore } from "../handOver.js"
import type { Pattern } from "../pattern/pattern.js"
import type { ProcessRecord } from "../process.js"
import { current as currentProcess } from "../process.js"
import type { AnyFiber } from "../runtime.js"
import {
  callback,
  globalValue,
  identityOf,
  inherit,
  interruptLater,
  locally,
  locallyWith,
  localOf,
  makeLocal,
  onEnd,
  withFiber
} from "../runtime.js"
import type { Parking } from "../stm/parking.js"
import type { Making } from "./agenda.js"
import type { Listener } from "./offers.js"
import { sameQueries } from "./query.js"
import type { Session } from "./session.js"
import { insideOf } from "./session.js"
import type { Read, Wanted } from "./waiter.js"
import { labelOf, lateOf, Refusal, waitFor } from "./waiter.js"

export interface Access {
  /** Puts back what was taken by an operation that came to nothing. */
  readonly giveBack: (make: Making) => void
  /** Whether what was done by it has been undone. */
  readonly isUndone: () => boolean
  readonly perform: <C extends Command>(make: Making<C>) => Effect.Effect<Reply<C>, SpaceError>
  /** Takes for a hold, and decodes what it has. */
  readonly take: (make: Making<Take>, read: (found: Found | null) => Read | Refusal) => Effect.Effect<Read, any>
  readonly exclusively: <A, E>(body: (run: Run) => Effect.Effect<A, E>) => Effect.Effect<A, E | SpaceError>
  /** Does it when it is sure what was done: a transaction may be undone. */
  readonly afterwards: (effect: Effect.Effect<void, SpaceError>) => Effect.Effect<void>
  readonly wait: (wanted: Wanted, restore: Restore) => Effect.Effect<readonly [hold: number, found: Read], any>
}

/** A transaction that is under way. */
export interface Within extends Access {
  readonly session: Session
  readonly progress: Progress
  readonly run: Run
  /** What it is parked on, until it runs again or ends. */
  readonly parked: Array<Parking>
}

interface Progress {
  state: "committed" | "running" | "undone"
  /** What is put back before the end. */
  back: Array<Making>
  /** What is done when it has ended, one way or the other. */
  readonly afterwards: Array<Effect.Effect<void, SpaceError>>
}

/** The transaction that the fiber is in. */
const transactions = globalValue(
  Symbol.for("@effect-linda/core/durable/transaction"),
  () => makeLocal<Within | undefined>(undefined)
)

/** What a transaction has found missing, and so waits for. */
export interface Missed {
  /** Tuples. */
  readonly patterns: ReadonlyArray<Pattern>
  readonly queries: ReadonlyArray<Query>
  /** What its conditions have looked at in the space, if it has used that: whatever happens there. */
  readonly watched?: Pick<Missed, "patterns" | "queries"> | undefined
  /** State of STM. */
  readonly parking?: Parking | undefined
  /** Whether a tuple that has come, or gone, makes a difference. */
  readonly concerns?: ((row: Row) => boolean) | undefined
}

/** Undoes a transaction, which then waits; or, if it has missed nothing, begins anew. */
export class Retry {
  constructor(readonly missed: Missed | undefined) {}
}

const alone = (session: Session): Access => ({
  giveBack: (make) => session.giveBack(make),
  isUndone: () => false,
  perform: (make) => session.perform(make),
  take: (make, read) =>
    Effect.flatten(session.performing<Effect.Effect<Read, unknown>, SpaceError>((done) =>
      session.post(make, (exit) => {
        if (Exit.isFailure(exit)) {
          return done(Exit.failCause(exit.cause))
        }
        // At once, so that what goes back does so also if the space is closing.
        const [found = null] = exit.value
        const taken = read(found)
        if (!(taken instanceof Refusal)) {
          done(Exit.succeed(Effect.succeed(taken)))
        } else if (taken.taken === undefined) {
          done(Exit.succeed(Effect.failCause(taken.cause)))
        } else {
          const [make, cause] = taken.taken.back()
          session.giveBack(make, () => done(Exit.succeed(Effect.failCause(cause))))
        }
      })
    )),
  exclusively: (body) => session.exclusively(body),
  afterwards: (effect) => Effect.asVoid(Effect.exit(effect)),
  wait: (wanted, restore) => waitFor(session, wanted, restore)
})

/** The transaction on this space that the fiber is in. */
export const transactionOf = (fiber: AnyFiber, session: Session): Within | undefined => {
  const running = localOf(fiber, transactions)
  return running?.session === session && running.progress.state === "running" ? running : undefined
}

/** Whether they are waited for alike. */
const areSame = (one: Missed, other: Missed): boolean =>
  sameQueries(one.queries, other.queries) && sameQueries(one.watched?.queries ?? [], other.watched?.queries ?? [])

export const accessTo = (session: Session): (fiber: AnyFiber) => Access => {
  const access = alone(session)
  return (fiber) => transactionOf(fiber, session) ?? access
}

const within = (session: Session, run: Run, progress: Progress, parked: Array<Parking>): Within => {
  const after = alone(session)
  const one = <C extends Command>(make: Making<C>): Effect.Effect<Reply<C>, SpaceError> =>
    Effect.map(run([session.made(make)]), ({ replies }) => replies[0])
  const afterwards: Access["afterwards"] = (effect) => Effect.sync(() => void progress.afterwards.push(effect))
  const checked = (read: Read | Refusal): Effect.Effect<Read, unknown> =>
    read instanceof Refusal
      ? Effect.zipRight(
        read.taken === undefined ? Effect.void : Effect.zipRight(one(read.taken.undo), afterwards(read.taken.count)),
        Effect.failCause(read.cause)
      )
      : Effect.succeed(read)
  return {
    session,
    progress,
    run,
    parked,
    giveBack: (make) => {
      if (progress.state === "running") {
        progress.back.push(make)
      } else if (progress.state === "committed") {
        session.giveBack(make)
      }
    },
    isUndone: () => progress.state === "undone",
    perform: (make) => progress.state === "running" ? one(make) : after.perform(make),
    take: (make, read) =>
      progress.state === "running"
        ? Effect.flatMap(one(make), ([found = null]) => checked(read(found)))
        : after.take(make, read),
    exclusively: (body) => progress.state === "running" ? body(run) : after.exclusively(body),
    afterwards: (effect) => progress.state === "running" ? afterwards(effect) : after.afterwards(effect),
    wait: (wanted, restore) => {
      if (progress.state !== "running") {
        return after.wait(wanted, restore)
      }
      const hold = session.nextId()
      const { as, attempt, exact, final, queries } = wanted
      const look: Effect.Effect<Found | null, unknown> = !exact
        ? attempt(run, hold, null, {})
        : as === "in"
        ? Effect.map(
          one({ op: "take", holds: [hold], queries, limit: 1, final, wait: null }),
          ([found = null]) => found
        )
        : one({ op: "read", waiter: hold, queries, wait: null })
      return Effect.flatMap(
        look,
        (found) =>
          found !== null
            ? Effect.map(checked(wanted.read(hold, found)), (read) => [hold, read] as const)
            : wanted.timeout === 0
            ? lateOf(session, wanted)
            : Effect.die(new Retry(wanted))
      )
    }
  }
}

/** A transaction that waits. The first of those that it waits by wakes it. */
class Wait {
  private woken: Effect.Effect<void> | undefined = undefined
  private resume: ((effect: Effect.Effect<void>) => void) | undefined = undefined
  readonly looks: ReadonlyArray<Look>

  constructor(private readonly session: Session, { concerns, patterns, queries, watched }: Missed, fiber: AnyFiber) {
    const look = (wanted: Pick<Missed, "patterns" | "queries">, kind: "look" | "watch", by?: AnyFiber): Look =>
      new Look(session, wanted.patterns, wanted.queries, kind, concerns, by, this.wake)
    // It is one who waits, whatever it waits for: shown with the tuples that it has missed, or with what it watches.
    const missed = patterns.length === 0 ? [] : [look({ patterns, queries }, "look", fiber)]
    this.looks = watched === undefined || watched.patterns.length === 0 && missed.length > 0
      ? missed
      : [...missed, look(watched, "watch", missed.length === 0 ? fiber : undefined)]
    session.onMoved.add(this.onMoved)
  }

  private readonly onMoved = (): void => {
    if (this.session.closed) {
      this.wake(Effect.interrupt)
    }
  }

  private readonly wake = (effect: Effect.Effect<void>): void => {
    this.woken ??= effect
    this.resume?.(this.woken)
  }

  await(parking: Parking | undefined): Effect.Effect<void> {
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
    return Effect.forEach(this.looks, (look) => look.close, { discard: true })
  })
}

/** The label of a look beside another of the same transaction. */
const hidden = JSON.stringify(null)

/** Whether `inspect` shows a waiter: it is not a second look of one that is shown already. */
export const isShown = ({ label }: { readonly label: string }): boolean => label !== hidden

/** Waits until a tuple comes that a transaction has missed, or until something happens to what it has watched. */
class Look implements Listener {
  readonly id: number
  readonly kind = "transact"
  readonly since: number
  readonly process: ProcessRecord | undefined
  readonly watcher = undefined
  readonly timeout = undefined
  state: "ended" | "waiting" = "waiting"

  constructor(
    private readonly session: Session,
    readonly patterns: ReadonlyArray<Pattern>,
    private readonly queries: ReadonlyArray<Query>,
    private readonly how: "look" | "watch",
    private readonly concerns: Missed["concerns"],
    /** Who waits, if that is shown. */
    readonly fiber: AnyFiber | undefined,
    private readonly wake: (effect: Effect.Effect<void>) => void
  ) {
    this.id = session.nextId()
    this.since = session.now()
    this.process = fiber && localOf(fiber, currentProcess)
    session.waiters.set(this.id, this)
  }

  readonly register: Effect.Effect<void, SpaceError> = Effect.suspend(() =>
    Effect.asVoid(this.session.perform({
      op: "wait",
      waiter: this.id,
      kind: this.how,
      queries: this.queries,
      exact: false,
      events: this.how === "watch" ? ["Out", "In", "Requeue", "Expire"] : [],
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
    if (this.concerns?.(row) !== false) {
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

/**
 * Does what `make` says as one transaction of the store, or as a part of that which the fiber is in. What must not be
 * interrupted once it is done is left uninterruptible: `restore` is for the rest.
 */
export const transaction = <A, E, R>(
  session: Session,
  make: (restore: Restore) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | SpaceError, R> => {
  const parked: Array<Parking> = []
  const unpark = () => parked.splice(0).forEach((parking) => parking.end())
  // What has been committed is heard, whatever becomes of who has done it.
  const attempt: Effect.Effect<A, E | SpaceError, R> = Effect.uninterruptibleMask((restore) =>
    session.counted(Effect.suspend(() => {
      const outcomes: Array<Outcome> = []
      const afterwards: Progress["afterwards"] = []
      let progress: Progress = { state: "running", back: [], afterwards }
      let hasLapsed = false
      let hasFailed = false
      return Effect.flatMap(
        Effect.exit(session.store.transaction((run) => {
          // The store may have to begin anew.
          outcomes.length = 0
          afterwards.length = 0
          unpark()
          progress.state = "undone"
          const ofThisRun: Progress = progress = { state: "running", back: [], afterwards }
          const heard = session.offers.heard((commands) =>
            Effect.tapError(run(commands), (error) =>
              Effect.sync(() => {
                hasLapsed ||= error.reason === "Lapsed"
                hasFailed = true
              }))
          )
          const told: Run = (commands) => Effect.tap(heard(commands), (outcome) => void outcomes.push(outcome))
          const back: Effect.Effect<void, SpaceError> = Effect.suspend(() => {
            const [make] = ofThisRun.back.splice(0, 1)
            return make === undefined
              ? Effect.void
              : Effect.zipRight(told([session.made(make)]), back)
          })
          return Effect.tap(
            locally(make(restore), transactions, within(session, told, ofThisRun, parked)),
            // From here on it may have happened, also if it fails.
            () => Effect.zipRight(back, Effect.sync(() => void (hasFailed = true)))
          )
        })),
        (exit) => {
          progress.state = Exit.isSuccess(exit) ? "committed" : "undone"
          if (Exit.isSuccess(exit)) {
            outcomes.forEach((outcome) => session.hear(outcome))
          } else if (hasFailed && !hasLapsed) {
            session.doubt = Cause.empty
          } else if (hasLapsed) {
            session.renew()
            return Exit.isInterrupted(exit) ? exit : restore(attempt)
          }
          return Effect.zipRight(Effect.forEach(afterwards, Effect.exit, { discard: true }), exit)
        }
      )
    }))
  )

  type Tried = { readonly value: A } | { readonly missed: Missed | undefined }

  /** Runs it; says what it missed, if it has to wait. */
  const tried: Effect.Effect<Tried, E | SpaceError, R> = Effect.catchAllDefect(
    Effect.map(attempt, (value): Tried => ({ value })),
    (defect) => defect instanceof Retry ? Effect.succeed(defect) : Effect.die(defect)
  )

  /** Waits for what was missed. That is registered before the last look, so that nothing comes in between unseen. */
  const wait = (missed: Missed): Effect.Effect<Tried, E | SpaceError, R> =>
    withFiber((fiber) =>
      Effect.acquireUseRelease(
        Effect.sync(() => new Wait(session, missed, fiber)),
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

  const again = (next: Tried): Effect.Effect<A, E | SpaceError, R> =>
    "value" in next
      ? Effect.succeed(next.value)
      : Effect.flatMap(next.missed === undefined ? tried : wait(next.missed), again)

  return withFiber((fiber) => {
    if (session.closed) {
      return Effect.interrupt
    }
    return transactionOf(fiber, session) === undefined
      ? Effect.ensuring(Effect.flatMap(tried, again), Effect.sync(unpark))
      : Effect.uninterruptibleMask(make)
  })
}

/**
 * Runs what a user does in a transaction in a fiber of its own, so that the transaction can end without it: when it
 * closes the space, that waits for the transaction, which must not wait for the close. It is undone then.
 */
export const apart = <A, E, R>(
  session: Session,
  restore: Restore,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  // What it forks belongs to the fiber that runs the transaction, as if there were no other.
  Effect.transplant((grafted) => {
    let isAbandoned = false
    let onAbandoned = () => {}
    const abandon = () => {
      isAbandoned = true
      onAbandoned()
    }
    return Effect.flatMap(
      Effect.fork(restore(grafted(locallyWith(effect, insideOf, (all) => [...all, { session, abandon }])))),
      (fiber) =>
        Effect.onInterrupt(
          restore(callback<A, E>((resume) => {
            onEnd(fiber, (exit) => resume(Effect.zipRight(inherit(fiber), exit)))
            onAbandoned = () => {
              interruptLater(fiber)
              resume(Effect.interrupt)
            }
            if (isAbandoned) {
              onAbandoned()
            }
          }, identityOf(fiber))),
          () => isAbandoned ? Effect.void : Fiber.interrupt(fiber)
        )
    )
  })
