/**
 * What an operation that may have to wait is after, and what becomes of what it finds.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, Found, Query, Row, Run } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { InterestSnapshot } from "../../TupleSpace.js"
import type { Waiting } from "../insight.js"
import type { Outlook } from "../pattern/outlook.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Plan } from "../pattern/plan.js"
import type { Making } from "./agenda.js"
import type { Findings, From } from "./ahead.js"
import type { Reading } from "./reader.js"

/** What `inspect` tells of somebody who waits. */
export const labelOf = ({ kind, patterns, process, shown = patterns }: Waiting): string =>
  JSON.stringify({ kind, patterns: shown.map(String), process: process?.name })

/** A tuple that a join may take. */
export interface Candidate {
  readonly row: Row
  readonly tuple: ReadonlyArray<unknown>
  readonly failure: boolean
  readonly seq: number
  /** A tuple that cannot be decoded, as far as the patterns know it that ask for it by types and literals alone. */
  readonly unread: Array<unknown> | undefined
}

/** What was found: of a join with guards, what it takes. */
export interface Met extends Found {
  /** What is only read, in the order of its patterns. */
  readonly alsoRead?: ReadonlyArray<Row> | undefined
}

/** What was found, decoded. */
export interface Read extends Met {
  readonly tuples: ReadonlyArray<Tuple>
  /** What is only read. */
  readonly others?: ReadonlyArray<Tuple> | undefined
  /** Why the tuples, which are given as they are, cannot be decoded. */
  readonly unread?: SpaceError
}

/** What was found cannot be decoded. */
export class Refusal {
  constructor(
    /** What the operation fails with. */
    readonly cause: Cause.Cause<unknown>,
    /** If it was taken, it goes back, as what a use has failed on: that is an attempt. */
    readonly taken: {
      /** Puts it back, and counts; what the operation then fails with. */
      readonly back: () => readonly [makes: ReadonlyArray<Making>, cause: Cause.Cause<unknown>]
      /** Puts it back within a transaction, which may be undone, and with it what would have been counted. */
      readonly undo: Command
      /** Counts after that. */
      readonly count: Effect.Effect<void, SpaceError>
    } | undefined
  ) {}
}

/** How to look for what is wanted. */
export interface Wanted {
  readonly kind: InterestSnapshot["kind"]
  /** The name of the operation, if it is not the kind. */
  readonly operation?: string
  readonly patterns: ReadonlyArray<Pattern>
  /** What it is after, as it is shown, if the patterns do not say all. */
  readonly shown?: ReadonlyArray<unknown> | undefined
  readonly queries: ReadonlyArray<Query>
  /** Those of the queries that say all. */
  readonly exactly: ReadonlyArray<Query>
  /** Whether the store can decide alone. */
  readonly exact: boolean
  /** As whom the store knows it while it waits. */
  readonly as: "in" | "join" | "rd"
  /** What a join is to find. */
  readonly plan?: Plan
  /** What must not be there for a join; `exactly` are those of the queries that say all. */
  readonly absent?: Pick<Wanted, "exactly" | "patterns" | "queries"> | undefined
  /** Whether a tuple is taken for good, and not held first. */
  readonly final: boolean
  /** Milliseconds. Zero does not wait. */
  readonly timeout: number
  readonly tuple: (row: Row) => Reading
  /** Decodes what was found, and taken for this hold. */
  readonly read: (hold: number, found: Met) => Read | Refusal
  /** What a look ahead can find out, where the store cannot decide alone. */
  readonly findings: () => Findings
  /**
   * Looks for it, and takes it for the hold, where the store cannot decide alone. A waiter that is there is over then.
   */
  readonly attempt: (
    run: Run,
    hold: number,
    waiter: number | null,
    waits: {
      /** A tuple that is held for the join, and what has to be said before it can be claimed. */
      readonly offered?: { readonly row: Row; readonly answer: Effect.Effect<unknown, SpaceError> }
      /** A new one, which knows what is stored when nothing is found. */
      readonly outlook?: Outlook<Candidate> | undefined
      /** Told of what is there that must not be, as long as which nothing will be found: or that nothing is known. */
      readonly knows?: ((witness: Row | undefined) => void) | undefined
      /** From where on; if that `isBounded`, it fails as `Far` where that is not near. */
      readonly from?: From
    }
  ) => Effect.Effect<Met | null, unknown>
}
