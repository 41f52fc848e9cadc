/**
 * D4: what `inp` costs among a thousand stored tuples, and among a million. What it takes is put back, for which the
 * clock stands still. The first field is the same in all tuples, the one in the middle is another in each.
 */
import { Pattern as P } from "@effect-linda/core"
import type { Stored } from "../durable/stored.js"
import { inPostgres, inSqlite } from "../durable/stored.js"
import type { Size } from "../measure.js"
import type { Row } from "../report.js"

const stored: Stored = {
  workload: "D4",
  tuple: (i) => ["job", i, "payload"],
  looks: {
    "the first field": (space) => space.inp(["job", P.any, P.any]),
    "the one in the middle": (space, i) => space.inp([P.any, i, P.any]),
    "both": (space, i) => space.inp(["job", i, P.any]),
    "both, which none has": (space, i) => space.inp(["job", -1 - i, P.any])
  }
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => [
  ...await inPostgres(size, stored),
  ...await inSqlite(size, stored)
]
