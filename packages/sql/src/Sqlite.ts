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
import type { SqlError } from "@effect/sql/SqlError"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { existsSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { clearTimeout, setImmediate, setTimeout } from "node:timers"
import { load } from "./internal/drivers.js"
import { scriptOf } from "./internal/migrations.js"
import { outboxOf } from "./internal/outbox.js"
import { callback } from "./internal/runtime.js"
import type { Sql } from "./internal/sql.js"
import { identifier, sql } from "./internal/sql.js"
import type { Waiting } from "./internal/sqlite/busy.js"
import { failed, patiently, unavailable, waited } from "./internal/sqlite/busy.js"
import type { File } from "./internal/sqlite/file.js"
import { fileOf } from "./internal/sqlite/file.js"
import type { Member } from "./internal/sqlite/look.js"
import { tablesOf } from "./internal/sqlite/tables.js"
import { Transactions } from "./internal/sqlite/transaction.js"
import { foundIn, migrate, missingOf, nothing } from "./internal/sqlite/versions.js"
import type * as Outbox from "./Outbox.js"

/**
 * A prepared statement of a {@link Database}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Statement {
  readonly run: (...parameters: Array<any>) => {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
  readonly all: (...parameters: Array<any>) => Array<unknown>
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
   * How long a batch may wait for others who write to the file, in this process or in another: after that it fails as
   * `Unavailable`. By default as long as the lease. Nothing is blocked meanwhile.
   */
  readonly retry?: Duration.DurationInput | undefined
  /**
   * How often to look whether other processes have sent something, where the system does not tell when a file changes
   * (`fs.watch` of Node). By default 10 ms. Where it does, a look follows each change; with several spaces in one file
   * there is one look for all.
   */
  readonly poll?: Duration.DurationInput | undefined
  /** `"full"` (the default) survives the loss of power, `"normal"` the death of the process. */
  readonly synchronous?: "full" | "normal" | undefined
  /** Opens the file with another driver: by default with `libsql`, which has to be installed. */
  readonly open?: ((filename: string) => Database) | undefined
  /**
   * Whether opening a space makes the tables that are missing, and brings older ones up to date (`"open"`, which is the
   * default), or somebody does by hand what {@link migrationScript} says (`"hand"`): then opening fails as
   * `Unsupported` until they are of this version.
   */
  readonly migrate?: "open" | "hand" | undefined
}

const attempt = <A>(body: () => A): Effect.Effect<A, SpaceError> => Effect.try({ try: body, catch: unavailable })

/** The path of a file by its name, which SQLite reads as a URI if it begins with `file:`, and only then. */
const pathOf = (filename: string): string => {
  const path = /^file:(?:\/\/[^/]*)?([^?#]*)/.exec(filename)?.[1]
  return path === undefined ? filename : decodeURIComponent(path)
}

/** Why a file cannot be opened, as far as its path tells: SQLite says no more than a number. */
const hintOf = (filename: string): string => {
  const path = pathOf(filename)
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
  (Libsql) => (filename) => new Libsql(filename)
)

const isFunction = (value: unknown): value is (filename: string) => Database => typeof value === "function"

/** The log is cut to so many bytes when it begins anew: of those who read for long it may have got much longer. */
const journalSize = 2 ** 24

/** What to do about a transaction of this program that takes long: most often it waits for what it keeps waiting. */
const mate = "let it end sooner, and use no other space of the file within it"

/** Reads the options of a store. */
const readerOf = (reader: OptionsOf.Reader) => {
  const lease = reader.millis("lease", "30 seconds", 1)
  return {
    filename: reader.text("filename") || missingFilename(),
    name: reader.text("space") ?? "default",
    prefix: identifier("prefix", reader.text("prefix") ?? "linda_"),
    lease,
    retry: reader.patience("retry", lease),
    poll: reader.millis("poll", "10 millis", 1),
    synchronous: reader.one("synchronous", ["full", "normal"]),
    open: reader.value("open", isFunction, "function that opens a file"),
    migrate: reader.one("migrate", ["open", "hand"]),
    ofSpace: SpaceStore.optionsOf(reader)
  }
}

type Read = ReturnType<typeof readerOf>

const missingFilename = (): never => {
  throw new SpaceError({
    reason: "InvalidOption",
    message: "filename: there is none: give the path of the file, or \":memory:\""
  })
}

const waitingOf = ({ filename, retry }: Read): Waiting => ({ path: filename, retry })

/** Opens a connection, which is closed with the scope. */
const connect = (read: Read): Effect.Effect<Database, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const { filename } = read
    const open = read.open ?? (yield* openLibsql)
    return yield* Effect.acquireRelease(
      Effect.mapError(patiently(() => open(filename), waitingOf(read)), unopened(filename)),
      (database) => Effect.ignore(attempt(() => database.close()))
    )
  })

