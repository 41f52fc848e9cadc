/**
 * The options of a space in PostgreSQL.
 *
 * @internal
 */
import * as OptionsOf from "@effect-linda/core/Options"
import { SpaceError } from "@effect-linda/core/SpaceError"
import { optionsOf } from "@effect-linda/core/SpaceStore"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type pg from "pg"
import type { Client, Connection, Options } from "../../Postgres.js"
import type { Sql } from "../sql.js"
import { identifier } from "../sql.js"

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

/** Words of SQL are welcome, for the name is quoted wherever it is said. */
export const schemaOf = (name: string): Sql => {
  if (name.startsWith("pg_")) {
    throw new SpaceError({
      reason: "InvalidOption",
      message: `schema: ${JSON.stringify(name)}: PostgreSQL keeps names that begin with pg_ for itself; use another`
    })
  }
  return identifier("schema", name)
}

/** Whether it is a client of `@effect/sql-pg`. A `SqlClient` is a function. */
export const isClient = (value: unknown): value is Client =>
  Predicate.hasProperty(value, "~@effect/sql-pg/PgClient") && Predicate.hasProperty(value, "config") &&
  Predicate.isRecord(value.config)

/** Where the pool of a client connects to, and as whom. What it does with its connections is no affair of ours. */
const targetOf = ({ config }: Client) => ({
  connectionString: config.url,
  host: config.host,
  port: config.port,
  database: config.database,
  user: config.username,
  password: config.password,
  ssl: config.ssl,
  stream: config.stream
})

/** The longest that a timer of the driver's lasts, in milliseconds. */
const longest = 2 ** 31 - 1

/** What the driver connects with: secrets are told to it alone. */
const connectionOf = (reader: OptionsOf.Reader, client: Client | undefined): pg.ClientConfig | undefined => {
  const given = reader.record("connection", "record of what the driver connects with", Object.keys(connectionNames))
  if (client === undefined) {
    return given && unredacted(given)
  }
  const target = targetOf(client)
  const twice = given && Object.keys(given).find((name) => name in target)
  if (twice !== undefined) {
    throw new SpaceError({
      reason: "InvalidOption",
      message: `connection.${twice}: the option "client" has a connection of its own: say where it goes in one place`
    })
  }
  const { applicationName, connectTimeout, types } = client.config
  return unredacted({
    ...target,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeout && Math.min(Duration.toMillis(connectTimeout), longest),
    // Statements of ours have parsers of their own.
    types,
    ...given
  })
}

/** As the driver takes it. What is left out is as if it was not said, for the driver takes it for said. */
const unredacted = (given: object): pg.ClientConfig =>
  Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, Redacted.isRedacted(value) ? Redacted.value(value) : value])
  )

const readerOf = (reader: OptionsOf.Reader) => {
  const lease = reader.millis("lease", "30 seconds", 1)
  const client = reader.value("client", isClient, "PgClient of @effect/sql-pg")
  return {
    lease,
    client,
    connection: connectionOf(reader, client),
    name: reader.text("space") ?? "default",
    schema: schemaOf(reader.text("schema") ?? "linda"),
    retry: reader.patience("retry", lease),
    poll: reader.patience("poll", Infinity, 1),
    clock: reader.one("clock", ["server", "client"]),
    migrate: reader.one("migrate", ["open", "hand"]),
    ofSpace: optionsOf(reader)
  }
}

/** What is read of the options of a store, and those of the space that is made of it. */
export type Read = ReturnType<typeof readerOf>

export const read = (options: Options): Effect.Effect<Read, SpaceError> => OptionsOf.read(options, readerOf)
