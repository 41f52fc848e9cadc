/**
 * What only this client can decide: who of its waiters accepts a tuple, and what its joins make of the tuples that they
 * are offered.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, Found, Mail, Outcome, RepliesTo, Reply, Row, Run } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Waiting } from "../insight.js"

/** Which of this client's waiters accept a tuple, of those that only the client can decide about. */
export type Accepts = (tuple: Tuple) => ReadonlyArray<number>

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
  /**
   * For a join: what it makes of a tuple that it is offered; nothing, if it has what it wants by now. What it adds to
   * `learned` is called when the transaction has been committed.
   */
  readonly consider:
    | ((run: Run, row: Row, isOver: boolean, learned: Array<() => void>) => Effect.Effect<Found | null, SpaceError>)
    | undefined
  readonly arrive: (found: Found) => void
}

/** What a batch comes to, when joins have said what they make of what they were offered. */
export interface Heard<Cs extends ReadonlyArray<Command> = ReadonlyArray<Command>> extends Outcome<Cs> {
  /** Joins that are complete. */
  readonly joined: ReadonlyArray<readonly [waiter: number, found: Found]>
  /** What joins have learned, which holds once it is committed. */
  readonly learned: ReadonlyArray<() => void>
}

/** Does a batch, and asks joins about what they are offered. */
type Hearing = <const Cs extends ReadonlyArray<Command>>(commands: Cs) => Effect.Effect<Heard<Cs>, SpaceError>

export class Offers {
  /** Those waiters that only we can decide about. */
  readonly undecided = new Set<Listener>()
  /** Whether a join has been found to accept something, since it was last asked about a batch. */
  private isOffering = false

  constructor(private readonly waiters: ReadonlyMap<number, Listener>) {}

  /** Begins with a batch of which no join has been asked anything. */
  begin(): void {
    this.isOffering = false
  }

  /** Whether the batch is to be done in a transaction, in which joins are asked. */
  get areMade(): boolean {
    return this.isOffering
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

  /** In a transaction: asks joins about what they are offered, until nobody is offered anything any more. */
  heard(run: Run, isOffering = () => this.isOffering): Hearing {
    const learned: Array<() => void> = []
    const askAll = <Cs extends ReadonlyArray<Command>>(heard: Heard<Cs>): Effect.Effect<Heard<Cs>, SpaceError> => {
      const offer = heard.mail.find(({ kind }) => kind === "offer")
      if (offer === undefined) {
        return Effect.succeed(heard)
      }
      const mail = heard.mail.filter((other) => other !== offer)
      const joined = [...heard.joined]
      const collect: Run = (commands) => Effect.tap(run(commands), (outcome) => void mail.push(...outcome.mail))
      const isOver = joined.some(([waiter]) => waiter === offer.waiter)
      const considered = this.waiters.get(offer.waiter)?.consider?.(collect, offer.row, isOver, learned) ??
        Effect.as(
          collect([{ op: "answer", waiter: offer.waiter, id: offer.row.id, take: false, accepted: null }]),
          null
        )
      return Effect.flatMap(considered, (found) => {
        if (found !== null) {
          joined.push([offer.waiter, found])
        }
        return askAll({ ...heard, mail, joined })
      })
    }
    const whole: Hearing = (commands) =>
      Effect.flatMap(run(commands), (outcome) => askAll({ ...outcome, joined: [], learned }))
    // Where joins are offered something, what becomes of a tuple has to be known before the next one comes.
    const single: Hearing = (commands) =>
      Effect.map(
        Effect.forEach(commands, (command) =>
          command.op === "put" && command.rows.length > 1
            ? Effect.map(
              Effect.forEach(command.rows, (row) => whole([{ op: "put", rows: [row] }])),
              (all) => combined(all, [all.flatMap(({ replies }) => replies[0])])
            )
            : whole([command])),
        // A reply to each command, in its place.
        (all) =>
          combined(all, all.flatMap(({ replies }) => replies) as ReadonlyArray<Reply> as RepliesTo<typeof commands>)
      )
    return (commands) => isOffering() ? single(commands) : whole(commands)
  }
}

const combined = <Cs extends ReadonlyArray<Command>>(all: ReadonlyArray<Heard>, replies: RepliesTo<Cs>): Heard<Cs> => ({
  replies,
  mail: all.flatMap(({ mail }) => mail),
  joined: all.flatMap(({ joined }) => joined),
  learned: all[0]?.learned ?? [],
  next: all[all.length - 1]?.next ?? null
})
