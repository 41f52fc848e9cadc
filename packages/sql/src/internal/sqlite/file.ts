/**
 * The files that this program has open, each once for all its spaces and clients: whose turn it is to write, who has
 * mail, and whether the file is still there.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import { queue } from "@effect-linda/core/SpaceStore"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { statSync } from "node:fs"
import type { Database } from "../../Sqlite.js"
import { globalValue } from "../runtime.js"
import { unavailable } from "./busy.js"
import { Look } from "./look.js"

/** Looks at the path this often at most, in milliseconds, before a batch. */
const often = 50

/** What a file is, whatever its path; `undefined` if there is none. While one is open, no other gets its number. */
const identityOf = (path: string): string | undefined => {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}

export class File {
  readonly queue = queue(1)
  readonly look = new Look(this)
  /** How many have it open. */
  users = 0
  private checked = -Infinity

  /** One without a path is in memory: of one connection, and nobody else sees it. */
  constructor(readonly path: string, private readonly identity: string | undefined, readonly library: string) {}

  /** Whether the path is still that of the file. What is written to a file that was deleted goes nowhere. */
  isThere(): boolean {
    const isThere = this.identity === undefined || identityOf(this.path) === this.identity
    // One that is gone is looked for each time.
    this.checked = isThere ? performance.now() : -Infinity
    return isThere
  }

  /** Throws if the file is gone. */
  check(): void {
    if (performance.now() - this.checked >= often && !this.isThere()) {
      throw new SpaceError({
        reason: "Unavailable",
        message: `SQLite: ${this.path} has been deleted, moved or replaced while it was open: what is done would go ` +
          `nowhere. Close the space and open it anew, and do that before a file is replaced`
      })
    }
  }
}

/** By what they are. Copies of this module share them. */
const files = globalValue(Symbol.for("@effect-linda/sql/sqlite/files"), () => new Map<string, File>())

/** The path of what a connection has open, as SQLite knows it; the empty one if that is in memory. */
const pathOf = (database: Database): string => {
  const main = (database.prepare("PRAGMA database_list").all() as ReadonlyArray<{ name: string; file: string | null }>)
    .find(({ name }) => name === "main")
  return main?.file ?? ""
}

/** Which SQLite a driver has. */
const libraryOf = (database: Database): string =>
  (database.prepare("SELECT sqlite_source_id() AS id").all() as [{ id: string }])[0].id

/** The file that a connection has open. */
export const fileOf = (database: Database): Effect.Effect<File, SpaceError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const path = pathOf(database)
        const library = libraryOf(database)
        const identity = path === "" ? undefined : identityOf(path)
        const file = (identity === undefined ? undefined : files.get(identity)) ?? new File(path, identity, library)
        if (file.library !== library) {
          throw new SpaceError({
            reason: "Unsupported",
            message: `SQLite: this program has ${path} open with another SQLite (${file.library}), and the locks of ` +
              `the two do not hold between them in one process: use one driver for a file`
          })
        }
        if (identity !== undefined) {
          files.set(identity, file)
        }
        file.users++
        return [file, identity] as const
      },
      catch: unavailable
    }),
    ([file, identity]) =>
      Effect.sync(() => {
        file.users--
        if (file.users === 0 && identity !== undefined) {
          files.delete(identity)
        }
      })
  ).pipe(Effect.map(([file]) => file))
