/**
 * The place of a tuple: one number, by which all that is stored is ordered, and in which its priority is (S21).
 *
 * The smallest place is chosen first. A place is the number of the tuple in the order of arrival, less so many steps as
 * its priority says: so nothing is compared that was not before, and a tuple that comes back has its priority with its
 * place (ADR 20). All places are exact as doubles.
 *
 * @internal
 */

/** So many places are of one priority: more than tuples will ever be put. */
export const step = 2 ** 43

/** Priorities are integers from the negative of this on up to it. */
const mostPriority = 1000

/** What a priority is, for who gives something else. */
export const priorities = `integer from ${-mostPriority} to ${mostPriority}`

export const isPriority = (value: unknown): value is number =>
  Number.isInteger(value) && Math.abs(value as number) <= mostPriority

/** Before all places. */
export const beginning = -(2 ** 53)

export const placeOf = (arrival: number, priority: number): number => arrival - priority * step

/** Not the negative zero, which is no `0` for a test or for JSON. */
export const priorityOf = (place: number): number => 0 - Math.floor(place / step)

/** The number in the order of arrival. */
export const arrivalOf = (place: number): number => place + priorityOf(place) * step

/** Behind all places of a priority, and before all of the next one. */
export const endOf = (priority: number): number => placeOf(step, priority) - 1
