/**
 * A space that is always the one of the moment: what its operations do is up to the session that there is when they
 * run.
 *
 * @internal
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

type Space = TupleSpace<Tuple, SpaceError>

/** What a space is, beside its operations: core knows it by these. */
const verbs = Symbol.for("@effect-linda/core/Verbs")

const typeId = Symbol.for("@effect-linda/core/TupleSpace")

type Members = Record<PropertyKey, any>

const isIterator = (value: any): boolean => {
  try {
    return typeof value.next === "function" && typeof value[Symbol.iterator] === "function"
  } catch {
    return false
  }
}

/**
 * An operation reads its arguments when it is made, and may be run by a later session: that one reads them again, and
 * what can be read only once is kept for it.
 */
const operation = (current: () => Members, key: PropertyKey) => (...given: ReadonlyArray<any>): unknown => {
  const args = key === "outAll" && isIterator(given[0]) ? [[...given[0]], ...given.slice(1)] : given
  const space = current()
  const made = space[key](...args)
  const now = () => current() === space ? made : current()[key](...args)
  return Effect.isEffect(made) ? Effect.suspend(now) : Stream.unwrap(Effect.sync(now))
}

export const facadeOf = (current: () => Space): Space => {
  const members = (): Members => current() as Members
  const facade: Members = {}
  for (const key of Reflect.ownKeys(members())) {
    const member: unknown = members()[key]
    if (key === verbs) {
      Object.defineProperty(facade, key, { get: () => members()[verbs], enumerable: true })
    } else {
      facade[key] = key !== typeId && typeof member === "function"
        ? operation(members, key)
        : Effect.isEffect(member)
        ? Effect.suspend(() => members()[key])
        : member
    }
  }
  return facade as unknown as Space
}

/** Whether a space was closed where it is, and not just lost. */
export const isClosed = (space: Space): boolean => (space as Members)[verbs].isClosed()
