import { Pattern as P, Process, SpaceError, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import type { Schema, Scope } from "effect"
import { Cause, Effect, Exit, Option } from "effect"
import Libsql from "libsql"
import { copyFileSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import { failed, held, instancesOf, leased, Overheated, Point, samplesOf } from "./fixtures/samples.js"
import type { Space } from "./kit.js"
import { same } from "./kit.js"
import { useAdmin, useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("formats")

const server = useServer()
const admin = useAdmin(server)

const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)

type Schemas = ReadonlyArray<Schema.Schema<any, any>>

/** A copy of what another program has left behind, long ago. */
interface Left {
  readonly open: (schemas?: Schemas) => Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>
  /** Runs a statement of SQL, and gives the first column of its first row. */
  readonly sql: (statement: string) => Effect.Effect<unknown>
  /** What the names of its tables begin with. */
  readonly prefix: string
}

let copies = 0

/** What was kept of each engine: one for each format of fields and, where its tables have changed since, of these. */
const dumps: Readonly<Record<string, ReadonlyArray<readonly [name: string, format: number]>>> = {
  "a file of SQLite": [["format-1", 1], ["format-2", 2]],
  "a dump of PostgreSQL": [["format-1", 1], ["format-2", 2], ["tables-3", 2]]
}

const engines: Readonly<Record<string, (name: string) => Effect.Effect<Left>>> = {
  "a file of SQLite": (name) =>
    Effect.sync(() => {
      const filename = join(folder, `${++copies}.db`)
      copyFileSync(fixture(`${name}.db`), filename)
      const sql = (statement: string) =>
        Effect.sync(() => {
          const database = new Libsql(filename)
          try {
            const prepared = database.prepare(statement)
            return statement.startsWith("SELECT")
              ? Object.values(prepared.all()[0] as object)[0] as unknown
              : void prepared.run()
          } finally {
            database.close()
          }
        })
      return {
        open: (schemas) => Sqlite.make({ filename, space: "fixture", schemas }),
        sql,
        prefix: "linda_"
      }
    }),
  "a dump of PostgreSQL": (name) =>
    Effect.promise(async () => {
      const database = `format_${++copies}`
      await admin().query(`CREATE DATABASE ${database}`)
      const query = async (statement: string) => {
        const client = new pg.Client(server().connection(database))
        await client.connect()
        try {
          const { rows } = await client.query(statement) as { rows?: ReadonlyArray<object> }
          return rows?.[0] === undefined ? undefined : Object.values(rows[0])[0] as unknown
        } finally {
          await client.end()
        }
      }
      await query(readFileSync(fixture(`${name}.sql`), "utf8"))
      return {
        open: (schemas) => Postgres.make({ connection: server().connection(database), space: "fixture", schemas }),
        sql: (statement) => Effect.promise(() => query(statement)),
        prefix: "linda."
      }
    })
}

/** Those that have no equality of their own, or more in them than it sees: compared as the test runner does. */
const alike = (actual: unknown, expected: unknown, name: string): void => {
  if (!P.matches([P.literal(expected)])([actual])) {
    assert.deepStrictEqual(actual, expected, name)
  }
}

const value = (name: string) => ["value", name, P.any] as const

for (const [engine, copy] of Object.entries(engines)) {
  describe(`formats of stored fields: ${engine}`, () => {
    it("D23 V2 there is one of the format of this version, and each that there is belongs to a test", () => {
      const ending = engine.includes("file") ? ".db" : ".sql"
      const files = readdirSync(fixture(".")).filter((name) => name.endsWith(ending))
      const kept = dumps[engine]!
      same(files.sort(), kept.map(([name]) => `${name}${ending}`).sort())
      assert.isTrue(kept.some(([, format]) => format === SpaceStore.format))
    })

    for (const [name, format] of dumps[engine]!) {
      it.scopedLive(`D23 V2 ${name}: everything in it is read, found, and taken`, () =>
        Effect.gen(function*() {
          const left = yield* copy(name)
          // As long as the lease of the program that left it may be.
          yield* left.sql(`UPDATE ${left.prefix}clients SET until = 0`)
          const space = yield* left.open([Overheated, Point])
          for (const [name, expected] of Object.entries(samplesOf(format))) {
            const [, , actual] = Option.getOrThrow(yield* space.rdp(value(name)))
            alike(actual, expected, name)
            // Errors were stored with less than they carry.
            if (!(expected instanceof Error && format === 1)) {
              assert.isTrue(Option.isSome(yield* space.rdp(["value", name, P.literal(expected)])), name)
            }
          }
          if (format > 1) {
            for (const [name, expected] of Object.entries(instancesOf(format))) {
              const [, , actual] = Option.getOrThrow(yield* space.inp(value(name)))
              alike(actual, expected, name)
            }
          }
          // Its program is taken for dead: what it held is back, and nobody waits for it.
          same(yield* space.inp(["held", P.number, P.any]), Option.some(held))
          same((yield* space.inspect).interests, [])
          same(yield* space.inp(["leased", P.number]), Option.some(leased))
          const [error, trace, process] = yield* space.in(Process.failure())
          assert.instanceOf(error, Error)
          same([(error as Error).message, process], [failed.message, "failing"])
          assert.match(trace, /boom/)
          if (format > 1) {
            assert.deepStrictEqual(error, failed)
          }
          const [, , last] = yield* space.in(value("string"))
          yield* space.out(["value", "string", last])
          same(yield* space.in(value("string")), ["value", "string", last])
          assert.strictEqual(
            Number(yield* left.sql(`SELECT value FROM ${left.prefix}meta WHERE name = 'format'`)),
            SpaceStore.format
          )
        }))
    }

    it.scopedLive("V2 format 1: classes by their position are not guessed, and are read by who says what they were", () =>
      Effect.gen(function*() {
        const left = yield* copy("format-1")
        yield* Effect.scoped(Effect.gen(function*() {
          const space = yield* left.open([Point, Overheated])
          for (const name of Object.keys(instancesOf(1))) {
            const exit = yield* Effect.exit(space.rdp(value(name)))
            assert.isTrue(Exit.isFailure(exit), name)
            const error = Cause.squash((exit as Exit.Failure<unknown, unknown>).cause)
            assert.instanceOf(error, SpaceError.SpaceError)
            assert.strictEqual(error.reason, "Undecodable")
            assert.match(error.message, /field 2.*by its position in "schemas" \("schema \d"\).*SpaceStore\.renamed/)
          }
        }))
        const space = yield* left.open([
          SpaceStore.renamed("schema 1", Overheated),
          SpaceStore.renamed("schema 0", Point)
        ])
        for (const [name, expected] of Object.entries(instancesOf(1))) {
          assert.isTrue(Option.isSome(yield* space.rdp(["value", name, P.literal(expected)])) || name === "nested")
          const [, , actual] = yield* space.in(value(name))
          assert.deepStrictEqual(actual, expected)
        }
      }))

    it.scopedLive("D23 a program that finds a later format refuses, with a sentence, and changes nothing", () =>
      Effect.gen(function*() {
        const left = yield* copy(`format-${SpaceStore.format}`)
        yield* left.sql(`UPDATE ${left.prefix}meta SET value = ${SpaceStore.format + 1}`)
        const error = yield* Effect.flip(left.open())
        assert.strictEqual(error.reason, "Unsupported")
        assert.match(
          error.message,
          /fields of format 3.*formats up to 2: update @effect-linda\/core and @effect-linda\/sql/
        )
        yield* left.sql(`UPDATE ${left.prefix}meta SET value = ${SpaceStore.format}`)
        const space = yield* left.open()
        assert.isTrue(Option.isSome(yield* space.rdp(value("string"))))
      }))
  })
}
