/**
 * Looks ahead for what only this program can decide about: page by page, with others in between. So nobody waits while
 * a predicate is asked about all that is stored; the store is this operation's alone only for the last look.
 *
 * What has been found out stays true until then: up to some place nothing matches. What is put comes behind all places;
 * only a tuple that comes back has an old one, and a watcher tells of that.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Mail, Run } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Pattern } from "../pattern/pattern.js"
import { callback } from "../runtime.js"
import type { Access } from "./access.js"
import type { Listener } from "./offers.js"
import { matches, page } from "./query.js"
import { isRead } from "./reader.js"
import { hidden } from "./retrying.js"
import type { Leaving, Session } from "./session.js"
import type { Wanted } from "./wanted.js"

/** From where on it is looked for. */
export interface From {
  /** For each of the patterns: nothing up to this place matches. */
  readonly places: ReadonlyArray<number>
  /** Whether one that would have to go far ends as {@link Far}. */
  readonly isBounded: boolean
}

/** All that is stored, however much that is. */
export const everything: From = { places: [], isBounded: false }

/** The first pages of it. */
const beginning: From = { places: [], isBounded: true }

/** So many pages are looked at before one looks ahead, which takes a few batches more. */
export const near = 4

/** Nothing on the first pages matches, and there are more: others should not have to wait for these. */
export class Far {
  readonly _tag = "Far"
}

export const isFar = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error instanceof Far

/** What is looked for. */
export type Sought = Pick<Wanted, "exactly" | "patterns" | "queries" | "tuple">

/** So often it looks ahead, if each time tuples come back meanwhile. Then it has the store for itself. */
const rounds = 3

/**
 * How many tuples it looks at at a time, at first and at most. Each time is a batch, which costs a commit; and others
 * wait while it is done, some 30 ms.
 */
const [shortest, longest] = [4 * page, 16 * page]

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
  /** Up to where nothing matches, for each of the patterns. */
  private places: Array<number>
  /** The same, for what has come back meanwhile. */
  private back: Array<number>
  /** Whether it may not have been told of what has come back. */
  private isBlind = true
  private done: (exit: Exit.Exit<void, unknown>) => void = () => {}

  constructor(private readonly session: Session, private readonly sought: Sought) {
    this.id = session.nextId()
    this.since = session.now()
    this.patterns = sought.patterns
    this.places = this.patterns.map(() => 0)
    this.back = this.patterns.map(() => Infinity)
    session.waiters.set(this.id, this)
  }

  /** Looks ahead, from where it has come to. Calls back when that is done. */
  go(done: (exit: Exit.Exit<void, unknown>) => void): void {
    this.state = "waiting"
    this.done = done
    if (this.isBlind) {
      this.isBlind = false
      this.places.fill(0)
      this.watch()
    } else {
      this.places = this.places.map((place, number) => Math.min(place, this.back[number]!))
    }
    this.back.fill(Infinity)
    this.next(0, shortest)
  }

  private watch(): void {
    const { id, session, sought: { queries } } = this
    session.post({ op: "cancel", waiters: [id] })
    session.post({
      op: "wait",
      waiter: id,
      kind: "watch",
      queries,
      exact: false,
      line: id,
      events: ["Requeue"],
      final: false,
      label: hidden
    }, (exit) => Exit.isFailure(exit) && this.over(exit))
  }

  private next(number: number, limit: number): void {
    const { patterns, places, session, sought: { queries } } = this
    if (number === patterns.length) {
      this.over(Exit.void)
      return
    }
    session.post({ op: "scan", query: queries[number]!, after: places[number]!, limit }, (exit) => {
      if (this.state !== "waiting") {
        return
      }
      if (Exit.isFailure(exit)) {
        this.over(exit)
        return
      }
      try {
        const found = exit.value.findIndex((row) => this.isFor(number, row))
        const last = exit.value[(found < 0 ? exit.value.length : found) - 1]
        places[number] = last?.id ?? places[number]!
        if (found >= 0 || exit.value.length < limit) {
          this.next(number + 1, shortest)
        } else {
          this.next(number, Math.min(2 * limit, longest))
        }
      } catch (defect) {
        this.over(Exit.die(defect))
      }
    })
  }

  private isFor(number: number, row: Mail["row"]): boolean {
    const { exactly, patterns, queries, tuple } = this.sought
    const reading = tuple(row)
    return isRead(reading) ? patterns[number]!.matches(reading) : exactly.includes(queries[number]!)
  }

  /** From where on it has to be looked for, in a transaction. */
  from(run: Run): Effect.Effect<From, SpaceError> {
    return Effect.map(run([]), ({ mail }) => {
      for (const each of mail) {
        if (each.waiter === this.id) {
          this.onMail(each)
        }
      }
      const places = this.places.map((place, number) => Math.min(place, this.back[number]!))
      return this.isBlind ? beginning : { places, isBounded: true }
    })
  }

  onMail({ row }: Mail): void {
    this.sought.queries.forEach((query, number) => {
      if (matches(query, row) && this.mayBeFor(number, row)) {
        this.back[number] = Math.min(this.back[number]!, row.id - 1)
      }
    })
  }

  /** Code that throws ends the operation, when it has come there. */
  private mayBeFor(number: number, row: Mail["row"]): boolean {
    try {
      return this.isFor(number, row)
    } catch {
      return true
    }
  }

  onLapsed(): void {
    this.isBlind = true
  }

  onDoubt(): void {
    this.isBlind = true
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

/**
 * From where on it is looked for in this round, in a transaction: from where it has looked ahead to, or from the first
 * page on. The last round `goesFar`, whatever that takes.
 */
export const startOf = (
  run: Run,
  ahead: Ahead | undefined,
  round: number,
  goesFar: boolean
): Effect.Effect<From, SpaceError> =>
  goesFar || round === rounds ? Effect.succeed(everything) : ahead?.from(run) ?? Effect.succeed(beginning)

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
  Effect.suspend(() => {
    let ahead: Ahead | undefined
    const going = callback<void, SpaceError>((resume) => {
      ahead ??= new Ahead(session, sought)
      ahead.go((exit) => resume(exit as Exit.Exit<void, SpaceError>))
    })
    const look = (round: number): Effect.Effect<A, Exclude<E, Far> | SpaceError> =>
      Effect.catchAll(
        access.exclusively(
          (run) => Effect.flatMap(startOf(run, ahead, round, access.isTransaction), (from) => body(run, from)),
          leaving
        ),
        (error) =>
          error instanceof Far
            ? Effect.zipRight(leaving === undefined ? going : leaving.restore(going), look(round + 1))
            : Effect.fail(error as Exclude<E, Far> | SpaceError)
      )
    return Effect.ensuring(look(0), Effect.sync(() => ahead?.close()))
  })
