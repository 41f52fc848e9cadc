/**
 * D2: single operations of 8 callers on a space in PostgreSQL. The floor is the driver with a connection for each
 * caller.
 */
import { Pattern as P } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import { Effect } from "effect"
import { start } from "../../../packages/sql/test/postgres/server.js"
import type { Connection } from "../durable/client.js"
import { bareDriver } from "../durable/postgres.js"
import { rate, rounds } from "../durable/rounds.js"
import type { Size } from "../measure.js"
import { run } from "../measure.js"
import type { Row } from "../report.js"

const callers = 8

const ours = (connection: Connection, n: number) =>
  run(
    Effect.gen(function*() {
      const space = yield* Postgres.make({ connection })
      const out = yield* rate(callers, n, (i) => space.out(["job", i, "payload"]))
      const take = yield* rate(callers, n, () => space.in(["job", P.number, P.any]))
      return { out, take }
    }).pipe(Effect.orDie)
  )

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = size === "full" ? 5_000 : 64
  const server = await start()
  const rates = await rounds(size, {
    ours: () => ours(server.connection(), n),
    bare: () => bareDriver(server.connection(), callers, n)
  })
  await server.stop()
  const row = { workload: "D2", unit: "/s", must: ["at least", 0.6] } as const
  return [
    {
      ...row,
      what: "`out`, 8 callers",
      ours: rates.ours.out,
      floor: { name: "INSERT, 8 connections", value: rates.bare.insert }
    },
    {
      ...row,
      what: "`in`, 8 callers",
      ours: rates.ours.take,
      floor: { name: "DELETE … RETURNING, 8 connections", value: rates.bare.remove }
    }
  ]
}
