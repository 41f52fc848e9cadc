/**
 * What patterns have to do with each other: whether one can match what another does, whether it matches nothing else,
 * and what is left of one within others. For views, which let operations see what some patterns match, and no more.
 *
 * All of it is decided by the data in patterns, and by no code of the user's. What cannot be told that way is tested
 * tuple by tuple: see `Pattern.within`.
 *
 * @internal
 */
import { isDate } from "../brand.js"
import { equals } from "./equality.js"
import type { Pattern } from "./pattern.js"
import { isLike } from "./pattern.js"
import type { Term } from "./term.js"
import { any, restOf } from "./term.js"

/** The terms of a pattern, or of an array in one: of each field, and of all that come behind. */
interface Terms {
  readonly fixed: ReadonlyArray<Term>
  readonly tail: Term | undefined
}

const termsOf = (terms: ReadonlyArray<Term>): Terms => {
  const tail = restOf(terms)
  return tail === undefined ? { fixed: terms, tail } : { fixed: terms.slice(0, -1), tail: inner(tail) }
}

/** The term within a rest, or a variable. */
const inner = (term: Term): Term => term.parts?.terms[0] ?? any

/** What a field has to be for a term, whatever its variables are bound to. */
const unbound = (term: Term): Term => term.parts?.name === "ref" ? unbound(inner(term)) : term

/** Whether a pattern matches every tuple but failures. */
const isAll = ({ failure, terms }: Pattern): boolean => {
  const { fixed, tail } = termsOf(terms)
  return !failure && fixed.length === 0 && tail?.kind === "any"
}

const hasCode = ({ parts }: Term): boolean => parts === undefined || parts.terms.some(hasCode)

/** Those that are equal to a value that is none of these are not known to be alike in all that a term may look at. */
const isPlain = (value: unknown): boolean => typeof value !== "object" && typeof value !== "function" || isDate(value)

// ---------------------------------------------------------------------------------------------------------------------
// Whether two can match the same
// ---------------------------------------------------------------------------------------------------------------------

/** Whether a tuple may match both: `false` only if that is certain. */
export const canMeet = (one: Pattern, other: Pattern): boolean =>
  one.failure === other.failure && canAllMeet(termsOf(one.terms), termsOf(other.terms))

const canAllMeet = (one: Terms, other: Terms): boolean =>
  reaches(one, other) && reaches(other, one) &&
  Array.from({ length: Math.max(one.fixed.length, other.fixed.length) }).every((_, index) =>
    canTermsMeet(one.fixed[index] ?? one.tail!, other.fixed[index] ?? other.tail!)
  )

/** Whether one has a term for each fixed field of the other. */
const reaches = (one: Terms, other: Terms): boolean => one.tail !== undefined || one.fixed.length >= other.fixed.length

const canTermsMeet = (first: Term, second: Term): boolean => {
  const [one, other] = [unbound(first), unbound(second)]
  if (one.kind === "literal") {
    return other.kind === "literal" ? equals(one.value, other.value) : canBe(other, one.value)
  }
  if (other.kind === "literal") {
    return canBe(one, other.value)
  }
  const [some, others] = [alternatives(one), alternatives(other)]
  if (some !== undefined || others !== undefined) {
    return (some ?? [one]).some((one) => (others ?? [other]).some((other) => canTermsMeet(one, other)))
  }
  const [kind, another] = [kindOf(one), kindOf(other)]
  return kind === undefined || another === undefined || kind === another
}

const alternatives = ({ parts }: Term): ReadonlyArray<Term> | undefined =>
  parts?.name === "oneOf" ? parts.terms : undefined

/** Whether a term says the same of all that is equal to a value, and no code is asked. */
const decides = (term: Term, value: unknown): boolean =>
  !hasCode(term) && term.names.size === 0 && (isPlain(value) || term.kind === "any" || term.parts?.name === "type")

/** Whether a field that is equal to a value may match. */
const canBe = (term: Term, value: unknown): boolean => !decides(term, value) || term.test(value)

