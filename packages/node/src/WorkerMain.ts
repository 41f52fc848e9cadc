/**
 * The entry of a worker thread of one's own: for bundles, in which the modules of the jobs have no URL any more.
 *
 * @since 0.1.0
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- jobs of any types */
import * as runner from "./internal/runner.js"
import type { Job } from "./Job.js"

/**
 * Runs the jobs of this thread, which are known by their names. A module that does nothing else is the `entry` of a pool.
 *
 * @since 0.1.0
 * @category running
 */
export const serve = (...jobs: ReadonlyArray<Job<any, any, any, any>>): void => runner.serve(jobs)
