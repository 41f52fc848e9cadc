/**
 * What a client watches: a stream that is open at the other end, and read by chunks.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import { failing } from "../arguments.js"
import type { Values } from "../values.js"
import type { Verbs } from "../verbs.js"
import type { Connection } from "./connection.js"
import { admitted, widened } from "./sent.js"

export const watchOf =
  (connection: Connection, values: Values): Verbs<SpaceError>["watch"] =>
  (kind, pattern, { capacity, events, strategy }) => {
    const [wire, isWider] = widened(values, pattern)
    const read = (wire: unknown): Array<Tuple> =>
      isWider ? admitted(values, [wire], pattern) : [values.decodeTuple(wire)]
    const chunkOf = (wires: ReadonlyArray<any>): Array<unknown> =>
      kind === "stream" ?
        wires.flatMap(read) :
        wires.flatMap((event) =>
          event._tag === "Missed" ? [event] : read(event.tuple).map((tuple) => ({ ...event, tuple }))
        )
    const pull = (id: number) =>
      Effect.matchCauseEffect(connection.request("pull", [id]), {
        onSuccess: ([, wires]) =>
          wires === undefined
            ? Effect.fail(Option.none<SpaceError>())
            : Effect.mapError(
              failing(() => Effect.succeed(Chunk.fromIterable(chunkOf(wires)))),
              Option.some
            ),
        // The stream of a space that was closed ends.
        onFailure: (cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.fail(Option.none<SpaceError>())
            : Effect.failCause(Cause.map(cause, Option.some))
      })
    const opened = Effect.acquireRelease(
      Effect.map(connection.request("open", [kind, wire, { capacity, strategy, events }]), ([id]) => id),
      // Over a link that has ended a request is interrupted; that is no reason for the scope to end so.
      (id) => Effect.exit(connection.request("close", [id]))
    )
    return Effect.map(opened, (id) => Stream.repeatEffectChunkOption(pull(id)))
  }
