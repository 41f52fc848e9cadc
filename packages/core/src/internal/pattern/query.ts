/**
 * What an operation looks for: a tuple by a pattern; or {@link Several}, which is a tuple by any of several patterns,
 * or a distinct one for each of them.
 *
 * @internal
 */
import type { Tuple } from "../../Tuple.js"
import { isArray, keysOf, read, UNREADABLE } from "../brand.js"
import { messageOf, show } from "../print.js"
import { ofAnother, version } from "./fields.js"
import type { Pattern } from "./pattern.js"
import { compile, GuardKey } from "./pattern.js"
import type { Role } from "./plan.js"
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
    readonly keys?: ReadonlyArray<string>,
    /** What each pattern of a join is for. Without it all are taken. */
    readonly roles?: ReadonlyArray<Role>,
    /** Which of the patterns of a choice goes before the others that have a match. Without it the oldest match does. */
    readonly prefer?: "first"
  ) {}

  /**
   * What is found, as who asked for it has it: of a choice the tuple, by the pattern of this number; of a join the
   * tuples that are taken or read. What is absent has no place.
   */
  result(index: number, tuples: ReadonlyArray<unknown>): unknown {
    const { form, keys } = this
    if (form === "any") {
      return keys === undefined ? { index, tuple: tuples[0] } : { key: keys[index], tuple: tuples[0] }
    }
    return keys === undefined
      ? tuples
      : Object.fromEntries(this.present(keys).map((key, index) => [key, tuples[index]]))
  }

  /** What it asks for, as it is shown: what is not taken says so. */
  get shown(): ReadonlyArray<unknown> {
    const { patterns, roles } = this
    return roles === undefined
      ? patterns
      : patterns.map((pattern, index) => roles[index] === "take" ? pattern : new Guard(roles[index]!, pattern))
  }

  /** The tuples of a result, in the order of their patterns. */
  tuplesIn(result: any): ReadonlyArray<Tuple> {
    const { form, keys } = this
    return form === "any" ? [result.tuple] : keys === undefined ? result : this.present(keys).map((key) => result[key])
  }

  /** What was taken and what was read, each in the order of its patterns, in the order of all. */
  merged(taken: ReadonlyArray<Tuple>, read: ReadonlyArray<Tuple> = []): ReadonlyArray<Tuple> {
    if (read.length === 0) {
      return taken
    }
    const [takes, reads] = [taken.values(), read.values()]
    return this.present(this.roles!).map((role) => (role === "take" ? takes : reads).next().value!)
  }

  /** Of what there is one of for each pattern, those of patterns whose tuples are found. */
  present<A>(each: ReadonlyArray<A>): ReadonlyArray<A> {
    const { roles } = this
    return roles === undefined ? each : each.filter((_, index) => roles[index] !== "absent")
  }
}

/** Whether it takes something of what it finds. */
export const takesAny = (query: Query): boolean =>
  query.form === "one" || query.roles === undefined || query.roles.includes("take")

/** What a query has found and not taken, of what it has given. */
export const readIn = (query: Query, result: unknown): ReadonlyArray<Tuple> | undefined => {
  if (query.form !== "all" || query.roles === undefined) {
    return undefined
  }
  const roles = query.present(query.roles)
  return query.tuplesIn(result).filter((_, index) => roles[index] === "read")
}

/** A query, or a batch, which gives a list as a join does. */
type Formed = Query | { readonly form: "batch"; readonly patterns: ReadonlyArray<Pattern> }

/** The patterns of what has to be there for a query, to be taken or read: what who waits for it waits for to come. */
export const presentIn = (query: Formed): ReadonlyArray<Pattern> =>
  query.form === "all" ? query.present(query.patterns) : query.patterns

/** Of what must not be there: what who waits for it waits for to leave. */
export const absentIn = (query: Formed): ReadonlyArray<Pattern> =>
  query.form === "all" && query.roles !== undefined
    ? query.patterns.filter((_, index) => query.roles![index] === "absent")
    : none

