/**
 * Patterns at run time: each field becomes a {@link Term}, a whole pattern a {@link Pattern} that knows its literals.
 *
 * @internal
 */
import * as Equal from "effect/Equal"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Schema from "effect/Schema"
import { SpaceError } from "../../SpaceError.js"
import {
  copyOf,
  isArray,
  isDate,
  isPlainObject,
  isRegExp,
  isSpaceError,
  membersOf,
  prototypeOf,
  read,
  UNREADABLE,
  unreadableOf
} from "../brand.js"
import { messageOf, show } from "../print.js"
import * as Equality from "./equality.js"

/** What the variables of a pattern are bound to so far: an immutable list, so that a failed match leaves no trace. */
export interface Bindings {
  readonly name: string
  readonly value: unknown
  readonly next: Bindings | undefined
}

/** The bindings after a match, or `false` for none. */
export type Bound = Bindings | undefined | false

const lookup = (bindings: Bindings | undefined, name: string): Bindings | undefined => {
  let binding = bindings
  while (binding !== undefined && binding.name !== name) {
    binding = binding.next
  }
  return binding
}

const noNames: ReadonlySet<string> = new Set()

const withNames = (names: ReadonlySet<string>, term: Term): ReadonlySet<string> =>
  term.names === noNames ? names : new Set([...names, ...term.names])

const namesOf = (terms: ReadonlyArray<Term>): ReadonlySet<string> => terms.reduce(withNames, noNames)

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
  /** What it is made of, from which {@link rebuild} makes it anew: elsewhere. Nothing, if there is code of the user's in it. */
  readonly parts: Parts | undefined
  /** The user's code in it, if that is all there is. */
  readonly code?: unknown
}

/** The name of a maker, and what it made the term of. */
export interface Parts {
  readonly name: keyof typeof makers
  readonly values: ReadonlyArray<unknown>
  readonly terms: ReadonlyArray<Term>
}

