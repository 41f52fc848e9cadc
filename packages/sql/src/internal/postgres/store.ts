/**
 * A client of a space in PostgreSQL: one connection, by which its batches go and its notifications come.
 *
 * @internal
 */
import * as OptionsOf from "@effect-linda/core/Options"
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { SpaceStore } from "@effect-linda/core/SpaceStore"
import { optionsOf } from "@effect-linda/core/SpaceStore"
import type { Command, Outcome, Run } from "@effect-linda/core/StoreCommand"
import * as StoreCommand from "@effect-linda/core/StoreCommand"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type pg from "pg"
import type { Connection, Options } from "../../Postgres.js"
import { load } from "../drivers.js"
import { format, isOutdated, missing } from "../migrations.js"
import type { Sql } from "../sql.js"
import { identifier, sql } from "../sql.js"
import { migrations } from "./migrations.js"
import type { OutcomeWire } from "./wire.js"
import { decode, encode } from "./wire.js"

/** A store, and the connection on which its transactions run. */
export interface PostgresStore extends SpaceStore {
  readonly connection: () => pg.Client
}

/** What a batch failed with before it could be known whether it happened. It is sent again. */
class Lost {
  constructor(readonly cause: unknown) {}
}

const unavailable = (cause: unknown): SpaceError =>
  cause instanceof SpaceError ? cause : new SpaceError({
    reason: "Unavailable",
    message: `PostgreSQL: ${OptionsOf.messageOf(cause)}`,
    cause
  })

/** Batches on their way at a time: one is made while the server does the other. */
const depth = 2

/** Of the classes of SQLSTATE: the connection, the operator's doings, lack of resources; and conflicts, which pass. */
const passing = /^(08|57P|53|40)/

const classify = (error: any): SpaceError | Lost => {
  if (error instanceof SpaceError || error instanceof Lost) {
    return error
  }
  if (error?.code === "LINDA") {
    return new SpaceError({
      reason: "Lapsed",
      message:
        "there was no sign of life of this client for longer than its lease: what it held belongs to others again"
    })
  }
  // Errors of the server have a severity; all others are of the connection.
  return error?.severity === undefined || passing.test(error.code) ? new Lost(error) : unavailable(error)
}

const attempt = <A>(body: () => Promise<A>): Effect.Effect<A, Lost | SpaceError> =>
  Effect.tryPromise({ try: body, catch: classify })

/**
 * Creates the schema, or brings it up to date; one program at a time. Returns the number of the space and that of its
 * lock.
 */
