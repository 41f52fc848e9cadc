/**
 * What becomes of tuples that are held while something runs (S8, S19): each is consumed, it is back, or it is dead.
 * Once, for every engine.
 *
 * An engine takes tuples, lists them as held, and ends the hold as it is told. This module says how.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { SpaceError } from "../SpaceError.js"
import type { Restore } from "../SpaceStore.js"
import type { Tuple } from "../Tuple.js"
import type { Hold } from "../TupleSpace.js"
import type { End } from "./apart.js"
import { apart } from "./apart.js"
import type { Holding } from "./arguments.js"
import { own, unsupported } from "./arguments.js"
import type { DelayOf } from "./backoff.js"
import { delaysOf } from "./backoff.js"
import type { Pattern } from "./pattern/pattern.js"
import type { Query } from "./pattern/query.js"
import { kindOf } from "./pattern/query.js"
import { show } from "./print.js"
import type { Asked } from "./queries.js"
import { atEnd, interrupted } from "./runtime.js"
import type { Late } from "./timeout.js"

/** What is held, and read, as who asked for it has it. */
export const foundBy = (query: Asked, { index, read, tuples }: Pick<Held<unknown>, "index" | "read" | "tuples">) =>
  query.result(index, query.form === "all" ? query.merged(tuples, read) : tuples)

/** How a hold ends. */
export type Ending =
  | { readonly how: "consumed" }
  /** Consumed, with a letter in its place, if there is one. */
  | { readonly how: "dead"; readonly letter: Tuple | undefined }
  /** At its old place, or behind all others. That a use has failed counts as an attempt. */
  | { readonly how: "place" | "back"; readonly failed: boolean }
  /** Away for so many milliseconds, and then there as if it were put (S20). A use has failed. */
  | { readonly how: "later"; readonly after: number }

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

/** What to wait for, in the name of which operation. */
export interface TakingFirst<out Q = Query> extends Taking {
  readonly name: "in" | "inAny" | "inAll" | "inp" | "inWith" | "inScoped" | "withPermit"
  readonly query: Q
  /** In milliseconds. */
  readonly timeout: number
  /**
   * For a use. Without it, a hold that is not final may be given what cannot be decoded, as it is, with `unread`; a
   * final take fails.
   */
  readonly options?: Policy
}

/** As what those are listed who wait to take. */
export const listedAs = ({ name, query }: Pick<TakingFirst, "name" | "query">) =>
  name === "withPermit" ? name : kindOf(true, query)

/** What to take of what is there now. */
export interface TakingNow extends Taking {
  readonly name: "inp" | "inUpTo" | "collect" | "collectInto"
  readonly pattern: Pattern
  readonly limit: number
  /** Whether to fail on what cannot be decoded is no attempt of that: it is tried again by itself. */
  readonly isTrial?: boolean
}

/** Tuples that are held together. */
export interface Held<E> {
  readonly tuples: ReadonlyArray<Tuple>
  /** What was found and only read, in the order of its patterns. */
  readonly read?: ReadonlyArray<Tuple> | undefined
  /** By which of the patterns of a choice. */
  readonly index: number
  /** How often a use of each of them has failed before. */
  readonly attempts: ReadonlyArray<number>
  /** For who moves them elsewhere. */
  readonly priorities: ReadonlyArray<number>
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
  /** Is told how to end a use as soon as what is held belongs to others again; says how to forget that. */
  readonly watch?: ((end: End<E>) => () => void) | undefined
  /** All of it goes back, as if it had not been taken: in this very step, or as soon as the engine can. */
  readonly giveBack: () => void
  /**
   * Ends the hold: of all that is left of it, or of those at these indices, and the others are held on. What is wrong
   * with a letter is a defect, and the tuples are still held then.
   */
  readonly end: (ending: Ending, those?: ReadonlyArray<number>) => Effect.Effect<void, E>
}

/** Why a hold has no number. */
export type NoToken = "store" | "transaction"

/** Runs uninterruptibly, and has to end the hold. */
export type Use<E, A, E2, R> = (held: Held<E>, restore: Restore) => Effect.Effect<A, E2, R>

/** Takes, waiting until it can, and uses what it has. */
export type Take<E, Q = Query> = <A, E2, R>(
  taking: TakingFirst<Q>,
  use: Use<E, A, E2, R>
) => Effect.Effect<A, E | E2 | Late, R>

/** What an operation does instead that was refused for its arguments: it dies in an engine that cannot fail. */
export type Refuse<E> = (error: unknown) => Effect.Effect<never, E>

/** What the operations that hold are made of. */
interface Taker<E> {
  readonly refuse: Refuse<E>
  readonly take: Take<E, Asked>
}

