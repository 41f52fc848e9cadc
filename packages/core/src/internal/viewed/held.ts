/**
 * What is held through a view: what is put in the place of a tuple that is dead has to be allowed.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Tuple } from "../../Tuple.js"
import { own } from "../arguments.js"
import type { Ending, Held, Policy } from "../hold.js"

export class Bounded<E> implements Held<E> {
  constructor(private readonly held: Held<E>, private readonly put: (tuple: Tuple) => Tuple) {}

  get tuples(): ReadonlyArray<Tuple> {
    return this.held.tuples
  }

  get read(): ReadonlyArray<Tuple> | undefined {
    return this.held.read
  }

  get index(): number {
    return this.held.index
  }

  get attempts(): ReadonlyArray<number> {
    return this.held.attempts
  }

  get priorities(): ReadonlyArray<number> {
    return this.held.priorities
  }

  get token(): Held<E>["token"] {
    return this.held.token
  }

  get unread(): Held<E>["unread"] {
    return this.held.unread
  }

  get watch(): Held<E>["watch"] {
    return this.held.watch
  }

  isOver(): boolean {
    return this.held.isOver()
  }

  keep(): void {
    this.held.keep()
  }

  giveBack(): void {
    this.held.giveBack()
  }

  /** What is wrong with a letter is a defect. */
  end(ending: Ending, those?: ReadonlyArray<number>): Effect.Effect<void, E> {
    return Effect.suspend(() => {
      if (ending.how === "dead" && ending.letter !== undefined) {
        this.put(ending.letter)
      }
      return this.held.end(ending, those)
    })
  }
}

/** The same for what an engine puts by itself. */
export const policyOf = (policy: Policy, put: (tuple: Tuple) => Tuple): Policy => {
  const { deadLetter } = policy
  return deadLetter === undefined ? policy : {
    ...policy,
    deadLetter: (tuple, cause) => put(own(deadLetter(tuple, cause)))
  }
}
