/**
 * Tuples: what a space holds.
 *
 * @since 0.1.0
 */

/**
 * A non-empty, read-only array of fields. In memory a field is any JavaScript value; an engine that stores its tuples
 * elsewhere says what it can carry.
 *
 * @since 0.1.0
 * @category models
 */
export type Tuple = readonly [unknown, ...Array<unknown>]
