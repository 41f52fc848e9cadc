/**
 * What a field of a pattern is made into: a {@link Term}, and how several of them test a tuple or bind its variables.
 *
 * @internal
 */
import { SpaceError } from "../../SpaceError.js"
import { isDate } from "../brand.js"
import { show } from "../print.js"
import { equals } from "./equality.js"

/** What the variables of a pattern are bound to so far: an immutable list, so that a failed match leaves no trace. */
export interface Bindings {
  readonly name: string
  readonly value: unknown
  readonly next: Bindings | undefined
}

/** The bindings after a match, or `false` for none. */
export type Bound = Bindings | undefined | false

export const lookup = (bindings: Bindings | undefined, name: string): Bindings | undefined => {
  let binding = bindings
  while (binding !== undefined && binding.name !== name) {
    binding = binding.next
  }
  return binding
}

export const noNames: ReadonlySet<string> = new Set()

export const withNames = (names: ReadonlySet<string>, term: Term): ReadonlySet<string> =>
  term.names === noNames ? names : new Set([...names, ...term.names])

export const namesOf = (terms: ReadonlyArray<Term>): ReadonlySet<string> => terms.reduce(withNames, noNames)

/** One field of a pattern. `test` serves terms without variables, `bind` those with. */
export interface Term {
  readonly kind: "any" | "literal" | "test" | "variable" | "rest"
  /** The value of a literal, the name of a variable. */
  readonly value: unknown
  /** The names of the variables in it. */
  readonly names: ReadonlySet<string>
  readonly test: (value: unknown) => boolean
  readonly bind: (value: unknown, bindings: Bindings | undefined) => Bound
  readonly text: () => string
  /**
   * What it is made of, from which {@link rebuild} makes it anew: elsewhere. Nothing, if there is code of the user's in
   * it.
   */
  readonly parts: Parts | undefined
  /** The user's code in it, if that is all there is. */
  readonly code?: unknown
}

/** The makers of terms that are data: what they made can be made anew elsewhere. */
export type Maker =
  | "literal"
  | "any"
  | "type"
  | "date"
  | "between"
  | "matching"
  | "oneOf"
  | "not"
  | "ref"
  | "rest"
  | "array"
  | "record"
  | "partial"

/** The name of a maker, and what it made the term of. */
export interface Parts {
  readonly name: Maker
  readonly values: ReadonlyArray<unknown>
  readonly terms: ReadonlyArray<Term>
}

export const parts = (
  name: Maker,
  values: ReadonlyArray<unknown> = [],
  terms: ReadonlyArray<Term> = []
): Parts => ({ name, values, terms })

/** A class, because an operation makes one for each literal it is given. */
class Literal implements Term {
  constructor(readonly value: unknown) {}
  get kind(): "literal" {
    return "literal"
  }
  get names(): ReadonlySet<string> {
    return noNames
  }
  test(field: unknown): boolean {
    return this.value === field || equals(this.value, field)
  }
  bind(field: unknown, bindings: Bindings | undefined): Bound {
    return this.test(field) ? bindings : false
  }
  text(): string {
    return show(this.value)
  }
  get parts(): Parts {
    return parts("literal", [this.value])
  }
}

/** A literal keeps what it is given, but for a `Date`, which could be set to another time afterwards (S1). */
export const literal = (value: unknown): Term => new Literal(typeof value === "object" ? copyOfDate(value) : value)

export const copyOfDate = (value: object | null): unknown => isDate(value) ? new Date(value.getTime()) : value

export const testing = (
  text: () => string,
  test: (value: unknown) => boolean,
  parts?: Parts,
  kind: "any" | "test" = "test",
  code?: unknown
): Term => ({
  kind,
  value: undefined,
  names: noNames,
  test,
  bind: (value, bindings) => test(value) ? bindings : false,
  text,
  parts,
  code
})

export const binding = (
  text: () => string,
  names: ReadonlySet<string>,
  bind: (value: unknown, bindings: Bindings | undefined) => Bound,
  parts: Parts,
  kind: "test" | "variable" = "test",
  value?: unknown
): Term => ({ kind, value, names, test: (field) => bind(field, undefined) !== false, bind, text, parts })

export const any: Term = testing(() => "any", () => true, parts("any"), "any")

/** A term whose answer somebody else knows: of one operation's terms those with the same code have the same answers. */
export const answered = (answer: (value: unknown) => boolean, text: string, code: number): Term =>
  testing(() => text, answer, undefined, "test", code)

export const isLiteral = (term: Term): boolean => term.kind === "literal"

export const texts = (terms: ReadonlyArray<Term>): string => terms.map((term) => term.text()).join(", ")

export const restOf = (terms: ReadonlyArray<Term>): Term | undefined => {
  const last = terms[terms.length - 1]
  return last?.kind === "rest" ? last : undefined
}

/** Of the terms the first `fixed` are for a field each; those behind them are all for the tail. */
export const testFields = (
  terms: ReadonlyArray<Term>,
  fixed: number,
  tail: Term | undefined,
  fields: ReadonlyArray<unknown>
): boolean => {
  for (let i = 0; i < fixed; i++) {
    if (!terms[i]!.test(fields[i])) {
      return false
    }
  }
  if (tail !== undefined) {
    for (let i = fixed; i < fields.length; i++) {
      if (!tail.test(fields[i])) {
        return false
      }
    }
  }
  return true
}

export const bindFields = (
  terms: ReadonlyArray<Term>,
  fixed: number,
  tail: Term | undefined,
  fields: ReadonlyArray<unknown>,
  bindings: Bindings | undefined
): Bound => {
  let bound: Bound = bindings
  for (let i = 0; i < fields.length; i++) {
    bound = (i < fixed ? terms[i]! : tail!).bind(fields[i], bound)
    if (bound === false) {
      return false
    }
  }
  return bound
}

export const invalid = (message: string): SpaceError => new SpaceError({ reason: "InvalidPattern", message })
