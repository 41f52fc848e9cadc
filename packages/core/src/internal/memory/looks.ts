/**
 * Those who look at what is stored, and come back for more: transactions that were woken, joins that wait, and those
 * who wait until something is absent.
 *
 * It knows that a transaction is only woken to look, so that what it leaves has to be offered on, as if it had not been
 * there; what a join has looked for in vain, so that it does not do so with every tuple that comes; and what is absent:
 * what is neither stored nor held, nor on its way to somebody.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { Outlook } from "../pattern/outlook.js"
import type { Plan } from "../pattern/plan.js"
import { Away } from "./away.js"
import type { Entry } from "./entry.js"
import { Holds } from "./holds.js"
import type { Interest } from "./interest.js"

export class Looks extends Holds {
  /** Whether the step is one of a transaction, which may yet be undone. */
  protected inTransaction = false

  /**
   * Offers on what a woken transaction has looked at and left. That may concern another which was woken and has yet to
   * look, if the one has taken what the other was offered.
   */
  protected offerOn(interest: Interest): void {
    this.woken.delete(interest)
    for (const { entry, seq } of interest.offered.splice(0)) {
      this.offered.delete(entry)
      if (!entry.live) {
        continue
      }
      const other = this.wokenFor(entry)
      const waiting = this.takers.next(entry, seq)
      if (other !== undefined && (waiting === undefined || other.seq < waiting.seq)) {
        this.offerTo(other, entry, Math.min(seq, other.seq))
      } else {
        this.remove(entry)
        if (this.serve(this.takers, entry, seq)) {
          this.changed(entry)
        } else {
          this.insert(entry)
        }
      }
    }
  }

  private wokenFor(entry: Entry): Interest | undefined {
    let first: Interest | undefined
    for (const interest of this.woken) {
      if ((first === undefined || interest.seq < first.seq) && interest.mayMatch(entry)) {
        first = interest
      }
    }
    return first
  }

  /**
   * What an interest leaves alone when it looks: what a transaction that has waited for longer is to look at first. All
   * have that are woken when it comes; if it looks again, because it was told something, some may not.
   */
  offeredBefore({ live, seq }: Interest): ReadonlySet<Entry> {
    return live
      ? new Set(
        Array.from(this.woken).flatMap((other) => other.seq < seq ? other.offered.map(({ entry }) => entry) : [])
      )
      : this.offered
  }

  /**
   * What is not stored and not absent. `leaving`: what leaves in the transaction that is under way, and has left for
   * those who wait when that is committed.
   */
  private away(
    { absences }: Plan,
    leaving: ReadonlyArray<Entry> = this.inTransaction ? this.departed : []
  ): Away | undefined {
    return absences.length === 0 ? undefined : new Away(this.held, leaving)
  }

  /**
   * Distinct entries for a join, of what is stored, but for some. For the transaction that is under way what it has
   * taken has left.
   */
  findJoinNow(plan: Plan, except?: ReadonlySet<Entry>): ReadonlyArray<Entry> | undefined {
    return this.shelves.findJoin(plan, except, undefined, this.away(plan, []))
  }

  /** Distinct entries for a join that waits, of what is stored, but for what it is to leave alone. */
  findJoin(interest: Interest, plan: Plan): ReadonlyArray<Entry> | undefined {
    if (interest.live && this.shelves.hasTooFew(plan)) {
      // It looks again because it was told something, and may be told more before there could be enough.
      interest.outlook = undefined
      return undefined
    }
    const except = interest.table === "takers" ? this.offeredBefore(interest) : undefined
    return this.shelves.findJoin(plan, except, this.outlookOf(interest, plan), this.away(plan))
  }

  /** The same with one that is not stored among those to choose from. Does not look if it lacks more. */
  findJoinWith(interest: Interest, plan: Plan, entry: Entry): ReadonlyArray<Entry> | undefined {
    const { outlook } = interest
    if (outlook?.comes(entry) === false) {
      return undefined
    }
    this.insert(entry)
    try {
      return this.shelves.findJoinWith(plan, entry, this.outlookOf(interest, plan), this.away(plan))
    } finally {
      this.remove(entry)
    }
  }

  /** What a join that waits knows of its chances. */
  private outlookOf(interest: Interest, plan: Plan): Outlook<Entry> {
    if (this.log.recording) {
      // What is undone brings back entries that were not there now.
      this.log.add(() => {
        interest.outlook = undefined
      })
    }
    return interest.outlook ??= new Outlook<Entry>(plan)
  }

  /**
   * Serves those who wait until something is absent that has left for good, in order of arrival, if that can be done
   * now. What they take may be what others wait to be rid of. A transaction is woken, and looks when it runs.
   */
  protected lookAgain(): void {
    const concerned = new Set<Interest>()
    for (const entry of this.departed.splice(0)) {
      if (!this.has(entry)) {
        this.addConcerned(entry, concerned)
      }
    }
    for (const interest of Array.from(concerned).sort((one, other) => one.seq - other.seq)) {
      if (interest.state !== "waiting" || interest.wait?.woken === true) {
        continue
      }
      if (interest.kind === "transact") {
        this.wakeToLook(interest)
      } else {
        try {
          this.attempt(interest)
        } catch (error) {
          this.fail(interest, Effect.die(error))
        }
      }
    }
  }

  /** Adds those who wait for the absence of such an entry. */
  private addConcerned(entry: Entry, concerned: Set<Interest>): void {
    let cursor = -1
    for (;;) {
      const absentee = this.absentees.next(entry, cursor)
      if (absentee === undefined) {
        return
      }
      cursor = absentee.seq
      const { defect } = this.absentees
      if (defect === undefined) {
        concerned.add(absentee.owner)
      } else {
        this.fail(absentee.owner, Effect.die(defect.error))
      }
    }
  }
}
