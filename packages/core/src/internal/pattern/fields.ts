/**
 * The fields of a pattern as users write them: formals, nested arrays and records, and literals.
 *
 * @internal
 */
import * as Equal from "effect/Equal"
import { NodeInspectSymbol } from "effect/Inspectable"
import type { SpaceError } from "../../SpaceError.js"
import {
  copyOf,
  isArray,
  isDate,
  isPlainObject,
  isRegExp,
  isSpaceError,
  membersOf,
  read,
  UNREADABLE,
  unreadableOf
} from "../brand.js"
import { messageOf, show } from "../print.js"
import { functionTerm, isSchema, schema } from "./code.js"
import { contentKeys } from "./content.js"
import { equals } from "./equality.js"
import type { Bound, Maker, Term } from "./term.js"
import {
  any,
  bindFields,
  binding,
  copyOfDate,
  invalid,
  isLiteral,
  literal,
  lookup,
  namesOf,
  parts,
  restOf,
  testFields,
  testing,
  texts
} from "./term.js"

export const ofType = (name: string): Term =>
  testing(() => name, (value) => typeof value === name, parts("type", [name]))

export const date: Term = testing(() => "date", isDate, parts("date"))

const ordered: ReadonlySet<string> = new Set(["number", "bigint", "string"])

export const between = (minimum: any, maximum: any): Term => {
  if (
    isDate(minimum) ? !isDate(maximum) : !ordered.has(typeof minimum) || typeof maximum !== typeof minimum
  ) {
    throw invalid(
      `P.between takes two numbers, bigints, strings or dates, not ${show(minimum)} and ${show(maximum)}`
    )
  }
  if (!(minimum <= maximum)) {
    throw invalid(`P.between(${show(minimum)}, ${show(maximum)}) is empty: the first bound must not exceed the second`)
  }
  const [from, to] = [copyOfDate(minimum), copyOfDate(maximum)] as [any, any]
  return testing(
    () => `between(${show(from)}, ${show(to)})`,
    isDate(from)
      ? (value) => isDate(value) && from.getTime() <= value.getTime() && value.getTime() <= to.getTime()
      : (value: any) => typeof value === typeof from && from <= value && value <= to,
    parts("between", [from, to])
  )
}

export const matching = (expression: RegExp): Term => {
  if (!isRegExp(expression)) {
    throw invalid(`P.matching takes a regular expression, not ${show(expression)}`)
  }
  const { flags, source } = expression
  // Without `g` and `y`, whose state would make the match impure.
  const pure = new RegExp(source, flags.replace(/[gy]/g, ""))
  return testing(
    () => `matching(/${source}/${flags})`,
    (value) => typeof value === "string" && pure.test(value),
    parts("matching", [source, flags])
  )
}

export const oneOf = (fields: ReadonlyArray<unknown>): Term => {
  const terms = fields.map((field, index) => toTerm(field, `alternative ${index} of P.oneOf`))
  const text = () => `oneOf(${texts(terms)})`
  const names = namesOf(terms)
  if (names.size === 0) {
    return testing(text, (value) => terms.some((term) => term.test(value)), parts("oneOf", [], terms))
  }
  return binding(text, names, (value, bindings) => {
    for (const term of terms) {
      const bound = term.bind(value, bindings)
      if (bound !== false) {
        return bound
      }
    }
    return false
  }, parts("oneOf", [], terms))
}

export const not = (field: unknown): Term => {
  const term = toTerm(field, "the field of P.not")
  const text = () => `not(${term.text()})`
  const made = parts("not", [], [term])
  return term.names.size > 0
    ? binding(text, term.names, (value, bindings) => term.bind(value, bindings) === false ? bindings : false, made)
    : testing(text, (value) => !term.test(value), made)
}

export const variable = (name: string, field: unknown): Term => {
  if (typeof name !== "string" || name === "") {
    throw invalid(`P.ref takes a non-empty name, not ${show(name)}`)
  }
  const term = toTerm(field, `the formal of P.ref(${show(name)})`)
  return binding(
    () => term === any ? `ref(${name})` : `ref(${name}: ${term.text()})`,
    new Set([name, ...term.names]),
    (value, bindings) => {
      const known = lookup(bindings, name)
      if (known !== undefined && !equals(known.value, value)) {
        return false
      }
      const bound = term.bind(value, bindings)
      return bound === false || known !== undefined ? bound : { name, value, next: bound }
    },
    parts("ref", [name], [term]),
    "variable",
    name
  )
}

