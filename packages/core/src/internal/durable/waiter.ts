/**
 * An operation that may have to wait for tuples: from its first look to its end, however that comes about.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Restore } from "../../SpaceStore.js"
import type { Cancel, Command, Found, Mail, Row, Run } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Deadline } from "../deadlines.js"
import type { Pattern } from "../pattern/pattern.js"
import type { ProcessRecord } from "../process.js"
import { current } from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { callback, interruptedBy, localOf, withFiber } from "../runtime.js"
import { timedOut } from "../timeout.js"
import { firstPages, isFar, Rounds } from "./ahead.js"
import { acceptedOf, restoring, settling } from "./back.js"
import { Hope } from "./hope.js"
import type { Line, Listener, Member } from "./offers.js"
import { matches } from "./query.js"
import { isRead } from "./reader.js"
import type { Session } from "./session.js"
import { Vigil } from "./vigil.js"
import type { Met, Read, Wanted } from "./wanted.js"
import { labelOf, Refusal } from "./wanted.js"

export class ClientWaiter implements Member {
  readonly id: number
  readonly kind: Wanted["kind"]
  readonly patterns: ReadonlyArray<Pattern>
  readonly shown: Wanted["shown"]
  readonly since: number
  readonly process: ProcessRecord | undefined
  readonly watcher = undefined
  /** `asked` while the store has not answered its first look. */
  state: "asked" | "ended" | "waiting" = "asked"
  timeout: Deadline | undefined = undefined
  /** Why it should end without a tuple, if one has not come yet. */
  private leaving: "interrupted" | "late" | undefined = undefined
  private onLeft = () => {}
  /** Once it is leaving: has it wait for the store without end. */
  private staying: (() => void) | undefined = undefined
  private readonly takes: boolean
  /** How many tuples it has asked for that it was told of. */
  private claims = 0
  readonly consider: Listener["consider"]
  /** Where it stands, if only we can decide about it. */
  private readonly line: Line | undefined
  /** Of the look that is under way, where the store cannot decide alone. */
  private rounds: Rounds | undefined = undefined
  /** Whether something has come since that look has begun, and it has to look again. */
  private isNews = false
  /** If it is a join. */
  private readonly hope: Hope | undefined
  /** If something must not be there. */
  private readonly vigil: Vigil | undefined
  /** Whether it has ended with what it was after. */
  private hasFound = false
  /** Whether somebody who answers for its patterns has answered during its first look. */
  private isAnswered = false

  constructor(
    private readonly session: Session,
    private readonly wanted: Wanted,
    readonly fiber: AnyFiber,
    private readonly resume: (exit: Exit.Exit<Read, unknown>) => void
  ) {
    this.id = session.nextId()
    this.kind = wanted.kind
    this.patterns = wanted.patterns
    this.shown = wanted.shown
    this.takes = wanted.as !== "rd"
    this.hope = wanted.plan && new Hope(wanted.plan, wanted.tuple)
    this.vigil = wanted.absent &&
      new Vigil(session, wanted.absent, wanted.tuple, {
        wake: () => this.hope?.isDark === true || this.lookAgain(),
        die: (defect) => this.die(defect)
      })
    this.consider = this.takes ? this.hope && this.considering(this.hope) : undefined
    this.since = session.now()
    this.process = localOf(fiber, current)
    session.waiters.set(this.id, this)
    this.line = wanted.exact
      ? undefined
      : session.offers.enter(
        this,
        this.hope === undefined ? `${wanted.as} ${JSON.stringify(wanted.queries)}` : undefined
      )
    if (wanted.timeout > 0 && wanted.timeout < Infinity) {
      this.timeout = { at: this.since + wanted.timeout, index: -1, fire: () => this.leave("late") }
      session.setDeadline(this.timeout, this.timeout.at)
    }
    const asked = wanted.absent === undefined ? wanted.patterns : [...wanted.patterns, ...wanted.absent.patterns]
    for (const { answers } of asked) {
      answers?.follow(() => this.lookAgain(), (defect) => this.die(defect))
    }
    this.ask()
  }

  /** The first look, which leaves us in the store as somebody who waits, if it finds nothing. */
  private ask(): void {
    const { id, session, wanted: { as, exact, final, queries, timeout } } = this
    const waits = timeout > 0
    const asked = (exit: Exit.Exit<Met | null, unknown>) => this.asked(exit)
    if (exact) {
      const label = waits ? labelOf(this) : null
      if (as === "in") {
        session.post(
          { op: "take", holds: [id], queries, limit: 1, final, wait: label },
          (exit) => asked(Exit.map(exit, ([found = null]) => found))
        )
      } else {
        session.post({ op: "read", waiter: id, queries, wait: label }, asked)
      }
    } else {
      this.seek()
    }
  }

  /** The first look, where the store cannot decide alone. */
  private seek(): void {
    const { id, wanted: { as, final, plan, queries, timeout } } = this
    const wait: Command = {
      op: "wait",
      waiter: id,
      // Who reads several tuples looks whenever one of them may have come.
      kind: as === "rd" && plan !== undefined ? "look" : as,
      queries,
      exact: false,
      line: this.line?.number ?? id,
      events: [],
      final,
      label: labelOf(this)
    }
    this.attempting(
      null,
      (run, found) =>
        found === null && timeout > 0
          ? run(this.vigil === undefined ? [wait] : [wait, this.vigil.wait])
          : Effect.void,
      (exit) => this.asked(exit)
    )
  }

  /**
   * Looks at what is stored, in a transaction that does nothing else: what is known then, holds when it has been
   * committed. What is far is looked for without holding up others.
   */
  private attempting(
    waiter: number | null,
    then: (run: Run, found: Met | null) => Effect.Effect<unknown, SpaceError>,
    done: (exit: Exit.Exit<Met | null, unknown>) => void
  ): void {
    const { id, session, wanted } = this
    const rounds = this.rounds = new Rounds(session, wanted)
    const attempt = (run: Run): Effect.Effect<Met | null, unknown> =>
      Effect.suspend(() => {
        this.isNews = false
        const look = this.hope?.look()
        let witness: Row | undefined
        const knows = (found: Row | undefined) => {
          witness = found
        }
        return Effect.tap(
          Effect.flatMap(
            rounds.start(run),
            (from) => wanted.attempt(run, id, waiter, { outlook: look?.outlook, knows, from })
          ),
          (found) => {
            if (look !== undefined) {
              look.end()
              this.vigil?.knows(witness)
            }
            return then(run, found)
          }
        )
      })
    const over = (exit: Exit.Exit<Met | null, unknown>) => {
      rounds.close()
      if (this.rounds === rounds) {
        this.rounds = undefined
      }
      done(exit)
    }
    const look = (): void => {
      session.postExclusive(attempt, (exit) => {
        if (!isFar(exit)) {
          over(exit)
        } else if (this.state === "asked" && this.leaving !== undefined) {
          this.end(this.left())
        } else if (this.rounds === rounds) {
          rounds.next((exit) => Exit.isFailure(exit) ? over(Exit.failCause(exit.cause)) : look())
        }
      })
    }
    look()
  }

  /** Has a look that is under way come to nothing, if it is ahead. */
  private stopLooking(): void {
    this.rounds?.close()
    this.rounds = undefined
  }

  private asked(exit: Exit.Exit<Met | null, unknown>): void {
    if (Exit.isFailure(exit) && Cause.isFailType(exit.cause)) {
      this.forget()
    }
    if (this.state === "ended") {
      // Nobody waits for the answer any more: nothing may be left of the question.
      if (Exit.isSuccess(exit) && exit.value === null) {
        this.session.post(this.cancel)
      } else if (Exit.isSuccess(exit) && this.takes) {
        giveBack(this.session, this.wanted, this.id, exit.value!.rows)
      }
    } else if (Exit.isFailure(exit)) {
      this.end(Exit.failCause(exit.cause))
    } else if (exit.value !== null) {
      this.arrive(exit.value)
    } else if (this.wanted.timeout > 0) {
      this.state = "waiting"
      if (this.isAnswered) {
        this.lookAgain()
      }
      if (this.session.isStale) {
        // The store may have forgotten us in the meantime.
        this.onDoubt()
      } else if (this.leaving !== undefined) {
        this.withdraw()
      }
    } else {
      this.end(lateOf(this.session, this.wanted))
    }
  }

  /** Whether it wants this tuple. If the user's code throws, that ends the operation, and nobody else notices (S3). */
  accepts(tuple: Tuple): boolean {
    try {
      const { patterns } = this
      // Equal patterns of a join are one object.
      return patterns.some((pattern, index) => pattern !== patterns[index - 1] && pattern.matches(tuple))
    } catch (error) {
      this.die(error)
      return false
    }
  }

  /** The user's code has thrown. */
  private die(defect: unknown): void {
    if (this.state === "waiting") {
      this.session.post({ op: "cancel", waiters: [this.id] })
    }
    this.end(Exit.die(defect))
  }

  /** Looks again at what is stored, for an answer may have changed what matches. */
  private lookAgain(): void {
    this.isAnswered = this.state === "asked"
    if (this.state === "waiting") {
      this.look()
    }
  }

  /** Looks at what is stored, as one who waits. */
  private look(): void {
    if (this.rounds !== undefined) {
      this.isNews = true
    } else {
      this.attempting(this.id, () => Effect.void, (exit) => {
        this.found(exit)
        if (this.isNews) {
          this.lookAgain()
        }
      })
    }
  }

  /** Ends our wait, and our vigil's. The first answer says whether we still waited. */
  private get cancel(): Cancel {
    return { op: "cancel", waiters: this.vigil === undefined ? [this.id] : [this.id, this.vigil.id] }
  }

  private found(exit: Exit.Exit<Met | null, unknown>): void {
    if (Exit.isFailure(exit)) {
      this.forget()
      this.end(Exit.failCause(exit.cause))
    } else if (exit.value !== null) {
      this.arrive(exit.value)
    }
  }

  /**
   * Whether it wants this stored tuple. One that cannot be decoded is wanted by those who ask for it by types and
   * literals alone.
   */
  private wants(row: Row): boolean {
    const tuple = this.wanted.tuple(row)
    return isRead(tuple) ? this.accepts(tuple) : this.wanted.exactly.some((query) => matches(query, row))
  }

  onMail(mail: Mail): void {
    const { index, kind, row } = mail
    if (kind === "served") {
      this.found(this.named(index, row))
    } else if (kind === "hint") {
      // Of a store, or of an earlier program, that knows of no lines.
      this.onHint(mail)
    }
  }

  onHint(hint: Mail): boolean {
    const { index, row } = hint
    const { id, session, wanted } = this
    if (this.hope !== undefined) {
      if (this.mayBeMadeBy(this.hope, row)) {
        this.look()
      }
      return true
    }
    if (!this.isThere) {
      return false
    }
    if (!this.wants(row)) {
      // What it does not want, nobody of its line does; unless its code has thrown.
      return this.isThere
    }
    if (wanted.as === "rd") {
      session.post(
        { op: "cancel", waiters: [id] },
        (exit) => this.found(Exit.flatMap(exit, ([was]) => was === true ? this.named(index, row) : Exit.succeed(null)))
      )
      return false
    }
    this.claims++
    session.post(
      { op: "claim", hold: id, ids: [row.id], waiter: id, final: wanted.final },
      (exit) => {
        this.claims--
        this.found(Exit.flatMap(exit, (rows) => rows === null ? Exit.succeed(null) : this.named(index, rows[0]!)))
        if (Exit.isSuccess(exit) && exit.value === null) {
          // The tuple is gone; or we are, and then it is for the next.
          session.whenHeard(() => this.isThere || this.line?.hint(hint))
        }
      }
    )
    return true
  }

  get isClaiming(): boolean {
    return this.claims > 0
  }

  /** Whether it waits, and goes on waiting if nothing comes. */
  private get isThere(): boolean {
    return this.state === "waiting" && this.leaving === undefined
  }

  /**
   * A tuple that has come, and which pattern it is for: where the store cannot tell, it may have named an earlier one.
   * If the user's code throws when it is asked again, the tuple is back.
   */
  private named(index: number, row: Row): Exit.Exit<Found> {
    const { exact, patterns, tuple } = this.wanted
    const rows = [row]
    const read = exact || patterns.length === 1 ? undefined : tuple(row)
    if (read === undefined || !isRead(read)) {
      return Exit.succeed({ index, rows })
    }
    try {
      return Exit.succeed({ index: patterns.findIndex((pattern) => pattern.matches(read)), rows })
    } catch (error) {
      if (this.takes) {
        giveBack(this.session, this.wanted, this.id, rows)
      }
      return Exit.die(error)
    }
  }

  /** Whether the join could be complete with a tuple: the hope is always told of it. */
  private mayBeMadeBy(hope: Hope, row: Row, learned?: unknown): boolean {
    return hope.mayBeMadeBy(row, learned) && this.vigil?.isHopeless !== true
  }

  /** Looks whether a join is complete with a tuple that it is offered; if not, the tuple goes on to the next. */
  private readonly considering = (hope: Hope): Listener["consider"] => (run, row, isOver, so) => {
    const { id, session, wanted } = this
    const answer = (take: boolean): Effect.Effect<unknown, SpaceError> =>
      run([{
        op: "answer",
        waiter: id,
        id: row.id,
        take,
        accepted: acceptedOf([row], wanted.tuple, session.offers.accepts)[row.id] ?? null
      }])
    const mayLook = !isOver && this.state !== "ended" && this.mayBeMadeBy(hope, row, so.learned)
    // One that looks ahead finds it in the end.
    const hasToWait = mayLook && (this.rounds?.isAhead === true || this.vigil?.hasToWait(so) === true)
    const lookLater = () => so.learned.push(() => this.lookAgain())
    if (hasToWait) {
      lookLater()
    }
    let outlook = mayLook && !hasToWait ? hope.consider() : undefined
    const found = outlook === undefined
      ? Effect.succeed(null)
      : Effect.catchAllCause(
        wanted.attempt(run, id, id, { offered: { row, answer: answer(true) }, outlook, from: firstPages }),
        (cause) => {
          if (isFar(Exit.failCause(cause))) {
            // It looks by itself, and nobody is held up.
            outlook = undefined
            lookLater()
            return Effect.succeed(null)
          }
          // The store's failures are not the join's: the batch is done again, or fails as a whole.
          if (!Cause.isDie(cause)) {
            return Effect.failCause(cause as Cause.Cause<SpaceError>)
          }
          session.post({ op: "cancel", waiters: [id] })
          this.end(Exit.failCause(cause))
          return Effect.succeed(null)
        }
      )
    // It may be complete without this tuple, by those that others have put.
    return Effect.tap(found, (found) => {
      if (found === null && outlook !== undefined) {
        hope.learn(outlook, so.learned)
      }
      return found?.rows.some(({ id }) => id === row.id) === true ? Effect.void : answer(false)
    })
  }

  /** The store does not know us any more. */
  onLapsed(): void {
    this.onDoubt()
  }

  /** What we were served with may be lost. We ask again, when it is sure that no mail for us is on its way. */
  onDoubt(): void {
    if (this.state !== "waiting") {
      return
    }
    this.state = "asked"
    this.stopLooking()
    const { id, session, wanted } = this
    const stop = (exit: Exit.Exit<unknown, SpaceError>) => {
      if (this.state === "asked" && Exit.isFailure(exit)) {
        this.state = "waiting"
        if (this.leaving !== undefined) {
          this.withdraw()
        }
      }
      return this.state !== "asked"
    }
    session.post(this.cancel, (exit) => {
      if (this.state === "ended") {
        // What a look has found that was under way is the caller's by now.
        if (!this.hasFound) {
          this.forget()
        }
      } else if (!stop(exit)) {
        session.post(
          () => this.state === "ended" || wanted.final ? { op: "cancel", waiters: [id] } : settling(id),
          (exit) => {
            if (!stop(exit)) {
              this.line?.add(this)
              this.ask()
            }
          }
        )
      }
    })
  }

  arrive(found: Met): void {
    if (this.state === "ended") {
      if (this.takes) {
        giveBack(this.session, this.wanted, this.id, found.rows)
      }
    } else if (this.leaving === "interrupted" && this.takes) {
      giveBack(this.session, this.wanted, this.id, found.rows, () => this.end(interruptedBy(this.fiber)))
    } else {
      const read = this.wanted.read(this.id, found)
      if (read instanceof Refusal) {
        this.refuse(read)
      } else {
        this.session.onServed?.(this.session.now() - this.since)
        this.end(Exit.succeed(read))
      }
    }
  }

  /** It is back before the operation fails. */
  private refuse({ cause, taken }: Refusal): void {
    if (taken === undefined) {
      this.end(Exit.failCause(cause))
    } else {
      const [makes, cause] = taken.back()
      this.session.giveBackAll(makes, () => this.end(Exit.failCause(cause)))
    }
  }

  /** Ends the operation, if no tuple has come. */
  private leave(why: "interrupted" | "late"): void {
    if (this.state !== "ended") {
      this.leaving ??= why
      if (why === "interrupted") {
        this.leaving = why
      }
      // What a store that is busy answers later goes back.
      this.staying ??= this.session.afterPatience(() => this.end(this.left()))
      if (this.state === "waiting") {
        this.withdraw()
      } else if (this.rounds?.isAhead === true) {
        // Nothing has been taken, and nobody waits in the store.
        this.end(this.left())
      }
    }
  }

  /** Why it has ended without a tuple. */
  private left(): Exit.Exit<never, unknown> {
    return this.leaving === "late" ? lateOf(this.session, this.wanted) : interruptedBy(this.fiber)
  }

  private withdraw(): void {
    this.session.post({ op: "cancel", waiters: [this.id] }, (exit) => {
      // If we were not there, we have been served: the mail brings it.
      if (this.state === "ended" || Exit.isSuccess(exit) && exit.value[0] === false) {
        return
      }
      if (Exit.isFailure(exit)) {
        this.forget()
      }
      this.end(Exit.isFailure(exit) ? Exit.failCause(exit.cause) : this.left())
    })
  }

  /** After a failure of the store: what has been asked for may have happened, and nobody wants it any more. */
  private forget(): void {
    this.session.giveBack({ op: "cancel", waiters: [this.id] })
    if (this.takes && !this.wanted.final) {
      this.session.giveBack(settling(this.id))
    }
  }

  end(exit: Exit.Exit<Read, unknown>): void {
    if (this.state !== "ended") {
      this.state = "ended"
      this.hasFound = Exit.isSuccess(exit)
      this.session.waiters.delete(this.id)
      this.stopLooking()
      this.vigil?.close()
      if (this.line !== undefined) {
        this.session.offers.leave(this, this.line)
      }
      if (this.timeout !== undefined) {
        this.session.setDeadline(this.timeout, Infinity)
      }
      this.staying?.()
      this.resume(exit)
      this.onLeft()
    }
  }

  /** For a fiber that is interrupted: nothing is left of the operation when this is done. */
  readonly interrupt: Effect.Effect<void> = callback<void>((resume) => {
    if (this.state === "ended") {
      resume(Effect.void)
    } else {
      this.onLeft = () => resume(Effect.void)
      this.leave("interrupted")
    }
  })
}

