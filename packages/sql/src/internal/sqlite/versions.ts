/**
 * Finds the tables of a file, and makes what is missing of them.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Database } from "../../Sqlite.js"
import type { Found } from "../migrations.js"
import { bringing, format } from "../migrations.js"
import type { Sql } from "../sql.js"
import { sql } from "../sql.js"
import { migrations } from "./migrations.js"

/** What is found in a file that is not there. */
export const nothing: Found = { isBegun: false, version: 0, format: 0 }

/** What there is in a file of the tables whose names begin like that. */
export const foundIn = (database: Database, prefix: Sql): Found => {
  const number = (table: "meta" | "migrations", text: Sql): number | undefined => {
    const there = database.prepare(sql`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`)
    return there.all(prefix + table).length === 0
      ? undefined
      : (database.prepare(text).all() as [{ number: number | null }])[0].number ?? 0
  }
  const version = number("migrations", sql`SELECT max(number) AS number FROM ${prefix}migrations`)
  const format = number("meta", sql`SELECT value AS number FROM ${prefix}meta WHERE name = 'format'`)
  return { isBegun: version !== undefined, version: version ?? 0, format: format ?? 0 }
}

/** The statements that bring the tables to this version. */
export const missingOf = (prefix: Sql, found: Found): ReadonlyArray<Sql> =>
  bringing({ ...found, migrations, prefix, table: prefix })

/** Brings the tables up to date, and returns the number of the space. In a transaction. */
export const migrate = (
  database: Database,
  { migrate, name, prefix }: { readonly migrate: "hand" | "open"; readonly name: string; readonly prefix: Sql }
): number => {
  const statements = missingOf(prefix, foundIn(database, prefix))
  if (migrate === "hand" && statements.length > 0) {
    throw new SpaceError({
      reason: "Unsupported",
      message: `SQLite: the tables ${prefix}… of this file are not of version ${migrations.length} with fields of ` +
        `format ${format}, and with the option "migrate" this program does not bring them there: run by hand what ` +
        "Sqlite.migrationScript gives"
    })
  }
  for (const statement of statements) {
    database.exec(statement)
  }
  database.prepare(sql`INSERT INTO ${prefix}spaces (name) VALUES (?) ON CONFLICT DO NOTHING`).run(name)
  const [{ id }] = database.prepare(sql`SELECT id FROM ${prefix}spaces WHERE name = ?`).all(name) as [{ id: number }]
  return id
}
