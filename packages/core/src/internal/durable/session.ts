/**
 * What one client says to its store and hears from it: commands of all fibers, a batch at a time, and mail for those who wait.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, Found, Mail, Outcome, Reply, Row, SpaceStore } from "../../SpaceStore.js"
import type { Tuple } from "../../Tuple.js"
import type { Deadline } from "../deadlines.js"
import { Deadlines } from "../deadlines.js"
import type { Waiting, Watched } from "../insight.js"
import type { Timed } from "../timekeeper.js"
import { keepTime, setDeadline, Signs, tick, timeOf } from "../timekeeper.js"
import { lapsed } from "./interpreter.js"
import { sameQueries } from "./query.js"

/** Which of this client's waiters accept a tuple, of those that only the client can decide about. */
export type Accepts = (tuple: Tuple) => ReadonlyArray<number>

/** A command, or how to make it when it is sent. */
export type Making = Command | ((accepts: Accepts) => Command)

export type Run = (commands: ReadonlyArray<Command>) => Effect.Effect<Outcome, SpaceError>

/** Something to be done by the store. */
interface Item {
  readonly make: Making
  readonly done: (exit: Exit.Exit<Reply, SpaceError>) => void
  /** Whether it is done also if the space closes meanwhile: something is given back. */
  readonly must: boolean
}

/** Something that takes several looks at the store, with nobody coming in between. */
interface Exclusive {
  readonly body: (run: Run, accepts: Accepts) => Effect.Effect<any, any>
  readonly done: (exit: Exit.Exit<any, any>) => void
}

type Work = Item | Exclusive

/** Somebody who waits for mail. */
export interface Listener extends Waiting {
  readonly id: number
  readonly onMail: (mail: Mail) => void
  /** The store does not know it any more. */
  readonly onLapsed: () => void
  /** Mail for it may have been lost. */
  readonly onDoubt: (cause: Cause.Cause<unknown>) => void
  readonly end: (exit: Exit.Exit<never, unknown>) => void
  /** Whether a tuple is wanted, where the store cannot tell. */
  readonly accepts: (tuple: Tuple) => boolean
  /** For a join: what it makes of a tuple that it is offered; nothing, if it has what it wants by now. */
  readonly consider:
    | ((run: Run, row: Row, isOver: boolean) => Effect.Effect<Found | null, SpaceError>)
    | undefined
  readonly arrive: (found: Found) => void
}

