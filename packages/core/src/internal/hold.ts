/**
 * What becomes of a tuple that is held while something runs (S8): it is consumed, it is back, or it is dead. Once, for
 * every engine.
 *
 * An engine takes tuples, lists them as held, and ends the hold as it is told. This module says how.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constFalse } from "effect/Function"
import type * as Scope from "effect/Scope"
import type { SpaceError } from "../SpaceError.js"
import type { Restore } from "../SpaceStore.js"
import type { Tuple } from "../Tuple.js"
import type { Hold } from "../TupleSpace.js"
import type { Holding } from "./arguments.js"
import { own, unsupported } from "./arguments.js"
import type { Pattern } from "./pattern/pattern.js"
import { atEnd } from "./runtime.js"
import type { Late } from "./timeout.js"

/** How a hold ends. */
export type Ending =
  | { readonly how: "consumed" }
  /** Consumed, with a letter in its place, if there is one. */
  | { readonly how: "dead"; readonly letter: Tuple | undefined }
  /** At its old place, or behind all others. That a use has failed counts as an attempt. */
  | { readonly how: "place" | "back"; readonly failed: boolean }

/** What is to be taken. */
interface Taking {
  /**
   * Whether it will most likely stay taken: an engine may have it gone until it is given back. Otherwise it is held,
   * for as long as the engine lets whoever holds it live.
   */
  readonly isFinal: boolean
  /** How to wait, for who runs uninterruptibly already. */
  readonly restore?: Restore | undefined
}

/** What to wait for: a tuple by one pattern, by any of a choice, or several by all of a join. */
export interface TakingFirst extends Taking {
  readonly name: "in" | "inAny" | "inAll" | "inWith" | "inScoped" | "withPermit"
  readonly patterns: ReadonlyArray<Pattern>
  /** In milliseconds. */
  readonly timeout: number
  /**
   * For a use. Without it, a hold that is not final may be given what cannot be decoded, as it is, with `unread`; a
   * final take fails.
   */
  readonly options?: Holding
}

/** As what those are listed who wait to take one tuple. */
export const listedAs = (name: TakingFirst["name"]): "in" | "inAny" | "withPermit" =>
  name === "inAny" || name === "withPermit" ? name : "in"

/** What to take of what is there now. */
export interface TakingNow extends Taking {
  readonly name: "inp" | "inUpTo" | "collect" | "collectInto"
  readonly pattern: Pattern
  readonly limit: number
}

/** Tuples that are held together. */
export interface Held<E> {
  readonly tuples: ReadonlyArray<Tuple>
  /** By which of the patterns of a choice. */
  readonly index: number
  /** How often a use of the first of them has failed before. */
  readonly attempts: number
  /**
   * The number of the hold: greater than those of all earlier holds of the space. Or why it has none, which is what
   * those are refused with who ask for it.
   */
  readonly token: number | NoToken
  /** Why the tuple, which is given as it is, cannot be decoded. */
  readonly unread?: SpaceError | undefined
  /** Whether there is nothing left to end: the space is closed, or has undone the take. */
  readonly isOver: () => boolean
  /** All of it stays taken, from this very step on. */
  readonly keep: () => void
  /**
   * Runs a use, which is interrupted and fails as soon as it is known that what is held belongs to others again. Not
   * there, if that cannot be.
   */
  readonly guarded?:
    | (<A, E2, R>(restore: Restore, use: Effect.Effect<A, E2, R>) => Effect.Effect<A, E | E2, R>)
    | undefined
  /** All of it goes back, as if it had not been taken: in this very step, or as soon as the engine can. */
  readonly giveBack: () => void
  /**
   * Ends the hold: of all, or of those at these indices, and the others are back as they were. What is wrong with a
   * letter is a defect, and the tuples are still held then.
   */
  readonly end: (ending: Ending, those?: ReadonlyArray<number>) => Effect.Effect<void, E>
}

/** Why a hold has no number. */
export type NoToken = "store" | "transaction"

/** Runs uninterruptibly, and has to end the hold. */
export type Use<E, A, E2, R> = (held: Held<E>, restore: Restore) => Effect.Effect<A, E2, R>

/** Takes, waiting until it can, and uses what it has. */
export type Take<E> = <A, E2, R>(taking: TakingFirst, use: Use<E, A, E2, R>) => Effect.Effect<A, E | E2 | Late, R>

/** What an operation does instead that was refused for its arguments: it dies in an engine that cannot fail. */
export type Refuse<E> = (error: unknown) => Effect.Effect<never, E>

/** What the operations that hold are made of. */
interface Taker<E> {
  readonly refuse: Refuse<E>
  readonly take: Take<E>
}

/** Takes what is there, and uses it. */
export type TakeNow<E> = <A, E2, R>(taking: TakingNow, use: Use<E, A, E2, R>) => Effect.Effect<A, E | E2, R>

