/**
 * Finds the tables of a schema, and makes them or brings them up to date if need be.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Effect from "effect/Effect"
import type { Found } from "../migrations.js"
import { bringing, format, isOutdated, missing } from "../migrations.js"
import type { Sql } from "../sql.js"
import { quoted, sql } from "../sql.js"
import type { Connection } from "./connection.js"
import type { Lost } from "./failures.js"
import { classify, stateOf } from "./failures.js"
import { functions, migrations } from "./migrations.js"
import type { Read } from "./options.js"

type Step<A> = Effect.Effect<A, Lost | SpaceError>

const checked = <A>(check: () => A): Step<A> => Effect.try({ try: check, catch: classify })

/** What there is of a schema. */
const look = (connection: Connection, name: Sql): Step<Found & { readonly hasSchema: boolean }> =>
  Effect.gen(function*() {
    const schema = quoted(name)
    // From the catalog: the server may remember of an earlier question, until it reads a table, that there was nothing.
    const { rows: [there] } = yield* connection.ask(
      sql`SELECT (SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = '${name}') AS schema,
        to_regclass('${schema}.migrations') AS migrations, to_regclass('${schema}.meta') AS meta`
    )
    const is = (what: string): boolean => typeof there?.[what] === "string"
    const number = (table: string, text: Sql): Step<number> =>
      is(table)
        ? Effect.map(connection.ask(text), ({ rows: [row] }) => Number(row?.["number"] ?? 0))
        : Effect.succeed(0)
    return {
      hasSchema: is("schema"),
      isBegun: is("migrations"),
      version: yield* number("migrations", sql`SELECT max(number) AS number FROM ${schema}.migrations`),
      format: yield* number("meta", sql`SELECT value AS number FROM ${schema}.meta WHERE name = 'format'`)
    }
  })

/** The statements that bring a schema to this version. */
const statementsOf = (connection: Connection, name: Sql): Step<ReadonlyArray<Sql>> =>
  Effect.flatMap(look(connection, name), ({ hasSchema, ...found }) =>
    checked(() => {
      const schema = quoted(name)
      return [
        // Whether it is there or not, the statement would ask for the right to make one.
        ...(hasSchema ? [] : [sql`CREATE SCHEMA ${schema}`]),
        ...bringing({ ...found, migrations, prefix: schema, table: sql`${schema}.`, after: [functions(name)] })
      ]
    }))

/** Does what is missing, one program at a time. */
const bring = (connection: Connection, name: Sql): Step<void> => {
  const body = Effect.gen(function*() {
    yield* connection.ask(sql`SELECT pg_advisory_xact_lock(hashtext($1), 0)`, [name])
    const statements = yield* statementsOf(connection, name)
    yield* Effect.forEach(statements, (statement) => connection.ask(statement), { discard: true })
  })
  return connection.transaction(body)
}

const isForbidden = (error: Lost | SpaceError): error is SpaceError =>
  error instanceof SpaceError && stateOf(error.cause) === "42501"

const forbidden = (name: Sql, problem: string) => (cause: SpaceError) =>
  Effect.fail(unsupported(name, `${cause.message}: ${problem}`, cause.cause))

const unsupported = (name: Sql, problem: string, cause?: unknown): SpaceError =>
  new SpaceError({
    reason: "Unsupported",
    message: `${problem}. Open a space of the schema "${name}" once as a role that may make tables, and grant this ` +
      "role USAGE on the schema, SELECT, INSERT, UPDATE and DELETE on its tables, and USAGE on its sequences; or run " +
      "by hand what Postgres.migrationScript gives",
    cause
  })

const unreadable = "this role may not read the tables"

/** The statements that {@link prepare} would run. */
export const missingOf = (connection: Connection, name: Sql): Step<ReadonlyArray<Sql>> =>
  Effect.catchIf(statementsOf(connection, name), isForbidden, forbidden(name, unreadable))

/** A role that may not make anything can work with tables that are there. */
export const prepare = (
  connection: Connection,
  { migrate, schema: name }: Pick<Read, "migrate" | "schema">
): Step<void> =>
  Effect.gen(function*() {
    const found = yield* Effect.catchIf(look(connection, name), isForbidden, forbidden(name, unreadable))
    const isCurrent = yield* checked(() => missing(migrations, found.version).length === 0 && !isOutdated(found.format))
    if (isCurrent) {
      return
    }
    const who = migrate === "hand" ? "with the option \"migrate\" this program does" : "this role may"
    const problem = found.version === 0
      ? `there are no tables yet, and ${who} not make them`
      : `the tables are of version ${found.version} with fields of format ${found.format}, this program needs ` +
        `version ${migrations.length} and format ${format}, and ${who} not bring them there`
    yield* migrate === "hand"
      ? Effect.fail(unsupported(name, `PostgreSQL: ${problem}`))
      : Effect.catchIf(bring(connection, name), isForbidden, forbidden(name, problem))
  })
