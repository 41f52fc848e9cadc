/**
 * Tuples that are put by a transaction of your own: committed with its rows, or not at all.
 *
 * @since 0.1.0
 */
export * as Outbox from "./Outbox.js"

/**
 * Spaces in PostgreSQL: shared by programs on many machines.
 *
 * @since 0.1.0
 */
export * as Postgres from "./Postgres.js"

/**
 * Spaces in SQLite: embedded, durable, shared by the processes of one machine.
 *
 * @since 0.1.0
 */
export * as Sqlite from "./Sqlite.js"
