/**
 * What a join wants: candidates for each of its demands, and among them an assignment that satisfies all.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Query, Row, Run } from "../../StoreCommand.js"
import * as Join from "../pattern/join.js"
import type { Outlook } from "../pattern/outlook.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Demand } from "../pattern/plan.js"
import { Plan } from "../pattern/plan.js"
import { valuesOf } from "../pattern/semijoin.js"
import { beginning } from "../places.js"
import { Absent, askFor } from "./absent.js"
import type { Visit } from "./finding.js"
import { claim, claimed, scan, visitPage } from "./finding.js"
import { Gathered, queriesFor } from "./gathered.js"
import type { Ground } from "./ground.js"
import type { Reader, Reading } from "./reader.js"
import { isRead } from "./reader.js"
import type { Candidate, Met, Wanted } from "./wanted.js"
import type { Wish } from "./wishes.js"
import { askedBy, described, reading } from "./wishes.js"

/** A demand of a join, and whether its query says all. */
interface Asker extends Demand {
  readonly exact: boolean
}

/** Demands by what the store is asked for them: it is asked once. */
interface Question {
  readonly query: Query
  readonly askers: ReadonlyArray<Asker>
}

/**
 * A tuple for each of the patterns, under one assignment of their variables, to take or to read. Of a join with guards
 * some are only read, and some must not be there.
 */
export const joinOf = ({ reader }: Ground, wish: Wish, as: "join" | "rd"): Wanted => {
  const plan = new Plan(wish.patterns, wish.roles)
  const { absences, patterns } = plan
  const questions = questionsOf(reader, plan)
  const takes = as === "join"
  // One that has nothing to take stands among those who read.
  const role = takes && (plan.takes > 0 || !plan.isGuarded) ? "join" : "rd"
  const absent = absences.map(({ pattern }) => pattern)
  return {
    // Equal patterns are one.
    ...described(reader, wish, Array.from(new Set(patterns), (each) => reader.query(each))),
    patterns,
    as: role,
    exact: false,
    plan,
    absent: absent.length === 0 ? undefined : askedBy(absent, absent.map((pattern) => reader.query(pattern))),
    attempt: (run, hold, waiter, { knows = () => {}, offered, outlook }) => {
      let offer = offered
      const look = Effect.suspend(() => {
        const mine = offer
        const search = new Search(reader, plan, questions, mine?.row)
        return Effect.flatMap(
          search.ask(run, outlook === undefined),
          (isHopeful): Effect.Effect<Met | null, unknown> => {
            const found = isHopeful ? search.choose(outlook, takes) : undefined
            knows(search.witness)
            if (found === undefined) {
              return Effect.succeed(null)
            }
            if (mine === undefined || found.rows.every(({ id }) => id !== mine.row.id)) {
              return Effect.succeed(found)
            }
            // It is stored from now on, and found there.
            offer = undefined
            return Effect.as(mine.answer, found)
          }
        )
      })
      // There is nothing to take for no patterns.
      return role === "rd" ? reading(run, look, waiter) : Effect.flatMap(
        claimed(look, (rows) => claim(run, hold, rows, waiter, wish.final)),
        (found) =>
          // What it would have read cannot be decoded.
          found?.alsoRead !== undefined && found.rows.length === 0
            ? reading(run, Effect.succeed(found), waiter)
            : Effect.succeed(found)
      )
    }
  }
}

