/**
 * What a pattern that was read means to a space, and what its holes have found.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { List, Node, Type } from "./syntax.js"
import { isClosed } from "./syntax.js"

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isInteger = (value: unknown): value is number => Number.isInteger(value)

const formals: Record<Type, unknown> = {
  any: P.any,
  array: [P.rest(P.any)],
  bigint: P.bigint,
  boolean: P.boolean,
  date: P.date,
  integer: isInteger,
  null: null,
  number: P.number,
  object: isObject,
  string: P.string
}

/** An object with whatever keys, also such as a setter waits for. */
const recordOf = (members: ReadonlyArray<readonly [key: string, value: unknown]>): Record<string, unknown> =>
  Object.fromEntries(members)

/** The value that a node without holes stands for, and the field of a pattern that one with holes is. */
const fieldOf = (node: Node): unknown => {
  switch (node.kind) {
    case "value":
      return node.value
    case "hole":
      return node.name === undefined ? formals[node.type] : P.ref(node.name, formals[node.type])
    case "array": {
      const items = node.items.map(fieldOf)
      return node.isOpen ? [...items, P.rest(P.any)] : items
    }
    case "object": {
      const members = recordOf(node.members.map(([key, member]) => [key, fieldOf(member)]))
      return node.isOpen ? P.partial(members) : members
    }
  }
}

/** The pattern of the library. */
export const patternOf = (node: List): Tuple => fieldOf(node) as Tuple

/** The tuple that a node without holes is. */
export const tupleOf: (node: List) => Tuple = patternOf

/** What the holes of a node have found in a value that it matches. */
const bind = (node: Node, value: unknown, found: Map<string, unknown>): void => {
  if (isClosed(node)) {
    return
  }
  switch (node.kind) {
    case "hole":
      return void (node.name !== undefined && found.set(node.name, value))
    case "array":
      return node.items.forEach((item, index) => bind(item, (value as ReadonlyArray<unknown>)[index], found))
    case "object":
      return node.members.forEach(([key, member]) => bind(member, (value as Record<string, unknown>)[key], found))
  }
}

/** What the names of patterns stand for in the tuples that were found for them. */
export const namesIn = (nodes: ReadonlyArray<List>, tuples: ReadonlyArray<Tuple>): ReadonlyMap<string, unknown> => {
  const found = new Map<string, unknown>()
  nodes.forEach((node, index) => bind(node, tuples[index], found))
  return found
}
