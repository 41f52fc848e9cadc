/**
 * Patterns in the words of a store.
 *
 * @internal
 */
import type { Literal, Query, Row, Waiter } from "../../StoreCommand.js"
import { encodeField, keyed, keyOf, letterOf } from "../encoding.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Term } from "../pattern/term.js"
import type { Values } from "../values.js"

/** How many candidates are looked at at a time. */
export const page = 256

/** More than any store keeps. */
export const unlimited = 2 ** 31 - 1

/** A query that finds all that the pattern matches; if it is exact, nothing else. */
export const queryOf = (values: Values, pattern: Pattern): readonly [query: Query, exact: boolean] => {
  const { arity, failure, open } = pattern
  const literals: Array<Literal> = []
  let shape = ""
  let exact = pattern.names.size === 0 && pattern.within === undefined
  for (let position = 0; position < arity; position++) {
    const term = pattern.terms[position]!
    if (term.kind === "literal" && !(failure && position === 0)) {
      const text = encodeField(values, term.value, position)
      if (values.isAmbiguous(text)) {
        exact = false
      } else {
        literals.push({ position, text, key: position < keyed ? keyOf(position, text) : null })
      }
      shape += letterOf(term.value)
    } else {
      const [letter, says] = letterFor(term)
      // What the error of a failure was stored as says little of it.
      shape += failure && position === 0 ? "_" : letter
      exact &&= says && !(failure && position === 0 && letter !== "_")
    }
  }
  if (open) {
    exact &&= isAny(pattern.terms[arity]!)
  }
  return [{ arity: failure ? -arity : arity, open, shape, literals }, exact]
}

/** Whether they ask for the same, in the same order. */
export const sameQueries = (some: ReadonlyArray<Query>, others: ReadonlyArray<Query>): boolean =>
  some === others || some.length === others.length && some.every((one, index) => {
      const other = others[index]!
      return one.arity === other.arity && one.open === other.open && one.shape === other.shape &&
        one.literals.length === other.literals.length &&
        one.literals.every(({ position, text }, index) =>
          position === other.literals[index]!.position && text === other.literals[index]!.text
        )
    })

const isAny = (term: Term): boolean => term.kind === "any" || term.parts?.name === "rest" && isAny(term.parts.terms[0]!)

/** The letter of what a formal matches, and whether that says all. */
const letterFor = (term: Term): readonly [letter: string, exact: boolean] => {
  switch (term.parts?.name) {
    case "any":
      return ["_", true]
    case "date":
      return ["d", true]
    case "matching":
      return ["s", false]
    case "between":
      return [letterOf(term.parts.values[0]), false]
    case "type": {
      const letter = { string: "s", number: "n", boolean: "b", bigint: "i" }[term.parts.values[0] as string]
      return letter === undefined ? ["_", false] : [letter, true]
    }
    default:
      return ["_", false]
  }
}

/** Whether a tuple matches a query. */
export const matches = (query: Query, row: Pick<Row, "arity" | "fields" | "shape">): boolean => {
  if (query.open ? row.arity < query.arity : row.arity !== query.arity) {
    return false
  }
  for (let i = 0; i < query.shape.length; i++) {
    if (query.shape[i] !== "_" && query.shape[i] !== row.shape[i]) {
      return false
    }
  }
  return query.literals.every(({ position, text }) => row.fields[position] === text)
}

/** The name of the line in which a waiter stands. */
export const lineOf = (
  client: string,
  { exact, kind, line, queries }: Pick<Waiter, "exact" | "kind" | "line" | "queries">
): string => exact ? JSON.stringify([kind, queries]) : `${client}:${line}`
