/**
 * Outboxes: tuples on their way into a space by a transaction that is not the space's.
 *
 * @internal
 */
import * as OptionsOf from "@effect-linda/core/Options"
import type { SpaceError } from "@effect-linda/core/SpaceError"
import * as SpaceStore from "@effect-linda/core/SpaceStore"
import type { Tuple } from "@effect-linda/core/Tuple"
import { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { Options, Outbox } from "../Outbox.js"
import { textOf } from "./rows.js"
import type { Sql } from "./sql.js"

/** How a database has an outbox. */
interface Dialect {
  /** Reads what tells the tables of one space from those of others. */
  readonly tables: (reader: OptionsOf.Reader) => Sql
  /** Puts into the outbox of the space by the first parameter what is written in the second. */
  readonly put: (tables: Sql) => Sql
  /** What it means that the statement fails. */
  readonly failed: (error: SqlError, tables: Sql) => SpaceError
}

export const outboxOf =
  ({ failed, put, tables }: Dialect) =>
  <T extends Tuple>(options: Options<T> = {}): Effect.Effect<Outbox<T>, SpaceError> =>
    Effect.gen(function*() {
      const read = yield* OptionsOf.read(options, (reader) => ({
        tables: tables(reader),
        space: reader.text("space") ?? "default",
        ofRows: reader.pick("schemas", "protocol")
      }))
      const sql = put(read.tables)
      const encode = yield* SpaceStore.encoder<T>(read.space, read.ofRows)
      const statement: Outbox<T>["statement"] = (tuples, options) =>
        Effect.map(encode(tuples, options), (rows) => ({ sql, params: [read.space, textOf(rows)] }))
      const run = (statement: ReturnType<Outbox<T>["statement"]>) =>
        Effect.flatMap(statement, ({ params, sql }) =>
          Effect.flatMap(SqlClient, (client) =>
            Effect.mapError(Effect.asVoid(client.unsafe(sql, params)), (error) =>
              failed(error, read.tables))))
      return {
        out: (tuple, options) =>
          run(statement([tuple], options)),
        outAll: (tuples, options) =>
          run(statement(tuples, options)),
        statement
      }
    })
