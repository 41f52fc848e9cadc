/**
 * What an operation looks for: a tuple by a pattern; or {@link Several}, which is a tuple by any of several patterns,
 * or a distinct one for each of them.
 *
 * @internal
 */
import type { Tuple } from "../../Tuple.js"
import { isArray, keysOf, read, UNREADABLE } from "../brand.js"
import { messageOf, show } from "../print.js"
import type { Pattern } from "./pattern.js"
import { compile } from "./pattern.js"
import { invalid } from "./term.js"

/** What an operation looks for. */
export type Query = Pattern | Several

/** As what those are listed who wait, by whether they take and by the form of what they wait for. */
export const kindOf = (takes: boolean, { form }: Query) => kinds[form][takes ? 0 : 1]

const kinds = { one: ["in", "rd"], any: ["inAny", "rdAny"], all: ["inAll", "rdAll"] } as const

/** The patterns of a choice or a join, and the keys that name their results if they were given as a record. */
export class Several {
  constructor(
    readonly form: "any" | "all",
    readonly patterns: ReadonlyArray<Pattern>,
    readonly keys?: ReadonlyArray<string>
  ) {}

  /** What is found, as who asked for it has it: of a choice the tuple, by the pattern of this number. */
  result(index: number, tuples: ReadonlyArray<unknown>): unknown {
    const { form, keys } = this
    if (form === "any") {
      return keys === undefined ? { index, tuple: tuples[0] } : { key: keys[index], tuple: tuples[0] }
    }
    return keys === undefined ? tuples : Object.fromEntries(keys.map((key, index) => [key, tuples[index]]))
  }
}

/** A query, or a batch, which gives a list as a join does. */
type Formed = { readonly form: Query["form"] | "batch" }

/** By which of its patterns a query without keys was met, of what it has given. */
export const indexIn = ({ form }: Formed, result: any): number => form === "any" ? result.index : 0

/** The tuples in what a query without keys has given. */
export const tuplesIn = ({ form }: Formed, result: any): ReadonlyArray<Tuple> =>
  form === "one" ? [result] : form === "any" ? [result.tuple] : result

/** A query of this form, without keys. */
export const queryOf = (form: Query["form"], patterns: ReadonlyArray<Pattern>): Query =>
  form === "one" ? patterns[0]! : new Several(form, patterns)

/** The patterns of a choice. */
export const alternatives = (members: unknown): Several => {
  const several = readSeveral("any", members)
  if (several.patterns.length === 0) {
    throw invalid("a choice needs at least one pattern: without one it could never end")
  }
  return several
}

/** The patterns of a join. Of none it is complete at once. */
export const joint = (members: unknown): Several => readSeveral("all", members)

const readSeveral = (form: "any" | "all", members: unknown): Several => {
  if (typeof members !== "object" || members === null) {
    throw invalid(`the patterns are an array or a record of them, not ${show(members)}`)
  }
  const keys = isArray(members)
    ? undefined
    : keysOf(members, (error) => invalid(`the patterns cannot be read: ${messageOf(error)}`))
  const names = keys ?? Array.from({ length: isArray(members) ? members.length : 0 }, (_, index) => index)
  const patterns = names.map((name) => {
    const pattern = read(members, name)
    if (pattern === UNREADABLE) {
      throw invalid(`the pattern ${show(name)} cannot be read`)
    }
    return compile(pattern)
  })
  return new Several(form, patterns, keys)
}
