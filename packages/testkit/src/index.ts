/**
 * What it takes to test tuple spaces, and programs that use them. The suite that every engine has to pass is in
 * `@effect-linda/testkit/Conformance`, which needs vitest.
 *
 * @since 0.1.0
 */

/**
 * Tuples, patterns and operations drawn at random.
 *
 * @since 0.1.0
 */
export * as Arbitrary from "./Arbitrary.js"

/**
 * Random programs, run against a space and the model.
 *
 * @since 0.1.0
 */
export * as Commands from "./Commands.js"

/**
 * What concurrent clients did, and whether it is linearizable.
 *
 * @since 0.1.0
 */
export * as History from "./History.js"

/**
 * What a tuple space is, as a pure value.
 *
 * @since 0.1.0
 */
export * as Model from "./Model.js"

/**
 * Random numbers from a seed.
 *
 * @since 0.1.0
 */
export * as Random from "./Random.js"

/**
 * How the fibers of a program are interleaved, from a seed.
 *
 * @since 0.1.0
 */
export * as Schedule from "./Schedule.js"

/**
 * A scheduler of Effect's that follows a schedule.
 *
 * @since 0.1.0
 */
export * as Scheduler from "./Scheduler.js"

/**
 * Programs run under many schedules.
 *
 * @since 0.1.0
 */
export * as Simulation from "./Simulation.js"

/**
 * A space for the tests of programs that use one.
 *
 * @since 0.1.0
 */
export * as TestSpace from "./TestSpace.js"
