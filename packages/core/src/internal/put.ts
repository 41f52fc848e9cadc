/**
 * Operations that put tuples.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import type { Tuple } from "../Tuple.js"
import type { Destination, Lease, OutOptions } from "../TupleSpace.js"
import { invalidOption, millis, own, reading } from "./arguments.js"
import type { Entry, Extra } from "./entry.js"
import { extraOf } from "./entry.js"
import type { Interest } from "./interest.js"
import type { Memory } from "./memory.js"
import { memoryOf } from "./memory.js"
import type { Span } from "./operation.js"
import { endSpan, link, operation } from "./operation.js"
import type { Pattern } from "./pattern.js"
import { compile } from "./pattern.js"
import type { Store } from "./store.js"
import { MISS } from "./store.js"
import * as Transaction from "./transaction.js"
import { result } from "./wait.js"

/** An operation that waits for room as long as its step misses. The step may be made many times, and must not change then. */
const putting = <A>(
  memory: Memory,
  name: "out" | "outAll" | "outIfAbsent",
  patterns: ReadonlyArray<Pattern>,
  step: (span: Span) => A | MISS
): Effect.Effect<A> =>
  operation(memory, name, {
    step,
    wait: (span) => {
      const attempt = (interest: Interest): boolean => {
        const outcome = step(span)
        if (outcome !== MISS) {
          memory.store.deliver(interest, [], outcome)
        }
        return outcome !== MISS
      }
      const kind = name === "outAll" ? "out" : name
      const request = { kind, table: "puts", patterns, timeout: Infinity, attempt, offer: attempt } as const
      const onEnd = span && ((exit: Exit.Exit<unknown, unknown>) => endSpan(memory, span, exit))
      return result(memory.store, request, onEnd) as Effect.Effect<A>
    }
  })

export const out = (memory: Memory) => (tuple: Tuple, options?: OutOptions): Effect.Effect<any> =>
  reading(() => {
    const { store } = memory
    const owned = own(tuple)
    if (options === undefined) {
      return putting(memory, "out", [], (span) => store.put([store.entry(owned, span && extraOf(span))]))
    }
    const ttl = millis("ttl", options.ttl)
    return putting(memory, "out", [], (span) => {
      const extra = extraOf(span)
      if (ttl < Infinity) {
        store.expireAt(extra, store.now() + ttl)
      }
      return store.put([store.entry(owned, extra)]) === MISS ? MISS : lease(memory, extra)
    })
  })

export const outAll = (memory: Memory) => (tuples: Iterable<Tuple>): Effect.Effect<void> =>
  reading(() => {
    const { store } = memory
    const owned = Array.from(tuples, own)
    fitsIn(store, owned.length, "outAll")
    return putting(memory, "outAll", [], (span) =>
      store.put(owned.map((tuple) =>
        store.entry(tuple, span && extraOf(span))
      )))
  })

/** Refuses what would wait for ever. */
const fitsIn = (store: Store, size: number, name: string): void => {
  const { capacity, strategy } = store.options
  if (strategy === "suspend" && size > capacity) {
    throw invalidOption(`${name}: ${size} tuples never fit in a space with capacity ${capacity}`)
  }
}

const lease = (memory: Memory, extra: Extra): Lease => {
  const { store } = memory
  const renew = (at: () => number): Effect.Effect<boolean> =>
    operation(memory, "renew", { step: () => store.renew(extra, at()) })
  return {
    renew: (ttl) =>
      reading(() => {
        const duration = millis("ttl", ttl)
        return renew(() => store.now() + duration)
      }),
    cancel: renew(() => -Infinity)
  }
}

export const outIfAbsent = (memory: Memory) => (pattern: unknown, tuple: Tuple): Effect.Effect<Option.Option<any>> =>
  reading(() => {
    const { store } = memory
    const compiled = compile(pattern)
    const owned = own(tuple)
    return putting(memory, "outIfAbsent", [compiled], (span): Option.Option<Tuple> | MISS => {
      const present = store.shelves.find(compiled)
      if (present !== undefined) {
        return Option.some(present.tuple)
      }
      return store.put([store.entry(owned, span && extraOf(span))]) === MISS ? MISS : Option.none()
    })
  })

export const replace =
  (memory: Memory) => (pattern: unknown, f: (tuple: any) => Tuple): Effect.Effect<Option.Option<any>> =>
    reading(() => {
      const { store } = memory
      const compiled = compile(pattern)
      return operation(memory, "replace", {
        step: (span): Option.Option<Tuple> => {
          const entry = store.shelves.find(compiled)
          if (entry === undefined) {
            return Option.none()
          }
          const tuple = own(f(entry.tuple))
          link(span, [entry])
          store.take([entry])
          // There is room: the one that was taken has left it.
          store.putRegardless([store.entry(tuple, span && extraOf(span))])
          return Option.some(entry.tuple)
        }
      })
    })

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

/** Moves or copies all matches to another space: as one transaction if that is in memory too. */
export const move =
  (memory: Memory, name: "collectInto" | "copyCollectInto") =>
  (pattern: unknown, other: Destination<any, any>): Effect.Effect<number, any> =>
    reading(() => {
      const compiled = compile(pattern)
      const takes = name === "collectInto"
      const destination = memoryOf(other)
      if (destination !== undefined) {
        return Transaction.transact(STM.flatMap(
          Transaction.step(memory, compiled, (store) => {
            const entries = store.shelves.findAll(compiled)
            if (takes) {
              store.take(entries)
            }
            return entries
          }),
          (entries) =>
            Transaction.step(destination, "room", (store, place) => {
              fitsIn(store, entries.length, name)
              const copies = entries.map((entry) => store.entry(entry.tuple, extraLike(store, entry), entry.failure))
              return store.put(copies, place) === MISS ? MISS : copies.length
            })
        ))
      }
      const { store } = memory
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(
          operation(memory, name, {
            step: () => {
              const entries = store.shelves.findAll(compiled)
              if (takes) {
                store.takeHeld(entries)
              }
              return entries
            }
          }),
          (entries) =>
            Effect.as(
              Effect.onExit(restore(other.outAll(entries.map((entry) => entry.tuple))), (exit) =>
                Effect.sync(() => {
                  if (takes && !store.closed) {
                    store.run(() => Exit.isSuccess(exit) ? store.consume(entries) : store.giveBack(entries))
                  }
                })),
              entries.length
            )
        )
      )
    })
