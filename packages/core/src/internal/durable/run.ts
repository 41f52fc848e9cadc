/**
 * One run of an STM on a store: what it finds in the facts that are known, and what it has taken and put itself, which
 * is in a `TRef` and so rolls back wherever STM does.
 *
 * @internal
 */
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import type * as TRef from "effect/TRef"
import type { SpaceError } from "../../SpaceError.js"
import type { NewRow, Query, Row } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Pattern } from "../pattern/pattern.js"
import { priorityOf } from "../places.js"
import * as Running from "../stm/run.js"
import type { Facts, Seen } from "./facts.js"
import { matches } from "./query.js"
import type { Reader } from "./reader.js"
import { isRead } from "./reader.js"
import type { Session } from "./session.js"

/** Something that a run has done. */
type Act = { readonly took: Seen } | { readonly put: Seen; readonly row: () => NewRow }

/** What a run has done, which never changes: STM goes back to an earlier one where it rolls back. */
export interface Done {
  readonly acts: ReadonlyArray<Act>
  readonly taken: HashSet.HashSet<number>
}

export const nothingDone: Done = { acts: [], taken: HashSet.empty() }

/** There is no such tuple; or it is not known. */
export const miss = Symbol()

/** What cannot be decoded, and should be taken. It is a defect of the STM, so that no branch of it goes on. */
export class TakenUnread {
  constructor(readonly seen: Seen, readonly error: SpaceError) {}
}

export class Run extends Running.Run {
  /** What it looked for in vain. */
  readonly missed = new Set<Pattern>()
  /** What its conditions look at in the space, if they do not hold. */
  readonly watched = new Set<Pattern>()
  isUsed = false

  constructor(
    readonly on: Session,
    private readonly reader: Reader,
    readonly facts: Facts,
    readonly done: TRef.TRef<Done>
  ) {
    super()
    facts.begin()
  }

  /** How many match. */
  count(done: Done, pattern: Pattern): number | typeof miss {
    const asked = this.reader.query(pattern)
    const [query, exact] = asked
    const isWanted = suits(pattern, asked)
    const more = own(done).filter(isWanted).length
    if (!exact) {
      const rows = this.facts.rows(query, this.readRow, many)
      if (!rows.isWhole) {
        this.facts.lack(rows)
        return miss
      }
      return rows.seen.filter((seen) => !HashSet.has(done.taken, seen.id) && isWanted(seen)).length + more
    }
    const stored = this.facts.count(query)
    if (stored.value === undefined) {
      this.facts.lack(stored)
      return miss
    }
    const fewer = done.acts.filter((act) => "took" in act && !act.took.isOwn && isWanted(act.took)).length
    return stored.value - fewer + more
  }

  /** The first choice, taken. */
  take(done: Done, pattern: Pattern): readonly [Tuple | typeof miss, Done] {
    const found = this.find(done, pattern)
    if (found === miss) {
      return [miss, done]
    }
    if (!isRead(found.reading)) {
      throw new TakenUnread(found, found.reading)
    }
    if (found.row.expires !== null) {
      const held = this.facts.hold(found.id, () => this.on.nextId())
      if (held.state !== "held") {
        this.facts.lack(held)
        return [miss, done]
      }
    }
    return [
      found.reading,
      { acts: [...done.acts, { took: found }], taken: HashSet.add(done.taken, found.id) }
    ]
  }

  /** The first choice. */
  read(done: Done, pattern: Pattern): Tuple | typeof miss {
    const found = this.find(done, pattern)
    return found === miss ? miss : tupleOf(found)
  }

  /** Nothing, if there is no such tuple; a miss, if that is not known. */
  orNone(found: Tuple | typeof miss): Option.Option<Tuple> | typeof miss {
    return found !== miss ? Option.some(found) : this.facts.isLacking ? miss : Option.none()
  }

  /** The first choice: what the run has put is younger than all that is stored, and has no priority. */
  private find(done: Done, pattern: Pattern): Seen | typeof miss {
    const asked = this.reader.query(pattern)
    const [query, exact] = asked
    const rows = this.facts.rows(query, this.readRow, exact ? few : many)
    const isWanted = suits(pattern, asked)
    const stored = rows.seen.find((seen) => !HashSet.has(done.taken, seen.id) && isWanted(seen))
    if (stored === undefined && !rows.isWhole) {
      this.facts.lack(rows)
      return miss
    }
    const put = stored === undefined || priorityOf(stored.id) < 0 ? own(done).find(isWanted) : undefined
    return put ?? stored ?? miss
  }

  private readonly readRow = (row: Row) => this.reader.read(row)
}

/** Whether a pattern asks for a tuple; one that cannot be decoded, by types and literals alone. */
const suits = (pattern: Pattern, [query, exact]: readonly [Query, boolean]) => ({ reading, row }: Seen): boolean =>
  matches(query, row) && (isRead(reading) ? pattern.matches(reading) : exact)

/** What the run has put and not taken. */
const own = ({ acts, taken }: Done): ReadonlyArray<Seen> =>
  acts.flatMap((act) => "put" in act && !HashSet.has(taken, act.put.id) ? [act.put] : [])

const tupleOf = ({ reading }: Seen): Tuple => {
  if (!isRead(reading)) {
    throw reading
  }
  return reading
}

/** How many rows are asked for at first: by a query that says all, and by one that finds too much. */
const few = 8
const many = 256
