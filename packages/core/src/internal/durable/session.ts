/**
 * What one client says to its store and hears from it: commands of all fibers, a batch at a time, and mail for those
 * who wait.
 *
 * Modes: *open*, in which all work is done; *closed* ({@link Session.close}), in which whoever asks is interrupted and
 * only what is given back is still done; *ended*, when nothing is left to do and no batch or transaction is under way.
 * In each the client may be taken for dead, its lease being over: {@link Session.renew} then begins a new *life*, and
 * what was sent in the old one is sent again.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { SpaceError } from "../../SpaceError.js"
import type { Restore, Savepoint, SpaceStore } from "../../SpaceStore.js"
import type { Command, Mail, Outcome, Reply, Run } from "../../StoreCommand.js"
import type { Deadline } from "../deadlines.js"
import { Deadlines } from "../deadlines.js"
import type { Watched } from "../insight.js"
import { moved } from "../insight.js"
import {
  atEnd,
  callback,
  globalValue,
  interrupted,
  liveClock,
  localOf,
  makeLocal,
  makeSemaphore,
  withFiber
} from "../runtime.js"
import type { Timed } from "../timekeeper.js"
import { keepTime, setDeadline, Signs, tick, timeOf } from "../timekeeper.js"
import type { Exclusive, Item, Making, Work } from "./agenda.js"
import { Agenda, isMust } from "./agenda.js"
import { restoring, settling } from "./back.js"
import type { Asked } from "./batches.js"
import { batchesOf, room, sizeOf } from "./batches.js"
import type { Accepts, Heard, Listener } from "./offers.js"
import { Offers } from "./offers.js"
import { undoing } from "./undoing.js"

/** The transactions of the user's that a fiber is in, each with how it is ended without the fiber. */
export const insideOf = globalValue(
  Symbol.for("@effect-linda/core/durable/insideOf"),
  () => makeLocal<ReadonlyArray<{ readonly session: Session; readonly abandon: () => void }>>([])
)

export class Session implements Timed, Watched {
  readonly deadlines = new Deadlines()
  alarm = Infinity
  wakeTimekeeper: (() => void) | undefined = undefined

  moves = 0
  readonly observers = new Set<unknown>()
  readonly onMoved = new Set<() => void>()
  readonly puts = { size: 0 }

  closed = false
  /** Whether the last batch is done. */
  private ended = false
  readonly waiters = new Map<number, Listener>()
  readonly offers = new Offers(this.waiters)
  /** Called with the milliseconds that an operation has waited that is served. */
  onServed: ((waited: number) => void) | undefined = undefined

  private ids = 0
  private readonly agenda = new Agenda()
  /** Whether to ask for mail though there is no work. */
  private poked = false
  private resume: (() => void) | undefined = undefined
  private readonly signs = new Signs(() => this.now(), () => this.poke())
  private readonly expiry: Deadline = { at: 0, index: -1, fire: () => this.poke() }

  constructor(readonly store: SpaceStore, private readonly clock: Clock.Clock) {
    this.depth = store.depth ?? 1
    this.slots = makeSemaphore(this.depth)
  }

  now(): number {
    return timeOf(this.clock)
  }