const parts = (
  name: keyof typeof makers,
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
    return this.value === field || Equality.equals(this.value, field)
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

const copyOfDate = (value: object | null): unknown => isDate(value) ? new Date(value.getTime()) : value

const testing = (
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

const binding = (
  text: () => string,
  names: ReadonlySet<string>,
  bind: (value: unknown, bindings: Bindings | undefined) => Bound,
  parts: Parts,
  kind: "test" | "variable" = "test",
  value?: unknown
): Term => ({ kind, value, names, test: (field) => bind(field, undefined) !== false, bind, text, parts })

export const any: Term = testing(() => "any", () => true, parts("any"), "any")

export const ofType = (name: string): Term =>
  testing(() => name, (value) => typeof value === name, parts("type", [name]))

export const date: Term = testing(() => "date", isDate, parts("date"))

export const instanceOf = (constructor: abstract new(...args: any) => unknown): Term => {
  try {
    // Throws for what is no function, and for functions without a prototype: arrows, methods.
    if (typeof constructor === "function" && !({} instanceof constructor)) {
      return testing(
        () => `instanceOf(${nameOf(constructor)})`,
        (value) => readable(() => value instanceof constructor, value),
        undefined,
        "test",
        constructor
      )
    }
  } catch {
    // It is refused.
  }
  throw invalid(`P.instanceOf takes a class, not ${show(constructor)}`)
}

/** The name of a function. */
const nameOf = (value: object): string => {
  const name = read(value, "name")
  return typeof name === "string" ? name : ""
}

/**
 * What code of the user's says of a value. If the value is to blame that it throws, since something in it cannot be read, the value does
 * not match; otherwise the code is (S3).
 */
const readable = (test: () => boolean, value: unknown): boolean => {
  try {
    return test()
  } catch (error) {
    if (isReadable(value)) {
      throw error
    }
    return false
  }
}

/** So many parts of a value are tried. */
const tried = 10_000

const isReadable = (value: unknown): boolean => {
  const seen = new Set<unknown>([value])
  for (const part of seen) {
    if (typeof part !== "object" || part === null || seen.size > tried) {
      continue
    }
    for (const key of keysOf(part)) {
      const member = key === UNREADABLE ? UNREADABLE : read(part, key)
      if (member === UNREADABLE) {
        return false
      }
      seen.add(member)
    }
  }
  return true
}

/** The keys of an object and of the classes it is of. */
const keysOf = (value: object): ReadonlyArray<PropertyKey> => {
  const keys: Array<PropertyKey> = []
  let owner: object | null | typeof UNREADABLE = value
  while (typeof owner === "object" && owner !== null && owner !== Object.prototype) {
    try {
      keys.push(...Reflect.ownKeys(owner))
    } catch {
      return [UNREADABLE]
    }
    owner = prototypeOf(owner)
  }
  return owner === UNREADABLE ? [UNREADABLE] : keys
}

export const isSchema = (value: unknown): value is Schema.Schema.Any => {
  try {
    return Schema.isSchema(value)
  } catch {
    return false
  }
}

const schemaTerms = new WeakMap<object, Term>()

export const schema = (self: Schema.Schema.Any): Term => {
  if (!isSchema(self)) {
    throw invalid(`P.schema takes a schema, not ${show(self)}`)
  }
  let term = schemaTerms.get(self)
  if (term === undefined) {
    const is = Schema.is(self as Schema.Schema<unknown>)
    term = testing(() => `schema(${String(self.ast)})`, (value) => readable(() => is(value), value))
    schemaTerms.set(self, term)
  }
  return term
}

/** Functions that return something before they have an answer, in any realm: by the names of their classes. */
const unanswering: ReadonlySet<unknown> = new Set(["AsyncFunction", "AsyncGeneratorFunction", "GeneratorFunction"])

/** What a predicate says of a value (S3). */
const answer = (predicate: (value: any) => unknown, value: unknown): boolean => {
  const said = predicate(value)
  if (typeof said === "object" && said !== null && typeof read(said, "then") === "function") {
    // Nobody waits for it. Should it fail, that is told already.
    Promise.resolve(said).then(undefined, () => {})
    throw invalid(`the predicate ${nameOf(predicate) || "of a pattern"} returned a promise: it has to answer at once`)
  }
  return Boolean(said)
}

export const when = (predicate: (value: any) => boolean): Term => {
  if (typeof predicate !== "function") {
    throw invalid(`P.when takes a predicate, not ${show(predicate)}`)
  }
  const kind = read(predicate, "constructor")
  if (typeof kind === "function" && unanswering.has(nameOf(kind))) {
    throw invalid(`${show(predicate)} is asynchronous or a generator: a predicate has to answer at once`)
  }
  const name = nameOf(predicate)
  const text = () => name === "" ? "when" : `when(${name})`
  return testing(text, (value) => answer(predicate, value), undefined, "test", predicate)
}

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
      if (known !== undefined && !Equality.equals(known.value, value)) {
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
  const keys = Equality.contentKeys(fields)
  return [keys, keys.map((key) => toTerm(read(fields, key), `${where}.${String(key)}`, depth + 1))]
}

const recordOfTerms = (keys: ReadonlyArray<PropertyKey>, terms: ReadonlyArray<Term>, exact: boolean): Term => {
  const entries = keys.map((key, index) => [key, terms[index]!] as const)
  const fits = (value: unknown): value is Record<PropertyKey, unknown> => {
    try {
      return typeof value === "object" && value !== null &&
        (!exact || isPlainObject(value) && Equality.contentKeys(value).length === keys.length) &&
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

const texts = (terms: ReadonlyArray<Term>): string => terms.map((term) => term.text()).join(", ")

const restOf = (terms: ReadonlyArray<Term>): Term | undefined => {
  const last = terms[terms.length - 1]
  return last?.kind === "rest" ? last : undefined
}

/** Of the terms the first `fixed` are for a field each; those behind them are all for the tail. */
const testFields = (
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

const bindFields = (
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

/** By this formals know each other across copies of the library: what is under it is the version of what they are made of. */
const FormalKey = Symbol.for("@effect-linda/core/Formal")
const PatternKey = Symbol.for("@effect-linda/core/Pattern")
/** To be raised when {@link Term} or {@link Pattern} changes. */
const version = 1

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

const ofAnother = (what: string): SpaceError =>
  invalid(
    `${what} of another version of @effect-linda/core: let the program have one version of it (npm ls @effect-linda/core)`
  )

/** How a term is made anew of its parts. */
const makers = {
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
  return makers[name as keyof typeof makers](values, terms)
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
const readMembers = (fields: ReadonlyArray<unknown>, where: (index: number) => string, depth: number): Array<Term> => {
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

const isLiteral = (term: Term): boolean => term.kind === "literal"

const formalOfConstructor = new Map<unknown, string>([
  [String, "P.string"],
  [Number, "P.number"],
  [Boolean, "P.boolean"],
  [BigInt, "P.bigint"],
  [Symbol, "P.symbol"],
  [Date, "P.date"],
  [Array, "P.instanceOf(Array)"],
  [Object, "P.any"],
  [Function, "P.instanceOf(Function)"]
])

/** A class, built in or not, is told from a function by its `prototype`, which cannot be assigned. */
const isClass = (value: unknown): value is abstract new(...args: any) => unknown =>
  typeof value === "function" && Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false

const functionTerm = (field: object, where: string): Term => {
  if (isSchema(field)) {
    return schema(field)
  }
  const formal = isClass(field) ? formalOfConstructor.get(field) ?? `P.instanceOf(${nameOf(field)})` : undefined
  if (formal !== undefined) {
    throw invalid(
      `${where} is the constructor ${nameOf(field)}, which describes nothing here: use ${formal}, ` +
        `or P.literal(${nameOf(field)}) for the constructor itself`
    )
  }
  return when(field as (value: any) => boolean)
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

  private keyed: Equality.Key | undefined = undefined

  constructor(readonly terms: ReadonlyArray<Term>, readonly failure: boolean) {
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

  /** The positions of the literals. */
  get literals(): ReadonlyArray<number> {
    return positionsOf(this.mask)
  }

  private get tail(): Term | undefined {
    return this.open ? this.terms[this.arity] : undefined
  }

  /** The key of the literals: that of the entries which have them. */
  get key(): Equality.Key {
    return this.keyed ??= keyOf(this.terms, this.literals)
  }

  /** Whether a tuple of this many fields can match. */
  fits(arity: number): boolean {
    return this.open ? arity >= this.arity : arity === this.arity
  }

  matches(tuple: ReadonlyArray<unknown>): boolean {
    return this.names === noNames
      ? this.fits(tuple.length) && testFields(this.terms, this.arity, this.tail, tuple)
      : this.bind(tuple, undefined) !== false
  }

  /** Whether it matches an entry: a tuple, or the failure of a process. */
  admits(entry: { readonly tuple: ReadonlyArray<unknown>; readonly failure: boolean }): boolean {
    return entry.failure === this.failure && this.matches(entry.tuple)
  }

  /** Whether it is certainly the same pattern. One that has code of the user's in it is, if the code is. */
  isLike(that: Pattern): boolean {
    return this === that ||
      this.failure === that.failure && this.mask === that.mask && areLike(this.terms, that.terms)
  }

  /** Matches in the light of variables that are bound already: for joins. */
  bind(tuple: ReadonlyArray<unknown>, bindings: Bindings | undefined): Bound {
    return this.fits(tuple.length) ? bindFields(this.terms, this.arity, this.tail, tuple, bindings) : false
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
    return new Pattern(terms, this.failure)
  }

  toString(): string {
    const fields = texts(this.terms)
    return this.failure ? `failure(${fields})` : `[${fields}]`
  }
}

const areLike = (some: ReadonlyArray<Term>, others: ReadonlyArray<Term>): boolean =>
  some.length === others.length && some.every((term, index) => isLike(term, others[index]!))

const isLike = (one: Term, other: Term): boolean => {
  if (one === other) {
    return true
  }
  if (one.kind !== other.kind) {
    return false
  }
  if (one.kind === "literal") {
    return Equality.equals(one.value, other.value)
  }
  const [parts, others] = [one.parts, other.parts]
  return parts === undefined || others === undefined
    ? one.code !== undefined && one.code === other.code && one.text() === other.text()
    : parts.name === others.name && Equality.equals(parts.values, others.values) && areLike(parts.terms, others.terms)
}

/** Bits of a mask that stay within a small integer. */
const maskWidth = 30

/** The positions of a mask: of a small one always the same list. */
const positionsOf = (mask: number): ReadonlyArray<number> =>
  mask < smallPositions.length ? smallPositions[mask]! : listPositions(mask)

const listPositions = (mask: number): ReadonlyArray<number> =>
  Array.from({ length: maskWidth }, (_, i) => i).filter((i) => (mask & 1 << i) !== 0)

const smallPositions = Array.from({ length: 256 }, (_, mask) => listPositions(mask))

const keyOf = (terms: ReadonlyArray<Term>, positions: ReadonlyArray<number>): Equality.Key => {
  if (positions.length === 1) {
    return Equality.key(terms[positions[0]!]!.value)
  }
  let hash = 0
  for (let i = 0; i < positions.length; i++) {
    hash = Equality.combine(hash, Equality.hash(terms[positions[i]!]!.value))
  }
  return hash
}

/** What messages call the first fields: made once, and not for each pattern. */
const places = Array.from({ length: 16 }, (_, i) => `field ${i}`)

const placeOf = (index: number): string => places[index] ?? `field ${index}`

/** Reads a pattern as the user wrote it. Throws a `SpaceError` that names the field where it means nothing. */
export const compile = (pattern: unknown): Pattern => {
  const terms = isArray(pattern) ? readMembers(pattern, placeOf, 0) : []
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

const invalid = (message: string): SpaceError => new SpaceError({ reason: "InvalidPattern", message })

/** A term whose answer somebody else knows. */
export const answered = (answer: (value: unknown) => boolean, text: string): Term => testing(() => text, answer)
