/**
 * What this package uses of Effect's runtime beyond composing effects. Each major version of Effect has it in another
 * form: a port changes this file. The core has such a file of its own.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Suspends the fiber until `resume` is called. What `register` returns is run if the fiber is interrupted first. */
export const callback = Effect.async

/** A latch that is opened by what calls back. */
export const makeLatch = () => {
  const latch = Effect.unsafeMakeLatch()
  return { await: latch.await, close: latch.close, open: (): void => void latch.unsafeOpen() }
}

/** One value for a program, however many copies of a module it loads. */
export { globalValue } from "effect/GlobalValue"

/** The clock of the machine, whatever clock the program goes by. */
export const liveClock = Clock.make()
