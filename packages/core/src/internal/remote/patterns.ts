/**
 * Patterns on their way to the other end. Formals are data, but for those with code of the user's in them: predicates,
 * schemas, classes. About these the other end has to *ask*. So it has to about regular expressions, which are data and
 * may take for ever: who brings one has to wait for it, and nobody else.
 *
 * @internal
 */
import { SpaceError } from "../../SpaceError.js"
import { rebuild } from "../pattern/fields.js"
import type { Answers } from "../pattern/pattern.js"
import { Pattern } from "../pattern/pattern.js"
import type { Parts, Term } from "../pattern/term.js"
import { answered, any, literal } from "../pattern/term.js"
import type { Values } from "../values.js"

/** Marks of fields on the way; a formal has its name there. */
const Literal = 0
const Asked = 1

type Wire = readonly [mark: number | string, ...rest: ReadonlyArray<any>]

/** What becomes of a formal with code in it: its number among those to ask about, or `any` in its place. */
export type Opaque = (term: Term) => number | "any"

export const encodePattern = (pattern: Pattern, values: Values, opaque: Opaque): ReadonlyArray<unknown> => [
  pattern.failure,
  pattern.within?.map((some) => some.map((each) => encodePattern(each, values, opaque))),
  ...pattern.terms.map((term, index) => encodeTerm(term, values, opaque, `field ${index}`))
]

const encodeTerm = (term: Term, values: Values, opaque: Opaque, where: string): Wire => {
  if (term.kind === "literal") {
    return [Literal, values.encode(term.value, where)]
  }
  // What is not so until somebody has answered would be so for `not`.
  const { parts } = term
  if (parts === undefined || isCode(parts) || parts.name === "not" && hasCode(term)) {
    const number = opaque(term)
    return number === "any" ? ["any", [], []] : [Asked, number, term.text()]
  }
  const { name, terms, values: operands } = parts
  return [name, values.encodeAll(operands, `${where}: `), terms.map((each) => encodeTerm(each, values, opaque, where))]
}

/** Data that may run for as long as code. */
const isCode = ({ name }: Parts): boolean => name === "matching"

const hasCode = ({ parts }: Term): boolean => parts === undefined || isCode(parts) || parts.terms.some(hasCode)

/** Who answers for the formals with code in them, by their numbers. */
export interface Answering extends Answers {
  readonly ask: (number: number, value: unknown) => boolean
}

export const decodePattern = (
  [failure, within, ...terms]: ReadonlyArray<any>,
  values: Values,
  answering: Answering | undefined
): Pattern => {
  let isAsked = false
  const asked = (number: number) => {
    isAsked = true
    return (value: unknown): boolean => answering?.ask(number, value) === true
  }
  const decoded = terms.map((term, index) => decodeTerm(term, values, asked, `field ${index}`))
  const lists = (within as ReadonlyArray<ReadonlyArray<ReadonlyArray<unknown>>> | undefined)
    ?.map((some) => some.map((each) => decodePattern(each, values, answering)))
  isAsked ||= lists?.some((some) => some.some(({ answers }) => answers !== undefined)) === true
  return new Pattern(decoded, failure, isAsked ? answering : undefined, lists)
}

const decodeTerm = (
  [mark, ...rest]: Wire,
  values: Values,
  asked: (number: number) => (value: unknown) => boolean,
  where: string
): Term => {
  switch (mark) {
    case Literal:
      return literal(values.decode(rest[0], where))
    case Asked:
      return answered(asked(rest[0]), rest[1], rest[0])
    case "any":
      return any
    case "matching":
      throw new SpaceError({
        reason: "InvalidPattern",
        message: "the end of a link that brings a regular expression has to decide about it: P.matching is asked about"
      })
    default: {
      const [operands, terms] = rest
      return rebuild(
        mark as string,
        values.decode(operands, where) as ReadonlyArray<unknown>,
        terms.map((term: Wire) => decodeTerm(term, values, asked, where))
      )
    }
  }
}
