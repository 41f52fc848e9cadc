/**
 * Classes of the user's, by the identifiers of their schemas.
 *
 * @internal
 */

import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { SpaceError } from "../SpaceError.js"
import { isA } from "./brand.js"

/** A class, as far as it crosses. */
export interface Known {
  readonly identifier: string
  /** Identifiers that it had before. */
  readonly former: Set<string>
  readonly schema: Schema.Schema<any, any>
  /** Of what is made by `Schema.Class` and the like: an instance of a subclass is of another class. */
  readonly prototype: object | undefined
  readonly is: (value: unknown) => boolean
  readonly encode: (value: any) => unknown
  readonly decode: (coded: any) => unknown
  /** What the schema of such a class declares: what becomes of these fields is its affair. */
  readonly fields: ReadonlySet<PropertyKey>
  /** Of other schemas: the prototypes of which it is known that they come back, each with the keys that do. */
  readonly kept: WeakMap<object, Set<PropertyKey>>
}

const Renamed = Symbol.for("@effect-linda/core/Renamed")

interface Renaming {
  readonly former: ReadonlyArray<string>
  readonly schema: Schema.Schema<any, any>
}

const renamingOf = (schema: Schema.Schema.All): Renaming | undefined =>
  Option.getOrUndefined(AST.getAnnotation<Renaming>(schema.ast, Renamed))

export const renamed = <A, I, R>(former: string, schema: Schema.Schema<A, I, R>): Schema.Schema<A, I, R> => {
  const before = renamingOf(schema)
  const renaming = { former: [...before?.former ?? [], former], schema: before?.schema ?? schema }
  return schema.annotations({ [Renamed]: renaming })
}

const identifierOf = (ast: AST.AST): string | undefined =>
  Option.getOrElse(AST.getIdentifierAnnotation(ast), () =>
    ast._tag === "Transformation"
      ? identifierOf(ast.to)
      : ast._tag === "Suspend"
      ? identifierOf(ast.f())
      : undefined)

/** What `Schema.Class`, `TaggedClass`, `TaggedError` and `TaggedRequest` make. */
interface Made {
  readonly prototype: object
  readonly identifier: string
  readonly fields: object
}

const isClass = (schema: unknown): schema is Made =>
  typeof schema === "function" && "identifier" in schema && typeof schema.identifier === "string" &&
  "fields" in schema && typeof schema.fields === "object" && schema.fields !== null

const invalid = (message: string): SpaceError => new SpaceError({ reason: "InvalidOption", message })

const remedy = ".annotations({ identifier: \"…\" })"

/** Reads the option `schemas`. Throws a `SpaceError` that names the schema and the remedy. */
export const classesOf = (schemas: ReadonlyArray<Schema.Schema<any, any>> = []): ReadonlyArray<Known> => {
  const byIdentifier = new Map<string, Known & { listed: boolean; readonly first: number }>()
  schemas.forEach((given, index) => {
    const renaming = renamingOf(given)
    const schema: Schema.Schema<any, any> = renaming?.schema ?? given
    const identifier = identifierOf(schema.ast)
    if (identifier === undefined) {
      throw invalid(
        `schemas[${index}] has no identifier, by which other programs know its values: give it one, ${remedy}`
      )
    }
    const before = byIdentifier.get(identifier)
    if (before !== undefined && (before.schema !== schema || before.listed && renaming === undefined)) {
      throw invalid(
        `schemas[${before.first}] and schemas[${index}] have the same identifier ${JSON.stringify(identifier)}, ` +
          `by which other programs know their values: give one of them another, ${remedy}`
      )
    }
    const known = before ?? {
      identifier,
      former: new Set<string>(),
      schema,
      prototype: isClass(schema) ? schema.prototype : undefined,
      is: Schema.is(schema),
      encode: Schema.encodeSync(schema),
      decode: Schema.decodeSync(schema),
      fields: new Set(isClass(schema) ? Reflect.ownKeys(schema.fields) : []),
      kept: new WeakMap<object, Set<PropertyKey>>(),
      listed: false,
      first: index
    }
    known.listed ||= renaming === undefined
    renaming?.former.forEach((name) => known.former.add(name))
    byIdentifier.set(identifier, known)
  })
  const known = [...byIdentifier.values()]
  const formers = new Map<string, string>()
  for (const { former, identifier } of known) {
    for (const name of former) {
      const other = byIdentifier.has(name) ? name : formers.get(name)
      if (other !== undefined) {
        throw invalid(
          `schemas: ${JSON.stringify(identifier)} cannot have been ${JSON.stringify(name)}: that is what ` +
            `${JSON.stringify(other)} ${byIdentifier.has(name) ? "is called" : "was called"}`
        )
      }
      formers.set(name, identifier)
    }
  }
  return known
}

/** How a class has come of what `Schema.Class` and the like have made: that, and by how many `extends`. */
const originOf = (type: object | null): { readonly made: Made; readonly steps: number } | undefined => {
  for (let made = type, steps = 0; typeof made === "function"; made = Object.getPrototypeOf(made), steps++) {
    if (Object.hasOwn(made, "identifier")) {
      return isClass(made) ? { made, steps } : undefined
    }
  }
  return undefined
}

/**
 * Whether it is an instance of the class itself, loaded a second time. That has been made anew, and extended by as many
 * steps; a subclass has been made together with its base, or is some steps further away.
 */
const isCopy = (value: object, { is, prototype, schema }: Known): boolean => {
  const parent: object | null = Object.getPrototypeOf(value)
  if (parent === null || isA(value, prototype!) || !Object.hasOwn(parent, "constructor")) {
    return false
  }
  const theirs = originOf(parent.constructor)
  const ours = originOf(schema)
  return theirs !== undefined && ours !== undefined && theirs.made !== ours.made && theirs.steps === ours.steps &&
    theirs.made.identifier === ours.made.identifier && is(value)
}

/** The class of a value, whatever the order of the classes. `several` if it cannot be told. */
export const classOf = (classes: ReadonlyArray<Known>, value: object): Known | ReadonlyArray<Known> | undefined => {
  const prototype = Object.getPrototypeOf(value)
  const exact = classes.find((known) => known.prototype === prototype) ??
    classes.find((known) => known.prototype !== undefined && isCopy(value, known))
  if (exact !== undefined) {
    return exact
  }
  const loose = classes.filter((known) => known.prototype === undefined && known.is(value))
  return loose.length < 2 ? loose[0] : loose
}
