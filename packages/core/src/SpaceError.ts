/**
 * The one error of a tuple space.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Says what was wrong with an operation:
 *
 * - `"InvalidTuple"`: what was put is not a tuple of this space.
 * - `"InvalidPattern"`: a pattern, or a field of one, means nothing (`message` names the field and the remedy).
 * - `"InvalidOption"`: an option is outside its range.
 * - `"Reentrant"`: a predicate or a transaction used the space from within one of its steps.
 * - `"Unsupported"`: this engine cannot do what was asked.
 * - `"Unavailable"`: the engine behind the space was lost. What was asked for may have happened.
 * - `"Refused"`: the engine behind the space refuses what was asked for, as too large for instance: nothing of it has
 *   happened, and it will not if it is asked for again.
 * - `"Forbidden"`: the view of a space does not allow it (`message` names what, and what is allowed). Nothing of it has
 *   happened.
 * - `"Lapsed"`: a tuple was held for longer than its lease without a sign of life, and belongs to others again; or a
 *   session with a server was without a connection for too long, and what was under way in it is over.
 * - `"Undecodable"`: a tuple is there that this program cannot decode. It is back in its place; `message` names the
 *   field and its class.
 *
 * A space in memory has no failures of its own, so there these arrive as defects: they are bugs of the caller that the
 * types could not refuse. Engines that can fail, and views of every space, have `SpaceError` as their `E`.
 *
 * @since 0.1.0
 * @category errors
 */
export class SpaceError extends Schema.TaggedError<SpaceError>("@effect-linda/core/SpaceError")("SpaceError", {
  reason: Schema.Literal(
    "InvalidTuple",
    "InvalidPattern",
    "InvalidOption",
    "Reentrant",
    "Unsupported",
    "Unavailable",
    "Refused",
    "Forbidden",
    "Lapsed",
    "Undecodable"
  ),
  message: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {}
