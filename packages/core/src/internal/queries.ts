/**
 * Reads the queries that operations are given.
 *
 * @internal
 */
import { finiteMillis, invalidOption, natural, one, onlyOptions, option } from "./arguments.js"
import { Batch } from "./batch.js"
import { isArray, read, UNREADABLE } from "./brand.js"
import { ofAnother, version } from "./pattern/fields.js"
import { compile, QueryKey } from "./pattern/pattern.js"
import type { Query } from "./pattern/query.js"
import { alternatives, Guard, joint } from "./pattern/query.js"

/** What an operation can be asked for: engines know of no batches. */
export type Asked = Query | Batch

type Form = "all" | "any" | "batch"

/** A query as its user made it: it is read by the operation that it is given to. */
class Described {
  constructor(readonly form: Form, readonly members: unknown, readonly options: unknown) {}

  get [QueryKey](): number {
    return version
  }
}

/** `any`: the types are those that `Query.ts` declares, and nothing here can check them. */
export const describe = (form: Form, members: unknown, options?: unknown): any => new Described(form, members, options)

/** A member of a join that is not taken. `any`: as above. */
export const guard = (role: "read" | "absent", pattern: unknown): any => new Guard(role, pattern)

/** Reads what an operation is given. Throws a `SpaceError` that names what means nothing. */
export const query = (input: unknown): Asked => {
  const made = typeof input === "object" && input !== null && !isArray(input) ? read(input, QueryKey) : undefined
  if (made === undefined || made === UNREADABLE) {
    return compile(input)
  }
  if (made !== version) {
    throw ofAnother("a query")
  }
  const { form, members, options } = input as Described
  return form === "any" ? choice(members, options) : form === "all" ? joint(members) : batch(members, options)
}

const choice = (members: unknown, options: unknown): Query => {
  const prefer = one("prefer", option(options, "prefer"), ["oldest", "first"])
  onlyOptions(options, ["prefer"])
  return alternatives(members, prefer === "first" ? prefer : undefined)
}

const batch = (pattern: unknown, options: unknown): Batch => {
  const min = option(options, "min")
  const max = option(options, "max")
  const linger = option(options, "linger")
  onlyOptions(options, ["min", "max", "linger"])
  const least = min === undefined ? 1 : natural("min", min, 1)
  if (least === Infinity) {
    throw invalidOption("min: a batch of infinitely many tuples could never be complete")
  }
  if (max === undefined) {
    throw invalidOption("max: a batch needs one, an integer or Infinity")
  }
  const most = natural("max", max, least)
  return new Batch(compile(pattern), least, most, linger === undefined ? 0 : finiteMillis("linger", linger, 0))
}

/** Reads what is looked for at one instant: there is none at which it could wait for more. */
export const atOnce = (input: unknown): Asked => {
  const asked = query(input)
  if (asked.form === "batch" && asked.linger > 0) {
    throw invalidOption("linger: a batch that is taken as a part of something larger cannot wait for more: omit it")
  }
  return asked
}
