/**
 * A wait in several parts at a time.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Restore } from "../../SpaceStore.js"
import type { InterestSnapshot } from "../../TupleSpace.js"
import { longestFirst } from "../insight.js"
import type { Pattern } from "../pattern/pattern.js"
import { complete, makeDeferred, onEnd } from "../runtime.js"
import { isTimeout, timedOut } from "../timeout.js"
import type { Part, Routing } from "./routing.js"

/** A pattern in a part in which it can have a match. */
export interface Place {
  readonly part: Part
  readonly pattern: Pattern
}

/** A wait in several places, which each part lists as one of its own. */
export interface Wait {
  readonly kind: InterestSnapshot["kind"]
  readonly patterns: ReadonlyArray<Pattern>
  readonly places: ReadonlyArray<Place>
}

/** What parts call a wait by one of several patterns. */
const kindThere = ({ kind }: Pick<Wait, "kind">) => kind === "inAny" ? "in" : kind === "rdAny" ? "rd" : kind

/** What waits, with a wait in several places as the one that it is. */
const joined = (
  interests: ReadonlyArray<InterestSnapshot>,
  { kind, patterns, places }: Wait
): ReadonlyArray<InterestSnapshot> => {
  const rest = interests.slice()
  const taken = places.flatMap(({ pattern }) => {
    const text = String(pattern)
    const index = rest.findIndex((each) =>
      each.kind === kindThere({ kind }) && each.patterns.length === 1 && each.patterns[0] === text
    )
    return index < 0 ? [] : rest.splice(index, 1)
  })
  const [first] = taken
  return first === undefined ? rest : [...rest, {
    kind,
    patterns: patterns.map(String),
    age: Math.max(...taken.map(({ age }) => age)),
    process: first.process
  }]
}

/** Those who wait in several parts of a space. */
export class Waits {
  private readonly waits = new Set<Wait>()

  constructor(private readonly name: string, private readonly routing: Routing) {}

  /** Waits for each pattern in each part in which it can have a match. Has to run uninterruptibly. */
  race<A>(
    restore: Restore,
    { kind, operation, patterns, timeout }: Pick<Wait, "kind" | "patterns"> & {
      readonly operation: string
      readonly timeout: number
    },
    find: (place: Place, found: (value: A) => Effect.Effect<void>) => Effect.Effect<void, any>,
    giveBack: (value: A) => void
  ): Effect.Effect<A, any> {
    const places = patterns.flatMap((pattern) => this.routing.ofPattern(pattern).map((part) => ({ part, pattern })))
    return Effect.mapError(
      this.listed({ kind, patterns, places }, firstOf(restore, places, find, giveBack)),
      // As what it is to its caller, and not as what its parts did for it.
      (error) => isTimeout(error) ? timedOut({ space: this.name, operation, patterns, timeout }) : error
    )
  }

  /** What waits in the parts, with each wait in several as the one that it is. */
  among(interests: ReadonlyArray<InterestSnapshot>): ReadonlyArray<InterestSnapshot> {
    return longestFirst([...this.waits].reduce(joined, interests))
  }

  /** Lists a wait for as long as it lasts. */
  private listed<A, E, R>(wait: Wait, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.waits.add(wait)
      return Effect.ensuring(effect, Effect.sync(() => this.waits.delete(wait)))
    })
  }
}

/**
 * Waits in several places at a time, and has what the first of them finds; `giveBack` gives back what others find
 * meanwhile. One that fails, or is interrupted, ends the wait in all of them; a timeout does when it is over in all.
 * Has to run uninterruptibly.
 */
const firstOf = <A>(
  restore: Restore,
  places: ReadonlyArray<Place>,
  find: (place: Place, found: (value: A) => Effect.Effect<void>) => Effect.Effect<void, any>,
  giveBack: (value: A) => void
): Effect.Effect<A, any> =>
  Effect.gen(function*() {
    const first = makeDeferred<A, unknown>()
    let waiting = places.length
    const found = (value: A): Effect.Effect<void> =>
      Effect.map(Deferred.succeed(first, value), (isFirst) => isFirst ? undefined : giveBack(value))
    const fibers = yield* Effect.forEach(places, (place) =>
      Effect.tap(Effect.fork(Effect.interruptible(find(place, found))), (fiber) =>
        Effect.sync(() =>
          onEnd(fiber, (exit) => {
            waiting--
            if (Exit.isFailure(exit) && (waiting === 0 || !hasTimedOut(exit))) {
              complete(first, Exit.failCause(exit.cause))
            }
          })
        )))
    const exit = yield* Effect.exit(restore(Deferred.await(first)))
    yield* Fiber.interruptAll(fibers)
    if (Exit.isFailure(exit) && (yield* Deferred.isDone(first))) {
      // It came in the instant of an interruption.
      yield* Effect.matchCause(Deferred.await(first), { onFailure: () => {}, onSuccess: giveBack })
    }
    return yield* exit
  })

const hasTimedOut = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Option.exists(Cause.failureOption(exit.cause), isTimeout)
