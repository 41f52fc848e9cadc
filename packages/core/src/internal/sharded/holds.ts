/**
 * What several parts hold.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { Ending, Held, NoToken } from "../hold.js"
import { each } from "../hold.js"

/** What several parts hold, as one. */
export class JointHold implements Held<SpaceError> {
  readonly index: number = 0

  constructor(private readonly holds: ReadonlyArray<Held<SpaceError>>) {}

  get attempts(): ReadonlyArray<number> {
    return this.holds.flatMap(({ attempts }) => attempts)
  }

  /** That of its part. What is held in several is for no use. */
  get token(): number | NoToken {
    return this.holds[0]?.token ?? "store"
  }

  get unread(): SpaceError | undefined {
    return this.holds.find(({ unread }) => unread !== undefined)?.unread
  }

  get tuples(): ReadonlyArray<Tuple> {
    return this.holds.flatMap(({ tuples }) => tuples)
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

  end(ending: Ending, those?: ReadonlyArray<number>): Effect.Effect<void, SpaceError> {
    let from = 0
    return each(this.holds.map((held) => {
      const start = from
      from += held.tuples.length
      const own = those?.filter((index) => index >= start && index < from).map((index) => index - start)
      return held.isOver() || own?.length === 0 ? Effect.void : held.end(ending, own)
    }))
  }
}

/** What one part holds, which was found by one of several patterns. */
export class Chosen extends JointHold {
  constructor(held: Held<SpaceError>, override readonly index: number) {
    super([held])
  }
}
