/**
 * STM within one synchronous step.
 *
 * A `STM` can only be committed by a fiber (F18), and steps of a store run in observers, message handlers and other
 * transactions. So a fiber commits it that has ended before the call returns, and what the commit wakes is woken in the
 * same step. Give it only what is quick and the library's own.
 *
 * @internal
 */
import * as STM from "effect/STM"
import { exitOf, startNow } from "../runtime.js"

/** Commits a transaction that cannot fail and does not wait. */
export const commitNow = <A>(stm: STM.STM<A>): A => {
  const exit = exitOf(startNow(STM.commit(stm)))
  if (exit?._tag !== "Success") {
    throw new Error(`a commit of the library's own has come to nothing: ${String(exit)}`)
  }
  return exit.value
}
