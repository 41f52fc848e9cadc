/**
 * Tuples on their way into a store: by a space, or past it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import type { SpaceError } from "../../SpaceError.js"
import type { Options } from "../../SpaceStore.js"
import type { NewRow } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { OutOptions } from "../../TupleSpace.js"
import { failing, lifeOf, onlyOptions, ownAll, schemasOf } from "../arguments.js"
import { spanOf, withFiber } from "../runtime.js"
import { encodeTuple } from "../texts.js"
import { harmless } from "../tracing.js"
import { Reader } from "./reader.js"

/** Refuses a tuple that cannot be stored. Says what is put, but for who accepts it then. */
export const rowOf = (
  reader: Reader,
  tuple: Tuple,
  span: Tracer.Span | undefined,
  ttl: number,
  leased: boolean,
  priority: number
): (accepted: NewRow["accepted"]) => NewRow => {
  reader.check(tuple)
  const meta = harmless(() => span?.sampled === true ? JSON.stringify([span.traceId, span.spanId]) : null) ?? null
  const { arity, fields, keys, shape } = encodeTuple(reader.values, tuple)
  const life = ttl === Infinity ? null : ttl
  // Not by spreading one into the other, which takes longer than all the rest.
  return priority === 0
    ? (accepted) => ({ arity, fields, keys, shape, ttl: life, leased, meta, accepted })
    : (accepted) => ({ arity, fields, keys, shape, ttl: life, leased, meta, priority, accepted })
}

/** Reads the options by which a program reads and writes a space of this name. Throws what is wrong with them. */
export const readerOf = (name: string, options: Options<any>, names: ReadonlyArray<keyof Options>): Reader => {
  const schemas = schemasOf(options)
  onlyOptions(options, names)
  return new Reader(name, { ...options, schemas })
}

export const encoder = (
  name: string,
  options: Options<any> = {}
): Effect.Effect<
  (
    tuples: Iterable<Tuple>,
    options?: Pick<OutOptions, "priority" | "ttl">
  ) => Effect.Effect<ReadonlyArray<NewRow>, SpaceError>,
  SpaceError
> =>
  failing(() => {
    const reader = readerOf(name, options, ["schemas", "protocol"])
    return Effect.succeed((tuples: unknown, options?: unknown) =>
      withFiber((fiber) =>
        failing(() => {
          const { priority, ttl } = lifeOf(options)
          const span = spanOf(fiber)
          return Effect.succeed(ownAll(tuples).map((tuple) => rowOf(reader, tuple, span, ttl, false, priority)([])))
        })
      )
    )
  })
