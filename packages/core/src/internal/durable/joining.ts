/**
 * What a join wants: candidates for each of its demands, and among them an assignment that satisfies all.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Found, Query, Row, Run } from "../../StoreCommand.js"
import * as Join from "../pattern/join.js"
import type { Outlook } from "../pattern/outlook.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Demand } from "../pattern/plan.js"
import { Plan } from "../pattern/plan.js"
import { claim, claimed, scan } from "./finding.js"
import type { Ground } from "./ground.js"
import type { Reader, Reading } from "./reader.js"
import { isRead } from "./reader.js"
import type { Candidate, Wanted } from "./wanted.js"
import type { Wish } from "./wishes.js"
import { described } from "./wishes.js"

/** A demand of a join, and whether its query says all. */
interface Asker extends Demand {
  readonly exact: boolean
}

/** Demands by what the store is asked for them: it is asked once. */
interface Question {
  readonly query: Query
  readonly askers: Array<Asker>
}

/** A tuple for each of the patterns, under one assignment of their variables. */
export const joinOf = ({ reader }: Ground, wish: Omit<Wish, "kind">): Wanted => {
  const plan = new Plan(wish.patterns)
  const { patterns } = plan
  const questions = questionsOf(reader, plan)
  return {
    // Equal patterns are one.
    ...described(reader, { ...wish, kind: "inAll" }, Array.from(new Set(patterns), (each) => reader.query(each))),
    patterns,
    as: "join",
    exact: false,
    plan,
    attempt: (run, hold, waiter, { offered, outlook }) => {
      let offer = offered
      const look = Effect.suspend(() => {
        const mine = offer
        const search = new Search(reader, plan, questions, mine?.row)
        return Effect.flatMap(
          search.ask(run, outlook === undefined),
          (isHopeful): Effect.Effect<Found | null, unknown> => {
            const rows = isHopeful ? search.choose(outlook) : undefined
            if (rows === undefined) {
              return Effect.succeed(null)
            }
            const found = { index: 0, rows }
            if (mine === undefined || rows.every(({ id }) => id !== mine.row.id)) {
              return Effect.succeed(found)
            }
            // It is stored from now on, and found there.
            offer = undefined
            return Effect.as(mine.answer, found)
          }
        )
      })
      // There is nothing to take for no patterns.
      return claimed(look, (rows) => claim(run, hold, rows, waiter, wish.final))
    }
  }
}

const questionsOf = (reader: Reader, plan: Plan): ReadonlyArray<Question> => {
  const questions = new Map<string, Question>()
  for (const demand of plan.demands) {
    const [query, exact] = reader.query(demand.pattern)
    const key = JSON.stringify(query)
    const { askers } = questions.get(key) ?? questions.set(key, { query, askers: [] }).get(key)!
    askers.push({ ...demand, exact })
  }
  return Array.from(questions.values())
}

/** One search for a join: what the store has for its demands. */
class Search {
  private readonly candidates = new Map<number, Candidate>()
  private readonly ofPattern = new Map<Pattern, Array<Candidate>>()
  /** How many candidates of a demand are enough. */
  private readonly enough: number

  constructor(
    private readonly reader: Reader,
    private readonly plan: Plan,
    private readonly questions: ReadonlyArray<Question>,
    /** A tuple that is held for the join. */
    private readonly offered: Row | undefined
  ) {
    this.enough = plan.isPlain ? plan.patterns.length : Infinity
  }

  /** Asks the store. Says whether there may be an assignment: if not, and it `stops` there, not all has been asked. */
  ask(run: Run, stops: boolean): Effect.Effect<boolean, SpaceError> {
    const offer = this.offered === undefined ? undefined : this.reader.read(this.offered)
    const from = (number: number): Effect.Effect<boolean, SpaceError> => {
      const question = this.questions[number]
      return question === undefined ? Effect.succeed(true) : Effect.flatMap(
        this.gather(run, question),
        () => {
          question.askers.forEach((asker) => this.addOffered(asker, offer))
          return stops && question.askers.some(({ count, pattern }) => this.ofPattern.get(pattern)!.length < count)
            ? Effect.succeed(false)
            : from(number + 1)
        }
      )
    }
    return from(0)
  }

  /** The rows of an assignment, if there is one. One that cannot be decoded ends it: the others stay where they are. */
  choose(outlook: Outlook<Candidate> | undefined): ReadonlyArray<Row> | undefined {
    const oldest = Array.from(this.candidates.values()).filter(({ unread }) => unread === undefined).sort(byAge)
    const chosen = Join.find<Candidate>(
      this.plan,
      {
        first: (pattern, test, after = -1) =>
          (this.ofPattern.get(pattern) ?? oldest).find((candidate) => candidate.seq > after && test(candidate)),
        sizeOf: (pattern) => (this.ofPattern.get(pattern) ?? oldest).length,
        isStored: () => true
      },
      outlook
    )
    if (chosen === undefined) {
      return undefined
    }
    const unread = chosen.filter(({ unread }) => unread !== undefined)
    return (unread.length === 0 ? chosen : unread).map(({ row }) => row)
  }

  /** What the store has for one question, oldest first, until all who ask it have enough. */
  private gather(run: Run, { askers, query }: Question): Effect.Effect<void, SpaceError> {
    askers.forEach(({ pattern }) => this.ofPattern.set(pattern, []))
    let open: ReadonlyArray<Asker> = askers
    return scan(this.reader, run, query, (row, reading) => {
      for (const asker of open) {
        if (
          (isRead(reading) ? asker.pattern.matches(reading) : asker.exact) &&
          this.add(asker, row, reading) >= this.enough
        ) {
          open = open.filter((other) => other !== asker)
        }
      }
      return open.length === 0
    })
  }

  private addOffered(asker: Asker, offer: Reading | undefined): void {
    if (offer !== undefined && isRead(offer) && asker.pattern.matches(offer)) {
      this.add(asker, this.offered!, offer)
      this.ofPattern.get(asker.pattern)!.sort(byAge)
    }
  }

  private add({ pattern }: Asker, row: Row, reading: Reading): number {
    const candidate = this.candidates.get(row.id) ?? candidateOf(this.reader, row, reading)
    this.candidates.set(row.id, candidate)
    // The store has found it, so it has what the pattern says.
    pattern.terms.forEach(({ kind, value }, index) => {
      if (kind === "literal" && candidate.unread !== undefined) {
        candidate.unread[index] = value
      }
    })
    return this.ofPattern.get(pattern)!.push(candidate)
  }
}

const candidateOf = (reader: Reader, row: Row, reading: Reading): Candidate => {
  const unread = isRead(reading) ? undefined : Array.from(reader.raw(row))
  const tuple = isRead(reading) ? reading : unread!
  return { row, tuple, failure: row.arity < 0, seq: row.id, unread }
}

const byAge = (one: Candidate, other: Candidate): number => one.seq - other.seq
