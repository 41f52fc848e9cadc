/**
 * What all operations of a space on a store stand on: the session that reaches the store, and what this program can
 * read of what is in it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import type { SpaceError } from "../../SpaceError.js"
import type { NewRow, Row } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import { unsupported } from "../arguments.js"
import { withFiber } from "../runtime.js"
import { harmless, linkTo, tracedSpan } from "../tracing.js"
import type { Access } from "./access.js"
import { accessTo } from "./access.js"
import type { Reader } from "./reader.js"
import { rowOf } from "./row.js"
import type { Session } from "./session.js"

export class Ground {
  private readonly access: ReturnType<typeof accessTo>

  constructor(readonly name: string, readonly session: Session, readonly reader: Reader) {
    this.access = accessTo(session)
  }

  /** An operation, in a span if the fiber records them. */
  operation<A, E, R>(
    name: string,
    run: (access: Access, span: Tracer.Span | undefined) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return withFiber((fiber) =>
      this.session.closed
        ? Effect.interrupt
        : tracedSpan(fiber, name, this.name, (span) => run(this.access(fiber), span))
    )
  }

  /** Whether the store keeps tuples that come later. */
  get schedules(): boolean {
    return this.session.store.schedules === true
  }

  /** Whether the store heeds priorities. */
  get prioritizes(): boolean {
    return this.session.store.prioritizes === true
  }

  /** Refuses a priority that the store would forget. */
  checkPriority(priority: number): void {
    if (priority !== 0 && !this.prioritizes) {
      throw unsupported("priority: this store knows no priorities")
    }
  }

  /** Refuses a tuple that cannot be stored. Says what is put, when it is, but for who accepts it then. */
  prepared(tuple: Tuple, span?: Tracer.Span, ttl = Infinity, leased = false, priority = 0): () => NewRow {
    const { reader, session } = this
    this.checkPriority(priority)
    const row = rowOf(reader, tuple, span, ttl, leased, priority)
    return () => row(session.offers.accepts(tuple))
  }
}

/** What an option is refused with that has a tuple come later, on a store that keeps none. */
export const noSchedules = (option: "after" | "at" | "retry"): SpaceError =>
  unsupported(`${option}: this store keeps no tuples that come later`)

/** Links a span to those by which the rows were put. */
export const linked = (span: Tracer.Span | undefined, rows: ReadonlyArray<Row>): void =>
  linkTo(span, rows.flatMap(({ meta }) => meta === null ? [] : harmless(() => [JSON.parse(meta)]) ?? []))
