/**
 * What a run of an STM on a store comes to: a decision and the commands that write it, what it has missed, or that it
 * lacks facts.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import type { SpaceError } from "../../SpaceError.js"
import type { Command } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Pattern } from "../pattern/pattern.js"
import { shownBoth } from "../pattern/query.js"
import type { AnyFiber } from "../runtime.js"
import { Parking } from "../stm/parking.js"
import * as Running from "../stm/run.js"
import { consuming, settling } from "./back.js"
import type { Facts, Held } from "./facts.js"
import type { Ground } from "./ground.js"
import type { Done } from "./known.js"
import { nothingDone } from "./known.js"
import type { Reader } from "./reader.js"
import { isRead } from "./reader.js"
import type { Missed } from "./retrying.js"
import { Run } from "./run.js"
import type { Session } from "./session.js"

/** What a run comes to that has been done. */
export interface Decision<A> {
  readonly value: A
  readonly done: Done
}

/** Runs the STM once on these facts. It commits what it has decided; or nothing, and says why. */
export const decide = <A, E, R>(
  ground: Ground,
  stm: STM.STM<A, E, R>,
  facts: Facts,
  parked: Array<Parking>,
  waiter: AnyFiber
): Effect.Effect<Decision<A> | Missed | "lacks", E | SpaceError, R> =>
  Effect.suspend(() => {
    let run: Run | undefined
    const attempt = STM.flatMap(TRef.make(nothingDone), (done) =>
      STM.flatMap(
        STM.catchAll(
          STM.suspend(() => {
            Running.runNow(run = new Run(ground.session, ground.reader, facts, done))
            return stm
          }),
          // What it has concluded from what is not known does not count.
          (error) => facts.isLacking ? STM.retry : STM.fail(error)
        ),
        (value): STM.STM<Decision<A>> =>
          facts.isLacking ? STM.retry : STM.map(TRef.get(done), (done) => {
            Running.runNow(undefined)
            return { value, done }
          })
      ))
    const ended = Running.orMissing(attempt, (): Came => {
      Running.runNow(undefined)
      return new Came(facts.isLacking ? "lacks" : missedBy(ground.reader, run!, parked, waiter))
    })
    return Effect.catchAllCause(
      STM.commit(ended),
      (cause): Effect.Effect<Missed | "lacks", E> => {
        Running.runNow(undefined)
        return cause._tag === "Fail" && cause.error instanceof Came
          ? Effect.succeed(cause.error.to)
          : facts.isLacking
          ? Effect.succeed("lacks" as const)
          : Effect.failCause(cause as Cause.Cause<E>)
      }
    )
  })

/** What a run has missed, and is parked on from now on. Reading that may show that facts are lacking. */
const missedBy = (
  reader: Reader,
  run: Run,
  parked: Array<Parking>,
  waiter: AnyFiber
): Missed | "lacks" => {
  const { absent, conditions, facts, missed, unwanted, watched } = run
  const parking = conditions.length === 0 ? undefined : new Parking(conditions, run, [], waiter)
  if (parking !== undefined) {
    parked.push(parking)
  }
  return facts.isLacking ? "lacks" : {
    ...asked(reader, missed),
    absent: askedIfAny(reader, absent),
    shown: shownBoth(Array.from(missed), Array.from(absent)),
    watched: run.isUsed ? { ...asked(reader, watched), absent: askedIfAny(reader, unwanted) } : undefined,
    parking,
    concerns: (row, patterns) => {
      const reading = reader.read(row)
      return !isRead(reading) || patterns.some((pattern) => mayMatch(pattern, reading))
    }
  }
}

const asked = (reader: Reader, patterns: ReadonlySet<Pattern>) => ({
  patterns: Array.from(patterns),
  queries: Array.from(patterns, (pattern) => reader.query(pattern)[0])
})

const askedIfAny = (reader: Reader, patterns: ReadonlySet<Pattern>) =>
  patterns.size === 0 ? undefined : asked(reader, patterns)

/** How a run that comes to nothing goes on. */
class Came {
  constructor(readonly to: Missed | "lacks") {}
}

/** A pattern whose code throws ends its transaction, when that has looked. */
const mayMatch = (pattern: Pattern, tuple: Tuple): boolean => {
  try {
    return pattern.matches(tuple)
  } catch {
    return true
  }
}

/** What has been decided, in the order in which it was: others see the events in this order. */
export const commandsOf = (session: Session, { acts, taken }: Done, facts: Facts): ReadonlyArray<Command> => {
  const gone = new Set<Held>()
  const commands = acts.flatMap((act): ReadonlyArray<Command> => {
    if ("put" in act) {
      return HashSet.has(taken, act.put.id) ? [] : [{ op: "put", rows: [act.row()] }]
    }
    const held = facts.holdOf(act.took.id)
    if (held !== undefined) {
      gone.add(held)
      return [consuming(held.hold)]
    }
    return act.took.isOwn
      ? []
      : [{ op: "claim", hold: session.nextId(), ids: [act.took.id], waiter: null, final: true }]
  })
  return [...released(facts.held.filter((held) => !gone.has(held))), ...commands]
}

/** Gives back what was held and is not taken after all. */
export const released = (held: ReadonlyArray<Held>): ReadonlyArray<Command> =>
  held.filter(({ state }) => state === "held").map(({ hold }) => settling(hold))