/** What all fields are that a formal matches, if that is known. Those of two kinds have none in common. */
const kindOf = ({ parts }: Term): string | undefined => {
  switch (parts?.name) {
    case "type":
      return parts.values[0] as string
    case "matching":
      return "string"
    case "date":
      return "date"
    case "between":
      return isDate(parts.values[0]) ? "date" : typeof parts.values[0]
    case "array":
    case "record":
      return parts.name
    default:
      return undefined
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Whether one matches nothing but what the other does
// ---------------------------------------------------------------------------------------------------------------------

/** Whether all that a pattern matches is matched by another: `true` only if that is certain. */
export const isWithin = (pattern: Pattern, other: Pattern): boolean =>
  isAll(other) && !pattern.failure || pattern.isLike(other) ||
  pattern.failure === other.failure && other.within === undefined && isFree(other.terms) &&
    areWithin(termsOf(pattern.terms), termsOf(other.terms)) ||
  pattern.within !== undefined && pattern.within.some((some) => some.every((each) => isWithin(each, other)))

/** Whether no variable stands for two fields of it: then each is as free as what it stands for. */
const isFree = (terms: ReadonlyArray<Term>): boolean => {
  const names = terms.flatMap(namesIn)
  return new Set(names).size === names.length
}

const namesIn = ({ kind, parts, value }: Term): ReadonlyArray<unknown> => {
  const names = parts === undefined ? [] : parts.terms.flatMap(namesIn)
  return kind === "variable" ? [value, ...names] : kind === "rest" ? [...names, ...names] : names
}

const areWithin = (terms: Terms, others: Terms): boolean =>
  reaches(others, terms) && others.fixed.length <= terms.fixed.length &&
  terms.fixed.every((term, index) => isTermWithin(term, others.fixed[index] ?? others.tail!)) &&
  (terms.tail === undefined || others.tail !== undefined && isTermWithin(terms.tail, others.tail))

const isTermWithin = (first: Term, second: Term): boolean => {
  const [term, other] = [unbound(first), unbound(second)]
  if (other.kind === "any" || isLike(term, other)) {
    return true
  }
  if (term.kind === "literal" && decides(other, term.value)) {
    return other.test(term.value)
  }
  const [some, others] = [alternatives(term), alternatives(other)]
  if (some !== undefined) {
    return some.every((each) => isTermWithin(each, other))
  }
  if (others !== undefined) {
    return others.some((each) => isTermWithin(term, each))
  }
  const [parts, whole] = [term.parts, other.parts]
  switch (whole?.name) {
    case "type":
    case "date":
      return kindOf(term) === kindOf(other)
    case "between": {
      const [from, to] = whole.values as [number, number]
      const [low, high] = parts?.name === "between" ? parts.values as [number, number] : [NaN, NaN]
      return kindOf(term) === kindOf(other) && from <= low && high <= to
    }
    case "not":
      return !canTermsMeet(term, inner(other))
    case "array":
      return parts?.name === "array" && areWithin(termsOf(parts.terms), termsOf(whole.terms))
    case "record":
    case "partial":
      return parts !== undefined && (parts.name === "record" || parts.name === whole.name) &&
        (whole.name === "partial" || parts.values.length === whole.values.length) &&
        whole.values.every((key, index) => {
          const member = parts.terms[parts.values.indexOf(key)]
          return member !== undefined && isTermWithin(member, whole.terms[index]!)
        })
    default:
      return false
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// What is left of one within others
// ---------------------------------------------------------------------------------------------------------------------

/** A pattern that matches what one does and one of some others does as well; nothing, if that is certain to be none. */
export const narrowed = (pattern: Pattern, all: ReadonlyArray<Pattern>): Pattern | undefined => {
  const some = all.filter((each) => canMeet(pattern, each))
  const [only] = some
  if (only === undefined) {
    return undefined
  }
  if (some.some(isAll)) {
    return pattern
  }
  // Its code may ask about nothing else, so it is asked only about what is within them.
  const asks = pattern.terms.some(hasCode)
  if (!asks && some.some((each) => isWithin(pattern, each))) {
    return pattern
  }
  if (some.length > 1) {
    return pattern.narrowed(pattern.terms, some)
  }
  const [terms, isExact] = meet(pattern, only)
  return pattern.narrowed(terms, isExact && !asks ? undefined : some)
}

/**
 * The terms of a pattern, with those of another in the place of wider ones, so that an index, a store or a split space
 * can use them; and whether that is all that the other demands.
 */
const meet = (pattern: Pattern, other: Pattern): readonly [terms: ReadonlyArray<Term>, isExact: boolean] => {
  const [own, others] = [termsOf(pattern.terms), termsOf(other.terms)]
  const length = Math.max(own.fixed.length, others.fixed.length)
  let isExact = other.within === undefined && isFree(other.terms)
  const narrower = (term: Term, bound: Term): Term => {
    if (isTermWithin(term, bound)) {
      return term
    }
    const free = unbound(bound)
    const canReplace = term.names.size === 0 && free.names.size === 0 && isTermWithin(free, term)
    isExact &&= canReplace
    return canReplace ? free : term
  }
  const fixed = Array.from(
    { length },
    (_, index) => narrower(own.fixed[index] ?? own.tail!, others.fixed[index] ?? others.tail!)
  )
  if (own.tail === undefined || others.tail === undefined) {
    return [fixed, isExact]
  }
  const tail = isTermWithin(own.tail, others.tail)
  isExact &&= tail
  return [[...fixed, pattern.terms[pattern.arity]!], isExact]
}
