/**
 * What was taken for a client, until it says what has become of it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Tuple } from "../../Tuple.js"
import type { Ending, Held } from "../hold.js"
import { consumed } from "../hold.js"
import type { Values } from "../values.js"
import type { Answered } from "./protocol.js"

/** How a hold ends whose letter is not put. */
const refused: Ending = { how: "place", failed: true }

export class Holds {
  /** With the indices of those of its tuples that are left. */
  private readonly held = new Map<number, { readonly held: Held<unknown>; readonly left: Set<number> }>()

  constructor(private readonly values: Values) {}

  /** Holds what was taken, and says what that is. If it cannot go to the client, it is back. */
  hold(id: number): (held: Held<unknown>) => Effect.Effect<Answered<"take">> {
    return (held) =>
      Effect.sync(() => {
        const { attempts, index, priorities, read = [], token, tuples } = held
        // Of nothing there is no hold: nobody would end it.
        if (tuples.length > 0) {
          this.held.set(id, { held, left: new Set(tuples.keys()) })
        }
        const unread = held.unread === undefined ? undefined : this.values.encodeError(held.unread)
        const encode = (tuple: Tuple) => this.values.encodeTuple(tuple)
        const taken = [index, tuples.map(encode), attempts, token, unread] as const
        return priorities.some((priority) => priority !== 0)
          ? [...taken, read.map(encode), priorities]
          : read.length === 0
          ? taken
          : [...taken, read.map(encode)]
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
    after: number,
    letter: unknown,
    those: ReadonlyArray<number> | undefined
  ): Effect.Effect<void, unknown> {
    const held = this.leave(id, those)
    return held === undefined || held.isOver() ? Effect.void : Effect.catchAllDefect(
      Effect.suspend(() => held.end(this.endingOf(how, failed, after, letter), those)),
      (defect) => Effect.zipRight(held.end(refused, those), Effect.die(defect))
    )
  }

  /** Ends a hold where nobody waits to hear how that goes. */
  settle(id: number, how: "keep" | "giveBack"): void {
    this.leave(id)?.[how]()
  }

  /** Keeps the hold only as long as something of it is left. */
  private leave(id: number, those?: ReadonlyArray<number>): Held<unknown> | undefined {
    const hold = this.held.get(id)
    those?.forEach((index) => hold?.left.delete(index))
    if (those === undefined || hold?.left.size === 0) {
      this.held.delete(id)
    }
    return hold?.held
  }

  giveAllBack(): void {
    for (const id of [...this.held.keys()]) {
      this.settle(id, "giveBack")
    }
  }

  private endingOf(how: Ending["how"], failed: boolean, after: number, letter: unknown): Ending {
    switch (how) {
      case "consumed":
        return consumed
      case "dead":
        try {
          return { how, letter: letter === undefined ? undefined : this.values.decodeTuple(letter) }
        } catch {
          return refused
        }
      case "later":
        return { how, after }
      default:
        return { how, failed }
    }
  }
}
