import { Postgres } from "@effect-linda/sql"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { Effect, Layer } from "effect"
import { fresh } from "./kit.js"
import { lacks, skip } from "./lacks.js"
import { useServer } from "./postgres/useServer.js"
import { clients } from "./shared.js"
import { undecodables } from "./undecodable.js"

const server = useServer()

Conformance.suite({
  name: "in PostgreSQL",
  layer: Layer.unwrapEffect(
    Effect.sync(() => Postgres.layer({ connection: server().connection(), space: fresh() }))
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
