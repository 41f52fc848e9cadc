/**
 * Waits for what must not be there to leave: beside a join that waits with such a condition, for what leaves is not
 * what it is offered.
 *
 * @internal
 */
import type { Mail, Row, Wait } from "../../StoreCommand.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Listener, SoFar } from "./offers.js"
import { matches } from "./query.js"
import { isRead } from "./reader.js"
import { hidden } from "./retrying.js"
import type { Session } from "./session.js"
import type { Wanted } from "./wanted.js"

export class Vigil implements Listener {
  readonly id: number
  readonly kind = "transact"
  readonly since: number
  readonly process = undefined
  readonly fiber = undefined
  readonly watcher = undefined
  readonly timeout = undefined
  readonly consider = undefined
  readonly state = "idle"
  readonly patterns: ReadonlyArray<Pattern>
  /** One that is there, as far as is known: until it has left, nothing else that leaves makes a difference. */
  private witness: number | undefined = undefined

  constructor(
    private readonly session: Session,
    private readonly absent: NonNullable<Wanted["absent"]>,
    private readonly tuple: Wanted["tuple"],
    private readonly owner: {
      /** Looks again. */
      readonly wake: () => void
      /** The user's code has thrown. */
      readonly die: (defect: unknown) => void
    }
  ) {
    this.id = session.nextId()
    this.since = session.now()
    this.patterns = absent.patterns
    session.waiters.set(this.id, this)
  }

  /** Whether something is there that must not be, as far as is known. */
  get isHopeless(): boolean {
    return this.witness !== undefined
  }

  /** Whether something has left in a transaction, and so leaves when that is committed: not before. */
  hasToWait({ left }: SoFar): boolean {
    return left.has(this.id)
  }

  /** What the store is told, in the transaction in which the join has looked in vain. */
  get wait(): Wait {
    return {
      op: "wait",
      waiter: this.id,
      kind: "watch",
      queries: this.absent.queries,
      exact: false,
      line: this.id,
      // What comes back behind all others has another number then.
      events: ["Gone", "Requeue"],
      final: false,
      label: hidden
    }
  }

  /** A look has found this. */
  knows(witness: Row | undefined): void {
    this.witness = witness?.id
  }

  onMail({ event, from, row }: Mail): void {
    if (event === "Requeue") {
      this.witness = this.witness === from ? row.id : this.witness
    } else if (this.concerns(row) && (this.witness === undefined || this.witness === row.id)) {
      this.witness = undefined
      this.owner.wake()
    }
  }

  private concerns(row: Row): boolean {
    const { exactly, patterns } = this.absent
    const reading = this.tuple(row)
    try {
      return isRead(reading)
        ? patterns.some((pattern) => pattern.matches(reading))
        : exactly.some((query) => matches(query, row))
    } catch (defect) {
      this.owner.die(defect)
      return false
    }
  }

  /** The join itself begins anew then. */
  onLapsed(): void {}

  onDoubt(): void {}

  accepts(): boolean {
    return false
  }

  arrive(): void {}

  end(): void {}

  close(): void {
    this.session.waiters.delete(this.id)
    this.session.giveBack({ op: "cancel", waiters: [this.id] })
  }
}
