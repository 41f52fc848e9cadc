/**
 * STM within one synchronous step.
 *
 * A `STM` can only be committed by a fiber (F18), and steps of a store run in observers, message handlers and other
 * transactions. A fiber whose scheduler never makes it yield goes from its start to its end, or to where it waits,
 * before the call returns. Its tasks run at once too, so what a commit wakes here is woken in the same step. Give it
 * only what is quick and the library's own.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type { Scheduler } from "effect/Scheduler"
import * as STM from "effect/STM"

const atOnce: Scheduler = {
  shouldYield: () => false,
  scheduleTask: (task) => task()
}

/** Starts a fiber that has ended, or waits, when this returns. */
export const startNow = <A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> =>
  Runtime.runFork(Runtime.defaultRuntime)(effect, { scheduler: atOnce })

/** Commits a transaction that cannot fail and does not wait. */
export const commitNow = <A>(stm: STM.STM<A>): A => {
  const exit = startNow(STM.commit(stm)).unsafePoll()
  if (exit?._tag !== "Success") {
    throw new Error(`a commit of the library's own has come to nothing: ${String(exit)}`)
  }
  return exit.value
}
