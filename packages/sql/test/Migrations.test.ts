import { Pattern as P } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Cause, Effect } from "effect"
import Libsql from "libsql"
import { copyFileSync, existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import { grants, same } from "./kit.js"
import { useAdmin, useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("migrations")

const server = useServer()
const admin = useAdmin(server, "CREATE ROLE app LOGIN")

const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)

let databases = 0

/** A database of the test's own, and a person who is connected to it. */
const databaseOf: Effect.Effect<
  { readonly connection: Postgres.Connection; readonly run: (sql: string) => Effect.Effect<ReadonlyArray<any>> },
  never,
  Scope.Scope
> = Effect.gen(function*() {
  const connection = server().connection(`migrated_${++databases}`)
  yield* Effect.promise(() => admin().query(`CREATE DATABASE ${connection.database}`))
  const person = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const person = new pg.Client(connection)
      await person.connect()
      return person
    }),
    (person) => Effect.promise(() => person.end())
  )
  return { connection, run: (sql) => Effect.map(Effect.promise(() => person.query(sql)), ({ rows }) => rows) }
})

/** All that there is in the schema, as the server describes it. */
const catalog = `
  SELECT 'column' AS kind, table_name || '.' || column_name AS name,
    concat_ws(' ', data_type, is_nullable, column_default, collation_name, identity_generation) AS is
    FROM information_schema.columns WHERE table_schema = 'linda'
  UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'linda'
  UNION ALL SELECT 'options', relname, array_to_string(reloptions, ' ') FROM pg_class
    WHERE relnamespace = 'linda'::regnamespace
  UNION ALL SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'linda'::regnamespace
  UNION ALL SELECT 'step', number::text, name FROM linda.migrations
  UNION ALL SELECT 'meta', name, value::text FROM linda.meta
  ORDER BY 1, 2, 3`

/** By hand, as `psql --single-transaction` does. */
const byHand = (script: string) => `BEGIN;\n${script}\nCOMMIT`

/** The numbers of the steps in a script. */
const stepsOf = (script: string) => [...script.matchAll(/^-- (\d+): /gm)].map(([, number]) => Number(number))

