/**
 * What a signal does. It interrupts the program, which so gives back what it holds; or it is handed on to the command
 * that the program waits for.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { constants } from "node:os"
import { callback } from "./runtime.js"

export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP"

const all: ReadonlyArray<Signal> = ["SIGINT", "SIGTERM", "SIGHUP"]

export interface Signals {
  /** Until the scope closes, signals go to who is given here, and to nobody else. */
  readonly handOn: (send: (signal: Signal) => void) => Effect.Effect<void, never, Scope.Scope>
}

export const Signals = Context.GenericTag<Signals>("@effect-linda/cli/Signals")

/** What a shell says of a program that a signal has ended. */
export const codeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

/**
 * Runs an effect so that the first signal interrupts it, and says what it comes to then. A second one ends the process:
 * what it holds is back when its lease is over.
 */
export const withSignals = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  onInterrupted: (signal: Signal) => A
): Effect.Effect<A, E, Exclude<R, Signals>> =>
  Effect.gen(function*() {
    const receivers: Array<(signal: Signal) => void> = []
    let first: Signal | undefined
    const signals: Signals = {
      handOn: (send) =>
        Effect.asVoid(Effect.acquireRelease(
          Effect.sync(() => receivers.push(send)),
          () => Effect.sync(() => receivers.splice(receivers.indexOf(send), 1))
        ))
    }
    const received = callback<void>((resume) => {
      const listen = (signal: Signal) => {
        const send = receivers.at(-1)
        if (send !== undefined) {
          send(signal)
        } else if (first === undefined) {
          first = signal
          resume(Effect.void)
        } else {
          process.exit(codeOf(signal))
        }
      }
      all.forEach((signal) => process.on(signal, listen))
      return Effect.sync(() => all.forEach((signal) => process.off(signal, listen)))
    })
    const fiber = yield* Effect.fork(Effect.provideService(effect, Signals, signals))
    yield* Effect.fork(Effect.zipRight(received, Fiber.interrupt(fiber)))
    const exit = yield* Fiber.await(fiber)
    return yield* first !== undefined && Exit.isInterrupted(exit) ? Effect.succeed(onInterrupted(first)) : exit
  })
