/**
 * What clients hold that have no connection: each hold has an id and a lease, and is confirmed or given back by later
 * requests.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { AnySpace } from "../Spaces.js"
import { makeDeferred, secret } from "./runtime.js"

/** What somebody holds. */
export interface Held {
  readonly id: string
  readonly tuple: Tuple
  readonly attempts: number
}

interface Hold {
  readonly space: string
  readonly decided: Deferred.Deferred<void>
  /** Takes, and waits for the decision. */
  readonly holding: Fiber.Fiber<void, unknown>
  /** Ends it when its lease is over. */
  lapsing: Fiber.Fiber<void>
  /** What was said of it, which may be said again by who has not heard the answer. */
  said: "confirm" | "giveBack" | undefined
}

const lapsed = (id: string) =>
  new SpaceError({
    reason: "Lapsed",
    message: `there is no hold ${id}: its lease is over, or it was ended, and its tuple may be with others`
  })

export class Holds {
  private readonly holds = new Map<string, Hold>()

  constructor(private readonly scope: Scope.Scope) {}

  /**
   * Waits for a tuple, and holds it for as long as its lease. Nothing is held for who does not wait any more. `own` is
   * the scope of the space, which has to live as long.
   */
  take(
    name: string,
    space: AnySpace,
    own: Scope.CloseableScope,
    pattern: Tuple,
    { lease, wait }: { readonly lease: number; readonly wait: number }
  ): Effect.Effect<Option.Option<Held>, SpaceError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(this, function*() {
        const [id, decided, taken] = [secret(), makeDeferred<void>(), makeDeferred<Held>()]
        const using = space.inWith(
          pattern,
          (tuple, { attempts }) =>
            Effect.zipRight(
              Deferred.succeed(taken, { id, tuple: tuple as Tuple, attempts }),
              Deferred.await(decided)
            ),
          { timeout: wait }
        ) as Effect.Effect<void, SpaceError | Cause.TimeoutException>
        const holding = yield* Effect.forkIn(
          Effect.ensuring(Effect.interruptible(using), Scope.close(own, Exit.void)),
          this.scope
        )
        const held = yield* restore(
          Effect.raceFirst(
            Effect.map(Deferred.await(taken), Option.some),
            Effect.as(Fiber.join(holding), Option.none<Held>())
          )
        ).pipe(
          Effect.catchTag("TimeoutException", () => Effect.succeed(Option.none<Held>())),
          Effect.onExit((exit) => Exit.isFailure(exit) ? Fiber.interrupt(holding) : Effect.void)
        )
        if (Option.isSome(held)) {
          const hold: Hold = { space: name, decided, holding, lapsing: Fiber.void, said: undefined }
          this.holds.set(id, hold)
          yield* this.lend(id, hold, lease)
        }
        return held
      })
    )
  }

  /** It is left to its holder for so long from now on. */
  private lend(id: string, hold: Hold, lease: number): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const before = hold.lapsing
      const lapse = Effect.delay(
        Effect.suspend(() => {
          this.holds.delete(id)
          return Fiber.interruptFork(hold.holding)
        }),
        lease
      )
      hold.lapsing = yield* Effect.forkIn(Effect.interruptible(lapse), this.scope)
      yield* Fiber.interruptFork(before)
    })
  }

  private find(space: string, id: string): Effect.Effect<Hold, SpaceError> {
    return Effect.suspend(() => {
      const hold = this.holds.get(id)
      return hold === undefined || hold.space !== space ? Effect.fail(lapsed(id)) : Effect.succeed(hold)
    })
  }

  renew(space: string, id: string, lease: number): Effect.Effect<void, SpaceError> {
    return Effect.flatMap(
      this.find(space, id),
      (hold) => hold.said === undefined ? this.lend(id, hold, lease) : Effect.fail(lapsed(id))
    )
  }

  /** Ends a hold. To say the same again is to be answered the same, for as long as its lease would have been. */
  end(space: string, id: string, how: "confirm" | "giveBack"): Effect.Effect<void, SpaceError> {
    return Effect.flatMap(this.find(space, id), (hold) => {
      if (hold.said !== undefined && hold.said !== how) {
        return Effect.fail(lapsed(id))
      }
      hold.said = how
      return how === "giveBack"
        ? Effect.asVoid(Fiber.interrupt(hold.holding))
        : Effect.zipRight(
          Deferred.succeed(hold.decided, undefined),
          Effect.catchAllCause(Fiber.join(hold.holding), (cause) =>
            Option.match(Cause.failureOption(cause), {
              onNone: () => Effect.fail(lapsed(id)),
              onSome: (error) => Effect.fail(error instanceof SpaceError ? error : lapsed(id))
            }))
        )
    })
  }
}
