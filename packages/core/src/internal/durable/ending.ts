/**
 * The end of a hold: the tuples are gone, back, or elsewhere.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Restore } from "../../SpaceStore.js"
import type { Command, Row, Settle } from "../../StoreCommand.js"
import { apart } from "../apart.js"
import type { Ending, Held } from "../hold.js"
import { withFiber } from "../runtime.js"
import type { Access } from "./access.js"
import { transactionOf } from "./access.js"
import type { Making } from "./agenda.js"
import { acceptedOf, consuming, restoring, settling } from "./back.js"
import { attempted } from "./finding.js"
import type { Ground } from "./ground.js"
import { leaseOver } from "./lapse.js"
import type { Read, Wanted } from "./wanted.js"

/** Ends the holds of one space. */
export class Endings {
  private readonly readRow: Wanted["tuple"]

  constructor(private readonly ground: Ground) {
    this.readRow = (row) => ground.reader.read(row)
  }

  /** The end of a hold. Throws what is wrong with a letter. */
  ended(hold: number, rows: ReadonlyArray<Row>, ending: Ending): Making<Settle> {
    const { reader } = this.ground
    if (ending.how === "consumed") {
      return consuming(hold)
    }
    if (ending.how === "dead") {
      const put = ending.letter === undefined ? [] : [this.ground.prepared(ending.letter)]
      rows.forEach(({ id }) => reader.forget(id))
      return () => ({ ...consuming(hold), put: put.map((row) => row()) })
    }
    if (ending.failed && ending.how === "back") {
      rows.forEach(({ id }) => reader.forget(id))
    }
    return this.back(hold, rows, ending.how, ending.failed)
  }

  /** What is held, as those who use it have it. `isFinal` says that the store does not have it any more. */
  held(access: Access, hold: number, found: Read, isFinal: boolean): Held<SpaceError> {
    const { index, rows, tuples, unread } = found
    const isUndone = access.fate()
    return {
      tuples,
      index,
      unread,
      attempts: rows[0]?.attempts ?? 0,
      token: access.isTransaction ? "transaction" : rows[0]?.token ?? "store",
      isOver: () => this.ground.session.closed || isUndone(),
      guarded: access.isTransaction ? undefined : (restore, use) => this.guarded(restore, use),
      keep: () => isFinal || rows.length === 0 ? undefined : access.giveBack(consuming(hold)),
      giveBack: () =>
        rows.length === 0
          ? undefined
          : isFinal
          ? this.restore(access, rows)
          : access.giveBack((accepts) => settling(hold, acceptedOf(rows, this.readRow, accepts))),
      end: (ending, those = Array.from(rows.keys())) => {
        const meant = new Set(those.map((index) => rows[index]!))
        return rows.length === 0
          ? Effect.void
          : isFinal
          ? Effect.sync(() => this.endFinal(access, ending, rows, meant))
          : this.inTransaction(access, hold, rows, (access) =>
            meant.size === rows.length
              ? perform(access, this.ended(hold, rows, ending))
              : this.endSome(access, hold, ending, [...meant], rows.filter((row) => !meant.has(row))))
      }
    }
  }

  /** Runs a use in a fiber of its own, which costs little beside a store, and ends it when what is held is lost. */
  private guarded<A, E, R>(restore: Restore, use: Effect.Effect<A, E, R>): Effect.Effect<A, E | SpaceError, R> {
    const { uses } = this.ground.session
    return apart<A, E | SpaceError, R>(restore, use, (end) => {
      const onLapsed = () => end(Exit.fail(leaseOver), "when it has ended")
      uses.add(onLapsed)
      return () => uses.delete(onLapsed)
    })
  }

  /** As a part of the transaction that the fiber is in, also if the hold was there before that. */
  private inTransaction(
    access: Access,
    hold: number,
    rows: ReadonlyArray<Row>,
    end: (access: Access) => Effect.Effect<void, SpaceError>
  ): Effect.Effect<void, SpaceError> {
    return withFiber((fiber) => {
      const inside = transactionOf(fiber, this.ground.session)
      return inside === undefined || inside === access
        ? end(access)
        : inside.endHold(end, this.back(hold, rows, "place", false))
    })
  }

  private back(hold: number, rows: ReadonlyArray<Row>, how: "place" | "back", failed: boolean): Making<Settle> {
    return () => ({
      op: "settle",
      holds: [hold],
      how,
      failed,
      accepted: acceptedOf(rows, this.readRow, this.ground.session.offers.accepts),
      put: []
    })
  }

  /** Puts back, in their old places, tuples that were gone: when the store can have them. */
  private restore(access: Access, rows: ReadonlyArray<Row>): void {
    access.giveBack((accepts) => restoring(rows, acceptedOf(rows, this.readRow, accepts)))
  }

  /** Ends the hold of tuples that are gone already. */
  private endFinal(access: Access, ending: Ending, rows: ReadonlyArray<Row>, meant: ReadonlySet<Row>): void {
    const isBack = ending.how === "place" || ending.how === "back"
    const failed = isBack && ending.failed ? 1 : 0
    const back = rows.flatMap((row) =>
      !meant.has(row) ? [row] : isBack ? [{ ...row, attempts: row.attempts + failed }] : []
    )
    if (back.length > 0) {
      this.restore(access, back)
    }
  }

  /** Ends the hold of some of the tuples as it is said; the others are back as they were. */
  private endSome(
    access: Access,
    hold: number,
    ending: Ending,
    meant: ReadonlyArray<Row>,
    others: ReadonlyArray<Row>
  ): Effect.Effect<void, SpaceError> {
    const { session } = this.ground
    if (ending.how === "place" || ending.how === "back") {
      return Effect.zipRight(
        perform(access, this.back(hold, [...meant, ...others], "place", false)),
        ending.failed ? access.afterwards(attempted(session, meant.map(({ id }) => id))) : Effect.void
      )
    }
    return access.exclusively((run) => {
      const one = <C extends Command>(command: C) => Effect.map(run([command]), ({ replies }) => replies[0])
      const make = this.ended(hold, meant, ending)
      return Effect.zipRight(
        Effect.flatMap(one(session.made(make)), checked),
        one(restoring(others, acceptedOf(others, this.readRow, session.offers.accepts)))
      )
    })
  }
}

/** Ends a hold, unless its lease was over before. */
const perform = (access: Access, make: Making<Settle>): Effect.Effect<void, SpaceError> =>
  Effect.flatMap(access.perform(make), checked)

const checked = ([was]: ReadonlyArray<boolean>): Effect.Effect<void, SpaceError> =>
  was === true ? Effect.void : Effect.fail(leaseOver)
