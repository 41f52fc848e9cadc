/**
 * Operations that put tuples.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as STM from "effect/STM"
import type { Tuple } from "../../Tuple.js"
import type { Destination } from "../../TupleSpace.js"
import type { Terms } from "../arguments.js"
import { dying, invalidOption } from "../arguments.js"
import type { PutFitting } from "../destination.js"
import { moves } from "../destination.js"
import { isFailure } from "../failure.js"
import type { Pattern } from "../pattern/pattern.js"
import { shownIn } from "../pattern/query.js"
import { priorityOf } from "../places.js"
import { millisOf } from "../runtime.js"
import { exchanging } from "../stm/exchange.js"
import type { Party } from "../stm/operations.js"
import { decoded, raw } from "../texts.js"
import { limitOf } from "../timeout.js"
import type { Span } from "../tracing.js"
import type { Leased, Verbs } from "../verbs.js"
import type { Memory } from "./engine.js"
import { memoryOf } from "./engine.js"
import type { Entry, Extra } from "./entry.js"
import { extraOf } from "./entry.js"
import { takeNow } from "./hold.js"
import type { Served } from "./interest.js"
import type { Operation } from "./operation.js"
import { endSpan, link, operation, spanned } from "./operation.js"
import { copyCollect } from "./search.js"
import type { Miss, Store } from "./store.js"
import { isMiss } from "./store.js"
import * as Transaction from "./transaction.js"
import { result } from "./wait.js"

/** Waits for room as long as its step misses. The step may be made many times, and must not change then. */
abstract class Put<A> implements Operation<A, never> {
  constructor(
    protected readonly memory: Memory,
    private readonly kind: "out" | "outIfAbsent",
    private readonly patterns: ReadonlyArray<Pattern>
  ) {}

  abstract step(span: Span): A | Miss

  wait(span: Span): Effect.Effect<A> {
    const { kind, memory, patterns } = this
    const attempt = (): Served | Miss => {
      const outcome = this.step(span)
      return isMiss(outcome) ? outcome : { entries: [], value: outcome }
    }
    const request = { kind, table: "puts", patterns, timeout: Infinity, attempt, offer: attempt } as const
    const onEnd = span && ((exit: Exit.Exit<unknown, unknown>) => endSpan(memory, span, exit))
    return result(memory.store, request, onEnd) as Effect.Effect<A>
  }
}

/** One tuple. What is done most often has a class of its own, which is less to allocate than a closure. */
class PutOne extends Put<void> {
  constructor(memory: Memory, private readonly tuple: Tuple) {
    super(memory, "out", [])
  }
  step(span: Span): void | Miss {
    const { store } = this.memory
    return store.putOne(store.entry(this.tuple, span && extraOf(span)))
  }
}

/** Whatever the function puts. */
class PutBy<A> extends Put<A> {
  constructor(
    memory: Memory,
    kind: "out" | "outIfAbsent",
    patterns: ReadonlyArray<Pattern>,
    private readonly put: (span: Span) => A | Miss
  ) {
    super(memory, kind, patterns)
  }
  step(span: Span): A | Miss {
    return this.put(span)
  }
}

export const out = (memory: Memory) => (tuple: Tuple): Effect.Effect<void> =>
  operation(memory, "out", new PutOne(memory, tuple))

export const outLeased = (memory: Memory) => (tuple: Tuple, terms: Terms): Effect.Effect<Leased<never>> => {
  const { store } = memory
  const put = (span: Span) => {
    const extra = extraOf(span)
    const outcome = putOn(
      store,
      tuple,
      extra,
      { ...terms, after: waitOf(store, terms) },
      (entry) => store.putOne(entry)
    )
    return isMiss(outcome) ? outcome : new LeasedEntry(memory, extra)
  }
  return operation(memory, "out", new PutBy(memory, "out", [], put))
}

/** In how many milliseconds a tuple comes that is put now. */
const waitOf = ({ options: { clock } }: Store, { after, at }: Terms): number =>
  at === undefined ? after : at - millisOf(clock)

