/**
 * One connection to the server: how it is opened and set up, how statements go by it, how it is lost.
 *
 * @internal
 */
import type { SpaceError } from "@effect-linda/core/SpaceError"
import type { Restore } from "@effect-linda/core/SpaceStore"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type pg from "pg"
import { liveClock } from "../runtime.js"
import type { Sql } from "../sql.js"
import { identifier, join, sql } from "../sql.js"
import { classify, isEnded, Lost, overdue, unavailable } from "./failures.js"
import type { Read } from "./options.js"

/** A process of the server's. Its number may be another's one day: that has begun at another time. */
export interface Backend {
  readonly pid: number
  /** When it began, as the server writes it. */
  readonly start: string
}

/** What a statement of ours comes to: texts as they come, whatever parsers the program has set for its own queries. */
export interface Answer {
  readonly command: string
  readonly rows: ReadonlyArray<Readonly<Record<string, string | null>>>
}

const asTexts: pg.CustomTypesConfig = { getTypeParser: () => (text: any) => text }

/** For so long who leaves waits for the server, as for every store. */
const patience = "100 millis"

/** The most that the server takes for a time in milliseconds. */
const longest = 2 ** 31 - 1

/**
 * Times that a role, a database or a server can be told otherwise, in milliseconds. What `connection` says goes first.
 *
 * A program that is stopped in a transaction, or cut off, keeps its space from all others: the server ends it after its
 * lease. And a batch is done within its lease, or not at all, for a client that is silent for longer is taken for dead.
 * It waits for the lock of its space no longer than half of that: so the one that is ended has run for the other half.
 */
const timesOf = ({ connection, lease }: Pick<Read, "connection" | "lease">) => {
  const { idle_in_transaction_session_timeout, lock_timeout, statement_timeout } = connection ?? {}
  const whole = Math.min(Math.ceil(lease), longest)
  return {
    idle_in_transaction_session_timeout: idle_in_transaction_session_timeout ?? whole,
    lock_timeout: lock_timeout ?? Math.ceil(whole / 2),
    statement_timeout: typeof statement_timeout === "number" ? statement_timeout : whole,
    transaction_timeout: 0
  }
}

export class Connection {
  private readonly client: pg.Client
  private last: Promise<unknown> = Promise.resolve()
  /** Why nothing can be asked any more. */
  lost: Lost | undefined = undefined
  backend: Backend | undefined = undefined
  /**
   * Whether the process of the server says the same number as the handshake. What stands between, and speaks the
   * protocol itself, gives another.
   */
  isDirect = true
  /** How a transaction begins. In a session that may be another's the next time, it says all of its settings. */
  private begin: Sql = sql`BEGIN`
  /** How many parts of transactions have a name. */
  private parts = 0

  constructor(
    Client: typeof pg.Client,
    private readonly options: Pick<Read, "connection" | "lease" | "poll">,
    private readonly on: {
      readonly lost: (connection: Connection) => void
      readonly notified: (connection: Connection, payload: string) => void
    }
  ) {
    this.client = new Client({
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      // The server answers before, if it is there.
      query_timeout: Math.min(options.lease + 1_000, 2 ** 30),
      // What our type leaves open is the driver's to check.
      ...options.connection
    })
    this.client.on("error", (error) => this.lose(error))
    this.client.on("end", () => this.lose(new Error("Connection terminated")))
    this.client.on("notification", ({ payload }) => on.notified(this, payload ?? ""))
  }

