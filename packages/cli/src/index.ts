/**
 * The command `linda`: tuple spaces of files, PostgreSQL and servers, from the shell.
 *
 * @since 0.1.0
 */

/**
 * The command `linda`, as an Effect.
 *
 * @since 0.1.0
 */
export * as Cli from "./Cli.js"