/** Puts a tuple for so long, after so many milliseconds; by `put`, if that is now. */
const putOn = (
  store: Store,
  tuple: Tuple,
  extra: Extra,
  { after, priority, ttl }: Omit<Terms, "at">,
  put: (entry: Entry) => void | Miss,
  failure = false
): void | Miss => {
  const now = store.now()
  if (after > 0) {
    return store.schedule(tuple, extra, failure, priority, now + after, ttl)
  }
  if (ttl < Infinity) {
    store.expireAt(extra, now + ttl)
  }
  return put(store.entry(tuple, extra, failure, priority))
}

/** What the space knows of the tuple while it has it, and no longer. */
class LeasedEntry implements Leased<never> {
  constructor(private readonly memory: Memory, private readonly extra: Extra) {}

  renew(ttl: number): Effect.Effect<boolean> {
    const { extra, memory, memory: { store } } = this
    return operation(memory, "renew", { step: () => store.renew(extra, ttl) })
  }

  reschedule(after: number): Effect.Effect<boolean> {
    const { extra, memory, memory: { store } } = this
    return operation(memory, "reschedule", { step: () => store.reschedule(extra, store.now() + after) })
  }

  isLeft(): boolean {
    const { extra, memory: { store } } = this
    return extra.scheduled !== undefined || extra.entry !== undefined && store.has(extra.entry)
  }
}

export const outAll = (memory: Memory) => (tuples: ReadonlyArray<Tuple>, priority: number): Effect.Effect<void> => {
  const { store } = memory
  fitsIn(store, tuples.length, "outAll")
  const put = (span: Span) =>
    store.put(tuples.map((tuple) => store.entry(tuple, span && extraOf(span), false, priority)))
  return operation(memory, "outAll", new PutBy(memory, "out", [], put))
}

/** Refuses what would wait for ever. */
const fitsIn = (store: Store, size: number, name: string): void => {
  const { capacity, strategy } = store.options
  if (strategy === "suspend" && size > capacity) {
    throw invalidOption(`${name}: ${size} tuples never fit in a space with capacity ${capacity}`)
  }
}

/** Puts a tuple by `put`; on terms, if there are any, and then there is a lease of it. */
const putLeased = (
  memory: Memory,
  tuple: Tuple,
  terms: Terms | undefined,
  span: Span,
  put: (entry: Entry) => void | Miss
): LeasedEntry | undefined | Miss => {
  const { store } = memory
  const extra = terms === undefined ? span && extraOf(span) : extraOf(span)
  const outcome = terms === undefined
    ? put(store.entry(tuple, extra))
    : putOn(store, tuple, extra!, { ...terms, after: waitOf(store, terms) }, put)
  return isMiss(outcome) ? outcome : terms && new LeasedEntry(memory, extra!)
}

export const outIfAbsent = (memory: Memory): Verbs<never>["outIfAbsent"] => (pattern, tuple, terms, result) => {
  const { store } = memory
  const put = (span: Span) => {
    const present = store.shelves.find(pattern)
    if (present !== undefined) {
      return result(present.tuple, undefined)
    }
    const leased = putLeased(memory, tuple, terms, span, (entry) => store.putSurely(entry))
    return isMiss(leased) ? leased : result(undefined, leased)
  }
  return operation(memory, "outIfAbsent", new PutBy(memory, "outIfAbsent", [pattern], put))
}

export const replace = (memory: Memory): Verbs<never>["replace"] => (pattern, f, terms, result) => {
  const { store } = memory
  return operation(memory, "replace", {
    step: (span) => {
      const entry = store.shelves.find(pattern)
      if (entry === undefined) {
        return result(undefined, undefined)
      }
      const tuple = f(entry.tuple)
      link(span, [entry])
      store.takeOne(entry)
      // There is room: the one that was taken has left it.
      const leased = putLeased(memory, tuple, terms, span, (entry) => store.putRegardless([entry]))
      return isMiss(leased) ? leased : result(entry.tuple, leased)
    }
  })
}

