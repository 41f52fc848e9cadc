/**
 * Gathers what the store has for a join: candidates for each of its demands, and chooses among them.
 *
 * It goes on as long as that is of use, and says only what it asks for next. So the same search is made under the
 * lock of the store, and ahead of that, with others in between. What has been gathered ahead stays of use: nothing that
 * is there is unknown at the last look, since a watcher tells of all that comes to be stored. What is gone may be among
 * it, so those chosen are looked at again, and if one of them is gone, it chooses anew.
 *
 * What must not be there is asked under the lock alone.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Query, Row, Run, Scan } from "../../StoreCommand.js"
import * as Join from "../pattern/join.js"
import type { Outlook } from "../pattern/outlook.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Demand, Plan } from "../pattern/plan.js"
import { valuesOf } from "../pattern/semijoin.js"
import { beginning } from "../places.js"
import { Absent, askFor } from "./absent.js"
import type { Asking, Findings, Known } from "./ahead.js"
import { Far, longest, near, shortest } from "./ahead.js"
import { Gathered, queriesFor } from "./gathered.js"
import { matches, page } from "./query.js"
import type { Reader, Reading } from "./reader.js"
import { isRead } from "./reader.js"
import type { Candidate } from "./wanted.js"

/** A demand of a join, and whether its query says all. */
interface Asker extends Demand {
  readonly exact: boolean
}

/** Demands by what the store is asked for them: it is asked once. */
export interface Question {
  readonly query: Query
  readonly askers: ReadonlyArray<Asker>
}

export const questionsOf = (reader: Reader, plan: Plan): ReadonlyArray<Question> => {
  const questions = new Map<string, Question & { readonly askers: Array<Asker> }>()
  for (const demand of plan.demands) {
    const [query, exact] = reader.query(demand.pattern)
    const key = JSON.stringify(query)
    const { askers } = questions.get(key) ?? questions.set(key, { query, askers: [] }).get(key)!
    askers.push({ ...demand, exact })
  }
  return Array.from(questions.values())
}

/** How a demand is looked up instead of its question: by the values that a variable has in what is known of another. */
interface Lookup {
  readonly asker: Asker
  readonly question: Question
  readonly name: string
  readonly through: Pattern
  /** What has been asked. */
  readonly asked: Set<string>
}

/** How a look is made. */
export interface Look {
  readonly isBounded: boolean
  /** Whether it may stop once it is certain that there is too little. Otherwise it has to know what there is. */
  readonly stops: boolean
  readonly outlook: Outlook<Candidate> | undefined
  /** A tuple that is held for the join. */
  readonly offered: Row | undefined
}

/** How many rows are asked for at a time, at first and at most. */
type Limits = readonly [first: number, most: number]

export class Gathering implements Findings {
  readonly events = ["Out", "Requeue"] as const
  private readonly gathered: Gathered
  /** How many candidates of a demand are enough to know whether there are enough for all. */
  private readonly enough: number
  /** The questions that have not been answered to the end, and up to where they have been. */
  private readonly places: Map<Question, number>
  private readonly questionOf = new Map<Pattern, Question>()
  /** How much has been read, in pages. */
  private pages = 0
  /** The demands of which all candidates are known that can agree with others. */
  private readonly found = new Set<Pattern>()
  /** How these of them are, each of which comes behind that by which it is. */
  private readonly lookups = new Map<Pattern, Lookup>()
  /** What has come since it last went on. */
  private come: Array<Row> = []
  /** What is there: it was read under the lock that this look has. */
  private readonly there = new Set<number>()
  /** What there is that must not be, if that has been asked with all that was gathered. */
  private absent: Absent | undefined = undefined