/** Takes what is there, and uses it. */
export type TakeNow<E> = <A, E2, R>(taking: TakingNow, use: Use<E, A, E2, R>) => Effect.Effect<A, E | E2, R>

/** Runs it uninterruptibly, and what it waits for by `restore`. */
export const uninterruptibly = <A, E, R>(
  { restore }: Taking,
  body: (restore: Restore) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => restore === undefined ? Effect.uninterruptibleMask(body) : body(restore)

export const consumed: Ending = { how: "consumed" }

/** What becomes of a tuple whose use has failed. */
export interface Policy extends Omit<Holding, "retry" | "timeout"> {
  /** If a schedule says when it comes back. */
  readonly delayOf?: DelayOf
}

const isLastAttempt = (attempts: number, maxAttempts: number): boolean => attempts + 1 >= maxAttempts

/**
 * How a hold ends whose use has failed: after the last attempt that is allowed the tuple is dead. Throws what
 * `deadLetter` throws, and what there is wrong with the schedule.
 */
export const failed = (
  cause: Cause.Cause<unknown>,
  attempts: number,
  tuple: () => Tuple,
  { deadLetter, delayOf = atOnce, maxAttempts, requeue }: Policy
): Ending => {
  const after = isLastAttempt(attempts, maxAttempts) ? undefined : delayOf(cause, attempts)
  return after === undefined
    ? { how: "dead", letter: deadLetter === undefined ? undefined : own(deadLetter(tuple(), cause)) }
    : after > 0
    ? { how: "later", after }
    : { how: requeue, failed: true }
}

const atOnce: DelayOf = () => 0

/** Ends what is held part by part, each whatever becomes of the others. */
export const each = <E>(ends: ReadonlyArray<Effect.Effect<void, E>>): Effect.Effect<void, E> =>
  ends.length === 1 ? ends[0]! : Effect.flatMap(
    Effect.forEach(ends, Effect.exit),
    (exits) => Option.getOrElse(Option.map(Exit.all(exits), Exit.asVoid), () => Exit.void)
  )

/** What is left of a hold, and how that ends: some of it by itself, the rest as the use has ended. */
export class Rest<E> {
  /** Read once: an engine makes a new list whenever it is asked. */
  private readonly tuples: ReadonlyArray<Tuple>
  private readonly before: ReadonlyArray<number>
  private left: ReadonlyArray<number>
  /** Whether no attempt comes after this one, however many are allowed. */
  isLast = false

  constructor(
    private readonly held: Held<E>,
    private readonly options: Policy,
    private readonly refuse: Refuse<E>,
    /** Of which tuples a failure of the use is an attempt. */
    private readonly counts: (index: number) => boolean
  ) {
    this.tuples = held.tuples
    this.before = held.attempts
    this.left = Array.from(this.tuples.keys())
  }

  /** How often a use has failed of those for which that counts. */
  get attempts(): number {
    return this.before.reduce((most, each, index) => this.counts(index) ? Math.max(most, each) : most, 0)
  }

  /** Ends the hold as its use has ended. */
  release(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void, E> {
    return this.all((left) => this.endAs(exit, left, this.counts))
  }

  /**
   * Ends the hold of a permit, however its use has ended: that is nobody's affair but the user's, and counts as no
   * attempt.
   */
  giveBack(): Effect.Effect<void, E> {
    return this.all((left) => this.end(this.back, left))
  }

  /** Ends the hold of one of the tuples, as if the use of it had ended so. */
  settle(name: string, tuple: unknown, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void, E> {
    return Effect.uninterruptible(Effect.suspend(() => {
      const index = this.left.find((index) => this.tuples[index] === tuple)
      if (index === undefined) {
        return this.refuse(notHeld(name, tuple))
      }
      this.left = this.left.filter((other) => other !== index)
      return this.held.isOver() ? Effect.void : this.endAs(exit, [index], () => true)
    }))
  }

  private get back(): Ending {
    return { how: this.options.requeue, failed: false }
  }

  private all(end: (left: ReadonlyArray<number>) => Effect.Effect<void, E>): Effect.Effect<void, E> {
    return Effect.suspend(() => {
      const { held, left } = this
      this.left = []
      return held.isOver() || left.length === 0 ? Effect.void : end(left)
    })
  }

  private endAs(
    exit: Exit.Exit<unknown, unknown>,
    those: ReadonlyArray<number>,
    counts: (index: number) => boolean
  ): Effect.Effect<void, E> {
    if (Exit.isSuccess(exit)) {
      return this.end(consumed, those)
    }
    const { cause } = exit
    return Cause.isInterruptedOnly(cause) ? this.end(this.back, those) : this.fail(those, cause, counts)
  }

  private end(ending: Ending, those: ReadonlyArray<number>): Effect.Effect<void, E> {
    return this.held.end(ending, those.length === this.tuples.length ? undefined : those)
  }

  /** After the last attempt that is allowed a tuple is dead. */
  private fail(
    those: ReadonlyArray<number>,
    cause: Cause.Cause<unknown>,
    counts: (index: number) => boolean
  ): Effect.Effect<void, E> {
    const { isLast, options } = this
    const allowed = isLast ? { ...options, maxAttempts: 1 } : options
    const counted = those.filter(counts)
    const isAlone = (index: number) =>
      allowed.delayOf !== undefined || isLastAttempt(this.before[index]!, allowed.maxAttempts)
    const group = (ending: Ending, some: ReadonlyArray<number>) => some.length === 0 ? [] : [this.end(ending, some)]
    return each([
      ...counted.filter(isAlone).map((index) => this.failOne(index, cause, allowed)),
      ...group({ how: options.requeue, failed: true }, counted.filter((index) => !isAlone(index))),
      ...group(this.back, those.filter((index) => !counts(index)))
    ])
  }

  /** If there is something wrong with the letter or the schedule, the tuple is back. */
  private failOne(index: number, cause: Cause.Cause<unknown>, options: Policy): Effect.Effect<void, E> {
    const { before, tuples } = this
    return Effect.catchAllDefect(
      Effect.suspend(() => this.end(failed(cause, before[index]!, () => tuples[index]!, options), [index])),
      (defect) => Effect.zipRight(this.end({ how: "place", failed: true }, [index]), this.refuse(defect))
    )
  }
}

/** It is of all of a batch; and else of the first tuple, which the others are taken for. */
const countedOf = ({ form }: Asked) => (index: number): boolean => form === "batch" || index === 0

const notHeld = (name: string, tuple: unknown): SpaceError =>
  new SpaceError({
    reason: "InvalidTuple",
    message: `${name}: ${show(tuple)} is not held: it is no tuple of this hold, or its hold has ended`
  })

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
class Using<E> implements Hold<E> {
  readonly attempts: number

  constructor(private readonly held: Held<E>, private readonly rest: Rest<E>) {
    this.attempts = rest.attempts
  }

  get token(): number {
    const { token } = this.held
    if (typeof token === "string") {
      throw unsupported(tokenless[token])
    }
    return token
  }

  readonly giveUp = <E2>(error: E2): Effect.Effect<never, E2> =>
    Effect.suspend(() => {
      this.rest.isLast = true
      return Effect.fail(error)
    })

  readonly consume = (tuple: unknown): Effect.Effect<void, E> => this.rest.settle("consume", tuple, Exit.void)

  readonly giveBack = (tuple: unknown): Effect.Effect<void, E> => this.rest.settle("giveBack", tuple, interrupted)

  readonly fail = (tuple: unknown, error: unknown): Effect.Effect<void, E> =>
    this.rest.settle("fail", tuple, Exit.fail(error))
}

/** The operations that hold, by the verb that takes. */
export const using = <E, A, E2, R>(
  taker: Taker<E>,
  name: "inWith" | "withPermit",
  query: Asked,
  options: Holding,
  use: (found: any, hold: Hold<E>) => Effect.Effect<A, E2, R>
): Effect.Effect<A, E | E2 | Late, R> =>
  holding(taker, name, query, options, (rest, held, restore) => {
    const used = Effect.suspend(() => use(foundBy(query, held), new Using(held, rest)))
    return ending(
      held.watch === undefined ? restore(used) : apart<A, E | E2, R>(restore, used, held.watch),
      (exit) => name === "withPermit" ? rest.giveBack() : rest.release(exit)
    )
  })

export const scoped = <E>(
  taker: Taker<E>,
  query: Asked,
  options: Holding
): Effect.Effect<unknown, E | Late, Scope.Scope> =>
  holding(taker, "inScoped", query, options, (rest, held) =>
    Effect.as(
      atEnd((exit) => Effect.orDie(orInterrupted(exit, rest.release(exit)))),
      foundBy(query, held)
    ))

/** Takes for a use, and makes a policy of the options: what becomes of what is taken if that fails. */
const holding = <E, A, E2, R>(
  { refuse, take }: Taker<E>,
  name: TakingFirst["name"],
  query: Asked,
  options: Holding,
  use: (rest: Rest<E>, held: Held<E>, restore: Restore) => Effect.Effect<A, E2, R>
): Effect.Effect<A, E | E2 | Late, R> => {
  const by = (policy: Policy) =>
    take(
      { name, query, timeout: options.timeout, isFinal: false, options: policy },
      (held, restore) => use(new Rest(held, policy, refuse, countedOf(query)), held, restore)
    )
  return options.retry === undefined
    ? by(options)
    : Effect.flatMap(delaysOf(options.retry), (delayOf) => by({ ...options, delayOf }))
}
