/**
 * How a database comes to have the tables that this version needs: numbered steps, each done once.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Sql } from "./sql.js"

/** A step from one version of the tables to the next. Steps that were released never change. */
export interface Migration {
  readonly name: string
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
