/**
 * What several parts hold.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { Ending, Held, NoToken } from "../hold.js"

/** What several parts hold, as one. */
export class JointHold implements Held<SpaceError> {
  readonly index: number = 0

  constructor(private readonly holds: ReadonlyArray<Held<SpaceError>>) {}

  get attempts(): number {
    return this.holds[0]?.attempts ?? 0
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
    const ends = this.holds.map((held) => {
      const start = from
      from += held.tuples.length
      const own = those?.filter((index) => index >= start && index < from).map((index) => index - start)
      return held.isOver() ? Effect.void : held.end(ending, own)
    })
    // Each of them, whatever becomes of the others.
    return Effect.flatMap(
      Effect.forEach(ends, Effect.exit),
      (exits) => Option.getOrElse(Option.map(Exit.all(exits), Exit.asVoid), () => Exit.void)
    )
  }
}

/** What one part holds, which was found by one of several patterns. */
export class Chosen extends JointHold {
  constructor(held: Held<SpaceError>, override readonly index: number) {
    super([held])
  }
}