  constructor(
    private readonly reader: Reader,
    private readonly plan: Plan,
    private readonly questions: ReadonlyArray<Question>
  ) {
    this.gathered = new Gathered(reader)
    this.enough = plan.patterns.length
    this.places = new Map(questions.map((question) => [question, beginning]))
    questions.forEach((question) => question.askers.forEach(({ pattern }) => this.questionOf.set(pattern, question)))
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Ahead
  // -------------------------------------------------------------------------------------------------------------------

  get known(): Known {
    return { ranges: [], gathering: this }
  }

  comes(row: Row): void {
    this.come.push(row)
  }

  asking(): Asking {
    return this.gathers(false, undefined, [shortest, longest])
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Under the lock
  // -------------------------------------------------------------------------------------------------------------------

  /** What is for each pattern, and is there, if there is that. */
  look(
    run: Run,
    { isBounded, offered, outlook, stops }: Look
  ): Effect.Effect<ReadonlyArray<Candidate> | undefined, Far | SpaceError> {
    return Effect.suspend(() => {
      this.there.clear()
      this.absent = undefined
      if (offered !== undefined) {
        this.there.add(offered.id)
      }
      const most = (near + this.questions.length) * page
      let rows = 0
      /** Asks the store alone, for so many rows in all. */
      const done = <A>(asks: () => Asking<A>): Effect.Effect<A, Far | SpaceError> =>
        Effect.suspend(() => {
          const asking = asks()
          const go = (...answers: Parameters<Asking["next"]>): Effect.Effect<A, Far | SpaceError> => {
            const step = asking.next(...answers)
            if (step.done === true) {
              return Effect.succeed(step.value)
            }
            return isBounded && rows >= most ? Effect.fail(new Far()) : Effect.flatMap(
              run(step.value),
              ({ replies }) => {
                replies.forEach((reply, index) => {
                  rows += Math.max(reply.length, Math.min(leastRows, step.value[index]!.limit))
                })
                return go(replies)
              }
            )
          }
          return go()
        })
      const gather = done(() => this.gathers(stops, offered, [page, page]))
      const choose: Effect.Effect<ReadonlyArray<Candidate> | undefined, Far | SpaceError> = Effect.flatMap(
        Effect.zipRight(gather, this.askAbsent(run, offered)),
        () => {
          const chosen = Join.find<Candidate>(this.plan, (this.absent ?? this.gathered).source, outlook)
          return chosen === undefined
            ? Effect.succeed(undefined)
            : Effect.flatMap(done(() => this.looksAt(chosen)), (areThere) => areThere ? Effect.succeed(chosen) : choose)
        }
      )
      return choose
    })
  }

  /** One that must not be there, and keeps the join from being complete. */
  get witness(): Row | undefined {
    return this.absent?.witness
  }

  /** Asks for what must not be there, unless there is too little of the rest anyway. */
  private askAbsent(run: Run, offered: Row | undefined): Effect.Effect<void, SpaceError> {
    return Effect.suspend(() => {
      if (this.plan.absences.length === 0 || this.absent !== undefined || this.hasTooFew()) {
        return Effect.void
      }
      this.absent = new Absent(this.reader, this.plan, this.gathered)
      return askFor(this.reader, run, this.absent, offered)
    })
  }

  /** Whether those chosen are there; forgets those that are not. */
  private *looksAt(chosen: ReadonlyArray<Candidate>): Asking<boolean> {
    const unsure = new Map(
      chosen.flatMap(({ seq }, index) =>
        this.there.has(seq) ? [] : [[seq, this.questionOf.get(this.plan.patterns[index]!)!]]
      )
    )
    if (unsure.size === 0) {
      return true
    }
    const answers = yield Array.from(unsure, ([place, { query }]) => scanOf(query, place - 1, 1))
    let areThere = true
    for (const [index, [place, question]] of Array.from(unsure).entries()) {
      if (answers[index]![0]?.id === place) {
        this.there.add(place)
      } else {
        areThere = false
        yield* this.sweep(question, place)
      }
    }
    return areThere
  }

  /** Forgets what is gone from a place on: where one is, more may be. */
  private *sweep({ askers, query }: Question, place: number): Asking {
    if (!askers.some(({ pattern }) => this.gathered.of(pattern).has(place))) {
      return
    }
    const [rows] = yield [scanOf(query, place - 1, page)]
    const last = rows!.length < page ? Infinity : rows![page - 1]!.id
    rows!.forEach(({ id }) => this.there.add(id))
    for (const { pattern } of askers) {
      for (const id of Array.from(this.gathered.of(pattern).keys())) {
        if (id >= place && id <= last && !this.there.has(id)) {
          this.gathered.remove(id)
        }
      }
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Candidates
  // -------------------------------------------------------------------------------------------------------------------

  /** Goes on until it knows enough. If there is too little, that is enough to know. */
  private *gathers(stops: boolean, offered: Row | undefined, limits: Limits): Asking {
    this.hear()
    const offer = offered && this.reader.read(offered)
    for (const question of this.questions) {
      let [limit] = limits
      while (this.places.has(question) && !this.hasEnough(question)) {
        yield* this.readPage(question, limit)
        limit = Math.min(2 * limit, limits[1])
      }
      for (const { count, pattern } of question.askers) {
        if (offer !== undefined && isRead(offer) && pattern.matches(offer)) {
          this.gathered.add(pattern, offered!, offer)
        }
        if (stops && this.gathered.of(pattern).size < count) {
          return
        }
      }
    }
    if (!this.plan.isPlain && !this.hasTooFew()) {
      yield* this.completes(limits)
    }
  }

  private hasTooFew(): boolean {
    return this.plan.demands.some(({ count, pattern }) => this.gathered.of(pattern).size < count)
  }

  /** Whether there are enough of those up to where all are known. */
  private hasEnough(question: Question): boolean {
    const place = this.places.get(question)!
    return question.askers.every(({ pattern }) => {
      const candidates = this.gathered.of(pattern)
      let missing = candidates.size < this.enough ? Infinity : this.enough
      for (const { seq } of missing < Infinity ? candidates.values() : []) {
        missing -= seq <= place ? 1 : 0
        if (missing === 0) {
          break
        }
      }
      return missing === 0
    })
  }

  /** Reads one more page of what the store has for a question. */
  private *readPage(question: Question, limit: number): Asking {
    const [rows] = yield [scanOf(question.query, this.places.get(question)!, limit)]
    this.absent = undefined
    this.pages += Math.max(1, Math.ceil(rows!.length / page))
    for (const row of rows!) {
      this.there.add(row.id)
      this.places.set(question, row.id)
      const reading = this.reader.read(row)
      question.askers.forEach((asker) => this.count(asker, row, reading))
      if (this.plan.isPlain && this.hasEnough(question)) {
        return
      }
    }
    if (rows!.length < limit) {
      this.places.delete(question)
      question.askers.forEach(({ pattern }) => {
        this.found.add(pattern)
        this.lookups.delete(pattern)
      })
    }
  }

  /**
   * Goes on until all candidates are known that can agree with others, for a search of which variables say what it can
   * take. Those of which there are many are looked up by the values that few others have, once these are known.
   */
  private *completes([limit, most]: Limits): Asking {
    for (const lookup of Array.from(this.lookups.values())) {
      yield* this.lookUp(lookup)
    }
    for (;;) {
      const open = Array.from(this.places.keys()).filter(({ askers }) =>
        askers.some((asker) => !this.found.has(asker.pattern) && !this.plan.isLoose(asker))
      )
      if (open.length === 0) {
        return
      }
      const lookup = this.lookupOf(open)
      if (lookup !== undefined) {
        yield* this.lookUp(lookup)
        continue
      }
      for (const question of open) {
        yield* this.readPage(question, limit)
      }
      limit = Math.min(2 * limit, most)
    }
  }

  /** What can be looked up by fewer values than it has cost pages so far. */
  private lookupOf(open: ReadonlyArray<Question>): Lookup | undefined {
    for (const question of open) {
      for (const asker of question.askers) {
        const { pattern } = asker
        for (const name of this.found.has(pattern) || !this.places.has(question) ? [] : pattern.names) {
          for (const demand of pattern.isFoundBy(name) ? this.plan.users.get(name)! : []) {
            const lookup = { asker, question, name, through: this.plan.demands[demand]!.pattern, asked: noneAsked() }
            if (this.queriesOf(lookup, valuesPerPage * this.pages) !== undefined) {
              return lookup
            }
          }
        }
      }
    }
    return undefined
  }

  /** What finds all of it, if that by which it is looked up is known, and has no more values than that. */
  private queriesOf({ asker, name, through }: Lookup, most = Infinity): ReadonlyArray<Query> | undefined {
    const values = this.found.has(through)
      ? valuesOf(through, name, this.gathered.of(through).values())
      : undefined
    return values && values.size <= most ? queriesFor(this.reader, asker.pattern, name, values) : undefined
  }

  /** Looks it up by the values by which it has not been yet. */
  private *lookUp(lookup: Lookup): Asking {
    const { asked, asker } = lookup
    const queries = this.queriesOf(lookup)
    if (queries === undefined) {
      // A value has come by which nothing can be looked up.
      this.lookups.delete(asker.pattern)
      this.found.delete(asker.pattern)
      return
    }
    const open = queries.flatMap((query) => {
      const key = JSON.stringify(query)
      return asked.has(key) ? [] : [{ key, query }]
    })
    while (open.length > 0) {
      const next = open.splice(0, valuesPerPage)
      const answers = yield next.map(({ query }) => scanOf(query, beginning, page))
      for (const [index, { key, query }] of next.entries()) {
        let rows = answers[index]!
        this.countAll(asker, rows)
        while (rows.length === page) {
          rows = (yield [scanOf(query, rows[page - 1]!.id, page)])[0]!
          this.countAll(asker, rows)
        }
        asked.add(key)
      }
    }
    this.lookups.set(asker.pattern, lookup)
    this.found.add(asker.pattern)
  }

  private countAll(asker: Asker, rows: ReadonlyArray<Row>): void {
    this.absent = undefined
    for (const row of rows) {
      this.there.add(row.id)
      this.count(asker, row, this.reader.read(row))
    }
  }

  /** What has come meanwhile is a candidate, wherever it is: it may be gone by now, as any that was gathered ahead. */
  private hear(): void {
    for (const row of this.come.splice(0)) {
      for (const { askers, query } of this.questions) {
        if (matches(query, row)) {
          const reading = this.reader.read(row)
          askers.forEach((asker) => this.count(asker, row, reading))
        }
      }
    }
  }

  private count({ exact, pattern }: Asker, row: Row, reading: Reading): void {
    if (isRead(reading) ? pattern.matches(reading) : exact) {
      this.gathered.add(pattern, row, reading)
    }
  }
}

const scanOf = (query: Query, after: number, limit: number): Scan => ({ op: "scan", query, after, limit })

const noneAsked = (): Set<string> => new Set()

/** For each page that was read so many values are looked up at most. */
const valuesPerPage = 16

/** What finds little costs as much as so many rows. */
const leastRows = page / valuesPerPage