const questionsOf = (reader: Reader, plan: Plan): ReadonlyArray<Question> => {
  const questions = new Map<string, Question & { readonly askers: Array<Asker> }>()
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
  private readonly gathered: Gathered
  /** How many candidates of a demand are enough to know whether there are enough for all. */
  private readonly enough: number
  /** The questions that have not been answered to the end, and up to where they have been. */
  private readonly places = new Map<Question, number>()
  /** How many pages have been read. */
  private pages = 0
  /** The demands of which all candidates are known that can agree with others. */
  private readonly known = new Set<Pattern>()
  /** What there is that must not be, if that was asked. */
  private absent: Absent | undefined = undefined

  constructor(
    private readonly reader: Reader,
    private readonly plan: Plan,
    private readonly questions: ReadonlyArray<Question>,
    /** A tuple that is held for the join. */
    private readonly offered: Row | undefined
  ) {
    this.gathered = new Gathered(reader)
    this.enough = plan.patterns.length
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
          return stops && question.askers.some(({ count, pattern }) => this.gathered.of(pattern).size < count)
            ? Effect.succeed(false)
            : from(number + 1)
        }
      )
    }
    return Effect.flatMap(
      from(0),
      (isHopeful) =>
        isHopeful
          ? Effect.as(
            Effect.zipRight(this.plan.isPlain ? Effect.void : this.complete(run), this.askAbsent(run)),
            true
          )
          : Effect.succeed(false)
    )
  }

  /** One that must not be there, and keeps the join from being complete. */
  get witness(): Row | undefined {
    return this.absent?.witness
  }

  /** Asks for what must not be there, unless there is too little of the rest anyway. */
  private askAbsent(run: Run): Effect.Effect<void, SpaceError> {
    return Effect.suspend(() => {
      const { absences, demands } = this.plan
      if (absences.length === 0 || demands.some(({ count, pattern }) => this.gathered.of(pattern).size < count)) {
        return Effect.void
      }
      this.absent = new Absent(this.reader, this.plan, this.gathered)
      return askFor(this.reader, run, this.absent, this.offered)
    })
  }

  /** The rows of an assignment, if there is one. One that cannot be decoded ends it: the others stay where they are. */
  choose(outlook: Outlook<Candidate> | undefined, takes: boolean): Met | undefined {
    const chosen = Join.find<Candidate>(this.plan, (this.absent ?? this.gathered).source, outlook)
    if (chosen === undefined) {
      return undefined
    }
    const unread = chosen.filter(({ unread }) => unread !== undefined)
    const all = unread.length === 0 ? chosen : unread
    const rowsOf = (some: ReadonlyArray<Candidate>) => some.map(({ row }) => row)
    if (!takes || this.plan.takes === chosen.length) {
      return { index: 0, rows: rowsOf(all) }
    }
    const taken = new Set(this.plan.takenOf(chosen))
    return {
      index: 0,
      rows: rowsOf(all.filter((each) => taken.has(each))),
      alsoRead: rowsOf(all.filter((each) => !taken.has(each)))
    }
  }

  /** What the store has for one question, in the order of choice, until all who ask it have enough. */
  private gather(run: Run, question: Question): Effect.Effect<void, SpaceError> {
    return Effect.flatMap(
      this.readPage(run, question),
      () => this.places.has(question) && !this.hasEnough(question) ? this.gather(run, question) : Effect.void
    )
  }

  private hasEnough({ askers }: Question): boolean {
    return askers.every(({ pattern }) => this.gathered.of(pattern).size >= this.enough)
  }

  /** Reads one more page of what the store has for a question. */
  private readPage(run: Run, question: Question): Effect.Effect<void, SpaceError> {
    const visit: Visit = (row, reading) => {
      question.askers.forEach((asker) => this.count(asker, row, reading))
      return this.plan.isPlain && this.hasEnough(question)
    }
    const after = this.places.get(question) ?? beginning
    return Effect.map(visitPage(this.reader, run, question.query, visit, after), (last) => {
      this.pages++
      if (last === undefined) {
        this.places.delete(question)
        question.askers.forEach(({ pattern }) => this.known.add(pattern))
      } else {
        this.places.set(question, last)
      }
    })
  }

  /**
   * Goes on until all candidates are known that can agree with others, for a search of which variables say what it can
   * take. Those of which there are many are looked up by the values that few others have, once these are known.
   */
  private complete(run: Run): Effect.Effect<void, SpaceError> {
    return Effect.suspend(() => {
      const open = Array.from(this.places.keys()).filter(({ askers }) =>
        askers.some((asker) => !this.known.has(asker.pattern) && !this.plan.isLoose(asker))
      )
      if (open.length === 0) {
        return Effect.void
      }
      const lookup = this.lookupOf(open)
      return Effect.zipRight(
        lookup === undefined
          ? Effect.forEach(open, (question) => this.readPage(run, question), { discard: true })
          : this.lookUp(run, lookup),
        this.complete(run)
      )
    })
  }

  /** What can be looked up by fewer values than it has cost pages so far. */
  private lookupOf(open: ReadonlyArray<Question>): Lookup | undefined {
    for (const { askers } of open) {
      for (const asker of askers) {
        const { pattern } = asker
        for (const name of this.known.has(pattern) ? [] : pattern.names) {
          const values = pattern.isFoundBy(name) ? this.fewValuesOf(name) : undefined
          const queries = values && queriesFor(this.reader, pattern, name, values)
          if (queries !== undefined) {
            return { asker, queries }
          }
        }
      }
    }
    return undefined
  }

  /** The values that a variable can have, if some demand has few. */
  private fewValuesOf(name: string): ReadonlyArray<unknown> | undefined {
    for (const demand of this.plan.users.get(name)!) {
      const { pattern } = this.plan.demands[demand]!
      const candidates = this.gathered.of(pattern)
      const values = this.known.has(pattern) ? valuesOf(pattern, name, candidates.values()) : undefined
      if (values !== undefined && values.size <= valuesPerPage * this.pages) {
        return Array.from(values)
      }
    }
    return undefined
  }

  private lookUp(run: Run, { asker, queries }: Lookup): Effect.Effect<void, SpaceError> {
    const visit: Visit = (row, reading) => {
      this.count(asker, row, reading)
      return false
    }
    return Effect.map(
      Effect.forEach(queries, (query) => scan(this.reader, run, query, visit), { discard: true }),
      () => {
        this.known.add(asker.pattern)
      }
    )
  }

  private addOffered({ pattern }: Asker, offer: Reading | undefined): void {
    if (offer !== undefined && isRead(offer) && pattern.matches(offer)) {
      this.gathered.add(pattern, this.offered!, offer)
    }
  }

  private count({ exact, pattern }: Asker, row: Row, reading: Reading): void {
    if (isRead(reading) ? pattern.matches(reading) : exact) {
      this.gathered.add(pattern, row, reading)
    }
  }
}

/** What is asked instead of the question of an asker: for each value of a variable what has that. */
interface Lookup {
  readonly asker: Asker
  readonly queries: ReadonlyArray<Query>
}

/** For each page that was read so many values are looked up at most. */
const valuesPerPage = 16
