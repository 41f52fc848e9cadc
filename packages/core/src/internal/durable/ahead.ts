/**
 * Looks ahead for what only this program can decide about: page by page, with others in between. So nobody waits while
 * a predicate is asked about all that is stored, or while a join gathers its candidates; the store is this operation's
 * alone only for the last look.
 *
 * What has been found out has to be of use then. What that is, whoever looks knows: single tuples by the places that
 * were passed in vain ({@link Passed}), joins by their candidates ({@link Gathering}). A watcher tells them what comes
 * meanwhile.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import type { SpaceError } from "../../SpaceError.js"
import type { Restore } from "../../SpaceStore.js"
import type { EventKind, Mail, Row, Run, Scan } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Pattern } from "../pattern/pattern.js"
import { callback } from "../runtime.js"
import type { Access } from "./access.js"
import type { Gathering } from "./gathering.js"
import type { Listener } from "./offers.js"
import type { Range } from "./passed.js"
import { page } from "./query.js"
import { hidden } from "./retrying.js"
import type { Leaving, Session } from "./session.js"
import type { Wanted } from "./wanted.js"

/** What is known where a look begins. */
export interface Known {
  /** Where something may match, for each of the patterns, in their order. If there are none, that is not known. */
  readonly ranges: ReadonlyArray<ReadonlyArray<Range>>
  /** What a join has gathered. */
  readonly gathering?: Gathering
}

/** From where on it is looked for. */
export interface From extends Known {
  /** Whether one that would have to go far ends as {@link Far}. */
  readonly isBounded: boolean
}

/** All that is stored, however much that is. */
export const everything: From = { ranges: [], isBounded: false }

/** The first pages of it. */
export const firstPages: From = { ranges: [], isBounded: true }

/** So many pages are looked at before one looks ahead, which takes a few batches more. */
export const near = 4

/** What is on the first pages is not enough, and there are more: others should not have to wait for these. */
export class Far {
  readonly _tag = "Far"
}

export const isFar = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error instanceof Far

/** Asks for pages until it knows enough. It never asks for nothing. */
export type Asking<A = void> = Generator<ReadonlyArray<Scan>, A, ReadonlyArray<ReadonlyArray<Row>>>

/** What a look ahead finds out. */
export interface Findings {
  /** What it has to hear of while others come in between. */
  readonly events: ReadonlyArray<EventKind>
  /** Goes on to find out. */
  asking(): Asking
  /** A tuple has come that one of the queries finds. */
  comes(row: Row): void
  /** What is of use for the last look. */
  readonly known: Known
}

/** What is looked for. */
export type Sought = Pick<Wanted, "findings" | "patterns" | "queries">

/** So often it looks ahead, if each time much has come and gone meanwhile. Then it has the store for itself. */
const rounds = 3

/**
 * How many tuples it looks at at a time, at first and at most. Each time is a batch, which costs a commit; and others
 * wait while it is done, some 30 ms.
 */
export const [shortest, longest] = [4 * page, 16 * page] as const

export class Ahead implements Listener {
  readonly id: number
  readonly kind = "transact"
  readonly since: number
  readonly process = undefined
  readonly fiber = undefined
  readonly watcher = undefined
  readonly timeout = undefined
  readonly consider = undefined
  readonly patterns: ReadonlyArray<Pattern>
  /** `waiting` for what the store has, `idle` when it has found out all that it can. */
  state: "ended" | "idle" | "waiting" = "idle"
  /** Nothing, if it may not have been told of what has come. */
  private findings: Findings | undefined = undefined
  private done: (exit: Exit.Exit<void, unknown>) => void = () => {}

  constructor(private readonly session: Session, private readonly sought: Sought) {
    this.id = session.nextId()
    this.since = session.now()
    this.patterns = sought.patterns
    session.waiters.set(this.id, this)
  }

  /** Looks ahead, from where it has come to. Calls back when that is done. */
  go(done: (exit: Exit.Exit<void, unknown>) => void): void {
    this.state = "waiting"
    this.done = done
    if (this.findings === undefined) {
      this.findings = this.sought.findings()
      this.watch(this.findings)
    }
    this.next(this.findings.asking())
  }

  private watch({ events }: Findings): void {
    const { id, session, sought: { queries } } = this
    session.post({ op: "cancel", waiters: [id] })
    session.post({
      op: "wait",
      waiter: id,
      kind: "watch",
      queries,
      exact: false,
      line: id,
      events,
      final: false,
      label: hidden
    }, (exit) => Exit.isFailure(exit) && this.over(exit))
  }

