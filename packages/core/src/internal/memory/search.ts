/**
 * Operations that look for tuples: by one pattern, by a choice of patterns, by a join of patterns; to take or to read;
 * now, or waiting until there are some.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Tuple } from "../../Tuple.js"
import type { Explanation } from "../../TupleSpace.js"
import type { Batch } from "../batch.js"
import type { Pattern } from "../pattern/pattern.js"
import { Plan } from "../pattern/plan.js"
import type { Query, Several } from "../pattern/query.js"
import { kindOf, takesAny } from "../pattern/query.js"
import type { Asked } from "../queries.js"
import { timedOut } from "../timeout.js"
import type { Span } from "../tracing.js"
import type { WaitName } from "../verbs.js"
import { isReading } from "../verbs.js"
import type { Memory } from "./engine.js"
import type { Entry } from "./entry.js"
import type { Interest, Kind, Served } from "./interest.js"
import type { Operation } from "./operation.js"
import { endSpan, link, operation } from "./operation.js"
import type { Miss, Store } from "./store.js"
import { MISS } from "./store.js"
import type { Request } from "./wait.js"
import { result } from "./wait.js"

/**
 * What to look for, and what to make of it; as such also something to wait for. `Found` is whatever tells the entries
 * and the value.
 */
export abstract class Search<Found> implements Request, Operation<any, Cause.TimeoutException> {
  constructor(
    private readonly memory: Memory,
    /** The name of the operation that it is made for. */
    private readonly name: string,
    readonly takes: boolean,
    readonly timeout: number
  ) {}

  protected abstract readonly query: Query

  /**
   * Made when it is asked for: an array made with each search that waits would have V8 make all searches in its old
   * generation.
   */
  get patterns(): ReadonlyArray<Pattern> {
    return this.query.patterns
  }

  /** What it looks for, as it is shown, if its patterns do not say all. */
  get shown(): ReadonlyArray<unknown> | undefined {
    return undefined
  }

  get kind(): Kind {
    return this.name === "withPermit" ? this.name : kindOf(this.takes, this.query)
  }

  late(): Cause.TimeoutException {
    const { memory: { name: space }, name: operation, timeout } = this
    return timedOut({ space, operation, patterns: this.shown ?? this.patterns, timeout })
  }

  protected get store(): Store {
    return this.memory.store
  }

  get takesTurns(): boolean {
    return this.takes
  }

  wouldMiss(): boolean {
    return this.findFree() === undefined
  }

  step(span: Span): unknown | MISS {
    const found = this.findFree()
    if (found === undefined) {
      return MISS
    }
    if (this.takes) {
      this.take(found)
    }
    if (span !== undefined) {
      link(span, this.all(found))
    }
    return this.value(found)
  }

  /** Looks now, whoever else is to look first. */
  now(span: Span): Option.Option<any> {
    const found = this.find(undefined)
    if (found === undefined) {
      return Option.none()
    }
    link(span, this.all(found))
    if (this.takes) {
      this.take(found)
    }
    return Option.some(this.value(found))
  }

  wait(span: Span): Effect.Effect<any, Cause.TimeoutException> {
    const onEnd = span && ((exit: Exit.Exit<Interest, unknown>) => {
      if (exit._tag === "Success") {
        link(span, exit.value.entries)
      }
      endSpan(this.memory, span, exit)
    })
    return result(this.store, this, onEnd)
  }

  /** Among what is stored. To take, only what no transaction was woken to look at before. */
  protected abstract find(except: ReadonlySet<Entry> | undefined): Found | undefined
  /** With an entry that has just come, and is not stored, and matches the pattern number `index`. */
  protected abstract complete(interest: Interest, entry: Entry, index: number): Found | undefined
  /** What is taken of what was found. */
  abstract entries(found: Found): ReadonlyArray<Entry>
  /** All of it. */
  all(found: Found): ReadonlyArray<Entry> {
    return this.entries(found)
  }
  /** By which of the patterns it was found, if that is not all the same. */
  index(_: Found): number {
    return 0
  }

  value(found: Found): unknown {
    return this.query.result(this.index(found), this.all(found).map(tupleOf))
  }

