/**
 * Operations that hold a tuple for a while, and then give it back: always, or unless all went well (S8).
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { Tuple } from "../../Tuple.js"
import type { Holding } from "../arguments.js"
import { callable, holdingOf, own, reading } from "../arguments.js"
import { compile } from "../pattern/pattern.js"
import type { Memory } from "./engine.js"
import type { Entry } from "./entry.js"
import { extraOf } from "./entry.js"
import { link, spanned } from "./operation.js"
import * as Search from "./search.js"
import { served } from "./wait.js"

/** Takes an entry, and gives it to `use`, which runs uninterruptibly and has to end the hold. */
const holding = <A, E, R>(
  memory: Memory,
  name: "inWith" | "inScoped" | "withPermit",
  pattern: unknown,
  options: unknown,
  use: (
    entry: Entry,
    options: Holding,
    restore: <A1, E1, R1>(effect: Effect.Effect<A1, E1, R1>) => Effect.Effect<A1, E1, R1>
  ) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Cause.TimeoutException, R> =>
  reading(() => {
    const { store } = memory
    const compiled = compile(pattern)
    const read = holdingOf(name, options)
    const search = new Search.Holding(memory, name, compiled, read.timeout)
    return spanned(memory, name, (span) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(served(store, search, restore), (interest) => {
          store.arrive(interest)
          link(span, interest.entries)
          return use(interest.entries[0]!, read, restore)
        })
      ))
  })

/** Ends the hold of a permit, however its use has ended: that is nobody's affair but the user's, and counts as no attempt. */
const giveBack = ({ store }: Memory, entry: Entry, place: Holding["requeue"]): Effect.Effect<void> =>
  Effect.sync(() => {
    if (!store.closed) {
      store.run(() => store.giveBack([entry], place))
    }
  })

/** Ends the hold of an entry as its use has ended. If the user's `deadLetter` throws, the tuple is back. */
const release =
  ({ store }: Memory, entry: Entry, options: Holding) => (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (store.closed) {
        return Effect.void
      }
      if (Exit.isSuccess(exit)) {
        store.settle()
        store.consume([entry])
        return Effect.void
      }
      try {
        const dead = isDead(entry, exit.cause, options) ? deadLetters(entry, exit.cause, options) : undefined
        store.run(() => {
          if (dead === undefined) {
            store.giveBack([entry], options.requeue)
          } else {
            store.consume([entry])
            store.putRegardless(dead.map((letter) => store.entry(letter, undefined)))
          }
        })
        return Effect.void
      } catch (error) {
        store.run(() => store.giveBack([entry]))
        return Effect.die(error)
      }
    })

/** Counts a failure of the use, and says whether it was the last that is allowed. */
const isDead = (entry: Entry, cause: Cause.Cause<unknown>, options: Holding): boolean => {
  if (Cause.isInterruptedOnly(cause)) {
    return false
  }
  if (entry.extra === undefined) {
    entry.extra = extraOf(undefined)
    entry.extra.entry = entry
  }
  return ++entry.extra.attempts >= options.maxAttempts
}

const deadLetters = (entry: Entry, cause: Cause.Cause<unknown>, options: Holding): ReadonlyArray<Tuple> =>
  options.deadLetter === undefined ? [] : [own(options.deadLetter(entry.tuple, cause))]

export const inWith = (memory: Memory) =>
<A, E, R>(
  pattern: unknown,
  use: (tuple: any) => Effect.Effect<A, E, R>,
  options?: unknown
): Effect.Effect<A, E | Cause.TimeoutException, R> =>
  reading(() => {
    callable("use", use)
    return holding(
      memory,
      "inWith",
      pattern,
      options,
      (entry, options, restore) =>
        Effect.onExit(restore(Effect.suspend(() => use(entry.tuple))), release(memory, entry, options))
    )
  })

export const inScoped =
  (memory: Memory) => (pattern: unknown, options?: unknown): Effect.Effect<any, Cause.TimeoutException, Scope.Scope> =>
    holding(
      memory,
      "inScoped",
      pattern,
      options,
      (entry, options) => Effect.as(Effect.addFinalizer(release(memory, entry, options)), entry.tuple)
    )

export const withPermit = (memory: Memory) =>
<A, E, R>(
  pattern: unknown,
  use: (tuple: any) => Effect.Effect<A, E, R>,
  options?: unknown
): Effect.Effect<A, E | Cause.TimeoutException, R> =>
  reading(() => {
    callable("use", use)
    return holding(
      memory,
      "withPermit",
      pattern,
      options,
      (entry, options, restore) =>
        Effect.ensuring(restore(Effect.suspend(() => use(entry.tuple))), giveBack(memory, entry, options.requeue))
    )
  })
