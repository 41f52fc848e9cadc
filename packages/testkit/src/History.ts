/**
 * What concurrent clients did to a space, and whether that can have happened: whether there is an order of the
 * operations, in which each lies between its start and its end, that the model would have answered in the same way.
 *
 * After M. Herlihy, J. Wing, "Linearizability", ACM TOPLAS 12 (1990). The search is J. Wing and C. Gong's ("Testing and
 * verifying concurrent objects", J. Parallel Distrib. Comput. 17, 1993), remembering what it has been through (G. Lowe,
 * 2017). It is exact, and exponential in how many operations overlap: for histories of some dozens.
 *
 * @since 0.1.0
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Model from "./Model.js"

/**
 * One operation: when it started and when it ended, by a counter of such events, and its result. One that has not
 * ended, or was interrupted, may have happened at any time since its start, or not at all.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly operation: Model.Operation
  readonly start: number
  readonly end: number
  /** None if it has not ended with a result. */
  readonly result: Option.Option<unknown>
}

/**
 * What was done, in the order in which it was started.
 *
 * @since 0.1.0
 * @category models
 */
export type History = ReadonlyArray<Entry>

/**
 * Does operations in a space, and writes down what they did.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder<out E = SpaceError> {
  /** Does an operation, and writes it down. */
  readonly perform: (operation: Model.Operation) => Effect.Effect<unknown, E>
  /** What was done until now. */
  readonly history: Effect.Effect<History>
}

/**
 * Makes a recorder of what is done to a space through it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const recorder = <T extends Tuple, E>(space: TupleSpace<T, E>): Recorder<E> => {
  const entries: Array<Entry> = []
  let events = 0
  return {
    perform: (operation) =>
      Effect.suspend(() => {
        const index = entries.length
        const started: Entry = { operation, start: events++, end: Infinity, result: Option.none() }
        entries.push(started)
        return Effect.onExit(Model.perform(space, operation), (exit) =>
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) {
              entries[index] = { ...started, end: events++, result: Option.some(exit.value) }
            }
          }))
      }),
    history: Effect.sync(() => [...entries])
  }
}

/**
 * An order in which the operations can have happened one after the other, if there is one. Those that have not ended
 * are in it only if they must have happened.
 *
 * @since 0.1.0
 * @category checking
 */
export const linearize = (history: History): Option.Option<History> => {
  // What is left to be done, and the space then. To come there again is to fail there again.
  const seen = new Set<string>()
  const search = (todo: History, model: Model.Model, order: History): Option.Option<History> => {
    if (todo.every(({ result }) => Option.isNone(result))) {
      return Option.some(order)
    }
    const state = `${todo.map(({ start }) => start)};${stateOf(model)}`
    if (seen.has(state)) {
      return Option.none()
    }
    seen.add(state)
    for (const step of steps(todo, model)) {
      const ended = todo.filter(({ start }) => step.served.some(({ id }) => id === start))
      const isAsRecorded = ended.every(({ result, start }) =>
        Option.isNone(result) ||
        step.served.some((served) => served.id === start && Model.sameResult(result.value, served.result))
      )
      if (isAsRecorded) {
        const rest = todo.filter((each) => !ended.includes(each))
        const found = search(rest, withHeld(step, ended), [...order, ...ended])
        if (Option.isSome(found)) {
          return found
        }
      }
    }
    return Option.none()
  }
  return search(history, Model.empty, [])
}

/** A change of the space, and which operations it ends. */
type Step = Pick<Model.Step, "model" | "served">

/** What can happen next. */
const steps = function*(todo: History, model: Model.Model): Iterable<Step> {
  for (const { operation, start } of candidates(todo, model)) {
    const step = Model.step(model, operation, start)
    if (Option.isSome(step.result)) {
      const taken = model.stored.filter((each) => !step.model.stored.includes(each))
      yield { ...step, served: [{ id: start, result: step.result.value, taken }, ...step.served] }
    } else if (todo.some(({ operation }) => operation._tag === "outAll")) {
      // To wait makes no difference to coming when one can be served, but where tuples are put all at once: nobody sees
      // some of them only, and yet a join that waits takes what completes it as they come, not the oldest of all of
      // them.
      yield step
    }
  }
  for (const held of model.held) {
    yield Model.release(model, held, "place")
  }
}

/** Who was interrupted may have been handed its tuples already. Then nobody sees them, until they are back. */
const withHeld = ({ model, served }: Step, ended: History): Model.Model => {
  const isInterrupted = (id: number) => ended.some(({ result, start }) => start === id && Option.isNone(result))
  return { ...model, held: [...model.held, ...served.flatMap(({ id, taken }) => isInterrupted(id) ? taken : [])] }
}

/**
 * What can be next: what has started before any of the others has ended. Of those that are alike in all but time, the
 * one that has ended first stands for all: wherever another could be, it can be, and the other in its place later.
 */
const candidates = (todo: History, { waiting }: Model.Model): History => {
  const firstEnd = Math.min(...todo.map(({ end }) => end))
  const isNext = ({ start }: Entry) => start < firstEnd && !waiting.some(({ id }) => id === start)
  const chosen: Array<Entry> = []
  for (const entry of todo.filter(isNext).sort((self, that) => self.end - that.end)) {
    if (!chosen.some((each) => isAlike(each, entry))) {
      chosen.push(entry)
    }
  }
  return chosen
}

const isAlike = (self: Entry, that: Entry): boolean =>
  Option.isSome(self.result) === Option.isSome(that.result) &&
  Model.sameResult(self.operation, that.operation) &&
  Model.sameResult(Option.getOrUndefined(self.result), Option.getOrUndefined(that.result))

/**
 * The tuples in their order, which of them are held, and who waits. Ages may differ between ways that come to the same.
 */
const stateOf = ({ held, stored, waiting }: Model.Model): string => {
  const tuples = [...stored, ...held].sort((self, that) => self.age - that.age)
  const isHeld = tuples.map((each) => Number(held.includes(each)))
  const told = tuples.map(({ priority = 0, tuple }) => priority === 0 ? tuple : { tuple, priority })
  return `${waiting.map(({ id }) => id)};${isHeld};${Inspectable.toStringUnknown(told, 0)}`
}

/**
 * The history as lines of text, one for each operation.
 *
 * @since 0.1.0
 * @category checking
 */
export const format = (history: History): string =>
  history.map(({ end, operation: { _tag, ...operands }, result, start }) => {
    const text = (value: unknown) => Inspectable.toStringUnknown(value, 0)
    const outcome = Option.match(result, { onNone: () => "has not ended", onSome: text })
    return `${start}-${end === Infinity ? "" : end} ${_tag} ${Object.values(operands).map(text).join(" ")}: ${outcome}`
  }).join("\n")
