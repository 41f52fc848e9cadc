/**
 * Processes of a tuple space on worker threads.
 *
 * @since 0.1.0
 */

/**
 * Processes that can run on a thread.
 *
 * @since 0.1.0
 */
export * as Job from "./Job.js"

/**
 * Why a process on a thread has ended, if not by its own doing.
 *
 * @since 0.1.0
 */
export * as WorkerError from "./WorkerError.js"

/**
 * The pool of threads.
 *
 * @since 0.1.0
 */
export * as Workers from "./Workers.js"
