/**
 * Looks ahead for what only this program can decide about: page by page, with others in between. So nobody waits while
 * a predicate is asked about all that is stored; the store is this operation's alone only for the last look.
 *
 * What has been found out stays true until then: up to some place nothing matches. What is put comes behind all places
 * of its priority: what has come behind those that were passed is looked at by the last look as well. Only a tuple that
 * comes back has an old place, and a watcher tells of that.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Mail, Run } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Pattern } from "../pattern/pattern.js"
import { beginning, priorityOf } from "../places.js"
import { callback } from "../runtime.js"
import type { Access } from "./access.js"
import type { Listener } from "./offers.js"
import { matches, page } from "./query.js"
import { isRead } from "./reader.js"
import { hidden } from "./retrying.js"
import type { Leaving, Session } from "./session.js"
import type { Wanted } from "./wanted.js"

/** Places at which something may match: those behind one, up to another. */
export interface Range {
  readonly after: number
  readonly upTo: number
}

/** From where on it is looked for. */
export interface From {
  /** For each of the patterns, in their order. Nothing else matches. If there are none, that is not known. */
  readonly ranges: ReadonlyArray<ReadonlyArray<Range>>
  /** Whether one that would have to go far ends as {@link Far}. */
  readonly isBounded: boolean
}

/** All that is stored, however much that is. */
export const everything: From = { ranges: [], isBounded: false }

/** All places. */
export const whole: Range = { after: beginning, upTo: Infinity }

/** The first pages of it. */
const firstPages: From = { ranges: [], isBounded: true }

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
  /** Where something may match, for each of the patterns. */
  private readonly ranges: Array<Array<Range>>
  /** Up to where nothing matches, for all that has come back meanwhile. */
  private back: Array<number>
  /** Whether it may not have been told of what has come back. */
  private isBlind = true
  private done: (exit: Exit.Exit<void, unknown>) => void = () => {}

  constructor(private readonly session: Session, private readonly sought: Sought) {
    this.id = session.nextId()
    this.since = session.now()
    this.patterns = sought.patterns
    this.ranges = this.patterns.map(() => [whole])
    this.back = this.patterns.map(() => Infinity)
    session.waiters.set(this.id, this)
  }

  /** Looks ahead, from where it has come to. Calls back when that is done. */
  go(done: (exit: Exit.Exit<void, unknown>) => void): void {
    this.state = "waiting"
    this.done = done
    if (this.isBlind) {
      this.isBlind = false
      this.ranges.forEach((_, number) => {
        this.ranges[number] = [whole]
      })
      this.watch()
    } else {
      this.ranges.forEach((_, number) => {
        this.ranges[number] = this.rangesOf(number)
      })
    }
    this.back.fill(Infinity)
    this.next(0, 0, shortest)
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

  /** Where something may match, with what has come back. */
  private rangesOf(number: number): Array<Range> {
    const back = this.back[number]!
    const ranges = this.ranges[number]!
    const before = ranges.filter(({ after }) => after < back)
    return before.length === ranges.length
      ? ranges
      : [...before.map(({ after, upTo }) => ({ after, upTo: Math.min(upTo, back) })), { after: back, upTo: Infinity }]
  }

  /**
   * Nothing matches up to this place, which is in a range. What will be put there comes behind the last of a priority:
   * only that stays open.
   */
  private pass(number: number, index: number, place: number): number {
    const ranges = this.ranges[number]!
    const { after, upTo } = ranges[index]!
    const gap = after > beginning && priorityOf(after) === priorityOf(place) ? [] : [{ after, upTo: place - 1 }]
    ranges.splice(index, 1, ...gap, { after: place, upTo })
    return index + gap.length
  }

  private next(number: number, start: number, limit: number): void {
    const { patterns, session, sought: { queries } } = this
    if (number === patterns.length) {
      this.over(Exit.void)
      return
    }
    const { after, upTo } = this.ranges[number]![start]!
    session.post({ op: "scan", query: queries[number]!, after, limit }, (exit) => {
      if (this.state !== "waiting") {
        return
      }
      if (Exit.isFailure(exit)) {
        this.over(exit)
        return
      }
      try {
        let index = start
        for (const row of exit.value) {
          if (row.id > upTo) {
            // The rest is of another range.
            this.next(number, index + 1, limit)
            return
          }
          if (this.isFor(number, row)) {
            this.next(number + 1, 0, shortest)
            return
          }
          index = this.pass(number, index, row.id)
        }
        if (exit.value.length === limit) {
          this.next(number, index, Math.min(2 * limit, longest))
        } else if (upTo === Infinity) {
          this.next(number + 1, 0, shortest)
        } else {
          this.next(number, index + 1, limit)
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
      return this.isBlind
        ? firstPages
        : { ranges: this.patterns.map((_, number) => this.rangesOf(number)), isBounded: true }
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
  goesFar || round === rounds ? Effect.succeed(everything) : ahead?.from(run) ?? Effect.succeed(firstPages)

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