  get table(): "readers" | "takers" {
    return this.takes ? "takers" : "readers"
  }

  private findFree(): Found | undefined {
    return this.find(this.takes ? this.store.offered : undefined)
  }

  /** The same for one that waits if nothing is found. */
  protected findFor(interest: Interest): Found | undefined {
    return this.find(this.takes ? this.store.offeredBefore(interest) : undefined)
  }

  protected take(found: Found): void {
    this.store.take(this.entries(found))
  }

  attempt(interest: Interest): Served | Miss {
    return this.served(this.findFor(interest))
  }

  offer(interest: Interest, entry: Entry, index: number): Served | Miss {
    return this.served(this.complete(interest, entry, index))
  }

  private served(found: Found | undefined): Served | Miss {
    return found === undefined
      ? MISS
      : { entries: this.takes ? this.entries(found) : [], value: this.value(found) }
  }
}

const tupleOf = ({ tuple }: Entry): Tuple => tuple

/** One tuple, by one pattern. */
class Single extends Search<Entry> {
  constructor(memory: Memory, name: string, protected readonly query: Pattern, takes: boolean, timeout: number) {
    super(memory, name, takes, timeout)
  }
  find(except: ReadonlySet<Entry> | undefined): Entry | undefined {
    return this.store.shelves.find(this.query, except)
  }
  complete(_: Interest, entry: Entry): Entry {
    return entry
  }
  protected override take(entry: Entry): void {
    this.store.takeOne(entry)
  }
  entries(entry: Entry): ReadonlyArray<Entry> {
    return [entry]
  }
  override value(entry: Entry): unknown {
    return entry.tuple
  }
}

/** One tuple, by any of several patterns. */
class Choice extends Search<readonly [Entry, number]> {
  constructor(memory: Memory, name: string, protected readonly query: Several, takes: boolean, timeout: number) {
    super(memory, name, takes, timeout)
  }
  find(except: ReadonlySet<Entry> | undefined): readonly [Entry, number] | undefined {
    const { prefer } = this.query
    return this.store.shelves.findAny(this.patterns, except, prefer)
  }
  complete(_: Interest, entry: Entry, index: number): readonly [Entry, number] {
    return [entry, index]
  }
  entries([entry]: readonly [Entry, number]): ReadonlyArray<Entry> {
    return [entry]
  }
  override index([, index]: readonly [Entry, number]): number {
    return index
  }
}

/** Distinct tuples for all of several patterns; some may only be read, and some things have to be absent. */
class Join extends Search<ReadonlyArray<Entry>> {
  private readonly plan: Plan
  constructor(memory: Memory, name: string, protected readonly query: Several, takes: boolean, timeout: number) {
    super(memory, name, takes, timeout)
    this.plan = new Plan(query.patterns, query.roles)
  }
  /** Equal ones are one object. */
  override get patterns(): ReadonlyArray<Pattern> {
    return this.plan.patterns
  }
  /** Who takes nothing need not wait for a turn. */
  override get takesTurns(): boolean {
    return this.takes && this.patterns.length > 0
  }
  override get shown(): ReadonlyArray<unknown> | undefined {
    return this.query.roles === undefined ? undefined : this.query.shown
  }
  get absent(): ReadonlyArray<Pattern> {
    return this.plan.absences.map(({ pattern }) => pattern)
  }
  find(except: ReadonlySet<Entry> | undefined): ReadonlyArray<Entry> | undefined {
    return this.store.findJoinNow(this.plan, except)
  }
  protected override findFor(interest: Interest): ReadonlyArray<Entry> | undefined {
    return this.store.findJoin(interest, this.plan)
  }
  complete(interest: Interest, entry: Entry): ReadonlyArray<Entry> | undefined {
    return this.store.findJoinWith(interest, this.plan, entry)
  }
  entries(found: ReadonlyArray<Entry>): ReadonlyArray<Entry> {
    return this.plan.takenOf(found)
  }
  override all(found: ReadonlyArray<Entry>): ReadonlyArray<Entry> {
    return found
  }
}