/** Opens a connection, and finds out which file it is to. */
const open = (read: Read): Effect.Effect<readonly [Database, File], SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const { filename } = read
    const waiting = waitingOf(read)
    const database = yield* connect(read)
    const setting = patiently(() => {
      // SQLite would wait by blocking the program.
      database.exec("PRAGMA busy_timeout = 0")
      database.exec("PRAGMA journal_mode = WAL")
      database.exec(sql`PRAGMA journal_size_limit = ${journalSize}`)
      // Not left to the driver: SQLite has another default for the connection that makes the file.
      database.exec(read.synchronous === "full" ? sql`PRAGMA synchronous = full` : sql`PRAGMA synchronous = normal`)
    }, waiting)
    yield* Effect.mapError(setting, unopened(filename))
    return [database, yield* fileOf(database)]
  })

/** Reads what is missing in a file. One that is not there is not made for that. */
const scriptOfFile = (read: Read): Effect.Effect<string, SpaceError> =>
  Effect.gen(function*() {
    const { filename, prefix } = read
    const isThere = yield* attempt(() => existsSync(pathOf(filename)))
    if (!isThere) {
      return missingOf(prefix, nothing)
    }
    const database = yield* connect(read)
    return yield* patiently(() => missingOf(prefix, foundIn(database, prefix)), waitingOf(read))
  }).pipe(Effect.map(scriptOf), Effect.scoped)

/**
 * Opens a store in a file.
 *
 * @since 0.1.0
 * @category stores
 */
export const store = (options: Options): Effect.Effect<SpaceStore.SpaceStore, SpaceError, Scope.Scope> =>
  Effect.flatMap(OptionsOf.read(options, readerOf), storeOf)

/** In milliseconds. */
const longestTimer = 2 ** 31 - 1

const storeOf = (read: Read): Effect.Effect<SpaceStore.SpaceStore, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const { name, prefix, retry } = read
    const [database, file] = yield* open(read)
    const { look, path, queue } = file
    /** When the one who has its turn asked for it: it waits for other processes as long as patience is left. */
    let since = 0
    const patience = (late: (error: SpaceError) => void) => {
      const timer = retry > longestTimer ? undefined : setTimeout(
        () => late(waited("another transaction of this program", path, retry, mate)),
        retry
      )
      return () => clearTimeout(timer)
    }
    const lock = <A, E, R>(
      effect: Effect.Effect<A, E, R>,
      restore?: SpaceStore.Restore
    ): Effect.Effect<A, E | SpaceError, R> =>
      Effect.suspend(() => {
        const asked = performance.now()
        const turn = Effect.suspend(() => {
          since = asked
          return effect
        })
        return queue.inTurn(turn, { patience, restore })
      })
    const transactions = yield* patiently(() => new Transactions(database), { path, retry })
    const begin = Effect.suspend(() =>
      patiently(() => {
        file.check()
        transactions.begin()
      }, { path, retry, since })
    )
    /** Whether there is more in the outbox than the transaction has taken. */
    let isMore = false
    // Within a transaction no other process is in the way, of preparing statements neither.
    const [space, tables, enter, hasMail, version] = yield* lock(transactions.whole(begin, () => {
      const space = migrate(database, read)
      return [
        space,
        tablesOf(database, prefix, { space, name, onMore: () => void (isMore = true) }),
        database.prepare(sql`INSERT INTO ${prefix}clients (space, until, lease) VALUES (?, ?, ?)`),
        database.prepare(
          sql`SELECT 1 FROM ${prefix}mail WHERE client = ? UNION ALL SELECT 1 FROM ${prefix}outbox WHERE space = ?
            LIMIT 1`
        ),
        database.prepare("PRAGMA data_version")
      ] as const
    }))
    let client = ""
    let notifyOurselves = () => {}
    /** To whom the transaction has sent something. */
    const addressees = new Set<string>()
    return yield* SpaceStore.fromTables({
      name,
      lease: read.lease,
      tables: {
        ...tables,
        post: (to, mail) => {
          addressees.add(to)
          tables.post(to, mail)
        }
      },
      lock,
      begin,
      commit: () => {
        transactions.commit()
        if (addressees.size > 0) {
          look.tell(prefix, addressees, client)
          addressees.clear()
        }
        if (isMore) {
          isMore = false
          notifyOurselves()
        }
      },
      rollback: () => {
        addressees.clear()
        isMore = false
        transactions.rollback()
      },
      failed,
      savepoint: () => transactions.savepoint(),
      enter: (until, lease) => {
        client = String(enter.run(space, until, lease).lastInsertRowid)
        return client
      },
      nextTurn: callback((resume) => void setImmediate(() => resume(Effect.void))),
      onMail: (client, notify) => {
        notifyOurselves = notify
        const member: Member = {
          tables: prefix,
          client,
          notify,
          hasMail: () => hasMail.all(Number(client()), name).length > 0,
          version: () => (version.all() as [{ data_version: number }])[0].data_version,
          poll: read.poll
        }
        return Effect.asVoid(Effect.acquireRelease(
          Effect.sync(() => look.add(member)),
          () => Effect.sync(() => look.delete(member))
        ))
      }
    })
  })