const none: ReadonlyArray<Pattern> = []

/** What a query asks for, as it is shown. */
export const shownIn = (query: Formed): ReadonlyArray<unknown> => query.form === "all" ? query.shown : query.patterns

/** What somebody waits for to come and to leave, as it is shown; nothing, if the patterns of what comes say all. */
export const shownBoth = (
  present: ReadonlyArray<Pattern>,
  absent: ReadonlyArray<Pattern>
): ReadonlyArray<unknown> | undefined =>
  absent.length === 0 ? undefined : [...present, ...absent.map((pattern) => new Guard("absent", pattern))]

/** By which of its patterns a query was met, of what it has given. */
export const indexIn = (query: Formed, result: any): number =>
  query.form !== "any" ? 0 : query.keys === undefined ? result.index : query.keys.indexOf(result.key)

/** The tuples in what a query has given. */
export const tuplesIn = (query: Formed, result: any): ReadonlyArray<Tuple> =>
  query.form === "one" ? [result] : query.form === "batch" ? result : query.tuplesIn(result)

/** A query of this form, without keys. */
export const queryOf = (
  form: Query["form"],
  patterns: ReadonlyArray<Pattern>,
  roles?: ReadonlyArray<Role>,
  prefer?: "first"
): Query => form === "one" ? patterns[0]! : new Several(form, patterns, undefined, roles, prefer)

/** A member of a join that is not taken: as its user made it, or as it is shown. */
export class Guard {
  constructor(readonly role: Role, readonly pattern: unknown) {}

  toString(): string {
    return `${this.role} ${this.pattern}`
  }

  get [GuardKey](): number {
    return version
  }
}

/** The patterns of a choice. */
export const alternatives = (members: unknown, prefer?: "first"): Several => {
  const { given, keys } = readMembers(members)
  if (given.length === 0) {
    throw invalid("a choice needs at least one pattern: without one it could never end")
  }
  return new Several("any", given.map(compile), keys, undefined, prefer)
}

/** The members of a join. Of none it is complete at once. */
export const joint = (members: unknown): Several => {
  const { given, keys } = readMembers(members)
  const guards = given.map(guardIn)
  const roles = guards.some((guard) => guard !== undefined)
    ? guards.map((guard): Role => guard?.role ?? "take")
    : undefined
  const patterns = given.map((member, index) => {
    const guard = guards[index]
    return compile(guard === undefined ? member : guard.pattern)
  })
  return new Several("all", patterns, keys, roles)
}

/** What is there when nothing matches a pattern: nothing. */
export const absence = (pattern: unknown): Several => new Several("all", [compile(pattern)], undefined, ["absent"])

/** The guard that a member is, if it is one, which another copy of the library may have made. */
const guardIn = (member: unknown): Guard | undefined => {
  const made = typeof member === "object" && member !== null && !isArray(member) ? read(member, GuardKey) : undefined
  if (made !== undefined && made !== UNREADABLE && made !== version) {
    throw ofAnother("a guard")
  }
  return made === version ? member as Guard : undefined
}

const readMembers = (
  members: unknown
): { readonly given: ReadonlyArray<unknown>; readonly keys: ReadonlyArray<string> | undefined } => {
  if (typeof members !== "object" || members === null) {
    throw invalid(`the patterns are an array or a record of them, not ${show(members)}`)
  }
  const keys = isArray(members)
    ? undefined
    : keysOf(members, (error) => invalid(`the patterns cannot be read: ${messageOf(error)}`))
  const names = keys ?? Array.from({ length: isArray(members) ? members.length : 0 }, (_, index) => index)
  const given = names.map((name) => {
    const member = read(members, name)
    if (member === UNREADABLE) {
      throw invalid(`the pattern ${show(name)} cannot be read`)
    }
    return member
  })
  return { given, keys }
}
