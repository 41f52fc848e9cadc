/**
 * Spaces in SQLite: embedded, durable, shared by all processes of one machine that open the same file.
 *
 * A batch of operations, whatever has come together from all fibers while the one before was written, is one
 * transaction.
 *
 * @since 0.1.0
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- a protocol of any type */
import * as OptionsOf from "@effect-linda/core/Options"
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Tuple } from "@effect-linda/core/Tuple"
import { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { existsSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { setImmediate } from "node:timers"
import { load } from "./internal/drivers.js"
import { format, isOutdated, missing } from "./internal/migrations.js"
import { callback } from "./internal/runtime.js"
import type { Sql } from "./internal/sql.js"
import { identifier, sql } from "./internal/sql.js"
import { migrations } from "./internal/sqlite/migrations.js"
import { tablesOf } from "./internal/sqlite/tables.js"

/**
 * A prepared statement of a {@link Database}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Statement {
  readonly run: (...parameters: Array<unknown>) => {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
  readonly all: (...parameters: Array<unknown>) => Array<unknown>
}

/**
 * A connection with the synchronous interface of `better-sqlite3`, which `libsql` has too.
 *
 * @since 0.1.0
 * @category models
 */
export interface Database {
  readonly prepare: (sql: string) => Statement
  readonly exec: (sql: string) => unknown
  readonly close: () => unknown
}

/**
 * Options of a space in SQLite.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<T extends Tuple = any> extends SpaceStore.Options<T> {
  /** The file. `":memory:"` is one that is gone at the end. */
  readonly filename: string
  /** The name of the space: one file carries several. By default `"default"`. */
  readonly space?: string | undefined
  /** What the names of the tables begin with. By default `"linda_"`. */
  readonly prefix?: string | undefined
  /**
   * For how long a process can give no sign of life before others take what it holds for given back. By default 30
   * seconds; it gives one three times as often.
   */
  readonly lease?: Duration.DurationInput | undefined
  /**
   * How often to look whether other processes have sent something, if the file is shared. By default 2 ms, at 5 µs a
   * look.
   */
  readonly poll?: Duration.DurationInput | undefined
  /** `"full"` (the default) survives the loss of power, `"normal"` the death of the process. */
  readonly synchronous?: "full" | "normal" | undefined
  /** Opens the file with another driver: by default with `libsql`, which has to be installed. */
  readonly open?: ((filename: string) => Database) | undefined
}

const unavailable = (cause: unknown): SpaceError =>
  cause instanceof SpaceError ? cause : new SpaceError({
    reason: "Unavailable",
    message: `SQLite: ${OptionsOf.messageOf(cause)}`,
    cause
  })

const attempt = <A>(body: () => A): Effect.Effect<A, SpaceError> => Effect.try({ try: body, catch: unavailable })

/** Why a file cannot be opened, as far as its path tells: SQLite says no more than a number. */
const hintOf = (filename: string): string => {
  const path = filename.replace(/^file:(?:\/\/)?/, "").replace(/\?.*$/, "")
  if (path === "" || path.startsWith(":memory:")) {
    return ""
  }
  const folder = dirname(path)
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() === true
    ? `; ${path} is a folder: give the path of a file`
    : found === undefined && !existsSync(folder)
    ? `; the folder ${folder} does not exist: make it first`
    : ""
}

/** The failure to open a file, with what its path tells. */
const unopened = (filename: string) => (error: SpaceError): SpaceError => {
  let hint = ""
  try {
    hint = hintOf(filename)
  } catch {
    // A path that cannot be looked at, such as one below a file.
  }
  return hint === "" || error.reason !== "Unavailable"
    ? error
    : new SpaceError({ reason: error.reason, message: error.message + hint, cause: error.cause })
}

const openLibsql: Effect.Effect<(filename: string) => Database, SpaceError> = Effect.map(
  load("libsql", () => import("libsql"), "npm install libsql, or give the option \"open\""),
  (Libsql) => (filename) => new Libsql(filename) as unknown as Database
)

const isFunction = (value: unknown): value is (filename: string) => Database => typeof value === "function"

/** Reads the options of a store. */
const readerOf = (reader: OptionsOf.Reader) => ({
  filename: reader.text("filename") ?? missingFilename(),
  name: reader.text("space") ?? "default",
  prefix: identifier("prefix", reader.text("prefix") ?? "linda_"),
  lease: reader.millis("lease", "30 seconds", 1),
  poll: reader.millis("poll", "2 millis", 1),
  synchronous: reader.one("synchronous", ["full", "normal"]),
  open: reader.value("open", isFunction, "function that opens a file"),
  ofSpace: SpaceStore.optionsOf(reader)
})

type Read = ReturnType<typeof readerOf>

const missingFilename = (): never => {
  throw new SpaceError({
    reason: "InvalidOption",
    message: "filename: there is none: give the path of the file, or \":memory:\""
  })
}

const open = (read: Read): Effect.Effect<Database, SpaceError, Scope.Scope> =>
  Effect.flatMap(
    read.open === undefined ? openLibsql : Effect.succeed(read.open),
    (open) =>
      Effect.acquireRelease(
        attempt(() => {
          const database = open(read.filename)
          database.exec("PRAGMA busy_timeout = 10000")
          database.exec("PRAGMA journal_mode = WAL")
          // Not left to the driver: SQLite has another default for the connection that makes the file.
          database.exec(read.synchronous === "full" ? sql`PRAGMA synchronous = full` : sql`PRAGMA synchronous = normal`)
          return database
        }).pipe(Effect.mapError(unopened(read.filename))),
        (database) => Effect.ignore(attempt(() => database.close()))
      )
  )

/** Brings the tables up to date, and returns the number of the space. */
const migrate = (database: Database, prefix: Sql, name: string): number => {
  database.exec("BEGIN IMMEDIATE")
  try {
    database.exec(sql`CREATE TABLE IF NOT EXISTS ${prefix}migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)`)
    const [{ version }] = database.prepare(sql`SELECT coalesce(max(number), 0) AS version FROM ${prefix}migrations`)
      .all() as [{ version: number }]
    for (const [number, { name, statements }] of missing(migrations, version)) {
      database.exec(statements(prefix))
      database.prepare(sql`INSERT INTO ${prefix}migrations (number, name) VALUES (?, ?)`).run(number, name)
    }
    const [{ found }] = database.prepare(sql`SELECT value AS found FROM ${prefix}meta WHERE name = 'format'`).all() as [
      { found: number }
    ]
    if (isOutdated(found)) {
      database.prepare(sql`UPDATE ${prefix}meta SET value = ? WHERE name = 'format'`).run(format)
    }
    database.prepare(sql`INSERT INTO ${prefix}spaces (name) VALUES (?) ON CONFLICT DO NOTHING`).run(name)
    const [{ id }] = database.prepare(sql`SELECT id FROM ${prefix}spaces WHERE name = ?`).all(name) as [{ id: number }]
    database.exec("COMMIT")
    return id
  } catch (error) {
    database.exec("ROLLBACK")
    throw error
  }
}

/**
 * Opens a store in a file.
 *
 * @since 0.1.0
 * @category stores
 */
export const store = (options: Options): Effect.Effect<SpaceStore.SpaceStore, SpaceError, Scope.Scope> =>
  Effect.flatMap(OptionsOf.read(options, readerOf), storeOf)

const storeOf = (read: Read): Effect.Effect<SpaceStore.SpaceStore, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const { name, prefix } = read
    const database = yield* open(read)
    const space = yield* attempt(() => migrate(database, prefix, name))
    const tables = yield* attempt(() => tablesOf(database, prefix, space))
    const [begin, commit, rollback, enter, hasMail, version] = yield* attempt(() =>
      [
        database.prepare("BEGIN IMMEDIATE"),
        database.prepare("COMMIT"),
        database.prepare("ROLLBACK"),
        database.prepare(sql`INSERT INTO ${prefix}clients (space, until) VALUES (?, ?)`),
        database.prepare(sql`SELECT 1 FROM ${prefix}mail WHERE client = ? LIMIT 1`),
        database.prepare("PRAGMA data_version")
      ] as const
    )
    const poll = Effect.sleep(read.poll)
    let savepoints = 0
    return yield* SpaceStore.fromTables({
      name,
      lease: read.lease,
      tables,
      lock: yield* Effect.makeSemaphore(1),
      begin: () => void begin.run(),
      commit: () => void commit.run(),
      rollback: () => void rollback.run(),
      savepoint: () => {
        const name = sql`linda_${++savepoints}`
        database.exec(sql`SAVEPOINT ${name}`)
        return () => void database.exec(sql`ROLLBACK TO ${name}`)
      },
      enter: (until) => String(enter.run(space, until).lastInsertRowid),
      nextTurn: callback((resume) => void setImmediate(() => resume(Effect.void))),
      // By the real time: whatever clock the program goes by, other processes do not.
      onMail: (client, notify) => {
        let seen: unknown
        const look = Effect.ignore(attempt(() => {
          const [{ data_version: now }] = version.all() as [{ data_version: number }]
          if (now !== seen) {
            seen = now
            if (hasMail.all(Number(client())).length > 0) {
              notify()
            }
          }
        }))
        return Effect.asVoid(Effect.forkScoped(Effect.withClock(
          Effect.interruptible(Effect.forever(Effect.zipRight(poll, look))),
          Clock.make()
        )))
      }
    })
  })

/**
 * Opens a space in a file.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <T extends Tuple = Tuple>(
  options: Options<T>
): Effect.Effect<TupleSpace<T, SpaceError>, SpaceError, Scope.Scope> =>
  Effect.flatMap(
    OptionsOf.read(options, readerOf),
    (read) => Effect.flatMap(storeOf(read), (store) => SpaceStore.make<T>(store, read.ofSpace))
  )

/**
 * Provides a space in a file.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<TupleSpace<Tuple, SpaceError>, SpaceError> =>
  Layer.scoped(TupleSpace, make(options))
