/**
 * How a connection to a file begins, commits and undoes a transaction, or a part of one.
 *
 * @internal
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import * as Effect from "effect/Effect"
import type { Database } from "../../Sqlite.js"
import { sql } from "../sql.js"
import { unavailable } from "./busy.js"

export class Transactions {
  private readonly beginning
  private readonly committing
  private readonly undoing
  /** How many parts have a name. */
  private parts = 0

  constructor(private readonly database: Database) {
    this.beginning = database.prepare("BEGIN IMMEDIATE")
    this.committing = database.prepare("COMMIT")
    this.undoing = database.prepare("ROLLBACK")
  }

  begin(): void {
    this.beginning.run()
  }

  commit(): void {
    this.committing.run()
  }

  rollback(): void {
    this.undoing.run()
  }

  /** Remembers how things are in the transaction that is under way, and returns how to go back to that. */
  savepoint(): () => void {
    const name = sql`linda_${++this.parts}`
    this.database.exec(sql`SAVEPOINT ${name}`)
    return () => void this.database.exec(sql`ROLLBACK TO ${name}`)
  }

  /** A transaction by itself: all of the body is done, or nothing. Only while it waits to begin can it be left. */
  whole<A>(begin: Effect.Effect<void, SpaceError>, body: () => A): Effect.Effect<A, SpaceError> {
    // SQLite itself has undone it after some errors, or it has not begun.
    const undo = Effect.ignore(Effect.try(() => this.rollback()))
    const done = Effect.try({
      try: () => {
        const value = body()
        this.commit()
        return value
      },
      catch: unavailable
    })
    return Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(
        Effect.onInterrupt(restore(begin), () => undo),
        Effect.tapErrorCause(done, () => undo)
      )
    )
  }
}