/**
 * Options of an outbox in SQLite.
 *
 * @since 0.1.0
 * @category models
 */
export interface OutboxOptions<T extends Tuple = any> extends Outbox.Options<T> {
  /** What the names of the tables begin with, as for a space. By default `"linda_"`. */
  readonly prefix?: string | undefined
}

/** What it means that a statement of an outbox fails. */
const unput = (error: SqlError, prefix: Sql): SpaceError => {
  const { message, reason } = failed(error.cause ?? error)
  return message.includes(`no such table: ${prefix}outbox`)
    ? new SpaceError({
      reason: "Unsupported",
      message:
        `SQLite: there is no table ${prefix}outbox in this file: open a space of it once, which makes the tables`,
      cause: error
    })
    : new SpaceError({ reason, message, cause: error })
}

/**
 * Makes an outbox: puts tuples by transactions of your own, on a connection of your own, in the file of the space.
 *
 * The tables have to be there: a program that opens a space in the file makes them. SQLite has one writer at a time, so
 * batches of the space wait for your transaction, and your transaction waits for them.
 *
 * @since 0.1.0
 * @category outboxes
 * @example
 * ```ts
 * import { Sqlite } from "@effect-linda/sql"
 * import { SqlClient } from "@effect/sql"
 * import { Effect } from "effect"
 *
 * const order = (item: string) =>
 *   Effect.gen(function*() {
 *     const sql = yield* SqlClient.SqlClient
 *     const jobs = yield* Sqlite.outbox<readonly ["deliver", string]>({ space: "jobs" })
 *     yield* sql.withTransaction(Effect.zipRight(
 *       sql`INSERT INTO orders (item) VALUES (${item})`,
 *       jobs.out(["deliver", item])
 *     ))
 *   })
 * ```
 */
export const outbox: <T extends Tuple = Tuple>(
  options?: OutboxOptions<T>
) => Effect.Effect<Outbox.Outbox<T>, SpaceError> = outboxOf({
  tables: (reader) => identifier("prefix", reader.text("prefix") ?? "linda_"),
  put: (prefix) => sql`INSERT INTO ${prefix}outbox (space, rows) VALUES (?, ?)`,
  failed: unput
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

/**
 * Provides a space in a file, whose options are configuration.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { Sqlite } from "@effect-linda/sql"
 * import { Config } from "effect"
 *
 * const Jobs = Sqlite.layerConfig({ filename: Config.string("JOBS_FILE") })
 * ```
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<TupleSpace<Tuple, SpaceError>, ConfigError | SpaceError> =>
  Layer.scoped(TupleSpace, Effect.flatMap(Config.unwrap(options), make))

/**
 * What opening a space with these options would do to the tables first, without doing it: a script of SQL, which is
 * empty if they are of this version. For whoever does that by hand, as one transaction. It is made for what there is
 * now: what somebody else has done meanwhile it does not do twice, but fails.
 *
 * A file that is not there is not made. Fails as opening a space does.
 *
 * @since 0.1.0
 * @category migrations
 * @example
 * ```ts
 * import { Sqlite } from "@effect-linda/sql"
 * import { Console, Effect } from "effect"
 *
 * const dryRun = Effect.flatMap(Sqlite.migrationScript({ filename: "space.db" }), Console.log)
 * ```
 */
export const migrationScript = (options: Options): Effect.Effect<string, SpaceError> =>
  Effect.flatMap(OptionsOf.read(options, readerOf), scriptOfFile)
