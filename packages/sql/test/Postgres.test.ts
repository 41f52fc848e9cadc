import { Postgres } from "@effect-linda/sql"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { beforeAll } from "@effect/vitest"
import { Effect, Layer } from "effect"
import pg from "pg"
import { fresh, grants } from "./kit.js"
import { lacks, skip } from "./lacks.js"
import { useServer } from "./postgres/useServer.js"
import { clients } from "./shared.js"
import { undecodables } from "./undecodable.js"

const server = useServer()

// The tables are there, and who works with them has the rights that docs/durable.md grants, and no other.
beforeAll(async () => {
  await Effect.runPromise(Effect.scoped(Postgres.make({ connection: server().connection() })))
  const admin = new pg.Client(server().connection())
  await admin.connect()
  await admin.query(`CREATE ROLE app LOGIN; ${grants("app")}`)
  await admin.end()
})

Conformance.suite({
  name: "in PostgreSQL",
  layer: Layer.unwrapEffect(
    Effect.sync(() => Postgres.layer({ connection: { ...server().connection(), user: "app" }, space: fresh() }))
  ),
  time: "live",
  lacks,
  skip
})

clients(
  "several clients of one server",
  (space, options) =>
    Effect.suspend(() => Postgres.make({ connection: server().connection(), space, ...options } as Postgres.Options))
)

undecodables(
  "PostgreSQL",
  (space, options) => Effect.suspend(() => Postgres.make({ ...options, connection: server().connection(), space }))
)
