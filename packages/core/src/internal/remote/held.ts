/**
 * What was taken for a client, until it says what has become of it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Ending, Held } from "../hold.js"
import { consumed } from "../hold.js"
import type { Values } from "../values.js"
import type { Answered } from "./protocol.js"

/** How a hold ends whose letter is not put. */
const refused: Ending = { how: "place", failed: true }

export class Holds {
  private readonly held = new Map<number, Held<unknown>>()

  constructor(private readonly values: Values) {}

  /** Holds what was taken, and says what that is. If it cannot go to the client, it is back. */
  hold(
    id: number,
    encode: (held: Held<unknown>) => unknown
  ): (held: Held<unknown>) => Effect.Effect<Answered<"take">> {
    return (held) =>
      Effect.sync(() => {
        this.held.set(id, held)
        const unread = held.unread === undefined ? undefined : this.values.encodeError(held.unread)
        return [encode(held), held.attempts, held.token, unread]
      })
  }

  /**
   * Ends a hold, if there is one, as the client says. A letter that is not put, be it that it cannot be decoded or that
   * the space refuses it, leaves the tuple for somebody else.
   */
  end(
    id: number,
    how: Ending["how"],
    failed: boolean,
    letter: unknown,
    those: ReadonlyArray<number> | undefined
  ): Effect.Effect<void, unknown> {
    const held = this.held.get(id)
    this.held.delete(id)
    return held === undefined || held.isOver() ? Effect.void : Effect.catchAllDefect(
      Effect.suspend(() => held.end(this.endingOf(how, failed, letter), those)),
      (defect) => Effect.zipRight(held.end(refused, those), Effect.die(defect))
    )
  }

  /** Ends a hold where nobody waits to hear how that goes. */
  settle(id: number, how: "keep" | "giveBack"): void {
    const held = this.held.get(id)
    this.held.delete(id)
    held?.[how]()
  }

  giveAllBack(): void {
    for (const id of [...this.held.keys()]) {
      this.settle(id, "giveBack")
    }
  }

  private endingOf(how: Ending["how"], failed: boolean, letter: unknown): Ending {
    switch (how) {
      case "consumed":
        return consumed
      case "dead":
        try {
          return { how, letter: letter === undefined ? undefined : this.values.decodeTuple(letter) }
        } catch {
          return refused
        }
      default:
        return { how, failed }
    }
  }
}