/** Runs it uninterruptibly, and what it waits for by `restore`. */
export const uninterruptibly = <A, E, R>(
  { restore }: Taking,
  body: (restore: Restore) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => restore === undefined ? Effect.uninterruptibleMask(body) : body(restore)

export const consumed: Ending = { how: "consumed" }

/**
 * How a hold ends whose use has failed: after the last attempt that is allowed the tuple is dead. Throws what
 * `deadLetter` throws.
 */
export const failed = (
  cause: Cause.Cause<unknown>,
  attempts: number,
  tuple: () => Tuple,
  { deadLetter, maxAttempts, requeue }: Holding
): Ending =>
  attempts + 1 < maxAttempts
    ? { how: requeue, failed: true }
    : { how: "dead", letter: deadLetter === undefined ? undefined : own(deadLetter(tuple(), cause)) }

/**
 * Ends a hold as its use has ended. If there is something wrong with the letter, the tuple is back. `isLast` says that
 * no attempt comes after this one, however many are allowed.
 */
export const release =
  <E>(held: Held<E>, options: Holding, refuse: Refuse<E>, isLast: () => boolean = constFalse) =>
  (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void, E> =>
    Effect.suspend(() => {
      if (held.isOver()) {
        return Effect.void
      }
      if (Exit.isSuccess(exit)) {
        return held.end(consumed)
      }
      const { cause } = exit
      if (Cause.isInterruptedOnly(cause)) {
        return held.end({ how: options.requeue, failed: false })
      }
      const allowed = isLast() ? { ...options, maxAttempts: 1 } : options
      return Effect.catchAllDefect(
        Effect.suspend(() => held.end(failed(cause, held.attempts, () => held.tuples[0]!, allowed))),
        (defect) => Effect.zipRight(held.end({ how: "place", failed: true }), refuse(defect))
      )
    })

/**
 * Ends the hold of a permit, however its use has ended: that is nobody's affair but the user's, and counts as no
 * attempt.
 */
const giveBack = <E>(held: Held<E>, { requeue }: Holding) => (): Effect.Effect<void, E> =>
  Effect.suspend(() => held.isOver() ? Effect.void : held.end({ how: requeue, failed: false }))

/** How a hold has ended is no affair of a use that was interrupted. */
const orInterrupted = <E>(exit: Exit.Exit<unknown, unknown>, end: Effect.Effect<void, E>): Effect.Effect<void, E> =>
  Exit.isInterrupted(exit) ? Effect.ignore(end) : end

/** The result of the use, if the hold has ended well. */
const ending = <A, E2, R, E>(
  use: Effect.Effect<A, E2, R>,
  end: (exit: Exit.Exit<A, E2>) => Effect.Effect<void, E>
): Effect.Effect<A, E | E2, R> =>
  Effect.flatMap(Effect.exit(use), (exit) =>
    Effect.matchCauseEffect(orInterrupted(exit, end(exit)), {
      onSuccess: () => exit,
      onFailure: (cause): Effect.Effect<never, E | E2> =>
        Exit.isSuccess(exit) ? Effect.failCause(cause) : Effect.failCause(Cause.sequential(exit.cause, cause))
    }))

const tokenless: Readonly<Record<NoToken, string>> = {
  store: "token: the store of this space does not number its holds",
  transaction: "token: in a transaction nothing is held yet, for all of it may be undone: take the tuple outside of it"
}

/** What a use is told of the hold. */
class Using implements Hold {
  /** Whether the use has given up. */
  isLast = false
  readonly attempts: number

  constructor(private readonly held: Held<unknown>) {
    this.attempts = held.attempts
  }

  get token(): number {
    const { token } = this.held
    if (typeof token === "string") {
      throw unsupported(tokenless[token])
    }
    return token
  }

  readonly giveUp = <E>(error: E): Effect.Effect<never, E> =>
    Effect.suspend(() => {
      this.isLast = true
      return Effect.fail(error)
    })
}

/** The operations that hold, by the verb that takes. */
export const using = <E, A, E2, R>(
  { refuse, take }: Taker<E>,
  name: "inWith" | "withPermit",
  pattern: Pattern,
  options: Holding,
  use: (tuple: Tuple, hold: Hold) => Effect.Effect<A, E2, R>
): Effect.Effect<A, E | E2 | Late, R> =>
  take({ name, patterns: [pattern], timeout: options.timeout, isFinal: false, options }, (held, restore) => {
    const hold = new Using(held)
    const used = Effect.suspend(() => use(held.tuples[0]!, hold))
    return ending(
      held.guarded === undefined ? restore(used) : held.guarded(restore, used),
      name === "withPermit" ? giveBack(held, options) : release(held, options, refuse, () => hold.isLast)
    )
  })

export const scoped = <E>(
  { refuse, take }: Taker<E>,
  pattern: Pattern,
  options: Holding
): Effect.Effect<Tuple, E | Late, Scope.Scope> =>
  take(
    { name: "inScoped", patterns: [pattern], timeout: options.timeout, isFinal: false, options },
    (held) => {
      const end = release(held, options, refuse)
      return Effect.as(
        atEnd((exit) => Effect.orDie(orInterrupted(exit, end(exit)))),
        held.tuples[0]!
      )
    }
  )
