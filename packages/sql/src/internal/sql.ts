/**
 * SQL as text that nothing gets into but SQL, numbers and checked names: a text from elsewhere does not compile. What
 * comes from a program goes by parameters.
 *
 * By the name of the tag editors know that it is SQL.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"

declare const Checked: unique symbol

/** Text of SQL that was written here. */
export type Sql = string & { readonly [Checked]: true }

/** SQL, with parts that are SQL themselves. */
export const sql = (texts: TemplateStringsArray, ...parts: ReadonlyArray<Sql | number>): Sql => {
  let text = texts[0]!
  for (let i = 0; i < parts.length; i++) {
    text += `${parts[i]!}${texts[i + 1]!}`
  }
  return text as Sql
}

/** Parts of SQL, one after the other. */
export const join = (parts: ReadonlyArray<Sql>, separator = ", "): Sql => parts.join(separator) as Sql

/** The name of a schema, or what names of tables begin with: a plain identifier. */
export const identifier = (option: string, name: string): Sql => {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(name)) {
    throw new SpaceError({
      reason: "InvalidOption",
      message: `${option}: ${JSON.stringify(name)} is no plain identifier of up to 40 small letters, digits and _`
    })
  }
  return name as Sql
}

/** A name of PostgreSQL's, as it is said in a statement: whatever word it is. */
export const quoted = (name: Sql): Sql => sql`"${name}"`
