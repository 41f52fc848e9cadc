/**
 * The log of what a transaction has changed in a space, so that it can be undone.
 *
 * While the log records, every change adds its inverse. A savepoint marks how far the log had grown. A transaction
 * keeps the savepoint it has reached in a `TRef`: when STM rolls that back, the next step finds an older savepoint
 * there, and first undoes everything behind it. (Rerooting, after Baker 1991 and Conchon & Filliâtre 2007; only that
 * STM never comes back to a branch that it has left, so what was undone is forgotten.)
 *
 * @internal
 */
import { SpaceError } from "../../SpaceError.js"

/** A point in the log. */
export interface Savepoint {
  /** The number of savepoints before it. */
  index: number
  /** The length of the log. */
  depth: number
}

export class Log {
  /** Whether changes have to add their inverses. */
  recording = false
  /** The savepoint of the committed state. */
  committed: Savepoint = { index: 0, depth: 0 }
  private savepoints: Array<Savepoint> = [this.committed]
  private readonly inverses: Array<() => void> = []

  get length(): number {
    return this.inverses.length
  }

  /** Adds the inverse of a change. To be called only while the log records, lest closures are made for nothing. */
  add(inverse: () => void): void {
    this.inverses.push(inverse)
  }

  /** A savepoint for the present state, which follows the given one. */
  mark(after: Savepoint): Savepoint {
    if (this.inverses.length === after.depth) {
      return after
    }
    const savepoint: Savepoint = { index: after.index + 1, depth: this.inverses.length }
    this.savepoints.push(savepoint)
    return savepoint
  }

  /** Goes back to a savepoint. */
  rewind(savepoint: Savepoint): void {
    if (this.savepoints[savepoint.index] !== savepoint) {
      throw new SpaceError({
        reason: "Reentrant",
        message:
          "an operation of the space ran in the midst of a transaction on it: use the operations of Transaction there"
      })
    }
    this.savepoints.length = savepoint.index + 1
    this.undo(savepoint.depth)
  }

  /** Undoes changes until the log is so long, the youngest first. */
  undo(length: number): void {
    const { recording } = this
    this.recording = false
    while (this.inverses.length > length) {
      this.inverses.pop()!()
    }
    this.recording = recording
  }

  /** Makes what was logged from this length on final. */
  forget(length: number): void {
    this.inverses.length = length
  }

  /** Makes a savepoint the committed state. */
  commit(savepoint: Savepoint): void {
    this.rewind(savepoint)
    this.forget(0)
    savepoint.index = 0
    savepoint.depth = 0
    this.savepoints = [savepoint]
    this.committed = savepoint
  }
}