  /** Whatever is under way fails, and nothing more goes by it. */
  private lose(cause: unknown): void {
    if (this.lost === undefined) {
      this.lost = cause instanceof Lost ? cause : new Lost(cause)
      this.client.connection.stream.destroy()
      this.on.lost(this)
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Its beginning
  // -------------------------------------------------------------------------------------------------------------------

  /** Whether the session is its own: otherwise no two transactions need be of the same, and none may leave anything. */
  private get isOwn(): boolean {
    return this.options.poll === Infinity
  }

  /** Connects, and learns who answers. */
  readonly connect: Effect.Effect<void, Lost | SpaceError> = Effect.suspend(() =>
    Effect.gen(this, function*() {
      yield* Effect.tryPromise({ try: () => this.client.connect(), catch: classify })
      if (!this.isOwn) {
        const { rows: [row] } = yield* this.ask(sql`SELECT current_setting('server_version_num') AS version`)
        this.begin = beginning(this.options, Number(row?.["version"]))
        return
      }
      const { rows: [row] } = yield* this.ask(
        sql`SELECT pid, extract(epoch FROM backend_start)::text AS start
          FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()`
      )
      if (row !== undefined) {
        this.backend = { pid: Number(row["pid"]), start: String(row["start"]) }
        this.isDirect = Reflect.get(this.client, "processID") === this.backend.pid
      }
    })
  )

  /**
   * What a role, a database or a server can be told otherwise is said here: a batch sees what was committed before it
   * had the lock of its space, no time is over before ours, numbers come whole. What `connection` says is not touched.
   */
  setUp(orphans: ReadonlyArray<Backend>): Effect.Effect<void, Lost | SpaceError> {
    const lease = Math.min(Math.ceil(this.options.lease), longest)
    const settings = {
      ...timesOf(this.options),
      default_transaction_isolation: "read committed",
      extra_float_digits: 1,
      idle_session_timeout: 0,
      tcp_user_timeout: Math.max(lease, 1_000)
    }
    return Effect.gen(this, function*() {
      yield* this.ask(
        sql`SELECT set_config(s.name, w.value, false)
          FROM jsonb_each_text($1) w(name, value) JOIN pg_catalog.pg_settings s USING (name)
          WHERE s.source <> 'client' OR s.name = 'default_transaction_isolation'`,
        [JSON.stringify(settings)]
      )
      // One who waits for the lock of a space, and whose program is gone, is gone too. Not every system can tell.
      yield* unlessLost(this.ask(
        sql`SELECT set_config(name, $1, false) FROM pg_catalog.pg_settings
          WHERE name = 'client_connection_check_interval' AND source <> 'client'`,
        [String(Math.min(lease, 10_000))]
      ))
      if (orphans.length > 0) {
        yield* unlessLost(this.endOf(orphans))
        // To ask how full the queue of notifications is makes the server forget those that all have read: one that was
        // full would be full for ever, though the listener that was slow has gone on.
        yield* unlessLost(this.ask(sql`SELECT pg_notification_queue_usage()`))
      }
    })
  }

  /**
   * Ends what still runs of connections that were given up, so that what is sent again does not pile up behind what was
   * sent before.
   */
  private endOf(backends: ReadonlyArray<Backend>): Effect.Effect<unknown, Lost | SpaceError> {
    return this.ask(
      sql`SELECT pg_terminate_backend(a.pid) FROM jsonb_to_recordset($1) AS b(pid int, start text)
        JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid AND extract(epoch FROM a.backend_start)::text = b.start`,
      [JSON.stringify(backends)]
    )
  }

  // -------------------------------------------------------------------------------------------------------------------
  // What goes by it
  // -------------------------------------------------------------------------------------------------------------------

  /**
   * Runs a statement of ours, when those before it are done. One that is lost takes those behind it with it: nothing
   * may come before it is sent again.
   */
  ask(text: Sql, values: ReadonlyArray<unknown> = [], name?: string): Effect.Effect<Answer, Lost | SpaceError> {
    return Effect.tryPromise({ try: () => this.send(text, values, name), catch: classify })
  }

  private send(text: Sql, values: ReadonlyArray<unknown> = [], name?: string): Promise<Answer> {
    return this.next(async () => {
      const since = performance.now()
      try {
        return await this.client.query({
          text,
          values: [...values],
          types: asTexts,
          ...(this.isOwn && name && { name })
        })
      } catch (error) {
        const failure = this.isOverdue(error, since) ? overdue(this.options.lease, error) : classify(error)
        if (failure instanceof Lost) {
          this.lose(failure)
        }
        throw failure
      }
    })
  }

  /** As {@link ask}, for one who may leave. */
  private awaited(text: Sql, leave: Restore): Effect.Effect<void, Lost | SpaceError> {
    return Effect.onInterrupt(
      Effect.asVoid(leave(this.ask(text))),
      () => this.hurried(Effect.promise(() => this.last))
    )
  }

  /**
   * What somebody who leaves waits for: if the server is busy for longer, that ends with the connection. Who comes
   * second has to be interruptible, though who has left is not: or the connection ended in any case.
   */
  private hurried(effect: Effect.Effect<unknown>): Effect.Effect<void> {
    return Effect.asVoid(Effect.raceFirst(
      Effect.interruptible(effect),
      Effect.interruptible(Effect.zipRight(Effect.withClock(Effect.sleep(patience), liveClock), this.abandon))
    ))
  }

  /** Whether the server has ended a statement because it has taken too long, by the times that are ours. */
  private isOverdue(error: unknown, since: number): boolean {
    const { lock_timeout, statement_timeout } = this.options.connection ?? {}
    return isEnded(error) && lock_timeout === undefined && typeof statement_timeout !== "number" &&
      performance.now() - since >= this.options.lease * 0.9
  }

  /**
   * A transaction of ours: it is committed if the body succeeds, and undone if not, be it with the connection. While
   * `lock`, by which it begins, is not to be had, it can be left.
   */
  transaction<A, E, R>(
    body: Effect.Effect<A, E, R>,
    { leave, lock }: { readonly lock?: Sql; readonly leave?: Restore } = {}
  ): Effect.Effect<A, E | Lost | SpaceError, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(this, function*() {
        const undo = Effect.catchAll(this.ask(sql`ROLLBACK`), () => this.abandon)
        const begin = lock === undefined ? this.begin : sql`${this.begin}; ${lock}`
        yield* Effect.tapErrorCause(this.awaited(begin, leave ?? restore), () => this.hurried(undo))
        const exit = yield* Effect.exit(restore(body))
        // Who is interrupted does not wait for another connection. What is not undone ends with its connection.
        if (Exit.isFailure(exit) && (this.lost === undefined || Exit.isInterrupted(exit))) {
          yield* Exit.isInterrupted(exit) ? this.hurried(undo) : undo
          return yield* exit
        }
        if (this.lost !== undefined) {
          return yield* Effect.fail(this.lost)
        }
        const { command } = yield* this.ask(sql`COMMIT`)
        if (command !== "COMMIT") {
          return yield* Effect.fail(
            unavailable(new Error("a statement of the transaction has failed: it was undone"))
          )
        }
        return yield* exit
      })
    )
  }

