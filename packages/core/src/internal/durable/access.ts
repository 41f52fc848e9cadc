/**
 * How operations get at the store: each by itself, or as parts of a transaction.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, Found, Mail, Outcome, Query, Reply, Run, Take } from "../../StoreCommand.js"
import type { Restore } from "../handOver.js"
import type { Pattern } from "../pattern/pattern.js"
import type { ProcessRecord } from "../process.js"
import { current as currentProcess } from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { callback, globalValue, locally, localOf, makeLocal, withFiber } from "../runtime.js"
import type { Making } from "./agenda.js"
import type { Listener } from "./offers.js"
import { sameQueries } from "./query.js"
import type { Session } from "./session.js"
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

interface Running extends Access {
  readonly session: Session
  readonly progress: Progress
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
  () => makeLocal<Running | undefined>(undefined)
)

/** Undoes a transaction, which then waits. */
class Retry {
  constructor(readonly wanted: Wanted) {}
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

export const accessTo = (session: Session): (fiber: AnyFiber) => Access => {
  const access = alone(session)
  return (fiber) => {
    const running = localOf(fiber, transactions)
    return running !== undefined && running.session === session && running.progress.state === "running"
      ? running
      : access
  }
}

const within = (session: Session, run: Run, progress: Progress): Running => {
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

/** Waits until a tuple comes that a transaction has missed. */
class Look implements Listener {
  readonly id: number
  readonly kind = "transact"
  readonly patterns: ReadonlyArray<Pattern>
  readonly since: number
  readonly process: ProcessRecord | undefined
  readonly watcher = undefined
  readonly timeout = undefined
  state: "ended" | "waiting" = "waiting"
  private came = false
  private resume: ((effect: Effect.Effect<void>) => void) | undefined = undefined

  constructor(private readonly session: Session, private readonly wanted: Wanted, readonly fiber: AnyFiber) {
    this.id = session.nextId()
    this.patterns = wanted.patterns
    this.since = session.now()
    this.process = localOf(fiber, currentProcess)
    session.waiters.set(this.id, this)
  }

  get queries(): ReadonlyArray<Query> {
    return this.wanted.queries
  }

  readonly register: Effect.Effect<void, SpaceError> = Effect.suspend(() =>
    Effect.asVoid(this.session.perform({
      op: "wait",
      waiter: this.id,
      kind: "look",
      queries: this.queries,
      exact: false,
      events: [],
      final: false,
      label: labelOf(this)
    }))
  )

  readonly consider = undefined

  accepts(): boolean {
    return false
  }

  arrive(): void {}

  onMail(_: Mail): void {
    this.wake(Effect.void)
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

  private wake(effect: Effect.Effect<void>): void {
    this.came = true
    this.resume?.(effect)
  }

  readonly await: Effect.Effect<void> = callback((resume) => {
    if (this.came) {
      resume(Effect.void)
    } else {
      this.resume = resume
    }
  })

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.session.waiters.delete(this.id)
    return Effect.ignore(this.session.perform({ op: "cancel", waiters: [this.id] }))
  })
}

export const transaction = <A, E, R>(
  session: Session,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SpaceError, R> => {
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
            restore(locally(effect, transactions, within(session, told, ofThisRun))),
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

  /** Runs it; says what it missed, if it has to wait. */
  const tried: Effect.Effect<{ readonly value: A } | Wanted, E | SpaceError, R> = Effect.catchAllDefect(
    Effect.map(attempt, (value) => ({ value })),
    (defect) => defect instanceof Retry ? Effect.succeed(defect.wanted) : Effect.die(defect)
  )

  /** Waits for what was missed. That is registered before the last look, so that nothing comes in between unseen. */
  const wait = (wanted: Wanted): Effect.Effect<{ readonly value: A } | Wanted, E | SpaceError, R> =>
    withFiber((fiber) =>
      Effect.acquireUseRelease(
        Effect.sync(() => new Look(session, wanted, fiber)),
        (look) =>
          Effect.zipRight(
            look.register,
            Effect.tap(
              tried,
              (next) => "value" in next || !sameQueries(next.queries, wanted.queries) ? Effect.void : look.await
            )
          ),
        (look) => look.close
      )
    )

  const again = (next: { readonly value: A } | Wanted): Effect.Effect<A, E | SpaceError, R> =>
    "value" in next ? Effect.succeed(next.value) : Effect.flatMap(wait(next), again)

  return withFiber((fiber) => {
    const running = localOf(fiber, transactions)
    if (session.closed) {
      return Effect.interrupt
    }
    return running?.session === session ? effect : Effect.flatMap(tried, again)
  })
}
