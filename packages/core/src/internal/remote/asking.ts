/**
 * The questions of one operation to the client that asked for it: what its predicates say, and what its `replace` makes
 * of a tuple. Until the answer is there a predicate counts as false; then the operation looks again.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Store } from "../memory/store.js"
import type { Pattern } from "../pattern/pattern.js"
import { callback } from "../runtime.js"
import { Threw } from "./protocol.js"

/** Thrown where an answer is needed before anything happens. */
export const UNANSWERED = Symbol.for("@effect-linda/core/UNANSWERED")

/** Thrown where the client's own code has thrown. */
export const THREW = Symbol.for("@effect-linda/core/THREW")

/** The number of the question what `replace` makes of a tuple. */
export const Replacement = -1

export class Asking {
  private readonly known: Array<Map<unknown, unknown>> = []
  /** Those without an answer yet, by their own numbers. */
  private readonly questions = new Map<number, readonly [number: number, subject: unknown]>()
  private asked = 0
  /** Whether an unanswered question ends the step that has it, rather than counting as a no. */
  private strict = false
  /** Whether nothing is done yet, so that it does not matter what an answer says. */
  private looking = false
  private resume: (() => void) | undefined
  /** Whether the client could not decode what it should have replaced. */
  isUnread = false
  /** Called when the client's own code has thrown. */
  onThrown: () => void = () => {}
  /** Looks again: something that counted as a no may be a yes now. */
  lookAgain: () => void = () => {}

  /** `send` puts a question to the client. */
  constructor(private readonly send: (question: number, number: number, subject: unknown) => void) {}

  /** What a predicate says of a value. */
  readonly ask = (number: number, subject: unknown): boolean => this.answerTo(number, subject) === true

  /** The answer, if it is known. */
  answerTo(number: number, subject: unknown): unknown {
    const answers = this.known[number + 1] ??= new Map()
    if (!answers.has(subject)) {
      const question = this.asked++
      answers.set(subject, undefined)
      this.questions.set(question, [number, subject])
      this.send(question, number, subject)
    }
    const answer = answers.get(subject)
    if (answer === undefined && this.strict) {
      throw UNANSWERED
    }
    if (answer === Threw && !this.looking) {
      throw THREW
    }
    return answer
  }

  /** The client has answered a question, or could not be asked. Whether it is a yes. */
  told(question: number, answer: unknown, isUnread = false): boolean {
    const about = this.questions.get(question)
    if (about === undefined) {
      return false
    }
    const [number, subject] = about
    this.questions.delete(question)
    this.known[number + 1]!.set(subject, answer)
    this.isUnread ||= isUnread
    if (answer === Threw) {
      this.onThrown()
    }
    if (this.questions.size === 0) {
      this.resume?.()
    }
    return answer === true
  }

  /** Puts all questions that the stored tuples raise, and waits for the answers. */
  settled(store: Store, patterns: ReadonlyArray<Pattern>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!store.closed) {
        this.looking = true
        store.run(() => patterns.forEach((pattern) => store.shelves.findAll(pattern)))
        this.looking = false
      }
      return this.questions.size === 0 ? Effect.void : Effect.zipRight(this.answers, this.settled(store, patterns))
    })
  }

  /** An operation that does not wait, done when all that it needs to know is known. */
  whenKnown<A, E>(
    store: Store,
    patterns: ReadonlyArray<Pattern>,
    operation: Effect.Effect<A, E>
  ): Effect.Effect<A, E> {
    const again: Effect.Effect<A, E> = Effect.zipRight(
      this.settled(store, patterns),
      Effect.suspend(() => {
        this.strict = true
        return Effect.catchAllDefect(
          Effect.ensuring(operation, Effect.sync(() => this.strict = false)),
          (defect) => defect === UNANSWERED ? again : Effect.die(defect)
        )
      })
    )
    return again
  }

  private get answers(): Effect.Effect<void> {
    return callback((resume) => {
      this.resume = () => resume(Effect.void)
    })
  }
}
