/**
 * How a database comes to have the tables that this version needs: numbered steps, each done once.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Sql } from "./sql.js"
import { sql } from "./sql.js"

/** A step from one version of the tables to the next. Steps that were released never change. */
export interface Migration {
  readonly name: Sql
  readonly statements: (prefix: Sql) => Sql
}

/** The steps that a database of this version lacks. Throws if it is newer than they are. */
export const missing = (
  migrations: ReadonlyArray<Migration>,
  version: number
): ReadonlyArray<readonly [number: number, migration: Migration]> => {
  if (version > migrations.length) {
    throw new SpaceError({
      reason: "Unsupported",
      message: `the database has tables of version ${version}, and this is for version ${migrations.length}: ` +
        `update @effect-linda/sql in this program`
    })
  }
  return migrations.map((migration, index) => [index + 1, migration] as const).slice(version)
}

/** The format of the fields that this program writes. */
export const format = SpaceStore.format

/**
 * Whether the format of the fields in a database has to be raised, because this program is going to write a later one.
 * Throws if they are of a later one than it reads: it would meet what it cannot decode, tuple by tuple.
 */
export const isOutdated = (found: number): boolean => {
  if (found > format) {
    throw new SpaceError({
      reason: "Unsupported",
      message: `the database has fields of format ${found}, and this program reads formats up to ` +
        `${format}: update @effect-linda/core and @effect-linda/sql in this program`
    })
  }
  return found < format
}

/** What is found in a database. */
export interface Found {
  /** Whether there is a table of the steps that were done. */
  readonly isBegun: boolean
  /** The last step that was done; 0 if there was none. */
  readonly version: number
  /** The format of the fields; 0 if there are none. */
  readonly format: number
}

/** What is missing in a database, and how it is made there. */
export interface Missing extends Found {
  readonly migrations: ReadonlyArray<Migration>
  /** What its steps are given. */
  readonly prefix: Sql
  /** The same, as the name of a table begins with it. */
  readonly table: Sql
  /** What is made anew after the steps. */
  readonly after?: ReadonlyArray<Sql>
}

/**
 * The statements that bring a database to this version, in their order, as parts of one transaction: whether a program
 * runs them or a person. Throws if the database is of a later version.
 */
export const bringing = ({ after = [], migrations, prefix, table, ...found }: Missing): ReadonlyArray<Sql> => {
  const steps = missing(migrations, found.version)
  return [
    ...(found.isBegun ? [] : [sql`CREATE TABLE ${table}migrations (number integer PRIMARY KEY, name text NOT NULL)`]),
    ...steps.flatMap(([number, { name, statements }]) => [
      sql`-- ${number}: ${name}\n${statements(prefix)}`,
      sql`INSERT INTO ${table}migrations (number, name) VALUES (${number}, '${name}')`
    ]),
    ...(steps.length > 0 ? after : []),
    ...(isOutdated(found.format) ? [sql`UPDATE ${table}meta SET value = ${format} WHERE name = 'format'`] : [])
  ]
}

/** The statements as a text to read, and to run by hand. */
export const scriptOf = (statements: ReadonlyArray<Sql>): string =>
  statements.map((statement) => `${statement.trim().replace(/;$/, "")};\n`).join("\n")