describe("migrations by hand, in PostgreSQL", () => {
  it.scopedLive("a dry run does nothing, and what it says makes what opening a space makes", () =>
    Effect.gen(function*() {
      const [hand, own] = [yield* databaseOf, yield* databaseOf]
      const script = yield* Postgres.migrationScript({ connection: hand.connection })
      same(yield* hand.run("SELECT to_regnamespace('linda') AS there"), [{ there: null }])
      same(stepsOf(script), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
      yield* hand.run(byHand(script))
      yield* Effect.scoped(Postgres.make({ connection: own.connection }))
      same(yield* hand.run(catalog), yield* own.run(catalog))
      same(yield* Postgres.migrationScript({ connection: hand.connection }), "")
    }))

  it.scopedLive("a role without any right to make tables sees what is missing, and works when it is done", () =>
    Effect.gen(function*() {
      const { connection, run } = yield* databaseOf
      const app = { ...connection, user: "app" }
      const script = yield* Postgres.migrationScript({ connection: app })
      const refused = yield* Effect.flip(Effect.scoped(Postgres.make({ connection: app })))
      assert.match(refused.message, /or run by hand what Postgres.migrationScript gives$/)
      yield* run(byHand(script))
      yield* run(grants("app"))
      same(yield* Postgres.migrationScript({ connection: app }), "")
      const space = yield* Postgres.make({ connection: app })
      yield* space.out(["a"])
      same(yield* space.in(["a"]), ["a"])
    }))

  it.scopedLive("of tables that are there it has only the steps that are missing, and fails if it comes too late", () =>
    Effect.gen(function*() {
      const { connection, run } = yield* databaseOf
      yield* run(readFileSync(fixture("tables-3.sql"), "utf8"))
      const script = yield* Postgres.migrationScript({ connection })
      same(stepsOf(script), [4, 5, 6, 7, 8, 9, 10, 11, 12])
      assert.notInclude(script, "CREATE SCHEMA")
      yield* run(byHand(script))
      const late = yield* Effect.flip(Effect.sandbox(run(byHand(script))))
      assert.include(Cause.pretty(late), "already exists")
      yield* run("ROLLBACK")
      const space = yield* Postgres.make({ connection, space: "fixture", migrate: "hand" })
      assert.isTrue((yield* space.count([P.rest(P.any)])) > 0)
    }))

  it.scopedLive("the owner does not make tables either, if they are made by hand", () =>
    Effect.gen(function*() {
      const { connection, run } = yield* databaseOf
      const opening = Effect.flip(Effect.scoped(Postgres.make({ connection, migrate: "hand" })))
      const none = yield* opening
      same(none.reason, "Unsupported")
      assert.match(none.message, /there are no tables yet, and with the option "migrate" this program does not make/)
      same(yield* run("SELECT to_regnamespace('linda') AS there"), [{ there: null }])
      yield* run(readFileSync(fixture("format-1.sql"), "utf8"))
      assert.match((yield* opening).message, /version 1 with fields of format 0.*does not bring them there/)
      same(yield* run("SELECT max(number) AS number FROM linda.migrations"), [{ number: 1 }])
    }))
})

describe("migrations by hand, in a file of SQLite", () => {
  const run = (filename: string, sql: string) =>
    Effect.sync(() => {
      const database = new Libsql(filename)
      try {
        return sql.startsWith("SELECT") ? database.prepare(sql).all() : void database.exec(sql)
      } finally {
        database.close()
      }
    })

  const schema = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"

  it.scopedLive("a dry run makes no file, and what it says makes what opening a space makes", () =>
    Effect.gen(function*() {
      const [hand, own] = [join(folder, "hand.db"), join(folder, "own.db")]
      const script = yield* Sqlite.migrationScript({ filename: hand })
      assert.isFalse(existsSync(hand))
      same(stepsOf(script), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      yield* run(hand, byHand(script))
      yield* Effect.scoped(Sqlite.make({ filename: own }))
      for (const sql of [schema, "SELECT * FROM linda_migrations", "SELECT * FROM linda_meta"]) {
        same(yield* run(hand, sql), yield* run(own, sql))
      }
      same(yield* Sqlite.migrationScript({ filename: hand }), "")
      const space = yield* Sqlite.make({ filename: hand, migrate: "hand" })
      yield* space.out(["a"])
      same(yield* space.in(["a"]), ["a"])
    }))

  it.scopedLive("of tables that are there it has only the steps that are missing, and nobody does them but by hand", () =>
    Effect.gen(function*() {
      const filename = join(folder, "old.db")
      copyFileSync(fixture("format-1.db"), filename)
      const before = yield* run(filename, schema)
      const opening = Sqlite.make({ filename, space: "fixture", migrate: "hand" })
      const refused = yield* Effect.flip(Effect.scoped(opening))
      same(refused.reason, "Unsupported")
      assert.match(refused.message, /run by hand what Sqlite.migrationScript gives$/)
      const script = yield* Sqlite.migrationScript({ filename })
      same(yield* run(filename, schema), before)
      same(stepsOf(script)[0], 2)
      yield* run(filename, byHand(script))
      const space = yield* opening
      assert.isTrue((yield* space.count([P.rest(P.any)])) > 0)
    }))

  for (
    const [what, name, file] of [
      ["a name that would end a URI", "what?.db", "what?.db"],
      ["a URI", "file:%s/my%20jobs.db?mode=rwc", "my jobs.db"],
      ["a URI with a host", "file://localhost%s/hosted.db#1", "hosted.db"]
    ] as const
  ) {
    it.scopedLive(`a dry run finds the file that a space has open, by ${what}`, () =>
      Effect.gen(function*() {
        const filename = name.includes("%s") ? name.replace("%s", folder) : join(folder, name)
        yield* Effect.scoped(Sqlite.make({ filename }))
        assert.isTrue(existsSync(join(folder, file)))
        same(yield* Sqlite.migrationScript({ filename }), "")
      }))
  }
})
