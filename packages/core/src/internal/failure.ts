/**
 * The tuples of processes that failed: they are known by their identity, in every engine.
 *
 * @internal
 */
import { globalValue } from "./runtime.js"

const failures = globalValue(Symbol.for("@effect-linda/core/failures"), () => new WeakSet<object>())

/** Marks a tuple as that of a process that failed. */
export const markFailure = <A extends object>(tuple: A): A => {
  failures.add(tuple)
  return tuple
}

/** Whether a tuple is that of a process that failed. */
export const isFailure = (tuple: object): boolean => failures.has(tuple)
