/**
 * How operations get at the store: each by itself, or as parts of a transaction.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constFalse } from "effect/Function"
import type { SpaceError } from "../../SpaceError.js"
import type { Restore, Savepoint } from "../../SpaceStore.js"
import type { Command, Found, Reply, Run, Take } from "../../StoreCommand.js"
import { Queue } from "../queue.js"
import type { AnyFiber } from "../runtime.js"
import { globalValue, locally, localOf, makeLatch, makeLocal } from "../runtime.js"
import type { Parking } from "../stm/parking.js"
import type { Making } from "./agenda.js"
import { Retry } from "./retrying.js"
import type { Leaving, Session } from "./session.js"
import { undoing } from "./undoing.js"
import { lateOf, waitFor } from "./waiter.js"
import type { Met, Read, Wanted } from "./wanted.js"
import { Refusal } from "./wanted.js"

export interface Access {
  /** Whether what is taken by it is a transaction's, which itself sees to it that nothing of that is lost. */
  readonly isTransaction: boolean
  /** Puts back what was taken by an operation that came to nothing. */
  readonly giveBack: (make: Making) => void
  /** Gives what tells from now on whether that which is done by it now has been undone. */
  readonly fate: () => () => boolean
  readonly perform: <C extends Command>(make: Making<C>) => Effect.Effect<Reply<C>, SpaceError>
  /** Takes for a hold, and decodes what it has. */
  readonly take: (
    make: Making<Take>,
    read: (found: Found | null) => Read | Refusal,
    leaving: Leaving<Read>
  ) => Effect.Effect<Read, any>
  readonly exclusively: <A, E>(
    body: (run: Run) => Effect.Effect<A, E>,
    leaving?: Leaving<A>
  ) => Effect.Effect<A, E | SpaceError>
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
  /** As a part of it that is undone alone if it fails. */
  readonly nested: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SpaceError, R>
  /**
   * Ends a hold that was there before. Whoever has closed its scope does not do so again if the transaction runs again,
   * and so that does it. If nothing comes of the transaction, what is held goes back.
   */
  readonly endHold: (
    end: (access: Access) => Effect.Effect<void, SpaceError>,
    back: Making
  ) => Effect.Effect<void, SpaceError>
}

/** How far a run of a transaction has come. */
export class Progress {
  state: "committed" | "ending" | "running" | "undone" = "running"
  /** What is put back before the end. */
  back: Array<Making> = []
  private readonly over = makeLatch()

  end(state: "committed" | "undone"): void {
    this.state = state
    this.over.open()
  }

  /** As a part of the transaction, or when that is over. */
  during<A, E, R>(
    within: () => Effect.Effect<A, E, R>,
    after: () => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.suspend(() =>
      this.state === "running" ? within() : Effect.zipRight(this.over.await, Effect.suspend(after))
    )
  }
}

/** What a transaction keeps, however often it runs. */
export class Lasting {
  /** What it is parked on. */
  readonly parked: Array<Parking> = []
  /** What is done when it has ended, one way or the other. */
  afterwards: Array<Effect.Effect<void, SpaceError>> = []
  /** Holds that were there before, and that it has ended. */
  readonly ended: Array<{
    readonly end: (access: Access) => Effect.Effect<void, SpaceError>
    readonly back: Making
    /** Whether the part of the transaction that did so has been undone. */
    isUndone: boolean
  }> = []

  unpark(): void {
    this.parked.splice(0).forEach((parking) => parking.end())
  }
}

/** The transaction that the fiber is in. */
export const transactions = globalValue(
  Symbol.for("@effect-linda/core/durable/transaction"),
  () => makeLocal<Within | undefined>(undefined)
)

/** The transaction on this space that the fiber is in. */
export const transactionOf = (fiber: AnyFiber, session: Session): Within | undefined => {
  const running = localOf(fiber, transactions)
  return running?.session === session && running.progress.state === "running" ? running : undefined
}

export const accessTo = (session: Session): (fiber: AnyFiber) => Access => {
  const access = alone(session)
  return (fiber) => transactionOf(fiber, session) ?? access
}