  /** A part of a transaction, which is undone alone if it does not succeed. */
  part<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Lost | SpaceError, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(this, function*() {
        const name = sql`linda_${++this.parts}`
        yield* restore(this.ask(sql`SAVEPOINT ${name}`))
        const exit = yield* Effect.exit(restore(effect))
        if (Exit.isInterrupted(exit)) {
          // What is under way may take long. Who leaves does not wait for it, and whatever is asked next comes after.
          yield* Effect.sync(() => void this.send(sql`ROLLBACK TO ${name}`).catch(() => {}))
        } else if (Exit.isFailure(exit)) {
          yield* this.ask(sql`ROLLBACK TO ${name}`)
        }
        return yield* exit
      })
    )
  }

  /** As a transaction of its own, which says its settings if the session does not. Nothing else may come between. */
  alone<A>(effect: Effect.Effect<A, Lost | SpaceError>): Effect.Effect<A, Lost | SpaceError> {
    return this.isOwn ? effect : this.transaction(effect)
  }

  /** Runs a statement of the user's, with the user's parsers. It fails with what the driver fails with. */
  query(config: pg.QueryConfig): Promise<pg.QueryResult> {
    return this.next(async () => {
      try {
        return await this.client.query(config)
      } catch (error) {
        // It may run on. All else that ends the connection the driver says by an event.
        if (error instanceof Error && error.message === "Query read timeout") {
          this.lose(error)
        }
        throw error
      }
    }).catch((error: unknown) => {
      throw error instanceof Lost ? error.cause : error
    })
  }

  /** The driver has at most one statement at a time: what it does about more is about to change. */
  private next<A>(send: () => Promise<A>): Promise<A> {
    const sent = this.last.then(() => {
      if (this.lost !== undefined) {
        throw this.lost
      }
      return send()
    })
    this.last = sent.catch(() => {})
    return sent
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Its end
  // -------------------------------------------------------------------------------------------------------------------

  /** Ends it at once, whatever is under way. */
  readonly abandon: Effect.Effect<void> = Effect.sync(() => this.lose(new Error("Connection terminated")))

  /** Ends it as the protocol has it, unless it is lost. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    if (this.lost !== undefined) {
      return Effect.void
    }
    this.lost = new Lost(new Error("Connection terminated"))
    return Effect.promise(() => this.client.end().catch(() => {}))
  })
}

const beginning = (options: Pick<Read, "connection" | "lease">, version: number): Sql =>
  join([
    sql`BEGIN ISOLATION LEVEL READ COMMITTED`,
    sql`SET LOCAL extra_float_digits = 1`,
    ...Object.entries(timesOf(options)).flatMap(([name, millis]) =>
      name === "transaction_timeout" && version < 17_00_00
        ? []
        : [sql`SELECT set_config('${identifier("connection", name)}', '${millis}', true)`]
    )
  ], "; ")

/** Whether it works or not, as long as the connection lives. */
const unlessLost = <A>(effect: Effect.Effect<A, Lost | SpaceError>): Effect.Effect<void, Lost> =>
  Effect.asVoid(effect).pipe(
    Effect.catchIf((error): error is SpaceError => !(error instanceof Lost), () => Effect.void)
  )
