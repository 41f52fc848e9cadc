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
import type { Explanation, WaitOptions } from "../TupleSpace.js"
import { millis, reading, several } from "./arguments.js"
import type { Entry } from "./entry.js"
import type { Interest, Kind } from "./interest.js"
import type { Memory } from "./memory.js"
import type { Span } from "./operation.js"
import { endSpan, link, operation } from "./operation.js"
import type { Pattern } from "./pattern.js"
import { compile } from "./pattern.js"
import type { Store } from "./store.js"
import { MISS } from "./store.js"
import type { Request } from "./wait.js"
import { result } from "./wait.js"

/** What to look for, and what to make of it. `Found` is whatever tells the entries and the value of the operation. */
export interface Search<Found> {
  readonly kind: Kind
  readonly patterns: ReadonlyArray<Pattern>
  readonly takes: boolean
  /** Among what is stored. To take, only what no transaction was woken to look at before. */
  readonly find: () => Found | undefined
  /** With an entry that has just come, and is not stored, and matches the pattern number `index`. */
  readonly complete: (entry: Entry, index: number) => Found | undefined
  readonly entries: (found: Found) => ReadonlyArray<Entry>
  readonly value: (found: Found) => unknown
}

/** One tuple, by one pattern. */
export const single = (store: Store, kind: "in" | "rd", pattern: Pattern): Search<Entry> => ({
  kind,
  patterns: [pattern],
  takes: kind === "in",
  find: () => store.shelves.find(pattern, kind === "in" ? store.offered : undefined),
  complete: (entry) => entry,
  entries: (entry) => [entry],
  value: (entry) => entry.tuple
})

/** One tuple, by any of several patterns. */
export const choice = (store: Store, kind: "inAny" | "rdAny", input: unknown): Search<readonly [Entry, number]> => {
  const { keys, patterns } = several(input)
  return {
    kind,
    patterns,
    takes: kind === "inAny",
    find: () => store.shelves.findAny(patterns, kind === "inAny" ? store.offered : undefined),
    complete: (entry, index) => [entry, index],
    entries: ([entry]) => [entry],
    value: ([{ tuple }, index]) => keys === undefined ? { index, tuple } : { key: keys[index], tuple }
  }
}

/** Distinct tuples for all of several patterns. */
export const join = (store: Store, input: unknown): Search<ReadonlyArray<Entry>> => {
  const { keys, patterns } = several(input)
  return {
    kind: "inAll",
    patterns,
    takes: true,
    find: () => store.shelves.findJoin(patterns, store.offered),
    complete: (entry) => store.findJoinWith(patterns, entry),
    entries: (entries) => entries,
    value: (entries) => {
      const tuples = entries.map((entry) => entry.tuple)
      return keys === undefined ? tuples : Object.fromEntries(keys.map((key, index) => [key, tuples[index]]))
    }
  }
}

/** Makes the search, as a step: takes what it finds, if it takes. */
const make = <Found>(store: Store, search: Search<Found>): Found | undefined => {
  const found = search.find()
  if (found !== undefined && search.takes) {
    store.take(search.entries(found))
  }
  return found
}

/** The search as something to wait for. */
export const request = <Found>(store: Store, search: Search<Found>, timeout: number): Request => {
  const { complete, entries, kind, patterns, takes, value } = search
  return {
    kind,
    table: takes ? "takers" : "readers",
    patterns,
    timeout,
    attempt: (interest) => {
      const found = make(store, search)
      if (found === undefined) {
        return false
      }
      store.deliver(interest, takes ? entries(found) : [], value(found))
      return true
    },
    offer: (interest, entry, index) => {
      const found = complete(entry, index)
      if (found === undefined) {
        return false
      }
      const all = entries(found)
      if (takes) {
        store.take(all.filter((other) => other !== entry))
      }
      store.deliver(interest, takes ? all : [], value(found))
      // A join may be complete without this entry, by others that were held back for a transaction.
      return all.includes(entry)
    }
  }
}

const searching = <Found>(
  memory: Memory,
  search: Search<Found>,
  options: WaitOptions | undefined
): Effect.Effect<any, Cause.TimeoutException> => {
  const { store } = memory
  const timeout = millis("timeout", options?.timeout)
  return operation(memory, search.kind, (span) => {
    const found = make(store, search)
    if (found === undefined) {
      return MISS
    }
    if (span !== undefined) {
      link(span, search.entries(found))
    }
    return search.value(found)
  }, (span) => {
    const onEnd = span && ((exit: Exit.Exit<Interest, unknown>) => {
      if (exit._tag === "Success") {
        link(span, exit.value.entries)
      }
      endSpan(memory, span, exit)
    })
    return result(store, request(store, search, timeout), onEnd)
  }, search.takes)
}

export const wait = (memory: Memory, kind: "in" | "rd") => (pattern: unknown, options?: WaitOptions) =>
  reading(() => searching(memory, single(memory.store, kind, compile(pattern)), options))

export const waitAny = (memory: Memory, kind: "inAny" | "rdAny") => (patterns: unknown, options?: WaitOptions) =>
  reading(() => searching(memory, choice(memory.store, kind, patterns), options))

export const waitAll = (memory: Memory) => (patterns: unknown, options?: WaitOptions) =>
  reading(() => searching(memory, join(memory.store, patterns), options))

/** The step of `inp`, on its own and in transactions. */
export const takeNow = (store: Store, pattern: Pattern, span?: Span): Option.Option<any> => {
  const entry = store.shelves.find(pattern)
  if (entry === undefined) {
    return Option.none()
  }
  link(span, [entry])
  store.take([entry])
  return Option.some(entry.tuple)
}

/** The step of `rdp`, on its own and in transactions. */
export const readNow = (store: Store, pattern: Pattern): Option.Option<any> =>
  Option.fromNullable(store.shelves.find(pattern)?.tuple)

export const inp = (memory: Memory) => (pattern: unknown): Effect.Effect<Option.Option<any>> =>
  reading(() => {
    const compiled = compile(pattern)
    return operation(memory, "inp", (span) => takeNow(memory.store, compiled, span))
  })

export const rdp = (memory: Memory) => (pattern: unknown): Effect.Effect<Option.Option<any>> =>
  reading(() => {
    const compiled = compile(pattern)
    return operation(memory, "rdp", () => readNow(memory.store, compiled))
  })

/** Up to `limit` of the tuples that match now. */
export const many = (memory: Memory, name: string, takes: boolean) => (pattern: unknown, limit = Infinity) =>
  reading(() => {
    const { store } = memory
    const compiled = compile(pattern)
    return operation(memory, name, (span): Array<any> => {
      const all = store.shelves.findAll(compiled, limit)
      const entries = limit < all.length ? all.slice(0, limit) : all
      if (takes) {
        link(span, entries)
        store.take(entries)
      }
      return entries.map((entry) => entry.tuple)
    })
  })

export const explain = (memory: Memory) => (pattern: unknown): Effect.Effect<Explanation> =>
  reading(() => {
    const compiled = compile(pattern)
    return operation(memory, "explain", () => memory.store.shelves.explain(compiled))
  })

export const count = (memory: Memory) => (pattern: unknown): Effect.Effect<number> =>
  reading(() => {
    const compiled = compile(pattern)
    return operation(memory, "count", () => memory.store.shelves.findAll(compiled).length)
  })