  nextId(): number {
    return ++this.ids
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Work
  // -------------------------------------------------------------------------------------------------------------------

  /** Lets the store do something. What is asked for first is done first. */
  post<C extends Command>(make: Making<C>, done: Item<C>["done"] = () => {}): Work {
    return this.add<C>({ make, done, must: false })
  }

  /** The same, also while the space closes. */
  giveBack<C extends Command>(make: Making<C>, done: Item<C>["done"] = () => {}): void {
    this.add<C>({ make, done, must: true })
  }

  /** Several, one after the other: when the last has been done. */
  giveBackAll(makes: ReadonlyArray<Making>, done: () => void): void {
    makes.forEach((make, index) => this.giveBack(make, index === makes.length - 1 ? done : undefined))
  }

  postExclusive(body: Exclusive["body"], done: Exclusive["done"]): Work {
    return this.add({ body, done })
  }

  private add<C extends Command>(work: Item<C> | Exclusive): Work {
    if (this.closed && (this.ended || !isMust(work))) {
      work.done(interrupted)
    } else {
      this.agenda.add(work)
      this.poke()
    }
    return work
  }

  /** Asks for mail, at least. */
  poke(): void {
    this.poked = true
    const { resume } = this
    this.resume = undefined
    resume?.()
  }

  /** Has the store do something, and waits for it. */
  perform<C extends Command>(make: Making<C>): Effect.Effect<Reply<C>, SpaceError> {
    return this.performing((done) => this.post(make, done))
  }

  exclusively<A, E>(
    body: (run: Run, accepts: Accepts) => Effect.Effect<A, E>,
    leaving?: Leaving<A>
  ): Effect.Effect<A, E | SpaceError> {
    return this.performing((done) => this.postExclusive(body, done), leaving)
  }

  /**
   * Waits for work. Whoever is interrupted leaves nothing behind: what has not been begun is not done, and what has is
   * waited for, but no longer than a store needs that is not busy. What is done later then, or in the instant of the
   * interruption, is undone.
   */
  performing<A, E>(post: (done: (exit: Exit.Exit<A, E>) => void) => Work, leaving?: Leaving<A>): Effect.Effect<A, E> {
    return leaving === undefined
      ? Effect.uninterruptibleMask((restore) => this.leavable(post, { restore, undo: () => {} }))
      : this.leavable(post, leaving)
  }

  private leavable<A, E>(
    post: (done: (exit: Exit.Exit<A, E>) => void) => Work,
    { restore, undo }: Leaving<A>
  ): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      let work: Work | undefined
      let exit: Exit.Exit<A, E> | undefined
      let onDone: (exit: Exit.Exit<A, E>) => void
      const done = callback<A, E>((resume) => {
        onDone = resume
        work = post((now) => {
          exit = now
          onDone(now)
        })
      })
      const over = (exit: Exit.Exit<A, E>) => Exit.isSuccess(exit) && undo(exit.value)
      const leave = callback<void>((resume) => {
        if (exit !== undefined) {
          over(exit)
        }
        if (exit !== undefined || work === undefined || this.agenda.withdraw(work)) {
          resume(Effect.void)
          return
        }
        const stop = this.afterPatience(() => resume(Effect.void))
        onDone = (exit) => {
          over(exit)
          stop()
          resume(Effect.void)
        }
      })
      return Effect.tapErrorCause(restore(done), () => leave)
    })
  }

  /** Calls back after the time that somebody who leaves waits for the store. Returns how to prevent that. */
  afterPatience(fire: () => void): () => void {
    const deadline: Deadline = { at: 0, index: -1, fire }
    this.setDeadline(deadline, this.now() + patience)
    return () => this.setDeadline(deadline, Infinity)
  }

  /** Transactions of the user's that are under way. */
  private transactions = 0
  private onTransactionsOver: (() => void) | undefined = undefined

  /** What a transaction of the user's brings is heard before the session ends. */
  counted<A, E, R>(transaction: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.transactions++
      return Effect.ensuring(
        transaction,
        Effect.sync(() => {
          this.transactions--
          this.onTransactionsOver?.()
        })
      )
    })
  }

  private readonly transactionsOver: Effect.Effect<void> = callback<void>((resume) => {
    if (this.transactions === 0) {
      resume(Effect.void)
    } else {
      this.onTransactionsOver = () => {
        this.onTransactionsOver = undefined
        resume(Effect.void)
      }
    }
  })

  /** How many batches may be under way. */
  private readonly slots: Effect.Semaphore
  private readonly depth: number
  private underWay = 0

  /**
   * How many of the commands that are ready are sent. The store should have something to do while we make sense of what
   * it has answered.
   */
  private readonly share = (ready: number): number =>
    this.underWay === 0 && this.depth > 1 && ready >= worthSplitting ? Math.ceil(ready / 2) : ready

  /** Does what comes next, when there is room for it. */
  private readonly step: Effect.Effect<void> = Effect.suspend(() =>
    Effect.zipRight(
      this.slots.take(1),
      Effect.suspend(() => {
        const work = this.agenda.next(this.share)
        this.poked = this.agenda.size > 0
        if ("body" in work || this.depth === 1) {
          const done = "body" in work ? this.doExclusive(work) : this.doBatch(work)
          return Effect.ensuring(
            Effect.zipRight(this.slots.take(this.depth - 1), done),
            this.slots.release(this.depth)
          )
        }
        this.underWay++
        const done = Effect.suspend(() => {
          this.underWay--
          return this.slots.release(1)
        })
        return Effect.fork(Effect.ensuring(this.doBatch(work), done))
      })
    )
  )

  /** How often in a row the store has failed. */
  private failures = 0
  /** How often we have been taken for dead. */
  private life = 0
  /** While answers are given out that were meant for a client that has lapsed since. */
  isStale = false

  private doBatch(items: ReadonlyArray<Item>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { life } = this
      this.offers.begin()
      const made = this.fitting(items)
      const batches = batchesOf(made)
      const commands = batches.map(({ command }) => command)
      const run = this.offers.areMade
        ? this.store.transaction((run) => this.offers.heard(run, () => true)(commands))
        : this.store.run(commands)
      return Effect.map(
        Effect.exit(run as Effect.Effect<Outcome | Heard, SpaceError>),
        Exit.match({
          onSuccess: (outcome) => {
            this.isStale = life !== this.life
            batches.forEach((batch, index) => batch.distribute(outcome.replies[index]!))
            this.isStale = false
            this.hear(outcome)
          },
          onFailure: (cause) => {
            switch (reasonOf(cause)) {
              case "Lapsed":
                return this.lapsed(made, life)
              case "Refused":
                return this.refused(made, cause)
              default:
                return this.lost(made, cause)
            }
          }
        })
      )
    })
  }

  /** What was sent in a life that is over is sent again: behind that of a batch that has learned of it before. */
  private lapsed(made: ReadonlyArray<Made>, life: number): void {
    const isFirst = life === this.life
    this.agenda.addAgain(made.map(({ item }) => item), isFirst)
    if (isFirst) {
      this.renew()
    }
  }

  /** None of it has happened. The refusal is for one, which the others need not share: they go one by one. */
  private refused(made: ReadonlyArray<Made>, cause: Cause.Cause<SpaceError>): void {
    this.giveSign()
    if (made.length > 1) {
      made.forEach(({ item }) => {
        item.alone = true
      })
      this.agenda.addFirst(made.map(({ item }) => item))
      this.poke()
      return
    }
    for (const { command, done } of made) {
      if (command.op === "settle" && command.put.length > 0) {
        // The letter is refused: what is held is back.
        command.holds.forEach((hold) => this.giveBack({ ...settling(hold, {}, true), ids: command.ids }))
      }
      done(Exit.failCause(cause))
    }
  }

  /** Nobody knows whether it has happened, unless the store does. */
  private lost(made: ReadonlyArray<Made>, cause: Cause.Cause<SpaceError>): void {
    this.giveSign()
    // What ends a hold or a waiter does no harm if it is done twice, and much if it is not done. What goes back would
    // be there twice.
    const isAgain = ({ op }: Command) => op === "settle" || op === "cancel" || op === "restore" && this.store.undoes
    this.agenda.addFirst(
      made.flatMap(({ command, item: { make } }): ReadonlyArray<Item> =>
        isAgain(command) ? [{ make, done: () => {}, must: true }] : []
      )
    )
    this.failures++
    this.doubt = cause
    made.forEach(({ done }) => done(Exit.failCause(cause)))
  }

  /** What there is room for in a batch, and what it says. The rest comes next. */
  private fitting(items: ReadonlyArray<Item>): ReadonlyArray<Made> {
    const made: Array<Made> = []
    let size = 0
    for (const item of items) {
      const command = this.made(item.make)
      size += sizeOf(command)
      if (made.length > 0 && size > room) {
        this.agenda.addFirst(items.slice(made.length))
        this.poke()
        break
      }
      made.push({ item, command, done: (exit) => item.done(exit) })
    }
    return made
  }

  private doExclusive(work: Exclusive): Effect.Effect<void> {
    return Effect.asVoid(this.transaction(
      (run) => work.body(run, this.offers.accepts),
      (exit, fate) => fate === "lapsed" ? this.agenda.addFirst([work]) : work.done(exit)
    ))
  }

  /**
   * Several batches as one. What they have brought is heard when they have happened; before that `ended` is told what
   * has become of them. Until their turn has come who waits may leave, by `restore`.
   */
  transaction<A, E, R>(
    body: (run: Run, savepoint: Savepoint) => Effect.Effect<A, E, R>,
    ended: (exit: Exit.Exit<A, E | SpaceError>, fate: Fate) => void,
    restore?: Restore
  ): Effect.Effect<{ readonly exit: Exit.Exit<A, E | SpaceError>; readonly fate: Fate }, never, R> {
    return Effect.suspend(() => {
      this.offers.begin()
      const outcomes: Array<Heard> = []
      this.unheard.add(outcomes)
      let stage: "begun" | "running" | "whole" = "begun"
      /** What the store has failed with while it ran. */
      let failure: SpaceError | undefined
      const transaction = this.store.transaction((run, savepoint) => {
        // The store may have to begin anew.
        outcomes.length = 0
        stage = "running"
        failure = undefined
        const heard = this.offers.heard((commands) =>
          Effect.tapError(run(commands), (error) => Effect.sync(() => void (failure ??= error)))
        )
        const told: Run = (commands) => Effect.tap(heard(commands), (outcome) => void outcomes.push(outcome))
        const part: Savepoint = (effect) =>
          Effect.suspend(() => {
            const { length } = outcomes
            return undoing(savepoint(effect), () => Effect.sync(() => void (outcomes.length = length)))
          })
        return Effect.tap(body(told, part), () => Effect.sync(() => void (stage = "whole")))
      }, restore)
      const fateOf = (exit: Exit.Exit<A, E | SpaceError>): Fate => {
        if (Exit.isSuccess(exit)) {
          return "done"
        }
        const isLeft = stage === "begun" && Exit.isInterrupted(exit)
        const isOfBody = stage === "running" && failure === undefined
        const reason = stage === "running" || failure?.reason === "Lapsed" ? failure?.reason : reasonOf(exit.cause)
        return reason === "Lapsed" ? "lapsed" : isLeft || isOfBody || reason === "Refused" ? "undone" : "lost"
      }
      return Effect.map(Effect.exit(transaction), (exit) => {
        const fate = fateOf(exit)
        ended(exit, fate)
        this.unheard.delete(outcomes)
        if (fate === "done") {
          outcomes.forEach((outcome) => this.hear(outcome))
        } else if (fate === "lapsed") {
          this.renew()
        } else {
          this.giveSign()
          if (fate === "lost") {
            this.failures++
            this.doubt = failure === undefined && Exit.isFailure(exit) ? exit.cause : Cause.fail(failure)
          }
        }
        return { exit, fate }
      })
    })
  }

  /** What transactions have come to that are under way, or over and not heard of yet. */
  private readonly unheard = new Set<ReadonlyArray<Heard>>()

  /** The mail that these have fetched: of those that come to nothing, too. */
  get fetched(): ReadonlyArray<Mail> {
    return Array.from(this.unheard).flatMap((outcomes) => outcomes.flatMap(({ mail }) => mail))
  }

  /** What is to be sent. */
  made<C extends Command>(make: Making<C>): C {
    return typeof make === "function" ? make(this.offers.accepts) : make
  }

  // -------------------------------------------------------------------------------------------------------------------
  // What comes from the store
  // -------------------------------------------------------------------------------------------------------------------

  /** A failure after which it is not known what has come for us. */
  private doubt: Cause.Cause<unknown> | undefined = undefined

  /** What is to be done when the mail of the batch has been heard. */
  private readonly afterMail: Array<() => void> = []

  /** Calls back when all mail has been heard that had come by the batch whose answers are given out. */
  whenHeard(callback: () => void): void {
    this.afterMail.push(callback)
  }

  hear(outcome: Outcome | Heard): void {
    const { mail, next } = outcome
    const { doubt } = this
    this.doubt = undefined
    this.failures = 0
    if ("joined" in outcome) {
      outcome.learned.forEach((learn) => learn())
    }
    for (const each of mail) {
      this.deliver(each)
    }
    this.afterMail.splice(0).forEach((callback) => callback())
    if ("joined" in outcome) {
      for (const [waiter, found] of outcome.joined) {
        const joining = this.waiters.get(waiter)
        if (joining !== undefined) {
          joining.arrive(found)
        } else {
          this.giveBack(restoring(found.rows))
        }
      }
    }
    if (doubt !== undefined) {
      for (const waiter of [...this.waiters.values()]) {
        waiter.onDoubt(doubt)
      }
    }
    this.giveSign()
    this.setDeadline(this.expiry, next === null ? Infinity : this.now() + next)
    this.moved(undefined)
  }

  /** Gives a sign of life in time, whatever became of the last one. */
  private giveSign(): void {
    this.signs.setNext(this.now() + this.store.lease / 3)
  }

  private deliver(mail: Mail): void {
    const line = mail.kind === "hint" ? this.offers.lineOf(mail.waiter) : undefined
    const waiter = this.waiters.get(mail.waiter)
    if (line !== undefined) {
      line.hint(mail)
    } else if (waiter !== undefined) {
      waiter.onMail(mail)
    } else if (mail.kind === "served") {
      this.giveBack(mail.final ? restoring([mail.row]) : settling(mail.waiter))
    }
  }

  /** After we were taken for dead: nobody knows our waiters any more, and what we held belongs to others. */
  private renew(): void {
    this.life++
    this.poke()
    for (const onLapsed of [...this.uses]) {
      onLapsed()
    }
    for (const waiter of [...this.waiters.values()]) {
      waiter.onLapsed()
    }
  }

  /** Called when what is held is lost. */
  readonly uses = new Set<() => void>()

  // -------------------------------------------------------------------------------------------------------------------
  // Time, processes
  // -------------------------------------------------------------------------------------------------------------------

  setDeadline(deadline: Deadline, at: number): void {
    setDeadline(this, deadline, at)
  }

  tick(): void {
    tick(this)
  }

  rollBack(): void {}

  waiting(): ReadonlyArray<Listener> {
    return [...this.waiters.values()]
  }

  moved(fiber: unknown): void {
    moved(this, fiber)
  }

  /** Works as long as the scope is open; then does what is left to do. */
  readonly start: Effect.Effect<void, SpaceError, Scope.Scope> = Effect.gen(this, function*() {
    yield* this.store.onMail(() => this.poke())
    const idle = callback<void>((resume) => {
      if (this.poked) {
        resume(Effect.void)
      } else {
        this.resume = () => resume(Effect.void)
      }
    })
    const loop = Effect.forever(Effect.zipRight(idle, Effect.uninterruptible(this.step)))
    /** What a batch brings may have to be given back: only when none is under way, nothing is left to do. */
    const rest: Effect.Effect<void> = Effect.suspend(() =>
      this.agenda.size > 0
        ? Effect.zipRight(this.step, rested)
        : Effect.zipRight(
          this.slots.take(this.depth),
          Effect.suspend(() => {
            this.ended = this.agenda.size === 0 && this.transactions === 0
            return this.ended
              ? Effect.void
              : Effect.zipRight(
                this.slots.release(this.depth),
                this.agenda.size > 0 ? rested : Effect.zipRight(this.transactionsOver, rest)
              )
          })
        )
    )
    let giveUpAt = Infinity
    /**
     * The same. A store that fails is asked again after a while, but not for ever: what we hold is back by itself when
     * the lease is over.
     */
    const rested: Effect.Effect<void> = Effect.suspend(() => {
      if (this.failures >= mostFailures || this.failures > 0 && timeOf(liveClock) >= giveUpAt) {
        return Effect.map(this.slots.take(this.depth), () => {
          this.ended = true
          this.agenda.clear().forEach(({ done }) => done(interrupted))
        })
      }
      return this.failures === 0 ? rest : Effect.zipRight(liveClock.sleep(pauseAfter(this.failures)), rest)
    })
    yield* Effect.addFinalizer(() => {
      this.failures = 0
      giveUpAt = timeOf(liveClock) + this.store.lease
      return rest
    })
    yield* Effect.forkScoped(Effect.interruptible(loop))
    yield* keepTime(this)
    yield* this.signs.keep
    this.giveSign()
    this.poke()
  })

  /**
   * Closes with the scope. The close waits for transactions that are under way; one of them that closes the space
   * itself is undone, for it would wait for its own end.
   */
  readonly closeWithScope: Effect.Effect<void, never, Scope.Scope> = atEnd(() =>
    withFiber<void>((fiber) => {
      localOf(fiber, insideOf).forEach(({ abandon, session }) => session === this && abandon())
      this.close()
      return Effect.void
    })
  )

  /** S12: whoever waits is interrupted, and so is whoever asks from now on. */
  close(): void {
    this.closed = true
    for (const waiter of [...this.waiters.values()]) {
      waiter.end(interrupted)
    }
    for (const { done } of this.agenda.drop()) {
      done(interrupted)
    }
    this.moved(undefined)
  }
}

/** Why the store has failed, if it has. */
const reasonOf = (cause: Cause.Cause<unknown>): SpaceError["reason"] | undefined =>
  cause._tag === "Fail" ? (cause.error as SpaceError).reason : undefined

/** What has become of a transaction: of one that is lost nobody knows. */
export type Fate = "done" | "lapsed" | "lost" | "undone"

/** How whoever waits for work can be interrupted, and what becomes of what is done all the same. */
export interface Leaving<A> {
  readonly restore: Restore
  readonly undo: (value: A) => void
}

/** For how long whoever is interrupted, or too late, waits for a store that is busy. In milliseconds. */
const patience = 100

/** How often in a row a store may fail that is to do the last things for a space that closes. */
const mostFailures = 10

/** How long it is given in between. */
const pauseAfter = (failures: number): Duration.Duration => Duration.millis(Math.min(5 * 2 ** failures, 1_000))

/** A command of a batch, and for whom it is sent. */
interface Made extends Asked {
  readonly item: Item
}

/** So many commands go as two batches, if the store takes two at a time. */
const worthSplitting = 16
