/**
 * Patterns that a client has sent, and tuples that come back: what their code says is answered here.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import { Undecoded } from "../../Undecoded.js"
import { failing, unsupported } from "../arguments.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Query } from "../pattern/query.js"
import type { Term } from "../pattern/term.js"
import type { Values } from "../values.js"
import type { Answer } from "./connection.js"
import { encodePattern } from "./patterns.js"
import type * as Protocol from "./protocol.js"

/** What is sent for patterns, and what answers for their predicates. */
export interface Sent {
  readonly wires: ReadonlyArray<ReadonlyArray<unknown>>
  /** Whether there is anything to ask about. */
  readonly asks: boolean
  readonly answer: Answer | undefined
}

export const sent = (values: Values, patterns: ReadonlyArray<Pattern>): Sent => {
  const terms: Array<Term> = []
  /** The same code is asked about once. */
  const numbers = new Map<unknown, number>()
  const numberOf = (term: Term): number => {
    const { code = term } = term
    const known = numbers.get(code)
    if (known !== undefined && terms[known]!.text() === term.text()) {
      return known
    }
    const number = terms.push(term) - 1
    numbers.set(code, number)
    return number
  }
  const wires = patterns.map((pattern) => encodePattern(pattern, values, numberOf))
  return {
    wires,
    asks: terms.length > 0,
    answer: terms.length === 0 ? undefined : (number, subject) => {
      const value = values.decodeError(subject)
      // What cannot be decoded matches nothing that has code in it.
      return !(value instanceof Undecoded) && terms[number]!.test(value)
    }
  }
}

/** What is sent for a query. Throws, if the other end could not tell what is absent without a question. */
export const sentQuery = (values: Values, query: Query): Sent & { readonly asked: Protocol.Asked } => {
  const { form, patterns } = query
  const [roles, prefer] = form === "one" ? [] : [query.roles, query.prefer]
  if (patterns.some((pattern, index) => roles?.[index] === "absent" && widened(values, pattern)[1])) {
    throw unsupported(
      "Query.absent: over a link it has no predicates, schemas, classes or regular expressions: what is absent has to be" +
        " known where the space is"
    )
  }
  return { ...sent(values, patterns), asked: [form, roles, prefer] }
}

/** A pattern that asks about nothing: what has code in it is left to be looked at here. */
export const widened = (
  values: Values,
  pattern: Pattern
): readonly [wire: ReadonlyArray<unknown>, isWider: boolean] => {
  let isWider = false
  const wire = encodePattern(pattern, values, () => {
    isWider = true
    return "any"
  })
  return [wire, isWider]
}

/** Of what a wider pattern has found, what is meant. No code matches what cannot be decoded. */
export const admitted = (values: Values, wires: ReadonlyArray<unknown>, pattern: Pattern): Array<Tuple> =>
  wires.flatMap((wire) =>
    Either.match(tried(values, wire), {
      onLeft: () => [],
      onRight: (tuple) => pattern.matches(tuple) ? [tuple] : []
    })
  )

export const tried = (values: Values, wire: unknown): Either.Either<Tuple, SpaceError> =>
  Either.try({ try: () => values.decodeTuple(wire), catch: (error) => error as SpaceError })

/** What has come, decoded: a failure, if it cannot be. */
export const decoded = <V extends ReadonlyArray<unknown>, A>(
  reply: Effect.Effect<readonly [id: number, ...values: V], any>,
  decode: (...values: V) => A
): Effect.Effect<A, any> => Effect.flatMap(reply, ([, ...values]) => failing(() => Effect.succeed(decode(...values))))

/** The answer of an operation that finds one tuple or none. */
export const maybe = (
  values: Values,
  reply: Effect.Effect<readonly [id: number, wire?: unknown], any>
): Effect.Effect<Option.Option<Tuple>, any> =>
  decoded(reply, (...wires) => Option.fromIterable(wires.map((wire) => values.decodeTuple(wire))))
