/**
 * The entry of a worker thread of one's own: for bundles, in which the modules of the jobs have no URL any more.
 *
 * @since 0.1.0
 */
import * as runner from "./internal/runner.js"
import type * as Job from "./Job.js"

/**
 * Runs the jobs of this thread, which are known by their names. A module that does nothing else is the `entry` of a
 * pool.
 *
 * @since 0.1.0
 * @category running
 */
export const serve = (...jobs: ReadonlyArray<Job.Any>): void => runner.serve(jobs)
