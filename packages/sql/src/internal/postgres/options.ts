/**
 * The options of a space in PostgreSQL.
 *
 * @internal
 */
import * as OptionsOf from "@effect-linda/core/Options"
import { SpaceError } from "@effect-linda/core/SpaceError"
import { optionsOf } from "@effect-linda/core/SpaceStore"
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type pg from "pg"
import type { Connection, Options } from "../../Postgres.js"
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

/** What the driver connects with: secrets are told to it alone. */
const connectionOf = (reader: OptionsOf.Reader): pg.ClientConfig | undefined => {
  const given = reader.record("connection", "record of what the driver connects with", Object.keys(connectionNames))
  return given && Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, Redacted.isRedacted(value) ? Redacted.value(value) : value])
  )
}

const readerOf = (reader: OptionsOf.Reader) => {
  const lease = reader.millis("lease", "30 seconds", 1)
  return {
    lease,
    connection: connectionOf(reader),
    name: reader.text("space") ?? "default",
    schema: schemaOf(reader.text("schema") ?? "linda"),
    retry: reader.patience("retry", lease),
    poll: reader.patience("poll", Infinity, 1),
    clock: reader.one("clock", ["server", "client"]),
    ofSpace: optionsOf(reader)
  }
}

/** What is read of the options of a store, and those of the space that is made of it. */
export type Read = ReturnType<typeof readerOf>

export const read = (options: Options): Effect.Effect<Read, SpaceError> => OptionsOf.read(options, readerOf)
