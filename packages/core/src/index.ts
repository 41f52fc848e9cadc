/**
 * Tuple spaces for Effect.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as Pattern from "./Pattern.js"

/**
 * @since 0.1.0
 */
export * as Process from "./Process.js"

/**
 * @since 0.1.0
 */
export * as SpaceError from "./SpaceError.js"

/**
 * @since 0.1.0
 */
export * as SpaceEvent from "./SpaceEvent.js"

/**
 * @since 0.1.0
 */
export * as Transaction from "./Transaction.js"

/**
 * @since 0.1.0
 */
export * as Tuple from "./Tuple.js"

/**
 * @since 0.1.0
 */
export * as TupleSpace from "./TupleSpace.js"
