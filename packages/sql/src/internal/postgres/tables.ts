/**
 * Finds the tables of a schema, and makes them or brings them up to date if need be.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Effect from "effect/Effect"
import { format, isOutdated, missing } from "../migrations.js"
import type { Sql } from "../sql.js"
import { quoted, sql } from "../sql.js"
import type { Connection } from "./connection.js"
import type { Lost } from "./failures.js"
import { classify, stateOf } from "./failures.js"
import { functions, migrations } from "./migrations.js"

type Step<A> = Effect.Effect<A, Lost | SpaceError>

const checked = <A>(check: () => A): Step<A> => Effect.try({ try: check, catch: classify })

/** The version of the tables, 0 if there are none, and the format of the fields in them. */
const look = (connection: Connection, name: Sql): Step<{ readonly version: number; readonly format: number }> =>
  Effect.gen(function*() {
    const schema = quoted(name)
    const { rows: [there] } = yield* connection.ask(
      sql`SELECT to_regclass('${schema}.migrations') AS migrations, to_regclass('${schema}.meta') AS meta`
    )
    const number = (table: string, text: Sql): Step<number> =>
      typeof there?.[table] !== "string"
        ? Effect.succeed(0)
        : Effect.map(connection.ask(text), ({ rows: [row] }) => Number(row?.["number"] ?? 0))
    return {
      version: yield* number("migrations", sql`SELECT max(number) AS number FROM ${schema}.migrations`),
      format: yield* number("meta", sql`SELECT value AS number FROM ${schema}.meta WHERE name = 'format'`)
    }
  })

/** Does what is missing, one program at a time. */
const bring = (connection: Connection, name: Sql): Step<void> => {
  const schema = quoted(name)
  const body = Effect.gen(function*() {
    yield* connection.ask(sql`SELECT pg_advisory_xact_lock(hashtext($1), 0)`, [name])
    const { rows: [there] } = yield* connection.ask(
      sql`SELECT to_regnamespace('${schema}') AS schema, to_regclass('${schema}.migrations') AS migrations`
    )
    // Whether it is there or not, the statement would ask for the right to make one.
    if (typeof there?.["schema"] !== "string") {
      yield* connection.ask(sql`CREATE SCHEMA ${schema}`)
    }
    if (typeof there?.["migrations"] !== "string") {
      yield* connection.ask(sql`CREATE TABLE ${schema}.migrations (number int PRIMARY KEY, name text NOT NULL)`)
    }
    const { version } = yield* look(connection, name)
    const steps = yield* checked(() => missing(migrations, version))
    for (const [number, step] of steps) {
      yield* connection.ask(step.statements(schema))
      yield* connection.ask(sql`INSERT INTO ${schema}.migrations (number, name) VALUES ($1, $2)`, [number, step.name])
    }
    if (steps.length > 0) {
      yield* connection.ask(functions(name))
    }
    const found = yield* look(connection, name)
    if (yield* checked(() => isOutdated(found.format))) {
      yield* connection.ask(sql`UPDATE ${schema}.meta SET value = $1 WHERE name = 'format'`, [format])
    }
  })
  return connection.transaction(body)
}

const isForbidden = (error: Lost | SpaceError): error is SpaceError =>
  error instanceof SpaceError && stateOf(error.cause) === "42501"

const forbidden = (name: Sql, problem: string) => (cause: SpaceError) =>
  Effect.fail(
    new SpaceError({
      reason: "Unsupported",
      message: `${cause.message}: ${problem}. Open a space of the schema "${name}" once as a role that may make ` +
        "tables, and grant this role USAGE on the schema, SELECT, INSERT, UPDATE and DELETE on its tables, and USAGE " +
        "on its sequences",
      cause: cause.cause
    })
  )

/** A role that may not make anything can work with tables that are there. */
export const prepare = (connection: Connection, name: Sql): Step<void> =>
  Effect.gen(function*() {
    const found = yield* Effect.catchIf(
      look(connection, name),
      isForbidden,
      forbidden(name, "this role may not read the tables")
    )
    const isCurrent = yield* checked(() => missing(migrations, found.version).length === 0 && !isOutdated(found.format))
    if (!isCurrent) {
      const problem = found.version === 0
        ? "there are no tables yet, and this role may not make them"
        : `the tables are of version ${found.version} with fields of format ${found.format}, this program needs ` +
          `version ${migrations.length} and format ${format}, and this role may not bring them there`
      yield* Effect.catchIf(bring(connection, name), isForbidden, forbidden(name, problem))
    }
  })
