/**
 * Terms that ask code of the user's: predicates, classes, schemas (S3).
 *
 * @internal
 */
import * as Schema from "effect/Schema"
import { passes, prototypeOf, read, UNREADABLE } from "../brand.js"
import { show } from "../print.js"
import type { Term } from "./term.js"
import { invalid, testing } from "./term.js"

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

export const isSchema = (value: unknown): value is Schema.Schema.Any => passes(Schema.isSchema, value)

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

export const functionTerm = (field: object, where: string): Term => {
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

/** A class, built in or not, is told from a function by its `prototype`, which cannot be assigned. */
export const isClass = (value: unknown): value is abstract new(...args: any) => unknown =>
  typeof value === "function" && Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false

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

/** The name of a function. */
export const nameOf = (value: object): string => {
  const name = read(value, "name")
  return typeof name === "string" ? name : ""
}

/**
 * What code of the user's says of a value. If the value is to blame that it throws, since something in it cannot be
 * read, the value does not match; otherwise the code is (S3).
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
