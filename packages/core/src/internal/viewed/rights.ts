/**
 * What a view allows, as it was given: what may be put, taken and read.
 *
 * @internal
 */
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import { invalidOption, onlyOptions, option } from "../arguments.js"
import { Batch } from "../batch.js"
import { isArray, membersOf } from "../brand.js"
import { isFailure } from "../failure.js"
import type { Pattern } from "../pattern/pattern.js"
import { compile } from "../pattern/pattern.js"
import type { Role } from "../pattern/plan.js"
import { Several } from "../pattern/query.js"
import { isWithin, narrowed } from "../pattern/within.js"
import { messageOf, show } from "../print.js"
import type { Asked } from "../queries.js"

/** All there is, or what one of these patterns matches. */
type Allowed = true | ReadonlyArray<Pattern>

const forbidden = (message: string): SpaceError => new SpaceError({ reason: "Forbidden", message })

const listed = (patterns: ReadonlyArray<Pattern>): string =>
  patterns.length === 0 ? "nothing at all" : `only ${patterns.join(", ")}`

/** Reads what may be done. What is not said is not allowed. */
const allowedBy = (rights: unknown, name: "out" | "in" | "rd"): Allowed => {
  const given = option(rights, name)
  if (given === true) {
    return true
  }
  if (given === undefined || given === false) {
    return []
  }
  if (!isArray(given)) {
    throw invalidOption(`${name}: ${show(given)} is neither true nor a list of patterns`)
  }
  return membersOf(given).map((pattern, index) => {
    try {
      return compile(pattern)
    } catch (error) {
      // One pattern looks like a list of its fields.
      throw invalidOption(
        `${name}: ${
          show(pattern)
        }, number ${index}, is no pattern: give a list, ${name}: [[…], […]], also of a single one: ` +
          messageOf(error)
      )
    }
  })
}

const flag = (rights: unknown, name: string): boolean => {
  const given = option(rights, name)
  if (given !== undefined && typeof given !== "boolean") {
    throw invalidOption(`${name}: ${show(given)} is neither true nor false`)
  }
  return given === true
}

export class Rights {
  private readonly puts: Allowed
  private readonly takes: Allowed
  /** Who may take something may read it. */
  private readonly reads: Allowed
  readonly evaluates: boolean

  /** Throws a `SpaceError` that names what means nothing. */
  constructor(rights: unknown) {
    if (rights === undefined) {
      throw invalidOption("rights: say what the view allows: { out, in, rd, eval }")
    }
    this.puts = allowedBy(rights, "out")
    this.takes = allowedBy(rights, "in")
    const reads = allowedBy(rights, "rd")
    this.reads = this.takes === true || reads === true ? true : [...this.takes, ...reads]
    this.evaluates = flag(rights, "eval")
    onlyOptions(rights, ["out", "in", "rd", "eval"])
  }

  get readsAll(): boolean {
    return this.reads === true
  }

  get putsAll(): boolean {
    return this.puts === true
  }

  /** Whether it may see a tuple. */
  readonly shows = (tuple: Tuple): boolean => isAmong(this.reads, tuple)

  /** A tuple that is to be put. Throws if it must not be. */
  readonly put = (tuple: Tuple): Tuple => {
    if (!isAmong(this.puts, tuple)) {
      throw forbidden(`out: this view may not put ${show(tuple)}, but ${listed(this.puts as ReadonlyArray<Pattern>)}`)
    }
    return tuple
  }

  /** The same for one that is known only as far as this program can read it: whether it is allowed cannot be told. */
  unread(tuple: Tuple): void {
    if (this.puts !== true) {
      throw forbidden(`out: it cannot be told whether this view may put ${show(tuple)}, which this program cannot read`)
    }
  }

  /** What a pattern can take, of what may be taken. Throws if that is nothing. */
  readonly taken = (pattern: Pattern): Pattern => within(pattern, this.takes, "take")

  /** What a pattern can read, of what may be read. Throws if that is nothing. */
  readonly read = (pattern: Pattern): Pattern => within(pattern, this.reads, "read")

  /** A pattern of which nothing is to be there. Throws unless all that it matches may be read. */
  readonly absent = (pattern: Pattern): Pattern => {
    const { reads } = this
    if (reads !== true && !reads.some((each) => isWithin(pattern, each))) {
      throw forbidden(
        `absent: this view does not see all that ${pattern} matches, and cannot tell that there is none of it: ` +
          `it may read ${listed(reads)}`
      )
    }
    return this.read(pattern)
  }

  /** What a query finds, of what may be taken or read. `takes` says whether it takes anything. */
  query<Q extends Asked>(query: Q, takes: boolean): Q
  query(query: Asked, takes: boolean): Asked {
    const among = takes ? this.taken : this.read
    switch (query.form) {
      case "one":
        return among(query)
      case "batch":
        return new Batch(among(query.pattern), query.min, query.max, query.linger)
      default: {
        const { form, keys, patterns, prefer, roles } = query
        const byRole = { take: among, read: this.read, absent: this.absent }
        return new Several(form, eachOnce(patterns, roles, byRole), keys, roles, prefer)
      }
    }
  }

  /** Throws, unless a view sees all there is: what this tells of cannot be told of a part. */
  all(name: string): void {
    if (this.reads !== true) {
      throw forbidden(
        `${name}: it tells of the whole space, and this view may read ${listed(this.reads)}: allow it rd: true`
      )
    }
  }

  /** Throws, unless processes may be started. */
  evaluate(): void {
    if (!this.evaluates) {
      throw forbidden("eval: this view may not start processes: allow it eval: true")
    }
  }
}

const isAmong = (allowed: Allowed, tuple: Tuple): boolean => {
  const entry = { tuple, failure: isFailure(tuple) }
  return allowed === true || allowed.some((pattern) => pattern.admits(entry))
}

const within = (pattern: Pattern, allowed: Allowed, verb: string): Pattern => {
  const left = allowed === true ? pattern : narrowed(pattern, allowed)
  if (left === undefined) {
    throw forbidden(
      `${verb}: nothing that this view may ${verb} matches ${pattern}: it may ${verb} ${
        listed(allowed as ReadonlyArray<Pattern>)
      }`
    )
  }
  return left
}

/** What becomes of each pattern, by its role. Those that are one stay one. */
const eachOnce = (
  patterns: ReadonlyArray<Pattern>,
  roles: ReadonlyArray<Role> | undefined,
  by: Readonly<Record<Role, (pattern: Pattern) => Pattern>>
): ReadonlyArray<Pattern> => {
  const known: Record<Role, Map<Pattern, Pattern>> = { take: new Map(), read: new Map(), absent: new Map() }
  return patterns.map((pattern, index) => {
    const role = roles?.[index] ?? "take"
    const made = known[role].get(pattern) ?? by[role](pattern)
    known[role].set(pattern, made)
    return made
  })
}
