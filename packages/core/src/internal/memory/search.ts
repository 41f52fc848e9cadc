/**
 * Operations that look for tuples: by one pattern, by a choice of patterns, by a join of patterns; to take or to read; now, or
 * waiting until there are some.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Explanation, WaitOptions } from "../../TupleSpace.js"
import type { Several } from "../arguments.js"
import { alternatives, reading, several, timeoutOf } from "../arguments.js"
import { Lack, Plan } from "../pattern/join.js"
import type { Pattern } from "../pattern/pattern.js"
import { compile } from "../pattern/pattern.js"
import { timedOut } from "../timeout.js"
import type { Memory } from "./engine.js"
import type { Entry } from "./entry.js"
import type { Interest, Kind, Served } from "./interest.js"
import type { Operation, Span } from "./operation.js"
import { endSpan, link, operation } from "./operation.js"
import type { Miss, Store } from "./store.js"
import { MISS } from "./store.js"
import type { Request } from "./wait.js"
import { result } from "./wait.js"

/** What to look for, and what to make of it; as such also something to wait for. `Found` is whatever tells the entries and the value. */
export abstract class Search<Found> implements Request, Operation<any, Cause.TimeoutException> {
  constructor(
    private readonly memory: Memory,
    readonly kind: Kind,
    readonly takes: boolean,
    readonly timeout: number
  ) {}

  abstract readonly patterns: ReadonlyArray<Pattern>

  /** The name of the operation that it is made for. */
  get operation(): string {
    return this.kind
  }

  late(): Cause.TimeoutException {
    const { memory: { name: space }, operation, patterns, timeout } = this
    return timedOut({ space, operation, patterns, timeout })
  }

  protected get store(): Store {
    return this.memory.store
  }

  get takesTurns(): boolean {
    return this.takes
  }

  isVain(): boolean {
    return this.look() === undefined
  }

