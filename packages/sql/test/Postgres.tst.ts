import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import type { PgClient } from "@effect/sql-pg"
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Effect, Layer, Redacted } from "effect"
import { Config } from "effect"
import type { ClientConfig } from "pg"
import { describe, expect, it } from "tstyche"

/** How values are parsed and queries queued is the store's own affair. */
type Ours = "types" | "pipeline"

/** Their values are of Node's types. */
type OfNode = "ssl" | "stream"

/** These may be redacted too. */
type Secret = "connectionString" | "password"

type Theirs = Omit<ClientConfig, Ours | OfNode>

describe("Postgres.Connection, which needs no types of pg", () => {
  it("T6 takes whatever the driver is configured with", () => {
    expect<ClientConfig>().type.toBeAssignableTo<Postgres.Connection>()
  })

  it("T6 has the options of the driver, no more and no less, of the same types", () => {
    expect<keyof Postgres.Connection | Ours>().type.toBe<keyof ClientConfig>()
    expect<Omit<Postgres.Connection, OfNode | Secret>>().type.toBeAssignableTo<Omit<Theirs, Secret>>()
    expect<Theirs>().type.toBeAssignableTo<Omit<Postgres.Connection, OfNode>>()
  })

  it("takes what is secret as it is, or redacted", () => {
    expect<NonNullable<Postgres.Connection["connectionString"]>>().type.toBe<string | Redacted.Redacted>()
    expect<Exclude<Postgres.Connection["password"], Redacted.Redacted>>().type.toBe<ClientConfig["password"]>()
  })

  it("T6 knows its options", () => {
    expect({ connectionString: "postgres://host/database", ssl: { rejectUnauthorized: false } })
      .type.toBeAssignableTo<Postgres.Connection>()
    expect<{ readonly port: string }>().type.not.toBeAssignableTo<Postgres.Connection>()
    expect<Postgres.Options["connection"]>().type.not.toBe<any>()
  })
})

describe("Postgres.Client, which needs no types of @effect/sql-pg", () => {
  it("is the service of that package, and no client of another database", () => {
    expect<PgClient.PgClient>().type.toBeAssignableTo<Postgres.Client>()
    expect<SqlClient>().type.not.toBeAssignableTo<Postgres.Client>()
  })

  it("is an option of a space, also in configuration", () => {
    expect<{ readonly client: PgClient.PgClient }>().type.toBeAssignableTo<Postgres.Options>()
    expect<{ readonly client: SqlClient }>().type.not.toBeAssignableTo<Postgres.Options>()
    expect(Postgres.layerConfig).type.toBeCallableWith({ client: Config.succeed({} as PgClient.PgClient) })
  })

  it("is taken from what the program has by a layer", () => {
    expect(Postgres.layerClient({ space: "jobs" })).type.toBe<
      Layer.Layer<TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>, SpaceError.SpaceError, SqlClient>
    >()
    expect(Postgres.layerClient).type.not.toBeCallableWith({ client: {} as PgClient.PgClient })
  })
})

describe("migrations by hand", () => {
  it("are a word, and a text", () => {
    expect<NonNullable<Postgres.Options["migrate"]>>().type.toBe<"hand" | "open">()
    expect<Effect.Effect.Success<ReturnType<typeof Postgres.migrationScript>>>().type.toBe<string>()
  })
})
