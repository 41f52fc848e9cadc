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
import type { Command, Mail, Outcome, RepliesTo, Reply, Row, Run } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Waiting } from "../insight.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Met } from "./wanted.js"

/** Which of this client's lines accept a tuple, of those that only the client can decide about. */
export type Accepts = (tuple: Tuple) => ReadonlyArray<number>

/** Somebody who waits for mail. */
export interface Listener extends Waiting {
  readonly id: number
  readonly patterns: ReadonlyArray<Pattern>
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
    | ((run: Run, row: Row, isOver: boolean, so: SoFar) => Effect.Effect<Met | null, SpaceError>)
    | undefined
  readonly arrive: (found: Met) => void
}

/** What has come of a transaction so far in which joins are asked. */
export interface SoFar {
  /** Called when it has been committed. */
  readonly learned: Array<() => void>
  /** Who watches for what has left. That has left when it is committed, and those who wait for it look then. */
  readonly left: Set<number>
}

/** One who stands in a line. */
export interface Member extends Listener {
  /** Whether it is about to take what it was told of before. */
  readonly isClaiming: boolean
  /** Hears of a tuple that is stored. Says whether the others need not. */
  readonly onHint: (mail: Mail) => boolean
}

/** What a batch comes to, when joins have said what they make of what they were offered. */
export interface Heard<Cs extends ReadonlyArray<Command> = ReadonlyArray<Command>> extends Outcome<Cs> {
  /** Joins that are complete. */
  readonly joined: ReadonlyArray<readonly [waiter: number, found: Met]>
  /** What joins have learned, which holds once it is committed. */
  readonly learned: ReadonlyArray<() => void>
}

/** Does a batch, and asks joins about what they are offered. */
type Hearing = <const Cs extends ReadonlyArray<Command>>(commands: Cs) => Effect.Effect<Heard<Cs>, SpaceError>

/**
 * Those of this client who wait for the same, and about whom only we can decide: what one of them accepts, all do. So
 * however many they are, a tuple is looked at once.
 */
export class Line {
  /** In order of arrival. */
  private readonly members = new Set<Member>()

  private readonly patterns: ReadonlyArray<Pattern>
  readonly number: number
  /** Of a join, which stands alone. */
  readonly isJoin: boolean

  constructor({ consider, id, patterns }: Listener, readonly asked: string | undefined) {
    this.number = id
    this.patterns = patterns
    this.isJoin = consider !== undefined
  }

  get isEmpty(): boolean {
    return this.members.size === 0
  }

  isLike({ patterns }: Listener): boolean {
    const { patterns: own } = this
    return own.length === patterns.length && own.every((pattern, index) => pattern.isLike(patterns[index]!))
  }

  /** Adds somebody behind all others, also one who stands there already. */
  add(member: Member): void {
    this.members.delete(member)
    this.members.add(member)
  }

  delete(member: Member): void {
    this.members.delete(member)
  }

  accepts(tuple: Tuple): boolean {
    for (const member of this.members) {
      const says = member.accepts(tuple)
      // Whose code throws has left: the next is asked.
      if (this.members.has(member)) {
        return says
      }
    }
    return false
  }

  /** A tuple that is stored may be for them: all who read hear of it, and the first who takes and has no other. */
  hint(mail: Mail): void {
    const members = [...this.members]
    if (!members.some((member) => !member.isClaiming && member.onHint(mail))) {
      members.some((member) => member.isClaiming && member.onHint(mail))
    }
  }
}

export class Offers {
  /** Those that only we can decide about, by their numbers. */
  private readonly lines = new Map<number, Line>()
  /** Those of them that others may join, by what the store is asked: the youngest. */
  private readonly joinable = new Map<string, Array<Line>>()
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
    for (const line of this.lines.values()) {
      if (line.accepts(tuple)) {
        this.isOffering ||= line.isJoin
        accepting.push(line.number)
      }
    }
    return accepting
  }

  lineOf(number: number): Line | undefined {
    return this.lines.get(number)
  }

  /**
   * Has somebody stand in the line of those who are alike: `asked` is what the store is asked, and as whom. Without it,
   * he stands alone.
   */
  enter(member: Member, asked: string | undefined): Line {
    // What is answered elsewhere is answered for each operation.
    if (asked === undefined || member.patterns.some(({ answers }) => answers !== undefined)) {
      return this.open(member, undefined)
    }
    const others = this.joinable.get(asked) ?? []
    const known = others.find((line) => line.isLike(member))
    if (known !== undefined) {
      known.add(member)
      return known
    }
    const line = this.open(member, asked)
    // One that is not found among many unlike it stands alone: that costs time, and changes nothing else.
    this.joinable.set(asked, [...others.slice(1 - most), line])
    return line
  }

  private open(member: Member, asked: string | undefined): Line {
    const line = new Line(member, asked)
    this.lines.set(line.number, line)
    line.add(member)
    return line
  }

  leave(member: Member, line: Line): void {
    line.delete(member)
    if (line.isEmpty) {
      const { asked } = line
      this.lines.delete(line.number)
      if (asked !== undefined) {
        const others = this.joinable.get(asked)?.filter((other) => other !== line) ?? []
        if (others.length === 0) {
          this.joinable.delete(asked)
        } else {
          this.joinable.set(asked, others)
        }
      }
    }
  }

  /** In a transaction: asks joins about what they are offered, until nobody is offered anything any more. */
  heard(run: Run, isOffering = () => this.isOffering): Hearing {
    const so: SoFar = { learned: [], left: new Set() }
    const askAll = <Cs extends ReadonlyArray<Command>>(heard: Heard<Cs>): Effect.Effect<Heard<Cs>, SpaceError> => {
      heard.mail.forEach(({ event, waiter }) => event === "Gone" && so.left.add(waiter))
      const offer = heard.mail.find(({ kind }) => kind === "offer")
      if (offer === undefined) {
        return Effect.succeed(heard)
      }
      const mail = heard.mail.filter((other) => other !== offer)
      const joined = [...heard.joined]
      const collect: Run = (commands) => Effect.tap(run(commands), (outcome) => void mail.push(...outcome.mail))
      const isOver = joined.some(([waiter]) => waiter === offer.waiter)
      const considered = this.waiters.get(offer.waiter)?.consider?.(collect, offer.row, isOver, so) ??
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
      Effect.flatMap(run(commands), (outcome) => askAll({ ...outcome, joined: [], learned: so.learned }))
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

/** With so many lines for which the store is asked the same somebody is compared. */
const most = 64

const combined = <Cs extends ReadonlyArray<Command>>(all: ReadonlyArray<Heard>, replies: RepliesTo<Cs>): Heard<Cs> => ({
  replies,
  mail: all.flatMap(({ mail }) => mail),
  joined: all.flatMap(({ joined }) => joined),
  learned: all[0]?.learned ?? [],
  next: all[all.length - 1]?.next ?? null
})
