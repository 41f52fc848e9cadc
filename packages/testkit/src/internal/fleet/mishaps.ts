/**
 * What can happen to a program of a fleet, and when.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Fault } from "../../Simulation.js"

/** All that can happen. */
export const faults: ReadonlyArray<Fault> = ["kill", "stop", "end", "resend", "lose"]

/** When something happens: beside one of the steps that a program has its store do, such as a batch. */
export interface Moment {
  readonly isBefore: boolean
  /** What passes between the step and the mishap, if not the mishap itself stands between the step and its answer. */
  readonly pause: ((lease: number) => Effect.Effect<void>) | undefined
  readonly words: (step: string) => string
}

const afterwards = (pause: Moment["pause"]): Moment => ({
  isBefore: false,
  pause,
  words: (step) => `soon after ${step}`
})

const turns = (count: number) => afterwards(() => Effect.repeatN(Effect.yieldNow(), count))
const time = (part: number) => afterwards((lease) => Effect.sleep(Duration.millis(lease * part)))

/** Simple ones first: to these faults shrink. A schedule names them by their numbers. */
export const moments: ReadonlyArray<Moment> = [
  { isBefore: false, pause: undefined, words: (step) => `between ${step} and its answer` },
  { isBefore: true, pause: undefined, words: (step) => `before ${step}` },
  turns(0),
  turns(3),
  turns(10),
  time(0.01),
  time(0.1)
]

/** Something that happens to a program. */
export interface Mishap {
  readonly fault: Fault
  readonly moment: Moment
}
