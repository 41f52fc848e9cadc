/**
 * A whole pattern at run time: its terms, and what an index can use of it.
 *
 * @internal
 */
import { isArray, prototypeOf, read, UNREADABLE } from "../brand.js"
import { show } from "../print.js"
import { instanceOf, isClass, isSchema } from "./code.js"
import { equals } from "./equality.js"
import { ofAnother, readMembers, toTerm, version } from "./fields.js"
import * as Hash from "./hash.js"
import type { Bindings, Bound, Term } from "./term.js"
import { any, bindFields, invalid, literal, lookup, noNames, restOf, testFields, texts, withNames } from "./term.js"

/** By this patterns know each other across copies of the library. */
const PatternKey = Symbol.for("@effect-linda/core/Pattern")

/** By this queries of several patterns do so. */
export const QueryKey = Symbol.for("@effect-linda/core/Query")

/** By this the guards of a join do. */
export const GuardKey = Symbol.for("@effect-linda/core/Guard")

/** Answers that come later. Until one is there it is a no. */
export interface Answers {
  /** Calls back when something that was a no may be a yes, or with what the code has thrown. */
  readonly follow: (lookAgain: () => void, die: (defect: unknown) => void) => void
}

/** A whole pattern, read once. Only the first 30 positions can be looked up by index; matching covers all. */
export class Pattern {
  /** The number of fields before a rest. */
  readonly arity: number
  readonly open: boolean
  /** The names of its variables. */
  readonly names: ReadonlySet<string>
  /** The positions of the literals, as a bit set. */
  readonly mask: number

  private keyed: Hash.Key | undefined = undefined

  constructor(
    readonly terms: ReadonlyArray<Term>,
    readonly failure: boolean,
    /** Who answers for terms of it that are code elsewhere. */
    readonly answers: Answers | undefined = undefined,
    /**
     * What it is narrowed to: it matches what one pattern of each of these lists matches as well, which is asked first.
     * So its own code never sees anything else.
     */
    readonly within: ReadonlyArray<ReadonlyArray<Pattern>> | undefined = undefined
  ) {
    let mask = 0
    let names = noNames
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i]!
      if (term.kind !== "literal") {
        names = withNames(names, term)
      } else if (i < maskWidth) {
        mask |= 1 << i
      }
    }
    this.mask = mask
    this.names = names
    this.open = restOf(terms) !== undefined
    this.arity = this.open ? terms.length - 1 : terms.length
  }

  get [PatternKey](): number {
    return version
  }

  /** As the query that it is: see `query.ts`. */
  get form(): "one" {
    return "one"
  }

  get patterns(): ReadonlyArray<Pattern> {
    return [this]
  }

  result(_: number, tuples: ReadonlyArray<unknown>): unknown {
    return tuples[0]
  }

  /** The positions of the literals. */
  get literals(): ReadonlyArray<number> {
    return positionsOf(this.mask)
  }

  private get tail(): Term | undefined {
    return this.open ? this.terms[this.arity] : undefined
  }

  /** The key of the literals: that of the entries which have them. */
  get key(): Hash.Key {
    return this.keyed ??= keyOf(this.terms, this.literals)
  }

  /** Whether a tuple of this many fields can match. */
  fits(arity: number): boolean {
    return this.open ? arity >= this.arity : arity === this.arity
  }

  matches(tuple: ReadonlyArray<unknown>): boolean {
    return this.names === noNames
      ? this.fits(tuple.length) && this.isOpenTo(tuple) && testFields(this.terms, this.arity, this.tail, tuple)
      : this.bind(tuple, undefined) !== false
  }

  /** Whether a tuple is within what this is narrowed to. */
  private isOpenTo(tuple: ReadonlyArray<unknown>): boolean {
    return this.within === undefined || this.within.every((some) => some.some((pattern) => pattern.matches(tuple)))
  }

  /** Whether it matches an entry: a tuple, or the failure of a process. */
  admits(entry: { readonly tuple: ReadonlyArray<unknown>; readonly failure: boolean }): boolean {
    return entry.failure === this.failure && this.matches(entry.tuple)
  }

  /** Whether it is certainly the same pattern. One that has code of the user's in it is, if the code is. */
  isLike(that: Pattern): boolean {
    return this === that ||
      this.failure === that.failure && this.mask === that.mask && areLike(this.terms, that.terms) &&
        areAllLike(this.within, that.within)
  }

  /** Matches in the light of variables that are bound already: for joins. */
  bind(tuple: ReadonlyArray<unknown>, bindings: Bindings | undefined): Bound {
    return this.fits(tuple.length) && this.isOpenTo(tuple)
      ? bindFields(this.terms, this.arity, this.tail, tuple, bindings)
      : false
  }

  /** This pattern with the variables that are bound already as literals: what an index can use of a join. */
  given(bindings: Bindings | undefined): Pattern {
    if (this.names === noNames || bindings === undefined) {
      return this
    }
    const terms = this.terms.map((term) => {
      const known = term.kind === "variable" ? lookup(bindings, term.value as string) : undefined
      return known === undefined ? term : literal(known.value)
    })
    return new Pattern(terms, this.failure, this.answers, this.within)
  }

  /** This pattern with these terms, which match no more than its own; narrowed to one of some patterns, if need be. */
  narrowed(terms: ReadonlyArray<Term>, some?: ReadonlyArray<Pattern>): Pattern {
    const within = some === undefined ? this.within : [...this.within ?? [], some]
    return new Pattern(terms, this.failure, this.answers, within)
  }

  /** Whether an index finds by a value of this variable: where that is a whole field. */
  isFoundBy(name: string): boolean {
    return this.terms.some(({ kind, value }, position) => position < maskWidth && kind === "variable" && value === name)
  }

  toString(): string {
    const fields = texts(this.terms)
    const within = (this.within ?? []).map((some) => ` within ${some.join(" or ")}`)
    return `${this.failure ? `failure(${fields})` : `[${fields}]`}${within.join("")}`
  }
}

