/**
 * Tuple spaces over WebSocket, TCP and Unix sockets: the server, and the client that is the same service.
 *
 * @since 0.1.0
 */

/**
 * A space that is served elsewhere.
 *
 * @since 0.1.0
 */
export * as Client from "./Client.js"

/**
 * The server.
 *
 * @since 0.1.0
 */
export * as Server from "./Server.js"

/**
 * The directory of named spaces.
 *
 * @since 0.1.0
 */
export * as Spaces from "./Spaces.js"

/**
 * Tuples and patterns in JSON.
 *
 * @since 0.1.0
 */
export * as Json from "./Json.js"

/**
 * Spaces by HTTP and JSON.
 *
 * @since 0.1.0
 */
export * as Http from "./Http.js"
