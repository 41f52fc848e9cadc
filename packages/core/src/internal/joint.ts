/**
 * What is held in several parts, as one.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../SpaceError.js"
import type { Tuple } from "../Tuple.js"
import type { Ending, Held, NoToken } from "./hold.js"
import { each } from "./hold.js"

export class JointHold<E> implements Held<E> {
  readonly index: number = 0

  constructor(private readonly holds: ReadonlyArray<Held<E>>) {}

  get attempts(): ReadonlyArray<number> {
    return this.holds.flatMap(({ attempts }) => attempts)
  }

  get priorities(): ReadonlyArray<number> {
    return this.holds.flatMap(({ priorities }) => priorities)
  }

  /** The greatest of theirs: those of earlier holds are less. */
  get token(): number | NoToken {
    return this.holds.reduce<number | NoToken>(
      (most, { token }) => typeof most === "string" ? most : typeof token === "string" ? token : Math.max(most, token),
      0
    )
  }

  get unread(): SpaceError | undefined {
    return this.holds.find(({ unread }) => unread !== undefined)?.unread
  }

  get tuples(): ReadonlyArray<Tuple> {
    return this.holds.flatMap(({ tuples }) => tuples)
  }

  /** The loss of any of them ends the use of all: they may be held by several clients. */
  get watch(): Held<E>["watch"] {
    const all = this.holds.flatMap(({ watch }) => watch ?? [])
    return all.length === 0 ? undefined : (end) => {
      const forgets = all.map((watch) => watch(end))
      return () => forgets.forEach((forget) => forget())
    }
  }

  isOver(): boolean {
    return this.holds.every((held) => held.isOver())
  }

  keep(): void {
    this.holds.forEach((held) => held.keep())
  }

  giveBack(): void {
    this.holds.forEach((held) => held.giveBack())
  }

  end(ending: Ending, those?: ReadonlyArray<number>): Effect.Effect<void, E> {
    let from = 0
    return each(this.holds.map((held) => {
      const start = from
      from += held.tuples.length
      const own = those?.filter((index) => index >= start && index < from).map((index) => index - start)
      return held.isOver() || own?.length === 0 ? Effect.void : held.end(ending, own)
    }))
  }
}