  step(span: Span): unknown | MISS {
    const found = this.look()
    if (found === undefined) {
      return MISS
    }
    if (this.takes) {
      this.take(found)
    }
    if (span !== undefined) {
      link(span, this.entries(found))
    }
    return this.value(found)
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
  abstract entries(found: Found): ReadonlyArray<Entry>
  abstract value(found: Found): unknown

  get table(): "readers" | "takers" {
    return this.takes ? "takers" : "readers"
  }

  private look(): Found | undefined {
    return this.find(this.takes ? this.store.offered : undefined)
  }

  /** The same for one that waits if nothing is found. */
  protected lookFor(_: Interest): Found | undefined {
    return this.look()
  }

  protected take(found: Found): void {
    this.store.take(this.entries(found))
  }

  attempt(interest: Interest): Served | Miss {
    return this.served(this.lookFor(interest))
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

/** One tuple, by one pattern. */
export class Single extends Search<Entry> {
  constructor(
    memory: Memory,
    kind: "in" | "rd" | "withPermit",
    private readonly pattern: Pattern,
    timeout: number
  ) {
    super(memory, kind, kind !== "rd", timeout)
  }
  /** Made when it is asked for: an array made with each search that waits would have V8 make all searches in its old generation. */
  get patterns(): ReadonlyArray<Pattern> {
    return [this.pattern]
  }
  find(except: ReadonlySet<Entry> | undefined): Entry | undefined {
    return this.store.shelves.find(this.pattern, except)
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
  value(entry: Entry): unknown {
    return entry.tuple
  }
}

/** One tuple, to hold it. */
export class Holding extends Single {
  constructor(memory: Memory, private readonly name: string, pattern: Pattern, timeout: number) {
    super(memory, name === "withPermit" ? name : "in", pattern, timeout)
  }
  override get operation(): string {
    return this.name
  }
}

/** One tuple, by any of several patterns. */
export class Choice extends Search<readonly [Entry, number]> {
  private readonly keys: Several["keys"]
  readonly patterns: ReadonlyArray<Pattern>
  constructor(memory: Memory, kind: "inAny" | "rdAny", { keys, patterns }: Several, timeout: number) {
    super(memory, kind, kind === "inAny", timeout)
    this.keys = keys
    this.patterns = patterns
  }
  find(except: ReadonlySet<Entry> | undefined): readonly [Entry, number] | undefined {
    return this.store.shelves.findAny(this.patterns, except)
  }
  complete(_: Interest, entry: Entry, index: number): readonly [Entry, number] {
    return [entry, index]
  }
  entries([entry]: readonly [Entry, number]): ReadonlyArray<Entry> {
    return [entry]
  }
  value([{ tuple }, index]: readonly [Entry, number]): unknown {
    return this.keys === undefined ? { index, tuple } : { key: this.keys[index], tuple }
  }
}

/** Distinct tuples for all of several patterns. */
export class Join extends Search<ReadonlyArray<Entry>> {
  private readonly keys: Several["keys"]
  private readonly plan: Plan
  constructor(memory: Memory, { keys, patterns }: Several, timeout: number) {
    super(memory, "inAll", true, timeout)
    this.keys = keys
    this.plan = new Plan(patterns)
  }
  get patterns(): ReadonlyArray<Pattern> {
    return this.plan.patterns
  }
  /** Who takes nothing need not wait for a turn. */
  override get takesTurns(): boolean {
    return this.patterns.length > 0
  }
  find(except: ReadonlySet<Entry> | undefined): ReadonlyArray<Entry> | undefined {
    const found = this.store.shelves.findJoin(this.plan, except)
    return found instanceof Lack ? undefined : found
  }
  protected override lookFor(interest: Interest): ReadonlyArray<Entry> | undefined {
    return this.store.findJoin(interest, this.plan)
  }
  complete(interest: Interest, entry: Entry): ReadonlyArray<Entry> | undefined {
    return this.store.findJoinWith(interest, this.plan, entry)
  }
  entries(entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> {
    return entries
  }
  value(entries: ReadonlyArray<Entry>): unknown {
    const tuples = entries.map((entry) => entry.tuple)
    return this.keys === undefined
      ? tuples
      : Object.fromEntries(this.keys.map((key, index) => [key, tuples[index]]))
  }
}

const waitFor = (memory: Memory, kind: "in" | "rd", pattern: unknown, options: WaitOptions | undefined) =>
  operation(memory, kind, new Single(memory, kind, compile(pattern), timeoutOf(options)))

export const wait = (memory: Memory, kind: "in" | "rd") => (pattern: unknown, options?: WaitOptions) =>
  reading(waitFor, memory, kind, pattern, options)

export const waitAny = (memory: Memory, kind: "inAny" | "rdAny") => (patterns: unknown, options?: WaitOptions) =>
  reading(() => operation(memory, kind, new Choice(memory, kind, alternatives(patterns), timeoutOf(options))))

export const waitAll = (memory: Memory) => (patterns: unknown, options?: WaitOptions) =>
  reading(() => operation(memory, "inAll", new Join(memory, several(patterns), timeoutOf(options))))

/** The step of `inp`, on its own and in transactions. */
export const takeNow = (store: Store, pattern: Pattern, span?: Span): Option.Option<any> => {
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

/** The step of `rdp`, on its own and in transactions. */
export const readNow = (store: Store, pattern: Pattern): Option.Option<any> =>
  Option.fromNullable(store.shelves.find(pattern)?.tuple)

class Now implements Operation<Option.Option<any>, never> {
  constructor(private readonly store: Store, private readonly takes: boolean, private readonly pattern: Pattern) {}
  step(span: Span): Option.Option<any> {
    return this.takes ? takeNow(this.store, this.pattern, span) : readNow(this.store, this.pattern)
  }
}

const lookFor = (memory: Memory, name: "inp" | "rdp", pattern: unknown) =>
  operation(memory, name, new Now(memory.store, name === "inp", compile(pattern)))

/** `inp` or `rdp`. */
export const now = (memory: Memory, name: "inp" | "rdp") => (pattern: unknown): Effect.Effect<Option.Option<any>> =>
  reading(lookFor, memory, name, pattern)

/** Up to `limit` of the tuples that match now. */
export const many = (memory: Memory, name: string, takes: boolean) => (pattern: unknown, limit = Infinity) =>
  reading(() => {
    const { store } = memory
    const compiled = compile(pattern)
    return operation(memory, name, {
      step: (span): Array<any> => {
        const all = store.shelves.findAll(compiled, limit)
        const entries = limit < all.length ? all.slice(0, limit) : all
        if (takes) {
          link(span, entries)
          store.take(entries)
        }
        return entries.map((entry) => entry.tuple)
      }
    })
  })

export const explain = (memory: Memory) => (pattern: unknown): Effect.Effect<Explanation> =>
  reading(() => {
    const compiled = compile(pattern)
    return operation(memory, "explain", { step: () => memory.store.shelves.explain(compiled) })
  })

export const count = (memory: Memory) => (pattern: unknown): Effect.Effect<number> =>
  reading(() => {
    const compiled = compile(pattern)
    return operation(memory, "count", { step: () => memory.store.shelves.findAll(compiled).length })
  })
