/**
 * The streams of several parts, as one.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Stream from "effect/Stream"
import type { SpaceError } from "../../SpaceError.js"
import { interruption } from "../runtime.js"

/** A part that is closed, which `Stream.mergeAll` would leave out without a word. */
class Closed {
  readonly _tag = "Closed"
}

type Events = Stream.Stream<unknown, SpaceError>

/** The mailboxes are those of the parts: no other reads ahead. */
export const merge = (streams: ReadonlyArray<Events>): Events =>
  Stream.mergeAll(
    streams.map((stream): Stream.Stream<unknown, SpaceError | Closed> =>
      Stream.catchAllCause(
        stream,
        (cause): Stream.Stream<never, SpaceError | Closed> =>
          Cause.isInterruptedOnly(cause) ? Stream.fail(new Closed()) : Stream.failCause(cause)
      )
    ),
    { concurrency: "unbounded", bufferSize: 1 }
  ).pipe(Stream.catchTag("Closed", () => Stream.failCause(interruption)))
