/**
 * The end of a hold: the tuples are gone, back, or elsewhere.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Row, Settle } from "../../StoreCommand.js"
import type { End } from "../apart.js"
import type { Ending, Held } from "../hold.js"
import { priorityOf } from "../places.js"
import { withFiber } from "../runtime.js"
import type { Access } from "./access.js"
import { transactionOf } from "./access.js"
import type { Making } from "./agenda.js"
import { acceptedOf, consuming, restoring, settling } from "./back.js"
import type { Ground } from "./ground.js"
import { leaseOver } from "./lapse.js"
import type { Read, Wanted } from "./wanted.js"

/** Ends the holds of one space. */
export class Endings {
  private readonly readRow: Wanted["tuple"]

  constructor(private readonly ground: Ground) {
    this.readRow = (row) => ground.reader.read(row)
  }

  /** The end of a hold of these rows: of all of it, or, if it `isPart`, of them. Throws what is wrong with a letter. */
  ended(hold: number, rows: ReadonlyArray<Row>, ending: Ending, isPart: boolean): Making<Settle> {
    const { reader } = this.ground
    const consumed = consuming(hold, isPart ? idsOf(rows) : null)
    if (ending.how === "consumed") {
      return consumed
    }
    const put = ending.how === "dead" && ending.letter !== undefined ? [this.ground.prepared(ending.letter)] : []
    if (ending.how === "dead" || ending.how === "later" || ending.how === "back" && ending.failed) {
      // It has another place from now on, if any.
      rows.forEach(({ id }) => reader.forget(id))
    }
    if (ending.how === "dead") {
      return () => ({ ...consumed, put: put.map((row) => row()) })
    }
    return ending.how === "later"
      ? { ...consumed, how: "later", after: ending.after, failed: true }
      : this.back(hold, rows, ending, isPart)
  }

  /** What is held, as those who use it have it. `isFinal` says that the store does not have it any more. */
  held(access: Access, hold: number, found: Read, isFinal: boolean): Held<SpaceError> {
    const { index, others, rows, tuples, unread } = found
    const isUndone = access.fate()
    const left = new Set(rows)
    return {
      tuples,
      read: others,
      index,
      unread,
      attempts: rows.map(({ attempts }) => attempts),
      get priorities() {
        return rows.map(({ id }) => priorityOf(id))
      },
      token: access.isTransaction ? "transaction" : rows[0]?.token ?? "store",
      isOver: () => this.ground.session.closed || isUndone(),
      watch: access.isTransaction ? undefined : (end) => this.watch(end),
      keep: () => isFinal || left.size === 0 ? undefined : access.giveBack(consuming(hold)),
      giveBack: () => {
        const back = [...left]
        return back.length === 0
          ? undefined
          : isFinal
          ? this.restore(access, back)
          : access.giveBack((accepts) => settling(hold, acceptedOf(back, this.readRow, accepts)))
      },
      end: (ending, those) =>
        Effect.suspend(() => {
          const meant = those === undefined ? [...left] : those.map((index) => rows[index]!)
          const make = isFinal ? undefined : this.ended(hold, meant, ending, those !== undefined)
          meant.forEach((row) => left.delete(row))
          return meant.length === 0
            ? Effect.void
            : make === undefined
            ? Effect.sync(() => this.endFinal(access, ending, meant))
            : this.inTransaction(access, this.back(hold, meant, inPlace, true), (access) => perform(access, make))
        })
    }
  }

  /** Ends a use when what is held is lost. */
  private watch(end: End<SpaceError>): () => void {
    const { uses } = this.ground.session
    const onLapsed = () => end(Exit.fail(leaseOver), "when it has ended")
    uses.add(onLapsed)
    return () => uses.delete(onLapsed)
  }

  /** As a part of the transaction that the fiber is in, also if the hold was there before that. */
  private inTransaction(
    access: Access,
    back: Making<Settle>,
    end: (access: Access) => Effect.Effect<void, SpaceError>
  ): Effect.Effect<void, SpaceError> {
    return withFiber((fiber) => {
      const inside = transactionOf(fiber, this.ground.session)
      return inside === undefined || inside === access ? end(access) : inside.endHold(end, back)
    })
  }

  private back(
    hold: number,
    rows: ReadonlyArray<Row>,
    { failed, how }: Extract<Ending, { readonly failed: boolean }>,
    isPart: boolean
  ): Making<Settle> {
    return () => ({
      ...settling(hold, acceptedOf(rows, this.readRow, this.ground.session.offers.accepts), failed),
      ids: isPart ? idsOf(rows) : null,
      how
    })
  }

  /** Puts back, in their old places, tuples that were gone: when the store can have them. */
  private restore(access: Access, rows: ReadonlyArray<Row>): void {
    access.giveBack((accepts) => restoring(rows, acceptedOf(rows, this.readRow, accepts)))
  }

  /** Ends the hold of tuples that are gone already. */
  private endFinal(access: Access, ending: Ending, rows: ReadonlyArray<Row>): void {
    if (ending.how !== "consumed" && ending.how !== "dead") {
      const failed = ending.how === "later" || ending.failed ? 1 : 0
      this.restore(access, rows.map((row) => ({ ...row, attempts: row.attempts + failed })))
    }
  }
}

/** As if it had not been taken. */
const inPlace = { how: "place", failed: false } as const

const idsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<number> => rows.map(({ id }) => id)

/** Ends a hold, unless its lease was over before. */
const perform = (access: Access, make: Making<Settle>): Effect.Effect<void, SpaceError> =>
  Effect.flatMap(access.perform(make), checked)

const checked = ([was]: ReadonlyArray<boolean>): Effect.Effect<void, SpaceError> =>
  was === true ? Effect.void : Effect.fail(leaseOver)