  /** Goes on with the answers to what was asked last. */
  private next(asking: Asking, ...answers: Parameters<Asking["next"]>): void {
    try {
      const { done, value } = asking.next(...answers)
      if (done === true) {
        this.over(Exit.void)
      } else {
        this.ask(value, (answers) => this.next(asking, answers))
      }
    } catch (defect) {
      this.over(Exit.die(defect))
    }
  }

  private ask(scans: ReadonlyArray<Scan>, then: (answers: ReadonlyArray<ReadonlyArray<Row>>) => void): void {
    const answers: Array<ReadonlyArray<Row>> = []
    let left = scans.length
    scans.forEach((scan, index) =>
      this.session.post(scan, (exit) => {
        if (this.state !== "waiting") {
          return
        }
        if (Exit.isFailure(exit)) {
          this.over(exit)
          return
        }
        answers[index] = exit.value
        left--
        if (left === 0) {
          then(answers)
        }
      })
    )
  }

  /** From where on it has to be looked for, in a transaction. */
  from(run: Run): Effect.Effect<From, SpaceError> {
    return Effect.map(run([]), () => {
      for (const each of this.session.fetched) {
        if (each.waiter === this.id) {
          this.onMail(each)
        }
      }
      return this.findings === undefined ? firstPages : { ...this.findings.known, isBounded: true }
    })
  }

  onMail({ row }: Mail): void {
    this.findings?.comes(row)
  }

  onLapsed(): void {
    this.findings = undefined
  }

  onDoubt(): void {
    this.findings = undefined
  }

  accepts(_: Tuple): boolean {
    return false
  }

  arrive(): void {}

  /** The space closes. */
  end(exit: Exit.Exit<never, unknown>): void {
    this.over(exit)
  }

  private over(exit: Exit.Exit<void, unknown>): void {
    if (this.state === "waiting") {
      this.state = "idle"
      this.done(exit)
    }
  }

  close(): void {
    this.state = "ended"
    this.session.waiters.delete(this.id)
    this.session.giveBack({ op: "cancel", waiters: [this.id] })
  }
}

/** One look that may have to go far: round after round, until what it needs is near. */
export class Rounds {
  private ahead: Ahead | undefined = undefined
  private round = 0

  constructor(private readonly session: Session, private readonly sought: Sought) {}

  /**
   * From where on it is looked for in this round, in a transaction: from where it has looked ahead to, or from the
   * first page on. The last round goes far, whatever that takes.
   */
  start(run: Run): Effect.Effect<From, SpaceError> {
    return Effect.map(
      this.ahead?.from(run) ?? Effect.succeed(firstPages),
      (from) => ({ ...from, isBounded: this.round < rounds })
    )
  }

  /** It was far: looks ahead, and calls back when the next round can begin. */
  next(done: (exit: Exit.Exit<void, unknown>) => void): void {
    this.round++
    this.ahead ??= new Ahead(this.session, this.sought)
    this.ahead.go(done)
  }

  /** Whether it looks ahead now. */
  get isAhead(): boolean {
    return this.ahead?.state === "waiting"
  }

  close(): void {
    this.ahead?.close()
  }
}

/** Attempts it, each time in a transaction, and looks ahead in between as long as that ends as {@link Far}. */
export const attempting = <A, E, R>(
  session: Session,
  sought: Sought,
  attempt: (rounds: Rounds) => Effect.Effect<A, E, R>,
  restore: Restore = identity
): Effect.Effect<A, Exclude<E, Far> | SpaceError, R> =>
  Effect.suspend(() => {
    const rounds = new Rounds(session, sought)
    const next = callback<void, SpaceError>((resume) =>
      rounds.next((exit) => resume(exit as Exit.Exit<void, SpaceError>))
    )
    const go: Effect.Effect<A, Exclude<E, Far> | SpaceError, R> = Effect.catchAll(
      attempt(rounds),
      (error) =>
        error instanceof Far
          ? Effect.zipRight(restore(next), go)
          : Effect.fail(error as Exclude<E, Far>)
    )
    return Effect.ensuring(go, Effect.sync(() => rounds.close()))
  })

/**
 * Looks at what is stored, in a transaction that does nothing else, and ahead where that is long. Within a transaction
 * of the user's the store is that one's alone already.
 */
export const searching = <A, E>(
  session: Session,
  access: Access,
  sought: Sought,
  body: (run: Run, from: From) => Effect.Effect<A, E>,
  leaving?: Leaving<A>
): Effect.Effect<A, Exclude<E, Far> | SpaceError> =>
  attempting(session, sought, (rounds) =>
    access.exclusively(
      (run) =>
        Effect.flatMap(
          access.isTransaction ? Effect.succeed(everything) : rounds.start(run),
          (from) => body(run, from)
        ),
      leaving
    ), leaving?.restore)