export const rest = (field: unknown): Term => {
  const term = toTerm(field, "the formal of P.rest")
  return {
    kind: "rest",
    value: undefined,
    names: term.names,
    test: (value) => term.test(value),
    bind: (value, bindings) => term.bind(value, bindings),
    text: () => `...${term.text()}`,
    parts: parts("rest", [], [term])
  }
}

export const partial = (fields: Record<string, unknown>): Term => {
  if (typeof fields !== "object" || fields === null || !isPlainObject(fields)) {
    throw invalid(`P.partial takes a record of fields, not ${show(fields)}`)
  }
  return recordOfTerms(...readFields(fields, "P.partial", 0), false)
}

const arrayOf = (terms: ReadonlyArray<Term>): Term => {
  const tail = restOf(terms)
  const fixed = tail === undefined ? terms.length : terms.length - 1
  const fits = (value: ReadonlyArray<unknown>): boolean =>
    tail === undefined ? value.length === fixed : value.length >= fixed
  const text = () => `[${texts(terms)}]`
  const names = namesOf(terms)
  const made = parts("array", [], terms)
  /** What cannot be read does not match. */
  const members = (value: unknown): ReadonlyArray<unknown> | undefined => {
    try {
      return isArray(value) && fits(value) ? membersOf(value) : undefined
    } catch {
      return undefined
    }
  }
  if (names.size === 0) {
    return testing(text, (value) => {
      const fields = members(value)
      return fields !== undefined && testFields(terms, fixed, tail, fields)
    }, made)
  }
  return binding(text, names, (value, bindings) => {
    const fields = members(value)
    return fields !== undefined && bindFields(terms, fixed, tail, fields, bindings)
  }, made)
}

/** Reads the members of a record in a pattern. */
const readFields = (
  fields: Record<PropertyKey, unknown>,
  where: string,
  depth: number
): readonly [keys: ReadonlyArray<PropertyKey>, terms: ReadonlyArray<Term>] => {
  const keys = contentKeys(fields)
  return [keys, keys.map((key) => toTerm(read(fields, key), `${where}.${String(key)}`, depth + 1))]
}

const recordOfTerms = (keys: ReadonlyArray<PropertyKey>, terms: ReadonlyArray<Term>, exact: boolean): Term => {
  const entries = keys.map((key, index) => [key, terms[index]!] as const)
  const fits = (value: unknown): value is Record<PropertyKey, unknown> => {
    try {
      return typeof value === "object" && value !== null &&
        (!exact || isPlainObject(value) && contentKeys(value).length === keys.length) &&
        keys.every((key) => exact ? Object.prototype.propertyIsEnumerable.call(value, key) : key in value)
    } catch {
      return false
    }
  }
  const text = () => {
    const body = `{ ${entries.map(([key, term]) => `${String(key)}: ${term.text()}`).join(", ")} }`
    return exact ? body : `partial(${body})`
  }
  const names = namesOf(terms)
  const made = parts(exact ? "record" : "partial", keys, terms)
  if (names.size === 0) {
    return testing(text, (value) => fits(value) && entries.every(([key, term]) => testMember(term, value, key)), made)
  }
  return binding(text, names, (value, bindings) => {
    if (!fits(value)) {
      return false
    }
    let bound: Bound = bindings
    for (const [key, term] of entries) {
      const member = read(value, key)
      bound = member !== UNREADABLE && term.bind(member, bound)
      if (bound === false) {
        return false
      }
    }
    return bound
  }, made)
}

const testMember = (term: Term, value: object, key: PropertyKey): boolean => {
  const member = read(value, key)
  return member !== UNREADABLE && term.test(member)
}

/**
 * By this formals know each other across copies of the library: what is under it is the version of what they are made
 * of.
 */
const FormalKey = Symbol.for("@effect-linda/core/Formal")

/** To be raised when terms or patterns change. */
export const version = 1

/** What a `Formal` of the public module is inside. */
export class FormalImpl {
  constructor(readonly term: Term) {}
  get [FormalKey](): number {
    return version
  }
  toString(): string {
    return this.term.text()
  }
  /** As it is printed: what is behind it tells a reader nothing. */
  toJSON(): string {
    return this.toString()
  }
  [NodeInspectSymbol](): string {
    return this.toString()
  }
}

const formalOf = (term: Term): FormalImpl => new FormalImpl(term)

/** The term of a formal, which another copy of the library may have made. `undefined` for what is no formal. */
const termOf = (field: unknown, where: string): Term | undefined => {
  if (field instanceof FormalImpl) {
    return field.term
  }
  if (typeof field !== "object" || field === null || isPlainObject(field) || isArray(field)) {
    return undefined
  }
  const made = read(field, FormalKey)
  const term = read(field, "term") as Partial<Term> | null | undefined
  const looksSo = typeof term === "object" && typeof term?.test === "function" && typeof term.bind === "function"
  if (made === version && looksSo) {
    return term as Term
  }
  if (made !== undefined || looksSo) {
    throw ofAnother(`${where}: a formal`)
  }
  return undefined
}

