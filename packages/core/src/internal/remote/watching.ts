/**
 * What a client watches: a stream that is open at the other end, and read by chunks.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import { failing } from "../arguments.js"
import type { Dumped } from "../texts.js"
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
    const chunkOf = (wires: ReadonlyArray<any>): ReadonlyArray<unknown> =>
      kind === "stream" ?
        wires.flatMap(read) :
        wires.flatMap((event) =>
          event._tag === "Missed" ? [event] : read(event.tuple).map((tuple) => ({ ...event, tuple }))
        )
    const opening = Effect.map(connection.request("open", [kind, wire, { capacity, strategy, events }]), ([id]) => id)
    // The stream of a space that was closed ends.
    return opened(connection, opening, chunkOf, Effect.fail(Option.none()))
  }

/** All tuples as they are written down. If the space is closed meanwhile, some are missing. */
export const dumpOf = (connection: Connection): Verbs<SpaceError>["dump"] => () =>
  Stream.unwrapScoped(opened(
    connection,
    Effect.map(connection.request("dump", []), ([id]) => id),
    (wires: ReadonlyArray<any>): ReadonlyArray<Dumped> => wires,
    Effect.interrupt
  ))

/** A stream that this request opens at the other end, for as long as the scope is open. */
const opened = <A>(
  connection: Connection,
  opening: Effect.Effect<number, SpaceError>,
  chunkOf: (wires: ReadonlyArray<any>) => ReadonlyArray<A>,
  interrupted: Effect.Effect<never, Option.Option<SpaceError>>
): Effect.Effect<Stream.Stream<A, SpaceError>, SpaceError, Scope.Scope> => {
  const pull = (id: number) =>
    Effect.matchCauseEffect(connection.request("pull", [id]), {
      onSuccess: ([, wires]) =>
        wires === undefined
          ? Effect.fail(Option.none<SpaceError>())
          : Effect.mapError(
            failing(() => Effect.succeed(Chunk.fromIterable(chunkOf(wires)))),
            Option.some
          ),
      onFailure: (cause) =>
        Cause.isInterruptedOnly(cause) ? interrupted : Effect.failCause(Cause.map(cause, Option.some))
    })
  return Effect.map(
    Effect.acquireRelease(
      opening,
      // Over a link that has ended a request is interrupted; that is no reason for the scope to end so.
      (id) => Effect.exit(connection.request("close", [id]))
    ),
    (id) => Stream.repeatEffectChunkOption(pull(id))
  )
}
