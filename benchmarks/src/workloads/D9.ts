/**
 * D9: what `inp` by `["job", P.rest(P.any)]` costs among a thousand stored tuples of several lengths, and among a
 * million. What it takes is put back, for which the clock stands still.
 */
import { rests } from "../durable/rests.js"
import { inPostgres, inSqlite } from "../durable/stored.js"
import type { Size } from "../measure.js"
import type { Row } from "../report.js"

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => [
  ...await inPostgres(size, rests),
  ...await inSqlite(size, rests)
]
