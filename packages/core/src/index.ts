/**
 * Tuple spaces for Effect.
 *
 * @since 0.1.0
 */

/**
 * Reads options as the library reads its own.
 *
 * @since 0.1.0
 */
export * as Options from "./Options.js"

/**
 * How tuples are described: literals, formals, and what they match.
 *
 * @since 0.1.0
 */
export * as Pattern from "./Pattern.js"

/**
 * Processes that a space has started, and their failures.
 *
 * @since 0.1.0
 */
export * as Process from "./Process.js"

/**
 * What an operation looks for, where that is more than one pattern says.
 *
 * @since 0.1.0
 */
export * as Query from "./Query.js"

/**
 * A space at the other end of a link that carries messages.
 *
 * @since 0.1.0
 */
export * as Remote from "./Remote.js"

/**
 * One space split over several.
 *
 * @since 0.1.0
 */
export * as Sharded from "./Sharded.js"

/**
 * The one error of a tuple space.
 *
 * @since 0.1.0
 */
export * as SpaceError from "./SpaceError.js"

/**
 * What a subscription sees of a space.
 *
 * @since 0.1.0
 */
export * as SpaceEvent from "./SpaceEvent.js"

/**
 * What an engine of durable or distributed spaces has to do, and a space made of one.
 *
 * @since 0.1.0
 */
export * as SpaceStore from "./SpaceStore.js"

/**
 * What a store is told, and what it answers.
 *
 * @since 0.1.0
 */
export * as StoreCommand from "./StoreCommand.js"

/**
 * The operations of a space as parts of a transaction.
 *
 * @since 0.1.0
 */
export * as Transaction from "./Transaction.js"

/**
 * What a space holds.
 *
 * @since 0.1.0
 */
export * as Tuple from "./Tuple.js"

/**
 * Spaces: the service, its constructors and layers, and its operations. Read this first.
 *
 * @since 0.1.0
 */
export * as TupleSpace from "./TupleSpace.js"

/**
 * Fields that a program cannot decode.
 *
 * @since 0.1.0
 */
export * as Undecoded from "./Undecoded.js"