/** Nothing has come in time. */
export const lateOf = (
  { store: { name: space } }: Session,
  { kind, operation = kind, patterns, shown = patterns, timeout }: Wanted
): Exit.Exit<never, Cause.TimeoutException> => Exit.fail(timedOut({ space, operation, patterns: shown, timeout }))

/**
 * Waits for what is wanted; what is taken is then held under the number of the waiter. Must run uninterruptibly; the
 * wait itself is interruptible by `restore`.
 */
export const waitFor = (
  session: Session,
  wanted: Wanted,
  restore: Restore
): Effect.Effect<readonly [hold: number, found: Read], any> =>
  withFiber((fiber) => {
    if (session.closed) {
      return Effect.interrupt
    }
    let waiter: ClientWaiter | undefined
    let arrived: Read | undefined
    const wait = callback<readonly [number, Read], unknown>((resume) => {
      const { id } = waiter = new ClientWaiter(session, wanted, fiber, (exit) => {
        if (Exit.isSuccess(exit)) {
          arrived = exit.value
        }
        resume(Exit.map(exit, (found) => [id, found] as const))
      })
    })
    // Not by what `callback` runs of an interruption: one that comes between the two operations that it consists of
    // runs nothing.
    return Effect.tapErrorCause(restore(wait), () =>
      Effect.map(
        Effect.suspend(() => waiter?.interrupt ?? Effect.void),
        () => {
          // It came in the instant of an interruption.
          if (arrived !== undefined && wanted.as !== "rd") {
            giveBack(session, wanted, waiter!.id, arrived.rows)
          }
        }
      ))
  })

/** Puts back what was taken, in its old place. */
export const giveBack = (
  session: Session,
  { final, tuple }: Pick<Wanted, "final" | "tuple">,
  hold: number,
  rows: ReadonlyArray<Row>,
  done = () => {}
): void => {
  session.giveBack((accepts) => {
    const accepted = acceptedOf(rows, tuple, accepts)
    return final ? restoring(rows, accepted) : settling(hold, accepted)
  }, done)
}
