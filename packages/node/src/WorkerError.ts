/**
 * What can go wrong with a process on a thread besides what it does itself.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Why a process on a thread has ended, if not by its own doing:
 *
 * - `"Spawn"`: its thread did not start, or its module could not be loaded.
 * - `"UnknownJob"`: its module has no such job among its exports.
 * - `"InvalidInput"`: its input does not fit its schema, or cannot be sent. `message` names the field.
 * - `"InvalidOutput"`: the same for its result.
 * - `"Crashed"`: its thread died: `process.exit`, an uncaught exception, an unhandled rejection, out of memory.
 *   `message` names the jobs that the thread ran, `cause` is what Node says.
 * - `"Stuck"`: it did not end within the grace period after its interruption, and its thread was terminated.
 *
 * @since 0.1.0
 * @category errors
 */
export class WorkerError extends Schema.TaggedError<WorkerError>("@effect-linda/node/WorkerError")("WorkerError", {
  reason: Schema.Literal("Spawn", "UnknownJob", "InvalidInput", "InvalidOutput", "Crashed", "Stuck"),
  message: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {}
