/**
 * The questions of one operation to the client that asked for it: what its predicates say, and what it puts in the
 * place of what was found. Until the answer is there a predicate counts as false; then the operation looks again.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import { write } from "../encoding.js"
import { equals } from "../pattern/equality.js"
import * as Hash from "../pattern/hash.js"
import type { Answers } from "../pattern/pattern.js"
import { callback } from "../runtime.js"
import { past } from "./limits.js"
import { Threw } from "./protocol.js"

/** Thrown where an answer is needed before anything happens. */
export const UNANSWERED = Symbol.for("@effect-linda/core/UNANSWERED")

/** Thrown where the client's own code has thrown. */
export const THREW = Symbol.for("@effect-linda/core/THREW")

/** The number of the question what is put in the place of what `replace` or `exchange` has found. */
export const Replacement = -1

/** In the place of an answer where the client cannot be told what it is asked about. */
export class Unaskable {
  constructor(readonly error: SpaceError) {}
}

/** A value that was asked about, and the answer, once it is there. */
interface Question {
  readonly subject: unknown
  answer: unknown
}

/** What has no text is in memory: that is the same each time somebody looks at it. */
const textOf = (wire: unknown): unknown => {
  try {
    return write(wire)
  } catch {
    return {}
  }
}

export class Asking implements Answers {
  /** By the numbers of what is asked, and by the values: an engine may make a tuple anew each time it looks at it. */
  private readonly known: Array<Map<Hash.Key, Array<Question>>> = []
  /** By the numbers, and by what the client is shown: values made anew may equal nothing but themselves. */
  private readonly shown: Array<Map<unknown, Question>> = []
  /** Those without an answer yet, by their own numbers. */
  private readonly open = new Map<number, Question>()
  private asked = 0
  /** Whether an unanswered question ends the step that has it, rather than counting as a no. */
  private strict = false
  /** Whether nothing is done yet, so that it does not matter what an answer says. */
  private looking = false
  private resume: (() => void) | undefined
  /** Whether the client could not decode what it should have replaced. */
  isUnread = false
  private readonly followers: Array<Parameters<Answers["follow"]>> = []

  /** `wireOf` says what the client is shown of a value; `send` puts a question to it. */
  constructor(
    private readonly wireOf: (number: number, subject: unknown) => unknown,
    private readonly send: (question: number, number: number, wire: unknown) => void,
    /** How many questions there may be. */
    private readonly limit = Infinity
  ) {}

  /** What a predicate says of a value. */
  readonly ask = (number: number, subject: unknown): boolean => this.answerTo(number, subject) === true

  follow(...follower: Parameters<Answers["follow"]>): void {
    this.followers.push(follower)
  }

  /** Something that counted as a no may be a yes now. */
  lookAgain(): void {
    for (const [lookAgain] of this.followers) {
      lookAgain()
    }
  }

  /** The answer, if it is known. */
  answerTo(number: number, subject: unknown): unknown {
    const { answer } = this.questionOf(number, subject)
    if (answer === undefined && this.strict) {
      throw UNANSWERED
    }
    if (answer === Threw && !this.looking) {
      throw THREW
    }
    if (answer instanceof Unaskable) {
      throw answer.error
    }
    return answer
  }

  private questionOf(number: number, subject: unknown): Question {
    const questions = this.known[number + 1] ??= new Map()
    const key = Hash.key(subject)
    const alike = questions.get(key) ?? []
    const known = alike.find((question) => equals(question.subject, subject))
    if (known !== undefined) {
      return known
    }
    const wire = this.wireOf(number, subject)
    const shown = this.shown[number + 1] ??= new Map()
    const text = textOf(wire)
    const before = shown.get(text)
    if (before !== undefined) {
      return before
    }
    if (this.asked >= this.limit) {
      throw past("candidates", this.limit)
    }
    const question: Question = { subject, answer: undefined }
    questions.set(key, [...alike, question])
    shown.set(text, question)
    const id = this.asked++
    this.open.set(id, question)
    this.send(id, number, wire)
    return question
  }

  /** The client has answered a question, or could not be asked. Whether it is a yes. */
  told(id: number, answer: unknown, isUnread = false): boolean {
    const question = this.open.get(id)
    if (question === undefined) {
      return false
    }
    this.open.delete(id)
    question.answer = answer
    this.isUnread ||= isUnread
    if (answer === Threw) {
      this.followers.forEach(([, die]) => die(THREW))
    }
    if (this.open.size === 0) {
      this.resume?.()
    }
    return answer === true
  }

  /** Has all questions put that a look at what is stored raises, and waits for the answers. */
  settled<E>(look: Effect.Effect<unknown, E>): Effect.Effect<void, E> {
    const looking = Effect.suspend(() => {
      this.looking = true
      return Effect.ensuring(look, Effect.sync(() => this.looking = false))
    })
    return Effect.flatMap(
      looking,
      () => this.open.size === 0 ? Effect.void : Effect.zipRight(this.answers, this.settled(look))
    )
  }

  /** An operation that does not wait, done when all that it needs to know is known. */
  whenKnown<A, E, E2>(look: Effect.Effect<unknown, E2>, operation: Effect.Effect<A, E>): Effect.Effect<A, E | E2> {
    const again: Effect.Effect<A, E | E2> = Effect.zipRight(
      this.settled(look),
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

  /** Waits for the answers that are not there yet. The last may have come since somebody looked: the fiber yields. */
  private get answers(): Effect.Effect<void> {
    return callback((resume) => {
      if (this.open.size === 0) {
        return resume(Effect.void)
      }
      this.resume = () => {
        this.resume = undefined
        resume(Effect.void)
      }
    })
  }
}
