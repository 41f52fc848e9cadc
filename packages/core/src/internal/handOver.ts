/**
 * How what an operation has taken becomes its caller's, so that no interruption can come between.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Restore } from "../SpaceStore.js"
import type { AnyFiber } from "./runtime.js"
import { isInterrupted, isInterruptible, offEnd, onEnd, withFiber } from "./runtime.js"

/** Fibers between the end of a wait and its last step, and how to give back what they were handed. */
export type Leaving = Map<unknown, () => void>

/**
 * Waits for something that is then held for the caller, and makes it the caller's own.
 *
 * That happens in the last step, whose result goes straight to the caller's continuation: there is no point
 * at which an interruption could take the one without the other. Up to that step it is only held: first by `wait`, then
 * by the check that ends the uninterruptible region, and for the instructions between that and the last
 * step by an observer of the fiber, which gives it back if the fiber ends, or waits again, without having made it.
 */
export const handOver = <Held, A, E>(
  leaving: Leaving,
  wait: (restore: Restore) => Effect.Effect<Held, E>,
  accept: (held: Held) => A,
  giveBack: (held: Held) => void
): Effect.Effect<A, E> =>
  withFiber((fiber, mode) =>
    Effect.flatMap(
      Effect.uninterruptibleMask((restore) =>
        Effect.map(wait(restore), (held) => {
          if (isInterruptible(mode) && isInterrupted(fiber)) {
            giveBack(held)
          } else {
            guard(leaving, fiber, () => giveBack(held))
          }
          return held
        })
      ),
      (held) =>
        Effect.sync(() => {
          unguard(leaving, fiber)
          return accept(held)
        })
    )
  )

/** From here until {@link unguard}, the end of the fiber gives back what it was handed. */
const guard = (leaving: Leaving, fiber: AnyFiber, giveBack: () => void): void => {
  const end = () => {
    leaving.delete(fiber)
    offEnd(fiber, end)
    giveBack()
  }
  leaving.set(fiber, end)
  onEnd(fiber, end)
}

const unguard = (leaving: Leaving, fiber: AnyFiber): void => {
  const end = leaving.get(fiber)
  if (end !== undefined) {
    leaving.delete(fiber)
    offEnd(fiber, end as () => void)
  }
}
