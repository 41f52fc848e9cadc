import { Postgres } from "@effect-linda/sql"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { afterAll, beforeAll } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { lacks, skip } from "./lacks.js"
import type { Server } from "./postgres/server.js"
import { start } from "./postgres/server.js"
import { clients } from "./shared.js"

let server: Server
beforeAll(async () => {
  server = await start()
}, 60_000)
afterAll(() => server.stop())

let spaces = 0

Conformance.suite({
  name: "in PostgreSQL",
  layer: Layer.unwrapEffect(
    Effect.sync(() => Postgres.layer({ connection: server.connection(), space: `space ${++spaces}` }))
  ),
  time: "live",
  lacks,
  skip
})

clients(
  "several clients of one server",
  (space, options) =>
    Effect.suspend(() => Postgres.make({ connection: server.connection(), space, ...options } as Postgres.Options))
)