const areAllLike = (some: Pattern["within"], others: Pattern["within"]): boolean =>
  some === others || some !== undefined && others !== undefined && some.length === others.length &&
    some.every((list, index) => {
      const other = others[index]!
      return list.length === other.length && list.every((pattern, index) => pattern.isLike(other[index]!))
    })

const areLike = (some: ReadonlyArray<Term>, others: ReadonlyArray<Term>): boolean =>
  some.length === others.length && some.every((term, index) => isLike(term, others[index]!))

export const isLike = (one: Term, other: Term): boolean => {
  if (one === other) {
    return true
  }
  if (one.kind !== other.kind) {
    return false
  }
  if (one.kind === "literal") {
    return equals(one.value, other.value)
  }
  const [parts, others] = [one.parts, other.parts]
  return parts === undefined || others === undefined
    ? one.code !== undefined && one.code === other.code && one.text() === other.text()
    : parts.name === others.name && equals(parts.values, others.values) && areLike(parts.terms, others.terms)
}

/** Bits of a mask that stay within a small integer. */
const maskWidth = 30

/** The positions of a mask: of a small one always the same list. */
const positionsOf = (mask: number): ReadonlyArray<number> =>
  mask < smallPositions.length ? smallPositions[mask]! : listPositions(mask)

const listPositions = (mask: number): ReadonlyArray<number> =>
  Array.from({ length: maskWidth }, (_, i) => i).filter((i) => (mask & 1 << i) !== 0)

const smallPositions = Array.from({ length: 256 }, (_, mask) => listPositions(mask))

/** The key of the values at these positions. */
export const keyOf = (
  fields: ReadonlyArray<{ readonly value: unknown }>,
  positions: ReadonlyArray<number>
): Hash.Key => {
  if (positions.length === 1) {
    return Hash.key(fields[positions[0]!]!.value)
  }
  let hash = 0
  for (let i = 0; i < positions.length; i++) {
    hash = Hash.combine(hash, Hash.hash(fields[positions[i]!]!.value))
  }
  return hash
}

/** What messages call the first fields: made once, and not for each pattern. */
const labels = Array.from({ length: 16 }, (_, i) => `field ${i}`)

const labelOf = (index: number): string => labels[index] ?? `field ${index}`

/** Reads a pattern as the user wrote it. Throws a `SpaceError` that names the field where it means nothing. */
export const compile = (pattern: unknown): Pattern => {
  const terms = isArray(pattern) ? readMembers(pattern, labelOf, 0) : []
  return terms.length > 0 ? new Pattern(terms, false) : compiled(pattern)
}

/** A pattern that is compiled already, which another copy of the library may have done: that of failures. */
const compiled = (pattern: unknown): Pattern => {
  if (typeof pattern === "object" && pattern !== null && prototypeOf(pattern) !== UNREADABLE) {
    if (pattern instanceof Pattern) {
      return pattern
    }
    const made = read(pattern, PatternKey)
    if (made === version) {
      const { failure, terms } = pattern as Pattern
      return new Pattern(terms, failure)
    }
    if (made !== undefined) {
      throw ofAnother("a pattern")
    }
    if (read(pattern, QueryKey) !== undefined) {
      throw invalid("a query stands for what is taken or read, and for nothing else: here, give one pattern")
    }
    if (read(pattern, GuardKey) !== undefined) {
      throw invalid("Query.read and Query.absent are members of a Query.all, and of nothing else")
    }
  }
  throw invalid(`a pattern is a non-empty array of fields, not ${show(pattern)}`)
}

/** The pattern of failure tuples whose error the class or the field describes. */
export const failure = (...errors: ReadonlyArray<unknown>): Pattern => {
  const [error] = errors
  const term = errors.length === 0
    ? any
    : isClass(error) && !isSchema(error)
    ? instanceOf(error)
    : toTerm(error, "the error of Process.failure")
  return new Pattern([term, any, any], true)
}
