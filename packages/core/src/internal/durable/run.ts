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
import type { Tuple } from "../../Tuple.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Asked } from "../queries.js"
import * as Running from "../stm/run.js"
import type { Facts, Seen } from "./facts.js"
import type { Done } from "./known.js"
import { Known, miss } from "./known.js"
import type { Reader } from "./reader.js"
import { isRead } from "./reader.js"
import type { Session } from "./session.js"

/** What cannot be decoded, and should be taken. It is a defect of the STM, so that no branch of it goes on. */
export class TakenUnread {
  constructor(readonly seen: Seen, readonly error: SpaceError) {}
}

export class Run extends Running.Run {
  /** What it looked for in vain, and what must not be there for that. */
  readonly missed = new Set<Pattern>()
  readonly absent = new Set<Pattern>()
  /** What its conditions look at in the space, if they do not hold; and what must not be there for them. */
  readonly watched = new Set<Pattern>()
  readonly unwanted = new Set<Pattern>()
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
    return this.known(done).count(pattern)
  }

  /** What a query finds, taken. */
  take(done: Done, query: Asked): readonly [unknown, Done] {
    const found = this.known(done).find(query)
    if (found === miss) {
      return [miss, done]
    }
    const { index, seen, taken } = found
    const unread = taken.find(({ reading }) => !isRead(reading))
    if (unread !== undefined) {
      throw new TakenUnread(unread, unread.reading as SpaceError)
    }
    // All of them are asked for together.
    const isHeld = taken.map((each) => this.isHeld(each)).every((held) => held)
    return isHeld
      ? [
        query.result(index, seen.map(tupleOf)),
        {
          acts: [...done.acts, ...taken.map((took) => ({ took }))],
          taken: taken.reduce((taken, { id }) => HashSet.add(taken, id), done.taken)
        }
      ]
      : [miss, done]
  }

  /** Whether a tuple cannot end before the transaction does. */
  private isHeld(seen: Seen): boolean {
    if (seen.row.expires === null) {
      return true
    }
    const held = this.facts.hold(seen, () => this.on.nextId())
    if (held.state !== "held") {
      this.facts.lack(held)
    }
    return held.state === "held"
  }

  /** What a query finds. */
  read(done: Done, query: Asked): unknown {
    const found = this.known(done).find(query)
    return found === miss ? miss : query.result(found.index, found.seen.map(tupleOf))
  }

  /** Nothing, if there is no such tuple; a miss, if that is not known. */
  orNone(found: unknown): Option.Option<unknown> | typeof miss {
    return found !== miss ? Option.some(found) : this.facts.isLacking ? miss : Option.none()
  }

  private known(done: Done): Known {
    return new Known(this.reader, this.facts, done)
  }
}

const tupleOf = ({ reading }: Seen): Tuple => {
  if (!isRead(reading)) {
    throw reading
  }
  return reading
}
