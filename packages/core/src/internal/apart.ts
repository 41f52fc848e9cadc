/**
 * Work in a fiber of its own, so that what waits for it can end without it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Restore } from "../SpaceStore.js"
import type { AnyFiber } from "./runtime.js"
import {
  callback,
  globalValue,
  identityOf,
  inherit,
  interruptLater,
  locally,
  localOf,
  makeLocal,
  onEnd,
  withFiber
} from "./runtime.js"

/** Whether one who ends what runs apart waits until it has come to its end. */
export type When = "at once" | "when it has ended"

/** Interrupts what runs apart, and gives it another result. */
export type End<E> = (exit: Exit.Exit<never, E>, when: When) => void

/** For whom a fiber runs something apart. Those that it starts have this too, and so it names the fiber. */
const standing = globalValue(
  Symbol.for("@effect-linda/core/apart"),
  () => makeLocal<{ readonly apart: AnyFiber; readonly whole: AnyFiber } | undefined>(undefined)
)

/** The fiber that a user knows: that which waits, if this runs something apart for it. */
export const wholeOf = (fiber: AnyFiber): AnyFiber => {
  const standsFor = localOf(fiber, standing)
  return standsFor?.apart === fiber ? wholeOf(standsFor.whole) : fiber
}

/**
 * Runs an effect in a fiber of its own. What it forks belongs to the fiber that runs this, as if there were no other.
 * Must run uninterruptibly. `watch` is given how to end it, and returns how to forget that.
 */
export const apart = <A, E, R>(
  restore: Restore,
  effect: Effect.Effect<A, E, R>,
  watch: (end: End<E>) => () => void
): Effect.Effect<A, E, R> =>
  Effect.transplant((grafted) =>
    withFiber((whole) => {
      // What has come to its end counts, however soon an interruption comes after that.
      const ended = grafted(Effect.exit(restore(effect)))
      const standsForIt = withFiber<Exit.Exit<A, E>, never, R>((apart) => locally(ended, standing, { apart, whole }))
      return Effect.flatMap(Effect.fork(standsForIt), (fiber) => {
        let ending: { readonly exit: Exit.Exit<never, E>; readonly when: When } | undefined
        let leave = () => {}
        const forget = watch((exit, when) => {
          ending ??= { exit, when }
          interruptLater(fiber)
          leave()
        })
        const result = (exit: Exit.Exit<Exit.Exit<A, E>>): Effect.Effect<A, E> =>
          ending?.exit ?? Effect.zipRight(inherit(fiber), Exit.flatten(exit))
        const wait = callback<A, E>((resume) => {
          onEnd(fiber, (exit) => resume(result(exit)))
          leave = () => {
            if (ending?.when === "at once") {
              resume(ending.exit)
            }
          }
          leave()
        }, identityOf(fiber))
        return Effect.ensuring(
          Effect.catchAllCause(
            restore(wait),
            (cause) =>
              ending?.when === "at once" ? Effect.failCause(cause) : Effect.flatMap(Fiber.interrupt(fiber), result)
          ),
          Effect.sync(forget)
        )
      })
    })
  )
