/** Where a space is, in words that another process can be told. */
import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import type { Duration, Effect, Scope } from "effect"
import type { Connection } from "./client.js"

export type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

export type Place = { readonly filename: string } | { readonly connection: Connection }

/** Opens a client of the space of that name there. */
export const openAt = (
  place: Place,
  options: { readonly space?: string; readonly schema?: string; readonly lease?: Duration.DurationInput } = {}
): Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope> =>
  "filename" in place
    ? Sqlite.make({ filename: place.filename, space: options.space, lease: options.lease })
    : Postgres.make({ connection: place.connection, ...options })