export const ofAnother = (what: string): SpaceError =>
  invalid(
    `${what} of another version of @effect-linda/core: let the program have one version of it (npm ls @effect-linda/core)`
  )

/** How a term is made anew of its parts. */
const makers: Record<Maker, (values: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>) => Term> = {
  literal: ([value]: ReadonlyArray<unknown>) => literal(value),
  any: () => any,
  type: ([name]: ReadonlyArray<unknown>) => ofType(name as string),
  date: () => date,
  between: ([minimum, maximum]: ReadonlyArray<unknown>) => between(minimum, maximum),
  matching: ([source, flags]: ReadonlyArray<unknown>) => matching(new RegExp(source as string, flags as string)),
  oneOf: (_: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>) => oneOf(terms.map(formalOf)),
  not: (_: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>) => not(formalOf(terms[0]!)),
  ref: ([name]: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>) => variable(name as string, formalOf(terms[0]!)),
  rest: (_: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>) => rest(formalOf(terms[0]!)),
  array: (_: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>) => arrayOf(terms),
  record: (keys: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>) =>
    recordOfTerms(keys as ReadonlyArray<PropertyKey>, terms, true),
  partial: (keys: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>) =>
    recordOfTerms(keys as ReadonlyArray<PropertyKey>, terms, false)
}

/** Makes a term of what {@link Term.parts} says. */
export const rebuild = (name: string, values: ReadonlyArray<unknown>, terms: ReadonlyArray<Term>): Term => {
  if (!Object.hasOwn(makers, name)) {
    throw invalid(`there is no formal called ${show(name)}: is the other end of another version?`)
  }
  return makers[name as Maker](values, terms)
}

/** Deeper than this no pattern is meant to be: it would be cyclic, or data. */
const deepest = 16

/** Reads one field of a pattern. */
export const toTerm = (field: unknown, where: string, depth = 0, isLast = false): Term => {
  switch (typeof field) {
    case "function":
    case "object":
      if (field === null) {
        return literal(field)
      }
      try {
        return typeof field === "function" ? functionTerm(field, where) : objectTerm(field, where, depth, isLast)
      } catch (error) {
        throw isSpaceError(error) ? error : invalid(`${where} cannot be read: ${messageOf(error)}`)
      }
    case "symbol":
      if (field === UNREADABLE) {
        throw invalid(`${where} cannot be read: its getter throws`)
      }
      return literal(field)
    default:
      return literal(field)
  }
}

const objectTerm = (field: object, where: string, depth: number, isLast: boolean): Term => {
  const term = termOf(field, where)
  if (term !== undefined) {
    if (term.kind === "rest" && !isLast) {
      throw invalid(`${where}: P.rest can only be the last field of an array`)
    }
    return term
  }
  if (depth > deepest) {
    throw invalid(`${where}: nested deeper than ${deepest} levels, or cyclic: use P.literal for data as it is`)
  }
  // A proxy that was revoked is an object like any other until something is asked of it.
  Object.getPrototypeOf(field)
  if (isArray(field) && !Equal.isEqual(field)) {
    const terms = readMembers(field, (index) => `${where}[${index}]`, depth + 1)
    return terms.every(isLiteral) ? literal(terms.map((term) => term.value)) : arrayOf(terms)
  }
  if (isSchema(field)) {
    return schema(field)
  }
  if (!isPlainObject(field)) {
    return literal(field)
  }
  // A record without a formal in it is a literal, and as such can be found by index.
  const [keys, terms] = readFields(field, where, depth)
  return terms.every(isLiteral)
    ? literal(Object.fromEntries(keys.map((key, index) => [key, terms[index]!.value])))
    : recordOfTerms(keys, terms, true)
}

/** Reads the fields of an array, of which the last may be a rest. */
export const readMembers = (
  fields: ReadonlyArray<unknown>,
  where: (index: number) => string,
  depth: number
): Array<Term> => {
  const terms: Array<any> = members(fields, where)
  for (let i = 0; i < terms.length; i++) {
    terms[i] = toTerm(terms[i], where(i), depth, i === terms.length - 1)
  }
  return terms
}

const members = (fields: ReadonlyArray<unknown>, where: (index: number) => string): Array<unknown> => {
  try {
    return copyOf(fields)
  } catch (error) {
    const index = unreadableOf(fields)
    throw index < 0 ? error : invalid(`${where(index)} cannot be read: ${messageOf(error)}`)
  }
}