/** Looks for what a query asks for. */
export const searchFor = (
  memory: Memory,
  name: string,
  query: Query,
  takes: boolean,
  timeout: number
): Search<any> => {
  switch (query.form) {
    case "one":
      return new Single(memory, name, query, takes, timeout)
    case "any":
      return new Choice(memory, name, query, takes, timeout)
    case "all":
      return new Join(memory, name, query, takes && takesAny(query), timeout)
  }
}

export const wait = (memory: Memory) => (name: WaitName, query: Query, timeout: number) =>
  operation<unknown, Cause.TimeoutException>(
    memory,
    name,
    searchFor(memory, name, query, !isReading(name), timeout)
  )

const takeNow = (store: Store, pattern: Pattern, span?: Span): Option.Option<any> => {
  const entry = store.shelves.find(pattern)
  if (entry === undefined) {
    return Option.none()
  }
  if (span !== undefined) {
    link(span, [entry])
  }
  store.takeOne(entry)
  return Option.some(entry.tuple)
}

const readNow = (store: Store, pattern: Pattern): Option.Option<any> =>
  Option.fromNullable(store.shelves.find(pattern)?.tuple)

/** What is asked for most, without the closures. */
class Now implements Operation<Option.Option<any>, never> {
  constructor(private readonly store: Store, private readonly takes: boolean, private readonly pattern: Pattern) {}
  step(span: Span): Option.Option<any> {
    return this.takes ? takeNow(this.store, this.pattern, span) : readNow(this.store, this.pattern)
  }
}

/** `inp` or `rdp`. */
export const now = (memory: Memory) => (name: "inp" | "rdp", query: Query): Effect.Effect<Option.Option<unknown>> =>
  operation(
    memory,
    name,
    query.form === "one" ? new Now(memory.store, name === "inp", query) : { step: nowOf(memory, name, query) }
  )

/** A batch that is there now, as a part of a transaction. */
const batchNow = (store: Store, batch: Batch, takes: boolean): Option.Option<unknown> => {
  const entries = store.shelves.findAll(batch.pattern, batch.max)
  if (entries.length < batch.min) {
    return Option.none()
  }
  if (takes) {
    store.take(entries)
  }
  return Option.some(entries.map(tupleOf))
}

/** The step of `inp` or `rdp`, on its own and in transactions, whatever is looked for. */
export const nowOf = (memory: Memory, name: "inp" | "rdp", query: Asked): (span?: Span) => Option.Option<any> => {
  const { store } = memory
  const takes = name === "inp"
  switch (query.form) {
    case "one":
      return takes ? (span) => takeNow(store, query, span) : () => readNow(store, query)
    case "batch":
      return () => batchNow(store, query, takes)
    default: {
      const search = searchFor(memory, name, query, takes, 0)
      return (span) => search.now(span)
    }
  }
}

/** The step of `collect` and `inUpTo`. `hold` says that the space may have them back. */
export const takeUpToNow = (
  store: Store,
  pattern: Pattern,
  limit: number,
  span: Span,
  isHeld = true
): ReadonlyArray<Entry> => {
  const entries = store.shelves.findAll(pattern, limit)
  link(span, entries)
  if (isHeld) {
    store.takeHeld(entries)
  } else {
    store.take(entries)
  }
  return entries
}

export const takeUpTo =
  (memory: Memory) =>
  (name: "collect" | "inUpTo", pattern: Pattern, limit: number): Effect.Effect<ReadonlyArray<Tuple>> =>
    operation(memory, name, {
      step: (span) => takeUpToNow(memory.store, pattern, limit, span, false).map(tupleOf)
    })

export const copyCollect = (memory: Memory) => (pattern: Pattern, limit: number): Effect.Effect<ReadonlyArray<Tuple>> =>
  operation(memory, "copyCollect", {
    step: () => memory.store.shelves.findAll(pattern, limit).map(tupleOf)
  })

export const explain = (memory: Memory) => (pattern: Pattern): Effect.Effect<Explanation> =>
  operation(memory, "explain", { step: () => memory.store.shelves.explain(pattern) })

export const count = (memory: Memory) => (pattern: Pattern): Effect.Effect<number> =>
  operation(memory, "count", { step: () => memory.store.shelves.findAll(pattern).length })
