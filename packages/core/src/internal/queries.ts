/**
 * Reads the queries that operations are given.
 *
 * @internal
 */
import { finiteMillis, natural, onlyOptions, option } from "./arguments.js"
import { Batch } from "./batch.js"
import { isArray, read, UNREADABLE } from "./brand.js"
import { ofAnother, version } from "./pattern/fields.js"
import { compile, QueryKey } from "./pattern/pattern.js"
import type { Query } from "./pattern/query.js"
import { alternatives, joint } from "./pattern/query.js"
import { invalid } from "./pattern/term.js"

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

/** Types end here: what a query gives is `Match` of it, which the interface says. */
export const describe = (form: Form, members: unknown, options?: unknown): any => new Described(form, members, options)

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
  return form === "any" ? alternatives(members) : form === "all" ? joint(members) : batch(members, options)
}

const batch = (pattern: unknown, options: unknown): Batch => {
  const min = option(options, "min")
  const max = option(options, "max")
  const linger = option(options, "linger")
  onlyOptions(options, ["min", "max", "linger"])
  const least = min === undefined ? 1 : natural("min", min, 1)
  const most = natural("max", max === undefined ? NaN : max, least)
  if (least === Infinity) {
    throw invalid("min: a batch of endlessly many could never be complete")
  }
  return new Batch(compile(pattern), least, most, linger === undefined ? 0 : finiteMillis("linger", linger, 0))
}
