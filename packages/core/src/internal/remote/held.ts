/**
 * What was taken for a client, until it says what has become of it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import { own } from "../arguments.js"
import type { Ending, Held } from "../hold.js"
import { consumed } from "../hold.js"
import type { Values } from "../values.js"
import { past } from "./limits.js"
import type { Answered } from "./protocol.js"

/** How a hold ends whose letter is not put. */
const refused: Ending = { how: "place", failed: true }

export class Holds {
  /** With the indices of those of its tuples that are left. */
  private readonly held = new Map<number, { readonly held: Held<unknown>; readonly left: Set<number> }>()

  /** Those of what was taken for good, which end as soon as the client has said that it has that. */
  private readonly finals = new Set<number>()

  /** `limit` is for those that are not for good. */
  constructor(private readonly values: Values, private readonly limit: number) {}

  /** How many there are that are not for good. */
  get size(): number {
    return this.held.size - this.finals.size
  }

  /** How many were taken for good, and the client has not said yet that it has them. */
  get leaving(): number {
    return this.finals.size
  }

  /** Why the client may hold no more, if it may not. */
  get refusal(): SpaceError | undefined {
    return this.size < this.limit ? undefined : past("holds", this.limit)
  }

  /** Holds what was taken, and says what that is. If it cannot go to the client, it is back. */
  hold(id: number, isFinal: boolean): (held: Held<unknown>) => Effect.Effect<Answered<"take">, SpaceError> {
    return (held) =>
      Effect.suspend(() => {
        const { refusal } = this
        if (!isFinal && refusal !== undefined) {
          held.giveBack()
          return Effect.fail(refusal)
        }
        return Effect.sync(() => this.taken(id, isFinal, held))
      })
  }

  private taken(id: number, isFinal: boolean, held: Held<unknown>): Answered<"take"> {
    const { attempts, index, priorities, read = [], token, tuples } = held
    // Of nothing there is no hold: nobody would end it.
    if (tuples.length > 0) {
      this.held.set(id, { held, left: new Set(tuples.keys()) })
      if (isFinal) {
        this.finals.add(id)
      }
    }
    const unread = held.unread === undefined ? undefined : this.values.encodeError(held.unread)
    const encode = (tuple: Tuple) => this.values.encodeTuple(tuple)
    const taken = [index, tuples.map(encode), attempts, token, unread] as const
    return priorities.some((priority) => priority !== 0)
      ? [...taken, read.map(encode), priorities]
      : read.length === 0
      ? taken
      : [...taken, read.map(encode)]
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
    const left = this.held.get(id)?.left
    // What has ended already does not end again.
    const own = those?.filter((index, at) => left?.has(index) === true && those.indexOf(index) === at)
    const held = this.leave(id, own)
    return held === undefined || held.isOver() || own?.length === 0 ? Effect.void : Effect.catchAllDefect(
      Effect.suspend(() => held.end(this.endingOf(how, failed, after, letter), own)),
      (defect) => Effect.zipRight(held.end(refused, own), Effect.die(defect))
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
      this.finals.delete(id)
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
          return { how, letter: letter === undefined ? undefined : own(this.values.decodeTuple(letter)) }
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
