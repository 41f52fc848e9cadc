/**
 * Turns of the event loop for the rest of a program. A store that is at hand answers without one: a fiber that asks it
 * again and again would keep timers, sockets and signals waiting for as long as it does.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { liveClock } from "../runtime.js"
import { timeOf } from "../timekeeper.js"

/** So long, in milliseconds, the store may answer without a turn. */
const longest = 10

/**
 * An effect to be run before each answer: waits for a turn, by default that of a timer, if there was none for too long.
 */
export const turns = (nextTurn: Effect.Effect<void> = liveClock.sleep(Duration.zero)): Effect.Effect<void> => {
  let last = -Infinity
  const turn = Effect.map(nextTurn, () => {
    last = timeOf(liveClock)
  })
  // Where time is simulated nobody waits for the event loop.
  return Effect.clockWith((clock) => clock !== liveClock || timeOf(liveClock) - last < longest ? Effect.void : turn)
}