/** S22. */
export const exchange = (memory: Memory, party: Party): Verbs<never>["exchange"] => (query, make, timeout) => {
  const limit = limitOf({ space: memory.name, operation: "exchange", patterns: shownIn(query), timeout })
  return spanned(
    memory,
    "exchange",
    () => Transaction.transactWithin(memory, exchanging(party, query, make), limit)
  )
}

/** A tuple that moves keeps its time to live, and its failed attempts. */
const extraLike = (store: Store, { extra }: Entry): Extra | undefined => {
  if (extra === undefined) {
    return undefined
  }
  const copy = extraOf(extra.span)
  copy.attempts = extra.attempts
  if (extra.expiry !== undefined) {
    store.expireAt(copy, extra.expiry.at)
  }
  return copy
}

/** Puts what comes from a space that is not in memory, as far as there is room. */
export const outFitting = (memory: Memory): PutFitting => (tuples, onArrival, priorities) =>
  dying(() => {
    const { store } = memory
    fitsIn(store, tuples.length, "collectInto")
    const put = (span: Span) => {
      const arrived = store.putFitting(
        tuples.map((tuple, index) => store.entry(tuple, span && extraOf(span), isFailure(tuple), priorities?.[index]))
      )
      if (!isMiss(arrived)) {
        onArrival?.(arrived)
      }
      return arrived
    }
    return operation(memory, "outAll", new PutBy(memory, "out", [], put))
  })

/** Puts what was written down, each tuple in a step of its own, as there is room. */
export const load = (memory: Memory): Verbs<never>["load"] => (values, all) => {
  const { store } = memory
  return Effect.forEach(all, (dumped) => {
    const tuple = decoded(values, dumped) ?? raw(values, dumped)
    const put = (span: Span) => {
      const extra = extraOf(span)
      extra.attempts = dumped.attempts
      const { failure } = dumped
      const now = (entry: Entry) => failure ? store.putRegardless([entry]) : store.putOne(entry)
      return putOn(store, tuple, extra, { ...dumped, ttl: dumped.ttl ?? Infinity }, now, failure)
    }
    return operation(memory, "import", new PutBy<void>(memory, "out", [], put))
  }, { discard: true })
}

/**
 * Moves or copies all matches to another space: as one transaction if that is in memory too. What there is no room for
 * stays, and does not count.
 */
export const move = (memory: Memory) =>
<E>(
  name: "collectInto" | "copyCollectInto",
  pattern: Pattern,
  other: Destination<any, E>
): Effect.Effect<number, E> => {
  const takes = name === "collectInto"
  const destination = memoryOf(other)
  if (destination !== undefined) {
    const isSame = destination.store === memory.store
    const take = (entries: ReadonlyArray<Entry>) => Transaction.step(memory, pattern, (store) => store.take(entries))
    return Transaction.transact(STM.gen(function*() {
      const entries = yield* Transaction.step(memory, pattern, (store) => store.shelves.findAll(pattern))
      if (takes && isSame) {
        // They leave the room that they need.
        yield* take(entries)
      }
      const arrived = yield* Transaction.step(destination, "room", (store, place) => {
        fitsIn(store, entries.length, name)
        const copies = entries.map((entry) =>
          store.entry(entry.tuple, extraLike(store, entry), entry.failure, priorityOf(entry.seq))
        )
        if (takes && isSame) {
          const outcome = store.putMoved(copies, place)
          return isMiss(outcome) ? outcome : Array.from(copies.keys())
        }
        return store.putFitting(copies, place)
      })
      if (takes && !isSame) {
        yield* take(arrived.map((index) => entries[index]!))
      }
      return arrived.length
    }))
  }
  return moves({ copyCollect: copyCollect(memory), takeNow: takeNow(memory) })(name, pattern, other)
}
