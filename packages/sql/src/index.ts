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
