/**
 * New rows as text, and as they lie in an outbox.
 *
 * @internal
 */
import type { NewRow } from "@effect-linda/core/StoreCommand"

/** What most rows do not have is not written. */
export const lean = ({ accepted, arity, attempts, fields, keys, leased, meta, priority, shape, ttl }: NewRow) => ({
  arity,
  shape,
  fields,
  keys,
  ttl: ttl ?? undefined,
  leased: leased || undefined,
  meta: meta ?? undefined,
  attempts: attempts || undefined,
  priority: priority || undefined,
  accepted: accepted.length > 0 ? accepted : undefined
})

export const textOf = (rows: ReadonlyArray<NewRow>): string => JSON.stringify(rows.map(lean))

export const rowsOf = (text: string): ReadonlyArray<NewRow> =>
  (JSON.parse(text) as ReadonlyArray<ReturnType<typeof lean>>).map(({ accepted, leased, meta, ttl, ...row }) => ({
    ...row,
    ttl: ttl ?? null,
    leased: leased ?? false,
    meta: meta ?? null,
    accepted: accepted ?? []
  }))

/**
 * So many tuples are moved from an outbox into its space by one batch. What is more comes with the next, so that none
 * takes longer than its client may be silent.
 */
export const mostMoved = 10_000