/** What a batch comes to, when joins have said what they make of what they were offered. */
export interface Heard extends Outcome {
  /** Joins that are complete. */
  readonly joined: ReadonlyArray<readonly [waiter: number, found: Found]>
}

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
  /** Called with the milliseconds that an operation has waited that is served. */
  onServed: ((waited: number) => void) | undefined = undefined

  private ids = 0
  private work: Array<Work> = []
  /** Whether to ask for mail though there is no work. */
  private poked = false
  private resume: (() => void) | undefined = undefined
  private readonly signs = new Signs(() => this.now(), () => this.poke())
  private readonly expiry: Deadline = { at: 0, place: -1, fire: () => this.poke() }

  constructor(readonly store: SpaceStore, private readonly clock: Clock.Clock) {
    this.depth = store.depth ?? 1
    this.slots = Effect.unsafeMakeSemaphore(this.depth)
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
  post(make: Making, done: Item["done"] = () => {}): Work {
    return this.add({ make, done, must: false })
  }

  /** The same, also while the space closes. */
  giveBack(make: Making, done: Item["done"] = () => {}): void {
    this.add({ make, done, must: true })
  }

  postExclusive(body: Exclusive["body"], done: Exclusive["done"]): Work {
    return this.add({ body, done })
  }

  private add(work: Work): Work {
    if (this.closed && (this.ended || !isMust(work))) {
      work.done(Exit.interrupt(closedBy))
    } else {
      this.work.push(work)
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

  /** Takes back what has not been begun. */
  withdraw(work: Work): boolean {
    const index = this.work.indexOf(work)
    if (index >= 0) {
      this.work.splice(index, 1)
    }
    return index >= 0
  }

  /** Has the store do something, and waits for it: also if interrupted, unless it has not been begun by then. */
  perform(make: Making): Effect.Effect<Reply, SpaceError> {
    return this.performing((done) => this.post(make, done))
  }

  exclusively<A, E>(body: (run: Run, accepts: Accepts) => Effect.Effect<A, E>): Effect.Effect<A, E | SpaceError> {
    return this.performing((done) => this.postExclusive(body, done))
  }

  performing<A, E>(post: (done: (exit: Exit.Exit<A, E>) => void) => Work): Effect.Effect<A, E> {
    return Effect.async<A, E>((resume) => {
      let ended: (() => void) | undefined
      let isDone = false
      const work = post((exit) => {
        isDone = true
        resume(exit)
        ended?.()
      })
      return Effect.async<void>((resume) => {
        if (isDone || this.withdraw(work)) {
          resume(Effect.void)
        } else {
          ended = () => resume(Effect.void)
        }
      })
    })
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

  private readonly transactionsOver: Effect.Effect<void> = Effect.async<void>((resume) => {
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

  /** What comes next: as many commands as follow each other, or something that has to be alone. */
  private next(): ReadonlyArray<Item> | Exclusive {
    this.resent = 0
    const [first] = this.work
    if (first !== undefined && "body" in first) {
      this.work.shift()
      return first
    }
    const end = this.work.findIndex((each) => "body" in each)
    const ready = end < 0 ? this.work.length : end
    // The store should have something to do while we make sense of what it has answered.
    const share = this.underWay === 0 && this.depth > 1 && ready >= worthSplitting ? Math.ceil(ready / 2) : ready
    return this.work.splice(0, share) as ReadonlyArray<Item>
  }

  /** Does what comes next, when there is room for it. */
  private readonly step: Effect.Effect<void> = Effect.suspend(() =>
    Effect.zipRight(
      this.slots.take(1),
      Effect.suspend(() => {
        const work = this.next()
        this.poked = this.work.length > 0
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

  /** How often we have been taken for dead. */
  private life = 0
  /** How many items at the front of the work are there again. */
  private resent = 0
  /** While answers are given out that were meant for a client that has lapsed since. */
  isStale = false

  private doBatch(items: ReadonlyArray<Item>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { life } = this
      this.isOffering = false
      const made = items.map((item) => [item, this.made(item.make)] as const)
      const batches = batchesOf(made)
      const commands = batches.map(({ command }) => command)
      const run = this.isOffering
        ? this.store.transaction((run) => this.heard(run, () => true)(commands))
        : this.store.run(commands)
      return Effect.map(
        Effect.exit(run as Effect.Effect<Outcome | Heard, SpaceError>),
        Exit.match({
          onSuccess: (outcome) => {
            this.isStale = life !== this.life
            batches.forEach(({ distribute }, index) => distribute(outcome.replies[index]))
            this.isStale = false
            this.hear(outcome)
          },
          onFailure: (cause) => {
            if (isLapsed(cause)) {
              // Behind those of a batch before it that has learned of it first.
              this.resent = life === this.life ? 0 : Math.min(this.resent, this.work.length)
              this.work = [...this.work.slice(0, this.resent), ...items, ...this.work.slice(this.resent)]
              this.resent += items.length
              if (life === this.life) {
                this.renew()
              }
            } else {
              this.giveSign()
              // What ends a hold or a waiter does no harm if it is done twice, and much if it is not done.
              this.work = [
                ...made.flatMap(([{ make }, command]): ReadonlyArray<Item> =>
                  command.op === "settle" || command.op === "cancel"
                    ? [{ make, done: () => {}, must: true }]
                    : []
                ),
                ...this.work
              ]
              items.forEach(({ done }) => done(Exit.failCause(cause)))
              this.doubt = cause
            }
          }
        })
      )
    })
  }

  private doExclusive(work: Exclusive): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isOffering = false
      const outcomes: Array<Heard> = []
      let hasFailed = false
      /** Whether it is what was done with the store that has failed, and not the store: then all is undone for sure. */
      let isUndone = false
      const body = this.store.transaction((run) => {
        // The store may have to begin anew.
        outcomes.length = 0
        hasFailed = false
        isUndone = false
        const heard = this.heard((commands) =>
          Effect.tapError(run(commands), () => Effect.sync(() => void (hasFailed = true)))
        )
        return Effect.tapErrorCause(
          work.body(
            (commands) => Effect.tap(heard(commands), (outcome) => void outcomes.push(outcome)),
            this.accepts
          ),
          () => Effect.sync(() => void (isUndone = !hasFailed))
        )
      })
      return Effect.map(Effect.exit(body), (exit) => {
        if (Exit.isSuccess(exit)) {
          work.done(exit)
          outcomes.forEach((outcome) => this.hear(outcome))
        } else if (isLapsed(exit.cause)) {
          this.work = [work, ...this.work]
          this.renew()
        } else {
          this.giveSign()
          work.done(exit)
          if (Cause.isFailType(exit.cause) && !isUndone) {
            this.doubt = exit.cause
          }
        }
      })
    })
  }

  /** In a transaction: asks joins about what they are offered, until nobody is offered anything any more. */
  heard(
    run: Run,
    isOffering = () => this.isOffering
  ): (commands: ReadonlyArray<Command>) => Effect.Effect<Heard, SpaceError> {
    const settle = (heard: Heard): Effect.Effect<Heard, SpaceError> => {
      const offer = heard.mail.find(({ kind }) => kind === "offer")
      if (offer === undefined) {
        return Effect.succeed(heard)
      }
      const mail = heard.mail.filter((other) => other !== offer)
      const joined = [...heard.joined]
      const collect: Run = (commands) => Effect.tap(run(commands), (outcome) => void mail.push(...outcome.mail))
      const isOver = joined.some(([waiter]) => waiter === offer.waiter)
      const considered = this.waiters.get(offer.waiter)?.consider?.(collect, offer.row, isOver) ??
        Effect.as(
          collect([{ op: "answer", waiter: offer.waiter, id: offer.row.id, take: false, accepted: null }]),
          null
        )
      return Effect.flatMap(considered, (found) => {
        if (found !== null) {
          joined.push([offer.waiter, found])
        }
        return settle({ ...heard, mail, joined })
      })
    }
    const whole = (commands: ReadonlyArray<Command>) =>
      Effect.flatMap(run(commands), (outcome) => settle({ ...outcome, joined: [] }))
    // Where joins are offered something, what becomes of a tuple has to be known before the next one comes.
    return (commands) =>
      !isOffering() ? whole(commands) : Effect.map(
        Effect.forEach(commands, (command) =>
          command.op === "put" && command.rows.length > 1
            ? Effect.map(
              Effect.forEach(command.rows, (row) => whole([{ op: "put", rows: [row] }])),
              (all) => combined(all, [all.flatMap(({ replies }) => replies[0])])
            )
            : whole([command])),
        (all) => combined(all, all.flatMap(({ replies }) => replies))
      )
  }

  readonly accepts: Accepts = (tuple) => {
    const accepting: Array<number> = []
    for (const waiter of this.undecided) {
      if (waiter.accepts(tuple)) {
        this.isOffering ||= waiter.consider !== undefined
        accepting.push(waiter.id)
      }
    }
    return accepting
  }

  /** What is to be sent. */
  made(make: Making): Command {
    return typeof make === "function" ? make(this.accepts) : make
  }

  /** Whether a join has been found to accept something. */
  private isOffering = false

  /** Those waiters that only we can decide about. */
  readonly undecided = new Set<Listener>()

  // -------------------------------------------------------------------------------------------------------------------
  // What comes from the store
  // -------------------------------------------------------------------------------------------------------------------

  /** A failure after which it is not known what has come for us. */
  doubt: Cause.Cause<unknown> | undefined = undefined

  hear(outcome: Outcome | Heard): void {
    const { mail, next } = outcome
    const { doubt } = this
    this.doubt = undefined
    for (const each of mail) {
      this.deliver(each)
    }
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
    const waiter = this.waiters.get(mail.waiter)
    if (waiter !== undefined) {
      waiter.onMail(mail)
    } else if (mail.kind === "served") {
      this.giveBack(mail.final ? restoring([mail.row]) : settling(mail.waiter))
    }
  }

  /** After we were taken for dead: nobody knows our waiters any more. */
  renew(): void {
    this.life++
    this.poke()
    for (const waiter of [...this.waiters.values()]) {
      waiter.onLapsed()
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Time, processes
  // -------------------------------------------------------------------------------------------------------------------

  setDeadline(deadline: Deadline, at: number): void {
    setDeadline(this, deadline, at)
  }

  tick(): void {
    tick(this)
  }

  settle(): void {}

  waiting(): ReadonlyArray<Listener> {
    return [...this.waiters.values()]
  }

  moved(fiber: unknown): void {
    if (!this.observers.has(fiber)) {
      this.moves++
      for (const notify of this.onMoved) {
        notify()
      }
    }
  }

  /** Works as long as the scope is open; then does what is left to do. */
  readonly start: Effect.Effect<void, SpaceError, Scope.Scope> = Effect.gen(this, function*() {
    yield* this.store.onMail(() => this.poke())
    const idle = Effect.async<void>((resume) => {
      if (this.poked) {
        resume(Effect.void)
      } else {
        this.resume = () => resume(Effect.void)
      }
    })
    const loop = Effect.forever(Effect.zipRight(idle, Effect.uninterruptible(this.step)))
    /** What a batch brings may have to be given back: only when none is under way, nothing is left to do. */
    const rest: Effect.Effect<void> = Effect.suspend(() =>
      this.work.length > 0
        ? Effect.zipRight(this.step, rest)
        : Effect.zipRight(
          this.slots.take(this.depth),
          Effect.suspend(() => {
            this.ended = this.work.length === 0 && this.transactions === 0
            return this.ended
              ? Effect.void
              : Effect.zipRight(
                this.slots.release(this.depth),
                this.work.length > 0 ? rest : Effect.zipRight(this.transactionsOver, rest)
              )
          })
        )
    )
    yield* Effect.addFinalizer(() => rest)
    yield* Effect.forkScoped(Effect.interruptible(loop))
    yield* keepTime(this)
    yield* this.signs.keep
    this.giveSign()
    this.poke()
  })

  /** S12: whoever waits is interrupted, and so is whoever asks from now on. */
  close(): void {
    this.closed = true
    for (const waiter of [...this.waiters.values()]) {
      waiter.end(Exit.interrupt(closedBy))
    }
    const { work } = this
    this.work = work.filter(isMust)
    for (const each of work) {
      if (!this.work.includes(each)) {
        each.done(Exit.interrupt(closedBy))
      }
    }
    this.moved(undefined)
  }
}

const isMust = (work: Work): boolean =>
  "must" in work && (work.must || typeof work.make === "object" && work.make.op === "settle")

const combined = (all: ReadonlyArray<Heard>, replies: ReadonlyArray<Reply>): Heard => ({
  replies,
  mail: all.flatMap(({ mail }) => mail),
  joined: all.flatMap(({ joined }) => joined),
  next: all[all.length - 1]?.next ?? null
})

const isLapsed = (cause: Cause.Cause<unknown>): boolean =>
  cause._tag === "Fail" && (cause.error as SpaceError).reason === lapsed.reason

/** So many commands go as two batches, if the store takes two at a time. */
const worthSplitting = 16

/** A command for several items. */
interface Batch {
  readonly command: Command
  readonly distribute: (reply: Reply) => void
}

/** Neighbours that say the same become one command: they are done at once. */
const batchesOf = (items: ReadonlyArray<readonly [Item, Command]>): ReadonlyArray<Batch> => {
  const batches: Array<Batch> = []
  for (let i = 0; i < items.length;) {
    const [{ done }, first] = items[i]!
    const parts: Array<number> = [lengthOf(first)]
    const dones = [done]
    const merged: Array<Command> = [first]
    let j = i + 1
    for (; j < items.length && mayMerge(first, items[j]![1]); j++) {
      merged.push(items[j]![1])
      parts.push(lengthOf(items[j]![1]))
      dones.push(items[j]![0].done)
    }
    batches.push({
      command: merged.length === 1 ? first : merge(merged),
      distribute: merged.length === 1
        ? (reply) => done(Exit.succeed(reply))
        : (replies) => {
          let start = 0
          dones.forEach((done, index) => {
            done(Exit.succeed(replies.slice(start, start + parts[index]!)))
            start += parts[index]!
          })
        }
    })
    i = j
  }
  return batches
}

const lengthOf = (command: Command): number =>
  command.op === "put" ? command.rows.length : "holds" in command ? command.holds.length : 0

const mayMerge = (one: Command, other: Command): boolean => {
  switch (one.op) {
    case "put":
      return other.op === "put"
    case "take":
      return other.op === "take" && one.limit === 1 && other.limit === 1 && one.wait === other.wait &&
        one.final === other.final && sameQueries(one.queries, other.queries)
    case "settle":
      return other.op === "settle" && one.how === "gone" && other.how === "gone" && one.put.length === 0 &&
        other.put.length === 0
    default:
      return false
  }
}

const merge = (commands: ReadonlyArray<any>): Command => {
  const [first] = commands
  return first.op === "put"
    ? { ...first, rows: commands.flatMap(({ rows }) => rows) }
    : { ...first, holds: commands.flatMap(({ holds }) => holds) }
}

export type AnyFiber = Fiber.RuntimeFiber<any, any>

/** Which waiters accept the tuples that come back, by the ids of these, where that is known. */
export type Accepted = Readonly<Record<number, ReadonlyArray<number>>>

/** Puts back what is held, in its old place. Nothing happens, if nothing is. */
export const settling = (hold: number, accepted: Accepted = {}, failed = false): Command => ({
  op: "settle",
  holds: [hold],
  how: "place",
  failed,
  accepted,
  put: []
})

/** Puts back what is not held any more. */
export const restoring = (rows: ReadonlyArray<Row>, accepted: Accepted = {}): Command => ({
  op: "restore",
  rows: rows.map((row) => ({ ...row, accepted: accepted[row.id] ?? null }))
})

/** Who interrupts the operations on a closed space. */
const closedBy = FiberId.none
