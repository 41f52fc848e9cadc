/**
 * A program of a fleet: its fibers, what it has open at the store, and how it comes to its end.
 *
 * @internal
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import { Program } from "../scheduler.js"

/** How a program has ended. */
export type End =
  | { readonly _tag: "Done" }
  | { readonly _tag: "Ended" }
  | { readonly _tag: "Failed"; readonly cause: Cause.Cause<unknown> }
  | { readonly _tag: "Killed" }

export class Member {
  readonly program = new Program()
  /** The fiber that all others of the program come from. */
  root: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined
  /** How many steps it has had its store do. */
  steps = 0
  /** Until when it cannot reach its store. */
  lostUntil = -Infinity
  /** Whether somebody has told it to end. */
  isTold = false
  /** Whether its worker has ended or is told to. */
  isClosing = false
  /** Undoes one of the transactions that it has open. */
  readonly transactions = new Set<(error: SpaceError) => void>()

  private readonly whenEnded = Deferred.unsafeMake<End>(FiberId.none)
  private hasEnded = false

  /** `number` says which it is of all that have ever been in the fleet, from 1 on. */
  constructor(readonly number: number) {}

  /** Whether anything can happen to it. */
  get isUp(): boolean {
    return this.program.state === "running" && !this.hasEnded
  }

  /** Waits for its end. */
  get ended(): Effect.Effect<End> {
    return Deferred.await(this.whenEnded)
  }

  /** The first end is the one that counts. */
  hasCome(end: End): void {
    this.hasEnded = true
    Deferred.unsafeDone(this.whenEnded, Effect.succeed(end))
  }
}