const migrate = async (client: pg.Client, schema: Sql, name: string): Promise<readonly [number, number]> => {
  const { rows: [{ lock }] } = await client.query("SELECT hashtext($1) AS lock", [schema])
  await client.query("BEGIN")
  try {
    await client.query("SELECT pg_advisory_xact_lock($1, 0)", [lock])
    await client.query(sql`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    await client.query(
      sql`CREATE TABLE IF NOT EXISTS ${schema}.migrations (number int PRIMARY KEY, name text NOT NULL)`
    )
    const { rows: [{ version }] } = await client.query(
      sql`SELECT coalesce(max(number), 0) AS version FROM ${schema}.migrations`
    )
    for (const [number, { name, statements }] of missing(migrations, version)) {
      await client.query(statements(schema))
      await client.query(sql`INSERT INTO ${schema}.migrations (number, name) VALUES ($1, $2)`, [number, name])
    }
    const { rows: [{ found }] } = await client.query(
      sql`SELECT value AS found FROM ${schema}.meta WHERE name = 'format'`
    )
    if (isOutdated(found)) {
      await client.query(sql`UPDATE ${schema}.meta SET value = $1 WHERE name = 'format'`, [format])
    }
    await client.query(sql`INSERT INTO ${schema}.spaces (name) VALUES ($1) ON CONFLICT DO NOTHING`, [name])
    const { rows: [{ id }] } = await client.query(sql`SELECT id FROM ${schema}.spaces WHERE name = $1`, [name])
    await client.query("COMMIT")
    return [id, lock]
  } catch (error) {
    await client.query("ROLLBACK")
    throw error
  }
}

/** What `connection` can have. The driver takes any name, and ignores what it does not know. */
const connectionNames: Readonly<Record<keyof Connection, true>> = {
  connectionString: true,
  host: true,
  port: true,
  database: true,
  user: true,
  password: true,
  ssl: true,
  sslnegotiation: true,
  enableChannelBinding: true,
  options: true,
  application_name: true,
  fallback_application_name: true,
  client_encoding: true,
  connectionTimeoutMillis: true,
  query_timeout: true,
  statement_timeout: true,
  lock_timeout: true,
  idle_in_transaction_session_timeout: true,
  keepAlive: true,
  keepAliveInitialDelayMillis: true,
  stream: true
}

/** Reads the options of a store. */
const readerOf = (reader: OptionsOf.Reader) => {
  const lease = reader.millis("lease", "30 seconds", 1)
  return {
    lease,
    connection: reader.record("connection", "record of what the driver connects with", Object.keys(connectionNames)) as
      | pg.ClientConfig
      | undefined,
    name: reader.text("space") ?? "default",
    schema: identifier("schema", reader.text("schema") ?? "linda"),
    retry: reader.patience("retry", lease),
    clock: reader.one("clock", ["server", "client"]),
    ofSpace: optionsOf(reader)
  }
}

/** What is read of the options of a store, and those of the space that is made of it. */
export type Read = ReturnType<typeof readerOf>

export const read = (options: Options): Effect.Effect<Read, SpaceError> => OptionsOf.read(options, readerOf)

export const make = ({ clock, connection: connecting, lease, name, retry, schema }: Read): Effect.Effect<
  PostgresStore,
  SpaceError,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const { Client } = yield* load("pg", () => import("pg"))
    /** A batch may be sent while the one before is under way: the driver keeps their order. Transactions are alone. */
    const slots = yield* Effect.makeSemaphore(depth)
    /** Batches that were lost are sent again one by one, in their order, before any other. */
    const repair = yield* Effect.makeSemaphore(1)
    let lost = 0
    const now = clock === "client" ? Clock.currentTimeMillis : Effect.succeed(null)

    let connection: pg.Client | undefined
    let space = 0
    let spaceLock = 0
    let client = 0
    let seq = 0
    let notify = () => {}

    const drop = (broken: pg.Client): void => {
      if (connection === broken) {
        connection = undefined
        // We look for mail, and so connect again, at once.
        notify()
      }
    }

    /** What is sent next goes by another connection. */
    const abandon = (broken: pg.Client | undefined): void => {
      if (broken !== undefined && connection === broken) {
        connection = undefined
        broken.end().catch(() => {})
      }
    }

    const connected = Effect.suspend(() =>
      connection !== undefined ? Effect.succeed(connection) : attempt(async () => {
        const opened = new Client({
          keepAlive: true,
          connectionTimeoutMillis: 10_000,
          query_timeout: Math.min(lease, 2 ** 30),
          // What our type leaves open is the driver's to check.
          ...connecting
        })
        opened.on("error", () => drop(opened))
        opened.on("end", () => drop(opened))
        opened.on("notification", () => notify())
        await opened.connect()
        try {
          if (space === 0) {
            ;[space, spaceLock] = await migrate(opened, schema, name)
          }
          if (client !== 0) {
            await opened.query(sql`LISTEN "${schema}_${client}"`)
          }
        } catch (error) {
          await opened.end().catch(() => {})
          throw error
        }
        connection = opened
        notify()
        return opened
      })
    )

    /** Begins to live, under a new name. */
    const enter = Effect.gen(function*() {
      const opened = yield* connected
      const time = yield* now
      yield* attempt(async () => {
        const { rows: [{ id }] } = await opened.query(
          sql`INSERT INTO ${schema}.clients (space, until)
            VALUES ($1, coalesce($2, extract(epoch FROM clock_timestamp()) * 1000) + $3) RETURNING id::int8`,
          [space, time, lease]
        )
        if (client !== 0) {
          await opened.query(`UNLISTEN "${schema}_${client}"`)
        }
        client = Number(id)
        seq = 0
        await opened.query(sql`LISTEN "${schema}_${client}"`)
      })
    })

    const patience = Schedule.exponential("20 millis").pipe(
      Schedule.union(Schedule.spaced("1 seconds")),
      Schedule.upTo(retry)
    )

    /** Until it is known what has become of it. */
    const certainly = <A, E, R>(
      effect: Effect.Effect<A, E | Lost, R>
    ): Effect.Effect<A, Exclude<E, Lost> | SpaceError, R> =>
      Effect.retry(effect, {
        schedule: patience,
        while: (error) => {
          const isLost = error instanceof Lost
          if (isLost) {
            abandon(connection)
          }
          return isLost
        }
      }).pipe(
        Effect.mapError((error) =>
          (error instanceof Lost ? unavailable(error.cause) : error) as Exclude<E, Lost> | SpaceError
        )
      )

    /** By our clock: only while a test moves it. */
    const perform = (
      opened: pg.Client,
      number: number | null,
      commands: ReadonlyArray<Command>
    ): Effect.Effect<Outcome, Lost | SpaceError> =>
      Effect.flatMap(now, (time) =>
        attempt(async () => {
          const { rows: [{ outcome }] } = await sent(client, opened, {
            name: `${schema}_run`,
            text: sql`SELECT ${schema}.run($1, $2, $3, $4, $5, $6, $7) AS outcome`,
            values: [spaceLock, space, client, number, lease, time, encode(commands)]
          })
          return decode(commands, outcome as OutcomeWire)
        }))

    /** The client that was last taken for dead. */
    let dead = -1

    const sent = async (as: number, opened: pg.Client, query: pg.QueryConfig): Promise<pg.QueryResult> => {
      try {
        return await opened.query(query)
      } catch (error) {
        if ((error as { readonly code?: string }).code === "LINDA") {
          dead = as
        }
        throw error
      }
    }

    const entering = yield* Effect.makeSemaphore(1)
    const enterAgain = entering.withPermits(1)(
      Effect.suspend(() => dead === client ? Effect.ignore(certainly(enter)) : Effect.void)
    )

    const again = <A, E, R>(effect: Effect.Effect<A, E | SpaceError, R>): Effect.Effect<A, E | SpaceError, R> =>
      Effect.tapError(
        effect,
        (error) => error instanceof SpaceError && error.reason === "Lapsed" ? enterAgain : Effect.void
      )

    const run = StoreCommand.run((commands) =>
      Effect.uninterruptible(
        slots.withPermits(1)(again(Effect.suspend(() => {
          const number = ++seq
          const mend = Effect.suspend(() => {
            lost++
            return Effect.ensuring(
              repair.withPermits(1)(
                certainly(Effect.flatMap(connected, (opened) => perform(opened, number, commands)))
              ),
              Effect.sync(() => lost--)
            )
          })
          const opened = connection
          return opened === undefined || lost > 0 ? mend : Effect.catchAll(
            perform(opened, number, commands),
            (error) => {
              if (!(error instanceof Lost)) {
                return Effect.fail(error)
              }
              // Nothing else may go by it: what waits there would come before this is sent again.
              abandon(opened)
              return mend
            }
          )
        })))
      )
    )

    /** Whether a batch is known to the server: of one that was lost, whether it happened. */
    const isDone = (number: number) =>
      Effect.flatMap(connected, (opened) =>
        attempt(async () => {
          const { rows } = await opened.query(sql`SELECT seq::int8 FROM ${schema}.clients WHERE id = $1`, [client])
          return rows.length > 0 && Number(rows[0].seq) === number
        }))

    const transaction: SpaceStore["transaction"] = <A, E, R>(
      body: (run: Run) => Effect.Effect<A, E, R>
    ) =>
      Effect.uninterruptibleMask((restore) =>
        slots.withPermits(depth)(again(Effect.suspend(() => {
          const number = ++seq
          let result: { readonly value: A } | undefined
          const once: Effect.Effect<A, E | Lost | SpaceError, R> = Effect.gen(function*() {
            if (result !== undefined && (yield* isDone(number))) {
              return result.value
            }
            result = undefined
            const opened = yield* connected
            let lost: Lost | undefined
            let isFirst = true
            yield* attempt(() => opened.query("BEGIN"))
            const run = StoreCommand.run((commands) =>
              Effect.uninterruptible(Effect.suspend(() => {
                const own = isFirst ? number : null
                isFirst = false
                return Effect.mapError(perform(opened, own, commands), (error) => {
                  if (error instanceof Lost) {
                    lost = error
                    return unavailable(error.cause)
                  }
                  return error
                })
              }))
            )
            const exit = yield* Effect.exit(restore(body(run)))
            if (lost !== undefined) {
              return yield* Effect.fail(lost)
            }
            if (Exit.isFailure(exit)) {
              yield* Effect.ignore(attempt(() => opened.query("ROLLBACK")))
              return yield* exit
            }
            if (isFirst) {
              // So that it can be known whether it happened.
              yield* perform(opened, number, [])
            }
            result = { value: exit.value }
            const { command } = yield* attempt(() => opened.query("COMMIT"))
            if (command !== "COMMIT") {
              return yield* Effect.fail(
                unavailable(new Error("a statement of the transaction has failed: it was undone"))
              )
            }
            return exit.value
          })
          return certainly(once)
        })))
      )

    yield* Effect.acquireRelease(
      certainly(enter),
      () =>
        Effect.ignore(Effect.flatMap(now, (time) =>
          slots.withPermits(depth)(attempt(async () => {
            const opened = connection
            connection = undefined
            if (opened !== undefined) {
              notify = () => {}
              try {
                await opened.query(sql`SELECT ${schema}.leave($1, $2, $3, $4)`, [spaceLock, space, client, time])
              } finally {
                await opened.end()
              }
            }
          }))))
    )

    return {
      name,
      lease,
      depth,
      run,
      transaction,
      onMail: (callback) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            notify = callback
          }),
          () =>
            Effect.sync(() => {
              notify = () => {}
            })
        ),
      connection: () => connection!
    }
  })