const alone = (session: Session): Access => ({
  isTransaction: false,
  giveBack: (make) => session.giveBack(make),
  fate: () => constFalse,
  perform: (make) => session.perform(make),
  take: (make, read, leaving) =>
    session.performing<Read, unknown>((done) =>
      session.post(make, (exit) => {
        if (Exit.isFailure(exit)) {
          return done(Exit.failCause(exit.cause))
        }
        // At once, so that what goes back does so also if the space is closing.
        const [found = null] = exit.value
        const taken = read(found)
        if (!(taken instanceof Refusal)) {
          done(Exit.succeed(taken))
        } else if (taken.taken === undefined) {
          done(Exit.failCause(taken.cause))
        } else {
          const [makes, cause] = taken.taken.back()
          session.giveBackAll(makes, () => done(Exit.failCause(cause)))
        }
      }), leaving),
  exclusively: (body, leaving) => session.exclusively(body, leaving),
  afterwards: (effect) => Effect.asVoid(Effect.exit(effect)),
  wait: (wanted, restore) => waitFor(session, wanted, restore)
})

/** Operations of a run of a transaction; of those that come when it is over, each by itself. */
export const within = (
  session: Session,
  sent: Run,
  savepoint: Savepoint,
  progress: Progress,
  lasting: Lasting
): Within => {
  const after = alone(session)
  /** Whether what is done now has been undone: with the transaction, or with the part of it that runs. */
  let isUndone = (): boolean => progress.state === "undone"
  /** Whether the store has failed this run: if there is another, that does all of it anew. */
  let isLost = false
  const run: Run = (commands) =>
    Effect.tapError(sent(commands), ({ reason }) => Effect.sync(() => void (isLost ||= reason !== "Refused")))
  const one = <C extends Command>(make: Making<C>): Effect.Effect<Reply<C>, SpaceError> =>
    Effect.map(run([session.made(make)]), ({ replies }) => replies[0])
  const afterwards: Access["afterwards"] = (effect) => Effect.sync(() => void lasting.afterwards.push(effect))
  const checked = (read: Read | Refusal): Effect.Effect<Read, unknown> =>
    read instanceof Refusal
      ? Effect.zipRight(
        read.taken === undefined ? Effect.void : Effect.zipRight(one(read.taken.undo), afterwards(read.taken.count)),
        Effect.failCause(read.cause)
      )
      : Effect.succeed(read)
  const waiting = (wanted: Wanted): ReturnType<Access["wait"]> => {
    const hold = session.nextId()
    const { as, attempt, exact, final, queries } = wanted
    const look: Effect.Effect<Met | null, unknown> = !exact
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
  /** Has what is still held go back with the transaction. */
  const undone = (ended: Lasting["ended"]): void => {
    for (const each of ended) {
      each.isUndone ||= !isLost
      progress.back.push(each.back)
    }
  }
  /**
   * The parts of a transaction, or those of a part. Of those that several fibers begin at the same time, each waits for
   * the end of the other: to undo one that has begun first would undo the other with it.
   */
  const partsOf = (): Within["nested"] => {
    const turns = new Queue(1)
    return (effect) =>
      turns.inTurn(Effect.suspend(() => {
        const [back, ended, isWholeUndone] = [progress.back.length, lasting.ended.length, isUndone]
        let isPartUndone = false
        isUndone = () => isPartUndone || isWholeUndone()
        const body = locally(effect, transactions, { ...own, nested: partsOf() })
        const part = undoing(savepoint(body), (cause) =>
          Effect.sync(() => {
            isPartUndone = true
            progress.back.length = back
            if (!isRetry(cause)) {
              undone(lasting.ended.slice(ended))
            }
          }))
        return Effect.ensuring(part, Effect.sync(() => void (isUndone = isWholeUndone)))
      }))
  }
  const own: Within = {
    session,
    run,
    progress,
    parked: lasting.parked,
    isTransaction: true,
    giveBack: (make) => {
      if (progress.state === "committed") {
        session.giveBack(make)
      } else if (progress.state !== "undone") {
        progress.back.push(make)
      }
    },
    fate: () => isUndone,
    perform: (make) => progress.during(() => one(make), () => after.perform(make)),
    take: (make, read, leaving) =>
      progress.during(
        () => Effect.flatMap(one(make), ([found = null]) => checked(read(found))),
        () => after.take(make, read, leaving)
      ),
    exclusively: (body, leaving) => progress.during(() => body(run), () => after.exclusively(body, leaving)),
    afterwards: (effect) => progress.during(() => afterwards(effect), () => after.afterwards(effect)),
    wait: (wanted, restore) => progress.during(() => waiting(wanted), () => after.wait(wanted, restore)),
    nested: partsOf(),
    endHold: (end, back) =>
      Effect.suspend(() => {
        const ended = { end, back, isUndone: false }
        lasting.ended.push(ended)
        return undoing(end(own), () => Effect.sync(() => undone([ended])))
      })
  }
  return own
}

const isRetry = (cause: Cause.Cause<unknown>): boolean =>
  Chunk.some(Cause.defects(cause), (defect) => defect instanceof Retry)
